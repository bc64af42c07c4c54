/* SPDX-License-Identifier: EUPL-1.2 */
/* The real clock is near the C library's, the monotonic one does not go back, chance differs. */
#include "base_test.h"

#include <time.h>

#include "proto/base/clock_os.h"

static void clocks(void **state)
{
    (void)state;
    const struct lt_clock *clock = clock_os();
    int64_t wall = clock->wall_ms(clock->self);
    int64_t libc = (int64_t)time(NULL) * 1000;
    assert_true(wall - libc > -2000 && wall - libc < 2000);
    int64_t last = clock->mono_ms(clock->self);
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock->mono_ms(clock->self);
        assert_true(now >= last);
        last = now;
    }
    int64_t before = clock->mono_ms(clock->self);
    struct timespec pause = {0, 20000000};
    nanosleep(&pause, NULL);
    assert_true(clock->mono_ms(clock->self) - before >= 19);
}

static void chance(void **state)
{
    (void)state;
    const struct lt_entropy *entropy = entropy_os();
    uint8_t a[1000] = {0};
    uint8_t b[1000] = {0};
    entropy->fill(entropy->self, a, sizeof(a));
    entropy->fill(entropy->self, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 984, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* filled to the end */
    entropy->fill(entropy->self, NULL, 0);
}

static void environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("LT_TEST_VALUE", "seven", 1), 0);
    assert_string_equal(environment_os("LT_TEST_VALUE"), "seven");
    assert_null(environment_os("LT_TEST_NO_SUCH_VALUE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks),
        cmocka_unit_test(chance),
        cmocka_unit_test(environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
