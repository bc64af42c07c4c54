/* SPDX-License-Identifier: EUPL-1.2 */
/* The applier on a disk that is full for a while, fails, or lets the process die in a commit. */
#undef _FORTIFY_SOURCE
#include "state_test.h"

#include "harness/io_faults.h"

#define MANY 400 /* values of the largest size: more than is taken ahead in a small file */

/* One fact that puts many large values. */
static void fold_many(struct home *home, char letter)
{
    uint8_t value[STATE_VALUE_MAX];
    char key[16];
    memset(value, letter, sizeof(value));
    state_fold_begin(home->state, state_folded(home->state) + 1);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof(key), "many-%d", i);
        state_put(home->state, STATE_META, text_bytes(key), run_of(value, sizeof(value)));
    }
    assert_int_equal(state_fold_end(home->state), LT_OK);
}

static void assert_many(struct home *home, char letter)
{
    char key[16];
    for (int i = 0; i < MANY; i++) {
        struct lt_bytes found;
        snprintf(key, sizeof(key), "many-%d", i);
        assert_int_equal(state_get(home->state, STATE_META, text_bytes(key), &found), LT_OK);
        assert_int_equal(found.size, STATE_VALUE_MAX);
        assert_int_equal(found.data[0], letter);
    }
}

static void open_synced(struct home *home, bool applier_inline)
{
    home_init(home, applier_inline);
    state_close(&home->state);
    home->options.no_sync = false;
    home_open(home);
}

static void wait_applied(struct home *home, uint64_t position)
{
    for (int i = 0; i < 5000 && state_applied(home->state) < position; i++) {
        turn(home, position, STATE_SEAL_AFTER_MS);
        usleep(1000);
    }
    assert_int_equal(state_applied(home->state), position);
}

/* The applier finds it out on its own thread. */
static void wait_full(const struct home *home)
{
    for (int i = 0; i < 5000 && !state_full(home->state); i++) {
        usleep(1000);
    }
    assert_true(state_full(home->state));
}

/* Busy, not broken: what cannot be written waits, and goes through when there is room again. */
static void a_full_disk_is_waited_out(bool applier_inline)
{
    struct home home;
    open_synced(&home, applier_inline);
    fold_one(&home, STATE_META, "k", "before");
    assert_int_equal(state_flush(home.state, 1), LT_OK);
    atomic_store(&io_disk_full, true);
    uint64_t position = 1;
    while (state_room(home.state) && position < 100) {
        fold_many(&home, 'w');
        position++;
        turn(&home, position, STATE_SEAL_AFTER_MS);
    }
    assert_int_equal(position, 1 + STATE_GENERATIONS_MAX + 1);
    assert_int_equal(state_applied(home.state), 1);
    assert_many(&home, 'w');
    if (!applier_inline) {
        wait_full(&home);
    }
    assert_int_equal(state_flush(home.state, position), LT_FULL);
    io_heal();
    wait_applied(&home, position);
    assert_true(state_room(home.state));
    assert_false(state_full(home.state));
    state_close(&home.state);
    home_open(&home);
    assert_has(&home, STATE_META, "k", "before");
    assert_many(&home, 'w');
    home_deinit(&home);
}

static void a_full_disk_inline(void **unused)
{
    (void)unused;
    a_full_disk_is_waited_out(true);
}

static void a_full_disk_beside_the_core(void **unused)
{
    (void)unused;
    a_full_disk_is_waited_out(false);
}

static void no_space_in_the_commit_is_waited_out(void **unused)
{
    (void)unused;
    struct home home;
    open_synced(&home, false);
    fold_one(&home, STATE_META, "k", "v");
    io_plan(1, ENOSPC, false);
    wait_applied(&home, 1);
    home_deinit(&home);
}

static void closing_does_not_wait_for_a_full_disk(void **unused)
{
    (void)unused;
    struct home home;
    open_synced(&home, false);
    fold_many(&home, 'x');
    atomic_store(&io_disk_full, true);
    turn(&home, 1, STATE_SEAL_AFTER_MS);
    turn(&home, 1, STATE_SEAL_AFTER_MS);
    state_close(&home.state);
    io_heal();
    home_open(&home);
    assert_int_equal(state_applied(home.state), 0);
    home_deinit(&home);
}

/* Nothing looks behind its end: it is set aside, and a new one is folded. */
static void a_file_cut_short_is_set_aside(void **unused)
{
    (void)unused;
    struct home home;
    char aside[sizeof(home.path) + 32];
    open_synced(&home, true);
    fold_many(&home, 'a');
    assert_int_equal(state_flush(home.state, 1), LT_OK);
    state_close(&home.state);
    assert_int_equal(truncate(home.path, 64 * 1024), 0);
    home_open(&home);
    assert_int_equal(state_applied(home.state), 0);
    snprintf(aside, sizeof(aside), "%s.damaged-1", home.path);
    assert_int_equal(access(aside, F_OK), 0);
    home_deinit(&home);
}

static void a_failing_disk_stops(bool applier_inline)
{
    struct home home;
    open_synced(&home, applier_inline);
    fold_one(&home, STATE_META, "k", "v");
    io_plan(1, EIO, false);
    enum lt_status status = LT_OK;
    for (int i = 0; i < 5000 && status == LT_OK; i++) {
        home.now_ms += STATE_SEAL_AFTER_MS;
        status = state_turn(home.state, 1, home.now_ms);
        usleep(1000);
    }
    assert_int_equal(status, LT_IO);
    assert_int_equal(state_applied(home.state), 0);
    io_heal();
    assert_int_equal(state_turn(home.state, 1, home.now_ms), LT_IO); /* for good */
    assert_int_equal(state_flush(home.state, 1), LT_IO);
    state_close(&home.state);
    home_open(&home);
    assert_int_equal(state_applied(home.state), 0);
    home_deinit(&home);
}

static void a_failing_disk_inline(void **unused)
{
    (void)unused;
    a_failing_disk_stops(true);
}

static void a_failing_disk_beside_the_core(void **unused)
{
    (void)unused;
    a_failing_disk_stops(false);
}

/* A child folds and flushes and ends at the n-th operation; 1 when it got through. */
static int die_at(struct home *home, int n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        home_open(home);
        uint64_t position = state_folded(home->state) + 1;
        char value[32];
        snprintf(value, sizeof(value), "%llu", (unsigned long long)position);
        state_fold_begin(home->state, position);
        state_put(home->state, STATE_META, text_bytes("a"), text_bytes(value));
        state_put(home->state, STATE_COUNTS, text_bytes("b"), text_bytes(value));
        if (state_fold_end(home->state) != LT_OK) {
            _exit(2);
        }
        io_plan(n, IO_DIES, false);
        _exit(state_flush(home->state, position) == LT_OK ? 1 : 3);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

/* The applied position and the values it speaks for are there together or not at all. */
static void death_in_a_commit(void **unused)
{
    (void)unused;
    struct home home;
    open_synced(&home, true);
    state_close(&home.state);
    int through = 0;
    for (int n = 1; through == 0; n++) {
        through = die_at(&home, n);
        assert_in_range(through, 0, 1);
        home_open(&home);
        uint64_t applied = state_applied(home.state);
        char value[32];
        snprintf(value, sizeof(value), "%llu", (unsigned long long)applied);
        assert_has(&home, STATE_META, "a", applied > 0 ? value : NULL);
        assert_has(&home, STATE_COUNTS, "b", applied > 0 ? value : NULL);
        assert_true(through == 0 || applied > 0);
        state_close(&home.state);
        assert_true(n < 100);
    }
    home_deinit(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_inline),
        cmocka_unit_test(a_full_disk_beside_the_core),
        cmocka_unit_test(no_space_in_the_commit_is_waited_out),
        cmocka_unit_test(closing_does_not_wait_for_a_full_disk),
        cmocka_unit_test(a_file_cut_short_is_set_aside),
        cmocka_unit_test(a_failing_disk_inline),
        cmocka_unit_test(a_failing_disk_beside_the_core),
        cmocka_unit_test(death_in_a_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
