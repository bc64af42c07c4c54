/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_SESSION_H
#define BROKER_FLOW_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/limits.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/base/pool.h"
#include "proto/frame.h"
#include "proto/port.h"

/*
 * Who is connected: sessions by route (never shown outside) and by their public number. A session
 * is opened by Hello, closed by Bye, silence, a gap, a revoked key, over-credit or a reader that
 * does not read. What it was lent and what was sent to it is counted here; what must survive is in
 * facts.
 */
struct sessions;

struct session {
    struct sessions *home;
    struct list_node all;
    struct list_node waiting; /* on sessions.waiting while answers may be ready */
    struct port_route route;
    struct lt_key key;
    char user[64];
    uint32_t agency; /* number; 0 for an operator */
    uint64_t number; /* random, public */
    struct lt_id instance;
    uint64_t epoch;
    enum frame_role role;
    bool next_key; /* our next key answers it */
    bool standby;
    bool announced_standby;
    int64_t opened_ms;   /* wall */
    int64_t heard_ms;    /* monotonic */
    int64_t beat_due_ms; /* monotonic */
    int64_t blocked_ms;  /* monotonic time of the first refused send; 0: not blocked */
    uint64_t seq;
    uint64_t seq_received;

    struct window submit; /* what the peer may have unanswered */
    struct window
        submit_before; /* wider window lent earlier, valid until the peer saw the new one */
    uint64_t submit_before_seq; /* our last frame that narrowed it; 0: none */
    struct window outstanding;  /* unanswered now */
    uint64_t want_bytes;

    struct window deliver;  /* granted to us */
    uint32_t notices;       /* granted to us */
    uint64_t notice_cursor; /* what its Hello said is stored for good */
    uint64_t notice_acked;  /* of what was told in this session */
    struct list flights;    /* sent and unsettled, newest at the tail */
    struct list answers;    /* in order of their positions */
    bool listing;           /* a List waits for its ticket */
    int64_t skew_ms;
    uint16_t doomed; /* status code: to be closed at the end of the turn; 0: lives */
};

struct sessions {
    struct pool pool;
    struct map *by_route;
    struct list all;
    struct list waiting;
    uint64_t lent_bytes; /* of SUBMIT_POOL_BYTES */
    uint32_t doomed;     /* how many wait for their end */
};

enum lt_status sessions_open(struct sessions *sessions, uint64_t seed);
void sessions_close(struct sessions *sessions);

struct session *session_by_route(const struct sessions *sessions, const struct port_route *route);

/* NULL: SESSIONS_MAX. */
struct session *session_make(struct sessions *sessions, const struct port_route *route,
                             uint64_t number);

/* To be closed at the end of the turn, with this code; the first doom stands. */
void session_doom(struct session *session, enum lt_status code);

/* Takes it off every list; its flights and answers must be gone. */
void session_free(struct sessions *sessions, struct session *session);

/* How far a peer's clock is behind ours; what it tells may be any number. 0: it told nothing. */
int64_t session_skew(int64_t now_ms, int64_t told_ms);

/* Lends a window for `want_bytes` more, as far as the pool goes; sets session->submit. */
void session_lend(struct sessions *sessions, struct session *session);

/* The peer has read our frames up to this number: a narrower window told there binds it now. */
void session_confirmed(struct session *session, uint64_t seq);

/* Counts a parcel of that size as outstanding; false: over what was lent. */
bool session_take(struct session *session, uint64_t bytes);
void session_answered(struct session *session, uint64_t bytes);

/* Something may be ready to be answered or told. */
void session_wake(struct sessions *sessions, struct session *session);

#endif
