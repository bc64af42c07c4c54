/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Attachments as files named by what is in them. A name under FOLDER/ab/ is a promise: the bytes
 * behind it were read back, had that SHA-256, and were on the disk before the name was. So the
 * order is write, compare, fsync, rename, fsync of the folder, and whoever finds the name may refer
 * to it.
 *
 * What is not finished lies under FOLDER/partial/AGENCY/, per agency, because possession is: nobody
 * gains from what another has sent. It survives a restart, and its length is the offset to go on
 * from. After a loss of power its length may lie; the comparison at the end finds that.
 *
 * A failed fsync is never tried again and the partial is thrown away: the kernel may have dropped
 * the pages, and a later success would prove nothing. The caller ends its promises then.
 *
 * Nothing is kept in memory but the folder's path, so threads share a store without locks.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob_store.h"
#include "proto/base/file.h"
#include "proto/base/text.h"

#define FOLDER_MODE      0700
#define FILE_MODE        0600
#define HEX_BYTES        65 /* of a digest, with NUL */
#define READ_BYTES       (64 * 1024)
#define PARTIAL          "partial"
#define FOLDER_BYTES_MAX (PATH_MAX - 256)

struct blob_store {
    char folder[FOLDER_BYTES_MAX];
};

struct path {
    char text[PATH_MAX];
};

static enum lt_status status_of_errno(int error)
{
    if (error == ENOENT || error == ENOTDIR) {
        return LT_NOT_FOUND;
    }
    return error == ENOSPC || error == EDQUOT ? LT_FULL : LT_IO;
}

static enum lt_status refuse(struct fault *fault, const char *path, const char *what)
{
    int error = errno;
    return fault_set(fault, status_of_errno(error), path, "%s: %s", what, strerrordesc_np(error));
}

/* FOLDER/ab, and FOLDER/ab/cdef... */
static void whole_folder(const struct blob_store *store, const struct lt_digest *sha256,
                         struct path *out)
{
    snprintf(out->text, sizeof(out->text), "%s/%02x", store->folder, sha256->bytes[0]);
}

static void whole_path(const struct blob_store *store, const struct lt_digest *sha256,
                       struct path *out)
{
    char hex[HEX_BYTES];
    hex_write(hex, sha256->bytes, sizeof(sha256->bytes));
    snprintf(out->text, sizeof(out->text), "%s/%.2s/%s", store->folder, hex, hex + 2);
}

static void partial_folder(const struct blob_store *store, const char *agency, struct path *out)
{
    assert(agency_id_valid(text_bytes(agency)));
    snprintf(out->text, sizeof(out->text), "%s/" PARTIAL "/%s", store->folder, agency);
}

static void partial_path(const struct blob_store *store, const char *agency,
                         const struct lt_digest *sha256, struct path *out)
{
    char hex[HEX_BYTES];
    assert(agency_id_valid(text_bytes(agency)));
    hex_write(hex, sha256->bytes, sizeof(sha256->bytes));
    snprintf(out->text, sizeof(out->text), "%s/" PARTIAL "/%s/%s", store->folder, agency, hex);
}

enum lt_status blob_store_open(struct blob_store **ret_store, const char *folder,
                               struct fault *fault)
{
    struct path path;
    size_t size = strlen(folder);
    if (size == 0 || size >= FOLDER_BYTES_MAX) {
        return fault_set(fault, LT_CONFIG_BAD, folder, "at most %d bytes", FOLDER_BYTES_MAX - 1);
    }
    struct blob_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return fault_set(fault, LT_NO_MEMORY, folder, "%zu bytes", sizeof(*store));
    }
    memcpy(store->folder, folder, size + 1);
    snprintf(path.text, sizeof(path.text), "%s/" PARTIAL, folder);
    enum lt_status status = folder_make(path.text, FOLDER_MODE, fault);
    if (status != LT_OK) {
        free(store);
        return status;
    }
    *ret_store = store;
    return LT_OK;
}

void blob_store_close(struct blob_store **store_p)
{
    free(*store_p);
    *store_p = NULL;
}

enum lt_status blob_store_has(struct blob_store *store, const struct lt_digest *sha256,
                              uint64_t *ret_size)
{
    struct path path;
    struct stat info;
    whole_path(store, sha256, &path);
    if (stat(path.text, &info) != 0) {
        return status_of_errno(errno);
    }
    *ret_size = (uint64_t)info.st_size;
    return LT_OK;
}

enum lt_status blob_store_free(struct blob_store *store, uint64_t *ret_bytes)
{
    return disk_free(store->folder, ret_bytes, NULL);
}

/* ---- whole files ---- */

enum lt_status blob_open(struct blob_store *store, const struct lt_digest *sha256, int *ret_fd,
                         uint64_t *ret_size)
{
    struct path path;
    struct stat info;
    whole_path(store, sha256, &path);
    int fd = open(path.text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return status_of_errno(errno);
    }
    if (fstat(fd, &info) != 0) {
        close(fd);
        return LT_IO;
    }
    *ret_fd = fd;
    *ret_size = (uint64_t)info.st_size;
    return LT_OK;
}

enum lt_status blob_read(int fd, uint64_t offset, void *out, size_t size)
{
    uint8_t *at = out;
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, at + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno != EINTR) {
            return LT_IO;
        }
        if (got == 0) {
            return LT_DAMAGED;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return LT_OK;
}

enum lt_status blob_delete(struct blob_store *store, const struct lt_digest *sha256)
{
    struct path path;
    whole_path(store, sha256, &path);
    if (unlink(path.text) != 0) {
        return status_of_errno(errno);
    }
    return LT_OK;
}

/* ---- unfinished ones ---- */

enum lt_status partial_open(struct blob_store *store, const char *agency,
                            const struct lt_digest *sha256, uint64_t size, int *ret_fd,
                            uint64_t *ret_offset, struct fault *fault)
{
    struct path path;
    struct stat info;
    partial_folder(store, agency, &path);
    if (mkdir(path.text, FOLDER_MODE) != 0 && errno != EEXIST) {
        return refuse(fault, path.text, "mkdir");
    }
    partial_path(store, agency, sha256, &path);
    int fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return refuse(fault, path.text, "open");
    }
    /* Touched: what is being gone on with is not old. */
    bool usable = futimens(fd, NULL) == 0 && fstat(fd, &info) == 0;
    if (usable && (uint64_t)info.st_size > size) {
        usable = ftruncate(fd, 0) == 0;
        info.st_size = 0;
    }
    if (!usable) {
        close(fd);
        return refuse(fault, path.text, "stat");
    }
    *ret_fd = fd;
    *ret_offset = (uint64_t)info.st_size;
    return LT_OK;
}

enum lt_status partial_write(int fd, uint64_t offset, struct lt_bytes bytes)
{
    size_t done = 0;
    while (done < bytes.size) {
        ssize_t wrote = pwrite(fd, bytes.data + done, bytes.size - done, (off_t)(offset + done));
        if (wrote < 0 && errno != EINTR) {
            enum lt_status status = status_of_errno(errno);
            return status == LT_FULL ? LT_FULL : LT_IO;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return LT_OK;
}

/* SHA-256 of the first `size` bytes, read back from the file. */
static enum lt_status read_back(int fd, uint64_t size, struct digester *digester,
                                struct lt_digest *ret_digest)
{
    uint8_t bytes[READ_BYTES];
    enum lt_status status = LT_OK;
    digest_start(digester);
    for (uint64_t at = 0; at < size && status == LT_OK; at += READ_BYTES) {
        size_t piece = size - at < READ_BYTES ? (size_t)(size - at) : READ_BYTES;
        status = blob_read(fd, at, bytes, piece);
        if (status == LT_OK) {
            digest_feed(digester, (struct lt_bytes){bytes, piece});
        }
    }
    struct lt_digest digest = digest_finish(digester);
    if (status == LT_OK) {
        *ret_digest = digest;
    }
    return status;
}

/* FOLDER/ab, with its name durable. */
static enum lt_status whole_folder_make(struct blob_store *store, const struct lt_digest *sha256,
                                        struct fault *fault)
{
    struct path path;
    whole_folder(store, sha256, &path);
    if (mkdir(path.text, FOLDER_MODE) == 0) {
        return folder_sync(store->folder, fault);
    }
    return errno == EEXIST ? LT_OK : refuse(fault, path.text, "mkdir");
}

/* From the partial's name to the whole one, both synced. */
static enum lt_status publish(struct blob_store *store, const char *agency,
                              const struct lt_digest *sha256, int fd, struct fault *fault)
{
    struct path from;
    struct path to;
    partial_path(store, agency, sha256, &from);
    if (futimens(fd, NULL) != 0) {
        return refuse(fault, from.text, "futimens");
    }
    if (fsync(fd) != 0) {
        enum lt_status status = refuse(fault, from.text, "fsync");
        /* Whatever the reason, what was written is unknown now. */
        (void)unlink(from.text);
        return status == LT_FULL ? LT_FULL : LT_IO;
    }
    enum lt_status status = whole_folder_make(store, sha256, fault);
    if (status != LT_OK) {
        return status;
    }
    whole_path(store, sha256, &to);
    if (rename(from.text, to.text) != 0) {
        /* Removed under our hands by a clean-up: its agency begins anew. */
        return errno == ENOENT ? LT_BLOB_OFFSET : refuse(fault, from.text, "rename");
    }
    return folder_sync_of(to.text, fault);
}

enum lt_status partial_finish(struct blob_store *store, struct digester *digester,
                              const char *agency, const struct lt_digest *sha256, uint64_t size,
                              int fd, struct fault *fault)
{
    struct lt_digest digest;
    struct stat info;
    enum lt_status status = LT_OK;
    if (fstat(fd, &info) != 0) {
        status = LT_IO;
    } else if ((uint64_t)info.st_size != size) {
        status = LT_BLOB_HASH_WRONG;
    } else {
        status = read_back(fd, size, digester, &digest);
    }
    if (status == LT_OK && !digest_equal(&digest, sha256)) {
        status = LT_BLOB_HASH_WRONG;
    }
    if (status == LT_OK) {
        status = publish(store, agency, sha256, fd, fault);
    }
    if (status == LT_BLOB_HASH_WRONG || lt_class(status) == LT_CLASS_STOP) {
        partial_remove(store, agency, sha256);
    }
    return status;
}

void partial_remove(struct blob_store *store, const char *agency, const struct lt_digest *sha256)
{
    struct path path;
    partial_path(store, agency, sha256, &path);
    /* Not there is as good; anything else shows at the next open. */
    (void)unlink(path.text);
}

/* A name of 64 or 62 digits, with the first byte's two in front when it has 62. */
static bool digest_of_name(const char *folder, const char *name, struct lt_digest *ret_digest)
{
    char hex[HEX_BYTES];
    size_t size = strlen(name);
    if (size == HEX_BYTES - 1) {
        return hex_read(ret_digest->bytes, sizeof(ret_digest->bytes), name);
    }
    if (size != HEX_BYTES - 3 || strlen(folder) != 2) {
        return false;
    }
    memcpy(hex, folder, 2);
    memcpy(hex + 2, name, size + 1);
    return hex_read(ret_digest->bytes, sizeof(ret_digest->bytes), hex);
}

static int64_t changed_ms(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * 1000 + info->st_mtim.tv_nsec / 1000000;
}

enum lt_status partials_of(struct blob_store *store, const char *agency,
                           struct partials *ret_partials)
{
    struct path path;
    struct partials partials;
    int64_t oldest_ms = INT64_MAX;
    memset(&partials, 0, sizeof(partials));
    partial_folder(store, agency, &path);
    DIR *folder = opendir(path.text);
    if (folder == NULL) {
        if (errno != ENOENT) {
            return LT_IO;
        }
        *ret_partials = partials;
        return LT_OK;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        struct lt_digest sha256;
        struct stat info;
        if (!digest_of_name("", entry->d_name, &sha256) ||
            fstatat(dirfd(folder), entry->d_name, &info, 0) != 0) {
            continue;
        }
        partials.count++;
        partials.bytes += (uint64_t)info.st_size;
        if (changed_ms(&info) < oldest_ms) {
            oldest_ms = changed_ms(&info);
            partials.oldest = sha256;
        }
    }
    closedir(folder);
    *ret_partials = partials;
    return LT_OK;
}

/* ---- walk ---- */

void blob_walk_begin(struct blob_walk *walk, struct blob_store *store)
{
    memset(walk, 0, sizeof(*walk));
    walk->store = store;
    walk->place = BLOB_WHOLE;
    walk->outer = opendir(store->folder);
}

void blob_walk_end(struct blob_walk *walk)
{
    if (walk->inner != NULL) {
        closedir(walk->inner);
    }
    if (walk->outer != NULL) {
        closedir(walk->outer);
    }
    walk->inner = NULL;
    walk->outer = NULL;
}

static bool inner_wanted(const struct blob_walk *walk, const char *name)
{
    uint8_t byte = 0;
    if (walk->place == BLOB_WHOLE) {
        return strlen(name) == 2 && hex_read(&byte, 1, name);
    }
    return agency_id_valid(text_bytes(name));
}

/* Opens the next inner folder; false at the end of all. */
static bool walk_deeper(struct blob_walk *walk)
{
    struct path path;
    while (walk->outer != NULL) {
        const struct dirent *entry = readdir(walk->outer);
        const char *between = walk->place == BLOB_WHOLE ? "" : "/" PARTIAL;
        if (entry != NULL && inner_wanted(walk, entry->d_name)) {
            text_copy(walk->name, sizeof(walk->name), text_bytes(entry->d_name));
            snprintf(path.text, sizeof(path.text), "%s%s/%s", walk->store->folder, between,
                     walk->name);
            walk->inner = opendir(path.text);
            if (walk->inner != NULL) {
                return true;
            }
        } else if (entry == NULL) {
            closedir(walk->outer);
            walk->outer = NULL;
            if (walk->place == BLOB_WHOLE) {
                walk->place = BLOB_PARTIAL;
                snprintf(path.text, sizeof(path.text), "%s/" PARTIAL, walk->store->folder);
                walk->outer = opendir(path.text);
            }
        }
    }
    return false;
}

enum lt_status blob_walk_next(struct blob_walk *walk, struct blob_found *ret_found)
{
    while (walk->inner != NULL || walk_deeper(walk)) {
        struct blob_found found;
        struct stat info;
        const struct dirent *entry = readdir(walk->inner);
        if (entry == NULL) {
            closedir(walk->inner);
            walk->inner = NULL;
            continue;
        }
        memset(&found, 0, sizeof(found));
        bool whole = walk->place == BLOB_WHOLE;
        if (!digest_of_name(whole ? walk->name : "", entry->d_name, &found.sha256) ||
            whole != (strlen(entry->d_name) == HEX_BYTES - 3) ||
            fstatat(dirfd(walk->inner), entry->d_name, &info, 0) != 0) {
            continue;
        }
        found.place = walk->place;
        if (!whole) {
            memcpy(found.agency, walk->name, sizeof(found.agency));
        }
        found.size = (uint64_t)info.st_size;
        found.changed_ms = changed_ms(&info);
        *ret_found = found;
        return LT_OK;
    }
    return LT_NOT_FOUND;
}
