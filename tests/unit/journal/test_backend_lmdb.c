/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What only the LMDB backend has: a folder that is never silently empty, a lock, a reserve, a map
 * that grows, a disk that fills up, fails or dies at every single operation of a commit.
 */
#undef _FORTIFY_SOURCE
#include "unit/base/base_test.h"

#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "harness/io_faults.h"

#include "broker/journal/backend.h"
#include "broker/journal/fact.h"
#include "broker/journal/journal.h"
#include "broker/journal/verify.h"
#include "proto/base/file.h"
#include "proto/base/store.h"

#define PAYLOAD_BYTES 3000
#define MAP_BYTES     (64 * 1024 * 1024)

struct house {
    char *folder;
    struct backend_lmdb_options options;
    struct backend_lmdb *backend;
    struct journal_backend door;
    struct journal *journal;
    struct fault fault;
};

static void house_init(struct house *house)
{
    memset(house, 0, sizeof(*house));
    house->folder = folder_take();
    house->options = (struct backend_lmdb_options){.folder = house->folder, .map_bytes = MAP_BYTES};
}

static enum lt_status house_open(struct house *house)
{
    fault_init(&house->fault);
    enum lt_status status = backend_lmdb_open(&house->backend, &house->options, &house->fault);
    if (status != LT_OK) {
        return status;
    }
    house->door = backend_lmdb_door(house->backend);
    if (house->options.read_only) {
        return LT_OK;
    }
    return journal_open(&house->journal, &house->door, "test house", &house->fault);
}

static void house_close(struct house *house)
{
    io_heal();
    journal_close(&house->journal);
    backend_lmdb_close(&house->backend);
}

static void house_deinit(struct house *house)
{
    house_close(house);
    folder_drop(house->folder);
}

static const char *file_in(const struct house *house, const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", house->folder, name);
    return path;
}

static bool there(const struct house *house, const char *name)
{
    return access(file_in(house, name), F_OK) == 0;
}

/* ---- writing through the journal ---- */

static void stage_many(struct house *house, uint32_t count)
{
    uint8_t entry[PAYLOAD_BYTES] = {7};
    uint8_t memory[PAYLOAD_BYTES + 64];
    struct fact fact;
    struct fact_registry registry = {.change = REGISTRY_AGENCY,
                                     .entry = run_of(entry, sizeof(entry))};
    struct lt_bytes payload = fact_write_registry(memory, sizeof(memory), &registry);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(journal_stage(house->journal, FACT_REGISTRY, 1, payload, &fact), LT_OK);
    }
}

static enum lt_status wait_answer(struct house *house)
{
    const struct journal_ticket *ticket = NULL;
    struct pollfd wait = {.fd = journal_fd(house->journal), .events = POLLIN};
    fault_init(&house->fault);
    assert_int_equal(poll(&wait, 1, 5000), 1);
    enum lt_status status = journal_poll(house->journal, &ticket, &house->fault);
    assert_true((status == LT_OK) == (ticket != NULL));
    return status;
}

static enum lt_status commit(struct house *house)
{
    assert_int_equal(journal_commit(house->journal), LT_OK);
    return wait_answer(house);
}

static void write_good(struct house *house, uint32_t count)
{
    stage_many(house, count);
    assert_int_equal(commit(house), LT_OK);
}

/* The journal holds 1 to `last`, all of it sound. */
static void check_sound(struct house *house, uint64_t last)
{
    struct verify_report report;
    assert_int_equal(journal_verify(&house->door, 0, NULL, NULL, NULL, NULL, &report), LT_OK);
    assert_int_equal(report.findings, 0);
    assert_int_equal(report.facts, last);
}

/* ---- never silently empty ---- */

static void a_missing_folder_is_not_made(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    char path[600];
    snprintf(path, sizeof(path), "%s/not-mounted", house.folder);
    house.options.folder = path;
    assert_int_equal(house_open(&house), LT_NOT_FOUND);
    assert_null(house.backend);
    assert_int_not_equal(access(path, F_OK), 0);
    house_deinit(&house);
}

static void a_journal_that_is_gone_is_damage(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    assert_int_equal(house_open(&house), LT_OK);
    write_good(&house, 2);
    house_close(&house);

    char aside[512];
    snprintf(aside, sizeof(aside), "%s/aside", house.folder);
    assert_int_equal(rename(file_in(&house, "journal.mdb"), aside), 0);
    assert_int_equal(house_open(&house), LT_DAMAGED);
    assert_string_equal(house.fault.field, "journal.mdb");
    assert_false(there(&house, "journal.mdb")); /* and none was made */

    /* An empty file, and a whole store that is not ours. */
    FILE *file = fopen(file_in(&house, "journal.mdb"), "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(house_open(&house), LT_DAMAGED);
    struct store *foreign = NULL;
    struct store_tree tree;
    struct store_options options = {
        .path = file_in(&house, "journal.mdb"), .trees_max = 1, .map_bytes = MAP_BYTES};
    assert_int_equal(store_open(&foreign, &options, NULL), LT_OK);
    assert_int_equal(store_tree(foreign, "other", &tree, NULL), LT_OK);
    store_close(&foreign);
    assert_int_equal(house_open(&house), LT_DAMAGED);

    assert_int_equal(rename(aside, file_in(&house, "journal.mdb")), 0);
    assert_int_equal(house_open(&house), LT_OK);
    assert_int_equal(journal_durable(house.journal), 2);
    house_deinit(&house);
}

static void a_file_cut_short_is_refused(void **unused)
{
    (void)unused;
    struct house house;
    struct stat info;
    house_init(&house);
    assert_int_equal(house_open(&house), LT_OK);
    write_good(&house, 200);
    house_close(&house);
    assert_int_equal(truncate(file_in(&house, "journal.mdb"), 3 * 4096), 0);
    assert_int_equal(house_open(&house), LT_DAMAGED);
    assert_string_equal(house.fault.field, "journal.mdb");
    assert_non_null(strstr(house.fault.detail, "cut short"));
    /* As it is, and with nothing written to it. */
    assert_int_equal(stat(file_in(&house, "journal.mdb"), &info), 0);
    assert_int_equal(info.st_size, 3 * 4096);
    house_deinit(&house);
}

static void a_lost_mark_is_made_anew(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    assert_int_equal(house_open(&house), LT_OK);
    write_good(&house, 2);
    house_close(&house);
    assert_int_equal(unlink(file_in(&house, "journal.made")), 0);
    assert_int_equal(house_open(&house), LT_OK);
    assert_int_equal(journal_durable(house.journal), 2);
    assert_true(there(&house, "journal.made"));
    house_deinit(&house);
}

static void a_newer_format_is_not_touched(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    assert_int_equal(house_open(&house), LT_OK);
    write_good(&house, 1);
    house_close(&house);
    struct store *store = NULL;
    struct store_tree meta;
    struct store_txn txn;
    const uint8_t format[8] = {[7] = 2};
    struct store_options options = {
        .path = file_in(&house, "journal.mdb"), .trees_max = 2, .map_bytes = MAP_BYTES};
    assert_int_equal(store_open(&store, &options, NULL), LT_OK);
    assert_int_equal(store_tree(store, "meta", &meta, NULL), LT_OK);
    assert_int_equal(store_begin(store, true, &txn), LT_OK);
    store_put(&txn, meta, text_bytes("format"), run_of(format, sizeof(format)));
    assert_int_equal(store_commit(&txn), LT_OK);
    store_close(&store);
    assert_int_equal(house_open(&house), LT_FORMAT_UNKNOWN);
    house_deinit(&house);
}

/* ---- one owner, many readers ---- */

static void the_lock_names_its_holder(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    int fd = open(file_in(&house, "journal.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "somebody else\n", 14), 14);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(house_open(&house), LT_FENCED);
    assert_memory_equal(house.fault.detail, "held by somebody else; /", 24);
    fault_init(&house.fault);
    assert_int_equal(backend_lmdb_vacant(house.folder, &house.fault), LT_FENCED);
    assert_memory_equal(house.fault.detail, "held by somebody else; /", 24);
    assert_null(house.journal);
    backend_lmdb_close(&house.backend);
    close(fd);
    assert_int_equal(house_open(&house), LT_OK);
    fd = open(file_in(&house, "journal.lock"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    char text[64] = "";
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    assert_int_equal(strncmp(text, "test house, process ", 20), 0);
    close(fd);
    house_deinit(&house);
}

static void read_only_looks_and_does_nothing_else(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    house.options.read_only = true;
    assert_int_equal(house_open(&house), LT_NOT_FOUND);
    assert_false(there(&house, "journal.mdb"));
    house.options.read_only = false;
    assert_int_equal(house_open(&house), LT_OK);
    write_good(&house, 3);
    house_close(&house);

    house.options.read_only = true;
    assert_int_equal(house_open(&house), LT_OK);
    check_sound(&house, 3);
    uint64_t epoch = 0;
    struct backend_status at;
    assert_int_equal(house.door.acquire(house.door.self, "x", &epoch, &house.fault), LT_FENCED);
    assert_int_equal(house.door.append_start(house.door.self, &(struct append){.epoch = 1}),
                     LT_FENCED);
    fault_init(&house.fault);
    assert_int_equal(house.door.cut(house.door.self, 2, &house.fault), LT_FENCED);
    assert_int_equal(house.door.fd(house.door.self), -1);
    assert_false(backend_lmdb_reserve(house.backend));
    house.door.status(house.door.self, &at);
    assert_int_equal(at.last, 3);
    assert_int_equal(at.epoch, 1);
    house_deinit(&house);
}

static void epochs_rise_over_restarts(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    for (uint64_t epoch = 1; epoch <= 4; epoch++) {
        assert_int_equal(house_open(&house), LT_OK);
        assert_int_equal(journal_epoch(house.journal), epoch);
        write_good(&house, 1);
        assert_int_equal(journal_durable(house.journal), epoch);
        house_close(&house);
    }
    house_deinit(&house);
}

/* ---- room ---- */

static void the_map_grows(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    house.options.map_bytes = 256 * 1024;
    assert_int_equal(house_open(&house), LT_OK);
    for (uint32_t i = 1; i <= 12; i++) {
        write_good(&house, 100);
        assert_int_equal(journal_durable(house.journal), i * 100);
    }
    assert_true(journal_used_bytes(house.journal) > 12 * 100 * PAYLOAD_BYTES);
    check_sound(&house, 1200);
    house_close(&house);
    assert_int_equal(house_open(&house), LT_OK); /* with the small map once more */
    check_sound(&house, 1200);
    write_good(&house, 100);
    house_deinit(&house);
}

static int operations_of_a_commit(void)
{
    struct house house;
    house_init(&house);
    assert_int_equal(house_open(&house), LT_OK);
    write_good(&house, 3);
    io_plan(0, 0, false);
    write_good(&house, 3);
    int operations = atomic_load(&io_done);
    house_deinit(&house);
    assert_true(operations >= 3); /* data, flush, meta page */
    return operations;
}

/*
 * No space at the n-th operation: "full" with nothing written, and the kept batch goes through
 * later. Only behind the last one, the page that names the new root, LMDB gives up: stopped, not
 * wrong.
 */
static void no_space_at_every_operation(void **unused)
{
    (void)unused;
    int operations = operations_of_a_commit();
    for (int n = 1; n <= operations; n++) {
        struct house house;
        house_init(&house);
        assert_int_equal(house_open(&house), LT_OK);
        write_good(&house, 3);
        stage_many(&house, 3);
        io_plan(n, ENOSPC, false);
        assert_int_equal(commit(&house), LT_FULL);
        assert_int_equal(journal_durable(house.journal), 3);
        if (n == operations) {
            assert_int_equal(commit(&house), LT_IO);
            house_close(&house);
            assert_int_equal(house_open(&house), LT_OK);
            assert_int_equal(journal_durable(house.journal), 3);
            stage_many(&house, 3);
        } else {
            check_sound(&house, 3);
        }
        assert_int_equal(commit(&house), LT_OK);
        assert_int_equal(journal_durable(house.journal), 6);
        write_good(&house, 3);
        check_sound(&house, 9);
        house_deinit(&house);
    }
}

static void the_reserve_is_given_up_once(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    house.options.reserve_bytes = 1024 * 1024;
    assert_int_equal(house_open(&house), LT_OK);
    struct stat info;
    assert_int_equal(stat(file_in(&house, "reserve.bin"), &info), 0);
    assert_int_equal(info.st_size, 1024 * 1024);
    assert_true(info.st_blocks * 512 >= 1024 * 1024); /* not sparse */
    assert_true(backend_lmdb_reserve(house.backend));
    write_good(&house, 1);

    stage_many(&house, 1);
    io_plan(1, ENOSPC, false);
    assert_int_equal(commit(&house), LT_OK); /* at the second try, in the room given up */
    assert_false(there(&house, "reserve.bin"));

    stage_many(&house, 1);
    io_plan(1, ENOSPC, true);
    assert_int_equal(commit(&house), LT_FULL); /* nothing left to give up */
    assert_int_equal(journal_durable(house.journal), 2);
    io_heal();

    atomic_store(&io_disk_full, true);
    assert_false(backend_lmdb_reserve(house.backend)); /* not while the disk is full */
    atomic_store(&io_disk_full, false);
    assert_int_equal(commit(&house), LT_OK);
    assert_true(backend_lmdb_reserve(house.backend));
    assert_true(there(&house, "reserve.bin"));
    check_sound(&house, 3);
    house_deinit(&house);
}

/* Room is taken before a commit: what was taken is used up, then "full" with nothing written. */
static void a_full_disk_shows_before_a_write(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    house.options.reserve_bytes = 1024 * 1024;
    assert_int_equal(house_open(&house), LT_OK);
    write_good(&house, 1);
    atomic_store(&io_disk_full, true);
    uint64_t durable = 1;
    enum lt_status status = LT_OK;
    while (status == LT_OK) {
        stage_many(&house, 20);
        io_plan(0, 0, false);
        atomic_store(&io_disk_full, true);
        status = commit(&house);
        durable += status == LT_OK ? 20 : 0;
        assert_true(durable < 1000);
    }
    assert_int_equal(status, LT_FULL);
    assert_int_equal(atomic_load(&io_done), 0);
    assert_false(there(&house, "reserve.bin")); /* given up; others took what it left */
    check_sound(&house, durable);
    assert_int_equal(commit(&house), LT_FULL);
    assert_int_equal(atomic_load(&io_done), 0);
    io_heal();
    assert_int_equal(commit(&house), LT_OK); /* by itself, with the same batch */
    write_good(&house, 1);
    check_sound(&house, durable + 21);
    house_deinit(&house);
}

/* ---- a disk that fails ---- */

static void an_error_at_every_operation_is_final(void **unused)
{
    (void)unused;
    int operations = operations_of_a_commit();
    for (int n = 1; n <= operations; n++) {
        struct house house;
        house_init(&house);
        house.options.reserve_bytes = 64 * 1024;
        assert_int_equal(house_open(&house), LT_OK);
        write_good(&house, 3);
        stage_many(&house, 3);
        io_plan(n, EIO, false);
        assert_int_equal(commit(&house), LT_IO);
        assert_int_equal(house.fault.status, LT_IO);
        /* The disk is well again, but nobody knows what it kept: never again. */
        struct fact fact;
        const struct journal_ticket *ticket = NULL;
        assert_int_equal(journal_commit(house.journal), LT_IO);
        assert_int_equal(journal_stage(house.journal, FACT_NOTICED, 1, text_bytes("x"), &fact),
                         LT_IO);
        assert_int_equal(journal_poll(house.journal, &ticket, &house.fault), LT_IO);
        assert_null(ticket);
        assert_int_equal(journal_durable(house.journal), 3);
        assert_true(there(&house, "reserve.bin")); /* given up for room only */
        house_close(&house);
        assert_int_equal(house_open(&house), LT_OK);
        uint64_t durable = journal_durable(house.journal);
        assert_true(durable == 3 || durable == 6);
        check_sound(&house, durable);
        write_good(&house, 2);
        check_sound(&house, durable + 2);
        house_deinit(&house);
    }
}

/* In a child that ends at the n-th operation of making it; 1 when it got through. */
static int die_making(struct house *house, int n, int how_to_die)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        io_plan(n, how_to_die, false);
        _exit(house_open(house) == LT_OK ? 1 : 3);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

/* Wherever the maker of a new journal dies, the next one finds none, or a whole one. */
static void death_while_it_is_made(void **unused)
{
    (void)unused;
    static const int how_to_die[] = {IO_DIES, IO_DIES_HALF};
    for (size_t i = 0; i < 2; i++) {
        int through = 0;
        for (int n = 1; through == 0; n++) {
            struct house house;
            house_init(&house);
            through = die_making(&house, n, how_to_die[i]);
            assert_in_range(through, 0, 1);
            assert_true(through == 0 || n > 5);
            assert_int_equal(house_open(&house), LT_OK);
            assert_true(there(&house, "journal.made"));
            assert_false(there(&house, "journal.mdb.new"));
            assert_false(there(&house, "journal.mdb.new-lock"));
            write_good(&house, 2);
            check_sound(&house, 2);
            house_deinit(&house);
            assert_true(n < 100);
        }
    }
}

/* What was not made by us is never thrown away, even where the mark is missing. */
static void damage_without_a_mark_is_damage(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    static const uint8_t junk[8192] = {1, 2, 3};
    assert_int_equal(
        file_write(file_in(&house, "journal.mdb"), run_of(junk, sizeof(junk)), 0600, NULL), LT_OK);
    assert_int_equal(house_open(&house), LT_DAMAGED);
    struct stat info;
    assert_int_equal(stat(file_in(&house, "journal.mdb"), &info), 0);
    assert_int_equal(info.st_size, sizeof(junk));
    assert_false(there(&house, "journal.made"));
    house_deinit(&house);
}

/* In a child that ends at the n-th operation; 1 when it got through the whole commit. */
static int die_at(struct house *house, int n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (house_open(house) != LT_OK) {
            _exit(2);
        }
        stage_many(house, 3);
        io_plan(n, IO_DIES, false);
        _exit(commit(house) == LT_OK ? 1 : 3);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

static void death_at_every_operation(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    uint64_t durable = 0;
    int through = 0;
    for (int n = 1; through == 0; n++) {
        through = die_at(&house, n);
        assert_in_range(through, 0, 1);
        assert_int_equal(house_open(&house), LT_OK);
        uint64_t now = journal_durable(house.journal);
        assert_true(now == durable || now == durable + 3);
        assert_true(through == 0 || now == durable + 3);
        check_sound(&house, now);
        durable = now;
        house_close(&house);
        assert_true(n < 100);
    }
    house_deinit(&house);
}

/* A real small disk, where this process may mount one: nothing lost, nothing stopped, drained. */
static int fill_a_small_disk(const char *folder)
{
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=4m") != 0) {
        return 77;
    }
    struct house house = {
        .options = {.folder = folder, .map_bytes = MAP_BYTES, .reserve_bytes = 512 * 1024}};
    house.folder = strdup(folder);
    assert_int_equal(house_open(&house), LT_OK);
    assert_true(there(&house, "reserve.bin"));
    uint64_t durable = 0;
    enum lt_status status = LT_OK;
    while (status == LT_OK) {
        stage_many(&house, 20);
        status = commit(&house);
        durable += status == LT_OK ? 20 : 0;
        assert_true(durable < 4 * 1024);
    }
    assert_int_equal(status, LT_FULL);
    assert_false(there(&house, "reserve.bin"));
    assert_true(durable >= 20);
    check_sound(&house, durable);
    assert_int_equal(commit(&house), LT_FULL);
    assert_int_equal(mount("none", folder, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    assert_int_equal(commit(&house), LT_OK);
    check_sound(&house, durable + 20);
    assert_true(backend_lmdb_reserve(house.backend));
    house_close(&house);
    free(house.folder);
    return 0;
}

static void a_small_disk(void **unused)
{
    (void)unused;
    struct house house;
    house_init(&house);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(fill_a_small_disk(house.folder));
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    int code = WEXITSTATUS(how);
    house_deinit(&house);
    if (code == 77) {
        print_message("may not mount a small disk here\n");
        skip();
    }
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_folder_is_not_made),
        cmocka_unit_test(a_journal_that_is_gone_is_damage),
        cmocka_unit_test(a_file_cut_short_is_refused),
        cmocka_unit_test(a_lost_mark_is_made_anew),
        cmocka_unit_test(a_newer_format_is_not_touched),
        cmocka_unit_test(the_lock_names_its_holder),
        cmocka_unit_test(read_only_looks_and_does_nothing_else),
        cmocka_unit_test(epochs_rise_over_restarts),
        cmocka_unit_test(the_map_grows),
        cmocka_unit_test(no_space_at_every_operation),
        cmocka_unit_test(the_reserve_is_given_up_once),
        cmocka_unit_test(a_full_disk_shows_before_a_write),
        cmocka_unit_test(death_while_it_is_made),
        cmocka_unit_test(damage_without_a_mark_is_damage),
        cmocka_unit_test(an_error_at_every_operation_is_final),
        cmocka_unit_test(death_at_every_operation),
        cmocka_unit_test(a_small_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
