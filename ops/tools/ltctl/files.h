/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_FILES_H
#define OPS_TOOLS_LTCTL_FILES_H

#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>

/*
 * Attachments beside a journal: files under FOLDER/ab/cdef... whose names are their SHA-256. For
 * backups; the broker's own store (broker/blobs) is not needed to read them.
 */
struct files_report {
    uint64_t files;   /* looked at */
    uint64_t bytes;   /* of those */
    uint64_t copied;  /* new in the target */
    uint64_t damaged; /* their bytes are not those of their name; not copied */
};

struct files_watch {
    void (*damaged)(void *context, const char *name); /* hex of the name */
    void (*progress)(void *context, uint64_t files);
    void *context;
};

/*
 * Every file of `from` that `to` does not have: read, compared with its name, written durably. `to`
 * NULL: only compared. A `from` that is not there holds nothing. LT_IO, LT_FULL.
 */
LT_CHECK enum lt_status files_copy(const char *from, const char *to,
                                   const struct files_watch *watch, struct files_report *ret_report,
                                   struct fault *fault);

#endif
