/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_FRAME_ASK_H
#define PROTO_FRAME_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/types.h>

/*
 * The part of frame.h that asks back: whether a receiver's local system holds a transfer (HeldAsk,
 * HeldAnswer), what the axis has of an agency's own (ListAsk, List), and its bytes (BytesAsk, whose
 * answer is a Deliver with `restored`). LTP.md, section 10.
 */
struct held_item {
    uint64_t number;
    struct lt_id id; /* empty: a ping */
    uint32_t leg;
    uint64_t position;
    struct lt_digest digest;
};

struct held_ask {
    struct held_item *items;
    uint32_t count;
};

struct held_said {
    uint64_t number;
    struct lt_id id;
    uint32_t leg;
    uint64_t position;
    enum lt_held held;
    enum lt_outcome outcome;
    uint32_t code;
    struct lt_bytes reason;
    int64_t time_ms;
    struct lt_bytes by;
};

struct held_answer {
    struct held_said *items;
    uint32_t count;
};

struct list_ask {
    uint64_t number;
    uint32_t what; /* enum lt_list */
    uint64_t after;
    int64_t since_ms;
    uint32_t rows;
};

struct list_item {
    struct lt_id id;
    uint32_t leg;
    uint64_t position;
    struct lt_digest digest;
    struct lt_bytes state;
    uint32_t code;
    struct lt_bytes agency;
    struct lt_bytes case_code;
    enum lt_kind kind; /* unknown numbers are carried */
    int64_t accepted_ms;
    struct lt_bytes sender_key;
    int64_t since_ms;
};

struct list_page {
    uint64_t number;
    uint32_t code;
    struct list_item *items;
    uint32_t count;
    uint64_t next;
};

struct bytes_item {
    uint64_t position;
    uint32_t leg;
    struct lt_id id;
    bool sent;
};

struct bytes_ask {
    struct bytes_item *items;
    uint32_t count;
};

#endif
