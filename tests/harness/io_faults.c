/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Loaded with LD_PRELOAD, this stands between a program (and the LMDB under it) and the file calls
 * of the C library, and makes the disk as bad as a test wants. The environment says how:
 *
 *   LT_FAULT_FILE=TEXT       only files whose path holds TEXT (default: every regular file)
 *   LT_FAULT_KILL=KIND:N     kill -9 in front of the N-th call of KIND; KIND:N:after behind it;
 *                            KIND:N:half after half of its bytes are written
 *   LT_FAULT_EIO=KIND:N      the N-th call fails with EIO, once, and does nothing
 *   LT_FAULT_FULL=PATH       while PATH exists no file gets more room: taking it and writing behind
 *                            the end fail with ENOSPC, and no disk has space left
 *   LT_FAULT_SHORT=N         every N-th write takes half of its bytes
 *   LT_FAULT_SYNC_MS=MS      every sync takes so much longer
 *   LT_FAULT_WHILE=PATH      calls are numbered, and fail or are slow, only while PATH exists
 *   LT_FAULT_COUNT=PATH      calls are added up here, four u64: write, sync, truncate, rename; in a
 *                            file mapped shared, so that the sums outlive a kill and go on after it
 *
 * KIND is write, sync, truncate, rename or any (all four together). Numbers count from 1 over all
 * threads of the process. msync knows no path and counts as a sync whatever LT_FAULT_FILE says.
 * What cannot be read in these variables ends the program: a fault that silently does not happen
 * proves nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { KIND_WRITE, KIND_SYNC, KIND_TRUNCATE, KIND_RENAME, KINDS, KIND_ANY = KINDS };
enum moment { MOMENT_BEFORE, MOMENT_AFTER, MOMENT_HALF };

struct trigger {
    bool set;
    enum kind kind;
    uint64_t number;
    enum moment moment;
};

struct real {
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*writev)(int, const struct iovec *, int);
    ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
    int (*fdatasync)(int);
    int (*fsync)(int);
    int (*msync)(void *, size_t, int);
    int (*ftruncate)(int, off_t);
    int (*posix_fallocate)(int, off_t, off_t);
    int (*fallocate)(int, int, off_t, off_t);
    int (*statvfs)(const char *, struct statvfs *);
    int (*fstatvfs)(int, struct statvfs *);
    int (*rename)(const char *, const char *);
};

static struct {
    struct real real;
    const char *file;
    const char *full;
    struct trigger kill;
    struct trigger eio;
    uint64_t short_every;
    uint64_t sync_ms;
    uint64_t numbers[KINDS]; /* of calls of this process */
    uint64_t any;
    uint64_t *counts;   /* the mapped file, or NULL */
    const char *marker; /* LT_FAULT_WHILE, or NULL */
    bool open;
} faults;

static void die(const char *words, const char *value)
{
    (void)dprintf(2, "io_faults: %s: %s\n", words, value);
    _exit(97);
}

static void *real_call(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        die("no such call in the C library", name);
    }
    return found;
}

static uint64_t read_number(const char *name, const char *text, char **end)
{
    errno = 0;
    unsigned long long value = strtoull(text, end, 10);
    if (errno != 0 || *end == text || value == 0) {
        die(name, text);
    }
    return value;
}

static void read_trigger(const char *name, struct trigger *trigger)
{
    static const char *const kinds[] = {"write", "sync", "truncate", "rename", "any"};
    const char *text = getenv(name);
    if (text == NULL || text[0] == '\0') {
        return;
    }
    for (int i = 0; i <= KIND_ANY; i++) {
        size_t size = strlen(kinds[i]);
        if (strncmp(text, kinds[i], size) != 0 || text[size] != ':') {
            continue;
        }
        char *end;
        trigger->set = true;
        trigger->kind = (enum kind)i;
        trigger->number = read_number(name, text + size + 1, &end);
        if (strcmp(end, ":after") == 0) {
            trigger->moment = MOMENT_AFTER;
        } else if (strcmp(end, ":half") == 0) {
            trigger->moment = MOMENT_HALF;
        } else if (end[0] != '\0') {
            die(name, text);
        }
        return;
    }
    die(name, text);
}

static uint64_t read_setting(const char *name)
{
    const char *text = getenv(name);
    if (text == NULL || text[0] == '\0') {
        return 0;
    }
    char *end;
    uint64_t value = read_number(name, text, &end);
    if (end[0] != '\0') {
        die(name, text);
    }
    return value;
}

static void map_counts(const char *path)
{
    const size_t size = KINDS * sizeof(uint64_t);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || faults.real.ftruncate(fd, (off_t)size) != 0) {
        die("LT_FAULT_COUNT", path);
    }
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) {
        die("LT_FAULT_COUNT", path);
    }
    close(fd);
    faults.counts = mapped;
}

/* dlsym gives an object pointer; the standard's way round the missing conversion. */
#define FIND(call)                                                                                 \
    do {                                                                                           \
        void *found = real_call(#call);                                                            \
        memcpy(&faults.real.call, &found, sizeof found);                                           \
    } while (0)

__attribute__((constructor)) static void faults_open(void)
{
    if (faults.open) {
        return;
    }
    faults.open = true;
    FIND(write);
    FIND(pwrite);
    FIND(writev);
    FIND(pwritev);
    FIND(fdatasync);
    FIND(fsync);
    FIND(msync);
    FIND(ftruncate);
    FIND(posix_fallocate);
    FIND(fallocate);
    FIND(statvfs);
    FIND(fstatvfs);
    FIND(rename);
    faults.file = getenv("LT_FAULT_FILE");
    faults.full = getenv("LT_FAULT_FULL");
    faults.marker = getenv("LT_FAULT_WHILE");
    read_trigger("LT_FAULT_KILL", &faults.kill);
    read_trigger("LT_FAULT_EIO", &faults.eio);
    faults.short_every = read_setting("LT_FAULT_SHORT");
    faults.sync_ms = read_setting("LT_FAULT_SYNC_MS");
    const char *count = getenv("LT_FAULT_COUNT");
    if (count != NULL && count[0] != '\0') {
        map_counts(count);
    }
}

static bool path_watched(const char *path)
{
    return faults.file == NULL || strstr(path, faults.file) != NULL;
}

static bool watched(int fd)
{
    char link[64];
    char path[PATH_MAX];
    struct stat stat;
    faults_open();
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        return false;
    }
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) {
        return false;
    }
    path[size] = '\0';
    return path_watched(path);
}

static bool hits(const struct trigger *trigger, enum kind kind, uint64_t number, uint64_t any)
{
    return trigger->set && ((trigger->kind == kind && trigger->number == number) ||
                            (trigger->kind == KIND_ANY && trigger->number == any));
}

static void kill_self(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;) {
        pause();
    }
}

/* What shall become of one call. */
struct verdict {
    int error; /* errno instead of the call, or 0 */
    bool half; /* of the bytes */
    bool kill_after;
};

static bool disk_is_full(void)
{
    return faults.full != NULL && faults.full[0] != '\0' && access(faults.full, F_OK) == 0;
}

static bool sound_for_now(void)
{
    return faults.marker != NULL && faults.marker[0] != '\0' && access(faults.marker, F_OK) != 0;
}

static struct verdict judge(enum kind kind, bool adds_bytes)
{
    struct verdict verdict = {0, false, false};
    if (sound_for_now()) {
        verdict.error = adds_bytes && disk_is_full() ? ENOSPC : 0;
        return verdict;
    }
    uint64_t number = __atomic_add_fetch(&faults.numbers[kind], 1, __ATOMIC_SEQ_CST);
    uint64_t any = __atomic_add_fetch(&faults.any, 1, __ATOMIC_SEQ_CST);
    if (faults.counts != NULL) {
        (void)__atomic_add_fetch(&faults.counts[kind], 1, __ATOMIC_SEQ_CST);
    }
    if (hits(&faults.kill, kind, number, any)) {
        if (faults.kill.moment == MOMENT_BEFORE) {
            kill_self();
        }
        verdict.half = faults.kill.moment == MOMENT_HALF;
        verdict.kill_after = true;
    }
    if (hits(&faults.eio, kind, number, any)) {
        verdict.error = EIO;
    } else if (adds_bytes && disk_is_full()) {
        verdict.error = ENOSPC;
    }
    if (kind == KIND_WRITE && faults.short_every > 0 && number % faults.short_every == 0) {
        verdict.half = true;
    }
    if (kind == KIND_SYNC && faults.sync_ms > 0) {
        (void)usleep((useconds_t)(faults.sync_ms * 1000));
    }
    return verdict;
}

static int finish(const struct verdict *verdict, int result)
{
    if (verdict->kill_after) {
        kill_self();
    }
    return result;
}

/* ---- the calls --------------------------------------------------------------------------- */

enum cursor { CURSOR_OWN = -1 }; /* the file's own position instead of an offset */

static ssize_t put(int fd, const void *data, size_t size, off_t at)
{
    return at == CURSOR_OWN ? faults.real.write(fd, data, size)
                            : faults.real.pwrite(fd, data, size, at);
}

/* Behind the end of the file; what lies before it is taken to have its blocks. */
static bool needs_room(int fd, size_t size, off_t at)
{
    struct stat stat;
    off_t from = at == CURSOR_OWN ? lseek(fd, 0, SEEK_CUR) : at;
    return fstat(fd, &stat) != 0 || from < 0 || from + (off_t)size > stat.st_size;
}

static ssize_t put_watched(int fd, const void *data, size_t size, off_t at)
{
    if (!watched(fd)) {
        return put(fd, data, size, at);
    }
    struct verdict verdict = judge(KIND_WRITE, needs_room(fd, size, at));
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    ssize_t result = put(fd, data, verdict.half ? (size + 1) / 2 : size, at);
    (void)finish(&verdict, 0);
    return result;
}

static ssize_t put_many(int fd, const struct iovec *parts, int count, off_t at)
{
    return at == CURSOR_OWN ? faults.real.writev(fd, parts, count)
                            : faults.real.pwritev(fd, parts, count, at);
}

static ssize_t put_many_watched(int fd, const struct iovec *parts, int count, off_t at)
{
    if (!watched(fd)) {
        return put_many(fd, parts, count, at);
    }
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        size += parts[i].iov_len;
    }
    struct verdict verdict = judge(KIND_WRITE, needs_room(fd, size, at));
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    ssize_t result;
    if (!verdict.half) {
        result = put_many(fd, parts, count, at);
    } else if (count > 1) {
        result = put_many(fd, parts, (count + 1) / 2, at);
    } else {
        result = put(fd, parts[0].iov_base, (parts[0].iov_len + 1) / 2, at);
    }
    (void)finish(&verdict, 0);
    return result;
}

ssize_t write(int fd, const void *data, size_t size)
{
    return put_watched(fd, data, size, CURSOR_OWN);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return put_watched(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at)
{
    return put_watched(fd, data, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return put_many_watched(fd, parts, count, CURSOR_OWN);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return put_many_watched(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at)
{
    return put_many_watched(fd, parts, count, at);
}

static int sync_watched(int fd, int (*call)(int))
{
    struct verdict verdict = judge(KIND_SYNC, false);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    return finish(&verdict, call(fd));
}

int fdatasync(int fd)
{
    return watched(fd) ? sync_watched(fd, faults.real.fdatasync) : faults.real.fdatasync(fd);
}

int fsync(int fd)
{
    return watched(fd) ? sync_watched(fd, faults.real.fsync) : faults.real.fsync(fd);
}

int msync(void *data, size_t size, int flags)
{
    faults_open();
    struct verdict verdict = judge(KIND_SYNC, false);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    return finish(&verdict, faults.real.msync(data, size, flags));
}

int ftruncate(int fd, off_t size)
{
    if (!watched(fd)) {
        return faults.real.ftruncate(fd, size);
    }
    /* A sparse file grows without taking room. */
    struct verdict verdict = judge(KIND_TRUNCATE, false);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    return finish(&verdict, faults.real.ftruncate(fd, size));
}

int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

int posix_fallocate(int fd, off_t from, off_t size)
{
    if (!watched(fd)) {
        return faults.real.posix_fallocate(fd, from, size);
    }
    struct verdict verdict = judge(KIND_WRITE, true);
    if (verdict.error != 0) {
        return verdict.error;
    }
    return finish(&verdict, faults.real.posix_fallocate(fd, from, size));
}

int posix_fallocate64(int fd, off_t from, off_t size)
{
    return posix_fallocate(fd, from, size);
}

int fallocate(int fd, int mode, off_t from, off_t size)
{
    if (!watched(fd)) {
        return faults.real.fallocate(fd, mode, from, size);
    }
    struct stat stat;
    bool grows = fstat(fd, &stat) != 0 || from + size > stat.st_size;
    struct verdict verdict = judge(KIND_WRITE, grows);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    return finish(&verdict, faults.real.fallocate(fd, mode, from, size));
}

int fallocate64(int fd, int mode, off_t from, off_t size)
{
    return fallocate(fd, mode, from, size);
}

int statvfs(const char *path, struct statvfs *info)
{
    faults_open();
    int result = faults.real.statvfs(path, info);
    if (result == 0 && disk_is_full()) {
        info->f_bavail = 0;
    }
    return result;
}

int fstatvfs(int fd, struct statvfs *info)
{
    faults_open();
    int result = faults.real.fstatvfs(fd, info);
    if (result == 0 && disk_is_full()) {
        info->f_bavail = 0;
    }
    return result;
}

int rename(const char *from, const char *to)
{
    faults_open();
    if (!path_watched(from) && !path_watched(to)) {
        return faults.real.rename(from, to);
    }
    struct verdict verdict = judge(KIND_RENAME, false);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    return finish(&verdict, faults.real.rename(from, to));
}
