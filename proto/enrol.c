/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Requests of agencies that want to be let in, through OpenSSL: made with the signer interface (so
 * a key in a token will do), read from anybody.
 *
 * What is read has come from a stranger. It is a request only when it is one DER object to its last
 * byte, its key is one that is signed with here, its signature is by that key and over SHA-256 (or
 * Ed25519), and it names one agency, one CURVE key and one moment; anything else in it is passed
 * over. The work is bounded by ENROL_REQUEST_BYTES_MAX and one check of a signature.
 *
 * The code has 53 bits. Another request with the same code costs its maker some 2^53 signatures,
 * within the days a request is good for; and it would still show its own keys to the registrar.
 */
#include "enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/text.h"

#define CURVE_URI      "urn:lienthong:curve:"
#define MADE_URI       "urn:lienthong:made:"
#define CODE_MODULUS   10000000000000000ULL
#define CODE_DIGITS    16
#define NAME_RUNES_MAX 64
#define PEM_BYTES_MAX  (16 * 1024)
#define MADE_DIGITS    11
#define SAN_BYTES      256
#define PEM_LABEL      "CERTIFICATE REQUEST"
#define PEM_LABEL_OLD  "NEW CERTIFICATE REQUEST"

static enum lt_status broken(struct fault *fault, const char *what)
{
    ERR_clear_error();
    return fault_set(fault, LT_FIELD_BAD, "request", "%s", what);
}

/* ---- codes ---- */

enum lt_status enrol_digest(struct lt_bytes der, struct lt_digest *ret_digest)
{
    struct lt_digest digest;
    if (EVP_Digest(der.data, der.size, digest.bytes, NULL, EVP_sha256(), NULL) != 1) {
        ERR_clear_error();
        return LT_CRYPTO;
    }
    *ret_digest = digest;
    return LT_OK;
}

void enrol_code(const struct lt_digest *digest, char ret_code[ENROL_CODE_BYTES])
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) {
        number = number << 8 | digest->bytes[i];
    }
    number %= CODE_MODULUS;
    snprintf(ret_code, ENROL_CODE_BYTES, "%04u-%04u-%04u-%04u",
             (unsigned)(number / 1000000000000ULL), (unsigned)(number / 100000000ULL % 10000),
             (unsigned)(number / 10000 % 10000), (unsigned)(number % 10000));
}

bool enrol_code_read(const char *text, char ret_code[ENROL_CODE_BYTES])
{
    char code[ENROL_CODE_BYTES];
    size_t digits = 0;
    size_t used = 0;
    for (; *text != '\0'; text++) {
        if (*text == '-' || *text == ' ') {
            continue;
        }
        if (*text < '0' || *text > '9' || digits == CODE_DIGITS) {
            return false;
        }
        if (digits > 0 && digits % 4 == 0) {
            code[used++] = '-';
        }
        code[used++] = *text;
        digits++;
    }
    if (digits != CODE_DIGITS) {
        return false;
    }
    code[used] = '\0';
    memcpy(ret_code, code, sizeof(code));
    return true;
}

/* ---- making ---- */

/* Bytes of the first NAME_RUNES_MAX characters: X.520 has no room for more. */
static int name_size(const char *name)
{
    int runes = 0;
    int size = 0;
    for (; name[size] != '\0'; size++) {
        runes += (name[size] & 0xc0) != 0x80;
        if (runes > NAME_RUNES_MAX) {
            break;
        }
    }
    return size;
}

static bool subject_set(X509_REQ *request, const char *agency, const char *name)
{
    X509_NAME *subject = X509_REQ_get_subject_name(request);
    bool set = X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                          (const uint8_t *)agency, -1, -1, 0) == 1;
    return set && (name[0] == '\0' ||
                   X509_NAME_add_entry_by_NID(subject, NID_organizationName, MBSTRING_UTF8,
                                              (const uint8_t *)name, name_size(name), -1, 0) == 1);
}

static bool keys_set(X509_REQ *request, const struct lt_key *curve, int64_t now_ms)
{
    char hex[2 * sizeof(curve->bytes) + 1];
    char names[SAN_BYTES];
    hex_write(hex, curve->bytes, sizeof(curve->bytes));
    snprintf(names, sizeof(names), "URI:" CURVE_URI "%s,URI:" MADE_URI "%lld", hex,
             (long long)((now_ms + 999) / 1000)); /* later than what came before it */
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
    bool set = extension != NULL && list != NULL && sk_X509_EXTENSION_push(list, extension) > 0;
    if (set) {
        extension = NULL; /* the list's now */
        set = X509_REQ_add_extensions(request, list) == 1;
    }
    X509_EXTENSION_free(extension);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    return set;
}

static int signature_nid(enum sign_algorithm algorithm)
{
    switch (algorithm) {
    case SIGN_ECDSA_P256:
        return NID_ecdsa_with_SHA256;
    case SIGN_ED25519:
        return NID_ED25519;
    case SIGN_RSA:
        return NID_sha256WithRSAEncryption;
    case SIGN_NONE:
        break;
    }
    return NID_undef;
}

static bool algorithm_set(X509_REQ *request, enum sign_algorithm algorithm)
{
    X509_ALGOR *named = X509_ALGOR_new();
    int parameter = algorithm == SIGN_RSA ? V_ASN1_NULL : V_ASN1_UNDEF;
    bool set =
        named != NULL &&
        X509_ALGOR_set0(named, OBJ_nid2obj(signature_nid(algorithm)), parameter, NULL) == 1 &&
        X509_REQ_set1_signature_algo(request, named) == 1;
    X509_ALGOR_free(named);
    return set;
}

/* The signature over what is signed, by whoever holds the key. */
static enum lt_status sign(X509_REQ *request, const struct signer *signer)
{
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t size = 0;
    uint8_t *signed_part = NULL;
    if (!algorithm_set(request, public_key_algorithm(signer->public_key))) {
        return LT_CRYPTO;
    }
    int signed_size = i2d_re_X509_REQ_tbs(request, &signed_part);
    if (signed_size <= 0) {
        return LT_CRYPTO;
    }
    enum lt_status status =
        signer_sign(signer, (struct lt_bytes){signed_part, (size_t)signed_size}, signature, &size);
    OPENSSL_free(signed_part);
    if (status != LT_OK) {
        return status;
    }
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    if (bits == NULL || ASN1_BIT_STRING_set(bits, signature, (int)size) != 1) {
        ASN1_BIT_STRING_free(bits);
        return LT_CRYPTO;
    }
    bits->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 7L); /* whole bytes */
    bits->flags |= ASN1_STRING_FLAG_BITS_LEFT;
    X509_REQ_set0_signature(request, bits);
    return LT_OK;
}

static enum lt_status fill(X509_REQ *request, const struct signer *signer, const char *agency,
                           const char *name, const struct lt_key *curve, int64_t now_ms)
{
    struct lt_bytes spki = public_key_spki(signer->public_key);
    const uint8_t *at = spki.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.size);
    bool made = pkey != NULL && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
                X509_REQ_set_pubkey(request, pkey) == 1 && subject_set(request, agency, name) &&
                keys_set(request, curve, now_ms);
    EVP_PKEY_free(pkey);
    return made ? sign(request, signer) : LT_CRYPTO;
}

enum lt_status enrol_request_make(const struct signer *signer, const char *agency, const char *name,
                                  const struct lt_key *curve, int64_t now_ms,
                                  uint8_t memory[ENROL_REQUEST_BYTES_MAX], struct lt_bytes *ret_der,
                                  struct fault *fault)
{
    uint8_t *der = NULL;
    int size = 0;
    if (!agency_id_valid(text_bytes(agency)) || strlen(name) >= ENROL_NAME_BYTES) {
        return fault_set(fault, LT_FIELD_BAD, "agency", "%s", agency);
    }
    X509_REQ *request = X509_REQ_new();
    enum lt_status status =
        request == NULL ? LT_NO_MEMORY : fill(request, signer, agency, name, curve, now_ms);
    if (status == LT_OK) {
        size = i2d_X509_REQ(request, &der);
        status = size <= 0 || size > ENROL_REQUEST_BYTES_MAX ? LT_CRYPTO : LT_OK;
    }
    if (status == LT_OK) {
        memcpy(memory, der, (size_t)size);
        *ret_der = (struct lt_bytes){memory, (size_t)size};
    }
    OPENSSL_free(der);
    X509_REQ_free(request);
    ERR_clear_error();
    return status == LT_OK ? LT_OK : fault_set(fault, status, "request", "none is made");
}

/* ---- reading ---- */

/* The one value of this part of the subject; false when there are several, or too long. */
static bool subject_part(const X509_NAME *subject, int nid, char *out, size_t out_size)
{
    int at = X509_NAME_get_index_by_NID(subject, nid, -1);
    uint8_t *text = NULL;
    out[0] = '\0';
    if (at < 0) {
        return true;
    }
    if (X509_NAME_get_index_by_NID(subject, nid, at) >= 0) {
        return false;
    }
    int size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool fits = size >= 0 && (size_t)size < out_size && memchr(text, 0, (size_t)size) == NULL &&
                utf8_valid((struct lt_bytes){text, (size_t)size});
    if (fits) {
        text_copy(out, out_size, (struct lt_bytes){text, (size_t)size});
    }
    OPENSSL_free(text);
    return fits;
}

/* What follows `prefix` in this name, when it is a URI that begins so. */
static bool uri_take(const GENERAL_NAME *name, const char *prefix, char *out, size_t out_size)
{
    if (name->type != GEN_URI) {
        return false;
    }
    const ASN1_STRING *text = name->d.uniformResourceIdentifier;
    size_t size = (size_t)ASN1_STRING_length(text);
    size_t front = strlen(prefix);
    const uint8_t *data = ASN1_STRING_get0_data(text);
    if (size < front || memcmp(data, prefix, front) != 0 || size - front >= out_size ||
        memchr(data, 0, size) != NULL) {
        return false;
    }
    text_copy(out, out_size, (struct lt_bytes){data + front, size - front});
    return true;
}

static bool keys_read(X509_REQ *request, struct enrol_request *out)
{
    char curve[2 * sizeof(out->curve.bytes) + 1] = "";
    char made[MADE_DIGITS + 1] = "";
    uint32_t curves = 0;
    uint32_t mades = 0;
    STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(request);
    GENERAL_NAMES *names =
        list == NULL ? NULL : X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        curves += uri_take(name, CURVE_URI, curve, sizeof(curve));
        mades += uri_take(name, MADE_URI, made, sizeof(made));
    }
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
    size_t digits = strspn(made, "0123456789");
    if (curves != 1 || mades != 1 || digits == 0 || made[digits] != '\0' ||
        !hex_read(out->curve.bytes, sizeof(out->curve.bytes), curve)) {
        return false;
    }
    out->made_ms = strtoll(made, NULL, 10) * 1000;
    return true;
}

static enum lt_status key_read(X509_REQ *request, struct enrol_request *out, struct fault *fault)
{
    struct public_key *key = NULL;
    uint8_t *spki = NULL;
    EVP_PKEY *pkey = X509_REQ_get0_pubkey(request);
    int size = pkey == NULL ? 0 : i2d_PUBKEY(pkey, &spki);
    if (size <= 0) {
        return broken(fault, "no public key");
    }
    enum lt_status status = public_key_open((struct lt_bytes){spki, (size_t)size}, &key, fault);
    OPENSSL_free(spki);
    if (status != LT_OK) {
        return status;
    }
    struct lt_bytes bytes = public_key_spki(key);
    out->algorithm = public_key_algorithm(key);
    out->key_id = *public_key_id(key);
    out->spki_size = bytes.size;
    memcpy(out->spki, bytes.data, bytes.size);
    public_key_close(&key);
    if (X509_REQ_get_signature_nid(request) != signature_nid(out->algorithm) ||
        X509_REQ_verify(request, pkey) != 1) {
        ERR_clear_error();
        return fault_set(fault, LT_SEAL_BAD, "request", "not signed by the key it names");
    }
    return LT_OK;
}

static enum lt_status request_read(X509_REQ *request, struct enrol_request *out,
                                   struct fault *fault)
{
    const X509_NAME *subject = X509_REQ_get_subject_name(request);
    if (!subject_part(subject, NID_commonName, out->agency, sizeof(out->agency)) ||
        !agency_id_valid(text_bytes(out->agency))) {
        return broken(fault, "its common name is no agency id");
    }
    if (!subject_part(subject, NID_organizationName, out->name, sizeof(out->name))) {
        return broken(fault, "its organisation is no name");
    }
    if (!keys_read(request, out)) {
        return broken(fault, "one CURVE key and one moment are wanted in subjectAltName");
    }
    return key_read(request, out, fault);
}

enum lt_status enrol_request_read(struct lt_bytes der, struct enrol_request *ret_request,
                                  struct fault *fault)
{
    const uint8_t *at = der.data;
    struct enrol_request out;
    memset(&out, 0, sizeof(out));
    if (der.size == 0 || der.size > ENROL_REQUEST_BYTES_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "request", "%zu bytes, at most %d", der.size,
                         ENROL_REQUEST_BYTES_MAX);
    }
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.size);
    if (request == NULL || at != der.data + der.size) {
        X509_REQ_free(request);
        return broken(fault, "no PKCS#10 in DER");
    }
    enum lt_status status = request_read(request, &out, fault);
    X509_REQ_free(request);
    ERR_clear_error();
    if (status == LT_OK) {
        status = enrol_digest(der, &out.digest);
    }
    if (status == LT_OK) {
        enrol_code(&out.digest, out.code);
        *ret_request = out;
    }
    return status;
}

/* ---- files ---- */

enum lt_status enrol_request_write_file(const char *path, struct lt_bytes der, struct fault *fault)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio(bio, PEM_LABEL, "", der.data, (long)der.size) <= 0) {
        BIO_free(bio);
        ERR_clear_error();
        return fault_set(fault, LT_CRYPTO, path, "the library fails");
    }
    long size = BIO_get_mem_data(bio, &text);
    enum lt_status status =
        file_write(path, (struct lt_bytes){(const uint8_t *)text, (size_t)size}, 0644, fault);
    BIO_free(bio);
    return status;
}

/* The first request among the PEM blocks of a text; 0: none, or too large. */
static size_t request_in_pem(const uint8_t *text, size_t size,
                             uint8_t memory[ENROL_REQUEST_BYTES_MAX])
{
    char *label = NULL;
    char *header = NULL;
    uint8_t *data = NULL;
    long data_size = 0;
    size_t found = 0;
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    while (found == 0 && bio != NULL &&
           PEM_read_bio(bio, &label, &header, &data, &data_size) == 1) {
        bool request = strcmp(label, PEM_LABEL) == 0 || strcmp(label, PEM_LABEL_OLD) == 0;
        if (request && data_size > 0 && data_size <= ENROL_REQUEST_BYTES_MAX) {
            found = (size_t)data_size;
            memcpy(memory, data, found);
        }
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    BIO_free(bio);
    ERR_clear_error();
    return found;
}

enum lt_status enrol_request_from_file(const char *path, uint8_t memory[ENROL_REQUEST_BYTES_MAX],
                                       struct lt_bytes *ret_der, struct fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    enum lt_status status = file_read(path, PEM_BYTES_MAX, &text, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    size_t found = request_in_pem(text, size, memory);
    free(text);
    if (found == 0) {
        return fault_set(fault, LT_CONFIG_BAD, path, "no certificate request in PEM");
    }
    *ret_der = (struct lt_bytes){memory, found};
    return LT_OK;
}
