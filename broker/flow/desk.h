/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_DESK_H
#define BROKER_FLOW_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/transfer/record.h"
#include "proto/base/list.h"

/*
 * What the broker holds in memory per agency: its counters (folded, mirrored in STATE_COUNTS),
 * where the scan of its due legs resumes, what is in flight, and who is connected. One slot per
 * agency number, made at start; a backlog of millions costs nothing here.
 */
#define DESK_PRIORITIES 5

struct session;

/* Failures of one class since the last success, and the cases they were of. */
#define STREAKS_MAX      4
#define STREAK_CASES_MAX 5
struct streak {
    uint16_t code; /* 0: unused */
    uint8_t count;
    uint64_t cases[STREAK_CASES_MAX]; /* the first bytes of their lanes */
};

struct desk {
    uint32_t agency; /* number; 0: slot unused */
    bool shielded;   /* kept out after crashes (shield.h) */
    struct counts counts;
    bool counts_changed; /* within one fold: stored at its end */

    /* the scan of STATE_DUE resumes at the lowest key that may be live, per priority */
    struct due_key from[DESK_PRIORITIES];
    bool from_known[DESK_PRIORITIES];
    int64_t next_due_ms;     /* earliest backoff seen; INT64_MAX none */
    struct list_node active; /* on desks.active while something may be sent, or on desks.later */
    bool later;              /* which of the two */

    struct list_node telling; /* on desks.telling while notices may be told */
    struct list_node cold;    /* on desks.cold while its next body cannot be asked for */

    struct list news;          /* receipts and proofs that wait to be sent (receipts.c) */
    struct list_node has_news; /* on desks.news while there are any */

    struct list submissions;    /* received and not decided, in that order (join.c) */
    struct list_node verifying; /* on desks.verifying while there are any */

    struct session *receiving;
    struct session *teller; /* the session that granted notices last */
    uint32_t sessions;
    uint32_t sessions_next; /* of them by our next key */
    uint32_t in_flight;
    uint64_t in_flight_bytes;
    uint32_t fetching;
    uint64_t notice_told;  /* last notice sent in this session */
    int64_t line_since_ms; /* wall: last connect or disconnect */

    /* the breaker: the open incident, mirrored from its record, and what may lead to one */
    uint64_t incident; /* its number; 0: none */
    uint16_t incident_code;
    uint32_t incident_count;
    uint32_t probes;
    int64_t probe_due_ms;
    bool probing; /* one leg is out to try */
    struct streak streaks[STREAKS_MAX];
    uint64_t counted;     /* its open legs, as the sweeper counted them last */
    int64_t difference;   /* what that leaves unexplained */
    int64_t line_lost_ms; /* monotonic; 0: not connected since the broker started */

    /* its share of the journal */
    bool share_full;       /* a transfer found no room in it, and nothing of it was closed since */
    int64_t share_said_ms; /* monotonic: last line in the log about it */

    /* rates */
    int64_t hello_minute_ms;
    uint32_t hellos;
    int64_t second_ms;
    uint32_t accepted_this_second;
    uint32_t refused_this_second;
};

struct desks {
    struct desk *slots; /* AGENCIES_MAX + 1 */
    struct list active;
    struct list later; /* what is due waits for its ticket */
    struct list telling;
    struct list cold;
    struct list verifying;
    struct list news;
    uint32_t news_count; /* of all desks */
    uint32_t highest;
};

enum lt_status desks_open(struct desks *desks);
void desks_close(struct desks *desks);

/* The desk of an agency number; made at first use. Number 0 is the desk of "nobody yet". */
struct desk *desk_of(struct desks *desks, uint32_t agency);

/* Something may be sendable: look at it in this turn's dispatch. */
void desk_wake(struct desks *desks, struct desk *desk);
void desk_wait_ticket(struct desks *desks, struct desk *desk);
void desks_ticket(struct desks *desks); /* a ticket came: those that waited are active again */
struct desk *desk_next_active(struct desks *desks); /* takes it off the list; NULL at the end */

/* The fetch pool had no room for its next body, or reads it for another agency: it is active again
 * when there is room, in the order they came. */
void desk_wait_room(struct desks *desks, struct desk *desk);
void desks_room(struct desks *desks, uint32_t room);

/* Notices may be told: look in this turn. */
void desk_tell(struct desks *desks, struct desk *desk);
struct desk *desk_next_telling(struct desks *desks);

/* A due entry appeared: the scan must not start behind it. */
void desk_due(struct desks *desks, struct desk *desk, const struct due_key *key);

#endif
