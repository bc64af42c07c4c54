/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The overlay: what facts have changed and the disk does not show yet, as a row of generations, the
 * newest first. Folding writes the open one; a lookup asks the row from the front and then the
 * snapshot of state.mdb, so the last change wins and a tombstone hides what the disk still has.
 *
 * Most keys that are asked for are in no generation, and each miss would cost a walk through a skip
 * list: so each generation has a filter of 64 KiB that says "not here" after one look. It is never
 * wrong about that; what it says about "here" is asked of the tree.
 *
 * A generation is sealed when it holds enough facts or bytes or is old enough, between two facts
 * and never within one. It lives in one arena and goes as a whole when the applied position read
 * inside the core's snapshot has passed it. When all places in the row are taken nothing is sealed
 * and the open one grows to its cap; past that the fold fails with LT_NO_MEMORY. state_room says
 * "busy" long before.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "state_private.h"

/* ---- generations ---- */

size_t generation_bytes(const struct generation *generation)
{
    return generation->arena.used;
}

static struct generation *generation_new(void)
{
    struct generation *generation = calloc(1, sizeof(*generation));
    if (generation == NULL) {
        return NULL;
    }
    if (arena_init(&generation->arena, GENERATION_CHUNK_BYTES, STATE_GENERATION_BYTES_MAX) !=
        LT_OK) {
        free(generation);
        return NULL;
    }
    return generation;
}

/* An empty one takes its place in front of the row. */
static enum lt_status generation_begin(struct state *state, struct generation *generation)
{
    memset(generation->filter, 0, sizeof(generation->filter));
    generation->last = state->folded;
    generation->facts = 0;
    generation->handed = false;
    generation->returned = false;
    for (int i = 0; i < STATE_TREES_END; i++) {
        state->random += 0x9E3779B97F4A7C15;
        enum lt_status status = tree_init(&generation->trees[i], &generation->arena, state->random);
        if (status != LT_OK) {
            return status;
        }
    }
    memmove(state->row + 1, state->row, state->row_count * sizeof(state->row[0]));
    state->row[0] = generation;
    state->row_count++;
    return LT_OK;
}

static void generation_free(struct generation *generation)
{
    arena_deinit(&generation->arena);
    free(generation);
}

enum lt_status overlay_open(struct state *state)
{
    struct generation *generation = generation_new();
    if (generation == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = generation_begin(state, generation);
    if (status != LT_OK) {
        generation_free(generation);
    }
    return status;
}

void overlay_close(struct state *state)
{
    for (uint32_t i = 0; i < state->row_count; i++) {
        generation_free(state->row[i]);
    }
    for (uint32_t i = 0; i < state->spare_count; i++) {
        generation_free(state->spare[i]);
    }
    state->row_count = 0;
    state->spare_count = 0;
}

static bool heavy(const struct generation *generation)
{
    return generation->facts >= STATE_GENERATION_FACTS ||
           generation_bytes(generation) >= GENERATION_SEAL_BYTES;
}

bool overlay_seal_due(const struct state *state)
{
    const struct generation *open = state->row[0];
    return open->facts > 0 &&
           (heavy(open) || state->now_ms - open->opened_ms >= STATE_SEAL_AFTER_MS);
}

bool overlay_can_seal(const struct state *state)
{
    return state->row[0]->facts > 0 && state->row_count < GENERATIONS_ROOM;
}

enum lt_status overlay_seal(struct state *state)
{
    assert(overlay_can_seal(state));
    struct generation *generation =
        state->spare_count > 0 ? state->spare[--state->spare_count] : generation_new();
    if (generation == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = generation_begin(state, generation);
    if (status != LT_OK) {
        generation_free(generation);
    }
    return status;
}

/*
 * While a commit is being made LMDB may already show it to one snapshot and not to the next. So
 * what a snapshot shows counts only after the applier has come back from the commit (`returned`).
 */
void overlay_release(struct state *state)
{
    while (state->row_count > 1) {
        struct generation *oldest = state->row[state->row_count - 1];
        if (!oldest->returned || oldest->last > state->applied) {
            return;
        }
        state->row_count--;
        arena_reset(&oldest->arena);
        state->spare[state->spare_count++] = oldest;
    }
}

/* ---- filter ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ b) * 0x9E3779B97F4A7C15;
    return h ^ (h >> 29);
}

static uint64_t key_hash(enum state_tree tree, struct lt_bytes key)
{
    uint64_t h = mix((uint64_t)tree + 1, key.size);
    const uint8_t *at = key.data;
    size_t left = key.size;
    uint64_t word;
    for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        h = mix(h, word);
    }
    word = 0;
    if (left > 0) {
        memcpy(&word, at, left);
    }
    return mix(mix(h, word), 0xD1B54A32D192ED03);
}

static void filter_add(struct generation *generation, uint64_t hash)
{
    uint64_t *line = generation->filter[hash % FILTER_LINES];
    line[hash >> 61] |= 1ULL << (hash >> 55 & 63);
    line[hash >> 52 & 7] |= 1ULL << (hash >> 46 & 63);
}

static bool filter_may_have(const struct generation *generation, uint64_t hash)
{
    const uint64_t *line = generation->filter[hash % FILTER_LINES];
    return (line[hash >> 61] >> (hash >> 55 & 63) & 1) != 0 &&
           (line[hash >> 52 & 7] >> (hash >> 46 & 63) & 1) != 0;
}

/* ---- folding and looking up ---- */

void state_fold_begin(struct state *state, uint64_t position)
{
    assert(!state->folding && position == state->folded + 1);
    state->folding = true;
    state->scan.active = false;
    state->fold_status = LT_OK;
    if (heavy(state->row[0]) && overlay_can_seal(state)) {
        state->fold_status = overlay_seal(state);
    }
    struct generation *open = state->row[0];
    if (open->facts == 0) {
        open->opened_ms = state->now_ms;
    }
    open->last = position;
    open->facts++;
    state->folded = position;
}

static void keep(struct state *state, enum state_tree tree, struct lt_bytes key,
                 const struct lt_bytes *value)
{
    assert(state->folding && tree < STATE_TREES_END);
    assert(key.size > 0 && key.size <= STATE_KEY_MAX);
    state->scan.active = false;
    if (state->fold_status != LT_OK) {
        return;
    }
    struct generation *open = state->row[0];
    state->fold_status = value != NULL ? tree_put(&open->trees[tree], key, *value)
                                       : tree_delete(&open->trees[tree], key);
    if (state->fold_status == LT_OK) {
        filter_add(open, key_hash(tree, key));
    }
}

void state_put(struct state *state, enum state_tree tree, struct lt_bytes key,
               struct lt_bytes value)
{
    assert(value.size <= STATE_VALUE_MAX);
    keep(state, tree, key, &value);
}

void state_delete(struct state *state, enum state_tree tree, struct lt_bytes key)
{
    keep(state, tree, key, NULL);
}

enum lt_status state_fold_end(struct state *state)
{
    assert(state->folding);
    state->folding = false;
    return state->fold_status;
}

enum lt_status state_get(struct state *state, enum state_tree tree, struct lt_bytes key,
                         struct lt_bytes *ret_value)
{
    assert(tree < STATE_TREES_END && key.size > 0);
    uint64_t hash = key_hash(tree, key);
    for (uint32_t i = 0; i < state->row_count; i++) {
        struct tree_entry entry;
        if (!filter_may_have(state->row[i], hash) ||
            !tree_get(&state->row[i]->trees[tree], key, &entry)) {
            continue;
        }
        if (entry.value.data == NULL) {
            return LT_NOT_FOUND;
        }
        *ret_value = entry.value;
        return LT_OK;
    }
    struct lt_bytes stored;
    enum lt_status status = store_get(&state->txn, state->trees[tree], key, &stored);
    if (status == LT_OK) {
        status = checked_value(key, stored, ret_value);
    }
    return status == LT_DAMAGED ? state_read_wrong(state, tree) : status;
}
