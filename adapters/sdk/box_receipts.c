/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two rows of BOX_META and one tree. A frame of receipts is kept whole, because its leaves share
 * what proves them; its key is the position of its first leaf, so that the frame of any position is
 * found by one seek. Each begins with the time it came, for the sweep.
 */
#include "box_receipts.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"

#define KEY_NAME   "log-key"
#define NOTE_NAME  "log-checkpoint"
#define TIME_BYTES 8

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
