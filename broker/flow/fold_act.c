/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What people decide about a leg, folded: acts, new legs for a transfer nobody was competent for,
 * a reroute; and what a receiver's local system said when it was asked.
 *
 * A reroute ends the old leg as cancelled and adds a new one to the same transfer: number, bytes
 * and id stay, both agencies' sums hold, and a late "taken" of the old receiver finds its own leg
 * and corrects it. The attachments are named in the fact, so that the new receiver may fetch them.
 *
 * An answer is kept with the number of the delivery it is about: whoever reads it compares that
 * with the leg and sees whether it is old. An answer that names a decision settles the leg, as the
 * lost settlement would have.
 */
#include "fold_act.h"

#include <string.h>

#include "fold.h"
#include "fold_leg.h"

static enum leg_event act_event(const struct fact_act *act)
{
    switch (act->act) {
    case ACT_REPLAY:
        return act->next == LEG_BEHIND ? LEG_ON_WAIT : LEG_ON_REPLAY;
    case ACT_HOLD:
        return LEG_ON_HOLD;
    case ACT_RELEASE:
        return act->next == LEG_BEHIND ? LEG_ON_WAIT : LEG_ON_RELEASE;
    case ACT_CANCEL:
        return LEG_ON_CANCEL;
    case ACT_EXPIRE:
        return LEG_ON_EXPIRE;
    case ACT_SKIP:
        return LEG_ON_SKIP;
    default:
        return LEG_EVENTS_END;
    }
}

enum lt_status fold_act(struct flow *flow, const struct fact *fact)
{
    struct fact_act act;
    struct transfer t;
    struct move move = {.fact = fact, .transfer = &t};
    if (!fact_read_act(fact->payload, &act) ||
        transfer_leg(flow, act.position, act.leg, &move.key, &t) != LT_OK) {
        return LT_DAMAGED;
    }
    move.leg = act.leg;
    move.event = act_event(&act);
    move.due_ms = fact->time_ms;
    move.reason = act.reason;
    if (act.act == ACT_REPLAY || act.act == ACT_RELEASE) {
        t.legs[act.leg].failures = 0; /* a new budget of attempts */
        t.legs[act.leg].flags |= LEG_FLAG_KEPT;
    }
    if (act.act == ACT_HOLD || act.act == ACT_SKIP) {
        move.code = t.legs[act.leg].code; /* why it stood there is still so */
    }
    if (leg_move(flow, &move)) {
        transfer_store(flow, &move.key, &t);
    }
    return LT_OK;
}

enum lt_status fold_assigned(struct flow *flow, const struct fact *fact)
{
    struct fact_assigned assigned;
    struct transfer_key key;
    struct transfer t;
    if (!fact_read_assigned(fact->payload, &assigned) ||
        transfer_at(flow, assigned.position, &key, &t) != LT_OK) {
        return LT_DAMAGED;
    }
    for (uint8_t i = 0; i < t.legs_count; i++) {
        leg_withdraw(flow, &key, &t, i);
    }
    memset(t.legs, 0, sizeof(t.legs));
    t.legs_count = (uint8_t)assigned.legs_count;
    for (uint8_t i = 0; i < t.legs_count; i++) {
        t.legs[i].agency = assigned.legs[i].agency;
        leg_enter(flow, fact, &key, &t, i, assigned.legs[i].parked);
        for (uint32_t a = 0; a < assigned.attachments_count; a++) {
            (void)fold_holder(flow, &assigned.attachments[a].sha256, t.legs[i].agency,
                              assigned.attachments[a].size, fact->time_ms, false);
        }
    }
    counts_store(flow, desk_of(&flow->desks, key.from));
    transfer_store(flow, &key, &t);
    return LT_OK;
}

enum lt_status fold_rerouted(struct flow *flow, const struct fact *fact)
{
    struct fact_rerouted rerouted;
    struct transfer t;
    struct move move = {.fact = fact, .transfer = &t, .event = LEG_ON_CANCEL};
    if (!fact_read_rerouted(fact->payload, &rerouted) ||
        transfer_leg(flow, rerouted.position, rerouted.leg, &move.key, &t) != LT_OK ||
        t.legs_count >= LT_LEGS_MAX || rerouted.to == 0 || rerouted.to > AGENCIES_MAX) {
        return LT_DAMAGED;
    }
    move.leg = rerouted.leg;
    move.reason = rerouted.reason;
    if (!leg_move(flow, &move)) {
        return LT_OK; /* it had ended by itself */
    }
    move.leg = t.legs_count++;
    memset(&t.legs[move.leg], 0, sizeof(t.legs[move.leg]));
    t.legs[move.leg].agency = rerouted.to;
    leg_enter(flow, fact, &move.key, &t, move.leg, 0);
    leg_told(flow, &move);
    for (uint32_t i = 0; i < rerouted.attachments_count; i++) {
        (void)fold_holder(flow, &rerouted.attachments[i].sha256, rerouted.to,
                          rerouted.attachments[i].size, fact->time_ms, false);
    }
    transfer_store(flow, &move.key, &t);
    return LT_OK;
}

enum lt_status fold_held(struct flow *flow, const struct fact *fact)
{
    struct fact_held held;
    struct transfer t;
    struct move move = {.fact = fact, .transfer = &t};
    uint8_t key_bytes[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    if (!fact_read_held(fact->payload, &held) ||
        transfer_leg(flow, held.position, held.leg, &move.key, &t) != LT_OK) {
        return LT_DAMAGED;
    }
    struct held_record record = {
        .held = held.held, .attempt = held.attempt, .time_ms = fact->time_ms};
    state_put(flow->state, STATE_HELD, held_key(key_bytes, held.position, held.leg),
              held_write(value, &record));
    bool taken = held.held == LT_HELD_YES && held.outcome == LT_OUTCOME_TAKEN;
    bool refused = held.held == LT_HELD_YES && held.outcome == LT_OUTCOME_REFUSED;
    if (!taken && !refused) {
        return LT_OK;
    }
    move.leg = held.leg;
    move.event = taken ? LEG_ON_TAKE : LEG_ON_REFUSE;
    move.code = taken ? 0 : held.code;
    move.reason = held.reason;
    if (leg_move(flow, &move)) {
        transfer_store(flow, &move.key, &t);
    }
    return LT_OK;
}
