/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_HARNESS_PROGRAM_H
#define TESTS_HARNESS_PROGRAM_H

/* Other people's programs (openssl, cp), run by tests without a shell in between. */

#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM_LINE_MAX  1024
#define PROGRAM_WORDS_MAX 32

/*
 * A program of the PATH, run to its end in `folder` (NULL: where we are): what it says is passed
 * over, what it complains of is seen. The words of the line are apart by spaces and stand for
 * themselves: no quotes, no patterns. Its exit code; -1: it did not run, or a signal ended it.
 */
__attribute__((format(printf, 2, 3))) static inline int program_run(const char *folder,
                                                                    const char *format, ...)
{
    char line[PROGRAM_LINE_MAX];
    char *words[PROGRAM_WORDS_MAX + 1] = {NULL};
    char *rest = NULL;
    size_t count = 0;
    va_list parts;
    va_start(parts, format);
    int size = vsnprintf(line, sizeof(line), format, parts);
    va_end(parts);
    if (size < 0 || (size_t)size >= sizeof(line)) {
        return -1;
    }
    for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (count == PROGRAM_WORDS_MAX) {
            return -1;
        }
        words[count++] = word;
    }
    if (count == 0) {
        return -1;
    }
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    int how = 0;
    posix_spawn_file_actions_init(&actions);
    int failed =
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (failed == 0 && folder != NULL) {
        failed = posix_spawn_file_actions_addchdir_np(&actions, folder);
    }
    if (failed == 0) {
        failed = posix_spawnp(&child, words[0], &actions, NULL, words, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0 || waitpid(child, &how, 0) != child || !WIFEXITED(how)) {
        return -1;
    }
    return WEXITSTATUS(how);
}

#endif
