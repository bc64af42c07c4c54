/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An anchor ties the two clocks together; drift is measured from it. It moves along once an hour
 * while the clocks agree, so that the slow correction of a time server is never mistaken for a
 * jump, and many small jumps within the hour are still found.
 */
#include "timekeeper.h"

#include "broker/limits.h"

#define ANCHOR_MS (60LL * 60 * 1000)

static void anchor(struct timekeeper *keeper, int64_t wall_ms, int64_t mono_ms)
{
    keeper->anchor_wall_ms = wall_ms;
    keeper->anchor_mono_ms = mono_ms;
}

void timekeeper_start(struct timekeeper *keeper, int64_t last_ms, int64_t wall_ms, int64_t mono_ms)
{
    bool back = wall_ms < last_ms - CLOCK_DRIFT_MS_MAX;
    anchor(keeper, back ? last_ms : wall_ms, mono_ms);
    (void)timekeeper_now(keeper, wall_ms, mono_ms);
}

int64_t timekeeper_now(struct timekeeper *keeper, int64_t wall_ms, int64_t mono_ms)
{
    int64_t since_ms = mono_ms - keeper->anchor_mono_ms;
    int64_t ours_ms = keeper->anchor_wall_ms + since_ms;
    keeper->drift_ms = wall_ms - ours_ms;
    keeper->suspect =
        keeper->drift_ms > CLOCK_DRIFT_MS_MAX || keeper->drift_ms < -CLOCK_DRIFT_MS_MAX;
    if (keeper->suspect) {
        return ours_ms;
    }
    if (since_ms >= ANCHOR_MS) {
        anchor(keeper, wall_ms, mono_ms);
    }
    return wall_ms;
}

void timekeeper_confirm(struct timekeeper *keeper, int64_t wall_ms, int64_t mono_ms)
{
    anchor(keeper, wall_ms, mono_ms);
    (void)timekeeper_now(keeper, wall_ms, mono_ms);
}
