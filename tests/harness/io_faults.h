/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_HARNESS_IO_FAULTS_H
#define TESTS_HARNESS_IO_FAULTS_H

/*
 * A disk that fails on command, under the real libraries: the program that includes this (in one
 * file) has its own pwrite, writev and fdatasync, which count and then fail, or end the process, at
 * the operation planned. statvfs can be told to see a full disk. Without a plan all go through.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define IO_DIES (-1)

static atomic_int io_left;   /* operations until the planned one; 0: no plan */
static atomic_int io_error;  /* errno it ends with, or IO_DIES */
static atomic_bool io_every; /* also all behind it */
static atomic_bool io_disk_full;
static atomic_int io_done; /* operations since the last plan */

/* The n-th operation from now (1 is the next) fails with `error`. */
static inline void io_plan(int n, int error, bool every)
{
    atomic_store(&io_error, error);
    atomic_store(&io_every, every);
    atomic_store(&io_done, 0);
    atomic_store(&io_left, n);
}

static inline void io_heal(void)
{
    atomic_store(&io_left, 0);
    atomic_store(&io_disk_full, false);
}

/* True when this operation is to fail; errno is set. */
static inline bool io_fails(void)
{
    atomic_fetch_add(&io_done, 1);
    int left = atomic_load(&io_left);
    if (left == 0) {
        return false;
    }
    if (left > 1) {
        atomic_store(&io_left, left - 1);
        return false;
    }
    if (!atomic_load(&io_every)) {
        atomic_store(&io_left, 0);
    }
    int error = atomic_load(&io_error);
    if (error == IO_DIES) {
        _exit(0);
    }
    errno = error;
    return true;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return io_fails() ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return io_fails() ? -1 : syscall(SYS_writev, fd, parts, count);
}

int fdatasync(int fd)
{
    return io_fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int statvfs(const char *path, struct statvfs *info)
{
    int (*real)(const char *, struct statvfs *) =
        (int (*)(const char *, struct statvfs *))dlsym(RTLD_NEXT, "statvfs");
    int result = real(path, info);
    if (atomic_load(&io_disk_full)) {
        info->f_bavail = 0;
    }
    return result;
}

#endif
