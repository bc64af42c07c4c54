/* SPDX-License-Identifier: EUPL-1.2 */
/* What operators read: every verb, its fields and its filters, asked over the network. */
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

/* Time passes, and the broker notices. */
static void pass(int64_t ms)
{
    world_advance(&house.world, ms);
    house_turn(&house);
}

/* ---- status ------------------------------------------------------------------------------------
 */

static enum lt_status fixed_bytes(void *self, uint64_t *ret_bytes)
{
    *ret_bytes = *(const uint64_t *)self;
    return LT_OK;
}

static void status_shows_how_the_house_is(void **state)
{
    (void)state;
    accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    struct given parked =
        accept_now(&house, &(struct wish){.from = "B", .to = {"C"}, .case_code = "H-2"});
    struct given taken =
        accept_now(&house, &(struct wish){.from = "B", .to = {"C"}, .case_code = "H-3"});
    struct given later =
        accept_now(&house, &(struct wish){.from = "B", .to = {"C"}, .case_code = "H-4"});
    park(&house, &parked, 0, "hỏng");
    say(&house, &taken, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    say_sent(&house, &later, 0);
    say(&house, &later, 0, LT_OUTCOME_FAILED, LT_RECEIVER_REJECTED, LEG_BACKOFF, "");
    struct page page = one("status", ARGS());
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "software", "house/1");
    assert_field(&house, &page, 0, "epoch", "1");
    assert_field(&house, &page, 0, "intake", "ok");
    assert_field(&house, &page, 0, "agencies", "3");
    assert_field(&house, &page, 0, "connected", "0");
    assert_field(&house, &page, 0, "sessions", "0");
    assert_field(&house, &page, 0, "accepted", "6");
    assert_field(&house, &page, 0, "taken", "1");
    assert_field(&house, &page, 0, "refused", "0");
    assert_field(&house, &page, 0, "open", "5");
    assert_field(&house, &page, 0, "parked", "1");
    assert_field(&house, &page, 0, "ready", "2");
    assert_field(&house, &page, 0, "behind", "1");
    assert_field(&house, &page, 0, "backoff", "1");
    assert_field(&house, &page, 0, "sent", "0");
    assert_field(&house, &page, 0, "held", "0");
    assert_field(&house, &page, 0, "difference", "0");
    assert_field(&house, &page, 0, "notices_waiting", "2");
    assert_field(&house, &page, 0, "started_ms", NULL);
    assert_field(&house, &page, 0, "memory_bytes", NULL);
    char durable[24];
    snprintf(durable, sizeof(durable), "%llu", (unsigned long long)house.flow->durable);
    assert_field(&house, &page, 0, "durable", durable);
    assert_int_not_equal(atoll(field(&house, &page, 0, "journal_bytes")), 0);
    assert_int_not_equal(atoll(field(&house, &page, 0, "syncs")), 0);
}

static void status_counts_connections(void **state)
{
    (void)state;
    struct party party = party_connect(&house, 2);
    party_grant(&house, &party, 1);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    house_settle(&house);
    struct page page = one("status", ARGS());
    assert_field(&house, &page, 0, "connected", "1");
    assert_field(&house, &page, 0, "sessions", "1");
    assert_field(&house, &page, 0, "in_flight", "1");
    assert_field(&house, &page, 0, "sent", "1");
}

static void status_says_why_intake_refuses(void **state)
{
    (void)state;
    house.flow->intake_closed = true;
    struct page page = one("status", ARGS());
    assert_field(&house, &page, 0, "intake", "disk-reserve");
    broker_drain(house.broker);
    page = one("status", ARGS());
    assert_field(&house, &page, 0, "intake", "draining");
}

static void status_shows_a_difference(void **state)
{
    (void)state;
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    desk_of(&house.flow->desks, 2)->counts.accepted++;
    struct page page = one("status", ARGS());
    assert_field(&house, &page, 0, "difference", "1");
    desk_of(&house.flow->desks, 2)->counts.accepted -= 2;
    page = one("status", ARGS());
    assert_field(&house, &page, 0, "difference", "-1");
}

static void status_tells_what_the_process_knows(void **state)
{
    (void)state;
    static uint64_t bytes = 4711;
    struct operators_about about = {.started_ms = 1000,
                                    .started_mono_ms = house.world.mono_ms,
                                    .self = &bytes,
                                    .disk_free = fixed_bytes,
                                    .memory = process_memory};
    operators_tell(house.operators, &about);
    world_advance(&house.world, 5000);
    struct page page = one("status", ARGS());
    assert_field(&house, &page, 0, "started_ms", "1000");
    assert_field(&house, &page, 0, "disk_free_bytes", "4711");
    assert_true(atoll(field(&house, &page, 0, "uptime_ms")) >= 5000);
    assert_true(atoll(field(&house, &page, 0, "uptime_ms")) < 6000);
    assert_true(atoll(field(&house, &page, 0, "memory_bytes")) > 1000000);
}

static void status_measures_speed_between_calls(void **state)
{
    (void)state;
    struct page page = one("status", ARGS());
    assert_field(&house, &page, 0, "transfers_per_s", "0");
    for (int i = 0; i < 20; i++) {
        accept(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    }
    page = one("status", ARGS()); /* too soon after the first: the same answer */
    assert_field(&house, &page, 0, "transfers_per_s", "0");
    world_advance(&house.world, 2000);
    page = one("status", ARGS());
    assert_field(&house, &page, 0, "transfers_per_s", "9"); /* 20 in a little over 2 s */
    world_advance(&house.world, 1000);
    page = one("status", ARGS());
    assert_field(&house, &page, 0, "transfers_per_s", "0");
}

/* ---- registry ----------------------------------------------------------------------------------
 */

static void agencies_show_line_and_backlog(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-2"});
    park(&house, &given, 0, "x");
    party_connect(&house, 2);
    struct page page = one("agencies", ARGS());
    assert_int_equal(page.count, 3);
    assert_int_equal(page.cursor.size, 0);
    assert_field(&house, &page, 0, "id", "A");
    assert_field(&house, &page, 0, "connected", "0");
    assert_field(&house, &page, 0, "since_ms", "0");
    assert_field(&house, &page, 0, "notices_waiting", "1");
    assert_field(&house, &page, 1, "id", "B");
    assert_field(&house, &page, 1, "name", "Đơn vị thử B");
    assert_field(&house, &page, 1, "kind", "commune");
    assert_field(&house, &page, 1, "contact", "liên hệ B");
    assert_field(&house, &page, 1, "connected", "1");
    assert_field(&house, &page, 1, "open", "2");
    assert_field(&house, &page, 1, "parked", "1");
    assert_field(&house, &page, 1, "suspended", "0");
    assert_field(&house, &page, 1, "keys", "1");
    assert_true(atoll(field(&house, &page, 1, "since_ms")) > 0);
    page = one("agencies", ARGS("id", "C"));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "id", "C");
    page = one("agencies", ARGS("id", "Z"));
    assert_int_equal(page.count, 0);
    page = ask_code(&house, VIEWER, "agencies", ARGS("id", "b?"), LT_FIELD_BAD);
    assert_detail(&page, "id: b?");
}

static void agencies_and_routes_go_on_by_cursor(void **state)
{
    (void)state;
    uint32_t pages;
    struct page page = ask_all(&house, VIEWER, "agencies", ARGS(), 2, &pages);
    assert_int_equal(page.count, 3);
    assert_int_equal(pages, 2);
    assert_field(&house, &page, 2, "id", "C");
    page = ask_all(&house, VIEWER, "agencies", ARGS(), 3, &pages);
    assert_int_equal(pages, 1);

    assert_int_equal(route_put(&house, "route-put", "1.001", "", "B", false).code, LT_OK);
    assert_int_equal(route_put(&house, "route-put", "1.001", "31", "C", false).code, LT_OK);
    assert_int_equal(route_put(&house, "route-put", "", "31", "A", false).code, LT_OK);
    assert_int_equal(route_put(&house, "route-put", "1.002", "", "C", false).code, LT_OK);
    page = ask_all(&house, VIEWER, "routes", ARGS(), 1, &pages);
    assert_int_equal(page.count, 4);
    assert_int_equal(pages, 4);
    assert_field(&house, &page, 0, "procedure", "");
    assert_field(&house, &page, 0, "locality", "31");
    assert_field(&house, &page, 0, "kind", "");
    assert_field(&house, &page, 0, "to", "A");
    assert_field(&house, &page, 1, "to", "B");
    assert_field(&house, &page, 1, "to_name", "Đơn vị thử B");
    assert_field(&house, &page, 2, "locality", "31");
    assert_field(&house, &page, 3, "procedure", "1.002");
}

static void agency_get_gives_the_whole_entry(void **state)
{
    (void)state;
    uint8_t entry[AGENCY_BYTES_MAX];
    struct agency agency;
    struct page page = one("agency-get", ARGS("id", "B"));
    assert_field(&house, &page, 0, "id", "B");
    assert_field(&house, &page, 0, "number", "2");
    const char *hex = field(&house, &page, 0, "entry");
    size_t size = strlen(hex) / 2;
    assert_true(size <= sizeof(entry) && hex_read(entry, size, hex));
    assert_true(agency_read(run_of(entry, size), &agency));
    assert_int_equal(agency.number, 2);
    assert_string_equal(agency.name, "Đơn vị thử B");
    page = ask_code(&house, VIEWER, "agency-get", ARGS("id", "Z"), LT_NOT_FOUND);
    assert_detail(&page, "id: Z");
    ask_code(&house, VIEWER, "agency-get", ARGS(), LT_FIELD_MISSING);
}

/* ---- transfers ---------------------------------------------------------------------------------
 */

static void transfers_show_a_row_for_each_leg(void **state)
{
    (void)state;
    struct given first = accept_now(
        &house,
        &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1", .procedure = "1.001193"});
    struct given second =
        accept_now(&house, &(struct wish){.from = "B", .to = {"C"}, .case_code = "H-2"});
    park(&house, &first, 1, "không mở được");
    struct page page = one("transfers", ARGS());
    assert_int_equal(page.count, 3);
    assert_field(&house, &page, 0, "id", first.id_text);
    assert_field(&house, &page, 0, "leg", "0");
    assert_field(&house, &page, 0, "kind", "forward");
    assert_field(&house, &page, 0, "from", "A");
    assert_field(&house, &page, 0, "to", "B");
    assert_field(&house, &page, 0, "to_name", "Đơn vị thử B");
    assert_field(&house, &page, 0, "case", "H-1");
    assert_field(&house, &page, 0, "procedure", "1.001193");
    assert_field(&house, &page, 0, "state", "ready");
    assert_field(&house, &page, 0, "attempts", "0");
    assert_field(&house, &page, 0, "code", NULL);
    assert_field(&house, &page, 0, "reason", NULL);
    assert_field(&house, &page, 0, "unknown", "0");
    assert_field(&house, &page, 1, "leg", "1");
    assert_field(&house, &page, 1, "state", "parked");
    assert_field(&house, &page, 1, "attempts", "1");
    assert_field(&house, &page, 1, "code", "receiver-never");
    assert_field(&house, &page, 1, "reason", "không mở được");
    assert_field(&house, &page, 1, "unknown", "1");
    assert_field(&house, &page, 1, "due_ms", NULL);
    assert_field(&house, &page, 2, "id", second.id_text);
    char since[24];
    snprintf(since, sizeof(since), "%lld", (long long)leg_of(&house, &first, 1).since_ms);
    assert_field(&house, &page, 1, "since_ms", since);
}

static void expect(const char *const *args, uint32_t count)
{
    struct page page = one("transfers", args);
    if (page.count != count) {
        fail_msg("%s=%s: %u rows, not %u", args[0], args[1], page.count, count);
    }
}

static void transfers_pass_every_filter(void **state)
{
    (void)state;
    struct given first = accept_now(&house, &(struct wish){.from = "A",
                                                           .to = {"B", "C"},
                                                           .case_code = "H-1",
                                                           .alias = "BN-9",
                                                           .procedure = "1.001193"});
    pass(1000);
    int64_t second_ms = house.world.wall_ms;
    accept_now(&house, &(struct wish){
                           .from = "B", .to = {"C"}, .case_code = "H-2", .kind = LT_KIND_STATUS});
    pass(1000);
    int64_t third_ms = house.world.wall_ms;
    accept_now(&house, &(struct wish){.from = "A", .to = {"C"}, .case_code = "H-1"});
    park(&house, &first, 0, "");
    expect(ARGS("agency", "B"), 1);
    expect(ARGS("agency", "C"), 3);
    expect(ARGS("agency", "Z"), 0);
    expect(ARGS("from", "A"), 3);
    expect(ARGS("from", "A", "agency", "C"), 2);
    expect(ARGS("case", "H-1"), 3);
    expect(ARGS("case", "BN-9"), 2);
    expect(ARGS("case", "H"), 0);
    expect(ARGS("state", "parked"), 1);
    expect(ARGS("state", "behind"), 1);
    expect(ARGS("kind", "status"), 1);
    expect(ARGS("procedure", "1.001193"), 2);
    expect(ARGS("procedure", "1.001193.000.00.00.H56"), 2);
    char since[24];
    char until[24];
    snprintf(since, sizeof(since), "%lld", (long long)second_ms - 500);
    snprintf(until, sizeof(until), "%lld", (long long)third_ms - 500);
    expect(ARGS("since", since), 2);
    expect(ARGS("until", until), 3);
    expect(ARGS("since", since, "until", until), 1);
    expect(ARGS("since", since, "case", "H-1"), 1);
    expect(ARGS("since", "0"), 4);
    expect(ARGS("since", "9999999999999"), 0);
    expect(ARGS("agency", ""), 4); /* an empty value is none */
}

static void instants_are_exact(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    char at[24];
    char after[24];
    int64_t time_ms = leg_of(&house, &given, 0).since_ms;
    snprintf(at, sizeof(at), "%lld", (long long)time_ms);
    snprintf(after, sizeof(after), "%lld", (long long)time_ms + 1);
    expect(ARGS("since", at), 1);
    expect(ARGS("since", after), 0);
    expect(ARGS("until", at), 0);
    expect(ARGS("until", after), 1);
}

static void bad_filters_are_named(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"agency", "b"},
        {"from", "?"},
        {"state", "parkd"},
        {"kind", "letter"},
        {"since", "monday"},
        {"until", "-1"},
        {"since", "9223372036854775808"},
        {"stat", "parked"},
        {"case", "012345678901234567890123456789012345678901234567890"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct page page =
            ask_code(&house, VIEWER, "transfers", ARGS(bad[i][0], bad[i][1]), LT_FIELD_BAD);
        assert_detail(&page, bad[i][0]);
        assert_int_equal(page.count, 0);
    }
    expect(ARGS("since", "9223372036854775807"), 0);
    expect(ARGS("case", "01234567890123456789012345678901234567890123456789"), 0);
}

static void transfers_go_on_within_a_transfer(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    }
    struct page whole = one("transfers", ARGS());
    assert_int_equal(whole.count, 10);
    for (uint32_t rows = 1; rows <= 11; rows++) {
        uint32_t pages;
        struct page page = ask_all(&house, VIEWER, "transfers", ARGS(), rows, &pages);
        assert_int_equal(page.count, 10);
        assert_int_equal(pages, (10 + rows - 1) / rows);
        for (uint32_t i = 0; i < 10; i++) {
            assert_field(&house, &page, i, "id", field(&house, &whole, i, "id"));
            assert_field(&house, &page, i, "leg", field(&house, &whole, i, "leg"));
        }
    }
}

static void a_case_has_all_its_names(void **state)
{
    (void)state;
    accept_now(&house,
               &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1", .alias = "BN-1"});
    accept_now(&house, &(struct wish){.from = "C", .to = {"B"}, .case_code = "BN-1"});
    accept_now(&house, &(struct wish){.from = "C", .to = {"B"}, .case_code = "H-12"});
    assert_int_equal(one("case", ARGS("code", "H-1")).count, 1);
    struct page page = one("case", ARGS("code", "BN-1"));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "case", "H-1");
    assert_field(&house, &page, 1, "case", "BN-1");
    page = ask_code(&house, VIEWER, "case", ARGS("code", "H-"), LT_NOT_FOUND);
    assert_detail(&page, "code: H-");
    ask_code(&house, VIEWER, "case", ARGS(), LT_FIELD_MISSING);
    uint32_t pages;
    page = ask_all(&house, VIEWER, "case", ARGS("code", "BN-1"), 1, &pages);
    assert_int_equal(page.count, 2);
    assert_int_equal(pages, 2);
}

/* ---- parked ------------------------------------------------------------------------------------
 */

static void parked_are_oldest_first_over_all_agencies(void **state)
{
    (void)state;
    struct given given[6];
    static const char *const to[6] = {"C", "B", "A", "C", "B", "A"};
    for (int i = 0; i < 6; i++) {
        char code[16];
        snprintf(code, sizeof(code), "H-%d", i);
        given[i] = accept_now(
            &house, &(struct wish){.from = to[(i + 1) % 6], .to = {to[i]}, .case_code = code});
    }
    for (int i = 5; i >= 0; i--) {
        if (i == 3) {
            say_sent(&house, &given[i], 0);
            say(&house, &given[i], 0, LT_OUTCOME_FAILED, LT_ATTEMPTS_EXHAUSTED, LEG_PARKED, "8");
        } else {
            park(&house, &given[i], 0, "lỗi");
        }
    }
    for (uint32_t rows = 1; rows <= 7; rows++) {
        struct page page = ask_all(&house, VIEWER, "parked", ARGS(), rows, NULL);
        assert_int_equal(page.count, 6);
        for (uint32_t i = 0; i < 6; i++) {
            assert_field(&house, &page, i, "id", given[i].id_text);
            assert_field(&house, &page, i, "to", to[i]);
        }
    }
    struct page page = one("parked", ARGS("agency", "C"));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "code", "receiver-never");
    assert_field(&house, &page, 0, "reason", "lỗi");
    assert_field(&house, &page, 0, "who", "receiver");
    assert_field(&house, &page, 0, "contact", "liên hệ C");
    assert_field(&house, &page, 0, "attempts", "1");
    assert_field(&house, &page, 0, "unknown", "1");
    page = one("parked", ARGS("code", "attempts-exhausted"));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "id", given[3].id_text);
    assert_int_equal(one("parked", ARGS("agency", "Z")).count, 0);
    assert_int_equal(one("parked", ARGS("code", "busy")).count, 0);
    ask_code(&house, VIEWER, "parked", ARGS("code", "sleepy"), LT_FIELD_BAD);
    ask_code(&house, VIEWER, "parked", ARGS("code", "ok"), LT_FIELD_BAD);
}

static void what_nobody_is_competent_for_waits_for_an_operator(void **state)
{
    (void)state;
    accept_now(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.009"});
    struct page page = one("parked", ARGS());
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "to", "");
    assert_field(&house, &page, 0, "code", "procedure-unknown");
    assert_field(&house, &page, 0, "who", "operator");
    assert_field(&house, &page, 0, "contact", NULL);
    assert_field(&house, &page, 0, "unknown", "0");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(status_shows_how_the_house_is),
        TEST(status_counts_connections),
        TEST(status_says_why_intake_refuses),
        TEST(status_shows_a_difference),
        TEST(status_tells_what_the_process_knows),
        TEST(status_measures_speed_between_calls),
        TEST(agencies_show_line_and_backlog),
        TEST(agencies_and_routes_go_on_by_cursor),
        TEST(agency_get_gives_the_whole_entry),
        TEST(transfers_show_a_row_for_each_leg),
        TEST(transfers_pass_every_filter),
        TEST(instants_are_exact),
        TEST(bad_filters_are_named),
        TEST(transfers_go_on_within_a_transfer),
        TEST(a_case_has_all_its_names),
        TEST(parked_are_oldest_first_over_all_agencies),
        TEST(what_nobody_is_competent_for_waits_for_an_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
