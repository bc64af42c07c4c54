/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The whole of state.mdb, looked at once after each start. A value that is read carries its own
 * checksum (checked.c); what nobody reads that way is an entry that is missing, because a bit of
 * its key or of a page above it is another. To a lookup that is "not there", which is an answer,
 * and a wrong one: a transfer that came before would come in again.
 *
 * So every entry of every tree is visited in order: its key lies behind the one before, its sum
 * fits, a lookup from the root finds it, and there are as many as the tree says it has. A small
 * state is walked before anybody is served, in one snapshot. A large one is served at once and
 * walked beside that by a thread, a piece at a time with a pause between, so that no snapshot grows
 * old; entries come and go meanwhile, so there they are not counted.
 *
 * LMDB itself ends the process on some damaged pages. Before a small state is walked a file says
 * that it is suspect, and it is removed afterwards: dying in between makes the next start fold anew
 * instead of dying again.
 */
#include <string.h>

#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "state_private.h"

#define PIECE_ENTRIES 4096
#define PAUSE_MS      20

struct place {
    uint8_t key[STATE_KEY_MAX];
    size_t size; /* 0: before the first */
    uint64_t seen;
    bool end;
};

/* One entry where the cursor stands; it becomes the last one seen. */
static enum lt_status look_at(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                              struct lt_bytes value, struct place *place)
{
    struct lt_bytes found;
    struct lt_bytes before = {place->key, place->size};
    if (key.size == 0 || key.size > STATE_KEY_MAX || bytes_compare(key, before) <= 0 ||
        checked_value(key, value, &found) != LT_OK) {
        return LT_DAMAGED;
    }
    enum lt_status status = store_get(txn, tree, key, &found);
    if (status != LT_OK || found.data != value.data) {
        return status == LT_OK || status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    memcpy(place->key, key.data, key.size);
    place->size = key.size;
    place->seen++;
    return LT_OK;
}

/* Up to `most` entries behind the place. */
static enum lt_status walk_piece(struct store_txn *txn, struct store_tree tree, uint64_t most,
                                 struct place *place)
{
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes value;
    struct lt_bytes from = {place->key, place->size};
    enum lt_status status = store_cursor_open(txn, tree, &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, from, &key, &value);
    if (status == LT_OK && from.size > 0 && bytes_equal(key, from)) {
        status = store_next(&cursor, &key, &value);
    }
    for (uint64_t i = 0; status == LT_OK && i < most; i++) {
        status = look_at(txn, tree, key, value, place);
        if (status == LT_OK) {
            status = store_next(&cursor, &key, &value);
        }
    }
    store_cursor_close(&cursor);
    place->end = status == LT_NOT_FOUND;
    return place->end ? LT_OK : status;
}

static enum lt_status walk_tree(struct store_txn *txn, struct store_tree tree)
{
    struct place place = {.size = 0};
    enum lt_status status = walk_piece(txn, tree, UINT64_MAX, &place);
    return status == LT_OK && place.seen != store_count(txn, tree) ? LT_DAMAGED : status;
}

enum lt_status walk_whole(struct state *state, struct fault *fault)
{
    struct store_txn txn;
    enum lt_status status = suspect_put(state, "walk", fault);
    if (status != LT_OK) {
        return status;
    }
    status = store_begin(state->store, false, &txn);
    int tree = 0;
    while (status == LT_OK && tree < STATE_TREES_END) {
        status = walk_tree(&txn, state->trees[tree]);
        tree += status == LT_OK;
    }
    store_abort(&txn);
    if (status != LT_OK) {
        return fault_set(fault, status, "state.mdb", "tree %s has an entry that is not right",
                         state_tree_names[tree < STATE_TREES_END ? tree : 0]);
    }
    state_suspect_forget(state);
    return LT_OK;
}

/* ---- beside the service ---- */

static enum lt_status one_piece(struct state *state, enum state_tree tree, struct place *place)
{
    struct store_txn txn;
    enum lt_status status = store_begin(state->store, false, &txn);
    if (status == LT_OK) {
        status = walk_piece(&txn, state->trees[tree], PIECE_ENTRIES, place);
        store_abort(&txn);
    }
    return status;
}

static void *walk_run(void *self)
{
    struct state *state = self;
    struct walker *walker = &state->walker;
    struct place place = {.size = 0};
    uint64_t entries = 0;
    int tree = 0;
    while (tree < STATE_TREES_END && !atomic_load(&walker->stop)) {
        enum lt_status status = one_piece(state, (enum state_tree)tree, &place);
        if (status == LT_DAMAGED) {
            status = state_read_wrong(state, (enum state_tree)tree);
        }
        if (status != LT_OK) {
            log_warn("state-walk-ended", "tree=%s status=%s", state_tree_names[tree],
                     lt_code(status));
            return NULL;
        }
        if (place.end) {
            entries += place.seen;
            place = (struct place){.size = 0};
            tree++;
        }
        (void)queue_wait(walker->rest, PAUSE_MS);
    }
    if (tree == STATE_TREES_END) {
        log_info("state-walked", "entries=%llu", (unsigned long long)entries);
    }
    return NULL;
}

enum lt_status walk_start(struct state *state)
{
    struct walker *walker = &state->walker;
    atomic_init(&walker->stop, false);
    enum lt_status status = queue_open(&walker->rest, 1);
    if (status == LT_OK && pthread_create(&walker->thread, NULL, walk_run, state) != 0) {
        queue_close(&walker->rest);
        status = LT_NO_MEMORY;
    }
    walker->runs = status == LT_OK;
    return status;
}

void walk_stop(struct state *state)
{
    struct walker *walker = &state->walker;
    if (!walker->runs) {
        return;
    }
    atomic_store(&walker->stop, true);
    queue_stop(walker->rest);
    pthread_join(walker->thread, NULL);
    queue_close(&walker->rest);
    walker->runs = false;
}
