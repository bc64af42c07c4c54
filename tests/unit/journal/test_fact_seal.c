/* SPDX-License-Identifier: EUPL-1.2 */
/* Seals in the journal: what is written reads, and makes the proof of each parcel of a batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/journal/fact_seal.h"

#define BATCH 5

static struct digester *digester;
static struct sign_checker *checker;
static struct signer signer;
static uint8_t bytes[BATCH][32];
static struct fact_accepted accepted[BATCH];
static struct lt_digest leaves[BATCH];
static struct seal seal;

static int setup(void **state)
{
    (void)state;
    char folder[] = "/tmp/lt-fact-seal-XXXXXX";
    char secret[64];
    char public[64];
    assert_non_null(mkdtemp(folder));
    snprintf(secret, sizeof(secret), "%s/a.key", folder);
    snprintf(public, sizeof(public), "%s/a.pem", folder);
    assert_int_equal(signer_make_file(SIGN_ECDSA_P256, 0, secret, public, NULL), LT_OK);
    assert_int_equal(signer_open_file(secret, &signer, NULL), LT_OK);
    unlink(secret);
    unlink(public);
    rmdir(folder);
    assert_int_equal(digester_open(&digester), LT_OK);
    assert_int_equal(sign_checker_open(&checker), LT_OK);
    for (uint32_t i = 0; i < BATCH; i++) {
        memset(bytes[i], (int)i, sizeof(bytes[i]));
        struct parcel parcel = {{bytes[i], 20}, {bytes[i] + 20, 12}, {{0}}};
        parcel.digest = digest_of_two(digester, parcel.header, parcel.body);
        leaves[i] = seal_leaf(digester, &parcel);
        accepted[i] = (struct fact_accepted){
            .from = 3, .digest = parcel.digest, .header = parcel.header, .body = parcel.body};
    }
    assert_int_equal(seal_make(&signer, digester, leaves, BATCH, &seal), LT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    signer_close(&signer);
    sign_checker_close(&checker);
    digester_close(&digester);
    return 0;
}

static struct lt_bytes batch_fact(uint8_t memory[FACT_SEAL_BYTES_MAX], struct seal_link *ret_link)
{
    uint8_t seal_memory[SEAL_BYTES_MAX];
    struct fact_seal fact = {.from = 3,
                             .seal = seal_write(seal_memory, sizeof(seal_memory), &seal),
                             .leaves = leaves[0].bytes,
                             .count = BATCH};
    *ret_link = (struct seal_link){.position = 77, .digest = digest_of(digester, fact.seal)};
    return fact_write_seal(memory, FACT_SEAL_BYTES_MAX, &fact);
}

static void test_each_of_a_batch_is_proven(void **state)
{
    (void)state;
    uint8_t memory[FACT_SEAL_BYTES_MAX];
    uint8_t link_memory[SEAL_LINK_BYTES_MAX];
    struct seal_link link;
    struct lt_bytes batch = batch_fact(memory, &link);
    assert_true(batch.size > 0);
    for (uint32_t i = 0; i < BATCH; i++) {
        struct seal_proof proof;
        link.index = i;
        accepted[i].seal = seal_link_write(link_memory, sizeof(link_memory), &link);
        assert_int_equal(accepted[i].seal.size, 42);
        assert_int_equal(fact_seal_prove(&accepted[i], batch, digester, &proof), LT_OK);
        assert_int_equal(seal_proof_check(&proof, &leaves[i], signer.public_key, checker, digester),
                         LT_OK);
        struct lt_digest digest = fact_seal_digest(&accepted[i], digester);
        assert_true(digest_equal(&digest, &link.digest));
    }
}

static void test_what_does_not_belong_together(void **state)
{
    (void)state;
    uint8_t memory[FACT_SEAL_BYTES_MAX];
    uint8_t link_memory[SEAL_LINK_BYTES_MAX];
    struct seal_link link;
    struct seal_proof proof;
    struct lt_bytes batch = batch_fact(memory, &link);
    link.index = 2; /* of another parcel */
    accepted[1].seal = seal_link_write(link_memory, sizeof(link_memory), &link);
    assert_int_equal(fact_seal_prove(&accepted[1], batch, digester, &proof), LT_DAMAGED);
    accepted[2].seal = accepted[1].seal;
    assert_int_equal(fact_seal_prove(&accepted[2], batch, digester, &proof), LT_OK);
    for (size_t i = 0; i < batch.size; i++) { /* any byte of the seal and the leaves */
        memory[i] ^= 1;
        enum lt_status status = fact_seal_prove(&accepted[2], batch, digester, &proof);
        assert_true(i < 4 || status == LT_DAMAGED ||
                    seal_proof_check(&proof, &leaves[2], signer.public_key, checker, digester) !=
                        LT_OK);
        memory[i] ^= 1;
    }
    assert_int_equal(fact_seal_prove(&accepted[2], (struct lt_bytes){NULL, 0}, digester, &proof),
                     LT_DAMAGED);
    accepted[2].seal.size = 0;
    assert_int_equal(fact_seal_prove(&accepted[2], batch, digester, &proof), LT_NOT_FOUND);
    struct lt_digest digest = fact_seal_digest(&accepted[2], digester);
    assert_true(digest_empty(&digest));
}

static void test_one_parcel_has_its_seal_inside(void **state)
{
    (void)state;
    uint8_t seal_memory[SEAL_BYTES_MAX];
    uint8_t link_memory[SEAL_LINK_BYTES_MAX];
    struct seal one;
    struct seal_proof proof;
    struct lt_bytes none = {NULL, 0};
    assert_int_equal(seal_make(&signer, digester, &leaves[4], 1, &one), LT_OK);
    struct seal_link link = {.seal = seal_write(seal_memory, sizeof(seal_memory), &one)};
    accepted[4].seal = seal_link_write(link_memory, sizeof(link_memory), &link);
    assert_int_equal(fact_seal_prove(&accepted[4], none, digester, &proof), LT_OK);
    assert_int_equal(seal_proof_check(&proof, &leaves[4], signer.public_key, checker, digester),
                     LT_OK);
    struct lt_digest expected = digest_of(digester, link.seal);
    struct lt_digest digest = fact_seal_digest(&accepted[4], digester);
    assert_true(digest_equal(&digest, &expected));
    link.seal = seal_write(seal_memory, sizeof(seal_memory), &seal); /* of five */
    accepted[4].seal = seal_link_write(link_memory, sizeof(link_memory), &link);
    assert_int_equal(fact_seal_prove(&accepted[4], none, digester, &proof), LT_DAMAGED);
}

static void test_they_read_whole_or_not(void **state)
{
    (void)state;
    uint8_t memory[FACT_SEAL_BYTES_MAX];
    uint8_t link_memory[SEAL_LINK_BYTES_MAX];
    struct seal_link link;
    struct seal_link back;
    struct fact_seal fact;
    struct lt_bytes batch = batch_fact(memory, &link);
    assert_true(fact_read_seal(batch, &fact));
    assert_int_equal(fact.count, BATCH);
    assert_memory_equal(fact.leaves, leaves, sizeof(leaves));
    for (size_t i = 0; i < batch.size; i++) {
        assert_false(fact_read_seal((struct lt_bytes){memory, i}, &fact));
    }
    struct lt_bytes written = seal_link_write(link_memory, sizeof(link_memory), &link);
    assert_true(seal_link_read(written, &back));
    assert_int_equal(back.position, 77);
    for (size_t i = 0; i < written.size; i++) {
        assert_false(seal_link_read((struct lt_bytes){link_memory, i}, &back));
    }
    link_memory[0] = 9;
    assert_false(seal_link_read(written, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_of_a_batch_is_proven),
        cmocka_unit_test(test_what_does_not_belong_together),
        cmocka_unit_test(test_one_parcel_has_its_seal_inside),
        cmocka_unit_test(test_they_read_whole_or_not),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
