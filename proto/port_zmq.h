/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_PORT_ZMQ_H
#define PROTO_PORT_ZMQ_H

#include "port.h"

/*
 * The real ports. One ZeroMQ context for the life of a process. Rules, with their reasons, in
 * port_zmq.c: CURVE and ZAP always (a thread answers ZAP from an immutable key directory that is
 * swapped whole; the process ends if that thread ends), no client routing ids, User-Id read from
 * the body frame, MANDATORY and DONTWAIT, MAXMSGSIZE LT_FRAME_BYTES_MAX, RCVHWM 2, SNDHWM 4, no
 * ZMTP heartbeats, TCP keepalive, LINGER 0 except the drain at the end.
 */
struct net;

enum lt_status net_open(struct net **ret_net, int io_threads, struct fault *fault);
void net_close(struct net **net_p); /* after every port is closed */

/* Who may connect. Keys are sorted by the callee; the array is copied. */
struct net_key {
    struct lt_key key;
    char user[64];
    bool revoked; /* 400: the client's library gives up; unknown keys get 300 and keep trying */
};
/* How many connections the port of strangers (server_options) has let in since it was opened, and
 * how many it turned away for want of a place. Any thread. */
void net_strangers(struct net *net, uint32_t *ret_let_in, uint32_t *ret_turned_away);

/* Any thread, any time; until the first call every key gets 300. */
LT_CHECK enum lt_status net_keys(struct net *net, const struct net_key *keys, uint32_t count);

struct net_counters {
    uint64_t zap_accepted;
    uint64_t zap_unknown;
    uint64_t zap_revoked;
    uint64_t accepted; /* TCP connections */
    uint64_t accept_failed;
    uint64_t handshake_failed;
    uint64_t dropped_unauthenticated; /* frames without User-Id */
    uint64_t dropped_shape;           /* messages that are not one frame */
    uint64_t dropped_named;           /* frames of a peer that chose its own routing id */
};
void net_counters(struct net *net, struct net_counters *ret_counters);

struct server_options {
    const char *const *endpoints; /* "tcp://127.0.0.1:7760", ... ; port * gives a free one */
    uint32_t endpoints_count;
    struct lt_key secret_key;
    /* One more endpoint of the same socket, where our next key answers; NULL: none. Who comes in
     * there is marked so (port_peer.next). */
    const char *next_endpoint;
    struct lt_key next_secret_key;
    uint32_t receive_high_water; /* 0: 2 */
    uint32_t send_high_water;    /* 0: 4 */
    uint32_t handshake_ms;       /* 0: 4000 */
    bool recheck_keys;           /* look every frame's key up again: for a port without sessions */
    /* Lets keys in that nobody knows, as user NET_STRANGER, so that they can ask to be registered;
     * frames of 8 KiB, few connections: then it answers 300 until it is closed and opened anew. One
     * such port per net. */
    bool strangers;
};

struct server_zmq;
LT_CHECK enum lt_status server_zmq_open(struct server_zmq **ret_server, struct net *net,
                                        const struct server_options *options, struct fault *fault);
void server_zmq_close(struct server_zmq **server_p);
struct server_port server_zmq_port(struct server_zmq *server);
/* The endpoint really bound, with its number; lives with the server. */
const char *server_zmq_endpoint(const struct server_zmq *server, uint32_t index);
/*
 * Dials itself with a throw-away key, which must be refused; LT_OK when it was. Takes <= 1 s for
 * each key of ours; may
 * be called from any thread. LT_CRYPTO: a stranger was let in, stop. LT_TIMEOUT: no answer either
 * way.
 */
LT_CHECK enum lt_status server_zmq_self_test(struct server_zmq *server, struct fault *fault);

struct client_options {
    const char *endpoint;
    struct lt_key server_key; /* public */
    struct lt_key secret_key;
    uint32_t reconnect_ms; /* 0: 500, with jitter */
    uint32_t seed;         /* of the jitter */
    uint32_t handshake_ms; /* 0: 4000; a key not registered yet is tried again after so long */
};

struct client_zmq;
LT_CHECK enum lt_status client_zmq_open(struct client_zmq **ret_client, struct net *net,
                                        const struct client_options *options, struct fault *fault);
void client_zmq_close(struct client_zmq **client_p);
struct client_port client_zmq_port(struct client_zmq *client);

/* Waits until one of the clients or fds may have something. */
void client_zmq_wait(struct client_zmq *const *clients, uint32_t count, const int *fds,
                     uint32_t fds_count, int timeout_ms);

/* CURVE keys. Text form: 64 hex digits everywhere in files and screens. */
void curve_make(struct lt_key *ret_public, struct lt_key *ret_secret);
LT_CHECK enum lt_status curve_public(const struct lt_key *secret, struct lt_key *ret_public);

#endif
