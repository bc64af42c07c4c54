/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_COPY_H
#define BROKER_JOURNAL_COPY_H

#include "backend.h"

/*
 * A copy of a journal, record by record, as it stands: the hot backup. The source may belong to a
 * running broker; each record is looked at in a snapshot of its own, so the source does not grow
 * because it is being copied. A copy that was ended goes on where it stopped, and one that is whole
 * takes only what is new.
 */
#define COPY_RECORD "record"
struct copy_report {
    uint64_t from; /* first position copied now; 0: nothing was new */
    uint64_t to;   /* last position the copy holds */
    uint64_t records;
    uint64_t bytes;
};

/*
 * Takes what `folder` does not have yet; a folder without a journal gets one. Every record's frame,
 * its facts and its link to the one before are checked on the way: nothing damaged enters a copy.
 *
 * LT_DAMAGED: a record of the source does not read (the fault's field is COPY_RECORD, its words are
 * those of verify; what stands before it was copied), or the copy is not of this journal (its last
 * record is another than the source's at that place, or it reaches further). LT_FENCED: somebody
 * holds the copy. LT_FULL: no room; what was copied stands.
 */
LT_CHECK enum lt_status
journal_copy(const struct journal_backend *from, const char *folder,
             void (*progress)(void *context, uint64_t position, uint64_t last), void *context,
             struct copy_report *ret_report, struct fault *fault);

#endif
