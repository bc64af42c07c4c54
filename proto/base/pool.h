/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_POOL_H
#define PROTO_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <lienthong/status.h>

/*
 * A fixed number of equal objects, allocated once at start. pool_take gives a cleared object or
 * NULL when the pool is dry (a limit, to be answered with "busy"). Freed objects rest until
 * pool_turn, so that a late user within the same turn cannot meet a new owner.
 */
struct pool {
    const char *name; /* of the budget line in the log */
    uint8_t *memory;
    uint32_t *free_slots;
    uint32_t *resting;
    uint8_t *taken; /* by slot: 1 while somebody holds it; giving twice stops the program */
    uint32_t free_count;
    uint32_t resting_count;
    uint32_t capacity;
    uint32_t high_water;
    size_t object_bytes;
};

enum lt_status pool_init(struct pool *pool, const char *name, size_t object_bytes,
                         uint32_t capacity);
void pool_deinit(struct pool *pool);
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool, void *object);
void pool_turn(struct pool *pool); /* resting objects become free */
uint32_t pool_used(const struct pool *pool);

#endif
