/* SPDX-License-Identifier: EUPL-1.2 */
/* What lt-bench counts with: the book of transfers, the table of latencies, the parcels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/sdk/content.h"
#include "harness/world.h"
#include "ops/tools/bench/book.h"
#include "ops/tools/bench/histogram.h"
#include "ops/tools/bench/parcels.h"
#include "proto/base/text.h"
#include "proto/header_check.h"
#include "proto/message.h"

#define BASE_MS 1767571200000LL

static void test_ids_find_their_entry(void **state)
{
    (void)state;
    struct book *book = NULL;
    assert_int_equal(book_open(&book, 3, 0xabc, BASE_MS), LT_OK);
    static const uint32_t numbers[] = {0, 1, 63, 64, 4095, 4096, 1000000};
    for (uint32_t sender = 0; sender < 3; sender++) {
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            struct lt_id id = book_id(book, sender, numbers[i]);
            uint32_t found_sender = 99;
            uint32_t found_number = 99;
            assert_int_equal(book_submitted(book, sender, numbers[i], 5), LT_OK);
            assert_true(book_find(book, &id, &found_sender, &found_number));
            assert_int_equal(found_sender, sender);
            assert_int_equal(found_number, numbers[i]);
            assert_int_equal(id_time_ms(&id), BASE_MS + numbers[i] / 64);
        }
    }
    uint32_t sender;
    uint32_t number;
    struct lt_id id = book_id(book, 2, 500000); /* of a chunk nobody has */
    assert_false(book_find(book, &id, &sender, &number));
    id = book_id(book, 3, 0); /* of no sender */
    assert_false(book_find(book, &id, &sender, &number));
    id = book_id(book, 0, 0);
    id.bytes[7] ^= 1; /* of another run */
    assert_false(book_find(book, &id, &sender, &number));
    memset(&id, 0, sizeof(id));
    assert_false(book_find(book, &id, &sender, &number));
    book_close(&book);
    assert_null(book);
}

static void test_lost_and_settled(void **state)
{
    (void)state;
    struct book *book = NULL;
    struct book_sum sum;
    assert_int_equal(book_open(&book, 1, 1, BASE_MS), LT_OK);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(book_submitted(book, 0, i, 100 + i), LT_OK);
    }
    assert_int_equal(book_submitted(book, 0, 3, 900), LT_OK); /* sent again */
    for (uint32_t i = 0; i < 8; i++) {
        book_accepted(book, 0, i);
    }
    assert_false(book_delivered(book, 0, 3));
    assert_true(book_delivered(book, 0, 3));
    assert_false(book_is_settled(book, 0, 3));
    assert_int_equal(book_settled(book, 0, 3, 1103), 1000);
    assert_int_equal(book_settled(book, 0, 3, 2103), -1);
    assert_true(book_is_settled(book, 0, 3));
    assert_int_equal(book_settled(book, 0, 9, 209), 100); /* before its verdict was seen */
    book_sum(book, &sum);
    assert_int_equal(sum.submitted, 10);
    assert_int_equal(sum.accepted, 8);
    assert_int_equal(sum.settled, 2);
    assert_int_equal(sum.lost, 7);
    book_close(&book);
}

static void assert_near(double value, double expected)
{
    assert_true(value > expected * 0.985 && value < expected * 1.015);
}

static void test_quantiles(void **state)
{
    (void)state;
    struct histogram *one = calloc(1, sizeof(*one));
    struct histogram *two = calloc(1, sizeof(*two));
    assert_non_null(one);
    assert_non_null(two);
    assert_true(histogram_ms(one, 500) == 0);
    for (int64_t us = 1; us <= 10000; us++) {
        histogram_add(us % 2 == 0 ? one : two, us);
    }
    histogram_merge(one, two);
    assert_int_equal(one->count, 10000);
    assert_near(histogram_ms(one, 500), 5.0);
    assert_near(histogram_ms(one, 990), 9.9);
    assert_near(histogram_ms(one, 999), 9.99);
    assert_near(histogram_ms(one, 1000), 10.0);
    histogram_add(one, -5);
    histogram_add(one, INT64_MAX);
    assert_true(histogram_ms(one, 1000) > 3600 * 1000);
    free(one);
    free(two);
}

static void test_small_values_are_exact(void **state)
{
    (void)state;
    for (int64_t us = 0; us < 128; us++) {
        struct histogram *histogram = calloc(1, sizeof(*histogram));
        assert_non_null(histogram);
        histogram_add(histogram, us);
        assert_true(histogram_ms(histogram, 500) * 1000 < (double)us + 0.001);
        assert_true(histogram_ms(histogram, 500) * 1000 > (double)us - 0.001);
        free(histogram);
    }
}

/* Every parcel is one that broker and SDK would take, and no two are alike. */
static void test_parcels_are_true(void **state)
{
    (void)state;
    struct world world;
    struct world_entropy chance;
    struct book *book = NULL;
    struct parcels *parcels = NULL;
    struct digester *digester = NULL;
    struct arena arena;
    struct arena scratch;
    static const char to[2][16] = {"G99.00007", "G99.00008"};
    world_init(&world, 1);
    world_entropy_init(&chance, &world, 1);
    assert_int_equal(book_open(&book, 2, 7, world.wall_ms), LT_OK);
    assert_int_equal(digester_open(&digester), LT_OK);
    assert_int_equal(arena_init(&arena, 64 * 1024, 1024 * 1024), LT_OK);
    assert_int_equal(arena_init(&scratch, 64 * 1024, 1024 * 1024), LT_OK);
    const struct parcels_plan plan = {
        .book = book,
        .sender = 1,
        .from = "G99.00001",
        .to = to,
        .to_count = 2,
        .lanes = 50,
        .size = 1000,
        .created_ms = world.wall_ms,
    };
    assert_int_equal(parcels_open(&parcels, &plan, &chance.entropy), LT_OK);

    uint32_t for_first = 0;
    struct parcel parcel;
    for (uint32_t i = 0; i < 200; i++) {
        struct header header;
        struct fault fault;
        fault_init(&fault);
        arena_reset(&arena);
        arena_reset(&scratch);
        assert_int_equal(parcels_make(parcels, i, &arena, &parcel), LT_OK);
        assert_int_equal(parcel.header.size + parcel.body.size, parcels_bytes(parcels));
        assert_int_equal(header_read(parcel.header, &scratch, &header, &fault), LT_OK);
        assert_int_equal(header_check(&header, world.wall_ms, &fault), LT_OK);
        assert_int_equal(parcel_check(digester, &parcel, &header, &fault), LT_OK);
        struct lt_digest content = content_digest(digester, &header);
        assert_memory_equal(&content, &header.content_digest, sizeof(content));
        struct lt_id id = book_id(book, 1, i);
        assert_memory_equal(&header.id, &id, sizeof(id));
        for_first += bytes_equal(header.to[0], text_bytes(to[0]));
        assert_true(bytes_equal(header.to[0], text_bytes(to[0])) ||
                    bytes_equal(header.to[0], text_bytes(to[1])));
    }
    assert_in_range(for_first, 60, 140);

    /* The same number gives the same bytes again. */
    struct parcel again;
    assert_int_equal(parcels_make(parcels, 199, &arena, &again), LT_OK);
    assert_true(bytes_equal(parcel.header, again.header));
    assert_true(digest_equal(&parcel.digest, &again.digest));
    assert_int_equal(parcels_make(parcels, 198, &arena, &again), LT_OK);
    assert_false(bytes_equal(parcel.header, again.header));

    parcels_close(&parcels);
    arena_deinit(&arena);
    arena_deinit(&scratch);
    digester_close(&digester);
    book_close(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_find_their_entry),
        cmocka_unit_test(test_lost_and_settled),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_small_values_are_exact),
        cmocka_unit_test(test_parcels_are_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
