/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Replay: parked legs are tried again. A leg whose lane is free becomes ready, one whose lane is
 * held by another goes behind it; both are facts with the person and the reason.
 *
 * A transfer that nobody was competent for has one leg for nobody. Its header is read back and the
 * registry is asked again: the new legs are a fact of their own and take the old one's place. Still
 * nobody: the row says not-parked with the code, because there is nothing to replay yet.
 *
 * All facts of a replay are staged in one turn or none is: room for them is asked first.
 */
#include <string.h>

#include "broker/flow/lane.h"
#include "broker/flow/steps.h"
#include "judge.h"
#include "proto/base/text.h"

/* An assignment names its attachments again. */
#define FACT_BYTES (LT_REASON_MAX + 512 + LT_ATTACHMENTS_MAX * 40)

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
    page_text(page, "case", replay->transfer.case_code);
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
    uint8_t memory[FACT_BYTES];
    uint64_t position;
    const struct leg *leg = &replay->transfer.legs[index];
    bool blocked = lane_held(ask->flow, &replay->transfer, index);
    struct outcome outcome = {
        .result = done_word(replay),
        .code = leg->code,
        .before = leg->state,
        .next = blocked ? LEG_BEHIND : LEG_READY,
    };
    struct fact_act act = {
        .position = replay->transfer.position,
        .leg = index,
        .act = ACT_REPLAY,
        .next = (uint8_t)outcome.next,
        .person = text_bytes(ask->person->name),
        .reason = replay->reason,
    };
    if (!replay->dry_run) {
        enum lt_status status =
            ask_fact(ask, FACT_ACT, fact_write_act(memory, sizeof(memory), &act), &position);
        if (status != LT_OK) {
            return status;
        }
    }
    put_outcome(ask, replay, index, leg, &outcome);
    return LT_OK;
}

/* ---- a transfer that nobody was competent for ---------------------------------------------------
 */

/* Legs by the registry of now; LT_OK with agency 0 in the first leg: still nobody. */
static enum lt_status assign_again(struct ask *ask, const struct replay *replay,
                                   struct fact_assigned *assigned)
{
    struct header header;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    struct fact_accepted accepted;
    memset(&accepted, 0, sizeof(accepted));
    enum lt_status status =
        ask_parcel(ask, replay->transfer.position, &header, &header_bytes, &body);
    if (status == LT_DAMAGED) {
        /* One record that does not read must not end the house; the leg stays where it is. */
        accepted.legs[0] = (struct fact_leg){.agency = 0, .parked = LT_DAMAGED};
        accepted.legs_count = 1;
    } else if (status != LT_OK) {
        return status;
    } else {
        status = assign(ask->flow->registry, &header, &accepted, &ask->fault);
        if (status != LT_OK) {
            return status;
        }
    }
    assigned->attachments_count = 0;
    for (uint32_t i = 0; status == LT_OK && i < header.attachments_count; i++) {
        assigned->attachments[assigned->attachments_count++] = (struct fact_attachment){
            .sha256 = header.attachments[i].sha256, .size = header.attachments[i].size};
    }
    assigned->position = replay->transfer.position;
    assigned->person = text_bytes(ask->person->name);
    memcpy(assigned->legs, accepted.legs, sizeof(assigned->legs));
    assigned->legs_count = accepted.legs_count;
    return LT_OK;
}

/* What the transfer would be with its new legs: nothing is changed by looking. */
static struct transfer foresee(struct ask *ask, const struct replay *replay,
                               const struct fact_assigned *assigned)
{
    struct transfer t = replay->transfer;
    t.legs_count = (uint8_t)assigned->legs_count;
    memset(t.legs, 0, sizeof(t.legs));
    for (uint8_t i = 0; i < t.legs_count; i++) {
        t.legs[i].agency = assigned->legs[i].agency;
        t.legs[i].state = lane_held(ask->flow, &t, i) ? LEG_BEHIND : LEG_READY;
    }
    return t;
}

static enum lt_status replay_undetermined(struct ask *ask, const struct replay *replay)
{
    uint8_t memory[FACT_BYTES];
    uint64_t position;
    struct fact_assigned assigned;
    const struct leg *nobody = &replay->transfer.legs[0];
    enum lt_status status = assign_again(ask, replay, &assigned);
    if (status != LT_OK) {
        return status;
    }
    if (assigned.legs[0].agency == 0) {
        put_not_parked(ask, replay, 0, assigned.legs[0].parked);
        return LT_OK;
    }
    struct transfer after = foresee(ask, replay, &assigned);
    if (!replay->dry_run) {
        status = ask_fact(ask, FACT_ASSIGNED,
                          fact_write_assigned(memory, sizeof(memory), &assigned), &position);
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
