/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_BACKUPS_H
#define TESTS_SIM_BACKUPS_H

#include "broker/journal/backend.h"
#include "check.h"

/* The last backup of the simulated broker: its journal, its base, and how far the check of the
 * order had come there. */
struct backups {
    struct backend_memory *journal; /* NULL: none was made */
    uint64_t to;
    char base_path[128]; /* a copy; may be absent */
    bool base;
    int64_t made_ms;
    struct check_order order;
};

#endif
