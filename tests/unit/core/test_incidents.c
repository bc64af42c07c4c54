/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One cause at one agency makes one incident: when it opens, what goes out while it is open, when
 * it ends, that a restart keeps it, and how operators see it.
 */
#include "receiver_test.h"

#include <unistd.h>

#include "broker/flow/fold_incident.h"
#include "proto/base/log.h"

#define MINUTE_MS 60000LL

static struct house house;
static struct receiver receiver;
static uint32_t number_b;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    memset(&receiver, 0, sizeof(receiver));
    add_agency(&house, "A", 1);
    number_b = add_agency(&house, "B", 2);
    house.flow->settings.line_incident_ms = 15 * MINUTE_MS;
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    log_capture(NULL, NULL);
    return 0;
}

static const struct desk *desk_b(void)
{
    return desk_of(&house.flow->desks, number_b);
}

static void answers(enum lt_outcome outcome, uint32_t code)
{
    receiver.answer = (struct settlement){.outcome = outcome, .code = code};
}

static struct given wait_at_b(uint32_t case_number)
{
    char code[32];
    snprintf(code, sizeof(code), "H-%u", case_number);
    struct given given =
        accept(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = code});
    assert_int_equal(given.code, LT_OK);
    return given;
}

static void many_wait(uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        wait_at_b(from + i);
        if (i % 64 == 63) {
            house_settle(&house);
        }
    }
    house_settle(&house);
}

static struct page incidents(void)
{
    return ask_ok(&house, VIEWER, "incidents", ARGS("all", "1"));
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static void four_cases_are_not_enough(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY);
    many_wait(0, 4);
    receiver_run(&house, &receiver, 60 * MINUTE_MS);
    assert_true(receiver.delivered > 20);
    assert_int_equal(desk_b()->incident, 0);
    assert_int_equal(incidents().count, 0);
}

static void five_cases_of_one_class_open_one(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_LATER, LT_RECEIVER_UNREACHABLE);
    many_wait(0, 5);
    receiver_run(&house, &receiver, 500);
    assert_int_equal(desk_b()->incident, 1);
    struct page page = incidents();
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "number", "1");
    assert_field(&house, &page, 0, "agency", "B");
    assert_field(&house, &page, 0, "agency_name", "Đơn vị thử B");
    assert_field(&house, &page, 0, "code", "receiver-unreachable");
    assert_field(&house, &page, 0, "state", "open");
    assert_field(&house, &page, 0, "count", "5");
    assert_field(&house, &page, 0, "waiting", "5");
    assert_field(&house, &page, 0, "parked", "0");
    assert_field(&house, &page, 0, "owner", "receiver");
    assert_field(&house, &page, 0, "contact", "liên hệ B");
    assert_field(&house, &page, 0, "probes", "0");
    assert_field(&house, &page, 0, "comment", NULL);
}

static void a_success_between_starts_over(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    for (uint32_t i = 0; i < 4; i++) {
        answers(LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED);
        many_wait(10 * i, 4);
        receiver_run(&house, &receiver, 100);
        answers(i % 2 == 0 ? LT_OUTCOME_TAKEN : LT_OUTCOME_REFUSED, 0);
        many_wait(10 * i + 5, 1);
        receiver_run(&house, &receiver, 100);
        receiver_run(&house, &receiver, 10 * MINUTE_MS); /* the four are taken too */
    }
    assert_int_equal(house.flow->incidents, 0);
}

static void classes_are_counted_apart(void **state)
{
    (void)state;
    static const uint32_t codes[] = {LT_RECEIVER_REJECTED, LT_RECEIVER_FAULTY, LT_CANNOT_OPEN,
                                     LT_RECEIVER_UNREACHABLE};
    receiver_connect(&house, &receiver, 2, 1);
    for (uint32_t i = 0; i < 16; i++) {
        answers(LT_OUTCOME_LATER, codes[i % 4]);
        receiver.answer.retry_after_ms = 3600000;
        many_wait(i, 1);
        receiver_run(&house, &receiver, 100);
        assert_int_equal(receiver.delivered, i + 1);
    }
    assert_int_equal(desk_b()->incident, 0); /* four of each */
    many_wait(100, 1);
    receiver_run(&house, &receiver, 100);
    assert_int_equal(desk_b()->incident, 1);
    assert_int_equal(desk_b()->incident_code, codes[3]);
}

static void one_case_again_and_again_opens_none(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_LATER, 0);
    many_wait(1, 1);
    receiver_run(&house, &receiver, 60 * MINUTE_MS);
    assert_true(receiver.delivered > 5);
    assert_int_equal(desk_b()->incident, 0);
}

/* ---- while it is open --------------------------------------------------------------------------
 */

static void five_thousand_waiting_legs_make_one_incident(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 32);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED);
    many_wait(0, 5000);
    receiver_run(&house, &receiver, 6 * 60 * MINUTE_MS);
    assert_int_equal(house.flow->incidents, 1);
    assert_int_equal(desk_b()->incident, 1);
    assert_int_equal(desk_b()->counts.parked, 0);
    /* What was out when it opened, and one at a time since: every 5 to 6.25 minutes. */
    assert_in_range(receiver.delivered, 50, 32 + 5 + 80);
    struct page page = incidents();
    assert_field(&house, &page, 0, "waiting", "5000");
    assert_field(&house, &page, 0, "parked", "0");
    assert_in_range(atoi(field(&house, &page, 0, "probes")), 50, 80);

    answers(LT_OUTCOME_TAKEN, 0);
    receiver_run(&house, &receiver, 20 * MINUTE_MS);
    assert_int_equal(desk_b()->incident, 0);
    assert_int_equal(desk_b()->counts.taken, 5000);
    page = incidents();
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "state", "closed");
    page = ask_ok(&house, VIEWER, "incidents", ARGS());
    assert_int_equal(page.count, 0);
    page = ask_ok(&house, VIEWER, "conservation", ARGS());
    assert_field(&house, &page, page.count - 1, "difference", "0");
}

static void probes_go_alone_and_ever_more_seldom(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY);
    many_wait(0, 40);
    receiver_run(&house, &receiver, 1000);
    assert_int_equal(desk_b()->incident, 1);
    int64_t wait_ms = PROBE_FIRST_MS;
    for (int i = 0; i < 9; i++) {
        int64_t before_ms = house.world.mono_ms;
        receiver.delivered = 0;
        while (receiver.delivered == 0) {
            receiver_run(&house, &receiver, 100);
            assert_true(desk_b()->in_flight <= 1);
        }
        assert_int_equal(receiver.delivered, 1);
        if (i > 0) { /* the first wait began before we looked */
            assert_in_range(house.world.mono_ms - before_ms, wait_ms - 300,
                            wait_ms + wait_ms / 4 + 300);
        }
        wait_ms = 2 * wait_ms < PROBE_MS_MAX ? 2 * wait_ms : PROBE_MS_MAX;
    }
}

static void attempts_are_not_used_up_meanwhile(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED);
    many_wait(0, 6);
    receiver_run(&house, &receiver, 12 * 60 * MINUTE_MS);
    assert_true(receiver.delivered > 6 * 2 * house.flow->settings.attempts_max);
    assert_int_equal(desk_b()->counts.parked, 0);
    assert_int_equal(desk_b()->incident, 1);
}

static void a_permanent_refusal_parks_all_the_same(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 2);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_NEVER);
    many_wait(0, 50);
    receiver_run(&house, &receiver, 10 * MINUTE_MS);
    assert_int_equal(house.flow->incidents, 1);
    assert_in_range(desk_b()->counts.parked, 6, 15); /* the first five and the probes */
    struct page page = incidents();
    assert_int_equal(atoi(field(&house, &page, 0, "parked")), desk_b()->counts.parked);
    assert_int_equal(atoi(field(&house, &page, 0, "waiting")), 50 - desk_b()->counts.parked);
}

static void a_business_refusal_closes_it(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 4);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY);
    many_wait(0, 8);
    receiver_run(&house, &receiver, 1000);
    assert_int_equal(desk_b()->incident, 1);
    answers(LT_OUTCOME_REFUSED, LT_INELIGIBLE);
    receiver_run(&house, &receiver, MINUTE_MS);
    assert_int_equal(desk_b()->incident, 0);
    assert_int_equal(desk_b()->counts.refused, 8);
}

static void silence_is_a_failure_too(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 5);
    receiver.silent = true;
    many_wait(0, 9);
    receiver_run(&house, &receiver, 11 * MINUTE_MS);
    assert_int_equal(desk_b()->incident, 1);
    assert_int_equal(desk_b()->incident_code, LT_RECEIVER_UNREACHABLE);
}

static void other_agencies_are_not_touched(void **state)
{
    (void)state;
    add_agency(&house, "C", 3);
    struct receiver other = {.answer = {.outcome = LT_OUTCOME_TAKEN}};
    receiver_connect(&house, &receiver, 2, 8);
    receiver_connect(&house, &other, 3, 8);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY);
    many_wait(0, 20);
    receiver_run(&house, &receiver, 1000);
    for (int i = 0; i < 20; i++) {
        accept_now(&house, &(struct wish){.from = "A", .to = {"C"}, .case_code = "H-7"});
    }
    receiver_run(&house, &other, 2000);
    assert_int_equal(other.delivered, 20);
    assert_int_equal(desk_b()->incident, 1);
}

/* ---- restarts ----------------------------------------------------------------------------------
 */

static void restart_keeps(bool lose_state)
{
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY);
    many_wait(0, 100);
    receiver_run(&house, &receiver, MINUTE_MS);
    struct desk before = *desk_b();
    assert_int_equal(before.incident, 1);
    assert_in_range(before.probes, 2, 6);
    receiver_leave(&receiver);
    house_restart(&house, lose_state);
    assert_int_equal(desk_b()->incident, 1);
    assert_int_equal(desk_b()->incident_code, LT_RECEIVER_FAULTY);
    assert_true(desk_b()->probes >= before.probes);
    assert_true(desk_b()->probe_due_ms >= before.probe_due_ms);
    receiver.delivered = 0;
    receiver_connect(&house, &receiver, 2, 8);
    receiver_run(&house, &receiver, 5 * MINUTE_MS);
    assert_in_range(receiver.delivered, 1, 5); /* not all at once because of a restart */
    assert_int_equal(house.flow->incidents, 1);
    answers(LT_OUTCOME_TAKEN, 0);
    receiver_run(&house, &receiver, 10 * MINUTE_MS);
    assert_int_equal(desk_b()->incident, 0);
    assert_int_equal(desk_b()->counts.taken, 100);
}

static void a_restart_keeps_it(void **state)
{
    (void)state;
    restart_keeps(false);
}

static void a_refold_keeps_it(void **state)
{
    (void)state;
    restart_keeps(true);
}

static void numbers_are_not_given_twice(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    for (uint32_t i = 1; i <= 3; i++) {
        answers(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY);
        many_wait(10 * i, 5);
        receiver_run(&house, &receiver, 1000);
        assert_int_equal(desk_b()->incident, i);
        answers(LT_OUTCOME_TAKEN, 0);
        receiver_run(&house, &receiver, MINUTE_MS);
        assert_int_equal(desk_b()->incident, 0);
        receiver_leave(&receiver);
        house_restart(&house, i == 2);
        receiver_connect(&house, &receiver, 2, 8);
    }
    struct page page = incidents();
    assert_int_equal(page.count, 3);
    assert_field(&house, &page, 0, "number", "3"); /* the latest first */
    assert_field(&house, &page, 2, "number", "1");
}

/* ---- lines -------------------------------------------------------------------------------------
 */

static void a_line_down_for_long_is_one(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    receiver_run(&house, &receiver, MINUTE_MS);
    receiver_leave(&receiver);
    many_wait(0, 300);
    receiver_run(&house, &receiver, 14 * MINUTE_MS);
    assert_int_equal(desk_b()->incident, 0);
    receiver_run(&house, &receiver, 3 * MINUTE_MS);
    assert_int_equal(desk_b()->incident, 1);
    assert_int_equal(desk_b()->incident_code, LT_RECEIVER_UNREACHABLE);
    receiver_run(&house, &receiver, 3 * 24 * 60 * MINUTE_MS);
    struct page page = incidents();
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "waiting", "300");
    assert_field(&house, &page, 0, "parked", "0");
    /* Back after days: one goes first, then the rest at its pace. */
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_TAKEN, 0);
    receiver_run(&house, &receiver, MINUTE_MS);
    assert_int_equal(desk_b()->incident, 0);
    assert_int_equal(desk_b()->counts.taken, 300);
}

static void a_line_down_with_nothing_waiting_is_none(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    receiver_run(&house, &receiver, MINUTE_MS);
    receiver_leave(&receiver);
    receiver_run(&house, &receiver, 60 * MINUTE_MS);
    assert_int_equal(desk_b()->incident, 0);
}

static void it_ends_when_nothing_waits_for_the_line_any_more(void **state)
{
    (void)state;
    struct given first = wait_at_b(0);
    struct given second = wait_at_b(1);
    house_settle(&house);
    receiver_run(&house, &receiver, 20 * MINUTE_MS);
    assert_int_equal(desk_b()->incident, 1);
    /* Both end without the line; the incident does when the line is there and has nothing to do. */
    say(&house, &first, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    say(&house, &second, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    receiver_run(&house, &receiver, MINUTE_MS);
    assert_int_equal(desk_b()->incident, 1);
    receiver_connect(&house, &receiver, 2, 8);
    receiver_run(&house, &receiver, MINUTE_MS);
    assert_int_equal(desk_b()->incident, 0);
    assert_int_equal(receiver.delivered, 0);
}

/* ---- the log -----------------------------------------------------------------------------------
 */

static char opened[256]; /* the last line about one */

static void take_opened(void *self, const char *line)
{
    (void)self;
    if (strstr(line, " incident-opened ") != NULL) {
        snprintf(opened, sizeof(opened), "%s", line);
    }
}

/* Five failures opened the one, legs that wait the other: neither line says that it was nothing. */
static void the_log_says_what_opened_it(void **state)
{
    (void)state;
    opened[0] = '\0';
    log_capture(take_opened, NULL);
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY);
    many_wait(0, 7);
    receiver_run(&house, &receiver, 1000);
    assert_non_null(strstr(opened, "agency=B incident=1 code=receiver-faulty count=5 waiting=7"));
    answers(LT_OUTCOME_TAKEN, 0);
    receiver_run(&house, &receiver, 10 * MINUTE_MS);
    receiver_leave(&receiver);
    many_wait(10, 3);
    receiver_run(&house, &receiver, 20 * MINUTE_MS);
    assert_non_null(strstr(opened, "agency=B incident=2 code=receiver-unreachable waiting=3"));
}

/* ---- operators ---------------------------------------------------------------------------------
 */

static void a_note_says_who_looks_after_it(void **state)
{
    (void)state;
    receiver_connect(&house, &receiver, 2, 8);
    answers(LT_OUTCOME_FAILED, LT_RECEIVER_FAULTY);
    many_wait(0, 5);
    receiver_run(&house, &receiver, 1000);
    ask_code(&house, VIEWER, "incident-note", ARGS("number", "1", "reason", "x"), LT_NOT_PERMITTED);
    ask_code(&house, OPERATOR, "incident-note", ARGS("number", "2", "reason", "x"), LT_NOT_FOUND);
    ask_code(&house, OPERATOR, "incident-note", ARGS("number", "1"), LT_FIELD_MISSING);
    struct page page =
        ask_ok(&house, OPERATOR, "incident-note",
               ARGS("number", "1", "reason", "đã gọi trực ban, sửa xong trước 15:00"));
    assert_int_equal(page.count, 1);
    house_restart(&house, true);
    page = incidents();
    assert_field(&house, &page, 0, "comment", "đã gọi trực ban, sửa xong trước 15:00");
    assert_field(&house, &page, 0, "person", "operator-1");
    assert_field(&house, &page, 0, "state", "open");
}

static void incidents_go_on_by_cursor(void **state)
{
    (void)state;
    uint8_t memory[256];
    uint64_t position;
    for (uint32_t i = 1; i <= 40; i++) {
        char id[16];
        snprintf(id, sizeof(id), "H%u", i);
        uint32_t agency = add_agency(&house, id, (uint8_t)(10 + i));
        struct fact_incident f = {.number = i,
                                  .agency = agency,
                                  .code = LT_RECEIVER_FAULTY,
                                  .change = INCIDENT_OPENED,
                                  .count = 5};
        assert_int_equal(flow_fact(house.flow, FACT_INCIDENT,
                                   fact_write_incident(memory, sizeof(memory), &f), &position),
                         LT_OK);
        f.change = INCIDENT_CLOSED;
        if (i % 3 == 0) {
            assert_int_equal(flow_fact(house.flow, FACT_INCIDENT,
                                       fact_write_incident(memory, sizeof(memory), &f), &position),
                             LT_OK);
        }
    }
    house_settle(&house);
    for (uint32_t rows = 1; rows <= 41; rows += 4) {
        struct page page = ask_all(&house, VIEWER, "incidents", ARGS("all", "1"), rows, NULL);
        assert_int_equal(page.count, 40);
        assert_field(&house, &page, 0, "state", "open");
        assert_field(&house, &page, 26, "state", "open");
        assert_field(&house, &page, 27, "state", "closed");
        assert_field(&house, &page, 27, "number", "39");
        assert_field(&house, &page, 39, "number", "3");
        page = ask_all(&house, VIEWER, "incidents", ARGS(), rows, NULL);
        assert_int_equal(page.count, 27);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(four_cases_are_not_enough),
        TEST(five_cases_of_one_class_open_one),
        TEST(a_success_between_starts_over),
        TEST(classes_are_counted_apart),
        TEST(one_case_again_and_again_opens_none),
        TEST(five_thousand_waiting_legs_make_one_incident),
        TEST(probes_go_alone_and_ever_more_seldom),
        TEST(attempts_are_not_used_up_meanwhile),
        TEST(a_permanent_refusal_parks_all_the_same),
        TEST(a_business_refusal_closes_it),
        TEST(silence_is_a_failure_too),
        TEST(other_agencies_are_not_touched),
        TEST(a_restart_keeps_it),
        TEST(a_refold_keeps_it),
        TEST(numbers_are_not_given_twice),
        TEST(a_line_down_for_long_is_one),
        TEST(a_line_down_with_nothing_waiting_is_none),
        TEST(it_ends_when_nothing_waits_for_the_line_any_more),
        TEST(the_log_says_what_opened_it),
        TEST(a_note_says_who_looks_after_it),
        TEST(incidents_go_on_by_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
