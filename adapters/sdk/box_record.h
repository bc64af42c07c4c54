/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_RECORD_H
#define ADAPTERS_SDK_BOX_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/client.h>

/*
 * What the box keeps, as plain structs, and their bytes. A record owns its texts: a view into the
 * map would die with the next put. Each layout starts with its version; reading gives LT_DAMAGED
 * for anything it cannot read.
 */
#define RECORD_BYTES_MAX 1536
#define NODE_NAME_MAX    64

/* One of our transfers. */
struct sent_record {
    struct lt_sent sent;  /* `known` is not kept */
    struct lt_id axis_id; /* the id it has at the axis when that is another one; else empty */
    struct lt_digest content;
    uint32_t wire_bytes; /* of its parcel in a frame, upper bound */
    uint32_t bytes;      /* header and body */
    uint32_t attachments;
    uint32_t to_count;  /* receivers named; 0: by competence */
    uint32_t legs_seen; /* bit n: a notice named leg n */
    uint32_t legs_final;
    uint32_t level;
    int64_t done_ms;
    uint64_t position; /* in the journal of the axis */
};

/* What the pump must know of a transfer that is not decided. */
struct waiting_record {
    uint64_t sequence;
    struct lt_id id;
    uint64_t case_hash;
    uint32_t wire_bytes;
    uint32_t attachments;
};

/* A delivered leg. */
struct inbox_record {
    struct lt_id id;
    uint32_t leg;
    uint32_t attempt;
    uint64_t position;
    int64_t accepted_ms;
    int64_t arrived_ms;
    bool again;
    bool restored; /* given back after a restore: its answer is not told to the axis */
    bool sent;     /* restored, and a transfer of our own */
    bool body_attached;
    uint32_t attachments;
    struct lt_digest digest;
    char from[LT_AGENCY_ID_MAX + 1];
    char case_code[LT_CASE_CODE_MAX + 1];
    bool settled;
    enum lt_outcome outcome;
    enum lt_status code;
    uint32_t retry_after_ms;
    bool permanent;
    int64_t decided_ms;
    int64_t settled_ms;
    uint64_t tell; /* number in BOX_TELL; 0: confirmed */
    char reason[LT_REASON_MAX + 1];
};

/* A delivered leg that waits for its answer: who works on it. */
struct open_record {
    uint64_t case_hash;
    bool complete;         /* every attachment is here */
    uint64_t epoch;        /* of the box when it was leased; 0: not leased */
    int64_t until_mono_ms; /* within that epoch */
    int64_t until_wall_ms; /* after a restart */
    char node[NODE_NAME_MAX + 1];
};

struct lt_bytes sent_record_write(const struct sent_record *record, uint8_t out[RECORD_BYTES_MAX]);
LT_CHECK enum lt_status sent_record_read(struct lt_bytes bytes, struct sent_record *ret_record);

struct lt_bytes waiting_record_write(const struct waiting_record *record,
                                     uint8_t out[RECORD_BYTES_MAX]);
LT_CHECK enum lt_status waiting_record_read(struct lt_bytes bytes,
                                            struct waiting_record *ret_record);

struct lt_bytes inbox_record_write(const struct inbox_record *record,
                                   uint8_t out[RECORD_BYTES_MAX]);
LT_CHECK enum lt_status inbox_record_read(struct lt_bytes bytes, struct inbox_record *ret_record);

struct lt_bytes open_record_write(const struct open_record *record, uint8_t out[RECORD_BYTES_MAX]);
LT_CHECK enum lt_status open_record_read(struct lt_bytes bytes, struct open_record *ret_record);

struct lt_bytes event_record_write(const struct lt_event *event, uint8_t out[RECORD_BYTES_MAX]);
LT_CHECK enum lt_status event_record_read(struct lt_bytes bytes, struct lt_event *ret_event);

uint64_t box_case_hash(const char *case_code);

#endif
