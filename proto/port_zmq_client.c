/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The agency's end of the wire: one DEALER that dials the broker, without a routing id of its own,
 * with IMMEDIATE so that nothing is queued on a link that is not up.
 *
 * libzmq dials again by itself after a broken connection and after a handshake that ran out of
 * time. It gives up for good when the broker says 400 (revoked), and it keeps quiet about an
 * unknown key (300) and about a wrong broker key: what one sees then is a connection that opens and
 * a handshake that never ends well. Two of those in a row, or one 400, are LINK_KEY_REFUSED; redial
 * starts over with new sockets, because a socket with unread input must not be disconnected. Times
 * of redialling carry jitter, so that thousands of adapters do not come back in one moment.
 *
 * A port whose sockets could not be made (no descriptors) is LINK_DOWN until a redial succeeds.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "port_zmq_net.h"

#define ENDPOINT_BYTES   256
#define HIGH_WATER       8
#define RECONNECT_MS     500
#define RECONNECT_MS_MAX 30000
#define SILENT_REFUSALS  2

struct client_zmq {
    struct net *net;
    struct client_options options; /* endpoint points to ours */
    char endpoint[ENDPOINT_BYTES];
    uint64_t random;
    void *dealer;
    void *monitor;
    zmq_msg_t message; /* lent by the last receive */
    bool lent;
    enum client_link link;
    bool broke;        /* a break not shown yet */
    uint32_t refusals; /* handshakes in a row that came to nothing */
};

static uint64_t random_next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static enum lt_status dial_settings(void *dealer, const struct client_options *options,
                                    struct fault *fault)
{
    struct lt_key public_key;
    const struct {
        int option;
        const uint8_t *key;
    } keys[] = {
        {ZMQ_CURVE_SERVERKEY, options->server_key.bytes},
        {ZMQ_CURVE_PUBLICKEY, public_key.bytes},
        {ZMQ_CURVE_SECRETKEY, options->secret_key.bytes},
    };
    int reconnect_ms = options->reconnect_ms > 0 ? (int)options->reconnect_ms : RECONNECT_MS;
    enum lt_status status = curve_public(&options->secret_key, &public_key);
    if (status != LT_OK) {
        return fault_set(fault, status, "secret_key", "not a CURVE key");
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && status == LT_OK; i++) {
        status =
            net_set_bytes(dealer, keys[i].option, keys[i].key, sizeof(public_key.bytes), fault);
    }
    if (status == LT_OK) {
        status = net_set_int(dealer, ZMQ_IMMEDIATE, 1, fault);
    }
    if (status == LT_OK) {
        status = net_set_int(dealer, ZMQ_RECONNECT_IVL, reconnect_ms, fault);
    }
    if (status == LT_OK) {
        status = net_set_int(dealer, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MS_MAX, fault);
    }
    return status;
}

enum lt_status client_zmq_dial(struct net *net, const struct client_options *options,
                               void **ret_dealer, void **ret_monitor, struct fault *fault)
{
    char address[NET_ADDRESS_BYTES];
    void *dealer = NULL;
    void *monitor = NULL;
    enum lt_status status =
        net_socket(net, ZMQ_DEALER, options->handshake_ms, HIGH_WATER, HIGH_WATER, &dealer, fault);
    if (status != LT_OK) {
        return status;
    }
    status = dial_settings(dealer, options, fault);
    if (status != LT_OK) {
        goto done;
    }
    net_address(net, "link", address);
    if (zmq_socket_monitor(dealer, address, ZMQ_EVENT_ALL) != 0) {
        status = net_fault(fault, LT_IO, "monitor");
        goto done;
    }
    monitor = zmq_socket(net->context, ZMQ_PAIR);
    if (monitor == NULL) {
        status = net_fault(fault, LT_NO_MEMORY, "monitor");
        goto done;
    }
    /* Without a bound: at a full pipe libzmq's own thread would wait for us. */
    status = net_set_int(monitor, ZMQ_RCVHWM, 0, fault);
    if (status != LT_OK) {
        goto done;
    }
    if (zmq_connect(monitor, address) != 0) {
        status = net_fault(fault, LT_IO, "monitor");
        goto done;
    }
    if (zmq_connect(dealer, options->endpoint) != 0) {
        status = fault_set(fault, LT_CONFIG_BAD, "endpoint", "%s: %s", options->endpoint,
                           zmq_strerror(zmq_errno()));
        goto done;
    }
    *ret_dealer = dealer;
    *ret_monitor = monitor;
    return LT_OK;
done:
    client_zmq_hang_up(dealer, monitor);
    return status;
}

void client_zmq_hang_up(void *dealer, void *monitor)
{
    if (dealer != NULL) {
        /* First of all: an event with nobody to read it would hold libzmq's own threads for ever.
         */
        zmq_socket_monitor(dealer, NULL, 0);
        zmq_close(dealer);
    }
    if (monitor != NULL) {
        zmq_close(monitor);
    }
}

/* Dials with an interval of its own, between one and two times the configured one. */
static enum lt_status dial(struct client_zmq *client, struct fault *fault)
{
    struct client_options options = client->options;
    uint32_t base_ms = options.reconnect_ms > 0 ? options.reconnect_ms : RECONNECT_MS;
    options.reconnect_ms = base_ms + (uint32_t)(random_next(&client->random) % base_ms);
    enum lt_status status =
        client_zmq_dial(client->net, &options, &client->dealer, &client->monitor, fault);
    explicit_bzero(&options.secret_key, sizeof(options.secret_key));
    return status;
}

enum lt_status client_zmq_open(struct client_zmq **ret_client, struct net *net,
                               const struct client_options *options, struct fault *fault)
{
    size_t endpoint_size = strlen(options->endpoint);
    if (!net_endpoint(options->endpoint, false) || endpoint_size >= ENDPOINT_BYTES) {
        return fault_set(fault, LT_CONFIG_BAD, "endpoint", "%s: tcp://host:port is wanted",
                         options->endpoint);
    }
    struct client_zmq *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "client", "%zu bytes", sizeof(*client));
    }
    client->net = net;
    client->options = *options;
    memcpy(client->endpoint, options->endpoint, endpoint_size + 1);
    client->options.endpoint = client->endpoint;
    client->random = options->seed;
    enum lt_status status = dial(client, fault);
    if (status != LT_OK) {
        client_zmq_close(&client);
        return status;
    }
    *ret_client = client;
    return LT_OK;
}

static void hang_up(struct client_zmq *client)
{
    if (client->lent) {
        zmq_msg_close(&client->message);
        client->lent = false;
    }
    client_zmq_hang_up(client->dealer, client->monitor);
    client->dealer = NULL;
    client->monitor = NULL;
}

void client_zmq_close(struct client_zmq **client_p)
{
    struct client_zmq *client = *client_p;
    if (client == NULL) {
        return;
    }
    *client_p = NULL;
    hang_up(client);
    explicit_bzero(&client->options.secret_key, sizeof(client->options.secret_key));
    free(client);
}

/* ---- the vtable ---- */

/* Reads away what follows an unfit first frame. */
static void skip_rest(void *dealer)
{
    int more = 1;
    size_t more_size = sizeof(more);
    char unwanted[1];
    while (more != 0) {
        if (zmq_recv(dealer, unwanted, sizeof(unwanted), ZMQ_DONTWAIT) < 0 &&
            zmq_errno() != EINTR) {
            return;
        }
        zmq_getsockopt(dealer, ZMQ_RCVMORE, &more, &more_size);
    }
}

static bool client_receive(void *self, struct lt_bytes *ret_bytes)
{
    struct client_zmq *client = self;
    if (client->lent) {
        zmq_msg_close(&client->message);
        client->lent = false;
    }
    if (client->dealer == NULL) {
        return false;
    }
    for (;;) {
        zmq_msg_init(&client->message);
        int size = zmq_msg_recv(&client->message, client->dealer, ZMQ_DONTWAIT);
        bool interrupted = size < 0 && zmq_errno() == EINTR;
        if (size >= 0 && zmq_msg_more(&client->message) == 0) {
            break;
        }
        if (size >= 0) {
            skip_rest(client->dealer);
        }
        zmq_msg_close(&client->message);
        if (size < 0 && !interrupted) {
            return false;
        }
    }
    client->lent = true;
    *ret_bytes = (struct lt_bytes){zmq_msg_data(&client->message), zmq_msg_size(&client->message)};
    return true;
}

static enum lt_status client_send(void *self, struct lt_bytes bytes)
{
    struct client_zmq *client = self;
    int sent = -1;
    if (bytes.size > LT_FRAME_BYTES_MAX) {
        /* The broker would cut the connection, and what is queued behind would be lost too. */
        return LT_FRAME_TOO_LARGE;
    }
    if (client->dealer == NULL) {
        return LT_AGAIN;
    }
    for (int i = 0; i < 2 && sent < 0; i++) {
        do {
            sent = zmq_send(client->dealer, bytes.data, bytes.size, ZMQ_DONTWAIT);
        } while (sent < 0 && zmq_errno() == EINTR);
        if (sent < 0) {
            net_refresh(client->dealer);
        }
    }
    return sent < 0 ? LT_AGAIN : LT_OK;
}

static void take_event(struct client_zmq *client, uint32_t event)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        client->link = LINK_UP;
        client->refusals = 0;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        client->link = LINK_KEY_REFUSED;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        client->refusals++;
        if (client->refusals >= SILENT_REFUSALS) {
            client->link = LINK_KEY_REFUSED;
        }
        break;
    case ZMQ_EVENT_DISCONNECTED:
        client->broke = client->broke || client->link == LINK_UP;
        client->link = client->link == LINK_UP ? LINK_DOWN : client->link;
        break;
    default:
        break;
    }
}

static int client_link(void *self)
{
    struct client_zmq *client = self;
    uint32_t event = 0;
    while (client->monitor != NULL && (event = net_event(client->monitor, NULL)) != 0) {
        take_event(client, event);
    }
    if (client->broke) {
        client->broke = false;
        return LINK_DOWN;
    }
    return (int)client->link;
}

static void client_redial(void *self)
{
    struct client_zmq *client = self;
    hang_up(client);
    client->link = LINK_DOWN;
    client->broke = false;
    client->refusals = 0;
    if (dial(client, NULL) != LT_OK) {
        client->dealer = NULL;
        client->monitor = NULL;
    }
}

static int client_fd(void *self)
{
    struct client_zmq *client = self;
    int fd = -1;
    size_t size = sizeof(fd);
    if (client->dealer == NULL || zmq_getsockopt(client->dealer, ZMQ_FD, &fd, &size) != 0) {
        return -1;
    }
    return fd;
}

struct client_port client_zmq_port(struct client_zmq *client)
{
    return (struct client_port){.self = client,
                                .receive = client_receive,
                                .send = client_send,
                                .link = client_link,
                                .redial = client_redial,
                                .fd = client_fd};
}

void client_zmq_wait(struct client_zmq *const *clients, uint32_t count, const int *fds,
                     uint32_t fds_count, int timeout_ms)
{
    int used = 0;
    zmq_pollitem_t *items = calloc((size_t)count * 2 + fds_count + 1, sizeof(*items));
    if (items == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (clients[i]->dealer == NULL) {
            continue;
        }
        items[used++] = (zmq_pollitem_t){.socket = clients[i]->dealer, .events = ZMQ_POLLIN};
        items[used++] = (zmq_pollitem_t){.socket = clients[i]->monitor, .events = ZMQ_POLLIN};
    }
    for (uint32_t i = 0; i < fds_count; i++) {
        items[used++] = (zmq_pollitem_t){.fd = fds[i], .events = ZMQ_POLLIN};
    }
    zmq_poll(items, used, timeout_ms);
    free(items);
}
