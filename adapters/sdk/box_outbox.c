/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The outbox: what the local software has handed over, from "recorded here" to "every leg final".
 *
 * A transfer is four things: its record (state, ids, times), its parcel (the very bytes that were
 * or will be sent), its place in the queue while the axis has not decided, and its index entries
 * (sender key, ids, case). They change together in one transaction.
 *
 * Ids: a transfer has the id it was given here. When the axis knows the same request under another
 * id (an earlier life of this adapter, a twin), that id is kept beside it; both lead here, and what
 * the local software hears of it carries the id it was told first.
 *
 * How many legs a transfer by competence has is not known here: it is done when every leg that a
 * notice ever named is final, and all named receivers are among them.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "box_axis.h"
#include "box_blobs.h"
#include "box_events.h"
#include "box_outbox.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "proto/message.h"

#define CASE_KEY_BYTES (LT_CASE_CODE_MAX + 1 + 8)

/* ---- keys and parcels ---- */

static struct lt_bytes id_bytes(const struct lt_id *id)
{
    return (struct lt_bytes){id->bytes, sizeof(id->bytes)};
}

static struct lt_bytes case_key(uint8_t out[CASE_KEY_BYTES], const char *case_code,
                                uint64_t sequence)
{
    size_t size = strlen(case_code);
    struct box_key number = box_key_of(sequence);
    assert(size <= LT_CASE_CODE_MAX);
    memcpy(out, case_code, size + 1);
    memcpy(out + size + 1, number.bytes, sizeof(number.bytes));
    return (struct lt_bytes){out, size + 1 + sizeof(number.bytes)};
}

static enum lt_status number_get(struct box_txn *txn, enum box_tree tree, struct lt_bytes key,
                                 uint64_t *ret_number)
{
    struct lt_bytes value;
    enum lt_status status = box_get(txn, tree, key, &value);
    if (status != LT_OK) {
        return status;
    }
    if (value.size != 8) {
        return LT_DAMAGED;
    }
    *ret_number = box_key_number(value);
    return LT_OK;
}

static void number_put(struct box_txn *txn, enum box_tree tree, struct lt_bytes key,
                       uint64_t number)
{
    struct box_key value = box_key_of(number);
    box_put(txn, tree, key, box_key_bytes(&value));
}

enum lt_status outbox_get(struct box_txn *txn, uint64_t sequence, struct sent_record *ret_record)
{
    struct lt_bytes value;
    enum lt_status status = box_get_number(txn, BOX_OUTBOX, sequence, &value);
    if (status != LT_OK) {
        return status;
    }
    status = sent_record_read(value, ret_record);
    if (status == LT_OK) {
        ret_record->sent.sequence = sequence;
    }
    return status;
}

static void record_put(struct box_txn *txn, const struct sent_record *record)
{
    uint8_t room[RECORD_BYTES_MAX];
    box_put_number(txn, BOX_OUTBOX, record->sent.sequence, sent_record_write(record, room));
}

enum lt_status outbox_by_key(struct box_txn *txn, struct lt_bytes sender_key,
                             uint64_t *ret_sequence)
{
    return number_get(txn, BOX_KEYS, sender_key, ret_sequence);
}

enum lt_status outbox_by_id(struct box_txn *txn, const struct lt_id *id, uint64_t *ret_sequence)
{
    return number_get(txn, BOX_IDS, id_bytes(id), ret_sequence);
}

/* u32 size of the header, header, body. */
static void parcel_put(struct box_txn *txn, uint64_t sequence, struct lt_bytes header,
                       struct lt_bytes body)
{
    uint8_t room[4 + LT_HEADER_BYTES_MAX + LT_BODY_INLINE_MAX];
    struct wire_writer w;
    wire_write_init(&w, room, sizeof(room));
    wire_put_run32(&w, header);
    wire_put_raw(&w, body.data, body.size);
    assert(!w.bad);
    box_put_number(txn, BOX_PARCELS, sequence, wire_written(&w));
}

enum lt_status outbox_parcel(struct box_txn *txn, uint64_t sequence, struct lt_bytes *ret_header,
                             struct lt_bytes *ret_body)
{
    struct lt_bytes value;
    enum lt_status status = box_get_number(txn, BOX_PARCELS, sequence, &value);
    if (status != LT_OK) {
        return status;
    }
    struct wire_reader r;
    wire_read_init(&r, value);
    struct lt_bytes header = wire_run32(&r);
    if (r.bad) {
        return LT_DAMAGED;
    }
    *ret_header = header;
    *ret_body = (struct lt_bytes){r.at, (size_t)(r.end - r.at)};
    return LT_OK;
}

/* ---- the queue ---- */

static void queue_put(struct box_txn *txn, const struct sent_record *record)
{
    uint8_t room[RECORD_BYTES_MAX];
    struct waiting_record waiting = {
        .id = record->sent.id,
        .case_hash = box_case_hash(record->sent.case_code),
        .wire_bytes = record->wire_bytes,
        .attachments = record->attachments,
    };
    box_put_number(txn, BOX_WAITING, record->sent.sequence, waiting_record_write(&waiting, room));
}

static bool queue_has(struct box_txn *txn, uint64_t sequence)
{
    struct lt_bytes value;
    return box_get_number(txn, BOX_WAITING, sequence, &value) == LT_OK;
}

static void queue_enter(struct box_txn *txn, const struct sent_record *record)
{
    queue_put(txn, record);
    txn->counts.waiting++;
    txn->counts.waiting_bytes += record->bytes;
}

static void queue_leave(struct box_txn *txn, const struct sent_record *record)
{
    if (!queue_has(txn, record->sent.sequence)) {
        return;
    }
    box_delete_number(txn, BOX_WAITING, record->sent.sequence);
    txn->counts.waiting -= txn->counts.waiting > 0 ? 1 : 0;
    txn->counts.waiting_bytes -=
        txn->counts.waiting_bytes > record->bytes ? record->bytes : txn->counts.waiting_bytes;
}

enum lt_status outbox_waiting(struct box_txn *txn, uint64_t after,
                              struct waiting_record *ret_record)
{
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes value;
    struct box_key from = box_key_of(after + 1);
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_WAITING], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, box_key_bytes(&from), &key, &value);
    if (status == LT_OK) {
        status = waiting_record_read(value, ret_record);
    }
    if (status == LT_OK) {
        ret_record->sequence = box_key_number(key);
    }
    store_cursor_close(&cursor);
    return status;
}

/* ---- a new one, and the one before ---- */

void outbox_add(struct box_txn *txn, struct sent_record *record, struct lt_bytes header,
                struct lt_bytes body, const struct attachment *attachments)
{
    uint8_t room[CASE_KEY_BYTES];
    static const struct lt_bytes nothing = {NULL, 0};
    struct lt_sent *sent = &record->sent;
    sent->sequence = ++txn->counts.sequence;
    record_put(txn, record);
    parcel_put(txn, sent->sequence, header, body);
    number_put(txn, BOX_KEYS, (struct lt_bytes){sent->sender_key, sent->sender_key_size},
               sent->sequence);
    number_put(txn, BOX_IDS, id_bytes(&sent->id), sent->sequence);
    box_put(txn, BOX_CASES, case_key(room, sent->case_code, sent->sequence), nothing);
    for (uint32_t i = 0; i < record->attachments; i++) {
        box_blob_need(txn, &attachments[i].sha256, BLOB_USER_OUTBOX, sent->sequence);
    }
    queue_enter(txn, record);
}

/* The entry of the case in front of `below`; LT_NOT_FOUND when there is none. */
static enum lt_status case_before(struct box_txn *txn, const char *case_code, uint64_t below,
                                  uint64_t *ret_sequence)
{
    uint8_t room[CASE_KEY_BYTES];
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes from = case_key(room, case_code, below);
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_CASES], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, from, NULL, NULL);
    if (status == LT_OK) {
        status = store_prev(&cursor, &key, NULL);
    } else if (status == LT_NOT_FOUND) {
        status = store_last(&cursor, &key, NULL);
    }
    if (status == LT_OK) {
        bool same = key.size == from.size && memcmp(key.data, from.data, from.size - 8) == 0;
        status = same ? LT_OK : LT_NOT_FOUND;
    }
    if (status == LT_OK) {
        *ret_sequence = box_key_number(key);
    }
    store_cursor_close(&cursor);
    return status;
}

enum lt_status outbox_before(struct box_txn *txn, const char *case_code, uint64_t below,
                             struct sent_record *ret_record)
{
    struct sent_record record;
    enum lt_status status = case_before(txn, case_code, below, &below);
    while (status == LT_OK) {
        status = outbox_get(txn, below, &record);
        if (status != LT_OK) {
            return status == LT_NOT_FOUND ? LT_DAMAGED : status;
        }
        if (record.sent.state != LT_SENT_REFUSED) {
            *ret_record = record;
            return LT_OK;
        }
        status = case_before(txn, case_code, below, &below);
    }
    return status;
}

struct lt_id outbox_axis_id(const struct sent_record *record)
{
    return id_empty(&record->axis_id) ? record->sent.id : record->axis_id;
}

/* ---- decisions ---- */

static struct lt_event event_of(const struct sent_record *record, const char *what, int64_t time_ms)
{
    const struct lt_sent *sent = &record->sent;
    struct lt_event event = {.time_ms = time_ms, .id = sent->id, .code = sent->code};
    text_copy(event.what, sizeof(event.what), text_bytes(what));
    text_copy(event.case_code, sizeof(event.case_code), text_bytes(sent->case_code));
    memcpy(event.sender_key, sent->sender_key, sizeof(event.sender_key));
    event.sender_key_size = sent->sender_key_size;
    return event;
}

static int64_t now_ms(const struct box_txn *txn)
{
    return txn->box->clock->wall_ms(txn->box->clock->self);
}

/* Whether every leg is final; notices may have come before the verdict. */
static void done_look(struct sent_record *record, int64_t now)
{
    bool done = record->legs_seen != 0 && record->legs_final == record->legs_seen &&
                (uint32_t)__builtin_popcount(record->legs_final) >= record->to_count;
    record->sent.state = done ? LT_SENT_DONE : LT_SENT_ACCEPTED;
    record->done_ms = done ? now : 0;
}

static void accept(struct box_txn *txn, struct sent_record *record, const struct verdict_item *item)
{
    bool first = record->sent.state == LT_SENT_RECORDED;
    axis_told(txn, item->position);
    record->position = item->position;
    record->sent.accepted_ms = item->time_ms > 0 ? item->time_ms : now_ms(txn);
    if (!id_empty(&item->known_as) &&
        memcmp(&item->known_as, &record->sent.id, sizeof(item->known_as)) != 0) {
        char id[ID_TEXT_BYTES];
        record->axis_id = item->known_as;
        number_put(txn, BOX_IDS, id_bytes(&record->axis_id), record->sent.sequence);
        id_write(id, &record->axis_id);
        snprintf(record->sent.detail, sizeof(record->sent.detail), "known as %s", id);
    }
    if (!first) {
        return; /* the axis had lost it and has it again: nothing new for the local software */
    }
    done_look(record, now_ms(txn));
    struct lt_event event = event_of(record, "accepted", record->sent.accepted_ms);
    event.level = LT_LEVEL_ACCEPTED;
    text_copy(event.reason, sizeof(event.reason), text_bytes(record->sent.detail));
    events_add(txn, &event);
}

static void refuse(struct box_txn *txn, struct sent_record *record, const struct verdict_item *item)
{
    int64_t time_ms = item->time_ms > 0 ? item->time_ms : now_ms(txn);
    record->sent.state = LT_SENT_REFUSED;
    record->sent.code = (enum lt_status)item->code;
    record->done_ms = now_ms(txn);
    text_copy(record->sent.field, sizeof(record->sent.field), item->field);
    text_copy(record->sent.detail, sizeof(record->sent.detail), item->detail);
    struct lt_event event = event_of(record, "refused", time_ms);
    const char *between =
        record->sent.field[0] != '\0' && record->sent.detail[0] != '\0' ? ": " : "";
    snprintf(event.reason, sizeof(event.reason), "%s%s%s", record->sent.field, between,
             record->sent.detail);
    events_add(txn, &event);
}

enum lt_status outbox_decide(struct box_txn *txn, uint64_t sequence,
                             const struct verdict_item *item)
{
    struct sent_record record;
    enum lt_status status = outbox_get(txn, sequence, &record);
    if (status != LT_OK) {
        return status;
    }
    queue_leave(txn, &record);
    if (item->code == LT_OK) {
        accept(txn, &record, item);
    } else {
        refuse(txn, &record, item);
    }
    record_put(txn, &record);
    return LT_OK;
}

/* ---- outcomes ---- */

static bool final_state(struct lt_bytes state)
{
    return bytes_equal(state, text_bytes("taken")) || bytes_equal(state, text_bytes("refused")) ||
           bytes_equal(state, text_bytes("expired")) || bytes_equal(state, text_bytes("cancelled"));
}

static void leg_fold(struct sent_record *record, const struct notice_item *item, int64_t now)
{
    if (item->leg >= LT_LEGS_MAX) {
        return;
    }
    uint32_t bit = 1u << item->leg;
    record->legs_seen |= bit;
    record->legs_final =
        final_state(item->state) ? record->legs_final | bit : record->legs_final & ~bit;
    record->level = item->level > record->level ? item->level : record->level;
    if (record->sent.state == LT_SENT_ACCEPTED || record->sent.state == LT_SENT_DONE) {
        done_look(record, now);
    }
}

enum lt_status outbox_notice(struct box_txn *txn, const struct notice_item *item)
{
    struct sent_record record = {.position = 0};
    uint64_t sequence = 0;
    enum lt_status status = outbox_by_id(txn, &item->id, &sequence);
    if (status == LT_OK) {
        status = outbox_get(txn, sequence, &record);
    }
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    struct lt_event event = {.time_ms = item->time_ms, .id = item->id};
    if (status == LT_OK) {
        leg_fold(&record, item, now_ms(txn));
        record_put(txn, &record);
        event = event_of(&record, "", item->time_ms);
    } else {
        /* Made by another adapter of this agency, or before this box: told all the same. */
        text_copy(event.case_code, sizeof(event.case_code), item->case_code);
        if (item->sender_key.size <= sizeof(event.sender_key) && item->sender_key.size > 0) {
            memcpy(event.sender_key, item->sender_key.data, item->sender_key.size);
            event.sender_key_size = (uint32_t)item->sender_key.size;
        }
    }
    event.leg = item->leg;
    event.code = (enum lt_status)item->code;
    event.level = item->level;
    text_copy(event.what, sizeof(event.what), item->state);
    text_copy(event.agency, sizeof(event.agency), item->agency);
    text_copy(event.reason, sizeof(event.reason), item->reason);
    events_add(txn, &event);
    return LT_OK;
}

/* ---- a predecessor the axis does not know ---- */

/* The same transfer with another `after`: never decided, so its bytes may still change. */
static enum lt_status after_change(struct box_txn *txn, struct sent_record *record,
                                   const struct header *header, struct lt_bytes body,
                                   struct arena *arena)
{
    struct lt_bytes bytes;
    struct lt_bytes kept = arena_copy(arena, body); /* the view dies with the put */
    if (kept.data == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = header_write(header, arena, &bytes);
    if (status != LT_OK) {
        return status;
    }
    txn->counts.waiting_bytes -= record->bytes;
    record->bytes = (uint32_t)(bytes.size + kept.size);
    record->wire_bytes = (uint32_t)parcel_bytes(bytes.size, kept.size);
    txn->counts.waiting_bytes += record->bytes;
    parcel_put(txn, record->sent.sequence, bytes, kept);
    record_put(txn, record);
    queue_put(txn, record);
    return LT_OK;
}

enum lt_status outbox_repair(struct box_txn *txn, uint64_t sequence, struct arena *arena,
                             uint64_t *ret_again)
{
    struct sent_record record;
    struct sent_record before = {.bytes = 0};
    struct header header;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    struct lt_id after = {{0}};
    enum lt_status status = outbox_get(txn, sequence, &record);
    if (status == LT_OK) {
        status = outbox_parcel(txn, sequence, &header_bytes, &body);
    }
    if (status == LT_OK) {
        status = header_read(header_bytes, arena, &header, NULL);
    }
    if (status != LT_OK) {
        return status;
    }
    status = outbox_before(txn, record.sent.case_code, sequence, &before);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    bool alone = status == LT_NOT_FOUND;
    if (!alone) {
        after = outbox_axis_id(&before);
    }
    *ret_again = 0;
    if (memcmp(&after, &header.after, sizeof(after)) != 0) {
        header.after = after;
        return after_change(txn, &record, &header, body, arena);
    }
    if (!alone && !queue_has(txn, before.sent.sequence)) {
        queue_enter(txn, &before); /* accepted once, and lost there since */
        *ret_again = before.sent.sequence;
    }
    return LT_OK;
}

/* ---- lists and the end ---- */

static bool fits(const struct lt_sent_filter *filter, const struct lt_sent *sent)
{
    return (filter->state == 0 || filter->state == (int)sent->state) &&
           sent->recorded_ms >= filter->since_ms;
}

enum lt_status outbox_list(struct box_txn *txn, const struct lt_sent_filter *filter, uint64_t after,
                           uint32_t looks, struct lt_sent *out, uint32_t count, uint32_t *ret_count,
                           uint64_t *ret_last)
{
    uint8_t room[CASE_KEY_BYTES];
    struct store_cursor cursor;
    struct lt_bytes key;
    struct box_key number = box_key_of(after + 1);
    bool by_case = filter->case_code != NULL;
    enum box_tree tree = by_case ? BOX_CASES : BOX_OUTBOX;
    struct lt_bytes from =
        by_case ? case_key(room, filter->case_code, after + 1) : box_key_bytes(&number);
    uint32_t found = 0;
    uint64_t last = after;
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[tree], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, from, &key, NULL);
    while (status == LT_OK && found < count && looks > 0) {
        struct sent_record record;
        if (key.size != from.size || memcmp(key.data, from.data, from.size - 8) != 0) {
            status = LT_NOT_FOUND;
            break;
        }
        last = box_key_number(key);
        looks--;
        if (outbox_get(txn, last, &record) == LT_OK && fits(filter, &record.sent)) {
            out[found++] = record.sent;
        }
        status = store_next(&cursor, &key, NULL);
    }
    store_cursor_close(&cursor);
    *ret_count = found;
    *ret_last = status == LT_NOT_FOUND ? UINT64_MAX : last;
    return status == LT_NOT_FOUND ? LT_OK : status;
}

/* One record of the walk; the cursor is not open while it writes. */
static enum lt_status again_one(struct box_txn *txn, uint64_t sequence, uint64_t position,
                                uint32_t *again)
{
    struct sent_record record;
    enum lt_status status = outbox_get(txn, sequence, &record);
    if (status != LT_OK) {
        return status;
    }
    bool accepted = record.sent.state == LT_SENT_ACCEPTED || record.sent.state == LT_SENT_DONE;
    if (accepted && record.position > position && !queue_has(txn, sequence)) {
        queue_enter(txn, &record);
        (*again)++;
    }
    return LT_OK;
}

enum lt_status outbox_again(struct box_txn *txn, uint64_t position, uint64_t after, uint32_t looks,
                            uint32_t *ret_again, uint64_t *ret_last)
{
    uint32_t again = 0;
    uint64_t last = after;
    enum lt_status status = LT_OK;
    while (looks-- > 0 && last < txn->counts.sequence) {
        last++;
        status = again_one(txn, last, position, &again);
        if (status != LT_OK && status != LT_NOT_FOUND) {
            return status;
        }
    }
    *ret_again = again;
    *ret_last = last >= txn->counts.sequence ? UINT64_MAX : last;
    return LT_OK;
}

enum lt_status outbox_forget(struct box_txn *txn, uint64_t sequence, struct arena *arena)
{
    uint8_t room[CASE_KEY_BYTES];
    struct sent_record record;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    struct header header = {.attachments_count = 0};
    enum lt_status status = outbox_get(txn, sequence, &record);
    if (status != LT_OK) {
        return status;
    }
    if (record.attachments > 0 && outbox_parcel(txn, sequence, &header_bytes, &body) == LT_OK &&
        header_read(header_bytes, arena, &header, NULL) != LT_OK) {
        header.attachments_count = 0;
    }
    for (uint32_t i = 0; i < header.attachments_count; i++) {
        box_blob_unneed(txn, &header.attachments[i].sha256, BLOB_USER_OUTBOX, sequence);
    }
    queue_leave(txn, &record);
    box_delete(txn, BOX_KEYS,
               (struct lt_bytes){record.sent.sender_key, record.sent.sender_key_size});
    box_delete(txn, BOX_IDS, id_bytes(&record.sent.id));
    if (!id_empty(&record.axis_id)) {
        box_delete(txn, BOX_IDS, id_bytes(&record.axis_id));
    }
    box_delete(txn, BOX_CASES, case_key(room, record.sent.case_code, sequence));
    box_delete_number(txn, BOX_PARCELS, sequence);
    box_delete_number(txn, BOX_OUTBOX, sequence);
    return LT_OK;
}
