/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Loaded with LD_PRELOAD, this gives a process a wall clock that is wrong by LT_SHIFT_S seconds,
 * or, so that it can jump while the process runs, by as many as the i64 says at the head of the
 * file LT_SHIFT_FILE, which is mapped shared. The monotonic clock stays, as on a machine whose date
 * was never set. Only what our programs and the libraries under them call is covered; clock_gettime
 * as the C library's own time and log functions use it inside is not.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *mapped; /* set before there are threads; then only read */

__attribute__((constructor)) static void map_shift(void)
{
    const char *path = getenv("LT_SHIFT_FILE");
    if (path == NULL || path[0] == '\0') {
        return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *mapped, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        (void)dprintf(2, "clock_shift: %s\n", path);
        _exit(97);
    }
    close(fd);
    mapped = memory;
}

static long shift_s(void)
{
    const char *text = getenv("LT_SHIFT_S");
    if (mapped != NULL) {
        return (long)*mapped;
    }
    return text != NULL ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    long result = syscall(SYS_clock_gettime, clock, ret_time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        ret_time->tv_sec += shift_s();
    }
    return (int)result;
}

time_t time(time_t *ret_time)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret_time != NULL) {
        *ret_time = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval *ret_time, void *zone)
{
    struct timespec now = {0};
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    ret_time->tv_sec = now.tv_sec;
    ret_time->tv_usec = now.tv_nsec / 1000;
    return result;
}
