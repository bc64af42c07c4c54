/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_LOG_START_H
#define BROKER_CORE_LOG_START_H

#include "broker.h"
#include "log_signer.h"

/* The log of a broker that was just opened: its key is made when there is none, its signer started
 * and attached. The texts live as long as the signer. */
struct log_start {
    struct journal_backend backend;
    const char *folder;
    const char *name;
    const char *signing_key;
    const char *signing_key_next; /* NULL: none */
    uint32_t checkpoint_ms;
    bool restored; /* a restore is declared */
};

LT_CHECK enum lt_status log_start(struct log_signer **ret_signer, struct broker *broker,
                                  const struct log_start *start, const struct lt_clock *clock,
                                  struct fault *fault);

/* Before the broker is closed. */
void log_stop(struct log_signer **signer_p, struct broker *broker);

#endif
