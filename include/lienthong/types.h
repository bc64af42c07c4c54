/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_TYPES_H
#define LIENTHONG_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* The small values that every floor speaks of. All are plain and copied freely. */

/* A borrowed run of bytes. Who lends it, and until when, is said where it is used. */
struct lt_bytes {
    const uint8_t *data;
    size_t size;
};

/* Transfer id: UUID version 7 (RFC 9562 section 5.7), one for life. */
struct lt_id {
    uint8_t bytes[16];
};

/* SHA-256 (FIPS 180-4). */
struct lt_digest {
    uint8_t bytes[32];
};

/* CURVE public or secret key, 32 raw bytes (ZeroMQ RFC 26). */
struct lt_key {
    uint8_t bytes[32];
};

/* Bounds of the field, in bytes, without a terminating NUL. */
#define LT_AGENCY_ID_MAX        35 /* QĐ 20/2020/QĐ-TTg: at most 35 of [0-9A-Z.] */
#define LT_CASE_CODE_MAX        50 /* opaque, case-preserved */
#define LT_SENDER_KEY_MAX       64
#define LT_PROCEDURE_MAX        40 /* raw code, e.g. 1.001193.000.00.00.H56 */
#define LT_LOCALITY_MAX         16 /* 5-digit commune or 2-digit province code */
#define LT_COMPONENT_MAX        40
#define LT_TASK_ID_MAX          40
#define LT_REASON_MAX           500 /* free text beside a code; longer text is cut at a rune */
#define LT_TRACEPARENT_MAX      64
#define LT_OFFICER_MAX          60
#define LT_PLACE_MAX            120
#define LT_BODY_TYPE_MAX        100
#define LT_FILE_NAME_MAX        255
#define LT_ALIASES_MAX          8
#define LT_LEGS_MAX             16
#define LT_ATTACHMENTS_MAX      64
#define LT_HEADER_BYTES_MAX     (16 * 1024)
#define LT_BODY_INLINE_MAX      (64 * 1024) /* larger bodies travel as an attachment */
#define LT_SUBMIT_BYTES_MAX     (256 * 1024)
#define LT_FRAME_BYTES_MAX      (320 * 1024) /* MAXMSGSIZE of every bound socket */
#define LT_PARCELS_PER_FRAME    64
#define LT_HELD_PER_FRAME       64  /* questions to a local system, and their answers */
#define LT_LIST_ROWS_MAX        200 /* of one page of a list */
#define LT_BYTES_PER_FRAME      64  /* transfers asked back at once */
#define LT_ATTACHMENT_BYTES_MAX (100LL * 1024 * 1024)
#define LT_CHUNK_BYTES_MAX      (256 * 1024)

/* What a transfer is about; numbers are those of the wire (proto/schema/ltp.proto, Kind). */
enum lt_kind {
    LT_KIND_NONE = 0,
    LT_KIND_FORWARD = 1,
    LT_KIND_STATUS = 2,
    LT_KIND_RESULT = 3,
    LT_KIND_SUPPLEMENT_REQUEST = 4,
    LT_KIND_SUPPLEMENT = 5,
    LT_KIND_FEE_REQUEST = 6,
    LT_KIND_FEE_PAID = 7,
    LT_KIND_RETURN_WRONG = 8,
    LT_KIND_WRONG_RESULT = 9,
    LT_KIND_WITHDRAW = 10,
    LT_KIND_STOP = 11,
    LT_KIND_EXTENSION = 12,
    LT_KIND_OPINION_REQUEST = 13,
    LT_KIND_OPINION = 14,
    LT_KIND_RECALL = 15,
    LT_KIND_REPLACE = 16,
    LT_KIND_PETITION = 17,
    LT_KIND_PETITION_REPLY = 18,
    LT_KIND_CITIZEN_NOTICE = 19,
    LT_KIND_RECONCILE = 20,
    LT_KINDS_END = 21,
};

/* How far a transfer has come, each level evidenced and told to the sender (design section 2). */
enum lt_level {
    LT_LEVEL_RECORDED = 0, /* by the adapter: not yet the axis */
    LT_LEVEL_ACCEPTED = 1, /* by the axis, durable */
    LT_LEVEL_TAKEN = 2,    /* by the receiving system */
    LT_LEVEL_OFFICER = 3,  /* accepted or refused by the officer */
    LT_LEVEL_RETURNED = 4, /* result returned */
};

/* What a receiver says of one delivered leg; numbers are those of the wire. */
enum lt_outcome {
    LT_OUTCOME_NONE = 0,
    LT_OUTCOME_TAKEN = 1,
    LT_OUTCOME_REFUSED = 2, /* a business refusal: final, told to the sender, frees the lane */
    LT_OUTCOME_FAILED = 3,  /* a technical refusal; uses up attempts, or parks when permanent */
    LT_OUTCOME_LATER = 4,   /* not now: costs time, never attempts */
};

/* What a receiver's local system says when asked whether it holds a transfer. */
enum lt_held {
    LT_HELD_UNKNOWN = 0, /* it could not be asked, or did not answer in time */
    LT_HELD_YES = 1,
    LT_HELD_NO = 2,
};

/* What an agency may list of its own at the axis. */
enum lt_list {
    LT_LIST_DELIVERED = 1, /* to me */
    LT_LIST_SENT = 2,      /* by me */
};

#endif
