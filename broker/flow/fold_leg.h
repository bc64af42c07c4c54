/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FOLD_LEG_H
#define BROKER_FLOW_FOLD_LEG_H

#include "broker/transfer/record.h"
#include "flow.h"

/*
 * The one place where a leg changes its state, and with it every index that shows the leg: its due
 * entry, its lane, the parked list, the counters, the sender's notices. Called only while a fact is
 * being folded.
 */
struct move {
    const struct fact *fact;
    struct transfer_key key;
    struct transfer *transfer; /* written back by the caller of leg_move, once */
    uint8_t leg;
    enum leg_event event;
    uint16_t code;
    int64_t due_ms;         /* for READY and BACKOFF */
    struct lt_bytes reason; /* for the notice */
};

/* False when the table refuses the pair (counted, logged; nothing changed). */
bool leg_move(struct flow *flow, const struct move *move);

/* A new leg enters its lane: ready, behind or parked. */
void leg_enter(struct flow *flow, const struct fact *fact, const struct transfer_key *key,
               struct transfer *transfer, uint8_t leg, uint16_t parked_code);

/* The sender learns of a leg that did not come with its transfer: where it goes now. */
void leg_told(struct flow *flow, const struct move *move);

/* A leg leaves without a final state (an undetermined one that gets real receivers). */
void leg_withdraw(struct flow *flow, const struct transfer_key *key, struct transfer *transfer,
                  uint8_t leg);

/* Every change of a desk's counters is stored by the fact that made it. */
void counts_store(struct flow *flow, const struct desk *desk);

/* The transfer at a position, or by key. LT_NOT_FOUND, LT_DAMAGED. */
enum lt_status transfer_load(struct flow *flow, const struct transfer_key *key,
                             struct transfer *ret_transfer);
enum lt_status transfer_at(struct flow *flow, uint64_t position, struct transfer_key *ret_key,
                           struct transfer *ret_transfer);
/* The same for a fact that names a position and a leg. LT_DAMAGED: there is no such leg. */
enum lt_status transfer_leg(struct flow *flow, uint64_t position, uint8_t leg,
                            struct transfer_key *ret_key, struct transfer *ret_transfer);
void transfer_store(struct flow *flow, const struct transfer_key *key,
                    const struct transfer *transfer);

#endif
