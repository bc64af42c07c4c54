/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The ground both ports stand on: the one ZeroMQ context of a process, the gate that decides which
 * key may connect, and the settings every socket shares.
 *
 * The gate is a thread that answers ZAP (ZeroMQ RFC 27) from a sorted directory of keys. It is a
 * lookup in memory and nothing else, because libzmq has one such endpoint per context and every
 * handshake waits for it. 200 for a known key, with the agency in User-Id; 400 for a revoked one,
 * after which a libzmq client never dials again; 300 for everything else, which keeps the client
 * trying, so that a key registered later comes in by itself. The directory is replaced whole.
 *
 * CURVE fails open: without a gate libzmq lets every key in, and so it does from the moment a gate
 * closes. Hence the gate is bound before any port can be, lives until all are closed, and when it
 * cannot go on it ends the process. Frames are checked once more where they are received.
 *
 * The same thread reads the monitors of the listening sockets. Their pipes have no bound, because
 * libzmq's I/O threads would wait at a full one; a thread that does nothing else keeps them short.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/log.h"
#include "base/text.h"
#include "port_zmq_net.h"

#define GATE_ADDRESS   "inproc://zeromq.zap.01"
#define ORDERS_ADDRESS "inproc://gate-orders"
#define ORDER_STOP     "stop"
#define SOCKETS_MAX    20000
#define WATCHES_MAX    16
#define ZAP_FRAMES     8
#define ZAP_BYTES_MAX  256
/* The kernel tries a lost SYN again after 1, 3, 7 ... 63 s; a new dial begins anew. */
#define CONNECT_MS     5000
#define MAXRT_MS       30000
#define BACKLOG        1024
#define DRAIN_MS       250
#define KEEPALIVE_IDLE 30
#define KEEPALIVE_IVL  10
#define KEEPALIVE_CNT  3
#define CURVE_BYTES    33 /* what CURVE adds to a frame on the wire (ZeroMQ RFC 26, MESSAGE) */

/* What the gate's thread owns. */
struct gate {
    struct net *net;
    void *zap;
    void *orders;
    void *watches[WATCHES_MAX];
    uint32_t watches_count;
};

/* One ZAP request: only the parts we look at, cut to size. */
struct zap_request {
    uint8_t parts[ZAP_FRAMES][ZAP_BYTES_MAX];
    size_t sizes[ZAP_FRAMES];
    uint32_t count;
};

enum zap_part {
    ZAP_VERSION = 0,
    ZAP_NUMBER = 1,
    ZAP_DOMAIN = 2,
    ZAP_ADDRESS = 3,
    ZAP_MECHANISM = 5,
    ZAP_KEY = 6,
};

static void *gate_run(void *argument);

static int key_compare(const void *a, const void *b)
{
    const struct net_key *x = a;
    const struct net_key *y = b;
    return memcmp(x->key.bytes, y->key.bytes, sizeof(x->key.bytes));
}

enum lt_status net_fault(struct fault *fault, enum lt_status status, const char *what)
{
    return fault_set(fault, status, what, "%s", zmq_strerror(zmq_errno()));
}

void net_count(struct net *net, enum net_count which)
{
    atomic_fetch_add_explicit(&net->counts[which], 1, memory_order_relaxed);
}

void net_address(struct net *net, const char *stem, char out[NET_ADDRESS_BYTES])
{
    unsigned number = atomic_fetch_add(&net->names, 1u);
    int written = snprintf(out, NET_ADDRESS_BYTES, "inproc://%s-%u", stem, number);
    assert(written > 0 && written < NET_ADDRESS_BYTES);
}

/* Binds the gate in this thread, so that it stands when net_open returns, and starts its thread. */
static enum lt_status gate_start(struct net *net, struct fault *fault)
{
    enum lt_status status = LT_NO_MEMORY;
    struct gate *gate = calloc(1, sizeof(*gate));
    sigset_t all;
    sigset_t before;
    if (gate == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "gate", "%zu bytes", sizeof(*gate));
    }
    gate->net = net;
    gate->zap = zmq_socket(net->context, ZMQ_REP);
    gate->orders = zmq_socket(net->context, ZMQ_REP);
    if (gate->zap == NULL || gate->orders == NULL || zmq_bind(gate->zap, GATE_ADDRESS) != 0 ||
        zmq_bind(gate->orders, ORDERS_ADDRESS) != 0) {
        status = net_fault(fault, LT_IO, "gate");
        goto done;
    }

    /* Signals are for the main thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&net->gate, NULL, gate_run, gate);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        status = fault_set(fault, LT_NO_MEMORY, "gate", "thread: %s", strerror(error));
        goto done;
    }
    return LT_OK;
done:
    if (gate->orders != NULL) {
        zmq_close(gate->orders);
    }
    if (gate->zap != NULL) {
        zmq_close(gate->zap);
    }
    free(gate);
    return status;
}

enum lt_status net_open(struct net **ret_net, int io_threads, struct fault *fault)
{
    enum lt_status status = LT_NO_MEMORY;
    struct lt_key random;
    struct lt_key unused;
    struct net *net = calloc(1, sizeof(*net));
    if (net == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "net", "%zu bytes", sizeof(*net));
    }
    pthread_mutex_init(&net->lock, NULL);
    pthread_mutex_init(&net->test_lock, NULL);
    net->context = zmq_ctx_new();
    if (net->context == NULL) {
        status = net_fault(fault, LT_NO_MEMORY, "context");
        goto done;
    }
    if (zmq_ctx_set(net->context, ZMQ_IO_THREADS, io_threads > 0 ? io_threads : 1) != 0 ||
        zmq_ctx_set(net->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX) != 0 ||
        zmq_ctx_set(net->context, ZMQ_BLOCKY, 0) != 0) {
        status = net_fault(fault, LT_CONFIG_BAD, "context");
        goto done;
    }
    curve_make(&unused, &random);
    hex_write(net->pass, random.bytes, NET_PASS_DIGITS / 2);
    status = gate_start(net, fault);
    if (status != LT_OK) {
        goto done;
    }
    *ret_net = net;
    return LT_OK;
done:
    if (net->context != NULL) {
        zmq_ctx_term(net->context);
    }
    pthread_mutex_destroy(&net->test_lock);
    pthread_mutex_destroy(&net->lock);
    free(net);
    return status;
}

/* One order to the gate's thread, from any thread; true when it was carried out. */
static bool gate_order(struct net *net, const char *order)
{
    char reply[4] = "";
    int size = -1;
    void *socket = zmq_socket(net->context, ZMQ_REQ);
    if (socket == NULL) {
        return false;
    }
    if (zmq_connect(socket, ORDERS_ADDRESS) == 0) {
        do {
            size = zmq_send(socket, order, strlen(order), 0);
        } while (size < 0 && zmq_errno() == EINTR);
    }
    while (size >= 0) {
        size = zmq_recv(socket, reply, sizeof(reply), 0);
        if (size >= 0 || zmq_errno() != EINTR) {
            break;
        }
        size = 0;
    }
    zmq_close(socket);
    return size == 2 && memcmp(reply, "ok", 2) == 0;
}

void net_close(struct net **net_p)
{
    struct net *net = *net_p;
    if (net == NULL) {
        return;
    }
    *net_p = NULL;
    bool stopped = gate_order(net, ORDER_STOP);
    assert(stopped);
    pthread_join(net->gate, NULL);
    zmq_ctx_term(net->context);
    pthread_mutex_destroy(&net->test_lock);
    pthread_mutex_destroy(&net->lock);
    free(net->keys);
    free(net->strangers);
    free(net);
}

enum lt_status net_keys(struct net *net, const struct net_key *keys, uint32_t count)
{
    struct net_key *copy = calloc(count > 0 ? count : 1, sizeof(*copy));
    if (copy == NULL) {
        return LT_NO_MEMORY;
    }
    if (count > 0) {
        memcpy(copy, keys, count * sizeof(*copy));
        qsort(copy, count, sizeof(*copy), key_compare);
    }
    pthread_mutex_lock(&net->lock);
    struct net_key *old = net->keys;
    net->keys = copy;
    net->keys_count = count;
    pthread_mutex_unlock(&net->lock);
    free(old);
    return LT_OK;
}

/* The caller holds the lock. */
static const struct net_key *key_find(const struct net *net, const struct net_key *wanted)
{
    return net->keys_count == 0
               ? NULL
               : bsearch(wanted, net->keys, net->keys_count, sizeof(*wanted), key_compare);
}

bool net_key_stands(struct net *net, const struct lt_key *key)
{
    struct net_key wanted = {.key = *key};
    pthread_mutex_lock(&net->lock);
    const struct net_key *known = key_find(net, &wanted);
    bool stands = known != NULL && !known->revoked;
    pthread_mutex_unlock(&net->lock);
    return stands;
}

void net_counters(struct net *net, struct net_counters *ret_counters)
{
    uint64_t at[NET_COUNTS_END];
    for (int i = 0; i < NET_COUNTS_END; i++) {
        at[i] = atomic_load_explicit(&net->counts[i], memory_order_relaxed);
    }
    *ret_counters = (struct net_counters){
        .zap_accepted = at[NET_ZAP_ACCEPTED],
        .zap_unknown = at[NET_ZAP_UNKNOWN],
        .zap_revoked = at[NET_ZAP_REVOKED],
        .accepted = at[NET_ACCEPTED],
        .accept_failed = at[NET_ACCEPT_FAILED],
        .handshake_failed = at[NET_HANDSHAKE_FAILED],
        .dropped_unauthenticated = at[NET_DROPPED_UNAUTHENTICATED],
        .dropped_shape = at[NET_DROPPED_SHAPE],
        .dropped_named = at[NET_DROPPED_NAMED],
    };
}

/* ---- the gate ---- */

/* Reads all parts of what is there; false when there is nothing (left). */
static bool zap_read(void *zap, struct zap_request *request)
{
    int more = 1;
    size_t more_size = sizeof(more);
    request->count = 0;
    while (more != 0) {
        uint8_t unwanted[ZAP_BYTES_MAX];
        bool wanted = request->count < ZAP_FRAMES;
        int size = zmq_recv(zap, wanted ? request->parts[request->count] : unwanted, ZAP_BYTES_MAX,
                            ZMQ_DONTWAIT);
        if (size < 0 && zmq_errno() == EINTR) {
            continue;
        }
        if (size < 0) {
            return false;
        }
        if (wanted) {
            request->sizes[request->count++] = (size_t)size;
        }
        zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &more_size);
    }
    return true;
}

static bool part_is(const struct zap_request *request, enum zap_part part, const char *text)
{
    return request->count > (uint32_t)part && request->sizes[part] == strlen(text) &&
           memcmp(request->parts[part], text, strlen(text)) == 0;
}

/* The code for a key, the agency when it is 200, and whether it is only our own test. */
static enum net_count judge(struct net *net, const struct zap_request *request,
                            char user[sizeof(((struct net_key *)0)->user)], bool *ret_test)
{
    enum net_count verdict = NET_ZAP_UNKNOWN;
    struct net_key wanted;
    *ret_test = false;
    if (request->count <= ZAP_KEY || request->sizes[ZAP_KEY] != sizeof(wanted.key.bytes) ||
        request->sizes[ZAP_MECHANISM] != 5 ||
        memcmp(request->parts[ZAP_MECHANISM], "CURVE", 5) != 0) {
        return NET_ZAP_UNKNOWN;
    }
    memcpy(wanted.key.bytes, request->parts[ZAP_KEY], sizeof(wanted.key.bytes));

    pthread_mutex_lock(&net->lock);
    const struct net_key *known = key_find(net, &wanted);
    if (part_is(request, ZAP_DOMAIN, NET_ZAP_STRANGERS)) {
        struct lt_bytes from = {request->parts[ZAP_ADDRESS], request->sizes[ZAP_ADDRESS]};
        verdict = net_judge_stranger(net, from, known, user, sizeof(known->user));
    } else if (!part_is(request, ZAP_DOMAIN, NET_ZAP_DOMAIN) &&
               !part_is(request, ZAP_DOMAIN, NET_ZAP_NEXT)) {
        verdict = NET_ZAP_UNKNOWN;
    } else if (known != NULL && known->revoked) {
        verdict = NET_ZAP_REVOKED;
    } else if (known != NULL && known->user[0] != '\0') {
        verdict = NET_ZAP_ACCEPTED;
        memcpy(user, known->user, sizeof(known->user));
        user[sizeof(known->user) - 1] = '\0';
    } else if (net->testing && memcmp(&net->test_key, &wanted.key, sizeof(wanted.key)) == 0) {
        net->tested = true;
        *ret_test = true;
    }
    pthread_mutex_unlock(&net->lock);
    return verdict;
}

/* Who is not let in, with the key in full: it is what an operator registers, or looks for. */
static void tell_refused(const struct zap_request *request, enum net_count verdict)
{
    char address[64] = "";
    char key[NET_KEY_DIGITS + 1] = "";
    if (request->count > ZAP_ADDRESS) {
        text_copy(address, sizeof(address),
                  (struct lt_bytes){request->parts[ZAP_ADDRESS], request->sizes[ZAP_ADDRESS]});
    }
    if (request->count > ZAP_KEY && request->sizes[ZAP_KEY] == NET_KEY_DIGITS / 2) {
        hex_write(key, request->parts[ZAP_KEY], NET_KEY_DIGITS / 2);
    }
    log_warn("key-refused", "peer=%s code=%s key=%s", address,
             lt_code(verdict == NET_ZAP_REVOKED ? LT_KEY_REVOKED : LT_KEY_UNKNOWN), key);
}

/* Name, length and value of the property that carries the key, the pass and the way. */
static size_t property_write(const struct net *net, const uint8_t *key, bool next, uint8_t out[128])
{
    const size_t name_size = sizeof(NET_KEY_PROPERTY) - 1;
    char digits[NET_KEY_DIGITS + 1];
    uint8_t *at = out;
    hex_write(digits, key, NET_KEY_DIGITS / 2);
    *at++ = (uint8_t)name_size;
    memcpy(at, NET_KEY_PROPERTY, name_size);
    at += name_size;
    *at++ = 0;
    *at++ = 0;
    *at++ = 0;
    *at++ = NET_KEY_DIGITS + NET_PASS_DIGITS + 1;
    memcpy(at, digits, NET_KEY_DIGITS);
    at += NET_KEY_DIGITS;
    memcpy(at, net->pass, NET_PASS_DIGITS);
    at += NET_PASS_DIGITS;
    *at++ = next ? NET_CAME_NEXT : NET_CAME;
    return (size_t)(at - out);
}

static void zap_answer(struct gate *gate, const struct zap_request *request)
{
    char user[sizeof(((struct net_key *)0)->user)] = "";
    uint8_t properties[128];
    size_t properties_size = 0;
    const char *code = "300";
    bool test = false;
    enum net_count verdict = judge(gate->net, request, user, &test);
    net_count(gate->net, verdict);
    if (verdict != NET_ZAP_ACCEPTED && !test) {
        tell_refused(request, verdict);
    }
    if (verdict == NET_ZAP_ACCEPTED) {
        code = "200";
        properties_size = property_write(gate->net, request->parts[ZAP_KEY],
                                         part_is(request, ZAP_DOMAIN, NET_ZAP_NEXT), properties);
    } else if (verdict == NET_ZAP_REVOKED) {
        code = "400";
    }
    size_t number_size = request->count > ZAP_NUMBER ? request->sizes[ZAP_NUMBER] : 0;
    bool sent = zmq_send(gate->zap, "1.0", 3, ZMQ_SNDMORE) >= 0 &&
                zmq_send(gate->zap, request->parts[ZAP_NUMBER], number_size, ZMQ_SNDMORE) >= 0 &&
                zmq_send(gate->zap, code, 3, ZMQ_SNDMORE) >= 0 &&
                zmq_send(gate->zap, "", 0, ZMQ_SNDMORE) >= 0 &&
                zmq_send(gate->zap, user, strlen(user), ZMQ_SNDMORE) >= 0 &&
                zmq_send(gate->zap, properties, properties_size, 0) >= 0;
    if (!sent) {
        log_error("gate-broken", "error=%s", zmq_strerror(zmq_errno()));
        abort();
    }
}

/* Opens the reading end of a monitor whose address the order names. */
static bool watch_begin(struct gate *gate, const char *address)
{
    if (gate->watches_count == WATCHES_MAX) {
        return false;
    }
    void *watch = zmq_socket(gate->net->context, ZMQ_PAIR);
    int no_bound = 0;
    if (watch == NULL) {
        return false;
    }
    if (zmq_setsockopt(watch, ZMQ_RCVHWM, &no_bound, sizeof(no_bound)) != 0 ||
        zmq_connect(watch, address) != 0) {
        zmq_close(watch);
        return false;
    }
    gate->watches[gate->watches_count++] = watch;
    return true;
}

/* Carries out one order; true when it is the last. */
static bool order_take(struct gate *gate)
{
    char order[NET_ADDRESS_BYTES + 1];
    int size = zmq_recv(gate->orders, order, sizeof(order) - 1, ZMQ_DONTWAIT);
    if (size < 0) {
        return false;
    }
    order[size < (int)sizeof(order) ? size : (int)sizeof(order) - 1] = '\0';
    bool stop = strcmp(order, ORDER_STOP) == 0;
    bool done = stop || watch_begin(gate, order);
    zmq_send(gate->orders, done ? "ok" : "no", 2, 0);
    return stop;
}

/* Counts what a monitor has to say; false when it has ended. */
static bool watch_read(struct net *net, void *watch)
{
    for (;;) {
        uint32_t event = net_event(watch, NULL);
        switch (event) {
        case 0:
            return true;
        case ZMQ_EVENT_MONITOR_STOPPED:
            return false;
        case ZMQ_EVENT_ACCEPTED:
            net_count(net, NET_ACCEPTED);
            break;
        case ZMQ_EVENT_ACCEPT_FAILED:
            net_count(net, NET_ACCEPT_FAILED);
            break;
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            net_count(net, NET_HANDSHAKE_FAILED);
            break;
        default:
            break;
        }
    }
}

static void watches_read(struct gate *gate, const zmq_pollitem_t *items)
{
    uint32_t kept = 0;
    uint32_t count = gate->watches_count;
    for (uint32_t i = 0; i < count; i++) {
        void *watch = gate->watches[i];
        if (items[i].revents == 0 || watch_read(gate->net, watch)) {
            gate->watches[kept++] = watch;
        } else {
            zmq_close(watch);
        }
    }
    gate->watches_count = kept;
}

static void gate_end(struct gate *gate)
{
    for (uint32_t i = 0; i < gate->watches_count; i++) {
        zmq_close(gate->watches[i]);
    }
    zmq_close(gate->orders);
    zmq_close(gate->zap);
    free(gate);
}

static void *gate_run(void *argument)
{
    struct gate *gate = argument;
    struct zap_request request;
    bool stop = false;
    while (!stop) {
        zmq_pollitem_t items[2 + WATCHES_MAX] = {{.socket = gate->zap, .events = ZMQ_POLLIN},
                                                 {.socket = gate->orders, .events = ZMQ_POLLIN}};
        for (uint32_t i = 0; i < gate->watches_count; i++) {
            items[2 + i] = (zmq_pollitem_t){.socket = gate->watches[i], .events = ZMQ_POLLIN};
        }
        int ready = zmq_poll(items, 2 + (int)gate->watches_count, -1);
        if (ready < 0 && zmq_errno() != EINTR) {
            /* Without us libzmq would let everybody in. */
            log_error("gate-broken", "error=%s", zmq_strerror(zmq_errno()));
            abort();
        }
        while (ready > 0 && zap_read(gate->zap, &request)) {
            zap_answer(gate, &request);
        }
        if (ready > 0) {
            watches_read(gate, items + 2);
            stop = items[1].revents != 0 && order_take(gate);
        }
    }
    gate_end(gate);
    return NULL;
}

/* ---- sockets ---- */

bool net_endpoint(const char *endpoint, bool listens)
{
    const char *host = endpoint + sizeof("tcp://") - 1;
    const char *port = strrchr(endpoint, ':');
    char *end = NULL;
    if (strncmp(endpoint, "tcp://", sizeof("tcp://") - 1) != 0 || port <= host) {
        return false;
    }
    if (listens && strcmp(port, ":*") == 0) {
        return true;
    }
    /* libzmq would cut a larger number to 16 bits and listen somewhere. */
    long number = strtol(port + 1, &end, 10);
    return port[1] >= '0' && port[1] <= '9' && *end == '\0' && number > 0 && number <= UINT16_MAX;
}

void net_refresh(void *socket)
{
    int events = 0;
    size_t size = sizeof(events);
    zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size);
}

enum lt_status net_watch(struct net *net, void *socket, struct fault *fault)
{
    char address[NET_ADDRESS_BYTES];
    net_address(net, "watch", address);
    if (zmq_socket_monitor(socket, address, ZMQ_EVENT_ALL) != 0) {
        return net_fault(fault, LT_IO, "monitor");
    }
    if (!gate_order(net, address)) {
        return fault_set(fault, LT_NO_MEMORY, "monitor", "at most %d listening sockets",
                         WATCHES_MAX);
    }
    return LT_OK;
}

uint32_t net_event(void *monitor, uint32_t *ret_value)
{
    uint8_t event[8];
    uint8_t endpoint[1];
    uint16_t kind = 0;
    uint32_t value = 0;
    int size = zmq_recv(monitor, event, sizeof(event), ZMQ_DONTWAIT);
    if (size < 0) {
        return 0;
    }
    int more = 0;
    size_t more_size = sizeof(more);
    zmq_getsockopt(monitor, ZMQ_RCVMORE, &more, &more_size);
    while (more != 0 && zmq_recv(monitor, endpoint, sizeof(endpoint), 0) >= 0) {
        zmq_getsockopt(monitor, ZMQ_RCVMORE, &more, &more_size);
    }
    assert(size == 6);
    memcpy(&kind, event, sizeof(kind));
    memcpy(&value, event + sizeof(kind), sizeof(value));
    if (ret_value != NULL) {
        *ret_value = value;
    }
    return kind;
}

enum lt_status net_set_int(void *socket, int option, int value, struct fault *fault)
{
    if (zmq_setsockopt(socket, option, &value, sizeof(value)) != 0) {
        return net_fault(fault, LT_IO, "socket option");
    }
    return LT_OK;
}

enum lt_status net_set_bytes(void *socket, int option, const void *data, size_t size,
                             struct fault *fault)
{
    if (zmq_setsockopt(socket, option, data, size) != 0) {
        return net_fault(fault, LT_IO, "socket option");
    }
    return LT_OK;
}

enum lt_status net_socket(struct net *net, int type, uint32_t handshake_ms, int send_high_water,
                          int receive_high_water, void **ret_socket, struct fault *fault)
{
    const struct {
        int option;
        int value;
    } settings[] = {
        {ZMQ_SNDHWM, send_high_water},
        {ZMQ_RCVHWM, receive_high_water},
        {ZMQ_LINGER, DRAIN_MS}, /* what was sent just before a close still has a chance */
        {ZMQ_HANDSHAKE_IVL, handshake_ms > 0 ? (int)handshake_ms : NET_HANDSHAKE_MS},
        {ZMQ_CONNECT_TIMEOUT, CONNECT_MS},
        {ZMQ_HEARTBEAT_IVL, 0}, /* they misfire when the reader is slow; LTP has its own */
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE},
        {ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_IVL},
        {ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_CNT},
        {ZMQ_TCP_MAXRT, MAXRT_MS},
        {ZMQ_BACKLOG, BACKLOG},
    };
    /* It bounds what a peer can make us hold before it is known, too. */
    const int64_t bytes_max = LT_FRAME_BYTES_MAX + CURVE_BYTES;
    enum lt_status status = LT_OK;
    void *socket = zmq_socket(net->context, type);
    if (socket == NULL) {
        return net_fault(fault, LT_NO_MEMORY, "socket");
    }
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]) && status == LT_OK; i++) {
        status = net_set_int(socket, settings[i].option, settings[i].value, fault);
    }
    if (status == LT_OK) {
        status = net_set_bytes(socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof(bytes_max), fault);
    }
    if (status != LT_OK) {
        zmq_close(socket);
        return status;
    }
    *ret_socket = socket;
    return LT_OK;
}
