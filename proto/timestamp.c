/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * RFC 3161 through OpenSSL. The library's own check says "no" in one word for many reasons; what
 * the answer claims (status, imprint, nonce, policy, time) is therefore looked at here first, one
 * by one, and the signature and its chain are left to the library. So every way of being wrong has
 * a name of its own, and a test.
 *
 * A fresh answer is judged at the clock of whoever asked, because a token under a certificate that
 * has run out is worth nothing tomorrow. A kept one is judged at the time it states: that is what
 * a time-stamp is for.
 *
 * Errors of the library are drained after every check, so that none is taken for one of the next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "timestamp.h"

#define SECURITY_LEVEL 2

struct timestamp_trust {
    X509_STORE *store;
    ASN1_OBJECT *policy; /* NULL: any */
};

static const char *const names[TIMESTAMP_FINDINGS_END] = {
    [TIMESTAMP_GOOD] = "good",
    [TIMESTAMP_NOT_READ] = "not-read",
    [TIMESTAMP_TRAILING] = "trailing-bytes",
    [TIMESTAMP_NOT_GRANTED] = "not-granted",
    [TIMESTAMP_NO_TOKEN] = "no-token",
    [TIMESTAMP_VERSION] = "version",
    [TIMESTAMP_WRONG_IMPRINT] = "wrong-imprint",
    [TIMESTAMP_WRONG_NONCE] = "wrong-nonce",
    [TIMESTAMP_WRONG_POLICY] = "wrong-policy",
    [TIMESTAMP_TIME_BAD] = "time-bad",
    [TIMESTAMP_SIGNATURE] = "signature",
    [TIMESTAMP_NO_CERTIFICATE] = "no-certificate",
    [TIMESTAMP_SIGNERS] = "signers",
    [TIMESTAMP_CERTIFICATE_ID] = "certificate-id",
    [TIMESTAMP_PURPOSE] = "purpose",
    [TIMESTAMP_EXPIRED] = "expired",
    [TIMESTAMP_REVOKED] = "revoked",
    [TIMESTAMP_LIST] = "list",
    [TIMESTAMP_WEAK] = "weak",
    [TIMESTAMP_CHAIN] = "chain",
};

const char *timestamp_finding_name(enum timestamp_finding finding)
{
    return finding < TIMESTAMP_FINDINGS_END ? names[finding] : "?";
}

/* ---- whom time is believed ---- */

enum lt_status timestamp_trust_open(const char *path, const char *policy,
                                    struct timestamp_trust **ret_trust, struct fault *fault)
{
    enum lt_status status = LT_NO_MEMORY;
    X509_LOOKUP *lookup = NULL;
    struct timestamp_trust *trust = calloc(1, sizeof(*trust));
    if (trust == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "tsa", "%zu bytes", sizeof(*trust));
    }
    trust->store = X509_STORE_new();
    lookup = trust->store == NULL ? NULL : X509_STORE_add_lookup(trust->store, X509_LOOKUP_file());
    if (lookup == NULL) {
        status = fault_set(fault, LT_NO_MEMORY, "tsa", "certificate store");
        goto done;
    }
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(trust->store), SECURITY_LEVEL);
    if (X509_load_cert_crl_file(lookup, path, X509_FILETYPE_PEM) < 1) {
        status = fault_set(fault, LT_CONFIG_BAD, path, "no certificates in PEM: %s",
                           ERR_reason_error_string(ERR_peek_last_error()));
        goto done;
    }
    if (X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) > 0) {
        X509_STORE_set_flags(trust->store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    }
    if (policy != NULL) {
        trust->policy = OBJ_txt2obj(policy, 1);
        if (trust->policy == NULL) {
            status =
                fault_set(fault, LT_CONFIG_BAD, "tsa policy", "%s is no object identifier", policy);
            goto done;
        }
    }
    ERR_clear_error();
    *ret_trust = trust;
    return LT_OK;
done:
    ERR_clear_error();
    timestamp_trust_close(&trust);
    return status;
}

void timestamp_trust_close(struct timestamp_trust **trust_p)
{
    struct timestamp_trust *trust = *trust_p;
    if (trust == NULL) {
        return;
    }
    *trust_p = NULL;
    X509_STORE_free(trust->store);
    ASN1_OBJECT_free(trust->policy);
    free(trust);
}

/* ---- the question ---- */

static TS_MSG_IMPRINT *imprint_of(const struct lt_digest *digest)
{
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    bool made = imprint != NULL && algorithm != NULL &&
                X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
                TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
                TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)(uintptr_t)digest->bytes,
                                       sizeof(digest->bytes)) == 1;
    X509_ALGOR_free(algorithm);
    if (!made) {
        TS_MSG_IMPRINT_free(imprint);
        imprint = NULL;
    }
    return imprint;
}

size_t timestamp_request(const struct timestamp_question *question,
                         uint8_t out[TIMESTAMP_REQUEST_BYTES_MAX])
{
    size_t written = 0;
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = imprint_of(&question->digest);
    ASN1_INTEGER *nonce = ASN1_INTEGER_new();
    if (request != NULL && imprint != NULL && nonce != NULL &&
        TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_msg_imprint(request, imprint) == 1 &&
        TS_REQ_set_cert_req(request, 1) == 1 && ASN1_INTEGER_set_uint64(nonce, question->nonce) &&
        (question->nonce == 0 || TS_REQ_set_nonce(request, nonce) == 1)) {
        int size = i2d_TS_REQ(request, NULL);
        if (size > 0 && size <= TIMESTAMP_REQUEST_BYTES_MAX) {
            unsigned char *at = out;
            written = i2d_TS_REQ(request, &at) == size ? (size_t)size : 0;
        }
    }
    ASN1_INTEGER_free(nonce);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(request);
    ERR_clear_error();
    return written;
}

/* ---- the answer: what it claims ---- */

static enum timestamp_finding check_imprint(TS_TST_INFO *info, const struct lt_digest *digest)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *algorithm = NULL;
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    ASN1_OCTET_STRING *bytes = TS_MSG_IMPRINT_get_msg(imprint);
    bool same = OBJ_obj2nid(algorithm) == NID_sha256 &&
                ASN1_STRING_length(bytes) == (int)sizeof(digest->bytes) &&
                memcmp(ASN1_STRING_get0_data(bytes), digest->bytes, sizeof(digest->bytes)) == 0;
    return same ? TIMESTAMP_GOOD : TIMESTAMP_WRONG_IMPRINT;
}

static enum timestamp_finding check_nonce(TS_TST_INFO *info, uint64_t expected)
{
    uint64_t nonce = 0;
    const ASN1_INTEGER *said = TS_TST_INFO_get_nonce(info);
    if (expected == 0) {
        return TIMESTAMP_GOOD;
    }
    bool same = said != NULL && ASN1_INTEGER_get_uint64(&nonce, said) == 1 && nonce == expected;
    return same ? TIMESTAMP_GOOD : TIMESTAMP_WRONG_NONCE;
}

static int64_t accuracy_ms(TS_ACCURACY *accuracy)
{
    int64_t whole = 0;
    int64_t parts = 0;
    if (accuracy == NULL) {
        return 0;
    }
    const ASN1_INTEGER *seconds = TS_ACCURACY_get_seconds(accuracy);
    const ASN1_INTEGER *millis = TS_ACCURACY_get_millis(accuracy);
    if ((seconds != NULL && ASN1_INTEGER_get_int64(&whole, seconds) != 1) ||
        (millis != NULL && ASN1_INTEGER_get_int64(&parts, millis) != 1) || whole < 0 ||
        whole > INT32_MAX || parts < 0 || parts > 999) {
        return 0;
    }
    return whole * 1000 + parts;
}

/* GeneralizedTime may carry parts of a second, which ASN1_TIME_to_tm passes over. */
static bool time_of(const ASN1_GENERALIZEDTIME *time, int64_t *ret_ms)
{
    struct tm tm;
    int days = 0;
    int seconds = 0;
    bool read = false;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    if (epoch != NULL && time != NULL && ASN1_TIME_to_tm(time, &tm) == 1 &&
        ASN1_TIME_diff(&days, &seconds, epoch, time) == 1) {
        const char *digits = (const char *)ASN1_STRING_get0_data(time);
        const char *dot = memchr(digits, '.', (size_t)ASN1_STRING_length(time));
        int64_t parts = 0;
        for (int i = 0; dot != NULL && i < 3; i++) {
            bool digit = dot[1] >= '0' && dot[1] <= '9';
            parts = parts * 10 + (digit ? dot[1] - '0' : 0);
            dot += digit ? 1 : 0;
        }
        *ret_ms = ((int64_t)days * 86400 + seconds) * 1000 + parts;
        read = days >= 0 && seconds >= 0;
    }
    ASN1_TIME_free(epoch);
    return read;
}

static enum timestamp_finding read_claims(const struct timestamp_trust *trust,
                                          const struct timestamp_question *question,
                                          TS_TST_INFO *info, struct timestamp *ret)
{
    ASN1_OBJECT *policy = TS_TST_INFO_get_policy_id(info);
    if (TS_TST_INFO_get_version(info) != 1) {
        return TIMESTAMP_VERSION;
    }
    enum timestamp_finding finding = check_imprint(info, &question->digest);
    if (finding == TIMESTAMP_GOOD) {
        finding = check_nonce(info, question->nonce);
    }
    if (finding != TIMESTAMP_GOOD) {
        return finding;
    }
    if (trust->policy != NULL && OBJ_cmp(trust->policy, policy) != 0) {
        return TIMESTAMP_WRONG_POLICY;
    }
    if (!time_of(TS_TST_INFO_get_time(info), &ret->time_ms)) {
        return TIMESTAMP_TIME_BAD;
    }
    ret->accuracy_ms = accuracy_ms(TS_TST_INFO_get_accuracy(info));
    OBJ_obj2txt(ret->policy, sizeof(ret->policy), policy, 1);
    BIGNUM *serial = ASN1_INTEGER_to_BN(TS_TST_INFO_get_serial(info), NULL);
    char *hex = serial == NULL ? NULL : BN_bn2hex(serial);
    snprintf(ret->serial, sizeof(ret->serial), "%s", hex == NULL ? "" : hex);
    OPENSSL_free(hex);
    BN_free(serial);
    return TIMESTAMP_GOOD;
}

/* ---- the answer: who signed it ---- */

/* What the library's refusal of a chain means. */
static enum timestamp_finding of_chain(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TIMESTAMP_EXPIRED;
    case X509_V_ERR_CERT_REVOKED:
        return TIMESTAMP_REVOKED;
    case X509_V_ERR_INVALID_PURPOSE:
        return TIMESTAMP_PURPOSE;
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_EE_KEY_TOO_SMALL:
        return TIMESTAMP_WEAK;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
        return TIMESTAMP_LIST;
    default:
        return TIMESTAMP_CHAIN;
    }
}

/* The last refusal of the store's callback: the library tells it in words only. */
static int remember(int answer, X509_STORE_CTX *context)
{
    if (answer == 0) {
        int *error = X509_STORE_get_ex_data(X509_STORE_CTX_get0_store(context), 0);
        if (error != NULL) {
            *error = X509_STORE_CTX_get_error(context);
        }
    }
    return answer;
}

static enum timestamp_finding of_error(unsigned long error, int chain_error)
{
    if (chain_error != X509_V_OK) {
        return of_chain(chain_error);
    }
    if (ERR_GET_LIB(error) == ERR_LIB_TS) {
        switch (ERR_GET_REASON(error)) {
        case TS_R_THERE_MUST_BE_ONE_SIGNER:
            return TIMESTAMP_SIGNERS;
        case TS_R_ESS_SIGNING_CERTIFICATE_ERROR:
        case TS_R_ESS_ADD_SIGNING_CERT_ERROR:
        case TS_R_ESS_ADD_SIGNING_CERT_V2_ERROR:
            return TIMESTAMP_CERTIFICATE_ID;
        default:
            break;
        }
    }
    if (ERR_GET_LIB(error) == ERR_LIB_ESS) {
        return TIMESTAMP_CERTIFICATE_ID;
    }
    if (ERR_GET_LIB(error) == ERR_LIB_PKCS7 &&
        (ERR_GET_REASON(error) == PKCS7_R_SIGNER_CERTIFICATE_NOT_FOUND ||
         ERR_GET_REASON(error) == PKCS7_R_NO_SIGNERS)) {
        return TIMESTAMP_NO_CERTIFICATE;
    }
    return TIMESTAMP_SIGNATURE;
}

/* What the library lets pass: a token signed over SHA-1, a signer named by SHA-1 alone. */
static enum timestamp_finding check_strength(PKCS7 *token)
{
    X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *digest = NULL;
    PKCS7_SIGNER_INFO *signer = sk_PKCS7_SIGNER_INFO_value(PKCS7_get_signer_info(token), 0);
    PKCS7_SIGNER_INFO_get0_algs(signer, NULL, &algorithm, NULL);
    X509_ALGOR_get0(&digest, NULL, NULL, algorithm);
    switch (OBJ_obj2nid(digest)) {
    case NID_sha256:
    case NID_sha384:
    case NID_sha512:
        break;
    default:
        return TIMESTAMP_WEAK;
    }
    bool named = PKCS7_get_signed_attribute(signer, NID_id_smime_aa_signingCertificateV2) != NULL;
    return named ? TIMESTAMP_GOOD : TIMESTAMP_CERTIFICATE_ID;
}

static enum timestamp_finding check_signature(struct timestamp_trust *trust, int64_t at_ms,
                                              PKCS7 *token, struct timestamp *ret,
                                              struct fault *fault)
{
    int chain_error = X509_V_OK;
    X509 *signer = NULL;
    enum timestamp_finding finding = TIMESTAMP_GOOD;
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(trust->store), (time_t)(at_ms / 1000));
    X509_STORE_set_verify_cb(trust->store, remember);
    X509_STORE_set_ex_data(trust->store, 0, &chain_error);
    ERR_clear_error();
    int answer = TS_RESP_verify_signature(token, NULL, trust->store, &signer);
    X509_STORE_set_ex_data(trust->store, 0, NULL);
    if (answer != 1) {
        unsigned long error = ERR_peek_last_error();
        finding = of_error(error, chain_error);
        const char *words = chain_error != X509_V_OK ? X509_verify_cert_error_string(chain_error)
                                                     : ERR_reason_error_string(error);
        fault_set(fault, LT_CRYPTO, "time-stamp", "%s", words == NULL ? "?" : words);
    } else {
        X509_NAME_oneline(X509_get_subject_name(signer), ret->authority,
                          (int)sizeof(ret->authority));
        finding = check_strength(token);
    }
    X509_free(signer);
    return finding;
}

static enum timestamp_finding check_granted(TS_RESP *response)
{
    const ASN1_INTEGER *status = TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response));
    int64_t number = -1;
    if (status == NULL || ASN1_INTEGER_get_int64(&number, status) != 1 ||
        (number != TS_STATUS_GRANTED && number != TS_STATUS_GRANTED_WITH_MODS)) {
        return TIMESTAMP_NOT_GRANTED;
    }
    return TS_RESP_get_token(response) == NULL ? TIMESTAMP_NO_TOKEN : TIMESTAMP_GOOD;
}

/* The library reads no answer whose status and token do not fit together. */
static enum timestamp_finding not_read(struct fault *fault)
{
    unsigned long error = ERR_peek_error();
    bool empty =
        ERR_GET_LIB(error) == ERR_LIB_TS && ERR_GET_REASON(error) == TS_R_TOKEN_NOT_PRESENT;
    ERR_clear_error();
    fault_set(fault, LT_FIELD_BAD, "time-stamp", "%s",
              empty ? "granted, and no token" : "no TimeStampResp (RFC 3161, 2.4.2)");
    return empty ? TIMESTAMP_NO_TOKEN : TIMESTAMP_NOT_READ;
}

enum timestamp_finding timestamp_check(struct timestamp_trust *trust,
                                       const struct timestamp_question *question,
                                       struct lt_bytes reply, struct timestamp *ret_timestamp,
                                       struct fault *fault)
{
    struct timestamp found = {0};
    const unsigned char *at = reply.data;
    if (reply.size == 0 || reply.size > TIMESTAMP_REPLY_BYTES_MAX) {
        fault_set(fault, LT_FIELD_BAD, "time-stamp", "%zu bytes, at most %d", reply.size,
                  TIMESTAMP_REPLY_BYTES_MAX);
        return TIMESTAMP_NOT_READ;
    }
    ERR_clear_error();
    TS_RESP *response = d2i_TS_RESP(NULL, &at, (long)reply.size);
    if (response == NULL) {
        return not_read(fault);
    }
    enum timestamp_finding finding =
        at == reply.data + reply.size ? check_granted(response) : TIMESTAMP_TRAILING;
    if (finding == TIMESTAMP_GOOD) {
        finding = read_claims(trust, question, TS_RESP_get_tst_info(response), &found);
    }
    if (finding == TIMESTAMP_GOOD) {
        int64_t when_ms = question->now_ms != 0 ? question->now_ms : found.time_ms;
        finding = check_signature(trust, when_ms, TS_RESP_get_token(response), &found, fault);
    }
    if (finding == TIMESTAMP_GOOD) {
        *ret_timestamp = found;
    } else {
        fault_set(fault, LT_FIELD_BAD, "time-stamp", "%s", timestamp_finding_name(finding));
    }
    TS_RESP_free(response);
    ERR_clear_error();
    return finding;
}
