/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The feed that local software reads by cursor. An event is put in the same transaction as the
 * change it tells of, so the feed can neither miss an outcome nor tell of one that did not last.
 *
 * Cursors count up for the life of the box, also past events that retention has removed: a reader
 * that stayed away longer than the events are kept goes on with the oldest one left.
 */
#include "box_events.h"
#include "box_record.h"

void events_add(struct box_txn *txn, struct lt_event *event)
{
    uint8_t room[RECORD_BYTES_MAX];
    event->cursor = ++txn->counts.cursor;
    box_put_number(txn, BOX_EVENTS, event->cursor, event_record_write(event, room));
}

enum lt_status events_list(struct box_txn *txn, uint64_t after, struct lt_event *out,
                           uint32_t count, uint32_t *ret_count)
{
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes value;
    uint32_t found = 0;
    struct box_key from = box_key_of(after + 1);
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_EVENTS], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = after == UINT64_MAX ? LT_NOT_FOUND
                                 : store_seek(&cursor, box_key_bytes(&from), &key, &value);
    while (status == LT_OK && found < count) {
        status = event_record_read(value, &out[found]);
        if (status != LT_OK) {
            break;
        }
        out[found++].cursor = box_key_number(key);
        if (found < count) {
            status = store_next(&cursor, &key, &value);
        }
    }
    store_cursor_close(&cursor);
    *ret_count = found;
    return status == LT_NOT_FOUND ? LT_OK : status;
}

enum lt_status events_forget(struct box_txn *txn, int64_t before_ms, uint32_t count,
                             uint32_t *ret_count)
{
    struct lt_event event;
    uint32_t gone = 0;
    uint64_t after = 0;
    while (gone < count) {
        uint32_t found = 0;
        enum lt_status status = events_list(txn, after, &event, 1, &found);
        if (status != LT_OK && txn->puts == 0) {
            return status;
        }
        if (status != LT_OK || found == 0 || event.time_ms >= before_ms) {
            break;
        }
        box_delete_number(txn, BOX_EVENTS, event.cursor);
        after = event.cursor;
        gone++;
    }
    *ret_count = gone;
    return LT_OK;
}
