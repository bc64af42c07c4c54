/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_LANE_H
#define BROKER_FLOW_LANE_H

#include "broker/transfer/record.h"
#include "flow.h"

/*
 * Lanes as indexes: one entry per open leg (STATE_LANES, in order of acceptance) and one head per
 * lane (STATE_HEADS), so that the questions of every transfer ("is it held? does somebody wait?")
 * cost one look however many wait. Called only while a fact is being folded, and by whoever asks.
 */
enum lane_role {
    LANE_NO_ROLE, /* final, or not there yet */
    LANE_HOLDS,   /* open and in front: others wait */
    LANE_WAITS,   /* behind */
    LANE_ASIDE,   /* parked without holding the lane */
};

enum lane_role lane_role_of(const struct leg *leg);

/* The leg has its new state: entry and head follow. `before` is the role it had. */
void lane_follow(struct flow *flow, const struct transfer_key *key, const struct transfer *t,
                 uint8_t leg, enum lane_role before);

/* Does any other open leg hold the lane, or wait in it? */
bool lane_held(struct flow *flow, const struct transfer *t, uint8_t leg);
bool lane_waits(struct flow *flow, const struct transfer *t, uint8_t leg);

/* Who goes next: a withdrawal first, else the oldest that waits. False: nobody waits. */
bool lane_next(struct flow *flow, uint32_t agency, const struct lane *lane,
               struct lane_key *ret_key, struct lane_entry *ret_entry);

/* The first leg that holds the lane; false: nobody. */
bool lane_holder(struct flow *flow, uint32_t agency, const struct lane *lane,
                 struct lane_key *ret_key, struct lane_entry *ret_entry);

/* Does a leg before `position` hold or wait in this lane that the receiver is not known to have? Of
 * an agency whose legs go elsewhere: what is behind such a leg must not go before it. */
bool lane_left(struct flow *flow, uint32_t agency, const struct lane *lane, uint64_t position);

#endif
