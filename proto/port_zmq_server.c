/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The broker's end of the wire: one ROUTER, CURVE on every connection, used by one thread.
 *
 * What comes in is [route][body] and nothing else. The route is a number ROUTER gave, whose first
 * byte is zero; it is never shown to anybody, because a peer that claims the next number would end
 * the process. A peer that chose a routing id itself, a message of more frames and a frame that did
 * not pass the gate are dropped and counted. Who sent a frame stands in the properties of its body:
 * the route's own are empty when the socket was polled before.
 *
 * What goes out never waits: MANDATORY turns an unknown route into LT_PEER_GONE and a full pipe
 * into LT_AGAIN, so that one slow reader costs itself only. LT_OK proves nothing; the bytes may die
 * with the connection.
 *
 * Received bytes are lent from a row of messages that live until they are released or until the
 * next receive. Limits: BATCH_MAX frames at a time, 4 endpoints and one for the next key, 15
 * descriptors in a wait.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/log.h"
#include "base/text.h"
#include "port_zmq_net.h"

#define BATCH_MAX       256
#define ENDPOINTS_MAX   5 /* the last one for the next key */
#define ENDPOINT_BYTES  256
#define WAIT_FDS_MAX    15
#define ROUTE_SIZE      5 /* zero and a 32-bit number */
#define SEND_HIGH_WATER 4
#define RECV_HIGH_WATER 2
#define TEST_MS         1000
#define TEST_SETTLE_MS  50

struct message_slot {
    zmq_msg_t message;
    bool lent;
};

struct server_zmq {
    struct net *net;
    void *router;
    struct lt_key public_key;
    struct lt_key next_public_key; /* of the last endpoint, when `next` */
    bool next;
    char endpoints[ENDPOINTS_MAX][ENDPOINT_BYTES];
    uint32_t endpoints_count;
    uint32_t lent_count;
    bool recheck_keys;
    struct message_slot slots[BATCH_MAX];
};

enum receipt { RECEIVED_NOTHING, RECEIVED_UNFIT, RECEIVED_FRAME };

static enum lt_status server_settings(struct server_zmq *server,
                                      const struct server_options *options, struct fault *fault)
{
    const char *domain = options->strangers ? NET_ZAP_STRANGERS : NET_ZAP_DOMAIN;
    const int64_t stranger_bytes = NET_STRANGER_BYTES;
    enum lt_status status = net_set_int(server->router, ZMQ_ROUTER_MANDATORY, 1, fault);
    if (status == LT_OK) {
        status = net_set_int(server->router, ZMQ_CURVE_SERVER, 1, fault);
    }
    if (status == LT_OK) {
        status = net_set_bytes(server->router, ZMQ_CURVE_SECRETKEY, options->secret_key.bytes,
                               sizeof(options->secret_key.bytes), fault);
    }
    if (status == LT_OK) {
        status = net_set_bytes(server->router, ZMQ_ZAP_DOMAIN, domain, strlen(domain), fault);
    }
    if (status == LT_OK && options->strangers) {
        status = net_set_bytes(server->router, ZMQ_MAXMSGSIZE, &stranger_bytes,
                               sizeof(stranger_bytes), fault);
    }
    if (status == LT_OK && options->strangers) {
        status = net_strangers_begin(server->net);
    }
    return status;
}

static enum lt_status server_bind(struct server_zmq *server, const char *endpoint,
                                  struct fault *fault)
{
    char *bound = server->endpoints[server->endpoints_count];
    size_t size = ENDPOINT_BYTES;
    if (!net_endpoint(endpoint, true)) {
        return fault_set(fault, LT_CONFIG_BAD, "listen", "%s: tcp://address:port is wanted",
                         endpoint);
    }
    if (zmq_bind(server->router, endpoint) != 0) {
        /* What zmq_errno says here is not the reason: libzmq has closed the socket over it. */
        return fault_set(fault, LT_CONFIG_BAD, "listen",
                         "%s: another process listens there, or it is no address of this machine",
                         endpoint);
    }
    if (zmq_getsockopt(server->router, ZMQ_LAST_ENDPOINT, bound, &size) != 0) {
        return net_fault(fault, LT_IO, "listen");
    }
    server->endpoints_count++;
    return LT_OK;
}

/* What a socket is told holds for what it binds from then on, so one socket answers with a key for
 * each endpoint. */
static enum lt_status server_bind_next(struct server_zmq *server,
                                       const struct server_options *options, struct fault *fault)
{
    const struct lt_key *secret = &options->next_secret_key;
    if (curve_public(secret, &server->next_public_key) != LT_OK) {
        return fault_set(fault, LT_CRYPTO, "secret_key_next", "not a CURVE key");
    }
    enum lt_status status = net_set_bytes(server->router, ZMQ_CURVE_SECRETKEY, secret->bytes,
                                          sizeof(secret->bytes), fault);
    if (status == LT_OK) {
        status = net_set_bytes(server->router, ZMQ_ZAP_DOMAIN, NET_ZAP_NEXT,
                               sizeof(NET_ZAP_NEXT) - 1, fault);
    }
    if (status == LT_OK) {
        status = server_bind(server, options->next_endpoint, fault);
    }
    server->next = status == LT_OK;
    return status;
}

enum lt_status server_zmq_open(struct server_zmq **ret_server, struct net *net,
                               const struct server_options *options, struct fault *fault)
{
    uint32_t send_high_water = options->send_high_water;
    uint32_t receive_high_water = options->receive_high_water;
    if (options->endpoints_count == 0 || options->endpoints_count >= ENDPOINTS_MAX) {
        return fault_set(fault, LT_CONFIG_BAD, "listen", "%u endpoints, 1 to %d are allowed",
                         options->endpoints_count, ENDPOINTS_MAX - 1);
    }
    struct server_zmq *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "server", "%zu bytes", sizeof(*server));
    }
    server->net = net;
    server->recheck_keys = options->recheck_keys;
    enum lt_status status = curve_public(&options->secret_key, &server->public_key);
    if (status != LT_OK) {
        fault_set(fault, status, "secret_key", "not a CURVE key");
        goto done;
    }
    status = net_socket(net, ZMQ_ROUTER, options->handshake_ms,
                        (int)(send_high_water > 0 ? send_high_water : SEND_HIGH_WATER),
                        (int)(receive_high_water > 0 ? receive_high_water : RECV_HIGH_WATER),
                        &server->router, fault);
    if (status != LT_OK) {
        goto done;
    }
    status = server_settings(server, options, fault);
    if (status != LT_OK) {
        goto done;
    }
    status = net_watch(net, server->router, fault);
    for (uint32_t i = 0; i < options->endpoints_count && status == LT_OK; i++) {
        status = server_bind(server, options->endpoints[i], fault);
    }
    if (status == LT_OK && options->next_endpoint != NULL) {
        status = server_bind_next(server, options, fault);
    }
    if (status != LT_OK) {
        goto done;
    }
    *ret_server = server;
    return LT_OK;
done:
    server_zmq_close(&server);
    return status;
}

/* Gives back every message that is still lent. */
static void take_back(struct server_zmq *server)
{
    for (uint32_t i = 0; i < server->lent_count; i++) {
        if (server->slots[i].lent) {
            zmq_msg_close(&server->slots[i].message);
            server->slots[i].lent = false;
        }
    }
    server->lent_count = 0;
}

void server_zmq_close(struct server_zmq **server_p)
{
    struct server_zmq *server = *server_p;
    if (server == NULL) {
        return;
    }
    *server_p = NULL;
    take_back(server);
    if (server->router != NULL) {
        /* At once; the socket itself may live on until its last frames are out. */
        zmq_socket_monitor(server->router, NULL, 0);
        zmq_close(server->router);
    }
    free(server);
}

const char *server_zmq_endpoint(const struct server_zmq *server, uint32_t index)
{
    assert(index < server->endpoints_count);
    return server->endpoints[index];
}

/* ---- receive ---- */

static int receive_message(void *socket, zmq_msg_t *message)
{
    int size = 0;
    do {
        size = zmq_msg_recv(message, socket, ZMQ_DONTWAIT);
    } while (size < 0 && zmq_errno() == EINTR);
    return size;
}

/* Reads away the frames behind a body. */
static void skip_rest(struct server_zmq *server)
{
    bool more = true;
    while (more) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        more = receive_message(server->router, &message) >= 0 && zmq_msg_more(&message) != 0;
        zmq_msg_close(&message);
    }
}

/* Who sent it, from the body's properties; false when the connection did not pass the gate. */
static bool read_peer(const struct server_zmq *server, zmq_msg_t *body, struct port_peer *peer)
{
    const char *user = zmq_msg_gets(body, "User-Id");
    const char *key = zmq_msg_gets(body, NET_KEY_PROPERTY);
    const char *address = zmq_msg_gets(body, "Peer-Address");
    if (user == NULL || user[0] == '\0' || key == NULL ||
        strlen(key) != NET_KEY_DIGITS + NET_PASS_DIGITS + 1 ||
        memcmp(key + NET_KEY_DIGITS, server->net->pass, NET_PASS_DIGITS) != 0) {
        return false;
    }
    char digits[NET_KEY_DIGITS + 1];
    memcpy(digits, key, NET_KEY_DIGITS);
    digits[NET_KEY_DIGITS] = '\0';
    if (!hex_read(peer->key.bytes, sizeof(peer->key.bytes), digits)) {
        return false;
    }
    text_copy(peer->user, sizeof(peer->user), text_bytes(user));
    text_copy(peer->address, sizeof(peer->address), text_bytes(address));
    peer->next = key[NET_KEY_DIGITS + NET_PASS_DIGITS] == NET_CAME_NEXT;
    peer->barred = server->recheck_keys && !net_key_stands(server->net, &peer->key);
    return true;
}

/* A frame that is not heard gets no answer either, so the log must say what its sender does wrong.
 */
static void tell_dropped(struct server_zmq *server, enum net_count drop,
                         const struct port_peer *peer)
{
    net_count(server->net, drop);
    switch (drop) {
    case NET_DROPPED_NAMED:
        log_warn("frame-dropped", "user=%s peer=%s reason=routing-id do=\"%s\"", peer->user,
                 peer->address, "the client must not set ZMQ_ROUTING_ID");
        break;
    case NET_DROPPED_SHAPE:
        log_warn("frame-dropped", "user=%s peer=%s reason=parts do=\"%s\"", peer->user,
                 peer->address, "the client must send each Frame as one message part");
        break;
    default:
        log_warn("frame-dropped", "reason=unauthenticated");
        break;
    }
}

/* Looks at a whole message; the slot keeps the body only when it is a frame to hand out. */
static enum receipt receive_one(struct server_zmq *server, struct message_slot *slot,
                                struct port_frame *frame)
{
    zmq_msg_t route;
    zmq_msg_init(&route);
    if (receive_message(server->router, &route) < 0) {
        zmq_msg_close(&route);
        return RECEIVED_NOTHING;
    }
    size_t route_size = zmq_msg_size(&route);
    bool named = route_size != ROUTE_SIZE || *(const uint8_t *)zmq_msg_data(&route) != 0;
    if (!named) {
        memcpy(frame->route.bytes, zmq_msg_data(&route), ROUTE_SIZE);
        frame->route.size = ROUTE_SIZE;
    }
    bool more = zmq_msg_more(&route) != 0;
    zmq_msg_close(&route);
    if (!more) {
        net_count(server->net, NET_DROPPED_SHAPE);
        return RECEIVED_UNFIT;
    }

    /* A message arrives whole: what follows the route is there. */
    zmq_msg_init(&slot->message);
    if (receive_message(server->router, &slot->message) < 0) {
        zmq_msg_close(&slot->message);
        net_count(server->net, NET_DROPPED_SHAPE);
        return RECEIVED_UNFIT;
    }
    enum net_count drop = NET_COUNTS_END;
    bool parts = zmq_msg_more(&slot->message) != 0;
    if (!read_peer(server, &slot->message, &frame->peer)) {
        drop = NET_DROPPED_UNAUTHENTICATED;
    } else if (named) {
        drop = NET_DROPPED_NAMED;
    } else if (parts) {
        drop = NET_DROPPED_SHAPE;
    }
    if (parts) {
        skip_rest(server);
    }
    if (drop != NET_COUNTS_END) {
        tell_dropped(server, drop, &frame->peer);
        zmq_msg_close(&slot->message);
        return RECEIVED_UNFIT;
    }
    frame->bytes = (struct lt_bytes){zmq_msg_data(&slot->message), zmq_msg_size(&slot->message)};
    frame->handle = slot;
    slot->lent = true;
    return RECEIVED_FRAME;
}

static uint32_t server_receive(void *self, struct port_frame *frames, uint32_t count)
{
    struct server_zmq *server = self;
    uint32_t unfit = 0;
    take_back(server);
    if (count > BATCH_MAX) {
        count = BATCH_MAX;
    }
    /* A flood of unfit messages must not keep us here. */
    while (server->lent_count < count && unfit < BATCH_MAX) {
        uint32_t at = server->lent_count;
        enum receipt receipt = receive_one(server, &server->slots[at], &frames[at]);
        if (receipt == RECEIVED_NOTHING) {
            break;
        }
        if (receipt == RECEIVED_FRAME) {
            server->lent_count++;
        } else {
            unfit++;
        }
    }
    return server->lent_count;
}

static void server_release(void *self, struct port_frame *frames, uint32_t count)
{
    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        struct message_slot *slot = frames[i].handle;
        if (slot != NULL && slot->lent) {
            zmq_msg_close(&slot->message);
            slot->lent = false;
        }
        frames[i].handle = NULL;
        frames[i].bytes = (struct lt_bytes){NULL, 0};
    }
}

/* ---- send and wait ---- */

static int send_part(void *socket, const void *data, size_t size, int flags)
{
    int sent = 0;
    do {
        sent = zmq_send(socket, data, size, flags | ZMQ_DONTWAIT);
    } while (sent < 0 && zmq_errno() == EINTR);
    return sent;
}

static enum lt_status server_send(void *self, const struct port_route *route, struct lt_bytes bytes)
{
    struct server_zmq *server = self;
    if (bytes.size > LT_FRAME_BYTES_MAX) {
        return LT_FRAME_TOO_LARGE;
    }
    int sent = send_part(server->router, route->bytes, route->size, ZMQ_SNDMORE);
    if (sent < 0 && zmq_errno() == EAGAIN) {
        net_refresh(server->router);
        sent = send_part(server->router, route->bytes, route->size, ZMQ_SNDMORE);
    }
    if (sent < 0) {
        return zmq_errno() == EAGAIN ? LT_AGAIN : LT_PEER_GONE;
    }
    if (send_part(server->router, bytes.data, bytes.size, 0) < 0) {
        return LT_PEER_GONE;
    }
    return LT_OK;
}

static void server_wait(void *self, const int *fds, uint32_t fds_count, int timeout_ms)
{
    struct server_zmq *server = self;
    zmq_pollitem_t items[1 + WAIT_FDS_MAX];
    assert(fds_count <= WAIT_FDS_MAX);
    items[0] = (zmq_pollitem_t){.socket = server->router, .events = ZMQ_POLLIN};
    for (uint32_t i = 0; i < fds_count; i++) {
        items[1 + i] = (zmq_pollitem_t){.fd = fds[i], .events = ZMQ_POLLIN};
    }
    zmq_poll(items, 1 + (int)fds_count, timeout_ms);
}

struct server_port server_zmq_port(struct server_zmq *server)
{
    return (struct server_port){.self = server,
                                .receive = server_receive,
                                .release = server_release,
                                .send = server_send,
                                .wait = server_wait};
}

/* ---- self test ---- */

static const char *test_endpoint(const struct server_zmq *server, bool next)
{
    return server->endpoints[next ? server->endpoints_count - 1 : 0];
}

/* Opens the throw-away client and its monitor. */
static enum lt_status test_dial(struct server_zmq *server, bool next, void **ret_dealer,
                                void **ret_monitor, struct fault *fault)
{
    struct client_options options = {.endpoint = test_endpoint(server, next),
                                     .server_key =
                                         next ? server->next_public_key : server->public_key,
                                     .handshake_ms = TEST_MS};
    struct lt_key public_key;
    curve_make(&public_key, &options.secret_key);
    pthread_mutex_lock(&server->net->lock);
    server->net->test_key = public_key;
    server->net->testing = true;
    server->net->tested = false;
    pthread_mutex_unlock(&server->net->lock);
    return client_zmq_dial(server->net, &options, ret_dealer, ret_monitor, fault);
}

/* LT_OK: the gate turned the key away; LT_CRYPTO: it came in; LT_AGAIN: neither yet. */
static enum lt_status test_look(struct server_zmq *server, void *monitor)
{
    uint32_t event = 0;
    do {
        event = net_event(monitor, NULL);
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            return LT_CRYPTO;
        }
    } while (event != 0);
    pthread_mutex_lock(&server->net->lock);
    bool tested = server->net->tested;
    pthread_mutex_unlock(&server->net->lock);
    return tested ? LT_OK : LT_AGAIN;
}

static enum lt_status self_test(struct server_zmq *server, bool next, struct fault *fault)
{
    void *dealer = NULL;
    void *monitor = NULL;
    enum lt_status seen = LT_AGAIN;
    pthread_mutex_lock(&server->net->test_lock);
    enum lt_status status = test_dial(server, next, &dealer, &monitor, fault);
    if (status != LT_OK) {
        goto done;
    }
    for (int waited_ms = 0; waited_ms < TEST_MS && seen == LT_AGAIN; waited_ms += TEST_SETTLE_MS) {
        zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
        zmq_poll(&item, 1, TEST_SETTLE_MS);
        seen = test_look(server, monitor);
    }
    if (seen == LT_OK) {
        /* Turned away; and still not in a moment later. */
        zmq_poll(NULL, 0, TEST_SETTLE_MS);
        seen = test_look(server, monitor);
    }
    if (seen == LT_CRYPTO) {
        status = fault_set(fault, LT_CRYPTO, "gate", "an unknown key was let in at %s",
                           test_endpoint(server, next));
    } else if (seen == LT_AGAIN) {
        status =
            fault_set(fault, LT_TIMEOUT, "gate", "no answer at %s", test_endpoint(server, next));
    }
done:
    pthread_mutex_lock(&server->net->lock);
    server->net->testing = false;
    pthread_mutex_unlock(&server->net->lock);
    client_zmq_hang_up(dealer, monitor);
    pthread_mutex_unlock(&server->net->test_lock);
    return status;
}

enum lt_status server_zmq_self_test(struct server_zmq *server, struct fault *fault)
{
    enum lt_status status = self_test(server, false, fault);
    return status == LT_OK && server->next ? self_test(server, true, fault) : status;
}
