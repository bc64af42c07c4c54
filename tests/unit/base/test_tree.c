/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The tree against a naive model (a sorted array) under seeded operations. Keys are short and from
 * a small alphabet with zeros, so that prefixes collide and lengths decide.
 */
#include "base_test.h"

#include "proto/base/tree.h"

static void empty(void **state)
{
    (void)state;
    struct arena arena;
    struct tree tree;
    struct tree_entry entry = {.key = {NULL, 7}};
    assert_int_equal(arena_init(&arena, 4096, 4096), LT_OK);
    assert_int_equal(tree_init(&tree, &arena, 0), LT_OK);
    assert_false(tree_get(&tree, text_bytes("a"), &entry));
    assert_false(tree_get(&tree, text_bytes(""), &entry));
    assert_int_equal(entry.key.size, 7); /* untouched */
    assert_null(tree_seek(&tree, text_bytes("")));
    assert_int_equal(tree.count, 0);
    arena_deinit(&arena);
}

static void values_and_tombstones(void **state)
{
    (void)state;
    struct arena arena;
    struct tree tree;
    struct tree_entry entry;
    assert_int_equal(arena_init(&arena, 4096, 1 << 20), LT_OK);
    assert_int_equal(tree_init(&tree, &arena, 42), LT_OK);
    assert_int_equal(tree_put(&tree, text_bytes("k"), text_bytes("")), LT_OK);
    assert_true(tree_get(&tree, text_bytes("k"), &entry));
    assert_non_null(entry.value.data); /* an empty value is no tombstone */
    assert_int_equal(entry.value.size, 0);
    assert_int_equal(tree_put(&tree, text_bytes("k"), text_bytes("longer")), LT_OK);
    assert_true(tree_get(&tree, text_bytes("k"), &entry));
    assert_bytes(entry.value, "longer");
    size_t used = arena.used;
    assert_int_equal(tree_delete(&tree, text_bytes("k")), LT_OK);
    assert_true(tree_get(&tree, text_bytes("k"), &entry));
    assert_null(entry.value.data);
    assert_bytes(entry.key, "k");
    assert_int_equal(tree_put(&tree, text_bytes("k"), text_bytes("LONGER")), LT_OK);
    assert_int_equal(arena.used, used); /* the room was used again */
    assert_true(tree_get(&tree, text_bytes("k"), &entry));
    assert_bytes(entry.value, "LONGER");
    assert_int_equal(tree_delete(&tree, text_bytes("never put")), LT_OK);
    assert_true(tree_get(&tree, text_bytes("never put"), &entry));
    assert_null(entry.value.data);
    assert_int_equal(tree.count, 2);
    arena_deinit(&arena);
}

/* At the cap the tree says so, is unchanged, and goes on answering. */
static void out_of_memory(void **state)
{
    (void)state;
    struct arena arena;
    struct tree tree;
    assert_int_equal(arena_init(&arena, 4096, 64), LT_OK);
    assert_int_equal(tree_init(&tree, &arena, 1), LT_NO_MEMORY);
    arena_deinit(&arena);
    assert_int_equal(arena_init(&arena, 4096, 4000), LT_OK);
    assert_int_equal(tree_init(&tree, &arena, 1), LT_OK);
    uint8_t key = 0;
    while (tree_put(&tree, run_of(&key, 1), text_bytes("0123456789")) == LT_OK) {
        key++;
    }
    assert_true(key > 10);
    assert_int_equal(tree.count, key);
    struct tree_entry entry;
    assert_false(tree_get(&tree, run_of(&key, 1), &entry));
    for (uint8_t i = 0; i < key; i++) {
        assert_true(tree_get(&tree, run_of(&i, 1), &entry));
        assert_bytes(entry.value, "0123456789");
    }
    /* A longer value has no room, the old one stays. */
    char larger[2000] = {0};
    assert_int_equal(tree_put(&tree, run_of("\0", 1), run_of(larger, sizeof(larger))),
                     LT_NO_MEMORY);
    assert_true(tree_get(&tree, run_of("\0", 1), &entry));
    assert_bytes(entry.value, "0123456789");
    arena_deinit(&arena);
}

#define MODEL_MAX 1200

struct pair {
    uint8_t key[16];
    size_t key_size;
    uint8_t value[24];
    size_t value_size;
    bool gone;
};

struct model {
    struct pair pairs[MODEL_MAX];
    size_t count;
};

/* The place of the first pair with key >= `key`. */
static size_t model_seek(const struct model *model, struct lt_bytes key)
{
    size_t at = 0;
    while (at < model->count &&
           bytes_compare(run_of(model->pairs[at].key, model->pairs[at].key_size), key) < 0) {
        at++;
    }
    return at;
}

static bool model_has(const struct model *model, size_t at, struct lt_bytes key)
{
    return at < model->count &&
           bytes_equal(run_of(model->pairs[at].key, model->pairs[at].key_size), key);
}

static void model_put(struct model *model, struct lt_bytes key, struct lt_bytes value, bool gone)
{
    size_t at = model_seek(model, key);
    if (!model_has(model, at, key)) {
        assert_true(model->count < MODEL_MAX);
        memmove(&model->pairs[at + 1], &model->pairs[at],
                (model->count - at) * sizeof(model->pairs[0]));
        model->count++;
    }
    struct pair *pair = &model->pairs[at];
    memset(pair, 0, sizeof(*pair));
    memcpy(pair->key, key.data, key.size);
    pair->key_size = key.size;
    memcpy(pair->value, value.data, value.size);
    pair->value_size = value.size;
    pair->gone = gone;
}

static void assert_entry(struct tree_entry entry, const struct pair *pair)
{
    assert_true(bytes_equal(entry.key, run_of(pair->key, pair->key_size)));
    if (pair->gone) {
        assert_null(entry.value.data);
        return;
    }
    assert_non_null(entry.value.data);
    assert_true(bytes_equal(entry.value, run_of(pair->value, pair->value_size)));
}

static void walk(const struct tree *tree, const struct model *model, struct lt_bytes from)
{
    const struct tree_node *node = tree_seek(tree, from);
    for (size_t at = model_seek(model, from); at < model->count; at++) {
        assert_non_null(node);
        assert_entry(tree_at(node), &model->pairs[at]);
        node = tree_next(node);
    }
    assert_null(node);
}

static struct lt_bytes random_run(uint64_t *seed, uint8_t *room, size_t size_max)
{
    static const uint8_t alphabet[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    size_t size = dice(seed) % (size_max + 1);
    for (size_t i = 0; i < size; i++) {
        /* Mostly the same byte, so that keys differ late. */
        room[i] = dice(seed) % 4 == 0 ? alphabet[dice(seed) % sizeof(alphabet)] : 0x80;
    }
    return run_of(room, size);
}

static void one_run(uint64_t seed, int steps)
{
    static struct model model;
    model.count = 0;
    struct arena arena;
    struct tree tree;
    assert_int_equal(arena_init(&arena, 1 << 16, 1 << 22), LT_OK);
    assert_int_equal(tree_init(&tree, &arena, seed), LT_OK);
    for (int step = 0; step < steps; step++) {
        uint8_t key_room[16], value_room[24];
        struct lt_bytes key = random_run(&seed, key_room, 12);
        struct lt_bytes value = random_run(&seed, value_room, 20);
        uint64_t act = dice(&seed) % 8;
        if (act < 4) {
            assert_int_equal(tree_put(&tree, key, value), LT_OK);
            model_put(&model, key, value, false);
        } else if (act < 5) {
            assert_int_equal(tree_delete(&tree, key), LT_OK);
            model_put(&model, key, run_of(value_room, 0), true);
        } else {
            struct tree_entry entry;
            size_t at = model_seek(&model, key);
            bool known = model_has(&model, at, key);
            assert_int_equal(tree_get(&tree, key, &entry), known);
            if (known) {
                assert_entry(entry, &model.pairs[at]);
            }
        }
        if (step % 64 == 0) {
            walk(&tree, &model, key);
        }
        assert_int_equal(tree.count, model.count);
    }
    walk(&tree, &model, run_of(NULL, 0));
    arena_deinit(&arena);
}

static void against_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        one_run(seed, 1500);
    }
}

/* Equal seeds and calls build equal lists, to the byte of memory used and the height. */
static void deterministic(void **state)
{
    (void)state;
    size_t used[2];
    int height[2];
    for (int round = 0; round < 2; round++) {
        struct arena arena;
        struct tree tree;
        assert_int_equal(arena_init(&arena, 1 << 16, 1 << 24), LT_OK);
        assert_int_equal(tree_init(&tree, &arena, 99), LT_OK);
        for (uint32_t i = 0; i < 20000; i++) {
            uint32_t key = i * 2654435761u;
            assert_int_equal(tree_put(&tree, run_of(&key, sizeof(key)), text_bytes("v")), LT_OK);
        }
        used[round] = arena.used;
        height[round] = tree.height;
        arena_deinit(&arena);
    }
    assert_int_equal(used[0], used[1]);
    assert_int_equal(height[0], height[1]);
    assert_true(height[0] >= 5 && height[0] <= 12); /* log4(20000) is about 7 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),         cmocka_unit_test(values_and_tombstones),
        cmocka_unit_test(out_of_memory), cmocka_unit_test(against_model),
        cmocka_unit_test(deterministic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
