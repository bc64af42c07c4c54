/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_UUID7_H
#define PROTO_BASE_UUID7_H

#include <lienthong/clock.h>
#include <lienthong/types.h>

/*
 * Maker of UUIDv7 (RFC 9562 section 5.7): strictly rising within one maker, also when the clock
 * stands still or goes back (the counter of method 1 in rand_a, then the last time + 1). A clock
 * that goes back by more than half a day was set right, and the maker follows it.
 */
struct uuid7 {
    int64_t last_ms;
    uint16_t counter;
};

struct lt_id uuid7_next(struct uuid7 *maker, const struct lt_clock *clock,
                        const struct lt_entropy *entropy);

#endif
