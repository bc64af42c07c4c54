/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_BACKEND_LMDB_PRIVATE_H
#define BROKER_JOURNAL_BACKEND_LMDB_PRIVATE_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend.h"
#include "proto/base/queue.h"
#include "proto/base/store.h"
#include "reserve.h"

/* Shared by backend_lmdb.c (owning and status), backend_lmdb_write.c and backend_lmdb_read.c. */

#define READERS_KEPT   8
#define POSITION_BYTES 8
#define EPOCH_NAME     "epoch"
#define FORMAT_NAME    "format"

/* One append on its way: the core fills it, the writer answers in it, each while it has it. */
struct append_job {
    struct append append;
    enum append_result result;
    struct fault fault;
    uint64_t commits; /* made for this append */
};

/* A snapshot that is used again and again. */
struct reader {
    struct store_txn txn;
    struct store_cursor cursor;
    bool ready;
    bool busy;
};

struct backend_lmdb {
    struct store *store;
    struct store_tree facts; /* position of the first fact -> record */
    struct store_tree meta;  /* names -> numbers */
    char path[PATH_MAX];     /* of journal.mdb */
    char lock_path[PATH_MAX];
    char made_path[PATH_MAX];
    int lock_fd;
    bool read_only;
    bool pending; /* an append is with the writer */
    bool latched; /* an append failed: never again */
    struct backend_status at;
    struct reserve reserve;
    struct append_job job;
    struct queue *jobs; /* core to writer */
    struct queue *done; /* writer to core */
    pthread_t writer;
    bool writer_runs;
    pthread_mutex_t readers_lock;
    struct reader readers[READERS_KEPT];
};

/* Keys and numbers in the trees are big-endian. */
struct lt_bytes position_write(uint8_t out[POSITION_BYTES], uint64_t position);
uint64_t position_read(struct lt_bytes bytes); /* 0 when it is no position */

/* Position of the record's last fact; `first` when its frame does not read. */
uint64_t record_last(uint64_t first, struct lt_bytes bytes);

/* The record holding `position`, or the first one behind it, in a tree of records. */
LT_CHECK enum lt_status record_seek(struct store_cursor *cursor, uint64_t position,
                                    uint64_t *ret_first, struct lt_bytes *ret_record);

LT_CHECK enum lt_status number_get(struct backend_lmdb *backend, struct store_txn *txn,
                                   const char *name, uint64_t *ret_number);

/* What to do about LT_FULL: true when room was made and the transaction may be tried again. */
bool room_make(struct backend_lmdb *backend, bool map_full);

void *writer_run(void *self); /* body of the writer thread */
LT_CHECK enum lt_status meta_put(struct backend_lmdb *backend, const char *name, uint64_t number);
enum lt_status lmdb_cut(void *self, uint64_t below, struct fault *fault);

enum lt_status lmdb_view(void *self, uint64_t position,
                         enum lt_status (*look)(void *context, uint64_t first,
                                                struct lt_bytes record),
                         void *context);
LT_CHECK enum lt_status ends_read(struct backend_lmdb *backend);
void readers_close(struct backend_lmdb *backend);

#endif
