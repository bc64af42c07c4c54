/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What stands in state.mdb carries a checksum over its key and its value, because the store has
 * none: a disk that loses a bit must not change a decision. On disk a value is followed by the
 * CRC-32C (u32) of key and value together.
 *
 * A value that does not read is no reason to lose anything: all of it follows from the journal. So
 * the state is not used any further: a file beside it says so, the process ends, and the next start
 * sets state.mdb aside and folds a new one. What this cannot see is an entry that is missing
 * because a bit of its key, or of a page above it, is another: that is for walk.c.
 */
#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "proto/base/crc32c.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "state_private.h"

#define SUM_BYTES 4

static uint32_t sum_of(struct lt_bytes key, struct lt_bytes value)
{
    return crc32c(crc32c(0, key.data, key.size), value.data, value.size);
}

enum lt_status checked_put(struct store_txn *txn, struct store_tree tree, struct lt_bytes key,
                           struct lt_bytes value)
{
    uint8_t memory[STATE_VALUE_MAX + SUM_BYTES];
    struct wire_writer w;
    assert(value.size <= STATE_VALUE_MAX);
    wire_write_init(&w, memory, sizeof(memory));
    wire_put_raw(&w, value.data, value.size);
    wire_put_u32(&w, sum_of(key, value));
    return store_put(txn, tree, key, wire_written(&w));
}

enum lt_status checked_value(struct lt_bytes key, struct lt_bytes stored,
                             struct lt_bytes *ret_value)
{
    if (stored.size < SUM_BYTES) {
        return LT_DAMAGED;
    }
    struct lt_bytes value = {stored.data, stored.size - SUM_BYTES};
    struct wire_reader r;
    wire_read_init(&r, (struct lt_bytes){stored.data + value.size, SUM_BYTES});
    if (wire_u32(&r) != sum_of(key, value)) {
        return LT_DAMAGED;
    }
    *ret_value = value;
    return LT_OK;
}

/* ---- what must not be used any further ---- */

static bool suspect_path(const struct state *state, char *out, size_t size)
{
    int length = snprintf(out, size, "%s.suspect", state->path);
    return length > 0 && (size_t)length < size;
}

bool state_suspect(const struct state *state)
{
    char path[STATE_PATH_BYTES];
    return suspect_path(state, path, sizeof(path)) && access(path, F_OK) == 0;
}

void state_suspect_forget(const struct state *state)
{
    char path[STATE_PATH_BYTES];
    if (suspect_path(state, path, sizeof(path))) {
        (void)unlink(path);
    }
}

enum lt_status suspect_put(const struct state *state, const char *why, struct fault *fault)
{
    char path[STATE_PATH_BYTES];
    if (!suspect_path(state, path, sizeof(path))) {
        return fault_set(fault, LT_IO, "state.mdb", "the path is too long");
    }
    return file_write(path, text_bytes(why), 0600, fault);
}

enum lt_status state_distrust(const struct state *state, const char *tree)
{
    struct fault fault;
    fault_init(&fault);
    log_error("state-damaged", "tree=%s: the next start folds it anew from the journal", tree);
    if (suspect_put(state, tree, &fault) != LT_OK) {
        log_error("state-damaged", "cannot say so: %s", fault.detail);
    }
    return LT_IO;
}
