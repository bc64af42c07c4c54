/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_RECEIPTS_H
#define ADAPTERS_SDK_BOX_RECEIPTS_H

#include "box.h"
#include "proto/note.h"

/*
 * What proves that the axis said what it said: the log's key and newest checkpoint believed, the
 * frames of receipts as they came, proven, under the position of their first leaf, and what still
 * lacks one. For jobs and readers (box.h).
 */
struct log_known {
    char key[NOTE_VKEY_MAX]; /* "": none was ever told */
    uint8_t note[NOTE_BYTES_MAX];
    size_t note_size; /* 0: no checkpoint yet */
};

LT_CHECK enum lt_status log_known_read(struct box_txn *txn, struct log_known *ret_known);
void log_know_key(struct box_txn *txn, const char *key);
void log_know_note(struct box_txn *txn, struct lt_bytes note);

/* The last time that something of the log was refused, with the bytes that were: kept for people.
 */
struct log_refusal {
    enum lt_status code; /* LT_OK: nothing ever was */
    int64_t time_ms;
    int64_t cleared_ms; /* 0: it stands */
    char what[16];
    uint8_t note[NOTE_BYTES_MAX];
    size_t note_size;
};

LT_CHECK enum lt_status log_refusal_read(struct box_txn *txn, struct log_refusal *ret_refusal);
void log_refusal_put(struct box_txn *txn, const struct log_refusal *refusal);

void receipts_put(struct box_txn *txn, uint64_t position, int64_t time_ms, struct lt_bytes frame);

/* The frame that holds the receipt of the fact at a position, if any does: the last one that begins
 * at or before it. A view; LT_NOT_FOUND. */
LT_CHECK enum lt_status receipts_at(struct box_txn *txn, uint64_t position,
                                    struct lt_bytes *ret_frame);

/* Forgets up to `most` of those that came before; how many. */
LT_CHECK enum lt_status receipts_forget(struct box_txn *txn, int64_t before_ms, uint32_t most,
                                        uint32_t *ret_gone);

/*
 * What the axis acknowledged and has not given a receipt for: by the position of the fact. `since`
 * is the session time of that life of the box, `epoch` says which.
 */
struct owed {
    uint64_t position;
    uint64_t epoch;
    int64_t since_ms;
    int64_t time_ms;  /* wall time of the same */
    int64_t floor_ms; /* of the checkpoint believed then; 0: there was none */
};

void owed_put(struct box_txn *txn, const struct owed *owed);
void owed_paid(struct box_txn *txn, uint64_t position);
uint64_t owed_count(struct box_txn *txn);
LT_CHECK enum lt_status owed_at(struct box_txn *txn, uint64_t position, struct owed *ret_owed);
/* The first one behind a position; LT_NOT_FOUND: there is none. */
LT_CHECK enum lt_status owed_next(struct box_txn *txn, uint64_t after, struct owed *ret_owed);
/* Gives up those from before, up to `most`; how many. */
uint32_t owed_forget(struct box_txn *txn, int64_t before_ms, uint32_t most);
/* Nothing above that position is owed any more: a restore lost it. */
void owed_cut(struct box_txn *txn, uint64_t position);

/* The alarm that receipts are overdue, for who looks at the box from outside; 0: there is none. */
void overdue_put(struct box_txn *txn, int64_t since_ms);
int64_t overdue_since(struct box_txn *txn);

#endif
