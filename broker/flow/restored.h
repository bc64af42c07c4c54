/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_RESTORED_H
#define BROKER_FLOW_RESTORED_H

#include "flow.h"

/*
 * A broker restored from a backup. The restore is declared once, by name, as a fact: the journal
 * gets a new incarnation, every agency is told of it and submits again what it had accepted above
 * the backup. Until that is over no ids made after the declaration come in, so that a request whose
 * first id was lost cannot enter under a second one and take effect twice.
 */

/* Stages the declaration. The backup reached to `to`; 0 or beyond what is durable: to there. The
 * incarnation it begins is above `above`, which is the log's. */
LT_CHECK enum lt_status restored_declare(struct flow *flow, uint64_t to, uint32_t above,
                                         struct lt_bytes person, struct lt_bytes reason,
                                         uint64_t *ret_position);
/* Everything was submitted again: by an operator, or when time is over. */
LT_CHECK enum lt_status restored_done(struct flow *flow, struct lt_bytes person,
                                      struct lt_bytes reason, uint64_t *ret_position);

/* May this id come in now? */
bool restored_admits(const struct flow *flow, const struct lt_id *id);

/*
 * May this transfer have been at its receiver without the journal knowing? The journal has
 * forgotten what was sent above the backup, and whatever came in since under an id of before may be
 * a resubmission. An id is at most a day ahead of the axis.
 */
bool restored_doubts(const struct flow *flow, const struct lt_id *id);

/* Ends the reconciling when its time is over. */
LT_CHECK enum lt_status restored_step(struct flow *flow);

LT_CHECK enum lt_status fold_restored(struct flow *flow, const struct fact *fact);
LT_CHECK enum lt_status restored_load(struct flow *flow);

#endif
