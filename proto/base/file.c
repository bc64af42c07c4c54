/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Files and folders as the house needs them: read whole, written whole, and on disk for good when
 * the call returns. Secrets, configuration, checkpoints and blobs go through here; the journal does
 * not, it has the store.
 *
 * file_write makes `<path>.tmp` beside the target, so there is one writer per path at a time; a
 * leftover from a crash is replaced by the next writer. A name in a folder is durable only after
 * the folder itself was synced, which is done here and never left to callers.
 *
 * Failures: LT_NOT_FOUND when something on the path is missing, LT_FULL when the disk or the quota
 * is, LT_IO for everything else. A failed fsync is never tried again: the kernel may have dropped
 * the pages by then and the second answer would be a lie.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "file.h"

#define READ_STEP_BYTES 65536u

/* What errno says about the step `what` on `path`. */
static enum lt_status refuse(struct fault *fault, const char *path, const char *what)
{
    int error = errno;
    enum lt_status status = LT_IO;
    if (error == ENOENT || error == ENOTDIR) {
        status = LT_NOT_FOUND;
    } else if (error == ENOSPC || error == EDQUOT) {
        status = LT_FULL;
    }
    return fault_set(fault, status, path, "%s: %s", what, strerrordesc_np(error));
}

/* Reads to the end of the file, at most size_max + 1 bytes, so that one too many is seen. */
static enum lt_status read_all(int fd, const char *path, size_t size_max, uint8_t **data,
                               size_t *size, struct fault *fault)
{
    size_t room = 0;
    for (;;) {
        if (*size + 1 >= room) {
            size_t wanted = room == 0 ? READ_STEP_BYTES : room * 2;
            room = wanted < size_max + 2 ? wanted : size_max + 2;
            uint8_t *larger = realloc(*data, room);
            if (larger == NULL) {
                return fault_set(fault, LT_NO_MEMORY, path, "%zu bytes", room);
            }
            *data = larger;
        }
        ssize_t got = read(fd, *data + *size, room - *size - 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return refuse(fault, path, "read");
        }
        *size += (size_t)got;
        if (*size > size_max) {
            return fault_set(fault, LT_BODY_TOO_LARGE, path, "over %zu bytes", size_max);
        }
        if (got == 0) {
            (*data)[*size] = 0;
            return LT_OK;
        }
    }
}

enum lt_status file_read(const char *path, size_t size_max, uint8_t **ret_data, size_t *ret_size,
                         struct fault *fault)
{
    assert(size_max < SIZE_MAX / 4);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(fault, path, "open");
    }
    uint8_t *data = NULL;
    size_t size = 0;
    enum lt_status status = read_all(fd, path, size_max, &data, &size, fault);
    close(fd);
    if (status != LT_OK) {
        free(data);
        return status;
    }
    *ret_data = data;
    *ret_size = size;
    return LT_OK;
}

/* Everything, or an errno. */
static int write_all(int fd, struct lt_bytes content)
{
    size_t done = 0;
    while (done < content.size) {
        ssize_t wrote = write(fd, content.data + done, content.size - done);
        if (wrote < 0 && errno != EINTR) {
            return -1;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return 0;
}

/* A new file with exactly this content and mode, on disk; the name is not durable yet. */
static enum lt_status write_new(const char *path, struct lt_bytes content, int mode,
                                struct fault *fault)
{
    if (unlink(path) != 0 && errno != ENOENT) {
        return refuse(fault, path, "unlink");
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return refuse(fault, path, "create");
    }
    enum lt_status status = LT_OK;
    if (write_all(fd, content) != 0) {
        status = refuse(fault, path, "write");
    } else if (fchmod(fd, (mode_t)mode) != 0) {
        status = refuse(fault, path, "chmod");
    } else if (fsync(fd) != 0) {
        status = refuse(fault, path, "fsync");
    }
    if (close(fd) != 0 && status == LT_OK) {
        status = refuse(fault, path, "close");
    }
    return status;
}

enum lt_status file_write(const char *path, struct lt_bytes content, int mode, struct fault *fault)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof(temporary), "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return refuse(fault, path, "name");
    }
    enum lt_status status = write_new(temporary, content, mode, fault);
    if (status == LT_OK && rename(temporary, path) != 0) {
        status = refuse(fault, path, "rename");
    }
    if (status != LT_OK) {
        (void)unlink(temporary);
        return status;
    }
    return folder_sync_of(path, fault);
}

void file_owner_follow(const char *path, const char *like)
{
    struct stat own;
    struct stat model;
    if (geteuid() != 0 || lstat(path, &own) != 0 || lstat(like, &model) != 0) {
        return;
    }
    bool ours = S_ISREG(own.st_mode) && own.st_uid == 0 && own.st_nlink == 1;
    if (ours && S_ISREG(model.st_mode) && model.st_uid != 0) {
        (void)!lchown(path, model.st_uid, model.st_gid);
    }
}

enum lt_status file_secret(const char *path, struct fault *fault)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return refuse(fault, path, "stat");
    }
    if (info.st_uid != geteuid()) {
        return fault_set(fault, LT_SECRET_READABLE, path, "owner is user %u",
                         (unsigned)info.st_uid);
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fault_set(fault, LT_SECRET_READABLE, path, "mode is %04o",
                         (unsigned)info.st_mode & 07777u);
    }
    return LT_OK;
}

/* One level; an existing folder is as good as a new one. */
static enum lt_status folder_make_one(const char *path, int mode, struct fault *fault)
{
    if (mkdir(path, (mode_t)mode) == 0) {
        return folder_sync_of(path, fault);
    }
    if (errno != EEXIST) {
        return refuse(fault, path, "mkdir");
    }
    struct stat info;
    if (stat(path, &info) != 0) {
        return refuse(fault, path, "stat");
    }
    if (!S_ISDIR(info.st_mode)) {
        return fault_set(fault, LT_IO, path, "there, but not a folder");
    }
    return LT_OK;
}

enum lt_status folder_make(const char *path, int mode, struct fault *fault)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof(part)) {
        errno = length == 0 ? ENOENT : ENAMETOOLONG;
        return refuse(fault, path, "name");
    }
    for (size_t at = 1; at <= length; at++) {
        if (path[at] != '/' && path[at] != '\0') {
            continue;
        }
        memcpy(part, path, at);
        part[at] = '\0';
        enum lt_status status = folder_make_one(part, mode, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

/* Opened, to be synced or locked. */
static enum lt_status folder_open(const char *path, int *ret_fd, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(fault, path, "open");
    }
    *ret_fd = fd;
    return LT_OK;
}

static enum lt_status folder_open_of(const char *path, int *ret_fd, struct fault *fault)
{
    char folder[PATH_MAX];
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    if (length >= sizeof(folder)) {
        errno = ENAMETOOLONG;
        return refuse(fault, path, "name");
    }
    if (length == 0) {
        return folder_open(".", ret_fd, fault);
    }
    memcpy(folder, path, length);
    folder[length] = '\0';
    return folder_open(folder, ret_fd, fault);
}

static enum lt_status sync_and_close(int fd, const char *path, struct fault *fault)
{
    enum lt_status status = fsync(fd) == 0 ? LT_OK : refuse(fault, path, "fsync");
    close(fd);
    return status;
}

enum lt_status folder_sync(const char *path, struct fault *fault)
{
    int fd = -1;
    enum lt_status status = folder_open(path, &fd, fault);
    return status == LT_OK ? sync_and_close(fd, path, fault) : status;
}

enum lt_status folder_sync_of(const char *path, struct fault *fault)
{
    int fd = -1;
    enum lt_status status = folder_open_of(path, &fd, fault);
    return status == LT_OK ? sync_and_close(fd, path, fault) : status;
}

static bool file_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && info.st_size > 0;
}

/* With the folder locked. */
static enum lt_status make_locked(const char *path, file_maker *make, void *context,
                                  struct fault *fault)
{
    char making[PATH_MAX];
    int length = snprintf(making, sizeof(making), "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof(making)) {
        errno = ENAMETOOLONG;
        return refuse(fault, path, "name");
    }
    if (file_there(path)) {
        return LT_OK;
    }
    if (unlink(making) != 0 && errno != ENOENT) { /* of one who died here */
        return refuse(fault, making, "unlink");
    }
    enum lt_status status = make(context, making, fault);
    if (status == LT_OK && rename(making, path) != 0) {
        status = refuse(fault, path, "rename");
    }
    return status;
}

enum lt_status file_make(const char *path, file_maker *make, void *context, struct fault *fault)
{
    if (file_there(path)) {
        return LT_OK;
    }
    int folder = -1;
    enum lt_status status = folder_open_of(path, &folder, fault);
    if (status != LT_OK) {
        return status;
    }
    if (flock(folder, LOCK_EX) != 0) {
        status = refuse(fault, path, "lock of the folder");
    } else {
        status = make_locked(path, make, context, fault);
    }
    close(folder);
    return status;
}

enum lt_status disk_free(const char *path, uint64_t *ret_bytes, struct fault *fault)
{
    struct statvfs info;
    if (statvfs(path, &info) != 0) {
        return refuse(fault, path, "statvfs");
    }
    *ret_bytes = (uint64_t)info.f_bavail * info.f_frsize;
    return LT_OK;
}
