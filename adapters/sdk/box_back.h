/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_BACK_H
#define ADAPTERS_SDK_BOX_BACK_H

#include "box_inbox.h"

/*
 * The inbox when its content is in question: a delivery the local system says it does not hold goes
 * back to the axis before that is told; a restore gives back what nobody works on, and takes in
 * what the axis gives back. Functions for jobs, as in box_inbox.h.
 */
enum inbox_back {
    INBOX_BACK_NONE, /* nothing of it waits here */
    INBOX_BACK_DONE, /* it waited, and goes back to the axis as "later" */
    INBOX_BACK_BUSY, /* a node works on it, or answered after `asked_ms` */
};

/* About one leg; `digest` tells two senders of one id apart. */
LT_CHECK enum lt_status inbox_back(struct box_txn *txn, const struct inbox_asker *asker,
                                   const struct lt_id *id, uint32_t leg,
                                   const struct lt_digest *digest, int64_t asked_ms,
                                   enum inbox_back *ret_back);

/* Everything open that is not restored goes back as "later", leased or not; how many. */
LT_CHECK enum lt_status inbox_back_all(struct box_txn *txn, int64_t now_ms, uint32_t *ret_count);

/* A restored one: what stood under its leg is forgotten, so that it comes behind what came before
 * it; one that is open and restored already stays as it is. */
LT_CHECK enum lt_status inbox_restore(struct box_txn *txn, const struct inbox_new *incoming,
                                      struct arena *arena);

#endif
