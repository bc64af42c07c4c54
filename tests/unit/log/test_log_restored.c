/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The log and a journal that is not the one it followed: rolled back without a word, restored with
 * one, and how far the folder tells that its incarnations went.
 */
#include "log_test.h"

/* A journal of the first `records` records, as a backup has them. */
static void restore_to(struct log_desk *desk, uint32_t records)
{
    backend_memory_close(&desk->twin);
    journal_close(&desk->journal);
    desk_journal(desk);
    desk_records(desk, records, 1);
}

static void rolled_back(void **state)
{
    (void)state;
    struct log_desk desk;
    desk_open(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 5, 1);
    desk_sign(&desk, 0);
    uint64_t last = journal_durable(desk.journal);
    assert_int_equal(desk_log_as(&desk, false, last - 3), LT_LOG_AHEAD);
    assert_int_equal(desk_log_as(&desk, false, last), LT_OK);
    /* Back, and grown again with other things: the last commit is not its record any more. */
    restore_to(&desk, 3);
    desk_records(&desk, 4, 2);
    assert_int_equal(desk_log(&desk), LT_LOG_AHEAD);
    desk_close(&desk);
}

static void declare(struct log_desk *desk, uint32_t incarnation, uint64_t to)
{
    uint8_t memory[256];
    struct fact_restored restored = {.change = RESTORED_DECLARED,
                                     .incarnation = incarnation,
                                     .position = to,
                                     .person = text_bytes("truc-ban-1"),
                                     .reason = text_bytes("đĩa hỏng")};
    desk_stage(desk, FACT_RESTORED, fact_write_restored(memory, sizeof(memory), &restored));
    desk_commit(desk);
}

static void restored(void **state)
{
    (void)state;
    struct log_desk desk;
    struct note_trust trust;
    struct break_statement statement;
    struct checkpoint old, new;
    desk_open(&desk);
    trust = desk_trust(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 300, 1);
    desk_sign(&desk, 0);
    assert_int_equal(checkpoint_open(log_checkpoint(desk.log), &trust, &old), LT_OK);
    assert_int_equal(log_break(desk.log).size, 0);
    log_store_close(&desk.log);
    for (int folder_lost = 0; folder_lost < 2; folder_lost++) {
        restore_to(&desk, 280);
        uint64_t to = journal_durable(desk.journal);
        declare(&desk, 1, to);
        if (folder_lost) {
            folder_drop(strdup(desk.path));
        }
        assert_int_equal(desk_log_as(&desk, true, to), LT_OK);
        while (log_position(desk.log) < to) {
            assert_int_equal(log_follow(desk.log, to, &desk.fault), LT_OK);
        }
        assert_false(
            log_unsigned(desk.log)); /* the old incarnation ended; nothing is signed in it */
        desk_follow(&desk);
        assert_int_equal(log_size(desk.log), 280);
        assert_true(log_unsigned(desk.log));
        assert_int_equal(log_sign(desk.log, 0, &desk.fault), LT_OK);
        assert_int_equal(checkpoint_open(log_checkpoint(desk.log), &trust, &new), LT_OK);
        assert_string_equal(new.origin, LOG_NAME "/1");
        assert_int_equal(new.head.size, 280);
        assert_int_equal(break_open(log_break(desk.log), &trust, &statement), LT_OK);
        assert_string_equal(statement.from, LOG_NAME);
        assert_string_equal(statement.to, LOG_NAME "/1");
        assert_int_equal(statement.position, to);
        assert_string_equal(statement.by, "truc-ban-1");
        assert_int_equal(statement.head.size, folder_lost ? 280 : 300);
        assert_true(folder_lost || digest_equal(&statement.head.root, &old.head.root));
        /* Opened anew: no second statement, the incarnation stays. */
        assert_int_equal(desk_log(&desk), LT_OK);
        desk_follow(&desk);
        assert_int_equal(log_incarnation(desk.log), 1);
        assert_false(log_unsigned(desk.log));
        log_store_close(&desk.log);
    }
    desk_close(&desk);
}

static uint32_t began(struct log_desk *desk)
{
    uint32_t incarnation = 99;
    fault_init(&desk->fault);
    assert_int_equal(log_began(desk->path, LOG_NAME, &incarnation, &desk->fault), LT_OK);
    return incarnation;
}

/* A folder tells how far its incarnations went, as soon as one has its statement. */
static void began_last(void **state)
{
    (void)state;
    struct log_desk desk;
    desk_open(&desk);
    assert_int_equal(began(&desk), 0); /* no folder */
    assert_int_equal(desk_log(&desk), LT_OK);
    assert_int_equal(began(&desk), 0); /* no checkpoint */
    desk_records(&desk, 30, 1);
    desk_sign(&desk, 0);
    assert_int_equal(began(&desk), 0);
    for (uint32_t incarnation = 7; incarnation < 20; incarnation += 2) {
        log_store_close(&desk.log);
        restore_to(&desk, 20);
        uint64_t to = journal_durable(desk.journal);
        declare(&desk, incarnation, to);
        assert_int_equal(desk_log_as(&desk, true, to), LT_OK);
        desk_follow(&desk);
        assert_int_equal(began(&desk), incarnation); /* the statement stands, nothing is signed */
        assert_int_equal(log_sign(desk.log, 0, &desk.fault), LT_OK);
        assert_int_equal(began(&desk), incarnation);
    }
    desk_close(&desk);
}

static void nothing_found(void *context, const struct log_finding *finding)
{
    (void)context;
    fail_msg("%s at %s", finding->what, finding->place);
}

static void in_order(struct log_desk *desk, uint64_t commits)
{
    assert_int_equal(desk_verify(desk, nothing_found, NULL).compared, commits);
}

/* What a restore takes away may stand on in the last tile until it is written over. */
static void beyond_what_was_taken_back(void **state)
{
    (void)state;
    struct log_desk desk;
    desk_open(&desk);
    assert_int_equal(desk_log(&desk), LT_OK);
    desk_records(&desk, 530, 1);
    desk_sign(&desk, 0);
    log_store_close(&desk.log);
    restore_to(&desk, 300);
    uint64_t to = journal_durable(desk.journal);
    declare(&desk, 1, to);
    assert_int_equal(desk_log_as(&desk, true, to), LT_OK);
    desk_sign(&desk, 0);
    in_order(&desk, 300);
    for (uint64_t commits = 304; commits < 540; commits += 47) {
        desk_records(&desk, (uint32_t)(commits - desk.made), 2);
        desk_sign(&desk, 0);
        in_order(&desk, commits);
    }
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rolled_back),
        cmocka_unit_test(restored),
        cmocka_unit_test(began_last),
        cmocka_unit_test(beyond_what_was_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
