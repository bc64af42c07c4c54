/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_TIMESTAMP_H
#define PROTO_TIMESTAMP_H

#include <stdint.h>

#include "base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Time-stamps of an outside authority (RFC 3161, with the signing certificate's digest of RFC
 * 5816): the question, and whether an answer counts. Digests are SHA-256. The bytes of an answer
 * are kept as they came, because they are the evidence: `openssl ts -verify -in` reads them.
 */
#define TIMESTAMP_REQUEST_BYTES_MAX 128
#define TIMESTAMP_REPLY_BYTES_MAX   (64 * 1024)

/* Why an answer does not count; each has its own name in logs and reports. */
enum timestamp_finding {
    TIMESTAMP_GOOD = 0,
    TIMESTAMP_NOT_READ,       /* too long, or no TimeStampResp */
    TIMESTAMP_TRAILING,       /* bytes behind it */
    TIMESTAMP_NOT_GRANTED,    /* the authority says no, or not yet */
    TIMESTAMP_NO_TOKEN,       /* granted, and nothing in it */
    TIMESTAMP_VERSION,        /* not version 1 */
    TIMESTAMP_WRONG_IMPRINT,  /* of another digest, or another algorithm */
    TIMESTAMP_WRONG_NONCE,    /* the answer to another question */
    TIMESTAMP_WRONG_POLICY,   /* not under the policy that is demanded */
    TIMESTAMP_TIME_BAD,       /* its time does not read */
    TIMESTAMP_SIGNATURE,      /* not made over these bytes by the certificate it carries */
    TIMESTAMP_NO_CERTIFICATE, /* the signer's certificate is not there */
    TIMESTAMP_SIGNERS,        /* not signed by exactly one (RFC 3161, 2.4.2) */
    TIMESTAMP_CERTIFICATE_ID, /* not the one that the signature names, or named by SHA-1 alone */
    TIMESTAMP_PURPOSE,        /* it is not for time-stamping, and only that */
    TIMESTAMP_EXPIRED,        /* a certificate of its chain did not count yet, or no longer */
    TIMESTAMP_REVOKED,
    TIMESTAMP_LIST,  /* a list of revoked certificates is missing, out of date or not sound */
    TIMESTAMP_WEAK,  /* a digest or a key that is too weak, of the token or of its chain */
    TIMESTAMP_CHAIN, /* it leads to nobody who is trusted */
    TIMESTAMP_FINDINGS_END,
};
const char *timestamp_finding_name(enum timestamp_finding finding);

/* What a good answer says. */
struct timestamp {
    int64_t time_ms;
    int64_t accuracy_ms; /* 0: it does not say */
    char policy[64];     /* an object identifier in dots */
    char serial[64];     /* of the token, in hex */
    char authority[160]; /* the subject of the signer's certificate */
};

/* Whom time is believed: one thread uses it at a time. */
struct timestamp_trust;

/*
 * From a PEM file: certificates of trusted authorities and of what stands between, and lists of
 * revoked ones; when there is a list at all, every certificate of a chain must have one. Keys and
 * digests below security level 2 (SHA-1, RSA 1024) do not count. `policy` (NULL: any) is the only
 * one accepted. LT_CONFIG_BAD names what is wrong.
 */
LT_CHECK enum lt_status timestamp_trust_open(const char *path, const char *policy,
                                             struct timestamp_trust **ret_trust,
                                             struct fault *fault);
void timestamp_trust_close(struct timestamp_trust **trust_p);

struct timestamp_question {
    struct lt_digest digest;
    uint64_t nonce; /* 0: whatever it was (an answer that was kept) */
    int64_t now_ms; /* when certificates must count; 0: at the time that the token itself says */
};

/* The question in DER, with the certificate asked for; how many bytes. 0 when the library fails. */
size_t timestamp_request(const struct timestamp_question *question,
                         uint8_t out[TIMESTAMP_REQUEST_BYTES_MAX]);

/* Whether `reply` answers it. Any bytes may be asked about. `fault` gets the library's words. */
LT_CHECK enum timestamp_finding
timestamp_check(struct timestamp_trust *trust, const struct timestamp_question *question,
                struct lt_bytes reply, struct timestamp *ret_timestamp, struct fault *fault);

#endif
