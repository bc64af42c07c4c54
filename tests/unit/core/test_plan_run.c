/* SPDX-License-Identifier: EUPL-1.2 */
/* How replay plans run: dry run, pace, order, outcomes, stopping, pausing, a restart in the middle.
 */
#include "plan_test.h"

#include "broker/flow/replay.h"

/* A plan over everything that is parked, running. */
static uint64_t running(const char *pace, const char *stop)
{
    house.flow->settings.plan_second_over = 1000;
    uint64_t number =
        plan_made(&house, ARGS("reason", "đã sửa", "pace", pace, "stop", stop, "agency", "B"));
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    return number;
}

/* Turns until the plan has passed so many. */
static void until_passed(uint64_t number, uint32_t passed)
{
    for (int i = 0; i < 200000; i++) {
        if (now_of(&house, number).passed >= passed) {
            house_settle(&house);
            return;
        }
        house_turn(&house);
    }
    fail_msg("the plan does not go on");
}

/* ---- the dry run -------------------------------------------------------------------------------
 */

static struct page look(uint64_t number)
{
    return plan_act(&house, VIEWER, "plan-look", number, LT_OK);
}

static void a_dry_run_looks_at_the_legs_of_now(void **state)
{
    (void)state;
    struct given given[3];
    struct given other[1];
    parked_legs(&house, "B", 3, given);
    parked_legs(&house, "C", 1, other);
    uint64_t number = plan_made(&house, ARGS("reason", "x"));
    uint64_t staged = journal_staged(house.flow->journal);
    struct page page = look(number);
    assert_int_equal(page.count, 2);
    assert_field(&house, &page, 0, "to", "B");
    assert_field(&house, &page, 0, "items", "3");
    assert_field(&house, &page, 0, "taken", "0");
    assert_field(&house, &page, 0, "unknown", "3");
    assert_field(&house, &page, 1, "to", "C");
    assert_field(&house, &page, 1, "suspended", "0");
    assert_true(atoll(field(&house, &page, 0, "bytes")) > 36);
    assert_true(atoll(field(&house, &page, 0, "oldest_ms")) > 0);
    assert_int_equal(journal_staged(house.flow->journal), staged); /* nothing was written */
    /* One was taken late, one is in another's hand, C is suspended and has a successor. */
    say(&house, &given[0], 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    say(&house, &given[1], 0, LT_OUTCOME_REFUSED, LT_INELIGIBLE, LEG_REFUSED, "");
    assert_int_equal(agency_suspend(&house, "C", true, "lộ khóa").code, LT_OK);
    struct agency agency = *registry_by_id(house.flow->registry, text_bytes("C"));
    snprintf(agency.successor, sizeof(agency.successor), "B");
    assert_int_equal(agency_put(&house, &agency, false).code, LT_OK);
    page = look(number);
    assert_field(&house, &page, 0, "taken", "1");
    assert_field(&house, &page, 0, "moved", "1");
    assert_field(&house, &page, 0, "unknown", "1");
    assert_field(&house, &page, 1, "suspended", "1");
    assert_field(&house, &page, 1, "successor", "B");
}

static void a_dry_run_says_what_todays_routing_would_change(void **state)
{
    (void)state;
    accept_now(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.001"});
    accept_now(&house, &(struct wish){.from = "A", .case_code = "H-2", .procedure = "1.002"});
    route_put(&house, "route-put", "1.001", "", "B", false);
    house_settle(&house);
    uint64_t number = plan_made(&house, ARGS("reason", "x", "agency", "-"));
    struct page page = look(number);
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "to", "");
    assert_field(&house, &page, 0, "items", "2");
    assert_field(&house, &page, 0, "reassign", "1");
    assert_field(&house, &page, 0, "nobody", "1");
}

/* n items in one page, n + 1 in two; the parts of a receiver add up. */
static void a_look_has_pages(void **state)
{
    (void)state;
    parked_legs(&house, "B", PLAN_LOOK_ITEMS, NULL);
    char text[24];
    uint32_t pages;
    for (uint32_t more = 0; more <= 1; more++) {
        uint64_t number = plan_made(&house, ARGS("reason", "x"));
        snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
        struct page page = ask_all(&house, VIEWER, "plan-look", ARGS("number", text), 0, &pages);
        assert_int_equal(pages, more + 1);
        uint64_t items = 0;
        for (uint32_t i = 0; i < page.count; i++) {
            items += strtoull(field(&house, &page, i, "items"), NULL, 10);
        }
        assert_int_equal(items, PLAN_LOOK_ITEMS + more);
        plan_act(&house, OPERATOR, "plan-cancel", number, LT_OK);
        parked_legs(&house, "B", 1, NULL);
    }
}

/* ---- running -----------------------------------------------------------------------------------
 */

static void a_plan_runs_at_its_pace_in_order(void **state)
{
    (void)state;
    struct given given[10];
    parked_legs(&house, "B", 10, given);
    uint64_t number = running("600", "20"); /* ten a second: one every 100 ms */
    uint32_t before = now_of(&house, number).passed;
    int64_t start_ms = house.world.mono_ms;
    while (now_of(&house, number).passed < 10) {
        house_turn(&house);
        uint32_t passed = now_of(&house, number).passed;
        assert_true(passed - before <= 1); /* no rush */
        for (uint32_t i = 0; i < 10; i++) {
            bool sent = leg_of(&house, &given[i], 0).state == LEG_READY;
            assert_int_equal(sent, i < passed); /* in the order of acceptance */
        }
        before = passed;
    }
    assert_in_range(house.world.mono_ms - start_ms, 800, 1100);
    turns(&house, 3);
    assert_state(&house, number, PLAN_DONE);
    struct plan_now now = now_of(&house, number);
    assert_int_equal(now.replayed, 10);
    assert_int_equal(plan_outstanding(&now), 10);
}

static void what_a_busy_minute_left_is_not_made_up_in_a_rush(void **state)
{
    (void)state;
    parked_legs(&house, "B", 100, NULL);
    uint64_t number = running("600", "20");
    world_advance(&house.world, 60000);
    house_turn(&house);
    assert_in_range(now_of(&house, number).passed, 1, 10); /* a second's worth */
}

static void a_busy_turn_does_none(void **state)
{
    (void)state;
    uint8_t memory[64];
    uint64_t position;
    struct fact_noticed noticed = {.agency = 1};
    parked_legs(&house, "B", 3, NULL);
    uint64_t number = running("60000", "20");
    backend_memory_plan(house.backend, APPEND_DURABLE, 3, true); /* the batch stays open */
    house_turn(&house);
    uint32_t before = now_of(&house, number).passed;
    for (int i = 0; i < PLAN_TURN_FACTS_BUSY; i++) {
        assert_int_equal(flow_fact(house.flow, FACT_NOTICED,
                                   fact_write_noticed(memory, sizeof(memory), &noticed), &position),
                         LT_OK);
    }
    assert_int_equal(step_plans(house.flow), LT_OK);
    assert_int_equal(now_of(&house, number).passed, before);
}

static void outcomes_come_to_their_items(void **state)
{
    (void)state;
    struct given given[4];
    parked_legs(&house, "B", 4, given);
    uint64_t number = running("60000", "100");
    until_passed(number, 4);
    receiver_says(&house, &given[0], LT_OUTCOME_TAKEN);
    receiver_says(&house, &given[1], LT_OUTCOME_REFUSED);
    receiver_says(&house, &given[2], LT_OUTCOME_FAILED);
    struct page page = plan_row(&house, number);
    assert_field(&house, &page, 0, "state", "done"); /* and still followed */
    assert_field(&house, &page, 0, "taken", "1");
    assert_field(&house, &page, 0, "refused", "1");
    assert_field(&house, &page, 0, "parked_again", "1");
    assert_field(&house, &page, 0, "outstanding", "1");
    page = report(number, "");
    assert_field(&house, &page, 0, "result", "taken");
    assert_field(&house, &page, 1, "result", "refused");
    assert_field(&house, &page, 2, "result", "parked-again");
    assert_field(&house, &page, 2, "code", "receiver-never");
    assert_field(&house, &page, 3, "result", "sent-again");
    assert_int_equal(report(number, "taken").count, 1);
    /* The act stands in the transfer's own history, with person and plan. */
    page = ask_ok(&house, VIEWER, "show", ARGS("id", given[0].id_text));
    bool told = false;
    for (uint32_t i = 0; i < page.count; i++) {
        const char *reason = field(&house, &page, i, "reason");
        told = told || (reason != NULL && strcmp(reason, "kế hoạch 1: đã sửa") == 0);
    }
    assert_true(told);
    /* What parked again is free for another plan. */
    uint64_t again = plan_made(&house, ARGS("reason", "x"));
    assert_int_equal(now_of(&house, again).items, 1);
}

/* The same id, no second life: what was taken meanwhile is passed over. */
static void what_is_not_parked_any_more_is_passed_over(void **state)
{
    (void)state;
    struct given given[3];
    parked_legs(&house, "B", 3, given);
    house.flow->settings.plan_second_over = 1000;
    uint64_t number = plan_made(&house, ARGS("reason", "x", "pace", "60000"));
    say(&house, &given[1], 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    until_passed(number, 3);
    assert_int_equal(leg_of(&house, &given[1], 0).state, LEG_TAKEN);
    struct page page = report(number, "passed-over");
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "id", given[1].id_text);
    assert_field(&house, &page, 0, "state", "taken");
    assert_int_equal(now_of(&house, number).replayed, 2);
}

static void what_the_receiver_holds_is_not_sent_again(void **state)
{
    (void)state;
    struct given given[3];
    parked_legs(&house, "B", 3, given);
    answered(&given[0], LT_HELD_YES);
    answered(&given[1], LT_HELD_NO);
    uint64_t number = running("60000", "100");
    until_passed(number, 3);
    assert_int_equal(leg_of(&house, &given[0], 0).state, LEG_PARKED);
    assert_int_equal(leg_of(&house, &given[1], 0).state, LEG_READY);
    assert_int_equal(leg_of(&house, &given[2], 0).state, LEG_READY); /* nobody could say */
    struct page page = report(number, "passed-over");
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "code", "receiver-holds");
}

/* A connected receiver is asked first, and nothing is sent before it answers or time is up. */
static void a_connected_receiver_is_asked_first(void **state)
{
    (void)state;
    struct frame frame;
    struct given given[1];
    parked_legs(&house, "B", 1, given);
    struct party party = party_connect(&house, 2);
    uint64_t number = running("60000", "100");
    assert_true(house_hear(&house, party.link, FRAME_HELD_ASK, 1000, &frame));
    assert_int_equal(now_of(&house, number).passed, 0);
    assert_int_equal(leg_of(&house, &given[0], 0).state, LEG_PARKED);
    answered(&given[0], LT_HELD_NO);
    until_passed(number, 1);
    assert_int_equal(leg_of(&house, &given[0], 0).state, LEG_READY);
}

static void what_nobody_was_competent_for_is_assigned_again(void **state)
{
    (void)state;
    struct given lost =
        accept_now(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.001"});
    struct given none =
        accept_now(&house, &(struct wish){.from = "A", .case_code = "H-2", .procedure = "1.002"});
    route_put(&house, "route-put", "1.001", "", "B", false);
    house_settle(&house);
    uint64_t number = plan_made(&house, ARGS("reason", "x", "agency", "-", "pace", "60000"));
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    until_passed(number, 2);
    assert_int_equal(leg_of(&house, &lost, 0).state, LEG_READY);
    assert_int_equal(leg_of(&house, &lost, 0).agency,
                     registry_by_id(house.flow->registry, text_bytes("B"))->number);
    assert_int_equal(leg_of(&house, &none, 0).state, LEG_PARKED);
    receiver_says(&house, &lost, LT_OUTCOME_TAKEN);
    assert_int_equal(now_of(&house, number).taken, 1);
    struct page page = report(number, "passed-over");
    assert_int_equal(page.count, 1);
    assert_field(&house, &page, 0, "id", none.id_text);
    assert_field(&house, &page, 0, "code", "procedure-unknown");
}

static void new_legs_have_room_for_all_attachments(void **state)
{
    (void)state;
    struct transfer_key key;
    struct transfer t;
    struct fact_assigned assigned;
    struct fault fault;
    struct given lost =
        accept_now(&house, &(struct wish){.from = "A", .case_code = "H-1", .procedure = "1.001"});
    route_put(&house, "route-put", "1.001", "", "B", false);
    house_settle(&house);
    fault_init(&fault);
    assert_int_equal(transfer_at(house.flow, lost.position, &key, &t), LT_OK);
    assert_int_equal(replay_assign(house.flow, &t, text_bytes("x"), &assigned, &fault), LT_OK);
    while (assigned.attachments_count < LT_ATTACHMENTS_MAX) {
        assigned.attachments[assigned.attachments_count++] =
            (struct fact_attachment){.size = assigned.attachments_count};
    }
    assert_int_equal(replay_assign_stage(house.flow, &assigned), LT_OK);
    assert_int_equal(leg_of(&house, &lost, 0).state, LEG_READY);
}

/* ---- stopping ----------------------------------------------------------------------------------
 */

/* 19 outcomes say nothing yet, however bad; at 20 the share counts: 4 of 20 is 20 %, 5 is more. */
static void the_share_counts_from_twenty_outcomes(void **state)
{
    (void)state;
    static struct given given[40];
    parked_legs(&house, "B", 40, given);
    uint64_t number = running("600", "20");
    until_passed(number, 20);
    plan_act(&house, OPERATOR, "plan-pause", number, LT_OK);
    uint32_t passed = now_of(&house, number).passed;
    assert_in_range(passed, 20, 22);
    for (int i = 0; i < 15; i++) {
        receiver_says(&house, &given[i], LT_OUTCOME_TAKEN);
    }
    for (int i = 15; i < 19; i++) {
        receiver_says(&house, &given[i], LT_OUTCOME_FAILED);
    }
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK); /* 4 of 19 */
    until_passed(number, passed + 1);
    assert_state(&house, number, PLAN_RUNNING);
    receiver_says(&house, &given[19], LT_OUTCOME_TAKEN); /* 4 of 20: not more than 20 % */
    turns(&house, 120);
    assert_state(&house, number, PLAN_RUNNING);
    receiver_says(&house, &given[20], LT_OUTCOME_FAILED); /* 5 of 21 */
    turns(&house, 3);
    assert_state(&house, number, PLAN_STOPPED);
    struct page page = plan_row(&house, number);
    assert_field(&house, &page, 0, "parked_again", "5");
    assert_non_null(strstr(field(&house, &page, 0, "state_reason"), "5"));
    plan_act(&house, OPERATOR, "plan-run", number, LT_PLAN_STATE);
    /* The rest was never touched and is free again. */
    assert_int_equal(leg_of(&house, &given[39], 0).state, LEG_PARKED);
    assert_int_equal(plan_leased(house.flow, given[39].position, 0), 0);
}

static void pause_resume_and_cancel_act_between_items(void **state)
{
    (void)state;
    struct given given[20];
    parked_legs(&house, "B", 20, given);
    uint64_t number = running("600", "20");
    until_passed(number, 3);
    plan_act(&house, OPERATOR, "plan-pause", number, LT_OK);
    uint32_t passed = now_of(&house, number).passed;
    world_advance(&house.world, 60000);
    turns(&house, 50);
    assert_int_equal(now_of(&house, number).passed, passed);
    assert_int_equal(plan_leased(house.flow, given[19].position, 0), number);
    plan_act(&house, OPERATOR, "plan-run", number, LT_OK);
    until_passed(number, passed + 2);
    plan_act(&house, OPERATOR, "plan-cancel", number, LT_OK);
    passed = now_of(&house, number).passed;
    world_advance(&house.world, 60000);
    turns(&house, 50);
    assert_int_equal(now_of(&house, number).passed, passed);
    assert_state(&house, number, PLAN_CANCELLED);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(leg_of(&house, &given[i], 0).state, i < passed ? LEG_READY : LEG_PARKED);
    }
    plan_act(&house, OPERATOR, "plan-cancel", number, LT_PLAN_STATE);
    plan_act(&house, OPERATOR, "plan-pause", number, LT_PLAN_STATE);
}

/* ---- restarts ----------------------------------------------------------------------------------
 */

static struct lt_digest picture(void)
{
    struct state_entry at;
    digest_start(house.digester);
    enum lt_status status =
        state_seek(house.flow->state, STATE_PLANS, (struct lt_bytes){NULL, 0}, &at);
    while (status == LT_OK && at.found) {
        digest_feed(house.digester, at.key);
        digest_feed(house.digester, at.value);
        status = state_step(house.flow->state, &at);
    }
    return digest_finish(house.digester);
}

static void a_restart_in_the_middle_resumes_exactly(void **state)
{
    (void)state;
    struct given given[30];
    parked_legs(&house, "B", 30, given);
    uint64_t number = running("600", "100");
    until_passed(number, 7);
    receiver_says(&house, &given[0], LT_OUTCOME_TAKEN);
    receiver_says(&house, &given[1], LT_OUTCOME_FAILED);
    for (int lost = 0; lost <= 1; lost++) {
        house_settle(&house);
        uint32_t passed = now_of(&house, number).passed;
        uint64_t outstanding = house.flow->plans.outstanding;
        struct lt_digest before = picture();
        house_restart(&house, lost == 1);
        struct lt_digest after = picture();
        assert_true(digest_equal(&before, &after));
        assert_int_equal(house.flow->plans.outstanding, outstanding);
        assert_state(&house, number, PLAN_RUNNING);
        assert_int_equal(now_of(&house, number).passed, passed);
        until_passed(number, passed + 5);
    }
    until_passed(number, 30);
    turns(&house, 3);
    assert_state(&house, number, PLAN_DONE);
    struct plan_now now = now_of(&house, number);
    assert_int_equal(now.passed, 30);
    assert_int_equal(now.replayed, 30); /* every leg once, and none twice */
    assert_int_equal(leg_of(&house, &given[29], 0).state, LEG_READY);
    receiver_says(&house, &given[29], LT_OUTCOME_TAKEN);
    assert_int_equal(now_of(&house, number).taken, 2);
}

/* What was not durable when the house fell is done again, once. */
static void a_crash_loses_no_item_and_doubles_none(void **state)
{
    (void)state;
    struct given given[40];
    parked_legs(&house, "B", 40, given);
    uint64_t number = running("60000", "100");
    for (int crash = 0; crash < 6 && now_of(&house, number).state == PLAN_RUNNING; crash++) {
        house_turn(&house);
        world_net_stop(house.net, 0);
        broker_abandon(house.broker);
        backend_memory_crash(house.backend, crash % 2 == 0);
        broker_close(&house.broker);
        house_open_broker(&house);
        world_net_start(house.net, 0);
        world_advance(&house.world, 3);
    }
    for (int i = 0; i < 200 && now_of(&house, number).state == PLAN_RUNNING; i++) {
        house_turn(&house);
    }
    house_settle(&house);
    assert_state(&house, number, PLAN_DONE);
    assert_int_equal(now_of(&house, number).replayed, 40);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(leg_of(&house, &given[i], 0).state, LEG_READY);
    }
    struct page page = report(number, "sent-again");
    assert_int_equal(page.count, 40);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(a_dry_run_looks_at_the_legs_of_now),
        TEST(a_dry_run_says_what_todays_routing_would_change),
        TEST(a_look_has_pages),
        TEST(a_plan_runs_at_its_pace_in_order),
        TEST(what_a_busy_minute_left_is_not_made_up_in_a_rush),
        TEST(a_busy_turn_does_none),
        TEST(outcomes_come_to_their_items),
        TEST(what_is_not_parked_any_more_is_passed_over),
        TEST(what_the_receiver_holds_is_not_sent_again),
        TEST(a_connected_receiver_is_asked_first),
        TEST(what_nobody_was_competent_for_is_assigned_again),
        TEST(new_legs_have_room_for_all_attachments),
        TEST(the_share_counts_from_twenty_outcomes),
        TEST(pause_resume_and_cancel_act_between_items),
        TEST(a_restart_in_the_middle_resumes_exactly),
        TEST(a_crash_loses_no_item_and_doubles_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
