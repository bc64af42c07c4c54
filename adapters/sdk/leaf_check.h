/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_LEAF_CHECK_H
#define ADAPTERS_SDK_LEAF_CHECK_H

#include "box.h"
#include "client_parts.h"
#include "proto/checkpoint.h"
#include "proto/message.h"
#include "proto/receipt.h"

/* What was settled in our name. */
struct settled_leaf {
    uint64_t accepted;
    uint32_t leg;
    uint32_t attempt;
    uint32_t outcome;
};

struct leaf_check {
    struct lt_client *client;
    const struct receipts *receipts; /* proven up to the checkpoint */
    const struct checkpoint *checkpoint;
    struct settled_leaf strange[RECEIPT_ITEMS]; /* out: of deliveries that never came to this box */
    uint32_t strange_count;
};

/* Holds every leaf against what is in the box. NULL: all fit; else the word for what does not. */
const char *leaves_check(struct box_txn *txn, struct leaf_check *check);

/* The position of the fact that a leaf stands for. */
uint64_t leaf_position(const struct leaf *leaf);

#endif
