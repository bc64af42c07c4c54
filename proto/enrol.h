/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_ENROL_H
#define PROTO_ENROL_H

#include <stdint.h>

#include "base/fault.h"
#include "sign.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * How an agency asks to be let in: a PKCS#10 request (RFC 2986) that names the agency and both of
 * its keys and is signed with the one that signs, so that neither can be swapped for another.
 *
 *   subject           CN = agency id, O = its name (UTF-8)
 *   subjectAltName    URI:urn:lienthong:curve:<64 hex>      the CURVE public key
 *                     URI:urn:lienthong:made:<seconds>      since 1970, when it was made
 *   key, signature    one of the three algorithms of sign.h, over SHA-256 (Ed25519: pure)
 *
 * The code is 16 digits out of the request's digest. It is no secret: whoever holds the request can
 * compute it, and nobody can make another request with the same code. The agency's person reads it
 * to the registrar over the telephone; the registrar approves exactly the request that has it.
 */
#define ENROL_REQUEST_BYTES_MAX 2048
#define ENROL_CODE_BYTES        20 /* "1234-5678-9012-3456" and NUL */
#define ENROL_NAME_BYTES        128

struct enrol_request {
    char agency[LT_AGENCY_ID_MAX + 1];
    char name[ENROL_NAME_BYTES]; /* or empty */
    struct lt_key curve;
    int64_t made_ms;
    struct lt_digest digest; /* SHA-256 of the request in DER */
    struct lt_digest key_id;
    enum sign_algorithm algorithm;
    uint8_t spki[SPKI_BYTES_MAX];
    size_t spki_size;
    char code[ENROL_CODE_BYTES];
};

/* LT_FIELD_BAD (an id, a name), LT_CRYPTO. The bytes of *ret_der are in `memory`. */
LT_CHECK enum lt_status enrol_request_make(const struct signer *signer, const char *agency,
                                           const char *name, const struct lt_key *curve,
                                           int64_t now_ms, uint8_t memory[ENROL_REQUEST_BYTES_MAX],
                                           struct lt_bytes *ret_der, struct fault *fault);

/* From anybody, to its last byte; the signature is checked. LT_FIELD_BAD, LT_SEAL_BAD. */
LT_CHECK enum lt_status enrol_request_read(struct lt_bytes der, struct enrol_request *ret_request,
                                           struct fault *fault);

/* The digest of any bytes as a request: what it is known by before it is read. */
LT_CHECK enum lt_status enrol_digest(struct lt_bytes der, struct lt_digest *ret_digest);
void enrol_code(const struct lt_digest *digest, char ret_code[ENROL_CODE_BYTES]);

/* As people type it: 16 digits, with or without blanks and hyphens; false for anything else. */
LT_CHECK bool enrol_code_read(const char *text, char ret_code[ENROL_CODE_BYTES]);

/* PEM of a request, a certificate: to and from files. LT_CONFIG_BAD when the file has none. */
LT_CHECK enum lt_status enrol_request_write_file(const char *path, struct lt_bytes der,
                                                 struct fault *fault);
LT_CHECK enum lt_status enrol_request_from_file(const char *path,
                                                uint8_t memory[ENROL_REQUEST_BYTES_MAX],
                                                struct lt_bytes *ret_der, struct fault *fault);

#endif
