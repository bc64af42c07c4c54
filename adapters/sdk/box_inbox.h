/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_INBOX_H
#define ADAPTERS_SDK_BOX_INBOX_H

#include "box.h"
#include "box_record.h"
#include "proto/base/arena.h"
#include "proto/frame.h"

/*
 * What the axis has delivered, in order of arrival: open until the local software has answered,
 * settled until the axis has confirmed the answer, and then remembered so that the same leg is not
 * shown twice. Functions for jobs and readers (box.h); failures as in box_outbox.h.
 */
struct inbox_new {
    const struct delivery *delivery;
    const struct header *header; /* of the delivery */
    bool complete;               /* its attachments are here already */
    bool sent;                   /* restored, and a transfer of our own */
    enum lt_seal_state seal_state;
};

/* One delivered leg: new, or the answer to it is told again, or nothing changes. */
LT_CHECK enum lt_status inbox_deliver(struct box_txn *txn, const struct inbox_new *incoming);

/* Without a look at what is there already. */
void inbox_arrive(struct box_txn *txn, const struct inbox_new *incoming);

LT_CHECK enum lt_status inbox_by_leg(struct box_txn *txn, const struct lt_id *id, uint32_t leg,
                                     struct lt_bytes from, uint64_t *ret_number);
/* The number of the `nth` sender's leg of that id; LT_NOT_FOUND: there are fewer. */
LT_CHECK enum lt_status inbox_leg_at(struct box_txn *txn, const struct lt_id *id, uint32_t leg,
                                     uint32_t nth, uint64_t *ret_number);
LT_CHECK enum lt_status inbox_open(struct box_txn *txn, uint64_t number,
                                   struct open_record *ret_open);
LT_CHECK enum lt_status inbox_get(struct box_txn *txn, uint64_t number,
                                  struct inbox_record *ret_record);
/* Views into the map. */
LT_CHECK enum lt_status inbox_parcel(struct box_txn *txn, uint64_t number,
                                     struct lt_bytes *ret_header, struct lt_bytes *ret_body);

/* The sender's seal; LT_SEAL_NONE and empty: there is none. A view into the map. */
enum lt_seal_state inbox_seal(struct box_txn *txn, uint64_t number, struct lt_bytes *ret_proof);

/* The next one of all after `after`; *ret_number also with LT_DAMAGED. LT_NOT_FOUND: the end. */
LT_CHECK enum lt_status inbox_after(struct box_txn *txn, uint64_t after, uint64_t *ret_number,
                                    struct inbox_record *ret_record);

/* The next open one after `after`; LT_NOT_FOUND at the end. */
LT_CHECK enum lt_status inbox_next(struct box_txn *txn, uint64_t after, uint64_t *ret_number,
                                   struct open_record *ret_open);
void inbox_complete(struct box_txn *txn, uint64_t number, struct open_record *open);

/* Who asks, and until when; times come in so that a job means the same when it runs again. */
struct inbox_asker {
    const char *node;
    int64_t lease_ms;
    int64_t mono_ms;
    int64_t wall_ms;
};

bool inbox_leased(const struct box_txn *txn, const struct open_record *open,
                  const struct inbox_asker *asker);

/* Up to `count` complete ones, each the first open one of its case and leased to nobody. */
LT_CHECK enum lt_status inbox_pick(struct box_txn *txn, const struct inbox_asker *asker,
                                   uint64_t *numbers, uint32_t count, uint32_t *ret_count);
LT_CHECK enum lt_status inbox_lease(struct box_txn *txn, const struct inbox_asker *asker,
                                    uint64_t number);

/* LT_LEASE_LOST when it is another's; a lease that ran out and nobody took may still be renewed
 * and answered. LT_NOT_HERE. */
LT_CHECK enum lt_status inbox_renew(struct box_txn *txn, const struct inbox_asker *asker,
                                    const struct lt_id *id, uint32_t leg);
/* LT_ALREADY_SETTLED, LT_LEASE_LOST, LT_NOT_HERE; the same answer again is LT_OK. */
LT_CHECK enum lt_status inbox_settle(struct box_txn *txn, const struct inbox_asker *asker,
                                     const struct lt_id *id, uint32_t leg,
                                     const struct lt_answer *answer);

/* The answer to an open one becomes part of the record; it is told until confirmed. */
void inbox_answer(struct box_txn *txn, uint64_t number, struct inbox_record *record,
                  const struct lt_answer *answer, int64_t now_ms);

/* Open legs of the case behind `number` go back to the axis: they come again behind it. */
void inbox_case_leave(struct box_txn *txn, uint64_t number, uint64_t case_hash, int64_t now_ms);

/* Answers not confirmed yet, in the order they were given, after `after`. */
LT_CHECK enum lt_status inbox_tell(struct box_txn *txn, uint64_t after,
                                   struct inbox_record *ret_record);
/* A restored axis may have lost answers that it had confirmed: up to `looks` decided ones behind
 * `after` are told once more. *ret_last: where the next slice starts; UINT64_MAX: the end. */
LT_CHECK enum lt_status inbox_tell_again(struct box_txn *txn, uint64_t after, uint32_t looks,
                                         uint32_t *ret_again, uint64_t *ret_last);
/* The axis has the answer that it names. One to an earlier telling may come late, when the leg was
 * delivered again since and its answer is still on its way or lost: that one is told until its own
 * has come. */
LT_CHECK enum lt_status inbox_confirm(struct box_txn *txn, const struct settled_item *item,
                                      struct arena *arena);

LT_CHECK enum lt_status inbox_forget(struct box_txn *txn, uint64_t number, struct arena *arena);

#endif
