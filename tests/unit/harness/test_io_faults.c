/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The interposer itself: this program starts itself again as a probe under LD_PRELOAD. The probe
 * writes records and syncs each; its exit status and what stands in the file say what happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RECORD_BYTES 16
#define RECORDS      8

enum probe_exit {
    PROBE_OK = 0,
    PROBE_SHORT = 10,
    PROBE_IO = 11,
    PROBE_FULL = 12,
    PROBE_SYNC = 20, /* + number of syncs that failed */
};

/* ---- the probe: eight records, then a rename ----------------------------------------------- */

static int put_record(int fd, int number)
{
    char record[RECORD_BYTES];
    memset(record, 'a' + number, sizeof record);
    struct iovec parts[2] = {{record, RECORD_BYTES / 2},
                             {record + RECORD_BYTES / 2, RECORD_BYTES / 2}};
    ssize_t put = number % 2 == 0 ? write(fd, record, sizeof record) : writev(fd, parts, 2);
    if (put < 0) {
        return errno == ENOSPC ? PROBE_FULL : PROBE_IO;
    }
    return put == RECORD_BYTES ? PROBE_OK : PROBE_SHORT;
}

static int probe(const char *path)
{
    char done[PATH_MAX];
    int syncs_failed = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) {
        return 1;
    }
    for (int i = 0; i < RECORDS; i++) {
        int result = put_record(fd, i);
        if (result != PROBE_OK) {
            return result;
        }
        syncs_failed += fdatasync(fd) != 0;
    }
    (void)snprintf(done, sizeof done, "%s.done", path);
    close(fd);
    if (rename(path, done) != 0) {
        return PROBE_IO;
    }
    return syncs_failed == 0 ? PROBE_OK : PROBE_SYNC + syncs_failed;
}

/* ---- the tests ------------------------------------------------------------------------------ */

struct scene {
    char folder[64];
    char data[128];
    char done[160];
    char marker[128];
    char counts[128];
};

static int scene_open(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    (void)snprintf(scene->folder, sizeof scene->folder, "/tmp/io-faults-XXXXXX");
    if (scene == NULL || mkdtemp(scene->folder) == NULL) {
        return -1;
    }
    (void)snprintf(scene->data, sizeof scene->data, "%s/data", scene->folder);
    (void)snprintf(scene->done, sizeof scene->done, "%s.done", scene->data);
    (void)snprintf(scene->marker, sizeof scene->marker, "%s/full", scene->folder);
    (void)snprintf(scene->counts, sizeof scene->counts, "%s/counts", scene->folder);
    *state = scene;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *scene = *state;
    (void)unlink(scene->data);
    (void)unlink(scene->done);
    (void)unlink(scene->marker);
    (void)unlink(scene->counts);
    int status = rmdir(scene->folder);
    free(scene);
    return status;
}

/* Runs the probe with one setting; the wait status. */
static int run_probe(const struct scene *scene, const char *name, const char *value)
{
    char self[PATH_MAX];
    char library[PATH_MAX + 16];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(size > 0);
    self[size] = '\0';
    (void)snprintf(library, sizeof library, "%.*s/io_faults.so", (int)(strrchr(self, '/') - self),
                   self);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("LD_PRELOAD", library, 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
        setenv("LT_FAULT_COUNT", scene->counts, 1);
        setenv(name, value, 1);
        execl(self, self, "probe", scene->data, (char *)NULL);
        _exit(99);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void assert_exit(int status, int expected)
{
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

static void assert_killed(int status)
{
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static long file_bytes(const char *path)
{
    struct stat stat_of;
    return stat(path, &stat_of) == 0 ? (long)stat_of.st_size : -1;
}

static void assert_counts(const struct scene *scene, uint64_t writes, uint64_t syncs)
{
    uint64_t counts[4] = {0};
    int fd = open(scene->counts, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, counts, sizeof counts), sizeof counts);
    close(fd);
    assert_int_equal(counts[0], writes);
    assert_int_equal(counts[1], syncs);
}

static void test_calm(void **state)
{
    struct scene *scene = *state;
    assert_exit(run_probe(scene, "LT_FAULT_FILE", "/data"), PROBE_OK);
    assert_int_equal(file_bytes(scene->done), RECORDS * RECORD_BYTES);
    assert_counts(scene, RECORDS, RECORDS);
}

static void test_kill_at_every_write(void **state)
{
    struct scene *scene = *state;
    char value[32];
    for (int n = 1; n <= RECORDS; n++) {
        (void)unlink(scene->counts);
        (void)snprintf(value, sizeof value, "write:%d", n);
        assert_killed(run_probe(scene, "LT_FAULT_KILL", value));
        assert_int_equal(file_bytes(scene->data), (n - 1) * RECORD_BYTES);
        assert_counts(scene, (uint64_t)n, (uint64_t)n - 1);
    }
    (void)snprintf(value, sizeof value, "write:%d", RECORDS + 1);
    assert_exit(run_probe(scene, "LT_FAULT_KILL", value), PROBE_OK);
}

static void test_kill_after_and_half(void **state)
{
    struct scene *scene = *state;
    assert_killed(run_probe(scene, "LT_FAULT_KILL", "write:3:after"));
    assert_int_equal(file_bytes(scene->data), 3 * RECORD_BYTES);
    assert_killed(run_probe(scene, "LT_FAULT_KILL", "write:3:half"));
    assert_int_equal(file_bytes(scene->data), 2 * RECORD_BYTES + RECORD_BYTES / 2);
    assert_killed(run_probe(scene, "LT_FAULT_KILL", "write:4:half")); /* a writev */
    assert_int_equal(file_bytes(scene->data), 3 * RECORD_BYTES + RECORD_BYTES / 2);
}

static void test_kill_at_other_kinds(void **state)
{
    struct scene *scene = *state;
    assert_killed(run_probe(scene, "LT_FAULT_KILL", "sync:2"));
    assert_int_equal(file_bytes(scene->data), 2 * RECORD_BYTES);
    assert_killed(run_probe(scene, "LT_FAULT_KILL", "any:5"));
    assert_int_equal(file_bytes(scene->data), 2 * RECORD_BYTES);
    assert_killed(run_probe(scene, "LT_FAULT_KILL", "rename:1"));
    assert_int_equal(file_bytes(scene->data), RECORDS * RECORD_BYTES);
    assert_int_equal(file_bytes(scene->done), -1);
    assert_killed(run_probe(scene, "LT_FAULT_KILL", "rename:1:after"));
    assert_int_equal(file_bytes(scene->done), RECORDS * RECORD_BYTES);
}

static void test_eio_once(void **state)
{
    struct scene *scene = *state;
    assert_exit(run_probe(scene, "LT_FAULT_EIO", "sync:3"), PROBE_SYNC + 1);
    assert_exit(run_probe(scene, "LT_FAULT_EIO", "write:3"), PROBE_IO);
    assert_int_equal(file_bytes(scene->data), 2 * RECORD_BYTES);
}

static void test_full_while_marked(void **state)
{
    struct scene *scene = *state;
    assert_exit(run_probe(scene, "LT_FAULT_FULL", scene->marker), PROBE_OK);
    int fd = open(scene->marker, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_exit(run_probe(scene, "LT_FAULT_FULL", scene->marker), PROBE_FULL);
    assert_int_equal(file_bytes(scene->data), 0);
}

static void test_short_writes(void **state)
{
    struct scene *scene = *state;
    assert_exit(run_probe(scene, "LT_FAULT_SHORT", "5"), PROBE_SHORT);
    assert_int_equal(file_bytes(scene->data), 4 * RECORD_BYTES + RECORD_BYTES / 2);
}

static void test_bad_setting_stops(void **state)
{
    struct scene *scene = *state;
    assert_exit(run_probe(scene, "LT_FAULT_KILL", "write"), 97);
    assert_exit(run_probe(scene, "LT_FAULT_KILL", "read:1"), 97);
    assert_exit(run_probe(scene, "LT_FAULT_EIO", "sync:0"), 97);
    assert_exit(run_probe(scene, "LT_FAULT_KILL", "sync:1:later"), 97);
    assert_int_equal(file_bytes(scene->data), -1);
}

static void test_other_files_untouched(void **state)
{
    struct scene *scene = *state;
    setenv("LT_FAULT_KILL", "write:1", 1);
    int status = run_probe(scene, "LT_FAULT_FILE", "/journal");
    unsetenv("LT_FAULT_KILL");
    assert_exit(status, PROBE_OK);
    assert_counts(scene, 0, 0);
}

static void test_faults_while_marked(void **state)
{
    struct scene *scene = *state;
    setenv("LT_FAULT_KILL", "write:2", 1);
    int before = run_probe(scene, "LT_FAULT_WHILE", scene->marker);
    int fd = open(scene->marker, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
    int after = run_probe(scene, "LT_FAULT_WHILE", scene->marker);
    unsetenv("LT_FAULT_KILL");
    assert_exit(before, PROBE_OK);
    assert_killed(after);
    assert_int_equal(file_bytes(scene->data), RECORD_BYTES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "probe") == 0) {
        return probe(arguments[2]);
    }
    const struct CMUnitTest tests[] = {
        TEST(test_calm),
        TEST(test_kill_at_every_write),
        TEST(test_kill_after_and_half),
        TEST(test_kill_at_other_kinds),
        TEST(test_eio_once),
        TEST(test_full_while_marked),
        TEST(test_short_writes),
        TEST(test_bad_setting_stops),
        TEST(test_other_files_untouched),
        TEST(test_faults_while_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
