/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Choosing the legs of a plan, a slice a turn: the parked list is walked from where the last slice
 * ended (by receiver when one is named, by case code when one is named), what the filter wants
 * becomes one fact of at most FACT_PLAN_ITEMS_MAX items, and the walk goes on in the next turn. So
 * a plan over a hundred thousand legs of a million costs some hundred short turns and no memory.
 *
 * A leg that another live plan has before it is left out and counted; one outside of the person's
 * scope refuses the whole plan, and so does one leg too many. When all are chosen their digest is
 * taken, again in slices: SHA-256 over agency, position and leg of every item in the order in which
 * they will be carried out. Then the plan is frozen.
 */
#include <stdio.h>
#include <string.h>

#include "fold_leg.h"
#include "plan.h"
#include "proto/base/text.h"

#define ITEMS_FACT_BYTES (16 + FACT_PLAN_ITEMS_MAX * FACT_PLAN_ITEM_BYTES)

/* ---- a slice ---- */

enum lt_status plan_slice_begin(struct flow *flow, struct plan_slot *slot,
                                struct plan_slice *ret_slice)
{
    struct plan plan;
    struct plan_now now;
    memset(ret_slice, 0, sizeof(*ret_slice));
    enum lt_status status = plan_load(flow, slot->number, &plan);
    if (status == LT_OK) {
        status = plan_now_load(flow, slot->number, &now);
    }
    if (status != LT_OK) {
        return LT_DAMAGED;
    }
    ret_slice->slot = slot;
    ret_slice->items_before = now.items;
    memcpy(ret_slice->person, plan.person, sizeof(plan.person));
    ret_slice->items = arena_alloc(&flow->arena, FACT_PLAN_ITEMS_MAX * sizeof(*ret_slice->items));
    return ret_slice->items == NULL ? LT_BUSY : LT_OK;
}

bool plan_slice_full(const struct plan_slice *slice)
{
    return slice->count + LT_LEGS_MAX > FACT_PLAN_ITEMS_MAX;
}

static bool in_scope(struct flow *flow, struct plan_slice *slice, uint32_t number)
{
    if (flow->operators.in_scope == NULL) {
        return true;
    }
    if (!slice->agency_known || slice->agency != number) {
        const struct agency *agency = registry_by_number(flow->registry, number);
        slice->agency = number;
        slice->agency_known = true;
        slice->agency_in_scope = flow->operators.in_scope(flow->operators.self, slice->person,
                                                          agency == NULL ? "" : agency->id);
    }
    return slice->agency_in_scope;
}

enum plan_want plan_want(struct flow *flow, struct plan_slice *slice, const struct plan_key *key)
{
    uint64_t other = plan_leased(flow, key->position, key->leg);
    uint32_t most =
        flow->settings.plan_items_max != 0 ? flow->settings.plan_items_max : PLAN_ITEMS_MAX;
    if (other == slice->slot->number) {
        return PLAN_HAS_IT;
    }
    if (!in_scope(flow, slice, key->agency)) {
        return PLAN_OUT_OF_SCOPE;
    }
    if (other != 0) {
        slice->other = other;
        slice->slot->left_out++;
        slice->slot->left_out_to = other;
        return PLAN_LEASED;
    }
    if (slice->items_before + slice->count >= most) {
        return PLAN_FULL;
    }
    slice->items[slice->count++] =
        (struct fact_plan_item){.agency = key->agency, .position = key->position, .leg = key->leg};
    return PLAN_WANTED;
}

enum lt_status plan_slice_stage(struct flow *flow, struct plan_slice *slice)
{
    uint64_t position;
    if (slice->count == 0) {
        return LT_OK;
    }
    uint8_t *memory = arena_alloc(&flow->arena, ITEMS_FACT_BYTES);
    if (memory == NULL || !flow_room_small(flow)) {
        return LT_BUSY;
    }
    enum lt_status status =
        flow_fact(flow, FACT_PLAN_ITEMS,
                  fact_write_plan_items(memory, ITEMS_FACT_BYTES, slice->slot->number,
                                        slice->items_before, slice->items, slice->count),
                  &position);
    if (status == LT_OK) {
        slice->items_before += slice->count;
        slice->count = 0;
    }
    return status;
}

enum lt_status plan_refuse(struct flow *flow, const struct plan_slice *slice, enum plan_want why)
{
    char reason[128];
    const struct agency *agency = registry_by_number(flow->registry, slice->agency);
    const char *id = agency == NULL ? "-" : agency->id;
    bool scope = why == PLAN_OUT_OF_SCOPE;
    snprintf(reason, sizeof(reason), scope ? "ngoài phạm vi: %s" : "quá số lượt của một kế hoạch%s",
             scope ? id : "");
    return plan_change(flow, slice->slot->number, PLAN_CANCELLED,
                       scope ? LT_SCOPE : LT_PLAN_TOO_LARGE, (struct lt_bytes){NULL, 0},
                       text_bytes(reason));
}

/* ---- what the filter wants ---- */

static bool needs_transfer(const struct plan_filter *filter)
{
    return filter->procedure[0] != '\0' || filter->since_ms != 0 || filter->until_ms != 0;
}

static bool transfer_fits(const struct plan_filter *filter, const struct transfer *t)
{
    return (filter->procedure[0] == '\0' || strcmp(filter->procedure, t->procedure) == 0) &&
           t->time_ms >= filter->since_ms &&
           (filter->until_ms == 0 || t->time_ms < filter->until_ms);
}

static bool parked_fits(struct flow *flow, const struct plan_filter *filter,
                        const struct parked *parked)
{
    struct transfer t;
    if ((filter->code != 0 && parked->code != filter->code) ||
        (filter->from_given && parked->transfer.from != filter->from)) {
        return false;
    }
    return !needs_transfer(filter) ||
           (transfer_load(flow, &parked->transfer, &t) == LT_OK && transfer_fits(filter, &t));
}

/* Walks the parked list; *ret_end when it is through. */
static enum lt_status scan_parked(struct flow *flow, struct plan_slice *slice, bool *ret_end,
                                  enum plan_want *ret_want)
{
    uint8_t from[RECORD_KEY_MAX];
    struct plan_slot *slot = slice->slot;
    struct state_entry at;
    enum lt_status status = state_seek(
        flow->state, STATE_PARKED,
        parked_key(from, slot->cursor.agency, slot->cursor.position, slot->cursor.leg), &at);
    while (status == LT_OK && at.found) {
        struct plan_key key;
        struct parked parked;
        if (!parked_key_read(at.key, &key.agency, &key.position, &key.leg) ||
            !parked_read(at.value, &parked)) {
            return LT_DAMAGED;
        }
        if (slot->filter.agency_given && key.agency != slot->filter.agency) {
            break;
        }
        if (plan_slice_full(slice) || slice->looked++ == PLAN_LOOKS_TURN) {
            slot->cursor = key;
            return LT_OK;
        }
        if (parked_fits(flow, &slot->filter, &parked)) {
            *ret_want = plan_want(flow, slice, &key);
            if (*ret_want == PLAN_OUT_OF_SCOPE || *ret_want == PLAN_FULL) {
                return LT_OK;
            }
        }
        status = state_step(flow->state, &at);
    }
    *ret_end = status == LT_OK;
    return status;
}

static bool leg_fits(const struct plan_filter *filter, const struct leg *leg)
{
    return leg->state == LEG_PARKED && (filter->code == 0 || leg->code == filter->code) &&
           (!filter->agency_given || leg->agency == filter->agency);
}

/* Walks the transfers of one case. */
static enum lt_status scan_case(struct flow *flow, struct plan_slice *slice, bool *ret_end,
                                enum plan_want *ret_want)
{
    uint8_t from[RECORD_KEY_MAX];
    uint8_t prefix_bytes[RECORD_KEY_MAX];
    struct plan_slot *slot = slice->slot;
    const struct plan_filter *filter = &slot->filter;
    struct lt_bytes code = text_bytes(filter->case_code);
    struct lt_bytes prefix = case_prefix(prefix_bytes, code);
    struct state_entry at;
    enum lt_status status =
        state_seek(flow->state, STATE_CASES, case_key(from, code, slot->cursor.position), &at);
    while (status == LT_OK && at.found && at.key.size > prefix.size &&
           memcmp(at.key.data, prefix.data, prefix.size) == 0) {
        struct transfer_key key;
        struct transfer t;
        if (!case_value_read(at.value, &key) || transfer_load(flow, &key, &t) != LT_OK) {
            return LT_DAMAGED;
        }
        slot->cursor.position = t.position;
        if (plan_slice_full(slice) || slice->looked++ == PLAN_LOOKS_TURN) {
            return LT_OK;
        }
        bool fits = (!filter->from_given || key.from == filter->from) && transfer_fits(filter, &t);
        for (uint8_t i = 0; fits && i < t.legs_count; i++) {
            struct plan_key leg = {t.legs[i].agency, t.position, i};
            *ret_want = leg_fits(filter, &t.legs[i]) ? plan_want(flow, slice, &leg) : PLAN_WANTED;
            if (*ret_want == PLAN_OUT_OF_SCOPE || *ret_want == PLAN_FULL) {
                return LT_OK;
            }
        }
        status = state_step(flow->state, &at);
    }
    *ret_end = status == LT_OK;
    return status;
}

static enum lt_status scan(struct flow *flow, struct plan_slot *slot)
{
    struct plan_slice slice;
    enum plan_want want = PLAN_WANTED;
    bool end = false;
    const struct plan_slot before = *slot;
    enum lt_status status = plan_slice_begin(flow, slot, &slice);
    if (status != LT_OK) {
        return status;
    }
    if (slot->filter.redirect) {
        status = plan_scan_open(flow, &slice, &end, &want);
    } else {
        status = slot->filter.case_code[0] != '\0' ? scan_case(flow, &slice, &end, &want)
                                                   : scan_parked(flow, &slice, &end, &want);
    }
    if (status != LT_OK) {
        return status;
    }
    if (want == PLAN_OUT_OF_SCOPE || want == PLAN_FULL) {
        return plan_refuse(flow, &slice, want);
    }
    status = plan_slice_stage(flow, &slice);
    if (status == LT_BUSY) {
        *slot = before; /* looked at again in the next turn */
    } else if (status == LT_OK && end) {
        plan_complete(slot);
    }
    return status;
}

/* ---- the digest ---- */

static enum lt_status freeze(struct flow *flow, struct plan_slot *slot)
{
    struct plan_now now;
    enum lt_status status = plan_now_load(flow, slot->number, &now);
    if (status != LT_OK) {
        return LT_DAMAGED;
    }
    struct fact_plan_state change = {
        .number = slot->number,
        .state = PLAN_FROZEN,
        .digest = digest_finish(flow->plans.digester),
        .second = now.items > flow->settings.plan_second_over || slot->agencies > 1 ||
                  slot->sent_once != 0,
        .agencies = slot->agencies,
        .left_out = slot->left_out,
    };
    char reason[64] = "";
    flow->plans.digesting = 0;
    if (now.items == 0) {
        change.state = PLAN_CANCELLED;
        change.code = slot->left_out != 0 ? LT_LEASED : LT_NOT_FOUND;
    }
    if (slot->left_out != 0) {
        snprintf(reason, sizeof(reason), "%u lượt đang thuộc kế hoạch %llu", slot->left_out,
                 (unsigned long long)slot->left_out_to);
    }
    change.reason = text_bytes(reason);
    return plan_state_stage(flow, &change);
}

static enum lt_status digest_slice(struct flow *flow, struct plan_slot *slot)
{
    uint8_t from[RECORD_KEY_MAX];
    struct plans *plans = &flow->plans;
    struct state_entry at;
    if (!flow_room_small(flow)) {
        return LT_BUSY; /* before anything is fed: a digest cannot be taken back */
    }
    if (plans->digesting == 0) {
        plans->digesting = slot->number;
        slot->agencies = 0;
        digest_start(plans->digester);
    }
    enum lt_status status =
        state_seek(flow->state, STATE_PLANS, plan_item_key(from, slot->number, &slot->cursor), &at);
    struct plan_key key;
    for (uint32_t i = 0; status == LT_OK && at.found; i++) {
        if (!plan_item_key_read(at.key, slot->number, &key)) {
            break;
        }
        if (i == PLAN_DIGEST_TURN) {
            slot->cursor = key;
            return LT_OK;
        }
        digest_feed(plans->digester,
                    (struct lt_bytes){at.key.data + at.key.size - FACT_PLAN_ITEM_BYTES,
                                      FACT_PLAN_ITEM_BYTES});
        slot->agencies += slot->agencies == 0 || key.agency != slot->counted ? 1 : 0;
        slot->counted = key.agency;
        status = state_step(flow->state, &at);
    }
    return status == LT_OK ? freeze(flow, slot) : status;
}

enum lt_status plan_select(struct flow *flow, struct plan_slot *slot)
{
    if (slot->phase == PLAN_PHASE_SCAN) {
        return scan(flow, slot);
    }
    if (slot->phase == PLAN_PHASE_FREEZE &&
        (flow->plans.digesting == 0 || flow->plans.digesting == slot->number)) {
        return digest_slice(flow, slot);
    }
    return LT_OK;
}
