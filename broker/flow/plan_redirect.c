/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A redirect: every open leg of a dissolved agency goes to its successor, as a plan, because there
 * may be a hundred thousand of them and somebody has to have looked. One item is a reroute, with
 * the same rules: the old leg ends, a new one of the same transfer begins, a late "taken" of the
 * old receiver still finds its own leg.
 *
 *   was once sent    the old receiver is asked; held: passed over, not held: moved; nobody can say:
 *                    moved only when a second person has approved the plan, with that name and the
 *                    risk written down
 *   is held          by a person: moved, and held there
 *   successor has it the transfer went to both: the old leg ends, and no second one is made
 *   one before it in its lane stays (held by nobody known, passed over, in another plan): it stays
 *                    as well, because what is behind must not arrive before
 *
 * Items go by position, so every lane arrives at the successor in the order of acceptance. While a
 * case still has legs at the old agency new transfers of it go behind them there (decide.c); a plan
 * does not see those, so a second one takes them along.
 */
#include <stdio.h>
#include <string.h>

#include "fold_leg.h"
#include "held.h"
#include "lane.h"
#include "plan.h"
#include "proto/base/text.h"
#include "reroute.h"
#include "steps.h"

#define FACT_BYTES (LT_REASON_MAX + 512)

/* ---- choosing ---- */

enum lt_status plan_scan_open(struct flow *flow, struct plan_slice *slice, bool *ret_end,
                              enum plan_want *ret_want)
{
    uint8_t from_bytes[RECORD_KEY_MAX];
    struct plan_slot *slot = slice->slot;
    struct lane_key from = {.agency = slot->filter.agency,
                            .lane = slot->lane,
                            .position = slot->cursor.position,
                            .leg = slot->cursor.leg};
    struct state_entry at;
    enum lt_status status =
        state_seek(flow->state, STATE_LANES, lane_key_write(from_bytes, &from), &at);
    while (status == LT_OK && at.found) {
        struct lane_key key;
        struct lane_entry entry;
        if (!lane_key_read(at.key, &key) || !lane_entry_read(at.value, &entry)) {
            return LT_DAMAGED;
        }
        if (key.agency != slot->filter.agency) {
            break;
        }
        struct plan_key item = {key.agency, key.position, key.leg};
        if (plan_slice_full(slice) || slice->looked++ == PLAN_LOOKS_TURN) {
            slot->cursor = item;
            slot->lane = key.lane;
            return LT_OK;
        }
        *ret_want = plan_want(flow, slice, &item);
        if (*ret_want == PLAN_OUT_OF_SCOPE || *ret_want == PLAN_FULL) {
            return LT_OK;
        }
        bool sent = *ret_want == PLAN_WANTED && (entry.flags & LEG_FLAG_SENT_ONCE) != 0;
        slot->sent_once += sent ? 1 : 0;
        status = state_step(flow->state, &at);
    }
    *ret_end = status == LT_OK;
    return status;
}

/* ---- one of them ---- */

/* In whose names, and whether the old receiver was asked in vain. */
struct move_names {
    char reason[LT_REASON_MAX + 1];
    const char *second; /* "": nobody had to agree */
};

static void names_fill(struct move_names *names, const struct due_item *item,
                       const struct plan *plan)
{
    int size = snprintf(names->reason, sizeof(names->reason), "kế hoạch %llu: %s",
                        (unsigned long long)item->number, plan->reason);
    size_t kept =
        utf8_cut(names->reason, size < LT_REASON_MAX ? (size_t)size : LT_REASON_MAX, LT_REASON_MAX);
    names->reason[kept] = '\0';
    names->second = "";
}

/* The successor has the transfer already: nothing is lost when the old leg ends. */
static enum lt_status end_old(struct flow *flow, const struct due_item *item,
                              const struct plan *plan, const struct move_names *names)
{
    uint8_t memory[FACT_BYTES];
    uint64_t position;
    struct fact_act act = {
        .position = item->key.position,
        .leg = item->key.leg,
        .act = ACT_CANCEL,
        .next = LEG_CANCELLED,
        .person = text_bytes(plan->person),
        .reason = text_bytes(names->reason),
        .second = text_bytes(names->second),
        .risk = names->second[0] != '\0',
    };
    enum lt_status status =
        flow_fact(flow, FACT_ACT, fact_write_act(memory, sizeof(memory), &act), &position);
    if (status != LT_OK) {
        return status;
    }
    flight_land(flow, act.position, act.leg);
    return plan_step_stage(flow, item, true, LEG_CANCELLED, LT_EXISTS);
}

/* A person holds it: so it is held at the successor, too. */
static enum lt_status hold_new(struct flow *flow, const struct due_item *item,
                               const struct plan *plan, const struct move_names *names, uint8_t leg)
{
    uint8_t memory[FACT_BYTES];
    uint64_t position;
    struct fact_act act = {
        .position = item->key.position,
        .leg = leg,
        .act = ACT_HOLD,
        .next = LEG_HELD,
        .person = text_bytes(plan->person),
        .reason = text_bytes(names->reason),
    };
    return flow_fact(flow, FACT_ACT, fact_write_act(memory, sizeof(memory), &act), &position);
}

static enum lt_status move(struct flow *flow, const struct due_item *item, const struct plan *plan,
                           const struct move_names *names)
{
    struct transfer_key key;
    struct transfer after;
    struct fact_rerouted rerouted = {
        .position = item->key.position,
        .leg = item->key.leg,
        .to = plan->to,
        .person = text_bytes(plan->person),
        .reason = text_bytes(names->reason),
        .second = text_bytes(names->second),
        .risk = names->second[0] != '\0',
    };
    const struct leg *leg = &item->transfer.legs[item->key.leg];
    enum lt_status status = reroute_stage(flow, &rerouted);
    if (status == LT_DAMAGED || status == LT_NOT_FOUND) {
        return plan_step_stage(flow, item, false, leg->state, LT_DAMAGED);
    }
    if (status == LT_OK && leg->state == LEG_HELD) {
        status = hold_new(flow, item, plan, names, item->transfer.legs_count);
    }
    if (status == LT_OK) {
        status = transfer_at(flow, item->key.position, &key, &after);
    }
    return status == LT_OK
               ? plan_step_stage(flow, item, true, after.legs[after.legs_count - 1].state, 0)
               : status;
}

/* Why the leg stays where it is; LT_OK: it goes. LT_AGAIN: its receiver is being asked. */
static enum lt_status may_go(struct flow *flow, const struct due_item *item, const char *approver,
                             struct move_names *names)
{
    const struct transfer *t = &item->transfer;
    const struct leg *leg = &t->legs[item->key.leg];
    if (transfer_next(leg->state, LEG_ON_CANCEL) == LEG_NONE) {
        return LT_LEG_STATE;
    }
    if (lane_left(flow, leg->agency, &t->lane, t->position)) {
        return LT_LANE_LEFT;
    }
    enum lt_status held = held_rule(flow, &item->name, t, item->key.leg, true);
    if (held == LT_HELD_ASKED) {
        return LT_AGAIN;
    }
    if (held == LT_SECOND_PERSON && approver[0] != '\0') {
        names->second = approver;
        return LT_OK;
    }
    return held;
}

enum lt_status plan_redirect(struct flow *flow, const struct due_item *item,
                             const struct plan *plan, const char *approver)
{
    const struct transfer *t = &item->transfer;
    const struct leg *leg = &t->legs[item->key.leg];
    struct move_names names;
    if (!leg_open(leg->state) || leg->agency != item->key.agency) {
        return plan_step_stage(flow, item, false, leg->state, leg->code);
    }
    names_fill(&names, item, plan);
    enum lt_status status = may_go(flow, item, approver, &names);
    if (status == LT_AGAIN || lt_class(status) == LT_CLASS_STOP) {
        return status;
    }
    if (status != LT_OK) {
        return plan_step_stage(flow, item, false, leg->state, (uint16_t)status);
    }
    uint8_t rival = reroute_rival(flow, &item->name, t, plan->to);
    if (rival < t->legs_count) {
        enum leg_state has = t->legs[rival].state;
        return leg_open(has) || has == LEG_TAKEN
                   ? end_old(flow, item, plan, &names)
                   : plan_step_stage(flow, item, false, leg->state, LT_EXISTS);
    }
    if (t->legs_count >= LT_LEGS_MAX) {
        return plan_step_stage(flow, item, false, leg->state, LT_LEGS_TOO_MANY);
    }
    return move(flow, item, plan, &names);
}
