/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The writing half of the LMDB backend: the only thread that commits the journal, and the few other
 * write transactions (epoch, format, cut), which the core makes while no append is in flight.
 *
 * An append is one transaction with default flags: it checks the stored epoch and the last
 * position, puts the record at the end and commits; the commit returns after two flushes of the
 * device. The very same record standing at the end already means that an earlier try was durable.
 *
 * A full map is grown and the record put again from the core's memory. A full disk costs the
 * reserve once; if that does not help the answer is "full" and nothing was written. Whatever else
 * goes wrong is LT_IO and final: a failed flush is never tried again.
 */
#include <string.h>

#include "backend_lmdb_private.h"
#include "layout.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"

#define CUT_RECORDS_MAX 500 /* of one transaction: a giant deletion makes a giant free list */

struct lt_bytes position_write(uint8_t out[POSITION_BYTES], uint64_t position)
{
    struct wire_writer w;
    wire_write_init(&w, out, POSITION_BYTES);
    wire_put_u64(&w, position);
    return wire_written(&w);
}

uint64_t position_read(struct lt_bytes bytes)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    uint64_t position = wire_u64(&r);
    return wire_read_done(&r) ? position : 0;
}

uint64_t record_last(uint64_t first, struct lt_bytes bytes)
{
    struct record record;
    if (record_read(bytes, &record, NULL) != LT_OK) {
        return first;
    }
    return first + record.count - 1;
}

enum lt_status number_get(struct backend_lmdb *backend, struct store_txn *txn, const char *name,
                          uint64_t *ret_number)
{
    struct lt_bytes value;
    enum lt_status status = store_get(txn, backend->meta, text_bytes(name), &value);
    if (status != LT_OK) {
        return status;
    }
    uint64_t number = position_read(value);
    if (number == 0) {
        return LT_DAMAGED;
    }
    *ret_number = number;
    return LT_OK;
}

bool room_make(struct backend_lmdb *backend, bool map_full)
{
    if (map_full) {
        return store_grow(backend->store) == LT_OK;
    }
    return reserve_give_up(&backend->reserve);
}

static enum lt_status meta_put_once(struct backend_lmdb *backend, const char *name, uint64_t number,
                                    bool *ret_map_full)
{
    struct store_txn txn;
    enum lt_status status = store_begin(backend->store, true, &txn);
    if (status != LT_OK) {
        return status;
    }
    uint8_t value[POSITION_BYTES];
    store_put(&txn, backend->meta, text_bytes(name), position_write(value, number));
    status = store_commit(&txn);
    *ret_map_full = txn.map_full;
    return status;
}

enum lt_status meta_put(struct backend_lmdb *backend, const char *name, uint64_t number)
{
    for (;;) {
        bool map_full = false;
        enum lt_status status = meta_put_once(backend, name, number, &map_full);
        if (status == LT_OK) {
            backend->at.syncs++;
        }
        if (status != LT_FULL || !room_make(backend, map_full)) {
            return status;
        }
    }
}

/* ---- one append ---- */

/* What stands in the journal against this append. */
enum verdict_before { GO_ON, ALREADY_THERE, OVERTAKEN, OUT_OF_PLACE };

static enum lt_status look_before(struct backend_lmdb *backend, struct store_txn *txn,
                                  const struct append *append, enum verdict_before *ret_verdict,
                                  uint64_t *ret_last)
{
    uint64_t epoch = 0;
    enum lt_status status = number_get(backend, txn, EPOCH_NAME, &epoch);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    struct store_cursor cursor;
    status = store_cursor_open(txn, backend->facts, &cursor);
    if (status != LT_OK) {
        return status;
    }
    struct lt_bytes key;
    struct lt_bytes record;
    status = store_last(&cursor, &key, &record);
    store_cursor_close(&cursor);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    uint64_t first = status == LT_OK ? position_read(key) : 0;
    *ret_last = status == LT_OK ? record_last(first, record) : 0;
    if (epoch != append->epoch) {
        *ret_verdict = OVERTAKEN;
    } else if (*ret_last == append->expected_last) {
        *ret_verdict = GO_ON;
    } else if (first == append->expected_last + 1 && bytes_equal(record, append->record)) {
        *ret_verdict = ALREADY_THERE;
    } else {
        *ret_verdict = OUT_OF_PLACE;
    }
    return LT_OK;
}

static enum lt_status record_put(struct backend_lmdb *backend, struct store_txn *txn,
                                 const struct append *append)
{
    uint8_t key[POSITION_BYTES];
    store_append(txn, backend->facts, position_write(key, append->expected_last + 1),
                 append->record);
    return store_commit(txn);
}

/* One transaction; a status other than LT_OK says that it did not come about. */
static enum lt_status append_once(struct backend_lmdb *backend, struct append_job *job,
                                  bool *ret_map_full)
{
    const struct append *append = &job->append;
    struct store_txn txn;
    enum lt_status status = store_begin(backend->store, true, &txn);
    if (status != LT_OK) {
        return status;
    }
    enum verdict_before verdict = OUT_OF_PLACE;
    uint64_t last = 0;
    status = look_before(backend, &txn, append, &verdict, &last);
    if (status == LT_OK && verdict == GO_ON) {
        status = record_put(backend, &txn, append);
        *ret_map_full = txn.map_full;
        job->commits += status == LT_OK;
        job->result = APPEND_DURABLE;
        return status;
    }
    store_abort(&txn);
    switch (verdict) {
    case GO_ON:
    case ALREADY_THERE:
        job->result = APPEND_DURABLE;
        break;
    case OVERTAKEN:
        job->result = APPEND_FENCED;
        break;
    case OUT_OF_PLACE:
        job->result = APPEND_REFUSED;
        fault_set(&job->fault, LT_IO, "journal.mdb", "last position is %llu, expected was %llu",
                  (unsigned long long)last, (unsigned long long)append->expected_last);
        break;
    }
    return status;
}

static void append_run(struct backend_lmdb *backend, struct append_job *job)
{
    for (;;) {
        bool map_full = false;
        enum lt_status status = append_once(backend, job, &map_full);
        if (status == LT_OK) {
            return;
        }
        if (status != LT_FULL) {
            job->result = APPEND_REFUSED;
            fault_set(&job->fault, LT_IO, "journal.mdb", "append failed: %s", lt_code(status));
            return;
        }
        if (!room_make(backend, map_full)) {
            job->result = APPEND_FULL;
            return;
        }
    }
}

void *writer_run(void *self)
{
    struct backend_lmdb *backend = self;
    struct append_job *job;
    while ((job = queue_wait(backend->jobs, -1)) != NULL) {
        append_run(backend, job);
        bool given = queue_push(backend->done, job);
        (void)given; /* one append in flight, one place in the queue */
    }
    return NULL;
}

/* ---- cutting ---- */

/* Keys of records that end below, oldest first; the last record of all always stays. */
static enum lt_status cut_collect(struct backend_lmdb *backend, struct store_txn *txn,
                                  uint64_t below, uint64_t *firsts, uint32_t *ret_count)
{
    struct store_cursor cursor;
    enum lt_status status = store_cursor_open(txn, backend->facts, &cursor);
    if (status != LT_OK) {
        return status;
    }
    uint32_t count = 0;
    struct lt_bytes key = {NULL, 0};
    struct lt_bytes record;
    status = store_seek(&cursor, key, &key, &record);
    while (status == LT_OK && count < CUT_RECORDS_MAX) {
        uint64_t first = position_read(key);
        if (record_last(first, record) >= below) {
            break;
        }
        status = store_next(&cursor, &key, &record);
        if (status == LT_OK) {
            firsts[count++] = first;
        }
    }
    store_cursor_close(&cursor);
    if (status == LT_OK || status == LT_NOT_FOUND) {
        *ret_count = count;
        return LT_OK;
    }
    return status;
}

static enum lt_status cut_once(struct backend_lmdb *backend, uint64_t below, uint32_t *ret_count,
                               bool *ret_map_full)
{
    struct store_txn txn;
    enum lt_status status = store_begin(backend->store, true, &txn);
    if (status != LT_OK) {
        return status;
    }
    uint64_t firsts[CUT_RECORDS_MAX];
    uint32_t count = 0;
    status = cut_collect(backend, &txn, below, firsts, &count);
    if (status != LT_OK || count == 0) {
        store_abort(&txn);
        *ret_count = 0;
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[POSITION_BYTES];
        store_delete(&txn, backend->facts, position_write(key, firsts[i]));
    }
    status = store_commit(&txn);
    *ret_map_full = txn.map_full;
    *ret_count = count;
    return status;
}

enum lt_status lmdb_cut(void *self, uint64_t below, struct fault *fault)
{
    struct backend_lmdb *backend = self;
    if (backend->lock_fd < 0 || backend->pending) {
        return fault_set(fault, backend->pending ? LT_AGAIN : LT_FENCED, "journal.mdb",
                         "not to be cut now");
    }
    for (;;) {
        uint32_t count = 0;
        bool map_full = false;
        enum lt_status status = cut_once(backend, below, &count, &map_full);
        if (status == LT_FULL && room_make(backend, map_full)) {
            continue;
        }
        if (status != LT_OK) {
            return fault_set(fault, status, "journal.mdb", "cannot be cut");
        }
        if (count == 0) {
            break;
        }
        backend->at.syncs++;
    }
    enum lt_status status = ends_read(backend);
    return status == LT_OK ? LT_OK : fault_set(fault, status, "journal.mdb", "cannot be read");
}
