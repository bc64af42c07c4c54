/* SPDX-License-Identifier: EUPL-1.2 */
/* Dry at n + 1, resting until the turn, cleared when taken, misuse stops. */
#include "base_test.h"

#include "proto/base/pool.h"

static void dry_and_rest(void **state)
{
    (void)state;
    struct pool pool;
    assert_int_equal(pool_init(&pool, "sessions", 20, 3), LT_OK);
    uint8_t *objects[3];
    for (int i = 0; i < 3; i++) {
        objects[i] = pool_take(&pool);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % 16, 0);
        memset(objects[i], 0xEE, 20);
    }
    assert_null(pool_take(&pool));
    assert_int_equal(pool_used(&pool), 3);

    pool_give(&pool, objects[1]);
    assert_int_equal(pool_used(&pool), 2);
    assert_null(pool_take(&pool)); /* it rests */
    assert_int_equal(objects[1][0], 0xEE);
    pool_turn(&pool);
    uint8_t *again = pool_take(&pool);
    assert_ptr_equal(again, objects[1]);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(again[i], 0);
    }
    assert_int_equal(objects[0][19], 0xEE); /* the neighbours were left alone */
    assert_int_equal(objects[2][0], 0xEE);

    for (int i = 0; i < 3; i++) {
        pool_give(&pool, objects[i]);
    }
    pool_turn(&pool);
    assert_int_equal(pool_used(&pool), 0);
    assert_int_equal(pool.high_water, 3);
    pool_deinit(&pool);
}

static void high_water_is_of_use(void **state)
{
    (void)state;
    struct pool pool;
    assert_int_equal(pool_init(&pool, "frames", 8, 10), LT_OK);
    for (int round = 0; round < 50; round++) {
        void *a = pool_take(&pool);
        void *b = pool_take(&pool);
        pool_give(&pool, a);
        pool_give(&pool, b);
        pool_turn(&pool);
    }
    assert_int_equal(pool.high_water, 2);
    pool_deinit(&pool);
}

static void give_twice(void)
{
    struct pool pool;
    if (pool_init(&pool, "x", 8, 2) == LT_OK) {
        void *object = pool_take(&pool);
        pool_give(&pool, object);
        pool_give(&pool, object);
    }
}

static void give_inside(void)
{
    struct pool pool;
    if (pool_init(&pool, "x", 32, 2) == LT_OK) {
        uint8_t *object = pool_take(&pool);
        pool_give(&pool, object + 16);
    }
}

static void give_foreign(void)
{
    struct pool pool;
    static uint64_t foreign[64];
    if (pool_init(&pool, "x", 8, 2) == LT_OK) {
        pool_give(&pool, foreign);
    }
}

static void misuse_stops(void **state)
{
    (void)state;
    assert_true(dies(give_twice));
    assert_true(dies(give_inside));
    assert_true(dies(give_foreign));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dry_and_rest),
        cmocka_unit_test(high_water_is_of_use),
        cmocka_unit_test(misuse_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
