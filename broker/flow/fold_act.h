/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FOLD_ACT_H
#define BROKER_FLOW_FOLD_ACT_H

#include "flow.h"

/* What people decide about legs, and what receivers answered when they were asked: one function per
 * kind of fact, called by fold_fact alone. LT_DAMAGED: the fact does not read, or names nothing. */
enum lt_status fold_act(struct flow *flow, const struct fact *fact);
enum lt_status fold_assigned(struct flow *flow, const struct fact *fact);
enum lt_status fold_rerouted(struct flow *flow, const struct fact *fact);
enum lt_status fold_held(struct flow *flow, const struct fact *fact);

#endif
