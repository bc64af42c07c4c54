/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_EVENTS_H
#define ADAPTERS_SDK_BOX_EVENTS_H

#include <lienthong/client.h>

#include "box.h"

/* The feed of outcomes: numbered 1, 2, 3 ... in the order they became durable, re-readable. */

/* Gives the event its cursor. */
void events_add(struct box_txn *txn, struct lt_event *event);

/* Events after `after`, at most `count`; LT_DAMAGED stops at the record that cannot be read. */
LT_CHECK enum lt_status events_list(struct box_txn *txn, uint64_t after, struct lt_event *out,
                                    uint32_t count, uint32_t *ret_count);

/* Forgets at most `count` events older than `before_ms`, oldest first; says how many. */
LT_CHECK enum lt_status events_forget(struct box_txn *txn, int64_t before_ms, uint32_t count,
                                      uint32_t *ret_count);

#endif
