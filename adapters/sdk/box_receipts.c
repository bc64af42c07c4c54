/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A few rows of BOX_META and two trees. A frame of receipts is kept whole, because its leaves share
 * what proves them; its key is the position of its first leaf, so that the frame of any position is
 * found by one seek. Each begins with the time it came, for the sweep.
 */
#include "box_receipts.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"

#define KEY_NAME      "log-key"
#define NOTE_NAME     "log-checkpoint"
#define TIME_BYTES    8
#define REFUSAL_NAME  "log-refusal"
#define REFUSAL_BYTES (4 + 8 + 8 + 2 + 16 + 2 + NOTE_BYTES_MAX)
#define OVERDUE_NAME  "receipts-overdue"
#define OWED_BYTES    (8 + 8 + 8 + 8)

enum lt_status log_known_read(struct box_txn *txn, struct log_known *ret_known)
{
    struct lt_bytes value;
    struct log_known known = {.note_size = 0};
    enum lt_status status = box_get(txn, BOX_META, text_bytes(KEY_NAME), &value);
    if (status == LT_OK) {
        text_copy(known.key, sizeof(known.key), value);
        status = box_get(txn, BOX_META, text_bytes(NOTE_NAME), &value);
    }
    if (status == LT_OK) {
        if (value.size > sizeof(known.note)) {
            return LT_DAMAGED;
        }
        memcpy(known.note, value.data, value.size);
        known.note_size = value.size;
    }
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    *ret_known = known;
    return LT_OK;
}

void log_know_key(struct box_txn *txn, const char *key)
{
    box_put(txn, BOX_META, text_bytes(KEY_NAME), text_bytes(key));
}

void log_know_note(struct box_txn *txn, struct lt_bytes note)
{
    box_put(txn, BOX_META, text_bytes(NOTE_NAME), note);
}

enum lt_status log_refusal_read(struct box_txn *txn, struct log_refusal *ret_refusal)
{
    struct lt_bytes value;
    struct wire_reader r;
    enum lt_status status = box_get(txn, BOX_META, text_bytes(REFUSAL_NAME), &value);
    if (status == LT_NOT_FOUND) {
        ret_refusal->code = LT_OK;
        return LT_OK;
    }
    if (status != LT_OK) {
        return status;
    }
    wire_read_init(&r, value);
    enum lt_status code = (enum lt_status)wire_u32(&r);
    int64_t time_ms = wire_i64(&r);
    int64_t cleared_ms = wire_i64(&r);
    struct lt_bytes what = wire_run16(&r), note = wire_run16(&r);
    if (!wire_read_done(&r) || what.size >= sizeof(ret_refusal->what) ||
        note.size > sizeof(ret_refusal->note)) {
        return LT_DAMAGED;
    }
    *ret_refusal = (struct log_refusal){
        .code = code, .time_ms = time_ms, .cleared_ms = cleared_ms, .note_size = note.size};
    text_copy(ret_refusal->what, sizeof(ret_refusal->what), what);
    if (note.size > 0) {
        memcpy(ret_refusal->note, note.data, note.size);
    }
    return LT_OK;
}

void log_refusal_put(struct box_txn *txn, const struct log_refusal *refusal)
{
    uint8_t room[REFUSAL_BYTES];
    struct wire_writer w;
    wire_write_init(&w, room, sizeof(room));
    wire_put_u32(&w, (uint32_t)refusal->code);
    wire_put_i64(&w, refusal->time_ms);
    wire_put_i64(&w, refusal->cleared_ms);
    wire_put_run16(&w, text_bytes(refusal->what));
    wire_put_run16(&w, (struct lt_bytes){refusal->note, refusal->note_size});
    box_put(txn, BOX_META, text_bytes(REFUSAL_NAME), wire_written(&w));
}

/* ---- receipts ---- */

void receipts_put(struct box_txn *txn, uint64_t position, int64_t time_ms, struct lt_bytes frame)
{
    struct wire_writer w;
    uint8_t *room = malloc(TIME_BYTES + frame.size);
    if (room == NULL) {
        return; /* it can be asked for again */
    }
    wire_write_init(&w, room, TIME_BYTES + frame.size);
    wire_put_i64(&w, time_ms);
    wire_put_raw(&w, frame.data, frame.size);
    box_put_number(txn, BOX_RECEIPTS, position, wire_written(&w));
    free(room);
}

enum lt_status receipts_at(struct box_txn *txn, uint64_t position, struct lt_bytes *ret_frame)
{
    struct store_cursor cursor;
    struct lt_bytes key, value;
    struct box_key at = box_key_of(position);
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_RECEIPTS], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, box_key_bytes(&at), &key, &value);
    if (status == LT_NOT_FOUND) {
        status = store_last(&cursor, &key, &value);
    } else if (status == LT_OK && box_key_number(key) != position) {
        status = store_prev(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    if (status == LT_OK && value.size < TIME_BYTES) {
        status = LT_DAMAGED;
    }
    if (status == LT_OK) {
        *ret_frame = (struct lt_bytes){value.data + TIME_BYTES, value.size - TIME_BYTES};
    }
    return status;
}

/* The first one, if it came before that time; its key. */
static bool first_is_old(struct box_txn *txn, int64_t before_ms, uint64_t *ret_position)
{
    struct store_cursor cursor;
    struct lt_bytes key, value;
    struct wire_reader r;
    if (store_cursor_open(&txn->store, txn->box->trees[BOX_RECEIPTS], &cursor) != LT_OK) {
        return false;
    }
    bool found = store_seek(&cursor, (struct lt_bytes){0}, &key, &value) == LT_OK;
    if (found) {
        wire_read_init(&r, value);
        found = wire_i64(&r) < before_ms;
        *ret_position = box_key_number(key);
    }
    store_cursor_close(&cursor);
    return found;
}

enum lt_status receipts_forget(struct box_txn *txn, int64_t before_ms, uint32_t most,
                               uint32_t *ret_gone)
{
    uint32_t gone = 0;
    uint64_t position;
    while (gone < most && first_is_old(txn, before_ms, &position)) {
        box_delete_number(txn, BOX_RECEIPTS, position);
        gone++;
    }
    *ret_gone = gone;
    return LT_OK;
}

/* ---- what lacks a receipt ---- */

void owed_put(struct box_txn *txn, const struct owed *owed)
{
    uint8_t room[OWED_BYTES];
    struct wire_writer w;
    wire_write_init(&w, room, sizeof(room));
    wire_put_u64(&w, owed->epoch);
    wire_put_i64(&w, owed->since_ms);
    wire_put_i64(&w, owed->time_ms);
    wire_put_i64(&w, owed->floor_ms);
    box_put_number(txn, BOX_OWED, owed->position, wire_written(&w));
}

void owed_paid(struct box_txn *txn, uint64_t position)
{
    struct lt_bytes value;
    if (box_get_number(txn, BOX_OWED, position, &value) == LT_OK) {
        box_delete_number(txn, BOX_OWED, position);
    }
}

static void owed_read(struct lt_bytes value, uint64_t position, struct owed *ret_owed)
{
    struct wire_reader r;
    wire_read_init(&r, value);
    ret_owed->position = position;
    ret_owed->epoch = wire_u64(&r);
    ret_owed->since_ms = wire_i64(&r);
    ret_owed->time_ms = wire_i64(&r);
    ret_owed->floor_ms = wire_i64(&r);
}

enum lt_status owed_at(struct box_txn *txn, uint64_t position, struct owed *ret_owed)
{
    struct lt_bytes value;
    enum lt_status status = box_get_number(txn, BOX_OWED, position, &value);
    if (status == LT_OK) {
        owed_read(value, position, ret_owed);
    }
    return status;
}

uint64_t owed_count(struct box_txn *txn)
{
    return store_count(&txn->store, txn->box->trees[BOX_OWED]);
}

enum lt_status owed_next(struct box_txn *txn, uint64_t after, struct owed *ret_owed)
{
    struct store_cursor cursor;
    struct lt_bytes key, value;
    struct box_key from = box_key_of(after + 1);
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_OWED], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = after == UINT64_MAX ? LT_NOT_FOUND
                                 : store_seek(&cursor, box_key_bytes(&from), &key, &value);
    if (status == LT_OK) {
        owed_read(value, box_key_number(key), ret_owed);
    }
    store_cursor_close(&cursor);
    return status;
}

uint32_t owed_forget(struct box_txn *txn, int64_t before_ms, uint32_t most)
{
    struct owed owed;
    uint32_t gone = 0;
    while (gone < most && owed_next(txn, 0, &owed) == LT_OK && owed.time_ms < before_ms) {
        box_delete_number(txn, BOX_OWED, owed.position);
        gone++;
    }
    return gone;
}

void owed_cut(struct box_txn *txn, uint64_t position)
{
    struct owed owed;
    while (owed_next(txn, position, &owed) == LT_OK) {
        box_delete_number(txn, BOX_OWED, owed.position);
    }
}

void overdue_put(struct box_txn *txn, int64_t since_ms)
{
    if (since_ms == 0) {
        box_delete(txn, BOX_META, text_bytes(OVERDUE_NAME));
        return;
    }
    struct box_key since = box_key_of((uint64_t)since_ms);
    box_put(txn, BOX_META, text_bytes(OVERDUE_NAME), box_key_bytes(&since));
}

int64_t overdue_since(struct box_txn *txn)
{
    struct lt_bytes value;
    bool there = box_get(txn, BOX_META, text_bytes(OVERDUE_NAME), &value) == LT_OK;
    return there && value.size == sizeof(struct box_key) ? (int64_t)box_key_number(value) : 0;
}
