/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A token bucket that runs into debt instead of splitting pieces: a chunk of 256 KiB must pass a
 * cap of 32 KiB/s, whole, once every eight seconds. Both ends of the blob port pace themselves with
 * it, the broker per agency and the adapter on its own line.
 *
 * It starts out of debt, so that the first piece never waits. Times come from the caller's
 * monotonic clock; one that stands still gives nothing.
 */
#include <assert.h>

#include "bucket.h"

#define DEBT_MAX      (INT64_MAX / 4)
#define RATE_MAX      (UINT64_C(1) << 40) /* above: as good as none */
#define PASSED_MS_MAX 600000

static void refill(struct bucket *bucket, uint64_t bytes_per_s, int64_t mono_ms)
{
    if (bytes_per_s > RATE_MAX) {
        bytes_per_s = RATE_MAX;
    }
    int64_t cap = (int64_t)bytes_per_s;
    if (!bucket->begun) {
        bucket->begun = true;
        bucket->bytes = 1;
        bucket->at_ms = mono_ms;
    }
    int64_t passed_ms = mono_ms - bucket->at_ms;
    if (passed_ms <= 0) {
        return;
    }
    /* Bounded, so that no product overflows. */
    int64_t counted_ms = passed_ms < PASSED_MS_MAX ? passed_ms : PASSED_MS_MAX;
    int64_t gained = (int64_t)(bytes_per_s * (uint64_t)counted_ms / 1000);
    if (gained == 0) {
        return;
    }
    bucket->bytes = bucket->bytes + gained < cap ? bucket->bytes + gained : cap;
    bucket->at_ms = mono_ms;
}

bool bucket_take(struct bucket *bucket, uint64_t bytes_per_s, int64_t mono_ms, uint64_t bytes)
{
    if (bytes_per_s == 0) {
        return true;
    }
    assert(bytes < DEBT_MAX);
    refill(bucket, bytes_per_s, mono_ms);
    if (bucket->bytes <= 0) {
        return false;
    }
    bucket->bytes -= (int64_t)bytes;
    return true;
}

int64_t bucket_wait_ms(struct bucket *bucket, uint64_t bytes_per_s, int64_t mono_ms)
{
    if (bytes_per_s == 0) {
        return 0;
    }
    refill(bucket, bytes_per_s, mono_ms);
    if (bucket->bytes > 0) {
        return 0;
    }
    uint64_t owed = (uint64_t)-bucket->bytes + 1;
    return (int64_t)(owed * 1000 / bytes_per_s) + 1;
}

bool bucket_full(struct bucket *bucket, uint64_t bytes_per_s, int64_t mono_ms)
{
    if (bytes_per_s == 0) {
        return true;
    }
    refill(bucket, bytes_per_s, mono_ms);
    return bucket->bytes >= (int64_t)(bytes_per_s < RATE_MAX ? bytes_per_s : RATE_MAX);
}
