/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Room is taken with fallocate: blocks are the file's own from then on, and a write into them does
 * not meet a full disk. What the file has already is gone through once at the start, because a
 * sparse file may hold holes below its end; that is a look at its extents, not at its bytes.
 *
 * Steps grow with the file, from 64 KiB to 16 MiB, and never take more than an eighth of what the
 * disk has left: being asked seldom must not be what fills the disk. With little left only what is
 * needed is taken. What was taken stays with the file, also over a restart.
 *
 * Limits: on file systems that write every block to a new place (btrfs, ZFS), or keep snapshots, a
 * block of one's own is no promise. Where fallocate does not exist only the free space is looked
 * at, and a disk that others fill up in that instant shows as a short write after all; the file is
 * made as long as it would be, without blocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "room.h"

#define STEP_BYTES_MIN  (64ULL * 1024)
#define STEP_BYTES_MAX  (16ULL * 1024 * 1024)
#define STEP_OF_USED    4
#define STEP_OF_LEFT    8
#define FREED_PAGES_MAX 1024 /* of one value of 4 MiB */
#define FREED_PER_PAGE  512  /* page numbers on one page of the free list */
#define SPARE_PAGES     16
#define SPARE_BYTES     (64ULL * 1024) /* for what the file system itself needs */

/* 0, or an errno. */
static int allocate(int fd, uint64_t from, uint64_t to)
{
    if (to > INT64_MAX) {
        return EFBIG;
    }
    int result;
    do {
        result = fallocate(fd, 0, (off_t)from, (off_t)(to - from));
    } while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

void room_init(struct room *room, int fd)
{
    *room = (struct room){.fd = fd};
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size <= 0) {
        return;
    }
    int error = allocate(fd, 0, (uint64_t)info.st_size);
    room->untold = error == EOPNOTSUPP || error == ENOSYS;
    room->end = error == 0 ? (uint64_t)info.st_size : 0;
}

static uint64_t step_of(uint64_t used, uint64_t left)
{
    uint64_t step = used / STEP_OF_USED;
    step = step < STEP_BYTES_MIN ? STEP_BYTES_MIN : step;
    step = step > STEP_BYTES_MAX ? STEP_BYTES_MAX : step;
    return step < left / STEP_OF_LEFT ? step : left / STEP_OF_LEFT;
}

static enum lt_status status_of(int error)
{
    switch (error) {
    case 0:
        return LT_OK;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return LT_FULL;
    default:
        return LT_IO;
    }
}

/* So that no store's file is shorter than what the store counts as used (store_whole.c). */
static enum lt_status lengthen(int fd, uint64_t to)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return LT_IO;
    }
    return (uint64_t)info.st_size >= to || ftruncate(fd, (off_t)to) == 0 ? LT_OK : status_of(errno);
}

enum lt_status room_take(struct room *room, uint64_t used, uint64_t need)
{
    uint64_t wanted = used + need;
    if (!room->untold && wanted <= room->end) {
        return LT_OK;
    }
    struct statvfs info;
    uint64_t left = UINT64_MAX;
    if (fstatvfs(room->fd, &info) == 0) {
        left = (uint64_t)info.f_bavail * info.f_frsize;
    }
    if (room->untold) {
        return left >= need + SPARE_BYTES ? lengthen(room->fd, wanted) : LT_FULL;
    }
    /* A step that fails may leave part of itself taken, so one that cannot do is not tried. */
    if (room->end >= used && left < wanted - room->end) {
        return LT_FULL;
    }
    uint64_t to = wanted + step_of(used, left);
    int error = allocate(room->fd, room->end, to);
    if (error == ENOSPC || error == EDQUOT) {
        to = wanted;
        error = allocate(room->fd, room->end, to);
    }
    if (error == EOPNOTSUPP || error == ENOSYS) {
        room->untold = true;
        return lengthen(room->fd, wanted);
    }
    if (error == 0) {
        room->end = to;
    }
    return status_of(error);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * A page is never written in place. So: every leaf that was touched and what leads to it, or all
 * of them where they are fewer; what is new, on pages half full after a split; and the free list,
 * which may be written anew, with the pages given up by this commit.
 */
uint64_t room_pages_of(const struct room_trees *trees, uint64_t touched, uint64_t bytes)
{
    uint64_t entries = touched + trees->count; /* each tree is an entry in the tree of trees */
    uint64_t old =
        smaller(entries, trees->leaves) + smaller(entries * trees->depth, trees->branches);
    uint64_t made = 2 * bytes / trees->page_bytes + 2 * trees->count;
    uint64_t all = trees->leaves + trees->branches + trees->overflow;
    uint64_t freed = old + smaller(touched * FREED_PAGES_MAX, all);
    return old + made + 2 * (trees->listed + freed / FREED_PER_PAGE) + SPARE_PAGES;
}
