/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Layouts of the records of replay plans, writer and reader side by side, and the table of plan.def
 * as code. Keys are big-endian, so that the items of one plan stand together and in the order in
 * which they are carried out. A record that does not read whole is damage of state.mdb, which is
 * rebuildable. Texts are cut to their bounds by whoever makes the fact; here they are cut again, so
 * that a fact of another hand cannot write over an end.
 */
#include "plan_record.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"

/* ---- the table ---- */

bool plan_may(enum plan_state state, enum plan_state next)
{
#define PLAN_MOVE(from, to)                                                                        \
    if (state == PLAN_##from && next == PLAN_##to) {                                               \
        return true;                                                                               \
    }
#include "plan.def"
    return false;
}

bool plan_live(enum plan_state state)
{
    switch (state) {
#define PLAN_STATE(name, number, text, live)                                                       \
    case PLAN_##name:                                                                              \
        return live;
#include "plan.def"
    case PLAN_STATES_END:
        break;
    }
    return false;
}

const char *plan_state_name(enum plan_state state)
{
    switch (state) {
#define PLAN_STATE(name, number, text, live)                                                       \
    case PLAN_##name:                                                                              \
        return text;
#include "plan.def"
    case PLAN_STATES_END:
        break;
    }
    return "none";
}

uint32_t plan_outstanding(const struct plan_now *now)
{
    return now->replayed - now->taken - now->refused - now->parked - now->ended;
}

/* ---- a plan ---- */

struct lt_bytes plan_key_of(uint8_t out[RECORD_KEY_MAX], char what, uint64_t number)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, (uint8_t)what);
    wire_put_u64(&w, number);
    return wire_written(&w);
}

bool plan_number_read(struct lt_bytes key, char what, uint64_t *ret_number)
{
    struct wire_reader r;
    wire_read_init(&r, key);
    bool same = wire_u8(&r) == (uint8_t)what;
    uint64_t number = wire_u64(&r);
    if (!same || !wire_read_done(&r)) {
        return false;
    }
    *ret_number = number;
    return true;
}

static void put_text(struct wire_writer *w, const char *text)
{
    wire_put_run16(w, text_bytes(text));
}

static void get_text(struct wire_reader *r, char *out, size_t size)
{
    text_copy(out, size, wire_run16(r));
}

struct lt_bytes plan_write(uint8_t *out, size_t size, const struct plan *plan)
{
    struct wire_writer w;
    wire_write_init(&w, out, size);
    wire_put_i64(&w, plan->made_ms);
    wire_put_u8(&w, plan->act);
    wire_put_u32(&w, plan->to);
    wire_put_u32(&w, plan->pace_per_min);
    wire_put_u8(&w, plan->stop_percent);
    put_text(&w, plan->person);
    put_text(&w, plan->reason);
    put_text(&w, plan->selection);
    return wire_written(&w);
}

bool plan_read(struct lt_bytes bytes, struct plan *ret_plan)
{
    struct wire_reader r;
    struct plan plan;
    memset(&plan, 0, sizeof(plan));
    wire_read_init(&r, bytes);
    plan.made_ms = wire_i64(&r);
    plan.act = wire_u8(&r);
    plan.to = wire_u32(&r);
    plan.pace_per_min = wire_u32(&r);
    plan.stop_percent = wire_u8(&r);
    get_text(&r, plan.person, sizeof(plan.person));
    get_text(&r, plan.reason, sizeof(plan.reason));
    get_text(&r, plan.selection, sizeof(plan.selection));
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_plan = plan;
    return true;
}

static void put_item_key(struct wire_writer *w, const struct plan_key *key)
{
    wire_put_u32(w, key->agency);
    wire_put_u64(w, key->position);
    wire_put_u8(w, key->leg);
}

static struct plan_key get_item_key(struct wire_reader *r)
{
    struct plan_key key = {.agency = wire_u32(r)};
    key.position = wire_u64(r);
    key.leg = wire_u8(r);
    return key;
}

struct lt_bytes plan_now_write(uint8_t *out, size_t size, const struct plan_now *now)
{
    struct wire_writer w;
    wire_write_init(&w, out, size);
    wire_put_u8(&w, (uint8_t)now->state);
    wire_put_i64(&w, now->since_ms);
    wire_put_raw(&w, now->digest.bytes, sizeof(now->digest.bytes));
    wire_put_u8(&w, now->second ? 1 : 0);
    wire_put_u16(&w, now->code);
    put_text(&w, now->person);
    put_text(&w, now->approver);
    put_text(&w, now->reason);
    put_item_key(&w, &now->next);
    const uint32_t numbers[] = {now->items,   now->agencies, now->left_out,
                                now->passed,  now->replayed, now->taken,
                                now->refused, now->parked,   now->ended};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        wire_put_u32(&w, numbers[i]);
    }
    return wire_written(&w);
}

bool plan_now_read(struct lt_bytes bytes, struct plan_now *ret_now)
{
    struct wire_reader r;
    struct plan_now now;
    memset(&now, 0, sizeof(now));
    wire_read_init(&r, bytes);
    now.state = (enum plan_state)wire_u8(&r);
    now.since_ms = wire_i64(&r);
    wire_raw(&r, now.digest.bytes, sizeof(now.digest.bytes));
    now.second = wire_u8(&r) != 0;
    now.code = wire_u16(&r);
    get_text(&r, now.person, sizeof(now.person));
    get_text(&r, now.approver, sizeof(now.approver));
    get_text(&r, now.reason, sizeof(now.reason));
    now.next = get_item_key(&r);
    uint32_t *const numbers[] = {&now.items,   &now.agencies, &now.left_out,
                                 &now.passed,  &now.replayed, &now.taken,
                                 &now.refused, &now.parked,   &now.ended};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *numbers[i] = wire_u32(&r);
    }
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_now = now;
    return true;
}

/* ---- its items ---- */

struct lt_bytes plan_item_key(uint8_t out[RECORD_KEY_MAX], uint64_t number,
                              const struct plan_key *key)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, 'I');
    wire_put_u64(&w, number);
    put_item_key(&w, key);
    return wire_written(&w);
}

bool plan_item_key_read(struct lt_bytes bytes, uint64_t number, struct plan_key *ret_key)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    bool own = wire_u8(&r) == 'I' && wire_u64(&r) == number;
    struct plan_key key = get_item_key(&r);
    if (!own || !wire_read_done(&r)) {
        return false;
    }
    *ret_key = key;
    return true;
}

struct lt_bytes plan_item_write(uint8_t out[RECORD_VALUE_MAX], const struct plan_item *item)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u8(&w, (uint8_t)item->step);
    wire_put_u8(&w, (uint8_t)item->state);
    wire_put_u16(&w, item->code);
    wire_put_i64(&w, item->time_ms);
    return wire_written(&w);
}

bool plan_item_read(struct lt_bytes bytes, struct plan_item *ret_item)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    struct plan_item item = {.step = (enum plan_step)wire_u8(&r)};
    item.state = (enum leg_state)wire_u8(&r);
    item.code = wire_u16(&r);
    item.time_ms = wire_i64(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_item = item;
    return true;
}

struct lt_bytes plan_lease_key(uint8_t out[RECORD_KEY_MAX], uint64_t position, uint8_t leg)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, 'L');
    wire_put_u64(&w, position);
    wire_put_u8(&w, leg);
    return wire_written(&w);
}

struct lt_bytes plan_lease_write(uint8_t out[RECORD_VALUE_MAX], const struct plan_lease *lease)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u64(&w, lease->number);
    wire_put_u32(&w, lease->agency);
    if (lease->moved) {
        wire_put_u8(&w, lease->leg); /* came later */
    }
    return wire_written(&w);
}

bool plan_lease_read(struct lt_bytes bytes, struct plan_lease *ret_lease)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    struct plan_lease lease = {.number = wire_u64(&r)};
    lease.agency = wire_u32(&r);
    if (!wire_read_done(&r)) {
        lease.moved = true;
        lease.leg = wire_u8(&r);
    }
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_lease = lease;
    return true;
}
