/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_QUARANTINE_H
#define BROKER_FLOW_QUARANTINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Facts that do not read or were passed over: what is set aside is shown, never deleted and never
 * silently skipped. The list is memory of this life, filled by the refold, by cold reads and by the
 * scrub; the journal itself holds the bytes. Beyond QUARANTINE_MAX only the number grows.
 */
#define QUARANTINE_MAX 256

struct set_aside {
    uint64_t position;
    uint8_t kind;    /* as far as it is known; 0: damaged beyond reading */
    const char *why; /* "crc", "payload", "fold", "gap", "frame", "chain": a literal */
    int64_t found_ms;
};

struct quarantine {
    struct set_aside items[QUARANTINE_MAX];
    uint32_t count; /* of items */
    uint64_t found; /* of all, each position once as long as the list has room */
};

/* False: it stands there already. */
bool quarantine_add(struct quarantine *quarantine, uint64_t position, uint8_t kind, const char *why,
                    int64_t now_ms);

#endif
