/* SPDX-License-Identifier: EUPL-1.2 */
/* Following one transfer or one case: show with its history, where, and the sum that must be zero.
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

static struct page one(const char *verb, const char *const *args)
{
    return ask_ok(&house, VIEWER, verb, args);
}

static void some_turns(void)
{
    for (int i = 0; i < 5; i++) {
        house_turn(&house);
    }
}

/* ---- show --------------------------------------------------------------------------------------
 */

static void show_tells_what_came_and_what_happened(void **state)
{
    (void)state;
    struct given before =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    struct given given = accept_now(&house, &(struct wish){.from = "A",
                                                           .to = {"B", "C"},
                                                           .case_code = "H-2",
                                                           .procedure = "1.001193",
                                                           .sender_key = "hồ sơ/7",
                                                           .priority = 2});
    say_sent(&house, &before, 0);
    park(&house, &given, 1, "không mở được");
    house_turn(&house);
    struct page page =
        ask_ok(&house, OPERATOR, "replay", ARGS("id", given.id_text, "reason", "đã sửa khóa"));
    assert_int_equal(page.count, 1);
    page = one("show", ARGS("id", given.id_text));
    assert_int_equal(page.count, 7);
    assert_int_equal(page.cursor.size, 0);
    assert_field(&house, &page, 0, "row", "transfer");
    assert_field(&house, &page, 0, "id", given.id_text);
    assert_field(&house, &page, 0, "kind", "forward");
    assert_field(&house, &page, 0, "from", "A");
    assert_field(&house, &page, 0, "from_name", "Đơn vị thử A");
    assert_field(&house, &page, 0, "case", "H-2");
    assert_field(&house, &page, 0, "procedure", "1.001193");
    assert_field(&house, &page, 0, "procedure_raw", "1.001193");
    assert_field(&house, &page, 0, "locality", "11824");
    assert_field(&house, &page, 0, "priority", "2");
    assert_field(&house, &page, 0, "sender_key", "hồ sơ/7");
    assert_field(&house, &page, 0, "body_bytes", "12");
    assert_field(&house, &page, 0, "body_type", "application/json");
    assert_field(&house, &page, 0, "attachments", "0");
    assert_field(&house, &page, 0, "after", NULL);
    assert_field(&house, &page, 0, "reply_to", NULL);
    assert_int_equal(strlen(field(&house, &page, 0, "digest")), 64);
    assert_int_equal(atoll(field(&house, &page, 0, "position")), given.position);
    assert_field(&house, &page, 1, "row", "leg");
    assert_field(&house, &page, 1, "to", "B");
    assert_field(&house, &page, 1, "state", "ready");
    assert_field(&house, &page, 2, "leg", "1");
    assert_field(&house, &page, 2, "to", "C");
    assert_field(&house, &page, 2, "state", "ready");
    assert_field(&house, &page, 2, "unknown", "1");
    assert_field(&house, &page, 3, "row", "event");
    assert_field(&house, &page, 3, "event", "accepted");
    assert_field(&house, &page, 4, "event", "sent");
    assert_field(&house, &page, 4, "leg", "1");
    assert_field(&house, &page, 4, "agency", "C");
    assert_field(&house, &page, 4, "attempt", "1");
    assert_field(&house, &page, 4, "state", "sent");
    assert_field(&house, &page, 5, "event", "settled");
    assert_field(&house, &page, 5, "state", "parked");
    assert_field(&house, &page, 5, "code", "receiver-never");
    assert_field(&house, &page, 5, "reason", "không mở được");
    assert_field(&house, &page, 6, "event", "act");
    assert_field(&house, &page, 6, "state", "ready");
    assert_field(&house, &page, 6, "agency", "C");
    assert_field(&house, &page, 6, "reason", "đã sửa khóa");
    assert_field(&house, &page, 6, "person", "operator-1");
}

static void show_goes_on_by_cursor(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    struct given other =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-2"});
    for (int i = 0; i < 3; i++) {
        say_sent(&house, &given, 0);
        say_sent(&house, &other, 0);
        say(&house, &given, 0, LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED, LEG_BACKOFF, "bận");
    }
    say_sent(&house, &given, 0);
    say(&house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    struct page whole = one("show", ARGS("id", given.id_text));
    assert_int_equal(whole.count, 3 + 1 + 8);
    for (uint32_t rows = 1; rows <= 13; rows++) {
        struct page page = ask_all(&house, VIEWER, "show", ARGS("id", given.id_text), rows, NULL);
        assert_int_equal(page.count, whole.count);
        for (uint32_t i = 0; i < page.count; i++) {
            assert_field(&house, &page, i, "row", field(&house, &whole, i, "row"));
            assert_field(&house, &page, i, "event", field(&house, &whole, i, "event"));
            assert_field(&house, &page, i, "position", field(&house, &whole, i, "position"));
        }
    }
    assert_field(&house, &whole, 10, "attempt", "4");
    assert_field(&house, &whole, 11, "state", "taken");
}

static void show_finds_bodies_that_left_the_cache(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    house.flow->cache.slots[given.position % CACHE_SLOTS].position = 0;
    struct page page = one("show", ARGS("id", given.id_text));
    assert_field(&house, &page, 0, "body_bytes", "12");
    assert_field(&house, &page, 0, "locality", "11824");
}

static void show_survives_a_damaged_record(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-2"});
    house.flow->cache.slots[given.position % CACHE_SLOTS].position = 0;
    backend_memory_damage(house.backend, given.position, 8 * 200);
    struct page page = one("show", ARGS("id", given.id_text));
    assert_int_equal(page.count, 3);
    assert_field(&house, &page, 0, "case", "H-1");
    assert_field(&house, &page, 0, "body_bytes", NULL);
    assert_field(&house, &page, 1, "state", "ready");
    assert_field(&house, &page, 2, "event", "damaged");
    one("status", ARGS());
}

static void show_leads_from_a_second_id_to_the_first(void **state)
{
    (void)state;
    struct wish wish = {.from = "A", .to = {"B"}, .case_code = "H-1", .sender_key = "k1"};
    struct given first = accept_now(&house, &wish);
    struct given again = accept_now(&house, &wish);
    assert_memory_equal(&again.known_as, &first.id, sizeof(first.id));
    struct page page = one("show", ARGS("id", again.id_text));
    assert_field(&house, &page, 0, "id", first.id_text);
    assert_field(&house, &page, 1, "to", "B");
}

static void show_asks_whose_when_two_used_an_id(void **state)
{
    (void)state;
    struct given first =
        accept_now(&house, &(struct wish){.from = "A", .to = {"C"}, .case_code = "H-1"});
    accept_now(&house,
               &(struct wish){.from = "B", .to = {"C"}, .case_code = "H-2", .id = &first.id});
    struct page page =
        ask_code(&house, VIEWER, "show", ARGS("id", first.id_text), LT_FIELD_MISSING);
    assert_detail(&page, "from");
    page = one("show", ARGS("id", first.id_text, "from", "B"));
    assert_field(&house, &page, 0, "from", "B");
    page = one("show", ARGS("id", first.id_text, "from", "A"));
    assert_field(&house, &page, 0, "from", "A");
    ask_code(&house, VIEWER, "show", ARGS("id", first.id_text, "from", "C"), LT_NOT_FOUND);
}

static void show_refuses_what_is_no_id(void **state)
{
    (void)state;
    struct page page = ask_code(&house, VIEWER, "show", ARGS("id", "17"), LT_FIELD_BAD);
    assert_detail(&page, "id: 17");
    ask_code(&house, VIEWER, "show", ARGS(), LT_FIELD_MISSING);
    ask_code(&house, VIEWER, "show", ARGS("id", "01890000-0000-7000-8000-000000000000"),
             LT_NOT_FOUND);
}

/* ---- where -------------------------------------------------------------------------------------
 */

static struct page where(const char *code, const char *waits_for, const char *who)
{
    struct page page = one("where", ARGS("code", code));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "waits_for", waits_for);
    assert_field(&house, &page, 0, "who", who);
    return page;
}

static void where_follows_a_leg_on_its_way(void **state)
{
    (void)state;
    struct given given = accept_now(
        &house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1", .alias = "BN-1"});
    struct page page = where("H-1", "line", "receiver");
    assert_field(&house, &page, 0, "case", "H-1");
    assert_field(&house, &page, 0, "id", given.id_text);
    assert_field(&house, &page, 0, "from_name", "Đơn vị thử A");
    assert_field(&house, &page, 0, "agency", "B");
    assert_field(&house, &page, 0, "state", "ready");
    assert_field(&house, &page, 0, "connected", "0");
    assert_field(&house, &page, 0, "line_since_ms", "0");
    struct party party = party_connect(&house, 2);
    page = where("BN-1", "credit", "receiver");
    assert_field(&house, &page, 0, "connected", "1");
    assert_true(atoll(field(&house, &page, 0, "line_since_ms")) > 0);
    party_grant(&house, &party, 1);
    page = where("H-1", "answer", "receiver");
    assert_field(&house, &page, 0, "state", "sent");
    assert_field(&house, &page, 0, "attempts", "1");
    assert_field(&house, &page, 0, "unknown", "1");
    struct given next =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-2"});
    where("H-2", "credit", "receiver");
    world_link_close(&party.link);
    some_turns();
    say(&house, &given, 0, LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED, LEG_BACKOFF, "");
    (void)next;
}

static void where_says_due_and_person(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    say_sent(&house, &given, 0);
    say(&house, &given, 0, LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED, LEG_BACKOFF, "");
    struct page page = where("H-1", "due", "receiver");
    assert_field(&house, &page, 0, "state", "backoff");
    assert_field(&house, &page, 0, "code", "receiver-rejected");
    assert_true(atoll(field(&house, &page, 0, "due_ms")) > house.world.wall_ms);
    say_sent(&house, &given, 0);
    say(&house, &given, 0, LT_OUTCOME_FAILED, LT_RECEIVER_NEVER, LEG_PARKED, "hỏng hẳn");
    page = where("H-1", "person", "receiver");
    assert_field(&house, &page, 0, "reason", "hỏng hẳn");
    accept_now(&house, &(struct wish){.from = "A", .case_code = "H-2", .procedure = "1.009"});
    page = where("H-2", "person", "operator");
    assert_field(&house, &page, 0, "agency", "");
}

static void where_names_the_one_in_front(void **state)
{
    (void)state;
    struct given first =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    struct given second =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    struct page page = one("where", ARGS("code", "H-1"));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "waits_for", "line");
    assert_field(&house, &page, 0, "waits_id", NULL);
    assert_field(&house, &page, 1, "id", second.id_text);
    assert_field(&house, &page, 1, "waits_for", "lane");
    assert_field(&house, &page, 1, "waits_id", first.id_text);
    assert_field(&house, &page, 1, "who", "receiver");
    park(&house, &first, 0, "");
    page = one("where", ARGS("code", "H-1"));
    assert_field(&house, &page, 1, "waits_for", "lane");
    assert_field(&house, &page, 1, "who", "receiver");
}

static void where_names_the_holder_not_the_eldest(void **state)
{
    (void)state;
    struct given given[3];
    for (int i = 0; i < 3; i++) {
        given[i] = accept_now(
            &house,
            &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1", .kind = LT_KIND_STATUS});
        if (i == 0) {
            park(&house, &given[0], 0, ""); /* a status steps aside, and comes back behind */
        }
    }
    ask_ok(&house, OPERATOR, "replay", ARGS("id", given[0].id_text, "reason", "x"));
    struct page page = one("where", ARGS("code", "H-1"));
    assert_int_equal(page.count, 3);
    assert_field(&house, &page, 0, "waits_id", given[1].id_text);
    assert_field(&house, &page, 1, "waits_for", "line");
    assert_field(&house, &page, 2, "waits_id", given[1].id_text);
}

static void where_gives_the_last_one_when_all_have_ended(void **state)
{
    (void)state;
    struct given first =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    struct given second =
        accept_now(&house, &(struct wish){.from = "B", .to = {"A"}, .case_code = "H-1"});
    say(&house, &second, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    struct page page = one("where", ARGS("code", "H-1"));
    assert_int_equal(page.count, 2); /* the open ones only */
    say(&house, &first, 1, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    say(&house, &first, 0, LT_OUTCOME_REFUSED, LT_WRONG_AUTHORITY, LEG_REFUSED, "sai nơi nhận");
    for (uint32_t rows = 1; rows <= 2; rows++) {
        page = ask_all(&house, VIEWER, "where", ARGS("code", "H-1"), rows, NULL);
        assert_int_equal(page.count, 1);
        assert_field(&house, &page, 0, "id", first.id_text);
        assert_field(&house, &page, 0, "leg", "0");
        assert_field(&house, &page, 0, "state", "refused");
        assert_field(&house, &page, 0, "code", "wrong-authority");
        assert_field(&house, &page, 0, "reason", "sai nơi nhận");
        assert_field(&house, &page, 0, "who", "sender");
        assert_field(&house, &page, 0, "waits_for", NULL);
        assert_field(&house, &page, 0, "unknown", "0");
    }
    page = ask_code(&house, VIEWER, "where", ARGS("code", "H-9"), LT_NOT_FOUND);
    assert_detail(&page, "code: H-9");
    ask_code(&house, VIEWER, "where", ARGS(), LT_FIELD_MISSING);
}

static void suspend(const char *id, bool suspended)
{
    struct page page = agency_suspend(&house, id, suspended, "lộ khóa");
    assert_field(&house, &page, 0, "change", "changed");
    some_turns();
}

/* Said of the one in front and of those behind it, before the line that it has cut. */
static void where_says_that_the_agency_is_suspended(void **state)
{
    (void)state;
    party_connect(&house, 2);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    struct page page = one("where", ARGS("code", "H-1"));
    assert_field(&house, &page, 0, "waits_for", "credit");
    assert_field(&house, &page, 0, "suspended", "0");
    suspend("B", true);
    page = one("where", ARGS("code", "H-1"));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "waits_for", "suspended");
    assert_field(&house, &page, 0, "who", "operator");
    assert_field(&house, &page, 0, "suspended", "1");
    assert_field(&house, &page, 1, "waits_for", "lane");
    assert_field(&house, &page, 1, "who", "operator");
    assert_field(&house, &page, 1, "suspended", "1");
    suspend("B", false);
    page = one("where", ARGS("code", "H-1"));
    assert_field(&house, &page, 0, "waits_for", "credit");
    assert_field(&house, &page, 1, "suspended", "0");
}

static void where_pages_open_legs(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    }
    for (uint32_t rows = 1; rows <= 7; rows++) {
        struct page page = ask_all(&house, VIEWER, "where", ARGS("code", "H-1"), rows, NULL);
        assert_int_equal(page.count, 6);
        assert_field(&house, &page, 0, "waits_for", "line");
        assert_field(&house, &page, 1, "waits_for", "line");
        assert_field(&house, &page, 5, "waits_for", "lane");
    }
}

/* ---- conservation ------------------------------------------------------------------------------
 */

static void conservation_is_counted_twice(void **state)
{
    (void)state;
    struct given taken =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    struct given refused =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-2"});
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-2"});
    say(&house, &taken, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    say(&house, &refused, 0, LT_OUTCOME_REFUSED, LT_INELIGIBLE, LEG_REFUSED, "");
    struct page page = one("conservation", ARGS());
    assert_int_equal(page.count, 4);
    assert_field(&house, &page, 0, "agency", "A");
    assert_field(&house, &page, 0, "accepted", "0");
    assert_field(&house, &page, 1, "agency", "B");
    assert_field(&house, &page, 1, "name", "Đơn vị thử B");
    assert_field(&house, &page, 1, "accepted", "3");
    assert_field(&house, &page, 1, "taken", "1");
    assert_field(&house, &page, 1, "refused", "1");
    assert_field(&house, &page, 1, "expired", "0");
    assert_field(&house, &page, 1, "cancelled", "0");
    assert_field(&house, &page, 1, "open", "1");
    assert_field(&house, &page, 1, "counted", "1");
    assert_field(&house, &page, 1, "difference", "0");
    assert_field(&house, &page, 1, "moved", NULL);
    assert_field(&house, &page, 2, "counted", "1");
    assert_field(&house, &page, 3, "agency", "");
    assert_field(&house, &page, 3, "accepted", "4");
    assert_field(&house, &page, 3, "open", "2");
    assert_field(&house, &page, 3, "counted", "2");
    assert_field(&house, &page, 3, "difference", "0");
}

static void conservation_shows_what_is_missing(void **state)
{
    (void)state;
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    accept_now(&house, &(struct wish){.from = "A", .to = {"C"}, .case_code = "H-1"});
    desk_of(&house.flow->desks, 2)->counts.accepted += 2;
    desk_of(&house.flow->desks, 3)->counts.accepted -= 1;
    for (uint32_t rows = 1; rows <= 5; rows++) {
        struct page page = ask_all(&house, VIEWER, "conservation", ARGS(), rows, NULL);
        assert_int_equal(page.count, 4);
        assert_field(&house, &page, 1, "difference", "2");
        assert_field(&house, &page, 2, "difference", "-1");
        assert_field(&house, &page, 3, "agency", "");
        assert_field(&house, &page, 3, "difference", "1");
        assert_field(&house, &page, 3, "counted", "2");
    }
}

static void conservation_counts_the_legs_of_nobody(void **state)
{
    (void)state;
    accept_now(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.009"});
    struct page page = one("conservation", ARGS());
    assert_int_equal(page.count, 5);
    assert_field(&house, &page, 0, "agency", "-");
    assert_field(&house, &page, 0, "accepted", "1");
    assert_field(&house, &page, 0, "counted", "1");
    assert_field(&house, &page, 4, "accepted", "1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(show_tells_what_came_and_what_happened),
        TEST(show_goes_on_by_cursor),
        TEST(show_finds_bodies_that_left_the_cache),
        TEST(show_survives_a_damaged_record),
        TEST(show_leads_from_a_second_id_to_the_first),
        TEST(show_asks_whose_when_two_used_an_id),
        TEST(show_refuses_what_is_no_id),
        TEST(where_follows_a_leg_on_its_way),
        TEST(where_says_due_and_person),
        TEST(where_names_the_one_in_front),
        TEST(where_names_the_holder_not_the_eldest),
        TEST(where_gives_the_last_one_when_all_have_ended),
        TEST(where_says_that_the_agency_is_suspended),
        TEST(where_pages_open_legs),
        TEST(conservation_is_counted_twice),
        TEST(conservation_shows_what_is_missing),
        TEST(conservation_counts_the_legs_of_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
