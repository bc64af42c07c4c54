/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_CLIENT_H
#define LIENTHONG_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/clock.h>
#include <lienthong/export.h>
#include <lienthong/status.h>
#include <lienthong/transfer.h>
#include <lienthong/types.h>

/*
 * liblienthong: one agency's end of the axis, durable. What lt_client_submit has accepted is on
 * disk (level 0) and reaches the axis however long the line is down; what the axis delivers is on
 * disk before it is shown; every outcome becomes an event in one ordered, re-readable feed.
 *
 * Threads: every lt_client_* function may be called from any thread. Either one thread calls
 * lt_client_run, or a host drives many clients by lt_host_run (adapter.h).
 *
 * Errors: `struct lt_problem` says what, where and what to do; the class of the status decides.
 */
struct lt_client;

struct lt_problem {
    enum lt_status status;
    char field[48];
    char detail[208];
};

struct lt_client_options {
    const char *agency;        /* our agency id */
    const char *folder;        /* box.mdb, blobs/; made with mode 0700 */
    const char *endpoint;      /* tcp://axis:7760 */
    const char *blob_endpoint; /* NULL: what Welcome says */
    const char *server_key;    /* 64 hex digits or a .pub file */
    const char *secret_key;    /* .key file, mode 0600 */
    uint64_t outbox_bytes_max; /* 0: 1 GiB; over it: LT_OUTBOX_FULL */
    uint64_t blob_bytes_max;   /* 0: 20 GiB of local attachments */
    uint32_t blob_kib_s;       /* upload cap; 0 none */
    uint32_t deliver_parcels;  /* window granted to the axis; 0: 256 */
    bool restoring;            /* nothing is granted, nothing submitted: restore.h */
    const char *signing_key; /* PEM, mode 0600: what is sent is sealed with it; NULL: nothing is */
    /* The key of the axis' log: NAME+ID+BASE64, or the path (/...) of a file that has it. NULL: the
     * first one told is kept. */
    const char *log_key;
    /* Folder of signing keys of senders, FOLDER/AGENCY/NAME.pem, which their seals are checked
     * with; NULL: seals are kept and not checked. */
    const char *sender_keys;
    uint32_t receipt_wait_s; /* session time until a receipt is overdue; 0: 60 */
    uint32_t event_days;     /* events, settled inbox items, done outbox items kept; 0: 30 */
};

LT_EXPORT LT_CHECK enum lt_status lt_client_open(struct lt_client **ret_client,
                                                 const struct lt_client_options *options,
                                                 struct lt_problem *problem);
LT_EXPORT void lt_client_close(struct lt_client **client_p);

/* Drives the client until lt_client_stop; returns after a Bye and at most 2 s of drain. */
LT_EXPORT enum lt_status lt_client_run(struct lt_client *client);
LT_EXPORT void lt_client_stop(struct lt_client *client);

/* ---- sending ---------------------------------------------------------------------------- */

enum lt_sent_state {
    LT_SENT_RECORDED = 1, /* level 0: durable here */
    LT_SENT_ACCEPTED = 2, /* level 1: durable at the axis */
    LT_SENT_REFUSED = 3,  /* refused by the axis for good; see code */
    LT_SENT_DONE = 4,     /* every leg has a final state */
};

struct lt_sent {
    struct lt_id id;
    enum lt_sent_state state;
    enum lt_status code;
    char field[48];
    char detail[208];
    bool known; /* this sender key was here before: nothing new was made */
    uint64_t sequence;
    int64_t recorded_ms;
    int64_t accepted_ms;
    enum lt_kind kind;
    char case_code[LT_CASE_CODE_MAX + 1];
    uint8_t sender_key[LT_SENDER_KEY_MAX];
    uint32_t sender_key_size;
};

/*
 * Durable when it returns LT_OK. The same sender key with the same content gives the first id and
 * `known`; with other content LT_KEY_CONFLICT and the differing field where it can be told. Fills
 * id, from, after (our previous transfer of the same case), digests, times and the procedure's
 * normal form. LT_FIELD_*, LT_BODY_TOO_LARGE, LT_BLOB_MISSING (attachment not in the local store),
 * LT_OUTBOX_FULL, LT_DISK_RESERVE.
 */
LT_EXPORT LT_CHECK enum lt_status lt_client_submit(struct lt_client *client,
                                                   const struct lt_request *request,
                                                   struct lt_sent *ret_sent,
                                                   struct lt_problem *problem);

/* Waits until the transfer is past LT_SENT_RECORDED; LT_TIMEOUT gives the present state. */
LT_EXPORT LT_CHECK enum lt_status lt_client_wait(struct lt_client *client, const struct lt_id *id,
                                                 int timeout_ms, struct lt_sent *ret_sent);

LT_EXPORT LT_CHECK enum lt_status lt_client_sent(struct lt_client *client, const struct lt_id *id,
                                                 struct lt_sent *ret_sent);

/* The encoded Header of one of our transfers as it was sent, at most LT_HEADER_BYTES_MAX bytes into
 * `out`. LT_NOT_HERE also once it is forgotten. */
LT_EXPORT LT_CHECK enum lt_status lt_client_sent_header(struct lt_client *client,
                                                        const struct lt_id *id, uint8_t *out,
                                                        uint32_t out_size, uint32_t *ret_size);

/* Our transfers, oldest first, from sequence `after` + 1 on; returns how many were filled. */
struct lt_sent_filter {
    const char *case_code; /* NULL: any */
    int state;             /* 0: any, else enum lt_sent_state */
    int64_t since_ms;
};
LT_EXPORT uint32_t lt_client_sent_list(struct lt_client *client,
                                       const struct lt_sent_filter *filter, uint64_t after,
                                       struct lt_sent *out, uint32_t count);

/* ---- events: one ordered feed of every outcome -------------------------------------------- */

struct lt_event {
    uint64_t cursor; /* 1, 2, 3 ... */
    int64_t time_ms;
    char what[24]; /* accepted, refused, taken, parked, ... : leg states and verdicts */
    struct lt_id id;
    uint32_t leg;
    char agency[LT_AGENCY_ID_MAX + 1];
    enum lt_status code;
    char reason[LT_REASON_MAX + 1];
    uint32_t level;
    char case_code[LT_CASE_CODE_MAX + 1];
    uint8_t sender_key[LT_SENDER_KEY_MAX];
    uint32_t sender_key_size;
};

/* Events after `after`; waits up to wait_ms for the first. Returns how many were filled. */
LT_EXPORT uint32_t lt_client_events(struct lt_client *client, uint64_t after, int wait_ms,
                                    struct lt_event *out, uint32_t count);

/* ---- receiving -------------------------------------------------------------------------- */

/* What is known here of the sender's own seal. One that does not fit is never shown: the delivery
 * is given back to the axis as a technical failure. */
enum lt_seal_state {
    LT_SEAL_NONE = 0,    /* the sender does not seal, or it came from an axis that does not tell */
    LT_SEAL_KEPT = 1,    /* kept, not checked: its key is not among sender_keys */
    LT_SEAL_CHECKED = 2, /* it is the sender's, over these very bytes */
};

/* One delivered leg. Views live until lt_inbox_release. */
struct lt_delivery {
    struct lt_id id;
    uint32_t leg;
    uint32_t attempt;
    bool again;    /* may have been seen before */
    bool restored; /* given back after a restore: no citizen is told a second time */
    bool sent;     /* restored, and a transfer of our own */
    int64_t accepted_ms;
    int64_t lease_until_ms;
    char from[LT_AGENCY_ID_MAX + 1];
    struct lt_bytes header; /* encoded Header, as signed */
    struct lt_bytes body;   /* also when it travelled as an attachment */
    bool complete;          /* every attachment is in the local store */
    enum lt_seal_state seal_state;
    struct lt_bytes seal; /* seal, place and path, as LTP.md section 16 writes them; empty: none */
};

/*
 * Leases up to `count` deliveries to `node` (a name of the calling application node) for lease_ms,
 * in order per case: a case's next delivery is not given before the one in front is settled. Only
 * complete ones. Waits up to wait_ms for the first. Each must be given back by lt_inbox_release
 * (memory only) and answered by lt_client_settle.
 */
LT_EXPORT uint32_t lt_client_inbox(struct lt_client *client, const char *node, int64_t lease_ms,
                                   int wait_ms, struct lt_delivery *out, uint32_t count);
LT_EXPORT void lt_inbox_release(struct lt_delivery *deliveries, uint32_t count);
LT_EXPORT LT_CHECK enum lt_status lt_client_renew(struct lt_client *client, const struct lt_id *id,
                                                  uint32_t leg, const char *node, int64_t lease_ms);

struct lt_answer {
    enum lt_outcome outcome;
    enum lt_status code; /* 150..199 of errors.def; LT_OK with taken */
    const char *reason;
    uint32_t retry_after_ms;
    bool permanent;
    int64_t decided_ms;
};

/* Durable when it returns LT_OK, and then told to the axis until the axis has confirmed. The first
 * answer stands: the same again is LT_OK, another is LT_ALREADY_SETTLED. LT_LEASE_LOST,
 * LT_NOT_HERE. LT_OUTCOME_LATER gives the delivery back to the inbox after retry_after_ms. */
LT_EXPORT LT_CHECK enum lt_status lt_client_settle(struct lt_client *client, const struct lt_id *id,
                                                   uint32_t leg, const char *node,
                                                   const struct lt_answer *answer);

/* ---- does the local system hold it? ------------------------------------------------------------
 */

/*
 * Before a transfer that was once sent is cancelled or sent elsewhere, the axis asks whether the
 * receiver's LOCAL SYSTEM has it; a restore asks the same for everything. Whoever stands next to
 * the local system takes the questions, asks it, and answers. What this client remembers of a
 * delivery is no answer. A question without an answer is told as unknown after LT_HELD_WAIT_MS.
 */
#define LT_HELD_WAIT_MS 8000
#define LT_HELD_BY_MAX  128

struct lt_question {
    uint64_t number; /* 1, 2, 3 ... of this client */
    bool ping;       /* about nothing: does the local system answer at all? */
    bool sent;       /* about a transfer of our own */
    struct lt_id id;
    uint32_t leg;
    uint64_t position;
    struct lt_digest digest;
    int64_t until_ms; /* no answer is of use after that */
    /* what is known here to find it by; empty when nothing is */
    char from[LT_AGENCY_ID_MAX + 1];
    char case_code[LT_CASE_CODE_MAX + 1];
    uint8_t sender_key[LT_SENDER_KEY_MAX];
    uint32_t sender_key_size;
};

/* Open questions with a number above `after`, oldest first; waits up to wait_ms for the first. */
LT_EXPORT uint32_t lt_client_questions(struct lt_client *client, uint64_t after, int wait_ms,
                                       struct lt_question *out, uint32_t count);

struct lt_held_answer {
    enum lt_held held;
    enum lt_outcome outcome; /* what the local system did with it, as far as it knows */
    enum lt_status code;
    int64_t time_ms;         /* when it decided; 0 not known */
    struct lt_digest digest; /* of the parcel it has; empty: it does not keep that */
    char reason[LT_REASON_MAX + 1];
    char by[LT_HELD_BY_MAX + 1]; /* which local system was asked, and how */
};

/*
 * LT_NOT_HERE: its time is over, or it was answered. "No" about a delivery that still waits here is
 * told as no only after it was given back to the axis, and as unknown while a node works on it.
 */
LT_EXPORT LT_CHECK enum lt_status lt_client_held_answer(struct lt_client *client, uint64_t number,
                                                        const struct lt_held_answer *answer);

/* Asks the local system the same way, up to LT_HELD_ASKS_MAX at once; the questions' numbers are
 * given here. Returns when each has its answer or its time is over. */
#define LT_HELD_ASKS_MAX 64
LT_EXPORT void lt_client_ask_local(struct lt_client *client, const struct lt_question *asks,
                                   uint32_t count, struct lt_held_answer *out);

/* ---- attachments --------------------------------------------------------------------------- */

/* Resumable: *ret_offset says how many bytes are here already (== size: complete). */
LT_EXPORT LT_CHECK enum lt_status lt_client_blob_have(struct lt_client *client,
                                                      const struct lt_digest *sha256,
                                                      uint64_t *ret_offset, bool *ret_complete);
/* Appends at `offset` (LT_BLOB_OFFSET when it is not the end). `last` verifies the digest
 * (LT_BLOB_HASH_WRONG removes the part). */
LT_EXPORT LT_CHECK enum lt_status lt_client_blob_put(struct lt_client *client,
                                                     const struct lt_digest *sha256,
                                                     uint64_t offset, struct lt_bytes bytes,
                                                     bool last, struct lt_problem *problem);
/* Path of a complete local attachment; the file must not be changed. LT_NOT_HERE. */
LT_EXPORT LT_CHECK enum lt_status lt_client_blob_path(struct lt_client *client,
                                                      const struct lt_digest *sha256, char *out,
                                                      uint32_t out_size);

/* ---- state ---------------------------------------------------------------------------------- */

#define LT_LOG_KEY_MAX 512

struct lt_client_state {
    bool connected; /* a session stands */
    bool standby;
    bool key_refused;
    int64_t since_ms; /* wall time of the last change */
    int64_t skew_ms;  /* broker clock minus ours */
    uint64_t outbox;  /* recorded and not yet decided by the axis */
    uint64_t outbox_bytes;
    uint64_t inbox;       /* delivered and not yet settled */
    uint64_t unconfirmed; /* settled here, not yet confirmed by the axis */
    uint64_t uploads;     /* attachments waiting to go up */
    uint64_t last_cursor;
    char last_problem[160];
    uint64_t receipts;          /* of the axis, proven and kept since the start */
    uint64_t receipts_missing;  /* accepted or settled, and no receipt yet */
    bool receipts_overdue;      /* the oldest of them for longer than receipt_wait_s: an alarm */
    uint64_t log_size;          /* of the newest checkpoint of its log that is believed */
    int64_t log_time_ms;        /* of that checkpoint, as the axis says; 0: it does not */
    enum lt_status log_refused; /* not LT_OK: its log is not believed, and why: an alarm */
    bool log_pinned;            /* its key was configured, not learnt */
    char log_key[LT_LOG_KEY_MAX];
};
LT_EXPORT void lt_client_state(struct lt_client *client, struct lt_client_state *ret_state);
LT_EXPORT const char *lt_client_agency(const struct lt_client *client);

#endif
