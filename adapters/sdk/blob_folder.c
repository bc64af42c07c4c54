/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The local attachments. A file appears under its final name only after its bytes were hashed and
 * synced, and the name is synced too, before anyone may refer to it: a transfer that is recorded
 * never names a file that a power cut could take away.
 *
 * A part grows by appending at its end, so an upload that breaks off goes on where it stopped, also
 * after a restart. Limits: LT_ATTACHMENT_BYTES_MAX for one file, bytes_max for all together,
 * counted at open by walking the folder. Names are lower-case hex of 32 bytes; anything else is not
 * ours and left alone.
 *
 * How it fails: LT_FULL and LT_IO of the file system; a part whose digest is wrong is removed,
 * because no later byte could mend it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob_folder.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/digest.h"

#define HEX_BYTES  64
#define STEP_BYTES 65536
#define PARTS      256u

static enum lt_status refuse(struct fault *fault, const char *path, const char *what)
{
    int error = errno;
    enum lt_status status = error == ENOSPC || error == EDQUOT ? LT_FULL : LT_IO;
    return fault_set(fault, status, "blobs", "%s %s: %s", what, path, strerrordesc_np(error));
}

static void subfolder_path(const struct blob_folder *folder, uint32_t at, char out[BLOB_PATH_MAX])
{
    if (at == PARTS) {
        snprintf(out, BLOB_PATH_MAX, "%s/parts", folder->path);
    } else {
        snprintf(out, BLOB_PATH_MAX, "%s/%02x", folder->path, at);
    }
}

static void file_path(const struct blob_folder *folder, const struct lt_digest *sha256, bool part,
                      char out[BLOB_PATH_MAX])
{
    char hex[HEX_BYTES + 1];
    char below[BLOB_PATH_MAX];
    hex_write(hex, sha256->bytes, sizeof(sha256->bytes));
    subfolder_path(folder, part ? PARTS : sha256->bytes[0], below);
    /* The folder's own path was checked to leave room for this. */
    size_t size = strlen(below);
    memcpy(out, below, size);
    out[size] = '/';
    memcpy(out + size + 1, hex, sizeof(hex));
}

static pthread_mutex_t *lock_of(struct blob_folder *folder, const struct lt_digest *sha256)
{
    return &folder->locks[sha256->bytes[31] % BLOB_LOCKS_MAX];
}

static bool file_size(const char *path, uint64_t *ret_size)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        return false;
    }
    *ret_size = (uint64_t)info.st_size;
    return true;
}

static void used_change(struct blob_folder *folder, uint64_t more, uint64_t less)
{
    pthread_mutex_lock(&folder->used_lock);
    folder->used_bytes += more;
    folder->used_bytes -= less < folder->used_bytes ? less : folder->used_bytes;
    pthread_mutex_unlock(&folder->used_lock);
}

static bool used_room(struct blob_folder *folder, uint64_t more)
{
    pthread_mutex_lock(&folder->used_lock);
    bool room = more <= folder->bytes_max && folder->used_bytes <= folder->bytes_max - more;
    pthread_mutex_unlock(&folder->used_lock);
    return room;
}

/* ---- open and close ---- */

/* The files of ours in a subfolder, for open and for the sweep; one that is not there is empty. */
static uint32_t subfolder_list(const struct blob_folder *folder, uint32_t at, int64_t before_s,
                               struct lt_digest *out, uint32_t count, uint64_t *bytes)
{
    char path[BLOB_PATH_MAX];
    uint32_t found = 0;
    subfolder_path(folder, at, path);
    DIR *dir = opendir(path);
    struct dirent *entry = NULL;
    while (dir != NULL && found < count && (entry = readdir(dir)) != NULL) {
        struct lt_digest digest;
        struct stat info;
        if (strlen(entry->d_name) != HEX_BYTES ||
            !hex_read(digest.bytes, sizeof(digest.bytes), entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &info, 0) != 0) {
            continue;
        }
        *bytes += (uint64_t)info.st_size;
        if (out != NULL && info.st_mtime < before_s) {
            out[found++] = digest;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return found;
}

enum lt_status blob_folder_open(struct blob_folder **ret_folder, const char *path,
                                uint64_t bytes_max, struct fault *fault)
{
    struct blob_folder *folder = calloc(1, sizeof(*folder));
    if (folder == NULL) {
        return LT_NO_MEMORY;
    }
    int length = snprintf(folder->path, sizeof(folder->path), "%s", path);
    if (length < 0 || (size_t)length >= sizeof(folder->path)) {
        free(folder);
        return fault_set(fault, LT_CONFIG_BAD, "folder", "the path is too long");
    }
    folder->bytes_max = bytes_max;
    char parts[BLOB_PATH_MAX];
    subfolder_path(folder, PARTS, parts);
    enum lt_status status = folder_make(parts, 0700, fault);
    for (uint32_t at = 0; at <= PARTS && status == LT_OK; at++) {
        subfolder_list(folder, at, 0, NULL, UINT32_MAX, &folder->used_bytes);
    }
    if (status != LT_OK) {
        free(folder);
        return status;
    }
    for (int i = 0; i < BLOB_LOCKS_MAX; i++) {
        pthread_mutex_init(&folder->locks[i], NULL);
    }
    pthread_mutex_init(&folder->used_lock, NULL);
    *ret_folder = folder;
    return LT_OK;
}

void blob_folder_close(struct blob_folder **folder_p)
{
    struct blob_folder *folder = *folder_p;
    if (folder == NULL) {
        return;
    }
    for (int i = 0; i < BLOB_LOCKS_MAX; i++) {
        pthread_mutex_destroy(&folder->locks[i]);
    }
    pthread_mutex_destroy(&folder->used_lock);
    free(folder);
    *folder_p = NULL;
}

/* ---- looking ---- */

enum lt_status blob_folder_have(struct blob_folder *folder, const struct lt_digest *sha256,
                                uint64_t *ret_offset, bool *ret_complete)
{
    char path[BLOB_PATH_MAX];
    uint64_t size = 0;
    file_path(folder, sha256, false, path);
    bool complete = file_size(path, &size);
    if (complete) {
        /* Asked for, so somebody is about to refer to it: the sweep lets it be. */
        (void)utimensat(AT_FDCWD, path, NULL, 0);
    } else {
        file_path(folder, sha256, true, path);
        size = file_size(path, &size) ? size : 0;
    }
    *ret_offset = size;
    *ret_complete = complete;
    return LT_OK;
}

enum lt_status blob_folder_path(struct blob_folder *folder, const struct lt_digest *sha256,
                                char *out, size_t out_size, uint64_t *ret_size)
{
    char path[BLOB_PATH_MAX];
    uint64_t size = 0;
    file_path(folder, sha256, false, path);
    if (!file_size(path, &size)) {
        return LT_NOT_HERE;
    }
    size_t length = strlen(path);
    if (length >= out_size) {
        return LT_FIELD_BAD;
    }
    memcpy(out, path, length + 1);
    *ret_size = size;
    return LT_OK;
}

/* The subfolder where a whole one belongs; made when it is first needed. */
static enum lt_status subfolder_make(const struct blob_folder *folder,
                                     const struct lt_digest *sha256, struct fault *fault)
{
    char path[BLOB_PATH_MAX];
    subfolder_path(folder, sha256->bytes[0], path);
    return folder_make(path, 0700, fault);
}

enum lt_status blob_folder_place(struct blob_folder *folder, const struct lt_digest *sha256,
                                 char *out, size_t out_size)
{
    char path[BLOB_PATH_MAX];
    file_path(folder, sha256, false, path);
    size_t length = strlen(path);
    if (length >= out_size) {
        return LT_FIELD_BAD;
    }
    memcpy(out, path, length + 1);
    return subfolder_make(folder, sha256, NULL);
}

bool blob_folder_room(struct blob_folder *folder, uint64_t bytes)
{
    return used_room(folder, bytes);
}

void blob_folder_placed(struct blob_folder *folder, uint64_t bytes)
{
    used_change(folder, bytes, 0);
}

/* ---- bringing ---- */

static enum lt_status append(int fd, const char *path, uint64_t offset, struct lt_bytes bytes,
                             struct fault *fault)
{
    size_t done = 0;
    while (done < bytes.size) {
        ssize_t wrote = pwrite(fd, bytes.data + done, bytes.size - done, (off_t)(offset + done));
        if (wrote < 0 && errno != EINTR) {
            enum lt_status status = refuse(fault, path, "write");
            /* What did get in would only make the next offset a surprise. */
            return ftruncate(fd, (off_t)offset) == 0 ? status : LT_IO;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return LT_OK;
}

static enum lt_status digest_check(int fd, const char *path, const struct lt_digest *sha256,
                                   struct fault *fault)
{
    struct digester *digester = NULL;
    uint8_t room[STEP_BYTES];
    off_t at = 0;
    enum lt_status status = digester_open(&digester);
    if (status != LT_OK) {
        return status;
    }
    digest_start(digester);
    for (;;) {
        ssize_t got = pread(fd, room, sizeof(room), at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            status = refuse(fault, path, "read");
        }
        if (got <= 0) {
            break;
        }
        digest_feed(digester, (struct lt_bytes){room, (size_t)got});
        at += got;
    }
    struct lt_digest found = digest_finish(digester);
    digester_close(&digester);
    if (status == LT_OK && !digest_equal(&found, sha256)) {
        char hex[HEX_BYTES + 1];
        hex_write(hex, found.bytes, sizeof(found.bytes));
        status = fault_set(fault, LT_BLOB_HASH_WRONG, "sha256", "the bytes give %s", hex);
    }
    return status;
}

/* Verifies a part, makes it durable and gives it its name. */
static enum lt_status finish(struct blob_folder *folder, int fd, const char *part,
                             const struct lt_digest *sha256, uint64_t size, struct fault *fault)
{
    char whole[BLOB_PATH_MAX];
    file_path(folder, sha256, false, whole);
    enum lt_status status = digest_check(fd, part, sha256, fault);
    if (status == LT_BLOB_HASH_WRONG) {
        if (unlink(part) == 0) {
            used_change(folder, 0, size);
        }
        return status;
    }
    if (status == LT_OK && fsync(fd) != 0) {
        status = refuse(fault, part, "fsync");
    }
    if (status == LT_OK) {
        status = subfolder_make(folder, sha256, fault);
    }
    if (status == LT_OK && rename(part, whole) != 0) {
        status = refuse(fault, part, "rename");
    }
    return status == LT_OK ? folder_sync_of(whole, fault) : status;
}

static enum lt_status part_put(struct blob_folder *folder, const struct lt_digest *sha256,
                               uint64_t offset, struct lt_bytes bytes, bool last,
                               struct fault *fault)
{
    char path[BLOB_PATH_MAX];
    uint64_t size = 0;
    file_path(folder, sha256, true, path);
    if (!file_size(path, &size)) {
        size = 0;
    }
    if (offset != size) {
        return fault_set(fault, LT_BLOB_OFFSET, "offset", "%llu, here are %llu bytes",
                         (unsigned long long)offset, (unsigned long long)size);
    }
    if (bytes.size > (uint64_t)LT_ATTACHMENT_BYTES_MAX - size) {
        return fault_set(fault, LT_BLOB_TOO_LARGE, "size", "over %lld bytes",
                         LT_ATTACHMENT_BYTES_MAX);
    }
    if (!used_room(folder, bytes.size)) {
        return fault_set(fault, LT_BLOB_QUOTA, "blobs", "over %llu bytes of local attachments",
                         (unsigned long long)folder->bytes_max);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return refuse(fault, path, "open");
    }
    enum lt_status status = append(fd, path, offset, bytes, fault);
    if (status == LT_OK) {
        used_change(folder, bytes.size, 0);
    }
    if (status == LT_OK && last) {
        status = finish(folder, fd, path, sha256, size + bytes.size, fault);
    }
    if (close(fd) != 0 && status == LT_OK) {
        status = refuse(fault, path, "close");
    }
    return status;
}

enum lt_status blob_folder_put(struct blob_folder *folder, const struct lt_digest *sha256,
                               uint64_t offset, struct lt_bytes bytes, bool last,
                               struct fault *fault)
{
    char whole[BLOB_PATH_MAX];
    uint64_t size = 0;
    pthread_mutex_t *lock = lock_of(folder, sha256);
    pthread_mutex_lock(lock);
    file_path(folder, sha256, false, whole);
    enum lt_status status = LT_OK;
    if (!file_size(whole, &size)) {
        status = part_put(folder, sha256, offset, bytes, last, fault);
    }
    pthread_mutex_unlock(lock);
    return status;
}

enum lt_status blob_folder_bring(struct blob_folder *folder, const struct lt_digest *sha256,
                                 struct lt_bytes bytes, struct fault *fault)
{
    char part[BLOB_PATH_MAX];
    char whole[BLOB_PATH_MAX];
    uint64_t size = 0;
    pthread_mutex_t *lock = lock_of(folder, sha256);
    pthread_mutex_lock(lock);
    file_path(folder, sha256, false, whole);
    enum lt_status status = LT_OK;
    if (!file_size(whole, &size)) {
        /* Whatever broke off before: the whole is at hand. */
        file_path(folder, sha256, true, part);
        if (file_size(part, &size) && unlink(part) == 0) {
            used_change(folder, 0, size);
        }
        status = part_put(folder, sha256, 0, bytes, true, fault);
    }
    pthread_mutex_unlock(lock);
    return status;
}

/* ---- going ---- */

void blob_folder_remove(struct blob_folder *folder, const struct lt_digest *sha256)
{
    pthread_mutex_t *lock = lock_of(folder, sha256);
    pthread_mutex_lock(lock);
    for (int part = 0; part < 2; part++) {
        char path[BLOB_PATH_MAX];
        uint64_t size = 0;
        file_path(folder, sha256, part == 1, path);
        if (file_size(path, &size) && unlink(path) == 0) {
            used_change(folder, 0, size);
        }
    }
    pthread_mutex_unlock(lock);
}

uint32_t blob_folder_old(struct blob_folder *folder, uint32_t at, int64_t before_s,
                         struct lt_digest *out, uint32_t count)
{
    uint64_t bytes = 0;
    return subfolder_list(folder, at, before_s, out, count, &bytes);
}
