/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A cut on real files that is ended at each of its writes: whatever was reached, the folder opens,
 * with its state.mdb and without it, to the same state; and the cut, asked for again, succeeds.
 */
#include "house_test.h"

#include "harness/io_faults.h"
#include "harness/program.h"

#include <dirent.h>
#include <sys/wait.h>

#include "broker/core/cut.h"
#include "broker/journal/copy.h"

#define TRANSFERS 40

static struct house house;
static uint64_t below;
static struct lt_digest live;

static struct lt_digest picture(struct flow *flow)
{
    digest_start(house.digester);
    for (int tree = STATE_TRANSFERS; tree < STATE_TREES_END; tree++) {
        struct state_entry at;
        enum lt_status status =
            state_seek(flow->state, (enum state_tree)tree, (struct lt_bytes){0}, &at);
        while (status == LT_OK && at.found) {
            digest_feed(house.digester, at.key);
            digest_feed(house.digester, at.value);
            status = state_step(flow->state, &at);
        }
        assert_int_equal(status, LT_OK);
    }
    return digest_finish(house.digester);
}

/* A journal with open and closed transfers, carried up to `below`, its broker stopped in order. */
static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    for (int i = 0; i < TRANSFERS; i++) {
        char code[16];
        snprintf(code, sizeof(code), "HS-%d", i);
        struct given given = accept_now(
            &house,
            &(struct wish){.from = "A", .to = {"B"}, .case_code = code, .procedure = "1.001193"});
        if (i % 2 == 0) {
            say_sent(&house, &given, 0);
            say(&house, &given, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
        }
    }
    uint8_t memory[64];
    uint64_t position;
    below = house.flow->durable;
    struct fact_backup order = {.position = below, .what = MARK_CARRY};
    assert_int_equal(flow_fact(house.flow, FACT_BACKUP,
                               fact_write_backup(memory, sizeof(memory), &order), &position),
                     LT_OK);
    for (int i = 0; i < 200 && house.flow->carry.ready != below; i++) {
        house_turn(&house);
    }
    house_settle(&house);
    live = picture(house.flow);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

struct folder {
    char *path;
    char state[300];
    char base[300];
};

/* The journal of the house on disk, with its state.mdb beside it. */
static struct folder folder_make_of_house(void)
{
    struct folder folder = {.path = folder_take()};
    struct copy_report report;
    struct fault fault;
    fault_init(&fault);
    snprintf(folder.state, sizeof(folder.state), "%s/state.mdb", folder.path);
    snprintf(folder.base, sizeof(folder.base), "%s/base", folder.path);
    struct journal_backend door = backend_memory_door(house.backend);
    assert_int_equal(journal_copy(&door, folder.path, NULL, NULL, &report, &fault), LT_OK);
    assert_int_equal(program_run(NULL, "cp %s %s", house.state_path, folder.state), 0);
    return folder;
}

static enum lt_status archived(void *archive, uint64_t first, struct lt_bytes record,
                               struct fault *fault)
{
    (void)archive;
    (void)first;
    (void)record;
    (void)fault;
    return LT_OK;
}

static enum lt_status cut(const struct folder *folder, struct cut_report *ret_report)
{
    const struct backend_lmdb_options options = {.folder = folder->path};
    struct backend_lmdb *backend = NULL;
    struct fault fault;
    uint64_t epoch;
    fault_init(&fault);
    enum lt_status status = backend_lmdb_open(&backend, &options, &fault);
    struct cut_options cut = {.state_path = folder->state,
                              .base_path = folder->base,
                              .below = below,
                              .archived = archived};
    if (status == LT_OK) {
        cut.journal = backend_lmdb_door(backend);
        status = cut.journal.acquire(cut.journal.self, "cut", &epoch, &fault);
    }
    if (status == LT_OK) {
        status = cut_run(&cut, ret_report, &fault);
    }
    backend_lmdb_close(&backend);
    return status;
}

/* A broker on the folder: it opens, and its state is the one that was live. */
static void check_opens(const struct folder *folder)
{
    const struct backend_lmdb_options options = {.folder = folder->path};
    struct backend_lmdb *backend = NULL;
    struct broker *broker = NULL;
    struct fault fault;
    fault_init(&fault);
    assert_int_equal(backend_lmdb_open(&backend, &options, &fault), LT_OK);
    struct broker_options broker_options = {
        .clock = &house.clock.clock,
        .entropy = &house.entropy.entropy,
        .port = world_net_server(house.net, 0),
        .backend = backend_lmdb_door(backend),
        .state = {.path = folder->state,
                  .base = folder->base,
                  .map_bytes = 256 << 20,
                  .applier_inline = true,
                  .no_sync = true,
                  .seed = 11},
        .operators = operators_door(house.operators),
        .owner = "test",
    };
    enum lt_status status = broker_open(&broker, &broker_options, &fault);
    if (status != LT_OK) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
    struct lt_digest now = picture(broker_flow(broker));
    assert_memory_equal(&now, &live, sizeof(live));
    broker_abandon(broker); /* nothing of this look stays */
    broker_close(&broker);
    backend_lmdb_close(&backend);
}

/* The child dies at its n-th operation; true when it came to the end instead. */
static bool cut_until(const struct folder *folder, int n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct cut_report report;
        io_plan(n, n % 2 == 0 ? IO_DIES : IO_DIES_HALF, false);
        enum lt_status status = cut(folder, &report);
        _exit(status == LT_OK && atomic_load(&io_left) != 0 ? 7 : 0);
    }
    int code = 0;
    assert_true(waitpid(child, &code, 0) == child);
    assert_true(WIFEXITED(code));
    return WEXITSTATUS(code) == 7;
}

static void a_cut_that_dies_leaves_a_folder_that_opens(void **state)
{
    (void)state;
    broker_close(&house.broker);
    bool ended = false;
    int n = 0;
    for (n = 1; !ended; n++) {
        struct folder folder = folder_make_of_house();
        struct cut_report report = {0};
        ended = cut_until(&folder, n);
        check_opens(&folder);
        unlink(folder.state);
        check_opens(&folder);
        /* Again, from the state that was just loaded or refolded. */
        assert_int_equal(cut(&folder, &report), LT_OK);
        assert_in_range(report.first, below - 4, below);
        check_opens(&folder);
        folder_drop(folder.path);
    }
    assert_true(n > 8);
    house_open_broker(&house);
}

static void a_disk_that_fails_leaves_everything(void **state)
{
    (void)state;
    broker_close(&house.broker);
    struct folder folder = folder_make_of_house();
    struct cut_report report;
    for (int n = 1; n < 100; n++) {
        io_plan(n, n % 2 == 0 ? EIO : ENOSPC, false);
        enum lt_status status = cut(&folder, &report);
        bool failed = atomic_load(&io_left) == 0;
        io_heal();
        check_opens(&folder);
        if (!failed) {
            assert_int_equal(status, LT_OK);
            break;
        }
    }
    unlink(folder.state);
    check_opens(&folder);
    folder_drop(folder.path);
    house_open_broker(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cut_that_dies_leaves_a_folder_that_opens, open_house,
                                        close_house),
        cmocka_unit_test_setup_teardown(a_disk_that_fails_leaves_everything, open_house,
                                        close_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
