/* SPDX-License-Identifier: EUPL-1.2 */
/* The bounds of one page: rows, entries looked at, bytes of the frame; each at n and at n + 1. */
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

/* Transfers from A, each a case of its own or all of one. */
static void accept_many(uint32_t count, const char *to, const char *case_code)
{
    for (uint32_t i = 0; i < count; i++) {
        char code[32];
        snprintf(code, sizeof(code), "%s-%u", case_code, i);
        struct wish wish = {.from = "A", .to = {to}, .case_code = code};
        while (!flow_room(house.flow)) {
            house_turn(&house);
        }
        struct given given = accept(&house, &wish);
        assert_int_equal(given.code, LT_OK);
    }
    house_settle(&house);
}

/* Facts that say nothing of any transfer. */
static void idle_facts(uint32_t count)
{
    uint8_t memory[64];
    uint64_t position;
    struct fact_noticed noticed = {.agency = 1};
    for (uint32_t i = 0; i < count; i++) {
        while (!flow_room(house.flow)) {
            house_turn(&house);
        }
        assert_int_equal(flow_fact(house.flow, FACT_NOTICED,
                                   fact_write_noticed(memory, sizeof(memory), &noticed), &position),
                         LT_OK);
    }
    house_settle(&house);
}

static struct page page_of(const char *verb, const char *const *args, uint32_t rows)
{
    struct page page = ask_page(&house, VIEWER, verb, args, rows, (struct lt_bytes){NULL, 0});
    assert_int_equal(page.code, LT_OK);
    return page;
}

static void a_page_has_at_most_rows_max(void **state)
{
    (void)state;
    accept_many(PAGE_ROWS_MAX, "B", "H");
    struct page page = page_of("transfers", ARGS(), 0);
    assert_int_equal(page.count, PAGE_ROWS_MAX);
    assert_int_equal(page.cursor.size, 0);
    accept_many(1, "B", "K");
    page = page_of("transfers", ARGS(), 0);
    assert_int_equal(page.count, PAGE_ROWS_MAX);
    assert_int_not_equal(page.cursor.size, 0);
    page = page_of("transfers", ARGS(), PAGE_ROWS_MAX + 1);
    assert_int_equal(page.count, PAGE_ROWS_MAX);
    uint32_t pages;
    page = ask_all(&house, VIEWER, "transfers", ARGS(), 0, &pages);
    assert_int_equal(page.count, PAGE_ROWS_MAX + 1);
    assert_int_equal(pages, 2);
    assert_field(&house, &page, PAGE_ROWS_MAX, "case", "K-0");
}

static void a_page_stays_below_a_frame(void **state)
{
    (void)state;
    char reason[LT_REASON_MAX + 1];
    memset(reason, 'x', LT_REASON_MAX);
    reason[LT_REASON_MAX] = '\0';
    for (int i = 0; i < PAGE_ROWS_MAX + 50; i++) {
        char code[LT_CASE_CODE_MAX + 1];
        snprintf(code, sizeof(code), "H-%048d", i);
        struct given given = accept_now(
            &house,
            &(struct wish){.from = "A", .to = {"B"}, .case_code = code, .procedure = "1.001193"});
        park(&house, &given, 0, reason);
    }
    uint32_t pages;
    struct page page = ask_all(&house, VIEWER, "parked", ARGS(), 0, &pages);
    assert_int_equal(page.count, PAGE_ROWS_MAX + 50);
    assert_int_equal(pages, 2);
    for (uint32_t i = 0; i < page.count; i++) {
        assert_field(&house, &page, i, "reason", reason);
    }
}

/* One page looks at SCAN_ROWS_MAX entries and goes on where it stopped. */
static void a_filter_that_finds_nothing_ends_its_page(void **state)
{
    (void)state;
    accept_many(SCAN_ROWS_MAX, "B", "H");
    struct page page = page_of("transfers", ARGS("kind", "petition"), 0);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.cursor.size, 0);
    page = page_of("status", ARGS(), 0);
    assert_field(&house, &page, 0, "ready", "20000");
    assert_field(&house, &page, 0, "difference", "0");
    accept_many(1, "B", "K");
    page = page_of("transfers", ARGS("kind", "petition"), 0);
    assert_int_equal(page.count, 0);
    assert_int_not_equal(page.cursor.size, 0);
    uint32_t pages;
    page = ask_all(&house, VIEWER, "transfers", ARGS("kind", "petition"), 0, &pages);
    assert_int_equal(page.count, 0);
    assert_int_equal(pages, 2);
    page = page_of("status", ARGS(), 0); /* not everything was seen: nothing is said */
    assert_field(&house, &page, 0, "ready", NULL);
    assert_field(&house, &page, 0, "difference", NULL);
    assert_field(&house, &page, 0, "open", "20001");
}

static void conservation_goes_on_while_legs_move(void **state)
{
    (void)state;
    accept_many(SCAN_ROWS_MAX + 500, "B", "H");
    struct page page = page_of("conservation", ARGS(), 0);
    assert_int_equal(page.count, 1); /* A; B is not through */
    assert_int_not_equal(page.cursor.size, 0);
    struct lt_bytes cursor = page.cursor;
    page = ask_page(&house, VIEWER, "conservation", ARGS(), 0, cursor);
    assert_field(&house, &page, 0, "agency", "B");
    assert_field(&house, &page, 0, "counted", "20500");
    assert_field(&house, &page, 0, "difference", "0");
    assert_field(&house, &page, 0, "moved", NULL);
    assert_field(&house, &page, 2, "agency", "");
    assert_field(&house, &page, 2, "counted", "20500");
    accept_many(40, "B", "K"); /* some of them in lanes that were counted already */
    page = ask_page(&house, VIEWER, "conservation", ARGS(), 0, cursor);
    assert_field(&house, &page, 0, "accepted", "20540");
    assert_field(&house, &page, 0, "moved", "40");
    assert_field(&house, &page, 0, "difference", "0");
    /* What moved explains forty, not more. */
    desk_of(&house.flow->desks, 2)->counts.accepted += 500;
    page = ask_page(&house, VIEWER, "conservation", ARGS(), 0, cursor);
    assert_field(&house, &page, 0, "moved", "540");
    desk_of(&house.flow->desks, 2)->counts.accepted -= 500;
    desk_of(&house.flow->desks, 2)->counts.accepted += 7;
    struct page all = ask_all(&house, VIEWER, "conservation", ARGS(), 0, NULL);
    assert_field(&house, &all, 1, "difference", "7");
    assert_field(&house, &all, 3, "difference", "7");
}

static void a_history_is_walked_in_steps(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    say_sent(&house, &given, 0);
    idle_facts(2 * SCAN_ROWS_MAX);
    say(&house, &given, 0, LT_OUTCOME_FAILED, LT_RECEIVER_NEVER, LEG_PARKED, "cuối");
    idle_facts(SCAN_ROWS_MAX);
    uint32_t pages;
    struct page page = ask_all(&house, VIEWER, "show", ARGS("id", given.id_text), 0, &pages);
    assert_int_equal(page.count, 5);
    assert_int_equal(pages, 3); /* and not a step further than the last change */
    assert_field(&house, &page, 4, "state", "parked");
    assert_field(&house, &page, 4, "reason", "cuối");
}

static void a_sent_leg_is_followed_to_the_end(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    say_sent(&house, &given, 0);
    world_advance(&house.world, 10000);
    house_turn(&house);
    say_sent(&house, &given, 0); /* after a restart that knew nothing of the first */
    struct page page = page_of("show", ARGS("id", given.id_text), 0);
    assert_field(&house, &page, page.count - 1, "event", "sent");
    assert_field(&house, &page, page.count - 1, "attempt", "2");
}

/* A turn in which no time passes. */
static void same_instant(void)
{
    bool idle;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(broker_turn(house.broker, &idle, &fault), LT_OK);
}

static void reasons_are_found_among_many(void **state)
{
    (void)state;
    enum { MANY = JOURNAL_BATCH_FACTS_MAX + 1 };
    uint8_t memory[256];
    uint64_t position;
    accept_many(MANY, "B", "H");
    struct page rows = ask_all(&house, VIEWER, "transfers", ARGS(), 0, NULL);
    assert_int_equal(rows.count, MANY);
    /* All in one instant, as when a receiver's system refuses everything at once. */
    same_instant();
    for (uint32_t i = 0; i < MANY; i++) {
        char reason[16];
        struct transfer_key key = {.from = 1};
        struct transfer t;
        snprintf(reason, sizeof(reason), "lỗi %u", i);
        assert_true(id_read(&key.id, field(&house, &rows, i, "id")));
        assert_int_equal(transfer_load(house.flow, &key, &t), LT_OK);
        struct fact_settled settled = {.position = t.position,
                                       .agency = 2,
                                       .outcome = LT_OUTCOME_FAILED,
                                       .code = LT_RECEIVER_NEVER,
                                       .next = LEG_PARKED,
                                       .reason = text_bytes(reason)};
        while (!flow_room_small(house.flow)) {
            same_instant();
        }
        assert_int_equal(flow_fact(house.flow, FACT_SETTLED,
                                   fact_write_settled(memory, sizeof(memory), &settled), &position),
                         LT_OK);
    }
    house_settle(&house);
    struct page page = ask_all(&house, VIEWER, "parked", ARGS(), 0, NULL);
    assert_int_equal(page.count, MANY);
    for (uint32_t i = 0; i < MANY - 1; i++) {
        char reason[16];
        snprintf(reason, sizeof(reason), "lỗi %u", i);
        assert_field(&house, &page, i, "reason", reason);
    }
    assert_field(&house, &page, MANY - 1, "reason", NULL); /* looking has an end */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(a_page_has_at_most_rows_max),
        TEST(a_page_stays_below_a_frame),
        TEST(a_filter_that_finds_nothing_ends_its_page),
        TEST(conservation_goes_on_while_legs_move),
        TEST(a_history_is_walked_in_steps),
        TEST(a_sent_leg_is_followed_to_the_end),
        TEST(reasons_are_found_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
