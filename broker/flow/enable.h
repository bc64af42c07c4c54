/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_ENABLE_H
#define BROKER_FLOW_ENABLE_H

#include "broker/journal/format.h"
#include "flow.h"

/*
 * Which format of the journal is written (journal/format.h). Whoever writes a kind that a later
 * format brought asks flow_writes first and does what the release before did when it is false.
 * flow_fact refuses what may not be written with LT_FORMAT_NOT_ENABLED, before anything is staged.
 */
bool flow_writes(const struct flow *flow, uint8_t kind);

/* From here on `format` may be written: above the one in use, not above format_known. */
LT_CHECK enum lt_status enable_stage(struct flow *flow, uint32_t format, struct lt_bytes person,
                                     struct lt_bytes reason, uint64_t *ret_position);

/* LT_FORMAT_UNKNOWN: enabled is what this release does not know; flow->format says which. */
enum lt_status fold_format(struct flow *flow, const struct fact *fact);
LT_CHECK enum lt_status format_load(struct flow *flow);

#endif
