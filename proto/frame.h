/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "frame_ask.h"
#include "frame_header.h"
#include "frame_log.h"
#include <lienthong/types.h>

/*
 * The messages of LTP/1 as plain structs, one for each message of schema/ltp.proto, field for
 * field. What message.c reads points into the received bytes and the caller's arena: valid until
 * the arena is reset. Texts are `struct lt_bytes` (UTF-8, no NUL inside, checked); ids and digests
 * are copies, all zero when absent.
 */

enum frame_kind {
    FRAME_NONE = 0,
    FRAME_HELLO = 10,
    FRAME_WELCOME = 11,
    FRAME_NO_SESSION = 12,
    FRAME_BEAT = 13,
    FRAME_BYE = 14,
    FRAME_SUBMIT = 15,
    FRAME_VERDICT = 16,
    FRAME_GRANT = 17,
    FRAME_DELIVER = 18,
    FRAME_SETTLE = 19,
    FRAME_SETTLED = 20,
    FRAME_NOTICE = 21,
    FRAME_NOTICE_ACK = 22,
    FRAME_HELD_ASK = 23,
    FRAME_HELD_ANSWER = 24,
    FRAME_RECEIPTS = 25,
    FRAME_LOG_ASK = 26,
    FRAME_LOG_PROOF = 27,
    FRAME_QUERY = 30,
    FRAME_PAGE = 31,
    FRAME_LIST_ASK = 32,
    FRAME_LIST = 33,
    FRAME_BYTES_ASK = 34,
    FRAME_BLOB_OFFER = 40,
    FRAME_BLOB_WANT = 41,
    FRAME_BLOB_CHUNK = 42,
    FRAME_BLOB_STORED = 43,
    FRAME_BLOB_REFUSED = 44,
    FRAME_BLOB_FETCH = 45,
    FRAME_ENROL_ASK = 46,
    FRAME_ENROL_ANSWER = 47,
};

enum frame_role { ROLE_UNSET = 0, ROLE_SENDING = 1, ROLE_RECEIVING = 2, ROLE_BOTH = 3 };

struct window {
    uint32_t parcels;
    uint64_t bytes;
};

struct hello {
    uint32_t protocol_min;
    uint32_t protocol_max;
    struct lt_id instance;
    uint64_t epoch;
    enum frame_role role;
    struct lt_bytes software;
    int64_t clock_ms;
    uint64_t notice_cursor;
    struct lt_bytes checkpoint;
};

struct limits_told {
    uint32_t frame_bytes;
    uint32_t submit_bytes;
    uint32_t parcels;
    uint32_t header_bytes;
    uint32_t body_bytes;
    uint32_t legs;
    uint32_t attachments;
    uint64_t attachment_bytes;
    uint32_t beat_ms;
    uint32_t lease_ms;
};

struct welcome {
    uint32_t version;
    uint64_t session;
    uint64_t broker_epoch;
    struct limits_told limits;
    struct window submit;
    int64_t clock_ms;
    bool standby;
    struct lt_bytes agency;
    uint64_t backed_up_to;
    struct lt_bytes blob_endpoint;
    uint32_t incarnation;
    uint64_t durable;
    uint64_t restored_to;
    uint64_t notice_seq;
    uint64_t run;
    uint64_t run_from;
    struct lt_bytes checkpoint;
    struct lt_bytes log_key;
};

/* NoSession and Bye look alike. */
struct ending {
    uint32_t code;
    struct lt_bytes detail;
    uint32_t retry_after_ms;
};

struct beat {
    int64_t clock_ms;
    struct window submit;
    uint64_t want_bytes;
    bool standby;
    uint64_t backed_up_to;
    uint64_t durable;
};

struct parcel {
    struct lt_bytes header;
    struct lt_bytes body;
    struct lt_digest digest;
};

/* All absent: not sealed. What it says is judged in seal.h. */
struct submit_seal {
    uint32_t algorithm;
    struct lt_bytes key_id;
    struct lt_bytes signature;
    uint32_t batch;
};

struct submit {
    struct submit_seal seal;
    struct parcel *parcels;
    uint32_t count;
    uint64_t want_bytes;
};

struct verdict_item {
    struct lt_id id;
    uint32_t code;
    struct lt_id known_as;
    uint64_t position;
    int64_t time_ms;
    struct lt_bytes field;
    struct lt_bytes detail;
    uint32_t retry_after_ms;
};

struct verdict {
    struct verdict_item *items;
    uint32_t count;
    struct window submit;
    uint64_t broker_epoch;
};

struct grant {
    struct window deliver;
    uint32_t notices;
};

struct delivery {
    struct lt_bytes header;
    struct lt_bytes body;
    uint64_t position;
    uint32_t leg;
    uint32_t attempt;
    int64_t accepted_ms;
    bool again;
    struct lt_digest digest;
    bool restored;
    struct lt_bytes seal; /* proof of the sender's seal (seal.h, seal_proof_read); empty: none */
};

struct deliver {
    struct delivery *items;
    uint32_t count;
};

struct settlement {
    struct lt_id id;
    uint32_t leg;
    uint32_t attempt;
    enum lt_outcome outcome;
    uint32_t code;
    struct lt_bytes reason;
    uint32_t retry_after_ms;
    bool permanent;
    int64_t time_ms;
    struct lt_digest from_digest;
    uint64_t position;
    uint64_t number; /* the receiver's own, of this telling */
};

struct settle {
    struct settlement *items;
    uint32_t count;
};

struct settled_item {
    struct lt_id id;
    uint32_t leg;
    uint32_t code;
    uint64_t number;   /* of the settlement that this answers */
    uint64_t position; /* of the settlement just recorded; 0: it was recorded before */
};

struct settled {
    struct settled_item *items;
    uint32_t count;
    uint64_t broker_epoch;
};

struct notice_item {
    uint64_t seq;
    struct lt_id id;
    uint32_t leg;
    struct lt_bytes agency;
    struct lt_bytes state;
    uint32_t code;
    struct lt_bytes reason;
    int64_t time_ms;
    uint32_t level;
    struct lt_bytes sender_key;
    struct lt_bytes case_code;
    uint64_t position;
};

struct notice {
    struct notice_item *items;
    uint32_t count;
    uint64_t broker_epoch;
};

struct pair {
    struct lt_bytes name;
    struct lt_bytes value;
};

struct row {
    struct pair *fields;
    uint32_t count;
};

struct query {
    uint64_t number;
    struct lt_bytes verb;
    struct pair *args;
    uint32_t args_count;
    struct lt_bytes cursor;
    uint32_t rows;
    struct lt_bytes payload;
};

struct page {
    uint64_t number;
    uint32_t code;
    struct lt_bytes detail;
    struct row *rows;
    uint32_t count;
    struct lt_bytes cursor;
};

/* One struct serves the blob messages; each uses the fields the schema names. */
struct blob {
    struct lt_digest sha256;
    uint64_t size;
    uint64_t offset;
    uint32_t credit;
    struct lt_bytes data;
    uint32_t code;
    struct lt_bytes detail;
    uint32_t retry_after_ms;
};

enum enrol_state { ENROL_UNSET = 0, ENROL_WAITS = 1, ENROL_APPROVED = 2, ENROL_REFUSED = 3 };

struct enrol_answer {
    enum enrol_state state;
    uint32_t code;
    struct lt_bytes detail;
    struct lt_bytes certificate;
    uint32_t retry_after_ms;
    int64_t until_ms;
};

struct frame {
    enum frame_kind kind;
    uint64_t session;
    uint64_t seq;
    uint64_t seq_received;
    union {
        struct hello hello;
        struct welcome welcome;
        struct ending ending; /* NO_SESSION, BYE */
        struct beat beat;
        struct submit submit;
        struct verdict verdict;
        struct grant grant;
        struct deliver deliver;
        struct settle settle;
        struct settled settled;
        struct notice notice;
        uint64_t notice_cursor; /* NOTICE_ACK */
        struct receipts receipts;
        struct log_ask log_ask;
        struct log_proof log_proof;
        struct held_ask held_ask;
        struct held_answer held_answer;
        struct list_ask list_ask;
        struct list_page list; /* LIST */
        struct bytes_ask bytes_ask;
        struct query query;
        struct page page;
        struct blob blob;          /* BLOB_* */
        struct lt_bytes enrol_ask; /* the request */
        struct enrol_answer enrol_answer;
    };
};

#endif
