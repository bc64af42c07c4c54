/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_CLOCK_H
#define LIENTHONG_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Time and chance come only through these two vtables, given by main or by a test's world. */

struct lt_clock {
    void *self;
    int64_t (*wall_ms)(void *self); /* milliseconds since 1970-01-01T00:00:00Z */
    int64_t (*mono_ms)(void *self); /* milliseconds, never goes back; leases and timeouts */
};

struct lt_entropy {
    void *self;
    void (*fill)(void *self, void *out, size_t size); /* never fails; the real one aborts */
};

#endif
