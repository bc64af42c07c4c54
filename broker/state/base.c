/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The base on disk, written and read. It is truth below a cut, so it is treated as such: written
 * beside, synced, read back by whoever wrote it, and only then renamed; its digest covers every
 * byte and is compared before anything loaded from it is used.
 *
 * Reading checks more than the digest: trees known and in order, each once, keys rising, sizes
 * within what the state takes. A base that passes loads; one that does not is damaged, whatever its
 * digest says.
 *
 * Both directions go through one buffer; the largest entry fits it many times over.
 */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "proto/digest.h"
#include "state_private.h"

#define BUFFER_BYTES (256 * 1024)
#define ENTRY_BYTES  (STATE_KEY_MAX + STATE_VALUE_MAX + 16) /* more than any mark */

static bool path_beside(char out[PATH_MAX], const char *path)
{
    int length = snprintf(out, PATH_MAX, "%s.new", path);
    return length > 0 && length < PATH_MAX;
}

static enum lt_status failed(struct fault *fault, const char *what)
{
    int error = errno;
    enum lt_status status = error == ENOSPC || error == EDQUOT ? LT_FULL
                            : error == ENOENT                  ? LT_NOT_FOUND
                                                               : LT_IO;
    return fault_set(fault, status, "base", "%s: %s", what, strerrordesc_np(error));
}

/* ---- a state.mdb, looked at ---- */

static enum lt_status each_of_tree(struct store_txn *txn, struct store_tree stored,
                                   enum state_tree tree, base_taker *take, void *context)
{
    struct store_cursor cursor;
    struct lt_bytes key = {NULL, 0};
    struct lt_bytes value;
    enum lt_status status = store_cursor_open(txn, stored, &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, key, &key, &value);
    while (status == LT_OK) {
        struct lt_bytes plain;
        status = checked_value(key, value, &plain);
        if (status == LT_OK) {
            status = take(context, tree, key, plain);
        }
        if (status == LT_OK) {
            status = store_next(&cursor, &key, &value);
        } else if (status == LT_NOT_FOUND) {
            status = LT_IO; /* the end of the tree is ours to say */
        }
    }
    store_cursor_close(&cursor);
    return status == LT_NOT_FOUND ? LT_OK : status;
}

static enum lt_status each_in(struct store *store, base_taker *take, void *context,
                              struct base_about *about, struct fault *fault)
{
    struct store_tree trees[STATE_TREES_END];
    struct store_tree own;
    struct store_txn txn;
    uint64_t fold = 0;
    enum lt_status status = store_tree(store, "own", &own, fault);
    for (int i = 0; status == LT_OK && i < STATE_TREES_END; i++) {
        status = store_tree(store, state_tree_names[i], &trees[i], fault);
    }
    if (status != LT_OK) {
        return status;
    }
    status = store_begin(store, false, &txn);
    if (status != LT_OK) {
        return fault_set(fault, status, "state.mdb", "cannot be read");
    }
    status = own_number(&txn, own, FOLD_NAME, &fold);
    if (status == LT_OK) {
        status = applied_read(&txn, own, &about->position);
    }
    about->fold = (uint32_t)fold;
    if (status == LT_OK && fold != STATE_FOLD_VERSION) {
        status = fault_set(fault, LT_FORMAT_UNKNOWN, "state.mdb",
                           "fold version %llu, this release has %d", (unsigned long long)fold,
                           STATE_FOLD_VERSION);
    }
    for (int i = 0; status == LT_OK && i < STATE_TREES_END; i++) {
        status = each_of_tree(&txn, trees[i], (enum state_tree)i, take, context);
    }
    store_abort(&txn);
    return status == LT_OK ? LT_OK : fault_set(fault, status, "state.mdb", "cannot be read");
}

enum lt_status state_each(const char *state_path, base_taker *take, void *context,
                          struct base_about *ret_about, struct fault *fault)
{
    const struct store_options options = {
        .path = state_path,
        .flags = STORE_READ_ONLY | STORE_UNSAFE_NO_SYNC, /* its writer may be one of tests */
        .trees_max = STATE_TREES_END + 1,
    };
    struct base_about about = {.position = 0};
    struct store *store = NULL;
    if (access(state_path, F_OK) != 0) {
        return fault_set(fault, LT_NOT_FOUND, "state.mdb", "%s", state_path);
    }
    enum lt_status status = store_open(&store, &options, fault);
    if (status == LT_OK) {
        status = each_in(store, take, context, &about, fault);
    }
    store_close(&store);
    if (status == LT_OK) {
        *ret_about = about;
    }
    return status;
}

/* ---- writing ---- */

struct writing {
    int fd;
    uint8_t *buffer;
    size_t used;
    struct digester *digester;
    enum state_tree tree; /* begun last; STATE_TREES_END: none */
    base_taker *look;
    void *context;
    struct base_about about;
    struct fault *fault;
};

static enum lt_status flush(struct writing *w)
{
    size_t at = 0;
    digest_feed(w->digester, (struct lt_bytes){w->buffer, w->used});
    while (at < w->used) {
        ssize_t size = pwrite(w->fd, w->buffer + at, w->used - at, (off_t)w->about.bytes);
        if (size <= 0) {
            errno = size == 0 ? ENOSPC : errno;
            return failed(w->fault, "write");
        }
        at += (size_t)size;
        w->about.bytes += (uint64_t)size;
    }
    w->used = 0;
    return LT_OK;
}

/* Room for one entry or mark in the buffer. */
static enum lt_status room(struct writing *w, struct wire_writer *wire)
{
    enum lt_status status = BUFFER_BYTES - w->used < ENTRY_BYTES ? flush(w) : LT_OK;
    if (status == LT_OK) {
        wire_write_init(wire, w->buffer + w->used, BUFFER_BYTES - w->used);
    }
    return status;
}

static enum lt_status put(struct writing *w, const struct wire_writer *wire)
{
    struct lt_bytes written = wire_written(wire);
    if (written.size == 0) {
        return fault_set(w->fault, LT_DAMAGED, "state.mdb", "an entry is too large");
    }
    w->used += written.size;
    return LT_OK;
}

static enum lt_status put_tree(struct writing *w, enum state_tree tree)
{
    struct wire_writer wire;
    enum lt_status status = room(w, &wire);
    if (status != LT_OK) {
        return status;
    }
    wire_put_u8(&wire, BASE_TREE);
    wire_put_run16(&wire, text_bytes(state_tree_names[tree]));
    w->tree = tree;
    return put(w, &wire);
}

static enum lt_status put_entry(void *context, enum state_tree tree, struct lt_bytes key,
                                struct lt_bytes value)
{
    struct writing *w = context;
    struct wire_writer wire;
    enum lt_status status = w->look == NULL ? LT_OK : w->look(w->context, tree, key, value);
    if (status == LT_OK && w->tree != tree) {
        status = put_tree(w, tree);
    }
    if (status == LT_OK) {
        status = room(w, &wire);
    }
    if (status != LT_OK) {
        return status;
    }
    wire_put_u8(&wire, BASE_ENTRY);
    wire_put_run16(&wire, key);
    wire_put_run32(&wire, value);
    w->about.entries++;
    return put(w, &wire);
}

static enum lt_status put_end(struct writing *w)
{
    struct wire_writer wire;
    enum lt_status status = room(w, &wire);
    if (status != LT_OK) {
        return status;
    }
    wire_put_u8(&wire, BASE_END);
    wire_put_u64(&wire, w->about.entries);
    wire_put_u64(&wire, w->about.position);
    wire_put_u64(&wire, w->about.below);
    status = put(w, &wire);
    if (status == LT_OK) {
        status = flush(w);
    }
    if (status != LT_OK) {
        return status;
    }
    w->about.digest = digest_finish(w->digester);
    ssize_t size =
        pwrite(w->fd, w->about.digest.bytes, sizeof(w->about.digest.bytes), (off_t)w->about.bytes);
    if (size != (ssize_t)sizeof(w->about.digest.bytes)) {
        return failed(w->fault, "write");
    }
    w->about.bytes += (uint64_t)size;
    return fdatasync(w->fd) == 0 ? LT_OK : failed(w->fault, "sync");
}

static enum lt_status put_head(struct writing *w)
{
    struct wire_writer wire;
    enum lt_status status = room(w, &wire);
    if (status != LT_OK) {
        return status;
    }
    wire_put_raw(&wire, BASE_MAGIC, BASE_MAGIC_BYTES);
    wire_put_u32(&wire, STATE_FOLD_VERSION);
    return put(w, &wire);
}

static enum lt_status write_all(struct writing *w, const char *state_path, uint64_t below)
{
    struct base_about state = {0};
    digest_start(w->digester);
    enum lt_status status = put_head(w);
    if (status == LT_OK) {
        status = state_each(state_path, put_entry, w, &state, w->fault);
    }
    if (status != LT_OK) {
        return status;
    }
    w->about.position = state.position;
    w->about.fold = state.fold;
    w->about.below = below;
    return put_end(w);
}

enum lt_status base_write(const char *state_path, const char *path, uint64_t below,
                          base_taker *look, void *context, struct base_about *ret_about,
                          struct fault *fault)
{
    char beside[PATH_MAX];
    struct writing w = {
        .fd = -1, .tree = STATE_TREES_END, .look = look, .context = context, .fault = fault};
    if (!path_beside(beside, path)) {
        return fault_set(fault, LT_IO, "base", "the path is too long");
    }
    w.buffer = malloc(BUFFER_BYTES);
    enum lt_status status = w.buffer == NULL
                                ? fault_set(fault, LT_NO_MEMORY, "base", "%d bytes", BUFFER_BYTES)
                                : digester_open(&w.digester);
    if (status == LT_OK) {
        w.fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        status = w.fd < 0 ? failed(fault, "make") : write_all(&w, state_path, below);
    }
    if (w.fd >= 0 && close(w.fd) != 0 && status == LT_OK) {
        status = failed(fault, "close");
    }
    if (w.digester != NULL) {
        digester_close(&w.digester);
    }
    free(w.buffer);
    if (status == LT_OK) {
        *ret_about = w.about;
    }
    return status;
}

enum lt_status base_place(const char *path, struct fault *fault)
{
    char beside[PATH_MAX];
    if (!path_beside(beside, path)) {
        return fault_set(fault, LT_IO, "base", "the path is too long");
    }
    if (rename(beside, path) != 0) {
        return failed(fault, "rename");
    }
    return folder_sync_of(path, fault);
}

void base_drop(const char *path)
{
    char beside[PATH_MAX];
    if (path_beside(beside, path)) {
        (void)unlink(beside);
    }
}

/* ---- copying ---- */

static enum lt_status copy_bytes(int in, int out, uint8_t *buffer, struct fault *fault)
{
    off_t at = 0;
    for (;;) {
        ssize_t size = read(in, buffer, BUFFER_BYTES);
        if (size < 0) {
            return failed(fault, "read");
        }
        if (size == 0) {
            return fdatasync(out) == 0 ? LT_OK : failed(fault, "sync");
        }
        if (pwrite(out, buffer, (size_t)size, at) != size) {
            return failed(fault, "write");
        }
        at += size;
    }
}

static enum lt_status copy_beside(const char *from, const char *beside, struct fault *fault)
{
    uint8_t *buffer = malloc(BUFFER_BYTES);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in < 0 ? -1 : open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum lt_status status = buffer == NULL ? fault_set(fault, LT_NO_MEMORY, "base", "no memory")
                            : out < 0      ? failed(fault, "open")
                                           : copy_bytes(in, out, buffer, fault);
    if (in >= 0) {
        close(in);
    }
    if (out >= 0) {
        close(out);
    }
    free(buffer);
    return status;
}

enum lt_status base_copy(const char *from, const char *to, struct base_about *ret_about,
                         struct fault *fault)
{
    char beside[PATH_MAX];
    if (!path_beside(beside, to)) {
        return fault_set(fault, LT_IO, "base", "the path is too long");
    }
    enum lt_status status = copy_beside(from, beside, fault);
    if (status == LT_OK) {
        status = base_read_new(to, ret_about, fault);
    }
    if (status == LT_OK) {
        return base_place(to, fault);
    }
    base_drop(to);
    return status;
}
