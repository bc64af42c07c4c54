/* SPDX-License-Identifier: EUPL-1.2 */
/* Fixed layouts: exact bytes, and the sticky end on both sides. */
#include "base_test.h"

#include "proto/base/wire.h"

static void exact_bytes(void **state)
{
    (void)state;
    uint8_t out[64];
    struct wire_writer w;
    wire_write_init(&w, out, sizeof(out));
    wire_put_u8(&w, 0x01);
    wire_put_u16(&w, 0x0203);
    wire_put_u32(&w, 0x04050607);
    wire_put_u64(&w, 0x08090A0B0C0D0E0F);
    wire_put_i64(&w, -2);
    wire_put_raw(&w, "xy", 2);
    wire_put_run16(&w, text_bytes("ab"));
    wire_put_run32(&w, text_bytes("c"));
    static const uint8_t expected[] = {
        1,    2,    3,    4,    5,    6,    7,   8,   9, 10, 11,  12,  13, 14, 15, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 'x', 'y', 0, 2,  'a', 'b', 0,  0,  0,  1,    'c'};
    struct lt_bytes written = wire_written(&w);
    assert_int_equal(written.size, sizeof(expected));
    assert_memory_equal(written.data, expected, sizeof(expected));

    struct wire_reader r;
    char raw[2];
    wire_read_init(&r, written);
    assert_int_equal(wire_u8(&r), 1);
    assert_int_equal(wire_u16(&r), 0x0203);
    assert_int_equal(wire_u32(&r), 0x04050607);
    assert_true(wire_u64(&r) == 0x08090A0B0C0D0E0F);
    assert_int_equal(wire_i64(&r), -2);
    wire_raw(&r, raw, 2);
    assert_memory_equal(raw, "xy", 2);
    assert_bytes(wire_run16(&r), "ab");
    assert_false(wire_read_done(&r));
    assert_bytes(wire_run32(&r), "c");
    assert_true(wire_read_done(&r));
}

static void reader_sticks(void **state)
{
    (void)state;
    const uint8_t data[] = {0xAA, 0xBB, 0xCC, 0xDD};
    struct wire_reader r;
    wire_read_init(&r, run_of(data, 4));
    assert_int_equal(wire_u32(&r), 0xAABBCCDD); /* n */
    assert_true(wire_read_done(&r));
    assert_int_equal(wire_u8(&r), 0); /* n + 1 */
    assert_true(r.bad);
    assert_false(wire_read_done(&r));

    wire_read_init(&r, run_of(data, 4));
    assert_true(wire_u64(&r) == 0);
    assert_int_equal(wire_u8(&r), 0); /* there would be bytes, but it sticks */
    uint8_t raw[3] = {1, 2, 3};
    wire_raw(&r, raw, 3);
    assert_int_equal(raw[0] | raw[1] | raw[2], 0);
    assert_null(wire_run(&r, 0).data);
}

static void lengths_lie(void **state)
{
    (void)state;
    struct wire_reader r;
    wire_read_init(&r, run_of("\0\3ab", 4));
    struct lt_bytes run = wire_run16(&r);
    assert_int_equal(run.size, 0);
    assert_true(r.bad);
    wire_read_init(&r, run_of("\xFF\xFF\xFF\xFF"
                              "ab",
                              6));
    assert_int_equal(wire_run32(&r).size, 0);
    assert_true(r.bad);
    wire_read_init(&r, run_of(NULL, 0));
    assert_true(wire_read_done(&r));
    assert_int_equal(wire_run(&r, 0).size, 0);
    assert_false(r.bad);
    assert_int_equal(wire_u8(&r), 0);
    assert_true(r.bad);
}

static void writer_sticks(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    struct wire_writer w;
    wire_write_init(&w, out, 3);
    wire_put_u16(&w, 1);
    wire_put_u8(&w, 2); /* n */
    assert_int_equal(wire_written(&w).size, 3);
    wire_put_u8(&w, 3); /* n + 1 */
    assert_true(w.bad);
    assert_int_equal(wire_written(&w).size, 0);
    assert_int_equal(out[3], 9);

    wire_write_init(&w, out, 3);
    wire_put_run16(&w, text_bytes("ab"));
    wire_put_u8(&w, 7);
    assert_true(w.bad);
    assert_null(wire_written(&w).data);
}

static void run16_bound(void **state)
{
    (void)state;
    static uint8_t big[UINT16_MAX + 1];
    static uint8_t out[UINT16_MAX + 16];
    struct wire_writer w;
    wire_write_init(&w, out, sizeof(out));
    wire_put_run16(&w, run_of(big, UINT16_MAX));
    assert_int_equal(wire_written(&w).size, UINT16_MAX + 2);
    wire_write_init(&w, out, sizeof(out));
    wire_put_run16(&w, run_of(big, UINT16_MAX + 1));
    assert_true(w.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_bytes), cmocka_unit_test(reader_sticks),
        cmocka_unit_test(lengths_lie), cmocka_unit_test(writer_sticks),
        cmocka_unit_test(run16_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
