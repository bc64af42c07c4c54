/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_FACT_SEAL_H
#define BROKER_JOURNAL_FACT_SEAL_H

#include "fact.h"
#include "proto/seal.h"

/*
 * Seals in the journal. A Submit's seal and the leaves of its tree are kept once, in FACT_SEAL,
 * before the acceptances it covers; each of these names it by position. So 64 parcels cost one
 * signature and 32 bytes each, and every one of them is provable alone afterwards, whatever became
 * of its neighbours. A seal of one parcel stands in its acceptance itself.
 */
struct fact_seal {
    uint32_t from;
    struct lt_bytes seal;  /* as seal_write makes it */
    const uint8_t *leaves; /* count x 32 bytes, in the order of the frame */
    uint32_t count;
};

struct lt_bytes fact_write_seal(void *memory, size_t size, const struct fact_seal *f);
LT_CHECK bool fact_read_seal(struct lt_bytes payload, struct fact_seal *ret);
#define FACT_SEAL_BYTES_MAX (SEAL_BYTES_MAX + 32 * SEAL_BATCH_MAX + 16)

/* What fact_accepted.seal holds; empty for a transfer without a seal. */
struct seal_link {
    uint64_t position;       /* of the FACT_SEAL; 0: `seal` is it */
    uint32_t index;          /* place in the batch */
    struct lt_digest digest; /* SHA-256 of the seal's bytes; zeros beside `seal` */
    struct lt_bytes seal;    /* of this one parcel */
};
#define SEAL_LINK_BYTES_MAX (SEAL_BYTES_MAX + 8)

struct lt_bytes seal_link_write(void *memory, size_t size, const struct seal_link *link);
LT_CHECK bool seal_link_read(struct lt_bytes bytes, struct seal_link *ret_link);

/* SHA-256 of the seal an acceptance came under, in the form of seal_write; zeros: under none, or
 * its link does not read. The same whether the seal stands inside or in a FACT_SEAL. */
struct lt_digest fact_seal_digest(const struct fact_accepted *accepted, struct digester *digester);

/* The position of the FACT_SEAL that an acceptance names; 0: it names none. */
uint64_t fact_seal_position(const struct fact *fact);

/* The proof of an accepted transfer out of what the journal holds: `batch` is the payload of the
 * FACT_SEAL that its link names, or empty when it names none. LT_NOT_FOUND: it was not sealed;
 * LT_DAMAGED: the two do not belong together, or not to these bytes. */
LT_CHECK enum lt_status fact_seal_prove(const struct fact_accepted *accepted, struct lt_bytes batch,
                                        struct digester *digester, struct seal_proof *ret_proof);

#endif
