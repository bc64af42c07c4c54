/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Replay: parked legs are tried again. A leg whose lane is free becomes ready, one whose lane is
 * held by another goes behind it; both are facts with the person and the reason.
 *
 * A transfer that nobody was competent for has one leg for nobody. Its header is read back and the
 * registry is asked again: the new legs are a fact of their own and take the old one's place. Still
 * nobody: the row says not-parked with the code, because there is nothing to replay yet.
 *
 * All facts of a replay are staged in one turn or none is: room for them is asked first. A leg that
 * a live plan has before it is the plan's: the single replay is refused and names it.
 */
#include <string.h>

#include "broker/flow/plan.h"
#include "broker/flow/replay.h"
#include "judge.h"
#include "mask.h"
#include "proto/base/text.h"

struct replay {
    struct transfer_key key;
    struct transfer transfer; /* as it was before */
    struct lt_bytes reason;
    bool dry_run;
    bool leg_given;
    uint8_t leg;
};

struct outcome {
    const char *result;
    uint16_t code;
    enum leg_state before;
    enum leg_state next;
};

static void put_outcome(struct ask *ask, const struct replay *replay, uint8_t index,
                        const struct leg *leg, const struct outcome *outcome)
{
    struct page_draft *page = &ask->page;
    page_row(page);
    page_id(page, "id", &replay->key.id);
    page_number(page, "leg", index);
    row_receiver(ask, leg);
    row_case(ask, &replay->transfer);
    page_text(page, "state", leg_state_name(outcome->before));
    page_text(page, "next", leg_state_name(outcome->next));
    page_text(page, "result", outcome->result);
    page_code(page, "code", outcome->code);
    page_number(page, "bytes", replay->transfer.parcel_bytes);
}

static void put_not_parked(struct ask *ask, const struct replay *replay, uint8_t index,
                           uint16_t code)
{
    const struct leg *leg = &replay->transfer.legs[index];
    struct outcome outcome = {
        .result = "not-parked", .code = code, .before = leg->state, .next = leg->state};
    put_outcome(ask, replay, index, leg, &outcome);
}

static const char *done_word(const struct replay *replay)
{
    return replay->dry_run ? "would-replay" : "replayed";
}

/* ---- a parked leg of a known receiver -----------------------------------------------------------
 */

static enum lt_status replay_leg(struct ask *ask, const struct replay *replay, uint8_t index)
{
    const struct leg *leg = &replay->transfer.legs[index];
    struct outcome outcome = {
        .result = done_word(replay),
        .code = leg->code,
        .before = leg->state,
        .next = replay_next(ask->flow, &replay->transfer, index),
    };
    if (!replay->dry_run) {
        enum lt_status status =
            ask_staged(replay_stage(ask->flow, &replay->transfer, index,
                                    text_bytes(ask->person->name), replay->reason, &outcome.next));
        if (status != LT_OK) {
            return status;
        }
    }
    put_outcome(ask, replay, index, leg, &outcome);
    return LT_OK;
}

/* ---- a transfer that nobody was competent for ---------------------------------------------------
 */

/* What the transfer would be with its new legs: nothing is changed by looking. */
static struct transfer foresee(struct ask *ask, const struct replay *replay,
                               const struct fact_assigned *assigned)
{
    struct transfer t = replay->transfer;
    t.legs_count = (uint8_t)assigned->legs_count;
    memset(t.legs, 0, sizeof(t.legs));
    for (uint8_t i = 0; i < t.legs_count; i++) {
        t.legs[i].agency = assigned->legs[i].agency;
        t.legs[i].state = replay_next(ask->flow, &t, i);
    }
    return t;
}

static enum lt_status replay_undetermined(struct ask *ask, const struct replay *replay)
{
    struct fact_assigned assigned;
    const struct leg *nobody = &replay->transfer.legs[0];
    enum lt_status status = replay_assign(ask->flow, &replay->transfer,
                                          text_bytes(ask->person->name), &assigned, &ask->fault);
    if (status != LT_OK) {
        return status;
    }
    if (assigned.legs[0].agency == 0) {
        put_not_parked(ask, replay, 0, assigned.legs[0].parked);
        return LT_OK;
    }
    struct transfer after = foresee(ask, replay, &assigned);
    if (!replay->dry_run) {
        status = ask_staged(replay_assign_stage(ask->flow, &assigned));
        if (status == LT_OK) {
            status = transfer_load(ask->flow, &replay->key, &after);
        }
        if (status != LT_OK) {
            return status;
        }
    }
    for (uint8_t i = 0; i < after.legs_count; i++) {
        struct outcome outcome = {
            .result = done_word(replay),
            .code = nobody->code,
            .before = nobody->state,
            .next = after.legs[i].state,
        };
        put_outcome(ask, replay, i, &after.legs[i], &outcome);
    }
    return LT_OK;
}

/* ---- the act ------------------------------------------------------------------------------------
 */

static enum lt_status read_args(struct ask *ask, struct replay *replay)
{
    uint64_t leg = 0;
    memset(replay, 0, sizeof(*replay));
    enum lt_status status = ask_transfer(ask, &replay->key, &replay->transfer);
    if (status == LT_OK) {
        status = ask_number(ask, "leg", UINT8_MAX, &leg, &replay->leg_given);
    }
    if (status != LT_OK) {
        return status;
    }
    replay->reason = ask_arg(ask, "reason");
    replay->dry_run = ask_flag(ask, "dry_run");
    replay->leg = (uint8_t)leg;
    if (replay->reason.size == 0 && !replay->dry_run) {
        return ask_missing(ask, "reason");
    }
    replay->reason.size =
        utf8_cut((const char *)replay->reason.data, replay->reason.size, LT_REASON_MAX);
    if (replay->transfer.legs_count == 0) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "refused, has no legs");
    }
    if (replay->leg_given && leg >= replay->transfer.legs_count) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "leg", "%u of %u", (unsigned)leg,
                         (unsigned)replay->transfer.legs_count);
    }
    return LT_OK;
}

static bool asked_for(const struct replay *replay, uint8_t index)
{
    return replay->leg_given ? index == replay->leg
                             : replay->transfer.legs[index].state == LEG_PARKED;
}

static enum lt_status replay_one(struct ask *ask, const struct replay *replay, uint8_t index)
{
    const struct leg *leg = &replay->transfer.legs[index];
    if (leg->state != LEG_PARKED) {
        put_not_parked(ask, replay, index, leg->code);
        return LT_OK;
    }
    return leg->agency == 0 ? replay_undetermined(ask, replay) : replay_leg(ask, replay, index);
}

/* Before the first fact: one leg of a live plan refuses the whole replay. */
static enum lt_status check_leases(struct ask *ask, const struct replay *replay)
{
    for (uint8_t i = 0; i < replay->transfer.legs_count; i++) {
        bool parked = replay->transfer.legs[i].state == LEG_PARKED;
        uint64_t number = parked && asked_for(replay, i)
                              ? plan_leased(ask->flow, replay->transfer.position, i)
                              : 0;
        if (number != 0) {
            return fault_set(&ask->fault, LT_LEASED, "plan", "%llu", (unsigned long long)number);
        }
    }
    return LT_OK;
}

enum lt_status act_replay(struct ask *ask)
{
    struct replay replay;
    enum lt_status status = read_args(ask, &replay);
    if (status != LT_OK) {
        return status;
    }
    for (uint8_t i = 0; i < replay.transfer.legs_count && status == LT_OK; i++) {
        status = asked_for(&replay, i) ? judge_scope(ask, replay.transfer.legs[i].agency) : LT_OK;
    }
    if (status == LT_OK) {
        status = check_leases(ask, &replay);
    }
    if (status != LT_OK) {
        return status;
    }
    if (!replay.dry_run && !flow_room(ask->flow)) {
        return LT_BUSY;
    }
    for (uint8_t i = 0; i < replay.transfer.legs_count && status == LT_OK; i++) {
        if (asked_for(&replay, i)) {
            status = replay_one(ask, &replay, i);
        }
    }
    if (status != LT_OK || ask->page.count > 0) {
        return status;
    }
    for (uint8_t i = 0; i < replay.transfer.legs_count; i++) {
        put_not_parked(ask, &replay, i, replay.transfer.legs[i].code); /* what they are instead */
    }
    return LT_OK;
}
