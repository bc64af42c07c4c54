/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Payloads of the facts of replay plans, writer and reader side by side. The rules are those of
 * fact_write.c and fact_read.c: fixed order, big-endian, kept for decades; a payload reads whole or
 * not at all. The set of a plan stands in these facts and nowhere else: at most FACT_PLAN_ITEMS_MAX
 * items in one, so that folding one is a short piece of a turn.
 */
#include <assert.h>

#include "fact_plan.h"

static void put_item(struct wire_writer *w, const struct fact_plan_item *item)
{
    wire_put_u32(w, item->agency);
    wire_put_u64(w, item->position);
    wire_put_u8(w, item->leg);
}

static struct fact_plan_item get_item(struct wire_reader *r)
{
    struct fact_plan_item item = {.agency = wire_u32(r)};
    item.position = wire_u64(r);
    item.leg = wire_u8(r);
    return item;
}

static bool get_flag(struct wire_reader *r)
{
    uint8_t flag = wire_u8(r);
    if (flag > 1) {
        r->bad = true;
    }
    return flag == 1;
}

struct lt_bytes fact_write_plan(void *memory, size_t size, const struct fact_plan *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->number);
    wire_put_u8(&w, f->act);
    wire_put_u32(&w, f->to);
    wire_put_u32(&w, f->pace_per_min);
    wire_put_u8(&w, f->stop_percent);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    wire_put_run16(&w, f->selection);
    return wire_written(&w);
}

bool fact_read_plan(struct lt_bytes payload, struct fact_plan *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_plan f = {.number = wire_u64(&r)};
    f.act = wire_u8(&r);
    f.to = wire_u32(&r);
    f.pace_per_min = wire_u32(&r);
    f.stop_percent = wire_u8(&r);
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    f.selection = wire_run16(&r);
    if (!wire_read_done(&r) || f.number == 0 || f.act == 0 || f.pace_per_min == 0 ||
        f.stop_percent > 100) {
        return false;
    }
    *ret = f;
    return true;
}

struct lt_bytes fact_write_plan_items(void *memory, size_t size, uint64_t number, uint32_t first,
                                      const struct fact_plan_item *items, uint32_t count)
{
    struct wire_writer w;
    assert(count > 0 && count <= FACT_PLAN_ITEMS_MAX);
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, number);
    wire_put_u32(&w, first);
    wire_put_u32(&w, count);
    for (uint32_t i = 0; i < count; i++) {
        put_item(&w, &items[i]);
    }
    return wire_written(&w);
}

bool fact_read_plan_items(struct lt_bytes payload, struct fact_plan_items *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_plan_items f = {.number = wire_u64(&r)};
    f.first = wire_u32(&r);
    f.count = wire_u32(&r);
    if (f.count == 0 || f.count > FACT_PLAN_ITEMS_MAX) {
        return false;
    }
    f.items = wire_run(&r, (size_t)f.count * FACT_PLAN_ITEM_BYTES).data;
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

struct fact_plan_item fact_plan_item_at(const struct fact_plan_items *items, uint32_t index)
{
    assert(index < items->count);
    struct wire_reader r;
    wire_read_init(&r, (struct lt_bytes){items->items + (size_t)index * FACT_PLAN_ITEM_BYTES,
                                         FACT_PLAN_ITEM_BYTES});
    return get_item(&r);
}

struct lt_bytes fact_write_plan_step(void *memory, size_t size, const struct fact_plan_step *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->number);
    wire_put_u32(&w, f->index);
    put_item(&w, &f->item);
    wire_put_u8(&w, f->done ? 1 : 0);
    wire_put_u8(&w, f->state);
    wire_put_u16(&w, f->code);
    return wire_written(&w);
}

bool fact_read_plan_step(struct lt_bytes payload, struct fact_plan_step *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_plan_step f = {.number = wire_u64(&r)};
    f.index = wire_u32(&r);
    f.item = get_item(&r);
    f.done = get_flag(&r);
    f.state = wire_u8(&r);
    f.code = wire_u16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}

struct lt_bytes fact_write_plan_state(void *memory, size_t size, const struct fact_plan_state *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u64(&w, f->number);
    wire_put_u8(&w, f->state);
    wire_put_raw(&w, f->digest.bytes, sizeof(f->digest.bytes));
    wire_put_u8(&w, f->second ? 1 : 0);
    wire_put_u32(&w, f->agencies);
    wire_put_u32(&w, f->left_out);
    wire_put_u16(&w, f->code);
    wire_put_run16(&w, f->person);
    wire_put_run16(&w, f->reason);
    return wire_written(&w);
}

bool fact_read_plan_state(struct lt_bytes payload, struct fact_plan_state *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_plan_state f = {.number = wire_u64(&r)};
    f.state = wire_u8(&r);
    wire_raw(&r, f.digest.bytes, sizeof(f.digest.bytes));
    f.second = get_flag(&r);
    f.agencies = wire_u32(&r);
    f.left_out = wire_u32(&r);
    f.code = wire_u16(&r);
    f.person = wire_run16(&r);
    f.reason = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret = f;
    return true;
}
