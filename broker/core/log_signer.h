/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_LOG_SIGNER_H
#define BROKER_CORE_LOG_SIGNER_H

#include "broker/log/door.h"
#include "broker/log/log.h"
#include <lienthong/clock.h>

/*
 * The signer: a thread of its own that follows the durable journal, signs a checkpoint at most
 * every `checkpoint_ms`, and makes the receipts of what it covers. It touches nothing of the core:
 * a journal's view, its own files, and two queues. With `threaded` false it works inside `take`,
 * for the sim.
 *
 * A failure while it runs (a full disk, a record that does not read) stops no transfer: it is told
 * once, and tried again every LOG_AGAIN_MS from the newest checkpoint on. A log that is damaged, or
 * ahead of its journal, when the broker starts is a reason not to start.
 */
#define LOG_AGAIN_MS 5000

struct log_signer;

struct log_signer_options {
    struct log_options log;       /* without its signer */
    const char *signing_key;      /* PEM */
    const char *signing_key_next; /* signs beside it; NULL: nobody does */
    uint32_t checkpoint_ms;
    const struct lt_clock *clock;
    bool threaded;
};

LT_CHECK enum lt_status log_signer_open(struct log_signer **ret_signer,
                                        const struct log_signer_options *options,
                                        struct fault *fault);
void log_signer_close(struct log_signer **signer_p);

struct log_door log_signer_door(struct log_signer *signer);

/* The software key, made when there is none: Ed25519, mode 0600. */
LT_CHECK enum lt_status log_key_make(const char *path, struct fault *fault);

#endif
