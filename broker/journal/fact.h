/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_FACT_H
#define BROKER_JOURNAL_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/wire.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * What a fact's payload says, kind by kind: plain structs, written and read with wire.h. Views
 * point into the payload. Agencies are named by number (registry: given once, never reused; 0 =
 * none). Unknown kinds stop the fold: a newer release wrote them.
 */
enum fact_kind {
    FACT_DAMAGED = 0,    /* never written: what a walk shows in place of a damaged fact */
    FACT_EPOCH = 1,      /* a broker opened the journal */
    FACT_ACCEPTED = 2,   /* a transfer and its legs: received bytes as they came */
    FACT_REFUSED = 3,    /* a decision kept without a transfer: a refusal, or a twin's other name */
    FACT_SENT = 4,       /* legs given to a session */
    FACT_SETTLED = 5,    /* what the receiver said of a leg, and what follows from it */
    FACT_RETURNED = 6,   /* sent legs whose session ended or stayed silent: to be sent again */
    FACT_ACT = 7,        /* what an operator did with a leg */
    FACT_ASSIGNED = 8,   /* new legs for a transfer parked as undetermined */
    FACT_NOTICED = 9,    /* an agency stored its notices up to a cursor */
    FACT_REGISTRY = 10,  /* a change of the registry */
    FACT_BLOB = 11,      /* an attachment is durable and belongs to an agency */
    FACT_BLOB_GONE = 12, /* an orphan was collected */
    FACT_FORMAT = 13,    /* a format may be written from here on; format.h has it */
    FACT_HELD = 14,      /* what a receiver's local system said of a leg when it was asked */
    FACT_REROUTED = 15,  /* a leg ended here, a new one of the same transfer goes elsewhere */
    FACT_INCIDENT = 16,  /* one cause at one agency: opened, tried again, closed, noted */
    FACT_TIMED = 17,     /* what time alone did to a leg */
    FACT_PLAN = 18,      /* a replay plan was begun; fact_plan.h has these four */
    FACT_PLAN_ITEMS = 19, /* legs that belong to it: the frozen set is these, no file beside */
    FACT_PLAN_STEP = 20,  /* one of them carried out or passed over */
    FACT_PLAN_STATE = 21, /* the plan went on: frozen, approved, running, ... */
    FACT_BACKUP = 22,     /* a copy, or the preparation of a cut, reaches up to a position */
    FACT_CARRIED = 23,  /* the bytes of a transfer again, because a cut will take the first ones */
    FACT_CUT = 24,      /* the journal begins at a position now; a base stands for what is gone */
    FACT_RESTORED = 25, /* the journal was restored from a backup: declared, and done */
    FACT_SHIELD = 27,   /* an agency is kept out after crashes, or let in again */
    FACT_CLOCK = 28,    /* the wall clock became suspect, agreed again, or was confirmed */
    FACT_SEED = 29,     /* chance for the salts of this record's leaves: stands before the first */
    FACT_SEAL = 30,     /* the seal of a Submit, before what it covers; fact_seal.h */
    FACT_ENROL = 39,    /* a request to be let in was approved or refused; fact_enrol.h */
    FACT_SEEN = 40,     /* a person saw what is masked, and said what for; fact_seen.h */
    FACT_KINDS_END = 41,
    FACT_TRIAL = 255, /* of the next format: says nothing; only a test's broker knows it */
};

struct fact_epoch {
    uint64_t epoch;
    struct lt_bytes software;
};

struct fact_leg {    /* as decided at acceptance */
    uint32_t agency; /* 0: nobody yet */
    uint16_t parked; /* 0, or the status code that parks it at once (164, 165, 167) */
};

struct fact_accepted {
    uint32_t from;
    struct lt_digest digest; /* SHA-256(header || body) */
    struct lt_bytes header;
    struct lt_bytes body;
    struct lt_bytes seal; /* a link, fact_seal.h; empty: not sealed */
    struct fact_leg legs[LT_LEGS_MAX];
    uint32_t legs_count;
};

/* With code 0 and known_as: another name of that transfer of the same sender (wiped adapter). */
struct fact_refused {
    uint32_t from;
    struct lt_id id;
    struct lt_digest digest;
    uint16_t code;
    struct lt_id known_as;
};

struct fact_sent_item {
    uint64_t position; /* of the accepted fact */
    uint8_t leg;
    uint16_t attempt;
};
struct fact_sent {
    uint32_t agency;
    const uint8_t *items; /* count x 11 bytes; fact_sent_at reads one */
    uint32_t count;
};

struct fact_settled {
    uint64_t position; /* of the accepted fact */
    uint8_t leg;
    uint16_t attempt;
    uint32_t agency;
    uint8_t outcome; /* enum lt_outcome; NONE: nobody said it, the axis cannot read the bytes */
    uint16_t code;
    bool permanent;
    uint8_t next;   /* enum leg_state the leg goes to: decided before, folded after */
    int64_t due_ms; /* with backoff: jitter is in it */
    int64_t decided_ms;
    struct lt_bytes reason;
};

struct fact_returned {
    uint64_t position;
    uint8_t leg;
    uint32_t agency;
    uint16_t code; /* LT_RECEIVER_UNREACHABLE, LT_TIMEOUT */
    int64_t due_ms;
};

enum act_kind {
    ACT_REPLAY = 1, /* parked -> ready or behind */
    ACT_HOLD = 2,
    ACT_RELEASE = 3,
    ACT_CANCEL = 4,
    ACT_EXPIRE = 5,
    ACT_SKIP = 6,     /* parked or held: steps aside, its lane goes on */
    ACT_REROUTE = 7,  /* of plans and wishes; the fact is FACT_REROUTED */
    ACT_REDIRECT = 8, /* of plans: every open leg of an agency to its successor */
};

/* `second` and `risk` came later and are written only when they say something: plain acts stay
 * readable by the releases before. */
struct fact_act {
    uint64_t position;
    uint8_t leg;
    uint8_t act;
    uint8_t next; /* enum leg_state */
    struct lt_bytes person;
    struct lt_bytes reason;
    struct lt_bytes second; /* who agreed to what has an unknown outcome; empty: nobody had to */
    bool risk;              /* of a double effect: the receiver was asked in vain */
};

/* The attachments are named again: who gets a leg now may fetch them. */
struct fact_attachment {
    struct lt_digest sha256;
    uint64_t size;
};

struct fact_assigned {
    uint64_t position;
    struct lt_bytes person;
    struct fact_leg legs[LT_LEGS_MAX];
    uint32_t legs_count;
    struct fact_attachment attachments[LT_ATTACHMENTS_MAX];
    uint32_t attachments_count;
};

struct fact_rerouted {
    uint64_t position;
    uint8_t leg; /* the old one: it ends as cancelled */
    uint32_t to; /* the new one's agency */
    struct lt_bytes person;
    struct lt_bytes reason;
    struct lt_bytes second;
    bool risk;
    struct fact_attachment attachments[LT_ATTACHMENTS_MAX];
    uint32_t attachments_count;
};

struct fact_held {
    uint64_t position;
    uint8_t leg;
    uint16_t attempt; /* the last one when it was asked */
    uint32_t agency;
    uint8_t held;    /* enum lt_held */
    uint8_t outcome; /* enum lt_outcome, 0: no decision yet */
    uint16_t code;
    int64_t decided_ms;
    struct lt_bytes by; /* which system was asked */
    struct lt_bytes reason;
};

enum incident_change {
    INCIDENT_OPENED = 1,
    INCIDENT_TRIED = 2, /* a probe failed */
    INCIDENT_CLOSED = 3,
    INCIDENT_NOTED = 4, /* a person wrote who looks after it */
};

struct fact_incident {
    uint64_t number;
    uint32_t agency;
    uint16_t code;  /* the class of reply that opened it */
    uint8_t change; /* enum incident_change */
    uint32_t count; /* failures so far */
    int64_t due_ms; /* of the next probe: jitter is in it */
    struct lt_bytes person;
    struct lt_bytes reason;
};

struct fact_timed {
    uint64_t position;
    uint8_t leg;
    uint16_t code; /* LT_DEADLINE_PASSED */
    uint8_t next;  /* enum leg_state */
};

struct fact_noticed {
    uint32_t agency;
    uint64_t cursor;
};

enum registry_change {
    REGISTRY_AGENCY = 1,
    REGISTRY_ROUTE = 2,
    REGISTRY_ROUTE_GONE = 3,
    REGISTRY_SEAL_KEY = 4,
    REGISTRY_RIGHTS = 5
};

/* The whole entry as agency.h or seal_key.h writes it: last one wins. The reason came later. */
struct fact_registry {
    uint8_t change; /* enum registry_change */
    struct lt_bytes person;
    struct lt_bytes entry;
    struct lt_bytes reason; /* of an operator's act; empty: none was given */
};

struct fact_blob {
    uint32_t agency;
    struct lt_digest sha256;
    uint64_t size;
};

struct fact_blob_gone {
    struct lt_digest sha256;
};

enum restored_change { RESTORED_DECLARED = 1, RESTORED_DONE = 2 };

struct fact_restored {
    uint8_t change; /* enum restored_change */
    uint32_t incarnation;
    uint64_t position; /* the restored journal reached to here */
    struct lt_bytes person;
    struct lt_bytes reason;
};

struct fact_shield {
    uint32_t agency;
    bool on;
    struct lt_bytes person; /* empty: the broker itself */
    struct lt_bytes reason;
};

enum clock_change { CLOCK_SUSPECT = 1, CLOCK_AGREES = 2, CLOCK_CONFIRMED = 3 };

struct fact_clock {
    uint8_t change;
    int64_t drift_ms; /* wall clock minus the time of the axis */
    struct lt_bytes person;
    struct lt_bytes reason;
};

/* What reaches up to a position; a fact without this field is about a backup. */
enum mark_what {
    MARK_BACKUP = 0,
    MARK_ARCHIVE = 1, /* complete months of an archive hold everything up to there */
    MARK_CARRY = 2,   /* what is live below the position is to be carried over it */
    MARK_CARRIED = 3, /* nothing live lies below the position any more */
};
struct fact_backup {
    uint64_t position;
    struct lt_bytes person;
    uint8_t what; /* enum mark_what */
};

/* Stands in for the acceptance from here on: `accepted` is its payload to the byte, or empty when
 * that did not read any more. Of one sealed with others the proof stands beside it
 * (seal_proof_write), because the FACT_SEAL goes with the cut; the field came later, empty is not
 * written. */
struct fact_carried {
    uint64_t position; /* of the accepted fact */
    int64_t time_ms;   /* of the accepted fact */
    struct lt_bytes accepted;
    struct lt_bytes proof;
};

struct fact_cut {
    uint64_t below;
    struct lt_digest base; /* of the base that was written before */
    struct lt_bytes person;
};

/* Writers give the payload inside `memory` (size bytes), or an empty run when it does not fit. */
struct lt_bytes fact_write_epoch(void *memory, size_t size, const struct fact_epoch *f);
struct lt_bytes fact_write_accepted(void *memory, size_t size, const struct fact_accepted *f);
struct lt_bytes fact_write_refused(void *memory, size_t size, const struct fact_refused *f);
struct lt_bytes fact_write_sent(void *memory, size_t size, uint32_t agency,
                                const struct fact_sent_item *items, uint32_t count);
struct lt_bytes fact_write_settled(void *memory, size_t size, const struct fact_settled *f);
struct lt_bytes fact_write_returned(void *memory, size_t size, const struct fact_returned *f);
struct lt_bytes fact_write_act(void *memory, size_t size, const struct fact_act *f);
struct lt_bytes fact_write_assigned(void *memory, size_t size, const struct fact_assigned *f);
struct lt_bytes fact_write_rerouted(void *memory, size_t size, const struct fact_rerouted *f);
struct lt_bytes fact_write_held(void *memory, size_t size, const struct fact_held *f);
struct lt_bytes fact_write_incident(void *memory, size_t size, const struct fact_incident *f);
struct lt_bytes fact_write_timed(void *memory, size_t size, const struct fact_timed *f);
struct lt_bytes fact_write_noticed(void *memory, size_t size, const struct fact_noticed *f);
struct lt_bytes fact_write_registry(void *memory, size_t size, const struct fact_registry *f);
struct lt_bytes fact_write_blob(void *memory, size_t size, const struct fact_blob *f);
struct lt_bytes fact_write_blob_gone(void *memory, size_t size, const struct fact_blob_gone *f);
struct lt_bytes fact_write_backup(void *memory, size_t size, const struct fact_backup *f);
struct lt_bytes fact_write_restored(void *memory, size_t size, const struct fact_restored *f);
struct lt_bytes fact_write_carried(void *memory, size_t size, const struct fact_carried *f);
struct lt_bytes fact_write_cut(void *memory, size_t size, const struct fact_cut *f);
struct lt_bytes fact_write_shield(void *memory, size_t size, const struct fact_shield *f);
struct lt_bytes fact_write_clock(void *memory, size_t size, const struct fact_clock *f);

/* Readers: false when the payload does not read whole. */
LT_CHECK bool fact_read_epoch(struct lt_bytes payload, struct fact_epoch *ret);
LT_CHECK bool fact_read_accepted(struct lt_bytes payload, struct fact_accepted *ret);
LT_CHECK bool fact_read_refused(struct lt_bytes payload, struct fact_refused *ret);
LT_CHECK bool fact_read_sent(struct lt_bytes payload, struct fact_sent *ret);
struct fact_sent_item fact_sent_at(const struct fact_sent *sent, uint32_t index);
LT_CHECK bool fact_read_settled(struct lt_bytes payload, struct fact_settled *ret);
LT_CHECK bool fact_read_returned(struct lt_bytes payload, struct fact_returned *ret);
LT_CHECK bool fact_read_act(struct lt_bytes payload, struct fact_act *ret);
LT_CHECK bool fact_read_assigned(struct lt_bytes payload, struct fact_assigned *ret);
LT_CHECK bool fact_read_rerouted(struct lt_bytes payload, struct fact_rerouted *ret);
LT_CHECK bool fact_read_held(struct lt_bytes payload, struct fact_held *ret);
LT_CHECK bool fact_read_incident(struct lt_bytes payload, struct fact_incident *ret);
LT_CHECK bool fact_read_timed(struct lt_bytes payload, struct fact_timed *ret);
LT_CHECK bool fact_read_noticed(struct lt_bytes payload, struct fact_noticed *ret);
LT_CHECK bool fact_read_registry(struct lt_bytes payload, struct fact_registry *ret);
LT_CHECK bool fact_read_blob(struct lt_bytes payload, struct fact_blob *ret);
LT_CHECK bool fact_read_blob_gone(struct lt_bytes payload, struct fact_blob_gone *ret);
LT_CHECK bool fact_read_backup(struct lt_bytes payload, struct fact_backup *ret);
LT_CHECK bool fact_read_restored(struct lt_bytes payload, struct fact_restored *ret);
LT_CHECK bool fact_read_carried(struct lt_bytes payload, struct fact_carried *ret);
LT_CHECK bool fact_read_cut(struct lt_bytes payload, struct fact_cut *ret);
LT_CHECK bool fact_read_shield(struct lt_bytes payload, struct fact_shield *ret);
LT_CHECK bool fact_read_clock(struct lt_bytes payload, struct fact_clock *ret);

/* The acceptance of `position`, out of that fact or of one that carried it; false: neither. */
struct fact;
LT_CHECK bool fact_acceptance(const struct fact *fact, uint64_t position, int64_t *ret_time_ms,
                              struct lt_bytes *ret_payload);

const char *act_kind_name(uint8_t act); /* "" when unknown */
const char *fact_kind_name(uint8_t kind);

#endif
