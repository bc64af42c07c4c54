/* SPDX-License-Identifier: EUPL-1.2 */
/* Payloads of the facts of plans: read back whole, cut anywhere refused, items at n and n + 1. */
#include "unit/base/base_test.h"

#include "broker/journal/fact_plan.h"

#define ROOM (FACT_PLAN_ITEMS_MAX * FACT_PLAN_ITEM_BYTES + 64)

static uint8_t memory[ROOM];

static bool reads_plan(struct lt_bytes payload)
{
    struct fact_plan f;
    return fact_read_plan(payload, &f);
}

static bool reads_items(struct lt_bytes payload)
{
    struct fact_plan_items f;
    return fact_read_plan_items(payload, &f);
}

static bool reads_step(struct lt_bytes payload)
{
    struct fact_plan_step f;
    return fact_read_plan_step(payload, &f);
}

static bool reads_state(struct lt_bytes payload)
{
    struct fact_plan_state f;
    return fact_read_plan_state(payload, &f);
}

static void check_shape(struct lt_bytes payload, bool (*reads)(struct lt_bytes payload))
{
    assert_true(payload.size > 0 && payload.size < ROOM);
    assert_true(reads(payload));
    for (size_t size = 0; size < payload.size; size++) {
        uint8_t *exact = malloc(size + 1); /* so that a sanitizer sees a read behind the end */
        assert_non_null(exact);
        memcpy(exact, payload.data, size);
        assert_false(reads(run_of(exact, size)));
        free(exact);
    }
    memory[payload.size] = 0;
    assert_false(reads(run_of(memory, payload.size + 1)));
}

static void plans_read_back(void **unused)
{
    (void)unused;
    struct fact_plan f = {.number = 7,
                          .act = ACT_REPLAY,
                          .to = 9,
                          .pace_per_min = 600,
                          .stop_percent = 100,
                          .person = text_bytes("truc-ban-1"),
                          .reason = text_bytes("đã sửa"),
                          .selection = text_bytes("agency=H24.15")};
    struct fact_plan back;
    check_shape(fact_write_plan(memory, ROOM, &f), reads_plan);
    assert_true(fact_read_plan(fact_write_plan(memory, ROOM, &f), &back));
    assert_int_equal(back.number, 7);
    assert_int_equal(back.pace_per_min, 600);
    assert_bytes(back.selection, "agency=H24.15");
    f.stop_percent = 101;
    assert_false(reads_plan(fact_write_plan(memory, ROOM, &f)));
    f.stop_percent = 0;
    f.pace_per_min = 0;
    assert_false(reads_plan(fact_write_plan(memory, ROOM, &f)));
}

static void items_read_back(void **unused)
{
    (void)unused;
    static struct fact_plan_item items[FACT_PLAN_ITEMS_MAX];
    for (uint32_t i = 0; i < FACT_PLAN_ITEMS_MAX; i++) {
        items[i] = (struct fact_plan_item){.agency = i, .position = 1000000 + i, .leg = i % 16};
    }
    check_shape(fact_write_plan_items(memory, ROOM, 3, 5, items, 2), reads_items);
    struct lt_bytes payload = fact_write_plan_items(memory, ROOM, 3, 5, items, FACT_PLAN_ITEMS_MAX);
    struct fact_plan_items back;
    assert_true(fact_read_plan_items(payload, &back));
    assert_int_equal(back.count, FACT_PLAN_ITEMS_MAX);
    assert_int_equal(back.first, 5);
    struct fact_plan_item last = fact_plan_item_at(&back, FACT_PLAN_ITEMS_MAX - 1);
    assert_int_equal(last.position, 1000000 + FACT_PLAN_ITEMS_MAX - 1);
    assert_int_equal(last.agency, FACT_PLAN_ITEMS_MAX - 1);
    /* One more than may be, and none. */
    static uint8_t longer[ROOM + FACT_PLAN_ITEM_BYTES];
    memcpy(longer, payload.data, payload.size);
    longer[14] = (FACT_PLAN_ITEMS_MAX + 1) >> 8;
    longer[15] = (FACT_PLAN_ITEMS_MAX + 1) & 0xff;
    assert_false(reads_items(run_of(longer, payload.size + FACT_PLAN_ITEM_BYTES)));
    longer[14] = 0;
    longer[15] = 0;
    assert_false(reads_items(run_of(longer, 16)));
}

static void steps_and_states_read_back(void **unused)
{
    (void)unused;
    struct fact_plan_step step = {
        .number = 7, .index = 12, .item = {3, 99, 2}, .done = true, .state = 1, .code = 133};
    check_shape(fact_write_plan_step(memory, ROOM, &step), reads_step);
    struct fact_plan_step step_back;
    assert_true(fact_read_plan_step(fact_write_plan_step(memory, ROOM, &step), &step_back));
    assert_int_equal(step_back.item.position, 99);
    assert_true(step_back.done);
    struct fact_plan_state state = {.number = 7,
                                    .state = 2,
                                    .second = true,
                                    .agencies = 4,
                                    .left_out = 1,
                                    .code = 5,
                                    .person = text_bytes("a"),
                                    .reason = text_bytes("b")};
    state.digest.bytes[31] = 9;
    check_shape(fact_write_plan_state(memory, ROOM, &state), reads_state);
    struct fact_plan_state state_back;
    assert_true(fact_read_plan_state(fact_write_plan_state(memory, ROOM, &state), &state_back));
    assert_int_equal(state_back.digest.bytes[31], 9);
    assert_int_equal(state_back.agencies, 4);
    assert_true(state_back.second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_read_back),
        cmocka_unit_test(items_read_back),
        cmocka_unit_test(steps_and_states_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
