/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_REBASE_H
#define BROKER_CORE_REBASE_H

#include "broker.h"
#include "broker/journal/archive.h"
#include "broker/state/base.h"

/*
 * The base of a cut journal made anew, from the archive and the journal together: for a release
 * whose fold is another one than the base's, and for a base that was lost or damaged. While no
 * broker runs; the journal is acquired here. state.mdb is brought to the journal's end on the way,
 * from the first fact on unless it stands somewhere already; then it is written out as the base,
 * read back, and put in its place. Whoever dies in between leaves everything as it was but
 * state.mdb, and it is asked for again.
 */
struct rebase_options {
    /* clock, entropy, state (path and base), progress, owner; the journal's door. */
    struct broker_options broker;
    const char *folder; /* of passed-over: what crashed the fold is not folded; NULL: nothing did */
    struct archive *archive;
};

struct rebase_report {
    uint64_t damaged; /* facts that did not read */
    struct base_about base;
};

/* LT_NOT_FOUND: the archive does not reach the journal. LT_FIELD_BAD: the journal was never cut and
 * needs no base. */
LT_CHECK enum lt_status rebase_run(const struct rebase_options *options,
                                   struct rebase_report *ret_report, struct fault *fault);

#endif
