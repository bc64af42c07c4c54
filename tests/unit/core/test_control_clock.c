/* SPDX-License-Identifier: EUPL-1.2 */
/* A broker whose wall clock jumps: told, confirmed by a person, retries neither hurried nor held.
 */
#include "house_test.h"

#define HOUR_MS (3600LL * 1000)
#define DAY_MS  (24 * HOUR_MS)

static struct house house;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static void jump(int64_t ms)
{
    world_step_wall(&house.world, ms);
    house_settle(&house);
}

static void a_jump_shows_and_agreement_ends_it(void **state)
{
    (void)state;
    struct page page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "clock", "ok");
    jump(DAY_MS);
    page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "clock", "suspect");
    assert_field(&house, &page, 0, "drift_ms", "86400000");
    assert_field(&house, &page, 0, "intake", "ok");
    jump(-DAY_MS);
    page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "clock", "ok");
}

static void transfers_flow_and_times_hold(void **state)
{
    (void)state;
    int64_t before = house.flow->now_ms;
    jump(DAY_MS);
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    struct leg leg = leg_of(&house, &given, 0);
    assert_int_equal(leg.state, LEG_READY);
    assert_true(leg.since_ms - before < HOUR_MS);
    jump(-DAY_MS - HOUR_MS);
    assert_true(house.flow->clock_suspect);
    assert_true(house.flow->now_ms >= leg.since_ms);
}

static void a_person_confirms(void **state)
{
    (void)state;
    struct page page = ask_ok(&house, OPERATOR, "clock-confirm", ARGS("reason", "đã kiểm tra"));
    assert_field(&house, &page, 0, "change", "same");
    jump(DAY_MS);
    ask_code(&house, OPERATOR, "clock-confirm", ARGS(), LT_FIELD_MISSING);
    ask_code(&house, VIEWER, "clock-confirm", ARGS("reason", "x"), LT_NOT_PERMITTED);
    page = ask_ok(&house, OPERATOR, "clock-confirm", ARGS("reason", "máy ảo đã dừng một ngày"));
    assert_field(&house, &page, 0, "change", "changed");
    house_settle(&house);
    assert_false(house.flow->clock_suspect);
    assert_true(house.flow->now_ms == house.world.wall_ms);
    page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "clock", "ok");
}

static void a_restart_before_the_journals_time_is_suspect(void **state)
{
    (void)state;
    house_settle(&house);
    int64_t last = journal_time_ms(house.flow->journal);
    broker_close(&house.broker);
    world_step_wall(&house.world, -DAY_MS);
    house_open_broker(&house);
    house_settle(&house);
    assert_true(house.flow->clock_suspect);
    assert_true(house.flow->now_ms >= last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_jump_shows_and_agreement_ends_it, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(transfers_flow_and_times_hold, open_house, close_house),
        cmocka_unit_test_setup_teardown(a_person_confirms, open_house, close_house),
        cmocka_unit_test_setup_teardown(a_restart_before_the_journals_time_is_suspect, open_house,
                                        close_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
