/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_PORTS_H
#define BROKER_CORE_PORTS_H

#include "broker/registry/config.h"
#include "proto/port_zmq.h"
#include "stranger_port.h"
#include <lienthong/clock.h>

/* Where the broker is spoken to, as its configuration says, with its keys: agencies and operators,
 * attachments, strangers. */
struct ports {
    struct net *net;
    struct server_zmq *server;
    struct server_zmq *blob_server;
    struct stranger_port strangers; /* net NULL: closed */
};

LT_CHECK enum lt_status ports_open(struct ports *ports, const struct config *config,
                                   const struct lt_clock *clock, struct fault *fault);
void ports_close(struct ports *ports); /* also after ports_open failed */

#endif
