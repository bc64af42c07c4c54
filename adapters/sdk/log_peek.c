/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A box seen from outside, for `lt-adapter check`: a read-only snapshot of its store, beside the
 * process that owns it. A box of a release that kept no receipts has none of their trees; what it
 * does not have is zero.
 */
#include "log_peek.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/file.h"
#include "proto/base/text.h"

#define TREES_MAX BOX_TREES_END

enum lt_status log_key_read(const char *configured, char ret_line[NOTE_VKEY_MAX],
                            struct fault *fault)
{
    uint8_t *content = NULL;
    size_t size = 0;
    struct lt_bytes line = text_bytes(configured);
    if (configured[0] == '/') {
        enum lt_status status = file_read(configured, NOTE_VKEY_MAX, &content, &size, fault);
        if (status != LT_OK) {
            return status;
        }
        line = (struct lt_bytes){content, size};
    }
    while (line.size > 0 &&
           (line.data[line.size - 1] == '\n' || line.data[line.size - 1] == '\r')) {
        line.size--;
    }
    bool fits = line.size > 0 && line.size < NOTE_VKEY_MAX;
    if (fits) {
        text_copy(ret_line, NOTE_VKEY_MAX, line);
    }
    free(content);
    return fits ? LT_OK
                : fault_set(fault, LT_CONFIG_BAD, "log_key", "not a key NAME+ID+BASE64: %.100s",
                            configured);
}

static enum lt_status look(struct box *box, struct log_peek *peek)
{
    struct box_txn txn;
    enum lt_status status = box_read(box, &txn);
    if (status != LT_OK) {
        return status;
    }
    status = log_known_read(&txn, &peek->known);
    if (status == LT_OK) {
        status = log_refusal_read(&txn, &peek->refusal);
    }
    if (status == LT_OK) {
        status = axis_known(&txn, &peek->axis);
    }
    peek->overdue_ms = overdue_since(&txn);
    if (box->trees[BOX_RECEIPTS].number != 0) {
        peek->frames = store_count(&txn.store, box->trees[BOX_RECEIPTS]);
    }
    if (box->trees[BOX_OWED].number != 0) {
        peek->missing = owed_count(&txn);
    }
    box_read_end(&txn);
    return status;
}

enum lt_status log_peek(const char *path, struct log_peek *ret_peek, struct fault *fault)
{
    struct box *box = calloc(1, sizeof(*box));
    struct store_options options = {.path = path, .flags = STORE_READ_ONLY, .trees_max = TREES_MAX};
    memset(ret_peek, 0, sizeof(*ret_peek));
    if (box == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = access(path, F_OK) == 0 || errno != ENOENT ? LT_OK : LT_NOT_FOUND;
    if (status == LT_OK) {
        status = store_open(&box->store, &options, fault);
    }
    if (status == LT_OK) {
        status = store_tree(box->store, "meta", &box->trees[BOX_META], fault);
    }
    if (status == LT_OK) {
        struct fault ignored;
        fault_init(&ignored);
        if (store_tree(box->store, "receipts", &box->trees[BOX_RECEIPTS], &ignored) != LT_OK ||
            store_tree(box->store, "owed", &box->trees[BOX_OWED], &ignored) != LT_OK) {
            box->trees[BOX_OWED].number = 0; /* a box of an older release */
        }
        status = look(box, ret_peek);
    }
    store_close(&box->store);
    free(box);
    return status;
}
