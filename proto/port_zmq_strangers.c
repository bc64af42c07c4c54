/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The gate's rule for the one port where strangers may ask to be let in: every key is welcome that
 * was not taken away, and none is anybody. What such a port costs is connections, so it has a few
 * hundred places and an address has a share of them; they are given back only when the port is
 * closed and opened anew, because a ROUTER cannot send a peer away.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "port_zmq_net.h"

void net_strangers(struct net *net, uint32_t *ret_let_in, uint32_t *ret_turned_away)
{
    pthread_mutex_lock(&net->lock);
    *ret_let_in = net->strangers_let_in;
    *ret_turned_away = net->strangers_turned_away;
    pthread_mutex_unlock(&net->lock);
}

enum lt_status net_strangers_begin(struct net *net)
{
    struct net_stranger *none = calloc(NET_STRANGERS_MAX, sizeof(*none));
    if (none == NULL) {
        return LT_NO_MEMORY;
    }
    pthread_mutex_lock(&net->lock);
    struct net_stranger *before = net->strangers;
    net->strangers = none;
    net->strangers_count = 0;
    net->strangers_let_in = 0;
    net->strangers_turned_away = 0;
    pthread_mutex_unlock(&net->lock);
    free(before);
    return LT_OK;
}

/* One more of this address; the caller holds the lock. False: enough of them. */
static bool stranger_enter(struct net *net, struct lt_bytes from)
{
    char address[sizeof(net->strangers->address)];
    uint32_t at = 0;
    text_copy(address, sizeof(address), from);
    while (at < net->strangers_count && strcmp(net->strangers[at].address, address) != 0) {
        at++;
    }
    if (net->strangers == NULL || net->strangers_let_in == NET_STRANGERS_MAX) {
        return false;
    }
    if (at == net->strangers_count) {
        net->strangers[net->strangers_count++] = (struct net_stranger){.count = 0};
        memcpy(net->strangers[at].address, address, sizeof(address));
    }
    if (net->strangers[at].count == NET_STRANGERS_ADDRESS) {
        return false;
    }
    net->strangers[at].count++;
    net->strangers_let_in++;
    return true;
}

enum net_count net_judge_stranger(struct net *net, struct lt_bytes from,
                                  const struct net_key *known, char *user, size_t user_size)
{
    if (known != NULL && known->revoked) {
        return NET_ZAP_REVOKED;
    }
    if (!stranger_enter(net, from)) {
        net->strangers_turned_away++;
        return NET_ZAP_UNKNOWN;
    }
    text_copy(user, user_size, text_bytes(NET_STRANGER));
    return NET_ZAP_ACCEPTED;
}
