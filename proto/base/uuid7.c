/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Ids that sort by the time they were made: 48 bits of milliseconds, 12 bits of counter, 62 bits of
 * chance (RFC 9562 section 5.7, monotonicity by method 1 of section 6.2). Rising ids make the index
 * of transfers grow at its end instead of everywhere, which is worth a factor of sixteen there.
 *
 * Within a millisecond the counter starts at a random value below half its range and counts up. A
 * counter that runs over borrows the next millisecond, so a maker that is driven faster than four
 * ids per microsecond, or whose clock goes back, runs ahead of the clock and lets it catch up. A
 * clock that went back by more than AHEAD_MS_MAX had been wrong and was set right: the maker starts
 * anew with it, because ids from a day ahead are refused (header_check.c). They rise no more there;
 * the chance in them still makes each the only one.
 *
 * Cannot fail; the entropy never does.
 */
#include <stdbool.h>

#include "uuid7.h"

#define COUNTER_MAX        0x0FFFu
#define COUNTER_START_MASK 0x07FFu
#define TIME_MASK          0xFFFFFFFFFFFFLL
#define AHEAD_MS_MAX       (12 * 60 * 60 * 1000LL)

/* Moves the maker to a place it never was at. */
static void step(struct uuid7 *maker, int64_t now_ms, uint16_t chance)
{
    bool set_right = now_ms < maker->last_ms - AHEAD_MS_MAX;
    bool same_ms = now_ms <= maker->last_ms && !set_right;
    if (same_ms && maker->counter < COUNTER_MAX) {
        maker->counter++;
        return;
    }
    maker->last_ms = same_ms ? maker->last_ms + 1 : now_ms;
    maker->counter = chance & COUNTER_START_MASK;
}

struct lt_id uuid7_next(struct uuid7 *maker, const struct lt_clock *clock,
                        const struct lt_entropy *entropy)
{
    struct lt_id id;
    uint8_t chance[10];
    entropy->fill(entropy->self, chance, sizeof(chance));
    step(maker, clock->wall_ms(clock->self) & TIME_MASK, (uint16_t)(chance[0] << 8 | chance[1]));

    uint64_t ms = (uint64_t)maker->last_ms;
    for (int i = 5; i >= 0; i--) {
        id.bytes[i] = (uint8_t)ms;
        ms >>= 8;
    }
    id.bytes[6] = (uint8_t)(0x70 | maker->counter >> 8);
    id.bytes[7] = (uint8_t)maker->counter;
    for (int i = 8; i < 16; i++) {
        id.bytes[i] = chance[i - 6];
    }
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3F));
    return id;
}
