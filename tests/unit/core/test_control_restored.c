/* SPDX-License-Identifier: EUPL-1.2 */
/* A broker that was restored: declared once, told, new ids wait until it is over. */
#include "house_test.h"

#include "broker/flow/restored.h"

#define MINUTE_MS (60LL * 1000)

static struct house house;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    house.flow->settings.reconcile_ms = 10 * MINUTE_MS;
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static uint64_t declare(void)
{
    uint64_t position;
    house_settle(&house);
    uint64_t durable = house.flow->durable;
    assert_int_equal(restored_declare(house.flow, 0, 0, text_bytes("approver-1"),
                                      text_bytes("hỏng đĩa"), &position),
                     LT_OK);
    house_settle(&house);
    return durable;
}

static void a_declaration_outlives_a_restart(void **state)
{
    (void)state;
    uint64_t durable = declare();
    uint32_t first = house.flow->restored.incarnation;
    assert_int_equal(first, house.world.wall_ms / 1000);
    assert_true(house.flow->restored.to == durable);
    assert_true(house.flow->backed_up_to == durable);
    broker_close(&house.broker);
    house_open_broker(&house);
    assert_int_equal(house.flow->restored.incarnation, first);
    assert_true(house.flow->restored.to == durable);
    assert_true(house.flow->restored.reconciling);
    (void)declare(); /* within the same second: higher all the same */
    assert_int_equal(house.flow->restored.incarnation, first + 1);
    assert_true(house.flow->restored.to == durable); /* whoever missed the first lacks that, too */
}

/* The file of the restore outlives a crash, the journal has grown behind the declaration. */
static void declared_again_it_reaches_no_further(void **state)
{
    (void)state;
    uint64_t position;
    uint64_t durable = declare();
    assert_int_equal(
        restored_done(house.flow, text_bytes("approver-1"), text_bytes("xong"), &position), LT_OK);
    (void)accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    assert_int_equal(restored_declare(house.flow, durable, 0, text_bytes("approver-1"),
                                      text_bytes("hỏng đĩa"), &position),
                     LT_OK);
    house_settle(&house);
    assert_true(house.flow->restored.to == durable);
    assert_true(house.flow->backed_up_to == durable);
}

/* One backup, restored twice: what the second one restores knows nothing of the first. */
static void two_restores_of_one_backup_have_two_numbers(void **state)
{
    (void)state;
    (void)declare();
    uint32_t first = house.flow->restored.incarnation;
    memset(&house.flow->restored, 0, sizeof(house.flow->restored)); /* as the backup has it */
    world_advance(&house.world, MINUTE_MS);
    house_settle(&house);
    (void)declare();
    assert_true(house.flow->restored.incarnation > first);
}

/* So, too, while the clock of the machine is behind: the log tells how far the numbers went. */
static void a_restore_begins_above_what_the_log_has_reached(void **state)
{
    (void)state;
    uint64_t position;
    (void)declare();
    uint32_t first = house.flow->restored.incarnation;
    memset(&house.flow->restored, 0, sizeof(house.flow->restored));
    world_step_wall(&house.world, -5 * MINUTE_MS);
    assert_int_equal(restored_declare(house.flow, 0, first, text_bytes("approver-1"),
                                      text_bytes("hỏng đĩa"), &position),
                     LT_OK);
    house_settle(&house);
    assert_int_equal(house.flow->restored.incarnation, first + 1);
}

/* What was sent above the backup is not in it: its receivers are asked before it ends. */
static void what_the_journal_forgot_is_an_unknown_outcome(void **state)
{
    (void)state;
    struct transfer_key key;
    struct transfer t;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    assert_int_equal(transfer_at(house.flow, given.position, &key, &t), LT_OK);
    assert_false(held_unknown(house.flow, &key, &t, 0));
    (void)declare();
    assert_true(held_unknown(house.flow, &key, &t, 0));
}

/* A crash may have eaten the fact of a delivery. */
static void what_was_there_at_the_start_may_have_been_sent(void **state)
{
    (void)state;
    struct transfer_key key;
    struct transfer t;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    assert_int_equal(transfer_at(house.flow, given.position, &key, &t), LT_OK);
    assert_int_equal(held_rule(house.flow, &key, &t, 0, true), LT_OK);
    house_settle(&house);
    broker_close(&house.broker);
    house_open_broker(&house);
    assert_int_equal(held_rule(house.flow, &key, &t, 0, true), LT_HELD_ASKED);
    world_advance(&house.world, HELD_BACK_MS); /* its receiver was not there before, either */
    house_settle(&house);
    assert_int_equal(held_rule(house.flow, &key, &t, 0, true), LT_OK);
}

static void ids_made_after_it_wait(void **state)
{
    (void)state;
    struct lt_id before = uuid7_next(&house.ids, &house.clock.clock, &house.entropy.entropy);
    (void)declare();
    world_advance(&house.world, 10);
    house_settle(&house);
    struct lt_id after = uuid7_next(&house.ids, &house.clock.clock, &house.entropy.entropy);
    assert_true(restored_admits(house.flow, &before));
    assert_false(restored_admits(house.flow, &after));
    struct given given =
        accept(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
    assert_int_equal(given.code, LT_RECOVERING);
}

static void time_ends_it_unless_the_clock_is_suspect(void **state)
{
    (void)state;
    (void)declare();
    world_step_wall(&house.world, 60 * MINUTE_MS);
    house_settle(&house);
    assert_true(house.flow->restored.reconciling);
    world_step_wall(&house.world, -60 * MINUTE_MS);
    world_advance(&house.world, 9 * MINUTE_MS);
    house_settle(&house);
    assert_true(house.flow->restored.reconciling);
    world_advance(&house.world, MINUTE_MS);
    house_settle(&house);
    assert_false(house.flow->restored.reconciling);
    (void)accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "H-1"});
}

static void an_approver_ends_it(void **state)
{
    (void)state;
    (void)declare();
    struct page page = ask_ok(&house, VIEWER, "status", ARGS());
    assert_field(&house, &page, 0, "reconciling", "1");
    assert_field(&house, &page, 0, "incarnation", "1767571200");
    ask_code(&house, OPERATOR, "restore-done", ARGS("reason", "xong"), LT_NOT_PERMITTED);
    ask_code(&house, APPROVER, "restore-done", ARGS(), LT_FIELD_MISSING);
    page = ask_ok(&house, APPROVER, "restore-done", ARGS("reason", "xong"));
    assert_field(&house, &page, 0, "change", "changed");
    page = ask_ok(&house, APPROVER, "restore-done", ARGS("reason", "xong"));
    assert_field(&house, &page, 0, "change", "same");
    assert_false(house.flow->restored.reconciling);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_declaration_outlives_a_restart, open_house, close_house),
        cmocka_unit_test_setup_teardown(declared_again_it_reaches_no_further, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(two_restores_of_one_backup_have_two_numbers, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(a_restore_begins_above_what_the_log_has_reached, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(what_the_journal_forgot_is_an_unknown_outcome, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(what_was_there_at_the_start_may_have_been_sent, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(ids_made_after_it_wait, open_house, close_house),
        cmocka_unit_test_setup_teardown(time_ends_it_unless_the_clock_is_suspect, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(an_approver_ends_it, open_house, close_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
