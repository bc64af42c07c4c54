/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The map against a naive model (an array in insertion order) under seeded operations, its limits
 * at n and n + 1, and walks that remove.
 */
#include "base_test.h"

#include "proto/base/map.h"

static void limits(void **state)
{
    (void)state;
    struct map *map;
    int values[4];
    assert_int_equal(map_open(&map, 3, 1), LT_OK);
    assert_int_equal(map_put(map, text_bytes("a"), &values[0]), LT_OK);
    assert_int_equal(map_put(map, text_bytes("b"), &values[1]), LT_OK);
    assert_int_equal(map_put(map, text_bytes("c"), &values[2]), LT_OK);
    assert_int_equal(map_put(map, text_bytes("d"), &values[3]), LT_NO_MEMORY);
    assert_null(map_get(map, text_bytes("d")));
    assert_int_equal(map_put(map, text_bytes("b"), &values[3]), LT_OK); /* replaced */
    assert_ptr_equal(map_get(map, text_bytes("b")), &values[3]);
    assert_int_equal(map_count(map), 3);
    assert_ptr_equal(map_remove(map, text_bytes("a")), &values[0]);
    assert_null(map_remove(map, text_bytes("a")));
    assert_int_equal(map_put(map, text_bytes("d"), &values[3]), LT_OK);
    map_close(&map);
    assert_null(map);
    map_close(&map);
}

static void key_sizes(void **state)
{
    (void)state;
    struct map *map;
    char key[MAP_KEY_MAX + 1];
    memset(key, 'k', sizeof(key));
    assert_int_equal(map_open(&map, 200, 1), LT_OK);
    /* Every length is a key of its own, also none, and zeros count. */
    for (size_t size = 0; size <= MAP_KEY_MAX; size++) {
        assert_int_equal(map_put(map, run_of(key, size), &key[size]), LT_OK);
    }
    assert_int_equal(map_put(map, run_of("\0", 1), &key[0]), LT_OK);
    assert_int_equal(map_put(map, run_of("\0\0", 2), &key[1]), LT_OK);
    assert_int_equal(map_count(map), MAP_KEY_MAX + 3);
    for (size_t size = 0; size <= MAP_KEY_MAX; size++) {
        assert_ptr_equal(map_get(map, run_of(key, size)), &key[size]);
    }
    assert_int_equal(map_put(map, run_of(key, MAP_KEY_MAX + 1), key), LT_FIELD_BAD);
    assert_null(map_get(map, run_of(key, MAP_KEY_MAX + 1)));
    assert_null(map_remove(map, run_of(key, MAP_KEY_MAX + 1)));
    map_close(&map);
}

static void walk_and_remove(void **state)
{
    (void)state;
    struct map *map;
    uint8_t values[50];
    assert_int_equal(map_open(&map, 50, 77), LT_OK);
    for (uint8_t i = 0; i < 50; i++) {
        values[i] = i;
        assert_int_equal(map_put(map, run_of(&values[i], 1), &values[i]), LT_OK);
    }
    /* Every third goes while it is looked at, and takes the next one with it. */
    uint32_t at = 0;
    int seen = 0;
    int last = -1;
    for (uint8_t *value = map_each(map, &at); value != NULL; value = map_each(map, &at)) {
        assert_true(*value > last);
        last = *value;
        seen++;
        if (*value % 3 == 0) {
            uint8_t next = (uint8_t)(*value + 1);
            assert_non_null(map_remove(map, run_of(value, 1)));
            (void)map_remove(map, run_of(&next, 1));
        }
    }
    assert_int_equal(seen, 33); /* 0 2 3 5 6 ... 48 */
    assert_int_equal(map_count(map), 16);
    assert_null(map_each(map, &at));
    map_close(&map);
}

#define KEYS 64

struct model {
    int order[KEYS];
    int count;
    int *values[KEYS];
};

static void model_remove(struct model *model, int key)
{
    int to = 0;
    for (int i = 0; i < model->count; i++) {
        if (model->order[i] != key) {
            model->order[to++] = model->order[i];
        }
    }
    model->count = to;
    model->values[key] = NULL;
}

static void compare(const struct map *map, const struct model *model)
{
    uint32_t at = 0;
    assert_int_equal(map_count(map), model->count);
    for (int i = 0; i < model->count; i++) {
        assert_ptr_equal(map_each(map, &at), model->values[model->order[i]]);
    }
    assert_null(map_each(map, &at));
}

static void one_run(uint64_t seed)
{
    static int numbers[1000];
    struct map *map;
    struct model model = {.count = 0};
    uint32_t capacity = (uint32_t)(1 + dice(&seed) % 48);
    assert_int_equal(map_open(&map, capacity, dice(&seed)), LT_OK);
    for (int step = 0; step < 3000; step++) {
        int key = (int)(dice(&seed) % KEYS);
        int *value = &numbers[dice(&seed) % 1000];
        char text[32];
        snprintf(text, sizeof(text), "agency-%d-%d", key * key, key);
        struct lt_bytes name = text_bytes(text);
        uint64_t act = dice(&seed) % 8;
        if (act < 4) {
            bool full = model.values[key] == NULL && model.count == (int)capacity;
            assert_int_equal(map_put(map, name, value), full ? LT_NO_MEMORY : LT_OK);
            if (!full && model.values[key] == NULL) {
                model.order[model.count++] = key;
            }
            model.values[key] = full ? model.values[key] : value;
        } else if (act < 7) {
            assert_ptr_equal(map_remove(map, name), model.values[key]);
            model_remove(&model, key);
        } else {
            assert_ptr_equal(map_get(map, name), model.values[key]);
        }
        if (step % 16 == 0) {
            compare(map, &model);
        }
    }
    map_close(&map);
}

static void against_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        one_run(seed);
    }
}

/* The order of a walk is that of insertion under any seed; the hash is not the same, though. */
static void seed_does_not_show(void **state)
{
    (void)state;
    static const char *const keys[] = {"H24", "H01", "000.00.15.H24", "G09", "A"};
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct map *map;
        assert_int_equal(map_open(&map, 5, seed), LT_OK);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(map_put(map, text_bytes(keys[i]), (void *)(uintptr_t)(i + 1)), LT_OK);
        }
        uint32_t at = 0;
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal((uintptr_t)map_each(map, &at), i + 1);
        }
        map_close(&map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits),
        cmocka_unit_test(key_sizes),
        cmocka_unit_test(walk_and_remove),
        cmocka_unit_test(against_model),
        cmocka_unit_test(seed_does_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
