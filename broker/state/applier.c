/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From the overlay to the disk: a sealed generation is written, tree by tree in key order, in one
 * synced transaction that also holds its last position. So state.mdb always says truly up to which
 * fact it speaks, and a crash between two generations costs a refold of what the journal has.
 *
 * The applier takes generations from one queue, oldest first, and gives them back through another;
 * it frees nothing and calls nobody. Only reading touches a generation here, the core goes on
 * reading it at the same time.
 *
 * A full map is grown (which waits for the core's snapshot, renewed each turn) and the generation
 * written again from memory. A full disk is waited out, the generation stays what is tried next:
 * the overlay then fills and intake answers busy. Anything else stops the applier for good; the
 * core meets its status at the next turn.
 */
#include <assert.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "state_private.h"

#define FULL_WAIT_MS 200

enum lt_status own_number(struct store_txn *txn, struct store_tree own, const char *name,
                          uint64_t *ret_number)
{
    struct lt_bytes value;
    enum lt_status status = store_get(txn, own, text_bytes(name), &value);
    if (status != LT_OK) {
        return status;
    }
    struct wire_reader r;
    wire_read_init(&r, value);
    uint64_t number = wire_u64(&r);
    if (!wire_read_done(&r)) {
        return LT_DAMAGED;
    }
    *ret_number = number;
    return LT_OK;
}

enum lt_status own_number_put(struct store_txn *txn, struct store_tree own, const char *name,
                              uint64_t number)
{
    uint8_t value[8];
    struct wire_writer w;
    wire_write_init(&w, value, sizeof(value));
    wire_put_u64(&w, number);
    return store_put(txn, own, text_bytes(name), wire_written(&w));
}

enum lt_status applied_put(struct store_txn *txn, struct store_tree own, uint64_t applied)
{
    uint8_t value[8];
    struct wire_writer w;
    wire_write_init(&w, value, sizeof(value));
    wire_put_u64(&w, applied);
    return checked_put(txn, own, text_bytes(APPLIED_NAME), wire_written(&w));
}

enum lt_status applied_read(struct store_txn *txn, struct store_tree own, uint64_t *ret_applied)
{
    struct lt_bytes name = text_bytes(APPLIED_NAME);
    struct lt_bytes value;
    struct wire_reader r;
    enum lt_status status = store_get(txn, own, name, &value);
    if (status == LT_NOT_FOUND) {
        *ret_applied = 0;
        return LT_OK;
    }
    if (status == LT_OK) {
        status = checked_value(name, value, &value);
    }
    if (status != LT_OK) {
        return status;
    }
    wire_read_init(&r, value);
    uint64_t applied = wire_u64(&r);
    if (!wire_read_done(&r)) {
        return LT_DAMAGED;
    }
    *ret_applied = applied;
    return LT_OK;
}

/* ---- the work ---- */

static void write_tree(struct store_txn *txn, struct store_tree stored, const struct tree *tree)
{
    const struct lt_bytes from_first = {NULL, 0};
    const struct tree_node *node = tree_seek(tree, from_first);
    for (; node != NULL; node = tree_next(node)) {
        struct tree_entry entry = tree_at(node);
        if (entry.value.data != NULL) {
            checked_put(txn, stored, entry.key, entry.value);
        } else {
            store_delete(txn, stored, entry.key);
        }
    }
}

static enum lt_status apply_once(struct applier *applier, const struct generation *generation,
                                 bool *ret_map_full)
{
    struct store_txn txn;
    enum lt_status status = store_begin(applier->store, true, &txn);
    if (status != LT_OK) {
        return status;
    }
    for (int i = 0; i < STATE_TREES_END; i++) {
        write_tree(&txn, applier->trees[i], &generation->trees[i]);
    }
    (void)applied_put(&txn, applier->own, generation->last); /* the transaction remembers */
    status = store_commit(&txn);
    *ret_map_full = txn.map_full;
    return status;
}

enum lt_status applier_apply(struct applier *applier, const struct generation *generation)
{
    for (;;) {
        bool map_full = false;
        enum lt_status status = apply_once(applier, generation, &map_full);
        if (status != LT_FULL || !map_full) {
            return status;
        }
        status = store_grow(applier->store);
        if (status != LT_OK) {
            return status;
        }
    }
}

/* ---- the thread ---- */

static enum lt_status apply_patiently(struct applier *applier, const struct generation *generation)
{
    enum lt_status status = applier_apply(applier, generation);
    while (status == LT_FULL && !atomic_load(&applier->stopping)) {
        atomic_store(&applier->full, true);
        (void)queue_wait(applier->rest, FULL_WAIT_MS);
        status = applier_apply(applier, generation);
    }
    atomic_store(&applier->full, false);
    return status;
}

static void *applier_run(void *self)
{
    struct applier *applier = self;
    struct generation *generation;
    while ((generation = queue_wait(applier->jobs, -1)) != NULL) {
        enum lt_status status = apply_patiently(applier, generation);
        if (status != LT_OK) {
            atomic_store(&applier->failed, (unsigned)status);
            return NULL;
        }
        bool given = queue_push(applier->done, generation);
        assert(given); /* there are as many places as generations */
    }
    return NULL;
}

enum lt_status applier_start(struct applier *applier, struct fault *fault)
{
    enum lt_status status = queue_open(&applier->jobs, GENERATIONS_ROOM);
    if (status == LT_OK) {
        status = queue_open(&applier->done, GENERATIONS_ROOM);
    }
    if (status == LT_OK) {
        status = queue_open(&applier->rest, 1);
    }
    if (status != LT_OK) {
        return fault_set(fault, status, "state.applier", "no queue");
    }
    if (pthread_create(&applier->thread, NULL, applier_run, applier) != 0) {
        return fault_set(fault, LT_LIMIT_BAD, "state.applier", "no thread");
    }
    applier->runs = true;
    return LT_OK;
}

void applier_stop(struct applier *applier)
{
    if (applier->runs) {
        atomic_store(&applier->stopping, true);
        queue_stop(applier->rest);
        queue_stop(applier->jobs);
        pthread_join(applier->thread, NULL);
        applier->runs = false;
    }
    queue_close(&applier->jobs);
    queue_close(&applier->done);
    queue_close(&applier->rest);
}

bool applier_hand(struct applier *applier, struct generation *generation)
{
    return queue_push(applier->jobs, generation);
}

struct generation *applier_collect(struct applier *applier, int wait_ms)
{
    return wait_ms == 0 ? queue_pop(applier->done) : queue_wait(applier->done, wait_ms);
}
