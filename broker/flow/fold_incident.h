/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FOLD_INCIDENT_H
#define BROKER_FLOW_FOLD_INCIDENT_H

#include "broker/transfer/incident_record.h"
#include "flow.h"

/* FACT_INCIDENT into STATE_INCIDENTS and the desk of its agency. LT_DAMAGED. */
LT_CHECK enum lt_status fold_incident(struct flow *flow, const struct fact *fact);

/* Open incidents and the last number, from state.mdb. */
LT_CHECK enum lt_status load_incidents(struct flow *flow);

/* LT_NOT_FOUND, LT_DAMAGED. */
LT_CHECK enum lt_status incident_load(struct flow *flow, uint64_t number,
                                      struct incident *ret_incident);

/* One parked leg more or less. Called only while a fact is being folded. */
void parked_counted(struct flow *flow, uint32_t agency, const struct parked *parked, int change);

/* How many are parked at that agency (COUNT_ALL: at all) with that cause. */
uint64_t parked_count(struct flow *flow, uint32_t agency, uint16_t code);

#endif
