/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The line to the broker: a DEALER with the operator's CURVE key, a query at a time. Queries stand
 * outside of sessions (session 0, seq 0), because an operator's question has no order to keep and
 * an act carries everything it needs; the broker answers the same query twice in the same way.
 *
 * Three silences are told apart, because the one who asks must do different things about them: no
 * line at all (address, firewall, broker down), a line that refuses our key (not registered, or the
 * wrong server key), and a line on which nobody answers (an overloaded or stopping broker).
 *
 * Memory: one arena for question and answer, reset with each question; a page is at most one frame.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "proto/message.h"
#include "proto/port_zmq.h"

#define TRIES       2
#define WAIT_MS     100
#define ARENA_CHUNK (512 * 1024)
#define ARENA_CAP   (16 * 1024 * 1024)

struct connection {
    struct net *net;
    struct client_zmq *client;
    struct client_port port;
    struct arena arena;
    const struct lt_clock *clock;
    int timeout_ms;
    uint64_t number; /* of the last query */
};

enum lt_status connection_open(struct connection **ret_connection,
                               const struct connection_options *options, struct fault *fault)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL || arena_init(&connection->arena, ARENA_CHUNK, ARENA_CAP) != LT_OK) {
        free(connection);
        return LT_NO_MEMORY;
    }
    connection->clock = options->clock;
    connection->timeout_ms = options->timeout_ms;
    struct client_options client = {
        .endpoint = options->settings->endpoint,
        .server_key = options->settings->server_key,
        .secret_key = options->settings->secret_key,
        /* A refused key shows as two handshakes that come to nothing: within the time. */
        .handshake_ms = (uint32_t)options->timeout_ms / 4,
    };
    options->entropy->fill(options->entropy->self, &client.seed, sizeof(client.seed));
    enum lt_status status = net_open(&connection->net, 1, fault);
    if (status == LT_OK) {
        status = client_zmq_open(&connection->client, connection->net, &client, fault);
    }
    explicit_bzero(&client.secret_key, sizeof(client.secret_key));
    if (status != LT_OK) {
        connection_close(&connection);
        return status;
    }
    connection->port = client_zmq_port(connection->client);
    *ret_connection = connection;
    return LT_OK;
}

void connection_close(struct connection **connection_p)
{
    struct connection *connection = *connection_p;
    if (connection == NULL) {
        return;
    }
    *connection_p = NULL;
    client_zmq_close(&connection->client);
    net_close(&connection->net);
    arena_deinit(&connection->arena);
    free(connection);
}

static int64_t now_ms(const struct connection *connection)
{
    return connection->clock->mono_ms(connection->clock->self);
}

static void wait_until(struct connection *connection, int64_t until_ms)
{
    int64_t left_ms = until_ms - now_ms(connection);
    int wait_ms = left_ms < 0 ? 0 : left_ms < WAIT_MS ? (int)left_ms : WAIT_MS;
    client_zmq_wait(&connection->client, 1, NULL, 0, wait_ms);
}

/* A frame that answers our query, or says that there will be no answer; LT_AGAIN: another frame. */
static enum lt_status frame_take(struct connection *connection, struct lt_bytes bytes,
                                 struct page *ret_page, struct fault *fault)
{
    struct frame frame;
    enum lt_status status = frame_read(bytes, &connection->arena, &frame, fault);
    if (status != LT_OK) {
        return status;
    }
    if (frame.kind == FRAME_NO_SESSION || frame.kind == FRAME_BYE) {
        enum lt_status code = (enum lt_status)frame.ending.code;
        return fault_set(fault, code != LT_OK ? code : LT_PEER_GONE, "", "%.*s",
                         (int)frame.ending.detail.size, (const char *)frame.ending.detail.data);
    }
    if (frame.kind != FRAME_PAGE || frame.page.number != connection->number) {
        return LT_AGAIN; /* the second answer to a question asked twice */
    }
    *ret_page = frame.page;
    return LT_OK;
}

/* Sends as soon as there is a line, within the time. */
static enum lt_status send_within(struct connection *connection, struct lt_bytes bytes,
                                  int64_t until_ms)
{
    const struct client_port *port = &connection->port;
    for (;;) {
        enum lt_status status = port->send(port->self, bytes);
        if (status != LT_AGAIN) {
            return status;
        }
        int link = port->link(port->self);
        if (link == LINK_KEY_REFUSED) {
            return LT_KEY_UNKNOWN;
        }
        if (now_ms(connection) >= until_ms) {
            return link == LINK_UP ? LT_TIMEOUT : LT_PEER_GONE;
        }
        wait_until(connection, until_ms);
    }
}

static enum lt_status receive_within(struct connection *connection, int64_t until_ms,
                                     struct page *ret_page, struct fault *fault)
{
    const struct client_port *port = &connection->port;
    for (;;) {
        struct lt_bytes bytes;
        while (port->receive(port->self, &bytes)) {
            enum lt_status status = frame_take(connection, bytes, ret_page, fault);
            if (status != LT_AGAIN) {
                return status;
            }
        }
        if (now_ms(connection) >= until_ms) {
            return port->link(port->self) == LINK_UP ? LT_TIMEOUT : LT_PEER_GONE;
        }
        wait_until(connection, until_ms);
    }
}

enum lt_status connection_ask(struct connection *connection, const struct query *query,
                              struct page *ret_page, struct fault *fault)
{
    arena_reset(&connection->arena);
    struct frame frame = {.kind = FRAME_QUERY, .query = *query};
    frame.query.number = ++connection->number;
    struct lt_bytes bytes;
    enum lt_status status = frame_write(&frame, &connection->arena, &bytes);
    if (status != LT_OK) {
        return status;
    }
    for (int try = 0; try < TRIES; try++) {
        int64_t until_ms = now_ms(connection) + connection->timeout_ms;
        status = send_within(connection, bytes, until_ms);
        if (status != LT_OK) {
            return status;
        }
        status = receive_within(connection, until_ms, ret_page, fault);
        if (status != LT_TIMEOUT && status != LT_PEER_GONE) {
            return status;
        }
    }
    return status;
}

void connection_rest(struct connection *connection, int wait_ms)
{
    int64_t until_ms = now_ms(connection) + wait_ms;
    while (now_ms(connection) < until_ms) {
        struct lt_bytes ignored;
        while (connection->port.receive(connection->port.self, &ignored)) {
            /* an answer that came too late */
        }
        wait_until(connection, until_ms);
    }
}
