/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FLOW_H
#define BROKER_FLOW_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "answers.h"
#include "broker/journal/fact.h"
#include "broker/journal/journal.h"
#include "broker/limits.h"
#include "broker/log/door.h"
#include "broker/registry/registry.h"
#include "broker/state/state.h"
#include "cache.h"
#include "carry.h"
#include "desk.h"
#include "fetch.h"
#include "flight.h"
#include "giving.h"
#include "held.h"
#include "log_desk.h"
#include "plans.h"
#include "proto/base/arena.h"
#include "proto/base/uuid7.h"
#include "proto/digest.h"
#include "proto/frame.h"
#include "proto/port.h"
#include "proto/trust.h"
#include "quarantine.h"
#include "sealing.h"
#include "session.h"
#include "sweeper.h"
#include "verify.h"
#include <lienthong/clock.h>

/*
 * What every step of the way works on, in one struct handed from step to step. The core owns it;
 * one thread. Steps read what stands above them in the turn and write what stands below:
 *
 *   intake -> join -> decide -> (journal) -> fold   a fact is staged, folded into the overlay
 *   answers, dispatch, notice                       only what a ticket covers leaves the house
 *
 * The overlay runs ahead of the disk by the batches on their way; `durable` is the line. Nothing
 * above the line is answered, sent or shown: answers wait for their ticket, a due entry carries the
 * position that made it, operators' pages wait like verdicts. A batch is never taken back: it
 * becomes durable, is tried again while the disk is full, or the process ends.
 */
struct flow_settings {
    uint32_t attempts_max;
    int64_t backoff_first_ms;
    int64_t settle_timeout_ms;
    int64_t lease_ms;
    int64_t beat_ms;
    int64_t reconcile_ms;     /* after a restore, before new ids come in */
    int64_t line_incident_ms; /* a line down for longer, with legs waiting: an incident; 0: never */
    int64_t deadline_ms;      /* of kinds that park at their deadline and name none; 0: never */
    int64_t stuck_ms;         /* in one state for longer: an alarm; 0: never */
    bool seals_required;      /* of everybody, not only of those who have a signing key */
    uint32_t plan_items_max;  /* 0: PLAN_ITEMS_MAX */
    uint32_t plan_second_over;      /* items; more, or a second agency: two persons */
    uint64_t share_bytes;           /* of one agency's open transfers; 0: no bound */
    int64_t disk_alarm_ms;          /* the disk is full before that: an alarm; 0: never */
    bool log;                       /* leaves of the log get their seeds */
    const char *blob_endpoint;      /* told in Welcome; "" = next port of the same host */
    const char *blob_endpoint_next; /* the same, to who came in by our next key */
    const char *software;
};

struct flow;
struct session;

/* The journal as restored from a backup, if it ever was (restored.h). */
struct flow_restored {
    uint32_t incarnation; /* 0: never */
    uint64_t to;          /* the backup reached to here */
    int64_t declared_ms;
    bool reconciling; /* ids made after the declaration wait */
};

/* Who answers operators: control/, wired by the core. LT_OK or a stop class. */
struct flow_operators {
    void *self;
    enum lt_status (*take)(void *self, struct flow *flow, struct session *session,
                           const struct query *query);
    /* May this person act on legs of that agency ("": of nobody yet)? NULL: everybody may. */
    bool (*in_scope)(void *self, const char *person, const char *agency);
    /* Every turn: says in the log what must not be waited for to be asked. NULL: nobody does. */
    void (*watch)(void *self, const struct flow *flow);
};

/* Who answers an agency that asks for a new certificate over its session: the core's enrol_desk.
 * `take` NULL: nobody does, and the frame is an unfit one. */
struct flow_enrol {
    void *self;
    void (*take)(void *self, struct flow *flow, struct session *session,
                 const struct port_peer *peer, struct lt_bytes request);
};

/* Where the broker is, for whoever looks after a crash: `agency` whose frame is being handled, 0
 * none. `note` may be NULL. */
struct flow_trace {
    void *self;
    void (*note)(void *self, uint32_t agency, uint64_t position);
};

struct flow_counters {
    uint64_t frames;
    uint64_t frames_refused;
    uint64_t accepted;
    uint64_t refused;
    uint64_t known; /* the same thing again */
    uint64_t delivered;
    uint64_t deliver_frames;
    uint64_t settled;
    uint64_t returned;
    uint64_t parked;
    uint64_t sessions_opened;
    uint64_t sessions_closed;
    uint64_t receipts_unsent; /* no session, or too many waiting: to be asked for */
    uint64_t moves_refused;
    uint64_t damaged;
    uint64_t seals;       /* Submits under a good one */
    uint64_t seals_stale; /* of them by the grace of a late list */
};

struct flow {
    /* given */
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    struct server_port port;
    struct journal *journal;
    struct state *state;
    struct registry *registry;
    struct digester *digester;
    struct sign_checker *checker;
    struct trust *trust; /* NULL: no certificate counts */
    struct fetch *fetch;
    struct verifier verifier;
    struct flow_settings settings;
    struct flow_operators operators;
    struct flow_enrol enrol;
    struct flow_trace trace;
    struct log_door log; /* take NULL: there is none */

    /* of this turn */
    struct arena arena;
    int64_t now_ms; /* the time of the axis: wall, or by the monotonic clock when that is suspect */
    int64_t mono_ms; /* monotonic */
    uint64_t durable;
    uint64_t log_told; /* what the signer knows to be durable */

    /* kept */
    struct sessions sessions;
    struct desks desks;
    struct flights flights;
    struct answers answers;
    struct cache cache;
    struct held held;
    struct log_desk log_desk;
    uint32_t verifying; /* submissions kept over turns, and the memory they hold */
    uint64_t verifying_bytes;
    struct givings givings;
    struct plans plans;
    struct flow_counters counters;
    struct quarantine quarantine;
    uint64_t batch_start;   /* last position of the batch before the one being staged */
    uint64_t batch_bytes;   /* payloads staged in it */
    uint64_t seed_position; /* of the last FACT_SEED */
    int64_t swept_ms;       /* monotonic: last look at every session */
    int64_t opened_ms;      /* monotonic: this broker's start */
    uint64_t opened_at;     /* the journal's last position then, and its time */
    int64_t opened_at_ms;
    uint64_t run;       /* random: tells this start from any other */
    uint64_t incidents; /* the last number given */
    struct sweeper sweeper;
    uint32_t line_swept;    /* agencies whose line was looked at last */
    bool clock_suspect;     /* nothing expires, no legal stamp is given; transfers flow */
    bool clock_confirmed;   /* an operator says the wall clock is right: the next turn takes it */
    int64_t clock_drift_ms; /* wall clock minus now_ms */
    struct flow_restored restored;
    uint64_t backed_up_to; /* a backup holds everything up to here; 0: none was made */
    uint64_t archived_to;  /* complete months of an archive do */
    uint64_t cut_below;    /* the journal was cut below this position; 0: never */
    struct carry carry;
    bool intake_closed;   /* free space under the mark */
    int64_t disk_left_ms; /* until it is, as the last hours went; -1: not in sight */
    bool base_damaged;    /* the base does not read, as the background check saw it last */
    bool draining;
    bool commit_full;       /* the last commit met a full disk */
    uint32_t format;        /* of the journal, as it may be written now (enable.h) */
    int64_t stale_noted_ms; /* monotonic: a late list was told of in the log */
    uint32_t random;        /* jitter, stirred from entropy */
};

/*
 * Stages a fact and folds it: the one door by which anything changes. LT_BUSY: the batch or the
 * overlay has no room; nothing was changed, try again next turn. LT_FORMAT_NOT_ENABLED: a later
 * format brought that kind (enable.h); nothing was changed. Any stop class ends the process.
 */
LT_CHECK enum lt_status flow_fact(struct flow *flow, uint8_t kind, struct lt_bytes payload,
                                  uint64_t *ret_position);

/* The same for an acceptance whose header is decoded already. */
LT_CHECK enum lt_status flow_fact_accepted(struct flow *flow, struct lt_bytes payload,
                                           const struct header *header, uint64_t *ret_position);

/* Room for a whole frame's facts in the present batch and in the overlay? */
bool flow_room(const struct flow *flow);
/* Under the mark, or a store found no room: intake answers LT_DISK_RESERVE, the rest goes on. */
bool flow_disk_full(const struct flow *flow);
/* It will be before settings.disk_alarm_ms are over, at the pace of the last hours. */
bool flow_disk_soon_full(const struct flow *flow);

/* Room for one more small fact (a return, an act, a notice cursor) and what follows from it? */
bool flow_room_small(const struct flow *flow);

/* Says whose frame is handled from here on; 0: nobody's. */
void flow_note(const struct flow *flow, uint32_t agency);

/* A fact that does not read: counted, shown, logged once. */
void flow_set_aside(struct flow *flow, uint64_t position, uint8_t kind, const char *why);

uint32_t flow_random(struct flow *flow);

#endif
