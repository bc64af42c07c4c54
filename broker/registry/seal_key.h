/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_REGISTRY_SEAL_KEY_H
#define BROKER_REGISTRY_SEAL_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/trust.h"
#include "registry.h"

/*
 * The keys an agency seals its transfers with: a public key by itself, or a certificate, which is
 * judged by its chain besides (proto/trust.h). An agency that has one, valid or not, must seal;
 * nobody's seal is taken for another's. Two are valid at a time during a rotation, the others are
 * remembered, so that a seal of last year still names a key that is known.
 *
 * Entries are facts and stand in STATE_REGISTRY under 'S' agency(4) key id(32): last one wins.
 */
#define SEAL_KEYS_AGENCY_MAX 16
#define SEAL_KEYS_VALID_MAX  2
#define SEAL_KEY_BYTES_MAX   (CERTIFICATE_BYTES_MAX + 128)

struct seal_key {
    uint32_t agency;
    struct lt_digest id; /* SHA-256 of SubjectPublicKeyInfo */
    bool certificate;    /* what `der` is; else SubjectPublicKeyInfo */
    bool revoked;
    int64_t from_ms;
    int64_t to_ms;    /* 0: open end */
    int64_t since_ms; /* registered at */
    struct lt_bytes der;
};

struct lt_bytes seal_key_write(void *memory, size_t size, const struct seal_key *key);
LT_CHECK bool seal_key_read(struct lt_bytes bytes, struct seal_key *ret_key); /* views into bytes */
struct lt_bytes seal_key_key_write(void *memory, size_t size, const struct seal_key *key);

/* What an operator hands in, as an entry of nobody yet: a certificate or a public key in DER.
 * LT_FIELD_BAD. */
LT_CHECK enum lt_status seal_key_make(struct lt_bytes der, struct seal_key *ret_key,
                                      struct fault *fault);

/* Revocation and the dates of the registry: LT_SEAL_KEY_REVOKED, _EXPIRED, _EARLY. */
LT_CHECK enum lt_status seal_key_at(const struct seal_key *key, int64_t now_ms,
                                    struct fault *fault);

/* Those of all agencies, sorted by agency and id. One thread. */
struct seal_keys;
LT_CHECK enum lt_status seal_keys_open(struct seal_keys **ret_keys);
void seal_keys_close(struct seal_keys **keys_p);

/* LT_DAMAGED, LT_NO_MEMORY. */
LT_CHECK enum lt_status seal_keys_fold(struct seal_keys *keys, struct lt_bytes entry);

/* Before an entry becomes a fact: another agency's key (LT_EXISTS), too many, dates. */
LT_CHECK enum lt_status seal_keys_check(const struct seal_keys *keys, const struct seal_key *key,
                                        struct fault *fault);

/* NULL when there is none. Views valid until the next fold. */
const struct seal_key *seal_keys_find(const struct seal_keys *keys, uint32_t agency,
                                      const struct lt_digest *id);
const struct seal_key *seal_keys_nth(const struct seal_keys *keys, uint32_t agency, uint32_t index);
bool seal_keys_any(const struct seal_keys *keys, uint32_t agency);

/* The key itself, opened at its first use; the caller closes its own reference. NULL: none, or its
 * bytes are no key. */
struct public_key *seal_keys_public(struct seal_keys *keys, uint32_t agency,
                                    const struct lt_digest *id);

#endif
