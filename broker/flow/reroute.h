/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_REROUTE_H
#define BROKER_FLOW_REROUTE_H

#include "flow.h"

/* One leg ends and a new one of the same transfer goes elsewhere: by a person, or by a plan. */

/* The leg of that agency that stands in the way of a new one (open, taken, or ever sent, also as
 * far as a restored journal has forgotten it: a second leg would be two effects by construction),
 * or legs_count. */
uint8_t reroute_rival(const struct flow *flow, const struct transfer_key *key,
                      const struct transfer *t, uint32_t to);

/* Stages the fact with the attachments of the header, which are read back, and lands the flight.
 * LT_AGAIN, LT_NOT_FOUND, LT_DAMAGED: the bytes cannot be read now, or ever; LT_BUSY. */
LT_CHECK enum lt_status reroute_stage(struct flow *flow, struct fact_rerouted *rerouted);

#endif
