/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_HARNESS_SLOW_VERIFIER_H
#define TESTS_HARNESS_SLOW_VERIFIER_H

#include "broker/flow/verify.h"
#include "broker/limits.h"
#include "world.h"

/*
 * A verifier in virtual time: the checks are the real ones, but each submission comes back when its
 * own delay is over, in whatever order that makes, and now and then there is no room. Delays come
 * from a script, in the order of put, and behind its end from the world's chance.
 */
struct slow_job {
    struct submission *submission;
    int64_t due_ms;
};

struct slow_verifier {
    struct world *world;
    struct world_random random;
    struct verify_tools tools;
    struct slow_job jobs[VERIFY_FRAMES_MAX];
    uint32_t count;
    uint64_t put; /* so many were taken in */

    /* the test's to set */
    size_t inline_bytes;
    uint32_t delay_ms_max;
    uint32_t full_permille;
    const int64_t *script;
    uint32_t script_count;
};

LT_CHECK enum lt_status slow_verifier_init(struct slow_verifier *slow, struct world *world,
                                           uint64_t owner);
void slow_verifier_deinit(struct slow_verifier *slow);

/* For one broker after the other: closing it forgets what was on its way. */
struct verifier slow_verifier_door(struct slow_verifier *slow);

#endif
