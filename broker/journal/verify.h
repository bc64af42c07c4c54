/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_VERIFY_H
#define BROKER_JOURNAL_VERIFY_H

#include "backend.h"
#include "fact.h"
#include "journal.h"
#include "proto/seal.h"
#include <lienthong/status.h>

/*
 * Walks a whole journal and checks everything that can be checked without the registry: keys in
 * order and without gaps, record frames, the digest chain, every fact's crc, times that never go
 * back, epochs that never go down, payloads that read (fact.h), digests of every stored parcel,
 * and that the seal which an acceptance names is over these very bytes. Finds all damage, never
 * stops at the first. Any thread: only the backend's view is used.
 *
 * Whose signature a seal is, the registry knows: whoever has one hands in `seals` (NULL: signatures
 * are not checked). It is told every registry fact as it passes and asked once for each seal.
 *
 * `progress` may be NULL; it is told the position reached, `last` as given, and the bytes looked at
 * since it was told before. False from it ends the walk with LT_AGAIN.
 */
struct verify_finding {
    uint64_t position;
    const char *what; /* "chain", "crc", "gap", "frame", "payload", "digest", "time", "epoch",
                         "format", "seal": not of these bytes, or not the sender's */
};

struct verify_report {
    uint64_t records;
    uint64_t facts;
    uint64_t transfers; /* accepted transfers whose parcel digests were checked */
    uint64_t seals;     /* of those, with a seal that was checked */
    uint64_t bytes;
    uint64_t findings;
};

struct verify_seals {
    void *self;
    void (*learn)(void *self, const struct fact_registry *fact);
    bool (*fits)(void *self, uint32_t from, const struct seal_proof *proof,
                 const struct lt_digest *leaf);
};

LT_CHECK enum lt_status
journal_verify(const struct journal_backend *backend, uint64_t last,
               bool (*progress)(void *context, uint64_t position, uint64_t last, uint64_t bytes),
               void (*found)(void *context, const struct verify_finding *finding), void *context,
               const struct verify_seals *seals, struct verify_report *ret_report);

#endif
