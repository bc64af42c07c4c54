/* SPDX-License-Identifier: EUPL-1.2 */
/* Folding, looking up and scanning over generations and disk; sealing, room, the cap of memory. */
#include "state_test.h"

static void a_put_is_seen_at_once(void **unused)
{
    (void)unused;
    struct home home;
    home_init(&home, true);
    state_fold_begin(home.state, 1);
    assert_has(&home, STATE_META, "name", NULL);
    state_put(home.state, STATE_META, text_bytes("name"), text_bytes("one"));
    assert_has(&home, STATE_META, "name", "one");
    state_put(home.state, STATE_META, text_bytes("name"), text_bytes("two, longer"));
    assert_has(&home, STATE_META, "name", "two, longer");
    assert_has(&home, STATE_COUNTS, "name", NULL); /* another tree */
    state_delete(home.state, STATE_META, text_bytes("name"));
    assert_has(&home, STATE_META, "name", NULL);
    state_put(home.state, STATE_META, text_bytes("name"), (struct lt_bytes){NULL, 0});
    assert_has(&home, STATE_META, "name", "");
    assert_int_equal(state_fold_end(home.state), LT_OK);
    assert_int_equal(state_flush(home.state, 1), LT_OK);
    assert_has(&home, STATE_META, "name", "");
    home_deinit(&home);
}

static void the_newest_wins_over_disk_and_generations(void **unused)
{
    (void)unused;
    struct home home;
    home_init(&home, true);
    fold_one(&home, STATE_LANES, "a", "disk");
    fold_one(&home, STATE_LANES, "b", "disk");
    fold_one(&home, STATE_LANES, "c", "disk");
    fold_one(&home, STATE_LANES, "e", "disk");
    assert_int_equal(state_flush(home.state, 4), LT_OK);

    fold_one(&home, STATE_LANES, "b", NULL);
    fold_one(&home, STATE_LANES, "c", "sealed 1");
    turn(&home, 4, STATE_SEAL_AFTER_MS); /* sealed, not durable */
    fold_one(&home, STATE_LANES, "b", "sealed 2");
    fold_one(&home, STATE_LANES, "d", "sealed 2");
    fold_one(&home, STATE_LANES, "e", NULL);
    turn(&home, 4, STATE_SEAL_AFTER_MS);
    fold_one(&home, STATE_LANES, "a", NULL);
    fold_one(&home, STATE_LANES, "d", "open");
    fold_one(&home, STATE_LANES, "f", NULL); /* never there */

    struct state_stat stat;
    state_stat(home.state, &stat);
    assert_int_equal(stat.generations, 3);
    assert_int_equal(stat.applied, 4);
    assert_has(&home, STATE_LANES, "a", NULL);
    assert_has(&home, STATE_LANES, "b", "sealed 2");
    assert_has(&home, STATE_LANES, "c", "sealed 1");
    assert_has(&home, STATE_LANES, "d", "open");
    assert_has(&home, STATE_LANES, "e", NULL);
    assert_scan(&home, STATE_LANES, "", "b=sealed 2 c=sealed 1 d=open ");
    assert_scan(&home, STATE_LANES, "bb", "c=sealed 1 d=open ");
    assert_scan(&home, STATE_LANES, "d", "d=open ");
    assert_scan(&home, STATE_LANES, "dd", "");
    assert_scan(&home, STATE_PARKED, "", "");

    assert_int_equal(state_flush(home.state, state_folded(home.state)), LT_OK);
    state_stat(home.state, &stat);
    assert_int_equal(stat.generations, 1);
    assert_int_equal(stat.applied, 12);
    assert_has(&home, STATE_LANES, "a", NULL);
    assert_has(&home, STATE_LANES, "d", "open");
    assert_scan(&home, STATE_LANES, "", "b=sealed 2 c=sealed 1 d=open ");
    home_deinit(&home);
}

static void nothing_is_applied_before_it_is_durable(void **unused)
{
    (void)unused;
    struct home home;
    home_init(&home, true);
    fold_one(&home, STATE_META, "k", "1");
    fold_one(&home, STATE_META, "k", "2");
    turn(&home, 1, STATE_SEAL_AFTER_MS);
    turn(&home, 1, STATE_SEAL_AFTER_MS);
    assert_int_equal(state_applied(home.state), 0);
    assert_int_equal(state_flush(home.state, 1), LT_AGAIN);
    assert_int_equal(state_applied(home.state), 0);
    turn(&home, 2, 0);
    assert_int_equal(state_applied(home.state), 2);
    assert_int_equal(state_folded(home.state), 2);

    /* What was not applied is gone with the process, and its position is told. */
    fold_one(&home, STATE_META, "k", "3");
    state_close(&home.state);
    home_open(&home);
    assert_int_equal(state_applied(home.state), 2);
    assert_int_equal(state_folded(home.state), 2);
    assert_has(&home, STATE_META, "k", "2");
    home_deinit(&home);
}

static void sealed_by_age_and_by_number(void **unused)
{
    (void)unused;
    struct home home;
    struct state_stat stat;
    home_init(&home, true);
    turn(&home, 0, 10 * STATE_SEAL_AFTER_MS); /* nothing inside: never sealed */
    state_stat(home.state, &stat);
    assert_int_equal(stat.generations, 1);
    fold_one(&home, STATE_META, "k", "1");
    turn(&home, 0, STATE_SEAL_AFTER_MS - 1);
    state_stat(home.state, &stat);
    assert_int_equal(stat.generations, 1);
    turn(&home, 0, 1);
    state_stat(home.state, &stat);
    assert_int_equal(stat.generations, 2);

    for (int i = 0; i < STATE_GENERATION_FACTS - 1; i++) {
        fold_one(&home, STATE_META, "k", "2");
    }
    turn(&home, 0, 0);
    state_stat(home.state, &stat);
    assert_int_equal(stat.generations, 2);
    fold_one(&home, STATE_META, "k", "3");
    turn(&home, 0, 0);
    state_stat(home.state, &stat);
    assert_int_equal(stat.generations, 3);
    home_deinit(&home);
}

static void sealed_in_the_middle_of_a_long_turn(void **unused)
{
    (void)unused;
    struct home home;
    struct state_stat stat;
    home_init(&home, true);
    char value[STATE_VALUE_MAX + 1];
    memset(value, 'v', STATE_VALUE_MAX);
    value[STATE_VALUE_MAX] = '\0';
    char key[16];
    int facts = 0;
    do {
        snprintf(key, sizeof(key), "%d", facts++);
        fold_one(&home, STATE_META, key, value);
        state_stat(home.state, &stat);
    } while (stat.generations == 1);
    assert_in_range(facts, STATE_GENERATION_BYTES_MAX / 2 / (STATE_VALUE_MAX + 100),
                    STATE_GENERATION_BYTES_MAX / 2 / STATE_VALUE_MAX + 1);
    assert_has(&home, STATE_META, "0", value);
    home_deinit(&home);
}

static void room_ends_with_one_generation_too_many(void **unused)
{
    (void)unused;
    struct home home;
    home_init(&home, true);
    for (int sealed = 1; sealed <= STATE_GENERATIONS_MAX; sealed++) {
        fold_one(&home, STATE_META, "k", "v");
        turn(&home, 0, STATE_SEAL_AFTER_MS);
        assert_true(state_room(home.state));
    }
    fold_one(&home, STATE_META, "k", "v");
    turn(&home, 0, STATE_SEAL_AFTER_MS);
    assert_false(state_room(home.state));
    /* Folding goes on, in places kept for it and then in the open one. */
    for (int i = 0; i < 10; i++) {
        fold_one(&home, STATE_META, "k", "last");
        turn(&home, 0, STATE_SEAL_AFTER_MS);
    }
    assert_has(&home, STATE_META, "k", "last");
    assert_false(state_room(home.state));
    turn(&home, state_folded(home.state), 0);
    assert_true(state_room(home.state));
    turn(&home, state_folded(home.state), STATE_SEAL_AFTER_MS);
    assert_int_equal(state_applied(home.state), state_folded(home.state));
    home_deinit(&home);
}

static void out_of_memory_sticks_to_the_fold(void **unused)
{
    (void)unused;
    struct home home;
    home_init(&home, true);
    uint8_t value[STATE_VALUE_MAX] = {1};
    struct lt_bytes run = {value, sizeof(value)};
    state_fold_begin(home.state, 1);
    uint32_t key = 0;
    for (; key < STATE_GENERATION_BYTES_MAX / STATE_VALUE_MAX + 1; key++) {
        state_put(home.state, STATE_META, run_of(&key, sizeof(key)), run);
    }
    assert_false(state_room(home.state));
    state_put(home.state, STATE_META, text_bytes("small"), text_bytes("v"));
    assert_int_equal(state_fold_end(home.state), LT_NO_MEMORY);
    assert_has(&home, STATE_META, "small", NULL);
    home_deinit(&home);
}

static struct home mistaken;

static void fold_out_of_order(void)
{
    state_fold_begin(mistaken.state, state_folded(mistaken.state) + 2);
}

static void put_outside_a_fold(void)
{
    state_put(mistaken.state, STATE_META, text_bytes("k"), text_bytes("v"));
}

static void key_too_long(void)
{
    char key[STATE_KEY_MAX + 2];
    memset(key, 'k', sizeof(key));
    key[STATE_KEY_MAX + 1] = '\0';
    state_fold_begin(mistaken.state, state_folded(mistaken.state) + 1);
    state_put(mistaken.state, STATE_META, text_bytes(key), text_bytes("v"));
}

static void step_after_put(void)
{
    struct state_entry entry;
    if (state_seek(mistaken.state, STATE_META, text_bytes(""), &entry) == LT_OK && entry.found) {
        state_fold_begin(mistaken.state, state_folded(mistaken.state) + 1);
        assert_int_equal(state_step(mistaken.state, &entry), LT_OK);
    }
}

static void our_own_mistakes_stop_the_program(void **unused)
{
    (void)unused;
    home_init(&mistaken, true);
    char key[STATE_KEY_MAX + 1];
    memset(key, 'k', STATE_KEY_MAX);
    key[STATE_KEY_MAX] = '\0';
    fold_one(&mistaken, STATE_META, key, "the longest key");
    assert_has(&mistaken, STATE_META, key, "the longest key");
    assert_true(dies(fold_out_of_order));
    assert_true(dies(put_outside_a_fold));
    assert_true(dies(key_too_long));
    assert_true(dies(step_after_put));
    home_deinit(&mistaken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_is_seen_at_once),
        cmocka_unit_test(the_newest_wins_over_disk_and_generations),
        cmocka_unit_test(nothing_is_applied_before_it_is_durable),
        cmocka_unit_test(sealed_by_age_and_by_number),
        cmocka_unit_test(sealed_in_the_middle_of_a_long_turn),
        cmocka_unit_test(room_ends_with_one_generation_too_many),
        cmocka_unit_test(out_of_memory_sticks_to_the_fold),
        cmocka_unit_test(our_own_mistakes_stop_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
