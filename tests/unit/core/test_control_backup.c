/* SPDX-License-Identifier: EUPL-1.2 */
/* The mark of a backup: only forward, only what is durable, told to agencies, kept over a restart.
 */
#include "house_test.h"

static struct house house;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    add_agency(&house, "A", 1);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static struct page mark(uint64_t position, enum lt_status code)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)position);
    return ask_code(&house, OPERATOR, "backup-mark", ARGS("position", number), code);
}

static void a_mark_goes_forward_only(void **state)
{
    (void)state;
    house_settle(&house);
    uint64_t durable = house.flow->durable;
    assert_true(durable > 1);
    mark(durable + 5, LT_FIELD_BAD);
    assert_int_equal(house.flow->backed_up_to, 0);
    struct page page = mark(durable - 1, LT_OK);
    assert_field(&house, &page, 0, "change", "changed");
    page = mark(durable, LT_OK);
    assert_field(&house, &page, 0, "change", "changed");
    assert_int_equal(house.flow->backed_up_to, durable);
    page = mark(durable - 1, LT_OK);
    assert_field(&house, &page, 0, "change", "same");
    assert_int_equal(house.flow->backed_up_to, durable);
    ask_code(&house, OPERATOR, "backup-mark", ARGS(), LT_FIELD_MISSING);
    ask_code(&house, VIEWER, "backup-mark", ARGS("position", "1"), LT_NOT_PERMITTED);
}

static void a_mark_outlives_a_restart(void **state)
{
    (void)state;
    house_settle(&house);
    uint64_t durable = house.flow->durable;
    mark(durable, LT_OK);
    house_settle(&house);
    broker_close(&house.broker);
    house_open_broker(&house);
    assert_int_equal(house.flow->backed_up_to, durable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mark_goes_forward_only, open_house, close_house),
        cmocka_unit_test_setup_teardown(a_mark_outlives_a_restart, open_house, close_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
