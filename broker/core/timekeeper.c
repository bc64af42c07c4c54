/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An anchor ties the two clocks together; drift is measured from it. It moves along once an hour
 * while the clocks agree, so that the slow correction of a time server is never mistaken for a
 * jump, and many small jumps within the hour are still found.
 *
 * Facts are never stamped earlier than the fact before (journal time), and what became due is due
 * from its fact's stamp on. So time that went back, if only by the seconds of a correction, would
 * hold up everything that comes in meanwhile: it goes on at half its speed instead.
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
    keeper->told_ms = wall_ms > last_ms ? wall_ms : last_ms;
    keeper->told_mono_ms = mono_ms;
    (void)timekeeper_now(keeper, wall_ms, mono_ms);
}

/* What is told next when the clocks say `right_ms`. */
static int64_t tell(struct timekeeper *keeper, int64_t right_ms, int64_t mono_ms)
{
    int64_t half_ms = (mono_ms - keeper->told_mono_ms) / 2;
    if (right_ms >= keeper->told_ms + half_ms) {
        keeper->told_ms = right_ms;
        keeper->told_mono_ms = mono_ms;
    } else {
        keeper->told_ms += half_ms;
        keeper->told_mono_ms += 2 * half_ms;
    }
    return keeper->told_ms;
}

int64_t timekeeper_now(struct timekeeper *keeper, int64_t wall_ms, int64_t mono_ms)
{
    int64_t since_ms = mono_ms - keeper->anchor_mono_ms;
    int64_t ours_ms = keeper->anchor_wall_ms + since_ms;
    keeper->drift_ms = wall_ms - ours_ms;
    keeper->suspect =
        keeper->drift_ms > CLOCK_DRIFT_MS_MAX || keeper->drift_ms < -CLOCK_DRIFT_MS_MAX;
    if (keeper->suspect) {
        return tell(keeper, ours_ms, mono_ms);
    }
    if (since_ms >= ANCHOR_MS) {
        anchor(keeper, wall_ms, mono_ms);
    }
    return tell(keeper, wall_ms, mono_ms);
}

void timekeeper_confirm(struct timekeeper *keeper, int64_t wall_ms, int64_t mono_ms)
{
    anchor(keeper, wall_ms, mono_ms);
    (void)timekeeper_now(keeper, wall_ms, mono_ms);
}
