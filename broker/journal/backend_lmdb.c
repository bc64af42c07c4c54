/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The embedded engine of the journal: one LMDB file, one tree of records by the position of their
 * first fact, one small tree of names (format, epoch). This file opens, owns and closes it and
 * hands appends to the writer thread; backend_lmdb_write.c is that thread, backend_lmdb_read.c the
 * view.
 *
 * One owner: acquire takes a lock on journal.lock for as long as the process lives and stores a new
 * epoch; every append looks at the stored epoch inside its own transaction, so an owner who was
 * overtaken is fenced even where the lock was not kept.
 *
 * Never silently empty: the first opening leaves journal.made behind, after journal.mdb is on disk.
 * From then on a missing, empty or foreign journal.mdb is LT_DAMAGED, never a new journal. The
 * folder itself is not made here either: a disk that is not mounted must not look like a fresh
 * start. A journal.mdb that was half made does not exist: the store makes a new one under another
 * name and renames it, so one that does not open is damage, with or without the mark.
 *
 * After a failed append the backend is latched: LMDB would go on, but the kernel may have dropped
 * what it could not write, so nothing after it could be trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "backend_lmdb_private.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define FORMAT_NUMBER  1
#define OWNER_TEXT_MAX 160

/* ---- opening ---- */

static bool path_make(char out[PATH_MAX], const char *folder, const char *name)
{
    int length = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    return length > 0 && length < PATH_MAX;
}

static enum lt_status paths_make(struct backend_lmdb *backend, const char *folder,
                                 struct fault *fault)
{
    if (!path_make(backend->path, folder, "journal.mdb") ||
        !path_make(backend->lock_path, folder, "journal.lock") ||
        !path_make(backend->made_path, folder, "journal.made")) {
        return fault_set(fault, LT_IO, "folder", "the path is too long");
    }
    return LT_OK;
}

static bool file_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && info.st_size > 0;
}

static enum lt_status store_ready(struct backend_lmdb *backend,
                                  const struct backend_lmdb_options *options, struct fault *fault)
{
    struct store_options store = {
        .path = backend->path,
        .flags = options->read_only ? STORE_READ_ONLY : 0,
        .trees_max = 2,
        .map_bytes = options->map_bytes,
    };
    enum lt_status status = store_open(&backend->store, &store, fault);
    if (status != LT_OK) {
        return status;
    }
    char beside[PATH_MAX + 8];
    (void)snprintf(beside, sizeof(beside), "%s-lock", backend->path);
    file_owner_follow(beside, backend->path); /* made by root, it would lock the broker out */
    status = store_tree(backend->store, "facts", &backend->facts, fault);
    if (status != LT_OK) {
        return status;
    }
    return store_tree(backend->store, "meta", &backend->meta, fault);
}

/* Is this our journal, whole as far as its names tell? `made`: it once was. */
static enum lt_status format_check(struct backend_lmdb *backend, bool made, bool *ret_fresh,
                                   struct fault *fault)
{
    struct store_txn txn;
    enum lt_status status = store_begin(backend->store, false, &txn);
    if (status != LT_OK) {
        return fault_set(fault, status, "journal.mdb", "cannot be read");
    }
    uint64_t format = 0;
    status = number_get(backend, &txn, FORMAT_NAME, &format);
    store_abort(&txn);
    if (status == LT_NOT_FOUND && !made && !backend->read_only) {
        *ret_fresh = true;
        return LT_OK;
    }
    if (status == LT_NOT_FOUND) {
        return fault_set(fault, LT_DAMAGED, "journal.mdb", "empty, but a journal stood here");
    }
    if (status != LT_OK) {
        return fault_set(fault, status, "journal.mdb", "cannot be read");
    }
    if (format != FORMAT_NUMBER) {
        return fault_set(fault, LT_FORMAT_UNKNOWN, "journal.mdb",
                         "format %llu, this release has %d", (unsigned long long)format,
                         FORMAT_NUMBER);
    }
    return LT_OK;
}

/* Comes last: only after a format is on disk may an empty journal be held against the disk. */
static enum lt_status mark_made(struct backend_lmdb *backend, bool fresh, struct fault *fault)
{
    if (fresh) {
        enum lt_status status = meta_put(backend, FORMAT_NAME, FORMAT_NUMBER);
        if (status != LT_OK) {
            return fault_set(fault, status, "journal.mdb", "cannot be written");
        }
    }
    return file_write(backend->made_path, text_bytes("A journal stands here: journal.mdb\n"), 0600,
                      fault);
}

static enum lt_status journal_file_open(struct backend_lmdb *backend,
                                        const struct backend_lmdb_options *options,
                                        struct fault *fault)
{
    bool made = file_there(backend->made_path);
    if (made && !file_there(backend->path)) {
        return fault_set(fault, LT_DAMAGED, "journal.mdb", "missing, but a journal stood here");
    }
    enum lt_status status = store_ready(backend, options, fault);
    if (status == LT_NOT_FOUND && made) {
        return LT_DAMAGED; /* a tree is missing; the fault names it */
    }
    if (status != LT_OK) {
        return status;
    }
    bool fresh = false;
    status = format_check(backend, made, &fresh, fault);
    if (status == LT_OK && !made && !backend->read_only) {
        status = mark_made(backend, fresh, fault);
    }
    if (status != LT_OK) {
        return status;
    }
    status = ends_read(backend);
    return status == LT_OK ? LT_OK : fault_set(fault, status, "journal.mdb", "cannot be read");
}

static enum lt_status writer_start(struct backend_lmdb *backend, struct fault *fault)
{
    enum lt_status status = queue_open(&backend->jobs, 1);
    if (status == LT_OK) {
        status = queue_open(&backend->done, 1);
    }
    if (status != LT_OK) {
        return fault_set(fault, status, "journal.writer", "no queue");
    }
    if (pthread_create(&backend->writer, NULL, writer_run, backend) != 0) {
        return fault_set(fault, LT_LIMIT_BAD, "journal.writer", "no thread");
    }
    backend->writer_runs = true;
    return LT_OK;
}

enum lt_status backend_lmdb_open(struct backend_lmdb **ret_backend,
                                 const struct backend_lmdb_options *options, struct fault *fault)
{
    struct backend_lmdb *backend = calloc(1, sizeof(*backend));
    if (backend == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "journal", "%zu bytes", sizeof(*backend));
    }
    backend->lock_fd = -1;
    backend->read_only = options->read_only;
    if (pthread_mutex_init(&backend->readers_lock, NULL) != 0) {
        free(backend);
        return fault_set(fault, LT_NO_MEMORY, "journal", "no lock");
    }
    enum lt_status status = paths_make(backend, options->folder, fault);
    if (status != LT_OK) {
        goto done;
    }
    status = reserve_init(&backend->reserve, options->folder, options->reserve_bytes, fault);
    if (status != LT_OK) {
        goto done;
    }
    status = journal_file_open(backend, options, fault);
    if (status == LT_OK && !backend->read_only) {
        status = writer_start(backend, fault);
    }
    if (status != LT_OK) {
        goto done;
    }
    *ret_backend = backend;
    backend = NULL;
done:
    backend_lmdb_close(&backend);
    return status;
}

void backend_lmdb_close(struct backend_lmdb **backend_p)
{
    struct backend_lmdb *backend = *backend_p;
    if (backend == NULL) {
        return;
    }
    if (backend->writer_runs) {
        queue_stop(backend->jobs);
        pthread_join(backend->writer, NULL);
    }
    queue_close(&backend->jobs);
    queue_close(&backend->done);
    readers_close(backend);
    store_close(&backend->store);
    if (backend->lock_fd >= 0) {
        close(backend->lock_fd);
    }
    pthread_mutex_destroy(&backend->readers_lock);
    free(backend);
    *backend_p = NULL;
}

/* ---- owning ---- */

/* What the holder wrote about itself into the lock file. */
static void holder_read(int fd, char out[OWNER_TEXT_MAX])
{
    char raw[OWNER_TEXT_MAX];
    ssize_t size = pread(fd, raw, sizeof(raw), 0);
    size_t length = size > 0 ? strnlen(raw, (size_t)size) : 0;
    while (length > 0 && raw[length - 1] == '\n') {
        length--;
    }
    text_copy(out, OWNER_TEXT_MAX, (struct lt_bytes){(const uint8_t *)raw, length});
}

/* LT_FENCED with the holder's words, when another process has the lock. */
static enum lt_status lock_try(int fd, const char *path, struct fault *fault)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return LT_OK;
    }
    if (errno != EWOULDBLOCK) {
        return fault_set(fault, LT_IO, "journal.lock", "lock: %s", strerrordesc_np(errno));
    }
    char holder[OWNER_TEXT_MAX];
    holder_read(fd, holder);
    return fault_set(fault, LT_FENCED, "journal.lock", "held by %s; %s", holder, path);
}

enum lt_status backend_lmdb_vacant(const char *folder, struct fault *fault)
{
    char path[PATH_MAX];
    if (!path_make(path, folder, "journal.lock")) {
        return LT_OK; /* opening will say so */
    }
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return LT_OK; /* nobody was ever here, or opening will say so */
    }
    enum lt_status status = lock_try(fd, path, fault);
    close(fd);
    return status;
}

static enum lt_status lock_take(struct backend_lmdb *backend, const char *owner,
                                struct fault *fault)
{
    int fd = backend->lock_fd;
    if (fd < 0) {
        fd = open(backend->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    if (fd < 0) {
        return fault_set(fault, LT_IO, "journal.lock", "open: %s", strerrordesc_np(errno));
    }
    file_owner_follow(backend->lock_path, backend->path);
    enum lt_status status = lock_try(fd, backend->lock_path, fault);
    if (status != LT_OK) {
        close(fd);
        return status;
    }
    backend->lock_fd = fd;
    /* Only told to the next one who asks in vain; the lock holds without it. */
    char text[OWNER_TEXT_MAX];
    int length = snprintf(text, sizeof(text), "%.120s, process %ld\n", owner, (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length) {
        return LT_OK;
    }
    return LT_OK;
}

static enum lt_status lmdb_acquire(void *self, const char *owner, uint64_t *ret_epoch,
                                   struct fault *fault)
{
    struct backend_lmdb *backend = self;
    if (backend->read_only) {
        return fault_set(fault, LT_FENCED, "journal.mdb", "opened to be read only");
    }
    if (backend->pending) {
        return fault_set(fault, LT_AGAIN, "journal.mdb", "an append is in flight");
    }
    enum lt_status status = lock_take(backend, owner, fault);
    if (status != LT_OK) {
        return status;
    }
    /* Another owner may have written between opening and locking. */
    status = ends_read(backend);
    if (status != LT_OK) {
        return fault_set(fault, status, "journal.mdb", "cannot be read");
    }
    status = meta_put(backend, EPOCH_NAME, backend->at.epoch + 1);
    if (status != LT_OK) {
        return fault_set(fault, status, "journal.mdb", "the new epoch cannot be stored");
    }
    backend->at.epoch++;
    (void)reserve_make(&backend->reserve);
    *ret_epoch = backend->at.epoch;
    return LT_OK;
}

/* ---- appending: the core's half ---- */

static enum lt_status lmdb_append_start(void *self, const struct append *append)
{
    struct backend_lmdb *backend = self;
    if (backend->lock_fd < 0) {
        return LT_FENCED;
    }
    if (backend->latched) {
        return LT_IO;
    }
    if (backend->pending) {
        return LT_AGAIN;
    }
    backend->job = (struct append_job){.append = *append};
    fault_init(&backend->job.fault);
    if (!queue_push(backend->jobs, &backend->job)) {
        return LT_IO;
    }
    backend->pending = true;
    return LT_OK;
}

static bool lmdb_append_done(void *self, enum append_result *ret_result, struct fault *fault)
{
    struct backend_lmdb *backend = self;
    struct append_job *job = backend->pending ? queue_pop(backend->done) : NULL;
    if (job == NULL) {
        return false;
    }
    backend->pending = false;
    backend->at.syncs += job->commits;
    if (job->result == APPEND_DURABLE) {
        backend->at.last = job->append.expected_last + job->append.facts;
        if (backend->at.first == 0) {
            backend->at.first = job->append.expected_last + 1;
        }
    } else if (job->result == APPEND_REFUSED) {
        backend->latched = true;
        fault_set(fault, job->fault.status, job->fault.field, "%s", job->fault.detail);
    }
    *ret_result = job->result;
    return true;
}

static int lmdb_fd(void *self)
{
    struct backend_lmdb *backend = self;
    return backend->read_only ? -1 : queue_fd(backend->done);
}

static void lmdb_status(void *self, struct backend_status *ret_status)
{
    struct backend_lmdb *backend = self;
    struct store_stat stat;
    store_stat(backend->store, &stat);
    *ret_status = backend->at;
    ret_status->used_bytes = stat.used_bytes;
}

struct journal_backend backend_lmdb_door(struct backend_lmdb *backend)
{
    return (struct journal_backend){
        .self = backend,
        .acquire = lmdb_acquire,
        .append_start = lmdb_append_start,
        .append_done = lmdb_append_done,
        .fd = lmdb_fd,
        .view = lmdb_view,
        .cut = lmdb_cut,
        .status = lmdb_status,
    };
}

bool backend_lmdb_reserve(struct backend_lmdb *backend)
{
    return backend->lock_fd >= 0 && reserve_make(&backend->reserve);
}
