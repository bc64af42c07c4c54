/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_TRAIL_H
#define BROKER_CORE_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>

/*
 * What the broker was at when it crashed. A page of memory shared with a small file: a process that
 * dies loses nothing of it, and noting costs a few stores. The signal handler of a real crash
 * (SIGSEGV, SIGABRT, ...) marks it; a kill from outside does not, so nobody is blamed for it.
 *
 * Crashes of the last TRAIL_WINDOW_MS that have the same cause three times are a loop. The cause is
 * then set aside at the next start: an agency is shielded, a fact is passed over, and everyone else
 * is served.
 */
#define TRAIL_CRASHES   3
#define TRAIL_WINDOW_MS 60000

enum trail_place {
    TRAIL_NOWHERE = 0,
    TRAIL_FOLD = 1,  /* folding the fact at a position, at start */
    TRAIL_FRAME = 2, /* a frame of an agency, position being the last one staged */
};

struct trail_crash {
    int64_t time_ms; /* wall */
    uint32_t place;  /* enum trail_place */
    uint32_t agency;
    uint64_t position;
};

struct trail;

/* Opens or makes the file; what the last life left there becomes a crash of the list. A file that
 * does not read is begun anew: it is a hint, no truth. LT_IO. */
LT_CHECK enum lt_status trail_open(struct trail **ret_trail, const char *path, struct fault *fault);
void trail_close(struct trail **trail_p);

/* Where the broker is now. */
void trail_at(struct trail *trail, enum trail_place place, uint32_t agency, uint64_t position);

/* From the handler of a crash: async-signal-safe. */
void trail_crashed(struct trail *trail, int64_t now_ms);

/* True: the last crashes are a loop, and *ret_cause says of what. */
bool trail_loop(const struct trail *trail, int64_t now_ms, struct trail_crash *ret_cause);

/* The cause was set aside: the list begins anew. */
void trail_forget(struct trail *trail);

#endif
