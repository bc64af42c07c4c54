/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FOLD_H
#define BROKER_FLOW_FOLD_H

#include "flow.h"

/*
 * Facts into state: deterministic, so that live work and the refold of a deleted state.mdb end
 * equal. Time, jitter and decisions are in the fact; nothing is asked of a clock. `header` is the
 * decoded header of a FACT_ACCEPTED when the caller has it, else NULL and it is decoded here.
 *
 * LT_FORMAT_UNKNOWN: a fact of a newer release: stop. LT_DAMAGED: the fact does not read: the
 * caller quarantines it and goes on. LT_NO_MEMORY: the overlay is full: flush first.
 */
LT_CHECK enum lt_status fold_fact(struct flow *flow, const struct fact *fact,
                                  const struct header *header);

struct lane lane_of(struct digester *digester, struct lt_bytes case_code);

/* Possession of an attachment (fold.c, for the other folds); true when the agency's upload is new.
 */
bool fold_holder(struct flow *flow, const struct lt_digest *sha256, uint32_t agency, uint64_t size,
                 int64_t time_ms, bool uploaded);

/* Counters and registry from state.mdb, before the refold of what is newer. */
LT_CHECK enum lt_status fold_load(struct flow *flow);

#endif
