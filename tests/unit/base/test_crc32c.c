/* SPDX-License-Identifier: EUPL-1.2 */
/* The vectors of RFC 3720 B.4, every way to cut, and both ways of computing (hence the .c). */
#include "base_test.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): the table is static in there */
#include "proto/base/crc32c.c"

static void vectors(void **state)
{
    (void)state;
    uint8_t data[32];
    assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283);
    memset(data, 0, 32);
    assert_int_equal(crc32c(0, data, 32), 0x8A9136AA);
    memset(data, 0xFF, 32);
    assert_int_equal(crc32c(0, data, 32), 0x62A8AB43);
    for (size_t i = 0; i < 32; i++) {
        data[i] = (uint8_t)i;
    }
    assert_int_equal(crc32c(0, data, 32), 0x46DD794E);
    for (size_t i = 0; i < 32; i++) {
        data[i] = (uint8_t)(31 - i);
    }
    assert_int_equal(crc32c(0, data, 32), 0x113FDB5C);
    assert_int_equal(crc32c(0, NULL, 0), 0);
    assert_int_equal(crc32c(0x1234, NULL, 0), 0x1234);
}

static void any_cut(void **state)
{
    (void)state;
    uint8_t data[67];
    uint64_t seed = 3;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)dice(&seed);
    }
    uint32_t whole = crc32c(0, data, sizeof(data));
    for (size_t cut = 0; cut <= sizeof(data); cut++) {
        uint32_t part = crc32c(0, data, cut);
        assert_int_equal(crc32c(part, data + cut, sizeof(data) - cut), whole);
    }
    data[66] ^= 1;
    assert_int_not_equal(crc32c(0, data, sizeof(data)), whole);
}

static void table_equals_instruction(void **state)
{
    (void)state;
    uint8_t data[300];
    uint64_t seed = 11;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)dice(&seed);
    }
    for (size_t size = 0; size < 200; size++) {
        uint32_t start = (uint32_t)dice(&seed);
        assert_int_equal(feed(start, data + size % 9, size),
                         feed_table(start, data + size % 9, size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(any_cut),
        cmocka_unit_test(table_equals_instruction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
