/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_ARENA_H
#define PROTO_BASE_ARENA_H

#include <stddef.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Bump memory with a hard cap, freed as a whole: one per turn, one per overlay generation. Grows by
 * chunks up to `cap`; arena_reset keeps the first chunk for reuse and gives the others back.
 */
struct arena_chunk;
struct arena {
    struct arena_chunk *first;
    struct arena_chunk *current;
    size_t used; /* bytes handed out since the last reset */
    size_t cap;  /* most bytes that may be handed out */
    size_t chunk_bytes;
};

/* Allocates the first chunk; LT_NO_MEMORY. */
enum lt_status arena_init(struct arena *arena, size_t chunk_bytes, size_t cap);
void arena_deinit(struct arena *arena);
void arena_reset(struct arena *arena);

/* `size` bytes aligned to 16, not cleared; NULL past the cap or when the system has none. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t size);

/* A copy of the bytes with a NUL behind them; data NULL when there is no room. */
struct lt_bytes arena_copy(struct arena *arena, struct lt_bytes bytes);

#endif
