/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The reserve on disk. When the disk is full, a journal that cannot write can neither settle nor
 * park what is under way; giving up this file buys the room to do so while intake already refuses.
 * Its blocks are really allocated, a sparse file would promise what is not there.
 *
 * It is made under another name and renamed, so a half-made reserve never counts. Made only when
 * the disk has twice its size to spare: the reserve itself must not be what fills the disk. Not
 * being able to make it is no failure, only `held` staying false; the core looks again later.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/file.h"
#include "reserve.h"

enum lt_status reserve_init(struct reserve *reserve, const char *folder, uint64_t bytes,
                            struct fault *fault)
{
    int length = snprintf(reserve->path, sizeof(reserve->path), "%s/reserve.bin", folder);
    if (length < 0 || (size_t)length >= sizeof(reserve->path) || bytes > INT64_MAX) {
        return fault_set(fault, LT_IO, "reserve.bin", "path or size too large");
    }
    reserve->bytes = bytes;
    struct stat info;
    bool whole = bytes > 0 && stat(reserve->path, &info) == 0 && info.st_size == (off_t)bytes;
    atomic_init(&reserve->held, whole);
    return LT_OK;
}

/* A file of that size with all its blocks, under its name, durable. */
static bool allocate(const struct reserve *reserve)
{
    char making[PATH_MAX + 8];
    snprintf(making, sizeof(making), "%s.tmp", reserve->path);
    int fd = open(making, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool made = posix_fallocate(fd, 0, (off_t)reserve->bytes) == 0 && fsync(fd) == 0;
    close(fd);
    if (!made || rename(making, reserve->path) != 0) {
        (void)unlink(making);
        return false;
    }
    return folder_sync_of(reserve->path, NULL) == LT_OK;
}

bool reserve_make(struct reserve *reserve)
{
    if (reserve->bytes == 0) {
        return false;
    }
    if (atomic_load(&reserve->held)) {
        return true;
    }
    char folder[PATH_MAX];
    strcpy(folder, reserve->path);
    *strrchr(folder, '/') = '\0';
    uint64_t left = 0;
    if (disk_free(folder, &left, NULL) != LT_OK || left / 2 < reserve->bytes) {
        return false;
    }
    bool made = allocate(reserve);
    atomic_store(&reserve->held, made);
    return made;
}

bool reserve_give_up(struct reserve *reserve)
{
    if (!atomic_exchange(&reserve->held, false)) {
        return false;
    }
    /* The freed blocks are usable once the unlink itself has reached the disk. */
    return unlink(reserve->path) == 0 && folder_sync_of(reserve->path, NULL) == LT_OK;
}
