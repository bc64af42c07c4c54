/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_BUCKET_H
#define PROTO_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A cap in bytes per second that lets large pieces through: whoever is not in debt may take a piece
 * of any size and pays it back with time. What is not used is kept for at most one second. A rate
 * of 0 is no cap. The rate may change from call to call.
 */
struct bucket {
    int64_t at_ms; /* monotonic time of the last look */
    int64_t bytes; /* negative: in debt */
    bool begun;
};

/* Takes `bytes` and says yes, or says no and takes nothing. */
bool bucket_take(struct bucket *bucket, uint64_t bytes_per_s, int64_t mono_ms, uint64_t bytes);

/* Milliseconds until the next yes, 0: now. */
int64_t bucket_wait_ms(struct bucket *bucket, uint64_t bytes_per_s, int64_t mono_ms);

/* True when nothing is owed and nothing more can be saved: the bucket may be forgotten. */
bool bucket_full(struct bucket *bucket, uint64_t bytes_per_s, int64_t mono_ms);

#endif
