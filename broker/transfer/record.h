/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_TRANSFER_RECORD_H
#define BROKER_TRANSFER_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "leg.h"
#include <lienthong/types.h>

/*
 * Keys and values of state.mdb as structs. Keys are big-endian, so that memcmp order is the order
 * of the numbers. Writers fill caller's memory and give the run; readers copy, nothing points back.
 */
#define RECORD_KEY_MAX   96
#define RECORD_VALUE_MAX 1024

/* Names a transfer: id and its sender (ids of two senders are never the same transfer). */
struct transfer_key {
    struct lt_id id;
    uint32_t from;
};

struct lane {
    uint8_t bytes[16]; /* the first half of SHA-256(case code) */
};

#define LEG_FLAG_SENT_ONCE 1 /* something may have happened at the receiver: outcome unknown */
#define LEG_FLAG_ASIDE     2 /* parked or held without holding its lane */
#define LEG_FLAG_KEPT      4 /* a person sent it again: it does not park by time any more */

struct leg {
    uint32_t agency;
    enum leg_state state;
    uint8_t flags;
    uint8_t priority;  /* effective: a lane's head inherits the highest behind it */
    uint8_t failures;  /* classified technical refusals: these use up attempts */
    uint16_t attempts; /* deliveries tried */
    uint16_t code;     /* of the last refusal, failure or parking */
    int64_t due_ms;
    int64_t since_ms;
};

/* STATE_TRANSFERS: transfer_key -> this. */
struct transfer {
    uint16_t code;            /* 0 accepted; else the refusal kept */
    struct transfer_key twin; /* code 0 and twin.from != 0: this id is another name of that one */
    struct lt_digest digest;
    uint64_t position;
    uint64_t bytes_at; /* position of the fact that holds its bytes: its own, or where carried to */
    int64_t time_ms;
    enum lt_kind kind;
    uint8_t priority;
    struct lane lane;
    uint32_t parcel_bytes;
    int64_t deadline_ms; /* what its header asks; 0: nothing */
    struct lt_id after;
    char case_code[LT_CASE_CODE_MAX + 1];
    char procedure[LT_PROCEDURE_MAX + 1];
    uint8_t sender_key[LT_SENDER_KEY_MAX];
    uint8_t sender_key_size;
    uint8_t legs_count;
    struct leg legs[LT_LEGS_MAX];
};

/* STATE_KEYS: agency, sender key -> this. */
struct known_key {
    struct lt_id id;
    struct lt_digest content_digest;
};

/* STATE_DUE: where a lane's head waits to be sent. */
struct due_key {
    uint32_t agency;
    uint8_t priority;
    int64_t due_ms;
    uint64_t position;
    uint8_t leg;
};
#define DUE_KEY_AGENCY_BYTES   4 /* what all keys of one agency, */
#define DUE_KEY_PRIORITY_BYTES 5 /* and of one priority of it, begin with */
struct due {
    struct transfer_key transfer;
    uint64_t made_by; /* position of the fact that put it here: not sent before that is durable */
    uint32_t parcel_bytes;
    uint16_t attempts;
    uint8_t flags;
};

/* STATE_LANES: an open leg in its lane. */
struct lane_key {
    uint32_t agency;
    struct lane lane;
    uint64_t position;
    uint8_t leg;
};
enum lane_limit {
    LIMIT_NONE = 0,
    LIMIT_AT = 1,     /* parks at limit_ms */
    LIMIT_NORMAL = 2, /* accepted at limit_ms; parks after the configured days */
};
struct lane_entry {
    struct transfer_key transfer;
    enum leg_state state;
    uint8_t flags;
    uint8_t overtakes;
    uint8_t expires; /* enum lane_limit */
    int64_t limit_ms;
    int64_t since_ms; /* in this state */
};

/*
 * STATE_HEADS: agency, lane -> this; absent when all are zero. Says without a walk whether a lane
 * is held and whether somebody waits; `first` is at or before every entry that holds or waits.
 */
struct lane_head {
    uint32_t blockers;
    uint32_t behind;
    uint32_t overtakers; /* of those behind */
    uint64_t first;
};

/* STATE_PARKED: agency, position, leg -> this. */
#define PARKED_WORDS_MAX 48
struct parked {
    struct transfer_key transfer;
    uint16_t code;
    int64_t since_ms;
    char words[PARKED_WORDS_MAX + 1]; /* what it is counted by beside the code; or empty */
};

/*
 * STATE_HELD: position, leg -> this: what the receiver's local system said last of a leg when it
 * was asked. It is about the delivery of that number: a later one makes it old.
 */
struct held_record {
    uint8_t held; /* enum lt_held */
    uint16_t attempt;
    int64_t time_ms;
};

/* STATE_NOTICES: agency, seq -> this. */
struct notice_record {
    struct transfer_key transfer;
    uint64_t position; /* of the fact that made it: not told before that is durable */
    uint8_t leg;
    uint32_t agency;
    enum leg_state state;
    uint16_t code;
    int64_t time_ms;
    uint8_t level;
    uint16_t reason_size;
    char reason[LT_REASON_MAX];
};

/* STATE_COUNTS: agency -> this. Legs counted at the receiver, notices at the sender. */
struct counts {
    uint64_t accepted;
    uint64_t taken;
    uint64_t refused;
    uint64_t expired;
    uint64_t cancelled;
    uint64_t parked;        /* of the open ones, for the eye; not part of the sum */
    uint64_t notice_seq;    /* last notice made for this agency */
    uint64_t notice_cursor; /* last notice it has stored */
    uint64_t sent;          /* transfers accepted from it */
    uint64_t blob_bytes;    /* attachments it uploaded and that are still here */
    uint64_t open_bytes;    /* of its transfers that have an open leg: no cut may take them */
};

/*
 * STATE_BLOBS: sha256, agency -> this. Agency 0 stands for the file itself, its references are the
 * transfers that name it; an agency's own entry has references 1 when it uploaded the file (that
 * counts against its quota) and 0 when it was sent it.
 */
struct blob_record {
    uint64_t size;
    int64_t time_ms;
    uint64_t references;
};

struct lt_bytes transfer_key_write(uint8_t out[RECORD_KEY_MAX], const struct transfer_key *key);
struct lt_bytes transfer_write(uint8_t out[RECORD_VALUE_MAX], const struct transfer *transfer);
bool transfer_read(struct lt_bytes bytes, struct transfer *ret_transfer);

struct lt_bytes known_key_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency,
                              struct lt_bytes sender_key);
struct lt_bytes known_key_write(uint8_t out[RECORD_VALUE_MAX], const struct known_key *known);
bool known_key_read(struct lt_bytes bytes, struct known_key *ret_known);

struct lt_bytes due_key_write(uint8_t out[RECORD_KEY_MAX], const struct due_key *key);
bool due_key_read(struct lt_bytes bytes, struct due_key *ret_key);
struct lt_bytes due_write(uint8_t out[RECORD_VALUE_MAX], const struct due *due);
bool due_read(struct lt_bytes bytes, struct due *ret_due);

struct lt_bytes lane_key_write(uint8_t out[RECORD_KEY_MAX], const struct lane_key *key);
bool lane_key_read(struct lt_bytes bytes, struct lane_key *ret_key);
struct lt_bytes lane_prefix(uint8_t out[RECORD_KEY_MAX], uint32_t agency, const struct lane *lane);
struct lt_bytes lane_head_write(uint8_t out[RECORD_VALUE_MAX], const struct lane_head *head);
bool lane_head_read(struct lt_bytes bytes, struct lane_head *ret_head);
struct lt_bytes lane_entry_write(uint8_t out[RECORD_VALUE_MAX], const struct lane_entry *entry);
bool lane_entry_read(struct lt_bytes bytes, struct lane_entry *ret_entry);

struct lt_bytes parked_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency, uint64_t position,
                           uint8_t leg);
bool parked_key_read(struct lt_bytes bytes, uint32_t *ret_agency, uint64_t *ret_position,
                     uint8_t *ret_leg);
struct lt_bytes parked_write(uint8_t out[RECORD_VALUE_MAX], const struct parked *parked);
bool parked_read(struct lt_bytes bytes, struct parked *ret_parked);

struct lt_bytes held_key(uint8_t out[RECORD_KEY_MAX], uint64_t position, uint8_t leg);
struct lt_bytes held_write(uint8_t out[RECORD_VALUE_MAX], const struct held_record *held);
bool held_read(struct lt_bytes bytes, struct held_record *ret_held);

#define NOTICE_KEY_AGENCY_BYTES 4
struct lt_bytes notice_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency, uint64_t seq);
bool notice_key_read(struct lt_bytes bytes, uint32_t *ret_agency, uint64_t *ret_seq);
struct lt_bytes notice_write(uint8_t out[RECORD_VALUE_MAX], const struct notice_record *notice);
bool notice_read(struct lt_bytes bytes, struct notice_record *ret_notice);

struct lt_bytes case_key(uint8_t out[RECORD_KEY_MAX], struct lt_bytes case_code, uint64_t position);
struct lt_bytes case_prefix(uint8_t out[RECORD_KEY_MAX], struct lt_bytes case_code);
bool case_value_read(struct lt_bytes bytes, struct transfer_key *ret_key);

struct lt_bytes counts_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency);
struct lt_bytes counts_write(uint8_t out[RECORD_VALUE_MAX], const struct counts *counts);
bool counts_read(struct lt_bytes bytes, struct counts *ret_counts);

struct lt_bytes blob_record_key(uint8_t out[RECORD_KEY_MAX], const struct lt_digest *sha256,
                                uint32_t agency);
struct lt_bytes blob_record_write(uint8_t out[RECORD_VALUE_MAX], const struct blob_record *blob);
bool blob_record_read(struct lt_bytes bytes, struct blob_record *ret_blob);

#endif
