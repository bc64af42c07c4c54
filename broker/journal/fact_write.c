/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The payloads of all facts, as they are written. One function per kind, the fields in the order of
 * the struct, numbers big-endian, texts with a u16 length and parcels with a u32 length in front;
 * fact_read.c is the mirror of this file. What is written here is kept for decades: a field is
 * never moved or dropped, a new layout gets a new fact version.
 *
 * Nothing is allocated. A payload that does not fit the memory given comes back as an empty run; no
 * payload is empty, so that cannot be mistaken. Numbers of legs and items are our own invariants
 * and asserted.
 */
#include <assert.h>

#include "fact_parts.h"

static void put_legs(struct wire_writer *w, const struct fact_leg *legs, uint32_t count)
{
    assert(count <= LT_LEGS_MAX);
    wire_put_u8(w, (uint8_t)count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_u32(w, legs[i].agency);
        wire_put_u16(w, legs[i].parked);
    }
}

struct lt_bytes fact_write_epoch(void *memory, size_t size, const struct fact_epoch *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->epoch);
    wire_put_run16(&w, f->software);
    return wire_written(&w);
}

struct lt_bytes fact_write_accepted(void *memory, size_t size, const struct fact_accepted *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u32(&w, f->from);
    fact_put_digest(&w, &f->digest);
    put_legs(&w, f->legs, f->legs_count);
    wire_put_run32(&w, f->header);
    wire_put_run32(&w, f->body);
    wire_put_run32(&w, f->seal);
    return wire_written(&w);
}

struct lt_bytes fact_write_refused(void *memory, size_t size, const struct fact_refused *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u32(&w, f->from);
    wire_put_raw(&w, f->id.bytes, sizeof(f->id.bytes));
    fact_put_digest(&w, &f->digest);
    wire_put_u16(&w, f->code);
    wire_put_raw(&w, f->known_as.bytes, sizeof(f->known_as.bytes));
    return wire_written(&w);
}

struct lt_bytes fact_write_sent(void *memory, size_t size, uint32_t agency,
                                const struct fact_sent_item *items, uint32_t count)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u32(&w, agency);
    wire_put_u32(&w, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_u64(&w, items[i].position);
        wire_put_u8(&w, items[i].leg);
        wire_put_u16(&w, items[i].attempt);
    }
    return wire_written(&w);
}

struct lt_bytes fact_write_settled(void *memory, size_t size, const struct fact_settled *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_u8(&w, f->leg);
    wire_put_u16(&w, f->attempt);
    wire_put_u32(&w, f->agency);
    wire_put_u8(&w, f->outcome);
    wire_put_u16(&w, f->code);
    wire_put_u8(&w, f->permanent ? 1 : 0);
    wire_put_u8(&w, f->next);
    wire_put_i64(&w, f->due_ms);
    wire_put_i64(&w, f->decided_ms);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}

struct lt_bytes fact_write_returned(void *memory, size_t size, const struct fact_returned *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_u8(&w, f->leg);
    wire_put_u32(&w, f->agency);
    wire_put_u16(&w, f->code);
    wire_put_i64(&w, f->due_ms);
    return wire_written(&w);
}

struct lt_bytes fact_write_assigned(void *memory, size_t size, const struct fact_assigned *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_run16(&w, f->person);
    put_legs(&w, f->legs, f->legs_count);
    fact_put_attachments(&w, f->attachments, f->attachments_count);
    return wire_written(&w);
}

struct lt_bytes fact_write_noticed(void *memory, size_t size, const struct fact_noticed *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u32(&w, f->agency);
    wire_put_u64(&w, f->cursor);
    return wire_written(&w);
}

struct lt_bytes fact_write_registry(void *memory, size_t size, const struct fact_registry *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u8(&w, f->change);
    wire_put_run16(&w, f->person);
    wire_put_run32(&w, f->entry);
    if (f->reason.size > 0) {
        wire_put_run16(&w, f->reason);
    }
    return wire_written(&w);
}

struct lt_bytes fact_write_blob(void *memory, size_t size, const struct fact_blob *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u32(&w, f->agency);
    fact_put_digest(&w, &f->sha256);
    wire_put_u64(&w, f->size);
    return wire_written(&w);
}

struct lt_bytes fact_write_blob_gone(void *memory, size_t size, const struct fact_blob_gone *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    fact_put_digest(&w, &f->sha256);
    return wire_written(&w);
}

struct lt_bytes fact_write_restored(void *memory, size_t size, const struct fact_restored *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u8(&w, f->change);
    wire_put_u32(&w, f->incarnation);
    wire_put_u64(&w, f->position);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}

struct lt_bytes fact_write_shield(void *memory, size_t size, const struct fact_shield *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u32(&w, f->agency);
    wire_put_u8(&w, f->on ? 1 : 0);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}

struct lt_bytes fact_write_clock(void *memory, size_t size, const struct fact_clock *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u8(&w, f->change);
    wire_put_i64(&w, f->drift_ms);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}
