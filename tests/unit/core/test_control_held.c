/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What was sent once and never settled: the receiver's local system is asked before it is ended or
 * sent elsewhere. A broker in memory, an agency on a scripted line that answers as it is told.
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

/* Accepted, sent to B, and nothing more was heard of it: the settlement is lost. */
static struct given one_sent(struct party *b)
{
    *b = party_connect(&house, 2);
    party_grant(&house, b, 8);
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    struct frame frame = house_heard(&house, b->link, FRAME_DELIVER, HOUSE_PAGE_MS);
    assert_int_equal(frame.deliver.items[0].position, given.position);
    house_settle(&house);
    assert_int_equal(leg_of(&house, &given, 0).state, LEG_SENT);
    return given;
}

static struct page act_as(enum person person, const char *verb, const struct given *given,
                          const char *const *more, uint32_t code)
{
    const char *args[HOUSE_ARGS_MAX] = {"id", given->id_text, "reason", "vì thế"};
    size_t count = 4;
    for (; *more != NULL; more++) {
        args[count++] = *more;
    }
    struct page page = ask_code(&house, person, verb, args, code);
    assert_sum();
    return page;
}

static struct page cancel(const struct given *given, uint32_t code)
{
    return act_as(OPERATOR, "cancel", given, ARGS(), code);
}

static struct page reroute(const struct given *given, uint32_t code)
{
    return act_as(OPERATOR, "reroute", given, ARGS("to", "C"), code);
}

static struct held_item hear_ask(struct party *party)
{
    struct frame frame = house_heard(&house, party->link, FRAME_HELD_ASK, HOUSE_PAGE_MS);
    assert_int_equal(frame.held_ask.count, 1);
    return frame.held_ask.items[0];
}

static void answer(struct party *party, const struct held_item *item, enum lt_held held,
                   enum lt_outcome outcome)
{
    struct held_said said = {
        .number = item->number,
        .id = item->id,
        .leg = item->leg,
        .position = item->position,
        .held = held,
        .outcome = outcome,
        .by = text_bytes("phần mềm một cửa"),
        .time_ms = house.world.wall_ms,
    };
    struct frame frame = {.kind = FRAME_HELD_ANSWER, .held_answer = {.items = &said, .count = 1}};
    party_say(&house, party, &frame);
    for (int i = 0; i < 5; i++) {
        house_turn(&house);
    }
    house_settle(&house);
}

static void pass_ms(int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 100) {
        world_advance(&house.world, 100);
        house_turn(&house);
    }
}

static enum leg_state state_of(const struct given *given, uint8_t leg)
{
    return leg_of(&house, given, leg).state;
}

/* How many rows of `show` have that value in that field. */
static uint32_t events_with(const struct given *given, const char *name, const char *value)
{
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", given->id_text));
    uint32_t count = 0;
    for (uint32_t i = 0; i < page.count; i++) {
        const char *said = field(&house, &page, i, name);
        count += said != NULL && strcmp(said, value) == 0;
    }
    return count;
}

/* ---- the story of a lost settlement -------------------------------------------------------------
 */

static void not_held_lets_it_go_elsewhere_once(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    reroute(&given, LT_HELD_ASKED); /* without an answer: refused */
    assert_int_equal(state_of(&given, 0), LEG_SENT);
    struct held_item item = hear_ask(&b);
    assert_memory_equal(&item.id, &given.id, sizeof(given.id));
    assert_int_equal(item.position, given.position);
    reroute(&given, LT_HELD_ASKED);
    answer(&b, &item, LT_HELD_NO, LT_OUTCOME_NONE);
    struct page page = reroute(&given, LT_OK);
    assert_field(&house, &page, 0, "result", "rerouted");
    assert_field(&house, &page, 0, "risk", NULL);
    assert_int_equal(state_of(&given, 0), LEG_CANCELLED);
    assert_null(flight_find(&house.flow->flights, given.position, 0));
    struct party c = party_connect(&house, 3);
    party_grant(&house, &c, 8);
    struct frame frame;
    assert_true(house_hear(&house, c.link, FRAME_DELIVER, HOUSE_PAGE_MS, &frame));
    assert_int_equal(frame.deliver.count, 1);
    struct settlement taken = {.id = given.id,
                               .leg = frame.deliver.items[0].leg,
                               .attempt = frame.deliver.items[0].attempt,
                               .position = given.position,
                               .outcome = LT_OUTCOME_TAKEN,
                               .time_ms = house.world.wall_ms};
    frame = (struct frame){.kind = FRAME_SETTLE, .settle = {.items = &taken, .count = 1}};
    party_say(&house, &c, &frame);
    pass_ms(200);
    assert_int_equal(state_of(&given, 1), LEG_TAKEN); /* once in effect */
    assert_int_equal(state_of(&given, 0), LEG_CANCELLED);
    assert_int_equal(events_with(&given, "held", "no"), 1);
    assert_int_equal(events_with(&given, "by", "phần mềm một cửa"), 1);
}

static void held_refuses_every_end(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    reroute(&given, LT_HELD_ASKED);
    struct held_item item = hear_ask(&b);
    answer(&b, &item, LT_HELD_YES, LT_OUTCOME_NONE);
    struct page page = reroute(&given, LT_RECEIVER_HOLDS);
    assert_detail(&page, "leg");
    cancel(&given, LT_RECEIVER_HOLDS);
    act_as(OPERATOR, "expire", &given, ARGS(), LT_RECEIVER_HOLDS);
    act_as(APPROVER, "cancel", &given, ARGS("second", "1"), LT_RECEIVER_HOLDS);
    assert_int_equal(state_of(&given, 0), LEG_SENT);
    assert_int_equal(events_with(&given, "held", "yes"), 1);
}

static void held_and_taken_is_the_lost_settlement(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    cancel(&given, LT_HELD_ASKED);
    struct held_item item = hear_ask(&b);
    answer(&b, &item, LT_HELD_YES, LT_OUTCOME_TAKEN);
    assert_int_equal(state_of(&given, 0), LEG_TAKEN);
    assert_null(flight_find(&house.flow->flights, given.position, 0));
    assert_int_equal(desk_of(&house.flow->desks, 2)->in_flight, 0);
    cancel(&given, LT_LEG_STATE);
    assert_int_equal(desk_of(&house.flow->desks, 1)->counts.notice_seq, 1);
}

static void held_and_refused_is_a_refusal(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    cancel(&given, LT_HELD_ASKED);
    struct held_item item = hear_ask(&b);
    answer(&b, &item, LT_HELD_YES, LT_OUTCOME_REFUSED);
    assert_int_equal(state_of(&given, 0), LEG_REFUSED);
    assert_int_equal(leg_of(&house, &given, 0).code, LT_OFFICER_REFUSED);
}

/* ---- answers that do not count ------------------------------------------------------------------
 */

static void an_answer_about_an_earlier_delivery_is_old(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    cancel(&given, LT_HELD_ASKED);
    struct held_item item = hear_ask(&b);
    answer(&b, &item, LT_HELD_NO, LT_OUTCOME_NONE);
    say(&house, &given, 0, LT_OUTCOME_LATER, LT_RECEIVER_UNREACHABLE, LEG_BACKOFF, "");
    say_sent(&house, &given, 0); /* and now it may be there */
    cancel(&given, LT_HELD_ASKED);
    struct held_item second = hear_ask(&b);
    assert_true(second.number != item.number);
    answer(&b, &second, LT_HELD_NO, LT_OUTCOME_NONE);
    cancel(&given, LT_OK);
}

static void only_the_one_who_was_asked_is_believed(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    struct party c = party_connect(&house, 3);
    cancel(&given, LT_HELD_ASKED);
    struct held_item item = hear_ask(&b);
    answer(&c, &item, LT_HELD_NO, LT_OUTCOME_NONE); /* another agency */
    struct held_item other = item;
    other.number++;
    answer(&b, &other, LT_HELD_NO, LT_OUTCOME_NONE); /* a question nobody asked */
    other = item;
    other.leg = 1;
    answer(&b, &other, LT_HELD_NO, LT_OUTCOME_NONE);
    cancel(&given, LT_HELD_ASKED);
    assert_int_equal(events_with(&given, "event", "held"), 0);
    answer(&b, &item, LT_HELD_NO, LT_OUTCOME_NONE);
    answer(&b, &item, LT_HELD_YES, LT_OUTCOME_TAKEN); /* one question, one answer */
    assert_int_equal(events_with(&given, "event", "held"), 1);
    cancel(&given, LT_OK);
}

/* ---- two people ---------------------------------------------------------------------------------
 */

static void without_an_answer_two_people_must_agree(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    cancel(&given, LT_HELD_ASKED);
    pass_ms(HELD_WAIT_MS);
    act_as(APPROVER, "cancel", &given, ARGS("second", "1"), LT_NOT_FOUND); /* to what? */
    struct page page = cancel(&given, LT_SECOND_PERSON);
    assert_detail(&page, "operator-1");
    act_as(OPERATOR, "cancel", &given, ARGS("second", "1"), LT_NOT_PERMITTED);
    act_as(APPROVER, "expire", &given, ARGS("second", "1"), LT_NOT_FOUND); /* another act */
    assert_int_equal(state_of(&given, 0), LEG_SENT);
    page = act_as(APPROVER, "cancel", &given, ARGS("second", "1"), LT_OK);
    assert_field(&house, &page, 0, "result", "cancelled");
    assert_field(&house, &page, 0, "second", "approver-1");
    assert_field(&house, &page, 0, "risk", "1");
    assert_int_equal(state_of(&given, 0), LEG_CANCELLED);
    assert_int_equal(events_with(&given, "person", "operator-1"), 1);
    assert_int_equal(events_with(&given, "second", "approver-1"), 1);
    assert_int_equal(events_with(&given, "risk", "1"), 1);
    /* It was there after all: the word of the receiver corrects the leg, both stay. */
    say(&house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    assert_int_equal(state_of(&given, 0), LEG_TAKEN);
    assert_int_equal(events_with(&given, "risk", "1"), 1);
    assert_int_equal(events_with(&given, "event", "settled"), 1);
}

static void one_person_is_not_two(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    act_as(APPROVER, "cancel", &given, ARGS(), LT_HELD_ASKED);
    pass_ms(HELD_WAIT_MS);
    act_as(APPROVER, "cancel", &given, ARGS(), LT_SECOND_PERSON);
    act_as(APPROVER, "cancel", &given, ARGS("second", "1"), LT_SECOND_PERSON);
    assert_int_equal(state_of(&given, 0), LEG_SENT);
    /* Who asked first stays who asked, whoever else asks; and an answer in between wins. */
    struct page page = cancel(&given, LT_SECOND_PERSON);
    assert_detail(&page, "approver-1");
    struct held_item item = hear_ask(&b);
    answer(&b, &item, LT_HELD_YES, LT_OUTCOME_NONE);
    act_as(REGISTRAR, "cancel", &given, ARGS("second", "1"), LT_RECEIVER_HOLDS);
}

static void a_wish_is_forgotten_after_an_hour(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    struct frame bye = {.kind = FRAME_BYE};
    party_say(&house, &b, &bye);
    pass_ms(200);
    cancel(&given, LT_SECOND_PERSON); /* nobody is there to be asked */
    pass_ms(200);
    house.config.operators[OPERATOR].role = OPERATOR_VIEWER;
    act_as(APPROVER, "cancel", &given, ARGS("second", "1"), LT_NOT_FOUND);
    house.config.operators[OPERATOR].role = OPERATOR_OPERATOR;
    world_advance(&house.world, ACT_WISH_KEEP_MS);
    house_settle(&house);
    for (int i = 0; i < PEOPLE; i++) {
        struct lt_key key = house_key(200, (uint8_t)i);
        house.people[i] = world_net_dial(house.net, 0, &key);
    }
    act_as(APPROVER, "cancel", &given, ARGS("second", "1"), LT_NOT_FOUND);
    cancel(&given, LT_SECOND_PERSON);
    act_as(APPROVER, "cancel", &given, ARGS("second", "1"), LT_OK);
}

static void who_cannot_say_needs_two_people(void **state)
{
    (void)state;
    struct party b;
    struct given given = one_sent(&b);
    reroute(&given, LT_HELD_ASKED);
    struct held_item item = hear_ask(&b);
    answer(&b, &item, LT_HELD_UNKNOWN, LT_OUTCOME_NONE);
    reroute(&given, LT_SECOND_PERSON);
    struct page page = act_as(APPROVER, "reroute", &given, ARGS("to", "C", "second", "1"), LT_OK);
    assert_field(&house, &page, 1, "risk", "1");
    assert_int_equal(state_of(&given, 1), LEG_READY);
    assert_int_equal(events_with(&given, "held", "unknown"), 1);
    assert_int_equal(events_with(&given, "second", "approver-1"), 1);
}

static void a_dry_run_asks_nobody(void **state)
{
    (void)state;
    struct party b;
    struct frame frame;
    struct given given = one_sent(&b);
    struct page page = act_as(OPERATOR, "cancel", &given, ARGS("dry_run", "1"), LT_OK);
    assert_field(&house, &page, 0, "result", "would-ask");
    assert_field(&house, &page, 0, "code", "held-asked");
    assert_false(house_hear(&house, b.link, FRAME_HELD_ASK, 500, &frame));
    frame = (struct frame){.kind = FRAME_BYE};
    party_say(&house, &b, &frame);
    pass_ms(200);
    page = act_as(OPERATOR, "cancel", &given, ARGS("dry_run", "1"), LT_OK);
    assert_field(&house, &page, 0, "result", "needs-second");
    assert_field(&house, &page, 0, "code", "second-person");
    act_as(APPROVER, "cancel", &given, ARGS("second", "1"), LT_NOT_FOUND); /* it was no wish */
}

/* ---- ping ---------------------------------------------------------------------------------------
 */

static void a_ping_goes_there_and_back(void **state)
{
    (void)state;
    struct page page = ask_ok(&house, OPERATOR, "ping", ARGS("id", "B"));
    assert_field(&house, &page, 0, "result", "not-connected");
    struct party b = party_connect(&house, 2);
    ask_code(&house, OPERATOR, "ping", ARGS("id", "B"), LT_HELD_ASKED);
    struct held_item item = hear_ask(&b);
    assert_true(id_empty(&item.id));
    pass_ms(300);
    answer(&b, &item, LT_HELD_YES, LT_OUTCOME_NONE);
    page = ask_ok(&house, OPERATOR, "ping", ARGS("id", "B"));
    assert_field(&house, &page, 0, "result", "answered");
    assert_field(&house, &page, 0, "by", "phần mềm một cửa");
    assert_true(atoll(field(&house, &page, 0, "took_ms")) >= 300);
    ask_code(&house, OPERATOR, "ping", ARGS("id", "B"), LT_HELD_ASKED); /* a new one */
    item = hear_ask(&b);
    answer(&b, &item, LT_HELD_UNKNOWN, LT_OUTCOME_NONE); /* its local system gives no sign */
    page = ask_ok(&house, OPERATOR, "ping", ARGS("id", "B"));
    assert_field(&house, &page, 0, "result", "adapter-only");
    ask_code(&house, OPERATOR, "ping", ARGS("id", "B"), LT_HELD_ASKED);
    pass_ms(HELD_WAIT_MS);
    page = ask_ok(&house, OPERATOR, "ping", ARGS("id", "B"));
    assert_field(&house, &page, 0, "result", "no-answer");
    ask_code(&house, OPERATOR, "ping", ARGS("id", "Z"), LT_NOT_FOUND);
    ask_code(&house, OPERATOR, "ping", ARGS(), LT_FIELD_MISSING);
    ask_code(&house, VIEWER, "ping", ARGS("id", "B"), LT_NOT_PERMITTED);
}

static void a_question_finds_the_next_session(void **state)
{
    (void)state;
    struct party b;
    struct frame bye = {.kind = FRAME_BYE};
    struct given given = one_sent(&b);
    cancel(&given, LT_HELD_ASKED);
    (void)hear_ask(&b);
    party_say(&house, &b, &bye);
    pass_ms(100);
    b = party_connect(&house, 2);
    cancel(&given, LT_HELD_ASKED);
    struct held_item item = hear_ask(&b);
    answer(&b, &item, LT_HELD_NO, LT_OUTCOME_NONE);
    cancel(&given, LT_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(not_held_lets_it_go_elsewhere_once),
        TEST(held_refuses_every_end),
        TEST(held_and_taken_is_the_lost_settlement),
        TEST(held_and_refused_is_a_refusal),
        TEST(an_answer_about_an_earlier_delivery_is_old),
        TEST(only_the_one_who_was_asked_is_believed),
        TEST(without_an_answer_two_people_must_agree),
        TEST(one_person_is_not_two),
        TEST(a_wish_is_forgotten_after_an_hour),
        TEST(who_cannot_say_needs_two_people),
        TEST(a_dry_run_asks_nobody),
        TEST(a_ping_goes_there_and_back),
        TEST(a_question_finds_the_next_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
