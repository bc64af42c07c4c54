/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_STORE_H
#define PROTO_BASE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * The store's door: ordered trees of byte keys in one file, with transactions. store_lmdb.c is the
 * only file of the house that knows LMDB; no flag that weakens a commit is ever set unless
 * STORE_UNSAFE_NO_SYNC asks for it (tests and rebuildable views).
 *
 * Sticky: a transaction keeps its first failure; later calls do nothing and store_commit gives it.
 * LT_NOT_FOUND from a get or a cursor is an answer and does not stick.
 *
 * Map growth: the map starts large (sparse). When it is full all the same, store_commit or a put
 * gives LT_FULL with `map_full` set in the transaction; the caller aborts, calls store_grow and
 * replays its batch. store_grow waits for the readers of this process (they hold a read lock while
 * a snapshot is live). Disk full is LT_FULL with map_full unset: nothing was written, and the batch
 * may be tried again. Any other commit failure is LT_IO, class stop: never acknowledge after it.
 *
 * Values seen through a transaction live in the map until the transaction ends: copy at the door.
 *
 * Who holds a snapshot must neither call store_grow, nor begin a second transaction of the same
 * store, nor wait for a thread that might: growth waits for the first, the second for the growth.
 */
struct store;

enum store_flags {
    STORE_READ_ONLY = 1,
    STORE_UNSAFE_NO_SYNC = 2, /* rebuildable data and tests only */
    STORE_NO_READAHEAD = 4,
};

struct store_options {
    const char *path; /* of the data file; "-lock" is put behind it for the lock file */
    uint32_t flags;
    uint32_t trees_max;
    uint64_t map_bytes;   /* 0: 64 GiB */
    uint32_t readers_max; /* 0: 126 */
};

struct store_tree {
    uint32_t number;
};

struct store_txn {
    struct store *store;
    void *handle;
    enum lt_status status; /* sticky */
    bool write;
    bool map_full;
    bool live;        /* a snapshot is held: from begin or renew until reset, commit or abort */
    uint32_t touched; /* entries put or deleted */
    uint64_t bytes;   /* of entries put */
};

struct store_cursor {
    void *handle;
    struct store_txn *txn;
};

/* LT_DAMAGED, with the file's name: it is no store, or it was cut short. */
LT_CHECK enum lt_status store_open(struct store **ret_store, const struct store_options *options,
                                   struct fault *fault);
void store_close(struct store **store_p);

/* Opens, making it where absent (not when read-only). At start only, before any transaction. */
LT_CHECK enum lt_status store_tree(struct store *store, const char *name,
                                   struct store_tree *ret_tree, struct fault *fault);

LT_CHECK enum lt_status store_begin(struct store *store, bool write, struct store_txn *ret_txn);
LT_CHECK enum lt_status store_commit(struct store_txn *txn); /* ends it, also when it fails */
void store_abort(struct store_txn *txn);                     /* no-op on an ended one */

/* A reader that is used again and again: reset gives up the snapshot, renew takes a new one. */
void store_reset(struct store_txn *txn);
LT_CHECK enum lt_status store_renew(struct store_txn *txn);

enum lt_status store_get(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                         struct lt_bytes *ret_value);
enum lt_status store_put(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                         struct lt_bytes value);
/* Key must be greater than every key present: LT_EXISTS otherwise (sticks). */
enum lt_status store_append(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                            struct lt_bytes value);
/* Room for `size` bytes at the end of the tree, to be filled before the commit. */
enum lt_status store_append_room(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                                 size_t size, void **ret_room);
enum lt_status store_delete(struct store_txn *txn, struct store_tree tree, struct lt_bytes key);
uint64_t store_count(struct store_txn *txn, struct store_tree tree);

/*
 * Cursors: seek gives the first entry with key >= `key`; an empty key gives the first of all.
 * Either output may be NULL. A cursor of a write transaction is closed before that ends (it ends
 * with it otherwise, and closing it then does nothing); after a deletion under a cursor, seek
 * again.
 */
LT_CHECK enum lt_status store_cursor_open(struct store_txn *txn, struct store_tree tree,
                                          struct store_cursor *ret_cursor);
void store_cursor_close(struct store_cursor *cursor);
enum lt_status store_cursor_renew(struct store_cursor *cursor); /* after store_renew of its txn */
enum lt_status store_seek(struct store_cursor *cursor, struct lt_bytes key,
                          struct lt_bytes *ret_key, struct lt_bytes *ret_value);
enum lt_status store_next(struct store_cursor *cursor, struct lt_bytes *ret_key,
                          struct lt_bytes *ret_value);
enum lt_status store_prev(struct store_cursor *cursor, struct lt_bytes *ret_key,
                          struct lt_bytes *ret_value);
enum lt_status store_last(struct store_cursor *cursor, struct lt_bytes *ret_key,
                          struct lt_bytes *ret_value);

LT_CHECK enum lt_status store_grow(struct store *store);

/* Clears slots of dead readers; returns how many. At start and every minute. */
int store_sweep_readers(struct store *store);

struct store_stat {
    uint64_t map_bytes;
    uint64_t used_bytes;
    uint64_t last_txn;
    uint64_t oldest_reader; /* txn id, or last_txn when nobody reads */
};
void store_stat(struct store *store, struct store_stat *ret_stat);

/* A part of store_open (store_whole.c): does the file reach as far as what the store uses? Looking
 * behind its end would end the process (SIGBUS). */
LT_CHECK enum lt_status store_whole(struct store *store, const char *path, struct fault *fault);

#endif
