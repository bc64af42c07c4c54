/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_CA_H
#define PROTO_CA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "trust.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * A small certificate authority in a folder, for the signing keys of agencies: one root that issues
 * to agencies directly, with a list of revoked certificates. It belongs to the registrars and lives
 * on their machine; the broker has its certificate and its list, never its key.
 *
 *   ca.key      P-256, mode 0600        ca.pem     the root, self-signed; the broker's trust_list
 *   index       what was issued         crl.pem    the list of revoked ones; the broker's trust_crl
 *   certs/SERIAL.pem
 *
 * Certificates are what trust.h wants: CN the agency's id, digitalSignature, documentSigning
 * (RFC 9336), no authority. The index is on disk before a certificate leaves.
 */
#define CA_SERIAL_BYTES 33 /* 32 hex digits and NUL */

struct ca;

struct ca_entry {
    char serial[CA_SERIAL_BYTES];
    bool revoked;
    int64_t from_ms;
    int64_t to_ms;
    int64_t revoked_ms; /* 0: not */
    char agency[LT_AGENCY_ID_MAX + 1];
    struct lt_digest key_id;
};

/* A new one, with an empty list of revoked certificates good for `list_days`; `name` becomes its
 * common name, at most 64 characters. LT_EXISTS when the folder has a key, LT_FIELD_BAD. */
LT_CHECK enum lt_status ca_make(const char *folder, const char *name, uint32_t years,
                                uint32_t list_days, int64_t now_ms, struct fault *fault);

/* For one process at a time (LT_AGAIN otherwise); LT_NOT_FOUND, LT_SECRET_READABLE, LT_DAMAGED. */
LT_CHECK enum lt_status ca_open(const char *folder, struct ca **ret_ca, struct fault *fault);
void ca_close(struct ca **ca_p);

/* To the agency and the key of a request (enrol.h), which is checked again. The certificate never
 * outlives the authority's own. */
LT_CHECK enum lt_status ca_issue(struct ca *ca, struct lt_bytes request, uint32_t days,
                                 int64_t now_ms, uint8_t memory[CERTIFICATE_BYTES_MAX],
                                 struct lt_bytes *ret_der, struct fault *fault);

/* By the beginning of a serial (8 digits at least); LT_NOT_FOUND. The list of revoked ones is made
 * anew. One that is revoked already stays as it is. */
LT_CHECK enum lt_status ca_revoke(struct ca *ca, const char *serial, uint32_t list_days,
                                  int64_t now_ms, struct fault *fault);

/* The list of revoked certificates again, good for `days` from now. */
LT_CHECK enum lt_status ca_list_write(struct ca *ca, uint32_t days, int64_t now_ms,
                                      struct fault *fault);

uint32_t ca_count(const struct ca *ca);
const struct ca_entry *ca_at(const struct ca *ca, uint32_t index);
int64_t ca_until_ms(const struct ca *ca); /* the end of the root itself */

/* Any certificate in DER as a PEM file. */
LT_CHECK enum lt_status certificate_write_file(const char *path, struct lt_bytes der,
                                               struct fault *fault);

#endif
