/* SPDX-License-Identifier: EUPL-1.2 */
/* Staging, committing and tickets on the twin: order, limits, pipelining, every answer of a
 * backend. */
#include "journal_test.h"

static void positions_times_and_tickets(void **unused)
{
    (void)unused;
    struct desk desk;
    const struct journal_ticket *ticket = NULL;
    desk_init(&desk);
    assert_int_equal(journal_epoch(desk.journal), 1);
    assert_int_equal(journal_staged(desk.journal), 0);
    assert_int_equal(journal_commit(desk.journal), LT_AGAIN); /* nothing staged */
    assert_int_equal(journal_poll(desk.journal, &ticket, &desk.fault), LT_AGAIN);

    assert_int_equal(stage_number(desk.journal, 500, 1), 1);
    assert_int_equal(stage_number(desk.journal, 400, 2), 2); /* the wall clock went back */
    assert_int_equal(journal_time_ms(desk.journal), 500);
    assert_int_equal(stage_number(desk.journal, 600, 3), 3);
    assert_int_equal(journal_time_ms(desk.journal), 600);
    assert_true(journal_has_staged(desk.journal));
    assert_int_equal(journal_poll(desk.journal, &ticket, &desk.fault), LT_AGAIN);
    assert_null(ticket);
    assert_int_equal(journal_durable(desk.journal), 0);

    backend_memory_plan(desk.twin, APPEND_DURABLE, 2, false);
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    assert_true(journal_in_flight(desk.journal));
    assert_false(journal_has_staged(desk.journal));
    assert_int_equal(journal_poll(desk.journal, &ticket, &desk.fault), LT_AGAIN);
    assert_int_equal(journal_poll(desk.journal, &ticket, &desk.fault), LT_AGAIN);
    assert_null(ticket);
    assert_int_equal(journal_durable(desk.journal), 0);
    assert_int_equal(journal_poll(desk.journal, &ticket, &desk.fault), LT_OK);
    assert_int_equal(ticket_position(ticket), 3);
    assert_int_equal(ticket_epoch(ticket), 1);
    assert_int_equal(journal_durable(desk.journal), 3);
    assert_false(journal_in_flight(desk.journal));
    assert_int_equal(journal_syncs(desk.journal), 1);
    assert_true(journal_used_bytes(desk.journal) > RECORD_HEADER_BYTES);
    desk_deinit(&desk);
}

static void a_batch_is_staged_while_one_is_in_flight(void **unused)
{
    (void)unused;
    struct desk desk;
    const struct journal_ticket *ticket = NULL;
    desk_init(&desk);
    stage_number(desk.journal, 1, 1);
    backend_memory_plan(desk.twin, APPEND_DURABLE, 1, false);
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    stage_number(desk.journal, 2, 2);
    stage_number(desk.journal, 3, 3);
    assert_int_equal(journal_commit(desk.journal), LT_AGAIN); /* one at a time */
    assert_int_equal(poll_answer(&desk, &ticket), LT_OK);
    assert_int_equal(ticket_position(ticket), 1); /* and not 3 */
    assert_true(journal_has_staged(desk.journal));
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    stage_number(desk.journal, 4, 4);
    assert_int_equal(poll_answer(&desk, &ticket), LT_OK);
    assert_int_equal(ticket_position(ticket), 3);
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    assert_int_equal(poll_answer(&desk, &ticket), LT_OK);
    assert_int_equal(ticket_position(ticket), 4);
    desk_deinit(&desk);
}

static void a_batch_holds_so_many_facts(void **unused)
{
    (void)unused;
    struct desk desk;
    struct fact fact;
    desk_init(&desk);
    for (uint32_t i = 0; i < JOURNAL_BATCH_FACTS_MAX; i++) {
        assert_true(journal_room(desk.journal, 12));
        stage_number(desk.journal, 1, i);
    }
    assert_false(journal_room(desk.journal, 1));
    assert_int_equal(journal_stage(desk.journal, FACT_NOTICED, 1, text_bytes("x"), &fact), LT_BUSY);
    assert_int_equal(journal_staged(desk.journal), JOURNAL_BATCH_FACTS_MAX);
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    assert_true(journal_room(desk.journal, 1)); /* the other batch */
    stage_number(desk.journal, 1, 5);
    assert_int_equal(journal_staged(desk.journal), JOURNAL_BATCH_FACTS_MAX + 1);
    desk_deinit(&desk);
}

static void a_batch_holds_so_many_bytes(void **unused)
{
    (void)unused;
    struct desk desk;
    struct fact fact;
    desk_init(&desk);
    uint8_t *payload = calloc(1, JOURNAL_FACT_BYTES_MAX + 1);
    assert_non_null(payload);
    assert_int_equal(journal_stage(desk.journal, FACT_REGISTRY, 1,
                                   run_of(payload, JOURNAL_FACT_BYTES_MAX + 1), &fact),
                     LT_BODY_TOO_LARGE);
    assert_int_equal(journal_staged(desk.journal), 0);
    assert_true(journal_room(desk.journal, JOURNAL_FACT_BYTES_MAX));
    assert_false(journal_room(desk.journal, JOURNAL_FACT_BYTES_MAX + 1));
    size_t left = JOURNAL_BATCH_BYTES_MAX - RECORD_HEADER_BYTES;
    const size_t around = FACT_HEADER_BYTES + 4;
    while (left > JOURNAL_FACT_BYTES_MAX + around) {
        assert_int_equal(journal_stage(desk.journal, FACT_REGISTRY, 1,
                                       run_of(payload, JOURNAL_FACT_BYTES_MAX), &fact),
                         LT_OK);
        left -= JOURNAL_FACT_BYTES_MAX + around;
    }
    assert_true(journal_room(desk.journal, left - around));
    assert_false(journal_room(desk.journal, left - around + 1));
    assert_int_equal(
        journal_stage(desk.journal, FACT_REGISTRY, 1, run_of(payload, left - around + 1), &fact),
        LT_BUSY);
    assert_int_equal(
        journal_stage(desk.journal, FACT_REGISTRY, 1, run_of(payload, left - around), &fact),
        LT_OK);
    const struct journal_ticket *ticket = NULL;
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    assert_int_equal(poll_answer(&desk, &ticket), LT_OK);
    assert_int_equal(journal_used_bytes(desk.journal), JOURNAL_BATCH_BYTES_MAX);
    free(payload);
    desk_deinit(&desk);
}

static void full_keeps_the_batch(void **unused)
{
    (void)unused;
    struct desk desk;
    const struct journal_ticket *ticket = NULL;
    desk_init(&desk);
    stage_number(desk.journal, 1, 11);
    for (int i = 0; i < 3; i++) {
        backend_memory_plan(desk.twin, APPEND_FULL, 0, false);
        assert_int_equal(journal_commit(desk.journal), LT_OK);
        stage_number(desk.journal, 2, 12); /* staging goes on behind it */
        assert_int_equal(poll_answer(&desk, &ticket), LT_FULL);
        assert_null(ticket);
        assert_false(journal_in_flight(desk.journal));
        assert_true(journal_has_staged(desk.journal));
        assert_int_equal(journal_durable(desk.journal), 0);
        assert_int_equal(journal_poll(desk.journal, &ticket, &desk.fault), LT_AGAIN);
    }
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    assert_int_equal(poll_answer(&desk, &ticket), LT_OK);
    assert_int_equal(ticket_position(ticket), 1); /* the kept batch alone */
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    assert_int_equal(poll_answer(&desk, &ticket), LT_OK);
    assert_int_equal(ticket_position(ticket), 4);
    struct arena arena;
    struct fact fact;
    assert_int_equal(arena_init(&arena, 4096, 4096), LT_OK);
    assert_int_equal(journal_read(desk.journal, 1, &arena, &fact), LT_OK);
    assert_int_equal(number_of(&fact), 11);
    arena_deinit(&arena);
    desk_deinit(&desk);
}

static void unknown_is_asked_again(bool written)
{
    struct desk desk;
    const struct journal_ticket *ticket = NULL;
    desk_init(&desk);
    write_record(&desk, 1, 2);
    stage_number(desk.journal, 2, 3);
    backend_memory_plan(desk.twin, APPEND_UNKNOWN, 0, written);
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    ticket = NULL;
    assert_int_equal(journal_poll(desk.journal, &ticket, &desk.fault), LT_AGAIN);
    assert_null(ticket);
    assert_int_equal(journal_durable(desk.journal), 2);
    assert_true(journal_in_flight(desk.journal));
    assert_int_equal(poll_answer(&desk, &ticket), LT_OK);
    assert_int_equal(ticket_position(ticket), 3);
    assert_int_equal(journal_syncs(desk.journal), 2); /* written once */
    desk_deinit(&desk);
}

static void unknown_and_written(void **unused)
{
    (void)unused;
    unknown_is_asked_again(true);
}

static void unknown_and_not_written(void **unused)
{
    (void)unused;
    unknown_is_asked_again(false);
}

static void stops_for_good(enum append_result result, bool written, enum lt_status expected)
{
    struct desk desk;
    const struct journal_ticket *ticket = NULL;
    struct fact fact;
    desk_init(&desk);
    stage_number(desk.journal, 1, 1);
    backend_memory_plan(desk.twin, result, 0, written);
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    stage_number(desk.journal, 1, 2);
    assert_int_equal(poll_answer(&desk, &ticket), expected);
    assert_int_equal(desk.fault.status, expected);
    assert_null(ticket);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(journal_poll(desk.journal, &ticket, &desk.fault), expected);
        assert_int_equal(journal_commit(desk.journal), expected);
        assert_int_equal(journal_stage(desk.journal, FACT_NOTICED, 1, text_bytes("x"), &fact),
                         expected);
    }
    assert_null(ticket);
    assert_int_equal(journal_durable(desk.journal), 0);
    /* The next owner finds what was written, said or not. */
    journal_close(&desk.journal);
    backend_memory_crash(desk.twin, false);
    assert_int_equal(desk_journal(&desk), LT_OK);
    assert_int_equal(journal_durable(desk.journal), written ? 1 : 0);
    assert_int_equal(journal_epoch(desk.journal), 2);
    write_record(&desk, 9, 1);
    desk_deinit(&desk);
}

static void fenced_and_refused_stop_for_good(void **unused)
{
    (void)unused;
    stops_for_good(APPEND_FENCED, false, LT_FENCED);
    stops_for_good(APPEND_REFUSED, false, LT_IO);
    stops_for_good(APPEND_REFUSED, true, LT_IO);
}

static void a_newer_owner_fences_the_old_one(void **unused)
{
    (void)unused;
    struct desk desk;
    const struct journal_ticket *ticket = NULL;
    desk_init(&desk);
    write_record(&desk, 1, 1);
    struct journal *newer = NULL;
    assert_int_equal(journal_open(&newer, &desk.door, "newer", &desk.fault), LT_OK);
    assert_int_equal(journal_epoch(newer), 2);
    stage_number(desk.journal, 1, 2);
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    assert_int_equal(poll_answer(&desk, &ticket), LT_FENCED);
    assert_null(ticket);
    journal_close(&newer);
    desk_deinit(&desk);
}

/* In flight when the machine died: it is there or not, and what follows joins on either way. */
static void a_crash_keeps_or_loses_what_is_in_flight(void **unused)
{
    (void)unused;
    for (int keep = 0; keep <= 1; keep++) {
        struct desk desk;
        desk_init(&desk);
        write_record(&desk, 1, 3);
        stage_number(desk.journal, 5000, 4);
        backend_memory_plan(desk.twin, APPEND_DURABLE, 10, false);
        assert_int_equal(journal_commit(desk.journal), LT_OK);
        backend_memory_crash(desk.twin, keep == 1);
        journal_close(&desk.journal);
        assert_int_equal(desk_journal(&desk), LT_OK);
        assert_int_equal(journal_durable(desk.journal), 3 + keep);
        assert_int_equal(journal_staged(desk.journal), 3 + keep);
        assert_int_equal(journal_time_ms(desk.journal), keep == 1 ? 5000 : 1000);
        write_record(&desk, 50, 2); /* at 1000: the time stands still or where it was */
        assert_int_equal(journal_durable(desk.journal), 5 + keep);
        assert_int_equal(journal_time_ms(desk.journal), keep == 1 ? 5000 : 1000);
        desk_deinit(&desk);
    }
}

static void the_end_must_read_whole(void **unused)
{
    (void)unused;
    struct desk desk;
    desk_init(&desk);
    write_record(&desk, 1, 2);
    write_record(&desk, 3, 2);
    journal_close(&desk.journal);
    backend_memory_damage(desk.twin, 1, RECORD_HEADER_BYTES * 8 + 200); /* not at the end */
    assert_int_equal(desk_journal(&desk), LT_OK);
    journal_close(&desk.journal);
    backend_memory_damage(desk.twin, 3, RECORD_HEADER_BYTES * 8 + 200); /* a fact */
    assert_int_equal(desk_journal(&desk), LT_DAMAGED);
    assert_null(desk.journal);
    assert_int_equal(desk.fault.status, LT_DAMAGED);
    backend_memory_damage(desk.twin, 3, RECORD_HEADER_BYTES * 8 + 200); /* mended */
    assert_int_equal(desk_journal(&desk), LT_OK);
    journal_close(&desk.journal);
    backend_memory_damage(desk.twin, 3, 50 * 8); /* the header */
    assert_int_equal(desk_journal(&desk), LT_DAMAGED);
    desk_deinit(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_times_and_tickets),
        cmocka_unit_test(a_batch_is_staged_while_one_is_in_flight),
        cmocka_unit_test(a_batch_holds_so_many_facts),
        cmocka_unit_test(a_batch_holds_so_many_bytes),
        cmocka_unit_test(full_keeps_the_batch),
        cmocka_unit_test(unknown_and_written),
        cmocka_unit_test(unknown_and_not_written),
        cmocka_unit_test(fenced_and_refused_stop_for_good),
        cmocka_unit_test(a_newer_owner_fences_the_old_one),
        cmocka_unit_test(a_crash_keeps_or_loses_what_is_in_flight),
        cmocka_unit_test(the_end_must_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
