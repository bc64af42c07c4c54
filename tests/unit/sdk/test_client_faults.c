/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A client on a bad disk. The program starts itself again as a probe under the interposer of
 * tests/harness: killed in front of every file call in turn, with a sync that fails once, with a
 * disk that is full for a while. What the probe was promised it writes into a file of its own,
 * which the interposer leaves alone; the box is then opened again on a good disk.
 */
#include "sdk_test.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "adapters/sdk/box_outbox.h"
#include "proto/base/file.h"

enum { SUBMITS = 6, KILLS_MAX = 60, KEY_BYTES = 16 };
enum probe_exit { PROBE_OK = 0, PROBE_BROKEN = 10, PROBE_WRONG = 20 };

/* ---- the probe --------------------------------------------------------------------------------
 */

static struct lt_client *probe_open(struct fake_line *line, const char *folder)
{
    struct lt_client *client = NULL;
    struct lt_client_options options = {.agency = US, .folder = folder};
    line_init(line);
    line->link = LINK_DOWN;
    if (client_open_port(&client, line_port(line), NULL, clock_os(), entropy_os(), &options,
                         NULL) != LT_OK) {
        return NULL;
    }
    return client;
}

static enum lt_status probe_submit(struct lt_client *client, int number)
{
    struct ask ask;
    struct lt_sent sent;
    char key[KEY_BYTES];
    snprintf(key, sizeof(key), "k-%d", number);
    ask_for(&ask, key, number % 2 == 0 ? "A" : "B", key);
    return lt_client_submit(client, &ask.request, &sent, NULL);
}

/* Says each key after it was promised. */
static int probe_load(const char *folder, int said)
{
    struct fake_line line;
    struct lt_client *client = probe_open(&line, folder);
    if (client == NULL) {
        return PROBE_BROKEN; /* a box that cannot be opened promises nothing */
    }
    for (int i = 0; i < SUBMITS; i++) {
        char key[KEY_BYTES] = {0};
        enum lt_status status = probe_submit(client, i);
        if (status == LT_OK) {
            snprintf(key, sizeof(key), "k-%d", i);
            if (write(said, key, sizeof(key)) != (ssize_t)sizeof(key)) {
                return PROBE_WRONG;
            }
        } else if (lt_class(status) == LT_CLASS_STOP) {
            /* Once broken, broken: no later call may promise anything. */
            bool stands = client_failed(client) == status && probe_submit(client, 99) == status;
            return stands ? PROBE_BROKEN : PROBE_WRONG;
        }
    }
    return PROBE_OK;
}

/* The disk is full while `marker` is there. */
static int probe_full(const char *folder, const char *marker)
{
    struct fake_line line;
    struct lt_client *client = probe_open(&line, folder);
    if (client == NULL || probe_submit(client, 1) != LT_OK) {
        return PROBE_WRONG;
    }
    int fd = open(marker, O_CREAT | O_WRONLY, 0600);
    if (fd < 0 || close(fd) != 0 || probe_submit(client, 2) != LT_DISK_RESERVE ||
        probe_submit(client, 3) != LT_DISK_RESERVE || client_failed(client) != LT_OK) {
        return PROBE_WRONG + 1;
    }
    if (unlink(marker) != 0 || probe_submit(client, 2) != LT_OK) {
        return PROBE_WRONG + 2;
    }
    struct lt_client_state now;
    lt_client_state(client, &now);
    return now.outbox == 2 ? PROBE_OK : PROBE_WRONG + 3;
}

/* ---- the test ------------------------------------------------------------------------------- */

static void library_path(char *out, size_t size)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    assert_true(length > 0);
    self[length] = '\0';
    snprintf(out, size, "%.*s/io_faults.so", (int)(strrchr(self, '/') - self), self);
}

static int run_probe(const char *act, const char *folder, const char *more, const char *name,
                     const char *value)
{
    char library[PATH_MAX + 16];
    library_path(library, sizeof(library));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("LD_PRELOAD", library, 1);
        setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
        setenv("LT_FAULT_FILE", "box.mdb", 1);
        setenv(name, value, 1);
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDERR_FILENO);
        execl("/proc/self/exe", "test_client_faults", act, folder, more, (char *)NULL);
        _exit(99);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    return how;
}

/* Everything that was promised is there, and no number was given out twice. */
static uint32_t check_promises(const char *folder, const char *said_path)
{
    struct box *box = NULL;
    struct box_txn txn;
    struct waiting_record one = {.sequence = 0};
    char path[PATH_MAX];
    char key[KEY_BYTES];
    uint32_t count = 0;
    uint64_t waiting = 0;
    snprintf(path, sizeof(path), "%s/box.mdb", folder);
    assert_int_equal(box_open(&box, path, 0, clock_os(), entropy_os(), "test/1", NULL), LT_OK);
    assert_int_equal(box_read(box, &txn), LT_OK);
    int said = open(said_path, O_RDONLY | O_CREAT, 0600);
    assert_true(said >= 0);
    while (read(said, key, sizeof(key)) == (ssize_t)sizeof(key)) {
        uint64_t sequence = 0;
        assert_int_equal(outbox_by_key(&txn, text_bytes(key), &sequence), LT_OK);
        count++;
    }
    (void)close(said);
    while (outbox_waiting(&txn, one.sequence, &one) == LT_OK) {
        waiting++;
    }
    box_read_end(&txn);
    struct box_counts counts;
    box_counts(box, &counts);
    assert_int_equal(counts.waiting, waiting);
    assert_int_equal(counts.sequence, waiting);
    assert_in_range(waiting, count, count + 1); /* at most the one whose promise was cut off */
    box_close(&box);
    return count;
}

static void skip_without_library(void)
{
    char library[PATH_MAX + 16];
    library_path(library, sizeof(library));
    if (access(library, R_OK) != 0) {
        skip();
    }
}

/* A box that is there already, made once: the faults are to meet promises, not the first opening.
 */
static uint8_t *box_made;
static size_t box_made_bytes;

static int make_box(void **state)
{
    (void)state;
    struct box *box = NULL;
    char path[PATH_MAX];
    char *folder = folder_take();
    snprintf(path, sizeof(path), "%s/box.mdb", folder);
    assert_int_equal(box_open(&box, path, 0, clock_os(), entropy_os(), "test/1", NULL), LT_OK);
    box_close(&box);
    assert_int_equal(file_read(path, 64 << 20, &box_made, &box_made_bytes, NULL), LT_OK);
    folder_drop(folder);
    return 0;
}

static int drop_box(void **state)
{
    (void)state;
    free(box_made);
    return 0;
}

static char *folder_with_box(void)
{
    char path[PATH_MAX];
    char *folder = folder_take();
    snprintf(path, sizeof(path), "%s/box.mdb", folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, box_made, box_made_bytes), box_made_bytes);
    (void)close(fd);
    return folder;
}

/* kill -9 in front of the first, second, third ... file call, until the probe gets through. */
static void test_killed_at_every_call(void **state)
{
    (void)state;
    skip_without_library();
    bool through = false;
    uint32_t kills = 0;
    for (int n = 1; n <= KILLS_MAX && !through; n++) {
        char value[32];
        char said[PATH_MAX];
        char *folder = folder_with_box();
        snprintf(value, sizeof(value), "any:%d%s", n, n % 3 == 0 ? ":half" : "");
        snprintf(said, sizeof(said), "%s/said", folder);
        int how = run_probe("load", folder, said, "LT_FAULT_KILL", value);
        through = WIFEXITED(how) && WEXITSTATUS(how) == PROBE_OK;
        assert_true(through || (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL));
        kills += through ? 0 : 1;
        uint32_t promised = check_promises(folder, said);
        assert_true(!through || promised == SUBMITS);
        folder_drop(folder);
    }
    assert_true(through);
    assert_true(kills > 10);
}

static void test_failed_sync_ends_promises(void **state)
{
    (void)state;
    skip_without_library();
    uint32_t broken = 0;
    for (int n = 1; n <= 8; n++) {
        char value[32];
        char said[PATH_MAX];
        char *folder = folder_with_box();
        snprintf(value, sizeof(value), "sync:%d", n);
        snprintf(said, sizeof(said), "%s/said", folder);
        int how = run_probe("load", folder, said, "LT_FAULT_EIO", value);
        assert_true(WIFEXITED(how));
        assert_true(WEXITSTATUS(how) == PROBE_OK || WEXITSTATUS(how) == PROBE_BROKEN);
        broken += WEXITSTATUS(how) == PROBE_BROKEN ? 1 : 0;
        (void)check_promises(folder, said);
        folder_drop(folder);
    }
    assert_true(broken > 3);
}

static void test_full_disk_passes(void **state)
{
    (void)state;
    skip_without_library();
    char *folder = folder_take();
    char marker[PATH_MAX];
    snprintf(marker, sizeof(marker), "%s/full", folder);
    int how = run_probe("full", folder, marker, "LT_FAULT_FULL", marker);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), PROBE_OK);
    folder_drop(folder);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_at_every_call),
        cmocka_unit_test(test_failed_sync_ends_promises),
        cmocka_unit_test(test_full_disk_passes),
    };
    if (count == 4 && strcmp(words[1], "load") == 0) {
        return probe_load(words[2], open(words[3], O_CREAT | O_WRONLY | O_APPEND, 0600));
    }
    if (count == 4 && strcmp(words[1], "full") == 0) {
        return probe_full(words[2], words[3]);
    }
    return cmocka_run_group_tests(tests, make_box, drop_box);
}
