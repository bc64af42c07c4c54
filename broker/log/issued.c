/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The store of issued notes: u32 size, u32 crc32c, the note, u32 size again. Opening reads the last
 * note from the end; only when the end does not read are all of them walked, to find how far they
 * are whole. What lies behind is a note that a crash cut short, which nobody was given: the next
 * one takes its place. What is wrong before the last whole note is found by the walk, by name.
 */
#include "issued.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/crc32c.h"
#include "proto/base/file.h"
#include "proto/base/wire.h"
#include "proto/note.h"

#define HEAD_BYTES  8
#define TAIL_BYTES  4
#define FRAME_BYTES (HEAD_BYTES + NOTE_BYTES_MAX + TAIL_BYTES)

struct issued {
    char path[512];
    int fd;
    uint64_t end; /* of the last whole note */
    uint64_t tail;
    uint8_t newest[NOTE_BYTES_MAX];
    size_t newest_size;
};

static bool read_at(int fd, void *out, size_t size, uint64_t at)
{
    return pread(fd, out, size, (off_t)at) == (ssize_t)size;
}

static uint32_t number_of(const uint8_t *bytes)
{
    struct wire_reader r;
    wire_read_init(&r, (struct lt_bytes){bytes, 4});
    return wire_u32(&r);
}

/* The note that begins at `at` and ends before `end`. */
static bool note_at(int fd, uint64_t at, uint64_t end, uint8_t note[NOTE_BYTES_MAX],
                    size_t *ret_size)
{
    uint8_t head[HEAD_BYTES], tail[TAIL_BYTES];
    if (end - at < HEAD_BYTES + TAIL_BYTES || !read_at(fd, head, sizeof(head), at)) {
        return false;
    }
    uint32_t size = number_of(head);
    if (size == 0 || size > NOTE_BYTES_MAX || end - at < HEAD_BYTES + size + TAIL_BYTES ||
        !read_at(fd, note, size, at + HEAD_BYTES) ||
        !read_at(fd, tail, sizeof(tail), at + HEAD_BYTES + size)) {
        return false;
    }
    *ret_size = size;
    return number_of(tail) == size && crc32c(0, note, size) == number_of(head + 4);
}

static bool newest_from_end(struct issued *issued, uint64_t end)
{
    uint8_t tail[TAIL_BYTES];
    if (end < HEAD_BYTES + TAIL_BYTES ||
        !read_at(issued->fd, tail, sizeof(tail), end - TAIL_BYTES)) {
        return false;
    }
    uint64_t frame = (uint64_t)number_of(tail) + HEAD_BYTES + TAIL_BYTES;
    return frame <= end &&
           note_at(issued->fd, end - frame, end, issued->newest, &issued->newest_size);
}

/* From the beginning, as far as notes are whole. */
static uint64_t newest_from_start(struct issued *issued, uint64_t end)
{
    uint8_t note[NOTE_BYTES_MAX];
    size_t size;
    uint64_t at = 0;
    while (at < end && note_at(issued->fd, at, end, note, &size)) {
        memcpy(issued->newest, note, size);
        issued->newest_size = size;
        at += HEAD_BYTES + size + TAIL_BYTES;
    }
    return at;
}

enum lt_status issued_open(struct issued **ret_issued, const char *path, bool read_only,
                           struct fault *fault)
{
    struct stat info;
    struct issued *issued = calloc(1, sizeof(*issued));
    if (issued == NULL) {
        return fault_set(fault, LT_NO_MEMORY, path, "no memory");
    }
    snprintf(issued->path, sizeof(issued->path), "%s", path);
    int flags = read_only ? O_RDONLY : O_RDWR | O_CREAT;
    issued->fd = open(path, flags | O_CLOEXEC, 0600);
    if (issued->fd < 0 || fstat(issued->fd, &info) != 0) {
        enum lt_status status = errno == ENOENT ? LT_NOT_FOUND : LT_IO;
        fault_set(fault, status, path, "%s", strerrordesc_np(errno));
        issued_close(&issued);
        return status;
    }
    uint64_t size = (uint64_t)info.st_size;
    issued->end = newest_from_end(issued, size) ? size : newest_from_start(issued, size);
    issued->tail = size - issued->end;
    enum lt_status status = read_only || size > 0 ? LT_OK : folder_sync_of(path, fault);
    if (status != LT_OK) {
        issued_close(&issued);
        return status;
    }
    *ret_issued = issued;
    return LT_OK;
}

void issued_close(struct issued **issued_p)
{
    struct issued *issued = *issued_p;
    if (issued == NULL) {
        return;
    }
    if (issued->fd >= 0) {
        close(issued->fd);
    }
    free(issued);
    *issued_p = NULL;
}

enum lt_status issued_add(struct issued *issued, struct lt_bytes note, struct fault *fault)
{
    uint8_t frame[FRAME_BYTES];
    struct wire_writer w;
    wire_write_init(&w, frame, sizeof(frame));
    wire_put_u32(&w, (uint32_t)note.size);
    wire_put_u32(&w, crc32c(0, note.data, note.size));
    wire_put_raw(&w, note.data, note.size);
    wire_put_u32(&w, (uint32_t)note.size);
    struct lt_bytes written = wire_written(&w);
    if (written.size == 0 || note.size > NOTE_BYTES_MAX) {
        return fault_set(fault, LT_BODY_TOO_LARGE, issued->path, "%zu bytes", note.size);
    }
    if (pwrite(issued->fd, frame, written.size, (off_t)issued->end) != (ssize_t)written.size ||
        ftruncate(issued->fd, (off_t)(issued->end + written.size)) != 0 ||
        fdatasync(issued->fd) != 0) {
        return fault_set(fault, errno == ENOSPC ? LT_FULL : LT_IO, issued->path, "%s",
                         strerrordesc_np(errno));
    }
    issued->end += written.size;
    memcpy(issued->newest, note.data, note.size);
    issued->newest_size = note.size;
    return LT_OK;
}

struct lt_bytes issued_newest(const struct issued *issued)
{
    return (struct lt_bytes){issued->newest, issued->newest_size};
}

uint64_t issued_tail(const struct issued *issued)
{
    return issued->tail;
}

enum lt_status issued_walk(const struct issued *issued,
                           enum lt_status (*take)(void *context, uint64_t place,
                                                  struct lt_bytes note),
                           void *context, struct fault *fault)
{
    uint8_t note[NOTE_BYTES_MAX];
    size_t size;
    uint64_t at = 0;
    while (at < issued->end) {
        if (!note_at(issued->fd, at, issued->end, note, &size)) {
            return fault_set(fault, LT_LOG_DAMAGED, issued->path, "byte %llu",
                             (unsigned long long)at);
        }
        enum lt_status status = take(context, at, (struct lt_bytes){note, size});
        if (status != LT_OK) {
            return status;
        }
        at += HEAD_BYTES + size + TAIL_BYTES;
    }
    return LT_OK;
}
