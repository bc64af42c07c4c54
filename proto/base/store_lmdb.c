/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The store behind LMDB 0.9, and the only file that knows it: its codes are translated here, its
 * traps are closed here.
 *
 * A commit is durable because no flag weakens it (data, fdatasync, meta page). Its errors are not
 * latched by LMDB: a sync that failed once may "succeed" next time with nothing on disk. So any
 * failed commit other than a full map or a full disk is LT_IO, class stop.
 *
 * A disk that fills up within one write shows as a short write, which LMDB calls EIO. So a commit
 * is preceded by taking the room for the most that it can write (room.c): a full disk shows there,
 * before anything is written. LMDB writes earlier only when one transaction has dirtied 512 MiB,
 * which none of ours does. A new store is made under another name (`.new`) and renamed when it is
 * on disk, so a store's file is whole or not there, wherever its maker was killed.
 *
 * Growing the map moves it, and LMDB does not see that somebody still reads from it. Therefore
 * every live transaction is counted in `live`, and the map is moved only with the mutex held and
 * that count at zero. A mutex and a condition, not a rwlock: a transaction may end on another
 * thread than it began. New ones wait while somebody wants to grow, or a busy store would never get
 * to it.
 *
 * Another process that grew the file shows at begin or renew (MDB_MAP_RESIZED); the new size is
 * adopted and the call repeated. Slots of readers that died are swept at open, when the table is
 * full, and when store_sweep_readers is called. One process opens a file once, and never forks with
 * it open.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "room.h"
#include "store.h"

#define MAP_BYTES_DEFAULT (64ULL << 30)
#define READERS_DEFAULT   126u
#define BEGIN_TRIES       8
#define ENTRY_BYTES       16 /* beside key and value */
#define TREE_PAGES        32 /* room for making a tree */

struct store {
    MDB_env *env;
    uint32_t flags;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* live fell to 0, or the growing ended */
    uint32_t live;          /* transactions that look at the map */
    uint32_t growing;       /* threads that want to move it */
    bool broken;            /* it was taken away and could not be put back */
    struct room room;       /* of who writes; in write transactions only */
    MDB_dbi trees_end;      /* above every tree opened */
};

static enum lt_status status_of(int error)
{
    switch (error) {
    case MDB_SUCCESS:
        return LT_OK;
    case MDB_NOTFOUND:
    case ENOENT:
        return LT_NOT_FOUND;
    case MDB_KEYEXIST:
        return LT_EXISTS;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return LT_FULL;
    case MDB_READERS_FULL:
    case MDB_MAP_RESIZED:
        return LT_AGAIN;
    case MDB_TXN_FULL:
    case MDB_DBS_FULL:
    case MDB_CURSOR_FULL:
    case ENOMEM:
        return LT_NO_MEMORY;
    case MDB_BAD_VALSIZE:
        return LT_FIELD_BAD;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        return LT_DAMAGED;
    case MDB_VERSION_MISMATCH:
        return LT_FORMAT_UNKNOWN;
    default:
        return LT_IO;
    }
}

/* The only failures of a commit after which the store may be used again. */
static enum lt_status commit_status_of(int error)
{
    enum lt_status status = status_of(error);
    return status == LT_OK || status == LT_FULL ? status : LT_IO;
}

static enum lt_status refuse(struct fault *fault, int error, const char *place, const char *what)
{
    return fault_set(fault, status_of(error), place, "%s: %s", what, mdb_strerror(error));
}

/* The first failure stays with the transaction; "not there" is an answer. */
static enum lt_status stick(struct store_txn *txn, int error)
{
    enum lt_status status = status_of(error);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        txn->status = status;
        txn->map_full = error == MDB_MAP_FULL;
    }
    return status;
}

/* LMDB takes no const, but does not write through keys and values that are given to it. */
static MDB_val value_of(struct lt_bytes bytes)
{
    return (MDB_val){.mv_size = bytes.size, .mv_data = (void *)(uintptr_t)bytes.data};
}

static struct lt_bytes bytes_of(MDB_val value)
{
    return (struct lt_bytes){value.mv_data, value.mv_size};
}

/* -- the gate ------------------------------------------------------------------------------- */

static void lock(struct store *store)
{
    int error = pthread_mutex_lock(&store->mutex);
    assert(error == 0);
}

static void unlock(struct store *store)
{
    int error = pthread_mutex_unlock(&store->mutex);
    assert(error == 0);
}

/* MDB_PANIC when the map is gone. */
static int gate_enter(struct store *store)
{
    lock(store);
    while (store->growing > 0) {
        pthread_cond_wait(&store->changed, &store->mutex);
    }
    int error = store->broken ? MDB_PANIC : 0;
    store->live += error == 0;
    unlock(store);
    return error;
}

static void gate_leave(struct store *store)
{
    lock(store);
    assert(store->live > 0);
    store->live--;
    if (store->live == 0) {
        pthread_cond_broadcast(&store->changed);
    }
    unlock(store);
}

/* Twice the present size, or what the file says when `adopt` is set. With the mutex held. */
static int resize(struct store *store, bool adopt)
{
    MDB_envinfo info;
    int error = mdb_env_info(store->env, &info);
    if (error != 0) {
        return error;
    }
    if (!adopt && info.me_mapsize > SIZE_MAX / 2) {
        return ENOSPC;
    }
    error = mdb_env_set_mapsize(store->env, adopt ? 0 : info.me_mapsize * 2);
    /* EINVAL comes before the old map is given up, everything else after. */
    store->broken = error != 0 && error != EINVAL;
    return error;
}

static int map_move(struct store *store, bool adopt)
{
    lock(store);
    store->growing++;
    while (store->live > 0) {
        pthread_cond_wait(&store->changed, &store->mutex);
    }
    int error = store->broken ? MDB_PANIC : resize(store, adopt);
    store->growing--;
    pthread_cond_broadcast(&store->changed);
    unlock(store);
    return error;
}

/* Takes a snapshot: begins *handle, or renews it when there is one. The gate is held on success. */
static int snapshot_take(struct store *store, bool write, MDB_txn **handle)
{
    int error = 0;
    for (int tries = 0; tries < BEGIN_TRIES; tries++) {
        error = gate_enter(store);
        if (error != 0) {
            return error;
        }
        error = *handle != NULL ? mdb_txn_renew(*handle)
                                : mdb_txn_begin(store->env, NULL, write ? 0 : MDB_RDONLY, handle);
        if (error == 0) {
            return 0;
        }
        gate_leave(store);
        if (error == MDB_READERS_FULL && store_sweep_readers(store) > 0) {
            continue;
        }
        if (error != MDB_MAP_RESIZED) {
            return error;
        }
        int moved = map_move(store, true);
        if (moved != 0) {
            return moved;
        }
    }
    return error;
}

/* -- open and close -------------------------------------------------------------------------- */

static int env_configure(MDB_env *env, const struct store_options *options)
{
    uint64_t map_bytes = options->map_bytes > 0 ? options->map_bytes : MAP_BYTES_DEFAULT;
    uint32_t readers_max = options->readers_max > 0 ? options->readers_max : READERS_DEFAULT;
    int error = mdb_env_set_maxdbs(env, options->trees_max);
    if (error == 0) {
        error = mdb_env_set_maxreaders(env, readers_max);
    }
    /* A reader takes the size that the file names. */
    if (error == 0 && (options->flags & STORE_READ_ONLY) == 0) {
        error = mdb_env_set_mapsize(env, map_bytes);
    }
    return error;
}

static unsigned env_flags(uint32_t flags)
{
    unsigned result = MDB_NOSUBDIR | MDB_NOTLS;
    result |= (flags & STORE_READ_ONLY) != 0 ? MDB_RDONLY : 0;
    result |= (flags & STORE_UNSAFE_NO_SYNC) != 0 ? MDB_NOSYNC | MDB_NOMETASYNC : 0;
    result |= (flags & STORE_NO_READAHEAD) != 0 ? MDB_NORDAHEAD : 0;
    return result;
}

static enum lt_status env_open(struct store *store, const struct store_options *options,
                               struct fault *fault)
{
    int error = mdb_env_create(&store->env);
    if (error != 0) {
        store->env = NULL;
        return refuse(fault, error, options->path, "create");
    }
    error = env_configure(store->env, options);
    if (error != 0) {
        return refuse(fault, error, options->path, "configure");
    }
    error = mdb_env_open(store->env, options->path, env_flags(options->flags), 0600);
    if (error != 0) {
        return refuse(fault, error, options->path, "open");
    }
    (void)store_sweep_readers(store);
    return LT_OK;
}

/* An empty store under the name `making`, on disk and closed. */
static enum lt_status make(void *context, const char *making, struct fault *fault)
{
    struct store_options options = *(const struct store_options *)context;
    struct store maker = {.flags = options.flags};
    char lock_path[PATH_MAX + 8];
    (void)snprintf(lock_path, sizeof(lock_path), "%s-lock", making);
    options.path = making;
    enum lt_status status = env_open(&maker, &options, fault);
    if (status == LT_OK) {
        int error = mdb_env_sync(maker.env, 1);
        status = error == 0 ? LT_OK : refuse(fault, error, making, "sync");
    }
    if (maker.env != NULL) {
        mdb_env_close(maker.env);
    }
    (void)unlink(lock_path);
    return status;
}

/* Whole, named and with its room known: the whole of opening where a commit has to last. */
static enum lt_status open_lasting(struct store *store, const struct store_options *options,
                                   struct fault *fault)
{
    struct store_options made = *options;
    enum lt_status status = file_make(options->path, make, &made, fault);
    if (status == LT_OK) {
        status = env_open(store, options, fault);
    }
    if (status != LT_OK) {
        return status;
    }
    int fd = -1;
    (void)mdb_env_get_fd(store->env, &fd); /* an open one has one */
    room_init(&store->room, fd);
    /* LMDB syncs the file; that the file has a name is ours to make durable. */
    return folder_sync_of(options->path, fault);
}

static void store_free(struct store *store)
{
    if (store->env != NULL) {
        mdb_env_close(store->env);
    }
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->mutex);
    free(store);
}

enum lt_status store_open(struct store **ret_store, const struct store_options *options,
                          struct fault *fault)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return fault_set(fault, LT_NO_MEMORY, options->path, "open");
    }
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->changed, NULL);
    store->flags = options->flags;
    enum lt_status status = (options->flags & (STORE_READ_ONLY | STORE_UNSAFE_NO_SYNC)) != 0
                                ? env_open(store, options, fault)
                                : open_lasting(store, options, fault);
    if (status == LT_OK && (options->flags & STORE_UNSAFE_NO_SYNC) == 0) {
        status = store_whole(store, options->path, fault);
    }
    if (status != LT_OK) {
        store_free(store);
        return status;
    }
    *ret_store = store;
    return LT_OK;
}

void store_close(struct store **store_p)
{
    struct store *store = *store_p;
    if (store == NULL) {
        return;
    }
    assert(store->live == 0);
    if ((store->flags & STORE_UNSAFE_NO_SYNC) != 0 && (store->flags & STORE_READ_ONLY) == 0) {
        (void)mdb_env_sync(store->env, 1); /* best effort: it was opened as one that may be lost */
    }
    store_free(store);
    *store_p = NULL;
}

/* -- room ------------------------------------------------------------------------------------- */

/* So many pages behind the used end can be written now. */
static enum lt_status pages_take(struct store *store, uint64_t pages)
{
    MDB_envinfo info;
    MDB_stat stat;
    if ((store->flags & STORE_UNSAFE_NO_SYNC) != 0) {
        return LT_OK;
    }
    if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &stat) != 0) {
        return LT_IO;
    }
    return room_take(&store->room, (info.me_last_pgno + 1) * stat.ms_psize, pages * stat.ms_psize);
}

/* For the most that the commit can write. */
static enum lt_status commit_room(const struct store_txn *txn)
{
    struct store *store = txn->store;
    struct room_trees trees = {.count = store->trees_end};
    for (MDB_dbi tree = 0; tree < store->trees_end; tree++) {
        MDB_stat stat;
        int error = mdb_stat(txn->handle, tree, &stat);
        if (error != 0) {
            return status_of(error);
        }
        trees.page_bytes = stat.ms_psize;
        trees.listed += tree == 0 ? stat.ms_leaf_pages + stat.ms_overflow_pages : 0;
        trees.leaves += stat.ms_leaf_pages;
        trees.branches += stat.ms_branch_pages;
        trees.overflow += stat.ms_overflow_pages;
        trees.depth = stat.ms_depth > trees.depth ? stat.ms_depth : trees.depth;
    }
    return pages_take(store, room_pages_of(&trees, txn->touched, txn->bytes));
}

enum lt_status store_tree(struct store *store, const char *name, struct store_tree *ret_tree,
                          struct fault *fault)
{
    bool write = (store->flags & STORE_READ_ONLY) == 0;
    MDB_txn *handle = NULL;
    int error = snapshot_take(store, write, &handle);
    if (error != 0) {
        return refuse(fault, error, name, "begin");
    }
    MDB_dbi number = 0;
    error = mdb_dbi_open(handle, name, 0, &number);
    if (error == MDB_NOTFOUND && write) {
        error = pages_take(store, TREE_PAGES) == LT_OK
                    ? mdb_dbi_open(handle, name, MDB_CREATE, &number)
                    : ENOSPC;
    }
    if (error != 0) {
        mdb_txn_abort(handle);
    } else {
        error = mdb_txn_commit(handle); /* also of a reader: keeps the number */
    }
    gate_leave(store);
    if (error != 0) {
        return refuse(fault, error, name, "tree");
    }
    store->trees_end = number >= store->trees_end ? number + 1 : store->trees_end;
    ret_tree->number = number;
    return LT_OK;
}

/* -- transactions ------------------------------------------------------------------------------ */

enum lt_status store_begin(struct store *store, bool write, struct store_txn *ret_txn)
{
    assert(!write || (store->flags & STORE_READ_ONLY) == 0);
    MDB_txn *handle = NULL;
    int error = snapshot_take(store, write, &handle);
    if (error != 0) {
        return status_of(error);
    }
    *ret_txn = (struct store_txn){
        .store = store, .handle = handle, .status = LT_OK, .write = write, .live = true};
    return LT_OK;
}

static void txn_end(struct store_txn *txn)
{
    txn->handle = NULL;
    if (txn->live) {
        txn->live = false;
        gate_leave(txn->store);
    }
}

enum lt_status store_commit(struct store_txn *txn)
{
    assert(txn->handle != NULL);
    if (txn->write && txn->status == LT_OK && txn->touched > 0) {
        txn->status = commit_room(txn);
    }
    if (!txn->write || txn->status != LT_OK) {
        store_abort(txn);
        return txn->status;
    }
    int error = mdb_txn_commit(txn->handle);
    txn->status = commit_status_of(error);
    txn->map_full = error == MDB_MAP_FULL;
    txn_end(txn);
    return txn->status;
}

void store_abort(struct store_txn *txn)
{
    if (txn->handle != NULL) {
        mdb_txn_abort(txn->handle);
        txn_end(txn);
    }
}

void store_reset(struct store_txn *txn)
{
    assert(!txn->write);
    if (txn->live) {
        mdb_txn_reset(txn->handle);
        txn->live = false;
        gate_leave(txn->store);
    }
}

enum lt_status store_renew(struct store_txn *txn)
{
    assert(!txn->write && !txn->live && txn->handle != NULL);
    MDB_txn *handle = txn->handle;
    int error = snapshot_take(txn->store, false, &handle);
    txn->live = error == 0;
    txn->status = status_of(error);
    return txn->status;
}

/* -- entries ----------------------------------------------------------------------------------- */

enum lt_status store_get(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                         struct lt_bytes *ret_value)
{
    if (txn->status != LT_OK) {
        return txn->status;
    }
    assert(txn->live);
    MDB_val name = value_of(key);
    MDB_val value;
    int error = mdb_get(txn->handle, tree.number, &name, &value);
    if (error == 0) {
        *ret_value = bytes_of(value);
    }
    return stick(txn, error);
}

static enum lt_status put(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                          MDB_val *value, unsigned flags)
{
    if (txn->status != LT_OK) {
        return txn->status;
    }
    assert(txn->live && txn->write);
    MDB_val name = value_of(key);
    txn->touched++;
    txn->bytes += key.size + value->mv_size + ENTRY_BYTES;
    return stick(txn, mdb_put(txn->handle, tree.number, &name, value, flags));
}

enum lt_status store_put(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                         struct lt_bytes value)
{
    MDB_val whole = value_of(value);
    return put(txn, tree, key, &whole, 0);
}

enum lt_status store_append(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                            struct lt_bytes value)
{
    MDB_val whole = value_of(value);
    return put(txn, tree, key, &whole, MDB_APPEND);
}

enum lt_status store_append_room(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                                 size_t size, void **ret_room)
{
    MDB_val room = {.mv_size = size, .mv_data = NULL};
    enum lt_status status = put(txn, tree, key, &room, MDB_APPEND | MDB_RESERVE);
    if (status == LT_OK) {
        *ret_room = room.mv_data;
    }
    return status;
}

enum lt_status store_delete(struct store_txn *txn, struct store_tree tree, struct lt_bytes key)
{
    if (txn->status != LT_OK) {
        return txn->status;
    }
    assert(txn->live && txn->write);
    MDB_val name = value_of(key);
    txn->touched++;
    return stick(txn, mdb_del(txn->handle, tree.number, &name, NULL));
}

uint64_t store_count(struct store_txn *txn, struct store_tree tree)
{
    MDB_stat stat;
    if (txn->status != LT_OK) {
        return 0;
    }
    assert(txn->live);
    return stick(txn, mdb_stat(txn->handle, tree.number, &stat)) == LT_OK ? stat.ms_entries : 0;
}

/* -- cursors ----------------------------------------------------------------------------------- */

enum lt_status store_cursor_open(struct store_txn *txn, struct store_tree tree,
                                 struct store_cursor *ret_cursor)
{
    if (txn->status != LT_OK) {
        return txn->status;
    }
    assert(txn->live);
    MDB_cursor *handle;
    int error = mdb_cursor_open(txn->handle, tree.number, &handle);
    if (error == 0) {
        *ret_cursor = (struct store_cursor){.handle = handle, .txn = txn};
    }
    return stick(txn, error);
}

void store_cursor_close(struct store_cursor *cursor)
{
    if (cursor->handle == NULL) {
        return;
    }
    /* LMDB frees the cursors of a write transaction when that ends, those of readers never. */
    if (!cursor->txn->write || cursor->txn->handle != NULL) {
        mdb_cursor_close(cursor->handle);
    }
    cursor->handle = NULL;
}

enum lt_status store_cursor_renew(struct store_cursor *cursor)
{
    struct store_txn *txn = cursor->txn;
    if (txn->status != LT_OK) {
        return txn->status;
    }
    assert(txn->live && !txn->write);
    return stick(txn, mdb_cursor_renew(txn->handle, cursor->handle));
}

static enum lt_status move(struct store_cursor *cursor, MDB_val key, MDB_cursor_op operation,
                           struct lt_bytes *ret_key, struct lt_bytes *ret_value)
{
    struct store_txn *txn = cursor->txn;
    if (txn->status != LT_OK) {
        return txn->status;
    }
    assert(txn->live);
    MDB_val value;
    int error = mdb_cursor_get(cursor->handle, &key, &value, operation);
    if (error == 0 && ret_key != NULL) {
        *ret_key = bytes_of(key);
    }
    if (error == 0 && ret_value != NULL) {
        *ret_value = bytes_of(value);
    }
    return stick(txn, error);
}

enum lt_status store_seek(struct store_cursor *cursor, struct lt_bytes key,
                          struct lt_bytes *ret_key, struct lt_bytes *ret_value)
{
    MDB_cursor_op operation = key.size > 0 ? MDB_SET_RANGE : MDB_FIRST;
    return move(cursor, value_of(key), operation, ret_key, ret_value);
}

enum lt_status store_next(struct store_cursor *cursor, struct lt_bytes *ret_key,
                          struct lt_bytes *ret_value)
{
    return move(cursor, (MDB_val){0, NULL}, MDB_NEXT, ret_key, ret_value);
}

enum lt_status store_prev(struct store_cursor *cursor, struct lt_bytes *ret_key,
                          struct lt_bytes *ret_value)
{
    return move(cursor, (MDB_val){0, NULL}, MDB_PREV, ret_key, ret_value);
}

enum lt_status store_last(struct store_cursor *cursor, struct lt_bytes *ret_key,
                          struct lt_bytes *ret_value)
{
    return move(cursor, (MDB_val){0, NULL}, MDB_LAST, ret_key, ret_value);
}

/* -- care -------------------------------------------------------------------------------------- */

enum lt_status store_grow(struct store *store)
{
    return status_of(map_move(store, false));
}

int store_sweep_readers(struct store *store)
{
    int dead = 0;
    return mdb_reader_check(store->env, &dead) == 0 ? dead : 0;
}

/* A line of LMDB's table: pid, thread and the snapshot's number or "-". */
static int note_reader(const char *line, void *context)
{
    uint64_t *oldest = context;
    const char *last = strrchr(line, ' ');
    if (last == NULL || last[1] < '0' || last[1] > '9') {
        return 0;
    }
    uint64_t txn = strtoull(last + 1, NULL, 10);
    *oldest = txn < *oldest ? txn : *oldest;
    return 0;
}

void store_stat(struct store *store, struct store_stat *ret_stat)
{
    MDB_envinfo info = {0};
    MDB_stat stat = {0};
    /* The map does not move while the mutex is held, so this may run beside everything. */
    lock(store);
    if (!store->broken) {
        (void)mdb_env_info(store->env, &info);
        (void)mdb_env_stat(store->env, &stat);
    }
    uint64_t oldest = info.me_last_txnid;
    (void)mdb_reader_list(store->env, note_reader, &oldest);
    unlock(store);
    *ret_stat = (struct store_stat){
        .map_bytes = info.me_mapsize,
        .used_bytes = (info.me_last_pgno + 1) * stat.ms_psize,
        .last_txn = info.me_last_txnid,
        .oldest_reader = oldest,
    };
}
