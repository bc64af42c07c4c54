/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The axis' log as an agency sees it: the first key is kept, a log that grows is believed, one that
 * is shorter, forked, signed by a stranger or leads elsewhere is refused, each by its own code; a
 * declared restore is believed by its statement; receipts are proven before they are kept.
 */
#include "sdk_test.h"

#include "adapters/sdk/box_receipts.h"
#include "proto/receipt.h"

#define NAME    "truc.example/log"
#define COMMITS 40

/* An axis' log in a few lines: commits of one leaf each. */
struct axis {
    struct digester *digester;
    struct signer signer;
    struct lt_digest hashes[COMMITS];
    uint8_t leaves[COMMITS][LEAF_BYTES_MAX];
    struct lt_bytes leaf[COMMITS];
    uint32_t count;
    uint8_t note[NOTE_BYTES_MAX];
    char key[NOTE_VKEY_MAX];
    struct merkle_path path;
};

static struct axis one, other;

static void axis_open(struct axis *axis, struct bench *b, const char *stem)
{
    char secret[128], public[128];
    struct fault fault;
    fault_init(&fault);
    memset(axis, 0, sizeof(*axis));
    snprintf(secret, sizeof(secret), "%s/%s.key", b->folder, stem);
    snprintf(public, sizeof(public), "%s/%s.pem", b->folder, stem);
    assert_int_equal(digester_open(&axis->digester), LT_OK);
    assert_int_equal(signer_make_file(SIGN_ED25519, 0, secret, public, &fault), LT_OK);
    assert_int_equal(signer_open_file(secret, &axis->signer, &fault), LT_OK);
    struct note_key key = {NAME, axis->signer.public_key};
    assert_true(note_vkey_write(axis->key, axis->digester, &key));
}

static void axis_close(struct axis *axis)
{
    signer_close(&axis->signer);
    digester_close(&axis->digester);
}

static int setup(void **state)
{
    (void)bench_setup(state);
    axis_open(&one, *state, "one");
    axis_open(&other, *state, "other");
    return 0;
}

static int teardown(void **state)
{
    axis_close(&one);
    axis_close(&other);
    return bench_teardown(state);
}

static void axis_add(struct axis *axis, const struct leaf *leaf, uint64_t position)
{
    uint8_t entry_bytes[COMMIT_BYTES];
    uint32_t at = axis->count++;
    axis->leaf[at] = leaf_write(axis->leaves[at], LEAF_BYTES_MAX, leaf);
    struct lt_digest hash = merkle_leaf(axis->digester, axis->leaf[at]);
    struct commit_entry entry = {position, 1, hash};
    commit_entry_write(entry_bytes, &entry);
    axis->hashes[at] =
        merkle_leaf(axis->digester, (struct lt_bytes){entry_bytes, sizeof(entry_bytes)});
}

static void axis_grow(struct axis *axis, uint32_t count, uint8_t mark)
{
    for (uint32_t i = 0; i < count; i++) {
        struct leaf leaf = {.kind = LEAF_OUTCOME, .salt = {mark}, .outcome = {.position = i + 1}};
        axis_add(axis, &leaf, axis->count * 10 + 1);
    }
}

/* A signed checkpoint of its first `size` commits. */
static struct lt_bytes axis_sign(struct axis *axis, uint32_t size, uint32_t incarnation)
{
    uint8_t text[CHECKPOINT_TEXT_MAX];
    size_t note_size;
    struct checkpoint checkpoint = {.head = {size, merkle_root(axis->digester, axis->hashes, size)},
                                    .position = size * 10ull + 1,
                                    .time_ms = 1790000000000};
    assert_true(origin_write(checkpoint.origin, NAME, incarnation));
    assert_int_equal(note_sign(axis->digester, &axis->signer, NAME,
                               checkpoint_write(text, &checkpoint), axis->note, &note_size),
                     LT_OK);
    return (struct lt_bytes){axis->note, note_size};
}

static struct lt_bytes axis_path(struct axis *axis, uint32_t first, uint32_t second)
{
    struct merkle_array array = {axis->digester, axis->hashes, axis->count};
    struct merkle_source source = merkle_array_source(&array);
    assert_int_equal(merkle_source_consistency(&source, axis->digester, first, second, &axis->path),
                     LT_OK);
    return (struct lt_bytes){axis->path.nodes[0].bytes, axis->path.count * 32};
}

/* ---- the line ---- */

static void welcomed(struct bench *b, uint64_t number, struct axis *axis, struct lt_bytes note)
{
    struct frame frame = {.kind = FRAME_NONE};
    for (int i = 0; i < 200 && frame.kind != FRAME_HELLO; i++) {
        step(b);
        if (!line_hear(&b->line, &frame)) {
            fake_time_pass(&b->time, 100);
        }
    }
    assert_int_equal(frame.kind, FRAME_HELLO);
    frame = fake_welcome(&b->line, number, b->time.wall_ms);
    frame.welcome.log_key = text_bytes(axis->key);
    frame.welcome.checkpoint = note;
    line_say_raw(&b->line, &frame);
    step(b);
    line_hear_one(&b->line, FRAME_GRANT);
}

static struct log_ask asked(struct bench *b)
{
    return line_hear_one(&b->line, FRAME_LOG_ASK).log_ask;
}

static void prove(struct bench *b, struct log_proof proof)
{
    struct frame frame = {.kind = FRAME_LOG_PROOF, .log_proof = proof};
    line_say(&b->line, &frame);
    step(b);
}

static void assert_log(struct bench *b, uint64_t size, enum lt_status refused)
{
    struct lt_client_state state;
    lt_client_state(b->client, &state);
    assert_int_equal(state.log_size, size);
    assert_int_equal(state.log_refused, refused);
    assert_true(state.connected); /* transfers go on */
}

static void it_grows(void **state)
{
    struct bench *b = *state;
    axis_grow(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 4, 0));
    assert_log(b, 4, LT_OK); /* the first one is taken as it is */
    bench_restart(b);
    welcomed(b, 12, &one, axis_sign(&one, 9, 0));
    assert_log(b, 4, LT_OK); /* not before it is proven */
    struct log_ask ask = asked(b);
    assert_int_equal(ask.size, 4);
    assert_true(bytes_equal(ask.origin, text_bytes(NAME)));
    prove(b, (struct log_proof){.number = ask.number,
                                .checkpoint = axis_sign(&one, 9, 0),
                                .first = 4,
                                .path = axis_path(&one, 4, 9)});
    assert_log(b, 9, LT_OK);
    bench_restart(b);
    welcomed(b, 13, &one, axis_sign(&one, 9, 0));
    assert_log(b, 9, LT_OK);
}

static void rolled_back(void **state)
{
    struct bench *b = *state;
    axis_grow(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 9, 0));
    bench_restart(b);
    welcomed(b, 12, &one, axis_sign(&one, 5, 0));
    assert_log(b, 9, LT_LOG_ROLLED_BACK);
    struct log_ask ask = asked(b); /* it goes on asking */
    prove(b, (struct log_proof){.number = ask.number, .code = LT_LOG_ROLLED_BACK});
    assert_log(b, 9, LT_LOG_ROLLED_BACK);
    axis_grow(&one, 2, 1);
    struct frame frame = {.kind = FRAME_BEAT};
    for (int i = 0; i < 2; i++) {
        fake_time_pass(&b->time, 31000);
        line_say(&b->line, &frame); /* the lease */
        step(b);
    }
    do {
        assert_true(line_hear(&b->line, &frame)); /* beats are in between */
    } while (frame.kind != FRAME_LOG_ASK);
    prove(b, (struct log_proof){.number = frame.log_ask.number,
                                .checkpoint = axis_sign(&one, 11, 0),
                                .first = 9,
                                .path = axis_path(&one, 9, 11)});
    assert_log(b, 11, LT_OK); /* and believes what is proven */
}

static void forked(void **state)
{
    struct bench *b = *state;
    struct axis *fork = &other;
    axis_grow(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 6, 0));
    /* The same key signs another history. */
    axis_grow(fork, 9, 2);
    signer_close(&fork->signer);
    fork->signer = (struct signer){0};
    struct signer kept = fork->signer;
    fork->signer = one.signer;
    memcpy(fork->key, one.key, sizeof(fork->key));
    bench_restart(b);
    welcomed(b, 12, fork, axis_sign(fork, 6, 0)); /* as large, another root */
    assert_log(b, 6, LT_LOG_FORKED);
    bench_restart(b);
    welcomed(b, 13, fork, axis_sign(fork, 9, 0));
    struct log_ask ask = asked(b);
    prove(b, (struct log_proof){.number = ask.number,
                                .checkpoint = axis_sign(fork, 9, 0),
                                .first = 6,
                                .path = axis_path(fork, 6, 9)});
    assert_log(b, 6, LT_LOG_FORKED);
    fork->signer = kept;
}

static void of_a_stranger(void **state)
{
    struct bench *b = *state;
    axis_grow(&one, 3, 1);
    axis_grow(&other, 3, 1);
    welcomed(b, 11, &one, axis_sign(&one, 3, 0));
    bench_restart(b);
    welcomed(b, 12, &other, axis_sign(&other, 3, 0)); /* another key */
    assert_log(b, 3, LT_NOTE_FOREIGN);
    bench_restart(b);
    welcomed(b, 13, &one, axis_sign(&other, 3, 0)); /* its note under our key */
    assert_log(b, 3, LT_NOTE_FOREIGN);
    bench_restart(b);
    struct lt_bytes note = axis_sign(&one, 3, 0);
    one.note[5] ^= 1;
    welcomed(b, 14, &one, note);
    assert_log(b, 3, LT_NOTE_SIGNATURE);
}

static void declared(void **state)
{
    struct bench *b = *state;
    uint8_t text[CHECKPOINT_TEXT_MAX], note[NOTE_BYTES_MAX];
    size_t size;
    struct break_statement statement = {.from = NAME,
                                        .to = NAME "/1",
                                        .position = 50,
                                        .time_ms = 1790000000000,
                                        .by = "truc-ban-1"};
    axis_grow(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 9, 0));
    statement.head = (struct merkle_head){9, merkle_root(one.digester, one.hashes, 9)};
    /* A new incarnation without a statement is a fork. */
    one.count = 5;
    axis_grow(&one, 1, 7);
    bench_restart(b);
    welcomed(b, 12, &one, axis_sign(&one, 6, 1));
    assert_log(b, 9, LT_OK);
    struct log_ask ask = asked(b);
    prove(b, (struct log_proof){.number = ask.number, .checkpoint = axis_sign(&one, 6, 1)});
    assert_log(b, 9, LT_LOG_FORKED);
    /* With a statement that names what we know it is a restore. */
    bench_restart(b);
    welcomed(b, 13, &one, axis_sign(&one, 6, 1));
    ask = asked(b);
    assert_int_equal(
        note_sign(one.digester, &one.signer, NAME, break_write(text, &statement), note, &size),
        LT_OK);
    prove(b, (struct log_proof){.number = ask.number,
                                .checkpoint = axis_sign(&one, 6, 1),
                                .broken = {note, size}});
    assert_log(b, 6, LT_OK);
}

/* ---- receipts ---- */

static struct receipts receipt_of(struct axis *axis, uint32_t at, struct receipt_item *item)
{
    struct merkle_array array = {axis->digester, axis->hashes, axis->count};
    struct merkle_source source = merkle_array_source(&array);
    assert_int_equal(merkle_source_path(&source, axis->digester, axis->count, at, &axis->path),
                     LT_OK);
    *item = (struct receipt_item){0, axis->leaf[at]};
    return (struct receipts){.checkpoint = axis_sign(axis, axis->count, 0),
                             .index = at,
                             .position = 900,
                             .leaves = 1,
                             .log_path = {axis->path.nodes[0].bytes, axis->path.count * 32},
                             .items = item,
                             .count = 1};
}

static void say_receipt(struct bench *b, const struct receipts *receipts)
{
    struct frame frame = {.kind = FRAME_RECEIPTS, .receipts = *receipts};
    line_say(&b->line, &frame);
    step(b);
}

static bool kept(struct bench *b, uint64_t position)
{
    struct box_txn txn;
    struct lt_bytes bytes;
    struct frame frame;
    assert_int_equal(box_read(b->client->box, &txn), LT_OK);
    bool found = receipts_at(&txn, position, &bytes) == LT_OK &&
                 frame_read(bytes, &b->line.arena, &frame, NULL) == LT_OK &&
                 frame.kind == FRAME_RECEIPTS;
    box_read_end(&txn);
    return found;
}

static void receipts_are_proven(void **state)
{
    struct bench *b = *state;
    struct receipt_item item;
    struct lt_client_state seen;
    axis_grow(&one, 6, 1);
    welcomed(b, 11, &one, axis_sign(&one, 6, 0));
    struct lt_sent sent = submit_ok(b, "k-1", "HS-1", "{\"a\":1}");
    step(b);
    struct frame submit = hear_submit(b, 1);
    struct leaf leaf = {.kind = LEAF_ACCEPTED,
                        .accepted = {.position = 1,
                                     .id = parcel_id(b, &submit, 0),
                                     .digest = submit.submit.parcels[0].digest,
                                     .from = text_bytes(US)}};
    axis_add(&one, &leaf, 900);
    leaf.accepted.digest.bytes[0] ^= 1; /* the same id, other bytes */
    axis_add(&one, &leaf, 900);
    leaf.accepted.from = text_bytes(THEM); /* of somebody else */
    axis_add(&one, &leaf, 900);
    say_verdict(b, &sent.id, LT_OK);

    struct receipts receipts = receipt_of(&one, 6, &item);
    receipts.log_path.size -= 32;
    say_receipt(b, &receipts);
    assert_log(b, 6, LT_PATH_LENGTH);
    receipts = receipt_of(&one, 6, &item);
    item.leaf = one.leaf[7];
    say_receipt(b, &receipts);
    assert_log(b, 6, LT_PATH_WRONG);
    receipts = receipt_of(&one, 7, &item);
    say_receipt(b, &receipts);
    assert_log(b, 6, LT_RECEIPT_WRONG);
    receipts = receipt_of(&one, 8, &item);
    say_receipt(b, &receipts);
    assert_log(b, 6, LT_RECEIPT_WRONG);
    assert_false(kept(b, 1));
    lt_client_state(b->client, &seen);
    assert_int_equal(seen.receipts, 0);
    receipts = receipt_of(&one, 6, &item);
    say_receipt(b, &receipts);
    assert_true(kept(b, 1));
    lt_client_state(b->client, &seen);
    assert_int_equal(seen.receipts, 1);
    bench_restart(b);
    assert_true(kept(b, 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_grows),      TEST(rolled_back), TEST(forked),
        TEST(of_a_stranger), TEST(declared),    TEST(receipts_are_proven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
