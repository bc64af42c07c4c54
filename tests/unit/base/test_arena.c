/* SPDX-License-Identifier: EUPL-1.2 */
/* Cap at n and n + 1, alignment, growth by chunks, reuse after a reset. */
#include "base_test.h"

#include "proto/base/arena.h"

static void cap_holds(void **state)
{
    (void)state;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 64, 160), LT_OK);
    for (int i = 0; i < 10; i++) {
        assert_non_null(arena_alloc(&arena, 16));
    }
    assert_int_equal(arena.used, 160);
    assert_null(arena_alloc(&arena, 1));
    assert_null(arena_alloc(&arena, 0));
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_null(arena_alloc(&arena, 161));
    assert_non_null(arena_alloc(&arena, 160)); /* larger than a chunk, within the cap */
    assert_null(arena_alloc(&arena, 1));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    arena_deinit(&arena);
}

static void aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 256, 1 << 20), LT_OK);
    uint8_t *places[600];
    uint64_t seed = 5;
    for (size_t i = 0; i < 600; i++) {
        size_t size = i % 97 == 0 ? 700 : dice(&seed) % 60;
        places[i] = arena_alloc(&arena, size);
        assert_non_null(places[i]);
        assert_int_equal((uintptr_t)places[i] % 16, 0);
        memset(places[i], (int)(i % 251), size);
        if (size > 0) {
            places[i][0] = (uint8_t)(i % 251);
        } else {
            places[i] = NULL;
        }
    }
    /* Nobody wrote over a neighbour. */
    for (size_t i = 0; i < 600; i++) {
        assert_true(places[i] == NULL || places[i][0] == i % 251);
    }
    arena_deinit(&arena);
}

static void first_chunk_is_reused(void **state)
{
    (void)state;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 128, 4096), LT_OK);
    void *first = arena_alloc(&arena, 100);
    assert_non_null(arena_alloc(&arena, 100));
    assert_non_null(arena_alloc(&arena, 1000));
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
    arena_deinit(&arena);
}

static void copies(void **state)
{
    (void)state;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 64, 64), LT_OK);
    uint8_t *cleared = arena_zalloc(&arena, 16);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(cleared[i], 0);
    }
    struct lt_bytes copy = arena_copy(&arena, text_bytes("fifteen bytes.."));
    assert_bytes(copy, "fifteen bytes..");
    assert_int_equal(copy.data[15], 0);
    struct lt_bytes empty = arena_copy(&arena, text_bytes(NULL));
    assert_non_null(empty.data);
    assert_int_equal(empty.size, 0);
    assert_null(arena_copy(&arena, text_bytes("sixteen bytes...")).data); /* NUL needs a 17th */
    assert_non_null(arena_copy(&arena, text_bytes("fifteen bytes..")).data);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cap_holds),
        cmocka_unit_test(aligned_and_apart),
        cmocka_unit_test(first_chunk_is_reused),
        cmocka_unit_test(copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
