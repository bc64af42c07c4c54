/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_SDK_AXIS_TEST_H
#define TESTS_UNIT_SDK_AXIS_TEST_H

/* An axis with a log, in a few lines: commits of one leaf each, checkpoints, proofs, receipts. */
#include "sdk_test.h"

#include "adapters/sdk/box_receipts.h"
#include "proto/receipt.h"

#define NAME    "truc.example/log"
#define COMMITS 40

#define AXIS_TIME_MS 1790000000000 /* of what it signs */

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

static inline void axis_open(struct axis *axis, struct bench *b, const char *stem)
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

static inline void axis_close(struct axis *axis)
{
    signer_close(&axis->signer);
    digester_close(&axis->digester);
}

static inline void axis_add(struct axis *axis, const struct leaf *leaf, uint64_t position)
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

static inline void axis_grow(struct axis *axis, uint32_t count, uint8_t mark)
{
    for (uint32_t i = 0; i < count; i++) {
        struct leaf leaf = {.kind = LEAF_OUTCOME, .salt = {mark}, .outcome = {.position = i + 1}};
        axis_add(axis, &leaf, axis->count * 10 + 1);
    }
}

/* Commits whose receipts receipt_of makes. */
static inline void axis_grow_told(struct axis *axis, uint32_t count, uint8_t mark)
{
    for (uint32_t i = 0; i < count; i++) {
        struct leaf leaf = {.kind = LEAF_OUTCOME,
                            .salt = {mark},
                            .outcome = {.position = i + 1, .time_ms = AXIS_TIME_MS}};
        axis_add(axis, &leaf, 900);
    }
}

/* A signed checkpoint of its first `size` commits. */
static inline struct lt_bytes axis_sign(struct axis *axis, uint32_t size, uint32_t incarnation)
{
    uint8_t text[CHECKPOINT_TEXT_MAX];
    size_t note_size;
    struct checkpoint checkpoint = {.head = {size, merkle_root(axis->digester, axis->hashes, size)},
                                    .position = size * 10ull + 1,
                                    .time_ms = AXIS_TIME_MS};
    assert_true(origin_write(checkpoint.origin, NAME, incarnation));
    assert_int_equal(note_sign(axis->digester, &axis->signer, NAME,
                               checkpoint_write(text, &checkpoint), axis->note, &note_size),
                     LT_OK);
    return (struct lt_bytes){axis->note, note_size};
}

static inline struct lt_bytes axis_path(struct axis *axis, uint32_t first, uint32_t second)
{
    struct merkle_array array = {axis->digester, axis->hashes, axis->count};
    struct merkle_source source = merkle_array_source(&array);
    assert_int_equal(merkle_source_consistency(&source, axis->digester, first, second, &axis->path),
                     LT_OK);
    return (struct lt_bytes){axis->path.nodes[0].bytes, axis->path.count * 32};
}

/* ---- the line ---- */

static inline void welcomed(struct bench *b, uint64_t number, struct axis *axis,
                            struct lt_bytes note)
{
    (void)hear_hello(b);
    struct frame frame = fake_welcome(&b->line, number, b->time.wall_ms);
    frame.welcome.log_key = text_bytes(axis->key);
    frame.welcome.checkpoint = note;
    line_say_raw(&b->line, &frame);
    step(b);
    line_hear_one(&b->line, FRAME_GRANT);
}

/* The next question about a checkpoint; the axis had its moment to prove it by itself. */
static inline struct log_ask asked(struct bench *b)
{
    struct frame frame = {.kind = FRAME_NONE};
    fake_time_pass(&b->time, 5000);
    step(b);
    do {
        assert_true(line_hear(&b->line, &frame)); /* beats are in between */
    } while (frame.kind != FRAME_LOG_ASK || frame.log_ask.position != 0);
    return frame.log_ask;
}

static inline void prove(struct bench *b, struct log_proof proof)
{
    struct frame frame = {.kind = FRAME_LOG_PROOF, .log_proof = proof};
    line_say(&b->line, &frame);
    step(b);
}

/* The log has grown from `first` to `second` commits. */
static inline void prove_grown(struct bench *b, uint64_t number, struct axis *axis, uint32_t first,
                               uint32_t second)
{
    prove(b, (struct log_proof){.number = number,
                                .checkpoint = axis_sign(axis, second, 0),
                                .first = first,
                                .path = axis_path(axis, first, second)});
}

static inline void assert_log(struct bench *b, uint64_t size, enum lt_status refused)
{
    struct lt_client_state state;
    lt_client_state(b->client, &state);
    assert_int_equal(state.log_size, size);
    assert_int_equal(state.log_refused, refused);
    assert_true(state.connected); /* transfers go on */
}

/* ---- receipts ---- */

static inline struct receipts receipt_of(struct axis *axis, uint32_t at, struct receipt_item *item)
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

static inline void say_receipt(struct bench *b, const struct receipts *receipts)
{
    struct frame frame = {.kind = FRAME_RECEIPTS, .receipts = *receipts};
    line_say(&b->line, &frame);
    step(b);
}

static inline bool kept(struct bench *b, uint64_t position)
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

/* ---- a bench and two axes ---- */

static struct axis one, other;

static inline int axes_setup(void **state)
{
    (void)bench_setup(state);
    axis_open(&one, *state, "one");
    axis_open(&other, *state, "other");
    return 0;
}

static inline int axes_teardown(void **state)
{
    axis_close(&one);
    axis_close(&other);
    return bench_teardown(state);
}

#endif
