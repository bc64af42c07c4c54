/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Taking records as they are, for copies: the same bytes under the same positions, several in one
 * synced transaction. Only the owner may, and only behind the last position; a first record may
 * begin anywhere, because a journal that was cut does not begin at 1. The stored epoch follows the
 * records, so that a broker which opens the copy gets a higher one than any record carries.
 */
#include "backend_lmdb_private.h"
#include "layout.h"
#include "proto/base/text.h"

/* The records follow the last position and one another; *ret_epoch is the highest they carry. */
static enum lt_status check_order(const struct backend_lmdb *backend,
                                  const struct lt_bytes *records, uint32_t count,
                                  uint64_t *ret_epoch, struct fault *fault)
{
    uint64_t last = backend->at.last;
    uint64_t epoch = backend->at.epoch;
    for (uint32_t i = 0; i < count; i++) {
        struct record record;
        enum lt_status status = record_read(records[i], &record, fault);
        if (status != LT_OK) {
            return status;
        }
        if (last != 0 && record.first != last + 1) {
            return fault_set(fault, LT_DAMAGED, "position", "%llu behind %llu",
                             (unsigned long long)record.first, (unsigned long long)last);
        }
        last = record.first + record.count - 1;
        epoch = record.epoch > epoch ? record.epoch : epoch;
    }
    *ret_epoch = epoch;
    return LT_OK;
}

static enum lt_status take_once(struct backend_lmdb *backend, const struct lt_bytes *records,
                                uint32_t count, uint64_t epoch, bool *ret_map_full)
{
    struct store_txn txn;
    uint8_t bytes[POSITION_BYTES];
    enum lt_status status = store_begin(backend->store, true, &txn);
    if (status != LT_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct record record;
        if (record_read(records[i], &record, NULL) == LT_OK) {
            store_append(&txn, backend->facts, position_write(bytes, record.first), records[i]);
        }
    }
    store_put(&txn, backend->meta, text_bytes(EPOCH_NAME), position_write(bytes, epoch));
    status = store_commit(&txn);
    *ret_map_full = txn.map_full;
    return status;
}

enum lt_status backend_lmdb_take(struct backend_lmdb *backend, const struct lt_bytes *records,
                                 uint32_t count, struct fault *fault)
{
    uint64_t epoch = 0;
    if (backend->lock_fd < 0 || backend->pending || backend->latched) {
        return fault_set(fault, LT_FENCED, "journal.mdb", "not ours to write");
    }
    enum lt_status status = check_order(backend, records, count, &epoch, fault);
    if (status != LT_OK) {
        return status;
    }
    for (;;) {
        bool map_full = false;
        status = take_once(backend, records, count, epoch, &map_full);
        if (status != LT_FULL || !room_make(backend, map_full)) {
            break;
        }
    }
    if (status == LT_FULL) {
        return fault_set(fault, LT_FULL, "journal.mdb", "no room for the copy");
    }
    if (status != LT_OK) {
        backend->latched = true;
        return fault_set(fault, status, "journal.mdb", "cannot be written");
    }
    backend->at.syncs++;
    backend->at.epoch = epoch;
    return ends_read(backend);
}
