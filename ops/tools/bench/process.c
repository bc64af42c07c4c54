/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Readings of /proc/PID/stat and /proc/PID/status. Memory is given twice because the store maps its
 * files: those pages count in VmRSS but belong to the page cache and go when somebody needs them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "process.h"

static bool read_cpu(pid_t pid, double *ret_cpu_s)
{
    char path[64];
    char line[1024];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    size_t size = fread(line, 1, sizeof(line) - 1, file);
    (void)fclose(file);
    line[size] = '\0';
    /* Behind the name, which may hold anything: state is field 3, utime 14, stime 15. */
    char *at = strrchr(line, ')');
    for (int field = 2; at != NULL && field < 14; field++) {
        at = strchr(at + 1, ' ');
    }
    if (at == NULL) {
        return false;
    }
    char *end;
    unsigned long user = strtoul(at, &end, 10);
    unsigned long system = strtoul(end, NULL, 10);
    *ret_cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

static bool read_memory(pid_t pid, struct process_use *use)
{
    char path[64];
    char line[256];
    uint64_t shared_kib = 0;
    const struct {
        const char *name;
        uint64_t *value;
    } rows[] = {
        {"VmRSS:", &use->rss_kib},
        {"RssAnon:", &use->own_kib},
        {"RssShmem:", &shared_kib},
        {"VmHWM:", &use->peak_kib},
    };
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            size_t size = strlen(rows[i].name);
            if (strncmp(line, rows[i].name, size) == 0) {
                *rows[i].value = strtoull(line + size, NULL, 10);
            }
        }
    }
    (void)fclose(file);
    use->own_kib += shared_kib;
    return true;
}

bool process_read(pid_t pid, struct process_use *ret_use)
{
    struct process_use use = {0};
    bool read = pid > 0 && read_cpu(pid, &use.cpu_s) && read_memory(pid, &use);
    *ret_use = read ? use : (struct process_use){0};
    return read;
}

uint64_t process_files_max(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}
