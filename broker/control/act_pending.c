/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What waits for a second person, in one list: acts that somebody asked for (wish.h), and plans
 * that are frozen and too large for one person. Plans are approved by plan-approve; acts here, by
 * number: the act is run as if the second person had repeated the command with second=1, so that
 * every rule is asked again, and an answer of the receiver wins over any number of people.
 *
 * Refusing changes nothing at the leg. The one who asked may take the wish back; anybody else needs
 * the role that could have agreed.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "broker/flow/plan.h"
#include "mask.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define ARGS_MAX     8
#define CURSOR_BYTES 9 /* acts or plans, and the number of the last one shown */

/* ---- the list ---------------------------------------------------------------------------------
 */

static void put_wish(struct ask *ask, const struct wish *wish)
{
    struct page_draft *page = &ask->page;
    struct transfer t;
    page_row(page);
    page_text(page, "what", "act");
    page_number(page, "number", wish->number);
    page_text(page, "state", wish->refused_by[0] == '\0' ? "waits-second" : "refused-here");
    page_text(page, "act", act_kind_name(wish->act));
    bool known = transfer_load(ask->flow, &wish->transfer, &t) == LT_OK;
    page_text(page, "person", wish->person);
    if (!known || !mask_hides_words(ask, &t, wish->person)) {
        page_text(page, "reason", wish->reason);
    }
    page_time(page, "since_ms", wish->since_ms);
    page_time(page, "until_ms", wish->since_ms + ACT_WISH_KEEP_MS);
    page_id(page, "id", &wish->transfer.id);
    row_agency(ask, "from", "from_name", wish->transfer.from);
    if (known) {
        row_case(ask, &t);
        for (uint8_t i = 0; i < t.legs_count; i++) {
            if ((wish->legs >> i & 1u) != 0) {
                page_number(page, "leg", i); /* the first of them */
                row_receiver(ask, &t.legs[i]);
                break;
            }
        }
    }
    if (wish->to != 0) {
        row_agency(ask, "new", "new_name", wish->to);
    }
    if (wish->refused_by[0] != '\0') {
        page_text(page, "refused_by", wish->refused_by);
        if (!known || !mask_hides_words(ask, &t, wish->refused_by)) {
            page_text(page, "refused_why", wish->refused_why);
        }
    }
}

/* A frozen plan that one person may not run. */
static bool plan_waits(struct ask *ask, uint64_t number, struct plan_now *ret_now)
{
    return plan_now_load(ask->flow, number, ret_now) == LT_OK && ret_now->state == PLAN_FROZEN &&
           ret_now->second;
}

static enum lt_status put_plan(struct ask *ask, uint64_t number, const struct plan_now *now)
{
    struct page_draft *page = &ask->page;
    struct plan plan;
    enum lt_status status = plan_load(ask->flow, number, &plan);
    if (status != LT_OK) {
        return status;
    }
    page_row(page);
    page_text(page, "what", "plan");
    page_number(page, "number", number);
    page_text(page, "state", "waits-second");
    page_text(page, "act", act_kind_name(plan.act));
    page_text(page, "person", plan.person);
    if (mask_shows_words(ask, plan.person) || !mask_plan_sensitive(ask, number, &plan)) {
        page_text(page, "reason", plan.reason);
    }
    page_time(page, "since_ms", now->since_ms);
    page_number(page, "items", now->items);
    page_number(page, "agencies", now->agencies);
    return LT_OK;
}

/* The lowest number of a live plan above this one; 0: none. */
static uint64_t plan_after(const struct flow *flow, uint64_t number)
{
    uint64_t next = 0;
    for (uint32_t i = 0; i < PLANS_LIVE_MAX; i++) {
        uint64_t own = flow->plans.slots[i].number;
        next = own > number && (next == 0 || own < next) ? own : next;
    }
    return next;
}

static void put_cursor(struct ask *ask, bool plans, uint64_t number)
{
    uint8_t cursor[CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u8(&w, plans ? 1 : 0);
    wire_put_u64(&w, number);
    page_cursor(&ask->page, wire_written(&w));
}

enum lt_status query_pending(struct ask *ask)
{
    struct wire_reader reader;
    struct plan_now now;
    bool resumed;
    enum lt_status status = ask_cursor(ask, CURSOR_BYTES, &reader, &resumed);
    if (status != LT_OK) {
        return status;
    }
    bool plans = resumed && wire_u8(&reader) != 0;
    uint64_t number = resumed ? wire_u64(&reader) : 0;
    const struct wish *wish =
        plans ? NULL : wish_after(&ask->operators->wishes, number, ask->flow->mono_ms);
    for (; wish != NULL; wish = wish_after(&ask->operators->wishes, number, ask->flow->mono_ms)) {
        if (page_full(&ask->page)) {
            put_cursor(ask, false, number);
            return LT_OK;
        }
        number = wish->number;
        put_wish(ask, wish);
    }
    uint64_t plan = plan_after(ask->flow, plans ? number : 0);
    for (; plan != 0 && status == LT_OK; plan = plan_after(ask->flow, plan)) {
        if (!plan_waits(ask, plan, &now)) {
            continue;
        }
        if (page_full(&ask->page)) {
            put_cursor(ask, true, plan - 1);
            return LT_OK;
        }
        status = put_plan(ask, plan, &now);
    }
    return status;
}

uint32_t pending_count(struct ask *ask)
{
    struct plan_now now;
    uint32_t count = 0;
    const struct wish *wish = wish_after(&ask->operators->wishes, 0, ask->flow->mono_ms);
    while (wish != NULL) {
        count += wish->refused_by[0] == '\0' ? 1 : 0;
        wish = wish_after(&ask->operators->wishes, wish->number, ask->flow->mono_ms);
    }
    for (uint64_t plan = plan_after(ask->flow, 0); plan != 0; plan = plan_after(ask->flow, plan)) {
        count += plan_waits(ask, plan, &now) ? 1 : 0;
    }
    return count;
}

/* ---- agreeing and refusing --------------------------------------------------------------------
 */

/* The wish of argument number; NULL: *ret_status says why not. */
static struct wish *named(struct ask *ask, enum lt_status *ret_status)
{
    uint64_t number = 0;
    bool given;
    *ret_status = ask_number(ask, "number", UINT64_MAX / 2, &number, &given);
    if (*ret_status != LT_OK) {
        return NULL;
    }
    if (!given) {
        *ret_status = ask_missing(ask, "number");
        return NULL;
    }
    struct wish *wish = wish_numbered(&ask->operators->wishes, number, ask->flow->mono_ms);
    if (wish == NULL || wish->refused_by[0] != '\0') {
        *ret_status =
            fault_set(&ask->fault, LT_NOT_FOUND, "number", "%llu", (unsigned long long)number);
        return NULL;
    }
    return wish;
}

/* The command of the first person, with second=1. */
struct command {
    struct pair args[ARGS_MAX];
    uint32_t count;
    char id[ID_TEXT_BYTES];
    char leg[8];
};

static void add(struct command *command, const char *name, const char *value)
{
    command->args[command->count++] = (struct pair){text_bytes(name), text_bytes(value)};
}

static const char *id_of(const struct ask *ask, uint32_t number)
{
    const struct agency *agency = registry_by_number(ask->flow->registry, number);
    return agency == NULL ? "" : agency->id;
}

static void command_fill(const struct ask *ask, struct command *command, const struct wish *wish)
{
    memset(command, 0, sizeof(*command));
    id_write(command->id, &wish->transfer.id);
    add(command, "id", command->id);
    add(command, "from", id_of(ask, wish->transfer.from));
    if (wish->leg_given) {
        snprintf(command->leg, sizeof(command->leg), "%u", (unsigned)wish->leg);
        add(command, "leg", command->leg);
    }
    if (wish->to != 0) {
        add(command, "to", id_of(ask, wish->to));
    }
    add(command, "reason", wish->reason);
    add(command, "second", "1");
    if (ask_flag(ask, "dry_run")) {
        add(command, "dry_run", "1");
    }
}

enum lt_status act_pending_approve(struct ask *ask)
{
    const struct query *asked = ask->query;
    struct command command;
    enum lt_status status;
    const struct wish *wish = named(ask, &status);
    if (wish == NULL) {
        return status;
    }
    const struct wish kept = *wish; /* the act drops it when it is done */
    command_fill(ask, &command, &kept);
    struct query query = *asked;
    query.args = command.args;
    query.args_count = command.count;
    ask->query = &query;
    switch (kept.act) {
    case ACT_CANCEL:
        status = act_cancel(ask);
        break;
    case ACT_EXPIRE:
        status = act_expire(ask);
        break;
    case ACT_REROUTE:
        status = act_reroute(ask);
        break;
    default:
        status = LT_NOT_FOUND;
        break;
    }
    ask->query = asked;
    return status;
}

enum lt_status act_pending_refuse(struct ask *ask)
{
    struct lt_bytes reason = ask_arg(ask, "reason");
    enum lt_status status;
    struct wish *wish = named(ask, &status);
    if (wish == NULL) {
        return status;
    }
    bool own = strcmp(wish->person, ask->person->name) == 0;
    if (!own && ask->person->role < OPERATOR_APPROVER) {
        return fault_set(&ask->fault, LT_NOT_PERMITTED, "", "%s",
                         operator_role_name(OPERATOR_APPROVER));
    }
    if (reason.size == 0) {
        return ask_missing(ask, "reason");
    }
    reason.size = utf8_cut((const char *)reason.data, reason.size, LT_REASON_MAX);
    text_copy(wish->refused_by, sizeof(wish->refused_by), text_bytes(ask->person->name));
    text_copy(wish->refused_why, sizeof(wish->refused_why), reason);
    log_info("wish-refused", "number=%llu act=%s person=%s by=%s", (unsigned long long)wish->number,
             act_kind_name(wish->act), wish->person, wish->refused_by);
    put_wish(ask, wish);
    return LT_OK;
}
