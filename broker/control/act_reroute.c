/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reroute: one open leg ends as cancelled, and a new leg of the same transfer goes to another
 * agency. Id, bytes and seal stay; both agencies' sums hold; a late "taken" of the old receiver
 * still finds its own leg. Who is dissolved is followed to its successor.
 *
 * An agency that has a leg of this transfer already, open or taken or ever sent, gets no second
 * one: that would be two effects by construction.
 */
#include <string.h>

#include "broker/flow/lane.h"
#include "broker/flow/reroute.h"
#include "judge.h"
#include "proto/base/text.h"

/* The leg that is meant: the one given, or the only open one. */
static enum lt_status choose(struct ask *ask, struct act_target *target)
{
    uint32_t open = 0;
    for (uint8_t i = 0; i < target->transfer.legs_count && !target->leg_given; i++) {
        if (leg_open(target->transfer.legs[i].state)) {
            open++;
            target->leg = i;
        }
    }
    if (!target->leg_given && open > 1) {
        return fault_set(&ask->fault, LT_FIELD_MISSING, "leg", "%u are open", open);
    }
    if (!target->leg_given && open == 0) {
        target->leg = 0; /* the rows say what it is */
    }
    return LT_OK;
}

static enum lt_status new_receiver(struct ask *ask, struct act_target *target)
{
    uint32_t number = AGENCY_NONE;
    bool given = false;
    enum lt_status status = ask_agency(ask, "to", &number, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given) {
        return ask_missing(ask, "to");
    }
    const struct registry *registry = ask->flow->registry;
    const struct agency *heir =
        registry_successor(registry, registry_by_number(registry, number), ask->flow->now_ms);
    if (number == AGENCY_NONE || heir == NULL) {
        return fault_set(&ask->fault, LT_AGENCY_UNKNOWN, "to", "%.*s", (int)ask_arg(ask, "to").size,
                         (const char *)ask_arg(ask, "to").data);
    }
    target->to = heir->number;
    return LT_OK;
}

/* LT_OK: may be; LT_EXISTS: that agency has the transfer; *ret_done: this very act was done. */
static enum lt_status may_go(struct ask *ask, const struct act_target *target, bool *ret_done)
{
    const struct transfer *t = &target->transfer;
    bool ended = t->legs[target->leg].state == LEG_CANCELLED;
    /* Nobody said which: the leg that was rerouted there is the open one now. */
    bool there = !target->leg_given && target->leg > 0 &&
                 t->legs[target->leg].agency == target->to && leg_open(t->legs[target->leg].state);
    *ret_done = there;
    if (there) {
        return LT_OK;
    }
    for (uint8_t i = (uint8_t)(target->leg + 1); i < t->legs_count && ended; i++) {
        if (t->legs[i].agency == target->to) {
            *ret_done = true;
            return LT_OK;
        }
    }
    uint8_t rival = reroute_rival(ask->flow, &target->key, t, target->to);
    if (rival < t->legs_count) {
        return fault_set(&ask->fault, LT_EXISTS, "to", "leg %u: %s", (unsigned)rival,
                         leg_state_name(t->legs[rival].state));
    }
    if (transfer_next(t->legs[target->leg].state, LEG_ON_CANCEL) == LEG_NONE) {
        return fault_set(&ask->fault, LT_LEG_STATE, "leg", "%u: %s", (unsigned)target->leg,
                         leg_state_name(t->legs[target->leg].state));
    }
    if (t->legs_count >= LT_LEGS_MAX) {
        return fault_set(&ask->fault, LT_LEGS_TOO_MANY, "id", "%d", LT_LEGS_MAX);
    }
    return LT_OK;
}

static enum lt_status stage(struct ask *ask, const struct act_target *target,
                            const struct judged *judged)
{
    struct fact_rerouted rerouted = {
        .position = target->transfer.position,
        .leg = target->leg,
        .to = target->to,
        .person = judged->person,
        .reason = judged->reason,
        .second = judged->second,
        .risk = judged->risk,
    };
    enum lt_status status = reroute_stage(ask->flow, &rerouted);
    if (status == LT_DAMAGED || status == LT_NOT_FOUND) {
        return fault_set(&ask->fault, LT_LEG_STATE, "id", "its bytes cannot be read");
    }
    return status == LT_AGAIN ? LT_BUSY : ask_staged(status);
}

/* Where it would stand at the new receiver. */
static struct leg foresee(struct ask *ask, const struct act_target *target)
{
    struct transfer after = target->transfer;
    uint8_t index = after.legs_count;
    memset(&after.legs[index], 0, sizeof(after.legs[index]));
    after.legs[index].agency = target->to;
    bool waits = lane_held(ask->flow, &after, index) || lane_waits(ask->flow, &after, index);
    struct leg leg = after.legs[index];
    leg.state = waits ? LEG_BEHIND : LEG_READY;
    return leg;
}

/* The old route and the new one. */
static void put_rows(struct ask *ask, const struct act_target *target, const struct leg *fresh,
                     const struct judged *judged)
{
    const struct leg *old = &target->transfer.legs[target->leg];
    const char *result = judge_word(target, judged, "rerouted", "would-reroute");
    uint16_t code = judged->code == LT_OK ? old->code : (uint16_t)judged->code;
    struct leg none = *fresh;
    none.state = LEG_NONE;
    judge_row(ask, target, target->leg, old, LEG_CANCELLED, result, code, judged);
    judge_row(ask, target, target->transfer.legs_count, &none, fresh->state, result, 0, judged);
}

static enum lt_status carry_out(struct ask *ask, struct act_target *target)
{
    struct judged judged;
    struct leg fresh = foresee(ask, target);
    enum lt_status status = judge_unknown(ask, target, &judged);
    if (status == LT_OK && !target->dry_run) {
        status = stage(ask, target, &judged);
    }
    if (status != LT_OK) {
        return status;
    }
    put_rows(ask, target, &fresh, &judged);
    if (!target->dry_run) {
        judge_done(ask, target);
    }
    return LT_OK;
}

enum lt_status act_reroute(struct ask *ask)
{
    struct act_target target;
    struct judged judged;
    bool done = false;
    enum lt_status status = judge_args(ask, ACT_REROUTE, &target);
    if (status == LT_OK) {
        status = new_receiver(ask, &target);
    }
    if (status == LT_OK) {
        status = choose(ask, &target);
    }
    if (status == LT_OK) {
        status = judge_scope(ask, target.transfer.legs[target.leg].agency);
    }
    if (status == LT_OK) {
        status = judge_scope(ask, target.to);
    }
    if (status == LT_OK) {
        status = may_go(ask, &target, &done);
    }
    if (status != LT_OK) {
        return status;
    }
    if (done) {
        const struct leg *leg = &target.transfer.legs[target.leg];
        judge_plain(ask, &target, &judged);
        judge_row(ask, &target, target.leg, leg, leg->state, "same", leg->code, &judged);
        return LT_OK;
    }
    target.legs = 1u << target.leg;
    if (!target.dry_run && !flow_room(ask->flow)) {
        return LT_BUSY;
    }
    return carry_out(ask, &target);
}
