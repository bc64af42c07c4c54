/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_H
#define ADAPTERS_SDK_BOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include "proto/base/list.h"
#include "proto/base/store.h"
#include "proto/base/uuid7.h"
#include <lienthong/clock.h>
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * The durable memory of one agency's adapter: box.mdb. Everything that was promised to the local
 * software or to the axis is in it before the promise is given. box_outbox.h, box_inbox.h and
 * box_events.h say what is kept; here is how it becomes durable.
 *
 * A write is a job: a function that looks and puts within a transaction. Jobs of several threads
 * that meet share one transaction and one sync: the first thread leads, commits what waits, and the
 * others find their job done. A job may run again when the map has grown, so it starts from its
 * inputs each time; a job that gives anything but LT_OK must not have written.
 */
enum box_tree {
    BOX_META,     /* name -> value */
    BOX_OUTBOX,   /* sequence(8) -> sent record */
    BOX_PARCELS,  /* sequence(8) -> header and body bytes as sent */
    BOX_WAITING,  /* sequence(8) -> what the axis has not decided yet */
    BOX_KEYS,     /* sender key -> sequence */
    BOX_IDS,      /* id(16), own or known_as -> sequence */
    BOX_CASES,    /* case code, 0, sequence(8) -> "" */
    BOX_INBOX,    /* number(8) -> inbox record */
    BOX_BODIES,   /* number(8) -> header and body bytes as received */
    BOX_OPEN,     /* number(8) -> lease of what is not settled yet */
    BOX_LEGS,     /* id(16) leg(1) sender -> number */
    BOX_TELL,     /* tell number(8) -> number: answers the axis has not confirmed */
    BOX_EVENTS,   /* cursor(8) -> event */
    BOX_BLOBS,    /* sha256(32) 'o' or 'i', number(8) -> "": who needs an attachment */
    BOX_UPLOADED, /* sha256(32) -> time: the axis has it */
    BOX_RECEIPTS, /* position(8) of the first leaf -> time(8), a frame of receipts */
    BOX_OWED,     /* position(8) of an acceptance or settlement without receipt -> since when */
    BOX_SEALS,    /* number(8) of a delivery -> seal state(1), proof of the sender's seal */
    BOX_TREES_END,
};

/* Numbers given out and lengths of queues; part of every transaction that changes them. */
struct box_counts {
    uint64_t sequence; /* last given out */
    uint64_t cursor;
    uint64_t inbox;
    uint64_t tell;
    uint64_t notice_cursor;
    uint64_t waiting; /* entries of BOX_WAITING, and their bytes */
    uint64_t waiting_bytes;
    uint64_t open; /* entries of BOX_OPEN */
    uint64_t telling;
};

struct box {
    struct store *store;
    struct store_tree trees[BOX_TREES_END];
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    struct lt_id instance; /* made once for this box */
    uint64_t epoch;        /* higher at every open */
    struct uuid7 maker;    /* used by jobs only: one at a time */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int owner_fd;     /* keeps other processes out */
    struct list jobs; /* waiting for a leader */
    bool leading;
    enum lt_status broken; /* class stop: nothing is promised any more */
    struct box_counts counts;
    uint64_t commits;
};

struct box_txn {
    struct box *box;
    struct store_txn store;
    struct box_counts counts;
    uint64_t puts;
};

/* `map_bytes`: 0 for the default; it grows by itself. LT_FENCED: somebody has it open. */
LT_CHECK enum lt_status box_open(struct box **ret_box, const char *path, uint64_t map_bytes,
                                 const struct lt_clock *clock, const struct lt_entropy *entropy,
                                 const char *software, struct fault *fault);
void box_close(struct box **box_p); /* no other thread is inside any more */

/* Durable when it gives LT_OK; else what the job or the store said. LT_FULL: no disk. */
LT_CHECK enum lt_status
box_commit(struct box *box, enum lt_status (*job)(struct box_txn *txn, void *self), void *self);

/* A snapshot; short, and box_commit must not be called before box_read_end. */
LT_CHECK enum lt_status box_read(struct box *box, struct box_txn *ret_txn);
void box_read_end(struct box_txn *txn);

void box_counts(struct box *box, struct box_counts *ret_counts);
uint64_t box_commits(struct box *box);

/* ---- for jobs ---- */

enum lt_status box_get(struct box_txn *txn, enum box_tree tree, struct lt_bytes key,
                       struct lt_bytes *ret_value);
void box_put(struct box_txn *txn, enum box_tree tree, struct lt_bytes key, struct lt_bytes value);
void box_delete(struct box_txn *txn, enum box_tree tree, struct lt_bytes key);

/* Keys of eight bytes, big-endian: they sort by number. */
struct box_key {
    uint8_t bytes[8];
};
struct box_key box_key_of(uint64_t number);
struct lt_bytes box_key_bytes(const struct box_key *key);
uint64_t box_key_number(struct lt_bytes key); /* of the last eight bytes */

LT_CHECK enum lt_status box_get_number(struct box_txn *txn, enum box_tree tree, uint64_t number,
                                       struct lt_bytes *ret_value);
void box_put_number(struct box_txn *txn, enum box_tree tree, uint64_t number,
                    struct lt_bytes value);
void box_delete_number(struct box_txn *txn, enum box_tree tree, uint64_t number);

#endif
