/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Running plans, behind everything that serves live traffic: a turn whose batch is busy does none
 * of it. Each running plan has its pace; what it may do is saved up to a second's worth, so that a
 * busy minute is not made up for by a rush. An item is one deed and one step in the same batch, so
 * that a restart finds the plan exactly where its legs are:
 *
 *   parked          if it was sent once its receiver's local system is asked whether it holds it;
 *                   held: passed over; else sent again, by the same function as a single replay
 *   nobody's        the registry is asked again; with receivers, it gets them
 *   anything else   passed over: it was taken meanwhile, somebody acted on it, it cannot be read
 *
 * Receivers with an open incident or a closed gate wait, and all do while a declared restore is
 * being reconciled (plan_next.c). The plan stops by itself when too many of its legs have parked
 * again, and is done when the last item is passed; outcomes that come later are still written to
 * their items. A list that nobody goes on with is cancelled after PLAN_LIST_IDLE_MS.
 */
#include <stdio.h>
#include <string.h>

#include "held.h"
#include "plan.h"
#include "proto/base/text.h"
#include "replay.h"

#define ITEM_COST 60000 /* of the pace: one item a minute saves up one unit a millisecond */

/* ---- one item ---- */

static void item_load(struct flow *flow, uint64_t number, const struct plan_now *now,
                      const struct plan_key *key, struct due_item *ret_item)
{
    ret_item->number = number;
    ret_item->index = now->passed;
    ret_item->key = *key;
    ret_item->readable =
        transfer_at(flow, key->position, &ret_item->name, &ret_item->transfer) == LT_OK &&
        key->leg < ret_item->transfer.legs_count;
}

enum lt_status plan_step_stage(struct flow *flow, const struct due_item *item, bool done,
                               enum leg_state state, uint16_t code)
{
    uint8_t memory[64];
    uint64_t position;
    struct fact_plan_step step = {
        .number = item->number,
        .index = item->index,
        .item = {item->key.agency, item->key.position, item->key.leg},
        .done = done,
        .state = (uint8_t)state,
        .code = code,
    };
    return flow_fact(flow, FACT_PLAN_STEP, fact_write_plan_step(memory, sizeof(memory), &step),
                     &position);
}

/* A transfer that nobody was competent for: with receivers now, or still without. */
static enum lt_status carry_assign(struct flow *flow, const struct due_item *item,
                                   struct lt_bytes person)
{
    struct fact_assigned assigned;
    struct transfer_key key;
    struct transfer after;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = replay_assign(flow, &item->transfer, person, &assigned, &fault);
    if (status == LT_AGAIN || lt_class(status) == LT_CLASS_BUSY ||
        lt_class(status) == LT_CLASS_STOP) {
        return status;
    }
    if (status != LT_OK) {
        return plan_step_stage(flow, item, false, LEG_PARKED, (uint16_t)status);
    }
    if (assigned.legs[0].agency == 0) {
        return plan_step_stage(flow, item, false, LEG_PARKED, assigned.legs[0].parked);
    }
    status = replay_assign_stage(flow, &assigned);
    if (status == LT_OK) {
        status = transfer_at(flow, item->key.position, &key, &after);
    }
    return status == LT_OK ? plan_step_stage(flow, item, true, after.legs[0].state, 0) : status;
}

static enum lt_status carry_replay(struct flow *flow, const struct due_item *item,
                                   const struct plan *plan)
{
    char reason[LT_REASON_MAX + 1];
    enum leg_state next;
    int size = snprintf(reason, sizeof(reason), "kế hoạch %llu: %s",
                        (unsigned long long)item->number, plan->reason);
    size_t kept =
        utf8_cut(reason, size < LT_REASON_MAX ? (size_t)size : LT_REASON_MAX, LT_REASON_MAX);
    enum lt_status status =
        replay_stage(flow, &item->transfer, item->key.leg, text_bytes(plan->person),
                     (struct lt_bytes){(const uint8_t *)reason, kept}, &next);
    return status == LT_OK ? plan_step_stage(flow, item, true, next, 0) : status;
}

static enum lt_status carry_out(struct flow *flow, const struct due_item *item,
                                const struct plan *plan, const struct plan_now *now)
{
    if (!item->readable) {
        return plan_step_stage(flow, item, false, LEG_NONE, LT_DAMAGED);
    }
    if (plan->act == ACT_REDIRECT) {
        return plan_redirect(flow, item, plan, now->approver);
    }
    const struct leg *leg = &item->transfer.legs[item->key.leg];
    if (leg->state != LEG_PARKED || leg->agency != item->key.agency) {
        return plan_step_stage(flow, item, false, leg->state, leg->code);
    }
    if (leg->agency == 0) {
        return carry_assign(flow, item, text_bytes(plan->person));
    }
    enum lt_status held = held_rule(flow, &item->name, &item->transfer, item->key.leg, true);
    if (held == LT_HELD_ASKED) {
        return LT_AGAIN;
    }
    if (held == LT_RECEIVER_HOLDS) {
        return plan_step_stage(flow, item, false, LEG_PARKED, LT_RECEIVER_HOLDS);
    }
    if (lt_class(held) == LT_CLASS_STOP) {
        return held;
    }
    /* It is not there, or nobody can say: the receiver knows it by its id. */
    return carry_replay(flow, item, plan);
}

/* ---- one plan ---- */

/* Too many of those with an outcome have parked again. */
static bool fails_too_often(const struct plan_slot *slot, const struct plan_now *now)
{
    uint32_t results = now->taken + now->refused + now->parked + now->ended;
    return results >= PLAN_RESULTS_LEAST &&
           (uint64_t)now->parked * 100 > (uint64_t)slot->stop_percent * results;
}

static void save_up(struct flow *flow, struct plan_slot *slot)
{
    int64_t most = (int64_t)slot->pace_per_min * 1000;
    most = most < ITEM_COST ? ITEM_COST : most;
    slot->credit += (flow->mono_ms - slot->touched_ms) * (int64_t)slot->pace_per_min;
    slot->credit = slot->credit < most ? slot->credit : most;
    slot->touched_ms = flow->mono_ms;
}

static enum lt_status stop_run(struct flow *flow, uint64_t number, const struct plan_now *now)
{
    char reason[96];
    snprintf(reason, sizeof(reason), "%u lượt chờ can thiệp lại trên %u kết quả", now->parked,
             now->taken + now->refused + now->parked + now->ended);
    return plan_change(flow, number, PLAN_STOPPED, LT_RECEIVER_REJECTED, (struct lt_bytes){NULL, 0},
                       text_bytes(reason));
}

/* The batch has room for a deed and its step, and for what else there may be. */
static bool room(const struct flow *flow)
{
    return flow_room(flow) &&
           journal_staged(flow->journal) - flow->batch_start < PLAN_TURN_FACTS_BUSY;
}

/* The pace saves nothing up while an answer or a receiver is waited for. */
static void wait_here(struct plan_slot *slot)
{
    slot->credit = slot->credit < ITEM_COST ? slot->credit : ITEM_COST - 1;
}

/* One item, or the plan's end; LT_AGAIN: nothing more in this turn. */
static enum lt_status run_next(struct flow *flow, struct plan_slot *slot, const struct plan *plan)
{
    static const struct lt_bytes nobody = {NULL, 0};
    struct plan_now now;
    struct plan_key key;
    struct due_item item;
    enum plan_found found;
    enum lt_status status = plan_now_load(flow, slot->number, &now);
    if (status != LT_OK) {
        return status;
    }
    if (fails_too_often(slot, &now)) {
        status = stop_run(flow, slot->number, &now);
        return status == LT_OK ? LT_AGAIN : status;
    }
    status = plan_next(flow, slot, &now, &key, &found);
    if (status == LT_OK && found == PLAN_NO_MORE) {
        status = plan_change(flow, slot->number, PLAN_DONE, 0, nobody, nobody);
        return status == LT_OK ? LT_AGAIN : status;
    }
    if (status != LT_OK || found == PLAN_LATER || slot->credit < ITEM_COST) {
        if (status == LT_OK && found == PLAN_LATER && flow->mono_ms < slot->rest_ms) {
            wait_here(slot);
        }
        return status == LT_OK ? LT_AGAIN : status;
    }
    item_load(flow, slot->number, &now, &key, &item);
    status = carry_out(flow, &item, plan, &now);
    if (status == LT_AGAIN) {
        wait_here(slot);
    }
    slot->credit -= status == LT_OK ? ITEM_COST : 0;
    return status;
}

static enum lt_status run_plan(struct flow *flow, struct plan_slot *slot)
{
    struct plan plan;
    enum lt_status status = plan_load(flow, slot->number, &plan);
    save_up(flow, slot);
    uint32_t most = slot->act == ACT_REDIRECT ? PLAN_REDIRECTS_TURN : PLAN_STEPS_TURN;
    for (uint32_t i = 0; status == LT_OK && i < most && room(flow); i++) {
        status = run_next(flow, slot, &plan);
    }
    return status;
}

static enum lt_status wait_for_list(struct flow *flow, const struct plan_slot *slot)
{
    static const char why[] = "danh sách không được gửi tiếp";
    if (slot->phase != PLAN_PHASE_LIST || flow->mono_ms - slot->touched_ms < PLAN_LIST_IDLE_MS) {
        return LT_OK;
    }
    return plan_change(flow, slot->number, PLAN_CANCELLED, LT_TIMEOUT, (struct lt_bytes){NULL, 0},
                       text_bytes(why));
}

/* Busy or not to be read just now is no failure: the next turn tries again. */
static enum lt_status passing(enum lt_status status)
{
    return status == LT_OK || lt_class(status) == LT_CLASS_STOP ? status : LT_OK;
}

enum lt_status step_plans(struct flow *flow)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < PLANS_LIVE_MAX && flow->plans.count != 0; i++) {
        struct plan_slot *slot = &flow->plans.slots[i];
        if (slot->number == 0 || !room(flow)) {
            continue;
        }
        if (slot->state == PLAN_RUNNING) {
            status = run_plan(flow, slot);
        } else if (slot->state == PLAN_SELECTING) {
            status = wait_for_list(flow, slot);
            if (status == LT_OK && slot->state == PLAN_SELECTING) {
                status = plan_select(flow, slot);
            }
        }
        if (passing(status) != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

bool plans_due(const struct flow *flow)
{
    for (uint32_t i = 0; i < PLANS_LIVE_MAX && flow->plans.count != 0; i++) {
        const struct plan_slot *slot = &flow->plans.slots[i];
        /* Without room there is nothing to do but wait for the disk. */
        bool chooses = slot->state == PLAN_SELECTING && slot->phase != PLAN_PHASE_LIST;
        bool runs = slot->state == PLAN_RUNNING && slot->credit >= ITEM_COST;
        if (slot->number != 0 && (chooses || runs) && room(flow)) {
            return true;
        }
    }
    return false;
}
