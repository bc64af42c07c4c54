/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A running plan beside an open incident, a closed gate, a declared restore: that receiver's part
 * waits, the others go on, nothing is counted as an error, and `plan show` says why.
 */
#include "plan_test.h"

#include "broker/flow/restored.h"

static int open_wide(void **state)
{
    (void)open_house(state);
    house.flow->settings.plan_second_over = 1000;
    return 0;
}

/* Over everything that is parked, approved where two receivers need it. */
static uint64_t running_at(const char *pace)
{
    uint64_t number = plan_made(&house, ARGS("reason", "đã sửa", "pace", pace));
    if (now_of(&house, number).second) {
        plan_act(&house, APPROVER, "plan-approve", number, LT_OK);
    }
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    return number;
}

static uint64_t running(void)
{
    return running_at("60000");
}

static void gate(const char *gate)
{
    ask_ok(&house, OPERATOR, "agency-gate", ARGS("id", "B", "gate", gate, "reason", "x"));
}

static void incident(enum incident_change change)
{
    uint8_t memory[256];
    uint64_t position;
    struct fact_incident fact = {.number = 1,
                                 .agency = number_b,
                                 .code = LT_RECEIVER_FAULTY,
                                 .change = (uint8_t)change,
                                 .count = 5,
                                 .due_ms = house.world.wall_ms + 3600000};
    assert_int_equal(flow_fact(house.flow, FACT_INCIDENT,
                               fact_write_incident(memory, sizeof(memory), &fact), &position),
                     LT_OK);
    house_settle(&house);
}

static uint32_t count_state(const struct given *given, uint32_t count, enum leg_state state)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        found += leg_of(&house, &given[i], 0).state == state ? 1 : 0;
    }
    return found;
}

/* Long enough for several walks. */
static void long_wait(void)
{
    for (uint32_t i = 0; i < 10; i++) {
        world_advance(&house.world, PLAN_WAIT_MS);
        turns(&house, 20);
    }
}

static void a_paused_receiver_waits_and_the_others_go_on(void **state)
{
    (void)state;
    struct given b[5];
    struct given c[5];
    parked_legs(&house, "B", 5, b);
    parked_legs(&house, "C", 5, c);
    gate("pause");
    uint64_t number = running();
    long_wait();
    assert_int_equal(count_state(b, 5, LEG_PARKED), 5);
    assert_int_equal(count_state(c, 5, LEG_READY), 5);
    assert_state(&house, number, PLAN_RUNNING);
    struct page page = plan_row(&house, number);
    assert_field(&house, &page, 0, "waits", "gate-closed");
    assert_field(&house, &page, 0, "waits_agency", "B");
    assert_field(&house, &page, 0, "passed", "5");
    gate("open");
    long_wait();
    assert_int_equal(count_state(b, 5, LEG_READY), 5);
    assert_state(&house, number, PLAN_DONE);
    page = plan_row(&house, number);
    assert_field(&house, &page, 0, "waits", NULL);
    assert_field(&house, &page, 0, "passed", "10");
}

static void an_incident_waits_and_nothing_counts_as_an_error(void **state)
{
    (void)state;
    struct given b[5];
    struct given alive = accept_now(&house, &(struct wish){.from = "A", .to = {"B"}});
    parked_legs(&house, "B", 5, b);
    incident(INCIDENT_OPENED);
    uint64_t number = running();
    long_wait();
    assert_int_equal(count_state(b, 5, LEG_PARKED), 5);
    assert_int_equal(leg_of(&house, &alive, 0).state, LEG_READY); /* what there is to try with */
    assert_int_equal(now_of(&house, number).passed, 0);
    struct page page = plan_row(&house, number);
    assert_field(&house, &page, 0, "waits", "incident-open");
    assert_field(&house, &page, 0, "waits_agency", "B");
    assert_field(&house, &page, 0, "waits_incident", "1");
    assert_field(&house, &page, 0, "parked_again", "0");
    incident(INCIDENT_CLOSED);
    long_wait();
    assert_int_equal(count_state(b, 5, LEG_READY), 5);
    assert_state(&house, number, PLAN_DONE);
}

/* Nothing of the agency is on its way: without a leg to try with the incident would never end. */
static void one_item_is_the_leg_to_try_with(void **state)
{
    (void)state;
    struct given b[5];
    parked_legs(&house, "B", 5, b);
    incident(INCIDENT_OPENED);
    uint64_t number = running();
    long_wait();
    assert_int_equal(count_state(b, 5, LEG_READY), 1);
    assert_int_equal(leg_of(&house, &b[0], 0).state, LEG_READY); /* in order, too */
    receiver_says(&house, &b[0], LT_OUTCOME_FAILED);
    long_wait();
    assert_int_equal(count_state(b, 5, LEG_READY), 1); /* the next one, and no more */
    assert_int_equal(now_of(&house, number).parked, 1);
    incident(INCIDENT_CLOSED);
    long_wait();
    assert_int_equal(count_state(b, 5, LEG_READY), 4);
    assert_state(&house, number, PLAN_DONE);
}

static void a_declared_restore_comes_first(void **state)
{
    (void)state;
    struct given b[3];
    uint64_t position;
    parked_legs(&house, "B", 3, b);
    uint64_t number = running_at("60");
    house.flow->settings.reconcile_ms = 900000;
    assert_int_equal(restored_declare(house.flow, 0, 0, text_bytes("approver-1"),
                                      text_bytes("hỏng đĩa"), &position),
                     LT_OK);
    uint32_t passed = now_of(&house, number).passed;
    long_wait();
    assert_int_equal(now_of(&house, number).passed, passed);
    struct page page = plan_row(&house, number);
    assert_field(&house, &page, 0, "waits", "restore-open");
    assert_field(&house, &page, 0, "waits_agency", NULL);
    assert_int_equal(
        restored_done(house.flow, text_bytes("approver-1"), text_bytes("xong"), &position), LT_OK);
    long_wait();
    assert_state(&house, number, PLAN_DONE);
    assert_int_equal(count_state(b, 3, LEG_READY), 3);
}

/* What was passed by is not lost by a restart, whatever the state is made from. */
static void a_restart_comes_back_to_what_was_passed_by(void **state)
{
    (void)state;
    struct given b[3];
    struct given c[3];
    for (uint32_t lose = 0; lose <= 1; lose++) {
        parked_legs(&house, "B", 3, b);
        parked_legs(&house, "C", 3, c);
        gate("pause");
        uint64_t number = running();
        long_wait();
        assert_int_equal(count_state(c, 3, LEG_READY), 3);
        house_restart(&house, lose != 0);
        house.flow->settings.plan_second_over = 1000;
        long_wait();
        assert_int_equal(count_state(b, 3, LEG_PARKED), 3);
        assert_state(&house, number, PLAN_RUNNING);
        struct page page = plan_row(&house, number);
        assert_field(&house, &page, 0, "waits", "gate-closed");
        gate("open");
        long_wait();
        assert_int_equal(count_state(b, 3, LEG_READY), 3);
        assert_state(&house, number, PLAN_DONE);
        for (uint32_t i = 0; i < 3; i++) {
            receiver_says(&house, &b[i], LT_OUTCOME_TAKEN);
            receiver_says(&house, &c[i], LT_OUTCOME_TAKEN);
        }
    }
}

/* More items behind the one that waits than a turn looks at. */
static void a_long_walk_takes_turns(void **state)
{
    (void)state;
    struct given b[1];
    parked_legs(&house, "B", 1, b);
    parked_legs(&house, "C", 3 * PLAN_WALK_TURN, NULL);
    gate("pause");
    house.flow->settings.plan_second_over = 100000;
    uint64_t number = running();
    for (uint32_t i = 0; i < 40 && now_of(&house, number).passed < 3 * PLAN_WALK_TURN; i++) {
        long_wait();
    }
    assert_int_equal(now_of(&house, number).passed, 3 * PLAN_WALK_TURN);
    assert_int_equal(leg_of(&house, &b[0], 0).state, LEG_PARKED);
    gate("open");
    long_wait();
    assert_state(&house, number, PLAN_DONE);
    assert_int_equal(leg_of(&house, &b[0], 0).state, LEG_READY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_wide, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_paused_receiver_waits_and_the_others_go_on),
        TEST(an_incident_waits_and_nothing_counts_as_an_error),
        TEST(one_item_is_the_leg_to_try_with),
        TEST(a_declared_restore_comes_first),
        TEST(a_restart_comes_back_to_what_was_passed_by),
        TEST(a_long_walk_takes_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
