/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One bit of state.mdb is another, anywhere: either nothing is different, or the file is not used.
 * Each try is a process of its own, because LMDB may end it on a damaged page; that is a way of
 * not using it, too, as long as the start after it does not end the same way.
 */
#include "state_test.h"

#include "proto/base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEYS 1500
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STEP 3989 /* bytes between two tries: each is a process of its own */
#else
#define STEP 331
#endif

enum saw { SAW_ALL = 10, SAW_NOTHING = 11, SAW_WRONG = 12, SAW_FAILURE = 13 };

static void key_of(int number, char out[32])
{
    snprintf(out, 32, "key-%08d", number * 7919 % 100000);
}

static void fill(struct home *home)
{
    char key[32];
    char value[64];
    for (int i = 0; i < KEYS; i++) {
        key_of(i, key);
        snprintf(value, sizeof(value), "the value of %d, long enough to fill pages", i);
        fold_one(home, i % 3 == 0 ? STATE_TRANSFERS : STATE_KEYS, key, value);
    }
    assert_int_equal(state_flush(home->state, KEYS), LT_OK);
}

/* What a process that opens the file gets out of it. */
static enum saw look(struct home *home)
{
    char key[32];
    char value[64];
    struct fault fault;
    fault_init(&fault);
    if (state_open(&home->state, &home->options, &fault) != LT_OK) {
        return SAW_FAILURE;
    }
    if (state_applied(home->state) != KEYS) {
        return state_applied(home->state) == 0 ? SAW_NOTHING : SAW_WRONG;
    }
    for (int i = 0; i < KEYS; i++) {
        struct lt_bytes found;
        key_of(i, key);
        snprintf(value, sizeof(value), "the value of %d, long enough to fill pages", i);
        if (state_get(home->state, i % 3 == 0 ? STATE_TRANSFERS : STATE_KEYS, text_bytes(key),
                      &found) != LT_OK ||
            !bytes_equal(found, text_bytes(value))) {
            return SAW_WRONG;
        }
    }
    return SAW_ALL;
}

/* -1: it was ended by LMDB. */
static int look_apart(struct home *home)
{
    int how = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        static const int caught[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE}; /* by cmocka */
        for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
            (void)signal(caught[i], SIG_DFL);
        }
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(SAW_FAILURE);
        }
        _exit((int)look(home));
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

static void beside_is_gone(const struct home *home)
{
    char path[300];
    snprintf(path, sizeof(path), "%s.suspect", home->path);
    (void)unlink(path);
    snprintf(path, sizeof(path), "%s.damaged-1", home->path);
    (void)unlink(path);
    snprintf(path, sizeof(path), "%s-lock", home->path);
    (void)unlink(path);
}

static void any_bit_is_found_or_means_nothing(void **unused)
{
    (void)unused;
    struct home home;
    uint8_t *bytes = NULL;
    size_t size = 0;
    uint32_t saw[4] = {0};
    uint32_t ended = 0;
    home_init(&home, true);
    fill(&home);
    state_close(&home.state);
    assert_int_equal(file_read(home.path, 16 * 1024 * 1024, &bytes, &size, NULL), LT_OK);
    for (size_t at = 0; at < size; at += STEP) {
        uint8_t bit = (uint8_t)(1u << at % 8);
        bytes[at] ^= bit;
        beside_is_gone(&home);
        write_file(home.path, bytes, size);
        bytes[at] ^= bit;
        int what = look_apart(&home);
        if (what == -1) {
            ended++;
            what = look_apart(&home); /* the next start */
        }
        if (what != SAW_ALL && what != SAW_NOTHING) {
            fail_msg("byte %zu: %d", at, what);
        }
        saw[what - SAW_ALL]++;
    }
    print_message("%zu bytes: %u harmless, %u found, of those %u by the end of the process\n", size,
                  saw[0], saw[1], ended);
    assert_true(saw[0] > 0 && saw[1] > 0);
    write_file(home.path, bytes, size);
    free(bytes);
    folder_drop(home.folder);
}

/* A large one is walked beside the service: the turn fails when something is found. */
static void a_large_one_is_walked_by_a_thread(void **unused)
{
    (void)unused;
    struct home home;
    char key[32];
    uint8_t value[STATE_VALUE_MAX];
    memset(value, 'v', sizeof(value));
    home_init(&home, true);
    int count = (int)(STATE_WALK_BYTES / STATE_VALUE_MAX) + 100;
    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k-%08d", i);
        state_fold_begin(home.state, state_folded(home.state) + 1);
        state_put(home.state, STATE_CASES, text_bytes(key), run_of(value, sizeof(value)));
        assert_int_equal(state_fold_end(home.state), LT_OK);
        if (i % 100 == 0) {
            assert_int_equal(state_flush(home.state, state_folded(home.state)), LT_OK);
        }
    }
    assert_int_equal(state_flush(home.state, state_folded(home.state)), LT_OK);
    state_close(&home.state);
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_int_equal(file_read(home.path, 256 * 1024 * 1024, &bytes, &size, NULL), LT_OK);
    snprintf(key, sizeof(key), "k-%08d", count / 2);
    for (uint8_t *at = memmem(bytes, size, key, strlen(key)); at != NULL;
         at = memmem(at + 1, size - (size_t)(at + 1 - bytes), key, strlen(key))) {
        at[strlen(key) - 1] ^= 1; /* in every old version of its page, too */
    }
    write_file(home.path, bytes, size);
    free(bytes);
    home.options.applier_inline = false;
    home_open(&home);
    enum lt_status status = LT_OK;
    for (int i = 0; i < 30000 && status == LT_OK; i++) {
        home.now_ms += 1;
        status = state_turn(home.state, state_folded(home.state), home.now_ms);
        usleep(1000);
    }
    assert_int_equal(status, LT_IO);
    state_close(&home.state);
    home_open(&home); /* folded anew */
    assert_int_equal(state_applied(home.state), 0);
    home_deinit(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bit_is_found_or_means_nothing),
        cmocka_unit_test(a_large_one_is_walked_by_a_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
