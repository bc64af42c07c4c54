/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * May this act be? In this order: the arguments make sense, every leg belongs to an agency of this
 * person (one outside refuses the whole), and whatever may have happened at a receiver is known or
 * taken over by two people.
 *
 * The second person repeats the first one's command with second=1, within an hour and while the
 * first still is an operator; must be an approver, and somebody else. The reason that is kept is
 * the first one's. Between the two the receiver may have answered after all: the rule is asked
 * again, and an answer wins over any number of people.
 */
#include "judge.h"

#include <string.h>

#include "mask.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

enum lt_status judge_args(struct ask *ask, enum act_kind kind, struct act_target *target)
{
    uint64_t leg = 0;
    memset(target, 0, sizeof(*target));
    target->kind = kind;
    enum lt_status status = ask_transfer(ask, &target->key, &target->transfer);
    if (status == LT_OK) {
        status = ask_number(ask, "leg", UINT8_MAX, &leg, &target->leg_given);
    }
    if (status != LT_OK) {
        return status;
    }
    target->leg = (uint8_t)leg;
    target->reason = ask_arg(ask, "reason");
    target->dry_run = ask_flag(ask, "dry_run");
    target->second = ask_flag(ask, "second");
    if (target->reason.size == 0 && !target->dry_run) {
        return ask_missing(ask, "reason");
    }
    target->reason.size =
        utf8_cut((const char *)target->reason.data, target->reason.size, LT_REASON_MAX);
    if (target->transfer.legs_count == 0) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "refused, has no legs");
    }
    if (target->leg_given && leg >= target->transfer.legs_count) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "leg", "%u of %u", (unsigned)leg,
                         (unsigned)target->transfer.legs_count);
    }
    return LT_OK;
}

enum lt_status judge_scope(struct ask *ask, uint32_t number)
{
    const struct agency *agency = registry_by_number(ask->flow->registry, number);
    const char *id = agency == NULL ? "" : agency->id;
    if (operator_may_touch(ask->person, id)) {
        return LT_OK;
    }
    return fault_set(&ask->fault, LT_SCOPE, "agency", "%s", id[0] == '\0' ? "-" : id);
}

void judge_plain(const struct ask *ask, const struct act_target *target, struct judged *ret_judged)
{
    *ret_judged =
        (struct judged){.person = text_bytes(ask->person->name), .reason = target->reason};
}

/* ---- the unknown outcome ---- */

static int weight(enum lt_status code)
{
    switch (code) {
    case LT_OK:
        return 0;
    case LT_SECOND_PERSON:
        return 1;
    case LT_HELD_ASKED:
        return 2;
    default:
        return 3;
    }
}

/* The heaviest answer of all legs; every receiver is asked, not only the first. */
static enum lt_status rule_of(struct ask *ask, const struct act_target *target, uint8_t *ret_leg)
{
    enum lt_status worst = LT_OK;
    for (uint8_t i = 0; i < target->transfer.legs_count; i++) {
        if ((target->legs >> i & 1u) == 0) {
            continue;
        }
        enum lt_status code =
            held_rule(ask->flow, &target->key, &target->transfer, i, !target->dry_run);
        if (weight(code) > weight(worst)) {
            worst = code;
            *ret_leg = i;
        }
    }
    return worst;
}

static struct wish wish_of(const struct ask *ask, const struct act_target *target)
{
    struct wish wish = {
        .act = (uint8_t)target->kind,
        .transfer = target->key,
        .leg_given = target->leg_given,
        .leg = target->leg,
        .since_ms = ask->flow->now_ms,
        .position = target->transfer.position,
        .legs = target->legs,
        .to = target->to,
        .asked_ms = ask->flow->mono_ms,
    };
    memcpy(wish.person, ask->person->name, sizeof(wish.person));
    text_copy(wish.reason, sizeof(wish.reason), target->reason);
    return wish;
}

/* The first person's word is taken down; somebody else must give it, too. */
static enum lt_status ask_second(struct ask *ask, const struct act_target *target)
{
    struct wish wish = wish_of(ask, target);
    const struct wish *known = wish_find(&ask->operators->wishes, &wish, ask->flow->mono_ms);
    if (known == NULL || strcmp(known->person, wish.person) == 0) {
        wish_put(&ask->operators->wishes, &wish);
        log_info("wish", "number=%llu act=%s person=%s position=%llu",
                 (unsigned long long)ask->operators->wishes.last, act_kind_name(wish.act),
                 wish.person, (unsigned long long)wish.position);
        known = &wish;
    }
    return fault_set(&ask->fault, LT_SECOND_PERSON, "second", "asked by %s", known->person);
}

static enum lt_status agree(struct ask *ask, const struct act_target *target,
                            struct judged *ret_judged)
{
    struct wish like = wish_of(ask, target);
    const struct wish *wish = wish_find(&ask->operators->wishes, &like, ask->flow->mono_ms);
    if (ask->person->role < OPERATOR_APPROVER) {
        return fault_set(&ask->fault, LT_NOT_PERMITTED, "second", "%s",
                         operator_role_name(OPERATOR_APPROVER));
    }
    const struct operator_entry *first =
        wish == NULL ? NULL : config_operator(ask->operators->config, wish->person);
    if (first == NULL || first->role < OPERATOR_OPERATOR) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "second", "nobody asked for this act");
    }
    if (strcmp(wish->person, ask->person->name) == 0) {
        return fault_set(&ask->fault, LT_SECOND_PERSON, "second", "asked by %s", wish->person);
    }
    *ret_judged = (struct judged){
        .person = text_bytes(wish->person),
        .second = text_bytes(ask->person->name),
        .reason = text_bytes(wish->reason),
        .risk = true,
    };
    return LT_OK;
}

enum lt_status judge_unknown(struct ask *ask, const struct act_target *target,
                             struct judged *ret_judged)
{
    uint8_t leg = 0;
    enum lt_status code = rule_of(ask, target, &leg);
    judge_plain(ask, target, ret_judged);
    if (target->dry_run && (code == LT_HELD_ASKED || code == LT_SECOND_PERSON)) {
        ret_judged->code = code;
        return LT_OK;
    }
    if (code == LT_OK) {
        return LT_OK;
    }
    if (code != LT_SECOND_PERSON) {
        return fault_set(&ask->fault, code, "leg", "%u", (unsigned)leg);
    }
    return target->second ? agree(ask, target, ret_judged) : ask_second(ask, target);
}

void judge_done(struct ask *ask, const struct act_target *target)
{
    struct wish like = wish_of(ask, target);
    wish_drop(&ask->operators->wishes, &like);
}

/* ---- rows ---- */

const char *judge_word(const struct act_target *target, const struct judged *judged,
                       const char *done, const char *would)
{
    if (!target->dry_run) {
        return done;
    }
    if (judged->code == LT_HELD_ASKED) {
        return "would-ask";
    }
    return judged->code == LT_SECOND_PERSON ? "needs-second" : would;
}

void judge_row(struct ask *ask, const struct act_target *target, uint8_t index,
               const struct leg *leg, enum leg_state next, const char *result, uint16_t code,
               const struct judged *judged)
{
    struct page_draft *page = &ask->page;
    page_row(page);
    page_id(page, "id", &target->key.id);
    page_number(page, "leg", index);
    row_receiver(ask, leg);
    row_case(ask, &target->transfer);
    page_text(page, "state", leg_state_name(leg->state));
    page_text(page, "next", leg_state_name(next));
    page_text(page, "result", result);
    page_code(page, "code", code);
    if (judged->second.size > 0) {
        page_bytes(page, "second", judged->second);
    }
    if (judged->risk) {
        page_flag(page, "risk", true);
    }
}
