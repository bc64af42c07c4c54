/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which item of a running plan comes next. In the order of the plan, but for receivers that have to
 * wait: one with an open incident, one that an operator has paused. Theirs is passed by and come
 * back to, so that a thousand legs of an agency that fails do not use up their attempts, do not
 * count as errors of the plan and do not keep the other receivers waiting. Within one receiver the
 * order never changes.
 *
 * An incident ends only when a leg gets through. So where nothing of that agency is on its way the
 * plan gives one item, as the leg to try with, and waits again.
 *
 * A redirect waits for the successor, and as long as the old agency is still delivered to.
 *
 * The walk stands in memory only: a restart begins it anew at the first item not passed. It looks
 * at a bounded number of items a turn, and rests when it has found only what has to wait.
 */
#include <string.h>

#include "incident.h"
#include "plan.h"

bool plan_closed(struct flow *flow, uint32_t agency)
{
    const struct agency *entry = registry_by_number(flow->registry, agency);
    return entry != NULL && (entry->paused || entry->suspended);
}

/* Whom the item goes to now. */
static enum plan_wait wait_of(struct flow *flow, uint32_t agency)
{
    const struct agency *entry = registry_by_number(flow->registry, agency);
    if (entry == NULL) {
        return PLAN_WAITS_NOT; /* nobody's yet */
    }
    if (entry->paused) {
        return PLAN_WAITS_PAUSED;
    }
    const struct desk *desk = desk_of(&flow->desks, agency);
    return desk->incident != 0 && incident_has_probe(flow, desk) ? PLAN_WAITS_INCIDENT
                                                                 : PLAN_WAITS_NOT;
}

enum plan_wait plan_wait_of(struct flow *flow, const struct plan_slot *slot, uint32_t agency,
                            uint32_t *ret_whose)
{
    *ret_whose = agency;
    if (flow->restored.reconciling) {
        return PLAN_WAITS_RESTORE;
    }
    if (slot->act != ACT_REDIRECT) {
        return wait_of(flow, agency);
    }
    /* What is behind a leg that leaves becomes ready at the old agency: it must not be sent. */
    if (!plan_closed(flow, agency)) {
        return PLAN_WAITS_OPEN;
    }
    *ret_whose = slot->to;
    return wait_of(flow, slot->to);
}

static bool key_before(const struct plan_key *a, const struct plan_key *b)
{
    if (a->agency != b->agency) {
        return a->agency < b->agency;
    }
    return a->position != b->position ? a->position < b->position : a->leg < b->leg;
}

static void walk_begin(struct plan_slot *slot, const struct plan_now *now)
{
    if (slot->walking && !key_before(&slot->at, &now->next)) {
        return;
    }
    slot->walking = true;
    slot->at = now->next;
    slot->passed_by = false;
    slot->waits = PLAN_WAITS_NOT;
}

static enum lt_status seek(struct flow *flow, const struct plan_slot *slot, struct state_entry *at)
{
    uint8_t from[RECORD_KEY_MAX];
    return state_seek(flow->state, STATE_PLANS, plan_item_key(from, slot->number, &slot->at), at);
}

/* This receiver's part is left where it is, and the walk goes on behind it. */
static enum lt_status pass_by(struct flow *flow, struct plan_slot *slot, enum plan_wait wait,
                              struct state_entry *at)
{
    if (!slot->passed_by) {
        slot->waits = wait; /* the first one is shown */
        slot->waits_agency = slot->at.agency;
    }
    slot->passed_by = true;
    slot->at = (struct plan_key){.agency = slot->at.agency + 1};
    return seek(flow, slot, at);
}

enum lt_status plan_next(struct flow *flow, struct plan_slot *slot, const struct plan_now *now,
                         struct plan_key *ret_key, enum plan_found *ret_found)
{
    struct state_entry at;
    struct plan_item item;
    uint32_t whose;
    if (now->passed == now->items) {
        *ret_found = PLAN_NO_MORE;
        return LT_OK;
    }
    *ret_found = PLAN_LATER;
    if (flow->mono_ms < slot->rest_ms) {
        return LT_OK;
    }
    walk_begin(slot, now);
    enum lt_status status = seek(flow, slot, &at);
    for (uint32_t looked = 0; status == LT_OK && looked < PLAN_WALK_TURN; looked++) {
        if (!at.found || !plan_item_key_read(at.key, slot->number, &slot->at)) {
            slot->walking = false;
            slot->rest_ms = flow->mono_ms + PLAN_WAIT_MS;
            return LT_OK;
        }
        if (!plan_item_read(at.value, &item)) {
            return LT_DAMAGED;
        }
        enum plan_wait wait = item.step == PLAN_ITEM_WAITING
                                  ? plan_wait_of(flow, slot, slot->at.agency, &whose)
                                  : PLAN_WAITS_NOT;
        if (wait != PLAN_WAITS_NOT) {
            status = pass_by(flow, slot, wait, &at);
        } else if (item.step == PLAN_ITEM_WAITING) {
            *ret_key = slot->at;
            *ret_found = PLAN_FOUND;
            return LT_OK;
        } else {
            status = state_step(flow->state, &at);
        }
    }
    return status;
}
