/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_BASE_BASE_TEST_H
#define TESTS_UNIT_BASE_BASE_TEST_H

/* What several tests of this floor share: cmocka in its order, chance with a seed, deaths, folders.
 */

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/base/text.h"

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t dice(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * 0x2545F4914F6CDD1D) >> 16;
}

/* True when `act` ends in abort(), as a failed assertion does. */
static inline bool dies(void (*act)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null, STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        act();
        _exit(0);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    return WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT;
}

/* A folder that is this test's alone; folder_drop removes it with all in it. */
static inline char *folder_take(void)
{
    char *path = strdup("/tmp/lt-test-XXXXXX");
    assert_non_null(path);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline int drop_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void folder_drop(char *path)
{
    assert_int_equal(nftw(path, drop_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(path);
}

static inline struct lt_bytes run_of(const void *data, size_t size)
{
    return (struct lt_bytes){data, size};
}

#define assert_bytes(bytes, text) assert_true(bytes_equal(bytes, text_bytes(text)))

#endif
