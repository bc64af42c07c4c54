/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_RESERVE_H
#define BROKER_JOURNAL_RESERVE_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>

/*
 * Disk space kept aside in a file, to be given up when the disk is full, so that what is under way
 * can still be finished. The core makes it, the writer thread gives it up.
 */
struct reserve {
    char path[PATH_MAX];
    uint64_t bytes; /* 0: no reserve is kept */
    atomic_bool held;
};

LT_CHECK enum lt_status reserve_init(struct reserve *reserve, const char *folder, uint64_t bytes,
                                     struct fault *fault);

/* True when the reserve is held; makes it anew when the disk has room for twice its size. */
bool reserve_make(struct reserve *reserve);

/* True when it was held and its space is free now. */
bool reserve_give_up(struct reserve *reserve);

#endif
