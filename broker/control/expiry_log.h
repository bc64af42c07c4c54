/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_EXPIRY_LOG_H
#define BROKER_CONTROL_EXPIRY_LOG_H

#include "broker/flow/flow.h"
#include "broker/registry/config.h"

/*
 * Log lines about what ends by the calendar, one for each threshold: 60, 30, 7 and 1 days before,
 * and when it is over. What was told is remembered for as long as the process lives.
 */
enum { EXPIRY_KEY, EXPIRY_SEAL_KEY, EXPIRY_KINDS };

struct expiry_log {
    int64_t due_ms; /* monotonic: the next slice */
    uint32_t at;    /* agency of the registry looked at next */
    /* The last threshold told of each, plus 1; 0: none. */
    uint8_t agencies[EXPIRY_KINDS][AGENCIES_MAX + 1];
    uint8_t people[CONFIG_OPERATORS_MAX];
    uint8_t list;
};

/* A slice of looking, when it is time. */
void expiry_log_step(struct expiry_log *log, const struct flow *flow, const struct config *config);

#endif
