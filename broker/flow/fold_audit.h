/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FOLD_AUDIT_H
#define BROKER_FLOW_FOLD_AUDIT_H

#include "flow.h"

/* Enters a fact that names a person into STATE_AUDIT; any other fact is passed over. Called while
 * the fact is being folded, behind everything else it means. */
void fold_audit(struct flow *flow, const struct fact *fact);

#endif
