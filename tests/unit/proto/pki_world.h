/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_PROTO_PKI_WORLD_H
#define TESTS_UNIT_PROTO_PKI_WORLD_H

/* Authorities, certificates and lists of revoked ones, made with OpenSSL itself as a case wants
 * them, good or bad. Times are seconds since 1970. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <openssl/conf.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "proto/trust.h"

struct pki {
    EVP_PKEY *key;
    X509 *certificate;
};

/* An extension as openssl.cnf writes it; `section` is what its value may name as "@part". */
struct pki_more {
    int nid;
    const char *value;
    const char *section;
};

#define PKI_MORE_MAX 4

struct pki_wish {
    const char *name;
    const struct pki *issuer; /* NULL: itself */
    time_t from;
    time_t to;
    const char *basic; /* extensions as openssl.cnf writes them; NULL: not there */
    const char *usage;
    const char *purposes;
    const char *critical; /* an extension nobody knows */
    const EVP_MD *digest; /* NULL: SHA-256, or none for Ed25519 */
    long serial;
    unsigned rsa_bits;        /* 0: P-256 */
    const struct pki *key_of; /* the same key under another name */
    struct pki_more more[PKI_MORE_MAX];
};

static inline void pki_extension(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
    char copy[160];
    if (value == NULL) {
        return;
    }
    snprintf(copy, sizeof(copy), "%s", value);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, copy);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline X509_EXTENSION *pki_more_make(X509V3_CTX *context, const struct pki_more *more)
{
    CONF *conf = NCONF_new(NULL);
    char value[160];
    if (more->section != NULL) {
        BIO *bio = BIO_new_mem_buf(more->section, -1);
        assert_int_equal(NCONF_load_bio(conf, bio, NULL), 1);
        BIO_free(bio);
    }
    X509V3_set_nconf(context, conf);
    snprintf(value, sizeof(value), "%s", more->value);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(conf, context, more->nid, value);
    assert_non_null(extension);
    X509V3_set_nconf(context, NULL);
    NCONF_free(conf);
    return extension;
}

static inline void pki_critical(X509 *certificate, const char *oid)
{
    static const uint8_t null_der[] = {5, 0};
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, null_der, sizeof(null_der));
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

static inline struct pki pki_make(const struct pki_wish *wish)
{
    struct pki made = {.certificate = X509_new()};
    if (wish->key_of != NULL) {
        made.key = wish->key_of->key;
        EVP_PKEY_up_ref(made.key);
    } else {
        made.key = wish->rsa_bits != 0 ? EVP_RSA_gen(wish->rsa_bits) : EVP_EC_gen("P-256");
    }
    X509 *issuer = wish->issuer == NULL ? made.certificate : wish->issuer->certificate;
    X509_NAME *name = X509_get_subject_name(made.certificate);
    X509_set_version(made.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), wish->serial == 0 ? 7 : wish->serial);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)wish->name, -1, -1, 0);
    X509_set_issuer_name(made.certificate, X509_get_subject_name(issuer));
    ASN1_TIME_set(X509_getm_notBefore(made.certificate), wish->from);
    ASN1_TIME_set(X509_getm_notAfter(made.certificate), wish->to);
    X509_set_pubkey(made.certificate, made.key);
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, made.certificate, NULL, NULL, 0);
    pki_extension(made.certificate, &context, NID_subject_key_identifier, "hash");
    if (wish->issuer != NULL) {
        pki_extension(made.certificate, &context, NID_authority_key_identifier, "keyid:always");
    }
    pki_extension(made.certificate, &context, NID_basic_constraints, wish->basic);
    pki_extension(made.certificate, &context, NID_key_usage, wish->usage);
    pki_extension(made.certificate, &context, NID_ext_key_usage, wish->purposes);
    for (int i = 0; i < PKI_MORE_MAX && wish->more[i].value != NULL; i++) {
        X509_EXTENSION *extension = pki_more_make(&context, &wish->more[i]);
        assert_int_equal(X509_add_ext(made.certificate, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    if (wish->critical != NULL) {
        pki_critical(made.certificate, wish->critical);
    }
    EVP_PKEY *by = wish->issuer == NULL ? made.key : wish->issuer->key;
    assert_true(
        X509_sign(made.certificate, by, wish->digest == NULL ? EVP_sha256() : wish->digest) > 0);
    return made;
}

static inline void pki_free(struct pki *pki)
{
    X509_free(pki->certificate);
    EVP_PKEY_free(pki->key);
    pki->certificate = NULL;
    pki->key = NULL;
}

/* A list of `issuer` with at most one serial number on it, signed by `by`. */
static inline X509_CRL *pki_list(const struct pki *issuer, const struct pki *by, time_t from,
                                 time_t to, long revoked)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_new();
    X509V3_CTX context;
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->certificate));
    ASN1_TIME_set(time, from);
    X509_CRL_set1_lastUpdate(list, time);
    ASN1_TIME_set(time, to);
    X509_CRL_set1_nextUpdate(list, time);
    if (revoked != 0) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        ASN1_INTEGER_set(serial, revoked);
        ASN1_TIME_set(time, from);
        X509_REVOKED_set_serialNumber(entry, serial);
        X509_REVOKED_set_revocationDate(entry, time);
        X509_CRL_add0_revoked(list, entry);
        ASN1_INTEGER_free(serial);
    }
    X509V3_set_ctx(&context, issuer->certificate, NULL, NULL, list, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    X509_CRL_add_ext(list, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_CRL_sign(list, by->key, EVP_sha256()) > 0);
    ASN1_TIME_free(time);
    return list;
}

/* The same list with one more extension, signed again. */
static inline void pki_list_more(X509_CRL *list, const struct pki *by, const struct pki_more *more)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, by->certificate, NULL, NULL, list, 0);
    X509_EXTENSION *extension = pki_more_make(&context, more);
    assert_int_equal(X509_CRL_add_ext(list, extension, -1), 1);
    X509_EXTENSION_free(extension);
    assert_true(X509_CRL_sign(list, by->key, EVP_sha256()) > 0);
}

static inline struct lt_bytes pki_der(const struct pki *pki, uint8_t memory[CERTIFICATE_BYTES_MAX])
{
    uint8_t *at = memory;
    int size = i2d_X509(pki->certificate, &at);
    assert_in_range(size, 1, CERTIFICATE_BYTES_MAX);
    return (struct lt_bytes){memory, (size_t)size};
}

#endif
