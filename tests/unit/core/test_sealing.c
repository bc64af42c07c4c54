/* SPDX-License-Identifier: EUPL-1.2 */
/* Seals at a whole broker: who must have one, which key counts when, what is refused with which
 * code and never stored, and that the journal proves each parcel of a batch alone. */
#include "sealing_test.h"

/* ---- the rule ---- */

static void who_must_seal(void **state)
{
    (void)state;
    struct batch plain = batch_new(1);
    expect(&plain, LT_OK); /* nobody has a key */
    struct batch by_nobody = sealed_batch(1, OURS);
    expect(&by_nobody, LT_SEAL_KEY_UNKNOWN);
    register_key(sender, OURS, 0, 0);
    expect(&by_nobody, LT_OK); /* the same bytes, as soon as the key is known */
    plain = batch_new(2);
    expect(&plain, LT_SEAL_MISSING);
    seal_with(&plain, OURS);
    expect(&plain, LT_OK);
}

static void all_must_when_it_is_required(void **state)
{
    (void)state;
    struct flow_settings settings = scene.house.flow->settings;
    settings.seals_required = true;
    broker_settings(scene.house.broker, &settings, 0);
    struct batch plain = batch_new(1);
    expect(&plain, LT_SEAL_MISSING);
    settings.seals_required = false;
    broker_settings(scene.house.broker, &settings, 0);
    expect(&plain, LT_OK);
}

static void nobody_seals_for_another(void **state)
{
    (void)state;
    register_key("H24.2", THEIRS, 0, 0);
    struct batch batch = sealed_batch(1, THEIRS);
    expect(&batch, LT_SEAL_KEY_UNKNOWN); /* we have no key of our own */
    register_key(sender, OURS, 0, 0);
    expect(&batch, LT_SEAL_KEY_UNKNOWN);
    key_put(sender, public_key_spki(scene.signers[THEIRS].public_key), 0, 0, LT_EXISTS);
    batch.seal.key_id = *public_key_id(scene.signers[OURS].public_key); /* our name, their hand */
    expect(&batch, LT_SEAL_BAD);
}

/* ---- the seal itself ---- */

static void what_is_not_what_was_sealed(void **state)
{
    (void)state;
    register_key(sender, OURS, 0, 0);
    struct batch batch = sealed_batch(3, OURS);
    struct batch other = batch_new(3);
    struct batch changed = batch;
    changed.parcels[1] = other.parcels[1]; /* another message under the seal */
    expect(&changed, LT_SEAL_BAD);
    changed = batch;
    changed.parcels[1] = batch.parcels[2]; /* in each other's place */
    changed.parcels[2] = batch.parcels[1];
    expect(&changed, LT_SEAL_BAD);
    changed = batch;
    changed.count = 2; /* one left out */
    expect(&changed, LT_SEAL_WRONG_BATCH);
    changed.seal.batch = 2; /* and the number made to fit */
    expect(&changed, LT_SEAL_BAD);
    changed = batch;
    changed.seal.batch = 65;
    expect(&changed, LT_SEAL_WRONG_BATCH);
    changed = batch;
    changed.seal.signature[20] ^= 1;
    expect(&changed, LT_SEAL_BAD);
    changed = batch;
    changed.seal.algorithm = SIGN_ED25519;
    expect(&changed, LT_SEAL_BAD);
    expect(&batch, LT_OK); /* nothing of all this was kept */
}

/* A parcel that is wrong by itself is told so; its neighbours hear of the seal. */
static void a_parcel_swapped_inside(void **state)
{
    (void)state;
    register_key(sender, OURS, 0, 0);
    struct batch batch = sealed_batch(1, OURS);
    struct parcel swapped = {.header = batch.parcels[0].body,
                             .body = batch.parcels[0].header,
                             .digest = batch.parcels[0].digest};
    struct batch changed = batch;
    changed.parcels[0] = swapped;
    expect(&changed, LT_HEADER_BAD);
    changed.parcels[0] = batch.parcels[0];
    changed.parcels[0].digest.bytes[0] ^= 1;
    expect(&changed, LT_DIGEST_WRONG);
    expect(&batch, LT_OK);
}

/* ---- which key counts when ---- */

static void dates_and_revocation(void **state)
{
    (void)state;
    int64_t now_ms = scene.house.world.wall_ms;
    register_key(sender, OURS, now_ms + DAY_MS, 0);
    struct batch batch = sealed_batch(1, OURS);
    expect(&batch, LT_SEAL_KEY_EARLY);
    register_key(sender, OURS, 0, now_ms);
    expect(&batch, LT_SEAL_KEY_EXPIRED);
    register_key(sender, OURS, 0, now_ms + DAY_MS);
    expect(&batch, LT_OK);
    revoke_key(sender, OURS);
    batch = sealed_batch(1, OURS);
    expect(&batch, LT_SEAL_KEY_REVOKED);
    register_key(sender, OURS, 0, 0); /* what is revoked stays so */
    expect(&batch, LT_SEAL_KEY_REVOKED);
    batch.sealed = false; /* and does not make sealing needless */
    expect(&batch, LT_SEAL_MISSING);
}

/* In a rotation both count, and what was accepted under the old key is known under the new one. */
static void a_rotation(void **state)
{
    (void)state;
    register_key(sender, OURS, 0, 0);
    struct batch batch = sealed_batch(2, OURS);
    send_batch(&batch);
    uint64_t first = answered(&batch, LT_OK);
    register_key(sender, NEXT, 0, 0);
    struct batch more = sealed_batch(1, OURS);
    expect(&more, LT_OK);
    revoke_key(sender, OURS);
    send_batch(&batch);
    answered(&batch, LT_SEAL_KEY_REVOKED);
    seal_with(&batch, NEXT);
    send_batch(&batch);
    assert_int_equal(answered(&batch, LT_OK), first);
    more = sealed_batch(3, NEXT);
    expect(&more, LT_OK);
}

static void keys_outlive_a_restart(void **state)
{
    (void)state;
    register_key(sender, OURS, 0, 0);
    register_key(sender, NEXT, 0, 0);
    revoke_key(sender, NEXT);
    house_settle(&scene.house);
    for (int i = 0; i < 2; i++) {
        broker_close(&scene.house.broker);
        if (i == 1) {
            assert_int_equal(unlink(scene.house.state_path), 0); /* refolded from the journal */
        }
        house_open_broker(&scene.house);
        scene.party = party_connect(&scene.house, SENDER_KEY);
        struct batch batch = sealed_batch(1, OURS);
        expect(&batch, LT_OK);
        batch = sealed_batch(1, NEXT);
        expect(&batch, LT_SEAL_KEY_REVOKED);
    }
}

/* Revoking does not wait for what is being verified. */
static void revoked_while_it_is_verified(void **state)
{
    static const int64_t delays[] = {300};
    (void)state;
    register_key(sender, OURS, 0, 0);
    house_settle(&scene.house);
    assert_int_equal(slow_verifier_init(&scene.slow, &scene.house.world, 9), LT_OK);
    scene.house.slow = &scene.slow;
    broker_close(&scene.house.broker);
    house_open_broker(&scene.house);
    scene.party = party_connect(&scene.house, SENDER_KEY);
    scene.slow.script = delays;
    scene.slow.script_count = 1;
    struct batch batch = sealed_batch(4, OURS);
    send_batch(&batch);
    for (int i = 0; i < 20 && scene.slow.put == 0; i++) {
        house_turn(&scene.house);
    }
    assert_int_equal(scene.slow.put, 1);
    revoke_key(sender, OURS);
    answered(&batch, LT_SEAL_KEY_REVOKED);
}

/* ---- certificates ---- */

struct authority {
    struct pki root;
    struct pki leaf;
    struct pki key; /* whose key is that of signers[OURS] */
    char anchors[300];
    char crls[300];
};

static void authority_init(struct authority *authority, const char *usage, bool foreign)
{
    time_t now = (time_t)(scene.house.world.wall_ms / 1000);
    struct pki_wish root = {.name = "Root thu",
                            .from = now - 1000,
                            .to = now + 1000000,
                            .basic = "critical,CA:TRUE",
                            .usage = "critical,keyCertSign,cRLSign"};
    struct lt_bytes spki = public_key_spki(scene.signers[OURS].public_key);
    const uint8_t *at = spki.data;
    authority->key = (struct pki){.key = d2i_PUBKEY(NULL, &at, (long)spki.size)};
    authority->root = pki_make(&root);
    struct pki other = pki_make(&root);
    struct pki_wish leaf = {.name = "UBND thu",
                            .issuer = foreign ? &other : &authority->root,
                            .from = now - 500,
                            .to = now + 500000,
                            .usage = usage,
                            .serial = 5,
                            .key_of = &authority->key};
    authority->leaf = pki_make(&leaf);
    pki_free(&other);
    snprintf(authority->anchors, sizeof(authority->anchors), "%s/anchors", scene.house.folder);
    snprintf(authority->crls, sizeof(authority->crls), "%s/crls", scene.house.folder);
    FILE *file = fopen(authority->anchors, "w");
    assert_non_null(file);
    PEM_write_X509(file, authority->root.certificate);
    fclose(file);
}

static void authority_deinit(struct authority *authority)
{
    pki_free(&authority->leaf);
    pki_free(&authority->root);
    EVP_PKEY_free(authority->key.key);
    unlink(authority->anchors);
    unlink(authority->crls);
}

/* The broker gets the trust list and a list of revoked certificates with these dates. */
static void trust_give(const struct authority *authority, time_t from_s, time_t to_s, long revoked)
{
    time_t now = (time_t)(scene.house.world.wall_ms / 1000);
    X509_CRL *list =
        pki_list(&authority->root, &authority->root, now + from_s, now + to_s, revoked);
    FILE *file = fopen(authority->crls, "w");
    assert_true(file != NULL && PEM_write_X509_CRL(file, list) == 1);
    fclose(file);
    X509_CRL_free(list);
    struct trust_files files = {
        .anchors = authority->anchors, .crls = authority->crls, .grace_ms = 3600 * 1000};
    struct trust *trust = NULL;
    assert_int_equal(trust_open(&files, &trust, NULL), LT_OK);
    broker_trust(scene.house.broker, &trust);
    assert_null(trust);
}

static void register_certificate(const struct authority *authority)
{
    uint8_t memory[CERTIFICATE_BYTES_MAX];
    key_put(sender, pki_der(&authority->leaf, memory), 0, 0, LT_OK);
}

static void a_certificate_is_judged_by_its_chain(void **state)
{
    (void)state;
    struct authority authority;
    authority_init(&authority, "critical,digitalSignature", false);
    register_certificate(&authority);
    struct batch batch = sealed_batch(1, OURS);
    expect(&batch, LT_SEAL_CHAIN); /* no trust list yet */
    trust_give(&authority, -10, 100000, 0);
    expect(&batch, LT_OK);
    struct page page = ask_ok(&scene.house, VIEWER, "seal-keys", ARGS("id", sender));
    assert_int_equal(page.count, 1);
    assert_field(&scene.house, &page, 0, "subject", "CN = UBND thu");
    assert_field(&scene.house, &page, 0, "algorithm", "ecdsa-p256");
    assert_field(&scene.house, &page, 0, "valid", "1");
    trust_give(&authority, -10, 100000, 5);
    batch = sealed_batch(2, OURS);
    expect(&batch, LT_SEAL_KEY_REVOKED);
    authority_deinit(&authority);
}

static void a_list_that_is_late(void **state)
{
    (void)state;
    struct authority authority;
    authority_init(&authority, "critical,digitalSignature", false);
    register_certificate(&authority);
    trust_give(&authority, -10, 60, 0);
    struct batch batch = sealed_batch(1, OURS);
    expect(&batch, LT_OK);
    assert_int_equal(scene.house.flow->counters.seals_stale, 0);
    world_advance(&scene.house.world, 50000);
    scene.party = party_connect(&scene.house, SENDER_KEY);
    world_advance(&scene.house.world, 20000);
    batch = sealed_batch(1, OURS);
    expect(&batch, LT_OK); /* by grace, with an alarm */
    assert_int_equal(scene.house.flow->counters.seals_stale, 1);
    struct page page = ask_ok(&scene.house, VIEWER, "alarms", ARGS());
    assert_field(&scene.house, &page, 0, "what", "crl-stale");
    trust_give(&authority, -10, -5, 0); /* another late one, later than the key */
    batch = sealed_batch(1, OURS);
    expect(&batch, LT_OK);
    trust_give(&authority, -10000, -5000, 0); /* ran out before the key was registered */
    batch = sealed_batch(1, OURS);
    expect(&batch, LT_SEAL_CRL_STALE);
    authority_deinit(&authority);
}

static void refused_certificate(const char *usage, bool foreign, enum lt_status code)
{
    struct authority authority;
    authority_init(&authority, usage, foreign);
    register_certificate(&authority);
    trust_give(&authority, -10, 100000, 0);
    struct batch batch = sealed_batch(1, OURS);
    expect(&batch, code);
    authority_deinit(&authority);
}

static void a_certificate_for_something_else(void **state)
{
    (void)state;
    refused_certificate("critical,keyEncipherment", false, LT_SEAL_PURPOSE);
}

static void a_certificate_of_another_root(void **state)
{
    (void)state;
    refused_certificate("critical,digitalSignature", true, LT_SEAL_CHAIN);
}

/* ---- what the journal proves ---- */

struct seen {
    uint64_t seals;
    uint64_t seal_at;
    uint8_t seal[FACT_SEAL_BYTES_MAX];
    size_t seal_size;
    uint32_t proven;
    uint64_t link_bytes;
};

static enum lt_status look(void *context, const struct fact *fact)
{
    struct seen *seen = context;
    struct fact_accepted accepted;
    struct seal_link link;
    struct seal_proof proof;
    if (fact->kind == FACT_SEAL) {
        seen->seals++;
        seen->seal_at = fact->position;
        seen->seal_size = fact->payload.size;
        memcpy(seen->seal, fact->payload.data, fact->payload.size);
    }
    if (fact->kind != FACT_ACCEPTED) {
        return LT_OK;
    }
    assert_true(fact_read_accepted(fact->payload, &accepted));
    assert_true(seal_link_read(accepted.seal, &link));
    assert_true(link.position == 0 || link.position == seen->seal_at);
    seen->link_bytes += accepted.seal.size;
    struct lt_bytes batch = {seen->seal, link.position == 0 ? 0 : seen->seal_size};
    assert_int_equal(fact_seal_prove(&accepted, batch, scene.house.digester, &proof), LT_OK);
    struct parcel parcel = {accepted.header, accepted.body, accepted.digest};
    struct lt_digest leaf = seal_leaf(scene.house.digester, &parcel);
    assert_int_equal(seal_proof_check(&proof, &leaf, scene.signers[OURS].public_key, scene.checker,
                                      scene.house.digester),
                     LT_OK);
    seen->proven++;
    return LT_OK;
}

static void the_journal_proves_each_alone(void **state)
{
    (void)state;
    struct seen seen;
    memset(&seen, 0, sizeof(seen));
    register_key(sender, OURS, 0, 0);
    struct batch one = sealed_batch(1, OURS);
    expect(&one, LT_OK);
    struct batch eight = sealed_batch(8, OURS);
    expect(&eight, LT_OK);
    send_batch(&eight); /* the same again is known and stores no seal */
    answered(&eight, LT_OK);
    house_settle(&scene.house);
    assert_int_equal(journal_walk(scene.house.flow->journal, 1, look, &seen), LT_OK);
    assert_int_equal(seen.proven, 9);
    assert_int_equal(seen.seals, 1);
    assert_true(seen.link_bytes <= SEAL_LINK_BYTES_MAX + 8 * 42);
}

static enum lt_status look_carried(void *context, const struct fact *fact)
{
    uint32_t *proven = context;
    struct fact_carried carried;
    struct fact_accepted accepted;
    struct seal_proof proof;
    if (fact->kind != FACT_CARRIED) {
        return LT_OK;
    }
    assert_true(fact_read_carried(fact->payload, &carried));
    assert_true(fact_read_accepted(carried.accepted, &accepted));
    assert_true(seal_proof_read(carried.proof, &proof));
    struct parcel parcel = {accepted.header, accepted.body, accepted.digest};
    struct lt_digest leaf = seal_leaf(scene.house.digester, &parcel);
    assert_int_equal(seal_proof_check(&proof, &leaf, scene.signers[OURS].public_key, scene.checker,
                                      scene.house.digester),
                     LT_OK);
    (*proven)++;
    return LT_OK;
}

/* What goes over the place of a cut takes its proof along, and again. */
static void a_carried_one_keeps_its_proof(void **state)
{
    (void)state;
    uint32_t proven = 0;
    register_key(sender, OURS, 0, 0);
    struct batch batch = sealed_batch(5, OURS);
    expect(&batch, LT_OK);
    add_agency(&scene.house, "H24.3", 9); /* a fact behind them */
    carry_all();
    assert_int_equal(journal_walk(scene.house.flow->journal, 1, look_carried, &proven), LT_OK);
    assert_int_equal(proven, 5);
    carry_all();
    proven = 0;
    assert_int_equal(journal_walk(scene.house.flow->journal, 1, look_carried, &proven), LT_OK);
    assert_int_equal(proven, 10);
    assert_int_equal(scene.house.flow->counters.damaged, 0);
}

/* ---- registrars ---- */

static void what_registrars_may(void **state)
{
    (void)state;
    struct lt_bytes der = public_key_spki(scene.signers[OURS].public_key);
    struct page page = key_put(sender, der, 0, 0, LT_OK);
    assert_field(&scene.house, &page, 0, "change", "added");
    assert_field(&scene.house, &page, 0, "key", key_text(OURS));
    page = key_put(sender, der, 0, 0, LT_OK);
    assert_field(&scene.house, &page, 0, "change", "same");
    page = key_put(sender, der, 5, 0, LT_OK);
    assert_field(&scene.house, &page, 0, "change", "changed");
    key_put(sender, text_bytes("no key"), 0, 0, LT_FIELD_BAD);
    key_put("H99.9", der, 0, 0, LT_NOT_FOUND);
    ask_code(&scene.house, OPERATOR, "seal-key-revoke", ARGS("id", sender, "key", key_text(OURS)),
             LT_NOT_PERMITTED);
    ask_code(&scene.house, REGISTRAR, "seal-key-revoke", ARGS("id", sender, "key", "0123"),
             LT_FIELD_BAD);
    ask_code(&scene.house, REGISTRAR, "seal-key-revoke", ARGS("id", sender, "key", "0123456789"),
             LT_NOT_FOUND);
    revoke_key(sender, OURS);
    page = ask_ok(&scene.house, VIEWER, "seal-keys", ARGS("id", sender));
    assert_field(&scene.house, &page, 0, "why", "seal-key-revoked");
    assert_field(&scene.house, &page, 0, "revoked", "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(who_must_seal),
        CASE(all_must_when_it_is_required),
        CASE(nobody_seals_for_another),
        CASE(what_is_not_what_was_sealed),
        CASE(a_parcel_swapped_inside),
        CASE(dates_and_revocation),
        CASE(a_rotation),
        CASE(keys_outlive_a_restart),
        CASE(revoked_while_it_is_verified),
        CASE(a_certificate_is_judged_by_its_chain),
        CASE(a_list_that_is_late),
        CASE(a_certificate_for_something_else),
        CASE(a_certificate_of_another_root),
        CASE(the_journal_proves_each_alone),
        CASE(a_carried_one_keeps_its_proof),
        CASE(what_registrars_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
