/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The clock and the dice of the simulation. Time is two numbers that only the test moves; chance is
 * xoshiro256** (Blackman and Vigna) started from the seed and the owner's number through
 * splitmix64, so that streams of neighbouring owners have nothing in common.
 *
 * Not for anything that needs to be unguessable, and not for more than one thread.
 */
#include <assert.h>
#include <string.h>

#include "world.h"

#define WALL_START_MS 1767571200000LL

void world_init(struct world *world, uint64_t seed)
{
    world->seed = seed;
    world->mono_ms = 1000;
    world->wall_ms = WALL_START_MS;
}

void world_advance(struct world *world, int64_t ms)
{
    assert(ms >= 0);
    world->mono_ms += ms;
    world->wall_ms += ms;
}

void world_step_wall(struct world *world, int64_t ms)
{
    world->wall_ms += ms;
}

static int64_t clock_wall_ms(void *self)
{
    const struct world_clock *clock = self;
    return clock->world->wall_ms + clock->skew_ms;
}

static int64_t clock_mono_ms(void *self)
{
    const struct world_clock *clock = self;
    return clock->world->mono_ms;
}

void world_clock_init(struct world_clock *clock, struct world *world, int64_t skew_ms)
{
    clock->world = world;
    clock->skew_ms = skew_ms;
    clock->clock.self = clock;
    clock->clock.wall_ms = clock_wall_ms;
    clock->clock.mono_ms = clock_mono_ms;
}

static void entropy_fill(void *self, void *out, size_t size)
{
    struct world_entropy *entropy = self;
    uint8_t *at = out;
    while (size > 0) {
        uint64_t word = world_random_next(&entropy->random);
        size_t part = size < sizeof word ? size : sizeof word;
        memcpy(at, &word, part);
        at += part;
        size -= part;
    }
}

void world_entropy_init(struct world_entropy *entropy, const struct world *world, uint64_t owner)
{
    world_random_init(&entropy->random, world, owner);
    entropy->entropy.self = entropy;
    entropy->entropy.fill = entropy_fill;
}

static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

void world_random_init(struct world_random *random, const struct world *world, uint64_t owner)
{
    uint64_t state = world->seed;
    state = split_mix(&state) ^ owner;
    for (int i = 0; i < 4; i++) {
        random->state[i] = split_mix(&state);
    }
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t world_random_next(struct world_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t world_random_below(struct world_random *random, uint64_t bound)
{
    assert(bound > 0);
    /* The small bias of the remainder is of no matter to a test. */
    return world_random_next(random) % bound;
}

bool world_random_chance(struct world_random *random, uint32_t permille)
{
    /* No draw for what cannot happen: calm weather leaves the stream where it is. */
    return permille > 0 && world_random_below(random, 1000) < permille;
}
