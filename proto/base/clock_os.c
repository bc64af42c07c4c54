/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The only place where the house asks the operating system for time, chance and environment.
 * Everything else takes a clock and an entropy as arguments, so that a test can run a whole world
 * twice with the same outcome.
 *
 * The wall clock may jump, the monotonic one never goes back and says nothing about the date. When
 * the system has no randomness or no clock to give, nothing made here could be trusted: abort.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "clock_os.h"

static int64_t read_ms(clockid_t which)
{
    struct timespec now;
    if (clock_gettime(which, &now) != 0) {
        abort();
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void *self)
{
    (void)self;
    return read_ms(CLOCK_REALTIME);
}

static int64_t mono_ms(void *self)
{
    (void)self;
    return read_ms(CLOCK_MONOTONIC);
}

static void fill(void *self, void *out, size_t size)
{
    (void)self;
    char *at = out;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno != EINTR) {
            abort();
        }
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

const struct lt_clock *clock_os(void)
{
    static const struct lt_clock clock = {NULL, wall_ms, mono_ms};
    return &clock;
}

const struct lt_entropy *entropy_os(void)
{
    static const struct lt_entropy entropy = {NULL, fill};
    return &entropy;
}

const char *environment_os(const char *name)
{
    return getenv(name);
}
