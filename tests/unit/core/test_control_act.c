/* SPDX-License-Identifier: EUPL-1.2 */
/* What operators do: roles, replay, the registry; and the door itself: arguments, silence, memory.
 */
#include "house_test.h"

#include "broker/journal/backend.h"

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

static struct page replay(const struct given *given)
{
    return ask_ok(&house, OPERATOR, "replay", ARGS("id", given->id_text, "reason", "thử lại"));
}

static struct given one_parked(const char *case_code)
{
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = case_code});
    park(&house, &given, 0, "lỗi");
    return given;
}

/* ---- roles -------------------------------------------------------------------------------------
 */

static void roles_bound_the_verbs(void **state)
{
    (void)state;
    struct given given = one_parked("H-1");
    struct agency agency = agency_make("D", 4);
    uint8_t memory[AGENCY_BYTES_MAX];
    struct lt_bytes entry = agency_write(memory, sizeof(memory), &agency);
    uint64_t staged = journal_staged(house.flow->journal);
    static const char *const reading[] = {"status",    "agencies", "routes",
                                          "transfers", "parked",   "conservation"};
    for (int person = VIEWER; person < PEOPLE; person++) {
        for (size_t i = 0; i < sizeof(reading) / sizeof(reading[0]); i++) {
            ask_ok(&house, (enum person)person, reading[i], ARGS());
        }
        static const char *const acts[] = {"agency-put", "route-put", "route-gone"};
        for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
            struct page page = put_payload(&house, (enum person)person, acts[i], entry, true);
            assert_int_equal(page.code == LT_NOT_PERMITTED, person < REGISTRAR);
            if (person < REGISTRAR) {
                assert_detail(&page, "registrar");
            }
        }
    }
    struct page page = ask_code(&house, VIEWER, "replay", ARGS("id", given.id_text, "reason", "x"),
                                LT_NOT_PERMITTED);
    assert_detail(&page, "operator");
    assert_int_equal(journal_staged(house.flow->journal), staged);
    page = ask_ok(&house, REGISTRAR, "replay", ARGS("id", given.id_text, "reason", "x"));
    assert_field(&house, &page, 0, "result", "replayed");
}

static void a_role_taken_away_counts_at_once(void **state)
{
    (void)state;
    ask_ok(&house, OPERATOR, "status", ARGS());
    house.config.operators[OPERATOR].name[0] = 'x';
    ask_code(&house, OPERATOR, "status", ARGS(), LT_NOT_PERMITTED);
}

/* ---- replay ------------------------------------------------------------------------------------
 */

static void replay_makes_a_parked_leg_ready(void **state)
{
    (void)state;
    struct given given = one_parked("H-1");
    struct page page = replay(&given);
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "id", given.id_text);
    assert_field(&house, &page, 0, "leg", "0");
    assert_field(&house, &page, 0, "to", "B");
    assert_field(&house, &page, 0, "to_name", "Đơn vị thử B");
    assert_field(&house, &page, 0, "case", "H-1");
    assert_field(&house, &page, 0, "state", "parked");
    assert_field(&house, &page, 0, "next", "ready");
    assert_field(&house, &page, 0, "result", "replayed");
    assert_field(&house, &page, 0, "code", "receiver-never");
    assert_true(atoll(field(&house, &page, 0, "bytes")) > 12);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_READY);
    page = ask_ok(&house, VIEWER, "parked", ARGS());
    assert_int_equal(page.count, 0);
}

static void replay_of_what_is_not_parked_changes_nothing(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    uint64_t staged = journal_staged(house.flow->journal);
    struct page page = replay(&given);
    assert_int_equal(page.count, 2); /* nothing is parked: what both are */
    assert_field(&house, &page, 0, "result", "not-parked");
    assert_field(&house, &page, 0, "state", "ready");
    assert_field(&house, &page, 1, "next", "ready");
    assert_int_equal(journal_staged(house.flow->journal), staged);
    park(&house, &given, 1, "");
    page = replay(&given);
    assert_int_equal(page.count, 1); /* the parked one only */
    assert_field(&house, &page, 0, "leg", "1");
    assert_field(&house, &page, 0, "result", "replayed");
    page = ask_ok(&house, OPERATOR, "replay", ARGS("id", given.id_text, "reason", "x", "leg", "0"));
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "leg", "0");
    assert_field(&house, &page, 0, "result", "not-parked");
}

static void replay_goes_behind_whoever_holds_the_lane(void **state)
{
    (void)state;
    struct given first = accept_now(
        &house,
        &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1", .kind = LT_KIND_STATUS});
    park(&house, &first, 0, ""); /* a status steps aside */
    struct given second =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    assert_int_equal(leg_of(&house, &second, 0).state, LEG_READY);
    struct page page = replay(&first);
    assert_field(&house, &page, 0, "next", "behind");
    assert_field(&house, &page, 0, "result", "replayed");
    assert_int_equal(leg_of(&house, &first, 0).state, LEG_BEHIND);
    page = ask_ok(&house, VIEWER, "conservation", ARGS());
    assert_field(&house, &page, page.count - 1, "difference", "0");
}

static void a_dry_run_says_what_would_be(void **state)
{
    (void)state;
    struct given given = one_parked("H-1");
    uint64_t staged = journal_staged(house.flow->journal);
    struct page page = ask_ok(&house, OPERATOR, "replay",
                              ARGS("id", given.id_text, "reason", "x", "dry_run", "1"));
    assert_field(&house, &page, 0, "result", "would-replay");
    assert_field(&house, &page, 0, "next", "ready");
    assert_int_equal(journal_staged(house.flow->journal), staged);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_PARKED);
}

static void replay_refuses_what_does_not_read(void **state)
{
    (void)state;
    struct given given = one_parked("H-1");
    const char *id = given.id_text;
    struct page page = ask_code(&house, OPERATOR, "replay", ARGS("id", id), LT_FIELD_MISSING);
    assert_detail(&page, "reason");
    page = ask_code(&house, OPERATOR, "replay", ARGS("reason", "x"), LT_FIELD_MISSING);
    assert_detail(&page, "id");
    ask_code(&house, OPERATOR, "replay", ARGS("id", "x", "reason", "x"), LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "replay",
             ARGS("id", "01890000-0000-7000-8000-000000000000", "reason", "x"), LT_NOT_FOUND);
    ask_code(&house, OPERATOR, "replay", ARGS("id", id, "reason", "x", "leg", "1"), LT_NOT_FOUND);
    ask_code(&house, OPERATOR, "replay", ARGS("id", id, "reason", "x", "leg", "256"), LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "replay", ARGS("id", id, "reason", "x", "leg", "-1"), LT_FIELD_BAD);
    ask_code(&house, OPERATOR, "replay", ARGS("id", id, "reason", "x", "legs", "0"), LT_FIELD_BAD);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_PARKED);
}

static void long_reasons_are_cut_at_a_rune(void **state)
{
    (void)state;
    struct given given = one_parked("H-1");
    char reason[LT_REASON_MAX + 2] = "x"; /* so that the limit lies within a rune */
    while (strlen(reason) < LT_REASON_MAX) {
        strcat(reason, "ư");
    }
    assert_int_equal(strlen(reason), LT_REASON_MAX + 1);
    ask_ok(&house, OPERATOR, "replay", ARGS("id", given.id_text, "reason", reason));
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", given.id_text));
    assert_int_equal(strlen(field(&house, &page, page.count - 1, "reason")), LT_REASON_MAX - 1);
}

/* ---- what nobody was competent for --------------------------------------------------------------
 */

static void replay_asks_the_registry_again(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.009"});
    struct page page = replay(&given);
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "result", "not-parked");
    assert_field(&house, &page, 0, "code", "procedure-unknown");
    assert_field(&house, &page, 0, "state", "parked");
    route_put(&house, "route-put", "1.009", "99", "B", false);
    page = replay(&given);
    assert_field(&house, &page, 0, "result", "not-parked");
    assert_field(&house, &page, 0, "code", "undetermined");

    route_put(&house, "route-put", "1.009", "", "B", false);
    route_put(&house, "route-put", "1.009", "", "C", false);
    page = ask_ok(&house, OPERATOR, "replay",
                  ARGS("id", given.id_text, "reason", "x", "dry_run", "1"));
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "result", "would-replay");
    assert_int_equal(leg_of(&house, &given, 0).agency, 0);
    page = replay(&given);
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "to", "B");
    assert_field(&house, &page, 0, "state", "parked");
    assert_field(&house, &page, 0, "next", "ready");
    assert_field(&house, &page, 0, "result", "replayed");
    assert_field(&house, &page, 0, "code", "procedure-unknown");
    assert_field(&house, &page, 1, "to", "C");
    assert_int_equal(leg_of(&house, &given, 1).state, LEG_READY);
    page = ask_ok(&house, VIEWER, "show", ARGS("id", given.id_text));
    assert_field(&house, &page, page.count - 2, "event", "assigned");
    assert_field(&house, &page, page.count - 2, "agency", "B");
    assert_field(&house, &page, page.count - 1, "agency", "C");
    assert_field(&house, &page, page.count - 1, "person", "operator-1");
    page = ask_ok(&house, VIEWER, "conservation", ARGS());
    assert_field(&house, &page, page.count - 1, "accepted", "2");
    assert_field(&house, &page, page.count - 1, "difference", "0");
    page = replay(&given);
    assert_field(&house, &page, 0, "result", "not-parked");
}

static void new_legs_go_behind_their_lane(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.009"});
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    route_put(&house, "route-put", "1.009", "", "B", false);
    struct page page = ask_ok(&house, OPERATOR, "replay",
                              ARGS("id", given.id_text, "reason", "x", "dry_run", "1"));
    assert_field(&house, &page, 0, "next", "behind");
    page = replay(&given);
    assert_field(&house, &page, 0, "next", "behind");
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_BEHIND);
}

static void a_header_that_does_not_read_stays_parked(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.009"});
    route_put(&house, "route-put", "1.009", "", "B", false);
    house.flow->cache.slots[given.position % CACHE_SLOTS].position = 0;
    backend_memory_damage(house.backend, given.position, 8 * 200);
    struct page page = replay(&given);
    assert_field(&house, &page, 0, "result", "not-parked");
    assert_field(&house, &page, 0, "code", "damaged");
    assert_field(&house, &page, 0, "state", "parked");
    ask_ok(&house, VIEWER, "status", ARGS());
}

static void an_undurable_transfer_is_assigned_from_the_cache(void **state)
{
    (void)state;
    route_put(&house, "route-put", "1.009", "99", "B", false);
    backend_memory_plan(house.backend, APPEND_DURABLE, 300, false);
    struct given given =
        accept(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.009"});
    route_put(&house, "route-put", "1.009", "", "B", false);
    struct page page = replay(&given);
    assert_field(&house, &page, 0, "result", "replayed");
}

/* ---- the registry ------------------------------------------------------------------------------
 */

static void agency_put_adds_and_changes(void **state)
{
    (void)state;
    struct agency agency = agency_make("D", 4);
    struct page page = agency_put(&house, &agency, true);
    assert_field(&house, &page, 0, "change", "added");
    assert_field(&house, &page, 0, "number", "4");
    assert_field(&house, &page, 0, "position", "0");
    assert_null(registry_by_id(house.flow->registry, text_bytes("D")));
    page = agency_put(&house, &agency, false);
    assert_field(&house, &page, 0, "id", "D");
    assert_field(&house, &page, 0, "number", "4");
    assert_field(&house, &page, 0, "change", "added");
    assert_int_equal(atoll(field(&house, &page, 0, "position")), house.flow->durable);
    uint64_t staged = journal_staged(house.flow->journal);
    page = agency_put(&house, &agency, false);
    assert_field(&house, &page, 0, "change", "same");
    agency.number = 4;
    page = agency_put(&house, &agency, false);
    assert_field(&house, &page, 0, "change", "same");
    assert_int_equal(journal_staged(house.flow->journal), staged);
    snprintf(agency.contact, sizeof(agency.contact), "trực");
    page = agency_put(&house, &agency, false);
    assert_field(&house, &page, 0, "change", "changed");
    assert_int_equal(journal_staged(house.flow->journal), staged + 1);
}

/* Suspending and resuming are told why; what changes nothing, or is only looked at, is not. */
static void a_suspension_has_a_reason(void **state)
{
    (void)state;
    uint64_t staged = journal_staged(house.flow->journal);
    struct agency agency = *registry_by_id(house.flow->registry, text_bytes("B"));
    agency.suspended = true;
    struct page page = agency_put(&house, &agency, false);
    assert_int_equal(page.code, LT_FIELD_MISSING);
    assert_detail(&page, "reason");
    page = agency_put(&house, &agency, true);
    assert_field(&house, &page, 0, "change", "changed");
    assert_int_equal(journal_staged(house.flow->journal), staged);
    page = agency_suspend(&house, "B", true, "lộ khóa");
    assert_field(&house, &page, 0, "change", "changed");
    assert_int_equal(journal_staged(house.flow->journal), staged + 1);
    page = ask_ok(&house, VIEWER, "agencies", ARGS("id", "B"));
    assert_field(&house, &page, 0, "suspended", "1");
    page = agency_put(&house, &agency, false);
    assert_field(&house, &page, 0, "change", "same");
    agency.suspended = false;
    assert_int_equal(agency_put(&house, &agency, false).code, LT_FIELD_MISSING);
    page = agency_suspend(&house, "B", false, "đã đổi khóa");
    assert_field(&house, &page, 0, "change", "changed");
    page = ask_ok(&house, VIEWER, "agencies", ARGS("id", "B"));
    assert_field(&house, &page, 0, "suspended", "0");
}

static void agency_put_refuses_what_does_not_fit(void **state)
{
    (void)state;
    uint64_t staged = journal_staged(house.flow->journal);
    struct agency agency = agency_make("D", 1); /* the key of A */
    struct page page = agency_put(&house, &agency, false);
    assert_int_equal(page.code, LT_EXISTS);
    assert_detail(&page, "A");
    agency = agency_make("D", 4);
    agency.number = 4; /* numbers of new agencies are given here */
    assert_int_equal(agency_put(&house, &agency, false).code, LT_FIELD_BAD);
    agency.number = 4711;
    assert_int_equal(agency_put(&house, &agency, false).code, LT_FIELD_BAD);
    agency.number = 2; /* is B's */
    assert_int_equal(agency_put(&house, &agency, false).code, LT_FIELD_BAD);
    agency = agency_make("D", 4);
    agency.name[0] = '\0';
    page = agency_put(&house, &agency, false);
    assert_int_equal(page.code, LT_FIELD_MISSING);
    assert_detail(&page, "name");
    agency = agency_make("D", 4);
    snprintf(agency.successor, sizeof(agency.successor), "Z");
    assert_int_equal(agency_put(&house, &agency, true).code, LT_AGENCY_UNKNOWN);
    page = put_payload(&house, REGISTRAR, "agency-put", text_bytes("abc"), false);
    assert_int_equal(page.code, LT_FIELD_BAD);
    page = put_payload(&house, REGISTRAR, "agency-put", text_bytes(""), false);
    assert_int_equal(page.code, LT_FIELD_MISSING);
    assert_int_equal(journal_staged(house.flow->journal), staged);
}

static void routes_come_and_go(void **state)
{
    (void)state;
    struct page page = route_put(&house, "route-put", "1.009", "", "B", true);
    assert_field(&house, &page, 0, "change", "added");
    assert_field(&house, &page, 0, "position", "0");
    assert_int_equal(ask_ok(&house, VIEWER, "routes", ARGS()).count, 0);
    page = route_put(&house, "route-put", "1.009", "", "B", false);
    assert_field(&house, &page, 0, "change", "added");
    assert_true(atoll(field(&house, &page, 0, "position")) > 0);
    page = route_put(&house, "route-put", "1.009", "", "B", false);
    assert_field(&house, &page, 0, "change", "same");
    assert_field(&house, &page, 0, "position", "0");
    page = route_put(&house, "route-gone", "1.009", "", "B", true);
    assert_field(&house, &page, 0, "change", "removed");
    assert_int_equal(ask_ok(&house, VIEWER, "routes", ARGS()).count, 1);
    page = route_put(&house, "route-gone", "1.009", "", "B", false);
    assert_field(&house, &page, 0, "change", "removed");
    assert_int_equal(ask_ok(&house, VIEWER, "routes", ARGS()).count, 0);
    assert_int_equal(route_put(&house, "route-gone", "1.009", "", "B", false).code, LT_NOT_FOUND);
    assert_int_equal(route_put(&house, "route-put", "1.009", "", "Z", false).code,
                     LT_AGENCY_UNKNOWN);
    assert_int_equal(route_put(&house, "route-put", "1.009.1", "", "B", false).code, LT_FIELD_BAD);
}

/* ---- busy --------------------------------------------------------------------------------------
 */

/* Fills the batch that is being staged until nothing more fits. */
static void fill_batch(void)
{
    uint8_t memory[64];
    uint64_t position;
    struct fact_noticed noticed = {.agency = 1};
    struct lt_bytes payload = fact_write_noticed(memory, sizeof(memory), &noticed);
    while (flow_room_small(house.flow)) {
        assert_int_equal(flow_fact(house.flow, FACT_NOTICED, payload, &position), LT_OK);
    }
}

/* Asks the door itself, within one turn; the code of the page it queued. */
static uint32_t take_now(const char *verb, const char *const *args, struct lt_bytes payload)
{
    struct pair pairs[HOUSE_ARGS_MAX];
    struct query query = {.verb = text_bytes(verb), .number = 77, .payload = payload};
    struct flow_operators door = operators_door(house.operators);
    struct port_route route = {.bytes = {1, 2, 3}, .size = 3};
    struct frame frame;
    query_fill(&query, pairs, args);
    struct session *session = session_make(&house.flow->sessions, &route, 0);
    assert_non_null(session);
    snprintf(session->user, sizeof(session->user), "operator/registrar-1");
    assert_int_equal(door.take(door.self, house.flow, session, &query), LT_OK);
    assert_int_equal(session->answers.count, 1);
    const struct answer *answer = LIST_ENTRY(list_first(&session->answers), struct answer, node);
    assert_int_equal(answer->kind, ANSWER_PAGE);
    assert_int_equal(answer->position, journal_staged(house.flow->journal));
    struct fault fault;
    fault_init(&fault);
    struct lt_bytes bytes =
        arena_copy(&house.arena, (struct lt_bytes){answer->page, answer->page_bytes});
    assert_int_equal(frame_read(bytes, &house.arena, &frame, &fault), LT_OK);
    assert_int_equal(frame.page.number, 77);
    answers_drop(&house.flow->answers, session);
    session_free(&house.flow->sessions, session);
    return frame.page.code;
}

static void a_full_batch_answers_busy(void **state)
{
    (void)state;
    struct given given = one_parked("H-1");
    struct given nobody =
        accept_now(&house, &(struct wish){.from = "A", .case_code = "H-2", .procedure = "1.009"});
    route_put(&house, "route-put", "1.009", "", "B", false);
    struct agency agency = agency_make("D", 4);
    uint8_t memory[AGENCY_BYTES_MAX];
    struct lt_bytes entry = agency_write(memory, sizeof(memory), &agency);
    struct lt_bytes none = {NULL, 0};
    fill_batch();
    uint64_t staged = journal_staged(house.flow->journal);
    const char *const *args = ARGS("id", given.id_text, "reason", "x");
    assert_int_equal(take_now("replay", args, none), LT_BUSY);
    assert_int_equal(take_now("replay", ARGS("id", nobody.id_text, "reason", "x"), none), LT_BUSY);
    assert_int_equal(take_now("agency-put", ARGS(), entry), LT_BUSY);
    assert_int_equal(take_now("status", ARGS(), none), LT_OK); /* reading goes on */
    assert_int_equal(journal_staged(house.flow->journal), staged);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_PARKED);
    house_settle(&house);
    struct page page = replay(&given);
    assert_field(&house, &page, 0, "result", "replayed");
}

/* Room for some facts is no room for a replay: all its legs in one turn, or none. */
static void a_replay_is_staged_whole(void **state)
{
    (void)state;
    uint8_t memory[64];
    uint64_t position;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    park(&house, &given, 0, "");
    park(&house, &given, 1, "");
    struct fact_noticed noticed = {.agency = 1};
    struct lt_bytes payload = fact_write_noticed(memory, sizeof(memory), &noticed);
    while (flow_room(house.flow)) {
        assert_int_equal(flow_fact(house.flow, FACT_NOTICED, payload, &position), LT_OK);
    }
    assert_true(flow_room_small(house.flow));
    const char *const *args = ARGS("id", given.id_text, "reason", "x");
    assert_int_equal(take_now("replay", args, (struct lt_bytes){NULL, 0}), LT_BUSY);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_PARKED);
    assert_int_equal(leg_of(&house, &given, 1).state, LEG_PARKED);
    house_settle(&house);
    assert_int_equal(replay(&given).count, 2);
}

/* ---- the door ----------------------------------------------------------------------------------
 */

static void pages_wait_for_their_ticket(void **state)
{
    (void)state;
    struct given given = one_parked("H-1");
    house_settle(&house);
    backend_memory_plan(house.backend, APPEND_DURABLE, 400, false);
    uint64_t durable = house.flow->durable;
    struct frame frame = {.kind = FRAME_QUERY};
    struct pair pairs[HOUSE_ARGS_MAX];
    frame.query.number = 9000;
    frame.query.verb = text_bytes("replay");
    query_fill(&frame.query, pairs, ARGS("id", given.id_text, "reason", "x"));
    house_say(&house, house.people[OPERATOR], &frame);
    struct frame page;
    assert_false(house_hear(&house, house.people[OPERATOR], FRAME_PAGE, 300, &page));
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_READY); /* folded, not told */
    assert_int_equal(house.flow->durable, durable);
    frame.query = (struct query){.number = 9001, .verb = text_bytes("parked")};
    house_say(&house, house.people[VIEWER], &frame);
    assert_false(house_hear(&house, house.people[VIEWER], FRAME_PAGE, 50, &page));
    assert_true(house_hear(&house, house.people[OPERATOR], FRAME_PAGE, 2000, &page));
    assert_int_equal(page.page.number, 9000);
    assert_true(house.flow->durable > durable);
    assert_true(house_hear(&house, house.people[VIEWER], FRAME_PAGE, 2000, &page));
    assert_int_equal(page.page.count, 0);
}

static void verbs_and_arguments_must_be_known(void **state)
{
    (void)state;
    struct page page = ask_code(&house, VIEWER, "statuss", ARGS(), LT_FIELD_BAD);
    assert_detail(&page, "verb: statuss");
    ask_code(&house, VIEWER, "", ARGS(), LT_FIELD_BAD);
    page = ask_code(&house, VIEWER, "status", ARGS("id", "1"), LT_FIELD_BAD);
    assert_detail(&page, "id of status");
    ask_code(&house, REGISTRAR, "agency-put", ARGS("dry", "1"), LT_FIELD_BAD);
    ask_code(&house, VIEWER, "transfers", ARGS("", "1"), LT_FIELD_BAD);
}

static void cursors_of_other_queries_are_refused(void **state)
{
    (void)state;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B", "C"}, .case_code = "H-1"});
    static const char *const verbs[] = {"agencies", "routes", "transfers", "parked",
                                        "conservation"};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        struct page page = ask_page(&house, VIEWER, verbs[i], ARGS(), 0, text_bytes("1234567890"));
        assert_int_equal(page.code, LT_FIELD_BAD);
        assert_detail(&page, "cursor");
    }
    struct lt_bytes odd = text_bytes("1234567890");
    assert_int_equal(ask_page(&house, VIEWER, "show", ARGS("id", given.id_text), 0, odd).code,
                     LT_FIELD_BAD);
    assert_int_equal(ask_page(&house, VIEWER, "where", ARGS("code", "H-1"), 0, odd).code,
                     LT_FIELD_BAD);
    /* Of the right size and nonsense: an answer, whatever it is. */
    uint8_t noise[122];
    uint64_t seed = 3;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof(noise); i++) {
            noise[i] = (uint8_t)dice(&seed);
        }
        (void)ask_page(&house, VIEWER, "transfers", ARGS(), 0, run_of(noise, 9));
        (void)ask_page(&house, VIEWER, "parked", ARGS(), 0, run_of(noise, 9));
        (void)ask_page(&house, VIEWER, "show", ARGS("id", given.id_text), 0, run_of(noise, 9));
        (void)ask_page(&house, VIEWER, "where", ARGS("code", "H-1"), 0, run_of(noise, 27));
        (void)ask_page(&house, VIEWER, "conservation", ARGS(), 0, run_of(noise, 110));
        (void)ask_page(&house, VIEWER, "agencies", ARGS(), 0, run_of(noise, 4));
    }
}

static void one_who_does_not_read_is_closed(void **state)
{
    (void)state;
    struct flow_operators door = operators_door(house.operators);
    struct port_route route = {.bytes = {9, 9}, .size = 2};
    struct session *session = session_make(&house.flow->sessions, &route, 0);
    struct query query = {.verb = text_bytes("status")};
    snprintf(session->user, sizeof(session->user), "operator/viewer-1");
    for (int i = 0; i < 8; i++) {
        assert_int_equal(door.take(door.self, house.flow, session, &query), LT_OK);
        assert_int_equal(session->doomed, 0);
    }
    assert_int_equal(door.take(door.self, house.flow, session, &query), LT_OK);
    assert_int_equal(session->doomed, LT_CREDIT_EXCEEDED);
    assert_int_equal(session->answers.count, 8);
    house_settle(&house); /* frees it and the pages */
    assert_null(session_by_route(&house.flow->sessions, &route));
}

static void agencies_have_no_verbs(void **state)
{
    (void)state;
    struct party party = party_connect(&house, 1);
    struct frame frame = {.kind = FRAME_QUERY};
    struct frame answer;
    frame.query.verb = text_bytes("status");
    party_say(&house, &party, &frame);
    assert_false(house_hear(&house, party.link, FRAME_PAGE, 100, &answer));
}

static void acts_outlive_the_state(void **state)
{
    (void)state;
    struct given given = one_parked("H-1");
    replay(&given);
    house_settle(&house);
    world_net_stop(house.net, 0);
    broker_close(&house.broker);
    assert_int_equal(unlink(house.state_path), 0);
    house_open_broker(&house);
    world_net_start(house.net, 0);
    world_advance(&house.world, 5000);
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", given.id_text));
    assert_field(&house, &page, 1, "state", "ready");
    assert_field(&house, &page, page.count - 1, "person", "operator-1");
    page = ask_ok(&house, VIEWER, "agencies", ARGS());
    assert_int_equal(page.count, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(roles_bound_the_verbs),
        TEST(a_role_taken_away_counts_at_once),
        TEST(replay_makes_a_parked_leg_ready),
        TEST(replay_of_what_is_not_parked_changes_nothing),
        TEST(replay_goes_behind_whoever_holds_the_lane),
        TEST(a_dry_run_says_what_would_be),
        TEST(replay_refuses_what_does_not_read),
        TEST(long_reasons_are_cut_at_a_rune),
        TEST(replay_asks_the_registry_again),
        TEST(new_legs_go_behind_their_lane),
        TEST(a_header_that_does_not_read_stays_parked),
        TEST(an_undurable_transfer_is_assigned_from_the_cache),
        TEST(agency_put_adds_and_changes),
        TEST(a_suspension_has_a_reason),
        TEST(agency_put_refuses_what_does_not_fit),
        TEST(routes_come_and_go),
        TEST(a_full_batch_answers_busy),
        TEST(a_replay_is_staged_whole),
        TEST(pages_wait_for_their_ticket),
        TEST(verbs_and_arguments_must_be_known),
        TEST(cursors_of_other_queries_are_refused),
        TEST(one_who_does_not_read_is_closed),
        TEST(agencies_have_no_verbs),
        TEST(acts_outlive_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
