/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_SEALING_H
#define BROKER_FLOW_SEALING_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/seal.h"

/*
 * The seal of one Submit on its way with it: taken and its key found when the frame comes in, the
 * signature checked by the verifier, judged by what the registry and the trust list say at join,
 * and written into the journal with the first parcel that is accepted.
 */
struct flow;
struct agency;
struct submission;

struct sealing {
    struct seal seal;
    struct public_key *key;   /* NULL: the agency has no such key; its own reference */
    enum lt_status code;      /* of the seal by itself: its shape, then its signature */
    uint64_t position;        /* of its FACT_SEAL; 0: not staged yet */
    struct lt_digest digest;  /* of its bytes, with position */
    struct lt_digest *leaves; /* of a batch of `count` parcels, and the tree above (seal_tree) */
    uint32_t count;
    struct fault fault;
};

/* What to check of a seal costs about as much as hashing so many bytes. */
#define SEALING_COST_BYTES (32 * 1024)

/* At intake: NULL in *ret_sealing when the frame has no seal. False: no memory. */
LT_CHECK bool sealing_take(struct flow *flow, const struct agency *agency,
                           const struct submit_seal *wire, uint32_t count, struct arena *arena,
                           struct sealing **ret_sealing);
void sealing_drop(struct sealing *sealing); /* NULL too; the memory is the arena's */

/* By whoever verifies: the signature over the parcels as they stand. */
struct verify_tools;
void sealing_verify(const struct verify_tools *tools, const struct submission *submission);

/* At join: LT_OK, or the code that every parcel of the frame is answered with. */
LT_CHECK enum lt_status sealing_judge(struct flow *flow, const struct agency *agency,
                                      const struct submission *submission, struct fault *fault);

/* The proof of parcel `index`, which goes to its receivers, into `memory` of PROOF_BYTES_MAX. */
struct lt_bytes sealing_proof(const struct sealing *sealing, uint32_t index, uint8_t *memory);

/* At decide: the link of parcel `index` for its acceptance, into `memory` of SEAL_LINK_BYTES_MAX;
 * stages the FACT_SEAL before the first. NULL: an empty run. LT_OK or what staging says. */
LT_CHECK enum lt_status sealing_link(struct flow *flow, uint32_t agency, struct sealing *sealing,
                                     uint32_t index, uint8_t *memory, struct lt_bytes *ret_link);

#endif
