/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_DISK_TREND_H
#define BROKER_CORE_DISK_TREND_H

#include <stdint.h>

/*
 * How long the disk lasts at the pace of the last hours: free bytes, sampled every
 * TREND_EVERY_MS, over TREND_SAMPLES of them. Fewer than TREND_LEAST_MS say nothing, nor does a
 * disk that does not fill. Nothing is kept over a restart.
 */
#define TREND_EVERY_MS (10LL * 60 * 1000)
#define TREND_SAMPLES  36 /* six hours */
#define TREND_LEAST_MS (60LL * 60 * 1000)
#define TREND_NEVER    (-1LL)

struct disk_trend {
    struct {
        int64_t mono_ms;
        uint64_t free_bytes;
    } samples[TREND_SAMPLES]; /* a ring, `next` is the oldest when it is full */
    uint32_t count;
    uint32_t next;
};

/* At every look at the disk; takes a sample when one is due. */
void disk_trend_look(struct disk_trend *trend, int64_t mono_ms, uint64_t free_bytes);

/* Milliseconds until only `low_bytes` are free; 0: that is so now; TREND_NEVER. */
int64_t disk_trend_left(const struct disk_trend *trend, int64_t mono_ms, uint64_t free_bytes,
                        uint64_t low_bytes);

#endif
