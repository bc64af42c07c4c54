/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Opening the enrolment port, again and again. libzmq gives a listening address back some time
 * after the close, so it may take a few tries; one that fails for long is told in the log once and
 * tried on, because agencies that are enrolled do not need this port.
 */
#include "stranger_port.h"

#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"

#define PLACES      256 /* half of what is let in (proto/port_zmq_net.h) */
#define OPEN_MS_MIN 10000
#define OPEN_MS_MAX (2 * 60 * 1000)
#define TRY_MS      200
#define TELL_MS     10000

static enum lt_status bind_it(struct stranger_port *port, const char *endpoint, struct fault *fault)
{
    const char *const endpoints[] = {endpoint};
    struct server_options options = {
        .endpoints = endpoints,
        .endpoints_count = 1,
        .secret_key = port->secret_key,
        .strangers = true,
    };
    enum lt_status status = server_zmq_open(&port->server, port->net, &options, fault);
    explicit_bzero(&options.secret_key, sizeof(options.secret_key));
    if (status == LT_OK) {
        port->port = server_zmq_port(port->server);
    }
    return status;
}

enum lt_status stranger_port_open(struct stranger_port *port, struct net *net, const char *endpoint,
                                  const struct lt_key *secret_key, int64_t mono_ms,
                                  struct fault *fault)
{
    struct stranger_port opened = {.net = net, .secret_key = *secret_key, .opened_ms = mono_ms};
    enum lt_status status = bind_it(&opened, endpoint, fault);
    if (status == LT_OK) {
        text_copy(opened.endpoint, sizeof(opened.endpoint),
                  text_bytes(server_zmq_endpoint(opened.server, 0)));
        *port = opened;
    }
    explicit_bzero(&opened.secret_key, sizeof(opened.secret_key));
    return status;
}

void stranger_port_close(struct stranger_port *port)
{
    server_zmq_close(&port->server);
    explicit_bzero(&port->secret_key, sizeof(port->secret_key));
}

static void open_again(struct stranger_port *port, int64_t mono_ms)
{
    struct fault fault;
    fault_init(&fault);
    if (mono_ms - port->tried_ms < TRY_MS) {
        return;
    }
    port->tried_ms = mono_ms;
    if (bind_it(port, port->endpoint, &fault) == LT_OK) {
        port->opened_ms = mono_ms;
        port->told = false;
    } else if (!port->told && mono_ms - port->opened_ms > TELL_MS) {
        log_error("enrol-port-closed", "endpoint=%s detail=\"%s\"", port->endpoint, fault.detail);
        port->told = true;
    }
}

const struct server_port *stranger_port_now(struct stranger_port *port, int64_t mono_ms)
{
    uint32_t let_in;
    uint32_t turned_away;
    net_strangers(port->net, &let_in, &turned_away);
    int64_t open_ms = mono_ms - port->opened_ms;
    bool crowded = let_in >= PLACES || turned_away > 0;
    bool due = (crowded && open_ms >= OPEN_MS_MIN) || (let_in > 0 && open_ms >= OPEN_MS_MAX);
    if (port->server != NULL && due) {
        server_zmq_close(&port->server);
        port->opened_ms = mono_ms; /* closed since */
    }
    if (port->server == NULL) {
        open_again(port, mono_ms);
    }
    return port->server == NULL ? NULL : &port->port;
}
