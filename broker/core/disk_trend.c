/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A straight line from the oldest sample to now. Free bytes of the file system are what counts: the
 * journal, attachments, archives and whatever else lives there fill the same disk. Something large
 * that was deleted hides the growth until it has left the window: then there is room, too.
 */
#include "disk_trend.h"

#define LEFT_MS_MAX (10LL * 366 * 24 * 3600 * 1000) /* further off is never */

static uint32_t oldest(const struct disk_trend *trend)
{
    return trend->count < TREND_SAMPLES ? 0 : trend->next;
}

void disk_trend_look(struct disk_trend *trend, int64_t mono_ms, uint64_t free_bytes)
{
    uint32_t last = (trend->next + TREND_SAMPLES - 1) % TREND_SAMPLES;
    if (trend->count > 0 && mono_ms - trend->samples[last].mono_ms < TREND_EVERY_MS) {
        return;
    }
    trend->samples[trend->next].mono_ms = mono_ms;
    trend->samples[trend->next].free_bytes = free_bytes;
    trend->next = (trend->next + 1) % TREND_SAMPLES;
    trend->count += trend->count < TREND_SAMPLES ? 1 : 0;
}

int64_t disk_trend_left(const struct disk_trend *trend, int64_t mono_ms, uint64_t free_bytes,
                        uint64_t low_bytes)
{
    if (free_bytes <= low_bytes) {
        return 0;
    }
    if (trend->count == 0) {
        return TREND_NEVER;
    }
    int64_t past_ms = mono_ms - trend->samples[oldest(trend)].mono_ms;
    uint64_t then = trend->samples[oldest(trend)].free_bytes;
    if (past_ms < TREND_LEAST_MS || then <= free_bytes) {
        return TREND_NEVER;
    }
    double left_ms =
        (double)(free_bytes - low_bytes) / (double)(then - free_bytes) * (double)past_ms;
    return left_ms > (double)LEFT_MS_MAX ? TREND_NEVER : (int64_t)left_ms;
}
