/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_INCIDENT_H
#define BROKER_FLOW_INCIDENT_H

#include "broker/transfer/record.h"
#include "flow.h"

/*
 * The breaker of each agency: decides when one cause makes an incident, when a probe may go, and
 * when the incident is over. Every decision is a FACT_INCIDENT; fold_incident.c does the rest.
 */

/* A delivery failed for a technical reason of that class. */
LT_CHECK enum lt_status incident_failed(struct flow *flow, struct desk *desk, uint16_t code,
                                        const struct lane *lane);

/* The agency took or refused one for good: it works. */
LT_CHECK enum lt_status incident_passed(struct flow *flow, struct desk *desk);

/* The line is there again: what waited for it need not wait for the next probe. */
void incident_line(const struct flow *flow, struct desk *desk);

/* How many legs dispatch may send now: as many as granted, one to try, or none; with none,
 * desk->next_due_ms says when to look again. */
uint32_t incident_allows(const struct flow *flow, struct desk *desk);

/* Is anything of it on its way or due, so that the incident can end by it? */
bool incident_has_probe(struct flow *flow, const struct desk *desk);

/* Lines down for long with legs waiting; incidents of a line that nothing waits for any more. */
LT_CHECK enum lt_status incident_sweep(struct flow *flow);

#endif
