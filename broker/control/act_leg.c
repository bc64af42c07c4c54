/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an operator does with the legs of one transfer: hold, release, skip in the lane, cancel,
 * expire. Each leg that changes is one fact with the person, the reason and the time. Without leg=
 * the act is for every leg whose state allows it.
 *
 *   hold      any open leg, sent ones too: the flight lands, the lane is held, an answer that still
 *             comes is believed
 *   release   a held leg goes back into its lane: ready, or behind whoever holds it
 *   skip      a parked or held leg steps aside and stays where it is; its lane goes on
 *   cancel, expire   the leg ends; what was sent once goes by the rule of judge.c
 *
 * The same act again finds the legs as it wanted them and says "same": a repeated question does no
 * harm. All facts of an act are staged in one turn or none is.
 */
#include <string.h>

#include "broker/flow/lane.h"
#include "broker/flow/steps.h"
#include "judge.h"
#include "proto/base/text.h"

#define FACT_BYTES (LT_REASON_MAX + 512)

struct kind_words {
    enum act_kind kind;
    enum leg_event event;
    const char *done;
    const char *would;
};

static const struct kind_words words[] = {
    {ACT_HOLD, LEG_ON_HOLD, "held", "would-hold"},
    {ACT_RELEASE, LEG_ON_RELEASE, "released", "would-release"},
    {ACT_SKIP, LEG_ON_SKIP, "skipped", "would-skip"},
    {ACT_CANCEL, LEG_ON_CANCEL, "cancelled", "would-cancel"},
    {ACT_EXPIRE, LEG_ON_EXPIRE, "expired", "would-expire"},
};

static const struct kind_words *words_of(enum act_kind kind)
{
    size_t at = 0;
    while (words[at].kind != kind) {
        at++;
    }
    return &words[at];
}

/* Is the leg as the act wants it already? */
static bool already(enum act_kind kind, const struct leg *leg)
{
    switch (kind) {
    case ACT_HOLD:
        return leg->state == LEG_HELD;
    case ACT_RELEASE:
        return leg_open(leg->state) && leg->state != LEG_HELD && leg->state != LEG_PARKED;
    case ACT_SKIP:
        return leg_open(leg->state) && (leg->flags & LEG_FLAG_ASIDE) != 0;
    case ACT_CANCEL:
        return leg->state == LEG_CANCELLED;
    case ACT_EXPIRE:
        return leg->state == LEG_EXPIRED;
    default:
        return false;
    }
}

/* The state after the act; LEG_NONE: the leg's state does not allow it. */
static enum leg_state next_of(struct ask *ask, const struct act_target *target, uint8_t index)
{
    const struct leg *leg = &target->transfer.legs[index];
    bool nobodys = leg->agency == 0 && target->kind == ACT_HOLD; /* it waits for a person already */
    enum leg_state next =
        nobodys ? LEG_NONE : transfer_next(leg->state, words_of(target->kind)->event);
    if (next == LEG_READY && lane_held(ask->flow, &target->transfer, index)) {
        return LEG_BEHIND;
    }
    return next;
}

/* Which legs change; *ret_same: which are as wanted. LT_SCOPE, LT_LEG_STATE. */
static enum lt_status choose(struct ask *ask, struct act_target *target, uint32_t *ret_same)
{
    uint32_t same = 0;
    for (uint8_t i = 0; i < target->transfer.legs_count; i++) {
        const struct leg *leg = &target->transfer.legs[i];
        if (target->leg_given && i != target->leg) {
            continue;
        }
        bool is = already(target->kind, leg);
        bool may = !is && next_of(ask, target, i) != LEG_NONE;
        enum lt_status status = is || may ? judge_scope(ask, leg->agency) : LT_OK;
        if (status != LT_OK) {
            return status;
        }
        same |= is ? 1u << i : 0;
        target->legs |= may ? 1u << i : 0;
    }
    if (target->legs == 0 && same == 0) {
        const struct leg *leg = &target->transfer.legs[target->leg];
        return fault_set(&ask->fault, LT_LEG_STATE, "leg", "%u: %s", (unsigned)target->leg,
                         leg_state_name(leg->state));
    }
    *ret_same = same;
    return LT_OK;
}

static enum lt_status stage(struct ask *ask, const struct act_target *target, uint8_t index,
                            enum leg_state next, const struct judged *judged)
{
    uint8_t memory[FACT_BYTES];
    uint64_t position;
    struct fact_act act = {
        .position = target->transfer.position,
        .leg = index,
        .act = (uint8_t)target->kind,
        .next = (uint8_t)next,
        .person = judged->person,
        .reason = judged->reason,
        .second = judged->second,
        .risk = judged->risk && held_unknown(ask->flow, &target->key, &target->transfer, index),
    };
    enum lt_status status =
        ask_fact(ask, FACT_ACT, fact_write_act(memory, sizeof(memory), &act), &position);
    if (status == LT_OK) {
        flight_land(ask->flow, target->transfer.position, index);
    }
    return status;
}

static enum lt_status act_on(struct ask *ask, const struct act_target *target, uint32_t same,
                             const struct judged *judged)
{
    const struct kind_words *said = words_of(target->kind);
    for (uint8_t i = 0; i < target->transfer.legs_count; i++) {
        const struct leg *leg = &target->transfer.legs[i];
        if ((same >> i & 1u) != 0) {
            judge_row(ask, target, i, leg, leg->state, "same", leg->code, judged);
        }
        if ((target->legs >> i & 1u) == 0) {
            continue;
        }
        enum leg_state next = next_of(ask, target, i);
        enum lt_status status = LT_OK;
        if (!target->dry_run) {
            status = stage(ask, target, i, next, judged);
        }
        if (status != LT_OK) {
            return status;
        }
        uint16_t code = judged->code == LT_OK ? leg->code : (uint16_t)judged->code;
        judge_row(ask, target, i, leg, next, judge_word(target, judged, said->done, said->would),
                  code, judged);
    }
    return LT_OK;
}

static enum lt_status run(struct ask *ask, enum act_kind kind)
{
    struct act_target target;
    struct judged judged;
    uint32_t same = 0;
    enum lt_status status = judge_args(ask, kind, &target);
    if (status == LT_OK) {
        status = choose(ask, &target, &same);
    }
    if (status != LT_OK) {
        return status;
    }
    if (!target.dry_run && !flow_room(ask->flow)) {
        return LT_BUSY;
    }
    judge_plain(ask, &target, &judged);
    if (kind == ACT_CANCEL || kind == ACT_EXPIRE) {
        status = judge_unknown(ask, &target, &judged);
    }
    if (status == LT_OK) {
        status = act_on(ask, &target, same, &judged);
    }
    if (status == LT_OK && !target.dry_run) {
        judge_done(ask, &target);
    }
    return status;
}

enum lt_status act_hold(struct ask *ask)
{
    return run(ask, ACT_HOLD);
}

enum lt_status act_release(struct ask *ask)
{
    return run(ask, ACT_RELEASE);
}

enum lt_status act_skip(struct ask *ask)
{
    return run(ask, ACT_SKIP);
}

enum lt_status act_cancel(struct ask *ask)
{
    return run(ask, ACT_CANCEL);
}

enum lt_status act_expire(struct ask *ask)
{
    return run(ask, ACT_EXPIRE);
}
