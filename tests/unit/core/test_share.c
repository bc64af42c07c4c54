/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One agency's share of the journal: the bytes of its transfers that are open, counted once however
 * many receivers there are, to the byte; what is beyond is busy for that agency alone.
 */
#include "house_test.h"

static struct house house;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    add_agency(&house, "C", 3);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static struct given send(const char *from, const char *key)
{
    return accept(&house, &(struct wish){.from = from,
                                         .to = {"B"},
                                         .case_code = key,
                                         .sender_key = key,
                                         .procedure = "1.001193"});
}

static uint64_t open_bytes(const char *id)
{
    const struct agency *agency = registry_by_id(house.flow->registry, text_bytes(id));
    return desk_of(&house.flow->desks, agency->number)->counts.open_bytes;
}

static void take(const struct given *given, uint8_t leg)
{
    say_sent(&house, given, leg);
    say(&house, given, leg, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
}

static void the_last_byte_counts(void **state)
{
    (void)state;
    struct given first = send("A", "own-1");
    assert_int_equal(first.code, LT_OK);
    uint64_t one = open_bytes("A");
    assert_int_not_equal(one, 0);
    house.flow->settings.share_bytes = 3 * one - 1;
    assert_int_equal(send("A", "own-2").code, LT_OK);
    assert_int_equal(send("A", "own-3").code, LT_AGENCY_SHARE); /* one byte too many */
    house.flow->settings.share_bytes = 3 * one;
    assert_int_equal(send("A", "own-3").code, LT_OK);
    uint64_t staged = journal_staged(house.flow->journal);
    assert_int_equal(send("A", "own-4").code, LT_AGENCY_SHARE);
    assert_int_equal(journal_staged(house.flow->journal), staged); /* nothing is kept of it */
    assert_int_equal(open_bytes("A"), 3 * one);
    assert_int_equal(send("C", "own-4").code, LT_OK); /* nobody else is asked for it */
    struct given again = send("A", "own-1");          /* a known one has its decision */
    assert_int_equal(again.code, LT_OK);
    assert_memory_equal(&again.known_as, &first.id, sizeof(first.id));
    house_settle(&house);
    take(&first, 0);
    assert_int_equal(send("A", "own-4").code, LT_OK);
    assert_int_equal(send("A", "own-5").code, LT_AGENCY_SHARE);
    house.flow->settings.share_bytes = 0; /* no bound */
    assert_int_equal(send("A", "own-5").code, LT_OK);
}

static void it_shows_until_something_is_closed(void **state)
{
    (void)state;
    struct given first = send("A", "own-1");
    house.flow->settings.share_bytes = open_bytes("A");
    assert_int_equal(ask_ok(&house, VIEWER, "alarms", ARGS()).count, 0);
    assert_int_equal(send("A", "own-2").code, LT_AGENCY_SHARE);
    struct page page = ask_ok(&house, VIEWER, "alarms", ARGS());
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "what", "share");
    assert_field(&house, &page, 0, "agency", "A");
    assert_field(&house, &page, 0, "code", "agency-share");
    page = ask_ok(&house, VIEWER, "agencies", ARGS("id", "A"));
    assert_field(&house, &page, 0, "share_full", "1");
    assert_int_equal(atoll(field(&house, &page, 0, "open_bytes")), open_bytes("A"));
    take(&first, 0);
    assert_int_equal(ask_ok(&house, VIEWER, "alarms", ARGS()).count, 0);
    page = ask_ok(&house, VIEWER, "agencies", ARGS("id", "A"));
    assert_field(&house, &page, 0, "share_full", "0");
    assert_field(&house, &page, 0, "open_bytes", "0");
}

static void legs_count_once(void **state)
{
    (void)state;
    struct given one = accept_now(
        &house,
        &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1", .sender_key = "own-1"});
    uint64_t bytes = open_bytes("A");
    struct given two = accept_now(
        &house,
        &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-2", .sender_key = "own-2"});
    uint64_t both = open_bytes("A");
    assert_in_range(both - bytes, bytes, bytes + 8); /* one more id in its header */
    take(&two, 0);
    assert_int_equal(open_bytes("A"), both);
    park(&house, &two, 1, "chưa cấu hình");
    assert_int_equal(open_bytes("A"), both);
    ask_ok(&house, OPERATOR, "reroute",
           ARGS("id", one.id_text, "to", "C", "reason", "sai nơi nhận"));
    assert_int_equal(open_bytes("A"), both);
    take(&one, 1);
    assert_int_equal(open_bytes("A"), both - bytes);
    say(&house, &two, 1, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, ""); /* late, and believed */
    assert_int_equal(open_bytes("A"), 0);
    say(&house, &one, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, ""); /* the one that was rerouted */
    assert_int_equal(open_bytes("A"), 0);
}

static void new_legs_of_an_undetermined_one(void **state)
{
    (void)state;
    struct given given = accept_now(&house, &(struct wish){.from = "A",
                                                           .case_code = "H-1",
                                                           .procedure = "1.001193",
                                                           .sender_key = "own-1"});
    uint64_t bytes = open_bytes("A");
    assert_int_not_equal(bytes, 0);
    struct page page = route_put(&house, "route-put", "1.001193", "11824", "B", false);
    assert_int_equal(page.code, LT_OK);
    ask_ok(&house, OPERATOR, "replay", ARGS("id", given.id_text, "reason", "đã có tuyến"));
    assert_int_equal(open_bytes("A"), bytes);
    /* A refold says the same. */
    house_settle(&house);
    broker_close(&house.broker);
    assert_int_equal(unlink(house.state_path), 0);
    house_open_broker(&house);
    assert_int_equal(open_bytes("A"), bytes);
    broker_close(&house.broker);
    house_open_broker(&house);
    assert_int_equal(open_bytes("A"), bytes);
    take(&given, 0);
    assert_int_equal(open_bytes("A"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(the_last_byte_counts),
        TEST(it_shows_until_something_is_closed),
        TEST(legs_count_once),
        TEST(new_legs_of_an_undetermined_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
