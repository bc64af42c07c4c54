/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_VERIFY_H
#define BROKER_JOURNAL_VERIFY_H

#include "backend.h"
#include "journal.h"
#include <lienthong/status.h>

/*
 * Walks a whole journal and checks everything that can be checked without the registry: keys in
 * order and without gaps, record frames, the digest chain, every fact's crc, times that never go
 * back, epochs that never go down, payloads that read (fact.h), digests of every stored parcel.
 * Finds all damage, never stops at the first. Any thread: only the backend's view is used.
 *
 * `progress` may be NULL; it is told the position reached, `last` as given, and the bytes looked at
 * since it was told before. False from it ends the walk with LT_AGAIN.
 */
struct verify_finding {
    uint64_t position;
    const char *what; /* "chain", "crc", "gap", "frame", "payload", "digest", "time", "epoch" */
};

struct verify_report {
    uint64_t records;
    uint64_t facts;
    uint64_t transfers; /* accepted transfers whose parcel digests were checked */
    uint64_t bytes;
    uint64_t findings;
};

LT_CHECK enum lt_status
journal_verify(const struct journal_backend *backend, uint64_t last,
               bool (*progress)(void *context, uint64_t position, uint64_t last, uint64_t bytes),
               void (*found)(void *context, const struct verify_finding *finding), void *context,
               struct verify_report *ret_report);

#endif
