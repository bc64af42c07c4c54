/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_PROCESS_H
#define OPS_TOOLS_BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What the system says of a process. */
struct process_use {
    double cpu_s;      /* user and system, all threads, since it started */
    uint64_t rss_kib;  /* VmRSS: with the pages of mapped files, as the store's */
    uint64_t own_kib;  /* RssAnon + RssShmem: what it holds itself */
    uint64_t peak_kib; /* VmHWM */
};

/* False when it cannot be read; the output is all zero then. */
bool process_read(pid_t pid, struct process_use *ret_use);

/* Lifts the limit of open files as far as it goes; what it is now. */
uint64_t process_files_max(void);

#endif
