/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_CUT_H
#define BROKER_CORE_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/journal/backend.h"
#include "broker/state/base.h"

/*
 * The cut of a journal: everything that ends below a position goes, a base stays for it. Made while
 * no broker runs, by whoever has acquired the journal. Nothing is cut that is not in an archive
 * byte for byte, and nothing that a live transfer still needs (flow/carry.h).
 *
 * In this order, each step on disk before the next: the base is written beside and read back, it
 * takes its place, records are deleted in small batches, oldest first. Whoever dies in between
 * leaves a journal, a base and a state.mdb that open; the cut is then asked for again.
 */
struct cut_options {
    struct journal_backend journal; /* acquired */
    const char *state_path;         /* of a broker that was stopped in order */
    const char *base_path;
    uint64_t below;
    bool dry_run; /* everything is checked, nothing is written */
    /* Does a complete archive hold exactly this record? LT_OK, or why not with a fault. */
    void *archive;
    enum lt_status (*archived)(void *archive, uint64_t first, struct lt_bytes record,
                               struct fault *fault);
    void (*progress)(void *context, uint64_t position, uint64_t last); /* may be NULL */
    void *context;
};

struct cut_report {
    uint64_t records; /* that go */
    uint64_t bytes;
    uint64_t first; /* lowest position held afterwards */
    uint64_t live;  /* transfers that hold the cut up: LT_AGAIN when not 0 */
    struct base_about base;
};

/*
 * LT_FIELD_BAD: `below` is beyond the last record. LT_AGAIN: state.mdb does not reach the end of
 * the journal (start the broker and stop it in order), or something live lies below (carry first).
 * LT_NOT_FOUND, LT_DAMAGED: a record is not, or not the same, in the archive. Nothing was cut then.
 */
LT_CHECK enum lt_status cut_run(const struct cut_options *options, struct cut_report *ret_report,
                                struct fault *fault);

#endif
