/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an agency does by itself about the axis' log: it tells what it holds and believes the proof
 * that comes without a question; it proves the checkpoints of receipts beside its own; a configured
 * key counts and no other; a receipt that does not come is asked for and, in session time, an
 * alarm; a proof that never comes is one, too; what was refused is remembered.
 */
#include "axis_test.h"

#include "proto/base/file.h"

static struct lt_client_state seen(struct bench *b)
{
    struct lt_client_state state;
    lt_client_state(b->client, &state);
    return state;
}

/* Session time goes on: the lease is kept by beats. What the agency asked meanwhile is dropped, the
 * last question about a checkpoint and about a position are given. */
struct questions {
    struct log_ask checkpoint;
    struct log_ask receipt;
    uint32_t receipts;
};

static struct questions live(struct bench *b, int64_t ms)
{
    struct questions questions = {.receipts = 0};
    struct frame frame;
    while (ms > 0) {
        int64_t slice_ms = ms < 2000 ? ms : 2000;
        struct frame beat = {.kind = FRAME_BEAT, .beat = {.submit = {64, 256 * 1024}}};
        fake_time_pass(&b->time, slice_ms);
        line_say(&b->line, &beat);
        step(b);
        while (line_hear(&b->line, &frame)) {
            bool about_one = frame.kind == FRAME_LOG_ASK && frame.log_ask.position != 0;
            questions.receipts += about_one ? 1 : 0;
            questions.receipt = about_one ? frame.log_ask : questions.receipt;
            questions.checkpoint =
                frame.kind == FRAME_LOG_ASK && !about_one ? frame.log_ask : questions.checkpoint;
        }
        ms -= slice_ms;
    }
    return questions;
}

static void proven_after_hello(void **state)
{
    struct bench *b = *state;
    axis_grow(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 4, 0));
    struct lt_bytes note = axis_sign(&one, 4, 0);
    uint8_t kept[NOTE_BYTES_MAX];
    memcpy(kept, note.data, note.size);
    bench_restart(b);
    struct frame frame = hear_hello(b);
    assert_true(bytes_equal(frame.hello.checkpoint, (struct lt_bytes){kept, note.size}));
    frame = fake_welcome(&b->line, 12, b->time.wall_ms);
    frame.welcome.log_key = text_bytes(one.key);
    frame.welcome.checkpoint = axis_sign(&one, 7, 0);
    line_say_raw(&b->line, &frame);
    step(b);
    prove_grown(b, 0, &one, 4, 9);
    assert_log(b, 9, LT_OK);
    /* Nothing is left to ask. */
    assert_int_equal(live(b, 70000).checkpoint.number, 0);
    /* Told unasked and about another checkpoint: nothing. */
    prove(b, (struct log_proof){
                 .number = 0, .checkpoint = axis_sign(&one, 9, 0), .first = 3, .path = {0}});
    assert_log(b, 9, LT_OK);
}

/* The log has grown from 4 commits to `newest`, over the `also` of a receipt's checkpoint. */
static void prove_both(struct bench *b, uint64_t number, uint32_t also, uint32_t newest)
{
    struct lt_bytes path = axis_path(&one, 4, newest);
    struct merkle_path copy = one.path; /* the second path takes its place */
    path.data = copy.nodes[0].bytes;
    prove(b, (struct log_proof){.number = number,
                                .checkpoint = axis_sign(&one, newest, 0),
                                .first = 4,
                                .path = path,
                                .also_path = axis_path(&one, also, newest)});
}

/* The axis shows one log to who asks and signs receipts of another. */
static void two_faced(void **state)
{
    struct bench *b = *state;
    struct receipt_item item;
    axis_grow_told(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 4, 0));
    /* The same four commits, and then others; the same key. */
    axis_grow_told(&other, 4, 1);
    axis_grow_told(&other, 2, 9);
    struct signer kept_signer = other.signer;
    other.signer = one.signer;
    struct receipts receipts = receipt_of(&other, 5, &item);
    say_receipt(b, &receipts);
    assert_int_equal(seen(b).receipts, 1); /* proven, as far as it goes */
    struct questions questions = live(b, 60000);
    assert_int_equal(questions.checkpoint.size, 4);
    assert_int_equal(questions.checkpoint.also, 6);
    prove_both(b, questions.checkpoint.number, 6, 9);
    assert_log(b, 4, LT_LOG_FORKED);
    /* A later receipt of the honest log, and its proof, do not make it undone. */
    receipts = receipt_of(&one, 8, &item);
    say_receipt(b, &receipts);
    questions = live(b, 60000);
    assert_int_equal(questions.checkpoint.also, 6);
    other.signer = kept_signer;
    /* Only the proof of what was signed does. */
    b->time.wall_ms += 1;
    bench_restart(b);
    assert_int_equal(seen(b).log_refused, LT_LOG_FORKED); /* remembered */
}

static void receipts_lead_on(void **state)
{
    struct bench *b = *state;
    struct receipt_item item;
    axis_grow_told(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 4, 0));
    struct receipts receipts = receipt_of(&one, 8, &item);
    say_receipt(b, &receipts);
    struct questions questions = live(b, 60000);
    assert_int_equal(questions.checkpoint.also, 9);
    axis_grow_told(&one, 3, 1);
    prove_both(b, questions.checkpoint.number, 9, 12);
    assert_log(b, 12, LT_OK);
    assert_int_equal(live(b, 130000).checkpoint.number, 0);
}

/* A larger one comes while the first is asked about: the answer is about the first. */
static void receipts_beside_a_question(void **state)
{
    struct bench *b = *state;
    struct receipt_item item;
    axis_grow_told(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 4, 0));
    struct receipts receipts = receipt_of(&one, 5, &item);
    say_receipt(b, &receipts);
    struct questions questions = live(b, 60000);
    assert_int_equal(questions.checkpoint.also, 9);
    axis_grow_told(&one, 3, 1);
    receipts = receipt_of(&one, 11, &item);
    say_receipt(b, &receipts);
    prove_both(b, questions.checkpoint.number, 9, 12);
    assert_log(b, 12, LT_OK);
    assert_int_equal(live(b, 130000).checkpoint.also, 12); /* that one is asked about next */
}

static void reopen(struct bench *b, const char *log_key)
{
    b->options.log_key = log_key;
    bench_restart(b);
}

static void pinned(void **state)
{
    struct bench *b = *state;
    char path[160];
    struct lt_client *client = NULL;
    struct lt_problem problem;
    axis_grow(&one, 5, 1);
    axis_grow(&other, 5, 1);
    reopen(b, one.key);
    welcomed(b, 11, &other, axis_sign(&other, 5, 0));
    assert_log(b, 0, LT_NOTE_FOREIGN);
    bench_restart(b);
    welcomed(b, 12, &one, axis_sign(&one, 5, 0));
    assert_log(b, 5, LT_OK);
    assert_true(seen(b).log_pinned);
    assert_string_equal(seen(b).log_key, one.key);
    /* Another key is configured than the one that was kept: told, until an axis comes with it. */
    snprintf(path, sizeof(path), "%s/log.key", b->folder);
    char line[NOTE_VKEY_MAX + 1];
    snprintf(line, sizeof(line), "%s\n", other.key);
    assert_int_equal(file_write(path, text_bytes(line), 0644, NULL), LT_OK);
    reopen(b, path);
    assert_int_equal(seen(b).log_refused, LT_NOTE_FOREIGN);
    welcomed(b, 13, &one, axis_sign(&one, 5, 0));
    assert_log(b, 0, LT_NOTE_FOREIGN);
    bench_restart(b);
    welcomed(b, 14, &other, axis_sign(&other, 5, 0));
    assert_log(b, 5, LT_OK);
    /* What is no key is no configuration. */
    lt_client_close(&b->client);
    b->options.log_key = "truc+0000+AAAA";
    struct client_port port = line_port(&b->line);
    assert_int_equal(client_open_port(&client, port, NULL, &b->time.clock, &b->time.entropy,
                                      &b->options, &problem),
                     LT_CONFIG_BAD);
    assert_string_equal(problem.field, "log_key");
    b->options.log_key = NULL;
    bench_open(b);
    assert_false(seen(b).log_pinned);
    assert_string_equal(seen(b).log_key, other.key); /* what was configured last is kept */
}

static void overdue(void **state)
{
    struct bench *b = *state;
    struct receipt_item item;
    axis_grow(&one, 6, 1);
    welcomed(b, 11, &one, axis_sign(&one, 6, 0));
    struct lt_sent sent = submit_ok(b, "k-1", "HS-1", "{\"a\":1}");
    step(b);
    struct frame submit = hear_submit(b, 1);
    struct leaf leaf = {.kind = LEAF_ACCEPTED,
                        .accepted = {.position = 1,
                                     .time_ms = AXIS_TIME_MS,
                                     .id = parcel_id(b, &submit, 0),
                                     .digest = submit.submit.parcels[0].digest,
                                     .from = text_bytes(US)}};
    say_verdict(b, &sent.id, LT_OK);
    axis_add(&one, &leaf, 900);
    struct questions questions = live(b, 8000);
    assert_int_equal(questions.receipts, 0);
    assert_int_equal(seen(b).receipts_missing, 1);
    questions = live(b, 6000);
    assert_int_equal(questions.receipts, 1); /* asked for, quietly */
    assert_int_equal(questions.receipt.position, 1);
    prove(b, (struct log_proof){.number = questions.receipt.number, .code = LT_NOT_HERE});
    assert_log(b, 6, LT_OK); /* that says nothing about checkpoints */
    /* A line that is down for a night is no reproach. */
    b->line.link = LINK_DOWN;
    step(b);
    fake_time_pass(&b->time, 8 * 3600 * 1000LL);
    step(b);
    assert_false(seen(b).receipts_overdue);
    b->line.link = LINK_UP;
    welcomed(b, 12, &one, axis_sign(&one, 6, 0));
    questions = live(b, 30000);
    assert_int_equal(questions.receipts, 1); /* again, in the new session */
    assert_false(seen(b).receipts_overdue);
    (void)live(b, 20000);
    assert_true(seen(b).receipts_overdue);
    questions = live(b, 60000);
    assert_int_equal(questions.receipts, 1); /* and every minute */
    /* The life of the process is no excuse: it begins anew, and is told outside. */
    bench_restart(b);
    assert_true(seen(b).receipts_overdue);
    welcomed(b, 13, &one, axis_sign(&one, 6, 0));
    assert_int_equal(live(b, 12000).receipts, 1);
    struct receipts receipts = receipt_of(&one, 6, &item);
    say_receipt(b, &receipts);
    (void)live(b, 2000);
    assert_false(seen(b).receipts_overdue);
    assert_int_equal(seen(b).receipts_missing, 0);
}

/* An axis without a log owes none. */
static void nothing_promised(void **state)
{
    struct bench *b = *state;
    connect_line(b, 11);
    struct lt_sent sent = submit_ok(b, "k-1", "HS-1", "{\"a\":1}");
    step(b);
    (void)hear_submit(b, 1);
    say_verdict(b, &sent.id, LT_OK);
    assert_int_equal(live(b, 70000).receipts, 0);
    assert_false(seen(b).receipts_overdue);
}

static void unproven(void **state)
{
    struct bench *b = *state;
    axis_grow(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 4, 0));
    bench_restart(b);
    welcomed(b, 12, &one, axis_sign(&one, 9, 0));
    struct questions questions = live(b, 100000);
    assert_log(b, 4, LT_OK);
    assert_int_equal(questions.checkpoint.size, 4);
    (void)live(b, 24000);
    assert_log(b, 4, LT_LOG_UNPROVEN);
    questions = live(b, 60000);
    prove_grown(b, questions.checkpoint.number, &one, 4, 9);
    assert_log(b, 9, LT_OK);
    /* And one that has no log any more. */
    bench_restart(b);
    connect_line(b, 13);
    (void)live(b, 130000);
    assert_log(b, 9, LT_LOG_UNPROVEN);
}

/* The moment between a declared restore and its first checkpoint: the old one, shorter. */
static void about_to_begin(void **state)
{
    struct bench *b = *state;
    axis_grow(&one, 9, 1);
    welcomed(b, 11, &one, axis_sign(&one, 9, 0));
    bench_restart(b);
    (void)hear_hello(b);
    struct frame frame = fake_welcome(&b->line, 12, b->time.wall_ms);
    frame.welcome.log_key = text_bytes(one.key);
    frame.welcome.incarnation = 1;
    frame.welcome.checkpoint = axis_sign(&one, 5, 0);
    line_say_raw(&b->line, &frame);
    step(b);
    assert_log(b, 9, LT_OK);
    assert_int_equal(live(b, 6000).checkpoint.size, 9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, axes_setup, axes_teardown)
    const struct CMUnitTest tests[] = {
        TEST(proven_after_hello),         TEST(two_faced), TEST(receipts_lead_on),
        TEST(receipts_beside_a_question), TEST(pinned),    TEST(overdue),
        TEST(nothing_promised),           TEST(unproven),  TEST(about_to_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
