/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_PORT_ZMQ_NET_H
#define PROTO_PORT_ZMQ_NET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port_zmq.h"

/*
 * What the files port_zmq_*.c share and nobody else includes (a hostile test apart): the context,
 * the directory of keys, the counters, and the settings that every socket of the house has.
 */

/* Domain that the sockets name to ZAP; libzmq asks nobody when it is empty. */
#define NET_ZAP_DOMAIN "lienthong"
/* The same gate, at the endpoint of our next key. */
#define NET_ZAP_NEXT "lienthong-next"
/* The port where strangers may ask to be let in: any key passes, as NET_STRANGER and nobody else.
 */
#define NET_ZAP_STRANGERS     "lienthong-enrol"
#define NET_STRANGER          "stranger"
#define NET_STRANGERS_MAX     512 /* connections until the port is opened anew */
#define NET_STRANGERS_ADDRESS 160 /* ... of one address */
#define NET_STRANGER_BYTES    8192

/*
 * Property the gate hangs on every connection it lets in: the key in hex, the pass, and a digit
 * that is NET_CAME_NEXT where our next key answered. A peer can send properties of its own, but not
 * this one first, and it does not know the pass: so a frame without the right pass did not come
 * through the gate, whatever else is broken.
 */
#define NET_KEY_PROPERTY  "X-Key"
#define NET_KEY_DIGITS    64
#define NET_PASS_DIGITS   32
#define NET_CAME          '0'
#define NET_CAME_NEXT     '1'
#define NET_HANDSHAKE_MS  4000
#define NET_ADDRESS_BYTES 64

enum net_count {
    NET_ZAP_ACCEPTED,
    NET_ZAP_UNKNOWN,
    NET_ZAP_REVOKED,
    NET_ACCEPTED,
    NET_ACCEPT_FAILED,
    NET_HANDSHAKE_FAILED,
    NET_DROPPED_UNAUTHENTICATED,
    NET_DROPPED_SHAPE,
    NET_DROPPED_NAMED,
    NET_COUNTS_END,
};

struct net {
    void *context;
    pthread_t gate;
    atomic_ullong counts[NET_COUNTS_END];
    atomic_uint names; /* numbers for inproc addresses */
    char pass[NET_PASS_DIGITS + 1];

    pthread_mutex_t test_lock; /* one self test at a time */

    pthread_mutex_t lock; /* of what follows */
    struct net_key *keys; /* sorted; NULL until the first net_keys */
    uint32_t keys_count;
    bool testing;           /* a self test runs ... */
    bool tested;            /* ... and its key has been turned away */
    struct lt_key test_key; /* ... which is this one */
    struct net_stranger
        *strangers; /* addresses let in at the strangers' port since it was opened */
    uint32_t strangers_count;
    uint32_t strangers_let_in;
    uint32_t strangers_turned_away;
};

struct net_stranger {
    char address[48];
    uint32_t count;
};

void net_count(struct net *net, enum net_count which);

/* May this key in at the strangers' port, from this address? The caller holds the lock. */
enum net_count net_judge_stranger(struct net *net, struct lt_bytes from,
                                  const struct net_key *known, char *user, size_t user_size);

/* Nobody has been let in at the strangers' port yet. LT_NO_MEMORY. */
LT_CHECK enum lt_status net_strangers_begin(struct net *net);

/* Would the gate let this key in now? From any thread. */
bool net_key_stands(struct net *net, const struct lt_key *key);

/* "inproc://<stem>-<number>", never given twice. */
void net_address(struct net *net, const char *stem, char out[NET_ADDRESS_BYTES]);

/* The gate's thread counts the events of `socket` from now on, until the socket is closed. */
LT_CHECK enum lt_status net_watch(struct net *net, void *socket, struct fault *fault);

/* Settings of every TCP socket: see the table in port_zmq_net.c. */
LT_CHECK enum lt_status net_socket(struct net *net, int type, uint32_t handshake_ms,
                                   int send_high_water, int receive_high_water, void **ret_socket,
                                   struct fault *fault);
LT_CHECK enum lt_status net_set_int(void *socket, int option, int value, struct fault *fault);
LT_CHECK enum lt_status net_set_bytes(void *socket, int option, const void *data, size_t size,
                                      struct fault *fault);

/* A DEALER that dials as `options` say, jitter apart, and the reading end of its monitor. */
LT_CHECK enum lt_status client_zmq_dial(struct net *net, const struct client_options *options,
                                        void **ret_dealer, void **ret_monitor, struct fault *fault);

void client_zmq_hang_up(void *dealer, void *monitor); /* either may be NULL */

/* True for tcp://address:port; the port may be * where one listens. */
bool net_endpoint(const char *endpoint, bool listens);

/* Lets a socket take notice of what its I/O thread did; without it a pipe may look full too long.
 */
void net_refresh(void *socket);

/* What libzmq says is wrong, as a fault. */
enum lt_status net_fault(struct fault *fault, enum lt_status status, const char *what);

/* The next event of a monitor's socket, or 0 when there is none; `ret_value` may be NULL. */
uint32_t net_event(void *monitor, uint32_t *ret_value);

#endif
