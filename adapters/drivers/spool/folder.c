/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What is known about folders that other programs write into. A file is ready when it looks the
 * same (inode, size, time of change) at two scans, or when the last scan saw its inode under a
 * temporary name (.tmp, .part), which means that the writer renamed it into place. Neither needs a
 * lock, and both hold on an SMB share, where locks and notifications do not.
 *
 * Writing goes the same way round: a dot name first, then one rename, so that a reader on the other
 * side never sees half a file.
 *
 * Limits: FOLDER_FILES_MAX files per scan; what is beyond is seen when the others have gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "proto/base/text.h"

#define COPY_BYTES (256 * 1024)

/* ---- looks ---- */

static struct folder_mark mark_of(const struct stat *info)
{
    return (struct folder_mark){
        .inode = info->st_ino,
        .size = info->st_size,
        .changed_ns = info->st_mtim.tv_sec * 1000000000LL + info->st_mtim.tv_nsec,
    };
}

bool folder_look(const char *path, struct folder_mark *ret_mark)
{
    struct stat info;
    if (lstat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        return false;
    }
    *ret_mark = mark_of(&info);
    return true;
}

bool folder_mark_equal(const struct folder_mark *a, const struct folder_mark *b)
{
    return a->inode == b->inode && a->size == b->size && a->changed_ns == b->changed_ns;
}

bool folder_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* ---- scans ---- */

struct folder_file *folder_scan_find(const struct folder_scan *scan, const char *name)
{
    for (uint32_t i = 0; i < scan->count; i++) {
        if (strcmp(scan->files[i].name, name) == 0) {
            return &scan->files[i];
        }
    }
    return NULL;
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name);
    size_t end_size = strlen(end);
    return size >= end_size && strcasecmp(name + size - end_size, end) == 0;
}

static bool temporary(const char *name)
{
    return ends_with(name, ".tmp") || ends_with(name, ".part");
}

static int by_age(const void *a, const void *b)
{
    const struct folder_file *one = a;
    const struct folder_file *other = b;
    if (one->mark.changed_ns != other->mark.changed_ns) {
        return one->mark.changed_ns < other->mark.changed_ns ? -1 : 1;
    }
    return strcmp(one->name, other->name);
}

static int by_name(const void *a, const void *b)
{
    const struct folder_file *const *one = a;
    const struct folder_file *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

static int by_inode(const void *a, const void *b)
{
    const struct folder_file *const *one = a;
    const struct folder_file *const *other = b;
    uint64_t x = (*one)->mark.inode;
    uint64_t y = (*other)->mark.inode;
    return (x > y) - (x < y);
}

/* The files of the last scan in an order that can be searched. */
struct index {
    struct folder_file **files;
    uint32_t count;
    int (*order)(const void *, const void *);
};

static bool index_make(struct index *index, const struct folder_scan *scan,
                       int (*order)(const void *, const void *))
{
    index->files = malloc((scan->count + 1) * sizeof(struct folder_file *));
    index->count = scan->count;
    index->order = order;
    for (uint32_t i = 0; index->files != NULL && i < scan->count; i++) {
        index->files[i] = &scan->files[i];
    }
    if (index->files != NULL) {
        qsort(index->files, index->count, sizeof(struct folder_file *), order);
    }
    return index->files != NULL;
}

static struct folder_file *index_find(const struct index *index, const struct folder_file *like)
{
    struct folder_file **found =
        bsearch(&like, index->files, index->count, sizeof(struct folder_file *), index->order);
    return found != NULL ? *found : NULL;
}

static void compare(struct folder_file *file, const struct index *names, const struct index *inodes)
{
    const struct folder_file *before = index_find(names, file);
    if (before != NULL) {
        file->ready = folder_mark_equal(&file->mark, &before->mark);
        file->told = before->told && file->ready;
        file->first_seen_ms = before->first_seen_ms;
        return;
    }
    const struct folder_file *other = index_find(inodes, file);
    file->ready = other != NULL && temporary(other->name) && !temporary(file->name) &&
                  other->mark.size <= file->mark.size;
}

static bool file_add(struct folder_scan *scan, uint32_t *room, const struct folder_file *file)
{
    if (scan->count == *room) {
        uint32_t larger = *room > 0 ? *room * 2 : 64;
        struct folder_file *files = realloc(scan->files, larger * sizeof(*files));
        if (files == NULL) {
            return false;
        }
        scan->files = files;
        *room = larger;
    }
    scan->files[scan->count++] = *file;
    return true;
}

/* Everything regular in the folder, in the order the system gives it. */
static enum lt_status files_read(struct folder_scan *scan, const char *path, int64_t now_ms)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return LT_IO;
    }
    enum lt_status status = LT_OK;
    uint32_t room = 0;
    const struct dirent *entry = readdir(folder);
    while (entry != NULL && status == LT_OK && scan->count < FOLDER_FILES_MAX) {
        struct folder_file file = {.first_seen_ms = now_ms};
        struct stat info;
        bool regular = entry->d_name[0] != '.' && strlen(entry->d_name) < sizeof(file.name) &&
                       fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                       S_ISREG(info.st_mode);
        if (regular) {
            text_copy(file.name, sizeof(file.name), text_bytes(entry->d_name));
            file.mark = mark_of(&info);
            status = file_add(scan, &room, &file) ? LT_OK : LT_NO_MEMORY;
        }
        entry = readdir(folder);
    }
    closedir(folder);
    return status;
}

enum lt_status folder_scan_again(struct folder_scan *scan, const char *path, int64_t now_ms)
{
    struct folder_scan next = {.files = NULL};
    struct index names = {.files = NULL};
    struct index inodes = {.files = NULL};
    enum lt_status status = files_read(&next, path, now_ms);
    if (status == LT_OK &&
        (!index_make(&names, scan, by_name) || !index_make(&inodes, scan, by_inode))) {
        status = LT_NO_MEMORY;
    }
    if (status != LT_OK) {
        folder_scan_free(&next);
        goto done;
    }
    for (uint32_t i = 0; i < next.count; i++) {
        compare(&next.files[i], &names, &inodes);
    }
    if (next.count > 0) {
        qsort(next.files, next.count, sizeof(*next.files), by_age);
    }
    folder_scan_free(scan);
    *scan = next;
done:
    free(names.files);
    free(inodes.files);
    return status;
}

void folder_scan_free(struct folder_scan *scan)
{
    free(scan->files);
    *scan = (struct folder_scan){.files = NULL};
}

/* ---- names ---- */

bool folder_name_safe(const char *name)
{
    if (name[0] == '\0' || name[0] == '.' || strlen(name) > 255) {
        return false;
    }
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == '/' || *at == '\\' || *at == 0x7F) {
            return false;
        }
    }
    return true;
}

void folder_name_clean(char *out, size_t out_size, const char *name)
{
    text_copy(out, out_size, text_bytes(name));
    for (char *at = out; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || strchr("/\\:*?\"<>|\x7F", *at) != NULL) {
            *at = '_';
        }
    }
    size_t size = strlen(out);
    while (size > 0 && (out[size - 1] == '.' || out[size - 1] == ' ')) {
        out[--size] = '\0'; /* Windows drops them, and then the name is another */
    }
}

/* ---- writing ---- */

/* FOLDER/.NAME.new for FOLDER/NAME. */
static bool dot_path(char out[FOLDER_PATH_BYTES], const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t folder_size = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    int size =
        snprintf(out, FOLDER_PATH_BYTES, "%.*s.%s.new", (int)folder_size, path, path + folder_size);
    return size > 0 && size < FOLDER_PATH_BYTES;
}

static enum lt_status of_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? LT_FULL : LT_IO;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(fd, data, size);
        if (wrote < 0 && errno != EINTR) {
            return false;
        }
        data += wrote > 0 ? wrote : 0;
        size -= wrote > 0 ? (size_t)wrote : 0;
    }
    return true;
}

/* Syncs, closes and renames into place, or takes the dot file away again. */
static enum lt_status put_finish(int fd, bool whole, const char *dot, const char *path)
{
    enum lt_status status = whole && fsync(fd) == 0 ? LT_OK : of_errno();
    if (close(fd) != 0 && status == LT_OK) {
        status = of_errno();
    }
    if (status == LT_OK && rename(dot, path) != 0) {
        status = of_errno();
    }
    if (status != LT_OK) {
        unlink(dot);
    }
    return status;
}

enum lt_status folder_put(const char *path, struct lt_bytes content)
{
    char dot[FOLDER_PATH_BYTES];
    if (!dot_path(dot, path)) {
        return LT_IO;
    }
    int fd = open(dot, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
    if (fd < 0) {
        return of_errno();
    }
    return put_finish(fd, write_all(fd, content.data, content.size), dot, path);
}

static bool copy_all(int from, int to)
{
    uint8_t *buffer = malloc(COPY_BYTES);
    bool whole = buffer != NULL;
    ssize_t got = 1;
    while (whole && got > 0) {
        got = read(from, buffer, COPY_BYTES);
        whole = got >= 0 && write_all(to, buffer, (size_t)got);
    }
    free(buffer);
    return whole;
}

enum lt_status folder_copy(const char *from, const char *to)
{
    char dot[FOLDER_PATH_BYTES];
    if (!dot_path(dot, to)) {
        return LT_IO;
    }
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0) {
        return LT_IO;
    }
    int fd = open(dot, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
    enum lt_status status = fd < 0 ? of_errno() : LT_OK;
    if (status == LT_OK) {
        status = put_finish(fd, copy_all(source, fd), dot, to);
    }
    close(source);
    return status;
}

enum lt_status folder_move(const char *from, const char *to)
{
    if (rename(from, to) == 0) {
        return LT_OK;
    }
    if (errno != EXDEV) {
        return of_errno();
    }
    enum lt_status status = folder_copy(from, to);
    if (status == LT_OK && unlink(from) != 0) {
        status = of_errno();
    }
    return status;
}

/* ---- removing ---- */

static void files_remove(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    closedir(folder);
}

void folder_remove(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return;
    }
    if (S_ISDIR(info.st_mode)) {
        files_remove(path);
        rmdir(path);
    } else {
        unlink(path);
    }
}

void folder_tidy(const char *path, int64_t before_wall_ms)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char item[FOLDER_PATH_BYTES];
        struct stat info;
        int size = snprintf(item, sizeof(item), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && size < (int)sizeof(item) && lstat(item, &info) == 0 &&
            info.st_mtim.tv_sec < before_wall_ms / 1000) {
            folder_remove(item);
        }
    }
    closedir(folder);
}
