/* SPDX-License-Identifier: EUPL-1.2 */
/* What waits for a second person: the list, agreeing and refusing by number, what ends a wish. */
#include "plan_test.h"

/* Sent once to a receiver that is away: nobody can say what became of it. */
static struct given unknown(const char *case_code)
{
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = case_code});
    say_sent(&house, &given, 0);
    return given;
}

static void wished(const char *verb, const struct given *given, const char *to)
{
    ask_code(&house, OPERATOR, verb,
             ARGS("id", given->id_text, "reason", "đơn vị ngừng hoạt động", "to", to),
             LT_SECOND_PERSON);
}

static void cancel_wished(const struct given *given)
{
    ask_code(&house, OPERATOR, "cancel",
             ARGS("id", given->id_text, "reason", "đơn vị ngừng hoạt động"), LT_SECOND_PERSON);
}

static struct page pending(void)
{
    return ask_ok(&house, VIEWER, "pending", ARGS());
}

static void assert_pending(const char *count)
{
    struct page page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "pending", count);
}

static void the_list_says_who_asked_for_what(void **state)
{
    (void)state;
    assert_int_equal(pending().count, 0);
    assert_pending("0");
    struct given first = unknown("H-1");
    struct given second = unknown("H-2");
    int64_t before_ms = house.flow->now_ms;
    cancel_wished(&first);
    wished("reroute", &second, "C");
    struct page page = pending();
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "what", "act");
    assert_field(&house, &page, 0, "number", "1");
    assert_field(&house, &page, 0, "state", "waits-second");
    assert_field(&house, &page, 0, "act", "cancel");
    assert_field(&house, &page, 0, "person", "operator-1");
    assert_field(&house, &page, 0, "reason", "đơn vị ngừng hoạt động");
    assert_field(&house, &page, 0, "id", first.id_text);
    assert_field(&house, &page, 0, "case", "H-1");
    assert_field(&house, &page, 0, "leg", "0");
    assert_field(&house, &page, 0, "to", "B");
    assert_field(&house, &page, 0, "new", NULL);
    int64_t since_ms = atoll(field(&house, &page, 0, "since_ms"));
    assert_in_range(since_ms, before_ms, house.flow->now_ms);
    assert_int_equal(atoll(field(&house, &page, 0, "until_ms")), since_ms + ACT_WISH_KEEP_MS);
    assert_field(&house, &page, 1, "number", "2");
    assert_field(&house, &page, 1, "act", "reroute");
    assert_field(&house, &page, 1, "new", "C");
    assert_pending("2");
    page = ask_page(&house, VIEWER, "pending", ARGS(), 1, (struct lt_bytes){NULL, 0});
    assert_int_equal(page.count, 1); /* a page each */
    page = ask_page(&house, VIEWER, "pending", ARGS(), 1, page.cursor);
    assert_field(&house, &page, 0, "number", "2");
}

static void another_person_agrees_from_the_list(void **state)
{
    (void)state;
    struct given first = unknown("H-1");
    struct given second = unknown("H-2");
    cancel_wished(&first);
    wished("reroute", &second, "C");
    ask_code(&house, OPERATOR, "pending-approve", ARGS("number", "1"), LT_NOT_PERMITTED);
    struct page page =
        ask_ok(&house, APPROVER, "pending-approve", ARGS("number", "1", "dry_run", "1"));
    assert_field(&house, &page, 0, "result", "needs-second");
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_SENT);
    page = ask_ok(&house, APPROVER, "pending-approve", ARGS("number", "1"));
    assert_field(&house, &page, 0, "result", "cancelled");
    assert_field(&house, &page, 0, "second", "approver-1");
    assert_field(&house, &page, 0, "risk", "1");
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_CANCELLED);
    ask_ok(&house, APPROVER, "pending-approve", ARGS("number", "2"));
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_CANCELLED);
    assert_int_equal(leg_of(&house, &second, 1).state, LEG_READY);
    assert_pending("0");
    ask_code(&house, APPROVER, "pending-approve", ARGS("number", "1"), LT_NOT_FOUND);
    ask_code(&house, APPROVER, "pending-approve", ARGS("number", "7"), LT_NOT_FOUND);
    ask_code(&house, APPROVER, "pending-approve", ARGS(), LT_FIELD_MISSING);
    /* The reason that stands is the first one's. */
    page = ask_ok(&house, VIEWER, "show", ARGS("id", first.id_text));
    assert_field(&house, &page, page.count - 1, "reason", "đơn vị ngừng hoạt động");
    assert_field(&house, &page, page.count - 1, "person", "operator-1");
    assert_field(&house, &page, page.count - 1, "second", "approver-1");
}

static void nobody_agrees_with_himself(void **state)
{
    (void)state;
    struct given given = unknown("H-1");
    ask_code(&house, APPROVER, "cancel", ARGS("id", given.id_text, "reason", "x"),
             LT_SECOND_PERSON);
    ask_code(&house, APPROVER, "pending-approve", ARGS("number", "1"), LT_SECOND_PERSON);
    ask_ok(&house, REGISTRAR, "pending-approve", ARGS("number", "1"));
}

/* The rules are asked again: an answer wins, and what has changed is not what was asked for. */
static void an_answer_wins_over_any_number_of_people(void **state)
{
    (void)state;
    struct given given = unknown("H-1");
    cancel_wished(&given);
    answered(&given, LT_HELD_YES);
    ask_code(&house, APPROVER, "pending-approve", ARGS("number", "1"), LT_RECEIVER_HOLDS);
    say(&house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    ask_code(&house, APPROVER, "pending-approve", ARGS("number", "1"), LT_LEG_STATE);
}

static void what_is_refused_stays_for_its_hour_and_cannot_be_agreed_to(void **state)
{
    (void)state;
    struct given given = unknown("H-1");
    cancel_wished(&given);
    ask_code(&house, APPROVER, "pending-refuse", ARGS("number", "1"), LT_FIELD_MISSING);
    ask_ok(&house, APPROVER, "pending-refuse", ARGS("number", "1", "reason", "chờ Sở trả lời"));
    struct page page = pending();
    assert_field(&house, &page, 0, "state", "refused-here");
    assert_field(&house, &page, 0, "refused_by", "approver-1");
    assert_field(&house, &page, 0, "refused_why", "chờ Sở trả lời");
    assert_pending("0");
    ask_code(&house, REGISTRAR, "pending-approve", ARGS("number", "1"), LT_NOT_FOUND);
    ask_code(&house, REGISTRAR, "pending-refuse", ARGS("number", "1", "reason", "x"), LT_NOT_FOUND);
    ask_code(&house, APPROVER, "cancel", ARGS("id", given.id_text, "reason", "x", "second", "1"),
             LT_NOT_FOUND);
    cancel_wished(&given); /* asked again: a new number */
    page = pending();
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "number", "2");
    assert_field(&house, &page, 0, "state", "waits-second");
    /* One's own may be taken back without any other role. */
    ask_ok(&house, OPERATOR, "pending-refuse", ARGS("number", "2", "reason", "nhầm"));
    assert_pending("0");
}

static void somebody_elses_is_refused_by_an_approver_only(void **state)
{
    (void)state;
    struct given given = unknown("H-1");
    ask_code(&house, APPROVER, "cancel", ARGS("id", given.id_text, "reason", "x"),
             LT_SECOND_PERSON);
    ask_code(&house, OPERATOR, "pending-refuse", ARGS("number", "1", "reason", "x"),
             LT_NOT_PERMITTED);
}

/* And it is as if nobody had asked. */
static void an_hour_ends_it(void **state)
{
    (void)state;
    struct given given = unknown("H-1");
    cancel_wished(&given);
    world_advance(&house.world, ACT_WISH_KEEP_MS - 1000);
    house_turn(&house);
    assert_int_equal(pending().count, 1);
    world_advance(&house.world, 1000);
    house_turn(&house);
    assert_int_equal(pending().count, 0);
    ask_code(&house, APPROVER, "pending-approve", ARGS("number", "1"), LT_NOT_FOUND);
}

/* Those that one person may not run stand in the same list; plan-approve is how they are agreed to.
 */
static void frozen_plans_wait_in_the_same_list(void **state)
{
    (void)state;
    house.flow->settings.plan_second_over = 2;
    parked_legs(&house, "B", 3, NULL);
    uint64_t number = plan_made(&house, ARGS("reason", "đã sửa"));
    struct page page = pending();
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "what", "plan");
    assert_field(&house, &page, 0, "number", "1");
    assert_field(&house, &page, 0, "act", "replay");
    assert_field(&house, &page, 0, "items", "3");
    assert_field(&house, &page, 0, "person", "operator-1");
    assert_pending("1");
    plan_act(&house, APPROVER, "plan-approve", number, LT_OK);
    assert_int_equal(pending().count, 0);
    assert_pending("0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_list_says_who_asked_for_what),
        TEST(another_person_agrees_from_the_list),
        TEST(nobody_agrees_with_himself),
        TEST(an_answer_wins_over_any_number_of_people),
        TEST(what_is_refused_stays_for_its_hour_and_cannot_be_agreed_to),
        TEST(somebody_elses_is_refused_by_an_approver_only),
        TEST(an_hour_ends_it),
        TEST(frozen_plans_wait_in_the_same_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
