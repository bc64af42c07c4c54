/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_LOG_WIRE_H
#define OPS_TOOLS_LTCTL_LOG_WIRE_H

#include "ltctl.h"

/* The commands of log.c without --data: asked of the broker, and checked here. */
enum exit_code log_wire_checkpoint(struct ltctl *ltctl);
enum exit_code log_wire_consistency(struct ltctl *ltctl);
enum exit_code log_wire_verify(struct ltctl *ltctl);

/* What is wrong with a log, or with a note, and not with the asking. */
bool log_finding_code(enum lt_status status);

#endif
