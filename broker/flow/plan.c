/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The life of a replay plan, outside of choosing (plan_select.c) and running (plan_run.c): opening,
 * loading, beginning, the moves of plan.def, leases. Every move is a fact; the slots are folded
 * from them, so that a restart finds each plan where it was. Only what was half chosen is lost:
 * such a plan is cancelled with a reason, because a set that nobody has seen whole must not be run.
 */
#include "plan.h"

#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"

#define PLAN_FACT_BYTES (128 + PLAN_PERSON_MAX + LT_REASON_MAX + PLAN_SELECTION_MAX)

enum lt_status plans_open(struct plans *plans)
{
    return digester_open(&plans->digester);
}

void plans_close(struct plans *plans)
{
    if (plans->digester != NULL) {
        digester_close(&plans->digester);
    }
}

/* ---- records ---- */

enum lt_status plan_load(struct flow *flow, uint64_t number, struct plan *ret_plan)
{
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes value;
    enum lt_status status =
        state_get(flow->state, STATE_PLANS, plan_key_of(key, 'P', number), &value);
    if (status != LT_OK) {
        return status;
    }
    return plan_read(value, ret_plan) ? LT_OK : LT_DAMAGED;
}

enum lt_status plan_now_load(struct flow *flow, uint64_t number, struct plan_now *ret_now)
{
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes value;
    enum lt_status status =
        state_get(flow->state, STATE_PLANS, plan_key_of(key, 'N', number), &value);
    if (status != LT_OK) {
        return status;
    }
    return plan_now_read(value, ret_now) ? LT_OK : LT_DAMAGED;
}

struct plan_slot *plan_slot_of(struct flow *flow, uint64_t number)
{
    for (uint32_t i = 0; number != 0 && i < PLANS_LIVE_MAX; i++) {
        if (flow->plans.slots[i].number == number) {
            return &flow->plans.slots[i];
        }
    }
    return NULL;
}

/* ---- at start ---- */

static enum lt_status load_one(struct flow *flow, uint64_t number, const struct plan_now *now)
{
    struct plans *plans = &flow->plans;
    struct plan plan;
    plans->outstanding += plan_outstanding(now);
    plans->last = number > plans->last ? number : plans->last;
    if (!plan_live(now->state)) {
        return LT_OK;
    }
    if (plans->count == PLANS_LIVE_MAX) {
        return LT_DAMAGED;
    }
    enum lt_status status = plan_load(flow, number, &plan);
    if (status != LT_OK) {
        return LT_DAMAGED;
    }
    plans->slots[plans->count++] = (struct plan_slot){
        .number = number,
        .state = now->state,
        .act = plan.act,
        .to = plan.to,
        .pace_per_min = plan.pace_per_min,
        .stop_percent = plan.stop_percent,
    };
    return LT_OK;
}

enum lt_status plans_load(struct flow *flow)
{
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    enum lt_status status = state_seek(flow->state, STATE_PLANS, plan_key_of(from, 'N', 0), &at);
    while (status == LT_OK && at.found) {
        uint64_t number;
        struct plan_now now;
        if (!plan_number_read(at.key, 'N', &number)) {
            break; /* past the last of them */
        }
        if (!plan_now_read(at.value, &now)) {
            return LT_DAMAGED;
        }
        status = load_one(flow, number, &now);
        if (status == LT_OK) {
            status = state_step(flow->state, &at);
        }
    }
    return status;
}

enum lt_status plans_restart(struct flow *flow)
{
    static const char why[] = "trục khởi động lại khi danh sách chưa chốt";
    for (uint32_t i = 0; i < PLANS_LIVE_MAX; i++) {
        const struct plan_slot *slot = &flow->plans.slots[i];
        if (slot->number == 0 || slot->state != PLAN_SELECTING) {
            continue;
        }
        enum lt_status status = plan_change(flow, slot->number, PLAN_CANCELLED, LT_AGAIN,
                                            (struct lt_bytes){NULL, 0}, text_bytes(why));
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

/* ---- moves ---- */

enum lt_status plan_begin(struct flow *flow, const struct fact_plan *plan,
                          const struct plan_filter *filter)
{
    uint8_t memory[PLAN_FACT_BYTES];
    uint64_t position;
    if (flow->plans.count == PLANS_LIVE_MAX) {
        return LT_PLAN_STATE;
    }
    if (!flow_room_small(flow)) {
        return LT_BUSY;
    }
    enum lt_status status =
        flow_fact(flow, FACT_PLAN, fact_write_plan(memory, sizeof(memory), plan), &position);
    if (status != LT_OK) {
        return status;
    }
    struct plan_slot *slot = plan_slot_of(flow, plan->number);
    slot->touched_ms = flow->mono_ms;
    if (filter != NULL) {
        slot->phase = PLAN_PHASE_SCAN;
        slot->filter = *filter;
        slot->cursor.agency = filter->agency_given ? filter->agency : 0;
    }
    return LT_OK;
}

void plan_complete(struct plan_slot *slot)
{
    slot->phase = PLAN_PHASE_FREEZE;
    memset(&slot->cursor, 0, sizeof(slot->cursor));
}

enum lt_status plan_state_stage(struct flow *flow, const struct fact_plan_state *change)
{
    uint8_t memory[PLAN_FACT_BYTES];
    uint64_t position;
    struct plan_slot *slot = plan_slot_of(flow, change->number);
    if (slot == NULL || !plan_may(slot->state, (enum plan_state)change->state)) {
        return LT_PLAN_STATE;
    }
    if (!flow_room_small(flow)) {
        return LT_BUSY;
    }
    slot->touched_ms = flow->mono_ms;
    slot->credit = 0;
    log_info("plan", "number=%llu state=%s person=%.*s code=%s", (unsigned long long)change->number,
             plan_state_name((enum plan_state)change->state), (int)change->person.size,
             (const char *)change->person.data, lt_code((enum lt_status)change->code));
    return flow_fact(flow, FACT_PLAN_STATE, fact_write_plan_state(memory, sizeof(memory), change),
                     &position);
}

enum lt_status plan_change(struct flow *flow, uint64_t number, enum plan_state next, uint16_t code,
                           struct lt_bytes person, struct lt_bytes reason)
{
    struct plan_now now;
    enum lt_status status = plan_now_load(flow, number, &now);
    if (status != LT_OK) {
        return status;
    }
    struct fact_plan_state change = {
        .number = number,
        .state = (uint8_t)next,
        .code = code,
        .person = person,
        .reason = reason,
    };
    if (next == PLAN_APPROVED) {
        change.digest = now.digest; /* what the second person has put the name to */
    }
    return plan_state_stage(flow, &change);
}

uint64_t plan_leased(struct flow *flow, uint64_t position, uint8_t leg)
{
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes value;
    struct plan_lease lease;
    if (flow->plans.count == 0 ||
        state_get(flow->state, STATE_PLANS, plan_lease_key(key, position, leg), &value) != LT_OK ||
        !plan_lease_read(value, &lease) || plan_slot_of(flow, lease.number) == NULL) {
        return 0;
    }
    return lease.number;
}
