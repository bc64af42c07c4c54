/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_RECEIPTS_H
#define ADAPTERS_SDK_BOX_RECEIPTS_H

#include "box.h"
#include "proto/note.h"

/*
 * What proves that the axis said what it said: the log's key and newest checkpoint believed, and
 * the frames of receipts as they came, proven, under the position of their first leaf. For jobs and
 * readers (box.h).
 */
struct log_known {
    char key[NOTE_VKEY_MAX]; /* "": none was ever told */
    uint8_t note[NOTE_BYTES_MAX];
    size_t note_size; /* 0: no checkpoint yet */
};

LT_CHECK enum lt_status log_known_read(struct box_txn *txn, struct log_known *ret_known);
void log_know_key(struct box_txn *txn, const char *key);
void log_know_note(struct box_txn *txn, struct lt_bytes note);

void receipts_put(struct box_txn *txn, uint64_t position, int64_t time_ms, struct lt_bytes frame);

/* The frame that holds the receipt of the fact at a position, if any does: the last one that begins
 * at or before it. A view; LT_NOT_FOUND. */
LT_CHECK enum lt_status receipts_at(struct box_txn *txn, uint64_t position,
                                    struct lt_bytes *ret_frame);

/* Forgets up to `most` of those that came before; how many. */
LT_CHECK enum lt_status receipts_forget(struct box_txn *txn, int64_t before_ms, uint32_t most,
                                        uint32_t *ret_gone);

#endif
