/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_GATHER_H
#define OPS_TOOLS_LTCTL_GATHER_H

#include "proto/evidence.h"

/*
 * Evidence out of a data folder, which is only read and may belong to a running broker: what its
 * newest checkpoint covers. The same folder with the same checkpoint gives the same evidence.
 */
struct gather_options {
    const char *folder;
    const char *archive; /* what was cut away is read from there; NULL: it is not read */
    const char *subject; /* a transfer's id, or a case code */
    const char *chain;   /* PEM files to go along; NULL: none */
    const char *crls;
    bool without_bodies;
};

/* LT_NOT_FOUND: no such transfer or case, or no log. LT_FULL: more than evidence holds.
 * LT_LOG_DAMAGED: log and journal do not belong together. All of it lies in the arena. */
LT_CHECK enum lt_status gather(const struct gather_options *options, struct digester *digester,
                               struct arena *arena, struct evidence *ret_evidence,
                               struct fault *fault);

/* -- its two halves ---------------------------------------------------------------------------- */

struct gather_log;

/* The log at its newest checkpoint. */
LT_CHECK enum lt_status gather_log_open(const char *folder, struct digester *digester,
                                        struct arena *arena, struct evidence *evidence,
                                        struct gather_log **ret_log, struct fault *fault);
void gather_log_close(struct gather_log **log_p);

/* A leaf of a record whose leaves have these hashes: *ret_found false when no checkpoint covers it
 * yet. */
struct gather_leaf {
    uint64_t position; /* of the leaf */
    uint64_t first;    /* of the record */
    const struct lt_digest *hashes;
    uint32_t count;
    uint32_t index;
    struct lt_bytes bytes;
};
LT_CHECK enum lt_status gather_log_receipt(struct gather_log *log, const struct gather_leaf *leaf,
                                           struct evidence_receipt *ret_receipt, bool *ret_found,
                                           struct fault *fault);

/* The newest time-stamp, and for every transfer the first one that covers its acceptance. */
LT_CHECK enum lt_status gather_log_stamps(struct gather_log *log, struct evidence *evidence,
                                          struct fault *fault);

#endif
