/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Latencies in a fixed table: the first 64 buckets are one microsecond wide, each following
 * doubling is cut into 64 equal parts. Adding is a shift and an increment; a quantile is one walk
 * and answers with the middle of its bucket, wrong by at most 0.8 %.
 */
#include "histogram.h"

static uint32_t bucket_of(uint64_t us)
{
    if (us < HISTOGRAM_SPLIT) {
        return (uint32_t)us;
    }
    uint32_t doubling = 63U - (uint32_t)__builtin_clzll(us) - 5U; /* 1 for 64..127 */
    uint64_t part = (us >> (doubling - 1)) - HISTOGRAM_SPLIT;
    uint64_t bucket = (uint64_t)doubling * HISTOGRAM_SPLIT + part;
    return bucket < HISTOGRAM_BUCKETS ? (uint32_t)bucket : HISTOGRAM_BUCKETS - 1;
}

static double middle_us(uint32_t bucket)
{
    uint32_t doubling = bucket / HISTOGRAM_SPLIT;
    uint32_t part = bucket % HISTOGRAM_SPLIT;
    if (doubling == 0) {
        return part;
    }
    double width = (double)(1ULL << (doubling - 1));
    return width * (HISTOGRAM_SPLIT + part) + (width - 1) / 2;
}

void histogram_add(struct histogram *histogram, int64_t us)
{
    histogram->buckets[bucket_of(us < 0 ? 0 : (uint64_t)us)]++;
    histogram->count++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        into->buckets[i] += from->buckets[i];
    }
    into->count += from->count;
}

double histogram_ms(const struct histogram *histogram, uint32_t permille)
{
    uint64_t wanted = (histogram->count * permille + 999) / 1000;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > 0 && seen >= wanted) {
            return middle_us(i) / 1000;
        }
    }
    return 0;
}
