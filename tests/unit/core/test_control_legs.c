/* SPDX-License-Identifier: EUPL-1.2 */
/* What operators do with legs and agencies: hold, release, skip, cancel, expire, reroute, gates;
 * who may; and that the sum holds after each of them. What was sent once is test_control_held.c's.
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

static void assert_sum(void)
{
    struct page page = ask_ok(&house, VIEWER, "conservation", ARGS());
    assert_field(&house, &page, page.count - 1, "difference", "0");
}

static int close_house(void **state)
{
    (void)state;
    assert_sum();
    house_deinit(&house);
    return 0;
}

static struct given one(const char *case_code)
{
    return accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = case_code});
}

static struct page act(const char *verb, const struct given *given)
{
    struct page page =
        ask_ok(&house, OPERATOR, verb, ARGS("id", given->id_text, "reason", "vì thế"));
    assert_sum();
    return page;
}

static enum leg_state state_of(const struct given *given)
{
    return leg_of(&house, given, 0).state;
}

static struct page last_event(const struct given *given, uint32_t *ret_row)
{
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", given->id_text));
    *ret_row = page.count - 1;
    return page;
}

static uint64_t notices(void)
{
    return desk_of(&house.flow->desks, 1)->counts.notice_seq;
}

/* ---- hold and release --------------------------------------------------------------------------
 */

static void a_held_leg_holds_its_lane(void **state)
{
    (void)state;
    struct given first = one("H-1");
    struct given second = one("H-1");
    assert_int_equal(state_of(&second), LEG_BEHIND);
    uint64_t told = notices();
    struct page page = act("hold", &first);
    assert_field(&house, &page, 0, "state", "ready");
    assert_field(&house, &page, 0, "next", "held");
    assert_field(&house, &page, 0, "result", "held");
    assert_int_equal(state_of(&first), LEG_HELD);
    assert_int_equal(state_of(&second), LEG_BEHIND);
    assert_int_equal(notices(), told + 1);
    page = act("hold", &first); /* the question came twice */
    assert_field(&house, &page, 0, "result", "same");
    assert_int_equal(notices(), told + 1);
    uint32_t row;
    page = last_event(&first, &row);
    assert_field(&house, &page, row, "act", "hold");
    assert_field(&house, &page, row, "state", "held");
    assert_field(&house, &page, row, "person", "operator-1");
    assert_field(&house, &page, row, "reason", "vì thế");
    page = act("release", &first);
    assert_field(&house, &page, 0, "result", "released");
    assert_int_equal(state_of(&first), LEG_READY);
    assert_int_equal(notices(), told + 2);
    page = act("release", &first);
    assert_field(&house, &page, 0, "result", "same");
}

static void a_sent_leg_that_is_held_is_not_in_flight(void **state)
{
    (void)state;
    struct party b = party_connect(&house, 2);
    party_grant(&house, &b, 1);
    struct given first = one("H-1");
    struct given second = one("H-2");
    house_settle(&house);
    assert_int_equal(state_of(&first), LEG_SENT);
    assert_int_equal(state_of(&second), LEG_READY); /* one at a time was granted */
    assert_non_null(flight_find(&house.flow->flights, first.position, 0));
    act("hold", &first);
    assert_null(flight_find(&house.flow->flights, first.position, 0));
    house_settle(&house);
    assert_int_equal(state_of(&second), LEG_SENT); /* its place was given to the next */
    assert_int_equal(desk_of(&house.flow->desks, 2)->in_flight, 1);
    /* The receiver had it all the same: its word counts. */
    say(&house, &first, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    assert_int_equal(state_of(&first), LEG_TAKEN);
    struct page page = ask_code(&house, OPERATOR, "release",
                                ARGS("id", first.id_text, "reason", "x"), LT_LEG_STATE);
    assert_detail(&page, "taken");
}

static void a_release_goes_behind_whoever_holds_the_lane(void **state)
{
    (void)state;
    struct given first = one("H-1");
    struct given second = one("H-1");
    park(&house, &first, 0, "lỗi");
    act("skip", &first);
    act("hold", &first); /* still aside: holding it changes nothing for who passed */
    assert_int_equal(state_of(&second), LEG_READY);
    assert_int_equal(leg_of(&house, &first, 0).flags & LEG_FLAG_ASIDE, LEG_FLAG_ASIDE);
    struct page page = act("release", &first);
    assert_field(&house, &page, 0, "next", "behind");
    assert_int_equal(state_of(&first), LEG_BEHIND);
    assert_int_equal(leg_of(&house, &first, 0).flags & LEG_FLAG_ASIDE, 0);
}

/* ---- skip ---------------------------------------------------------------------------------------
 */

static void a_skipped_leg_lets_its_lane_go_on(void **state)
{
    (void)state;
    struct given first = one("H-1");
    struct given second = one("H-1");
    struct given third = one("H-1");
    park(&house, &first, 0, "lỗi");
    assert_int_equal(state_of(&second), LEG_BEHIND);
    uint64_t told = notices();
    struct page page = act("skip", &first);
    assert_field(&house, &page, 0, "result", "skipped");
    assert_field(&house, &page, 0, "next", "parked");
    assert_int_equal(state_of(&first), LEG_PARKED);
    assert_int_equal(state_of(&second), LEG_READY);
    assert_int_equal(state_of(&third), LEG_BEHIND);
    assert_int_equal(notices(), told); /* its state is what it was */
    uint32_t row;
    page = last_event(&first, &row);
    assert_field(&house, &page, row, "act", "skip");
    page = act("skip", &first);
    assert_field(&house, &page, 0, "result", "same");
    page = ask_ok(&house, VIEWER, "parked", ARGS());
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "code", "receiver-never");
    ask_code(&house, OPERATOR, "skip", ARGS("id", second.id_text, "reason", "x"), LT_LEG_STATE);
}

/* ---- cancel and expire --------------------------------------------------------------------------
 */

static void what_was_never_sent_ends_at_once(void **state)
{
    (void)state;
    struct given first = one("H-1");
    struct given second = one("H-1");
    struct page page = act("cancel", &first);
    assert_field(&house, &page, 0, "result", "cancelled");
    assert_field(&house, &page, 0, "risk", NULL);
    assert_int_equal(state_of(&first), LEG_CANCELLED);
    assert_int_equal(state_of(&second), LEG_READY);
    page = act("cancel", &first);
    assert_field(&house, &page, 0, "result", "same");
    ask_code(&house, OPERATOR, "expire", ARGS("id", first.id_text, "reason", "x"), LT_LEG_STATE);
    page = act("expire", &second);
    assert_field(&house, &page, 0, "result", "expired");
    assert_int_equal(state_of(&second), LEG_EXPIRED);
    page = ask_ok(&house, VIEWER, "transfers", ARGS("state", "cancelled"));
    assert_field(&house, &page, 0, "reason", "vì thế");
}

static void without_a_leg_all_that_may_are_meant(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    say(&house, &given, 1, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    struct page page = act("cancel", &given);
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "leg", "0");
    assert_int_equal(leg_of(&house, &given, 1).state, LEG_TAKEN);
    ask_code(&house, OPERATOR, "hold", ARGS("id", given.id_text, "leg", "1", "reason", "x"),
             LT_LEG_STATE);
}

static void a_dry_run_changes_nothing(void **state)
{
    (void)state;
    static const char *const verbs[] = {"hold", "cancel", "expire"};
    static const char *const results[] = {"would-hold", "would-cancel", "would-expire"};
    struct given given = one("H-1");
    uint64_t staged = journal_staged(house.flow->journal);
    for (size_t i = 0; i < 3; i++) {
        struct page page =
            ask_ok(&house, OPERATOR, verbs[i], ARGS("id", given.id_text, "dry_run", "1"));
        assert_field(&house, &page, 0, "result", results[i]);
    }
    struct page page =
        ask_ok(&house, OPERATOR, "reroute", ARGS("id", given.id_text, "to", "C", "dry_run", "1"));
    assert_int_equal(page.count, 2); /* the old route and the new one */
    assert_field(&house, &page, 0, "to", "B");
    assert_field(&house, &page, 0, "next", "cancelled");
    assert_field(&house, &page, 1, "leg", "1");
    assert_field(&house, &page, 1, "to", "C");
    assert_field(&house, &page, 1, "next", "ready");
    assert_field(&house, &page, 1, "result", "would-reroute");
    assert_int_equal(journal_staged(house.flow->journal), staged);
    assert_int_equal(state_of(&given), LEG_READY);
    ask_code(&house, OPERATOR, "cancel", ARGS("id", given.id_text), LT_FIELD_MISSING);
    ask_code(&house, VIEWER, "hold", ARGS("id", given.id_text, "reason", "x"), LT_NOT_PERMITTED);
}

/* ---- reroute ------------------------------------------------------------------------------------
 */

static struct page reroute(const struct given *given, const char *to, uint32_t code)
{
    struct page page =
        ask_code(&house, OPERATOR, "reroute",
                 ARGS("id", given->id_text, "to", to, "reason", "chuyển nơi khác"), code);
    assert_sum();
    return page;
}

static void a_rerouted_leg_goes_to_its_new_receiver(void **state)
{
    (void)state;
    struct given first = one("H-1");
    struct given second = one("H-1");
    uint64_t told = notices();
    struct page page = reroute(&first, "C", LT_OK);
    assert_field(&house, &page, 0, "result", "rerouted");
    assert_field(&house, &page, 1, "to", "C");
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_CANCELLED);
    assert_int_equal(leg_of(&house, &first, 1).state, LEG_READY);
    assert_int_equal(leg_of(&house, &first, 1).agency, 3);
    assert_int_equal(state_of(&second), LEG_READY); /* B's lane goes on */
    assert_int_equal(notices(), told + 2);          /* it left, and where it is now */
    page = reroute(&first, "C", LT_OK);             /* the question came twice */
    assert_int_equal(page.count, 0 + 1);
    uint32_t row;
    page = last_event(&first, &row);
    assert_field(&house, &page, row, "event", "rerouted");
    assert_field(&house, &page, row, "agency", "B");
    assert_field(&house, &page, row, "to", "C");
    assert_field(&house, &page, row, "person", "operator-1");
    page = ask_ok(&house, VIEWER, "where", ARGS("code", "H-1"));
    assert_field(&house, &page, 0, "agency", "C");
    struct party c = party_connect(&house, 3);
    party_grant(&house, &c, 4);
    struct frame frame;
    assert_true(house_hear(&house, c.link, FRAME_DELIVER, HOUSE_PAGE_MS, &frame));
    assert_int_equal(frame.deliver.items[0].position, first.position);
    assert_int_equal(frame.deliver.items[0].leg, 1);
    say(&house, &first, 1, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    /* The old receiver had it after all, and says so late: both statements are kept. */
    say(&house, &first, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "muộn");
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_TAKEN);
    assert_int_equal(leg_of(&house, &first, 1).state, LEG_TAKEN);
    assert_sum();
    page = ask_ok(&house, VIEWER, "show", ARGS("id", first.id_text));
    uint32_t statements = 0;
    for (uint32_t i = 0; i < page.count; i++) {
        const char *event = field(&house, &page, i, "event");
        statements +=
            event != NULL && (strcmp(event, "rerouted") == 0 || strcmp(event, "settled") == 0);
    }
    assert_int_equal(statements, 3);
}

static void a_reroute_is_refused_where_it_would_double_or_lead_nowhere(void **state)
{
    (void)state;
    struct given both =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    reroute(&both, "C", LT_FIELD_MISSING); /* which of the two? */
    struct page page =
        ask_code(&house, OPERATOR, "reroute",
                 ARGS("id", both.id_text, "leg", "0", "to", "C", "reason", "x"), LT_EXISTS);
    assert_detail(&page, "leg 1");
    struct given given = one("H-2");
    reroute(&given, "B", LT_EXISTS);
    reroute(&given, "X", LT_AGENCY_UNKNOWN);
    ask_code(&house, OPERATOR, "reroute", ARGS("id", given.id_text, "reason", "x"),
             LT_FIELD_MISSING);
    act("cancel", &given);
    reroute(&given, "C", LT_LEG_STATE);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_CANCELLED);
}

static void a_transfer_has_sixteen_legs_at_most(void **state)
{
    (void)state;
    struct given given = one("H-1");
    for (uint8_t i = 1; i < LT_LEGS_MAX; i++) {
        char id[8];
        snprintf(id, sizeof(id), "X%u", (unsigned)i);
        add_agency(&house, id, (uint8_t)(10 + i));
        struct page page = ask_ok(&house, OPERATOR, "reroute",
                                  ARGS("id", given.id_text, "to", id, "reason", "chuyển nơi khác"));
        assert_field(&house, &page, 0, "result", "rerouted");
    }
    reroute(&given, "C", LT_LEGS_TOO_MANY);
    assert_int_equal(leg_of(&house, &given, LT_LEGS_MAX - 1).state, LEG_READY);
}

static void what_was_folded_is_refolded_alike(void **state)
{
    (void)state;
    struct given first = one("H-1");
    struct given second = one("H-1");
    struct given third = one("H-2");
    act("hold", &second);
    reroute(&first, "C", LT_OK);
    park(&house, &third, 0, "lỗi");
    act("skip", &third);
    act("release", &second);
    uint64_t told = notices();
    struct leg before[4] = {leg_of(&house, &first, 0), leg_of(&house, &first, 1),
                            leg_of(&house, &second, 0), leg_of(&house, &third, 0)};
    house_settle(&house);
    broker_close(&house.broker);
    assert_int_equal(remove(house.state_path), 0);
    house_open_broker(&house);
    house_settle(&house);
    struct leg after[4] = {leg_of(&house, &first, 0), leg_of(&house, &first, 1),
                           leg_of(&house, &second, 0), leg_of(&house, &third, 0)};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(after[i].state, before[i].state);
        assert_int_equal(after[i].flags, before[i].flags);
        assert_int_equal(after[i].since_ms, before[i].since_ms);
    }
    assert_int_equal(notices(), told);
}

/* ---- who may ------------------------------------------------------------------------------------
 */

static void a_scope_refuses_the_whole(void **state)
{
    (void)state;
    struct operator_entry *person = &house.config.operators[OPERATOR];
    snprintf(person->scope[0], sizeof(person->scope[0]), "B*");
    person->scope_count = 1;
    struct given both =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    struct page page =
        ask_code(&house, OPERATOR, "hold", ARGS("id", both.id_text, "reason", "x"), LT_SCOPE);
    assert_detail(&page, "C");
    assert_int_equal(leg_of(&house, &both, 0).state, LEG_READY);
    page = ask_ok(&house, OPERATOR, "hold", ARGS("id", both.id_text, "leg", "0", "reason", "x"));
    assert_field(&house, &page, 0, "result", "held");
    struct given mine = one("H-2");
    reroute(&mine, "C", LT_SCOPE); /* where it would go is another's */
    park(&house, &both, 1, "lỗi");
    ask_code(&house, OPERATOR, "replay", ARGS("id", both.id_text, "reason", "x"), LT_SCOPE);
    ask_code(&house, OPERATOR, "agency-gate", ARGS("id", "C", "gate", "pause", "reason", "x"),
             LT_SCOPE);
    ask_ok(&house, APPROVER, "replay", ARGS("id", both.id_text, "reason", "x"));
    house.config.operators[REGISTRAR].scope_count = 1;
    snprintf(house.config.operators[REGISTRAR].scope[0], LT_AGENCY_ID_MAX, "B");
    struct agency agency = agency_make("D", 9);
    assert_int_equal(agency_put(&house, &agency, true).code, LT_SCOPE);
    assert_int_equal(route_put(&house, "route-put", "", "", "C", true).code, LT_SCOPE);
    assert_int_equal(route_put(&house, "route-put", "", "", "B", true).code, LT_OK);
}

/* ---- gates --------------------------------------------------------------------------------------
 */

static struct page gate(const char *id, const char *to)
{
    return ask_ok(&house, OPERATOR, "agency-gate", ARGS("id", id, "gate", to, "reason", "bảo trì"));
}

static void a_paused_agency_is_sent_nothing(void **state)
{
    (void)state;
    struct party b = party_connect(&house, 2);
    party_grant(&house, &b, 8);
    struct page page = gate("B", "pause");
    assert_field(&house, &page, 0, "change", "changed");
    assert_field(&house, &page, 0, "paused", "1");
    page = gate("B", "pause");
    assert_field(&house, &page, 0, "change", "same");
    struct given given = one("H-1");
    for (int i = 0; i < 50; i++) {
        house_turn(&house);
    }
    assert_int_equal(state_of(&given), LEG_READY);
    page = ask_ok(&house, VIEWER, "where", ARGS("code", "H-1"));
    assert_field(&house, &page, 0, "waits_for", "paused");
    assert_field(&house, &page, 0, "who", "operator");
    page = ask_ok(&house, VIEWER, "agencies", ARGS("id", "B"));
    assert_field(&house, &page, 0, "paused", "1");
    assert_field(&house, &page, 0, "suspended", "0");
    gate("B", "open");
    for (int i = 0; i < 5; i++) {
        house_turn(&house);
    }
    assert_int_equal(state_of(&given), LEG_SENT);
}

static void a_drained_agency_brings_nothing_new(void **state)
{
    (void)state;
    struct given before = accept_now(
        &house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1", .sender_key = "k"});
    gate("A", "drain");
    struct given refused =
        accept(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-2"});
    assert_int_equal(refused.code, LT_AGENCY_DRAINING);
    assert_int_equal(lt_class(refused.code), LT_CLASS_BUSY);
    /* What it has already it may hear of again, and what is under way goes on. */
    struct given again = accept(
        &house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1", .sender_key = "k"});
    assert_int_equal(again.code, LT_OK);
    assert_memory_equal(&again.known_as, &before.id, sizeof(before.id));
    struct party b = party_connect(&house, 2);
    party_grant(&house, &b, 8);
    house_settle(&house);
    assert_int_equal(state_of(&before), LEG_SENT);
    accept_now(&house, &(struct wish){.from = "B", .to = {"A"}, .case_code = "H-3"});
    gate("A", "open");
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-2"});
}

static void a_gate_is_turned_with_a_reason(void **state)
{
    (void)state;
    uint64_t staged = journal_staged(house.flow->journal);
    ask_code(&house, OPERATOR, "agency-gate", ARGS("id", "B", "gate", "pause"), LT_FIELD_MISSING);
    ask_code(&house, OPERATOR, "agency-gate", ARGS("id", "B", "gate", "shut", "reason", "x"),
             LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "agency-gate", ARGS("id", "Z", "gate", "open", "reason", "x"),
             LT_NOT_FOUND);
    ask_code(&house, VIEWER, "agency-gate", ARGS("id", "B", "gate", "open", "reason", "x"),
             LT_NOT_PERMITTED);
    struct page page =
        ask_ok(&house, OPERATOR, "agency-gate", ARGS("id", "B", "gate", "pause", "dry_run", "1"));
    assert_field(&house, &page, 0, "change", "changed");
    assert_int_equal(journal_staged(house.flow->journal), staged);
    gate("B", "pause");
    struct fact fact;
    struct fact_registry registry;
    assert_int_equal(journal_read(house.flow->journal, staged + 1, &house.arena, &fact), LT_OK);
    assert_true(fact_read_registry(fact.payload, &registry));
    assert_bytes(registry.person, "operator-1");
    assert_bytes(registry.reason, "bảo trì");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(a_held_leg_holds_its_lane),
        TEST(a_sent_leg_that_is_held_is_not_in_flight),
        TEST(a_release_goes_behind_whoever_holds_the_lane),
        TEST(a_skipped_leg_lets_its_lane_go_on),
        TEST(what_was_never_sent_ends_at_once),
        TEST(without_a_leg_all_that_may_are_meant),
        TEST(a_dry_run_changes_nothing),
        TEST(a_rerouted_leg_goes_to_its_new_receiver),
        TEST(a_reroute_is_refused_where_it_would_double_or_lead_nowhere),
        TEST(a_transfer_has_sixteen_legs_at_most),
        TEST(what_was_folded_is_refolded_alike),
        TEST(a_scope_refuses_the_whole),
        TEST(a_paused_agency_is_sent_nothing),
        TEST(a_drained_agency_brings_nothing_new),
        TEST(a_gate_is_turned_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
