/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_HARNESS_IO_FAULTS_H
#define TESTS_HARNESS_IO_FAULTS_H

/*
 * A disk that fails on command, under the real libraries: the program that includes this (in one
 * file) has its own pwrite, writev, fdatasync, fallocate and rename, which count and then fail, or
 * end the process, at the operation planned; IO_DIES_HALF leaves half of the bytes written. A disk
 * can be made to be full: statvfs sees no space and fallocate finds none, while writes go where the
 * file has its blocks. Without a plan all go through.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define IO_DIES      (-1)
#define IO_DIES_HALF (-2)

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

static inline void io_die_of_half(void)
{
    if (errno == IO_DIES_HALF) {
        _exit(0);
    }
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    if (!io_fails()) {
        return syscall(SYS_pwrite64, fd, data, size, at);
    }
    if (errno == IO_DIES_HALF) {
        (void)syscall(SYS_pwrite64, fd, data, size / 2, at);
    }
    io_die_of_half();
    return -1;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (!io_fails()) {
        return syscall(SYS_writev, fd, parts, count);
    }
    if (errno == IO_DIES_HALF) {
        (void)syscall(SYS_writev, fd, parts, (count + 1) / 2);
    }
    io_die_of_half();
    return -1;
}

int fallocate(int fd, int mode, off_t from, off_t size)
{
    if (atomic_load(&io_disk_full)) {
        errno = ENOSPC;
        return -1;
    }
    if (io_fails()) {
        io_die_of_half();
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, mode, from, size);
}

int rename(const char *from, const char *to)
{
    if (io_fails()) {
        io_die_of_half();
        return -1;
    }
    return (int)syscall(SYS_rename, from, to);
}

int fdatasync(int fd)
{
    if (io_fails()) {
        io_die_of_half();
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
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

int fstatvfs(int fd, struct statvfs *info)
{
    int (*real)(int, struct statvfs *) =
        (int (*)(int, struct statvfs *))dlsym(RTLD_NEXT, "fstatvfs");
    int result = real(fd, info);
    if (atomic_load(&io_disk_full)) {
        info->f_bavail = 0;
    }
    return result;
}

#endif
