/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Layouts of the index records, one writer and one reader each, side by side so that they are seen
 * to agree. A record that does not read whole is damage of state.mdb, which is rebuildable: callers
 * treat it as LT_DAMAGED.
 */
#include "record.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"

#define RECORD_FORMAT 1

static void put_transfer_key(struct wire_writer *w, const struct transfer_key *key)
{
    wire_put_raw(w, key->id.bytes, sizeof(key->id.bytes));
    wire_put_u32(w, key->from);
}

static struct transfer_key get_transfer_key(struct wire_reader *r)
{
    struct transfer_key key;
    memset(&key, 0, sizeof(key));
    wire_raw(r, key.id.bytes, sizeof(key.id.bytes));
    key.from = wire_u32(r);
    return key;
}

struct lt_bytes transfer_key_write(uint8_t out[RECORD_KEY_MAX], const struct transfer_key *key)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    put_transfer_key(&w, key);
    return wire_written(&w);
}

static void put_leg(struct wire_writer *w, const struct leg *leg)
{
    wire_put_u32(w, leg->agency);
    wire_put_u8(w, (uint8_t)leg->state);
    wire_put_u8(w, leg->flags);
    wire_put_u8(w, leg->priority);
    wire_put_u8(w, leg->failures);
    wire_put_u16(w, leg->attempts);
    wire_put_u16(w, leg->code);
    wire_put_i64(w, leg->due_ms);
    wire_put_i64(w, leg->since_ms);
}

static struct leg get_leg(struct wire_reader *r)
{
    struct leg leg;
    leg.agency = wire_u32(r);
    leg.state = (enum leg_state)wire_u8(r);
    leg.flags = wire_u8(r);
    leg.priority = wire_u8(r);
    leg.failures = wire_u8(r);
    leg.attempts = wire_u16(r);
    leg.code = wire_u16(r);
    leg.due_ms = wire_i64(r);
    leg.since_ms = wire_i64(r);
    return leg;
}

struct lt_bytes transfer_write(uint8_t out[RECORD_VALUE_MAX], const struct transfer *t)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u8(&w, RECORD_FORMAT);
    wire_put_u16(&w, t->code);
    put_transfer_key(&w, &t->twin);
    wire_put_raw(&w, t->digest.bytes, sizeof(t->digest.bytes));
    wire_put_u64(&w, t->position);
    wire_put_u64(&w, t->bytes_at);
    wire_put_i64(&w, t->time_ms);
    wire_put_u8(&w, (uint8_t)t->kind);
    wire_put_u8(&w, t->priority);
    wire_put_raw(&w, t->lane.bytes, sizeof(t->lane.bytes));
    wire_put_u32(&w, t->parcel_bytes);
    wire_put_i64(&w, t->deadline_ms);
    wire_put_raw(&w, t->after.bytes, sizeof(t->after.bytes));
    wire_put_run16(&w, text_bytes(t->case_code));
    wire_put_run16(&w, text_bytes(t->procedure));
    wire_put_run16(&w, (struct lt_bytes){t->sender_key, t->sender_key_size});
    wire_put_u8(&w, t->legs_count);
    for (uint32_t i = 0; i < t->legs_count; i++) {
        put_leg(&w, &t->legs[i]);
    }
    return wire_written(&w);
}

bool transfer_read(struct lt_bytes bytes, struct transfer *ret_transfer)
{
    struct wire_reader r;
    struct transfer t;
    memset(&t, 0, offsetof(struct transfer, legs));
    wire_read_init(&r, bytes);
    if (wire_u8(&r) != RECORD_FORMAT) {
        return false;
    }
    t.code = wire_u16(&r);
    t.twin = get_transfer_key(&r);
    wire_raw(&r, t.digest.bytes, sizeof(t.digest.bytes));
    t.position = wire_u64(&r);
    t.bytes_at = wire_u64(&r);
    t.time_ms = wire_i64(&r);
    t.kind = (enum lt_kind)wire_u8(&r);
    t.priority = wire_u8(&r);
    wire_raw(&r, t.lane.bytes, sizeof(t.lane.bytes));
    t.parcel_bytes = wire_u32(&r);
    t.deadline_ms = wire_i64(&r);
    wire_raw(&r, t.after.bytes, sizeof(t.after.bytes));
    text_copy(t.case_code, sizeof(t.case_code), wire_run16(&r));
    text_copy(t.procedure, sizeof(t.procedure), wire_run16(&r));
    struct lt_bytes key = wire_run16(&r);
    if (r.bad || key.size > sizeof(t.sender_key)) {
        return false;
    }
    memcpy(t.sender_key, key.data, key.size);
    t.sender_key_size = (uint8_t)key.size;
    t.legs_count = wire_u8(&r);
    if (r.bad || t.legs_count > LT_LEGS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < t.legs_count; i++) {
        t.legs[i] = get_leg(&r);
    }
    if (!wire_read_done(&r)) {
        return false;
    }
    memcpy(ret_transfer, &t, offsetof(struct transfer, legs) + t.legs_count * sizeof(t.legs[0]));
    return true;
}

struct lt_bytes known_key_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency,
                              struct lt_bytes sender_key)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u32(&w, agency);
    wire_put_raw(&w, sender_key.data, sender_key.size);
    return wire_written(&w);
}

struct lt_bytes known_key_write(uint8_t out[RECORD_VALUE_MAX], const struct known_key *known)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_raw(&w, known->id.bytes, sizeof(known->id.bytes));
    wire_put_raw(&w, known->content_digest.bytes, sizeof(known->content_digest.bytes));
    return wire_written(&w);
}

bool known_key_read(struct lt_bytes bytes, struct known_key *ret_known)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    wire_raw(&r, ret_known->id.bytes, sizeof(ret_known->id.bytes));
    wire_raw(&r, ret_known->content_digest.bytes, sizeof(ret_known->content_digest.bytes));
    return wire_read_done(&r);
}

struct lt_bytes due_key_write(uint8_t out[RECORD_KEY_MAX], const struct due_key *key)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u32(&w, key->agency);
    wire_put_u8(&w, (uint8_t)(255 - key->priority));
    wire_put_i64(&w, key->due_ms);
    wire_put_u64(&w, key->position);
    wire_put_u8(&w, key->leg);
    return wire_written(&w);
}

bool due_key_read(struct lt_bytes bytes, struct due_key *ret_key)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_key->agency = wire_u32(&r);
    ret_key->priority = (uint8_t)(255 - wire_u8(&r));
    ret_key->due_ms = wire_i64(&r);
    ret_key->position = wire_u64(&r);
    ret_key->leg = wire_u8(&r);
    return wire_read_done(&r);
}

struct lt_bytes due_write(uint8_t out[RECORD_VALUE_MAX], const struct due *due)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    put_transfer_key(&w, &due->transfer);
    wire_put_u64(&w, due->made_by);
    wire_put_u32(&w, due->parcel_bytes);
    wire_put_u16(&w, due->attempts);
    wire_put_u8(&w, due->flags);
    return wire_written(&w);
}

bool due_read(struct lt_bytes bytes, struct due *ret_due)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_due->transfer = get_transfer_key(&r);
    ret_due->made_by = wire_u64(&r);
    ret_due->parcel_bytes = wire_u32(&r);
    ret_due->attempts = wire_u16(&r);
    ret_due->flags = wire_u8(&r);
    return wire_read_done(&r);
}

struct lt_bytes lane_prefix(uint8_t out[RECORD_KEY_MAX], uint32_t agency, const struct lane *lane)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u32(&w, agency);
    wire_put_raw(&w, lane->bytes, sizeof(lane->bytes));
    return wire_written(&w);
}

struct lt_bytes lane_key_write(uint8_t out[RECORD_KEY_MAX], const struct lane_key *key)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u32(&w, key->agency);
    wire_put_raw(&w, key->lane.bytes, sizeof(key->lane.bytes));
    wire_put_u64(&w, key->position);
    wire_put_u8(&w, key->leg);
    return wire_written(&w);
}

bool lane_key_read(struct lt_bytes bytes, struct lane_key *ret_key)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_key->agency = wire_u32(&r);
    wire_raw(&r, ret_key->lane.bytes, sizeof(ret_key->lane.bytes));
    ret_key->position = wire_u64(&r);
    ret_key->leg = wire_u8(&r);
    return wire_read_done(&r);
}

struct lt_bytes lane_head_write(uint8_t out[RECORD_VALUE_MAX], const struct lane_head *head)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u32(&w, head->blockers);
    wire_put_u32(&w, head->behind);
    wire_put_u32(&w, head->overtakers);
    wire_put_u64(&w, head->first);
    return wire_written(&w);
}

bool lane_head_read(struct lt_bytes bytes, struct lane_head *ret_head)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_head->blockers = wire_u32(&r);
    ret_head->behind = wire_u32(&r);
    ret_head->overtakers = wire_u32(&r);
    ret_head->first = wire_u64(&r);
    return wire_read_done(&r);
}

struct lt_bytes lane_entry_write(uint8_t out[RECORD_VALUE_MAX], const struct lane_entry *entry)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    put_transfer_key(&w, &entry->transfer);
    wire_put_u8(&w, (uint8_t)entry->state);
    wire_put_u8(&w, entry->flags);
    wire_put_u8(&w, entry->overtakes);
    wire_put_u8(&w, entry->expires);
    wire_put_i64(&w, entry->limit_ms);
    wire_put_i64(&w, entry->since_ms);
    return wire_written(&w);
}

bool lane_entry_read(struct lt_bytes bytes, struct lane_entry *ret_entry)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_entry->transfer = get_transfer_key(&r);
    ret_entry->state = (enum leg_state)wire_u8(&r);
    ret_entry->flags = wire_u8(&r);
    ret_entry->overtakes = wire_u8(&r);
    ret_entry->expires = wire_u8(&r);
    ret_entry->limit_ms = wire_i64(&r);
    ret_entry->since_ms = wire_i64(&r);
    return wire_read_done(&r);
}

struct lt_bytes parked_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency, uint64_t position,
                           uint8_t leg)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u32(&w, agency);
    wire_put_u64(&w, position);
    wire_put_u8(&w, leg);
    return wire_written(&w);
}

bool parked_key_read(struct lt_bytes bytes, uint32_t *ret_agency, uint64_t *ret_position,
                     uint8_t *ret_leg)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    *ret_agency = wire_u32(&r);
    *ret_position = wire_u64(&r);
    *ret_leg = wire_u8(&r);
    return wire_read_done(&r);
}

struct lt_bytes parked_write(uint8_t out[RECORD_VALUE_MAX], const struct parked *parked)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    put_transfer_key(&w, &parked->transfer);
    wire_put_u16(&w, parked->code);
    wire_put_i64(&w, parked->since_ms);
    wire_put_run16(&w, text_bytes(parked->words));
    return wire_written(&w);
}

bool parked_read(struct lt_bytes bytes, struct parked *ret_parked)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_parked->transfer = get_transfer_key(&r);
    ret_parked->code = wire_u16(&r);
    ret_parked->since_ms = wire_i64(&r);
    text_copy(ret_parked->words, sizeof(ret_parked->words), wire_run16(&r));
    return wire_read_done(&r);
}

struct lt_bytes held_key(uint8_t out[RECORD_KEY_MAX], uint64_t position, uint8_t leg)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u64(&w, position);
    wire_put_u8(&w, leg);
    return wire_written(&w);
}

struct lt_bytes held_write(uint8_t out[RECORD_VALUE_MAX], const struct held_record *held)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u8(&w, held->held);
    wire_put_u16(&w, held->attempt);
    wire_put_i64(&w, held->time_ms);
    return wire_written(&w);
}

bool held_read(struct lt_bytes bytes, struct held_record *ret_held)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_held->held = wire_u8(&r);
    ret_held->attempt = wire_u16(&r);
    ret_held->time_ms = wire_i64(&r);
    return wire_read_done(&r);
}

struct lt_bytes notice_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency, uint64_t seq)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u32(&w, agency);
    wire_put_u64(&w, seq);
    return wire_written(&w);
}

bool notice_key_read(struct lt_bytes bytes, uint32_t *ret_agency, uint64_t *ret_seq)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    *ret_agency = wire_u32(&r);
    *ret_seq = wire_u64(&r);
    return wire_read_done(&r);
}

struct lt_bytes notice_write(uint8_t out[RECORD_VALUE_MAX], const struct notice_record *notice)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    put_transfer_key(&w, &notice->transfer);
    wire_put_u64(&w, notice->position);
    wire_put_u8(&w, notice->leg);
    wire_put_u32(&w, notice->agency);
    wire_put_u8(&w, (uint8_t)notice->state);
    wire_put_u16(&w, notice->code);
    wire_put_i64(&w, notice->time_ms);
    wire_put_u8(&w, notice->level);
    wire_put_run16(&w, (struct lt_bytes){(const uint8_t *)notice->reason, notice->reason_size});
    return wire_written(&w);
}

bool notice_read(struct lt_bytes bytes, struct notice_record *ret_notice)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_notice->transfer = get_transfer_key(&r);
    ret_notice->position = wire_u64(&r);
    ret_notice->leg = wire_u8(&r);
    ret_notice->agency = wire_u32(&r);
    ret_notice->state = (enum leg_state)wire_u8(&r);
    ret_notice->code = wire_u16(&r);
    ret_notice->time_ms = wire_i64(&r);
    ret_notice->level = wire_u8(&r);
    struct lt_bytes reason = wire_run16(&r);
    if (!wire_read_done(&r) || reason.size > sizeof(ret_notice->reason)) {
        return false;
    }
    memcpy(ret_notice->reason, reason.data, reason.size);
    ret_notice->reason_size = (uint16_t)reason.size;
    return true;
}

struct lt_bytes case_prefix(uint8_t out[RECORD_KEY_MAX], struct lt_bytes case_code)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_raw(&w, case_code.data, case_code.size);
    wire_put_u8(&w, 0);
    return wire_written(&w);
}

struct lt_bytes case_key(uint8_t out[RECORD_KEY_MAX], struct lt_bytes case_code, uint64_t position)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_raw(&w, case_code.data, case_code.size);
    wire_put_u8(&w, 0);
    wire_put_u64(&w, position);
    return wire_written(&w);
}

bool case_value_read(struct lt_bytes bytes, struct transfer_key *ret_key)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    *ret_key = get_transfer_key(&r);
    return wire_read_done(&r);
}

struct lt_bytes counts_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u32(&w, agency);
    return wire_written(&w);
}

struct lt_bytes counts_write(uint8_t out[RECORD_VALUE_MAX], const struct counts *counts)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u64(&w, counts->accepted);
    wire_put_u64(&w, counts->taken);
    wire_put_u64(&w, counts->refused);
    wire_put_u64(&w, counts->expired);
    wire_put_u64(&w, counts->cancelled);
    wire_put_u64(&w, counts->parked);
    wire_put_u64(&w, counts->notice_seq);
    wire_put_u64(&w, counts->notice_cursor);
    wire_put_u64(&w, counts->sent);
    wire_put_u64(&w, counts->blob_bytes);
    wire_put_u64(&w, counts->open_bytes);
    return wire_written(&w);
}

bool counts_read(struct lt_bytes bytes, struct counts *ret_counts)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_counts->accepted = wire_u64(&r);
    ret_counts->taken = wire_u64(&r);
    ret_counts->refused = wire_u64(&r);
    ret_counts->expired = wire_u64(&r);
    ret_counts->cancelled = wire_u64(&r);
    ret_counts->parked = wire_u64(&r);
    ret_counts->notice_seq = wire_u64(&r);
    ret_counts->notice_cursor = wire_u64(&r);
    ret_counts->sent = wire_u64(&r);
    ret_counts->blob_bytes = wire_u64(&r);
    ret_counts->open_bytes = wire_u64(&r);
    return wire_read_done(&r);
}

struct lt_bytes blob_record_key(uint8_t out[RECORD_KEY_MAX], const struct lt_digest *sha256,
                                uint32_t agency)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_raw(&w, sha256->bytes, sizeof(sha256->bytes));
    wire_put_u32(&w, agency);
    return wire_written(&w);
}

struct lt_bytes blob_record_write(uint8_t out[RECORD_VALUE_MAX], const struct blob_record *blob)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u64(&w, blob->size);
    wire_put_i64(&w, blob->time_ms);
    wire_put_u64(&w, blob->references);
    return wire_written(&w);
}

bool blob_record_read(struct lt_bytes bytes, struct blob_record *ret_blob)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    ret_blob->size = wire_u64(&r);
    ret_blob->time_ms = wire_i64(&r);
    ret_blob->references = wire_u64(&r);
    return wire_read_done(&r);
}
