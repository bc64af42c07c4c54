/* SPDX-License-Identifier: EUPL-1.2 */
/* The records of plans read back, items sort as they are carried out, the table says what may be.
 */
#include "unit/base/base_test.h"

#include "broker/transfer/plan_record.h"

static void records_read_back(void **unused)
{
    (void)unused;
    uint8_t value[PLAN_VALUE_MAX];
    struct plan plan = {.made_ms = 5, .act = 1, .pace_per_min = 600, .stop_percent = 20};
    memset(plan.person, 'p', PLAN_PERSON_MAX);
    memset(plan.reason, 'r', LT_REASON_MAX);
    memset(plan.selection, 's', PLAN_SELECTION_MAX);
    struct plan plan_back;
    struct lt_bytes bytes = plan_write(value, sizeof(value), &plan);
    assert_true(bytes.size > 0); /* the longest texts there may be */
    assert_true(plan_read(bytes, &plan_back));
    assert_memory_equal(&plan, &plan_back, sizeof(plan));
    assert_false(plan_read(run_of(value, bytes.size - 1), &plan_back));
    struct plan_now now;
    memset(&now, 0, sizeof(now));
    now.state = PLAN_PAUSED;
    now.second = true;
    now.next = (struct plan_key){4, 5, 6};
    now.replayed = 10;
    now.taken = 1;
    now.refused = 2;
    now.parked = 3;
    now.ended = 1;
    memset(now.reason, 'r', LT_REASON_MAX);
    struct plan_now now_back;
    bytes = plan_now_write(value, sizeof(value), &now);
    assert_true(plan_now_read(bytes, &now_back));
    assert_int_equal(now_back.next.position, 5);
    assert_int_equal(now_back.state, PLAN_PAUSED);
    assert_int_equal(plan_outstanding(&now_back), 3);
    assert_false(plan_now_read(run_of(value, bytes.size - 1), &now_back));
}

static void items_sort_by_receiver_and_position(void **unused)
{
    (void)unused;
    static const struct plan_key keys[] = {{0, 9, 0},   {1, 2, 0}, {1, 2, 1},
                                           {1, 256, 0}, {2, 1, 0}, {256, 1, 0}};
    uint8_t before[RECORD_KEY_MAX];
    uint8_t after[RECORD_KEY_MAX];
    struct plan_key back;
    for (size_t i = 1; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct lt_bytes a = plan_item_key(before, 7, &keys[i - 1]);
        struct lt_bytes b = plan_item_key(after, 7, &keys[i]);
        assert_true(a.size == b.size && memcmp(a.data, b.data, a.size) < 0);
        assert_true(plan_item_key_read(b, 7, &back));
        assert_int_equal(back.position, keys[i].position);
        assert_false(plan_item_key_read(b, 8, &back));
    }
}

/* Nothing comes back from an end, and nothing runs that was not frozen. */
static void the_table_says_what_may_be(void **unused)
{
    (void)unused;
    uint32_t moves = 0;
    for (int from = PLAN_NONE; from < PLAN_STATES_END; from++) {
        for (int to = PLAN_NONE; to < PLAN_STATES_END; to++) {
            bool may = plan_may((enum plan_state)from, (enum plan_state)to);
            moves += may ? 1 : 0;
            assert_false(may && !plan_live((enum plan_state)from));
        }
        assert_false(plan_may((enum plan_state)from, PLAN_SELECTING));
        assert_int_equal(plan_may((enum plan_state)from, PLAN_CANCELLED),
                         plan_live((enum plan_state)from));
    }
    assert_false(plan_may(PLAN_SELECTING, PLAN_RUNNING));
    assert_false(plan_may(PLAN_APPROVED, PLAN_DONE));
    assert_int_equal(moves, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_read_back),
        cmocka_unit_test(items_sort_by_receiver_and_position),
        cmocka_unit_test(the_table_says_what_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
