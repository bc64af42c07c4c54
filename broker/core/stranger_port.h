/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_STRANGER_PORT_H
#define BROKER_CORE_STRANGER_PORT_H

#include "proto/port_zmq.h"

/*
 * The socket behind the enrolment port. Strangers stay connected as long as they like and each
 * holds a descriptor that agencies may need, so few are let in, of one address fewer still; and
 * once half of the places were used, somebody was turned away (10 s open at least), or after two
 * minutes with anybody in, the socket is closed, which ends them all, and opened anew
 * at the same address. Who is honest connects again by itself.
 */
struct stranger_port {
    struct net *net; /* borrowed */
    struct lt_key secret_key;
    char endpoint[128]; /* bound to, from the first opening on */
    struct server_zmq *server;
    struct server_port port;
    int64_t opened_ms; /* monotonic */
    int64_t tried_ms;
    bool told; /* that it could not be opened again */
};

LT_CHECK enum lt_status stranger_port_open(struct stranger_port *port, struct net *net,
                                           const char *endpoint, const struct lt_key *secret_key,
                                           int64_t mono_ms, struct fault *fault);
void stranger_port_close(struct stranger_port *port); /* an empty one too */

/* The port to ask now; NULL while it is closed. */
const struct server_port *stranger_port_now(struct stranger_port *port, int64_t mono_ms);

#endif
