/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The payloads of incidents and of what time alone did: written and read side by side, fields in
 * the order of the struct. Times of probes carry their jitter, so that folding asks no clock. What
 * is written here is kept for decades; a field is never moved or dropped.
 */
#include "fact.h"

struct lt_bytes fact_write_incident(void *memory, size_t size, const struct fact_incident *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->number);
    wire_put_u32(&w, f->agency);
    wire_put_u16(&w, f->code);
    wire_put_u8(&w, f->change);
    wire_put_u32(&w, f->count);
    wire_put_i64(&w, f->due_ms);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}

bool fact_read_incident(struct lt_bytes payload, struct fact_incident *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_incident f = {.number = wire_u64(&r)};
    f.agency = wire_u32(&r);
    f.code = wire_u16(&r);
    f.change = wire_u8(&r);
    f.count = wire_u32(&r);
    f.due_ms = wire_i64(&r);
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r) || f.change == 0 || f.change > INCIDENT_NOTED) {
        return false;
    }
    *ret = f;
    return true;
}

struct lt_bytes fact_write_timed(void *memory, size_t size, const struct fact_timed *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_u8(&w, f->leg);
    wire_put_u16(&w, f->code);
    wire_put_u8(&w, f->next);
    return wire_written(&w);
}

bool fact_read_timed(struct lt_bytes payload, struct fact_timed *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_timed f = {.position = wire_u64(&r)};
    f.leg = wire_u8(&r);
    f.code = wire_u16(&r);
    f.next = wire_u8(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}
