/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_GIVING_H
#define BROKER_FLOW_GIVING_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/limits.h"
#include "proto/frame.h"
#include "proto/port.h"

/*
 * What an agency may have of its own: the list of it (list.c) and its bytes (bytes.c). Both work in
 * slices with one budget for all agencies and a turn, so that an agency that restores its database
 * does not slow down the others. Nothing here changes anything: no fact is made.
 */

/* One BytesAsk under way: the items that are still to be given. */
struct giving {
    bool used;
    struct port_route route; /* of the session; with its number it tells whether that still lives */
    uint64_t session;
    uint32_t agency;
    uint32_t count;
    int64_t moved_ms; /* monotonic: when something was last given */
    struct bytes_item items[LT_BYTES_PER_FRAME];
};

struct givings {
    struct giving all[GIVINGS_MAX];
    uint32_t turn;       /* where the next turn begins */
    uint32_t list_looks; /* positions that may still be looked at in this turn */
};

#endif
