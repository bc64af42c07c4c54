/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Memory that is handed out by moving a mark and given back all at once: one arena per turn, one
 * per generation of the overlay. It exists so that the hot path neither frees single objects nor
 * forgets one.
 *
 * Chunks hang on one chain from the first; `current` is the one with the most room at its end. An
 * allocation that is larger than a chunk gets a chunk of its own and leaves `current` where it is.
 * The cap counts the bytes handed out (rounded to 16), not the tails of chunks, so that reaching it
 * does not depend on how allocations happened to fall.
 *
 * Past the cap, or when the system gives no memory, the answer is NULL and the arena stays usable.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define ALIGNMENT 16u

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of memory[] */
    size_t used;
    _Alignas(ALIGNMENT) uint8_t memory[];
};

_Static_assert(sizeof(struct arena_chunk) % ALIGNMENT == 0, "memory[] must start aligned");

static struct arena_chunk *chunk_new(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct arena_chunk)) {
        return NULL;
    }
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);
    if (chunk != NULL) {
        chunk->next = NULL;
        chunk->size = size;
        chunk->used = 0;
    }
    return chunk;
}

static void chunks_free(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

static size_t chunk_room(const struct arena_chunk *chunk)
{
    return chunk->size - chunk->used;
}

enum lt_status arena_init(struct arena *arena, size_t chunk_bytes, size_t cap)
{
    assert(chunk_bytes > 0);
    struct arena_chunk *first = chunk_new(chunk_bytes);
    if (first == NULL) {
        return LT_NO_MEMORY;
    }
    arena->first = first;
    arena->current = first;
    arena->used = 0;
    arena->cap = cap;
    arena->chunk_bytes = chunk_bytes;
    return LT_OK;
}

void arena_deinit(struct arena *arena)
{
    chunks_free(arena->first);
    memset(arena, 0, sizeof(*arena));
}

void arena_reset(struct arena *arena)
{
    chunks_free(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->current = arena->first;
    arena->used = 0;
}

/* A chunk with room for `size` bytes, or NULL. */
static struct arena_chunk *chunk_for(struct arena *arena, size_t size)
{
    if (chunk_room(arena->current) >= size) {
        return arena->current;
    }
    struct arena_chunk *chunk = chunk_new(size > arena->chunk_bytes ? size : arena->chunk_bytes);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->next = arena->first->next;
    arena->first->next = chunk;
    if (chunk_room(chunk) - size > chunk_room(arena->current)) {
        arena->current = chunk;
    }
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    /* An empty allocation has an address of its own, too. */
    size_t rounded = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded > arena->cap - arena->used) {
        return NULL;
    }
    struct arena_chunk *chunk = chunk_for(arena, rounded);
    if (chunk == NULL) {
        return NULL;
    }
    void *memory = chunk->memory + chunk->used;
    chunk->used += rounded;
    arena->used += rounded;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    void *memory = arena_alloc(arena, size);
    if (memory != NULL) {
        memset(memory, 0, size);
    }
    return memory;
}

struct lt_bytes arena_copy(struct arena *arena, struct lt_bytes bytes)
{
    uint8_t *copy = bytes.size < SIZE_MAX ? arena_alloc(arena, bytes.size + 1) : NULL;
    if (copy == NULL) {
        return (struct lt_bytes){NULL, 0};
    }
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    copy[bytes.size] = 0;
    return (struct lt_bytes){copy, bytes.size};
}
