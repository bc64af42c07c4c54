/* SPDX-License-Identifier: EUPL-1.2 */
/* Meeting the axis: the same one, a declared restore, a roll-back that nobody declared. */
#include "sdk_test.h"

#include "adapters/sdk/box_axis.h"

struct meets {
    uint32_t incarnation;
    uint64_t durable;
    uint64_t restored_to;
    uint64_t notice_seq;
    uint64_t run;
    uint64_t run_from;
};

/* Hello and a Welcome that says more about the journal; what comes then is for the caller. */
static void meet(struct bench *b, uint64_t number, const struct meets *meets)
{
    (void)hear_hello(b);
    struct frame frame = fake_welcome(&b->line, number, b->time.wall_ms);
    frame.welcome.incarnation = meets->incarnation;
    frame.welcome.durable = meets->durable;
    frame.welcome.restored_to = meets->restored_to;
    frame.welcome.notice_seq = meets->notice_seq;
    frame.welcome.run = meets->run;
    frame.welcome.run_from = meets->run_from;
    line_say_raw(&b->line, &frame);
    step(b);
}

static void say_accepted(struct bench *b, const struct lt_id *id, uint64_t position)
{
    struct verdict_item item = {.id = *id, .position = position, .time_ms = b->time.wall_ms};
    say_verdicts(b, &item, 1);
}

/* One transfer, accepted at `position`. */
static struct lt_id sent_at(struct bench *b, const char *key, uint64_t position)
{
    (void)submit_ok(b, key, key, "{}");
    step(b);
    struct frame submit = hear_submit(b, 1);
    struct lt_id id = parcel_id(b, &submit, 0);
    say_accepted(b, &id, position);
    return id;
}

static enum axis_meeting meets_at(const struct axis_known *known, uint32_t incarnation,
                                  uint64_t durable)
{
    return axis_meet(known, &(struct axis_says){.incarnation = incarnation, .durable = durable});
}

static void the_rules_of_meeting(void **state)
{
    (void)state;
    struct axis_known none = {0};
    struct axis_known known = {.incarnation = 2, .position = 100};
    assert_int_equal(meets_at(&none, 0, 0), AXIS_SAME);
    assert_int_equal(meets_at(&none, 7, 5), AXIS_SAME);
    assert_int_equal(meets_at(&known, 2, 100), AXIS_SAME);
    assert_int_equal(meets_at(&known, 2, 99), AXIS_ROLLED_BACK);
    assert_int_equal(meets_at(&known, 2, 0), AXIS_SAME); /* it does not say */
    assert_int_equal(meets_at(&known, 1, 500), AXIS_ROLLED_BACK);
    assert_int_equal(meets_at(&known, 3, 1), AXIS_RESTORED);
}

static enum axis_meeting runs_at(const struct axis_known *known, uint64_t run, uint64_t run_from)
{
    return axis_meet(known, &(struct axis_says){.durable = 500, .run = run, .run_from = run_from});
}

static void a_position_that_two_starts_wrote_tells_a_roll_back(void **state)
{
    (void)state;
    struct axis_known known = {.position = 100, .run = 7};
    struct axis_known older = {.position = 100};
    assert_int_equal(runs_at(&known, 7, 90), AXIS_SAME);  /* the same start wrote all of it */
    assert_int_equal(runs_at(&known, 8, 101), AXIS_SAME); /* a restart behind what we know */
    assert_int_equal(runs_at(&known, 8, 100), AXIS_ROLLED_BACK);
    assert_int_equal(runs_at(&known, 8, 40), AXIS_ROLLED_BACK);
    assert_int_equal(runs_at(&known, 0, 0), AXIS_SAME);  /* it does not say */
    assert_int_equal(runs_at(&older, 8, 40), AXIS_SAME); /* we do not know */
}

static void a_declared_restore_is_sent_again_what_it_lost(void **state)
{
    struct bench *b = *state;
    meet(b, 1, &(struct meets){.durable = 5});
    line_hear_one(&b->line, FRAME_GRANT);
    (void)sent_at(b, "k-1", 10);
    struct lt_id second = sent_at(b, "k-2", 20);
    struct lt_id third = sent_at(b, "k-3", 30);
    bench_restart(b);
    meet(b, 2, &(struct meets){.incarnation = 1, .durable = 17, .restored_to = 15});
    line_hear_one(&b->line, FRAME_GRANT);
    step(b);
    struct frame submit = hear_submit(b, 2);
    struct lt_id first_again = parcel_id(b, &submit, 0);
    struct lt_id second_again = parcel_id(b, &submit, 1);
    assert_same_id(&first_again, &second); /* same ids, in the order they were made */
    assert_same_id(&second_again, &third);
    struct verdict_item items[2] = {{.id = second, .position = 18}, {.id = third, .position = 19}};
    say_verdicts(b, items, 2);
    assert_int_equal(sent_of(b, &second).state, LT_SENT_ACCEPTED);
    /* The local software hears nothing of it: three times "accepted", as before. */
    struct lt_event events[8];
    assert_int_equal(lt_client_events(b->client, 0, 0, events, 8), 3);
    /* Met once more, there is nothing left to send. */
    bench_restart(b);
    meet(b, 3, &(struct meets){.incarnation = 1, .durable = 25, .restored_to = 15});
    line_hear_one(&b->line, FRAME_GRANT);
    step(b);
    struct frame frame;
    assert_false(line_hear(&b->line, &frame));
}

static void the_notice_cursor_goes_back_with_the_axis(void **state)
{
    struct bench *b = *state;
    struct frame frame = {.kind = FRAME_NOTICE};
    meet(b, 1, &(struct meets){.durable = 5});
    line_hear_one(&b->line, FRAME_GRANT);
    struct lt_id id = sent_at(b, "k-1", 10);
    struct notice_item notices[2] = {
        {.seq = 1, .id = id, .state = text_bytes("ready"), .time_ms = 1},
        {.seq = 2, .id = id, .state = text_bytes("taken"), .time_ms = 2, .level = 2}};
    frame.notice = (struct notice){.items = notices, .count = 2};
    line_say(&b->line, &frame);
    step(b);
    assert_int_equal(line_hear_one(&b->line, FRAME_NOTICE_ACK).notice_cursor, 2);
    bench_restart(b);
    meet(b, 2, &(struct meets){.incarnation = 1, .durable = 9, .restored_to = 9, .notice_seq = 1});
    line_hear_one(&b->line, FRAME_GRANT);
    frame = line_hear_one(&b->line, FRAME_SUBMIT);
    frame = (struct frame){.kind = FRAME_NOTICE};
    frame.notice = (struct notice){.items = &notices[1], .count = 1};
    line_say(&b->line, &frame);
    step(b);
    assert_int_equal(line_hear_one(&b->line, FRAME_NOTICE_ACK).notice_cursor, 2);
}

static void an_undeclared_roll_back_is_refused(void **state)
{
    struct bench *b = *state;
    struct lt_client_state client;
    meet(b, 1, &(struct meets){.durable = 5});
    line_hear_one(&b->line, FRAME_GRANT);
    (void)sent_at(b, "k-1", 10);
    bench_restart(b);
    meet(b, 2, &(struct meets){.durable = 9});
    struct frame bye = line_hear_one(&b->line, FRAME_BYE);
    assert_int_equal(bye.ending.code, LT_ROLLED_BACK);
    step(b);
    lt_client_state(b->client, &client);
    assert_false(client.connected);
    assert_non_null(strstr(client.last_problem, "rolled-back"));
    /* It asks again after a while, and the right journal is taken. */
    fake_time_pass(&b->time, 10 * 60 * 1000);
    meet(b, 3, &(struct meets){.durable = 10});
    line_hear_one(&b->line, FRAME_GRANT);
    lt_client_state(b->client, &client);
    assert_true(client.connected);
}

static void a_rolled_back_axis_that_has_written_on_is_refused(void **state)
{
    struct bench *b = *state;
    meet(b, 1, &(struct meets){.durable = 5, .run = 7, .run_from = 2});
    line_hear_one(&b->line, FRAME_GRANT);
    (void)sent_at(b, "k-1", 10);
    bench_restart(b);
    meet(b, 2, &(struct meets){.durable = 30, .run = 8, .run_from = 10});
    assert_int_equal(line_hear_one(&b->line, FRAME_BYE).ending.code, LT_ROLLED_BACK);
    bench_restart(b);
    meet(b, 3, &(struct meets){.durable = 31, .run = 9, .run_from = 11});
    line_hear_one(&b->line, FRAME_GRANT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_of_meeting),
        cmocka_unit_test(a_position_that_two_starts_wrote_tells_a_roll_back),
        cmocka_unit_test_setup_teardown(a_rolled_back_axis_that_has_written_on_is_refused,
                                        bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_declared_restore_is_sent_again_what_it_lost, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(the_notice_cursor_goes_back_with_the_axis, bench_setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(an_undeclared_roll_back_is_refused, bench_setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
