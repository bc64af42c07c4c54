/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From the base into an empty state.mdb. The base is read twice: once to its digest, and only when
 * that is right once more into the trees, in synced transactions of LOAD_ENTRIES. The applied
 * position is written last, so a load that was ended leaves a state.mdb without one, which is set
 * aside and loaded anew.
 *
 * A map that is too small is grown and the load begins again: putting the same entries again
 * changes nothing.
 */
#include "base.h"

#include "proto/base/log.h"
#include "state_private.h"

#define LOAD_ENTRIES 4096

struct load {
    struct state *state;
    struct store_txn txn;
    bool open;
    bool map_full;
    uint32_t entries; /* of this transaction */
};

static enum lt_status load_commit(struct load *load)
{
    if (!load->open) {
        return LT_OK;
    }
    load->open = false;
    load->entries = 0;
    enum lt_status status = store_commit(&load->txn);
    load->map_full = load->txn.map_full;
    return status;
}

static enum lt_status load_begin(struct load *load)
{
    if (load->open) {
        return LT_OK;
    }
    enum lt_status status = store_begin(load->state->store, true, &load->txn);
    load->open = status == LT_OK;
    return status;
}

static enum lt_status load_entry(void *context, enum state_tree tree, struct lt_bytes key,
                                 struct lt_bytes value)
{
    struct load *load = context;
    enum lt_status status = load_begin(load);
    if (status == LT_OK) {
        checked_put(&load->txn, load->state->trees[tree], key, value);
        load->entries++;
    }
    return status == LT_OK && load->entries == LOAD_ENTRIES ? load_commit(load) : status;
}

static enum lt_status load_all(struct state *state, const char *path, bool *ret_map_full,
                               struct base_about *ret_about, struct fault *fault)
{
    struct load load = {.state = state};
    enum lt_status status = base_read(path, load_entry, &load, ret_about, fault);
    if (status == LT_OK) {
        status = load_begin(&load);
    }
    if (status == LT_OK) {
        (void)applied_put(&load.txn, state->own, ret_about->position); /* it remembers */
        status = load_commit(&load);
    }
    if (load.open) {
        store_abort(&load.txn);
    }
    *ret_map_full = load.map_full;
    return status;
}

/* Whole, and of this journal? */
static enum lt_status check(const char *path, uint64_t journal_first, struct fault *fault)
{
    struct base_about about;
    struct fault why;
    fault_init(&why);
    enum lt_status status = path == NULL ? LT_NOT_FOUND : base_read(path, NULL, NULL, &about, &why);
    if (status == LT_NOT_FOUND) {
        return fault_set(fault, LT_DAMAGED, "base",
                         "missing: the journal begins at %llu and no state.mdb reaches it",
                         (unsigned long long)journal_first);
    }
    if (status != LT_OK) {
        return fault_set(fault, status, why.field, "%s", why.detail);
    }
    if (about.fold != STATE_FOLD_VERSION) {
        return fault_set(fault, LT_FORMAT_UNKNOWN, "base",
                         "fold version %u, this release has %d: ltctl journal base", about.fold,
                         STATE_FOLD_VERSION);
    }
    if (about.position + 1 < journal_first) {
        return fault_set(fault, LT_DAMAGED, "base", "reaches %llu, the journal begins at %llu",
                         (unsigned long long)about.position, (unsigned long long)journal_first);
    }
    return LT_OK;
}

enum lt_status base_load(struct state *state, const char *path, uint64_t journal_first,
                         struct fault *fault)
{
    struct base_about about;
    bool map_full = false;
    enum lt_status status = check(path, journal_first, fault);
    if (status != LT_OK) {
        return status;
    }
    do {
        status = load_all(state, path, &map_full, &about, fault);
    } while (status == LT_FULL && map_full && store_grow(state->store) == LT_OK);
    if (status != LT_OK) {
        return fault_set(fault, status, "state.mdb", "cannot be loaded from the base");
    }
    log_info("base-loaded", "position=%llu entries=%llu", (unsigned long long)about.position,
             (unsigned long long)about.entries);
    return LT_OK;
}
