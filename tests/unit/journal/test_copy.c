/* SPDX-License-Identifier: EUPL-1.2 */
/* The copy of a journal: whole, goes on where it stopped, refuses a foreign one, can be opened. */
#include "journal_test.h"

#include "broker/journal/copy.h"
#include "broker/journal/verify.h"

static struct copy_report copy_ok(struct desk *desk, const char *folder)
{
    struct copy_report report;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = journal_copy(&desk->door, folder, NULL, NULL, &report, &fault);
    if (status != LT_OK) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
    return report;
}

static enum lt_status copy_status(struct desk *desk, const char *folder)
{
    struct copy_report report;
    struct fault fault;
    fault_init(&fault);
    return journal_copy(&desk->door, folder, NULL, NULL, &report, &fault);
}

/* Where it ended, in the words that verify has for it. */
static void copy_ends_at(struct desk *desk, const char *folder, const char *where)
{
    struct copy_report report;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(journal_copy(&desk->door, folder, NULL, NULL, &report, &fault), LT_DAMAGED);
    assert_string_equal(fault.field, COPY_RECORD);
    assert_string_equal(fault.detail, where);
}

static void finding_none(void *context, const struct verify_finding *finding)
{
    (void)context;
    fail_msg("finding at %llu: %s", (unsigned long long)finding->position, finding->what);
}

static struct verify_report verify_folder(const char *folder)
{
    struct backend_lmdb *backend;
    struct fault fault;
    struct verify_report report;
    struct backend_lmdb_options options = {.folder = folder, .read_only = true};
    fault_init(&fault);
    assert_int_equal(backend_lmdb_open(&backend, &options, &fault), LT_OK);
    struct journal_backend door = backend_lmdb_door(backend);
    assert_int_equal(journal_verify(&door, 0, NULL, finding_none, NULL, NULL, &report), LT_OK);
    backend_lmdb_close(&backend);
    return report;
}

static void an_empty_journal_is_copied_as_an_empty_one(void **state)
{
    (void)state;
    struct desk desk;
    char *folder = folder_take();
    desk_init(&desk);
    struct copy_report report = copy_ok(&desk, folder);
    assert_int_equal(report.records, 0);
    assert_int_equal(report.to, 0);
    desk_deinit(&desk);
    folder_drop(folder);
}

static void a_copy_takes_only_what_is_new(void **state)
{
    (void)state;
    struct desk desk;
    char *folder = folder_take();
    desk_init(&desk);
    for (uint64_t i = 0; i < 40; i++) {
        write_record(&desk, i * 10, 3);
    }
    struct copy_report report = copy_ok(&desk, folder);
    assert_int_equal(report.from, 1);
    assert_int_equal(report.to, 120);
    assert_int_equal(report.records, 40);
    report = copy_ok(&desk, folder);
    assert_int_equal(report.records, 0);
    assert_int_equal(report.to, 120);
    write_record(&desk, 1000, 5);
    report = copy_ok(&desk, folder);
    assert_int_equal(report.from, 121);
    assert_int_equal(report.to, 125);
    assert_int_equal(verify_folder(folder).facts, 125);
    desk_deinit(&desk);
    folder_drop(folder);
}

static void a_broker_can_go_on_from_a_copy(void **state)
{
    (void)state;
    struct desk desk;
    char *folder = folder_take();
    desk_init(&desk);
    for (int life = 0; life < 3; life++) { /* three epochs */
        write_record(&desk, 7, 2);
        journal_close(&desk.journal);
        assert_int_equal(desk_journal(&desk), LT_OK);
    }
    (void)copy_ok(&desk, folder);
    struct backend_lmdb *backend;
    struct journal *journal;
    struct fault fault;
    struct backend_lmdb_options options = {.folder = folder};
    fault_init(&fault);
    assert_int_equal(backend_lmdb_open(&backend, &options, &fault), LT_OK);
    struct journal_backend door = backend_lmdb_door(backend);
    assert_int_equal(journal_open(&journal, &door, "test", &fault), LT_OK);
    assert_int_equal(journal_durable(journal), 6);
    assert_true(journal_epoch(journal) > 3);
    journal_close(&journal);
    backend_lmdb_close(&backend);
    desk_deinit(&desk);
    folder_drop(folder);
}

static void a_copy_of_another_journal_is_refused(void **state)
{
    (void)state;
    struct desk one;
    struct desk other;
    char *folder = folder_take();
    desk_init(&one);
    desk_init(&other);
    write_record(&one, 1, 4);
    write_record(&other, 2, 4);
    (void)copy_ok(&one, folder);
    assert_int_equal(copy_status(&other, folder), LT_DAMAGED);
    write_record(&one, 9, 1);
    (void)copy_ok(&one, folder);
    /* The other one is shorter now: nothing of the copy may be touched. */
    assert_int_equal(copy_status(&other, folder), LT_DAMAGED);
    assert_int_equal(verify_folder(folder).facts, 5);
    desk_deinit(&one);
    desk_deinit(&other);
    folder_drop(folder);
}

static void damage_in_the_source_ends_the_copy(void **state)
{
    (void)state;
    struct desk desk;
    char *folder = folder_take();
    desk_init(&desk);
    write_record(&desk, 1, 2);
    write_record(&desk, 3, 2);
    write_record(&desk, 5, 2);
    backend_memory_damage(desk.twin, 3, 8 * 50); /* inside the record's link to the one before */
    copy_ends_at(&desk, folder, "position 3: frame");
    assert_int_equal(verify_folder(folder).facts, 2); /* what was good before it stands */
    copy_ends_at(&desk, folder, "position 3: frame"); /* and again */
    desk_deinit(&desk);
    folder_drop(folder);
}

/* The newest record has nothing behind it whose link would tell. */
static void a_damaged_newest_record_does_not_enter_the_copy(void **state)
{
    (void)state;
    struct desk desk;
    char *folder = folder_take();
    desk_init(&desk);
    write_record(&desk, 1, 2);
    write_record(&desk, 3, 2);
    backend_memory_damage(desk.twin, 3, 8 * (RECORD_HEADER_BYTES + FACT_HEADER_BYTES + 2));
    copy_ends_at(&desk, folder, "position 3: crc");
    assert_int_equal(verify_folder(folder).facts, 2);
    desk_deinit(&desk);
    folder_drop(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_journal_is_copied_as_an_empty_one),
        cmocka_unit_test(a_copy_takes_only_what_is_new),
        cmocka_unit_test(a_broker_can_go_on_from_a_copy),
        cmocka_unit_test(a_copy_of_another_journal_is_refused),
        cmocka_unit_test(damage_in_the_source_ends_the_copy),
        cmocka_unit_test(a_damaged_newest_record_does_not_enter_the_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
