/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * state.mdb and the turn of its overlay: opening (or setting aside what does not open), renewing
 * the core's snapshot, sealing, handing over, freeing, flushing. Lookups are in overlay.c, scans in
 * scan.c, writing to disk in applier.c.
 *
 * Nothing here is truth. A state.mdb that is damaged, foreign or of another fold version is renamed
 * aside, kept for those who want to know why, and made anew; the caller refolds from the journal.
 * What the disk cannot take yet waits in memory, bounded; what a crash loses is folded again.
 *
 * The order within the turn matters: the snapshot is renewed first and the applied position read
 * inside it, and only what that snapshot shows is freed. So at no moment is a fact in neither.
 *
 * The core keeps its snapshot all the time and gives it up in each turn and before each wait,
 * because growing the map waits for it. state_peek takes a snapshot of its own for one look.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/file.h"
#include "proto/base/log.h"
#include "state_private.h"

#define ASIDE_MAX     999
#define FLUSH_WAIT_MS 200

const char *const state_tree_names[STATE_TREES_END] = {
    [STATE_META] = "meta",
    [STATE_TRANSFERS] = "transfers",
    [STATE_POSITIONS] = "positions",
    [STATE_KEYS] = "keys",
    [STATE_DUE] = "due",
    [STATE_LANES] = "lanes",
    [STATE_PARKED] = "parked",
    [STATE_NOTICES] = "notices",
    [STATE_CASES] = "cases",
    [STATE_REGISTRY] = "registry",
    [STATE_BLOBS] = "blobs",
    [STATE_COUNTS] = "counts",
    [STATE_HEADS] = "heads",
    [STATE_HELD] = "held",
    [STATE_INCIDENTS] = "incidents",
    [STATE_PLANS] = "plans",
    [STATE_AUDIT] = "audit",
};

enum lt_status state_read_wrong(struct state *state, enum state_tree tree)
{
    enum lt_status status = state_distrust(state, state_tree_names[tree]);
    atomic_store(&state->applier.failed, (unsigned)status);
    return status;
}

/* ---- opening ---- */

static enum lt_status trees_ready(struct state *state, struct fault *fault)
{
    enum lt_status status = store_tree(state->store, "own", &state->own, fault);
    for (int i = 0; status == LT_OK && i < STATE_TREES_END; i++) {
        status = store_tree(state->store, state_tree_names[i], &state->trees[i], fault);
    }
    return status;
}

/* A new file is marked with our fold version; an old one must have it. */
static enum lt_status fold_check(struct state *state, struct fault *fault)
{
    struct store_txn txn;
    enum lt_status status = store_begin(state->store, true, &txn);
    if (status != LT_OK) {
        return fault_set(fault, status, "state.mdb", "cannot be read");
    }
    uint64_t version = 0;
    uint64_t applied = 0;
    status = own_number(&txn, state->own, FOLD_NAME, &version);
    if (status == LT_NOT_FOUND) {
        status = applied_read(&txn, state->own, &applied);
        own_number_put(&txn, state->own, FOLD_NAME, STATE_FOLD_VERSION);
        version = applied == 0 ? STATE_FOLD_VERSION : 0;
    }
    if (status != LT_OK || version != STATE_FOLD_VERSION) {
        store_abort(&txn);
        return fault_set(fault, status != LT_OK ? status : LT_FORMAT_UNKNOWN, "state.mdb",
                         "fold version %llu, this release has %d", (unsigned long long)version,
                         STATE_FOLD_VERSION);
    }
    status = store_commit(&txn);
    return status == LT_OK ? LT_OK : fault_set(fault, status, "state.mdb", "cannot be written");
}

/* Too large to be looked at as a whole before anybody is served. */
static bool large(const struct state *state)
{
    struct store_stat stat;
    store_stat(state->store, &stat);
    return stat.used_bytes > STATE_WALK_BYTES;
}

static enum lt_status file_try(struct state *state, const struct state_options *options,
                               struct fault *fault)
{
    struct store_options store = {
        .path = options->path,
        .flags = options->no_sync ? STORE_UNSAFE_NO_SYNC : 0,
        .trees_max = STATE_TREES_END + 1,
        .map_bytes = options->map_bytes,
    };
    enum lt_status status = store_open(&state->store, &store, fault);
    if (status == LT_OK) {
        status = trees_ready(state, fault);
    }
    if (status == LT_OK) {
        status = fold_check(state, fault);
    }
    if (status == LT_OK && !large(state)) {
        status = walk_whole(state, fault);
    }
    if (status != LT_OK) {
        store_close(&state->store);
    }
    return status;
}

/* Renames the file to the first free name and forgets its lock file. */
static enum lt_status set_aside(const char *path, const struct fault *why, struct fault *fault)
{
    char aside[4096];
    char lock[4096];
    int number = 1;
    do {
        int length = snprintf(aside, sizeof(aside), "%s.damaged-%d", path, number);
        if (length < 0 || (size_t)length >= sizeof(aside)) {
            return fault_set(fault, LT_IO, "state.mdb", "the path is too long");
        }
        number++;
    } while (access(aside, F_OK) == 0 && number <= ASIDE_MAX);
    snprintf(lock, sizeof(lock), "%s-lock", path);
    if (rename(path, aside) != 0 || (unlink(lock) != 0 && access(lock, F_OK) == 0)) {
        return fault_set(fault, why->status, why->field, "%s (and cannot be set aside)",
                         why->detail);
    }
    char detail[2 * sizeof(why->detail)];
    log_warn("state-set-aside", "file=%s reason=%s detail=%s", aside, lt_code(why->status),
             log_safe(detail, sizeof(detail), why->detail, (unsigned)strlen(why->detail)));
    return folder_sync_of(path, fault);
}

static enum lt_status file_open(struct state *state, const struct state_options *options,
                                struct fault *fault)
{
    struct fault why;
    fault_init(&why);
    enum lt_status status =
        state_suspect(state)
            ? fault_set(&why, LT_DAMAGED, "state.mdb", "a value did not read in the last life")
            : file_try(state, options, &why);
    if (status == LT_DAMAGED || status == LT_FORMAT_UNKNOWN || status == LT_IO) {
        status = set_aside(options->path, &why, fault);
        if (status != LT_OK) {
            return status;
        }
        state_suspect_forget(state);
        return file_try(state, options, fault);
    }
    return status == LT_OK ? LT_OK : fault_set(fault, status, why.field, "%s", why.detail);
}

/* *ret_empty: nothing is in it and no position. */
static enum lt_status how_far(struct state *state, uint64_t *ret_applied, bool *ret_empty)
{
    struct store_txn txn;
    uint64_t entries = 0;
    enum lt_status status = store_begin(state->store, false, &txn);
    if (status != LT_OK) {
        return status;
    }
    status = applied_read(&txn, state->own, ret_applied);
    for (int i = 0; i < STATE_TREES_END; i++) {
        entries += store_count(&txn, state->trees[i]);
    }
    store_abort(&txn);
    *ret_empty = entries == 0 && *ret_applied == 0;
    return status;
}

/* A journal that was cut does not tell its beginning: where state.mdb does not reach it, a new one
 * is loaded from the base. */
static enum lt_status reach_journal(struct state *state, const struct state_options *options,
                                    struct fault *fault)
{
    uint64_t applied = 0;
    bool empty = false;
    enum lt_status status = how_far(state, &applied, &empty);
    if (status != LT_OK) {
        return fault_set(fault, status, "state.mdb", "cannot be read");
    }
    if (options->journal_first <= applied + 1) {
        return LT_OK;
    }
    if (!empty) {
        struct fault why;
        fault_init(&why);
        fault_set(&why, LT_DAMAGED, "state.mdb", "reaches %llu, the journal begins at %llu",
                  (unsigned long long)applied, (unsigned long long)options->journal_first);
        store_close(&state->store);
        status = set_aside(options->path, &why, fault);
        if (status == LT_OK) {
            status = file_try(state, options, fault);
        }
    }
    return status == LT_OK ? base_load(state, options->base, options->journal_first, fault)
                           : status;
}

static enum lt_status snapshot_open(struct state *state, struct fault *fault)
{
    enum lt_status status = store_begin(state->store, false, &state->txn);
    if (status != LT_OK) {
        return fault_set(fault, status, "state.mdb", "no snapshot");
    }
    state->snapshot_open = true;
    status = applied_read(&state->txn, state->own, &state->applied);
    if (status == LT_DAMAGED) {
        status = state_distrust(state, "own");
    }
    if (status != LT_OK) {
        return fault_set(fault, status, "state.mdb", "no applied position");
    }
    state->folded = state->applied;
    state->returned = state->applied;
    return LT_OK;
}

static void applier_init(struct state *state)
{
    struct applier *applier = &state->applier;
    applier->store = state->store;
    applier->trees = state->trees;
    applier->own = state->own;
    atomic_init(&applier->stopping, false);
    atomic_init(&applier->full, false);
    atomic_init(&applier->failed, (unsigned)LT_OK);
}

enum lt_status state_open(struct state **ret_state, const struct state_options *options,
                          struct fault *fault)
{
    struct state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "state", "%zu bytes", sizeof(*state));
    }
    if (snprintf(state->path, sizeof(state->path), "%s", options->path) >=
        (int)sizeof(state->path)) {
        free(state);
        return fault_set(fault, LT_LIMIT_BAD, "state.mdb", "the path is too long");
    }
    state->random = options->seed;
    state->applier_inline = options->applier_inline;
    enum lt_status status = file_open(state, options, fault);
    if (status == LT_OK) {
        status = reach_journal(state, options, fault);
    }
    if (status != LT_OK) {
        goto done;
    }
    status = snapshot_open(state, fault);
    if (status != LT_OK) {
        goto done;
    }
    status = overlay_open(state);
    if (status != LT_OK) {
        fault_set(fault, status, "state.overlay", "no memory");
        goto done;
    }
    applier_init(state);
    if (!state->applier_inline) {
        status = applier_start(&state->applier, fault);
    }
    if (status == LT_OK && !state->applier_inline && large(state)) {
        status = walk_start(state);
    }
    if (status != LT_OK) {
        goto done;
    }
    *ret_state = state;
    state = NULL;
done:
    state_close(&state);
    return status;
}

void state_close(struct state **state_p)
{
    struct state *state = *state_p;
    if (state == NULL) {
        return;
    }
    for (int i = 0; i < STATE_TREES_END; i++) {
        if (state->cursor_ages[i] != CURSOR_NONE) {
            store_cursor_close(&state->cursors[i]);
        }
    }
    if (state->snapshot_open) {
        store_abort(&state->txn);
    }
    walk_stop(state);
    applier_stop(&state->applier);
    overlay_close(state);
    store_close(&state->store);
    free(state);
    *state_p = NULL;
}

uint64_t state_applied(const struct state *state)
{
    return state->applied;
}

uint64_t state_folded(const struct state *state)
{
    return state->folded;
}

/* ---- the turn ---- */

static enum lt_status snapshot_renew(struct state *state)
{
    enum lt_status status = store_renew(&state->txn);
    if (status != LT_OK) {
        return status == LT_AGAIN ? LT_IO : status;
    }
    for (int i = 0; i < STATE_TREES_END; i++) {
        if (state->cursor_ages[i] == CURSOR_READY) {
            state->cursor_ages[i] = CURSOR_OLD;
        }
    }
    uint64_t shown = 0;
    status = applied_read(&state->txn, state->own, &shown);
    if (status == LT_OK) {
        state->applied = shown < state->returned ? shown : state->returned;
    } else if (status == LT_DAMAGED) {
        status = state_distrust(state, "own");
    }
    return status;
}

static void take_back(struct state *state, struct generation *generation)
{
    generation->returned = true;
    state->returned = generation->last;
}

/* Without a snapshot held: the sim's way of applying. LT_FULL leaves the rest for the next turn. */
static enum lt_status apply_inline(struct state *state, struct generation *generation)
{
    enum lt_status status = applier_apply(&state->applier, generation);
    if (status == LT_OK) {
        generation->handed = true;
        take_back(state, generation);
    } else if (status != LT_FULL) {
        atomic_store(&state->applier.failed, (unsigned)status);
    }
    return status;
}

/* Oldest first, as far as the journal holds them durably. */
static enum lt_status hand_over(struct state *state, uint64_t durable)
{
    for (uint32_t i = state->row_count - 1; i > 0; i--) {
        struct generation *generation = state->row[i];
        if (generation->handed) {
            continue;
        }
        if (generation->last > durable) {
            break;
        }
        if (state->applier_inline) {
            enum lt_status status = apply_inline(state, generation);
            if (status != LT_OK) {
                return status;
            }
        } else if (!(generation->handed = applier_hand(&state->applier, generation))) {
            break;
        }
    }
    return LT_OK;
}

/* Takes back what the applier is through with, waiting for the first one up to wait_ms. */
static void collect(struct state *state, int wait_ms)
{
    if (state->applier_inline) {
        return;
    }
    struct generation *generation = applier_collect(&state->applier, wait_ms);
    while (generation != NULL) {
        take_back(state, generation);
        generation = applier_collect(&state->applier, 0);
    }
}

/* One round: hand over, wait a little, look at what is applied, free it. */
static enum lt_status advance(struct state *state, uint64_t durable, int wait_ms)
{
    state->scan.active = false;
    enum lt_status failed = (enum lt_status)atomic_load(&state->applier.failed);
    if (failed != LT_OK) {
        return failed;
    }
    store_reset(&state->txn);
    enum lt_status handed = hand_over(state, durable);
    collect(state, wait_ms);
    enum lt_status status = snapshot_renew(state);
    if (status != LT_OK) {
        return status;
    }
    overlay_release(state);
    return handed;
}

enum lt_status state_turn(struct state *state, uint64_t durable, int64_t mono_ms)
{
    assert(!state->folding);
    state->now_ms = mono_ms;
    enum lt_status status = LT_OK;
    if (overlay_seal_due(state) && overlay_can_seal(state)) {
        status = overlay_seal(state);
    }
    if (status != LT_OK) {
        return status;
    }
    status = advance(state, durable, 0);
    /* A full disk is no failure of the turn: the overlay waits, and state_room tells. */
    return status == LT_OK || status == LT_FULL ? LT_OK : LT_IO;
}

bool state_room(const struct state *state)
{
    return state->row_count - 1 <= STATE_GENERATIONS_MAX &&
           generation_bytes(state->row[0]) < GENERATION_BUSY_BYTES;
}

bool state_full(const struct state *state)
{
    return atomic_load(&state->applier.full);
}

enum lt_status state_flush(struct state *state, uint64_t durable)
{
    assert(!state->folding);
    if (durable < state->folded) {
        return LT_AGAIN;
    }
    while (state->applied < state->folded) {
        enum lt_status status = LT_OK;
        if (overlay_can_seal(state)) {
            status = overlay_seal(state);
        }
        if (status == LT_OK) {
            status = advance(state, durable, FLUSH_WAIT_MS);
        }
        if (status == LT_OK && atomic_load(&state->applier.full)) {
            status = LT_FULL;
        }
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

/* ---- looks from outside ---- */

enum lt_status state_peek(const struct state *state, enum state_tree tree, struct lt_bytes key,
                          void *out, size_t size, size_t *ret_size)
{
    assert(tree < STATE_TREES_END && key.size > 0);
    struct store_txn txn;
    enum lt_status status = store_begin(state->store, false, &txn);
    if (status != LT_OK) {
        return status;
    }
    struct lt_bytes value;
    status = store_get(&txn, state->trees[tree], key, &value);
    if (status == LT_OK && checked_value(key, value, &value) != LT_OK) {
        status = state_distrust(state, state_tree_names[tree]);
    }
    if (status == LT_OK) {
        *ret_size = value.size < size ? value.size : size;
    }
    if (status == LT_OK && *ret_size > 0) {
        memcpy(out, value.data, *ret_size);
    }
    store_abort(&txn);
    return status;
}

void state_stat(const struct state *state, struct state_stat *ret_stat)
{
    struct store_stat store;
    store_stat(state->store, &store);
    struct state_stat stat = {
        .generations = state->row_count,
        .applied = state->applied,
        .used_bytes = store.used_bytes,
        .last_txn_age = store.last_txn - store.oldest_reader,
    };
    for (uint32_t i = 0; i < state->row_count; i++) {
        stat.overlay_bytes += generation_bytes(state->row[i]);
    }
    *ret_stat = stat;
}
