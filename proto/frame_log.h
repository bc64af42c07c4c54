/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_FRAME_LOG_H
#define PROTO_FRAME_LOG_H

#include <stdint.h>

#include <lienthong/types.h>

/*
 * The part of frame.h about the log: receipts, and proofs that it only grew (LTP.md, section 17).
 * Digests of a path stand one behind the other, 32 bytes each; receipt.h checks them.
 */
struct receipt_item {
    uint32_t index; /* in its commit */
    struct lt_bytes leaf;
};

/* Some leaves of one commit, and the way from them to a signed checkpoint. */
struct receipts {
    struct lt_bytes checkpoint; /* a signed note */
    uint64_t index;             /* of the commit in the log */
    uint64_t position;          /* of its record in the journal */
    uint32_t leaves;            /* in the commit */
    struct lt_bytes log_path;
    struct receipt_item *items; /* indices ascend */
    uint32_t count;
    struct lt_bytes nodes; /* of the multiproof, in the order of a walk from the left */
};

struct log_ask {
    uint64_t number;
    struct lt_bytes origin; /* of the checkpoint that the asker knows; empty: none */
    uint64_t size;          /* of it */
    uint64_t position;      /* not 0: the receipt of the fact at this position, again */
    uint64_t also;          /* size of another checkpoint of that origin; 0: none */
};

struct log_proof {
    uint64_t number;
    uint32_t code;
    struct lt_bytes checkpoint; /* the newest */
    uint64_t first;             /* the path leads from this size */
    struct lt_bytes path;
    struct lt_bytes broken; /* the last statement about a restore; empty: there was none */
    struct lt_bytes also_path;
};

#endif
