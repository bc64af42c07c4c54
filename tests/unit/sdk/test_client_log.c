/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The axis' log as an agency sees it: the first key is kept, a log that grows is believed, one that
 * is shorter, forked, signed by a stranger or leads elsewhere is refused, each by its own code; a
 * declared restore is believed by its statement; receipts are proven before they are kept, and held
 * against what was sent, what was answered, and the time of the checkpoint before them.
 */
#include "axis_test.h"

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
    prove_grown(b, ask.number, &one, 4, 9);
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
    prove_grown(b, frame.log_ask.number, &one, 9, 11);
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
    prove_grown(b, ask.number, fork, 6, 9);
    assert_log(b, 6, LT_LOG_FORKED);
    fork->signer = kept;
}

/* A proof that is cut short, or of another question, proves nothing and is no fork either. */
static void proofs_that_prove_nothing(void **state)
{
    struct bench *b = *state;
    axis_grow(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 4, 0));
    for (uint64_t wrong = 0; wrong < 3; wrong++) {
        bench_restart(b);
        welcomed(b, 12 + wrong, &one, axis_sign(&one, 9, 0));
        struct log_ask ask = asked(b);
        struct log_proof proof = {.number = ask.number,
                                  .checkpoint = axis_sign(&one, 9, 0),
                                  .first = wrong == 2 ? 3 : 4,
                                  .path = axis_path(&one, wrong == 2 ? 3 : 4, 9)};
        proof.path.size -= wrong == 0 ? 32 : wrong == 1 ? 1 : 0;
        prove(b, proof);
        assert_log(b, 4, LT_PATH_LENGTH);
    }
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
    struct break_statement statement = {
        .from = NAME, .to = NAME "/1", .position = 50, .time_ms = AXIS_TIME_MS, .by = "truc-ban-1"};
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
                                     .time_ms = b->time.wall_ms,
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
    for (uint32_t i = 0; i < 7; i++) { /* the very leaf, by another broker under the same name */
        other.leaf[i] = one.leaf[i];
        other.hashes[i] = one.hashes[i];
    }
    other.count = 7;
    receipts = receipt_of(&other, 6, &item);
    say_receipt(b, &receipts);
    assert_log(b, 6, LT_NOTE_FOREIGN);
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

static void back_dated(void **state)
{
    struct bench *b = *state;
    struct receipt_item item;
    axis_grow(&one, 6, 1);
    welcomed(b, 11, &one, axis_sign(&one, 6, 0));
    struct leaf leaf = {
        .kind = LEAF_ACCEPTED,
        .accepted = {.position = 1, .time_ms = AXIS_TIME_MS - 6 * 60000, .from = text_bytes(US)}};
    axis_add(&one, &leaf, 900);
    struct receipts receipts = receipt_of(&one, 6, &item);
    say_receipt(b, &receipts);
    assert_log(b, 6, LT_RECEIPT_WRONG);
    assert_false(kept(b, 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, axes_setup, axes_teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_grows),
        TEST(rolled_back),
        TEST(forked),
        TEST(proofs_that_prove_nothing),
        TEST(of_a_stranger),
        TEST(declared),
        TEST(receipts_are_proven),
        TEST(back_dated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
