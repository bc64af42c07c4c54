/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Slots in files. A file is written from where it was written before and cut to what it holds, so a
 * crash leaves at most slots that nobody has signed for; loading at a smaller count forgets them.
 *
 * Nothing here knows what a slot means, or whether it is right: that is asked by whoever reads it
 * (tiles.c). Files are opened for each flush, a few times a second at most.
 */
#include "shelf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/file.h"

void shelf_init(struct shelf *shelf, const char *folder, uint32_t slot_bytes)
{
    assert(slot_bytes <= SHELF_SLOT_BYTES_MAX);
    snprintf(shelf->folder, sizeof(shelf->folder), "%s", folder);
    shelf->slot_bytes = slot_bytes;
    shelf->count = 0;
    shelf->written = 0;
}

void shelf_path(const struct shelf *shelf, uint64_t file, char out[SHELF_PATH_BYTES])
{
    unsigned parts[8];
    int count = 0;
    do {
        parts[count++] = (unsigned)(file % 1000);
        file /= 1000;
    } while (file > 0);
    int at = snprintf(out, SHELF_PATH_BYTES, "%s", shelf->folder);
    while (count-- > 0) {
        at += snprintf(out + at, SHELF_PATH_BYTES - (size_t)at, "/%s%03u", count > 0 ? "x" : "",
                       parts[count]);
    }
}

/* Slots of a file, of those counted. */
static uint32_t slots_in(const struct shelf *shelf, uint64_t file)
{
    uint64_t before = file * SHELF_SLOTS;
    uint64_t left = shelf->count > before ? shelf->count - before : 0;
    return left < SHELF_SLOTS ? (uint32_t)left : SHELF_SLOTS;
}

static uint64_t last_file(const struct shelf *shelf)
{
    return shelf->count == 0 ? 0 : (shelf->count - 1) / SHELF_SLOTS;
}

static enum lt_status read_file(const struct shelf *shelf, uint64_t file, uint8_t *out,
                                size_t bytes, struct fault *fault)
{
    char path[SHELF_PATH_BYTES];
    shelf_path(shelf, file, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fault_set(fault, LT_LOG_DAMAGED, path, "%s", strerrordesc_np(errno));
    }
    size_t got = 0;
    while (got < bytes) {
        ssize_t n = pread(fd, out + got, bytes - got, (off_t)got);
        if (n <= 0) {
            break;
        }
        got += (size_t)n;
    }
    close(fd);
    return got == bytes
               ? LT_OK
               : fault_set(fault, LT_LOG_DAMAGED, path, "%zu bytes, due are %zu", got, bytes);
}

enum lt_status shelf_load(struct shelf *shelf, uint64_t count, struct fault *fault)
{
    struct shelf loaded = *shelf;
    loaded.count = count;
    loaded.written = count;
    if (count > 0) {
        uint64_t file = last_file(&loaded);
        size_t bytes = (size_t)slots_in(&loaded, file) * shelf->slot_bytes;
        enum lt_status status = read_file(&loaded, file, loaded.last, bytes, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    *shelf = loaded;
    return LT_OK;
}

bool shelf_full(const struct shelf *shelf)
{
    return shelf->count > 0 && shelf->count % SHELF_SLOTS == 0;
}

void shelf_add(struct shelf *shelf, const void *slot)
{
    uint64_t at = shelf->count % SHELF_SLOTS;
    assert(at != 0 || shelf->written == shelf->count);
    memcpy(shelf->last + at * shelf->slot_bytes, slot, shelf->slot_bytes);
    shelf->count++;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size, off_t at)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, bytes, size, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static enum lt_status open_file(const char *path, bool begins, int *ret_fd, struct fault *fault)
{
    char folder[SHELF_PATH_BYTES];
    if (begins) {
        snprintf(folder, sizeof(folder), "%s", path);
        *strrchr(folder, '/') = '\0';
        enum lt_status status = folder_make(folder, 0700, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    *ret_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return *ret_fd >= 0 ? LT_OK : fault_set(fault, LT_IO, path, "%s", strerrordesc_np(errno));
}

enum lt_status shelf_flush(struct shelf *shelf, bool sync, struct fault *fault)
{
    char path[SHELF_PATH_BYTES];
    int fd;
    if (shelf->written == shelf->count) {
        return LT_OK;
    }
    uint64_t file = last_file(shelf);
    uint64_t from = shelf->written > file * SHELF_SLOTS ? shelf->written % SHELF_SLOTS : 0;
    size_t begin = (size_t)from * shelf->slot_bytes;
    size_t end = (size_t)slots_in(shelf, file) * shelf->slot_bytes;
    shelf_path(shelf, file, path);
    enum lt_status status = open_file(path, from == 0, &fd, fault);
    if (status != LT_OK) {
        return status;
    }
    bool done = write_all(fd, shelf->last + begin, end - begin, (off_t)begin) &&
                ftruncate(fd, (off_t)end) == 0 && (!sync || fdatasync(fd) == 0);
    if (!done) {
        status =
            fault_set(fault, errno == ENOSPC ? LT_FULL : LT_IO, path, "%s", strerrordesc_np(errno));
    }
    close(fd);
    if (status == LT_OK && sync && from == 0) {
        status = folder_sync_of(path, fault);
    }
    if (status == LT_OK) {
        shelf->written = shelf->count;
    }
    return status;
}

enum lt_status shelf_read(const struct shelf *shelf, uint64_t file, uint8_t *out,
                          uint32_t *ret_slots, struct fault *fault)
{
    uint32_t slots = slots_in(shelf, file);
    size_t bytes = (size_t)slots * shelf->slot_bytes;
    if (slots == 0) {
        char path[SHELF_PATH_BYTES];
        shelf_path(shelf, file, path);
        return fault_set(fault, LT_LOG_DAMAGED, path, "beyond the log");
    }
    if (file == last_file(shelf)) {
        memcpy(out, shelf->last, bytes);
    } else {
        enum lt_status status = read_file(shelf, file, out, bytes, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    *ret_slots = slots;
    return LT_OK;
}

enum lt_status shelf_file_bytes(const struct shelf *shelf, uint64_t file, uint64_t *ret_bytes)
{
    char path[SHELF_PATH_BYTES];
    struct stat info;
    shelf_path(shelf, file, path);
    if (stat(path, &info) != 0) {
        return errno == ENOENT ? LT_NOT_FOUND : LT_IO;
    }
    *ret_bytes = (uint64_t)info.st_size;
    return LT_OK;
}
