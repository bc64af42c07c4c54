/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_LOG_ISSUED_H
#define BROKER_LOG_ISSUED_H

#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Signed notes that left the house, or were about to: one file, only ever added to, synced before
 * the note is given to anybody. Each stands between its size and checksum and its size again, so
 * that the newest is found from the end. One thread.
 */
struct issued;

LT_CHECK enum lt_status issued_open(struct issued **ret_issued, const char *path, bool read_only,
                                    struct fault *fault);
void issued_close(struct issued **issued_p);

/* On disk when it returns LT_OK. */
LT_CHECK enum lt_status issued_add(struct issued *issued, struct lt_bytes note,
                                   struct fault *fault);

/* The last one; empty when there is none. Valid until the next call. */
struct lt_bytes issued_newest(const struct issued *issued);

/* Bytes behind the last whole note when it was opened: a note cut short by a crash, or an edit. */
uint64_t issued_tail(const struct issued *issued);

/* Every note, oldest first, until `take` returns other than LT_OK. LT_LOG_DAMAGED at the first one
 * that does not read, with its place in the fault. */
LT_CHECK enum lt_status issued_walk(const struct issued *issued,
                                    enum lt_status (*take)(void *context, uint64_t place,
                                                           struct lt_bytes note),
                                    void *context, struct fault *fault);

#endif
