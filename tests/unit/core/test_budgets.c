/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two budgets: what is the agency's fault costs time, what is the transfer's costs attempts; and
 * what a receiver decided late supersedes what time alone had said (R1, R2).
 */
#include "receiver_test.h"

#define HOUR_MS 3600000LL

static struct house house;
static struct receiver receiver;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    memset(&receiver, 0, sizeof(receiver));
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    receiver_connect(&house, &receiver, 2, 4);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static struct given one(const char *case_code, enum lt_kind kind)
{
    return accept_now(
        &house, &(struct wish){.from = "A", .to = {"B"}, .case_code = case_code, .kind = kind});
}

static void answers(enum lt_outcome outcome, uint32_t code)
{
    receiver.answer = (struct settlement){.outcome = outcome, .code = code};
}

/* Six hours of the same answer; how the leg stands then. */
static struct leg hours_of(enum lt_outcome outcome, uint32_t code, uint32_t retry_after_ms)
{
    struct given given = one("H-1", LT_KIND_FORWARD);
    answers(outcome, code);
    receiver.answer.retry_after_ms = retry_after_ms;
    receiver_run(&house, &receiver, 6 * HOUR_MS);
    return leg_of(&house, &given, 0);
}

static void assert_costs_time(const struct leg *leg, uint16_t code)
{
    assert_int_equal(leg->state, LEG_BACKOFF);
    assert_int_equal(leg->code, code);
    assert_int_equal(leg->failures, 0);
    assert_true(leg->attempts > 3 * house.flow->settings.attempts_max);
    assert_true(leg->due_ms <= house.world.wall_ms + BACKOFF_MS_MAX + BACKOFF_MS_MAX / 4);
}

static void unreachable_costs_time_alone(void **state)
{
    (void)state;
    struct leg leg = hours_of(LT_OUTCOME_FAILED, LT_RECEIVER_UNREACHABLE, 0);
    assert_costs_time(&leg, LT_RECEIVER_UNREACHABLE);
}

static void a_reply_nobody_understands_costs_time_alone(void **state)
{
    (void)state;
    struct leg leg = hours_of(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY, 0);
    assert_costs_time(&leg, LT_RECEIVER_FAULTY);
}

static void later_costs_time_alone(void **state)
{
    (void)state;
    struct leg leg = hours_of(LT_OUTCOME_LATER, 0, 0);
    assert_costs_time(&leg, LT_RECEIVER_UNREACHABLE);
}

static void later_waits_as_long_as_it_was_asked(void **state)
{
    (void)state;
    struct given given = one("H-1", LT_KIND_FORWARD);
    answers(LT_OUTCOME_LATER, 0);
    receiver.answer.retry_after_ms = 120000;
    receiver_run(&house, &receiver, 1000);
    struct leg leg = leg_of(&house, &given, 0);
    assert_int_equal(leg.state, LEG_BACKOFF);
    assert_in_range(leg.due_ms - leg.since_ms, 120000, 150000);
    receiver_run(&house, &receiver, 119000 - 1000);
    assert_int_equal(receiver.delivered, 1);
    answers(LT_OUTCOME_TAKEN, 0);
    receiver_run(&house, &receiver, 40000);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_TAKEN);
}

/* The pauses of two legs that fail together are not the same: jitter, kept in the facts. */
static void pauses_have_jitter(void **state)
{
    (void)state;
    struct given first = one("H-1", LT_KIND_FORWARD);
    struct given second = one("H-2", LT_KIND_FORWARD);
    answers(LT_OUTCOME_LATER, 0);
    receiver.answer.retry_after_ms = 3600000;
    receiver_run(&house, &receiver, 1000);
    struct leg a = leg_of(&house, &first, 0);
    struct leg b = leg_of(&house, &second, 0);
    assert_int_equal(a.state, LEG_BACKOFF);
    assert_int_equal(b.state, LEG_BACKOFF);
    assert_int_not_equal(a.due_ms - a.since_ms, b.due_ms - b.since_ms);
}

static void a_classified_refusal_costs_attempts_and_parks(void **state)
{
    (void)state;
    struct leg leg = hours_of(LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED, 0);
    assert_int_equal(leg.state, LEG_PARKED);
    assert_int_equal(leg.code, LT_ATTEMPTS_EXHAUSTED);
    assert_int_equal(receiver.delivered, house.flow->settings.attempts_max);
}

static void a_permanent_one_parks_at_once(void **state)
{
    (void)state;
    struct given given = one("H-1", LT_KIND_FORWARD);
    answers(LT_OUTCOME_FAILED, LT_CANNOT_OPEN);
    receiver.answer.permanent = true;
    receiver_run(&house, &receiver, HOUR_MS);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_PARKED);
    assert_int_equal(leg_of(&house, &given, 0).code, LT_CANNOT_OPEN);
    assert_int_equal(receiver.delivered, 1);
}

/* Time spent does not use up attempts: the budget is whole when the agency is back. */
static void the_budgets_do_not_mix(void **state)
{
    (void)state;
    struct given given = one("H-1", LT_KIND_FORWARD);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_UNREACHABLE);
    receiver_run(&house, &receiver, HOUR_MS);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED);
    receiver.delivered = 0;
    receiver_run(&house, &receiver, HOUR_MS);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_PARKED);
    assert_int_equal(receiver.delivered, house.flow->settings.attempts_max);
}

/* ---- order is the cure of "the state before is missing" ----------------------------------------
 */

static void an_exhausted_status_steps_aside(void **state)
{
    (void)state;
    struct given first = one("H-1", LT_KIND_STATUS);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED);
    receiver_run(&house, &receiver, HOUR_MS);
    assert_int_equal(leg_of(&house, &first, 0).flags & LEG_FLAG_ASIDE, LEG_FLAG_ASIDE);
    struct given second = one("H-1", LT_KIND_STATUS);
    answers(LT_OUTCOME_TAKEN, 0);
    receiver_run(&house, &receiver, 1000);
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_TAKEN);
}

static void a_status_whose_state_before_is_missing_holds_its_lane(void **state)
{
    (void)state;
    struct given first = one("H-1", LT_KIND_STATUS);
    struct given second = one("H-1", LT_KIND_STATUS);
    answers(LT_OUTCOME_FAILED, LT_STEP_BEFORE_MISSING);
    receiver_run(&house, &receiver, HOUR_MS);
    struct leg leg = leg_of(&house, &first, 0);
    assert_int_equal(leg.state, LEG_PARKED);
    assert_int_equal(leg.code, LT_STEP_BEFORE_MISSING);
    assert_int_equal(leg.flags & LEG_FLAG_ASIDE, 0);
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_BEHIND);
}

static void the_state_before_missing_is_no_final_refusal(void **state)
{
    (void)state;
    struct given given = one("H-1", LT_KIND_STATUS);
    answers(LT_OUTCOME_REFUSED, LT_STEP_BEFORE_MISSING);
    receiver_run(&house, &receiver, 500);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_BACKOFF);
    answers(LT_OUTCOME_TAKEN, 0);
    receiver_run(&house, &receiver, 5000);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_TAKEN);
}

/* ---- what is said late -------------------------------------------------------------------------
 */

static void settle_late(const struct given *given, enum lt_outcome outcome, uint32_t code)
{
    struct settlement item = {.id = given->id,
                              .attempt = 1,
                              .outcome = outcome,
                              .code = code,
                              .position = given->position};
    struct frame frame = {.kind = FRAME_SETTLE, .settle = {.items = &item, .count = 1}};
    party_say(&house, &receiver.party, &frame);
    assert_true(house_hear(&house, receiver.party.link, FRAME_SETTLED, 2000, &frame));
    assert_int_equal(frame.settled.items[0].code, LT_OK);
}

static uint64_t notices_of(const char *agency)
{
    uint32_t number = registry_by_id(house.flow->registry, text_bytes(agency))->number;
    return desk_of(&house.flow->desks, number)->counts.notice_seq;
}

/* R1: the answer comes after the attempt timed out: the final state is told, nothing negative. */
static void r01_an_answer_after_the_timeout_is_final(void **state)
{
    (void)state;
    struct given given = one("H-1", LT_KIND_FORWARD);
    receiver.silent = true;
    receiver_run(&house, &receiver, house.flow->settings.settle_timeout_ms + 500);
    struct leg leg = leg_of(&house, &given, 0);
    assert_int_equal(leg.state, LEG_READY);
    assert_int_equal(leg.code, LT_TIMEOUT);
    assert_int_equal(notices_of("A"), 0);
    settle_late(&given, LT_OUTCOME_TAKEN, 0);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_TAKEN);
    assert_int_equal(notices_of("A"), 1);
    receiver_run(&house, &receiver, HOUR_MS);
    assert_int_equal(receiver.delivered, 1);
}

/* R2: answer and time-out meet: the sender hears exactly one outcome, whichever came first. */
static void r02_answer_and_timeout_make_one_notice(void **state)
{
    (void)state;
    for (int early = -300; early <= 300; early += 100) {
        struct given given = one("H-1", LT_KIND_FORWARD);
        uint64_t before = notices_of("A");
        receiver.silent = true;
        receiver_run(&house, &receiver, 100);
        receiver_run(&house, &receiver, house.flow->settings.settle_timeout_ms - 100 + early);
        settle_late(&given, LT_OUTCOME_TAKEN, 0);
        settle_late(&given, LT_OUTCOME_TAKEN, 0); /* repeated, as after a new session */
        receiver_run(&house, &receiver, 2000);
        assert_int_equal(leg_of(&house, &given, 0).state, LEG_TAKEN);
        assert_int_equal(notices_of("A"), before + 1);
    }
}

/* An expiry by a person or the clock gives way to what the receiver decided; both are kept. */
static void a_late_decision_supersedes_an_end_without_it(void **state)
{
    (void)state;
    static const struct {
        enum lt_outcome outcome;
        uint32_t code;
        enum leg_state state;
    } late[] = {{LT_OUTCOME_TAKEN, 0, LEG_TAKEN}, {LT_OUTCOME_REFUSED, LT_INELIGIBLE, LEG_REFUSED}};
    for (size_t i = 0; i < 2; i++) {
        struct given given = one(i == 0 ? "H-1" : "H-2", LT_KIND_FORWARD);
        uint8_t memory[256];
        uint64_t position;
        answers(LT_OUTCOME_LATER, 0);
        receiver.answer.retry_after_ms = 3600000;
        receiver_run(&house, &receiver, 500);
        struct fact_act act = {.position = given.position,
                               .act = ACT_EXPIRE,
                               .next = LEG_EXPIRED,
                               .person = text_bytes("operator-1"),
                               .reason = text_bytes("quá hạn")};
        assert_int_equal(flow_fact(house.flow, FACT_ACT,
                                   fact_write_act(memory, sizeof(memory), &act), &position),
                         LT_OK);
        house_settle(&house);
        assert_int_equal(leg_of(&house, &given, 0).state, LEG_EXPIRED);
        settle_late(&given, late[i].outcome, late[i].code);
        assert_int_equal(leg_of(&house, &given, 0).state, late[i].state);
        struct page page = ask_ok(&house, VIEWER, "conservation", ARGS());
        assert_field(&house, &page, page.count - 1, "difference", "0");
        assert_field(&house, &page, page.count - 1, "expired", "0");
        page = ask_ok(&house, VIEWER, "show", ARGS("id", given.id_text));
        assert_field(&house, &page, page.count - 2, "state", "expired");
        assert_field(&house, &page, page.count - 1, "event", "settled");
        assert_field(&house, &page, page.count - 1, "state", leg_state_name(late[i].state));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unreachable_costs_time_alone),
        TEST(a_reply_nobody_understands_costs_time_alone),
        TEST(later_costs_time_alone),
        TEST(later_waits_as_long_as_it_was_asked),
        TEST(pauses_have_jitter),
        TEST(a_classified_refusal_costs_attempts_and_parks),
        TEST(a_permanent_one_parks_at_once),
        TEST(the_budgets_do_not_mix),
        TEST(an_exhausted_status_steps_aside),
        TEST(a_status_whose_state_before_is_missing_holds_its_lane),
        TEST(the_state_before_missing_is_no_final_refusal),
        TEST(r01_an_answer_after_the_timeout_is_final),
        TEST(r02_answer_and_timeout_make_one_notice),
        TEST(a_late_decision_supersedes_an_end_without_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
