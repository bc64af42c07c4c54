/* SPDX-License-Identifier: EUPL-1.2 */
/* Seals over every size of batch: each parcel is proven alone, and no change of anything passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/seal.h"

struct desk {
    char folder[64];
    struct signer signer;
    struct signer other;
    struct sign_checker *checker;
    struct digester *digester;
    uint8_t bytes[SEAL_BATCH_MAX][64];
    struct parcel parcels[SEAL_BATCH_MAX];
    struct lt_digest leaves[SEAL_BATCH_MAX];
};

static struct desk desk;

static struct signer signer_new(const char *name)
{
    char secret[96];
    char public[96];
    struct signer signer;
    snprintf(secret, sizeof(secret), "%s/%s.key", desk.folder, name);
    snprintf(public, sizeof(public), "%s/%s.pem", desk.folder, name);
    assert_int_equal(signer_make_file(SIGN_ECDSA_P256, 0, secret, public, NULL), LT_OK);
    assert_int_equal(signer_open_file(secret, &signer, NULL), LT_OK);
    unlink(secret);
    unlink(public);
    return signer;
}

/* Parcel i: a header of 10 + i % 7 bytes and a body behind it. */
static void parcel_fill(uint32_t i)
{
    size_t header = 10 + i % 7;
    memset(desk.bytes[i], (int)i + 1, sizeof(desk.bytes[i]));
    desk.parcels[i].header = (struct lt_bytes){desk.bytes[i], header};
    desk.parcels[i].body = (struct lt_bytes){desk.bytes[i] + header, 40};
    desk.parcels[i].digest =
        digest_of_two(desk.digester, desk.parcels[i].header, desk.parcels[i].body);
    desk.leaves[i] = seal_leaf(desk.digester, &desk.parcels[i]);
}

static int setup(void **state)
{
    (void)state;
    snprintf(desk.folder, sizeof(desk.folder), "/tmp/lt-seal-XXXXXX");
    assert_non_null(mkdtemp(desk.folder));
    assert_int_equal(digester_open(&desk.digester), LT_OK);
    assert_int_equal(sign_checker_open(&desk.checker), LT_OK);
    desk.signer = signer_new("ours");
    desk.other = signer_new("theirs");
    for (uint32_t i = 0; i < SEAL_BATCH_MAX; i++) {
        parcel_fill(i);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    signer_close(&desk.signer);
    signer_close(&desk.other);
    sign_checker_close(&desk.checker);
    digester_close(&desk.digester);
    return rmdir(desk.folder);
}

static struct seal sealed(uint32_t count)
{
    struct seal seal;
    assert_int_equal(seal_make(&desk.signer, desk.digester, desk.leaves, count, &seal), LT_OK);
    return seal;
}

static enum lt_status check(const struct seal *seal, uint32_t count)
{
    return seal_check(seal, desk.signer.public_key, desk.checker, desk.digester, desk.leaves,
                      count);
}

static enum lt_status check_proof(const struct seal_proof *proof, const struct lt_digest *leaf)
{
    return seal_proof_check(proof, leaf, desk.signer.public_key, desk.checker, desk.digester);
}

static void test_every_batch_and_every_parcel(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= SEAL_BATCH_MAX; count++) {
        struct seal seal = sealed(count);
        assert_int_equal(check(&seal, count), LT_OK);
        for (uint32_t i = 0; i<count; i += count> 16 ? 7 : 1) {
            struct seal_proof proof;
            struct seal_proof back;
            uint8_t memory[PROOF_BYTES_MAX];
            assert_int_equal(seal_prove(&seal, desk.digester, desk.leaves, count, i, &proof),
                             LT_OK);
            struct lt_bytes bytes = seal_proof_write(memory, sizeof(memory), &proof);
            assert_true(bytes.size > 0);
            assert_true(seal_proof_read(bytes, &back));
            assert_int_equal(check_proof(&back, &desk.leaves[i]), LT_OK);
            /* By one tree for all of them: the same bytes. */
            struct lt_digest nodes[SEAL_NODES(SEAL_BATCH_MAX)];
            uint8_t again[PROOF_BYTES_MAX];
            memcpy(nodes, desk.leaves, count * sizeof(nodes[0]));
            seal_tree(desk.digester, nodes, count);
            seal_prove_in(&seal, nodes, count, i, &back);
            assert_true(bytes_equal(seal_proof_write(again, sizeof(again), &back), bytes));
        }
    }
}

static void test_a_changed_batch(void **state)
{
    (void)state;
    struct seal seal = sealed(3);
    assert_int_equal(check(&seal, 2), LT_SEAL_WRONG_BATCH);
    assert_int_equal(check(&seal, 4), LT_SEAL_WRONG_BATCH);
    assert_int_equal(check(&seal, 0), LT_SEAL_WRONG_BATCH);
    seal.batch = 2; /* the size is signed */
    assert_int_equal(check(&seal, 2), LT_SEAL_BAD);
    seal.batch = 4;
    assert_int_equal(check(&seal, 4), LT_SEAL_BAD);
}

static void test_other_parcels_under_a_seal(void **state)
{
    (void)state;
    struct seal seal = sealed(4);
    struct lt_digest kept = desk.leaves[2];
    desk.leaves[2] = desk.leaves[7]; /* another message */
    assert_int_equal(check(&seal, 4), LT_SEAL_BAD);
    desk.leaves[2] = desk.leaves[1]; /* two in each other's place */
    desk.leaves[1] = kept;
    assert_int_equal(check(&seal, 4), LT_SEAL_BAD);
    desk.leaves[1] = desk.leaves[2];
    desk.leaves[2] = kept;
    assert_int_equal(check(&seal, 4), LT_OK);
}

/* The digest of a parcel is the same wherever its header ends; the leaf is not. */
static void test_header_and_body_cut_elsewhere(void **state)
{
    (void)state;
    struct seal seal = sealed(1);
    struct parcel *parcel = &desk.parcels[0];
    struct lt_digest digest = parcel->digest;
    parcel->header.size++;
    parcel->body.data++;
    parcel->body.size--;
    parcel->digest = digest_of_two(desk.digester, parcel->header, parcel->body);
    assert_true(digest_equal(&digest, &parcel->digest));
    desk.leaves[0] = seal_leaf(desk.digester, parcel);
    assert_int_equal(check(&seal, 1), LT_SEAL_BAD);
    parcel->header.size--; /* swapped */
    parcel->body = parcel->header;
    parcel->header = (struct lt_bytes){desk.bytes[0] + 10, 40};
    desk.leaves[0] = seal_leaf(desk.digester, parcel);
    assert_int_equal(check(&seal, 1), LT_SEAL_BAD);
    parcel_fill(0);
}

static void test_another_key(void **state)
{
    (void)state;
    struct seal seal = sealed(2);
    assert_int_equal(
        seal_check(&seal, desk.other.public_key, desk.checker, desk.digester, desk.leaves, 2),
        LT_SEAL_KEY_UNKNOWN);
    seal.key_id = *public_key_id(desk.other.public_key); /* the key id is signed */
    assert_int_equal(
        seal_check(&seal, desk.other.public_key, desk.checker, desk.digester, desk.leaves, 2),
        LT_SEAL_BAD);
    seal = sealed(2);
    seal.algorithm = SIGN_RSA;
    assert_int_equal(check(&seal, 2), LT_SEAL_BAD);
}

static void test_paths_that_are_not_the_leaf_s(void **state)
{
    (void)state;
    struct seal seal = sealed(8);
    struct seal_proof proof;
    struct seal_proof other;
    assert_int_equal(seal_prove(&seal, desk.digester, desk.leaves, 8, 5, &proof), LT_OK);
    assert_int_equal(seal_prove(&seal, desk.digester, desk.leaves, 8, 2, &other), LT_OK);
    assert_int_equal(check_proof(&other, &desk.leaves[5]), LT_PATH_WRONG);
    assert_int_equal(check_proof(&proof, &desk.leaves[4]), LT_PATH_WRONG);
    other = proof;
    other.path_count--;
    assert_int_equal(check_proof(&other, &desk.leaves[5]), LT_PATH_LENGTH);
    other = proof;
    other.path_count++;
    assert_int_equal(check_proof(&other, &desk.leaves[5]), LT_PATH_LENGTH);
    other = proof;
    other.index = 4;
    assert_int_equal(check_proof(&other, &desk.leaves[5]), LT_PATH_WRONG);
    other.index = 8;
    assert_int_equal(check_proof(&other, &desk.leaves[5]), LT_PATH_LENGTH);
    other = proof;
    other.seal.batch = 7; /* the same path still leads to the root, but not to what was signed */
    assert_int_equal(check_proof(&other, &desk.leaves[5]), LT_SEAL_BAD);
    other = proof; /* a root of one's own with a path of its own */
    other.path_count = 0;
    other.seal.batch = 1;
    other.index = 0;
    other.root = desk.leaves[5];
    assert_int_equal(check_proof(&other, &desk.leaves[5]), LT_SEAL_BAD);
    assert_int_equal(seal_prove(&seal, desk.digester, desk.leaves, 7, 0, &other),
                     LT_SEAL_WRONG_BATCH);
    assert_int_equal(seal_prove(&seal, desk.digester, desk.leaves, 8, 8, &other),
                     LT_SEAL_WRONG_BATCH);
}

/* Any single byte of a stored proof: it does not read, or it is refused. */
static void test_every_byte_of_a_proof(void **state)
{
    (void)state;
    struct seal seal = sealed(5);
    struct seal_proof proof;
    uint8_t memory[PROOF_BYTES_MAX];
    assert_int_equal(seal_prove(&seal, desk.digester, desk.leaves, 5, 3, &proof), LT_OK);
    struct lt_bytes bytes = seal_proof_write(memory, sizeof(memory), &proof);
    for (size_t i = 0; i < bytes.size; i++) {
        struct seal_proof back;
        memory[i] ^= 0x01;
        bool reads = seal_proof_read(bytes, &back);
        assert_true(!reads || check_proof(&back, &desk.leaves[3]) != LT_OK);
        memory[i] ^= 0x01;
        assert_false(seal_proof_read((struct lt_bytes){memory, i}, &back));
    }
}

static void test_what_comes_in(void **state)
{
    (void)state;
    struct seal seal = sealed(2);
    struct seal back;
    uint8_t memory[SEAL_BYTES_MAX];
    struct submit_seal wire = seal_give(&seal);
    assert_true(seal_present(&wire));
    assert_int_equal(seal_take(&wire, &back, NULL), LT_OK);
    assert_int_equal(check(&back, 2), LT_OK);
    assert_true(seal_read(seal_write(memory, sizeof(memory), &seal), &back));
    assert_int_equal(check(&back, 2), LT_OK);
    wire.batch = 0;
    assert_int_equal(seal_take(&wire, &back, NULL), LT_SEAL_WRONG_BATCH);
    wire.batch = SEAL_BATCH_MAX + 1;
    assert_int_equal(seal_take(&wire, &back, NULL), LT_SEAL_WRONG_BATCH);
    wire = seal_give(&seal);
    wire.key_id.size--;
    assert_int_equal(seal_take(&wire, &back, NULL), LT_SEAL_BAD);
    wire = seal_give(&seal);
    wire.signature.size = 0;
    assert_int_equal(seal_take(&wire, &back, NULL), LT_SEAL_BAD);
    wire = seal_give(&seal);
    wire.algorithm = SIGN_RSA + 1;
    assert_int_equal(seal_take(&wire, &back, NULL), LT_SEAL_BAD);
    memset(&wire, 0, sizeof(wire));
    assert_false(seal_present(&wire));
}

/* The message to the byte, as LTP.md has it. */
static void test_the_message(void **state)
{
    (void)state;
    struct seal seal = {.algorithm = SIGN_ED25519, .batch = 64};
    struct lt_digest root;
    uint8_t message[SEAL_MESSAGE_BYTES];
    static const uint8_t numbers[] = {0, 0, 0, 2, 0, 0, 0, 64};
    memset(seal.key_id.bytes, 0xAA, 32);
    memset(root.bytes, 0xBB, 32);
    seal_message(&seal, &root, message);
    assert_memory_equal(message, "lienthong/seal/1", 16);
    assert_memory_equal(message + 16, numbers, 8);
    assert_memory_equal(message + 24, seal.key_id.bytes, 32);
    assert_memory_equal(message + 56, root.bytes, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_batch_and_every_parcel),
        cmocka_unit_test(test_a_changed_batch),
        cmocka_unit_test(test_other_parcels_under_a_seal),
        cmocka_unit_test(test_header_and_body_cut_elsewhere),
        cmocka_unit_test(test_another_key),
        cmocka_unit_test(test_paths_that_are_not_the_leaf_s),
        cmocka_unit_test(test_every_byte_of_a_proof),
        cmocka_unit_test(test_what_comes_in),
        cmocka_unit_test(test_the_message),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
