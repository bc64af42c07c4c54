/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_SIGN_H
#define PROTO_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Keys that sign, and what was signed. Three algorithms, each with one set of parameters, so that
 * nothing is negotiated:
 *
 *   ecdsa-p256   ECDSA on P-256 over SHA-256 of the message; the signature is DER
 *   ed25519      Ed25519 (RFC 8032, pure) of the message; 64 bytes
 *   rsa          RSASSA-PKCS1-v1_5 over SHA-256, modulus of 2048 to 4096 bits. Not PSS: every token
 *                and every stock tool makes these, and the scheme is sound for verification
 *
 * Messages are short and begin with a domain string of their own; whoever signs a lot signs a
 * digest of it inside such a message. A key's id is the SHA-256 of its SubjectPublicKeyInfo in DER.
 */
#define SIGNATURE_BYTES_MAX 512 /* RSA 4096 */
#define SPKI_BYTES_MAX      1024

/* Numbers of the wire (LTP.md): never renumbered. */
enum sign_algorithm {
    SIGN_NONE = 0,
    SIGN_ECDSA_P256 = 1,
    SIGN_ED25519 = 2,
    SIGN_RSA = 3,
};

const char *sign_algorithm_name(enum sign_algorithm algorithm); /* "?" when there is none */
enum sign_algorithm sign_algorithm_by_name(const char *name);   /* SIGN_NONE when there is none */

/* A public key: never changed once it is opened, so threads may share it. */
struct public_key;

/* From SubjectPublicKeyInfo in DER, which must be the one encoding of its key. LT_FIELD_BAD: not
 * that, or a key that is not signed with here. */
LT_CHECK enum lt_status public_key_open(struct lt_bytes spki, struct public_key **ret_key,
                                        struct fault *fault);
/* From a PEM file that holds a public key or a certificate, the first of either. LT_CONFIG_BAD. */
LT_CHECK enum lt_status public_key_from_file(const char *path, struct public_key **ret_key,
                                             struct fault *fault);
/* Another owner of the same key; each closes its own. */
struct public_key *public_key_keep(struct public_key *key);
void public_key_close(struct public_key **key_p);

const struct lt_digest *public_key_id(const struct public_key *key);
enum sign_algorithm public_key_algorithm(const struct public_key *key);
struct lt_bytes public_key_spki(const struct public_key *key); /* lives as long as the key */

/* What checking signatures needs, fetched once; one per thread. */
struct sign_checker;
LT_CHECK enum lt_status sign_checker_open(struct sign_checker **ret_checker);
void sign_checker_close(struct sign_checker **checker_p);

/* Whether `signature` is one of `key` over exactly `message`. Any bytes may be asked about. */
LT_CHECK bool signature_fits(struct sign_checker *checker, const struct public_key *key,
                             struct lt_bytes message, struct lt_bytes signature);

/*
 * Whoever signs: a key in a file today, a token behind the same four functions later. One thread
 * uses a signer at a time. `sign` writes at most SIGNATURE_BYTES_MAX bytes; LT_CRYPTO when the
 * key's holder fails, and nothing is written then.
 */
struct signer {
    void *self;
    const struct public_key *public_key; /* lives as long as the signer */
    enum lt_status (*sign)(void *self, struct lt_bytes message, uint8_t *ret_signature,
                           size_t *ret_size);
    void (*close)(void *self);
};

/* A private key in a PEM file without a password, which nobody else may read (LT_SECRET_READABLE
 * otherwise); LT_CONFIG_BAD when it holds none that is signed with here. */
LT_CHECK enum lt_status signer_open_file(const char *path, struct signer *ret_signer,
                                         struct fault *fault);
/* A new key that lives as long as the process: for measurements and tests. */
LT_CHECK enum lt_status signer_generate(enum sign_algorithm algorithm, unsigned rsa_bits,
                                        struct signer *ret_signer, struct fault *fault);
void signer_close(struct signer *signer); /* an empty one too */

LT_CHECK enum lt_status signer_sign(const struct signer *signer, struct lt_bytes message,
                                    uint8_t ret_signature[SIGNATURE_BYTES_MAX], size_t *ret_size);

/* A new key pair as PEM: the secret with mode 0600, never written over (LT_EXISTS). `rsa_bits`
 * counts for SIGN_RSA only. */
LT_CHECK enum lt_status signer_make_file(enum sign_algorithm algorithm, unsigned rsa_bits,
                                         const char *secret_path, const char *public_path,
                                         struct fault *fault);

#endif
