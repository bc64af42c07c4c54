/* SPDX-License-Identifier: EUPL-1.2 */
/* How long the disk lasts: the pace of the last six hours, and when nothing can be said of it. */
#include "unit/base/base_test.h"

#include "broker/core/disk_trend.h"

#define HOUR_MS (3600LL * 1000)
#define GIB     (1024LL * 1024 * 1024)

static struct disk_trend trend;

/* Looks every minute from one hour to another; so much less is free each hour. */
static uint64_t look(int64_t from_ms, int64_t to_ms, uint64_t free_bytes, int64_t less_per_hour)
{
    uint64_t now = free_bytes;
    for (int64_t at = from_ms; at <= to_ms; at += 60000) {
        now = free_bytes - (uint64_t)(less_per_hour * (at - from_ms) / HOUR_MS);
        disk_trend_look(&trend, at, now);
    }
    return now;
}

static int begin(void **state)
{
    (void)state;
    memset(&trend, 0, sizeof(trend));
    return 0;
}

static void an_even_pace(void **state)
{
    (void)state;
    uint64_t now = look(HOUR_MS, 4 * HOUR_MS, 100 * GIB, GIB);
    assert_int_equal(now, 97 * GIB);
    assert_int_equal(disk_trend_left(&trend, 4 * HOUR_MS, now, 1 * GIB), 96 * HOUR_MS);
    assert_int_equal(disk_trend_left(&trend, 4 * HOUR_MS, now, 97 * GIB - 1), 0);
    assert_int_equal(disk_trend_left(&trend, 4 * HOUR_MS, now, 97 * GIB), 0);
    assert_int_equal(disk_trend_left(&trend, 4 * HOUR_MS, now, 98 * GIB), 0);
}

static void too_little_is_known(void **state)
{
    (void)state;
    assert_int_equal(disk_trend_left(&trend, 0, 10, 5), TREND_NEVER);
    uint64_t now = look(0, TREND_LEAST_MS, 100 * GIB, GIB);
    assert_int_equal(disk_trend_left(&trend, TREND_LEAST_MS - 1, now, 0), TREND_NEVER);
    assert_int_not_equal(disk_trend_left(&trend, TREND_LEAST_MS, now, 0), TREND_NEVER);
}

static void a_disk_that_does_not_fill(void **state)
{
    (void)state;
    uint64_t now = look(0, 3 * HOUR_MS, 100 * GIB, 0);
    assert_int_equal(disk_trend_left(&trend, 3 * HOUR_MS, now, 0), TREND_NEVER);
    assert_int_equal(disk_trend_left(&trend, 3 * HOUR_MS, now + GIB, 0), TREND_NEVER);
    /* A byte in three hours is no growth to speak of. */
    assert_int_equal(disk_trend_left(&trend, 3 * HOUR_MS, now - 1, 0), TREND_NEVER);
}

static void what_is_long_ago_is_forgotten(void **state)
{
    (void)state;
    uint64_t now = look(0, 10 * HOUR_MS, 100 * GIB, GIB);
    now = look(10 * HOUR_MS + 60000, 20 * HOUR_MS, now, 2 * GIB);
    int64_t left_ms = disk_trend_left(&trend, 20 * HOUR_MS, now, 0);
    assert_in_range(left_ms, (int64_t)(now / (2 * GIB)) * HOUR_MS - HOUR_MS,
                    (int64_t)(now / (2 * GIB)) * HOUR_MS + HOUR_MS);
    now = look(20 * HOUR_MS + 60000, 27 * HOUR_MS, now, 0);
    assert_int_equal(disk_trend_left(&trend, 27 * HOUR_MS, now, 0), TREND_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_even_pace, begin),
        cmocka_unit_test_setup(too_little_is_known, begin),
        cmocka_unit_test_setup(a_disk_that_does_not_fill, begin),
        cmocka_unit_test_setup(what_is_long_ago_is_forgotten, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
