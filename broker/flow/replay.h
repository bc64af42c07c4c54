/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_REPLAY_H
#define BROKER_FLOW_REPLAY_H

#include "fold_leg.h"
#include "proto/base/fault.h"

/* What replaying one parked leg means; an operator's single replay and a plan's step are the same
 * thing. Whether it may be done (rights, leases) is asked before, by the caller. */

/* Header and body of a transfer, from the cache or the journal. LT_NOT_FOUND, LT_AGAIN when the
 * record cannot be read now, LT_DAMAGED when it never can. */
LT_CHECK enum lt_status parcel_read(struct flow *flow, uint64_t position, struct header *ret_header,
                                    struct lt_bytes *ret_header_bytes, struct lt_bytes *ret_body);

/* Where the leg goes: into its lane's front, or behind the one that holds it. */
enum leg_state replay_next(struct flow *flow, const struct transfer *t, uint8_t leg);

/* The fact about a parked leg of a known receiver, staged. */
LT_CHECK enum lt_status replay_stage(struct flow *flow, const struct transfer *t, uint8_t leg,
                                     struct lt_bytes person, struct lt_bytes reason,
                                     enum leg_state *ret_next);

/* New legs, by the registry of now, for a transfer that nobody was competent for. Agency 0 in the
 * first leg, with the code of why: still nobody, or the header does not read. */
LT_CHECK enum lt_status replay_assign(struct flow *flow, const struct transfer *t,
                                      struct lt_bytes person, struct fact_assigned *ret_assigned,
                                      struct fault *fault);
LT_CHECK enum lt_status replay_assign_stage(struct flow *flow,
                                            const struct fact_assigned *assigned);

#endif
