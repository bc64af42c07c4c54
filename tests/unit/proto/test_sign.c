/* SPDX-License-Identifier: EUPL-1.2 */
/* Signing keys: each algorithm signs and is believed, everything near it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "harness/program.h"

#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/sign.h"

struct folder {
    char path[64];
    char secret[96];
    char public[96];
    struct sign_checker *checker;
};

static int setup(void **state)
{
    static struct folder folder;
    snprintf(folder.path, sizeof(folder.path), "/tmp/lt-sign-XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.secret, sizeof(folder.secret), "%s/a.key", folder.path);
    snprintf(folder.public, sizeof(folder.public), "%s/a.pem", folder.path);
    assert_int_equal(sign_checker_open(&folder.checker), LT_OK);
    *state = &folder;
    return 0;
}

static int teardown(void **state)
{
    struct folder *folder = *state;
    sign_checker_close(&folder->checker);
    unlink(folder->secret);
    unlink(folder->public);
    return rmdir(folder->path);
}

/* A pair in the folder, opened. */
static struct signer pair(const struct folder *folder, enum sign_algorithm algorithm, unsigned bits)
{
    struct signer signer;
    struct fault fault;
    unlink(folder->secret);
    fault_init(&fault);
    assert_int_equal(signer_make_file(algorithm, bits, folder->secret, folder->public, &fault),
                     LT_OK);
    assert_int_equal(signer_open_file(folder->secret, &signer, &fault), LT_OK);
    return signer;
}

static void every_bit_counts(struct folder *folder, const struct signer *signer,
                             struct public_key *public)
{
    uint8_t message[] = "lienthong/test/1 and what is said";
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t size = 0;
    struct lt_bytes said = {message, sizeof(message)};
    assert_int_equal(signer_sign(signer, said, signature, &size), LT_OK);
    struct lt_bytes signed_so = {signature, size};
    assert_true(signature_fits(folder->checker, public, said, signed_so));
    for (size_t i = 0; i < size; i++) {
        signature[i] ^= 1;
        assert_false(signature_fits(folder->checker, public, said, signed_so));
        signature[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] ^= 0x80;
        assert_false(signature_fits(folder->checker, public, said, signed_so));
        message[i] ^= 0x80;
    }
    signed_so.size--;
    assert_false(signature_fits(folder->checker, public, said, signed_so));
    signed_so.size = 0;
    assert_false(signature_fits(folder->checker, public, said, signed_so));
    signed_so.size = SIGNATURE_BYTES_MAX + 1;
    assert_false(signature_fits(folder->checker, public, said, signed_so));
    said.size--;
    signed_so.size = size;
    assert_false(signature_fits(folder->checker, public, said, signed_so));
}

static void test_each_algorithm_signs(void **state)
{
    static const struct {
        enum sign_algorithm algorithm;
        unsigned bits;
    } kinds[] = {{SIGN_ECDSA_P256, 0}, {SIGN_ED25519, 0}, {SIGN_RSA, 2048}, {SIGN_RSA, 3072}};
    struct folder *folder = *state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct public_key *public = NULL;
        struct public_key *again = NULL;
        struct signer signer = pair(folder, kinds[i].algorithm, kinds[i].bits);
        assert_int_equal(public_key_from_file(folder->public, &public, NULL), LT_OK);
        assert_int_equal(public_key_algorithm(public), kinds[i].algorithm);
        assert_memory_equal(public_key_id(public), public_key_id(signer.public_key), 32);
        assert_int_equal(public_key_open(public_key_spki(public), &again, NULL), LT_OK);
        assert_memory_equal(public_key_id(public), public_key_id(again), 32);
        every_bit_counts(folder, &signer, again);
        public_key_close(&public);
        public_key_close(&again);
        signer_close(&signer);
    }
}

static void test_another_key_does_not_fit(void **state)
{
    struct folder *folder = *state;
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t size = 0;
    struct signer ours = pair(folder, SIGN_ECDSA_P256, 0);
    struct signer theirs = pair(folder, SIGN_ECDSA_P256, 0);
    struct signer other = pair(folder, SIGN_ED25519, 0);
    assert_int_equal(signer_sign(&ours, text_bytes("said"), signature, &size), LT_OK);
    struct lt_bytes made = {signature, size};
    assert_true(signature_fits(folder->checker, ours.public_key, text_bytes("said"), made));
    assert_false(signature_fits(folder->checker, theirs.public_key, text_bytes("said"), made));
    assert_false(signature_fits(folder->checker, other.public_key, text_bytes("said"), made));
    assert_true(signature_fits(folder->checker, ours.public_key, text_bytes("said"), made));
    signer_close(&ours);
    signer_close(&theirs);
    signer_close(&other);
}

static void test_a_secret_stays_secret(void **state)
{
    struct folder *folder = *state;
    struct signer signer = pair(folder, SIGN_ECDSA_P256, 0);
    struct stat info;
    signer_close(&signer);
    assert_int_equal(stat(folder->secret, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(signer_make_file(SIGN_ED25519, 0, folder->secret, folder->public, NULL),
                     LT_EXISTS);
    assert_int_equal(chmod(folder->secret, 0640), 0);
    assert_int_equal(signer_open_file(folder->secret, &signer, NULL), LT_SECRET_READABLE);
    assert_int_equal(chmod(folder->secret, 0600), 0);
    assert_int_equal(signer_open_file(folder->secret, &signer, NULL), LT_OK);
    signer_close(&signer);
    signer_close(&signer); /* an empty one */
}

static void test_what_is_no_key(void **state)
{
    static const char *const texts[] = {
        "", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
    struct folder *folder = *state;
    struct signer signer;
    struct public_key *key = NULL;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(file_write(folder->secret, text_bytes(texts[i]), 0600, NULL), LT_OK);
        assert_int_equal(signer_open_file(folder->secret, &signer, NULL), LT_CONFIG_BAD);
        assert_int_equal(public_key_from_file(folder->secret, &key, NULL), LT_CONFIG_BAD);
    }
    unlink(folder->secret);
    assert_int_equal(signer_open_file(folder->secret, &signer, NULL), LT_NOT_FOUND);
    assert_int_equal(signer_make_file(SIGN_RSA, 1024, folder->secret, folder->public, NULL),
                     LT_CRYPTO);
    assert_int_equal(signer_make_file(SIGN_NONE, 0, folder->secret, folder->public, NULL),
                     LT_CRYPTO);
    assert_null(key);
}

/* Runs openssl(1) in the folder; its keys are what the others would use. */
static void run_openssl(const struct folder *folder, const char *words)
{
    assert_int_equal(program_run(folder->path, "openssl %s", words), 0);
}

static void test_keys_that_are_not_signed_with(void **state)
{
    static const char *const makers[] = {
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out a.key",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out a.key",
        "ecparam -name prime256v1 -param_enc explicit -genkey -noout -out a.key",
        "genpkey -algorithm ED448 -out a.key",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 -pass pass:x -out a.key",
    };
    struct folder *folder = *state;
    struct signer signer;
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        unlink(folder->secret);
        run_openssl(folder, makers[i]);
        assert_int_equal(chmod(folder->secret, 0600), 0);
        assert_int_equal(signer_open_file(folder->secret, &signer, NULL), LT_CONFIG_BAD);
    }
}

static void test_one_encoding_only(void **state)
{
    struct folder *folder = *state;
    uint8_t spki[SPKI_BYTES_MAX + 1] = {0};
    struct public_key *key = NULL;
    struct signer signer = pair(folder, SIGN_ECDSA_P256, 0);
    struct lt_bytes right = public_key_spki(signer.public_key);
    memcpy(spki, right.data, right.size);
    assert_int_equal(public_key_open((struct lt_bytes){spki, right.size + 1}, &key, NULL),
                     LT_FIELD_BAD);
    assert_int_equal(public_key_open((struct lt_bytes){spki, right.size - 1}, &key, NULL),
                     LT_FIELD_BAD);
    assert_int_equal(public_key_open((struct lt_bytes){spki, sizeof(spki)}, &key, NULL),
                     LT_FIELD_BAD);
    assert_int_equal(public_key_open((struct lt_bytes){spki, 0}, &key, NULL), LT_FIELD_BAD);
    spki[right.size - 1] ^= 1; /* no point of the curve */
    assert_int_equal(public_key_open((struct lt_bytes){spki, right.size}, &key, NULL),
                     LT_FIELD_BAD);
    assert_null(key);
    signer_close(&signer);
}

static void test_a_certificate_names_its_key(void **state)
{
    struct folder *folder = *state;
    struct public_key *key = NULL;
    struct signer signer = pair(folder, SIGN_ECDSA_P256, 0);
    run_openssl(folder, "req -x509 -new -key a.key -subj /CN=thu -days 1 -out a.pem");
    assert_int_equal(public_key_from_file(folder->public, &key, NULL), LT_OK);
    assert_memory_equal(public_key_id(key), public_key_id(signer.public_key), 32);
    public_key_close(&key);
    signer_close(&signer);
}

/* What stock tools sign is believed, and the other way round. */
static void test_openssl_agrees(void **state)
{
    struct folder *folder = *state;
    char path[128];
    uint8_t *made = NULL;
    size_t size = 0;
    uint8_t signature[SIGNATURE_BYTES_MAX];
    struct signer signer = pair(folder, SIGN_ECDSA_P256, 0);
    snprintf(path, sizeof(path), "%s/said", folder->path);
    assert_int_equal(file_write(path, text_bytes("said"), 0644, NULL), LT_OK);
    run_openssl(folder, "dgst -sha256 -sign a.key -out made said");
    snprintf(path, sizeof(path), "%s/made", folder->path);
    assert_int_equal(file_read(path, 1024, &made, &size, NULL), LT_OK);
    assert_true(signature_fits(folder->checker, signer.public_key, text_bytes("said"),
                               (struct lt_bytes){made, size}));
    free(made);
    assert_int_equal(signer_sign(&signer, text_bytes("said"), signature, &size), LT_OK);
    assert_int_equal(file_write(path, (struct lt_bytes){signature, size}, 0644, NULL), LT_OK);
    run_openssl(folder, "dgst -sha256 -verify a.pem -signature made said");
    unlink(path);
    snprintf(path, sizeof(path), "%s/said", folder->path);
    unlink(path);
    signer_close(&signer);
}

/* ---- signatures in other dress, after the manner of Wycheproof ---- */

static bool fits_as(const struct folder *folder, const struct public_key *key, BIGNUM *r, BIGNUM *s)
{
    uint8_t der[160];
    uint8_t *at = der;
    ECDSA_SIG *dressed = ECDSA_SIG_new();
    assert_int_equal(ECDSA_SIG_set0(dressed, r, s), 1);
    int size = i2d_ECDSA_SIG(dressed, &at);
    ECDSA_SIG_free(dressed);
    assert_in_range(size, 1, sizeof(der));
    return signature_fits(folder->checker, key, text_bytes("said"),
                          (struct lt_bytes){der, (size_t)size});
}

/* Numbers outside of 1 to n - 1, and the same signature in another encoding, are none. */
static void test_ecdsa_at_its_edges(void **state)
{
    static const char order_hex[] =
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    struct folder *folder = *state;
    uint8_t signature[SIGNATURE_BYTES_MAX];
    uint8_t other[SIGNATURE_BYTES_MAX];
    size_t size = 0;
    struct signer signer = pair(folder, SIGN_ECDSA_P256, 0);
    const struct public_key *key = signer.public_key;
    BIGNUM *order = NULL;
    assert_true(BN_hex2bn(&order, order_hex) > 0);
    assert_int_equal(signer_sign(&signer, text_bytes("said"), signature, &size), LT_OK);
    const uint8_t *at = signature;
    ECDSA_SIG *good = d2i_ECDSA_SIG(NULL, &at, (long)size);
    const BIGNUM *r = ECDSA_SIG_get0_r(good);
    const BIGNUM *s = ECDSA_SIG_get0_s(good);
    assert_true(fits_as(folder, key, BN_dup(r), BN_dup(s)));
    BIGNUM *more = BN_dup(r);
    BN_add(more, more, order);
    assert_false(fits_as(folder, key, more, BN_dup(s))); /* r + n */
    more = BN_dup(s);
    BN_add(more, more, order);
    assert_false(fits_as(folder, key, BN_dup(r), more));    /* s + n */
    assert_false(fits_as(folder, key, BN_new(), BN_new())); /* 0, 0 */
    assert_false(fits_as(folder, key, BN_dup(BN_value_one()), BN_dup(BN_value_one())));
    assert_false(fits_as(folder, key, BN_dup(order), BN_dup(order)));
    ECDSA_SIG_free(good);
    BN_free(order);
    memcpy(other, signature, size); /* bytes behind it */
    other[size] = 0;
    assert_false(signature_fits(folder->checker, key, text_bytes("said"),
                                (struct lt_bytes){other, size + 1}));
    other[0] = signature[0]; /* a length in the long form, which BER allows and DER does not */
    other[1] = 0x81;
    memcpy(other + 2, signature + 1, size - 1);
    assert_false(signature_fits(folder->checker, key, text_bytes("said"),
                                (struct lt_bytes){other, size + 1}));
    signer_close(&signer);
}

/* S + L verifies in a checker that does not look at the range of S (RFC 8032, 5.1.7). */
static void test_ed25519_at_its_edges(void **state)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct folder *folder = *state;
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t size = 0;
    uint32_t carry = 0;
    struct signer signer = pair(folder, SIGN_ED25519, 0);
    assert_int_equal(signer_sign(&signer, text_bytes("said"), signature, &size), LT_OK);
    assert_int_equal(size, 64);
    for (size_t i = 0; i < sizeof(order); i++) {
        carry += (uint32_t)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    struct lt_bytes made = {signature, size};
    assert_false(signature_fits(folder->checker, signer.public_key, text_bytes("said"), made));
    memset(signature, 0, sizeof(signature));
    assert_false(signature_fits(folder->checker, signer.public_key, text_bytes("said"), made));
    signer_close(&signer);
}

/* The right key over the right bytes, by another scheme: PSS, or another digest. */
static void test_other_schemes(void **state)
{
    static const char *const ways[] = {
        "dgst -sha256 -sigopt rsa_padding_mode:pss -sign a.key -out made said",
        "dgst -sha1 -sign a.key -out made said", "dgst -sha512 -sign a.key -out made said",
        "pkeyutl -sign -inkey a.key -in said -out made", /* no digest at all */
    };
    struct folder *folder = *state;
    char path[128];
    struct signer signer = pair(folder, SIGN_RSA, 2048);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        uint8_t *made = NULL;
        size_t size = 0;
        snprintf(path, sizeof(path), "%s/said", folder->path);
        assert_int_equal(file_write(path, text_bytes("said"), 0644, NULL), LT_OK);
        run_openssl(folder, ways[i]);
        unlink(path);
        snprintf(path, sizeof(path), "%s/made", folder->path);
        assert_int_equal(file_read(path, 1024, &made, &size, NULL), LT_OK);
        assert_int_equal(size, 256);
        assert_false(signature_fits(folder->checker, signer.public_key, text_bytes("said"),
                                    (struct lt_bytes){made, size}));
        free(made);
        unlink(path);
    }
    signer_close(&signer);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = SIGN_ECDSA_P256; i <= SIGN_RSA; i++) {
        assert_int_equal(sign_algorithm_by_name(sign_algorithm_name((enum sign_algorithm)i)), i);
    }
    assert_int_equal(sign_algorithm_by_name("md5"), SIGN_NONE);
    assert_string_equal(sign_algorithm_name(SIGN_NONE), "?");
    assert_string_equal(sign_algorithm_name((enum sign_algorithm)9), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_algorithm_signs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_key_does_not_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_secret_stays_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_that_are_not_signed_with, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_encoding_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_certificate_names_its_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_openssl_agrees, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ecdsa_at_its_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ed25519_at_its_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_schemes, setup, teardown),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
