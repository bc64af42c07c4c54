/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_CUT_H
#define TESTS_SIM_CUT_H

#include "broker/flow/flow.h"
#include "broker/journal/backend.h"

/* Carry and cut as somebody in the world does them; its archive holds everything. */
void cut_order(struct flow *flow); /* what is live is to go over where the journal ends now */
/* With the broker stopped in order. */
enum lt_status cut_make(struct backend_memory *backend, const char *state_path,
                        const char *base_path, uint64_t below, struct fault *fault);

#endif
