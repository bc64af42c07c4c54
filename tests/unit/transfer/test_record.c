/* SPDX-License-Identifier: EUPL-1.2 */
/* Layouts of the index: what is written reads back whole, what is cut anywhere does not, and keys
 * sort as the numbers in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/transfer/record.h"
#include "proto/base/text.h"

static struct transfer sample(uint8_t legs)
{
    struct transfer t;
    memset(&t, 0, sizeof(t));
    t.position = 0x0102030405060708;
    t.time_ms = 1795478829575;
    t.kind = LT_KIND_FORWARD;
    t.priority = 3;
    t.parcel_bytes = 4711;
    t.digest.bytes[31] = 9;
    t.after.bytes[0] = 1;
    memcpy(t.case_code, "H24.1-0001", 11);
    memcpy(t.procedure, "1.001776", 9);
    memcpy(t.sender_key, "key", 3);
    t.sender_key_size = 3;
    t.legs_count = legs;
    for (uint8_t i = 0; i < legs; i++) {
        t.legs[i] = (struct leg){.agency = 7u + i,
                                 .state = LEG_BACKOFF,
                                 .flags = LEG_FLAG_SENT_ONCE,
                                 .priority = 2,
                                 .failures = 1,
                                 .attempts = 5,
                                 .code = 161,
                                 .due_ms = 10,
                                 .since_ms = 20};
    }
    return t;
}

static void a_transfer_reads_back(void **unused)
{
    (void)unused;
    for (uint8_t legs = 0; legs <= LT_LEGS_MAX; legs++) {
        uint8_t value[RECORD_VALUE_MAX];
        struct transfer t = sample(legs);
        struct transfer back;
        memset(&back, 0, sizeof(back));
        struct lt_bytes bytes = transfer_write(value, &t);
        assert_true(bytes.size > 0);
        assert_true(transfer_read(bytes, &back));
        assert_int_equal(back.position, t.position);
        assert_string_equal(back.case_code, t.case_code);
        assert_string_equal(back.procedure, t.procedure);
        for (uint8_t i = 0; i < legs; i++) {
            assert_int_equal(back.legs[i].agency, t.legs[i].agency);
            assert_int_equal(back.legs[i].state, t.legs[i].state);
            assert_int_equal(back.legs[i].failures, t.legs[i].failures);
            assert_int_equal(back.legs[i].attempts, t.legs[i].attempts);
            assert_int_equal(back.legs[i].since_ms, t.legs[i].since_ms);
        }
        for (size_t cut = 0; cut < bytes.size; cut++) {
            assert_false(transfer_read((struct lt_bytes){bytes.data, cut}, &back));
        }
    }
}

static void due_keys_sort_by_agency_priority_time_position(void **unused)
{
    (void)unused;
    const struct due_key order[] = {
        {.agency = 1, .priority = 4, .due_ms = 500, .position = 9},
        {.agency = 1, .priority = 4, .due_ms = 600, .position = 2},
        {.agency = 1, .priority = 4, .due_ms = 600, .position = 3},
        {.agency = 1, .priority = 4, .due_ms = 600, .position = 3, .leg = 1},
        {.agency = 1, .priority = 0, .due_ms = 1, .position = 1},
        {.agency = 2, .priority = 4, .due_ms = 0, .position = 0},
    };
    for (size_t i = 1; i < sizeof(order) / sizeof(order[0]); i++) {
        uint8_t a[RECORD_KEY_MAX];
        uint8_t b[RECORD_KEY_MAX];
        struct due_key back;
        struct lt_bytes before = due_key_write(a, &order[i - 1]);
        struct lt_bytes after = due_key_write(b, &order[i]);
        assert_true(bytes_compare(before, after) < 0);
        assert_true(due_key_read(after, &back));
        assert_int_equal(back.priority, order[i].priority);
        assert_int_equal(back.position, order[i].position);
    }
}

static void one_case_is_not_the_prefix_of_another(void **unused)
{
    (void)unused;
    uint8_t a[RECORD_KEY_MAX];
    uint8_t b[RECORD_KEY_MAX];
    struct lt_bytes prefix = case_prefix(a, text_bytes("H24.1-1"));
    struct lt_bytes other = case_key(b, text_bytes("H24.1-12"), 1);
    assert_true(other.size < prefix.size || memcmp(prefix.data, other.data, prefix.size) != 0);
    struct lt_bytes same = case_key(b, text_bytes("H24.1-1"), 1);
    assert_memory_equal(prefix.data, same.data, prefix.size);
}

static void heads_and_counts_read_back(void **unused)
{
    (void)unused;
    uint8_t value[RECORD_VALUE_MAX];
    struct held_record held = {.held = 2, .attempt = 513, .time_ms = -7};
    struct held_record held_back;
    assert_true(held_read(held_write(value, &held), &held_back));
    assert_int_equal(held_back.held, 2);
    assert_int_equal(held_back.attempt, 513);
    assert_int_equal(held_back.time_ms, -7);
    struct lane_head head = {.blockers = 1, .behind = 2, .overtakers = 3, .first = 4};
    struct lane_head head_back;
    assert_true(lane_head_read(lane_head_write(value, &head), &head_back));
    assert_int_equal(head_back.overtakers, head.overtakers);
    assert_int_equal(head_back.first, head.first);
    struct counts counts = {.accepted = 1, .taken = 2, .notice_seq = 3, .blob_bytes = 4};
    struct counts counts_back;
    assert_true(counts_read(counts_write(value, &counts), &counts_back));
    assert_int_equal(counts_back.notice_seq, counts.notice_seq);
    assert_int_equal(counts_back.blob_bytes, counts.blob_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transfer_reads_back),
        cmocka_unit_test(due_keys_sort_by_agency_priority_time_position),
        cmocka_unit_test(one_case_is_not_the_prefix_of_another),
        cmocka_unit_test(heads_and_counts_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
