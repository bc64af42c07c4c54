/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The box's notes about attachments. An attachment is kept on disk as long as a transfer or a
 * delivery in the box names it; the entries are made and removed in the same transaction as these,
 * so counting users needs no counter that could drift.
 *
 * That the axis has a file is only a hint that saves an upload: if it was forgotten there, the
 * verdict "blob missing" takes the hint away and the file goes up again.
 */
#include <string.h>

#include "box_blobs.h"
#include "proto/base/wire.h"

#define KEY_BYTES (32 + 1 + 8)

static struct lt_bytes digest_bytes(const struct lt_digest *sha256)
{
    return (struct lt_bytes){sha256->bytes, sizeof(sha256->bytes)};
}

static struct lt_bytes user_key(uint8_t out[KEY_BYTES], const struct lt_digest *sha256,
                                enum blob_user user, uint64_t number)
{
    struct wire_writer w;
    wire_write_init(&w, out, KEY_BYTES);
    wire_put_raw(&w, sha256->bytes, sizeof(sha256->bytes));
    wire_put_u8(&w, (uint8_t)user);
    wire_put_u64(&w, number);
    return wire_written(&w);
}

void box_blob_need(struct box_txn *txn, const struct lt_digest *sha256, enum blob_user user,
                   uint64_t number)
{
    uint8_t key[KEY_BYTES];
    box_put(txn, BOX_BLOBS, user_key(key, sha256, user, number), (struct lt_bytes){NULL, 0});
}

void box_blob_unneed(struct box_txn *txn, const struct lt_digest *sha256, enum blob_user user,
                     uint64_t number)
{
    uint8_t key[KEY_BYTES];
    box_delete(txn, BOX_BLOBS, user_key(key, sha256, user, number));
}

bool box_blob_needed(struct box_txn *txn, const struct lt_digest *sha256)
{
    struct store_cursor cursor;
    struct lt_bytes key;
    if (store_cursor_open(&txn->store, txn->box->trees[BOX_BLOBS], &cursor) != LT_OK) {
        return true; /* in doubt nothing is removed */
    }
    enum lt_status status = store_seek(&cursor, digest_bytes(sha256), &key, NULL);
    bool needed = status != LT_NOT_FOUND;
    if (status == LT_OK) {
        needed =
            key.size == KEY_BYTES && memcmp(key.data, sha256->bytes, sizeof(sha256->bytes)) == 0;
    }
    store_cursor_close(&cursor);
    return needed;
}

void box_blob_uploaded(struct box_txn *txn, const struct lt_digest *sha256)
{
    struct box_key time = box_key_of((uint64_t)txn->box->clock->wall_ms(txn->box->clock->self));
    box_put(txn, BOX_UPLOADED, digest_bytes(sha256), box_key_bytes(&time));
}

void box_blob_missing(struct box_txn *txn, const struct lt_digest *sha256)
{
    box_delete(txn, BOX_UPLOADED, digest_bytes(sha256));
}

bool box_blob_is_uploaded(struct box_txn *txn, const struct lt_digest *sha256)
{
    struct lt_bytes value;
    return box_get(txn, BOX_UPLOADED, digest_bytes(sha256), &value) == LT_OK;
}
