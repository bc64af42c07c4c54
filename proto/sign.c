/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Signing keys and signatures through OpenSSL: public keys as agencies register them, the check of
 * a signature, and a signer whose private key lies in a file.
 *
 * A key is accepted only in the one encoding that gives it its id, on the one curve, in the sizes
 * named in the header: otherwise one key had several ids, and a crafted key (a huge RSA exponent,
 * curve parameters of one's own) made a check cost whatever its maker likes. Signatures of any
 * bytes may be asked about; what the library says other than "it fits" is "it does not".
 *
 * The private key exists once, inside OpenSSL, which wipes it on release; the bytes of its file are
 * wiped here. A file with a password is refused, never asked about: nobody sits at a service.
 */
#include "sign.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "sign_private.h"

#define PEM_BYTES_MAX   (64 * 1024)
#define RSA_BITS_MIN    2048
#define RSA_BITS_MAX    4096
#define RSA_E_BITS_MAX  32
#define SPKI_P256_BYTES 91 /* an uncompressed point */
#define SPKI_ED_BYTES   44

static const char *const names[] = {
    [SIGN_ECDSA_P256] = "ecdsa-p256", [SIGN_ED25519] = "ed25519", [SIGN_RSA] = "rsa"};

struct public_key {
    EVP_PKEY *pkey;
    enum sign_algorithm algorithm;
    struct lt_digest id;
    atomic_uint owners;
    size_t spki_size;
    uint8_t spki[];
};

struct sign_checker {
    EVP_MD *sha256;
    EVP_MD_CTX *context;
};

struct file_signer {
    EVP_PKEY *pkey;
    struct public_key *public_key;
    struct sign_checker *tools;
};

const char *sign_algorithm_name(enum sign_algorithm algorithm)
{
    return algorithm > SIGN_NONE && algorithm <= SIGN_RSA ? names[algorithm] : "?";
}

enum sign_algorithm sign_algorithm_by_name(const char *name)
{
    for (int i = SIGN_ECDSA_P256; i <= SIGN_RSA; i++) {
        if (strcmp(names[i], name) == 0) {
            return (enum sign_algorithm)i;
        }
    }
    return SIGN_NONE;
}

static bool p256(const EVP_PKEY *pkey)
{
    char group[32] = "";
    int explicit = 1;
    return EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) == 1 &&
           strcmp(group, "prime256v1") == 0 &&
           EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                  &explicit) == 1 &&
           explicit == 0;
}

static bool rsa_in_bounds(const EVP_PKEY *pkey)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(pkey);
    bool fits = bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX &&
                EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                BN_num_bits(e) <= RSA_E_BITS_MAX;
    BN_free(e);
    return fits;
}

static enum sign_algorithm algorithm_of(const EVP_PKEY *pkey, size_t spki_size)
{
    if (EVP_PKEY_is_a(pkey, "EC")) {
        return p256(pkey) && spki_size == SPKI_P256_BYTES ? SIGN_ECDSA_P256 : SIGN_NONE;
    }
    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        return spki_size == SPKI_ED_BYTES ? SIGN_ED25519 : SIGN_NONE;
    }
    return EVP_PKEY_is_a(pkey, "RSA") && rsa_in_bounds(pkey) ? SIGN_RSA : SIGN_NONE;
}

static enum lt_status fill(struct public_key *key, EVP_PKEY *pkey, struct fault *fault)
{
    key->algorithm = algorithm_of(pkey, key->spki_size);
    if (key->algorithm == SIGN_NONE) {
        return fault_set(fault, LT_FIELD_BAD, "key",
                         "only ECDSA P-256, Ed25519 and RSA of 2048 to 4096 bits sign here");
    }
    if (EVP_Digest(key->spki, key->spki_size, key->id.bytes, NULL, EVP_sha256(), NULL) != 1 ||
        EVP_PKEY_up_ref(pkey) != 1) {
        return fault_set(fault, LT_CRYPTO, "key", "the library fails");
    }
    key->pkey = pkey;
    return LT_OK;
}

/* The key of `pkey`, which stays the caller's. */
static enum lt_status from_pkey(EVP_PKEY *pkey, struct public_key **ret_key, struct fault *fault)
{
    uint8_t *at = NULL;
    int size = i2d_PUBKEY(pkey, &at);
    struct public_key *key = NULL;
    enum lt_status status = LT_OK;
    if (size <= 0 || size > SPKI_BYTES_MAX) {
        status = fault_set(fault, LT_FIELD_BAD, "key", "it does not encode, or is too large");
    } else {
        key = calloc(1, sizeof(*key) + (size_t)size);
        status = key == NULL ? fault_set(fault, LT_NO_MEMORY, "key", "no memory") : LT_OK;
    }
    if (key != NULL) {
        key->owners = 1;
        key->spki_size = (size_t)size;
        memcpy(key->spki, at, key->spki_size);
        status = fill(key, pkey, fault);
    }
    OPENSSL_free(at);
    ERR_clear_error();
    if (status != LT_OK) {
        public_key_close(&key);
        return status;
    }
    *ret_key = key;
    return LT_OK;
}

enum lt_status public_key_open(struct lt_bytes spki, struct public_key **ret_key,
                               struct fault *fault)
{
    const uint8_t *at = spki.data;
    struct public_key *key = NULL;
    if (spki.size == 0 || spki.size > SPKI_BYTES_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "key", "%zu bytes", spki.size);
    }
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.size);
    if (pkey == NULL) {
        ERR_clear_error();
        return fault_set(fault, LT_FIELD_BAD, "key", "no SubjectPublicKeyInfo in DER");
    }
    enum lt_status status = from_pkey(pkey, &key, fault);
    EVP_PKEY_free(pkey);
    if (key != NULL &&
        (key->spki_size != spki.size || memcmp(key->spki, spki.data, spki.size) != 0)) {
        public_key_close(&key);
        status = fault_set(fault, LT_FIELD_BAD, "key", "not the one encoding of this key");
    }
    if (status == LT_OK) {
        *ret_key = key;
    }
    return status;
}

/* Nobody is asked for a password, whatever the file says. */
int pem_no_password(char *out, int size, int writing, void *context)
{
    (void)writing;
    (void)context;
    if (size > 0) {
        out[0] = '\0';
    }
    return -1;
}

/* The first public key of a text, by itself or inside a certificate; NULL: none. */
static EVP_PKEY *public_in_pem(const uint8_t *text, size_t size)
{
    EVP_PKEY *pkey = NULL;
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    if (bio != NULL) {
        pkey = PEM_read_bio_PUBKEY(bio, NULL, pem_no_password, NULL);
    }
    BIO_free(bio);
    bio = pkey == NULL ? BIO_new_mem_buf(text, (int)size) : NULL;
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, pem_no_password, NULL);
    if (certificate != NULL) {
        pkey = X509_get_pubkey(certificate);
    }
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return pkey;
}

enum lt_status public_key_from_file(const char *path, struct public_key **ret_key,
                                    struct fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    enum lt_status status = file_read(path, PEM_BYTES_MAX, &text, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    EVP_PKEY *pkey = public_in_pem(text, size);
    free(text);
    if (pkey == NULL) {
        return fault_set(fault, LT_CONFIG_BAD, path, "no public key and no certificate in PEM");
    }
    status = from_pkey(pkey, ret_key, fault);
    EVP_PKEY_free(pkey);
    return status == LT_FIELD_BAD ? LT_CONFIG_BAD : status;
}

struct public_key *public_key_keep(struct public_key *key)
{
    atomic_fetch_add(&key->owners, 1);
    return key;
}

void public_key_close(struct public_key **key_p)
{
    struct public_key *key = *key_p;
    *key_p = NULL;
    if (key != NULL && atomic_fetch_sub(&key->owners, 1) == 1) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

const struct lt_digest *public_key_id(const struct public_key *key)
{
    return &key->id;
}

enum sign_algorithm public_key_algorithm(const struct public_key *key)
{
    return key->algorithm;
}

struct lt_bytes public_key_spki(const struct public_key *key)
{
    return (struct lt_bytes){key->spki, key->spki_size};
}

enum lt_status sign_checker_open(struct sign_checker **ret_checker)
{
    struct sign_checker *checker = calloc(1, sizeof(*checker));
    if (checker == NULL) {
        return LT_NO_MEMORY;
    }
    checker->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    checker->context = EVP_MD_CTX_new();
    if (checker->sha256 == NULL || checker->context == NULL) {
        ERR_clear_error();
        sign_checker_close(&checker);
        return LT_CRYPTO;
    }
    *ret_checker = checker;
    return LT_OK;
}

void sign_checker_close(struct sign_checker **checker_p)
{
    struct sign_checker *checker = *checker_p;
    if (checker != NULL) {
        EVP_MD_CTX_free(checker->context);
        EVP_MD_free(checker->sha256);
        free(checker);
        *checker_p = NULL;
    }
}

/* Ed25519 has its digest inside. */
static const EVP_MD *digest_for(const struct sign_checker *tools, enum sign_algorithm algorithm)
{
    return algorithm == SIGN_ED25519 ? NULL : tools->sha256;
}

bool signature_fits(struct sign_checker *checker, const struct public_key *key,
                    struct lt_bytes message, struct lt_bytes signature)
{
    if (signature.size == 0 || signature.size > SIGNATURE_BYTES_MAX) {
        return false;
    }
    const EVP_MD *digest = digest_for(checker, key->algorithm);
    bool fits = EVP_DigestVerifyInit(checker->context, NULL, digest, NULL, key->pkey) == 1 &&
                EVP_DigestVerify(checker->context, signature.data, signature.size, message.data,
                                 message.size) == 1;
    EVP_MD_CTX_reset(checker->context);
    ERR_clear_error();
    return fits;
}

static enum lt_status file_sign(void *self, struct lt_bytes message, uint8_t *ret_signature,
                                size_t *ret_size)
{
    struct file_signer *signer = self;
    EVP_MD_CTX *context = signer->tools->context;
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t size = sizeof(signature);
    const EVP_MD *digest = digest_for(signer->tools, signer->public_key->algorithm);
    bool made = EVP_DigestSignInit(context, NULL, digest, NULL, signer->pkey) == 1 &&
                EVP_DigestSign(context, signature, &size, message.data, message.size) == 1;
    EVP_MD_CTX_reset(context);
    ERR_clear_error();
    if (!made) {
        return LT_CRYPTO;
    }
    memcpy(ret_signature, signature, size);
    *ret_size = size;
    return LT_OK;
}

static void file_signer_close(void *self)
{
    struct file_signer *signer = self;
    EVP_PKEY_free(signer->pkey);
    public_key_close(&signer->public_key);
    sign_checker_close(&signer->tools);
    free(signer);
}

static enum lt_status file_signer_new(EVP_PKEY *pkey, struct signer *ret_signer,
                                      struct fault *fault)
{
    struct file_signer *signer = calloc(1, sizeof(*signer));
    if (signer == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "signer", "no memory");
    }
    enum lt_status status = from_pkey(pkey, &signer->public_key, fault);
    if (status == LT_OK) {
        status = sign_checker_open(&signer->tools);
    }
    if (status == LT_OK && EVP_PKEY_up_ref(pkey) != 1) {
        status = LT_CRYPTO;
    }
    if (status != LT_OK) {
        file_signer_close(signer);
        return fault_set(fault, status, "signer", "the library fails");
    }
    signer->pkey = pkey;
    *ret_signer = (struct signer){.self = signer,
                                  .public_key = signer->public_key,
                                  .sign = file_sign,
                                  .close = file_signer_close};
    return LT_OK;
}

enum lt_status private_key_from_file(const char *path, EVP_PKEY **ret_key, struct fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    enum lt_status status = file_secret(path, fault);
    if (status == LT_OK) {
        status = file_read(path, PEM_BYTES_MAX, &text, &size, fault);
    }
    if (status != LT_OK) {
        return status;
    }
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, pem_no_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    explicit_bzero(text, size);
    free(text);
    if (pkey == NULL) {
        return fault_set(fault, LT_CONFIG_BAD, path, "no private key in PEM without a password");
    }
    *ret_key = pkey;
    return LT_OK;
}

enum lt_status signer_open_file(const char *path, struct signer *ret_signer, struct fault *fault)
{
    EVP_PKEY *pkey = NULL;
    enum lt_status status = private_key_from_file(path, &pkey, fault);
    if (status != LT_OK) {
        return status;
    }
    status = file_signer_new(pkey, ret_signer, fault);
    EVP_PKEY_free(pkey);
    return status == LT_FIELD_BAD ? LT_CONFIG_BAD : status;
}

static EVP_PKEY *generate(enum sign_algorithm algorithm, unsigned rsa_bits)
{
    switch (algorithm) {
    case SIGN_ECDSA_P256:
        return EVP_EC_gen("P-256");
    case SIGN_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case SIGN_RSA:
        return rsa_bits < RSA_BITS_MIN || rsa_bits > RSA_BITS_MAX ? NULL : EVP_RSA_gen(rsa_bits);
    case SIGN_NONE:
        break;
    }
    return NULL;
}

enum lt_status signer_generate(enum sign_algorithm algorithm, unsigned rsa_bits,
                               struct signer *ret_signer, struct fault *fault)
{
    EVP_PKEY *pkey = generate(algorithm, rsa_bits);
    if (pkey == NULL) {
        ERR_clear_error();
        return fault_set(fault, LT_CRYPTO, "key", "none is made: %s, %u bits",
                         sign_algorithm_name(algorithm), rsa_bits);
    }
    enum lt_status status = file_signer_new(pkey, ret_signer, fault);
    EVP_PKEY_free(pkey);
    return status;
}

void signer_close(struct signer *signer)
{
    if (signer->close != NULL) {
        signer->close(signer->self);
    }
    memset(signer, 0, sizeof(*signer));
}

enum lt_status signer_sign(const struct signer *signer, struct lt_bytes message,
                           uint8_t ret_signature[SIGNATURE_BYTES_MAX], size_t *ret_size)
{
    return signer->sign(signer->self, message, ret_signature, ret_size);
}

static enum lt_status write_bio(BIO *bio, const char *path, int mode, struct fault *fault)
{
    char *text = NULL;
    long size = BIO_get_mem_data(bio, &text);
    return file_write(path, (struct lt_bytes){(const uint8_t *)text, (size_t)size}, mode, fault);
}

enum lt_status signer_make_file(enum sign_algorithm algorithm, unsigned rsa_bits,
                                const char *secret_path, const char *public_path,
                                struct fault *fault)
{
    if (access(secret_path, F_OK) == 0) {
        return fault_set(fault, LT_EXISTS, secret_path, "a secret key is never written over");
    }
    EVP_PKEY *pkey = generate(algorithm, rsa_bits);
    BIO *secret = BIO_new(BIO_s_secmem()); /* wipes what it held */
    BIO *public = BIO_new(BIO_s_mem());
    enum lt_status status = LT_OK;
    if (pkey == NULL || secret == NULL || public == NULL ||
        PEM_write_bio_PrivateKey(secret, pkey, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_PUBKEY(public, pkey) != 1) {
        status = fault_set(fault, LT_CRYPTO, "key", "none is made: %s, %u bits",
                           sign_algorithm_name(algorithm), rsa_bits);
    }
    /* The public half first: without its secret it is harmless. */
    if (status == LT_OK) {
        status = write_bio(public, public_path, 0644, fault);
    }
    if (status == LT_OK) {
        status = write_bio(secret, secret_path, 0600, fault);
    }
    BIO_free(secret);
    BIO_free(public);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return status;
}
