/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The list of what was set aside. Small and searched from end to end: damage is rare, and a disk
 * that damages more than fits here is replaced, not read row by row.
 */
#include "quarantine.h"

bool quarantine_add(struct quarantine *quarantine, uint64_t position, uint8_t kind, const char *why,
                    int64_t now_ms)
{
    for (uint32_t i = 0; i < quarantine->count; i++) {
        if (quarantine->items[i].position == position) {
            return false;
        }
    }
    quarantine->found++;
    if (quarantine->count < QUARANTINE_MAX) {
        quarantine->items[quarantine->count++] =
            (struct set_aside){.position = position, .kind = kind, .why = why, .found_ms = now_ms};
    }
    return true;
}
