/* SPDX-License-Identifier: EUPL-1.2 */
/* The trail of crashes: what outlives a process, what is a loop, and what a start makes of it. */
#include "unit/base/base_test.h"

#include "broker/core/safe_start.h"
#include "proto/base/file.h"

static char *folder;
static char path[256];

static int open_folder(void **state)
{
    (void)state;
    folder = folder_take();
    snprintf(path, sizeof(path), "%s/trail", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    folder_drop(folder);
    return 0;
}

static struct trail *take(void)
{
    struct trail *trail;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(trail_open(&trail, path, &fault), LT_OK);
    return trail;
}

/* One life that ends at `ms`, by a crash or otherwise. */
static void live(enum trail_place place, uint32_t agency, uint64_t position, int64_t ms, bool crash)
{
    struct trail *trail = take();
    trail_at(trail, place, agency, position);
    if (crash) {
        trail_crashed(trail, ms);
    }
    trail_close(&trail);
}

static bool loops(int64_t now_ms, struct trail_crash *ret_cause)
{
    struct trail *trail = take();
    bool loop = trail_loop(trail, now_ms, ret_cause);
    trail_close(&trail);
    return loop;
}

static void three_crashes_of_one_agency_are_a_loop(void **state)
{
    (void)state;
    struct trail_crash cause;
    live(TRAIL_FRAME, 7, 100, 1000, true);
    assert_false(loops(1500, &cause));
    live(TRAIL_FRAME, 7, 120, 2000, true);
    assert_false(loops(2500, &cause));
    live(TRAIL_FRAME, 7, 100, 61000, true);
    assert_true(loops(61000, &cause));
    assert_int_equal(cause.place, TRAIL_FRAME);
    assert_int_equal(cause.agency, 7);
    assert_false(loops(61001, &cause)); /* the first is a minute and more ago */
}

static void a_kill_from_outside_is_no_crash(void **state)
{
    (void)state;
    struct trail_crash cause;
    for (int i = 0; i < 5; i++) {
        live(TRAIL_FRAME, 7, 100, 1000 + i, false);
    }
    assert_false(loops(2000, &cause));
}

static void different_causes_are_no_loop(void **state)
{
    (void)state;
    struct trail_crash cause;
    live(TRAIL_FRAME, 7, 100, 1000, true);
    live(TRAIL_FRAME, 8, 100, 2000, true);
    live(TRAIL_FRAME, 7, 100, 3000, true);
    assert_false(loops(3000, &cause));
    live(TRAIL_FOLD, 0, 50, 4000, true);
    live(TRAIL_FOLD, 0, 51, 5000, true);
    live(TRAIL_FOLD, 0, 50, 6000, true);
    assert_false(loops(6000, &cause));
    for (int i = 0; i < 3; i++) {
        live(TRAIL_NOWHERE, 0, 0, 7000 + i, true); /* nobody is to blame */
    }
    assert_false(loops(7100, &cause));
}

static void a_file_that_does_not_read_is_begun_anew(void **state)
{
    (void)state;
    struct trail_crash cause;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(file_write(path, text_bytes("something else"), 0600, &fault), LT_OK);
    live(TRAIL_FRAME, 7, 100, 1000, true);
    assert_false(loops(1000, &cause));
}

static void a_start_sets_the_fact_aside(void **state)
{
    (void)state;
    struct safe_start start;
    struct fault fault;
    fault_init(&fault);
    for (int i = 0; i < 3; i++) {
        live(TRAIL_FOLD, 0, 4711, 1000 + i, true);
    }
    assert_int_equal(safe_start_open(&start, folder, 2000, &fault), LT_OK);
    assert_true(start.loop);
    assert_int_equal(start.passed_over_count, 1);
    assert_true(start.passed_over[0] == 4711);
    safe_start_done(&start);
    safe_start_close(&start);
    /* From then on always, without a new loop. */
    assert_int_equal(safe_start_open(&start, folder, 3000, &fault), LT_OK);
    assert_false(start.loop);
    assert_int_equal(start.passed_over_count, 1);
    assert_int_equal(start.shield, 0);
    safe_start_close(&start);
}

static void a_start_shields_the_agency(void **state)
{
    (void)state;
    struct safe_start start;
    struct fault fault;
    fault_init(&fault);
    for (int i = 0; i < 3; i++) {
        live(TRAIL_FRAME, 9, 10, 1000 + i, true);
    }
    assert_int_equal(safe_start_open(&start, folder, 2000, &fault), LT_OK);
    assert_int_equal(start.shield, 9);
    safe_start_done(&start);
    safe_start_close(&start);
    assert_int_equal(safe_start_open(&start, folder, 3000, &fault), LT_OK);
    assert_int_equal(start.shield, 0); /* the fact keeps it out */
    safe_start_close(&start);
}

static void a_list_that_does_not_read_stops_the_start(void **state)
{
    (void)state;
    struct safe_start start;
    struct fault fault;
    char list[300];
    fault_init(&fault);
    snprintf(list, sizeof(list), "%s/passed-over", folder);
    assert_int_equal(file_write(list, text_bytes("12\n13 seen by us\nx\n"), 0600, &fault), LT_OK);
    assert_int_equal(safe_start_open(&start, folder, 2000, &fault), LT_DAMAGED);
    safe_start_close(&start);
    assert_int_equal(file_write(list, text_bytes("12\n13 seen by us\n\n"), 0600, NULL), LT_OK);
    assert_int_equal(safe_start_open(&start, folder, 2000, NULL), LT_OK);
    assert_int_equal(start.passed_over_count, 2);
    safe_start_close(&start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(three_crashes_of_one_agency_are_a_loop, open_folder,
                                        close_folder),
        cmocka_unit_test_setup_teardown(a_kill_from_outside_is_no_crash, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(different_causes_are_no_loop, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_file_that_does_not_read_is_begun_anew, open_folder,
                                        close_folder),
        cmocka_unit_test_setup_teardown(a_start_sets_the_fact_aside, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_start_shields_the_agency, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(a_list_that_does_not_read_stops_the_start, open_folder,
                                        close_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
