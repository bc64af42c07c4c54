/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_STATE_STATE_PRIVATE_H
#define BROKER_STATE_STATE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/queue.h"
#include "proto/base/store.h"
#include "proto/base/tree.h"
#include "state.h"

/*
 * What state.c (opening, the turn), overlay.c (folding, get), scan.c (ordered scans) and applier.c
 * (writing generations to disk) share. Only overlay.c and applier.c look into a generation.
 */

/* One open, those that may wait, and two more for what is folded while intake answers busy. */
#define GENERATIONS_ROOM       (STATE_GENERATIONS_MAX + 3)
#define GENERATION_CHUNK_BYTES (2 * 1024 * 1024)
#define GENERATION_SEAL_BYTES  (STATE_GENERATION_BYTES_MAX / 2)
#define GENERATION_BUSY_BYTES  (STATE_GENERATION_BYTES_MAX / 4 * 3)

#define STATE_PATH_BYTES 4096

#define FILTER_LINES      1024
#define FILTER_LINE_WORDS 8

/* The values of a run of facts. The core writes it until it is sealed; then nobody does. */
struct generation {
    struct arena arena;
    struct tree trees[STATE_TREES_END];
    /* Keys that may be here: two bits of one cache line each. Most lookups end with a no. */
    uint64_t filter[FILTER_LINES][FILTER_LINE_WORDS];
    uint64_t last; /* position of its last fact */
    uint32_t facts;
    int64_t opened_ms; /* the turn of its first fact */
    bool handed;       /* the applier has it or had it */
    bool returned;     /* the applier is through with it */
};

/* Names of the trees on disk and in a base; of our own numbers. */
extern const char *const state_tree_names[STATE_TREES_END];
#define FOLD_NAME "fold"

/* The marks of a base (base.h). */
#define BASE_MAGIC       "LTB1"
#define BASE_MAGIC_BYTES 4
enum base_mark { BASE_TREE = 1, BASE_ENTRY = 2, BASE_END = 3 };

struct scan {
    bool active;
    enum state_tree tree;
    uint8_t part[STATE_KEY_MAX]; /* the first bytes of every key in it */
    size_t part_size;
    const struct tree_node *nodes[GENERATIONS_ROOM]; /* by place in the row */
    bool stored_found;
    struct lt_bytes stored_key;
    struct lt_bytes stored_value;
};

struct applier {
    struct store *store;
    const struct store_tree *trees;
    struct store_tree own;
    struct queue *jobs; /* core to applier, oldest first */
    struct queue *done; /* applier to core */
    struct queue *rest; /* always empty: waiting on it is a pause that close ends */
    pthread_t thread;
    bool runs;
    atomic_bool stopping;
    atomic_bool full;   /* waits for disk space */
    atomic_uint failed; /* enum lt_status: no more is applied */
};

/* walk.c: looks at the whole of a large state.mdb beside the service. */
struct walker {
    pthread_t thread;
    struct queue *rest; /* always empty: waiting on it is a pause that close ends */
    bool runs;
    atomic_bool stop;
};

enum cursor_age { CURSOR_NONE, CURSOR_OLD, CURSOR_READY };

struct state {
    char path[STATE_PATH_BYTES];
    struct store *store;
    struct store_tree trees[STATE_TREES_END];
    struct store_tree own; /* our names: applied position, fold version */
    bool applier_inline;
    bool snapshot_open; /* the core's read transaction, renewed each turn */
    struct store_txn txn;
    struct store_cursor cursors[STATE_TREES_END];
    enum cursor_age cursor_ages[STATE_TREES_END];
    struct generation *row[GENERATIONS_ROOM]; /* newest first; row[0] is open */
    uint32_t row_count;
    struct generation *spare[GENERATIONS_ROOM];
    uint32_t spare_count;
    uint64_t random;
    uint64_t applied;  /* what the snapshot shows, as far as the applier has come back from it */
    uint64_t returned; /* last position of the newest generation taken back */
    uint64_t folded;
    int64_t now_ms;
    bool folding;
    enum lt_status fold_status;
    struct scan scan;
    struct applier applier;
    struct walker walker;
};

/* base_load.c: an empty state.mdb becomes what the base says. */
LT_CHECK enum lt_status base_load(struct state *state, const char *path, uint64_t journal_first,
                                  struct fault *fault);

/* overlay.c */
LT_CHECK enum lt_status overlay_open(struct state *state);
void overlay_close(struct state *state);
bool overlay_seal_due(const struct state *state);
bool overlay_can_seal(const struct state *state);
LT_CHECK enum lt_status overlay_seal(struct state *state);
void overlay_release(struct state *state); /* frees what is applied and returned */
size_t generation_bytes(const struct generation *generation);

/* checked.c */
LT_CHECK enum lt_status checked_value(struct lt_bytes key, struct lt_bytes stored,
                                      struct lt_bytes *ret_value); /* LT_DAMAGED */
enum lt_status checked_put(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                           struct lt_bytes value);
/* A value of this tree does not read: says so for the next start, gives LT_IO. Any thread. */
LT_CHECK enum lt_status state_distrust(const struct state *state, const char *tree);
enum lt_status suspect_put(const struct state *state, const char *why, struct fault *fault);
bool state_suspect(const struct state *state);
void state_suspect_forget(const struct state *state);
/* The same for the core: no turn succeeds any more. */
LT_CHECK enum lt_status state_read_wrong(struct state *state, enum state_tree tree);

/* walk.c: LT_DAMAGED; and the same by a thread, that stops the turns. */
LT_CHECK enum lt_status walk_whole(struct state *state, struct fault *fault);
LT_CHECK enum lt_status walk_start(struct state *state);
void walk_stop(struct state *state);

/* applier.c */
LT_CHECK enum lt_status applier_start(struct applier *applier, struct fault *fault);
void applier_stop(struct applier *applier);
/* False when the applier cannot take it now. The generation is its until it is collected. */
bool applier_hand(struct applier *applier, struct generation *generation);
/* A generation it is through with, after waiting up to wait_ms; NULL: none. */
struct generation *applier_collect(struct applier *applier, int wait_ms);
/* The work itself: one synced transaction. LT_FULL may be tried again. */
LT_CHECK enum lt_status applier_apply(struct applier *applier, const struct generation *generation);
enum lt_status applied_put(struct store_txn *txn, struct store_tree own, uint64_t applied);
LT_CHECK enum lt_status applied_read(struct store_txn *txn, struct store_tree own,
                                     uint64_t *ret_applied);
LT_CHECK enum lt_status own_number(struct store_txn *txn, struct store_tree own, const char *name,
                                   uint64_t *ret_number);
#define APPLIED_NAME "applied"
enum lt_status own_number_put(struct store_txn *txn, struct store_tree own, const char *name,
                              uint64_t number);

#endif
