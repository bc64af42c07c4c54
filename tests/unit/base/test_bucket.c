/* SPDX-License-Identifier: EUPL-1.2 */
/* The bucket: whole pieces pass, the mean keeps the cap, nothing can be saved up for long. */
#include "base_test.h"
#include "proto/base/bucket.h"

static void test_no_cap(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    for (int i = 0; i < 100; i++) {
        assert_true(bucket_take(&bucket, 0, 5, 1000000));
    }
    assert_int_equal(bucket_wait_ms(&bucket, 0, 5), 0);
    assert_true(bucket_full(&bucket, 0, 5));
}

static void test_piece_larger_than_a_second(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    int64_t now_ms = 1000;
    assert_true(bucket_take(&bucket, 100, now_ms, 800));
    assert_false(bucket_take(&bucket, 100, now_ms, 1));
    /* In debt by 799: eight seconds. */
    assert_int_equal(bucket_wait_ms(&bucket, 100, now_ms), 8001);
    assert_false(bucket_take(&bucket, 100, now_ms + 7980, 800));
    assert_true(bucket_take(&bucket, 100, now_ms + 8010, 800));
}

static void test_mean_keeps_the_cap(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    uint64_t taken = 0;
    uint64_t seed = 99;
    for (int64_t now_ms = 0; now_ms < 100000; now_ms += 7) {
        uint64_t bytes = 1 + dice(&seed) % 4000;
        if (bucket_take(&bucket, 10000, now_ms, bytes)) {
            taken += bytes;
        }
    }
    /* 100 seconds at 10,000, and at most one second and one piece more. */
    assert_in_range(taken, 980000, 1014000);
}

static void test_silence_saves_one_second_only(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    assert_true(bucket_take(&bucket, 1000, 0, 10));
    assert_false(bucket_full(&bucket, 1000, 0));
    assert_true(bucket_full(&bucket, 1000, 3600000));
    uint64_t taken = 0;
    while (bucket_take(&bucket, 1000, 3600000, 10)) {
        taken += 10;
    }
    assert_int_equal(taken, 1000);
}

static void test_clock_that_stands_or_jumps(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    assert_true(bucket_take(&bucket, 1000, 5000, 100));
    assert_false(bucket_take(&bucket, 1000, 5000, 1));
    assert_false(bucket_take(&bucket, 1000, 4000, 1));
    assert_true(bucket_take(&bucket, 1000, INT64_MAX / 2, 1));
    assert_true(bucket_wait_ms(&bucket, UINT64_MAX, INT64_MAX / 2) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_cap),
        cmocka_unit_test(test_piece_larger_than_a_second),
        cmocka_unit_test(test_mean_keeps_the_cap),
        cmocka_unit_test(test_silence_saves_one_second_only),
        cmocka_unit_test(test_clock_that_stands_or_jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
