/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_PLAN_H
#define BROKER_FLOW_PLAN_H

#include "broker/journal/fact_plan.h"
#include "fold.h"

/*
 * Replay plans: chosen, frozen, approved, run at a pace. What people ask comes from control/; the
 * core calls step_plans once a turn, behind everything that serves live traffic. Functions that
 * stage facts return LT_BUSY when the batch has no room: nothing was changed, try again.
 */

LT_CHECK enum lt_status plans_open(struct plans *plans);
void plans_close(struct plans *plans);

/* From state.mdb, before the refold of what is newer. */
LT_CHECK enum lt_status plans_load(struct flow *flow);

/* After the refold: a plan that was still being chosen has lost its place and is cancelled. */
LT_CHECK enum lt_status plans_restart(struct flow *flow);

/* plan_run.c: one short piece of work for plans; LT_OK or a stop class. */
LT_CHECK enum lt_status step_plans(struct flow *flow);
bool plans_due(const struct flow *flow); /* the next turn has something to do */

/*
 * plan_next.c: the next item whose receiver may have it now. PLAN_LATER: there are some, and all of
 * them wait (slot->waits says why), or this turn has looked at enough.
 */
enum plan_found { PLAN_FOUND, PLAN_LATER, PLAN_NO_MORE };
LT_CHECK enum lt_status plan_next(struct flow *flow, struct plan_slot *slot,
                                  const struct plan_now *now, struct plan_key *ret_key,
                                  enum plan_found *ret_found);

/* Has this receiver's part of the plan to wait, as of now, and for whom? */
enum plan_wait plan_wait_of(struct flow *flow, const struct plan_slot *slot, uint32_t agency,
                            uint32_t *ret_whose);

/* Is nothing delivered to it: paused or suspended? What a redirect asks of the old agency. */
bool plan_closed(struct flow *flow, uint32_t agency);

/* An item that is to be carried out, and what is known of it before. */
struct due_item {
    uint64_t number;
    uint32_t index;
    struct plan_key key;
    struct transfer_key name;
    struct transfer transfer;
    bool readable;
};

/* plan_run.c: the item was carried out, or passed over with a code. */
LT_CHECK enum lt_status plan_step_stage(struct flow *flow, const struct due_item *item, bool done,
                                        enum leg_state state, uint16_t code);

struct plan_slot *plan_slot_of(struct flow *flow, uint64_t number); /* NULL: not live */
LT_CHECK enum lt_status plan_load(struct flow *flow, uint64_t number, struct plan *ret_plan);
LT_CHECK enum lt_status plan_now_load(struct flow *flow, uint64_t number, struct plan_now *ret_now);

/* Begins a plan; its number is in `plan`, given by the caller: plans.last + 1. With a filter the
 * broker looks for the legs by itself; without one they come by plan_take. LT_PLAN_STATE when
 * PLANS_LIVE_MAX are live. */
LT_CHECK enum lt_status plan_begin(struct flow *flow, const struct fact_plan *plan,
                                   const struct plan_filter *filter);

/* The list is complete: the digest is taken from now on, then the plan is frozen. */
void plan_complete(struct plan_slot *slot);

/* The next state, when the table allows it (LT_PLAN_STATE). `code` for what the broker does. */
LT_CHECK enum lt_status plan_change(struct flow *flow, uint64_t number, enum plan_state next,
                                    uint16_t code, struct lt_bytes person, struct lt_bytes reason);

/* The same with everything in the fact. */
LT_CHECK enum lt_status plan_state_stage(struct flow *flow, const struct fact_plan_state *change);

/* The live plan that has the leg before it and has not passed it; 0: none. */
uint64_t plan_leased(struct flow *flow, uint64_t position, uint8_t leg);

/*
 * plan_select.c: a slice of items in the making. plan_want looks at one parked leg;
 * plan_slice_stage makes a fact of those it took, and the slice is empty again.
 */
enum plan_want { PLAN_WANTED, PLAN_LEASED, PLAN_HAS_IT, PLAN_OUT_OF_SCOPE, PLAN_FULL };
struct plan_slice {
    struct plan_slot *slot;
    struct fact_plan_item *items; /* FACT_PLAN_ITEMS_MAX of them, in the turn's arena */
    uint32_t count;
    uint32_t looked;
    uint32_t items_before; /* the plan has them already */
    char person[PLAN_PERSON_MAX + 1];
    uint32_t agency; /* of the last leg that was outside of the person's scope */
    bool agency_known;
    bool agency_in_scope;
    uint64_t other; /* the plan that holds the last leg that was leased */
};
LT_CHECK enum lt_status plan_slice_begin(struct flow *flow, struct plan_slot *slot,
                                         struct plan_slice *ret_slice);
bool plan_slice_full(const struct plan_slice *slice); /* no room for the legs of one transfer */
enum plan_want plan_want(struct flow *flow, struct plan_slice *slice, const struct plan_key *key);
LT_CHECK enum lt_status plan_slice_stage(struct flow *flow, struct plan_slice *slice);

/* The plan cannot be: cancelled with the code of LT_SCOPE or LT_PLAN_TOO_LARGE. */
LT_CHECK enum lt_status plan_refuse(struct flow *flow, const struct plan_slice *slice,
                                    enum plan_want why);

/* One piece of choosing: of the scan or of the digest. */
LT_CHECK enum lt_status plan_select(struct flow *flow, struct plan_slot *slot);

/* plan_redirect.c: choosing every open leg of an agency, and one of them to its successor.
 * LT_AGAIN: its receiver is being asked, or the bytes cannot be read just now. */
LT_CHECK enum lt_status plan_scan_open(struct flow *flow, struct plan_slice *slice, bool *ret_end,
                                       enum plan_want *ret_want);
LT_CHECK enum lt_status plan_redirect(struct flow *flow, const struct due_item *item,
                                      const struct plan *plan, const char *approver);

/* fold_plan.c */
LT_CHECK enum lt_status fold_plan(struct flow *flow, const struct fact *fact);
LT_CHECK enum lt_status fold_plan_items(struct flow *flow, const struct fact *fact);
LT_CHECK enum lt_status fold_plan_step(struct flow *flow, const struct fact *fact);
LT_CHECK enum lt_status fold_plan_state(struct flow *flow, const struct fact *fact);

/* A leg came to its end or parked again: the item that waits for it gets its outcome. Called by
 * fold_leg.c while a fact is being folded; costs nothing while no plan has anything outstanding. */
void plan_follow(struct flow *flow, const struct fact *fact, uint64_t position, uint8_t leg,
                 enum leg_state state, uint16_t code);

#endif
