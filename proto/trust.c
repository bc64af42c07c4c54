/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Judging certificates, through OpenSSL's path validation with everything switched on that is off
 * by default: lists of revoked certificates for the whole chain (CRL_CHECK alone looks at the leaf
 * only), strict RFC 5280, a security level, a depth. What the library does not know (our purposes,
 * the grace of a list that is late) is here.
 *
 * A judgement costs some signature checks, so it is remembered: 4,096 places, each by the digest of
 * the certificate, a newcomer takes the place it falls on. An entry counts from the moment it was
 * made for ten minutes (a refusal: one), and never beyond a moment at which it could turn out
 * otherwise, as far as that is known.
 *
 * How it fails: a library that fails is LT_CRYPTO; everything a certificate can have wrong with it
 * is one of the codes of seals. Nothing is ever taken for good because it could not be checked.
 */
#include "trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/text.h"
#include "digest.h"
#include "sign_private.h"

#define PEM_BYTES_MAX   (64 * 1024 * 1024) /* lists of revoked certificates grow */
#define AUTHORITIES_MAX 4
#define SECURITY_LEVEL  2
#define CACHE_SLOTS     4096
#define REMEMBERED_MS   (10 * 60 * 1000)
#define REFUSED_MS      (60 * 1000)
#define OID_DOCUMENT    "1.3.6.1.5.5.7.3.36"
#define OID_DOCUMENT_MS "1.3.6.1.4.1.311.10.3.12"

struct remembered {
    struct lt_digest certificate;
    int64_t known_since_ms;
    int64_t from_ms;
    int64_t until_ms; /* 0: an empty place */
    enum lt_status code;
    bool stale;
    char detail[96];
};

struct trust {
    X509_STORE *store;
    STACK_OF(X509) * between;
    struct digester *digester;
    int64_t grace_ms;
    bool looking_back;
    int64_t lists_until_ms;
    uint32_t anchors;
    struct remembered *cache;
};

/* One judgement under way; the library's callback writes it. */
struct judging {
    const struct trust *trust;
    int64_t known_since_ms;
    int64_t now_ms;
    enum lt_status code;
    bool stale;
    char detail[96];
};

static int64_t time_ms_of(const ASN1_TIME *time)
{
    struct tm tm;
    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1) {
        return 0;
    }
    return (int64_t)timegm(&tm) * 1000;
}

/* ---- reading the lists ---- */

static enum lt_status add_certificate(struct trust *trust, X509 *certificate)
{
    trust->anchors++;
    return X509_STORE_add_cert(trust->store, certificate) == 1 ? LT_OK : LT_CRYPTO;
}

/* A list of changes only says nothing of who was on the one before, and the library takes it for a
 * whole one: it does not count. */
static enum lt_status add_list(struct trust *trust, X509_CRL *list)
{
    if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0) {
        return LT_OK;
    }
    int64_t until = time_ms_of(X509_CRL_get0_nextUpdate(list));
    if (trust->lists_until_ms == 0 || until < trust->lists_until_ms) {
        trust->lists_until_ms = until;
    }
    return X509_STORE_add_crl(trust->store, list) == 1 ? LT_OK : LT_CRYPTO;
}

/* Every certificate and every list of a text; how many of them. */
static enum lt_status add_all(struct trust *trust, const uint8_t *text, size_t size,
                              int *ret_certificates, int *ret_lists)
{
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    STACK_OF(X509_INFO) *infos =
        bio == NULL ? NULL : PEM_X509_INFO_read_bio(bio, NULL, pem_no_password, NULL);
    enum lt_status status = infos == NULL ? LT_CONFIG_BAD : LT_OK;
    for (int i = 0; status == LT_OK && i < sk_X509_INFO_num(infos); i++) {
        const X509_INFO *info = sk_X509_INFO_value(infos, i);
        if (info->x509 != NULL) {
            (*ret_certificates)++;
            status = add_certificate(trust, info->x509);
        }
        if (status == LT_OK && info->crl != NULL) {
            (*ret_lists)++;
            status = add_list(trust, info->crl);
        }
    }
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    BIO_free(bio);
    ERR_clear_error();
    return status;
}

/* A file of one kind: certificates, or lists. */
static enum lt_status add_file(struct trust *trust, const char *path, bool lists,
                               struct fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    int found[2] = {0, 0};
    if (path == NULL || path[0] == '\0') {
        return LT_OK;
    }
    enum lt_status status = file_read(path, PEM_BYTES_MAX, &text, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    status = add_all(trust, text, size, &found[0], &found[1]);
    free(text);
    if (status != LT_OK || found[lists] == 0 || found[!lists] != 0) {
        return fault_set(fault, LT_CONFIG_BAD, path, "not a file of %s in PEM",
                         lists ? "certificate revocation lists" : "certificates");
    }
    return LT_OK;
}

static enum lt_status rules_set(struct trust *trust)
{
    X509_VERIFY_PARAM *rules = X509_STORE_get0_param(trust->store);
    X509_VERIFY_PARAM_set_depth(rules, AUTHORITIES_MAX);
    X509_VERIFY_PARAM_set_auth_level(rules, SECURITY_LEVEL);
    /* Without POLICY_CHECK the library passes over policy constraints, critical ones too. */
    unsigned long flags = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                          X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK;
    /* Said outright: of an empty set the library thinks differently from any policy. */
    bool set = X509_VERIFY_PARAM_set_flags(rules, flags) == 1 &&
               X509_VERIFY_PARAM_add0_policy(rules, OBJ_nid2obj(NID_any_policy)) == 1;
    return set ? LT_OK : LT_CRYPTO;
}

enum lt_status trust_open(const struct trust_files *files, struct trust **ret_trust,
                          struct fault *fault)
{
    struct trust *trust = calloc(1, sizeof(*trust));
    if (trust == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "trust", "no memory");
    }
    trust->grace_ms = files->grace_ms;
    trust->looking_back = files->looking_back;
    trust->store = X509_STORE_new();
    trust->between = sk_X509_new_null();
    trust->cache = calloc(CACHE_SLOTS, sizeof(*trust->cache));
    bool made = trust->store != NULL && trust->between != NULL && trust->cache != NULL;
    enum lt_status status = made ? digester_open(&trust->digester) : LT_NO_MEMORY;
    if (status == LT_OK) {
        status = rules_set(trust);
    }
    if (status != LT_OK) {
        fault_set(fault, status, "trust", "no store");
    }
    if (status == LT_OK) {
        status = add_file(trust, files->anchors, false, fault);
    }
    if (status == LT_OK) {
        status = add_file(trust, files->crls, true, fault);
    }
    if (status != LT_OK) {
        trust_close(&trust);
        return status;
    }
    *ret_trust = trust;
    return LT_OK;
}

void trust_close(struct trust **trust_p)
{
    struct trust *trust = *trust_p;
    if (trust != NULL) {
        X509_STORE_free(trust->store);
        sk_X509_pop_free(trust->between, X509_free);
        digester_close(&trust->digester);
        free(trust->cache);
        free(trust);
        *trust_p = NULL;
    }
}

static enum lt_status lend_all(struct trust *trust, struct lt_bytes text, bool lists)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    STACK_OF(X509_INFO) *infos =
        bio == NULL ? NULL : PEM_X509_INFO_read_bio(bio, NULL, pem_no_password, NULL);
    enum lt_status status = infos == NULL || sk_X509_INFO_num(infos) == 0 ? LT_CONFIG_BAD : LT_OK;
    for (int i = 0; status == LT_OK && i < sk_X509_INFO_num(infos); i++) {
        X509_INFO *info = sk_X509_INFO_value(infos, i);
        if (lists ? info->crl == NULL : info->x509 == NULL) {
            status = LT_CONFIG_BAD;
        } else if (lists) {
            status = add_list(trust, info->crl);
        } else if (sk_X509_push(trust->between, info->x509) > 0) {
            info->x509 = NULL; /* the stack's from now on */
        } else {
            status = LT_NO_MEMORY;
        }
    }
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    BIO_free(bio);
    ERR_clear_error();
    return status;
}

enum lt_status trust_lend(struct trust *trust, struct lt_bytes between, struct lt_bytes lists,
                          struct fault *fault)
{
    enum lt_status status = LT_OK;
    if (between.size > PEM_BYTES_MAX || lists.size > PEM_BYTES_MAX) {
        status = LT_CONFIG_BAD;
    }
    if (status == LT_OK && between.size > 0) {
        status = lend_all(trust, between, false);
    }
    if (status == LT_OK && lists.size > 0) {
        status = lend_all(trust, lists, true);
    }
    return status == LT_OK ? LT_OK
                           : fault_set(fault, status, "authorities",
                                       "not certificates, or not lists of revoked ones, in PEM");
}

int64_t trust_lists_until_ms(const struct trust *trust)
{
    return trust->lists_until_ms;
}

/* ---- judging ---- */

static bool purpose_named(const ASN1_OBJECT *purpose)
{
    char oid[64];
    switch (OBJ_obj2nid(purpose)) {
    case NID_anyExtendedKeyUsage:
    case NID_email_protect:
        return true;
    default:
        break;
    }
    return OBJ_obj2txt(oid, sizeof(oid), purpose, 1) > 0 &&
           (strcmp(oid, OID_DOCUMENT) == 0 || strcmp(oid, OID_DOCUMENT_MS) == 0);
}

/* Was the certificate issued for signatures? */
static bool purpose_fits(X509 *certificate)
{
    uint32_t usage = X509_get_key_usage(certificate);
    bool fits = usage != UINT32_MAX && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0 &&
                (X509_get_extension_flags(certificate) & EXFLAG_CA) == 0;
    if (!fits || (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) == 0) {
        return fits;
    }
    EXTENDED_KEY_USAGE *purposes = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    fits = false;
    for (int i = 0; !fits && i < sk_ASN1_OBJECT_num(purposes); i++) {
        fits = purpose_named(sk_ASN1_OBJECT_value(purposes, i));
    }
    sk_ASN1_OBJECT_pop_free(purposes, ASN1_OBJECT_free);
    return fits;
}

/* What is wrong with a list of revoked certificates: it is not there or not of this time, or it is
 * none that could be believed at any time. */
static enum lt_status code_of_list(int error)
{
    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
        return LT_SEAL_CRL_STALE;
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
        return LT_SEAL_CRL_BAD;
    default:
        return LT_SEAL_CHAIN;
    }
}

/* Dates and revocation of an authority are not the agency's to mend: a code of their own. */
static enum lt_status code_of(int error, int depth)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return depth == 0 ? LT_SEAL_KEY_EXPIRED : LT_SEAL_AUTHORITY;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return depth == 0 ? LT_SEAL_KEY_EARLY : LT_SEAL_AUTHORITY;
    case X509_V_ERR_CERT_REVOKED:
        return depth == 0 ? LT_SEAL_KEY_REVOKED : LT_SEAL_AUTHORITY;
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_EE_KEY_TOO_SMALL:
        return LT_SEAL_WEAK;
    default:
        return code_of_list(error);
    }
}

/* A late list counts on for keys that were known while it was in time. */
static bool within_grace(const struct judging *judging, const X509_CRL *list)
{
    int64_t until = list == NULL ? 0 : time_ms_of(X509_CRL_get0_nextUpdate(list));
    return until != 0 && judging->known_since_ms < until &&
           judging->now_ms < until + judging->trust->grace_ms;
}

/* Do all lists that name it say that it was revoked after the moment? (The library has forgotten by
 * then which list it looked at.) */
static bool revoked_later(const struct judging *judging, X509_STORE_CTX *context, X509 *certificate)
{
    STACK_OF(X509_CRL) *lists =
        X509_STORE_CTX_get1_crls(context, X509_get_issuer_name(certificate));
    uint32_t named = 0;
    uint32_t later = 0;
    for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
        X509_REVOKED *entry = NULL;
        if (X509_CRL_get0_by_cert(sk_X509_CRL_value(lists, i), &entry, certificate) == 1) {
            named++;
            later += time_ms_of(X509_REVOKED_get0_revocationDate(entry)) > judging->now_ms;
        }
    }
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return named > 0 && named == later;
}

/* A list that is younger than the moment says who was revoked by then, and of whom it was made too
 * late to say. */
static bool forgiven(const struct judging *judging, int error, X509_STORE_CTX *context)
{
    X509_CRL *list = X509_STORE_CTX_get0_current_crl(context);
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    if (!judging->trust->looking_back || certificate == NULL) {
        return false;
    }
    if (error == X509_V_ERR_CRL_NOT_YET_VALID && list != NULL) {
        return time_ms_of(X509_get0_notAfter(certificate)) >=
               time_ms_of(X509_CRL_get0_lastUpdate(list));
    }
    return error == X509_V_ERR_CERT_REVOKED && revoked_later(judging, context, certificate);
}

static int on_verify(int fits, X509_STORE_CTX *context)
{
    struct judging *judging = X509_STORE_CTX_get_app_data(context);
    int error = X509_STORE_CTX_get_error(context);
    int depth = X509_STORE_CTX_get_error_depth(context);
    if (fits == 1) {
        return 1;
    }
    if (error == X509_V_ERR_CRL_HAS_EXPIRED &&
        within_grace(judging, X509_STORE_CTX_get0_current_crl(context))) {
        judging->stale = true;
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    if (forgiven(judging, error, context)) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    if (judging->code == LT_OK) {
        judging->code = code_of(error, depth);
        snprintf(judging->detail, sizeof(judging->detail), "%s (%d above the leaf)",
                 X509_verify_cert_error_string(error), depth);
    }
    return 0;
}

static enum lt_status judge(struct judging *judging, X509 *certificate)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (context == NULL || X509_STORE_CTX_init(context, judging->trust->store, certificate,
                                               judging->trust->between) != 1) {
        X509_STORE_CTX_free(context);
        return LT_CRYPTO;
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context),
                               (time_t)(judging->now_ms / 1000));
    X509_STORE_CTX_set_app_data(context, judging);
    X509_STORE_CTX_set_verify_cb(context, on_verify);
    int answer = X509_verify_cert(context);
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    if (answer == 1) {
        return LT_OK;
    }
    if (judging->code == LT_OK) { /* the library gave up without saying so to the callback */
        judging->code = LT_SEAL_CHAIN;
        snprintf(judging->detail, sizeof(judging->detail), "the path cannot be built");
    }
    return judging->code;
}

static X509 *certificate_read(struct lt_bytes bytes)
{
    const uint8_t *at = bytes.data;
    X509 *certificate = NULL;
    if (bytes.size > 0 && bytes.size <= CERTIFICATE_BYTES_MAX) {
        certificate = d2i_X509(NULL, &at, (long)bytes.size);
    }
    if (certificate != NULL && at != bytes.data + bytes.size) {
        X509_free(certificate);
        certificate = NULL;
    }
    ERR_clear_error();
    return certificate;
}

static enum lt_status judge_bytes(struct judging *judging, struct lt_bytes bytes)
{
    X509 *certificate = certificate_read(bytes);
    enum lt_status status = LT_SEAL_CHAIN;
    if (certificate == NULL) {
        snprintf(judging->detail, sizeof(judging->detail), "no certificate in DER");
    } else if (judging->trust->anchors == 0) {
        snprintf(judging->detail, sizeof(judging->detail), "the axis has no trust list");
    } else if (!purpose_fits(certificate)) {
        snprintf(judging->detail, sizeof(judging->detail), "key usage");
        status = LT_SEAL_PURPOSE;
    } else {
        status = judge(judging, certificate);
    }
    X509_free(certificate);
    return status;
}

/* Until when a judgement may be given again without looking. */
static int64_t until(const struct trust *trust, const struct judging *judging, int64_t to_ms)
{
    int64_t until_ms =
        judging->now_ms + (judging->code == LT_OK && !judging->stale ? REMEMBERED_MS : REFUSED_MS);
    if (to_ms > judging->now_ms && to_ms < until_ms) {
        until_ms = to_ms;
    }
    if (trust->lists_until_ms > judging->now_ms && trust->lists_until_ms < until_ms) {
        until_ms = trust->lists_until_ms;
    }
    return until_ms;
}

static struct remembered *slot_of(struct trust *trust, const struct lt_digest *certificate)
{
    uint32_t at = (uint32_t)certificate->bytes[0] << 8 | certificate->bytes[1];
    return &trust->cache[at % CACHE_SLOTS];
}

static bool remembers(const struct remembered *slot, const struct lt_digest *certificate,
                      int64_t known_since_ms, int64_t now_ms)
{
    return slot->until_ms != 0 && digest_equal(&slot->certificate, certificate) &&
           slot->known_since_ms == known_since_ms && slot->from_ms <= now_ms &&
           now_ms < slot->until_ms;
}

enum lt_status trust_judge(struct trust *trust, struct lt_bytes certificate, int64_t known_since_ms,
                           int64_t now_ms, bool *ret_stale, struct fault *fault)
{
    struct lt_digest digest = digest_of(trust->digester, certificate);
    struct remembered *slot = slot_of(trust, &digest);
    if (!remembers(slot, &digest, known_since_ms, now_ms)) {
        struct judging judging = {
            .trust = trust, .known_since_ms = known_since_ms, .now_ms = now_ms};
        struct certificate_about about = {.to_ms = 0};
        enum lt_status code = judge_bytes(&judging, certificate);
        if (code == LT_CRYPTO) {
            return fault_set(fault, code, "certificate", "the library fails");
        }
        judging.code = code;
        if (code == LT_OK) {
            code = certificate_about(certificate, &about);
        }
        *slot = (struct remembered){.certificate = digest,
                                    .known_since_ms = known_since_ms,
                                    .from_ms = now_ms,
                                    .until_ms = until(trust, &judging, about.to_ms),
                                    .code = code,
                                    .stale = judging.stale};
        memcpy(slot->detail, judging.detail, sizeof(slot->detail));
    }
    if (slot->code != LT_OK) {
        return fault_set(fault, slot->code, "certificate", "%s", slot->detail);
    }
    *ret_stale = slot->stale;
    return LT_OK;
}

/* ---- certificates themselves ---- */

enum lt_status certificate_key(struct lt_bytes certificate, struct public_key **ret_key,
                               struct fault *fault)
{
    uint8_t *spki = NULL;
    X509 *read = certificate_read(certificate);
    int size = read == NULL ? -1 : i2d_PUBKEY(X509_get0_pubkey(read), &spki);
    X509_free(read);
    ERR_clear_error();
    if (size <= 0) {
        return fault_set(fault, LT_FIELD_BAD, "certificate", "none in DER, or over %d bytes",
                         CERTIFICATE_BYTES_MAX);
    }
    enum lt_status status = public_key_open((struct lt_bytes){spki, (size_t)size}, ret_key, fault);
    OPENSSL_free(spki);
    return status;
}

enum lt_status certificate_about(struct lt_bytes certificate, struct certificate_about *ret_about)
{
    X509 *read = certificate_read(certificate);
    if (read == NULL) {
        return LT_FIELD_BAD;
    }
    struct certificate_about about = {.from_ms = time_ms_of(X509_get0_notBefore(read)),
                                      .to_ms = time_ms_of(X509_get0_notAfter(read))};
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio != NULL) {
        X509_NAME_print_ex(bio, X509_get_subject_name(read), 0,
                           XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
        char *name = NULL;
        long size = BIO_get_mem_data(bio, &name);
        text_copy(about.subject, sizeof(about.subject),
                  (struct lt_bytes){(const uint8_t *)name, size > 0 ? (size_t)size : 0});
    }
    BIO_free(bio);
    X509_free(read);
    ERR_clear_error();
    *ret_about = about;
    return LT_OK;
}

/* The first certificate of a text as DER; its size, 0: none. */
static size_t certificate_in_pem(const uint8_t *text, size_t size, uint8_t *ret_der)
{
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, pem_no_password, NULL);
    int der_size = certificate == NULL ? 0 : i2d_X509(certificate, NULL);
    if (der_size > 0 && der_size <= CERTIFICATE_BYTES_MAX) {
        der_size = i2d_X509(certificate, &ret_der);
    }
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return der_size > 0 && der_size <= CERTIFICATE_BYTES_MAX ? (size_t)der_size : 0;
}

enum lt_status credential_from_file(const char *path, uint8_t memory[CERTIFICATE_BYTES_MAX],
                                    struct lt_bytes *ret_der, bool *ret_certificate,
                                    struct fault *fault)
{
    uint8_t *text = NULL;
    size_t size = 0;
    struct public_key *key = NULL;
    enum lt_status status = file_read(path, PEM_BYTES_MAX, &text, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    size_t der_size = certificate_in_pem(text, size, memory);
    free(text);
    *ret_certificate = der_size > 0;
    if (der_size == 0) {
        status = public_key_from_file(path, &key, fault);
    }
    if (key != NULL) {
        struct lt_bytes spki = public_key_spki(key);
        memcpy(memory, spki.data, spki.size);
        der_size = spki.size;
        public_key_close(&key);
    }
    if (status == LT_OK) {
        *ret_der = (struct lt_bytes){memory, der_size};
    }
    return status;
}
