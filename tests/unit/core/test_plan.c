/* SPDX-License-Identifier: EUPL-1.2 */
/* How replay plans are made: what they choose, leases, rights, the second person, limits. */
#include "plan_test.h"

/* ---- choosing ----------------------------------------------------------------------------------
 */

static void a_plan_freezes_what_is_parked(void **state)
{
    (void)state;
    struct given given[3];
    parked_legs(&house, "B", 3, given);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-9"});
    uint64_t number = plan_made(&house, ARGS("reason", "B đã sửa xong"));
    struct page page = plan_row(&house, number);
    assert_field(&house, &page, 0, "state", "frozen");
    assert_field(&house, &page, 0, "items", "3");
    assert_field(&house, &page, 0, "agencies", "1");
    assert_field(&house, &page, 0, "second", "0");
    assert_field(&house, &page, 0, "person", "operator-1");
    assert_field(&house, &page, 0, "reason", "B đã sửa xong");
    assert_field(&house, &page, 0, "pace", "600");
    assert_field(&house, &page, 0, "duration_ms", "300");
    assert_int_equal(leg_of(&house, &given[0], 0).state, LEG_PARKED);
}

/* The digest is SHA-256 over agency, position and leg of every item, in order. */
static void the_digest_is_of_the_items(void **state)
{
    (void)state;
    struct given given[3];
    uint8_t bytes[3 * FACT_PLAN_ITEM_BYTES];
    struct wire_writer w;
    char hex[65];
    parked_legs(&house, "B", 3, given);
    wire_write_init(&w, bytes, sizeof(bytes));
    for (int i = 0; i < 3; i++) {
        wire_put_u32(&w, leg_of(&house, &given[i], 0).agency);
        wire_put_u64(&w, given[i].position);
        wire_put_u8(&w, 0);
    }
    struct lt_digest digest = digest_of(house.digester, wire_written(&w));
    hex_write(hex, digest.bytes, sizeof(digest.bytes));
    struct page page = plan_row(&house, plan_made(&house, ARGS("reason", "x")));
    assert_field(&house, &page, 0, "digest", hex);
}

static void filters_narrow_the_set(void **state)
{
    (void)state;
    parked_leg(&house, "B", "H-1", LT_RECEIVER_NEVER);
    parked_leg(&house, "B", "H-2", LT_ATTEMPTS_EXHAUSTED);
    parked_leg(&house, "C", "H-1", LT_RECEIVER_NEVER);
    house_settle(&house);
    char middle[24];
    world_advance(&house.world, 1000);
    house_turn(&house);
    snprintf(middle, sizeof(middle), "%lld", (long long)house.world.wall_ms);
    parked_leg(&house, "C", "H-3", LT_RECEIVER_NEVER);
    house_settle(&house);
    const struct {
        const char *name;
        const char *value;
        const char *items;
    } rows[] = {
        {"agency", "B", "2"},   {"agency", "C", "2"},
        {"case", "H-1", "2"},   {"code", "attempts-exhausted", "1"},
        {"from", "A", "4"},     {"since", middle, "1"},
        {"until", middle, "3"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t number = plan_made(&house, ARGS("reason", "x", rows[i].name, rows[i].value));
        struct page page = plan_row(&house, number);
        assert_field(&house, &page, 0, "state", "frozen");
        assert_field(&house, &page, 0, "items", rows[i].items);
        plan_act(&house, OPERATOR, "plan-cancel", number, LT_OK);
    }
    uint64_t number = plan_made(&house, ARGS("reason", "x", "agency", "C", "case", "H-1"));
    assert_int_equal(now_of(&house, number).items, 1);
}

static void a_plan_of_nothing_is_cancelled(void **state)
{
    (void)state;
    struct page page = plan_row(&house, plan_made(&house, ARGS("reason", "x")));
    assert_field(&house, &page, 0, "state", "cancelled");
    assert_field(&house, &page, 0, "code", "not-found");
    ask_code(&house, OPERATOR, "plan-make", ARGS("reason", "x", "agency", "D"), LT_AGENCY_UNKNOWN);
    ask_code(&house, OPERATOR, "plan-make", ARGS("agency", "B"), LT_FIELD_MISSING);
    ask_code(&house, OPERATOR, "plan-make", ARGS("reason", "x", "code", "none"), LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "plan-make", ARGS("reason", "x", "pace", "0"), LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "plan-make", ARGS("reason", "x", "pace", "60001"), LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "plan-make", ARGS("reason", "x", "stop", "101"), LT_FIELD_BAD);
    ask_code(&house, VIEWER, "plan-make", ARGS("reason", "x"), LT_NOT_PERMITTED);
    ask_code(&house, VIEWER, "plan-show", ARGS("number", "99"), LT_NOT_FOUND);
}

/* More than one slice: every leg is there once, in the order of its acceptance. */
static void many_are_chosen_in_slices(void **state)
{
    (void)state;
    parked_legs(&house, "B", 1200, NULL);
    parked_legs(&house, "C", 900, NULL);
    uint64_t number = plan_made(&house, ARGS("reason", "x"));
    struct plan_now now = now_of(&house, number);
    assert_int_equal(now.state, PLAN_FROZEN);
    assert_int_equal(now.items, 2100);
    assert_int_equal(now.agencies, 2);
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    uint32_t pages;
    struct page page = ask_all(&house, VIEWER, "plan-report", ARGS("number", text), 0, &pages);
    assert_int_equal(page.count, 2100);
    assert_true(pages > 10);
    uint64_t before = 0;
    for (uint32_t i = 0; i < page.count; i++) {
        uint64_t position = strtoull(field(&house, &page, i, "position"), NULL, 10);
        assert_true(i == 1200 || position > before);
        assert_field(&house, &page, i, "to", i < 1200 ? "B" : "C");
        assert_field(&house, &page, i, "result", "waiting");
        before = position;
    }
}

static void a_plan_has_a_limit(void **state)
{
    (void)state;
    house.flow->settings.plan_items_max = 5;
    parked_legs(&house, "B", 5, NULL);
    uint64_t number = plan_made(&house, ARGS("reason", "x"));
    assert_state(&house, number, PLAN_FROZEN);
    plan_act(&house, OPERATOR, "plan-cancel", number, LT_OK);
    parked_legs(&house, "B", 1, NULL);
    struct page page = plan_row(&house, plan_made(&house, ARGS("reason", "x")));
    assert_field(&house, &page, 0, "state", "cancelled");
    assert_field(&house, &page, 0, "code", "plan-too-large");
}

static void so_many_plans_live(void **state)
{
    (void)state;
    uint64_t first = 0;
    for (int i = 0; i < PLANS_LIVE_MAX; i++) {
        uint64_t number = plan_made(&house, ARGS("reason", "x", "list", "1"));
        first = first == 0 ? number : first;
    }
    struct page page =
        ask_code(&house, OPERATOR, "plan-make", ARGS("reason", "x", "list", "1"), LT_PLAN_STATE);
    assert_detail(&page, "64");
    plan_act(&house, OPERATOR, "plan-cancel", first, LT_OK);
    plan_made(&house, ARGS("reason", "x", "list", "1"));
}

/* ---- lists -------------------------------------------------------------------------------------
 */

static struct page add_lines(uint64_t number, const char *what, const char *lines, uint32_t code)
{
    char text[24];
    struct pair pairs[HOUSE_ARGS_MAX];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    struct query query = {.verb = text_bytes("plan-add"), .payload = text_bytes(lines)};
    query_fill(&query, pairs, ARGS("number", text, "what", what));
    struct page page = house_ask(&house, OPERATOR, &query);
    if (page.code != code) {
        fail_msg("%s %.*s", lt_code((enum lt_status)page.code), (int)page.detail.size,
                 (const char *)page.detail.data);
    }
    return page;
}

static void freeze_list(uint64_t number)
{
    plan_act(&house, OPERATOR, "plan-freeze", number, LT_OK);
    turns(&house, 5);
}

static void a_list_of_ids_says_what_it_could_not_take(void **state)
{
    (void)state;
    struct given given[2];
    char lines[512];
    parked_legs(&house, "B", 2, given);
    struct given open =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-9"});
    uint64_t number = plan_made(&house, ARGS("reason", "x", "list", "ids"));
    /* The later one first, one twice: the order of the plan is that of the journal. */
    snprintf(lines, sizeof(lines), "%s\n%s\n%s\nkhông-phải-mã\n%s\n", given[1].id_text,
             given[0].id_text, given[1].id_text, open.id_text);
    struct page page = add_lines(number, "ids", lines, LT_OK);
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "value", "không-phải-mã");
    assert_field(&house, &page, 0, "result", "not-found");
    assert_field(&house, &page, 1, "value", open.id_text);
    assert_field(&house, &page, 1, "result", "not-parked");
    freeze_list(number);
    assert_state(&house, number, PLAN_FROZEN);
    assert_int_equal(now_of(&house, number).items, 2);
    page = report(number, "");
    assert_field(&house, &page, 0, "id", given[0].id_text);
    assert_field(&house, &page, 1, "id", given[1].id_text);
    add_lines(number, "ids", lines, LT_PLAN_STATE);
}

static void a_list_of_codes_takes_whole_cases(void **state)
{
    (void)state;
    parked_leg(&house, "B", "H-1", LT_RECEIVER_NEVER);
    parked_leg(&house, "C", "H-1", LT_RECEIVER_NEVER);
    parked_leg(&house, "B", "H-2", LT_RECEIVER_NEVER);
    house_settle(&house);
    uint64_t number = plan_made(&house, ARGS("reason", "x", "list", "codes"));
    struct page page = add_lines(number, "codes", "H-1\nH-7", LT_OK);
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "value", "H-7");
    freeze_list(number);
    assert_int_equal(now_of(&house, number).items, 2);
    assert_true(now_of(&house, number).second); /* two receivers */
}

static void a_list_page_has_a_limit(void **state)
{
    (void)state;
    char lines[151 * 2 + 1];
    uint64_t number = plan_made(&house, ARGS("reason", "x", "list", "ids"));
    for (int i = 0; i < 151; i++) {
        memcpy(lines + (ptrdiff_t)i * 2, "z\n", 2);
    }
    lines[300] = '\0';
    struct page page = add_lines(number, "ids", lines, LT_OK);
    assert_int_equal(page.count, 150);
    lines[300] = 'z';
    lines[302] = '\0';
    add_lines(number, "ids", lines, LT_FIELD_BAD);
    add_lines(number, "names", "x", LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "plan-make", ARGS("reason", "x", "list", "1", "agency", "B"),
             LT_FIELD_BAD);
}

static void a_list_that_nobody_goes_on_with_ends(void **state)
{
    (void)state;
    uint64_t number = plan_made(&house, ARGS("reason", "x", "list", "ids"));
    world_advance(&house.world, PLAN_LIST_IDLE_MS - 1000);
    turns(&house, 2);
    assert_state(&house, number, PLAN_SELECTING);
    world_advance(&house.world, 1000);
    turns(&house, 2);
    assert_state(&house, number, PLAN_CANCELLED);
}

/* ---- leases: R15 -------------------------------------------------------------------------------
 */

static void R15_a_leg_is_in_one_plan(void **state)
{
    (void)state;
    struct given given[2];
    parked_legs(&house, "B", 2, given);
    uint64_t first = plan_made(&house, ARGS("reason", "x", "case", "B-2-0"));
    assert_state(&house, first, PLAN_FROZEN);
    /* A second plan gets the rest and says how many it had to leave. */
    uint64_t second = plan_made(&house, ARGS("reason", "x"));
    struct page page = plan_row(&house, second);
    assert_field(&house, &page, 0, "items", "1");
    assert_field(&house, &page, 0, "left_out", "1");
    assert_non_null(strstr(field(&house, &page, 0, "state_reason"), "kế hoạch 1"));
    /* A third finds nothing that is free. */
    page = plan_row(&house, plan_made(&house, ARGS("reason", "x")));
    assert_field(&house, &page, 0, "state", "cancelled");
    assert_field(&house, &page, 0, "code", "leased");
    /* A single replay names the plan. */
    page = ask_code(&house, OPERATOR, "replay", ARGS("id", given[0].id_text, "reason", "x"),
                    LT_LEASED);
    assert_detail(&page, "plan: 1");
    assert_int_equal(leg_of(&house, &given[0], 0).state, LEG_PARKED);
    /* In a list the line says so. */
    uint64_t list = plan_made(&house, ARGS("reason", "x", "list", "ids"));
    page = add_lines(list, "ids", given[1].id_text, LT_OK);
    assert_field(&house, &page, 0, "result", "leased");
    assert_field(&house, &page, 0, "plan", "2");
    /* What has ended holds nothing. */
    plan_act(&house, OPERATOR, "plan-cancel", first, LT_OK);
    page = ask_ok(&house, OPERATOR, "replay", ARGS("id", given[0].id_text, "reason", "x"));
    assert_field(&house, &page, 0, "result", "replayed");
}

static void R15_two_plans_at_once_share_nothing(void **state)
{
    (void)state;
    parked_legs(&house, "B", 50, NULL);
    struct page page = ask_ok(&house, OPERATOR, "plan-make", ARGS("reason", "x"));
    uint64_t first = strtoull(field(&house, &page, 0, "number"), NULL, 10);
    page = ask_ok(&house, APPROVER, "plan-make", ARGS("reason", "y"));
    uint64_t second = strtoull(field(&house, &page, 0, "number"), NULL, 10);
    turns(&house, 20);
    assert_int_equal(now_of(&house, first).items + now_of(&house, second).items, 50);
}

/* ---- rights: R16 -------------------------------------------------------------------------------
 */

static bool only_b(void *self, const char *person, const char *agency)
{
    (void)self;
    return strcmp(person, "operator-1") != 0 || strcmp(agency, "B") == 0;
}

static void R16_mixed_rights_are_refused_whole(void **state)
{
    (void)state;
    struct given given[1];
    parked_legs(&house, "B", 3, NULL);
    parked_legs(&house, "C", 1, given);
    house.flow->operators.in_scope = only_b;
    /* By a filter: the plan is cancelled and names the receiver; nothing is kept of it. */
    struct page page = plan_row(&house, plan_made(&house, ARGS("reason", "x")));
    assert_field(&house, &page, 0, "state", "cancelled");
    assert_field(&house, &page, 0, "code", "scope");
    assert_non_null(strstr(field(&house, &page, 0, "state_reason"), "C"));
    page = ask_code(&house, OPERATOR, "plan-make", ARGS("reason", "x", "agency", "C"), LT_SCOPE);
    assert_detail(&page, "C");
    /* By a list. */
    uint64_t number = plan_made(&house, ARGS("reason", "x", "list", "ids"));
    add_lines(number, "ids", given[0].id_text, LT_SCOPE);
    assert_state(&house, number, PLAN_CANCELLED);
    /* Within the scope it goes. */
    number = plan_made(&house, ARGS("reason", "x", "agency", "B"));
    assert_state(&house, number, PLAN_FROZEN);
    /* Somebody else's plan with one leg too many: neither run nor cancelled. */
    page = ask_ok(&house, APPROVER, "plan-make", ARGS("reason", "x", "agency", "C"));
    uint64_t foreign = strtoull(field(&house, &page, 0, "number"), NULL, 10);
    turns(&house, 5);
    plan_act(&house, OPERATOR, "plan-run", foreign, LT_SCOPE);
    plan_act(&house, OPERATOR, "plan-cancel", foreign, LT_SCOPE);
    assert_state(&house, foreign, PLAN_FROZEN);
}

/* ---- the second person -------------------------------------------------------------------------
 */

static void more_than_a_few_need_a_second_person(void **state)
{
    (void)state;
    house.flow->settings.plan_second_over = 3;
    parked_legs(&house, "B", 3, NULL);
    uint64_t number = plan_made(&house, ARGS("reason", "x"));
    assert_false(now_of(&house, number).second);
    plan_act(&house, OPERATOR, "plan-cancel", number, LT_OK);
    parked_legs(&house, "B", 1, NULL);
    number = plan_made(&house, ARGS("reason", "x"));
    assert_true(now_of(&house, number).second);
    plan_act(&house, OPERATOR, "plan-run", number, LT_SECOND_PERSON);
    plan_act(&house, OPERATOR, "plan-approve", number, LT_NOT_PERMITTED);
    plan_act(&house, APPROVER, "plan-run", number, LT_SECOND_PERSON); /* not approved yet */
    plan_act(&house, APPROVER, "plan-approve", number, LT_OK);
    struct page page = plan_row(&house, number);
    assert_field(&house, &page, 0, "state", "approved");
    assert_field(&house, &page, 0, "approver", "approver-1");
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    assert_state(&house, number, PLAN_RUNNING);
}

static void nobody_approves_an_own_plan(void **state)
{
    (void)state;
    house.flow->settings.plan_second_over = 0;
    parked_legs(&house, "B", 1, NULL);
    struct page page = ask_ok(&house, APPROVER, "plan-make", ARGS("reason", "x"));
    uint64_t number = strtoull(field(&house, &page, 0, "number"), NULL, 10);
    turns(&house, 5);
    page = plan_act(&house, APPROVER, "plan-approve", number, LT_SECOND_PERSON);
    assert_detail(&page, "approver-1");
    plan_act(&house, REGISTRAR, "plan-approve", number, LT_OK);
}

/* ---- restarts ----------------------------------------------------------------------------------
 */

static void a_restart_cancels_what_was_half_chosen(void **state)
{
    (void)state;
    parked_legs(&house, "B", 2, NULL);
    uint64_t list = plan_made(&house, ARGS("reason", "x", "list", "ids"));
    uint64_t frozen = plan_made(&house, ARGS("reason", "x"));
    house_restart(&house, true);
    turns(&house, 2);
    struct page page = plan_row(&house, list);
    assert_field(&house, &page, 0, "state", "cancelled");
    assert_non_null(strstr(field(&house, &page, 0, "state_reason"), "khởi động lại"));
    assert_state(&house, frozen, PLAN_FROZEN);
    page = ask_ok(&house, VIEWER, "plan-list", ARGS());
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "number", "2");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(a_plan_freezes_what_is_parked),
        TEST(the_digest_is_of_the_items),
        TEST(filters_narrow_the_set),
        TEST(a_plan_of_nothing_is_cancelled),
        TEST(many_are_chosen_in_slices),
        TEST(a_plan_has_a_limit),
        TEST(so_many_plans_live),
        TEST(a_list_of_ids_says_what_it_could_not_take),
        TEST(a_list_of_codes_takes_whole_cases),
        TEST(a_list_page_has_a_limit),
        TEST(a_list_that_nobody_goes_on_with_ends),
        TEST(R15_a_leg_is_in_one_plan),
        TEST(R15_two_plans_at_once_share_nothing),
        TEST(R16_mixed_rights_are_refused_whole),
        TEST(more_than_a_few_need_a_second_person),
        TEST(nobody_approves_an_own_plan),
        TEST(a_restart_cancels_what_was_half_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
