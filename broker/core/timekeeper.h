/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_TIMEKEEPER_H
#define BROKER_CORE_TIMEKEEPER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The time of the axis. It is the wall clock as long as that goes with the monotonic one; when it
 * has left it by more than CLOCK_DRIFT_MS_MAX the wall clock is suspect and time goes on by the
 * monotonic one, so that a jump neither expires anything nor holds a retry back. It is over when
 * the clocks agree again, or when a person says that the wall clock is right. It never goes back:
 * where the clocks stand behind what was told, it goes at half speed until they have caught up.
 */
struct timekeeper {
    int64_t anchor_wall_ms;
    int64_t anchor_mono_ms;
    int64_t drift_ms; /* wall clock minus ours, at the last look */
    bool suspect;
    int64_t told_ms; /* at the last look, or journal time at the start */
    int64_t told_mono_ms;
};

/* `last_ms`: journal time at the end of the last life. A wall clock that stands before it by more
 * than the bound is suspect from the start. */
void timekeeper_start(struct timekeeper *keeper, int64_t last_ms, int64_t wall_ms, int64_t mono_ms);

/* Milliseconds since the epoch; looks at both clocks once. */
int64_t timekeeper_now(struct timekeeper *keeper, int64_t wall_ms, int64_t mono_ms);

/* The wall clock is right. */
void timekeeper_confirm(struct timekeeper *keeper, int64_t wall_ms, int64_t mono_ms);

#endif
