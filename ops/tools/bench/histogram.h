/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_HISTOGRAM_H
#define OPS_TOOLS_BENCH_HISTOGRAM_H

#include <stdint.h>

/*
 * Durations in microseconds, counted in buckets that are at most 1/64 of their value wide, up to
 * about an hour; longer ones count as that. One writer.
 */
#define HISTOGRAM_SPLIT   64 /* buckets of one doubling */
#define HISTOGRAM_DOUBLES 26
#define HISTOGRAM_BUCKETS (HISTOGRAM_SPLIT * (HISTOGRAM_DOUBLES + 1))

struct histogram {
    uint64_t count;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, int64_t us);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The value under which `permille` of a thousand lie, in milliseconds; 0 when nothing was added. */
double histogram_ms(const struct histogram *histogram, uint32_t permille);

#endif
