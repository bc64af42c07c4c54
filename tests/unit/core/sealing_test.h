/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_CORE_SEALING_TEST_H
#define TESTS_UNIT_CORE_SEALING_TEST_H

/* A whole broker, a sender with signing keys, and what it submits under seals. */
#include "house_test.h"

#include "broker/journal/fact_seal.h"
#include "broker/registry/seal_key.h"
#include "unit/proto/pki_world.h"

#define BATCH_MAX 8
#define DAY_MS    (24 * 3600 * 1000LL)

static const char *const sender = "H24.1";
static const char *const receiver = "H24.15";
#define SENDER_KEY 1
#define OTHER_KEY  3

enum { OURS, NEXT, THEIRS, SIGNERS };

struct scene {
    struct house house;
    struct slow_verifier slow;
    struct sign_checker *checker;
    struct signer signers[SIGNERS];
    struct party party;
    uint32_t keys;
};

static struct scene scene;

static inline void signer_new(int index, enum sign_algorithm algorithm)
{
    char secret[300];
    char public[300];
    snprintf(secret, sizeof(secret), "%s/%d.key", scene.house.folder, index);
    snprintf(public, sizeof(public), "%s/%d.pem", scene.house.folder, index);
    assert_int_equal(signer_make_file(algorithm, 0, secret, public, NULL), LT_OK);
    assert_int_equal(signer_open_file(secret, &scene.signers[index], NULL), LT_OK);
    unlink(secret);
    unlink(public);
}

static inline int set_up(void **state)
{
    (void)state;
    memset(&scene, 0, sizeof(scene));
    house_init(&scene.house);
    add_agency(&scene.house, sender, SENDER_KEY);
    add_agency(&scene.house, receiver, 2);
    add_agency(&scene.house, "H24.2", OTHER_KEY);
    house_settle(&scene.house);
    assert_int_equal(sign_checker_open(&scene.checker), LT_OK);
    signer_new(OURS, SIGN_ECDSA_P256);
    signer_new(NEXT, SIGN_ED25519);
    signer_new(THEIRS, SIGN_ECDSA_P256);
    scene.party = party_connect(&scene.house, SENDER_KEY);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < SIGNERS; i++) {
        signer_close(&scene.signers[i]);
    }
    sign_checker_close(&scene.checker);
    house_deinit(&scene.house);
    if (scene.house.slow != NULL) {
        slow_verifier_deinit(&scene.slow);
    }
    return 0;
}

/* ---- registering ---- */

static inline struct page key_put(const char *agency, struct lt_bytes der, int64_t from_ms,
                                  int64_t to_ms, uint32_t code)
{
    char from[24];
    char to[24];
    struct pair pairs[HOUSE_ARGS_MAX];
    struct query query = {.verb = text_bytes("seal-key-put"), .payload = der};
    snprintf(from, sizeof(from), "%lld", (long long)from_ms);
    snprintf(to, sizeof(to), "%lld", (long long)to_ms);
    query_fill(&query, pairs, ARGS("id", agency, "from", from, "to", to));
    struct page page = house_ask(&scene.house, REGISTRAR, &query);
    assert_int_equal(page.code, code);
    return page;
}

static inline void register_key(const char *agency, int index, int64_t from_ms, int64_t to_ms)
{
    key_put(agency, public_key_spki(scene.signers[index].public_key), from_ms, to_ms, LT_OK);
}

static const char *key_text(int index)
{
    static char hex[65];
    hex_write(hex, public_key_id(scene.signers[index].public_key)->bytes, 32);
    return hex;
}

static inline void revoke_key(const char *agency, int index)
{
    ask_ok(&scene.house, REGISTRAR, "seal-key-revoke", ARGS("id", agency, "key", key_text(index)));
}

/* ---- sending ---- */

struct batch {
    struct parcel parcels[BATCH_MAX];
    struct lt_id ids[BATCH_MAX];
    struct lt_digest leaves[BATCH_MAX];
    uint32_t count;
    struct seal seal;
    bool sealed;
};

static inline struct batch batch_new(uint32_t count)
{
    struct house *house = &scene.house;
    struct batch batch = {.count = count};
    struct lt_bytes to = text_bytes(receiver);
    for (uint32_t i = 0; i < count; i++) {
        struct header header;
        char key[32];
        memset(&header, 0, sizeof(header));
        snprintf(key, sizeof(key), "k-%u", ++scene.keys);
        batch.ids[i] = uuid7_next(&house->ids, &house->clock.clock, &house->entropy.entropy);
        batch.parcels[i].body = text_bytes("{\"thu\": 1}");
        header.id = batch.ids[i];
        header.sender_key = arena_copy(&house->arena, text_bytes(key));
        header.content_digest = digest_of(house->digester, header.sender_key);
        header.kind = LT_KIND_FORWARD;
        header.from = text_bytes(sender);
        header.to = &to;
        header.to_count = 1;
        header.case_code = header.sender_key;
        header.created_ms = house->world.wall_ms;
        header.schema_version = 1;
        header.body_size = batch.parcels[i].body.size;
        header.body_sha256 = digest_of(house->digester, batch.parcels[i].body);
        assert_int_equal(header_write(&header, &house->arena, &batch.parcels[i].header), LT_OK);
        batch.parcels[i].digest =
            digest_of_two(house->digester, batch.parcels[i].header, batch.parcels[i].body);
        batch.leaves[i] = seal_leaf(house->digester, &batch.parcels[i]);
    }
    return batch;
}

static inline void seal_with(struct batch *batch, int index)
{
    assert_int_equal(seal_make(&scene.signers[index], scene.house.digester, batch->leaves,
                               batch->count, &batch->seal),
                     LT_OK);
    batch->sealed = true;
}

static inline struct batch sealed_batch(uint32_t count, int index)
{
    struct batch batch = batch_new(count);
    seal_with(&batch, index);
    return batch;
}

static inline void send_batch(struct batch *batch)
{
    struct frame frame = {.kind = FRAME_SUBMIT,
                          .submit = {.parcels = batch->parcels, .count = batch->count}};
    if (batch->sealed) {
        frame.submit.seal = seal_give(&batch->seal);
    }
    party_say(&scene.house, &scene.party, &frame);
}

/* Every parcel of the batch gets this code; the position of the last. */
static inline uint64_t answered(const struct batch *batch, enum lt_status code)
{
    uint32_t heard = 0;
    uint64_t position = 0;
    while (heard < batch->count) {
        struct frame frame = house_heard(&scene.house, scene.party.link, FRAME_VERDICT, 3000);
        for (uint32_t i = 0; i < frame.verdict.count; i++) {
            if (frame.verdict.items[i].code != code) {
                fail_msg("%s: %.*s, expected %s",
                         lt_code((enum lt_status)frame.verdict.items[i].code),
                         (int)frame.verdict.items[i].detail.size,
                         (const char *)frame.verdict.items[i].detail.data, lt_code(code));
            }
            assert_int_equal(frame.verdict.items[i].retry_after_ms > 0,
                             lt_class(code) == LT_CLASS_RETRY);
            position = frame.verdict.items[i].position;
        }
        heard += frame.verdict.count;
    }
    return position;
}

static inline void expect(struct batch *batch, enum lt_status code)
{
    uint64_t before = journal_staged(scene.house.flow->journal);
    send_batch(batch);
    answered(batch, code);
    assert_int_equal(code == LT_OK, journal_staged(scene.house.flow->journal) > before);
}

/* Carries everything below where the journal ends now. */
static inline void carry_all(void)
{
    char below[24];
    house_settle(&scene.house);
    uint64_t end = scene.house.flow->durable;
    snprintf(below, sizeof(below), "%llu", (unsigned long long)end);
    ask_ok(&scene.house, OPERATOR, "archive-mark", ARGS("position", below));
    ask_ok(&scene.house, OPERATOR, "backup-mark", ARGS("position", below));
    ask_ok(&scene.house, APPROVER, "carry", ARGS("below", below));
    for (int i = 0; i < 200 && scene.house.flow->carry.ready != end; i++) {
        house_turn(&scene.house);
    }
    assert_int_equal(scene.house.flow->carry.ready, end);
    house_settle(&scene.house);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
