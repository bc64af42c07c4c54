/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What time alone does: deadlines, alarms for what stays too long, the sum counted all the time;
 * and how operators see it (alarms, metrics, where).
 */
#include "receiver_test.h"

#include <unistd.h>

#define MINUTE_MS 60000LL
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

static struct house house;
static struct receiver nobody; /* without a line: time passes */

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    memset(&nobody, 0, sizeof(nobody));
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

static void pass(int64_t ms)
{
    receiver_run(&house, &nobody, ms);
}

static struct given one(const char *case_code, enum lt_kind kind)
{
    return accept_now(
        &house, &(struct wish){.from = "A", .to = {"B"}, .case_code = case_code, .kind = kind});
}

static uint32_t number_of(const char *id)
{
    return registry_by_id(house.flow->registry, text_bytes(id))->number;
}

/* ---- deadlines ---------------------------------------------------------------------------------
 */

static void what_moves_the_case_never_expires(void **state)
{
    (void)state;
    static const enum lt_kind kinds[] = {LT_KIND_FORWARD, LT_KIND_SUPPLEMENT, LT_KIND_RESULT,
                                         LT_KIND_FEE_REQUEST, LT_KIND_FEE_PAID};
    struct given given[5];
    house.flow->settings.deadline_ms = 2 * HOUR_MS;
    for (size_t i = 0; i < 5; i++) {
        char code[16];
        snprintf(code, sizeof(code), "H-%zu", i);
        given[i] = one(code, kinds[i]);
    }
    pass(DAY_MS);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(leg_of(&house, &given[i], 0).state, LEG_READY);
    }
    assert_int_equal(house.flow->sweeper.timed, 0);
}

static void a_status_parks_at_its_deadline(void **state)
{
    (void)state;
    house.flow->settings.deadline_ms = 2 * HOUR_MS;
    struct given ready = one("H-1", LT_KIND_STATUS);
    struct given behind = one("H-1", LT_KIND_OPINION);
    pass(2 * HOUR_MS - MINUTE_MS);
    assert_int_equal(leg_of(&house, &ready, 0).state, LEG_READY);
    pass(2 * MINUTE_MS);
    assert_int_equal(leg_of(&house, &ready, 0).state, LEG_PARKED);
    assert_int_equal(leg_of(&house, &ready, 0).code, LT_DEADLINE_PASSED);
    assert_int_equal(leg_of(&house, &ready, 0).flags & LEG_FLAG_ASIDE, LEG_FLAG_ASIDE);
    assert_int_equal(leg_of(&house, &behind, 0).state, LEG_PARKED);
    struct page page = ask_ok(&house, VIEWER, "parked", ARGS("group", "code"));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "code", "deadline-passed");
    assert_field(&house, &page, 0, "who", "operator");
    assert_field(&house, &page, 0, "count", "2");
    page = ask_ok(&house, VIEWER, "show", ARGS("id", ready.id_text));
    assert_field(&house, &page, page.count - 1, "event", "timed");
    assert_field(&house, &page, page.count - 1, "state", "parked");
    assert_field(&house, &page, page.count - 1, "code", "deadline-passed");
    page = ask_ok(&house, VIEWER, "conservation", ARGS());
    assert_field(&house, &page, page.count - 1, "difference", "0");
    /* The same from the journal alone. */
    house_restart(&house, true);
    assert_int_equal(leg_of(&house, &ready, 0).state, LEG_PARKED);
    assert_int_equal(leg_of(&house, &behind, 0).state, LEG_PARKED);
}

static void what_a_person_sent_again_stays(void **state)
{
    (void)state;
    house.flow->settings.deadline_ms = HOUR_MS;
    struct given given = one("H-1", LT_KIND_STATUS);
    pass(HOUR_MS + MINUTE_MS);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_PARKED);
    ask_ok(&house, OPERATOR, "replay", ARGS("id", given.id_text, "reason", "gửi lại"));
    pass(DAY_MS);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_READY);
}

static void nothing_ends_while_the_clock_is_suspect(void **state)
{
    (void)state;
    house.flow->settings.deadline_ms = 2 * HOUR_MS;
    house.flow->settings.stuck_ms = HOUR_MS;
    struct given given = one("H-1", LT_KIND_STATUS);
    world_step_wall(&house.world, DAY_MS);
    pass(HOUR_MS);
    assert_true(house.flow->clock_suspect);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_READY);
    assert_int_equal(house.flow->sweeper.last.stuck, 0);
}

/* A verdict of the clock gives way to what the receiver decided; both are kept. */
static void a_late_answer_supersedes_the_clock(void **state)
{
    (void)state;
    house.flow->settings.deadline_ms = HOUR_MS;
    struct given given = one("H-1", LT_KIND_STATUS);
    say_sent(&house, &given, 0);
    say(&house, &given, 0, LT_OUTCOME_LATER, LT_RECEIVER_UNREACHABLE, LEG_BACKOFF, "bận");
    pass(HOUR_MS + MINUTE_MS);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_PARKED);
    say(&house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_TAKEN);
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", given.id_text));
    assert_field(&house, &page, page.count - 2, "event", "timed");
    assert_field(&house, &page, page.count - 1, "event", "settled");
    page = ask_ok(&house, VIEWER, "parked", ARGS("group", "code"));
    assert_int_equal(page.count, 0);
}

/* ---- alarms ------------------------------------------------------------------------------------
 */

static void what_stays_too_long_is_an_alarm(void **state)
{
    (void)state;
    house.flow->settings.stuck_ms = HOUR_MS;
    struct given ready = one("H-1", LT_KIND_FORWARD);
    struct given behind = one("H-1", LT_KIND_FORWARD);
    struct given parked = one("H-2", LT_KIND_FORWARD);
    park(&house, &parked, 0, "hỏng");
    pass(HOUR_MS - MINUTE_MS);
    assert_int_equal(ask_ok(&house, VIEWER, "alarms", ARGS()).count, 0);
    pass(2 * MINUTE_MS);
    struct page page = ask_ok(&house, VIEWER, "alarms", ARGS());
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "what", "stuck");
    assert_field(&house, &page, 0, "id", ready.id_text);
    assert_field(&house, &page, 0, "state", "ready");
    assert_field(&house, &page, 0, "case", "H-1");
    assert_field(&house, &page, 0, "agency", "B");
    pass(2 * HOUR_MS);
    page = ask_ok(&house, VIEWER, "alarms", ARGS());
    assert_int_equal(page.count, 3); /* the one behind it and the parked one too */
    /* Mended: gone with the next round. */
    say_sent(&house, &ready, 0);
    say(&house, &ready, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    say(&house, &parked, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    pass(MINUTE_MS);
    assert_int_equal(ask_ok(&house, VIEWER, "alarms", ARGS()).count, 0);
    assert_int_equal(leg_of(&house, &behind, 0).state, LEG_READY);
}

/* Whoever looks at alarms only must not miss that a record does not read. */
static void records_set_aside_are_an_alarm(void **state)
{
    (void)state;
    assert_int_equal(ask_ok(&house, VIEWER, "alarms", ARGS()).count, 0);
    assert_true(quarantine_add(&house.flow->quarantine, 7, 0, "crc", house.flow->now_ms));
    assert_true(quarantine_add(&house.flow->quarantine, 8, 0, "chain", house.flow->now_ms));
    struct page page = ask_ok(&house, VIEWER, "alarms", ARGS());
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "what", "quarantined");
    assert_field(&house, &page, 0, "count", "2");
}

static void an_incident_is_no_alarm_of_its_legs(void **state)
{
    (void)state;
    house.flow->settings.stuck_ms = HOUR_MS;
    house.flow->settings.line_incident_ms = 30 * MINUTE_MS;
    for (int i = 0; i < 300; i++) {
        char code[16];
        snprintf(code, sizeof(code), "H-%d", i);
        one(code, LT_KIND_FORWARD);
    }
    pass(DAY_MS);
    assert_int_equal(house.flow->incidents, 1);
    assert_int_equal(ask_ok(&house, VIEWER, "alarms", ARGS()).count, 0);
}

static void alarms_beyond_the_table_are_counted(void **state)
{
    (void)state;
    house.flow->settings.stuck_ms = HOUR_MS;
    for (int i = 0; i < 300; i++) {
        char code[16];
        snprintf(code, sizeof(code), "H-%d", i);
        one(code, LT_KIND_FORWARD);
    }
    pass(2 * HOUR_MS);
    struct page page = ask_all(&house, VIEWER, "alarms", ARGS(), 7, NULL);
    assert_int_equal(page.count, ALARMS_MAX + 1);
    assert_field(&house, &page, ALARMS_MAX, "what", "more");
    assert_field(&house, &page, ALARMS_MAX, "count", "44");
}

/* A counter that does not fit its list is found, named and shown. */
static void a_difference_is_an_alarm(void **state)
{
    (void)state;
    one("H-1", LT_KIND_FORWARD);
    pass(MINUTE_MS);
    assert_int_equal(house.flow->sweeper.last.differing, 0);
    desk_of(&house.flow->desks, number_of("B"))->counts.accepted += 2;
    pass(MINUTE_MS);
    struct page page = ask_ok(&house, VIEWER, "alarms", ARGS());
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "what", "difference");
    assert_field(&house, &page, 0, "agency", "B");
    assert_field(&house, &page, 0, "difference", "2");
}

/* More legs than a slice, with others coming and going meanwhile: no false alarm. */
static void a_long_list_is_counted_over_turns(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3 * SWEEPER_ENTRIES; i++) {
        char code[16];
        snprintf(code, sizeof(code), "H-%u", i);
        struct given given =
            accept(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = code});
        assert_int_equal(given.code, LT_OK);
        if (i % 50 == 49) {
            house_settle(&house);
        }
    }
    for (int i = 0; i < 400; i++) {
        one("X-1", LT_KIND_FORWARD);
        world_advance(&house.world, 90);
        assert_int_equal(house.flow->sweeper.last.differing, 0);
    }
    assert_true(house.flow->sweeper.rounds > 2);
    assert_true(house.flow->sweeper.last.states[LEG_READY] > 3 * SWEEPER_ENTRIES - 1);
}

/* ---- counts of what is parked ------------------------------------------------------------------
 */

static void parked_legs_are_counted_not_walked(void **state)
{
    (void)state;
    add_agency(&house, "C", 3);
    for (int i = 0; i < 60; i++) {
        char code[16];
        char reason[64];
        snprintf(code, sizeof(code), "H-%d", i);
        struct given given = accept_now(
            &house, &(struct wish){.from = "A", .to = {i % 3 == 0 ? "C" : "B"}, .case_code = code});
        say_sent(&house, &given, 0);
        snprintf(reason, sizeof(reason), i % 2 == 0 ? "lỗi %d tại bước 3" : "hết chỗ", i);
        say(&house, &given, 0, LT_OUTCOME_FAILED,
            i % 2 == 0 ? LT_RECEIVER_NEVER : LT_WRONG_PROCEDURE, LEG_PARKED, reason);
        if (i >= 50) {
            say(&house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
        }
    }
    struct page page = ask_all(&house, VIEWER, "parked", ARGS("group", "code"), 1, NULL);
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "code", "wrong-procedure");
    assert_field(&house, &page, 0, "who", "sender");
    assert_field(&house, &page, 0, "count", "25");
    assert_field(&house, &page, 1, "code", "receiver-never");
    assert_field(&house, &page, 1, "count", "25");
    page = ask_ok(&house, VIEWER, "parked", ARGS("group", "code", "agency", "C"));
    assert_field(&house, &page, 0, "count", "8");
    assert_field(&house, &page, 1, "count", "9");
    page = ask_ok(&house, VIEWER, "parked", ARGS("group", "who"));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "who", "sender");
    assert_field(&house, &page, 1, "who", "receiver");
    page = ask_all(&house, VIEWER, "parked", ARGS("group", "agency"), 1, NULL);
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "agency", "B");
    assert_field(&house, &page, 0, "count", "33");
    assert_field(&house, &page, 1, "count", "17");
    page = ask_all(&house, VIEWER, "parked", ARGS("group", "reason"), 3, NULL);
    assert_int_equal(page.count, 4);
    assert_field(&house, &page, 1, "reason", "lỗi # tại bước #");
    assert_field(&house, &page, 1, "agency", "B");
    ask_code(&house, VIEWER, "parked", ARGS("group", "colour"), LT_FIELD_BAD);
}

/* ---- metrics -----------------------------------------------------------------------------------
 */

static const char *metric(const struct page *page, const char *name, const char *of)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const char *here = field(&house, page, i, "name");
        const char *label = field(&house, page, i, "of");
        if (here != NULL && strcmp(here, name) == 0 &&
            (of == NULL || (label != NULL && strcmp(label, of) == 0))) {
            return field(&house, page, i, "value");
        }
    }
    return NULL;
}

static void metrics_say_the_sums(void **state)
{
    (void)state;
    one("H-1", LT_KIND_FORWARD);
    struct given taken = one("H-2", LT_KIND_FORWARD);
    struct given parked = one("H-3", LT_KIND_FORWARD);
    say_sent(&house, &taken, 0);
    say(&house, &taken, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    park(&house, &parked, 0, "hỏng");
    pass(MINUTE_MS);
    for (uint32_t rows = 1; rows < 80; rows += 13) {
        struct page page = ask_all(&house, VIEWER, "metrics", ARGS(), rows, NULL);
        assert_string_equal(metric(&page, "open", "ready"), "1");
        assert_string_equal(metric(&page, "open", "parked"), "1");
        assert_string_equal(metric(&page, "parked", "receiver-never"), "1");
        assert_string_equal(metric(&page, "incidents_open", NULL), "0");
        assert_string_equal(metric(&page, "agencies", NULL), "2");
        assert_non_null(metric(&page, "syncs_total", NULL));
        assert_field(&house, &page, page.count - 1, "agency", "B");
        assert_field(&house, &page, page.count - 1, "accepted", "3");
        assert_field(&house, &page, page.count - 1, "taken", "1");
        assert_field(&house, &page, page.count - 1, "open", "2");
        assert_field(&house, &page, page.count - 1, "counted", "2");
        assert_field(&house, &page, page.count - 1, "difference", "0");
    }
}

/* ---- where -------------------------------------------------------------------------------------
 */

static void where_names_the_incident(void **state)
{
    (void)state;
    house.flow->settings.line_incident_ms = 30 * MINUTE_MS;
    one("H-1", LT_KIND_FORWARD);
    pass(HOUR_MS);
    struct page page = ask_ok(&house, VIEWER, "where", ARGS("code", "H-1"));
    assert_field(&house, &page, 0, "waits_for", "incident");
    assert_field(&house, &page, 0, "incident", "1");
    assert_field(&house, &page, 0, "incident_code", "receiver-unreachable");
    assert_field(&house, &page, 0, "who", "receiver");
    assert_field(&house, &page, 0, "holds", "1");
}

static void where_says_what_goes_first_and_since_when(void **state)
{
    (void)state;
    struct given first = one("H-1", LT_KIND_FORWARD);
    one("H-1", LT_KIND_FORWARD);
    park(&house, &first, 0, "hỏng");
    char since[32];
    snprintf(since, sizeof(since), "%lld", (long long)leg_of(&house, &first, 0).since_ms);
    struct page page = ask_ok(&house, VIEWER, "where", ARGS("code", "H-1"));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 1, "waits_for", "lane");
    assert_field(&house, &page, 1, "waits_id", first.id_text);
    assert_field(&house, &page, 1, "waits_state", "parked");
    assert_field(&house, &page, 1, "waits_since_ms", since);
    assert_field(&house, &page, 1, "waits_code", "receiver-never");
    say(&house, &first, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
}

static void where_says_when_nothing_is_held(void **state)
{
    (void)state;
    struct given given = one("H-1", LT_KIND_FORWARD);
    say_sent(&house, &given, 0);
    say(&house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    struct page page = ask_ok(&house, VIEWER, "where", ARGS("code", "H-1"));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "holds", "0");
    assert_field(&house, &page, 0, "waits_for", NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_moves_the_case_never_expires),
        TEST(a_status_parks_at_its_deadline),
        TEST(what_a_person_sent_again_stays),
        TEST(nothing_ends_while_the_clock_is_suspect),
        TEST(a_late_answer_supersedes_the_clock),
        TEST(what_stays_too_long_is_an_alarm),
        TEST(records_set_aside_are_an_alarm),
        TEST(an_incident_is_no_alarm_of_its_legs),
        TEST(alarms_beyond_the_table_are_counted),
        TEST(a_difference_is_an_alarm),
        TEST(a_long_list_is_counted_over_turns),
        TEST(parked_legs_are_counted_not_walked),
        TEST(metrics_say_the_sums),
        TEST(where_names_the_incident),
        TEST(where_says_what_goes_first_and_since_when),
        TEST(where_says_when_nothing_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
