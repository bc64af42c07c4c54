/* SPDX-License-Identifier: EUPL-1.2 */
/* Records: built and read back, every flipped bit and every cut seen, limits at n and n + 1. */
#include "unit/base/base_test.h"

#include "broker/journal/layout.h"
#include "proto/base/crc32c.h"

#define ROOM 4096

static struct record_builder builder;

static struct lt_bytes build(uint8_t *memory, size_t size, uint32_t facts)
{
    struct lt_digest before = {.bytes = {1, 2, 3}};
    record_start(&builder, memory, size, 41);
    for (uint32_t i = 0; i < facts; i++) {
        char text[32];
        struct lt_bytes copy;
        snprintf(text, sizeof(text), "fact %u", i);
        assert_int_equal(record_add(&builder, (uint8_t)(i + 1), 1000 + i, text_bytes(text), &copy),
                         LT_OK);
        assert_bytes(copy, text);
    }
    return record_finish(&builder, 9, 1000 + facts - 1, &before);
}

static void what_is_built_reads_back(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct lt_bytes bytes = build(memory, ROOM, 3);
    assert_int_equal(bytes.size, RECORD_HEADER_BYTES + 3 * (FACT_HEADER_BYTES + 6) + 3 * 4);
    struct record record;
    assert_int_equal(record_read(bytes, &record, NULL), LT_OK);
    assert_int_equal(record.first, 41);
    assert_int_equal(record.count, 3);
    assert_int_equal(record.epoch, 9);
    assert_int_equal(record.time_ms, 1002);
    assert_int_equal(record.before.bytes[2], 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct fact fact;
        char text[32];
        snprintf(text, sizeof(text), "fact %u", i);
        assert_int_equal(record_fact(&record, i, &fact), LT_OK);
        assert_int_equal(fact.position, 41 + i);
        assert_int_equal(fact.kind, i + 1);
        assert_int_equal(fact.version, FACT_VERSION);
        assert_int_equal(fact.time_ms, 1000 + i);
        assert_bytes(fact.payload, text);
    }
}

static void the_layout_is_the_one_published(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct lt_bytes bytes = build(memory, ROOM, 1);
    const uint8_t head[] = {'L', 'T', 'J', '1', 1, 0, 0, 0, 0, 0, 0, 0,
                            0,   0,   0,   41,  0, 0, 0, 1, 0, 0, 0, 26};
    assert_memory_equal(bytes.data, head, sizeof(head));
    const uint8_t fact[] = {0, 0, 0, 6, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x03, 0xE8, 'f'};
    assert_memory_equal(bytes.data + RECORD_HEADER_BYTES + 4, fact, sizeof(fact));
    const uint8_t offset[] = {0, 0, 0, 120};
    assert_memory_equal(bytes.data + bytes.size - 4, offset, sizeof(offset));
}

/* Whatever bit is flipped: the frame does not read, or some fact is damaged and says which. */
static void every_flipped_bit_is_seen(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct lt_bytes bytes = build(memory, ROOM, 4);
    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        memory[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct record record;
        enum lt_status status = record_read(bytes, &record, NULL);
        uint32_t damaged = 0;
        for (uint32_t i = 0; status == LT_OK && i < record.count; i++) {
            struct fact fact = {.time_ms = 5};
            if (record_fact(&record, i, &fact) == LT_DAMAGED) {
                damaged++;
                assert_int_equal(fact.position, 41 + i);
                assert_int_equal(fact.time_ms, 0);
                assert_int_equal(fact.kind, 0);
                assert_int_equal(fact.payload.size, 0);
            }
        }
        bool in_facts = bit / 8 >= RECORD_HEADER_BYTES && bit / 8 < bytes.size - 4 * 4;
        if (in_facts) {
            assert_int_equal(status, LT_OK);
            assert_int_equal(damaged, 1);
        } else if (bit / 8 < RECORD_HEADER_BYTES) {
            assert_int_equal(status, LT_DAMAGED);
        } else {
            assert_true(status == LT_DAMAGED || damaged >= 1);
        }
        memory[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

static void every_cut_is_seen(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct lt_bytes bytes = build(memory, ROOM, 4);
    struct record record;
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *exact = malloc(size + 1);
        assert_non_null(exact);
        memcpy(exact, bytes.data, size);
        assert_int_equal(record_read(run_of(exact, size), &record, NULL), LT_DAMAGED);
        free(exact);
    }
    memory[bytes.size] = 0;
    assert_int_equal(record_read(run_of(memory, bytes.size + 1), &record, NULL), LT_DAMAGED);
}

static void mend_header(uint8_t *memory)
{
    uint32_t crc = crc32c(0, memory, 116);
    for (int i = 0; i < 4; i++) {
        memory[116 + i] = (uint8_t)(crc >> (24 - 8 * i));
    }
}

/* Lies with a right crc: whoever wrote them, nothing is read outside the record. */
static void headers_that_lie(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    struct record record;
    struct lt_bytes bytes = build(memory, ROOM, 2);
    memory[4] = RECORD_VERSION + 1;
    mend_header(memory);
    assert_int_equal(record_read(bytes, &record, NULL), LT_FORMAT_UNKNOWN);
    for (int field = 16; field <= 23; field++) { /* number of facts, bytes of facts */
        bytes = build(memory, ROOM, 2);
        memory[field] ^= 1;
        mend_header(memory);
        assert_int_equal(record_read(bytes, &record, NULL), LT_DAMAGED);
    }
    bytes = build(memory, ROOM, 2);
    memset(memory + 8, 0, 8); /* position 0 */
    mend_header(memory);
    assert_int_equal(record_read(bytes, &record, NULL), LT_DAMAGED);
    memset(memory + 8, 0xFF, 8); /* the positions would wrap */
    mend_header(memory);
    assert_int_equal(record_read(bytes, &record, NULL), LT_DAMAGED);
}

static void facts_are_limited(void **unused)
{
    (void)unused;
    size_t size = 1024 * 1024;
    uint8_t *memory = malloc(size);
    assert_non_null(memory);
    struct lt_digest before = {0};
    struct lt_bytes copy;
    record_start(&builder, memory, size, 1);
    assert_int_equal(record_finish(&builder, 1, 1, &before).size, 0); /* nothing inside */
    for (uint32_t i = 0; i < JOURNAL_BATCH_FACTS_MAX; i++) {
        assert_true(record_room(&builder, 1));
        assert_int_equal(record_add(&builder, 1, 1, text_bytes("x"), &copy), LT_OK);
    }
    assert_false(record_room(&builder, 1));
    assert_int_equal(record_add(&builder, 1, 1, text_bytes("x"), &copy), LT_BUSY);
    struct record record;
    struct lt_bytes bytes = record_finish(&builder, 1, 1, &before);
    assert_int_equal(record_read(bytes, &record, NULL), LT_OK);
    assert_int_equal(record.count, JOURNAL_BATCH_FACTS_MAX);
    free(memory);
}

static void bytes_are_limited(void **unused)
{
    (void)unused;
    uint8_t memory[ROOM];
    uint8_t payload[ROOM] = {0};
    struct lt_digest before = {0};
    struct lt_bytes copy;
    const size_t most = ROOM - RECORD_HEADER_BYTES - FACT_HEADER_BYTES - 4;
    record_start(&builder, memory, ROOM, 1);
    assert_true(record_room(&builder, most));
    assert_false(record_room(&builder, most + 1));
    assert_int_equal(record_add(&builder, 1, 1, run_of(payload, most + 1), &copy), LT_BUSY);
    assert_int_equal(record_add(&builder, 1, 1, run_of(payload, most), &copy), LT_OK);
    assert_false(record_room(&builder, 0));
    struct lt_bytes bytes = record_finish(&builder, 1, 1, &before);
    assert_int_equal(bytes.size, ROOM);

    size_t size = 2 * JOURNAL_FACT_BYTES_MAX;
    uint8_t *large = calloc(1, size);
    assert_non_null(large);
    record_start(&builder, large, size, 1);
    assert_true(record_room(&builder, JOURNAL_FACT_BYTES_MAX));
    assert_false(record_room(&builder, JOURNAL_FACT_BYTES_MAX + 1));
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_built_reads_back),
        cmocka_unit_test(the_layout_is_the_one_published),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(every_cut_is_seen),
        cmocka_unit_test(headers_that_lie),
        cmocka_unit_test(facts_are_limited),
        cmocka_unit_test(bytes_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
