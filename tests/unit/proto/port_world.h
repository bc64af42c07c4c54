/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_PROTO_PORT_WORLD_H
#define TESTS_UNIT_PROTO_PORT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/clock_os.h"
#include "proto/base/text.h"
#include "proto/port_zmq.h"

/* A broker's end on a free loopback port, and agencies with keys, for the tests of the real ports.
 */

#define WORLD_AGENCIES     4
#define WORLD_HANDSHAKE_MS 600
#define WORLD_WAIT_MS      5000

struct world {
    struct net *net;
    struct server_zmq *server;
    struct server_port port;
    struct lt_key server_public;
    struct lt_key server_secret;
    struct lt_key publics[WORLD_AGENCIES];
    struct lt_key secrets[WORLD_AGENCIES];
};

static const char *const world_users[WORLD_AGENCIES] = {"H24.1", "H24.2", "H24.3", "H24.4"};

static inline int64_t world_now_ms(void)
{
    return clock_os()->mono_ms(clock_os()->self);
}

/* Registers the first `count` agencies. */
static inline void world_keys(struct world *world, uint32_t count)
{
    struct net_key keys[WORLD_AGENCIES];
    memset(keys, 0, sizeof(keys));
    for (uint32_t i = 0; i < count; i++) {
        keys[i].key = world->publics[i];
        snprintf(keys[i].user, sizeof(keys[i].user), "%s", world_users[i]);
    }
    assert_int_equal(net_keys(world->net, keys, count), LT_OK);
}

static inline void world_open(struct world *world)
{
    static const char *const endpoints[] = {"tcp://127.0.0.1:*"};
    struct server_options options = {
        .endpoints = endpoints, .endpoints_count = 1, .handshake_ms = WORLD_HANDSHAKE_MS};
    struct fault fault;
    fault_init(&fault);
    memset(world, 0, sizeof(*world));
    assert_int_equal(net_open(&world->net, 1, &fault), LT_OK);
    curve_make(&world->server_public, &world->server_secret);
    for (int i = 0; i < WORLD_AGENCIES; i++) {
        curve_make(&world->publics[i], &world->secrets[i]);
    }
    options.secret_key = world->server_secret;
    assert_int_equal(server_zmq_open(&world->server, world->net, &options, &fault), LT_OK);
    world->port = server_zmq_port(world->server);
}

static inline void world_close(struct world *world)
{
    server_zmq_close(&world->server);
    net_close(&world->net);
    assert_null(world->server);
    assert_null(world->net);
}

static inline struct client_zmq *world_dial(struct world *world, int agency)
{
    struct client_options options = {.endpoint = server_zmq_endpoint(world->server, 0),
                                     .server_key = world->server_public,
                                     .secret_key = world->secrets[agency],
                                     .reconnect_ms = 50,
                                     .seed = (uint32_t)agency + 1,
                                     .handshake_ms = WORLD_HANDSHAKE_MS};
    struct client_zmq *client = NULL;
    assert_int_equal(client_zmq_open(&client, world->net, &options, NULL), LT_OK);
    return client;
}

/* Waits until the link is `wanted`; false when it is not within the time. */
static inline bool world_link(struct client_zmq *client, int wanted, int64_t within_ms)
{
    struct client_port port = client_zmq_port(client);
    int64_t end_ms = world_now_ms() + within_ms;
    while (port.link(port.self) != wanted) {
        if (world_now_ms() >= end_ms) {
            return false;
        }
        client_zmq_wait(&client, 1, NULL, 0, 20);
    }
    return true;
}

static inline enum lt_status world_say(struct client_zmq *client, const char *text)
{
    struct client_port port = client_zmq_port(client);
    return port.send(port.self, text_bytes(text));
}

/* The next frame at the broker, or false when none comes within the time. */
static inline bool world_hear(struct world *world, struct port_frame *ret_frame, int64_t within_ms)
{
    int64_t end_ms = world_now_ms() + within_ms;
    while (world->port.receive(world->port.self, ret_frame, 1) == 0) {
        if (world_now_ms() >= end_ms) {
            return false;
        }
        world->port.wait(world->port.self, NULL, 0, 20);
    }
    return true;
}

/* The next frame at the agency; empty when none comes within the time. */
static inline struct lt_bytes world_told(struct client_zmq *client, int64_t within_ms)
{
    struct client_port port = client_zmq_port(client);
    struct lt_bytes bytes = {NULL, 0};
    int64_t end_ms = world_now_ms() + within_ms;
    while (!port.receive(port.self, &bytes)) {
        if (world_now_ms() >= end_ms) {
            return (struct lt_bytes){NULL, 0};
        }
        client_zmq_wait(&client, 1, NULL, 0, 20);
    }
    return bytes;
}

static inline bool is_text(struct lt_bytes bytes, const char *text)
{
    return bytes_equal(bytes, text_bytes(text));
}

/* One question and its answer, both ways through the wire: true when the peer is served. */
static inline bool world_served(struct world *world, struct client_zmq *client, const char *user)
{
    struct port_frame frame;
    if (world_say(client, "question") != LT_OK || !world_hear(world, &frame, WORLD_WAIT_MS)) {
        return false;
    }
    bool right = is_text(frame.bytes, "question") && strcmp(frame.peer.user, user) == 0;
    if (world->port.send(world->port.self, &frame.route, text_bytes("answer")) != LT_OK) {
        return false;
    }
    return right && is_text(world_told(client, WORLD_WAIT_MS), "answer");
}

#endif
