/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_HARNESS_WORLD_NET_H
#define TESTS_HARNESS_WORLD_NET_H

#include "proto/port.h"
#include "world.h"

/*
 * A network in memory under a world's clock, seen by broker and agencies through the same ports as
 * the real one. It knows keys and refuses strangers, gives every connection a route of its own,
 * pushes back when a queue is full, loses what was queued when a line is cut, and redials by
 * itself, as ZeroMQ does. Beyond that it can be told to be worse than any real line: drop,
 * duplicate and reorder single frames.
 *
 * Frames move when the clock does: after world_advance whatever is due can be received. Nothing
 * depends on addresses; the same calls under the same seed give the same run.
 */
#define WORLD_SERVERS_MAX       2  /* 0: transfers, 1: blobs; a test may use them otherwise */
#define WORLD_TO_SERVER_MAX     10 /* frames on the way: sender's high water 8, receiver's 2 */
#define WORLD_TO_CLIENT_MAX     12 /* 4 and 8 */
#define WORLD_REDIAL_MS         500
#define WORLD_REDIAL_REFUSED_MS 4000  /* HANDSHAKE_IVL: an unknown key keeps trying */
#define WORLD_GHOST_MS          60000 /* until keepalive finds a vanished client */

struct weather {
    uint32_t drop_permille; /* of frames */
    uint32_t duplicate_permille;
    uint32_t reorder_permille; /* overtaken by later frames */
    uint32_t cut_permille;     /* the line is cut as a frame is sent */
    uint32_t delay_ms_min;
    uint32_t delay_ms_max;
    uint32_t bytes_per_s; /* 0: no limit */
};

struct world_net;
struct world_link;

struct world_net_counters {
    uint64_t sent;       /* accepted by a send */
    uint64_t received;   /* handed to a receiver */
    uint64_t dropped;    /* by the weather */
    uint64_t duplicated; /* more copies */
    uint64_t reordered;
    uint64_t lost;      /* queued on a line when it was cut */
    uint64_t in_flight; /* sent + duplicated = received + dropped + lost + in flight */
    uint64_t cuts;
    uint64_t again;   /* sends pushed back */
    uint64_t refused; /* handshakes */
    uint64_t connected;
};

enum lt_status world_net_open(struct world_net **ret_net, struct world *world);
void world_net_close(struct world_net **net_p);                               /* its links too */
void world_net_weather(struct world_net *net, const struct weather *weather); /* of every link */
void world_net_counters(const struct world_net *net, struct world_net_counters *ret_counters);

/* Who may connect, at once and from then on; a revoked key loses its connections. */
LT_CHECK enum lt_status world_net_admit(struct world_net *net, const struct lt_key *key,
                                        const char *user);
void world_net_revoke(struct world_net *net, const struct lt_key *key);

/* The broker's end. A server is down until started; stopping it cuts every line to it. */
struct server_port world_net_server(struct world_net *net, uint32_t number);
void world_net_start(struct world_net *net, uint32_t number);
void world_net_stop(struct world_net *net, uint32_t number);

/* An agency's end: dials until it is closed. NULL when there is no memory. */
struct world_link *world_net_dial(struct world_net *net, uint32_t number, const struct lt_key *key);
void world_link_close(struct world_link **link_p); /* the server's end is gone at once */
struct client_port world_link_port(struct world_link *link);
void world_link_weather(struct world_link *link, const struct weather *weather);
/* Both ends gone, what was queued is lost, the link redials. */
void world_link_cut(struct world_link *link);
/* As cut, but the server does not learn it before WORLD_GHOST_MS: its sends are taken and lost. */
void world_link_vanish(struct world_link *link);
/* Nothing arrives, in both directions, for so long; then everything does. */
void world_link_hold(struct world_link *link, int64_t ms);

/* When the next frame or redial is due on the monotonic clock; INT64_MAX: never. */
int64_t world_net_next_ms(const struct world_net *net);

#endif
