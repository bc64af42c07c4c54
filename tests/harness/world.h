/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_HARNESS_WORLD_H
#define TESTS_HARNESS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/clock.h>

/*
 * Time and chance of a scripted world: nothing moves unless world_advance is called, and every draw
 * comes from one seed, so that a run can be repeated to the byte. Streams of chance are apart: what
 * one owner draws never changes what another gets.
 */
struct world_random {
    uint64_t state[4];
};

struct world {
    uint64_t seed;
    int64_t mono_ms;
    int64_t wall_ms;
};

/* Starts at monotonic 1,000 ms and wall clock 2026-01-05T00:00:00Z, a Monday. */
void world_init(struct world *world, uint64_t seed);
void world_advance(struct world *world, int64_t ms);
/* The wall clock jumps, forward or back; the monotonic one does not notice. */
void world_step_wall(struct world *world, int64_t ms);

/* A clock somebody in the world looks at; skewed clocks show other wall times. */
struct world_clock {
    struct world *world;
    int64_t skew_ms;
    struct lt_clock clock; /* give this away */
};
void world_clock_init(struct world_clock *clock, struct world *world, int64_t skew_ms);

/* Chance of one owner; equal world seed and equal owner number give equal bytes. */
struct world_entropy {
    struct world_random random;
    struct lt_entropy entropy; /* give this away */
};
void world_entropy_init(struct world_entropy *entropy, const struct world *world, uint64_t owner);

void world_random_init(struct world_random *random, const struct world *world, uint64_t owner);
uint64_t world_random_next(struct world_random *random);
/* 0 .. bound - 1; bound must not be 0. */
uint64_t world_random_below(struct world_random *random, uint64_t bound);
bool world_random_chance(struct world_random *random, uint32_t permille);

#endif
