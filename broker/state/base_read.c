/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A base read to its end. The digest covers every byte before it; it is known only when everything
 * has been read, so what was taken on the way is believed after that and not before. Beside the
 * digest the shape is checked: trees known, in order, each once; keys rising; sizes within what the
 * state takes; nothing behind the end. Of a base of another fold version the names of its trees are
 * not ours to judge; it is checked for a copy, never loaded.
 */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "proto/digest.h"
#include "state_private.h"

#define HEAD_BYTES   8
#define FOOT_BYTES   (1 + 3 * 8 + sizeof(struct lt_digest))
#define BUFFER_BYTES (256 * 1024)

struct reading {
    int fd;
    uint8_t *buffer;
    size_t from; /* what is not consumed yet */
    size_t end;
    struct digester *digester;
    bool begun;           /* a tree was named */
    enum state_tree tree; /* the present one */
    uint8_t last[STATE_KEY_MAX];
    size_t last_size; /* of the last key of this tree; 0: none yet */
    base_taker *take;
    void *context;
    struct base_about about;
    struct fault *fault;
};

static enum lt_status damaged(struct reading *r, const char *what)
{
    return fault_set(r->fault, LT_DAMAGED, "base", "%s, at byte %llu", what,
                     (unsigned long long)r->about.bytes);
}

/* The next `size` bytes, consumed; valid until the next call. */
static enum lt_status next(struct reading *r, size_t size, const uint8_t **ret_bytes)
{
    if (r->end - r->from < size) {
        memmove(r->buffer, r->buffer + r->from, r->end - r->from);
        r->end -= r->from;
        r->from = 0;
    }
    while (r->end < size) {
        ssize_t got = read(r->fd, r->buffer + r->end, BUFFER_BYTES - r->end);
        if (got < 0) {
            return fault_set(r->fault, LT_IO, "base", "read: %s", strerrordesc_np(errno));
        }
        if (got == 0) {
            return damaged(r, "it ends too early");
        }
        r->end += (size_t)got;
    }
    *ret_bytes = r->buffer + r->from;
    r->from += size;
    r->about.bytes += size;
    return LT_OK;
}

static enum lt_status next_fed(struct reading *r, size_t size, const uint8_t **ret_bytes)
{
    const uint8_t *bytes = NULL;
    enum lt_status status = next(r, size, &bytes);
    if (bytes == NULL) {
        return status;
    }
    digest_feed(r->digester, (struct lt_bytes){bytes, size});
    *ret_bytes = bytes;
    return LT_OK;
}

/* A number of `size` bytes, at most `most`. */
static enum lt_status next_number(struct reading *r, size_t size, uint64_t most,
                                  uint64_t *ret_number)
{
    const uint8_t *bytes = NULL;
    uint64_t number = 0;
    enum lt_status status = next_fed(r, size, &bytes);
    if (bytes == NULL) {
        return status;
    }
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    if (number > most) {
        return damaged(r, "a size out of range");
    }
    *ret_number = number;
    return LT_OK;
}

static enum lt_status read_head(struct reading *r)
{
    const uint8_t *bytes = NULL;
    struct wire_reader wire;
    char magic[BASE_MAGIC_BYTES];
    enum lt_status status = next_fed(r, HEAD_BYTES, &bytes);
    if (bytes == NULL) {
        return status;
    }
    wire_read_init(&wire, (struct lt_bytes){bytes, HEAD_BYTES});
    wire_raw(&wire, magic, BASE_MAGIC_BYTES);
    r->about.fold = wire_u32(&wire);
    if (memcmp(magic, BASE_MAGIC, BASE_MAGIC_BYTES) != 0) {
        return damaged(r, "it is no base");
    }
    if (r->about.fold != STATE_FOLD_VERSION && r->take != NULL) {
        return fault_set(r->fault, LT_FORMAT_UNKNOWN, "base",
                         "fold version %u, this release has %d", r->about.fold, STATE_FOLD_VERSION);
    }
    return LT_OK;
}

static enum lt_status read_tree(struct reading *r)
{
    uint64_t size = 0;
    const uint8_t *name = NULL;
    enum lt_status status = next_number(r, 2, STATE_KEY_MAX, &size);
    if (status == LT_OK) {
        status = next_fed(r, size, &name);
    }
    if (name == NULL) {
        return status;
    }
    int tree = 0;
    while (tree < STATE_TREES_END &&
           !bytes_equal(text_bytes(state_tree_names[tree]), (struct lt_bytes){name, size})) {
        tree++;
    }
    bool foreign = r->about.fold != STATE_FOLD_VERSION; /* it may have trees of its own */
    if (!foreign && (tree == STATE_TREES_END || (r->begun && tree <= (int)r->tree))) {
        return damaged(r, "a tree unknown or out of order");
    }
    r->begun = true;
    r->tree = (enum state_tree)tree;
    r->last_size = 0;
    return LT_OK;
}

static enum lt_status read_key(struct reading *r)
{
    uint64_t size = 0;
    const uint8_t *key = NULL;
    enum lt_status status = next_number(r, 2, STATE_KEY_MAX, &size);
    if (status == LT_OK) {
        status = next_fed(r, size, &key);
    }
    if (key == NULL) {
        return status;
    }
    if (size == 0 || bytes_compare((struct lt_bytes){key, size},
                                   (struct lt_bytes){r->last, r->last_size}) <= 0) {
        return damaged(r, "keys that do not rise");
    }
    memcpy(r->last, key, size);
    r->last_size = size;
    return LT_OK;
}

static enum lt_status read_entry(struct reading *r)
{
    uint64_t size = 0;
    const uint8_t *value = NULL;
    if (!r->begun) {
        return damaged(r, "an entry of no tree");
    }
    enum lt_status status = read_key(r);
    if (status == LT_OK) {
        status = next_number(r, 4, STATE_VALUE_MAX, &size);
    }
    if (status == LT_OK) {
        status = next_fed(r, size, &value);
    }
    if (status != LT_OK) {
        return status;
    }
    r->about.entries++;
    return r->take == NULL ? LT_OK
                           : r->take(r->context, r->tree, (struct lt_bytes){r->last, r->last_size},
                                     (struct lt_bytes){value, size});
}

static enum lt_status read_end(struct reading *r)
{
    uint64_t entries = 0;
    const uint8_t *stored;
    uint8_t more;
    enum lt_status status = next_number(r, 8, UINT64_MAX, &entries);
    if (status == LT_OK) {
        status = next_number(r, 8, UINT64_MAX, &r->about.position);
    }
    if (status == LT_OK) {
        status = next_number(r, 8, UINT64_MAX, &r->about.below);
    }
    if (status != LT_OK) {
        return status;
    }
    r->about.digest = digest_finish(r->digester);
    status = next(r, sizeof(r->about.digest.bytes), &stored);
    if (status != LT_OK) {
        return status;
    }
    if (entries != r->about.entries ||
        memcmp(stored, r->about.digest.bytes, sizeof(r->about.digest.bytes)) != 0) {
        return damaged(r, "its digest differs");
    }
    if (r->from != r->end || read(r->fd, &more, 1) != 0) {
        return damaged(r, "something stands behind its end");
    }
    return LT_OK;
}

static enum lt_status read_all(struct reading *r)
{
    digest_start(r->digester);
    enum lt_status status = read_head(r);
    while (status == LT_OK) {
        uint64_t mark = 0;
        status = next_number(r, 1, BASE_END, &mark);
        if (status == LT_OK && mark == BASE_END) {
            return read_end(r);
        }
        if (status == LT_OK) {
            status = mark == BASE_TREE    ? read_tree(r)
                     : mark == BASE_ENTRY ? read_entry(r)
                                          : damaged(r, "an unknown mark");
        }
    }
    return status;
}

enum lt_status base_read(const char *path, base_taker *take, void *context,
                         struct base_about *ret_about, struct fault *fault)
{
    struct reading r = {.fd = -1, .take = take, .context = context, .fault = fault};
    r.buffer = malloc(BUFFER_BYTES);
    enum lt_status status = r.buffer == NULL
                                ? fault_set(fault, LT_NO_MEMORY, "base", "%d bytes", BUFFER_BYTES)
                                : digester_open(&r.digester);
    if (status == LT_OK) {
        r.fd = open(path, O_RDONLY | O_CLOEXEC);
        status = r.fd >= 0 ? read_all(&r)
                           : fault_set(fault, errno == ENOENT ? LT_NOT_FOUND : LT_IO, "base",
                                       "open: %s", strerrordesc_np(errno));
    }
    if (r.fd >= 0) {
        close(r.fd);
    }
    if (r.digester != NULL) {
        digester_close(&r.digester);
    }
    free(r.buffer);
    if (status == LT_OK) {
        *ret_about = r.about;
    }
    return status;
}

struct walking {
    bool (*pace)(void *context, uint64_t bytes);
    void *context;
};

static enum lt_status step(void *context, enum state_tree tree, struct lt_bytes key,
                           struct lt_bytes value)
{
    const struct walking *walking = context;
    (void)tree;
    return walking->pace(walking->context, key.size + value.size) ? LT_OK : LT_AGAIN;
}

enum lt_status base_walk(const char *path, bool (*pace)(void *context, uint64_t bytes),
                         void *context, struct fault *fault)
{
    struct walking walking = {pace, context};
    struct base_about about;
    return base_read(path, step, &walking, &about, fault);
}

enum lt_status base_read_new(const char *path, struct base_about *ret_about, struct fault *fault)
{
    char beside[PATH_MAX];
    int length = snprintf(beside, sizeof(beside), "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof(beside)) {
        return fault_set(fault, LT_IO, "base", "the path is too long");
    }
    return base_read(beside, NULL, NULL, ret_about, fault);
}

enum lt_status base_check_new(const char *path, const struct base_about *written,
                              struct fault *fault)
{
    struct base_about read;
    enum lt_status status = base_read_new(path, &read, fault);
    if (status == LT_OK && memcmp(&read.digest, &written->digest, sizeof(read.digest)) != 0) {
        status = fault_set(fault, LT_DAMAGED, "base", "reads other than it was written");
    }
    return status;
}

static enum lt_status foot_of(int fd, struct base_about *ret_about, struct fault *fault)
{
    uint8_t bytes[FOOT_BYTES];
    struct wire_reader r;
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < (off_t)FOOT_BYTES ||
        pread(fd, bytes, FOOT_BYTES, size - (off_t)FOOT_BYTES) != (ssize_t)FOOT_BYTES) {
        return fault_set(fault, LT_DAMAGED, "base", "no foot");
    }
    wire_read_init(&r, (struct lt_bytes){bytes, FOOT_BYTES});
    struct base_about about = {.bytes = (uint64_t)size};
    bool ends = wire_u8(&r) == BASE_END;
    about.entries = wire_u64(&r);
    about.position = wire_u64(&r);
    about.below = wire_u64(&r);
    wire_raw(&r, about.digest.bytes, sizeof(about.digest.bytes));
    if (!ends || !wire_read_done(&r)) {
        return fault_set(fault, LT_DAMAGED, "base", "no foot");
    }
    *ret_about = about;
    return LT_OK;
}

enum lt_status base_foot(const char *path, struct base_about *ret_about, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fault_set(fault, errno == ENOENT ? LT_NOT_FOUND : LT_IO, "base", "open: %s",
                         strerrordesc_np(errno));
    }
    enum lt_status status = foot_of(fd, ret_about, fault);
    close(fd);
    return status;
}
