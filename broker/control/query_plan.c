/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Replay plans as people see them: the list, one plan, the dry run, the report.
 *
 * The dry run looks at the legs as they are now, not as they were when the plan was frozen: what
 * was taken meanwhile, what may be at the receiver already, where today's routing would send what
 * nobody was competent for. One page looks at PLAN_LOOK_ITEMS items and gives a part per receiver;
 * the one who asks adds the parts up, so that a plan of any size costs short turns and no memory
 * here.
 */
#include <string.h>

#include "ask.h"
#include "broker/flow/plan.h"
#include "broker/flow/replay.h"
#include "broker/flow/reroute.h"
#include "broker/flow/sweeper.h"
#include "broker/limits.h"
#include "mask.h"
#include "proto/base/text.h"

#define CURSOR_BYTES 13 /* of an item */
#define HERE         8  /* cursor of the list: a number */

/* ---- one plan in one row -----------------------------------------------------------------------
 */

static void put_progress(struct ask *ask, const struct plan_now *now)
{
    struct page_draft *page = &ask->page;
    page_number(page, "items", now->items);
    page_number(page, "agencies", now->agencies);
    page_number(page, "left_out", now->left_out);
    page_number(page, "passed", now->passed);
    page_number(page, "replayed", now->replayed);
    page_number(page, "passed_over", now->passed - now->replayed);
    page_number(page, "taken", now->taken);
    page_number(page, "refused", now->refused);
    page_number(page, "parked_again", now->parked);
    page_number(page, "ended", now->ended);
    page_number(page, "outstanding", plan_outstanding(now));
}

static const char *wait_name(enum plan_wait wait)
{
    switch (wait) {
    case PLAN_WAITS_RESTORE:
        return "restore-open";
    case PLAN_WAITS_INCIDENT:
        return "incident-open";
    case PLAN_WAITS_PAUSED:
        return "gate-closed";
    case PLAN_WAITS_OPEN:
        return "agency-open";
    case PLAN_WAITS_NOT:
        break;
    }
    return "";
}

/* What a running plan has met that it has to wait for, if that is still so. */
static void put_waits(struct ask *ask, uint64_t number)
{
    struct page_draft *page = &ask->page;
    const struct plan_slot *slot = plan_slot_of(ask->flow, number);
    if (slot == NULL || slot->state != PLAN_RUNNING || slot->waits == PLAN_WAITS_NOT) {
        return;
    }
    uint32_t whose;
    enum plan_wait wait = plan_wait_of(ask->flow, slot, slot->waits_agency, &whose);
    if (wait == PLAN_WAITS_NOT) {
        return;
    }
    page_text(page, "waits", wait_name(wait));
    if (wait != PLAN_WAITS_RESTORE) {
        row_agency(ask, "waits_agency", "waits_name", whose);
    }
    if (wait == PLAN_WAITS_INCIDENT) {
        page_number(page, "waits_incident", desk_of(&ask->flow->desks, whose)->incident);
    }
}

/* Of a redirect: from whom, to whom, and what is open with the old one now. */
static void put_redirect(struct ask *ask, uint64_t number, const struct plan *plan)
{
    uint8_t from[RECORD_KEY_MAX];
    struct plan_key key = {0};
    struct state_entry at;
    if (plan->act != ACT_REDIRECT) {
        return;
    }
    row_agency(ask, "to", "to_name", plan->to);
    if (state_seek(ask->flow->state, STATE_PLANS, plan_item_key(from, number, &key), &at) !=
            LT_OK ||
        !at.found || !plan_item_key_read(at.key, number, &key)) {
        return;
    }
    row_agency(ask, "old", "old_name", key.agency);
    page_number(&ask->page, "left_open",
                counts_open(&desk_of(&ask->flow->desks, key.agency)->counts));
}

static void put_plan(struct ask *ask, uint64_t number, const struct plan *plan,
                     const struct plan_now *now)
{
    struct page_draft *page = &ask->page;
    uint32_t left = plan_live(now->state) ? now->items - now->passed : 0;
    page_row(page);
    page_number(page, "number", number);
    page_text(page, "state", plan_state_name(now->state));
    page_time(page, "since_ms", now->since_ms);
    page_time(page, "made_ms", plan->made_ms);
    page_text(page, "person", plan->person);
    bool sensitive = mask_plan_sensitive(ask, number, plan);
    if (!sensitive || mask_shows_words(ask, plan->person)) {
        page_text(page, "reason", plan->reason);
    }
    row_selection(ask, plan, sensitive && !mask_shows_words(ask, plan->person));
    page_text(page, "act", act_kind_name(plan->act));
    put_redirect(ask, number, plan);
    put_progress(ask, now);
    page_number(page, "pace", plan->pace_per_min);
    page_number(page, "stop", plan->stop_percent);
    page_number(page, "duration_ms", (uint64_t)left * 60000 / plan->pace_per_min);
    page_flag(page, "second", now->second);
    page_text(page, "approver", now->approver);
    page_code(page, "code", now->code);
    page_text(page, "state_person", now->person);
    if (!sensitive || mask_shows_words(ask, now->person)) {
        page_text(page, "state_reason", now->reason);
    }
    put_waits(ask, number);
    if (!digest_empty(&now->digest)) {
        page_hex(page, "digest", (struct lt_bytes){now->digest.bytes, sizeof(now->digest.bytes)});
    }
}

enum lt_status row_plan(struct ask *ask, uint64_t number)
{
    struct plan plan;
    struct plan_now now;
    enum lt_status status = plan_load(ask->flow, number, &plan);
    if (status == LT_OK) {
        status = plan_now_load(ask->flow, number, &now);
    }
    if (status == LT_OK) {
        put_plan(ask, number, &plan, &now);
    }
    return status;
}

enum lt_status query_plan_show(struct ask *ask)
{
    struct plan plan;
    struct plan_now now;
    uint64_t number;
    enum lt_status status = ask_plan(ask, &number, &plan, &now);
    if (status == LT_OK) {
        put_plan(ask, number, &plan, &now);
    }
    return status;
}

/* Newest first. */
enum lt_status query_plan_list(struct ask *ask)
{
    struct wire_reader reader;
    bool resumed;
    enum lt_status status = ask_cursor(ask, HERE, &reader, &resumed);
    if (status != LT_OK) {
        return status;
    }
    uint64_t number = resumed ? wire_u64(&reader) : ask->flow->plans.last;
    for (; number > 0; number--) {
        if (page_full(&ask->page)) {
            uint8_t cursor[HERE];
            struct wire_writer w;
            wire_write_init(&w, cursor, sizeof(cursor));
            wire_put_u64(&w, number);
            page_cursor(&ask->page, wire_written(&w));
            return LT_OK;
        }
        status = row_plan(ask, number);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

/* ---- walking the items -------------------------------------------------------------------------
 */

struct walk {
    uint64_t number;
    struct plan_key key; /* where it stands */
    struct plan_item item;
    struct state_entry at;
    bool found;
};

static enum lt_status walk_read(struct walk *walk, enum lt_status status)
{
    walk->found = status == LT_OK && walk->at.found &&
                  plan_item_key_read(walk->at.key, walk->number, &walk->key);
    if (walk->found && !plan_item_read(walk->at.value, &walk->item)) {
        return LT_DAMAGED;
    }
    return status;
}

static enum lt_status walk_begin(struct ask *ask, struct walk *walk, struct plan *ret_plan)
{
    uint8_t from[RECORD_KEY_MAX];
    struct plan_now now;
    struct wire_reader reader;
    bool resumed;
    memset(walk, 0, sizeof(*walk));
    enum lt_status status = ask_plan(ask, &walk->number, ret_plan, &now);
    if (status == LT_OK) {
        status = ask_cursor(ask, CURSOR_BYTES, &reader, &resumed);
    }
    if (status != LT_OK) {
        return status;
    }
    if (resumed) {
        walk->key.agency = wire_u32(&reader);
        walk->key.position = wire_u64(&reader);
        walk->key.leg = wire_u8(&reader);
    }
    return walk_read(walk, state_seek(ask->flow->state, STATE_PLANS,
                                      plan_item_key(from, walk->number, &walk->key), &walk->at));
}

static enum lt_status walk_step(struct ask *ask, struct walk *walk)
{
    return walk_read(walk, state_step(ask->flow->state, &walk->at));
}

static void put_cursor(struct ask *ask, const struct walk *walk)
{
    uint8_t cursor[CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u32(&w, walk->key.agency);
    wire_put_u64(&w, walk->key.position);
    wire_put_u8(&w, walk->key.leg);
    page_cursor(&ask->page, wire_written(&w));
}

/* ---- the dry run -------------------------------------------------------------------------------
 */

/* What one receiver would get, as far as this page has looked. */
struct part {
    uint32_t agency;
    uint64_t items;
    uint64_t passed; /* carried out or passed over already */
    uint64_t taken;  /* of those still to come: at the receiver already, */
    uint64_t moved;  /* no longer parked for another reason, */
    uint64_t unknown;
    uint64_t joined;   /* of a redirect: the successor has the transfer as well */
    uint64_t reassign; /* today's routing has receivers for it, */
    uint64_t nobody;   /* or still has none */
    uint64_t unreadable;
    uint64_t bytes;
    int64_t oldest_ms;
    int64_t newest_ms;
};

static void part_put(struct ask *ask, const struct part *part)
{
    struct page_draft *page = &ask->page;
    const struct agency *agency = registry_by_number(ask->flow->registry, part->agency);
    const struct agency *heir =
        agency == NULL ? NULL : registry_successor(ask->flow->registry, agency, ask->flow->now_ms);
    page_row(page);
    row_agency(ask, "to", "to_name", part->agency);
    page_number(page, "items", part->items);
    page_number(page, "passed", part->passed);
    page_number(page, "taken", part->taken);
    page_number(page, "moved", part->moved);
    page_number(page, "unknown", part->unknown);
    page_number(page, "joined", part->joined);
    page_number(page, "reassign", part->reassign);
    page_number(page, "nobody", part->nobody);
    page_number(page, "unreadable", part->unreadable);
    page_number(page, "bytes", part->bytes);
    page_time(page, "oldest_ms", part->oldest_ms);
    page_time(page, "newest_ms", part->newest_ms);
    page_flag(page, "suspended", agency != NULL && agency->suspended);
    page_text(page, "successor", heir != NULL && heir != agency ? heir->id : "");
}

/* Would the registry of now find receivers? Reads the header back, which costs. */
static void look_routing(struct ask *ask, const struct transfer *t, struct part *part)
{
    struct fact_assigned assigned;
    struct fault fault;
    fault_init(&fault);
    ask->looked += PLAN_LOOK_HEADER_COSTS;
    enum lt_status status =
        replay_assign(ask->flow, t, (struct lt_bytes){NULL, 0}, &assigned, &fault);
    bool found = status == LT_OK && assigned.legs[0].agency != 0;
    part->reassign += found ? 1 : 0;
    part->nobody += found ? 0 : 1;
}

static void look_leg(struct ask *ask, const struct walk *walk, const struct plan *plan,
                     const struct transfer_key *key, const struct transfer *t, struct part *part)
{
    const struct leg *leg = &t->legs[walk->key.leg];
    bool redirect = plan->act == ACT_REDIRECT;
    bool stands = redirect ? leg_open(leg->state) : leg->state == LEG_PARKED;
    bool parked = stands && leg->agency == walk->key.agency;
    bool joins = redirect && parked && reroute_rival(ask->flow, key, t, plan->to) < t->legs_count;
    part->oldest_ms =
        part->oldest_ms == 0 || t->time_ms < part->oldest_ms ? t->time_ms : part->oldest_ms;
    part->newest_ms = t->time_ms > part->newest_ms ? t->time_ms : part->newest_ms;
    part->bytes += t->parcel_bytes;
    if (walk->item.step != PLAN_ITEM_WAITING) {
        part->passed++;
        return;
    }
    if (!parked) {
        part->taken += leg->state == LEG_TAKEN ? 1 : 0;
        part->moved += leg->state == LEG_TAKEN ? 0 : 1;
        return;
    }
    part->joined += joins ? 1 : 0;
    part->unknown += (leg->flags & LEG_FLAG_SENT_ONCE) != 0 ? 1 : 0;
    if (leg->agency == 0) {
        look_routing(ask, t, part);
    }
}

enum lt_status query_plan_look(struct ask *ask)
{
    struct plan plan;
    struct walk walk;
    struct part part = {.items = 0};
    enum lt_status status = walk_begin(ask, &walk, &plan);
    ask->looked = 0;
    while (status == LT_OK && walk.found) {
        struct transfer_key key;
        struct transfer t;
        if (part.items != 0 && part.agency != walk.key.agency) {
            part_put(ask, &part);
            part.items = 0;
        }
        if (page_full(&ask->page) || ask->looked++ >= PLAN_LOOK_ITEMS) {
            put_cursor(ask, &walk);
            break;
        }
        if (part.items == 0) {
            part = (struct part){.agency = walk.key.agency};
        }
        part.items++;
        if (transfer_at(ask->flow, walk.key.position, &key, &t) == LT_OK &&
            walk.key.leg < t.legs_count) {
            look_leg(ask, &walk, &plan, &key, &t, &part);
        } else {
            part.unreadable++;
        }
        status = walk_step(ask, &walk);
    }
    if (status == LT_OK && part.items != 0) {
        part_put(ask, &part);
    }
    return status;
}

/* ---- the report --------------------------------------------------------------------------------
 */

static const char *result_of(const struct plan_item *item, uint8_t act)
{
    bool redirect = act == ACT_REDIRECT;
    switch (item->step) {
    case PLAN_ITEM_WAITING:
        return "waiting";
    case PLAN_ITEM_PASSED_OVER:
        return "passed-over";
    case PLAN_ITEM_REPLAYED:
        break;
    }
    switch (item->state) {
    case LEG_TAKEN:
        return "taken";
    case LEG_REFUSED:
        return "refused";
    case LEG_PARKED:
        return "parked-again";
    default:
        if (leg_open(item->state)) {
            return redirect ? "moved" : "sent-again";
        }
        return redirect && item->code == LT_EXISTS ? "joined" : "ended";
    }
}

static void put_item(struct ask *ask, const struct walk *walk, const char *result)
{
    struct page_draft *page = &ask->page;
    struct transfer_key key;
    struct transfer t;
    page_row(page);
    if (transfer_at(ask->flow, walk->key.position, &key, &t) == LT_OK) {
        page_id(page, "id", &key.id);
        page_number(page, "leg", walk->key.leg);
        row_case(ask, &t);
        row_agency(ask, "from", NULL, key.from);
        page_number(page, "bytes", t.parcel_bytes);
    }
    row_agency(ask, "to", "to_name", walk->key.agency);
    page_number(page, "position", walk->key.position);
    page_text(page, "result", result);
    if (walk->item.step != PLAN_ITEM_WAITING) {
        page_text(page, "state", leg_state_name(walk->item.state));
        page_code(page, "code", walk->item.code);
        page_time(page, "time_ms", walk->item.time_ms);
    }
}

enum lt_status query_plan_report(struct ask *ask)
{
    struct plan plan;
    struct walk walk;
    struct lt_bytes wanted = ask_arg(ask, "result");
    enum lt_status status = walk_begin(ask, &walk, &plan);
    while (status == LT_OK && walk.found) {
        const char *result = result_of(&walk.item, plan.act);
        if (page_full(&ask->page) || !ask_look(ask)) {
            put_cursor(ask, &walk);
            break;
        }
        if (wanted.size == 0 || bytes_equal(wanted, text_bytes(result))) {
            put_item(ask, &walk, result);
        }
        status = walk_step(ask, &walk);
    }
    return status;
}
