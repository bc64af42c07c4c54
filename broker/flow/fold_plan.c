/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the facts of replay plans mean for STATE_PLANS and for the slots of live plans. Folding is
 * plain bookkeeping: the legs themselves are moved by FACT_ACT and FACT_ASSIGNED beside a step.
 *
 * A leg's lease is the record of the last plan that chose it, and counts while that plan is live
 * and has not passed the item. So a plan that ends gives all its legs back at once, however many it
 * has, and no fold is long. The same record leads from a leg to its item when the outcome comes;
 * then it is deleted.
 */
#include <string.h>

#include "fold_leg.h"
#include "plan.h"
#include "proto/base/text.h"

static void now_store(struct flow *flow, uint64_t number, const struct plan_now *now)
{
    uint8_t key[RECORD_KEY_MAX];
    uint8_t value[PLAN_VALUE_MAX];
    state_put(flow->state, STATE_PLANS, plan_key_of(key, 'N', number),
              plan_now_write(value, sizeof(value), now));
}

static struct plan_slot *slot_free(struct plans *plans)
{
    for (uint32_t i = 0; i < PLANS_LIVE_MAX; i++) {
        if (plans->slots[i].number == 0) {
            return &plans->slots[i];
        }
    }
    return NULL;
}

enum lt_status fold_plan(struct flow *flow, const struct fact *fact)
{
    struct fact_plan made;
    struct plan plan;
    struct plan_now now;
    struct plans *plans = &flow->plans;
    uint8_t key[RECORD_KEY_MAX];
    uint8_t value[PLAN_VALUE_MAX];
    struct plan_slot *slot = slot_free(plans);
    if (!fact_read_plan(fact->payload, &made) || made.number <= plans->last || slot == NULL) {
        return LT_DAMAGED;
    }
    memset(&plan, 0, sizeof(plan));
    memset(&now, 0, sizeof(now));
    plan.made_ms = fact->time_ms;
    plan.act = made.act;
    plan.to = made.to;
    plan.pace_per_min = made.pace_per_min;
    plan.stop_percent = made.stop_percent;
    text_copy(plan.person, sizeof(plan.person), made.person);
    text_copy(plan.reason, sizeof(plan.reason), made.reason);
    text_copy(plan.selection, sizeof(plan.selection), made.selection);
    state_put(flow->state, STATE_PLANS, plan_key_of(key, 'P', made.number),
              plan_write(value, sizeof(value), &plan));
    now.state = PLAN_SELECTING;
    now.since_ms = fact->time_ms;
    text_copy(now.person, sizeof(now.person), made.person);
    now_store(flow, made.number, &now);
    *slot = (struct plan_slot){.number = made.number,
                               .state = PLAN_SELECTING,
                               .act = made.act,
                               .to = made.to,
                               .pace_per_min = made.pace_per_min,
                               .stop_percent = made.stop_percent};
    plans->count++;
    plans->last = made.number;
    return LT_OK;
}

/* False: the plan has it already. */
static bool item_add(struct flow *flow, uint64_t number, const struct fact_plan_item *added)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct lt_bytes present;
    struct plan_key key = {added->agency, added->position, added->leg};
    struct lt_bytes name = plan_item_key(key_bytes, number, &key);
    if (state_get(flow->state, STATE_PLANS, name, &present) == LT_OK) {
        return false;
    }
    struct plan_item item = {.step = PLAN_ITEM_WAITING};
    state_put(flow->state, STATE_PLANS, name, plan_item_write(value, &item));
    struct plan_lease lease = {.number = number, .agency = added->agency};
    state_put(flow->state, STATE_PLANS, plan_lease_key(key_bytes, added->position, added->leg),
              plan_lease_write(value, &lease));
    return true;
}

enum lt_status fold_plan_items(struct flow *flow, const struct fact *fact)
{
    struct fact_plan_items items;
    struct plan_now now;
    if (!fact_read_plan_items(fact->payload, &items) ||
        plan_now_load(flow, items.number, &now) != LT_OK) {
        return LT_DAMAGED;
    }
    for (uint32_t i = 0; i < items.count; i++) {
        struct fact_plan_item item = fact_plan_item_at(&items, i);
        now.items += item_add(flow, items.number, &item) ? 1 : 0;
    }
    now_store(flow, items.number, &now);
    return LT_OK;
}

/* The leg ended and another one of the transfer, the last, goes to the successor: the item's
 * outcome is that one's. False: the plan sends the leg itself again. */
static bool redirected(struct flow *flow, const struct fact_plan_step *step)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct transfer_key key;
    struct transfer t;
    const struct plan_slot *slot = plan_slot_of(flow, step->number);
    if (slot == NULL || slot->act != ACT_REDIRECT) {
        return false;
    }
    if (leg_open((enum leg_state)step->state) &&
        transfer_at(flow, step->item.position, &key, &t) == LT_OK && t.legs_count > 0) {
        struct plan_lease lease = {.number = step->number,
                                   .agency = step->item.agency,
                                   .moved = true,
                                   .leg = step->item.leg};
        state_put(flow->state, STATE_PLANS,
                  plan_lease_key(key_bytes, step->item.position, (uint8_t)(t.legs_count - 1)),
                  plan_lease_write(value, &lease));
    }
    return true;
}

static void count_outcome(struct plan_now *now, enum leg_state state)
{
    switch (state) {
    case LEG_TAKEN:
        now->taken++;
        return;
    case LEG_REFUSED:
        now->refused++;
        return;
    case LEG_PARKED:
        now->parked++;
        return;
    default:
        now->ended++;
        return;
    }
}

/* Is there nothing between where the plan stands and this item? A receiver that has to wait is
 * passed by, and what is behind it must not carry the plan over it. */
static bool first_left(struct flow *flow, uint64_t number, const struct plan_key *next,
                       const struct plan_key *key)
{
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    struct plan_key first;
    return state_seek(flow->state, STATE_PLANS, plan_item_key(from, number, next), &at) == LT_OK &&
           at.found && plan_item_key_read(at.key, number, &first) && first.agency == key->agency &&
           first.position == key->position && first.leg == key->leg;
}

enum lt_status fold_plan_step(struct flow *flow, const struct fact *fact)
{
    struct fact_plan_step step;
    struct plan_now now;
    struct plan_item item;
    struct lt_bytes value;
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value_bytes[RECORD_VALUE_MAX];
    if (!fact_read_plan_step(fact->payload, &step) ||
        plan_now_load(flow, step.number, &now) != LT_OK) {
        return LT_DAMAGED;
    }
    struct plan_key key = {step.item.agency, step.item.position, step.item.leg};
    struct lt_bytes name = plan_item_key(key_bytes, step.number, &key);
    if (state_get(flow->state, STATE_PLANS, name, &value) != LT_OK ||
        !plan_item_read(value, &item) || item.step != PLAN_ITEM_WAITING) {
        return LT_DAMAGED;
    }
    item.step = step.done ? PLAN_ITEM_REPLAYED : PLAN_ITEM_PASSED_OVER;
    item.state = (enum leg_state)step.state;
    item.code = step.code;
    item.time_ms = fact->time_ms;
    state_put(flow->state, STATE_PLANS, name, plan_item_write(value_bytes, &item));
    if (step.done) {
        now.replayed++;
    }
    if (!step.done || redirected(flow, &step)) {
        state_delete(flow->state, STATE_PLANS, plan_lease_key(key_bytes, key.position, key.leg));
    }
    if (step.done && leg_open(item.state)) {
        flow->plans.outstanding++;
    } else if (step.done) {
        count_outcome(&now, item.state);
    }
    now.passed++;
    if (first_left(flow, step.number, &now.next, &key)) {
        now.next = key;
        now.next.leg++; /* legs are far below the end of their byte */
    }
    now_store(flow, step.number, &now);
    return LT_OK;
}

static void slot_follow(struct plans *plans, struct plan_slot *slot, enum plan_state state)
{
    slot->state = state;
    if (plan_live(state)) {
        return;
    }
    if (plans->digesting == slot->number) {
        plans->digesting = 0;
    }
    memset(slot, 0, sizeof(*slot));
    plans->count--;
}

enum lt_status fold_plan_state(struct flow *flow, const struct fact *fact)
{
    struct fact_plan_state change;
    struct plan_now now;
    if (!fact_read_plan_state(fact->payload, &change) ||
        plan_now_load(flow, change.number, &now) != LT_OK ||
        !plan_may(now.state, (enum plan_state)change.state)) {
        return LT_DAMAGED;
    }
    struct plan_slot *slot = plan_slot_of(flow, change.number);
    if (slot == NULL) {
        return LT_DAMAGED;
    }
    now.state = (enum plan_state)change.state;
    now.since_ms = fact->time_ms;
    now.code = change.code;
    text_copy(now.person, sizeof(now.person), change.person);
    text_copy(now.reason, sizeof(now.reason), change.reason);
    if (now.state == PLAN_FROZEN) {
        now.digest = change.digest;
        now.second = change.second;
        now.agencies = change.agencies;
        now.left_out = change.left_out;
    }
    if (now.state == PLAN_APPROVED) {
        text_copy(now.approver, sizeof(now.approver), change.person);
    }
    slot_follow(&flow->plans, slot, now.state);
    now_store(flow, change.number, &now);
    return LT_OK;
}

/* ---- outcomes ---- */

void plan_follow(struct flow *flow, const struct fact *fact, uint64_t position, uint8_t leg,
                 enum leg_state state, uint16_t code)
{
    uint8_t lease_bytes[RECORD_KEY_MAX];
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value_bytes[RECORD_VALUE_MAX];
    struct lt_bytes value;
    struct plan_lease lease;
    struct plan_item item;
    struct plan_now now;
    if (flow->plans.outstanding == 0 || (leg_open(state) && state != LEG_PARKED)) {
        return;
    }
    struct lt_bytes lease_key = plan_lease_key(lease_bytes, position, leg);
    if (state_get(flow->state, STATE_PLANS, lease_key, &value) != LT_OK ||
        !plan_lease_read(value, &lease)) {
        return;
    }
    struct plan_key key = {lease.agency, position, lease.moved ? lease.leg : leg};
    struct lt_bytes name = plan_item_key(key_bytes, lease.number, &key);
    if (state_get(flow->state, STATE_PLANS, name, &value) != LT_OK ||
        !plan_item_read(value, &item) || item.step != PLAN_ITEM_REPLAYED ||
        plan_now_load(flow, lease.number, &now) != LT_OK) {
        return; /* still before the plan, which will pass it over */
    }
    item.state = state;
    item.code = code;
    item.time_ms = fact->time_ms;
    state_put(flow->state, STATE_PLANS, name, plan_item_write(value_bytes, &item));
    state_delete(flow->state, STATE_PLANS, lease_key);
    count_outcome(&now, state);
    now_store(flow, lease.number, &now);
    flow->plans.outstanding--;
}
