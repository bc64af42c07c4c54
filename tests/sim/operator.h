/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_OPERATOR_H
#define TESTS_SIM_OPERATOR_H

#include "broker/flow/plan.h"
#include "harness/world.h"

/*
 * An operator of the sim who makes replay plans over random filters, runs, pauses and cancels them
 * at random, through the very functions that control/ calls. Holds nothing: what there is to act on
 * is asked of the broker, which may have been restarted meanwhile.
 */
struct sim_operator {
    uint64_t made;
    uint64_t run;
    uint64_t paused;
    uint64_t cancelled;
};

/* One act or none. */
void operator_step(struct sim_operator *operator, struct flow * flow, struct world_random *random,
                   uint32_t agencies);

/* Calm weather: no new plans, and every live one is brought to its end. */
void operator_calm(struct flow *flow);

/* What each plan says of itself is what its items say; false with a line on stderr. */
bool operator_check(struct flow *flow);

#endif
