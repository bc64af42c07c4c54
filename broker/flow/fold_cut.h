/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FOLD_CUT_H
#define BROKER_FLOW_FOLD_CUT_H

#include "flow.h"

/* Facts about copies and cuts, called by fold.c: how far backup and archive reach, what was carried
 * over a coming cut, where the journal begins since. */
enum lt_status fold_backup(struct flow *flow, const struct fact *fact);
enum lt_status fold_carried(struct flow *flow, const struct fact *fact);
enum lt_status fold_cut(struct flow *flow, const struct fact *fact);

/* The marks from STATE_META into the flow. */
LT_CHECK enum lt_status marks_load(struct flow *flow);

#endif
