/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_SHIELD_H
#define BROKER_FLOW_SHIELD_H

#include "flow.h"

/*
 * Agencies that are kept out because what they send crashes the broker: facts, so that a restart
 * keeps them out, and an operator's act lets them in again. What waits for them waits on.
 */
LT_CHECK enum lt_status shield_set(struct flow *flow, uint32_t agency, bool on,
                                   struct lt_bytes person, struct lt_bytes reason,
                                   uint64_t *ret_position);
LT_CHECK enum lt_status fold_shield(struct flow *flow, const struct fact *fact);
LT_CHECK enum lt_status shields_load(struct flow *flow);

#endif
