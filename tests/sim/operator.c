/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Plans at random. Whatever the broker refuses (no room in the batch, a move that the table does
 * not have) is left for the next step; whatever it accepts is a fact like every other, so the
 * oracle, the sum and the comparison with the refolded state judge plans too.
 */
#include "operator.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"

static void must_go_on(enum lt_status status)
{
    assert(lt_class(status) != LT_CLASS_STOP);
}

static void make(struct sim_operator *operator, struct flow * flow, struct world_random *random,
                 uint32_t agencies)
{
    struct plan_filter filter;
    memset(&filter, 0, sizeof(filter));
    if (world_random_chance(random, 500)) {
        filter.agency_given = true;
        filter.agency = (uint32_t)world_random_below(random, agencies + 1);
    }
    if (world_random_chance(random, 200)) {
        filter.code = LT_ATTEMPTS_EXHAUSTED;
    }
    struct fact_plan plan = {
        .number = flow->plans.last + 1,
        .act = ACT_REPLAY,
        .pace_per_min = 20 + (uint32_t)world_random_below(random, 600),
        .stop_percent = (uint8_t)world_random_below(random, 101),
        .person = text_bytes("sim"),
        .reason = text_bytes("again"),
    };
    enum lt_status status =
        plan_begin(flow, &plan, world_random_chance(random, 950) ? &filter : NULL);
    must_go_on(status);
    operator->made += status == LT_OK ? 1 : 0;
}

static bool move(struct flow *flow, const struct plan_slot *slot, enum plan_state next,
                 const char *person)
{
    if (!plan_may(slot->state, next)) {
        return false;
    }
    enum lt_status status =
        plan_change(flow, slot->number, next, 0, text_bytes(person), text_bytes("random"));
    must_go_on(status);
    return status == LT_OK;
}

static void act(struct sim_operator *operator, struct flow * flow, struct world_random *random,
                const struct plan_slot *slot)
{
    switch (world_random_below(random, 8)) {
    case 0:
        operator->cancelled += move(flow, slot, PLAN_CANCELLED, "sim") ? 1 : 0;
        return;
    case 1:
        operator->paused += move(flow, slot, PLAN_PAUSED, "sim") ? 1 : 0;
        return;
    case 2:
        (void)move(flow, slot, PLAN_APPROVED, "second");
        return;
    default:
        operator->run += move(flow, slot, PLAN_RUNNING, "sim") ? 1 : 0;
        return;
    }
}

static bool something_parked(struct flow *flow)
{
    uint64_t parked = 0;
    for (uint32_t i = 0; i <= flow->desks.highest; i++) {
        parked += desk_of(&flow->desks, i)->counts.parked;
    }
    return parked != 0;
}

void operator_step(struct sim_operator *operator, struct flow * flow, struct world_random *random,
                   uint32_t agencies)
{
    if (something_parked(flow) && world_random_chance(random, 50)) {
        make(operator, flow, random, agencies);
    }
    for (uint32_t i = 0; i < PLANS_LIVE_MAX && flow->plans.count != 0; i++) {
        const struct plan_slot *slot = &flow->plans.slots[i];
        if (slot->number != 0 && world_random_chance(random, 30)) {
            act(operator, flow, random, slot);
        }
    }
}

void operator_calm(struct flow *flow)
{
    for (uint32_t i = 0; i < PLANS_LIVE_MAX; i++) {
        const struct plan_slot *slot = &flow->plans.slots[i];
        bool list = slot->state == PLAN_SELECTING && slot->phase == PLAN_PHASE_LIST;
        if (slot->number != 0 && flow_room_small(flow)) {
            (void)move(flow, slot, list ? PLAN_CANCELLED : PLAN_RUNNING, "sim");
        }
    }
}

/* ---- the books of a plan ---- */

static void count_item(struct plan_now *sum, const struct plan_item *item)
{
    sum->items++;
    if (item->step == PLAN_ITEM_WAITING) {
        return;
    }
    sum->passed++;
    if (item->step == PLAN_ITEM_PASSED_OVER) {
        return;
    }
    sum->replayed++;
    sum->taken += item->state == LEG_TAKEN ? 1 : 0;
    sum->refused += item->state == LEG_REFUSED ? 1 : 0;
    sum->parked += item->state == LEG_PARKED ? 1 : 0;
    sum->ended += item->state == LEG_EXPIRED || item->state == LEG_CANCELLED ? 1 : 0;
}

static bool count_items(struct flow *flow, uint64_t number, struct plan_now *ret_sum)
{
    uint8_t from[RECORD_KEY_MAX];
    struct plan_key key = {0};
    struct plan_item item;
    struct state_entry at;
    memset(ret_sum, 0, sizeof(*ret_sum));
    enum lt_status status =
        state_seek(flow->state, STATE_PLANS, plan_item_key(from, number, &key), &at);
    while (status == LT_OK && at.found && plan_item_key_read(at.key, number, &key)) {
        if (!plan_item_read(at.value, &item)) {
            return false;
        }
        count_item(ret_sum, &item);
        status = state_step(flow->state, &at);
    }
    return status == LT_OK;
}

bool operator_check(struct flow *flow)
{
    uint64_t outstanding = 0;
    for (uint64_t number = 1; number <= flow->plans.last; number++) {
        struct plan_now now;
        struct plan_now sum;
        bool good = plan_now_load(flow, number, &now) == LT_OK && count_items(flow, number, &sum) &&
                    now.items == sum.items && now.passed == sum.passed &&
                    now.replayed == sum.replayed && now.taken == sum.taken &&
                    now.refused == sum.refused && now.parked == sum.parked &&
                    now.ended == sum.ended && (now.state != PLAN_DONE || now.items == now.passed);
        if (!good) {
            fprintf(stderr, "plan %llu: its numbers are not those of its items\n",
                    (unsigned long long)number);
            return false;
        }
        outstanding += plan_outstanding(&now);
    }
    return outstanding == flow->plans.outstanding;
}
