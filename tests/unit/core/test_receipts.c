/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Receipts end to end in memory: the sender's within a second of the verdict, the receiver's of
 * what it settled, each proven from its own bytes up to a checkpoint that extends the one before;
 * what is asked is given to whoever it belongs to and to nobody else; a restart goes on at the very
 * commit.
 */
#include "house_test.h"

#include "broker/core/log_signer.h"
#include "proto/receipt.h"

#define LOG_NAME "truc.example/log"

static struct house house;
static struct log_signer *signer;
static struct sign_checker *checker;
static struct public_key *key;
static char log_folder[300], key_path[300], public_path[310];

static void names(void *self, struct leaves *leaves)
{
    const struct agency *agency;
    (void)self;
    for (uint32_t i = 0; (agency = registry_at(house.flow->registry, i)) != NULL; i++) {
        leaves_name(leaves, agency->number, agency->id);
    }
}

static void open_signer(uint32_t checkpoint_ms)
{
    struct fault fault;
    fault_init(&fault);
    struct log_signer_options options = {
        .log = {.folder = log_folder,
                .backend = backend_memory_door(house.backend),
                .journal_first = journal_first(house.flow->journal),
                .journal_last = journal_durable(house.flow->journal),
                .name = LOG_NAME,
                .names = names},
        .signing_key = key_path,
        .checkpoint_ms = checkpoint_ms,
        .clock = &house.clock.clock,
    };
    assert_int_equal(log_key_make(key_path, &fault), LT_OK);
    enum lt_status status = log_signer_open(&signer, &options, &fault);
    if (status != LT_OK) {
        fail_msg("%s: %s %s", lt_code(status), fault.field, fault.detail);
    }
    struct log_door door = log_signer_door(signer);
    house.flow->settings.log = true;
    broker_attach_log(house.broker, &door);
}

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    snprintf(log_folder, sizeof(log_folder), "%s/log", house.folder);
    snprintf(key_path, sizeof(key_path), "%s/log.key", house.folder);
    snprintf(public_path, sizeof(public_path), "%s/log.key.pub", house.folder);
    add_agency(&house, "A", 1);
    add_agency(&house, "B", 2);
    add_agency(&house, "C", 3);
    house_settle(&house);
    open_signer(200);
    assert_int_equal(sign_checker_open(&checker), LT_OK);
    assert_int_equal(public_key_from_file(public_path, &key, NULL), LT_OK);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    broker_attach_log(house.broker, &(struct log_door){0});
    log_signer_close(&signer);
    public_key_close(&key);
    sign_checker_close(&checker);
    house_deinit(&house);
    return 0;
}

static struct note_trust trust(void)
{
    return (struct note_trust){house.digester, checker, {LOG_NAME, key}};
}

/* The next receipts of a party, proven; the leaf of item 0. */
static struct receipts heard(struct party *party, int64_t ms, struct leaf *ret_leaf,
                             struct checkpoint *ret_checkpoint)
{
    struct frame frame = house_heard(&house, party->link, FRAME_RECEIPTS, ms);
    struct note_trust trusted = trust();
    assert_int_equal(receipts_check(&frame.receipts, &trusted, ret_checkpoint), LT_OK);
    assert_true(leaf_read(frame.receipts.items[0].leaf, ret_leaf));
    return frame.receipts;
}

/* The sender may have the outcome's receipt too; the receiver not the acceptance's; nobody another
 * log, or a size that was never signed. */
static void asked_by(struct party *a, struct party *b, const struct given *one, uint64_t outcome)
{
    struct leaf leaf;
    struct checkpoint newest;
    struct frame frame, ask = {.kind = FRAME_LOG_ASK};
    ask.log_ask = (struct log_ask){.number = 6, .position = outcome};
    party_say(&house, a, &ask);
    (void)heard(a, 1000, &leaf, &newest);
    assert_int_equal(leaf.outcome.accepted, one->position);
    struct party c = party_connect(&house, 3);
    party_say(&house, &c, &ask);
    assert_true(house_hear(&house, c.link, FRAME_LOG_PROOF, 1000, &frame));
    assert_int_equal(frame.log_proof.code, LT_NOT_HERE);
    ask.log_ask = (struct log_ask){.number = 7, .position = one->position};
    party_say(&house, b, &ask);
    assert_true(house_hear(&house, b->link, FRAME_LOG_PROOF, 1000, &frame));
    assert_int_equal(frame.log_proof.code, LT_NOT_HERE);
    /* Another log, and a size nobody signed. */
    ask.log_ask = (struct log_ask){.number = 8, .origin = text_bytes("khac/log"), .size = 1};
    party_say(&house, b, &ask);
    assert_true(house_hear(&house, b->link, FRAME_LOG_PROOF, 1000, &frame));
    assert_int_equal(frame.log_proof.code, LT_NOTE_FOREIGN);
    ask.log_ask = (struct log_ask){.number = 9, .origin = text_bytes(LOG_NAME), .size = 1000};
    party_say(&house, b, &ask);
    assert_true(house_hear(&house, b->link, FRAME_LOG_PROOF, 1000, &frame));
    assert_int_equal(frame.log_proof.code, LT_LOG_ROLLED_BACK);
}

static void to_whom_they_belong(void **state)
{
    (void)state;
    struct leaf leaf;
    struct checkpoint first, second;
    struct party a = party_connect(&house, 1), b = party_connect(&house, 2);
    struct given one = accept(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
    struct given two = accept(&house, &(struct wish){.from = "A", .to = {"C"}, .case_code = "y"});
    accept(&house, &(struct wish){.from = "C", .to = {"A"}, .case_code = "z"});
    struct receipts receipts = heard(&a, 1000, &leaf, &first);
    assert_int_equal(receipts.count, 2); /* C's, of the same commit, is not shown */
    assert_int_equal(receipts.leaves, 3);
    assert_int_equal(leaf.kind, LEAF_ACCEPTED);
    assert_memory_equal(&leaf.accepted.id, &one.id, sizeof(one.id));
    assert_int_equal(leaf.accepted.position, one.position);
    assert_bytes(leaf.accepted.from, "A");
    assert_bytes(leaf.accepted.legs[0], "B");
    assert_true(leaf_read(receipts.items[1].leaf, &leaf));
    assert_memory_equal(&leaf.accepted.id, &two.id, sizeof(two.id));
    assert_string_equal(first.origin, LOG_NAME);

    say_sent(&house, &one, 0);
    say(&house, &one, 0, LT_OUTCOME_TAKEN, 0, LEG_TAKEN, "đã tiếp nhận");
    (void)heard(&b, 1000, &leaf, &second);
    assert_int_equal(leaf.kind, LEAF_OUTCOME);
    assert_int_equal(leaf.outcome.accepted, one.position);
    assert_int_equal(leaf.outcome.outcome, LT_OUTCOME_TAKEN);
    assert_int_equal(leaf.outcome.next, LEG_TAKEN);
    assert_bytes(leaf.outcome.agency, "B");
    assert_true(second.head.size > first.head.size);

    /* What A knew is the beginning of it. */
    struct frame ask = {
        .kind = FRAME_LOG_ASK,
        .log_ask = {.number = 5, .origin = text_bytes(first.origin), .size = first.head.size}};
    struct frame frame;
    struct merkle_path path;
    struct checkpoint newest;
    struct note_trust trusted = trust();
    party_say(&house, &a, &ask);
    assert_true(house_hear(&house, a.link, FRAME_LOG_PROOF, 1000, &frame));
    assert_int_equal(frame.log_proof.code, 0);
    assert_int_equal(frame.log_proof.number, 5);
    assert_int_equal(frame.log_proof.first, first.head.size);
    assert_true(path_from_bytes(frame.log_proof.path, &path));
    assert_int_equal(checkpoint_open(frame.log_proof.checkpoint, &trusted, &newest), LT_OK);
    assert_int_equal(
        merkle_consistency_check(house.digester, &first.head, &newest.head, path.nodes, path.count),
        LT_OK);
    asked_by(&a, &b, &one, leaf.outcome.position);
}

static void in_welcome(void **state)
{
    (void)state;
    struct lt_key own = house_key(1, 1);
    struct frame frame = {.kind = FRAME_HELLO};
    struct world_link *link = world_net_dial(house.net, 0, &own);
    struct note_trust trusted = trust();
    struct checkpoint checkpoint;
    char name[NOTE_NAME_MAX + 1], line[NOTE_VKEY_MAX];
    struct public_key *told;
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
    for (int i = 0; i < 300; i++) {
        house_turn(&house);
    }
    frame.hello = (struct hello){.protocol_min = 1,
                                 .protocol_max = 1,
                                 .instance = {{9, 9}},
                                 .epoch = 1,
                                 .role = ROLE_BOTH,
                                 .software = text_bytes("party")};
    house_say(&house, link, &frame);
    assert_true(house_hear(&house, link, FRAME_WELCOME, 1000, &frame));
    assert_int_equal(checkpoint_open(frame.welcome.checkpoint, &trusted, &checkpoint), LT_OK);
    assert_int_equal(checkpoint.head.size, 1);
    text_copy(line, sizeof(line), frame.welcome.log_key);
    assert_int_equal(note_vkey_open(line, house.digester, name, &told), LT_OK);
    assert_string_equal(name, LOG_NAME);
    assert_memory_equal(public_key_id(told), public_key_id(key), 32);
    public_key_close(&told);
}

static struct frame hello(struct lt_bytes checkpoint)
{
    struct frame frame = {.kind = FRAME_HELLO};
    frame.hello = (struct hello){.protocol_min = 1,
                                 .protocol_max = 1,
                                 .instance = {{9, 9}},
                                 .epoch = 1,
                                 .role = ROLE_BOTH,
                                 .software = text_bytes("party"),
                                 .checkpoint = checkpoint};
    return frame;
}

/* What a Hello tells is proven without a question; with `also`, two things lead to one. */
static void proven_by_itself(void **state)
{
    (void)state;
    uint8_t old[NOTE_BYTES_MAX];
    struct lt_key own = house_key(1, 1);
    struct world_link *link = world_net_dial(house.net, 0, &own);
    struct log_door door = log_signer_door(signer);
    struct note_trust trusted = trust();
    struct checkpoint first, newest;
    struct merkle_path path;
    struct frame heard_frame, frame;
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
    for (int i = 0; i < 300; i++) {
        house_turn(&house);
    }
    struct lt_bytes told = {old, door.checkpoint(door.self, old)};
    assert_int_equal(checkpoint_open(told, &trusted, &first), LT_OK);
    frame = hello(told);
    house_say(&house, link, &frame);
    assert_true(house_hear(&house, link, FRAME_WELCOME, 1000, &heard_frame));
    assert_false(house_hear(&house, link, FRAME_LOG_PROOF, 1000, &heard_frame)); /* it is that */
    for (int i = 0; i < 3; i++) {
        accept_now(&house, &(struct wish){.from = "B", .to = {"C"}, .case_code = "y"});
    }
    for (int i = 0; i < 300; i++) {
        house_turn(&house);
    }
    frame = hello(told);
    frame.hello.epoch = 2;
    house_say(&house, link, &frame);
    assert_true(house_hear(&house, link, FRAME_LOG_PROOF, 1000, &heard_frame));
    const struct log_proof *proof = &heard_frame.log_proof;
    assert_int_equal(proof->number, 0);
    assert_int_equal(proof->code, 0);
    assert_int_equal(proof->first, first.head.size);
    assert_int_equal(checkpoint_open(proof->checkpoint, &trusted, &newest), LT_OK);
    assert_true(newest.head.size > first.head.size);
    assert_true(path_from_bytes(proof->path, &path));
    assert_int_equal(
        merkle_consistency_check(house.digester, &first.head, &newest.head, path.nodes, path.count),
        LT_OK);
    /* What does not read is nothing. */
    frame = hello(text_bytes("truc.example/log\n1\n"));
    frame.hello.epoch = 3;
    house_say(&house, link, &frame);
    assert_true(house_hear(&house, link, FRAME_WELCOME, 1000, &heard_frame));
    assert_false(house_hear(&house, link, FRAME_LOG_PROOF, 1000, &heard_frame));
}

static void two_to_one(void **state)
{
    (void)state;
    struct leaf leaf;
    struct checkpoint first, second, newest;
    struct note_trust trusted = trust();
    struct merkle_path path;
    struct frame frame, ask = {.kind = FRAME_LOG_ASK};
    struct party a = party_connect(&house, 1);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
    (void)heard(&a, 1000, &leaf, &first);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "y"});
    (void)heard(&a, 1000, &leaf, &second);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "z"});
    (void)heard(&a, 1000, &leaf, &newest);
    ask.log_ask = (struct log_ask){.number = 5,
                                   .origin = text_bytes(LOG_NAME),
                                   .size = first.head.size,
                                   .also = second.head.size};
    party_say(&house, &a, &ask);
    assert_true(house_hear(&house, a.link, FRAME_LOG_PROOF, 1000, &frame));
    assert_int_equal(checkpoint_open(frame.log_proof.checkpoint, &trusted, &newest), LT_OK);
    assert_true(path_from_bytes(frame.log_proof.path, &path));
    assert_int_equal(
        merkle_consistency_check(house.digester, &first.head, &newest.head, path.nodes, path.count),
        LT_OK);
    assert_true(path_from_bytes(frame.log_proof.also_path, &path));
    assert_int_equal(merkle_consistency_check(house.digester, &second.head, &newest.head,
                                              path.nodes, path.count),
                     LT_OK);
    ask.log_ask.also = 1000; /* nobody signed that */
    party_say(&house, &a, &ask);
    assert_true(house_hear(&house, a.link, FRAME_LOG_PROOF, 1000, &frame));
    assert_int_equal(frame.log_proof.code, LT_LOG_ROLLED_BACK);
}

static void pass_turns(int turns)
{
    for (int i = 0; i < turns; i++) {
        house_turn(&house);
    }
}

/* One row, once the signer has answered. */
static struct page proof_row(const char *const *args)
{
    struct page page = {.code = LT_BUSY};
    for (int i = 0; i < 50 && page.code == LT_BUSY; i++) {
        page = ask_page(&house, VIEWER, "log-proof", args, 0, (struct lt_bytes){NULL, 0});
    }
    assert_int_equal(page.code, LT_OK);
    assert_int_equal(page.count, 1);
    return page;
}

static struct lt_bytes field_of(const struct page *page, const char *name)
{
    for (uint32_t i = 0; i < page->rows[0].count; i++) {
        if (bytes_equal(page->rows[0].fields[i].name, text_bytes(name))) {
            return page->rows[0].fields[i].value;
        }
    }
    return (struct lt_bytes){NULL, 0};
}

/* What an operator gets, is what an agency gets: checked by whoever asked. */
static void operators_ask(void **state)
{
    (void)state;
    struct note_trust trusted = trust();
    struct checkpoint known, newest;
    struct break_statement broken;
    uint8_t path[32 * MERKLE_PATH_MAX];
    char hex[2 * sizeof(path) + 1];
    char size[24];
    ask_code(&house, VIEWER, "log-proof", ARGS("size", "1"), LT_FIELD_MISSING);
    ask_code(&house, VIEWER, "log-proof", ARGS("origin", LOG_NAME), LT_FIELD_MISSING);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
    pass_turns(300);
    struct page page = proof_row(ARGS());
    assert_int_equal(checkpoint_open(field_of(&page, "checkpoint"), &trusted, &known), LT_OK);
    assert_field(&house, &page, 0, "path", "");
    for (int i = 0; i < 5; i++) {
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
        pass_turns(100);
    }
    snprintf(size, sizeof(size), "%llu", (unsigned long long)known.head.size);
    page = proof_row(ARGS("origin", known.origin, "size", size));
    assert_int_equal(checkpoint_open(field_of(&page, "checkpoint"), &trusted, &newest), LT_OK);
    assert_true(newest.head.size > known.head.size);
    text_copy(hex, sizeof(hex), field_of(&page, "path"));
    assert_true(hex_read(path, strlen(hex) / 2, hex));
    struct log_proof proof = {.first = known.head.size, .path = {path, strlen(hex) / 2}};
    assert_int_equal(checkpoint_extends(&trusted, &known, &newest, &proof, &broken), LT_OK);
    path[0] ^= 1;
    assert_int_equal(checkpoint_extends(&trusted, &known, &newest, &proof, &broken), LT_LOG_FORKED);
    page = proof_row(ARGS("origin", "khac/log", "size", "1"));
    assert_field(&house, &page, 0, "code", "note-foreign");
    page = proof_row(ARGS("origin", known.origin, "size", "1000"));
    assert_field(&house, &page, 0, "code", "log-rolled-back");
    /* More questions than places: the oldest are forgotten, nothing is kept for ever. */
    for (int i = 1; i <= 9; i++) {
        snprintf(size, sizeof(size), "%d", 2000 + i);
        ask_page(&house, VIEWER, "log-proof", ARGS("origin", known.origin, "size", size), 0,
                 (struct lt_bytes){NULL, 0});
    }
    page = proof_row(ARGS("origin", known.origin, "size", size));
    assert_field(&house, &page, 0, "code", "log-rolled-back");
    broker_attach_log(house.broker, &(struct log_door){0});
    ask_code(&house, VIEWER, "log-proof", ARGS(), LT_NOT_HERE);
    struct log_door door = log_signer_door(signer);
    broker_attach_log(house.broker, &door);
}

/* Nobody listens for long: nothing waits for it, and the receipt may be asked for later. */
static void nobody_is_there(void **state)
{
    (void)state;
    struct leaf leaf;
    struct checkpoint checkpoint;
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
    for (int i = 0; i < 500; i++) {
        house_turn(&house);
    }
    assert_int_equal(house.flow->counters.receipts_unsent, 1);
    struct party a = party_connect(&house, 1);
    struct frame ask = {.kind = FRAME_LOG_ASK, .log_ask = {.position = given.position}};
    party_say(&house, &a, &ask);
    (void)heard(&a, 1000, &leaf, &checkpoint);
    assert_int_equal(leaf.accepted.position, given.position);
}

/* Killed before it signed: the commit is signed by the next life, once, and told. */
static void over_a_restart(void **state)
{
    (void)state;
    struct leaf leaf;
    struct checkpoint before, after;
    struct party a = party_connect(&house, 1);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
    (void)heard(&a, 1000, &leaf, &before);
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "y"});
    broker_attach_log(house.broker, &(struct log_door){0});
    log_signer_close(&signer);
    open_signer(200);
    (void)heard(&a, 1000, &leaf, &after);
    assert_int_equal(leaf.accepted.position, given.position);
    assert_int_equal(after.head.size, before.head.size + 1);
}

/* A log that cannot be written stops nothing, and goes on when it can. */
static void a_log_that_fails(void **state)
{
    (void)state;
    struct leaf leaf;
    struct checkpoint checkpoint;
    struct log_about about;
    struct log_door door = log_signer_door(signer);
    char tile[320], away[320];
    struct party a = party_connect(&house, 1);
    accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "x"});
    (void)heard(&a, 1000, &leaf, &checkpoint);
    snprintf(away, sizeof(away), "%s/away", log_folder);
    snprintf(tile, sizeof(tile), "%s/tile", log_folder);
    assert_int_equal(rename(tile, away), 0);
    int fd = open(tile, O_CREAT | O_WRONLY | O_CLOEXEC, 0600); /* a file where a folder was */
    assert_true(fd >= 0);
    close(fd);
    struct given given =
        accept_now(&house, &(struct wish){.from = "A", .to = {"B"}, .case_code = "y"});
    for (int i = 0; i < 500; i++) {
        house_turn(&house);
    }
    door.about(door.self, &about);
    assert_true(about.failures > 0);
    assert_int_equal(given.code, LT_OK);
    assert_int_equal(unlink(tile), 0);
    assert_int_equal(rename(away, tile), 0);
    (void)heard(&a, 2 * LOG_AGAIN_MS, &leaf, &checkpoint);
    assert_int_equal(leaf.accepted.position, given.position);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(to_whom_they_belong), TEST(in_welcome), TEST(operators_ask),  TEST(nobody_is_there),
        TEST(proven_by_itself),    TEST(two_to_one), TEST(over_a_restart), TEST(a_log_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
