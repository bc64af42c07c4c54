/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Ordered scans over the overlay and the disk as if they were one tree: a place in each generation
 * and one in state.mdb, and at each step the smallest key among them. Where several have that key
 * the newest says what it is worth; a tombstone takes it out. All the others move past it.
 *
 * There is one scan at a time, and one cursor per tree that is kept over the turns and renewed when
 * it is used first within a snapshot. Putting, folding and the turn end a scan; stepping one that
 * has ended is our own mistake and asserted.
 */
#include <assert.h>
#include <string.h>

#include "proto/base/text.h"
#include "state_private.h"

#define FROM_NOWHERE UINT32_MAX
#define FROM_DISK    (UINT32_MAX - 1)

static enum lt_status cursor_ready(struct state *state, enum state_tree tree)
{
    enum cursor_age *age = &state->cursor_ages[tree];
    struct store_cursor *cursor = &state->cursors[tree];
    enum lt_status status = LT_OK;
    if (*age == CURSOR_NONE) {
        status = store_cursor_open(&state->txn, state->trees[tree], cursor);
    } else if (*age == CURSOR_OLD) {
        status = store_cursor_renew(cursor);
    }
    if (status == LT_OK) {
        *age = CURSOR_READY;
    }
    return status;
}

/* What the cursor has found on the disk; LT_NOT_FOUND is the end of its part. */
static enum lt_status stored_is(struct state *state, enum lt_status found, struct lt_bytes value)
{
    struct scan *scan = &state->scan;
    enum lt_status status = found;
    scan->stored_found = found == LT_OK;
    if (status == LT_OK) {
        status = checked_value(scan->stored_key, value, &scan->stored_value);
    } else if (status == LT_NOT_FOUND) {
        return LT_OK;
    }
    return status == LT_DAMAGED ? state_read_wrong(state, scan->tree) : status;
}

static enum lt_status stored_step(struct state *state)
{
    struct scan *scan = &state->scan;
    struct lt_bytes value = {NULL, 0};
    enum lt_status found = store_next(&state->cursors[scan->tree], &scan->stored_key, &value);
    return stored_is(state, found, value);
}

/* Who has the smallest key; of equals the newest. */
static uint32_t smallest(const struct state *state, struct lt_bytes *ret_key)
{
    const struct scan *scan = &state->scan;
    uint32_t who = FROM_NOWHERE;
    for (uint32_t i = 0; i < state->row_count; i++) {
        if (scan->nodes[i] == NULL) {
            continue;
        }
        struct lt_bytes key = tree_at(scan->nodes[i]).key;
        if (who == FROM_NOWHERE || bytes_compare(key, *ret_key) < 0) {
            who = i;
            *ret_key = key;
        }
    }
    if (scan->stored_found &&
        (who == FROM_NOWHERE || bytes_compare(scan->stored_key, *ret_key) < 0)) {
        who = FROM_DISK;
        *ret_key = scan->stored_key;
    }
    return who;
}

/* Every place that stands at the key goes on to its next one. */
static enum lt_status pass(struct state *state, struct lt_bytes key)
{
    struct scan *scan = &state->scan;
    for (uint32_t i = 0; i < state->row_count; i++) {
        if (scan->nodes[i] != NULL && bytes_equal(tree_at(scan->nodes[i]).key, key)) {
            scan->nodes[i] = tree_next(scan->nodes[i]);
        }
    }
    if (scan->stored_found && bytes_equal(scan->stored_key, key)) {
        return stored_step(state);
    }
    return LT_OK;
}

static bool in_part(const struct scan *scan, struct lt_bytes key)
{
    return scan->part_size == 0 ||
           (key.size >= scan->part_size && memcmp(key.data, scan->part, scan->part_size) == 0);
}

static enum lt_status next_entry(struct state *state, struct state_entry *ret_entry)
{
    for (;;) {
        struct lt_bytes key = {NULL, 0};
        uint32_t who = smallest(state, &key);
        if (who == FROM_NOWHERE || !in_part(&state->scan, key)) {
            state->scan.active = false;
            *ret_entry = (struct state_entry){.found = false};
            return LT_OK;
        }
        /* Taken before the step: values on disk stay in the map, those of nodes in their arena. */
        struct lt_bytes value =
            who == FROM_DISK ? state->scan.stored_value : tree_at(state->scan.nodes[who]).value;
        enum lt_status status = pass(state, key);
        if (status != LT_OK) {
            state->scan.active = false;
            return status;
        }
        if (who == FROM_DISK || value.data != NULL) {
            *ret_entry = (struct state_entry){.found = true, .key = key, .value = value};
            return LT_OK;
        }
    }
}

enum lt_status state_seek(struct state *state, enum state_tree tree, struct lt_bytes from,
                          struct state_entry *ret_entry)
{
    return state_seek_part(state, tree, from, 0, ret_entry);
}

enum lt_status state_seek_part(struct state *state, enum state_tree tree, struct lt_bytes from,
                               size_t same, struct state_entry *ret_entry)
{
    assert(tree < STATE_TREES_END && same <= from.size && same <= STATE_KEY_MAX);
    struct scan *scan = &state->scan;
    scan->active = false;
    scan->tree = tree;
    scan->part_size = same;
    if (same > 0) {
        memcpy(scan->part, from.data, same);
    }
    for (uint32_t i = 0; i < state->row_count; i++) {
        scan->nodes[i] = tree_seek(&state->row[i]->trees[tree], from);
    }
    enum lt_status status = cursor_ready(state, tree);
    if (status != LT_OK) {
        return status;
    }
    struct lt_bytes value = {NULL, 0};
    status = store_seek(&state->cursors[tree], from, &scan->stored_key, &value);
    status = stored_is(state, status, value);
    if (status != LT_OK) {
        return status;
    }
    scan->active = true;
    return next_entry(state, ret_entry);
}

enum lt_status state_step(struct state *state, struct state_entry *entry)
{
    assert(state->scan.active);
    return next_entry(state, entry);
}
