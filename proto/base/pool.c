/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Equal objects in one block, allocated at start and never after: sessions, transfers in flight,
 * frames. A dry pool is a limit that was reached and is answered with "busy"; it is not an error
 * and costs nothing to find out.
 *
 * An object that is given back rests until pool_turn. Within one turn several steps may hold a
 * pointer to it; they meet a dead object then, never somebody else's. Slots are reused last in,
 * first out, which keeps the warm ones warm and depends on nothing but the order of calls.
 *
 * Giving an object that is not of the pool, or giving it twice, stops the program.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pool.h"

#define ALIGNMENT 16u

static enum lt_status allocate(struct pool *pool)
{
    pool->memory = calloc(pool->capacity, pool->object_bytes);
    pool->free_slots = calloc(pool->capacity, sizeof(pool->free_slots[0]));
    pool->resting = calloc(pool->capacity, sizeof(pool->resting[0]));
    pool->taken = calloc(pool->capacity, sizeof(pool->taken[0]));
    if (pool->memory == NULL || pool->free_slots == NULL || pool->resting == NULL ||
        pool->taken == NULL) {
        pool_deinit(pool);
        return LT_NO_MEMORY;
    }
    return LT_OK;
}

enum lt_status pool_init(struct pool *pool, const char *name, size_t object_bytes,
                         uint32_t capacity)
{
    assert(object_bytes > 0 && object_bytes <= SIZE_MAX - ALIGNMENT && capacity > 0);
    memset(pool, 0, sizeof(*pool));
    pool->name = name;
    pool->capacity = capacity;
    pool->object_bytes = (object_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    enum lt_status status = allocate(pool);
    if (status != LT_OK) {
        return status;
    }
    /* The first slot is taken first. */
    for (uint32_t i = 0; i < capacity; i++) {
        pool->free_slots[i] = capacity - 1 - i;
    }
    pool->free_count = capacity;
    log_debug("budget", "pool=%s objects=%u bytes=%zu", name, capacity,
              pool->object_bytes * capacity);
    return LT_OK;
}

void pool_deinit(struct pool *pool)
{
    free(pool->memory);
    free(pool->free_slots);
    free(pool->resting);
    free(pool->taken);
    memset(pool, 0, sizeof(*pool));
}

void *pool_take(struct pool *pool)
{
    if (pool->free_count == 0) {
        return NULL;
    }
    uint32_t slot = pool->free_slots[--pool->free_count];
    assert(pool->taken[slot] == 0);
    pool->taken[slot] = 1;
    if (pool_used(pool) > pool->high_water) {
        pool->high_water = pool_used(pool);
    }
    void *object = pool->memory + slot * pool->object_bytes;
    memset(object, 0, pool->object_bytes);
    return object;
}

void pool_give(struct pool *pool, void *object)
{
    size_t offset = (size_t)((uint8_t *)object - pool->memory);
    size_t slot = offset / pool->object_bytes;
    assert(slot < pool->capacity && slot * pool->object_bytes == offset);
    assert(pool->taken[slot] == 1);
    pool->taken[slot] = 0;
    pool->resting[pool->resting_count++] = (uint32_t)slot;
}

void pool_turn(struct pool *pool)
{
    while (pool->resting_count > 0) {
        pool->free_slots[pool->free_count++] = pool->resting[--pool->resting_count];
    }
}

uint32_t pool_used(const struct pool *pool)
{
    return pool->capacity - pool->free_count - pool->resting_count;
}
