/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The payloads of all facts, as they are read: the mirror of fact_write.c. Readers take bytes that
 * passed their crc, but trust nothing: a payload reads whole, to its last byte, with every count
 * and flag in range, or not at all. The caller then treats the fact as damaged and quarantines it.
 *
 * What is read points into the payload. Only the shape is judged here; whether an agency or a
 * position exists is known to those who fold.
 */
#include <assert.h>

#include "fact_parts.h"

#define SENT_ITEM_BYTES 11u

static uint32_t read_legs(struct wire_reader *r, struct fact_leg *legs)
{
    uint32_t count = wire_u8(r);
    if (count > LT_LEGS_MAX) {
        r->bad = true;
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        legs[i].agency = wire_u32(r);
        legs[i].parked = wire_u16(r);
    }
    return count;
}

bool fact_read_epoch(struct lt_bytes payload, struct fact_epoch *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_epoch f = {.epoch = wire_u64(&r)};
    f.software = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_accepted(struct lt_bytes payload, struct fact_accepted *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_accepted f = {.from = wire_u32(&r)};
    fact_take_digest(&r, &f.digest);
    f.legs_count = read_legs(&r, f.legs);
    f.header = wire_run32(&r);
    f.body = wire_run32(&r);
    f.seal = wire_run32(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_refused(struct lt_bytes payload, struct fact_refused *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_refused f = {.from = wire_u32(&r)};
    wire_raw(&r, f.id.bytes, sizeof(f.id.bytes));
    fact_take_digest(&r, &f.digest);
    f.code = wire_u16(&r);
    wire_raw(&r, f.known_as.bytes, sizeof(f.known_as.bytes));
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_sent(struct lt_bytes payload, struct fact_sent *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_sent f = {.agency = wire_u32(&r)};
    f.count = wire_u32(&r);
    struct lt_bytes items = wire_run(&r, (size_t)f.count * SENT_ITEM_BYTES);
    if (!wire_read_done(&r)) {
        return false;
    }
    f.items = items.data;
    *ret = f;
    return true;
}

struct fact_sent_item fact_sent_at(const struct fact_sent *sent, uint32_t index)
{
    assert(index < sent->count);
    struct wire_reader r;
    wire_read_init(
        &r, (struct lt_bytes){sent->items + (size_t)index * SENT_ITEM_BYTES, SENT_ITEM_BYTES});
    struct fact_sent_item item = {.position = wire_u64(&r)};
    item.leg = wire_u8(&r);
    item.attempt = wire_u16(&r);
    return item;
}

bool fact_read_settled(struct lt_bytes payload, struct fact_settled *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_settled f = {.position = wire_u64(&r)};
    f.leg = wire_u8(&r);
    f.attempt = wire_u16(&r);
    f.agency = wire_u32(&r);
    f.outcome = wire_u8(&r);
    f.code = wire_u16(&r);
    f.permanent = fact_take_flag(&r);
    f.next = wire_u8(&r);
    f.due_ms = wire_i64(&r);
    f.decided_ms = wire_i64(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_returned(struct lt_bytes payload, struct fact_returned *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_returned f = {.position = wire_u64(&r)};
    f.leg = wire_u8(&r);
    f.agency = wire_u32(&r);
    f.code = wire_u16(&r);
    f.due_ms = wire_i64(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_assigned(struct lt_bytes payload, struct fact_assigned *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_assigned f = {.position = wire_u64(&r)};
    f.person = wire_run16(&r);
    f.legs_count = read_legs(&r, f.legs);
    f.attachments_count = fact_take_attachments(&r, f.attachments);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_noticed(struct lt_bytes payload, struct fact_noticed *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_noticed f = {.agency = wire_u32(&r)};
    f.cursor = wire_u64(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_registry(struct lt_bytes payload, struct fact_registry *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_registry f = {.change = fact_take_choice(&r, REGISTRY_RIGHTS)};
    f.person = wire_run16(&r);
    f.entry = wire_run32(&r);
    if (fact_take_more(&r)) {
        f.reason = wire_run16(&r);
        r.bad |= f.reason.size == 0; /* absent is the one way to say nothing */
    }
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_blob(struct lt_bytes payload, struct fact_blob *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_blob f = {.agency = wire_u32(&r)};
    fact_take_digest(&r, &f.sha256);
    f.size = wire_u64(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_blob_gone(struct lt_bytes payload, struct fact_blob_gone *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_blob_gone f = {0};
    fact_take_digest(&r, &f.sha256);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_restored(struct lt_bytes payload, struct fact_restored *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_restored f = {.change = wire_u8(&r)};
    f.incarnation = wire_u32(&r);
    f.position = wire_u64(&r);
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_shield(struct lt_bytes payload, struct fact_shield *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_shield f = {.agency = wire_u32(&r)};
    f.on = wire_u8(&r) != 0;
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

bool fact_read_clock(struct lt_bytes payload, struct fact_clock *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_clock f = {.change = wire_u8(&r)};
    f.drift_ms = wire_i64(&r);
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

const char *fact_kind_name(uint8_t kind)
{
    static const char *const names[FACT_KINDS_END] = {
        [FACT_DAMAGED] = "damaged",     [FACT_EPOCH] = "epoch",
        [FACT_ACCEPTED] = "accepted",   [FACT_REFUSED] = "refused",
        [FACT_SENT] = "sent",           [FACT_SETTLED] = "settled",
        [FACT_RETURNED] = "returned",   [FACT_ACT] = "act",
        [FACT_ASSIGNED] = "assigned",   [FACT_NOTICED] = "noticed",
        [FACT_REGISTRY] = "registry",   [FACT_BLOB] = "blob",
        [FACT_BLOB_GONE] = "blob-gone", [FACT_FORMAT] = "format",
        [FACT_BACKUP] = "backup",       [FACT_CLOCK] = "clock",
        [FACT_SHIELD] = "shield",       [FACT_RESTORED] = "restored",
        [FACT_HELD] = "held",           [FACT_REROUTED] = "rerouted",
        [FACT_INCIDENT] = "incident",   [FACT_TIMED] = "timed",
        [FACT_PLAN] = "plan",           [FACT_PLAN_ITEMS] = "plan-items",
        [FACT_PLAN_STEP] = "plan-step", [FACT_PLAN_STATE] = "plan-state",
        [FACT_CARRIED] = "carried",     [FACT_CUT] = "cut",
        [FACT_SEAL] = "seal",           [FACT_SEED] = "seed",
        [FACT_ENROL] = "enrol",         [FACT_SEEN] = "seen",
    };
    return kind < FACT_KINDS_END && names[kind] != NULL ? names[kind] : "unknown";
}
