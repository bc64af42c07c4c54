/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Questions to the local system: whose word is told, what "no" does to a copy that still waits in
 * the inbox, and what is told when nobody speaks.
 */
#include "sdk_test.h"

static struct lt_id id_of(uint8_t last)
{
    struct lt_id id = {{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80}};
    id.bytes[15] = last;
    return id;
}

static void ask(struct bench *b, struct held_item *items, uint32_t count)
{
    struct frame frame = {.kind = FRAME_HELD_ASK, .held_ask = {items, count}};
    line_say(&b->line, &frame);
    step(b);
}

static struct held_said hear_said(struct bench *b)
{
    step(b);
    struct frame frame = line_hear_one(&b->line, FRAME_HELD_ANSWER);
    assert_int_equal(frame.held_answer.count, 1);
    return frame.held_answer.items[0];
}

static void answer(struct bench *b, uint64_t number, enum lt_held held)
{
    struct lt_held_answer said = {.held = held, .outcome = LT_OUTCOME_TAKEN};
    snprintf(said.by, sizeof(said.by), "test");
    assert_int_equal(lt_client_held_answer(b->client, number, &said), LT_OK);
}

/* A delivery from THEM, whole, as the broker would send it. */
static struct lt_id deliver(struct bench *b, uint8_t last, const char *case_code, uint64_t position)
{
    struct digester *digester = NULL;
    struct lt_bytes to = text_bytes(US);
    struct lt_bytes body = text_bytes("{\"x\":1}");
    struct delivery item = {.position = position, .attempt = 1, .body = body};
    assert_int_equal(digester_open(&digester), LT_OK);
    struct header header = {
        .id = id_of(last),
        .sender_key = text_bytes("their-key"),
        .kind = LT_KIND_FORWARD,
        .from = text_bytes(THEM),
        .to = &to,
        .to_count = 1,
        .case_code = text_bytes(case_code),
        .created_ms = b->time.wall_ms,
        .schema_version = 1,
        .body_sha256 = digest_of(digester, body),
        .body_size = body.size,
    };
    assert_int_equal(header_write(&header, &b->line.arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, body);
    digester_close(&digester);
    struct frame frame = {.kind = FRAME_DELIVER, .deliver = {&item, 1}};
    line_say(&b->line, &frame);
    step(b);
    return header.id;
}

static void the_local_systems_word_is_told(void **state)
{
    struct bench *b = *state;
    struct lt_question questions[4];
    connect_line(b, 11);
    struct held_item items[] = {{.number = 70, .id = id_of(1), .leg = 2, .position = 9},
                                {.number = 71}};
    ask(b, items, 2);
    assert_int_equal(lt_client_questions(b->client, 0, 0, questions, 4), 2);
    assert_false(questions[0].ping);
    assert_same_id(&questions[0].id, &items[0].id);
    assert_int_equal(questions[0].leg, 2);
    assert_true(questions[1].ping);
    assert_int_equal(lt_client_questions(b->client, questions[1].number, 0, questions, 4), 0);

    answer(b, questions[0].number, LT_HELD_YES);
    struct held_said said = hear_said(b);
    assert_int_equal(said.number, 70);
    assert_int_equal(said.held, LT_HELD_YES);
    assert_int_equal(said.outcome, LT_OUTCOME_TAKEN);
    assert_int_equal(said.position, 9);
    assert_true(bytes_equal(said.by, text_bytes("test")));

    struct lt_held_answer twice = {.held = LT_HELD_NO};
    assert_int_equal(lt_client_held_answer(b->client, questions[0].number, &twice), LT_NOT_HERE);
    answer(b, questions[1].number, LT_HELD_YES);
    assert_int_equal(hear_said(b).number, 71);
}

static void silence_is_unknown(void **state)
{
    struct bench *b = *state;
    struct lt_question question;
    connect_line(b, 11);
    struct held_item item = {.number = 5, .id = id_of(1)};
    ask(b, &item, 1);
    fake_time_pass(&b->time, LT_HELD_WAIT_MS - 1);
    step(b);
    struct frame frame;
    assert_false(line_hear(&b->line, &frame));
    fake_time_pass(&b->time, 1);
    struct held_said said = hear_said(b);
    assert_int_equal(said.held, LT_HELD_UNKNOWN);
    assert_int_equal(lt_client_questions(b->client, 0, 0, &question, 1), 0);
}

/* The box remembers a taken delivery; that is no reason to say yes, or to contradict a no. */
static void memory_is_no_answer(void **state)
{
    struct bench *b = *state;
    struct lt_delivery delivery;
    struct lt_question question;
    connect_line(b, 11);
    struct lt_id id = deliver(b, 1, "case-1", 4);
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, &delivery, 1), 1);
    lt_inbox_release(&delivery, 1);
    const struct lt_answer taken = {.outcome = LT_OUTCOME_TAKEN};
    assert_int_equal(lt_client_settle(b->client, &id, 0, "n", &taken), LT_OK);
    step(b);
    line_hear_one(&b->line, FRAME_SETTLE);
    fake_time_pass(&b->time, 1000);

    struct held_item item = {.number = 5, .id = id, .position = 4};
    ask(b, &item, 1);
    assert_int_equal(lt_client_questions(b->client, 0, 0, &question, 1), 1);
    assert_string_equal(question.case_code, "case-1");
    assert_string_equal(question.from, THEM);
    assert_int_equal(question.sender_key_size, strlen("their-key"));
    answer(b, question.number, LT_HELD_NO);
    assert_int_equal(hear_said(b).held, LT_HELD_NO);
}

/* What waits here would reach the local system in the next moment: it goes back first. */
static void no_takes_a_waiting_copy_back(void **state)
{
    struct bench *b = *state;
    struct lt_delivery delivery;
    struct lt_question question;
    connect_line(b, 11);
    struct lt_id first = deliver(b, 1, "case-1", 4);
    (void)deliver(b, 2, "case-1", 5);
    (void)deliver(b, 3, "case-2", 6);
    struct held_item item = {.number = 5, .id = first, .position = 4};
    ask(b, &item, 1);
    assert_int_equal(lt_client_questions(b->client, 0, 0, &question, 1), 1);
    answer(b, question.number, LT_HELD_NO);
    step(b);
    struct frame frame = line_hear_one(&b->line, FRAME_SETTLE);
    assert_int_equal(frame.settle.count, 2); /* with what was behind it in its case */
    assert_int_equal(frame.settle.items[0].outcome, LT_OUTCOME_LATER);
    assert_same_id(&frame.settle.items[0].id, &first);
    assert_int_equal(hear_said(b).held, LT_HELD_NO);
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, &delivery, 1), 1);
    struct lt_id third = id_of(3);
    assert_same_id(&delivery.id, &third);
    lt_inbox_release(&delivery, 1);
}

static void no_is_unknown_while_a_node_works_on_it(void **state)
{
    struct bench *b = *state;
    struct lt_delivery delivery;
    struct lt_question question;
    connect_line(b, 11);
    struct lt_id id = deliver(b, 1, "case-1", 4);
    struct held_item item = {.number = 5, .id = id, .position = 4};
    ask(b, &item, 1);
    assert_int_equal(lt_client_questions(b->client, 0, 0, &question, 1), 1);
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, &delivery, 1), 1);
    lt_inbox_release(&delivery, 1);
    answer(b, question.number, LT_HELD_NO);
    assert_int_equal(hear_said(b).held, LT_HELD_UNKNOWN);

    /* Settled since the question came: the local system's no is older than its yes. */
    item.number = 6;
    ask(b, &item, 1);
    assert_int_equal(lt_client_questions(b->client, 0, 0, &question, 1), 1);
    const struct lt_answer taken = {.outcome = LT_OUTCOME_TAKEN};
    assert_int_equal(lt_client_settle(b->client, &id, 0, "n", &taken), LT_OK);
    step(b);
    line_hear_one(&b->line, FRAME_SETTLE);
    answer(b, question.number, LT_HELD_NO);
    assert_int_equal(hear_said(b).held, LT_HELD_UNKNOWN);
}

static void a_new_session_starts_without_questions(void **state)
{
    struct bench *b = *state;
    struct lt_question question;
    connect_line(b, 11);
    struct held_item item = {.number = 5, .id = id_of(1)};
    ask(b, &item, 1);
    assert_int_equal(lt_client_questions(b->client, 0, 0, &question, 1), 1);
    b->line.link = LINK_DOWN;
    step(b);
    assert_int_equal(lt_client_questions(b->client, 0, 0, &question, 1), 0);
    struct lt_held_answer late = {.held = LT_HELD_YES};
    assert_int_equal(lt_client_held_answer(b->client, question.number, &late), LT_NOT_HERE);
    b->line.link = LINK_UP;
    connect_line(b, 12);
    struct frame frame;
    assert_false(line_hear(&b->line, &frame));
}

static void too_many_questions_are_unknown(void **state)
{
    struct bench *b = *state;
    struct held_item items[LT_HELD_PER_FRAME];
    connect_line(b, 11);
    for (uint32_t i = 0; i < LT_HELD_PER_FRAME; i++) {
        items[i] = (struct held_item){.number = i + 1, .id = id_of((uint8_t)i)};
    }
    ask(b, items, LT_HELD_PER_FRAME);
    struct held_item more = {.number = 100, .id = id_of(100)};
    ask(b, &more, 1);
    struct held_said said = hear_said(b);
    assert_int_equal(said.number, 100);
    assert_int_equal(said.held, LT_HELD_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_local_systems_word_is_told, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(silence_is_unknown, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(memory_is_no_answer, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(no_takes_a_waiting_copy_back, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(no_is_unknown_while_a_node_works_on_it, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(a_new_session_starts_without_questions, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(too_many_questions_are_unknown, bench_setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
