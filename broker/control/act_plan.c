/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What people do with replay plans: make one (a filter, or a list that comes in pages), approve it,
 * run, pause, cancel it. Every act is a fact with the person; what the plan then does is flow/'s.
 *
 * Rights are asked for the whole set: one receiver outside of the person's scope refuses the act
 * (LT_SCOPE), because half a plan is not what was looked at. More than a few legs, or a second
 * receiver, need a second person with another name before they run.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "broker/flow/plan.h"
#include "broker/limits.h"
#include "proto/base/text.h"

#define LINES_MAX 150 /* of one page of a list */
#define NOBODY    "-"

/* ---- rights ------------------------------------------------------------------------------------
 */

static enum lt_status check_agency(struct ask *ask, uint32_t number)
{
    const struct flow_operators *door = &ask->flow->operators;
    const struct agency *agency = registry_by_number(ask->flow->registry, number);
    if (door->in_scope == NULL ||
        door->in_scope(door->self, ask->person->name, agency == NULL ? "" : agency->id)) {
        return LT_OK;
    }
    return fault_set(&ask->fault, LT_SCOPE, "agency", "%s", agency == NULL ? NOBODY : agency->id);
}

/* A redirect begins when nothing is delivered to the old agency any more. */
static enum lt_status check_closed(struct ask *ask, uint32_t number)
{
    const struct agency *agency = registry_by_number(ask->flow->registry, number);
    return plan_closed(ask->flow, number) ? LT_OK
                                          : fault_set(&ask->fault, LT_AGENCY_OPEN, "agency", "%s",
                                                      agency == NULL ? NOBODY : agency->id);
}

/* Jumps from receiver to receiver: as many looks as there are receivers in the set. */
static enum lt_status check_receivers(struct ask *ask, uint64_t number, const struct plan *plan,
                                      enum plan_state next)
{
    uint8_t from[RECORD_KEY_MAX];
    struct plan_key key = {0};
    struct state_entry at;
    bool redirect = plan->act == ACT_REDIRECT;
    enum lt_status refused = redirect ? check_agency(ask, plan->to) : LT_OK;
    while (refused == LT_OK) {
        enum lt_status status =
            state_seek(ask->flow->state, STATE_PLANS, plan_item_key(from, number, &key), &at);
        if (status != LT_OK || !at.found || !plan_item_key_read(at.key, number, &key)) {
            return status;
        }
        refused = check_agency(ask, key.agency);
        if (refused == LT_OK && redirect && next == PLAN_RUNNING) {
            refused = check_closed(ask, key.agency);
        }
        key = (struct plan_key){.agency = key.agency + 1};
    }
    return refused;
}

/* ---- making: a filter --------------------------------------------------------------------------
 */

/* "name=value " behind what is there; the arguments are bounded, so that it fits. */
static void note(struct ask *ask, const char *name, char *selection, size_t size)
{
    struct lt_bytes value = ask_arg(ask, name);
    size_t used = strlen(selection);
    if (value.size > 0 && used + strlen(name) + value.size + 3 < size) {
        snprintf(selection + used, size - used, "%s%s=%.*s", used == 0 ? "" : " ", name,
                 (int)value.size, (const char *)value.data);
    }
}

static enum lt_status read_agency(struct ask *ask, struct plan_filter *filter)
{
    struct lt_bytes id = ask_arg(ask, "agency");
    if (bytes_equal(id, text_bytes(NOBODY))) {
        filter->agency_given = true;
        filter->agency = 0;
        return LT_OK;
    }
    return ask_agency(ask, "agency", &filter->agency, &filter->agency_given);
}

static enum lt_status read_times(struct ask *ask, struct plan_filter *filter)
{
    uint64_t since = 0;
    uint64_t until = 0;
    bool given;
    enum lt_status status = ask_number(ask, "since", INT64_MAX, &since, &given);
    if (status == LT_OK) {
        status = ask_number(ask, "until", INT64_MAX, &until, &given);
    }
    filter->since_ms = (int64_t)since;
    filter->until_ms = (int64_t)until;
    return status;
}

static enum lt_status read_filter(struct ask *ask, struct plan_filter *filter)
{
    memset(filter, 0, sizeof(*filter));
    enum lt_status status = read_agency(ask, filter);
    if (status == LT_OK) {
        status = ask_agency(ask, "from", &filter->from, &filter->from_given);
    }
    if (status == LT_OK && filter->agency_given && filter->agency == AGENCY_NONE) {
        status = fault_set(&ask->fault, LT_AGENCY_UNKNOWN, "agency", "-");
    }
    if (status == LT_OK && filter->from_given && filter->from == AGENCY_NONE) {
        status = fault_set(&ask->fault, LT_AGENCY_UNKNOWN, "from", "-");
    }
    if (status == LT_OK) {
        status = ask_text(ask, "case", filter->case_code, sizeof(filter->case_code));
    }
    if (status == LT_OK) {
        status = ask_code_arg(ask, &filter->code);
    }
    if (status == LT_OK) {
        status = read_times(ask, filter);
    }
    struct lt_bytes procedure = ask_arg(ask, "procedure");
    if (status == LT_OK && procedure.size > LT_PROCEDURE_MAX) {
        return ask_bad(ask, "procedure");
    }
    procedure_normalise(filter->procedure, sizeof(filter->procedure), procedure);
    return status;
}

/* A filter beside a list would be forgotten: refused, so that nobody counts on it. */
static enum lt_status check_list(struct ask *ask)
{
    static const char *const filters[] = {"agency", "from",  "case", "procedure",
                                          "code",   "since", "until"};
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        if (ask_arg(ask, filters[i]).size > 0) {
            return ask_bad(ask, filters[i]);
        }
    }
    return LT_OK;
}

/* ---- making ------------------------------------------------------------------------------------
 */

static enum lt_status read_pace(struct ask *ask, struct fact_plan *plan)
{
    uint64_t pace = PLAN_PACE_NORMAL;
    uint64_t stop = PLAN_STOP_NORMAL;
    bool given;
    enum lt_status status = ask_number(ask, "pace", PLAN_PACE_MAX, &pace, &given);
    if (status == LT_OK && pace == 0) {
        status = ask_bad(ask, "pace");
    }
    if (status == LT_OK) {
        status = ask_number(ask, "stop", 100, &stop, &given);
    }
    plan->pace_per_min = (uint32_t)pace;
    plan->stop_percent = (uint8_t)stop;
    return status;
}

static struct lt_bytes reason_of(struct ask *ask)
{
    struct lt_bytes reason = ask_arg(ask, "reason");
    reason.size = utf8_cut((const char *)reason.data, reason.size, LT_REASON_MAX);
    return reason;
}

/* A redirect: every open leg of an agency, to the successor that the registry has for it now. */
static enum lt_status read_redirect(struct ask *ask, struct fact_plan *plan,
                                    struct plan_filter *filter)
{
    static const char *const others[] = {"from", "case", "procedure", "code", "since", "until"};
    const struct registry *registry = ask->flow->registry;
    memset(filter, 0, sizeof(*filter));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (ask_arg(ask, others[i]).size > 0) {
            return ask_bad(ask, others[i]);
        }
    }
    enum lt_status status = ask_agency(ask, "agency", &filter->agency, &filter->agency_given);
    if (status == LT_OK && !filter->agency_given) {
        status = ask_missing(ask, "agency");
    }
    if (status != LT_OK) {
        return status;
    }
    const struct agency *old = registry_by_number(registry, filter->agency);
    const struct agency *heir = registry_successor(registry, old, ask->flow->now_ms);
    if (old == NULL) {
        return fault_set(&ask->fault, LT_AGENCY_UNKNOWN, "agency", "-");
    }
    if (heir == NULL || heir == old) {
        return fault_set(&ask->fault, LT_NO_SUCCESSOR, "agency", "%s", old->id);
    }
    struct lt_bytes to = ask_arg(ask, "to");
    if (to.size > 0 && !bytes_equal(to, text_bytes(heir->id))) {
        return fault_set(&ask->fault, LT_FIELD_BAD, "to", "%.*s: %s", (int)to.size,
                         (const char *)to.data, heir->id);
    }
    filter->redirect = true;
    plan->act = ACT_REDIRECT;
    plan->to = heir->number;
    return check_agency(ask, heir->number);
}

static enum lt_status read_what(struct ask *ask, struct fact_plan *plan, struct plan_filter *filter)
{
    struct lt_bytes act = ask_arg(ask, "act");
    bool redirect = bytes_equal(act, text_bytes(act_kind_name(ACT_REDIRECT)));
    if (act.size > 0 && !redirect && !bytes_equal(act, text_bytes(act_kind_name(ACT_REPLAY)))) {
        return ask_bad(ask, "act");
    }
    bool list = ask_arg(ask, "list").size > 0;
    if (redirect) {
        return list ? ask_bad(ask, "list") : read_redirect(ask, plan, filter);
    }
    if (ask_arg(ask, "to").size > 0) {
        return ask_bad(ask, "to");
    }
    return list ? check_list(ask) : read_filter(ask, filter);
}

enum lt_status act_plan_make(struct ask *ask)
{
    static const char *const filters[] = {"agency", "from",  "case", "procedure",
                                          "code",   "since", "until"};
    char selection[PLAN_SELECTION_MAX + 1] = "";
    struct plan_filter filter = {.agency_given = false};
    bool list = ask_arg(ask, "list").size > 0;
    struct fact_plan plan = {
        .number = ask->flow->plans.last + 1,
        .act = ACT_REPLAY,
        .person = text_bytes(ask->person->name),
        .reason = reason_of(ask),
    };
    enum lt_status status = read_what(ask, &plan, &filter);
    if (status == LT_OK) {
        status = read_pace(ask, &plan);
    }
    if (status == LT_OK && !list && filter.agency_given) {
        status = check_agency(ask, filter.agency); /* what is found is asked leg by leg */
    }
    if (status != LT_OK) {
        return status;
    }
    if (plan.reason.size == 0) {
        return ask_missing(ask, "reason");
    }
    note(ask, "act", selection, sizeof(selection));
    note(ask, "list", selection, sizeof(selection));
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        note(ask, filters[i], selection, sizeof(selection));
    }
    plan.selection = text_bytes(selection);
    status = plan_begin(ask->flow, &plan, list ? NULL : &filter);
    if (status == LT_PLAN_STATE) {
        return fault_set(&ask->fault, LT_PLAN_STATE, "plans", "%u", PLANS_LIVE_MAX);
    }
    status = ask_staged(status);
    return status == LT_OK ? row_plan(ask, plan.number) : status;
}

/* ---- making: a list ----------------------------------------------------------------------------
 */

struct listing {
    struct plan_slice slice;
    bool codes;          /* lines are case codes, not ids */
    uint32_t parked;     /* of the present line: parked legs met, */
    uint32_t leased;     /* of them another plan's, */
    uint32_t seen;       /* and transfers */
    enum plan_want want; /* of the last leg */
};

static enum lt_status want_legs(struct ask *ask, struct listing *listing, const struct transfer *t)
{
    struct plan_slice *slice = &listing->slice;
    if (plan_slice_full(slice)) {
        enum lt_status status = ask_staged(plan_slice_stage(ask->flow, slice));
        if (status != LT_OK) {
            return status;
        }
    }
    listing->seen++;
    for (uint8_t i = 0; i < t->legs_count; i++) {
        struct plan_key key = {t->legs[i].agency, t->position, i};
        if (t->legs[i].state != LEG_PARKED) {
            continue;
        }
        listing->parked++;
        listing->want = plan_want(ask->flow, slice, &key);
        listing->leased += listing->want == PLAN_LEASED ? 1 : 0;
        if (listing->want == PLAN_OUT_OF_SCOPE || listing->want == PLAN_FULL) {
            return listing->want == PLAN_FULL ? LT_PLAN_TOO_LARGE : LT_SCOPE;
        }
    }
    return LT_OK;
}

/* Every transfer that used the id: ids of two senders are two transfers, and both were meant. */
static enum lt_status want_id(struct ask *ask, struct listing *listing, const struct lt_id *id)
{
    struct flow *flow = ask->flow;
    struct transfer_key keys[4];
    uint32_t count = 0;
    uint8_t from_bytes[RECORD_KEY_MAX];
    struct transfer_key from = {.id = *id};
    struct state_entry at;
    enum lt_status status =
        state_seek(flow->state, STATE_TRANSFERS, transfer_key_write(from_bytes, &from), &at);
    while (status == LT_OK && at.found && count < 4 && at.key.size > sizeof(id->bytes) &&
           memcmp(at.key.data, id->bytes, sizeof(id->bytes)) == 0) {
        if (!case_value_read(at.key, &keys[count++])) {
            return LT_DAMAGED;
        }
        status = state_step(flow->state, &at);
    }
    for (uint32_t i = 0; i < count && status == LT_OK; i++) {
        struct transfer t;
        status = transfer_load(flow, &keys[i], &t);
        if (status == LT_OK && t.code == 0 && t.twin.from != 0) {
            status = transfer_load(flow, &t.twin, &t);
        }
        if (status == LT_OK) {
            status = want_legs(ask, listing, &t);
        }
    }
    return status;
}

/* Every transfer of the case. The list of positions is walked anew after each slice that is staged,
 * because a scan ends with the first fact. */
static enum lt_status want_case(struct ask *ask, struct listing *listing, struct lt_bytes code)
{
    struct flow *flow = ask->flow;
    uint8_t from[RECORD_KEY_MAX];
    uint8_t prefix_bytes[RECORD_KEY_MAX];
    struct lt_bytes prefix = case_prefix(prefix_bytes, code);
    uint64_t position = 0;
    enum lt_status status = LT_OK;
    while (status == LT_OK && ask_look(ask)) {
        struct transfer_key key;
        struct transfer t;
        struct state_entry at;
        status = state_seek(flow->state, STATE_CASES, case_key(from, code, position), &at);
        if (status != LT_OK || !at.found || at.key.size <= prefix.size ||
            memcmp(at.key.data, prefix.data, prefix.size) != 0) {
            return status;
        }
        if (!case_value_read(at.value, &key) || transfer_load(flow, &key, &t) != LT_OK) {
            return LT_DAMAGED;
        }
        position = t.position + 1;
        status = want_legs(ask, listing, &t);
    }
    return status;
}

/* Only what was not taken whole is worth a row. */
static void put_line(struct ask *ask, const struct listing *listing, struct lt_bytes line)
{
    const char *result = listing->seen == 0     ? "not-found"
                         : listing->parked == 0 ? "not-parked"
                         : listing->leased != 0 ? "leased"
                                                : NULL;
    if (result != NULL) {
        page_row(&ask->page);
        page_bytes(&ask->page, "value", line);
        page_text(&ask->page, "result", result);
        if (listing->parked != 0) {
            page_number(&ask->page, "plan", listing->slice.other);
        }
    }
}

static enum lt_status take_line(struct ask *ask, struct listing *listing, struct lt_bytes line)
{
    char text[ID_TEXT_BYTES];
    struct lt_id id;
    enum lt_status status = LT_OK;
    listing->seen = 0;
    listing->parked = 0;
    listing->leased = 0;
    if (listing->codes) {
        status = line.size <= LT_CASE_CODE_MAX ? want_case(ask, listing, line) : LT_OK;
    } else {
        text_copy(text, sizeof(text), line);
        status =
            line.size < sizeof(text) && id_read(&id, text) ? want_id(ask, listing, &id) : LT_OK;
    }
    if (status == LT_OK) {
        put_line(ask, listing, line);
    }
    return status;
}

static enum lt_status take_lines(struct ask *ask, struct listing *listing)
{
    struct lt_bytes rest = ask->query->payload;
    uint32_t lines = 0;
    enum lt_status status = LT_OK;
    while (status == LT_OK && rest.size > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        size_t size = end == NULL ? rest.size : (size_t)(end - rest.data);
        struct lt_bytes line = {rest.data, size};
        size_t used = end == NULL ? size : size + 1;
        rest = (struct lt_bytes){rest.data + used, rest.size - used};
        if (size == 0) {
            continue;
        }
        if (++lines > LINES_MAX || !utf8_valid(line)) {
            return fault_set(&ask->fault, LT_FIELD_BAD, "payload", "line %u", lines);
        }
        status = take_line(ask, listing, line);
    }
    return status == LT_OK ? ask_staged(plan_slice_stage(ask->flow, &listing->slice)) : status;
}

/* A plan that is being chosen from a list, by its maker; NULL: *ret_status says why not. */
static struct plan_slot *own_list(struct ask *ask, uint64_t *ret_number, enum lt_status *ret_status)
{
    struct plan plan;
    struct plan_now now;
    *ret_status = ask_plan(ask, ret_number, &plan, &now);
    if (*ret_status != LT_OK) {
        return NULL;
    }
    struct plan_slot *slot = plan_slot_of(ask->flow, *ret_number);
    if (slot == NULL || now.state != PLAN_SELECTING || slot->phase != PLAN_PHASE_LIST) {
        *ret_status =
            fault_set(&ask->fault, LT_PLAN_STATE, "plan", "%s", plan_state_name(now.state));
        return NULL;
    }
    if (strcmp(plan.person, ask->person->name) != 0) {
        *ret_status = fault_set(&ask->fault, LT_NOT_PERMITTED, "plan", "%s", plan.person);
        return NULL;
    }
    return slot;
}

enum lt_status act_plan_add(struct ask *ask)
{
    struct listing listing = {.want = PLAN_WANTED};
    uint64_t number = 0;
    struct lt_bytes what = ask_arg(ask, "what");
    listing.codes = bytes_equal(what, text_bytes("codes"));
    if (!listing.codes && !bytes_equal(what, text_bytes("ids"))) {
        return ask_bad(ask, "what");
    }
    enum lt_status status;
    struct plan_slot *slot = own_list(ask, &number, &status);
    if (slot != NULL) {
        status = plan_slice_begin(ask->flow, slot, &listing.slice);
    }
    if (slot == NULL || status != LT_OK) {
        return status;
    }
    slot->touched_ms = ask->flow->mono_ms;
    status = take_lines(ask, &listing);
    if (status == LT_SCOPE || status == LT_PLAN_TOO_LARGE) {
        enum lt_status refused = ask_staged(plan_refuse(ask->flow, &listing.slice, listing.want));
        return refused == LT_OK ? status : refused;
    }
    return status;
}

enum lt_status act_plan_freeze(struct ask *ask)
{
    uint64_t number = 0;
    enum lt_status status;
    struct plan_slot *slot = own_list(ask, &number, &status);
    if (slot == NULL) {
        return status;
    }
    plan_complete(slot);
    return row_plan(ask, number);
}

/* ---- what follows ------------------------------------------------------------------------------
 */

static enum lt_status second_person(struct ask *ask, const struct plan *plan,
                                    const struct plan_now *now, enum plan_state next)
{
    if (next == PLAN_APPROVED && strcmp(plan->person, ask->person->name) == 0) {
        return fault_set(&ask->fault, LT_SECOND_PERSON, "person", "%s", plan->person);
    }
    if (next == PLAN_RUNNING && now->state == PLAN_FROZEN && now->second) {
        return fault_set(&ask->fault, LT_SECOND_PERSON, "plan",
                         "%u legs, %u agencies: plan approve", now->items, now->agencies);
    }
    return LT_OK;
}

static enum lt_status change(struct ask *ask, enum plan_state next)
{
    struct plan plan;
    struct plan_now now;
    uint64_t number;
    enum lt_status status = ask_plan(ask, &number, &plan, &now);
    if (status != LT_OK) {
        return status;
    }
    if (!plan_may(now.state, next)) {
        return fault_set(&ask->fault, LT_PLAN_STATE, "plan", "%s", plan_state_name(now.state));
    }
    status = second_person(ask, &plan, &now, next);
    if (status == LT_OK) {
        status = check_receivers(ask, number, &plan, next);
    }
    if (status == LT_OK) {
        status = ask_staged(
            plan_change(ask->flow, number, next, 0, text_bytes(ask->person->name), reason_of(ask)));
    }
    return status == LT_OK ? row_plan(ask, number) : status;
}

enum lt_status act_plan_approve(struct ask *ask)
{
    return change(ask, PLAN_APPROVED);
}

enum lt_status act_plan_run(struct ask *ask)
{
    return change(ask, PLAN_RUNNING);
}

enum lt_status act_plan_pause(struct ask *ask)
{
    return change(ask, PLAN_PAUSED);
}

enum lt_status act_plan_cancel(struct ask *ask)
{
    return change(ask, PLAN_CANCELLED);
}
