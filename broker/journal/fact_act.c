/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Payloads of what people decide about a leg, and of what they asked its receiver before: acts,
 * reroutes, answers. Writer and reader stand side by side here, under the rules of fact_write.c and
 * fact_read.c: nothing is allocated, a payload reads whole or not at all.
 *
 * An act of the first releases ends behind its reason. What came later (the second person, the
 * mark "risk of double effect") follows only when it says something, so that a plain hold or replay
 * has the bytes it always had, and one thing has one spelling: a tail that says nothing is damage.
 */
#include "fact_parts.h"

struct lt_bytes fact_write_act(void *memory, size_t size, const struct fact_act *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_u8(&w, f->leg);
    wire_put_u8(&w, f->act);
    wire_put_u8(&w, f->next);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    if (f->second.size > 0 || f->risk) {
        wire_put_run16(&w, f->second);
        wire_put_u8(&w, f->risk ? 1 : 0);
    }
    return wire_written(&w);
}

bool fact_read_act(struct lt_bytes payload, struct fact_act *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_act f = {.position = wire_u64(&r)};
    f.leg = wire_u8(&r);
    f.act = fact_take_choice(&r, ACT_SKIP);
    f.next = wire_u8(&r);
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (fact_take_more(&r)) {
        f.second = wire_run16(&r);
        f.risk = fact_take_flag(&r);
        r.bad |= f.second.size == 0 && !f.risk;
    }
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

struct lt_bytes fact_write_rerouted(void *memory, size_t size, const struct fact_rerouted *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_u8(&w, f->leg);
    wire_put_u32(&w, f->to);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    wire_put_run16(&w, f->second);
    wire_put_u8(&w, f->risk ? 1 : 0);
    fact_put_attachments(&w, f->attachments, f->attachments_count);
    return wire_written(&w);
}

bool fact_read_rerouted(struct lt_bytes payload, struct fact_rerouted *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_rerouted f = {.position = wire_u64(&r)};
    f.leg = wire_u8(&r);
    f.to = wire_u32(&r);
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    f.second = wire_run16(&r);
    f.risk = fact_take_flag(&r);
    f.attachments_count = fact_take_attachments(&r, f.attachments);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

struct lt_bytes fact_write_held(void *memory, size_t size, const struct fact_held *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->position);
    wire_put_u8(&w, f->leg);
    wire_put_u16(&w, f->attempt);
    wire_put_u32(&w, f->agency);
    wire_put_u8(&w, f->held);
    wire_put_u8(&w, f->outcome);
    wire_put_u16(&w, f->code);
    wire_put_i64(&w, f->decided_ms);
    wire_put_run16(&w, f->by);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}

bool fact_read_held(struct lt_bytes payload, struct fact_held *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_held f = {.position = wire_u64(&r)};
    f.leg = wire_u8(&r);
    f.attempt = wire_u16(&r);
    f.agency = wire_u32(&r);
    f.held = wire_u8(&r);
    r.bad |= f.held > LT_HELD_NO;
    f.outcome = wire_u8(&r);
    f.code = wire_u16(&r);
    f.decided_ms = wire_i64(&r);
    f.by = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

const char *act_kind_name(uint8_t act)
{
    static const char *const names[] = {
        [ACT_REPLAY] = "replay",   [ACT_HOLD] = "hold",         [ACT_RELEASE] = "release",
        [ACT_CANCEL] = "cancel",   [ACT_EXPIRE] = "expire",     [ACT_SKIP] = "skip",
        [ACT_REROUTE] = "reroute", [ACT_REDIRECT] = "redirect",
    };
    return act >= ACT_REPLAY && act <= ACT_REDIRECT ? names[act] : "";
}
