/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_OUTBOX_H
#define ADAPTERS_SDK_BOX_OUTBOX_H

#include "box.h"
#include "box_record.h"
#include "proto/base/arena.h"
#include "proto/frame.h"

/*
 * Our transfers in the order they were made. A transfer waits until the axis has decided; then its
 * bytes stay until every leg is final and the days of retention are over. All of these are for jobs
 * and readers (box.h). LT_NOT_FOUND and LT_DAMAGED are their failures; none has written by then.
 */
LT_CHECK enum lt_status outbox_get(struct box_txn *txn, uint64_t sequence,
                                   struct sent_record *ret_record);
LT_CHECK enum lt_status outbox_by_key(struct box_txn *txn, struct lt_bytes sender_key,
                                      uint64_t *ret_sequence);
/* By our id, or by the one the axis knows it by. */
LT_CHECK enum lt_status outbox_by_id(struct box_txn *txn, const struct lt_id *id,
                                     uint64_t *ret_sequence);

/* Views into the map: copy, or use before the transaction goes on. */
LT_CHECK enum lt_status outbox_parcel(struct box_txn *txn, uint64_t sequence,
                                      struct lt_bytes *ret_header, struct lt_bytes *ret_body);

/* The transfer of the case before `below` that was not refused; LT_NOT_FOUND: none. */
LT_CHECK enum lt_status outbox_before(struct box_txn *txn, const char *case_code, uint64_t below,
                                      struct sent_record *ret_record);

/* The id that the axis knows a transfer by. */
struct lt_id outbox_axis_id(const struct sent_record *record);

/* A new one; fills record->sent.sequence. `attachments` are kept as needed until it is forgotten.
 */
void outbox_add(struct box_txn *txn, struct sent_record *record, struct lt_bytes header,
                struct lt_bytes body, const struct attachment *attachments);

/* The next one without a decision after `after`; LT_NOT_FOUND at the end. */
LT_CHECK enum lt_status outbox_waiting(struct box_txn *txn, uint64_t after,
                                       struct waiting_record *ret_record);

/* A decision of the axis that stands: accepted, or refused for good. Puts the event. */
LT_CHECK enum lt_status outbox_decide(struct box_txn *txn, uint64_t sequence,
                                      const struct verdict_item *item);

/* One outcome told by the axis: folded into the transfer, and an event. */
LT_CHECK enum lt_status outbox_notice(struct box_txn *txn, const struct notice_item *item);

/*
 * The axis says it does not know the predecessor of `sequence`. Names the predecessor the way the
 * axis knows it (it may have been refused, or known under another id), or puts the predecessor back
 * into the queue when the axis has lost it. *ret_again: sequence to be sent again first, or 0.
 */
LT_CHECK enum lt_status outbox_repair(struct box_txn *txn, uint64_t sequence, struct arena *arena,
                                      uint64_t *ret_again);

/* Puts what the axis accepted above `position` back into the queue, from `after` + 1 on, at most
 * `looks` records; *ret_last as in outbox_list. */
LT_CHECK enum lt_status outbox_again(struct box_txn *txn, uint64_t position, uint64_t after,
                                     uint32_t looks, uint32_t *ret_again, uint64_t *ret_last);

/* Of one case (NULL: any), from `after` + 1 on; at most `looks` records are looked at and
 * *ret_last says how far it came (UINT64_MAX: the end). */
LT_CHECK enum lt_status outbox_list(struct box_txn *txn, const struct lt_sent_filter *filter,
                                    uint64_t after, uint32_t looks, struct lt_sent *out,
                                    uint32_t count, uint32_t *ret_count, uint64_t *ret_last);

/* Forgets it, its key, ids and bytes. */
LT_CHECK enum lt_status outbox_forget(struct box_txn *txn, uint64_t sequence, struct arena *arena);

#endif
