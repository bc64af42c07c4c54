/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A dissolved agency: its successor from a date on, and the plan that takes every open leg there.
 * B is dissolved, C its successor.
 */
#include "plan_test.h"

#include "broker/flow/lane.h"

static void hand_over(int64_t from_ms)
{
    struct agency agency = *registry_by_id(house.flow->registry, text_bytes("B"));
    snprintf(agency.successor, sizeof(agency.successor), "C");
    agency.successor_from_ms = from_ms;
    assert_int_equal(agency_put(&house, &agency, false).code, LT_OK);
    house_settle(&house);
}

static void gate(const char *gate)
{
    ask_ok(&house, OPERATOR, "agency-gate", ARGS("id", "B", "gate", gate, "reason", "sáp nhập"));
}

static struct given to_b(const char *case_code)
{
    return accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = case_code});
}

static uint64_t made(void)
{
    return plan_made(&house,
                     ARGS("act", "redirect", "agency", "B", "reason", "sáp nhập", "pace", "60000"));
}

static void until_done(uint64_t number)
{
    for (int i = 0; i < 200000 && now_of(&house, number).state == PLAN_RUNNING; i++) {
        house_turn(&house);
    }
    house_settle(&house);
    assert_state(&house, number, PLAN_DONE);
}

/* Made, approved where it must be, run to its end. */
static uint64_t redirected(void)
{
    uint64_t number = made();
    if (now_of(&house, number).second) {
        plan_act(&house, APPROVER, "plan-approve", number, LT_OK);
    }
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    until_done(number);
    return number;
}

static uint8_t legs_of(const struct given *given)
{
    struct transfer_key key;
    struct transfer t;
    assert_int_equal(transfer_at(house.flow, given->position, &key, &t), LT_OK);
    return t.legs_count;
}

static void assert_moved(const struct given *given, enum leg_state next)
{
    assert_int_equal(legs_of(given), 2);
    assert_int_equal(leg_of(&house, given, 0).state, LEG_CANCELLED);
    assert_int_equal(leg_of(&house, given, 1).agency, number_c);
    assert_int_equal(leg_of(&house, given, 1).state, next);
}

static void assert_sums(void)
{
    struct page page = ask_ok(&house, VIEWER, "conservation", ARGS());
    assert_field(&house, &page, page.count - 1, "difference", "0");
}

/* ---- the successor in the registry ------------------------------------------------------------
 */

static void new_ones_follow_from_the_day_on(void **state)
{
    (void)state;
    hand_over(house.world.wall_ms + 60000);
    struct given before = to_b("H-1");
    assert_int_equal(leg_of(&house, &before, 0).agency, number_b);
    world_advance(&house.world, 60001);
    house_turn(&house);
    struct given after = to_b("H-2");
    assert_int_equal(leg_of(&house, &after, 0).agency, number_c);
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", after.id_text));
    assert_field(&house, &page, 0, "addressed", "B"); /* as its sender wrote it */
    assert_field(&house, &page, 1, "to", "C");
    page = ask_ok(&house, VIEWER, "show", ARGS("id", before.id_text));
    assert_field(&house, &page, 0, "addressed", NULL);
    page = ask_ok(&house, VIEWER, "agencies", ARGS("id", "B"));
    assert_field(&house, &page, 0, "successor", "C");
    assert_true(atoll(field(&house, &page, 0, "successor_from_ms")) > 0);
}

/* While a case has something at the old agency, what comes now goes behind it: never past it. */
static void a_case_stays_together(void **state)
{
    (void)state;
    struct given first = to_b("H-1");
    hand_over(0);
    struct given second = to_b("H-1");
    struct given other = to_b("H-2");
    assert_int_equal(leg_of(&house, &second, 0).agency, number_b);
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_BEHIND);
    assert_int_equal(leg_of(&house, &other, 0).agency, number_c);
    gate("pause");
    uint64_t number = redirected();
    assert_int_equal(now_of(&house, number).items, 2);
    assert_moved(&first, LEG_READY);
    assert_moved(&second, LEG_BEHIND);
    struct given third = to_b("H-1"); /* nothing is left there */
    assert_int_equal(leg_of(&house, &third, 0).agency, number_c);
    assert_int_equal(leg_of(&house, &third, 0).state, LEG_BEHIND);
    assert_sums();
}

/* What was routed by competence follows like what was addressed, and stays together like it. */
static void routes_follow_too(void **state)
{
    (void)state;
    route_put(&house, "route-put", "1.001", "", "B", false);
    struct wish wish = {.from = "A", .case_code = "H-1", .procedure = "1.001"};
    struct given first = accept_now(&house, &wish);
    assert_int_equal(leg_of(&house, &first, 0).agency, number_b);
    hand_over(0);
    struct given second = accept_now(&house, &wish);
    assert_int_equal(leg_of(&house, &second, 0).agency, number_b);
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_BEHIND);
    wish.case_code = "H-2";
    struct given other = accept_now(&house, &wish);
    assert_int_equal(leg_of(&house, &other, 0).agency, number_c);
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", other.id_text));
    assert_field(&house, &page, 0, "addressed", NULL); /* nobody was named */
}

/* Who is named beside the successor gets it at once, and once. */
static void both_named_is_the_successors(void **state)
{
    (void)state;
    struct given first = to_b("H-1");
    hand_over(0);
    struct given both =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    assert_int_equal(legs_of(&both), 1);
    assert_int_equal(leg_of(&house, &both, 0).agency, number_c);
    assert_int_equal(leg_of(&house, &both, 0).state, LEG_READY);
    assert_int_equal(leg_of(&house, &first, 0).agency, number_b);
}

/* ---- making one --------------------------------------------------------------------------------
 */

static void it_needs_a_successor_in_force(void **state)
{
    (void)state;
    to_b("H-1");
    const char *const *args = ARGS("act", "redirect", "agency", "B", "reason", "x");
    ask_code(&house, OPERATOR, "plan-make", args, LT_NO_SUCCESSOR);
    hand_over(house.world.wall_ms + 60000);
    ask_code(&house, OPERATOR, "plan-make", args, LT_NO_SUCCESSOR);
    world_advance(&house.world, 60001);
    house_turn(&house);
    ask_code(&house, OPERATOR, "plan-make",
             ARGS("act", "redirect", "agency", "B", "reason", "x", "to", "A"), LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "plan-make",
             ARGS("act", "redirect", "agency", "B", "reason", "x", "code", "damaged"),
             LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "plan-make", ARGS("act", "redirect", "reason", "x"),
             LT_FIELD_MISSING);
    ask_code(&house, OPERATOR, "plan-make", ARGS("act", "hold", "agency", "B", "reason", "x"),
             LT_FIELD_BAD);
    ask_code(&house, VIEWER, "plan-make", args, LT_NOT_PERMITTED);
    ask_ok(&house, OPERATOR, "plan-make",
           ARGS("act", "redirect", "agency", "B", "reason", "x", "to", "C"));
}

static void the_old_agency_is_closed_first(void **state)
{
    (void)state;
    struct given given = to_b("H-1");
    hand_over(0);
    uint64_t number = made();
    plan_act(&house, OPERATOR, "plan-run", number, LT_AGENCY_OPEN);
    gate("pause");
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    until_done(number);
    assert_moved(&given, LEG_READY);
}

static void a_gate_that_opens_in_the_middle_is_waited_for(void **state)
{
    (void)state;
    struct given given[3];
    for (int i = 0; i < 3; i++) {
        char code[8];
        snprintf(code, sizeof(code), "H-%d", i);
        given[i] = to_b(code);
    }
    hand_over(0);
    gate("pause");
    uint64_t number =
        plan_made(&house, ARGS("act", "redirect", "agency", "B", "reason", "x", "pace", "60"));
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    while (now_of(&house, number).passed < 1) {
        house_turn(&house);
    }
    gate("open");
    for (int i = 0; i < 10; i++) {
        world_advance(&house.world, PLAN_WAIT_MS);
        turns(&house, 5);
    }
    assert_int_equal(leg_of(&house, &given[2], 0).state, LEG_READY);
    struct page page = plan_row(&house, number);
    assert_field(&house, &page, 0, "waits", "agency-open");
    assert_field(&house, &page, 0, "waits_agency", "B");
    assert_field(&house, &page, 0, "act", "redirect");
    assert_field(&house, &page, 0, "to", "C");
    gate("pause");
    until_done(number);
    assert_moved(&given[2], LEG_READY);
}

static void a_large_one_and_one_with_unknown_outcomes_need_a_second_person(void **state)
{
    (void)state;
    house.flow->settings.plan_second_over = 2;
    hand_over(0);
    gate("pause");
    struct given given[3];
    hand_over(INT64_MAX / 2);
    for (int i = 0; i < 3; i++) {
        char code[8];
        snprintf(code, sizeof(code), "H-%d", i);
        given[i] = to_b(code);
    }
    hand_over(0);
    assert_true(now_of(&house, made()).second);
    plan_act(&house, OPERATOR, "plan-cancel", 1, LT_OK);
    house.flow->settings.plan_second_over = 3;
    assert_false(now_of(&house, made()).second);
    plan_act(&house, OPERATOR, "plan-cancel", 2, LT_OK);
    say_sent(&house, &given[1], 0);
    uint64_t number = made();
    assert_true(now_of(&house, number).second);
    plan_act(&house, OPERATOR, "plan-run", number, LT_SECOND_PERSON);
    plan_act(&house, OPERATOR, "plan-approve", number, LT_NOT_PERMITTED);
}

/* ---- carrying it out ---------------------------------------------------------------------------
 */

/* Every open state goes; what has ended stays ended. */
static void every_open_leg_moves(void **state)
{
    (void)state;
    struct given ready = to_b("H-1");
    struct given behind = to_b("H-1");
    struct given held = to_b("H-2");
    struct given parked = parked_leg(&house, "B", "H-3", LT_RECEIVER_NEVER);
    struct given sent = to_b("H-4");
    struct given backoff = to_b("H-5");
    struct given taken = to_b("H-6");
    ask_ok(&house, OPERATOR, "hold", ARGS("id", held.id_text, "reason", "x"));
    say_sent(&house, &sent, 0);
    say_sent(&house, &backoff, 0);
    say(&house, &backoff, 0, LT_OUTCOME_LATER, LT_RECEIVER_UNREACHABLE, LEG_BACKOFF, "");
    say_sent(&house, &taken, 0);
    say(&house, &taken, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    answered(&parked, LT_HELD_NO);
    answered(&sent, LT_HELD_NO);
    answered(&backoff, LT_HELD_NO);
    hand_over(0);
    gate("pause");
    uint64_t number = redirected();
    struct plan_now now = now_of(&house, number);
    assert_int_equal(now.items, 6);
    assert_int_equal(now.replayed, 6);
    assert_moved(&ready, LEG_READY);
    assert_moved(&behind, LEG_BEHIND);
    assert_moved(&held, LEG_HELD); /* by a person, and still */
    assert_moved(&parked, LEG_READY);
    assert_moved(&sent, LEG_READY);
    assert_moved(&backoff, LEG_READY);
    assert_int_equal(legs_of(&taken), 1);
    assert_int_equal(report(number, "moved").count, 6);
    assert_sums();
    /* Both agencies stand in the timeline, with the person and the plan. */
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", ready.id_text));
    bool told = false;
    for (uint32_t i = 0; i < page.count; i++) {
        const char *event = field(&house, &page, i, "event");
        if (event != NULL && strcmp(event, "rerouted") == 0) {
            told = true;
            assert_field(&house, &page, i, "agency", "B");
            assert_field(&house, &page, i, "to", "C");
            assert_field(&house, &page, i, "person", "operator-1");
            assert_field(&house, &page, i, "reason", "kế hoạch 1: sáp nhập");
            assert_field(&house, &page, i, "risk", NULL);
        }
    }
    assert_true(told);
}

static void outcomes_at_the_successor_come_to_their_items(void **state)
{
    (void)state;
    struct given given[3];
    for (int i = 0; i < 3; i++) {
        char code[8];
        snprintf(code, sizeof(code), "H-%d", i);
        given[i] = to_b(code);
    }
    hand_over(0);
    gate("pause");
    uint64_t number = redirected();
    struct plan_now now = now_of(&house, number);
    assert_int_equal(plan_outstanding(&now), 3);
    say_sent(&house, &given[0], 1);
    say(&house, &given[0], 1, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    say_sent(&house, &given[1], 1);
    say(&house, &given[1], 1, LT_OUTCOME_FAILED, LT_RECEIVER_NEVER, LEG_PARKED, "");
    now = now_of(&house, number);
    assert_int_equal(now.taken, 1);
    assert_int_equal(now.parked, 1);
    assert_int_equal(plan_outstanding(&now), 1);
    assert_int_equal(report(number, "taken").count, 1);
    assert_int_equal(report(number, "parked-again").count, 1);
    assert_int_equal(report(number, "moved").count, 1);
    /* What parked there is free for a replay. */
    ask_ok(&house, OPERATOR, "replay", ARGS("id", given[1].id_text, "reason", "x"));
}

static void what_the_old_one_holds_stays_and_what_is_behind_goes(void **state)
{
    (void)state;
    struct given first = to_b("H-1");
    struct given second = to_b("H-1");
    say_sent(&house, &first, 0);
    answered(&first, LT_HELD_YES);
    hand_over(0);
    gate("pause");
    uint64_t number = redirected();
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_SENT);
    assert_moved(&second, LEG_READY); /* the first one has arrived, so the order is kept */
    struct page page = report(number, "passed-over");
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "code", "receiver-holds");
    struct given third = to_b("H-1");
    assert_int_equal(leg_of(&house, &third, 0).agency, number_c);
}

/* Sent after the plan was frozen, so that nobody agreed to the risk: it stays, and its lane too. */
static void without_a_second_person_the_unknown_stays(void **state)
{
    (void)state;
    struct given first = to_b("H-1");
    struct given second = to_b("H-1");
    hand_over(0);
    uint64_t number = made();
    say_sent(&house, &first, 0);
    gate("pause");
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    until_done(number);
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_SENT);
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_BEHIND);
    struct page page = report(number, "passed-over");
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "code", "second-person");
    assert_field(&house, &page, 1, "code", "lane-left");
}

static void a_second_person_takes_the_risk_and_it_is_written_down(void **state)
{
    (void)state;
    struct given first = to_b("H-1");
    struct given second = to_b("H-1");
    say_sent(&house, &first, 0);
    hand_over(0);
    gate("pause");
    redirected();
    assert_moved(&first, LEG_READY);
    assert_moved(&second, LEG_BEHIND);
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", first.id_text));
    bool told = false;
    for (uint32_t i = 0; i < page.count; i++) {
        const char *event = field(&house, &page, i, "event");
        if (event != NULL && strcmp(event, "rerouted") == 0) {
            told = true;
            assert_field(&house, &page, i, "second", "approver-1");
            assert_field(&house, &page, i, "risk", "1");
        }
    }
    assert_true(told);
    /* The old one had it after all: its own leg is corrected, both statements stay. */
    say(&house, &first, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_TAKEN);
    assert_int_equal(leg_of(&house, &first, 1).state, LEG_READY);
    assert_sums();
}

/* It went to both: the successor gets it once. */
static void what_the_successor_has_is_not_given_twice(void **state)
{
    (void)state;
    struct given both =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    struct given gone =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-2"});
    say_sent(&house, &gone, 1);
    say(&house, &gone, 1, LT_OUTCOME_REFUSED, LT_INELIGIBLE, LEG_REFUSED, "");
    hand_over(0);
    gate("pause");
    uint64_t number = redirected();
    assert_int_equal(legs_of(&both), 2);
    assert_int_equal(leg_of(&house, &both, 0).state, LEG_CANCELLED);
    assert_int_equal(leg_of(&house, &both, 1).state, LEG_READY);
    assert_int_equal(leg_of(&house, &gone, 0).state, LEG_READY); /* for a person to say */
    assert_int_equal(report(number, "joined").count, 1);
    struct page page = report(number, "passed-over");
    assert_field(&house, &page, 0, "code", "exists");
    assert_int_equal(now_of(&house, number).ended, 1);
}

static void an_incident_of_the_old_one_ends_with_its_last_leg(void **state)
{
    (void)state;
    uint8_t memory[256];
    uint64_t position;
    to_b("H-1");
    struct fact_incident fact = {.number = 1,
                                 .agency = number_b,
                                 .code = LT_RECEIVER_UNREACHABLE,
                                 .change = INCIDENT_OPENED,
                                 .count = 5,
                                 .due_ms = house.world.wall_ms + 3600000};
    assert_int_equal(flow_fact(house.flow, FACT_INCIDENT,
                               fact_write_incident(memory, sizeof(memory), &fact), &position),
                     LT_OK);
    hand_over(0);
    gate("pause");
    world_advance(&house.world, 60000);
    turns(&house, 5);
    assert_int_equal(desk_of(&house.flow->desks, number_b)->incident, 1);
    redirected();
    world_advance(&house.world, 60000);
    turns(&house, 5);
    assert_int_equal(desk_of(&house.flow->desks, number_b)->incident, 0);
}

/* ---- restarts ----------------------------------------------------------------------------------
 */

static void a_restart_in_the_middle_loses_none_and_doubles_none(void **state)
{
    (void)state;
    struct given given[24];
    for (uint32_t lose = 0; lose <= 1; lose++) {
        hand_over(INT64_MAX / 2);
        for (int i = 0; i < 24; i++) {
            char code[16];
            snprintf(code, sizeof(code), "H-%u-%d", lose, i / 3);
            given[i] = to_b(code);
        }
        hand_over(0);
        gate("pause");
        uint64_t number =
            plan_made(&house, ARGS("act", "redirect", "agency", "B", "reason", "x", "pace", "600"));
        plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
        while (now_of(&house, number).passed < 7) {
            house_turn(&house);
        }
        house_restart(&house, lose != 0);
        assert_state(&house, number, PLAN_RUNNING);
        until_done(number);
        for (int i = 0; i < 24; i++) {
            assert_moved(&given[i], i % 3 == 0 ? LEG_READY : LEG_BEHIND);
        }
        struct plan_now now = now_of(&house, number);
        assert_int_equal(now.replayed, 24);
        assert_int_equal(plan_outstanding(&now), 24);
        say_sent(&house, &given[0], 1);
        say(&house, &given[0], 1, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
        assert_int_equal(leg_of(&house, &given[1], 1).state, LEG_READY); /* the next of its case */
        assert_int_equal(now_of(&house, number).taken, 1);
        assert_sums();
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_ones_follow_from_the_day_on),
        TEST(a_case_stays_together),
        TEST(routes_follow_too),
        TEST(both_named_is_the_successors),
        TEST(it_needs_a_successor_in_force),
        TEST(the_old_agency_is_closed_first),
        TEST(a_gate_that_opens_in_the_middle_is_waited_for),
        TEST(a_large_one_and_one_with_unknown_outcomes_need_a_second_person),
        TEST(every_open_leg_moves),
        TEST(outcomes_at_the_successor_come_to_their_items),
        TEST(what_the_old_one_holds_stays_and_what_is_behind_goes),
        TEST(without_a_second_person_the_unknown_stays),
        TEST(a_second_person_takes_the_risk_and_it_is_written_down),
        TEST(what_the_successor_has_is_not_given_twice),
        TEST(an_incident_of_the_old_one_ends_with_its_last_leg),
        TEST(a_restart_in_the_middle_loses_none_and_doubles_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
