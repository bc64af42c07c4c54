/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Attachments into a backup and out of it. A file that stands under its name in the target is
 * whole, because it got that name only after its bytes were compared and synced: so a copy that was
 * ended goes on with what is missing, and the next backup takes what is new. What is under way in
 * the source (FOLDER/partial) is no attachment yet and is left out.
 */
#include "files.h"

#include <dirent.h>
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
#include "proto/digest.h"

#define CHUNK_BYTES (256 * 1024)
#define HEX_CHARS   64

struct work {
    const char *from;
    const char *to; /* NULL: compare only */
    const struct files_watch *watch;
    struct digester *digester;
    uint8_t *chunk;
    struct files_report report;
    struct fault *fault;
};

/* One file: its two parts of the name, and the paths made of them. */
struct file {
    char name[HEX_CHARS + 1];
    char from[PATH_MAX];
    char to[PATH_MAX];
    char part[PATH_MAX + 8];
    char folder[PATH_MAX];
};

static enum lt_status failed(struct work *work, const char *path, const char *what)
{
    int error = errno;
    enum lt_status status = error == ENOSPC || error == EDQUOT ? LT_FULL : LT_IO;
    return fault_set(work->fault, status, path, "%s: %s", what, strerrordesc_np(error));
}

static bool hex_name(const char *name, size_t size)
{
    return strlen(name) == size && strspn(name, "0123456789abcdef") == size;
}

/* Reads `in` to its end, digest on the way, into `out` unless that is -1. */
static enum lt_status stream(struct work *work, const struct file *file, int in, int out,
                             struct lt_digest *ret_digest, uint64_t *ret_bytes)
{
    uint64_t bytes = 0;
    digest_start(work->digester);
    for (;;) {
        ssize_t size = read(in, work->chunk, CHUNK_BYTES);
        if (size < 0) {
            return failed(work, file->from, "read");
        }
        if (size == 0) {
            break;
        }
        digest_feed(work->digester, (struct lt_bytes){work->chunk, (size_t)size});
        bytes += (uint64_t)size;
        if (out >= 0 && write(out, work->chunk, (size_t)size) != size) {
            return failed(work, file->part, "write");
        }
    }
    *ret_digest = digest_finish(work->digester);
    *ret_bytes = bytes;
    return LT_OK;
}

static bool is_named(const struct file *file, const struct lt_digest *digest)
{
    char hex[HEX_CHARS + 1];
    hex_write(hex, digest->bytes, sizeof(digest->bytes));
    return strcmp(hex, file->name) == 0;
}

static enum lt_status publish(struct work *work, const struct file *file, int out)
{
    if (fsync(out) != 0) {
        return failed(work, file->part, "sync");
    }
    if (rename(file->part, file->to) != 0) {
        return failed(work, file->to, "rename");
    }
    return folder_sync_of(file->to, work->fault);
}

static enum lt_status copy_open(struct work *work, const struct file *file, int in, int out)
{
    struct lt_digest digest;
    uint64_t bytes = 0;
    enum lt_status status = stream(work, file, in, out, &digest, &bytes);
    if (status != LT_OK) {
        return status;
    }
    work->report.files++;
    work->report.bytes += bytes;
    if (!is_named(file, &digest)) {
        work->report.damaged++;
        if (work->watch->damaged != NULL) {
            work->watch->damaged(work->watch->context, file->name);
        }
        return LT_OK;
    }
    if (out < 0) {
        return LT_OK;
    }
    work->report.copied++;
    return publish(work, file, out);
}

static enum lt_status copy_one(struct work *work, const struct file *file)
{
    int out = -1;
    int in = open(file->from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        /* Collected as an orphan meanwhile: nobody refers to it. */
        return errno == ENOENT ? LT_OK : failed(work, file->from, "open");
    }
    enum lt_status status = LT_OK;
    if (work->to != NULL) {
        out = open(file->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        status = out < 0 ? failed(work, file->part, "open") : LT_OK;
    }
    if (status == LT_OK) {
        status = copy_open(work, file, in, out);
    }
    close(in);
    if (out >= 0) {
        close(out);
        (void)unlink(file->part); /* gone already when it was renamed */
    }
    return status;
}

static bool there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static enum lt_status take_file(struct work *work, const char *two, const char *rest)
{
    struct file file;
    snprintf(file.name, sizeof(file.name), "%.2s%.62s", two, rest);
    snprintf(file.from, sizeof(file.from), "%s/%.2s/%.62s", work->from, two, rest);
    if (work->to != NULL) {
        snprintf(file.folder, sizeof(file.folder), "%s/%.2s", work->to, two);
        snprintf(file.to, sizeof(file.to), "%s/%.2s/%.62s", work->to, two, rest);
        snprintf(file.part, sizeof(file.part), "%s.part", file.to);
        if (there(file.to)) {
            work->report.files++;
            return LT_OK;
        }
        enum lt_status status = folder_make(file.folder, 0700, work->fault);
        if (status != LT_OK) {
            return status;
        }
    }
    enum lt_status status = copy_one(work, &file);
    if (status == LT_OK && work->watch->progress != NULL) {
        work->watch->progress(work->watch->context, work->report.files);
    }
    return status;
}

static enum lt_status take_folder(struct work *work, const char *two)
{
    char path[PATH_MAX];
    enum lt_status status = LT_OK;
    snprintf(path, sizeof(path), "%s/%.2s", work->from, two);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return failed(work, path, "open");
    }
    struct dirent *entry;
    while (status == LT_OK && (entry = readdir(folder)) != NULL) {
        if (hex_name(entry->d_name, HEX_CHARS - 2)) {
            status = take_file(work, two, entry->d_name);
        }
    }
    closedir(folder);
    return status;
}

static enum lt_status take_all(struct work *work)
{
    enum lt_status status = LT_OK;
    DIR *folder = opendir(work->from);
    if (folder == NULL) {
        return errno == ENOENT ? LT_OK : failed(work, work->from, "open");
    }
    struct dirent *entry;
    while (status == LT_OK && (entry = readdir(folder)) != NULL) {
        if (hex_name(entry->d_name, 2)) {
            status = take_folder(work, entry->d_name);
        }
    }
    closedir(folder);
    return status;
}

enum lt_status files_copy(const char *from, const char *to, const struct files_watch *watch,
                          struct files_report *ret_report, struct fault *fault)
{
    struct work work = {.from = from, .to = to, .watch = watch, .fault = fault};
    work.chunk = malloc(CHUNK_BYTES);
    enum lt_status status = work.chunk == NULL
                                ? fault_set(fault, LT_NO_MEMORY, "blobs", "no memory")
                                : digester_open(&work.digester);
    if (status == LT_OK) {
        status = take_all(&work);
    }
    if (status == LT_OK) {
        *ret_report = work.report;
    }
    if (work.digester != NULL) {
        digester_close(&work.digester);
    }
    free(work.chunk);
    return status;
}
