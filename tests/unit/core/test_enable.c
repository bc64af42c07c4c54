/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Formats of the journal: releases that know more and less of them on one journal, one after the
 * other. The table is compiled into this program with a number that a test turns, which makes the
 * broker an older or a newer release from its next start on.
 */
#include <stdint.h>

static uint32_t release = 2;
#define LT_FORMAT_MAX release
/* NOLINTNEXTLINE(bugprone-suspicious-include): its table is compiled with the number above */
#include "broker/journal/format.c"

#include "house_test.h"

#include "broker/flow/enable.h"
#include "broker/state/base.h"

static struct house house;

/* A fresh journal, begun by the release that knows formats up to `known`. */
static void begin(uint32_t known)
{
    release = known;
    house_init(&house);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
}

static void restart_as(uint32_t known)
{
    house_settle(&house);
    broker_close(&house.broker);
    release = known;
    house_open_broker(&house);
    house_settle(&house);
}

/* A start that must end; what it says. */
static struct fault refused_as(uint32_t known)
{
    struct fault fault;
    house_settle(&house);
    broker_close(&house.broker);
    release = known;
    assert_int_equal(house_try_broker(&house, &fault), LT_FORMAT_UNKNOWN);
    return fault;
}

static struct given accept_one(const char *code)
{
    return accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = code});
}

static enum lt_status stage_of_next(void)
{
    uint64_t position;
    return flow_fact(house.flow, FACT_TRIAL, text_bytes("?"), &position);
}

static enum lt_status no_entry(void *context, enum state_tree tree, struct lt_bytes key,
                               struct lt_bytes value)
{
    (void)context;
    (void)tree;
    (void)key;
    (void)value;
    return LT_OK;
}

static uint64_t on_disk(void)
{
    struct base_about about;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(state_each(house.state_path, no_entry, NULL, &about, &fault), LT_OK);
    return about.position;
}

static void kinds_have_a_format(void **state)
{
    (void)state;
    release = 2;
    assert_int_equal(format_of(FACT_EPOCH), 1);
    assert_int_equal(format_of(FACT_CLOCK), 1);
    assert_int_equal(format_of(FACT_TRIAL), 3);
    assert_int_equal(format_of(FACT_TRIAL - 1), UINT32_MAX);
    assert_true(format_knows(FACT_FORMAT));
    assert_false(format_knows(FACT_TRIAL));
    for (uint8_t kind = FACT_CLOCK + 1; kind < FACT_KINDS_END; kind++) {
        assert_int_equal(format_of(kind), 2);
    }
    release = 1;
    assert_true(format_knows(FACT_CLOCK));
    assert_int_equal(format_known(), 1);
}

static void a_fresh_journal_has_the_highest(void **state)
{
    (void)state;
    begin(2);
    struct page page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "format", "2");
    assert_field(&house, &page, 0, "format_known", "2");
    restart_as(2);
    page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "format", "2");
    house_deinit(&house);
}

static void a_newer_release_writes_what_it_found(void **state)
{
    (void)state;
    begin(2);
    struct given first = accept_one("H-1");
    restart_as(3);
    struct page page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "format", "2");
    assert_field(&house, &page, 0, "format_known", "3");
    uint64_t staged = journal_staged(house.flow->journal);
    assert_int_equal(stage_of_next(), LT_FORMAT_NOT_ENABLED);
    assert_int_equal(journal_staged(house.flow->journal), staged);
    struct given second = accept_one("H-2");
    restart_as(2);
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_READY);
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_READY);
    house_deinit(&house);
}

static void who_may_enable_what(void **state)
{
    (void)state;
    begin(2);
    restart_as(3);
    ask_code(&house, OPERATOR, "enable", ARGS("format", "3", "reason", "x"), LT_NOT_PERMITTED);
    ask_code(&house, APPROVER, "enable", ARGS("format", "3"), LT_FIELD_MISSING);
    ask_code(&house, APPROVER, "enable", ARGS("reason", "x"), LT_FIELD_MISSING);
    ask_code(&house, APPROVER, "enable", ARGS("format", "4", "reason", "x"), LT_FORMAT_BEYOND);
    struct page page =
        ask_ok(&house, APPROVER, "enable", ARGS("format", "3", "reason", "x", "dry_run", "1"));
    assert_field(&house, &page, 0, "change", "would-order");
    assert_int_equal(stage_of_next(), LT_FORMAT_NOT_ENABLED);
    page = ask_ok(&house, APPROVER, "enable", ARGS("format", "2", "reason", "x"));
    assert_field(&house, &page, 0, "change", "same");
    page = ask_ok(&house, APPROVER, "enable", ARGS("format", "3", "reason", "chạy ổn"));
    assert_field(&house, &page, 0, "change", "changed");
    assert_int_equal(stage_of_next(), LT_OK);
    page = ask_ok(&house, APPROVER, "enable", ARGS("format", "3", "reason", "x"));
    assert_field(&house, &page, 0, "change", "same");
    house_deinit(&house);
}

static void the_older_one_stops_and_loses_nothing(void **state)
{
    (void)state;
    begin(2);
    struct given first = accept_one("H-1");
    restart_as(3);
    (void)ask_ok(&house, APPROVER, "enable", ARGS("format", "3", "reason", "chạy ổn"));
    struct given second = accept_one("H-2");
    struct fault fault = refused_as(2);
    assert_string_equal(fault.field, "format");
    assert_non_null(strstr(fault.detail, "3 is enabled"));
    /* Nor with nothing but the journal. */
    assert_int_equal(unlink(house.state_path), 0);
    release = 2;
    assert_int_equal(house_try_broker(&house, &fault), LT_FORMAT_UNKNOWN);
    assert_non_null(strstr(fault.detail, "3 is enabled"));
    release = 3;
    house_open_broker(&house);
    house_settle(&house);
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_READY);
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_READY);
    assert_int_equal(stage_of_next(), LT_OK);
    house_deinit(&house);
}

/* A fact of a kind that nobody enabled: a release that is wrong, or a journal that was mended by
 * hand. Not one fact from there on may count as folded. */
static void an_unknown_kind_stops_and_is_not_passed_over(void **state)
{
    (void)state;
    begin(2);
    restart_as(3);
    house.flow->format = 3;
    assert_int_equal(stage_of_next(), LT_OK);
    uint64_t unknown = journal_staged(house.flow->journal);
    struct given given = accept_one("H-1");
    house_settle(&house);
    broker_close(&house.broker);
    assert_int_equal(unlink(house.state_path), 0);
    struct fault fault;
    release = 2;
    assert_int_equal(house_try_broker(&house, &fault), LT_FORMAT_UNKNOWN);
    assert_non_null(strstr(fault.detail, "kind 255"));
    assert_true(on_disk() < unknown);
    release = 3;
    house_open_broker(&house);
    house_settle(&house);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_READY);
    house_deinit(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_a_format),
        cmocka_unit_test(a_fresh_journal_has_the_highest),
        cmocka_unit_test(a_newer_release_writes_what_it_found),
        cmocka_unit_test(who_may_enable_what),
        cmocka_unit_test(the_older_one_stops_and_loses_nothing),
        cmocka_unit_test(an_unknown_kind_stops_and_is_not_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
