/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The archive by months: what is in which, that it goes on wherever it was ended, that it finds
 * what is asked for, and that nothing in it can be changed, left out or put in unseen.
 */
#include "harness/io_faults.h"
#include "journal_test.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "broker/journal/archive_private.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define SEPTEMBER 1788800000000LL /* 2026-09-07 in the field */
#define MONTH_MS  (30LL * 24 * 3600 * 1000)

static struct desk desk;
static char *folder;
static struct lt_id ids[3];

static int open_desk(void **state)
{
    (void)state;
    desk_init(&desk);
    folder = folder_take();
    return 0;
}

static int close_desk(void **state)
{
    (void)state;
    desk_deinit(&desk);
    folder_drop(folder);
    return 0;
}

/* ---- a journal of some months ---- */

static uint64_t stage(uint8_t kind, int64_t ms, struct lt_bytes payload)
{
    struct fact fact;
    assert_true(payload.size > 0);
    assert_int_equal(journal_stage(desk.journal, kind, ms, payload, &fact), LT_OK);
    return fact.position;
}

static void commit(void)
{
    const struct journal_ticket *ticket = NULL;
    assert_int_equal(journal_commit(desk.journal), LT_OK);
    assert_int_equal(poll_answer(&desk, &ticket), LT_OK);
}

static uint64_t stage_accepted(int64_t ms, unsigned n, const char *code, const char *alias,
                               const char *key)
{
    uint8_t memory[4096];
    struct arena arena;
    struct digester *digester;
    struct lt_bytes other = text_bytes(alias);
    struct header header;
    assert_int_equal(arena_init(&arena, 4096, 65536), LT_OK);
    assert_int_equal(digester_open(&digester), LT_OK);
    memset(&header, 0, sizeof(header));
    ids[n] = (struct lt_id){{1, (uint8_t)n, 7}};
    header.id = ids[n];
    header.sender_key = text_bytes(key);
    header.kind = LT_KIND_FORWARD;
    header.from = text_bytes("H24.1");
    header.case_code = text_bytes(code);
    header.aliases = &other;
    header.aliases_count = alias[0] == '\0' ? 0 : 1;
    header.procedure = text_bytes("1.001193");
    header.procedure_raw = text_bytes("1.001193");
    header.created_ms = ms;
    header.schema_version = 1;
    header.body_type = text_bytes("application/json");
    struct fact_accepted f = {.from = 3, .legs = {{4, 0}}, .legs_count = 1};
    assert_int_equal(header_write(&header, &arena, &f.header), LT_OK);
    f.body = text_bytes("{}");
    f.digest = digest_of_two(digester, f.header, f.body);
    uint64_t position = stage(FACT_ACCEPTED, ms, fact_write_accepted(memory, sizeof(memory), &f));
    digester_close(&digester);
    arena_deinit(&arena);
    return position;
}

static void stage_settled(int64_t ms, uint64_t position)
{
    uint8_t memory[256];
    struct fact_settled f = {.position = position, .agency = 4, .next = 7};
    stage(FACT_SETTLED, ms, fact_write_settled(memory, sizeof(memory), &f));
}

static void stage_registry(int64_t ms, const char *entry)
{
    uint8_t memory[256];
    struct fact_registry f = {
        .change = REGISTRY_AGENCY, .person = text_bytes("p"), .entry = text_bytes(entry)};
    stage(FACT_REGISTRY, ms, fact_write_registry(memory, sizeof(memory), &f));
}

/* September: 1 to 4, October: 5 and 6, November: 7 to 9. */
static void write_story(void)
{
    stage_registry(SEPTEMBER, "first");
    uint64_t a = stage_accepted(SEPTEMBER, 0, "HS-1", "CU-9", "k-1");
    commit();
    stage_accepted(SEPTEMBER + 1000, 1, "HS-2", "", "k-2");
    stage_number(desk.journal, SEPTEMBER + 1000, 4);
    commit();
    stage_settled(SEPTEMBER + MONTH_MS, a);
    stage_registry(SEPTEMBER + MONTH_MS, "second");
    commit();
    stage_accepted(SEPTEMBER + 2 * MONTH_MS, 2, "HS-1", "", "k-3");
    commit();
    stage_settled(SEPTEMBER + 2 * MONTH_MS, 7);
    stage_number(desk.journal, SEPTEMBER + 2 * MONTH_MS, 9);
    commit();
}

static void write_december(void)
{
    stage_number(desk.journal, SEPTEMBER + 3 * MONTH_MS, 10);
    commit();
}

/* ---- runs ---- */

static uint64_t found_at[16];
static char found_what[16][8];
static uint32_t found_count;

static void found(void *context, const struct verify_finding *finding)
{
    (void)context;
    if (found_count < 16) {
        found_at[found_count] = finding->position;
        snprintf(found_what[found_count], sizeof(found_what[0]), "%s", finding->what);
    }
    found_count++;
}

static bool was_found(uint64_t position, const char *what)
{
    for (uint32_t i = 0; i < found_count && i < 16; i++) {
        if (found_at[i] == position && strcmp(found_what[i], what) == 0) {
            return true;
        }
    }
    return false;
}

static enum lt_status run_to(const char *to, int32_t until, struct archive_run_report *ret_report,
                             struct fault *fault)
{
    struct archive_run_options options = {
        .from = &desk.door, .folder = to, .until = until, .found = found};
    fault_init(fault);
    found_count = 0;
    memset(ret_report, 0, sizeof(*ret_report));
    return archive_run(&options, ret_report, fault);
}

static struct archive_run_report run_ok(void)
{
    struct archive_run_report report;
    struct fault fault;
    enum lt_status status = run_to(folder, ARCHIVE_MONTH_LAST, &report, &fault);
    if (status != LT_OK) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
    return report;
}

static struct archive *open_archive(void)
{
    struct archive *archive;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = archive_open(&archive, folder, &fault);
    if (status != LT_OK) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
    return archive;
}

static uint64_t verify_findings(void)
{
    struct archive *archive = open_archive();
    struct verify_report report;
    found_count = 0;
    assert_int_equal(archive_verify(archive, NULL, found, NULL, &report), LT_OK);
    assert_int_equal(report.findings, found_count);
    archive_close(&archive);
    return report.findings;
}

static int32_t month(const char *text)
{
    int32_t number = 0;
    assert_true(archive_month_read(&number, text));
    return number;
}

static void months_are_those_of_the_field(void **state)
{
    (void)state;
    char text[ARCHIVE_MONTH_BYTES];
    int64_t ms = 0;
    assert_true(time_read(&ms, "2026-09-30T16:59:59.999Z"));
    assert_int_equal(archive_month_of(ms), month("2026-09"));
    assert_int_equal(archive_month_of(ms + 1), month("2026-10"));
    archive_month_write(text, month("2026-12"));
    assert_string_equal(text, "2026-12");
    int32_t none;
    assert_false(archive_month_read(&none, "2026-13"));
    assert_false(archive_month_read(&none, "2026-00"));
    assert_false(archive_month_read(&none, "2026-1"));
    assert_false(archive_month_read(&none, "2026-01x"));
}

static void a_month_is_complete_when_a_later_one_began(void **state)
{
    (void)state;
    char path[512];
    struct stat info;
    write_story();
    struct archive_run_report report = run_ok();
    assert_int_equal(report.records, 5);
    assert_int_equal(report.completed, 2);
    assert_int_equal(report.archived_to, 6);
    assert_int_equal(report.to, 9);
    struct archive *archive = open_archive();
    assert_int_equal(archive_months(archive), 3);
    assert_int_equal(archive_month(archive, 0)->month, month("2026-09"));
    assert_int_equal(archive_month(archive, 1)->from, 5);
    assert_int_equal(archive_month(archive, 1)->to, 6);
    assert_true(archive_month(archive, 1)->complete);
    assert_false(archive_month(archive, 2)->complete);
    assert_int_equal(archive_month(archive, 2)->to, 9);
    archive_close(&archive);
    snprintf(path, sizeof(path), "%s/2026-09.lta", folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0400);
    snprintf(path, sizeof(path), "%s/2026-11.lta", folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(verify_findings(), 0);
    assert_int_equal(run_ok().records, 0); /* nothing is new */
    write_december();
    report = run_ok();
    assert_int_equal(report.records, 1);
    assert_int_equal(report.completed, 1);
    assert_int_equal(report.archived_to, 9);
    assert_int_equal(verify_findings(), 0);
}

static void a_run_ends_at_the_month_it_is_told(void **state)
{
    (void)state;
    struct archive_run_report report;
    struct fault fault;
    write_story();
    assert_int_equal(run_to(folder, month("2026-09"), &report, &fault), LT_OK);
    assert_int_equal(report.to, 4);
    assert_int_equal(report.archived_to, 4);
    assert_int_equal(report.completed, 1);
    assert_int_equal(run_to(folder, month("2026-10"), &report, &fault), LT_OK);
    assert_int_equal(report.records, 1);
    assert_int_equal(report.archived_to, 6);
    assert_int_equal(run_ok().to, 9);
    assert_int_equal(verify_findings(), 0);
}

struct copied {
    uint8_t bytes[8192];
    size_t size;
    uint64_t first;
};

static enum lt_status copy_look(void *context, uint64_t first, struct lt_bytes record)
{
    struct copied *copied = context;
    assert_true(record.size <= sizeof(copied->bytes));
    memcpy(copied->bytes, record.data, record.size);
    copied->size = record.size;
    copied->first = first;
    return LT_OK;
}

static enum lt_status holds(struct archive *archive, const struct copied *copied)
{
    struct fault fault;
    fault_init(&fault);
    return archive_holds(archive, copied->first, (struct lt_bytes){copied->bytes, copied->size},
                         &fault);
}

static void only_what_stands_in_complete_months_is_held(void **state)
{
    (void)state;
    struct copied copied;
    write_story();
    run_ok();
    struct archive *archive = open_archive();
    for (uint64_t at = 1; at <= 9; at = copied.first + (copied.first == 7 ? 1 : 2)) {
        assert_int_equal(desk.door.view(desk.door.self, at, copy_look, &copied), LT_OK);
        assert_int_equal(holds(archive, &copied), copied.first <= 6 ? LT_OK : LT_NOT_FOUND);
        copied.bytes[copied.size / 2] ^= 1;
        assert_int_equal(holds(archive, &copied), copied.first <= 6 ? LT_DAMAGED : LT_NOT_FOUND);
    }
    archive_close(&archive);
}

/* A month that cannot be read is no month that differs; the fault names its file and says why. */
static void an_unreadable_month_is_named(void **state)
{
    (void)state;
    struct copied copied;
    struct fault fault;
    char october[512];
    char aside[512];
    write_story();
    run_ok();
    snprintf(october, sizeof(october), "%s/2026-10.lta", folder);
    snprintf(aside, sizeof(aside), "%s/kept", folder);
    struct archive *archive = open_archive();
    assert_int_equal(rename(october, aside), 0);
    assert_int_equal(mkdir(october, 0700), 0);
    assert_int_equal(desk.door.view(desk.door.self, 5, copy_look, &copied), LT_OK);
    fault_init(&fault);
    assert_int_equal(
        archive_holds(archive, copied.first, (struct lt_bytes){copied.bytes, copied.size}, &fault),
        LT_IO);
    assert_string_equal(fault.field, "archive");
    assert_non_null(strstr(fault.detail, october));
    assert_non_null(strstr(fault.detail, "directory"));
    archive_close(&archive);
    fault_init(&fault);
    assert_int_equal(archive_open(&archive, folder, &fault), LT_IO);
    assert_non_null(strstr(fault.detail, october));
    assert_int_equal(rmdir(october), 0);
    assert_int_equal(rename(aside, october), 0);
    fault_init(&fault);
    assert_int_equal(archive_open(&archive, october, &fault), LT_IO);
    assert_non_null(strstr(fault.detail, "Not a directory"));
}

/* ---- finding ---- */

static uint64_t told[16];
static uint32_t told_count;

static enum lt_status tell(void *context, const struct archive_found *of)
{
    (void)context;
    assert_true(told_count < 16);
    assert_true(of->transfers_count > 0);
    told[told_count++] = of->fact->position;
    return LT_OK;
}

static enum lt_status find(struct archive *archive, struct archive_wanted wanted)
{
    struct fault fault;
    fault_init(&fault);
    told_count = 0;
    return archive_find(archive, &wanted, tell, NULL, &fault);
}

static void everything_of_a_case_is_found_over_the_months(void **state)
{
    (void)state;
    write_story();
    run_ok();
    struct archive *archive = open_archive();
    assert_int_equal(find(archive, (struct archive_wanted){.case_code = text_bytes("HS-1")}),
                     LT_OK);
    const uint64_t of_case[] = {2, 5, 7, 8};
    assert_int_equal(told_count, 4);
    assert_memory_equal(told, of_case, sizeof(of_case));
    assert_int_equal(find(archive, (struct archive_wanted){.case_code = text_bytes("CU-9")}),
                     LT_OK);
    assert_int_equal(told_count, 2); /* the alias was given with the first one only */
    assert_int_equal(find(archive, (struct archive_wanted){.id = &ids[2]}), LT_OK);
    assert_int_equal(told_count, 2);
    assert_int_equal(told[0], 7);
    assert_int_equal(find(archive, (struct archive_wanted){.id = &ids[2], .from = 9}),
                     LT_NOT_FOUND);
    assert_int_equal(
        find(archive, (struct archive_wanted){.sender_key = text_bytes("k-2"), .from = 3}), LT_OK);
    assert_int_equal(told_count, 1);
    assert_int_equal(told[0], 3);
    assert_int_equal(
        find(archive, (struct archive_wanted){.sender_key = text_bytes("k-2"), .from = 4}),
        LT_NOT_FOUND);
    assert_int_equal(find(archive, (struct archive_wanted){.case_code = text_bytes("HS")}),
                     LT_NOT_FOUND); /* the beginning of a code is no code */
    archive_close(&archive);
}

static enum lt_status count_registry(void *context, struct lt_bytes payload)
{
    struct fact_registry f;
    uint32_t *count = context;
    assert_true(fact_read_registry(payload, &f));
    assert_int_equal(f.entry.size, *count == 0 ? 5 : 6);
    (*count)++;
    return LT_OK;
}

static void each_month_knows_the_registry(void **state)
{
    (void)state;
    uint32_t count = 0;
    struct fault fault;
    fault_init(&fault);
    write_story();
    run_ok();
    struct archive *archive = open_archive();
    assert_int_equal(archive_registry(archive, count_registry, &count, &fault), LT_OK);
    assert_int_equal(count, 2); /* November has none of its own */
    archive_close(&archive);
}

/* ---- what goes wrong ---- */

/* Ended at its n-th write for every n: the next run completes it, as if nothing had been. */
static void a_run_that_dies_goes_on(void **state)
{
    (void)state;
    write_story();
    write_december();
    bool ended = false;
    int n = 0;
    for (n = 1; !ended; n += 1 + n / 6) { /* each of the first, some of the others */
        folder_drop(folder);
        folder = folder_take();
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct archive_run_report report;
            struct fault fault;
            io_plan(n, n % 2 == 0 ? IO_DIES : IO_DIES_HALF, false);
            enum lt_status status = run_to(folder, ARCHIVE_MONTH_LAST, &report, &fault);
            _exit(status == LT_OK && atomic_load(&io_left) != 0 ? 7 : 0);
        }
        int code = 0;
        assert_true(waitpid(child, &code, 0) == child);
        assert_true(WIFEXITED(code));
        ended = WEXITSTATUS(code) == 7;
        struct archive_run_report report = run_ok();
        assert_int_equal(report.archived_to, 9);
        assert_int_equal(report.to, 10);
        assert_int_equal(report.findings, 0);
        assert_int_equal(verify_findings(), 0);
    }
    assert_true(n > 20); /* there was something to die of */
}

static void a_full_disk_is_no_end(void **state)
{
    (void)state;
    struct archive_run_report report;
    struct fault fault;
    write_story();
    assert_int_equal(run_to(folder, month("2026-09"), &report, &fault), LT_OK);
    atomic_store(&io_disk_full, true);
    assert_int_equal(run_to(folder, ARCHIVE_MONTH_LAST, &report, &fault), LT_FULL);
    io_heal();
    assert_int_equal(run_ok().archived_to, 6);
    assert_int_equal(verify_findings(), 0);
}

static void a_bad_record_is_named_and_archived_as_it_is(void **state)
{
    (void)state;
    struct copied copied;
    write_story();
    backend_memory_damage(desk.twin, 3, 8 * 140); /* the first fact of its record */
    backend_memory_damage(desk.twin, 5, 3);       /* the frame of October's only record */
    struct archive_run_report report = run_ok();
    assert_int_equal(report.findings, 2);
    assert_true(was_found(3, "crc"));
    assert_true(was_found(5, "frame"));
    assert_int_equal(report.to, 9);
    struct archive *archive = open_archive();
    assert_int_equal(archive_months(archive), 2); /* it stands in the month it came after */
    assert_int_equal(archive_month(archive, 0)->damaged, 2);
    for (uint64_t at = 3; at <= 5; at += 2) {
        assert_int_equal(desk.door.view(desk.door.self, at, copy_look, &copied), LT_OK);
        assert_int_equal(holds(archive, &copied), LT_OK);
    }
    archive_close(&archive);
    assert_true(verify_findings() >= 2);
    assert_true(was_found(3, "crc"));
    assert_true(was_found(5, "frame"));
    assert_false(was_found(1, "seal"));
}

static void another_journal_is_refused(void **state)
{
    (void)state;
    struct archive_run_report report;
    struct fault fault;
    write_story();
    run_ok();
    desk_deinit(&desk);
    desk_init(&desk);
    for (uint64_t i = 0; i < 12; i++) {
        write_record(&desk, i, 1);
    }
    assert_int_equal(run_to(folder, ARCHIVE_MONTH_LAST, &report, &fault), LT_DAMAGED);
    assert_non_null(strstr(fault.detail, "another journal"));
    /* Nor is one that was cut above the archive's end: what lies between is nowhere. */
    desk_deinit(&desk);
    desk_init(&desk);
    write_story();
    write_december();
    write_december();
    assert_int_equal(desk.door.cut(desk.door.self, 11, &fault), LT_OK);
    assert_int_equal(run_to(folder, ARCHIVE_MONTH_LAST, &report, &fault), LT_DAMAGED);
    assert_non_null(strstr(fault.detail, "begins at 11"));
}

/* Somebody with a pen: writes into a complete month. */
static void tamper(const char *name, enum archive_tree tree, uint64_t key, size_t at)
{
    struct archive_file file;
    struct store_txn txn;
    struct fault fault;
    struct lt_bytes value;
    uint8_t bytes[POSITION_BYTES];
    uint8_t memory[8192];
    char path[512];
    fault_init(&fault);
    snprintf(path, sizeof(path), "%s/%s.lta", folder, name);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(archive_file_open(&file, folder, month(name), true, &fault), LT_OK);
    assert_int_equal(store_begin(file.store, true, &txn), LT_OK);
    struct lt_bytes name_of = key == 0 ? text_bytes("about") : position_write(bytes, key);
    assert_int_equal(store_get(&txn, file.trees[tree], name_of, &value), LT_OK);
    size_t size = value.size;
    memcpy(memory, value.data, size);
    memory[at < size ? at : size - 1] ^= 1;
    store_put(&txn, file.trees[tree], name_of, (struct lt_bytes){memory, size});
    assert_int_equal(store_commit(&txn), LT_OK);
    archive_file_close(&file);
    assert_int_equal(chmod(path, 0400), 0);
}

static void what_was_changed_shows(void **state)
{
    (void)state;
    char from[512];
    char to[512];
    struct archive *archive;
    struct fault fault;
    fault_init(&fault);
    write_story();
    write_december();
    run_ok();
    tamper("2026-09", ARCHIVE_RECORDS, 1, 300);
    assert_true(verify_findings() > 0);
    assert_true(was_found(1, "seal"));
    tamper("2026-09", ARCHIVE_RECORDS, 1, 300);
    assert_int_equal(verify_findings(), 0);
    tamper("2026-10", ARCHIVE_META, 0, 60);
    assert_int_equal(archive_open(&archive, folder, &fault), LT_DAMAGED);
    tamper("2026-10", ARCHIVE_META, 0, 60);
    /* A month that is left out. */
    snprintf(from, sizeof(from), "%s/2026-10.lta", folder);
    snprintf(to, sizeof(to), "%s/kept", folder);
    assert_int_equal(rename(from, to), 0);
    assert_true(verify_findings() > 0);
    assert_true(was_found(7, "link"));
    assert_true(was_found(5, "gap"));
    assert_int_equal(rename(to, from), 0);
    assert_int_equal(verify_findings(), 0);
}

static void exchange(const char *one, const char *other)
{
    char aside[512];
    snprintf(aside, sizeof(aside), "%s/kept", folder);
    assert_int_equal(rename(one, aside), 0);
    assert_int_equal(rename(other, one), 0);
    assert_int_equal(rename(aside, other), 0);
}

/* The chain of months, as somebody with the folder may lay it out: two in each other's place, one
 * in excess, one cut short. */
static void a_chain_that_was_laid_otherwise_shows(void **state)
{
    (void)state;
    char september[512];
    char october[512];
    char aside[512];
    struct archive *archive;
    struct fault fault;
    uint8_t *bytes = NULL;
    size_t size = 0;
    fault_init(&fault);
    write_story();
    write_december();
    run_ok();
    snprintf(september, sizeof(september), "%s/2026-09.lta", folder);
    snprintf(october, sizeof(october), "%s/2026-10.lta", folder);
    exchange(september, october);
    assert_int_equal(archive_open(&archive, folder, &fault), LT_DAMAGED);
    assert_non_null(strstr(fault.detail, "another month"));
    exchange(september, october);
    assert_int_equal(verify_findings(), 0);
    /* In excess: October once more, as August. */
    assert_int_equal(file_read(october, 1 << 24, &bytes, &size, NULL), LT_OK);
    snprintf(aside, sizeof(aside), "%s/2026-08.lta", folder);
    assert_int_equal(file_write(aside, (struct lt_bytes){bytes, size}, 0400, NULL), LT_OK);
    assert_int_equal(archive_open(&archive, folder, &fault), LT_DAMAGED);
    assert_int_equal(unlink(aside), 0);
    /* Cut short by a page anywhere: it is said, until only the room behind the last one is gone. */
    uint32_t refused = 0;
    for (size_t cut = 4096; cut < size; cut += 4096) {
        assert_int_equal(file_write(october, (struct lt_bytes){bytes, cut}, 0400, NULL), LT_OK);
        fault_init(&fault);
        enum lt_status status = archive_open(&archive, folder, &fault);
        if (status == LT_OK) {
            archive_close(&archive);
            assert_int_equal(verify_findings(), 0);
            break;
        }
        assert_int_equal(status, LT_DAMAGED);
        assert_true(cut == 4096 || strstr(fault.detail, "cut short") != NULL);
        refused++;
    }
    assert_true(refused > 10);
    assert_int_equal(file_write(october, (struct lt_bytes){bytes, size}, 0400, NULL), LT_OK);
    assert_int_equal(verify_findings(), 0);
    free(bytes);
}

static void an_index_that_forgets_shows(void **state)
{
    (void)state;
    struct archive_file file;
    struct store_txn txn;
    struct store_cursor cursor;
    struct lt_bytes key = {NULL, 0};
    struct fault fault;
    uint8_t copy[ARCHIVE_KEY_MAX];
    char path[512];
    fault_init(&fault);
    write_story();
    run_ok();
    snprintf(path, sizeof(path), "%s/2026-09.lta", folder);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(archive_file_open(&file, folder, month("2026-09"), true, &fault), LT_OK);
    assert_int_equal(store_begin(file.store, true, &txn), LT_OK);
    assert_int_equal(store_cursor_open(&txn, file.trees[ARCHIVE_KEYS], &cursor), LT_OK);
    assert_int_equal(store_seek(&cursor, key, &key, NULL), LT_OK);
    size_t size = key.size;
    memcpy(copy, key.data, size);
    store_cursor_close(&cursor);
    store_delete(&txn, file.trees[ARCHIVE_KEYS], (struct lt_bytes){copy, size});
    assert_int_equal(store_commit(&txn), LT_OK);
    archive_file_close(&file);
    assert_int_equal(verify_findings(), 1);
    assert_true(was_found(2, "index"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        TEST(months_are_those_of_the_field),
        TEST(a_month_is_complete_when_a_later_one_began),
        TEST(a_run_ends_at_the_month_it_is_told),
        TEST(only_what_stands_in_complete_months_is_held),
        TEST(an_unreadable_month_is_named),
        TEST(everything_of_a_case_is_found_over_the_months),
        TEST(each_month_knows_the_registry),
        TEST(a_run_that_dies_goes_on),
        TEST(a_full_disk_is_no_end),
        TEST(a_bad_record_is_named_and_archived_as_it_is),
        TEST(another_journal_is_refused),
        TEST(what_was_changed_shows),
        TEST(a_chain_that_was_laid_otherwise_shows),
        TEST(an_index_that_forgets_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
