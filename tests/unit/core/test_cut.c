/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Carry and cut, by a whole broker in memory: what is live goes over the cut and is delivered with
 * its bytes, what is closed is still recognised, a state lost afterwards comes back equal from base
 * and tail, and nothing that is unarchived or live is cut.
 */
#include "house_test.h"

#include <sys/stat.h>

#include "harness/program.h"

#include "broker/core/cut.h"
#include "broker/core/rebase.h"
#include "broker/journal/archive.h"
#include "broker/journal/copy.h"

#define TRANSFERS 150
#define OPEN      100

static struct house house;
static struct given given[TRANSFERS]; /* every third is taken, the others are open */

static bool closed(int i)
{
    return i % 3 == 0;
}

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    for (int i = 0; i < TRANSFERS; i++) {
        char code[16];
        char key[16];
        snprintf(code, sizeof(code), "HS-%d", i);
        snprintf(key, sizeof(key), "own-%d", i);
        given[i] = accept_now(&house, &(struct wish){.from = "A",
                                                     .to = {"B"},
                                                     .case_code = code,
                                                     .procedure = "1.001193",
                                                     .sender_key = key});
        if (closed(i)) {
            say_sent(&house, &given[i], 0);
            say(&house, &given[i], 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
        } else if (i % 3 == 1) {
            park(&house, &given[i], 0, "chưa cấu hình");
        }
    }
    for (uint8_t i = 3; i < 8; i++) { /* a few facts behind the last transfer */
        add_agency(&house, (const char[]){(char)('A' + i), 0}, i);
    }
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

/* ---- the order to carry ---- */

static void mark(const char *verb, uint64_t position)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)position);
    ask_ok(&house, OPERATOR, verb, ARGS("position", number));
}

static struct page carry(uint64_t below, bool dry_run, enum person person, enum lt_status code)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)below);
    return dry_run ? ask_code(&house, person, "carry", ARGS("below", number, "dry_run", "1"), code)
                   : ask_code(&house, person, "carry", ARGS("below", number), code);
}

static struct transfer transfer_of(const struct given *of)
{
    struct transfer_key key;
    struct transfer t;
    assert_int_equal(transfer_at(house.flow, of->position, &key, &t), LT_OK);
    return t;
}

static uint32_t carried_count(uint64_t below)
{
    uint32_t count = 0;
    for (int i = 0; i < TRANSFERS; i++) {
        count += transfer_of(&given[i]).bytes_at >= below ? 1 : 0;
    }
    return count;
}

/* Everything is archived, backed up and carried; gives where to cut. */
static uint64_t carry_all(void)
{
    house_settle(&house);
    uint64_t below = house.flow->durable;
    mark("archive-mark", below);
    mark("backup-mark", below);
    carry(below, false, APPROVER, LT_OK);
    for (int i = 0; i < 200 && house.flow->carry.ready != below; i++) {
        house_turn(&house);
    }
    assert_int_equal(house.flow->carry.ready, below);
    house_settle(&house);
    return below;
}

static void an_order_to_carry_has_bounds(void **state)
{
    (void)state;
    house_settle(&house);
    uint64_t durable = house.flow->durable;
    carry(durable, false, APPROVER, LT_FIELD_BAD); /* neither archived nor backed up */
    mark("archive-mark", durable - 3);
    carry(durable - 2, false, APPROVER, LT_FIELD_BAD); /* not backed up */
    mark("backup-mark", durable - 3);
    carry(durable - 2, true, OPERATOR, LT_NOT_PERMITTED);
    carry(durable - 1, true, APPROVER, LT_FIELD_BAD);
    struct page page = carry(durable - 2, true, APPROVER, LT_OK);
    assert_field(&house, &page, 0, "change", "would-order");
    assert_field(&house, &page, 0, "legs", "100");
    assert_field(&house, &page, 0, "position", "0");
    assert_int_equal(house.flow->carry.below, 0);
    carry(durable - 2, false, APPROVER, LT_OK);
    carry(durable - 4, false, APPROVER, LT_FIELD_BAD); /* never back */
}

static void what_is_open_is_carried_and_nothing_else(void **state)
{
    (void)state;
    uint64_t below = carry_all();
    assert_int_equal(carried_count(below), OPEN);
    for (int i = 0; i < TRANSFERS; i++) {
        struct transfer t = transfer_of(&given[i]);
        assert_int_equal(t.position, given[i].position);
        assert_true(closed(i) ? t.bytes_at == t.position : t.bytes_at >= below);
    }
    struct page page = ask_ok(&house, VIEWER, "status", ARGS());
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)below);
    assert_field(&house, &page, 0, "cut_ready", number);
    assert_field(&house, &page, 0, "archived_to", number);
    uint64_t facts = house.flow->durable;
    carry(below, false, APPROVER, LT_OK); /* again: an order and an end, no bytes */
    for (int i = 0; i < 50; i++) {
        house_turn(&house);
    }
    assert_int_equal(house.flow->carry.ready, below);
    assert_int_equal(house.flow->durable, facts + 2);
}

static void a_restart_goes_on_carrying(void **state)
{
    (void)state;
    house_settle(&house);
    uint64_t below = house.flow->durable;
    mark("archive-mark", below);
    mark("backup-mark", below);
    carry(below, false, APPROVER, LT_OK);
    for (int i = 0; i < 100 && carried_count(below) < OPEN / 2; i++) {
        house_turn(&house);
    }
    broker_abandon(house.broker); /* what was not durable yet is gone */
    backend_memory_crash(house.backend, false);
    broker_close(&house.broker);
    house_open_broker(&house);
    uint32_t before = carried_count(below);
    assert_in_range(before, 1, OPEN - 1);
    assert_int_equal(house.flow->carry.below, below);
    assert_int_equal(house.flow->carry.ready, 0);
    for (int i = 0; i < 200 && house.flow->carry.ready != below; i++) {
        house_turn(&house);
    }
    assert_int_equal(house.flow->carry.ready, below);
    assert_int_equal(carried_count(below), OPEN);
    assert_int_equal(house.flow->carry.carried, OPEN - before);
}

static void a_damaged_record_does_not_hold_up_the_others(void **state)
{
    (void)state;
    house_settle(&house);
    broker_close(&house.broker);
    backend_memory_damage(house.backend, given[2].position, 8 * 600);
    house_open_broker(&house);
    uint64_t below = carry_all();
    assert_int_equal(carried_count(below), OPEN);
    assert_int_equal(house.flow->quarantine.found, 1);
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", given[2].id_text));
    assert_field(&house, &page, 0, "body_bytes", NULL);
}

/* ---- the cut ---- */

struct archive_to {
    uint64_t position; /* records that end at or below it are in it */
};

static enum lt_status archived(void *archive, uint64_t first, struct lt_bytes record,
                               struct fault *fault)
{
    const struct archive_to *to = archive;
    (void)record;
    return first <= to->position
               ? LT_OK
               : fault_set(fault, LT_NOT_FOUND, "archive", "%llu", (unsigned long long)first);
}

static enum lt_status cut(uint64_t below, uint64_t archived_to, bool dry_run,
                          struct cut_report *ret_report)
{
    struct fault fault;
    uint64_t epoch;
    struct archive_to to = {archived_to};
    fault_init(&fault);
    memset(ret_report, 0, sizeof(*ret_report));
    struct cut_options options = {.journal = backend_memory_door(house.backend),
                                  .state_path = house.state_path,
                                  .base_path = house.base_path,
                                  .below = below,
                                  .dry_run = dry_run,
                                  .archive = &to,
                                  .archived = archived};
    assert_int_equal(options.journal.acquire(options.journal.self, "cut", &epoch, &fault), LT_OK);
    return cut_run(&options, ret_report, &fault);
}

static uint64_t first_held(void)
{
    struct backend_status at;
    struct journal_backend door = backend_memory_door(house.backend);
    door.status(door.self, &at);
    return at.first;
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A digest over every tree. */
static struct lt_digest picture(void)
{
    digest_start(house.digester);
    for (int tree = STATE_META; tree < STATE_TREES_END; tree++) {
        struct state_entry at;
        enum lt_status status =
            state_seek(house.flow->state, (enum state_tree)tree, (struct lt_bytes){0}, &at);
        while (status == LT_OK && at.found) {
            digest_feed(house.digester, at.key);
            digest_feed(house.digester, at.value);
            status = state_step(house.flow->state, &at);
        }
        assert_int_equal(status, LT_OK);
    }
    return digest_finish(house.digester);
}

static void nothing_unarchived_is_cut(void **state)
{
    (void)state;
    struct cut_report report;
    uint64_t below = carry_all();
    broker_close(&house.broker);
    /* The archive ends one record before the last one that would go. */
    assert_int_equal(cut(below, below - 2, false, &report), LT_NOT_FOUND);
    assert_int_equal(first_held(), 1);
    assert_false(there(house.base_path));
    assert_int_equal(cut(below - 1, below - 2, true, &report), LT_OK);
    assert_int_equal(report.first, below - 1);
    assert_int_equal(first_held(), 1); /* a dry run */
    assert_false(there(house.base_path));
    assert_int_equal(cut(below - 1, below - 2, false, &report), LT_OK);
    assert_int_equal(first_held(), below - 1);
    assert_int_equal(cut(below + 1000, below, false, &report), LT_FIELD_BAD);
    house_open_broker(&house);
}

static void nothing_live_is_cut(void **state)
{
    (void)state;
    struct cut_report report;
    house_settle(&house);
    uint64_t last = house.flow->durable;
    broker_close(&house.broker);
    assert_int_equal(cut(last, last, false, &report), LT_AGAIN);
    assert_int_equal(report.live, OPEN);
    assert_int_equal(first_held(), 1);
    assert_false(there(house.base_path));
    /* Below the first open one all may go: what is closed is not held. */
    assert_int_equal(cut(given[1].position, last, false, &report), LT_OK);
    assert_int_equal(first_held(), given[1].position);
    house_open_broker(&house);
}

/* The way back to backups where no good copy of the record is left: it goes with a cut. */
static void a_damaged_record_is_cut_and_backups_go_on(void **state)
{
    (void)state;
    struct cut_report report;
    struct copy_report copied;
    char folder[300];
    house_settle(&house);
    uint64_t last = house.flow->durable;
    broker_close(&house.broker);
    backend_memory_damage(house.backend, given[0].position, 8 * 600);
    struct journal_backend door = backend_memory_door(house.backend);
    snprintf(folder, sizeof(folder), "%s/copy-1", house.folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(journal_copy(&door, folder, NULL, NULL, &copied, NULL), LT_DAMAGED);
    assert_int_equal(cut(given[1].position, last, false, &report), LT_OK);
    assert_int_equal(first_held(), given[1].position);
    snprintf(folder, sizeof(folder), "%s/copy-2", house.folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(journal_copy(&door, folder, NULL, NULL, &copied, NULL), LT_OK);
    assert_int_equal(copied.from, given[1].position);
    assert_int_equal(copied.to, last);
    house_open_broker(&house);
    house_settle(&house);
    assert_int_equal(house.flow->quarantine.found, 0);
    assert_int_equal(transfer_of(&given[0]).legs[0].state, LEG_TAKEN);
}

static void a_state_that_is_behind_is_not_cut(void **state)
{
    (void)state;
    struct cut_report report;
    char copy[300];
    uint64_t below = carry_all();
    broker_close(&house.broker);
    snprintf(copy, sizeof(copy), "%s.old", house.state_path);
    assert_int_equal(rename(house.state_path, copy), 0);
    assert_int_equal(cut(below, below, false, &report), LT_NOT_FOUND);
    house_open_broker(&house); /* a new life: its epoch is one fact more */
    house_settle(&house);
    broker_close(&house.broker);
    assert_int_equal(rename(copy, house.state_path), 0);
    assert_int_equal(cut(below, below, false, &report), LT_AGAIN);
    assert_int_equal(first_held(), 1);
    house_open_broker(&house);
}

static void refold(void)
{
    struct lt_digest used = picture();
    broker_close(&house.broker);
    unlink(house.state_path);
    house_open_broker(&house);
    /* The new life wrote its epoch; nothing of that is in the state. */
    struct lt_digest refolded = picture();
    assert_memory_equal(&used, &refolded, sizeof(used));
}

static void cut_all(void)
{
    struct cut_report report;
    uint64_t below = carry_all();
    broker_close(&house.broker);
    assert_int_equal(cut(below, below, false, &report), LT_OK);
    assert_in_range(report.first, below - 4, below); /* a record goes or stays as a whole */
    assert_int_equal(first_held(), report.first);
    house_open_broker(&house);
    house_settle(&house);
    assert_int_equal(house.flow->cut_below, report.first);
}

static void base_and_tail_are_the_live_state(void **state)
{
    (void)state;
    cut_all();
    refold();
    /* And with facts behind it, about what lies below and what came after. */
    say(&house, &given[1], 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    accept_now(&house, &(struct wish){.from = "B",
                                      .to = {"A"},
                                      .case_code = "HS-1",
                                      .procedure = "1.001193",
                                      .kind = LT_KIND_RESULT});
    refold();
    /* A second cut, of a journal that was cut before. */
    cut_all();
    refold();
}

static void old_duplicates_are_recognised(void **state)
{
    (void)state;
    cut_all();
    broker_close(&house.broker);
    unlink(house.state_path);
    house_open_broker(&house);
    uint64_t before = journal_staged(house.flow->journal);
    for (int i = 0; i < 2; i++) { /* a closed one and an open one */
        char code[16];
        char key[16];
        snprintf(code, sizeof(code), "HS-%d", i);
        snprintf(key, sizeof(key), "own-%d", i);
        struct wish wish = {.from = "A",
                            .to = {"B"},
                            .case_code = code,
                            .procedure = "1.001193",
                            .sender_key = key};
        struct given again = accept(&house, &wish); /* another id, the same key */
        assert_int_equal(again.code, LT_OK);
        assert_memory_equal(&again.known_as, &given[i].id, sizeof(again.known_as));
        wish.id = &given[i].id; /* the same id with other bytes */
        wish.case_code = "HS-other";
        again = accept(&house, &wish);
        assert_int_not_equal(again.code, LT_OK);
    }
    assert_int_equal(journal_staged(house.flow->journal), before + 2); /* the twins' names */
}

static void open_legs_are_delivered_with_their_bytes(void **state)
{
    (void)state;
    struct frame frame;
    int64_t accepted_ms = transfer_of(&given[2]).time_ms;
    struct lt_digest digest = transfer_of(&given[2]).digest;
    world_advance(&house.world, 5000);
    cut_all();
    struct party party = party_connect(&house, 2);
    uint32_t got = 0;
    party_grant(&house, &party, 64);
    while (got < OPEN / 2 && house_hear(&house, party.link, FRAME_DELIVER, 2000, &frame)) {
        for (uint32_t i = 0; i < frame.deliver.count; i++) {
            const struct delivery *item = &frame.deliver.items[i];
            struct lt_digest own = digest_of_two(house.digester, item->header, item->body);
            got++;
            if (item->position == given[2].position) {
                assert_memory_equal(&own, &digest, sizeof(own));
                assert_int_equal(item->accepted_ms, accepted_ms);
            }
        }
    }
    assert_int_equal(got, OPEN / 2); /* the parked ones wait for a person */
    struct page page = ask_ok(&house, VIEWER, "show", ARGS("id", given[1].id_text));
    assert_field(&house, &page, 0, "body_bytes", "12");
    assert_field(&house, &page, 2, "event", "cut");
    page =
        ask_ok(&house, VIEWER, "show", ARGS("id", given[0].id_text)); /* closed: in the archive */
    assert_field(&house, &page, 0, "body_bytes", NULL);
    assert_field(&house, &page, 1, "state", "taken");
    ask_ok(&house, OPERATOR, "replay", ARGS("id", given[1].id_text, "reason", "đã sửa"));
    house_settle(&house);
    assert_true(house_hear(&house, party.link, FRAME_DELIVER, 2000, &frame));
    assert_int_equal(frame.deliver.items[0].position, given[1].position);
    assert_int_equal(frame.deliver.items[0].body.size, 12);
}

/* ---- never an empty state ---- */

static enum lt_status try_open(void)
{
    struct fault fault;
    struct broker *broker = NULL;
    fault_init(&fault);
    struct broker_options options = {
        .clock = &house.clock.clock,
        .entropy = &house.entropy.entropy,
        .port = world_net_server(house.net, 0),
        .backend = backend_memory_door(house.backend),
        .state = {.path = house.state_path,
                  .base = house.base_path,
                  .map_bytes = 256 << 20,
                  .applier_inline = true,
                  .no_sync = true,
                  .seed = 11},
        .operators = operators_door(house.operators),
        .owner = "test",
    };
    enum lt_status status = broker_open(&broker, &options, &fault);
    broker_close(&broker);
    return status;
}

static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
    assert_int_not_equal(fputc(byte ^ 4, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void a_lost_base_is_damage_and_never_an_empty_state(void **state)
{
    (void)state;
    char kept[300];
    cut_all();
    broker_close(&house.broker);
    unlink(house.state_path);
    const long places[] = {2, 6, 30, 300, -40, -1};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        flip(house.base_path, places[i]);
        enum lt_status status = try_open();
        assert_int_equal(status, LT_DAMAGED);
        assert_int_equal(try_open(), status); /* nor at the second try */
        flip(house.base_path, places[i]);
    }
    snprintf(kept, sizeof(kept), "%s.kept", house.base_path);
    assert_int_equal(rename(house.base_path, kept), 0);
    assert_int_equal(try_open(), LT_DAMAGED);
    assert_int_equal(rename(kept, house.base_path), 0);
    house_open_broker(&house);
    assert_int_equal(transfer_of(&given[0]).legs[0].state, LEG_TAKEN);
}

/* ---- made anew from the archive ---- */

static char *archive_folder;

/* A month later everything so far is in an archive; then the cut. */
static void archive_and_cut(void)
{
    const struct journal_backend door = backend_memory_door(house.backend);
    struct archive_run_report report;
    struct cut_report cut_report;
    struct fault fault;
    fault_init(&fault);
    archive_folder = folder_take();
    struct archive_run_options options = {
        .from = &door, .folder = archive_folder, .until = ARCHIVE_MONTH_LAST};
    uint64_t below = carry_all();
    world_advance(&house.world, 40LL * 24 * 3600 * 1000);
    add_agency(&house, "Z", 9);
    house_settle(&house);
    assert_int_equal(archive_run(&options, &report, &fault), LT_OK);
    assert_true(report.archived_to >= below);
    broker_close(&house.broker);
    assert_int_equal(cut(below, below, false, &cut_report), LT_OK);
    house_open_broker(&house);
    house_settle(&house);
}

static enum lt_status rebase(struct fault *fault)
{
    struct archive *archive = NULL;
    struct rebase_report report;
    fault_init(fault);
    enum lt_status status = archive_open(&archive, archive_folder, fault);
    struct rebase_options options = {
        .broker = {.clock = &house.clock.clock,
                   .entropy = &house.entropy.entropy,
                   .backend = backend_memory_door(house.backend),
                   .state = {.path = house.state_path,
                             .base = house.base_path,
                             .map_bytes = 256 << 20,
                             .applier_inline = true,
                             .no_sync = true},
                   .owner = "test"},
        .archive = archive,
    };
    if (status == LT_OK) {
        status = rebase_run(&options, &report, fault);
    }
    if (status == LT_OK) {
        assert_int_equal(report.damaged, 0);
        assert_int_equal(report.base.below, first_held());
    }
    archive_close(&archive);
    return status;
}

/* As a release with another fold would have written it: its number is another, the digest fits. */
static void make_foreign(void)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(house.base_path, "r+b");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    assert_in_range(size, 100, sizeof(bytes) - 1);
    bytes[7]++;
    struct lt_digest digest =
        digest_of(house.digester, (struct lt_bytes){bytes, size - sizeof(digest.bytes)});
    memcpy(bytes + size - sizeof(digest.bytes), digest.bytes, sizeof(digest.bytes));
    rewind(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Everything the state says, again; with a fact behind it. */
static void same_as(const struct lt_digest *before)
{
    house_open_broker(&house);
    struct lt_digest now = picture();
    assert_memory_equal(&now, before, sizeof(now));
    assert_int_equal(transfer_of(&given[0]).legs[0].state, LEG_TAKEN);
    assert_int_equal(transfer_of(&given[2]).legs[0].state, LEG_READY);
}

static void a_base_of_another_fold_is_made_anew(void **state)
{
    (void)state;
    struct fault fault;
    archive_and_cut();
    struct lt_digest before = picture();
    broker_close(&house.broker);
    make_foreign();
    assert_int_equal(unlink(house.state_path), 0);
    assert_int_equal(try_open(), LT_FORMAT_UNKNOWN);
    assert_int_equal(try_open(), LT_FORMAT_UNKNOWN);
    assert_int_equal(rebase(&fault), LT_OK);
    same_as(&before);
    /* And the new base alone carries it. */
    before = picture();
    broker_close(&house.broker);
    assert_int_equal(unlink(house.state_path), 0);
    same_as(&before);
    folder_drop(archive_folder);
}

static void a_lost_base_is_made_anew(void **state)
{
    (void)state;
    struct fault fault;
    archive_and_cut();
    struct lt_digest before = picture();
    broker_close(&house.broker);
    assert_int_equal(unlink(house.state_path), 0);
    assert_int_equal(unlink(house.base_path), 0);
    assert_int_equal(try_open(), LT_DAMAGED);
    assert_int_equal(rebase(&fault), LT_OK);
    same_as(&before);
    folder_drop(archive_folder);
}

static void without_its_archive_no_base_is_made(void **state)
{
    (void)state;
    struct fault fault;
    archive_folder = folder_take();
    house_settle(&house);
    broker_close(&house.broker);
    assert_int_equal(rebase(&fault), LT_NOT_FOUND); /* no month in it */
    house_open_broker(&house);
    folder_drop(archive_folder);
    archive_and_cut();
    broker_close(&house.broker);
    assert_int_equal(program_run(archive_folder, "find . -name *.lta -delete"), 0);
    assert_int_equal(rebase(&fault), LT_NOT_FOUND);
    assert_true(there(house.base_path));
    house_open_broker(&house);
    folder_drop(archive_folder);
}

static void an_old_state_is_set_aside_for_the_base(void **state)
{
    (void)state;
    char old[300];
    house_settle(&house);
    broker_close(&house.broker);
    snprintf(old, sizeof(old), "%s.old", house.state_path);
    assert_int_equal(program_run(NULL, "cp %s %s", house.state_path, old), 0);
    house_open_broker(&house);
    say(&house, &given[2], 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "");
    cut_all();
    struct lt_digest used = picture();
    broker_close(&house.broker);
    assert_int_equal(rename(old, house.state_path), 0);
    house_open_broker(&house);
    struct lt_digest loaded = picture();
    assert_memory_equal(&used, &loaded, sizeof(used));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(an_order_to_carry_has_bounds),
        TEST(what_is_open_is_carried_and_nothing_else),
        TEST(a_restart_goes_on_carrying),
        TEST(a_damaged_record_does_not_hold_up_the_others),
        TEST(nothing_unarchived_is_cut),
        TEST(nothing_live_is_cut),
        TEST(a_damaged_record_is_cut_and_backups_go_on),
        TEST(a_state_that_is_behind_is_not_cut),
        TEST(base_and_tail_are_the_live_state),
        TEST(old_duplicates_are_recognised),
        TEST(open_legs_are_delivered_with_their_bytes),
        TEST(a_lost_base_is_damage_and_never_an_empty_state),
        TEST(an_old_state_is_set_aside_for_the_base),
        TEST(a_base_of_another_fold_is_made_anew),
        TEST(a_lost_base_is_made_anew),
        TEST(without_its_archive_no_base_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
