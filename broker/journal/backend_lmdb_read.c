/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The reading half of the LMDB backend: `view` for any thread, and the look at both ends when the
 * journal is opened. A few snapshots are kept and renewed instead of being made for each look; with
 * all of them in use a look makes its own. A snapshot lives only while one record is looked at:
 * longer ones would keep the file growing and hold back the growth of the map. A look may already
 * see the record whose commit is under way; whoever acts on facts asks for durable positions only.
 *
 * Which record holds a position is told by its key and the number of facts in its frame. A record
 * whose frame does not read is taken to hold its first position only: what should stand behind it
 * then shows as missing, which is how readers find out about it.
 */
#include "backend_lmdb_private.h"
#include "layout.h"

static enum lt_status reader_start(struct backend_lmdb *backend, struct reader *reader)
{
    enum lt_status status;
    if (reader->ready) {
        status = store_renew(&reader->txn);
        return status == LT_OK ? store_cursor_renew(&reader->cursor) : status;
    }
    status = store_begin(backend->store, false, &reader->txn);
    if (status != LT_OK) {
        return status;
    }
    status = store_cursor_open(&reader->txn, backend->facts, &reader->cursor);
    if (status != LT_OK) {
        store_abort(&reader->txn);
        return status;
    }
    reader->ready = true;
    return LT_OK;
}

static void reader_end(struct reader *reader)
{
    if (reader->ready) {
        store_cursor_close(&reader->cursor);
        store_abort(&reader->txn);
        reader->ready = false;
    }
}

/* A kept reader nobody uses, or NULL. */
static struct reader *reader_take(struct backend_lmdb *backend)
{
    struct reader *taken = NULL;
    pthread_mutex_lock(&backend->readers_lock);
    for (int i = 0; i < READERS_KEPT && taken == NULL; i++) {
        if (!backend->readers[i].busy) {
            taken = &backend->readers[i];
            taken->busy = true;
        }
    }
    pthread_mutex_unlock(&backend->readers_lock);
    return taken;
}

static void reader_give(struct backend_lmdb *backend, struct reader *reader)
{
    pthread_mutex_lock(&backend->readers_lock);
    reader->busy = false;
    pthread_mutex_unlock(&backend->readers_lock);
}

void readers_close(struct backend_lmdb *backend)
{
    for (int i = 0; i < READERS_KEPT; i++) {
        reader_end(&backend->readers[i]);
    }
}

enum lt_status record_seek(struct store_cursor *cursor, uint64_t position, uint64_t *ret_first,
                           struct lt_bytes *ret_record)
{
    uint8_t wanted[POSITION_BYTES];
    struct lt_bytes key;
    struct lt_bytes record;
    enum lt_status status = store_seek(cursor, position_write(wanted, position), &key, &record);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    bool behind = status == LT_OK;
    if (behind && position_read(key) == position) {
        *ret_first = position;
        *ret_record = record;
        return LT_OK;
    }
    struct lt_bytes before_key;
    struct lt_bytes before;
    status = behind ? store_prev(cursor, &before_key, &before)
                    : store_last(cursor, &before_key, &before);
    if (status == LT_OK && record_last(position_read(before_key), before) >= position) {
        *ret_first = position_read(before_key);
        *ret_record = before;
        return LT_OK;
    }
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    if (!behind) {
        return LT_NOT_FOUND;
    }
    *ret_first = position_read(key);
    *ret_record = record;
    return LT_OK;
}

enum lt_status lmdb_view(void *self, uint64_t position,
                         enum lt_status (*look)(void *context, uint64_t first,
                                                struct lt_bytes record),
                         void *context)
{
    struct backend_lmdb *backend = self;
    struct reader own = {.ready = false};
    struct reader *kept = reader_take(backend);
    struct reader *reader = kept != NULL ? kept : &own;
    enum lt_status status = reader_start(backend, reader);
    if (status == LT_OK) {
        uint64_t first = 0;
        struct lt_bytes record;
        status = record_seek(&reader->cursor, position, &first, &record);
        if (status == LT_OK) {
            status = look(context, first, record);
        }
        if (kept != NULL) {
            store_reset(&reader->txn);
        }
    } else {
        reader_end(reader);
    }
    if (kept != NULL) {
        reader_give(backend, kept);
    } else {
        reader_end(&own);
    }
    return status;
}

enum lt_status ends_read(struct backend_lmdb *backend)
{
    struct reader reader = {.ready = false};
    enum lt_status status = reader_start(backend, &reader);
    if (status != LT_OK) {
        return status;
    }
    uint64_t epoch = 0;
    struct lt_bytes key = {NULL, 0};
    struct lt_bytes record;
    uint64_t first = 0;
    uint64_t last = 0;
    status = store_seek(&reader.cursor, key, &key, &record);
    if (status == LT_OK) {
        first = position_read(key);
        status = store_last(&reader.cursor, &key, &record);
    }
    if (status == LT_OK) {
        last = record_last(position_read(key), record);
    }
    if (status == LT_OK || status == LT_NOT_FOUND) {
        status = number_get(backend, &reader.txn, EPOCH_NAME, &epoch);
    }
    reader_end(&reader);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    backend->at.first = first;
    backend->at.last = last;
    backend->at.epoch = epoch;
    return LT_OK;
}
