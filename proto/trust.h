/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_TRUST_H
#define PROTO_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "sign.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Whether a signing certificate counts at a given moment: it leads to an authority of the trust
 * list, it and every authority between are within their dates and on no list of revoked
 * certificates, and it was issued for signatures. The moment is the caller's (the broker judges at
 * its receipt time), never the clock's.
 *
 *   purpose      keyUsage must be there with digitalSignature or nonRepudiation; an extended key
 *                usage, if there is one, must name emailProtection, documentSigning (RFC 9336 or
 *                Microsoft's) or any; an authority's own certificate signs no transfers
 *   chain        at most 4 authorities, RFC 5280 strictly with names and policies, security level 2
 *                (no SHA-1, no RSA 1024)
 *   lists        one of every authority in the chain, the root included. One past its nextUpdate is
 *                used on for grace_ms, with an alarm, for keys that were known before that moment;
 *                for keys that came later, and where there is no list at all, the answer is no
 *
 * The trust list and the lists of revoked certificates are read once and never changed: news make a
 * new `struct trust`. Judgements are remembered in a cache of fixed size that belongs to it, so a
 * remembered one is never older than its lists. One thread.
 */
#define CERTIFICATE_BYTES_MAX 4096

struct trust;

struct trust_files {
    const char *anchors; /* PEM: roots and the authorities below them; NULL or "": none */
    const char *crls;    /* PEM; NULL or "": none */
    int64_t grace_ms;
    /* The moment lies in the past and lists may be younger than it: whoever was revoked after the
     * moment counted then. Of a certificate that had run out when its list was made, a younger
     * list says nothing. */
    bool looking_back;
};

/* LT_CONFIG_BAD when a file holds anything that does not read, or nothing. */
LT_CHECK enum lt_status trust_open(const struct trust_files *files, struct trust **ret_trust,
                                   struct fault *fault);
void trust_close(struct trust **trust_p);

/* Authorities between, which count only when they lead to one of the trust list, and lists of
 * revoked certificates, as somebody else hands them in: PEM, either may be empty. Before the first
 * judgement. LT_CONFIG_BAD. */
LT_CHECK enum lt_status trust_lend(struct trust *trust, struct lt_bytes between,
                                   struct lt_bytes lists, struct fault *fault);

/* `known_since_ms`: since when this key is registered. *ret_stale: yes, but by grace.
 * LT_SEAL_CHAIN, _PURPOSE, _WEAK, _KEY_REVOKED, _KEY_EXPIRED, _KEY_EARLY, _AUTHORITY (one of the
 * chain is revoked or out of its dates), _CRL_STALE, _CRL_BAD; LT_CRYPTO. */
LT_CHECK enum lt_status trust_judge(struct trust *trust, struct lt_bytes certificate,
                                    int64_t known_since_ms, int64_t now_ms, bool *ret_stale,
                                    struct fault *fault);

/* The earliest nextUpdate of the lists; 0: there are none. */
int64_t trust_lists_until_ms(const struct trust *trust);

/* -- certificates themselves ---------------------------------------------------------------------
 */

struct certificate_about {
    char subject[160];
    int64_t from_ms;
    int64_t to_ms;
};

/* One certificate in DER, to its last byte; LT_FIELD_BAD. The key must be one that is signed with.
 */
LT_CHECK enum lt_status certificate_key(struct lt_bytes certificate, struct public_key **ret_key,
                                        struct fault *fault);
LT_CHECK enum lt_status certificate_about(struct lt_bytes certificate,
                                          struct certificate_about *ret_about);

/* What an agency signs with, out of a PEM file: the first certificate of it, else the first public
 * key, as DER into `memory`. LT_CONFIG_BAD. */
LT_CHECK enum lt_status credential_from_file(const char *path,
                                             uint8_t memory[CERTIFICATE_BYTES_MAX],
                                             struct lt_bytes *ret_der, bool *ret_certificate,
                                             struct fault *fault);

#endif
