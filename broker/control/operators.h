/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_OPERATORS_H
#define BROKER_CONTROL_OPERATORS_H

#include "broker/flow/flow.h"
#include "broker/registry/config.h"

/*
 * The operators' door: takes a Query of an authenticated operator connection, checks the role, finds
 * the verb (query.h) and answers with one Page, which waits for its ticket like every answer. The
 * configuration is borrowed and may be reloaded in place.
 */
struct operators;

enum lt_status operators_open(struct operators **ret_operators, const struct config *config);
void operators_close(struct operators **operators_p);
struct flow_operators operators_door(struct operators *operators);

#endif
