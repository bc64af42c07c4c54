/* SPDX-License-Identifier: EUPL-1.2 */
/* Strictly rising under every kind of clock, and well-formed. */
#include "base_test.h"

#include "proto/base/uuid7.h"

struct world {
    int64_t now_ms;
    uint64_t seed;
};

static int64_t world_ms(void *self)
{
    return ((struct world *)self)->now_ms;
}

static void world_fill(void *self, void *out, size_t size)
{
    uint8_t *at = out;
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)dice(&((struct world *)self)->seed);
    }
}

static void worst_fill(void *self, void *out, size_t size)
{
    (void)self;
    memset(out, 0xFF, size);
}

static void rising(void **state)
{
    (void)state;
    struct world world = {.now_ms = 1750000000000, .seed = 9};
    struct lt_clock clock = {&world, world_ms, world_ms};
    struct lt_entropy entropy = {&world, world_fill};
    struct uuid7 maker = {0};
    struct lt_id last = {{0}};
    for (int i = 0; i < 100000; i++) {
        if (i % 10000 == 9999) {
            world.now_ms += i % 20000 == 9999 ? 5 : -3600000; /* on, or an hour back */
        }
        struct lt_id id = uuid7_next(&maker, &clock, &entropy);
        assert_true(memcmp(&last, &id, sizeof(id)) < 0);
        assert_true(id_time_ms(&id) >= 0);
        last = id;
    }
}

/* A clock that was days ahead must not make ids from the future once it is right again. */
static void follows_a_clock_set_right(void **state)
{
    (void)state;
    struct world world = {.now_ms = 1750000000000 + 3 * 86400000LL, .seed = 9};
    struct lt_clock clock = {&world, world_ms, world_ms};
    struct lt_entropy entropy = {&world, world_fill};
    struct uuid7 maker = {0};
    struct lt_id ahead = uuid7_next(&maker, &clock, &entropy);
    assert_int_equal(id_time_ms(&ahead), world.now_ms);
    world.now_ms = 1750000000000;
    struct lt_id id = uuid7_next(&maker, &clock, &entropy);
    assert_int_equal(id_time_ms(&id), 1750000000000);
    struct lt_id next = uuid7_next(&maker, &clock, &entropy);
    assert_true(memcmp(&id, &next, sizeof(id)) < 0);
}

static void time_is_inside(void **state)
{
    (void)state;
    struct world world = {.now_ms = 1750000000123, .seed = 9};
    struct lt_clock clock = {&world, world_ms, world_ms};
    struct lt_entropy entropy = {&world, world_fill};
    struct uuid7 maker = {0};
    struct lt_id id = uuid7_next(&maker, &clock, &entropy);
    assert_int_equal(id_time_ms(&id), 1750000000123);
    world.now_ms++;
    id = uuid7_next(&maker, &clock, &entropy);
    assert_int_equal(id_time_ms(&id), 1750000000124);
}

static void counter_runs_over(void **state)
{
    (void)state;
    struct world world = {.now_ms = 1000};
    struct lt_clock clock = {&world, world_ms, world_ms};
    struct lt_entropy entropy = {&world, worst_fill};
    struct uuid7 maker = {0};
    /* It starts at 0x7FF at most, so 2049 ids fit into the first millisecond. */
    for (int i = 0; i < 2049; i++) {
        struct lt_id id = uuid7_next(&maker, &clock, &entropy);
        assert_int_equal(id_time_ms(&id), 1000);
    }
    struct lt_id id = uuid7_next(&maker, &clock, &entropy);
    assert_int_equal(id_time_ms(&id), 1001);
    assert_int_equal(id.bytes[8] >> 6, 2);
    assert_int_equal(id.bytes[9], 0xFF);
}

static void two_makers_differ(void **state)
{
    (void)state;
    struct world world = {.now_ms = 1000, .seed = 1};
    struct lt_clock clock = {&world, world_ms, world_ms};
    struct lt_entropy entropy = {&world, world_fill};
    struct uuid7 a = {0};
    struct uuid7 b = {0};
    struct lt_id first = uuid7_next(&a, &clock, &entropy);
    struct lt_id second = uuid7_next(&b, &clock, &entropy);
    assert_memory_not_equal(first.bytes + 8, second.bytes + 8, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rising),
        cmocka_unit_test(follows_a_clock_set_right),
        cmocka_unit_test(time_is_inside),
        cmocka_unit_test(counter_runs_over),
        cmocka_unit_test(two_makers_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
