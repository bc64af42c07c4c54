/* SPDX-License-Identifier: EUPL-1.2 */
/* The time of the axis when the wall clock jumps, creeps, or stands behind the journal. */
#include "unit/base/base_test.h"

#include "broker/core/timekeeper.h"
#include "broker/limits.h"

#define WALL 1767571200000LL
#define HOUR (3600LL * 1000)
#define DAY  (24 * HOUR)

static void it_follows_the_wall_clock(void **state)
{
    (void)state;
    struct timekeeper keeper;
    timekeeper_start(&keeper, WALL - DAY, WALL, 1000);
    assert_false(keeper.suspect);
    assert_true(timekeeper_now(&keeper, WALL + 5, 1005) == WALL + 5);
    /* a correction within the bound is taken */
    assert_true(timekeeper_now(&keeper, WALL + 10 + CLOCK_DRIFT_MS_MAX, 1010) ==
                WALL + 10 + CLOCK_DRIFT_MS_MAX);
    assert_false(keeper.suspect);
}

/* Corrected back by ten seconds: half speed until the wall clock has caught up, never back. */
static void it_never_goes_back(void **state)
{
    (void)state;
    struct timekeeper keeper;
    timekeeper_start(&keeper, 0, WALL, 0);
    assert_true(timekeeper_now(&keeper, WALL + 100, 100) == WALL + 100);
    int64_t last_ms = WALL + 100;
    for (int64_t mono_ms = 101; mono_ms < 20000; mono_ms++) {
        int64_t now_ms = timekeeper_now(&keeper, WALL - 10000 + mono_ms, mono_ms);
        assert_true(now_ms >= last_ms && now_ms <= last_ms + 1);
        last_ms = now_ms;
    }
    assert_true(last_ms == WALL + 100 + (19999 - 100) / 2);
    assert_true(timekeeper_now(&keeper, WALL - 10000 + 20101, 20101) == WALL + 10101);
    assert_true(timekeeper_now(&keeper, WALL - 10000 + 20200, 20200) == WALL + 10200);
    assert_false(keeper.suspect);
}

static void a_jump_is_suspect_and_time_goes_on(void **state)
{
    (void)state;
    struct timekeeper keeper;
    timekeeper_start(&keeper, 0, WALL, 0);
    static const int64_t jumps[] = {DAY, -HOUR, CLOCK_DRIFT_MS_MAX + 1, -CLOCK_DRIFT_MS_MAX - 1};
    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        int64_t at = 1000 * (int64_t)i;
        assert_true(timekeeper_now(&keeper, WALL + at + 100 + jumps[i], at + 100) ==
                    WALL + at + 100);
        assert_true(keeper.suspect);
        assert_true(keeper.drift_ms == jumps[i]);
        assert_true(timekeeper_now(&keeper, WALL + at + 200, at + 200) == WALL + at + 200);
        assert_false(keeper.suspect); /* it agrees again */
    }
}

static void small_jumps_add_up_within_the_hour(void **state)
{
    (void)state;
    struct timekeeper keeper;
    timekeeper_start(&keeper, 0, WALL, 0);
    (void)timekeeper_now(&keeper, WALL + 1000 + 40000, 1000);
    assert_false(keeper.suspect);
    /* our own line again, come to at half speed from the forty seconds that were believed */
    assert_true(timekeeper_now(&keeper, WALL + 2000 + 80000, 2000) == WALL + 41500);
    assert_true(keeper.suspect);
    assert_true(timekeeper_now(&keeper, WALL + 90000 + 80000, 90000) == WALL + 90000);
}

static void slow_correction_is_no_jump(void **state)
{
    (void)state;
    struct timekeeper keeper;
    timekeeper_start(&keeper, 0, WALL, 0);
    for (int64_t hour = 1; hour <= 100; hour++) {
        int64_t wall = WALL + hour * (HOUR + 1800); /* 500 ppm: the most that is slewed */
        assert_true(timekeeper_now(&keeper, wall, hour * HOUR) == wall);
        assert_false(keeper.suspect);
    }
}

static void a_clock_behind_the_journal_is_suspect_from_the_start(void **state)
{
    (void)state;
    struct timekeeper keeper;
    timekeeper_start(&keeper, WALL, WALL - DAY, 500);
    assert_true(keeper.suspect);
    assert_true(timekeeper_now(&keeper, WALL - DAY + 10, 510) == WALL + 10);
    timekeeper_confirm(&keeper, WALL - DAY + 20, 520);
    assert_false(keeper.suspect);
    /* a day ahead of it, and let to come nearer */
    assert_true(timekeeper_now(&keeper, WALL - DAY + 40, 540) == WALL + 25);
    assert_true(timekeeper_now(&keeper, WALL + DAY + 60, 560 + 2 * DAY) == WALL + DAY + 60);
    timekeeper_start(&keeper, WALL, WALL - CLOCK_DRIFT_MS_MAX, 500);
    assert_false(keeper.suspect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_the_wall_clock),
        cmocka_unit_test(it_never_goes_back),
        cmocka_unit_test(a_jump_is_suspect_and_time_goes_on),
        cmocka_unit_test(small_jumps_add_up_within_the_hour),
        cmocka_unit_test(slow_correction_is_no_jump),
        cmocka_unit_test(a_clock_behind_the_journal_is_suspect_from_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
