/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The sender's own seal at its receiver: kept where nobody gave its key, checked where somebody
 * did, for that agency alone; a delivery that is not what its sender sealed is never shown and goes
 * back as a technical failure.
 */
#include "sdk_test.h"

#include <sys/stat.h>

#include "proto/base/file.h"
#include "proto/seal.h"

#define BATCH 3

struct desk {
    struct bench bench;
    struct signer signer;
    struct digester *digester;
    char keys[200];
    char public_path[220];
    struct delivery deliveries[BATCH];
    uint8_t proofs[BATCH][PROOF_BYTES_MAX];
};

static struct lt_id id_of(uint8_t number)
{
    struct lt_id id = {{0x01, 0x9b, 0x12, 0x34, 0x56, 0x78, 0x70, 0, 0x80}};
    id.bytes[15] = number;
    return id;
}

static int setup(void **state)
{
    char secret[220];
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    bench_init(&desk->bench);
    snprintf(secret, sizeof(secret), "%s/their.key", desk->bench.folder);
    snprintf(desk->public_path, sizeof(desk->public_path), "%s/their.pem", desk->bench.folder);
    snprintf(desk->keys, sizeof(desk->keys), "%s/senders", desk->bench.folder);
    assert_int_equal(signer_make_file(SIGN_ECDSA_P256, 0, secret, desk->public_path, NULL), LT_OK);
    assert_int_equal(signer_open_file(secret, &desk->signer, NULL), LT_OK);
    assert_int_equal(digester_open(&desk->digester), LT_OK);
    assert_int_equal(mkdir(desk->keys, 0700), 0);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    signer_close(&desk->signer);
    digester_close(&desk->digester);
    bench_deinit(&desk->bench);
    free(desk);
    return 0;
}

/* Three parcels of THEM under one seal. */
static void seal_three(struct desk *desk)
{
    struct bench *b = &desk->bench;
    struct lt_bytes to = text_bytes(US);
    struct lt_digest leaves[BATCH];
    struct seal seal;
    for (uint8_t i = 0; i < BATCH; i++) {
        struct delivery *delivery = &desk->deliveries[i];
        char code[16];
        snprintf(code, sizeof(code), "HS-%u", i);
        struct header header = {.id = id_of((uint8_t)(i + 1)),
                                .sender_key = text_bytes("their-key"),
                                .content_digest = {{1}},
                                .kind = LT_KIND_FORWARD,
                                .from = text_bytes(THEM),
                                .to = &to,
                                .to_count = 1,
                                .case_code = text_bytes(code),
                                .created_ms = b->time.wall_ms,
                                .schema_version = 1,
                                .body_size = 2};
        *delivery = (struct delivery){
            .body = text_bytes("{}"), .position = 100 + i, .attempt = 1, .accepted_ms = 5};
        header.body_sha256 = digest_of(desk->digester, delivery->body);
        assert_int_equal(header_write(&header, &b->line.arena, &delivery->header), LT_OK);
        delivery->digest = digest_of_two(desk->digester, delivery->header, delivery->body);
        struct parcel parcel = {delivery->header, delivery->body, delivery->digest};
        leaves[i] = seal_leaf(desk->digester, &parcel);
    }
    assert_int_equal(seal_make(&desk->signer, desk->digester, leaves, BATCH, &seal), LT_OK);
    for (uint32_t i = 0; i < BATCH; i++) {
        struct seal_proof proof;
        assert_int_equal(seal_prove(&seal, desk->digester, leaves, BATCH, i, &proof), LT_OK);
        desk->deliveries[i].seal = seal_proof_write(desk->proofs[i], PROOF_BYTES_MAX, &proof);
    }
}

static void say_one(struct desk *desk, struct delivery delivery)
{
    struct frame frame = {.kind = FRAME_DELIVER, .deliver = {.items = &delivery, .count = 1}};
    line_say(&desk->bench.line, &frame);
    step(&desk->bench);
}

/* The one delivery that is there, answered as taken; what is known of its seal. */
static enum lt_seal_state taken(struct desk *desk, uint8_t number, struct lt_bytes proof)
{
    struct bench *b = &desk->bench;
    struct lt_delivery out[4];
    struct lt_answer answer = {.outcome = LT_OUTCOME_TAKEN};
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, out, 4), 1);
    assert_int_equal(out[0].id.bytes[15], number);
    assert_true(bytes_equal(out[0].seal, proof));
    enum lt_seal_state state = out[0].seal_state;
    assert_int_equal(lt_client_settle(b->client, &out[0].id, 0, "n", &answer), LT_OK);
    lt_inbox_release(out, 1);
    step(b);
    line_hear_one(&b->line, FRAME_SETTLE);
    return state;
}

static void give_key(struct desk *desk, const char *agency)
{
    uint8_t *content = NULL;
    size_t size = 0;
    char path[420];
    snprintf(path, sizeof(path), "%s/%s", desk->keys, agency);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/%s/one.pem", desk->keys, agency);
    assert_int_equal(file_read(desk->public_path, 4096, &content, &size, NULL), LT_OK);
    assert_int_equal(file_write(path, (struct lt_bytes){content, size}, 0644, NULL), LT_OK);
    free(content);
}

static void reopen(struct desk *desk)
{
    desk->bench.options.sender_keys = desk->keys;
    bench_restart(&desk->bench);
    connect_line(&desk->bench, 12);
}

static void kept_without_a_key(void **state)
{
    struct desk *desk = *state;
    seal_three(desk);
    connect_line(&desk->bench, 11);
    say_one(desk, desk->deliveries[1]);
    assert_int_equal(taken(desk, 2, desk->deliveries[1].seal), LT_SEAL_KEPT);
    struct delivery plain = desk->deliveries[0];
    plain.seal = (struct lt_bytes){0};
    say_one(desk, plain);
    assert_int_equal(taken(desk, 1, (struct lt_bytes){0}), LT_SEAL_NONE);
    /* And over a restart. */
    say_one(desk, desk->deliveries[2]);
    bench_restart(&desk->bench);
    connect_line(&desk->bench, 12);
    struct frame frame;
    while (line_hear(&desk->bench.line, &frame)) {
    }
    assert_int_equal(taken(desk, 3, desk->deliveries[2].seal), LT_SEAL_KEPT);
}

static void checked_with_a_key(void **state)
{
    struct desk *desk = *state;
    give_key(desk, "H26.99.8"); /* somebody else's by name: it speaks for nobody but them */
    reopen(desk);
    seal_three(desk);
    say_one(desk, desk->deliveries[0]);
    assert_int_equal(taken(desk, 1, desk->deliveries[0].seal), LT_SEAL_KEPT);
    give_key(desk, THEM); /* put there while it runs */
    fake_time_pass(&desk->bench.time, 1000);
    say_one(desk, desk->deliveries[1]);
    assert_int_equal(taken(desk, 2, desk->deliveries[1].seal), LT_SEAL_KEPT); /* looked just now */
    for (int i = 0; i < 31; i++) {
        struct frame beat = {.kind = FRAME_BEAT, .beat = {.submit = {64, 256 * 1024}}};
        fake_time_pass(&desk->bench.time, 2000);
        line_say(&desk->bench.line, &beat);
        step(&desk->bench);
    }
    struct frame frame;
    while (line_hear(&desk->bench.line, &frame)) {
    }
    say_one(desk, desk->deliveries[2]);
    assert_int_equal(taken(desk, 3, desk->deliveries[2].seal), LT_SEAL_CHECKED);
}

static void refused(struct desk *desk, struct delivery delivery)
{
    struct bench *b = &desk->bench;
    struct lt_delivery out[1];
    say_one(desk, delivery);
    struct settlement said = line_hear_one(&b->line, FRAME_SETTLE).settle.items[0];
    assert_int_equal(said.outcome, LT_OUTCOME_FAILED);
    assert_int_equal(said.code, LT_SEAL_BAD);
    assert_true(said.permanent);
    assert_int_equal(lt_client_inbox(b->client, "n", 60000, 0, out, 1), 0);
}

static void not_what_was_sealed(void **state)
{
    struct desk *desk = *state;
    uint8_t changed[PROOF_BYTES_MAX];
    give_key(desk, THEM);
    reopen(desk);
    seal_three(desk);
    struct delivery delivery = desk->deliveries[0];
    delivery.seal = desk->deliveries[1].seal; /* another parcel's place and path */
    refused(desk, delivery);
    /* Any byte of the proof: it does not read, or does not fit; but not the name of a key that
     * nobody gave, which is then kept for people to look at. */
    delivery = desk->deliveries[0];
    for (size_t i = 0; i < delivery.seal.size; i += 7) {
        bool key_name = i >= 9 && i < 41;
        memcpy(changed, desk->deliveries[0].seal.data, delivery.seal.size);
        changed[i] ^= 1;
        delivery.seal.data = changed;
        if (!key_name) {
            refused(desk, delivery);
        }
    }
    say_one(desk, desk->deliveries[0]);
    assert_int_equal(taken(desk, 1, desk->deliveries[0].seal), LT_SEAL_CHECKED);
}

static void a_folder_that_is_none(void **state)
{
    struct desk *desk = *state;
    struct lt_problem problem;
    struct lt_client *client = NULL;
    struct client_port port = line_port(&desk->bench.line);
    lt_client_close(&desk->bench.client);
    desk->bench.options.sender_keys = "/nonexistent/senders";
    assert_int_equal(client_open_port(&client, port, NULL, &desk->bench.time.clock,
                                      &desk->bench.time.entropy, &desk->bench.options, &problem),
                     LT_CONFIG_BAD);
    assert_string_equal(problem.field, "sender_keys");
    desk->bench.options.sender_keys = NULL;
    bench_open(&desk->bench);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(kept_without_a_key),
        TEST(checked_with_a_key),
        TEST(not_what_was_sealed),
        TEST(a_folder_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
