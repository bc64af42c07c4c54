/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Bytes of the box's records. Fixed layouts of big-endian numbers and runs, one version byte in
 * front, so that a later release can tell an old record from a new one and a damaged one from both.
 *
 * Writing cannot fail: RECORD_BYTES_MAX holds the largest record with every text at its limit,
 * which is asserted. Reading checks everything, because these bytes come from a disk.
 */
#include <assert.h>
#include <string.h>

#include "box_record.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"

#define VERSION 1

static struct lt_bytes finish(const struct wire_writer *w)
{
    struct lt_bytes bytes = wire_written(w);
    assert(bytes.size > 0);
    return bytes;
}

static void start(struct wire_writer *w, uint8_t out[RECORD_BYTES_MAX])
{
    wire_write_init(w, out, RECORD_BYTES_MAX);
    wire_put_u8(w, VERSION);
}

static void begin(struct wire_reader *r, struct lt_bytes bytes)
{
    wire_read_init(r, bytes);
    if (wire_u8(r) != VERSION) {
        r->bad = true;
    }
}

static void read_text(struct wire_reader *r, char *out, size_t out_size)
{
    struct lt_bytes run = wire_run16(r);
    if (run.size >= out_size) {
        r->bad = true;
        return;
    }
    if (run.size > 0) {
        memcpy(out, run.data, run.size);
    }
    out[run.size] = '\0';
}

static uint32_t read_key(struct wire_reader *r, uint8_t out[LT_SENDER_KEY_MAX])
{
    struct lt_bytes run = wire_run16(r);
    if (run.size > LT_SENDER_KEY_MAX) {
        r->bad = true;
        return 0;
    }
    if (run.size > 0) {
        memcpy(out, run.data, run.size);
    }
    return (uint32_t)run.size;
}

/* ---- our transfers ---- */

struct lt_bytes sent_record_write(const struct sent_record *record, uint8_t out[RECORD_BYTES_MAX])
{
    const struct lt_sent *sent = &record->sent;
    struct wire_writer w;
    start(&w, out);
    wire_put_u8(&w, (uint8_t)sent->state);
    wire_put_u32(&w, (uint32_t)sent->code);
    wire_put_u32(&w, (uint32_t)sent->kind);
    wire_put_raw(&w, sent->id.bytes, sizeof(sent->id.bytes));
    wire_put_raw(&w, record->axis_id.bytes, sizeof(record->axis_id.bytes));
    wire_put_raw(&w, record->content.bytes, sizeof(record->content.bytes));
    wire_put_i64(&w, sent->recorded_ms);
    wire_put_i64(&w, sent->accepted_ms);
    wire_put_i64(&w, record->done_ms);
    wire_put_u64(&w, record->position);
    wire_put_u32(&w, record->wire_bytes);
    wire_put_u32(&w, record->bytes);
    wire_put_u32(&w, record->attachments);
    wire_put_u32(&w, record->to_count);
    wire_put_u32(&w, record->legs_seen);
    wire_put_u32(&w, record->legs_final);
    wire_put_u32(&w, record->level);
    wire_put_run16(&w, text_bytes(sent->case_code));
    wire_put_run16(&w, (struct lt_bytes){sent->sender_key, sent->sender_key_size});
    wire_put_run16(&w, text_bytes(sent->field));
    wire_put_run16(&w, text_bytes(sent->detail));
    return finish(&w);
}

enum lt_status sent_record_read(struct lt_bytes bytes, struct sent_record *ret_record)
{
    struct sent_record record = {.sent = {.known = false}};
    struct lt_sent *sent = &record.sent;
    struct wire_reader r;
    begin(&r, bytes);
    sent->state = (enum lt_sent_state)wire_u8(&r);
    sent->code = (enum lt_status)wire_u32(&r);
    sent->kind = (enum lt_kind)wire_u32(&r);
    wire_raw(&r, sent->id.bytes, sizeof(sent->id.bytes));
    wire_raw(&r, record.axis_id.bytes, sizeof(record.axis_id.bytes));
    wire_raw(&r, record.content.bytes, sizeof(record.content.bytes));
    sent->recorded_ms = wire_i64(&r);
    sent->accepted_ms = wire_i64(&r);
    record.done_ms = wire_i64(&r);
    record.position = wire_u64(&r);
    record.wire_bytes = wire_u32(&r);
    record.bytes = wire_u32(&r);
    record.attachments = wire_u32(&r);
    record.to_count = wire_u32(&r);
    record.legs_seen = wire_u32(&r);
    record.legs_final = wire_u32(&r);
    record.level = wire_u32(&r);
    read_text(&r, sent->case_code, sizeof(sent->case_code));
    sent->sender_key_size = read_key(&r, sent->sender_key);
    read_text(&r, sent->field, sizeof(sent->field));
    read_text(&r, sent->detail, sizeof(sent->detail));
    if (!wire_read_done(&r) || sent->state < LT_SENT_RECORDED || sent->state > LT_SENT_DONE) {
        return LT_DAMAGED;
    }
    *ret_record = record;
    return LT_OK;
}

struct lt_bytes waiting_record_write(const struct waiting_record *record,
                                     uint8_t out[RECORD_BYTES_MAX])
{
    struct wire_writer w;
    start(&w, out);
    wire_put_raw(&w, record->id.bytes, sizeof(record->id.bytes));
    wire_put_u64(&w, record->case_hash);
    wire_put_u32(&w, record->wire_bytes);
    wire_put_u32(&w, record->attachments);
    return finish(&w);
}

enum lt_status waiting_record_read(struct lt_bytes bytes, struct waiting_record *ret_record)
{
    struct waiting_record record = {0};
    struct wire_reader r;
    begin(&r, bytes);
    wire_raw(&r, record.id.bytes, sizeof(record.id.bytes));
    record.case_hash = wire_u64(&r);
    record.wire_bytes = wire_u32(&r);
    record.attachments = wire_u32(&r);
    if (!wire_read_done(&r)) {
        return LT_DAMAGED;
    }
    *ret_record = record;
    return LT_OK;
}

/* FNV-1a: only to tell cases apart within the queue; two that meet merely wait for each other. */
uint64_t box_case_hash(const char *case_code)
{
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char *at = case_code; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * 0x100000001B3ULL;
    }
    return hash;
}

/* ---- delivered legs ---- */

struct lt_bytes inbox_record_write(const struct inbox_record *record, uint8_t out[RECORD_BYTES_MAX])
{
    struct wire_writer w;
    start(&w, out);
    wire_put_raw(&w, record->id.bytes, sizeof(record->id.bytes));
    wire_put_u32(&w, record->leg);
    wire_put_u32(&w, record->attempt);
    wire_put_u64(&w, record->position);
    wire_put_i64(&w, record->accepted_ms);
    wire_put_i64(&w, record->arrived_ms);
    wire_put_u8(&w, (uint8_t)(record->again | record->restored << 1 | record->sent << 2));
    wire_put_u8(&w, record->body_attached);
    wire_put_u32(&w, record->attachments);
    wire_put_raw(&w, record->digest.bytes, sizeof(record->digest.bytes));
    wire_put_run16(&w, text_bytes(record->from));
    wire_put_run16(&w, text_bytes(record->case_code));
    wire_put_u8(&w, record->settled);
    wire_put_u8(&w, (uint8_t)record->outcome);
    wire_put_u32(&w, (uint32_t)record->code);
    wire_put_u32(&w, record->retry_after_ms);
    wire_put_u8(&w, record->permanent);
    wire_put_i64(&w, record->decided_ms);
    wire_put_i64(&w, record->settled_ms);
    wire_put_u64(&w, record->tell);
    wire_put_run16(&w, text_bytes(record->reason));
    return finish(&w);
}

enum lt_status inbox_record_read(struct lt_bytes bytes, struct inbox_record *ret_record)
{
    struct inbox_record record = {.leg = 0};
    struct wire_reader r;
    begin(&r, bytes);
    wire_raw(&r, record.id.bytes, sizeof(record.id.bytes));
    record.leg = wire_u32(&r);
    record.attempt = wire_u32(&r);
    record.position = wire_u64(&r);
    record.accepted_ms = wire_i64(&r);
    record.arrived_ms = wire_i64(&r);
    uint8_t marks = wire_u8(&r); /* older boxes have again alone, as 1 */
    record.again = (marks & 1) != 0;
    record.restored = (marks & 2) != 0;
    record.sent = (marks & 4) != 0;
    record.body_attached = wire_u8(&r) != 0;
    record.attachments = wire_u32(&r);
    wire_raw(&r, record.digest.bytes, sizeof(record.digest.bytes));
    read_text(&r, record.from, sizeof(record.from));
    read_text(&r, record.case_code, sizeof(record.case_code));
    record.settled = wire_u8(&r) != 0;
    record.outcome = (enum lt_outcome)wire_u8(&r);
    record.code = (enum lt_status)wire_u32(&r);
    record.retry_after_ms = wire_u32(&r);
    record.permanent = wire_u8(&r) != 0;
    record.decided_ms = wire_i64(&r);
    record.settled_ms = wire_i64(&r);
    record.tell = wire_u64(&r);
    read_text(&r, record.reason, sizeof(record.reason));
    if (!wire_read_done(&r) || record.outcome > LT_OUTCOME_LATER) {
        return LT_DAMAGED;
    }
    *ret_record = record;
    return LT_OK;
}

struct lt_bytes open_record_write(const struct open_record *record, uint8_t out[RECORD_BYTES_MAX])
{
    struct wire_writer w;
    start(&w, out);
    wire_put_u64(&w, record->case_hash);
    wire_put_u8(&w, record->complete);
    wire_put_u64(&w, record->epoch);
    wire_put_i64(&w, record->until_mono_ms);
    wire_put_i64(&w, record->until_wall_ms);
    wire_put_run16(&w, text_bytes(record->node));
    return finish(&w);
}

enum lt_status open_record_read(struct lt_bytes bytes, struct open_record *ret_record)
{
    struct open_record record = {.complete = false};
    struct wire_reader r;
    begin(&r, bytes);
    record.case_hash = wire_u64(&r);
    record.complete = wire_u8(&r) != 0;
    record.epoch = wire_u64(&r);
    record.until_mono_ms = wire_i64(&r);
    record.until_wall_ms = wire_i64(&r);
    read_text(&r, record.node, sizeof(record.node));
    if (!wire_read_done(&r)) {
        return LT_DAMAGED;
    }
    *ret_record = record;
    return LT_OK;
}

/* ---- events ---- */

struct lt_bytes event_record_write(const struct lt_event *event, uint8_t out[RECORD_BYTES_MAX])
{
    struct wire_writer w;
    start(&w, out);
    wire_put_i64(&w, event->time_ms);
    wire_put_raw(&w, event->id.bytes, sizeof(event->id.bytes));
    wire_put_u32(&w, event->leg);
    wire_put_u32(&w, (uint32_t)event->code);
    wire_put_u32(&w, event->level);
    wire_put_run16(&w, text_bytes(event->what));
    wire_put_run16(&w, text_bytes(event->agency));
    wire_put_run16(&w, text_bytes(event->reason));
    wire_put_run16(&w, text_bytes(event->case_code));
    wire_put_run16(&w, (struct lt_bytes){event->sender_key, event->sender_key_size});
    return finish(&w);
}

enum lt_status event_record_read(struct lt_bytes bytes, struct lt_event *ret_event)
{
    struct lt_event event = {.cursor = 0};
    struct wire_reader r;
    begin(&r, bytes);
    event.time_ms = wire_i64(&r);
    wire_raw(&r, event.id.bytes, sizeof(event.id.bytes));
    event.leg = wire_u32(&r);
    event.code = (enum lt_status)wire_u32(&r);
    event.level = wire_u32(&r);
    read_text(&r, event.what, sizeof(event.what));
    read_text(&r, event.agency, sizeof(event.agency));
    read_text(&r, event.reason, sizeof(event.reason));
    read_text(&r, event.case_code, sizeof(event.case_code));
    event.sender_key_size = read_key(&r, event.sender_key);
    if (!wire_read_done(&r)) {
        return LT_DAMAGED;
    }
    *ret_event = event;
    return LT_OK;
}
