/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_SEAL_H
#define PROTO_SEAL_H

#include "digest.h"
#include "frame.h"
#include "merkle.h"
#include "sign.h"

/*
 * A sender's seal over the 1 to 64 parcels of one Submit: one signature over the Merkle root of
 * them, so that it costs one signature however many there are, and each parcel is provable alone
 * with the seal, its place and its path (LTP.md, section "Seals").
 *
 *   leaf     RFC 6962 leaf of: digest of the parcel (32) || size of its header (4) || of its body
 * (4) root     RFC 6962 root of the leaves in the order of the frame message  "lienthong/seal/1" ||
 * algorithm (4) || batch (4) || key id (32) || root (32)
 *
 * Numbers are big-endian. The two sizes are there because the digest runs over header and body as
 * one run of bytes and would fit another cut as well.
 */
#define SEAL_BATCH_MAX     LT_PARCELS_PER_FRAME
#define SEAL_PATH_MAX      6 /* of 64 leaves */
#define SEAL_MESSAGE_BYTES 88

struct seal {
    enum sign_algorithm algorithm;
    uint32_t batch; /* how many parcels it is over */
    struct lt_digest key_id;
    uint32_t signature_size;
    uint8_t signature[SIGNATURE_BYTES_MAX];
};

/* Is there one? An absent seal and one that says nothing are the same. */
bool seal_present(const struct submit_seal *wire);

/* What came in, as far as it can be a seal at all: LT_SEAL_BAD (algorithm, sizes) or
 * LT_SEAL_WRONG_BATCH (not 1 to 64). And the way out, a view into `seal`. */
LT_CHECK enum lt_status seal_take(const struct submit_seal *wire, struct seal *ret_seal,
                                  struct fault *fault);
struct submit_seal seal_give(const struct seal *seal);

struct lt_digest seal_leaf(struct digester *digester, const struct parcel *parcel);

/* What is signed. */
void seal_message(const struct seal *seal, const struct lt_digest *root,
                  uint8_t ret_message[SEAL_MESSAGE_BYTES]);

/* A seal over leaves in their order. */
LT_CHECK enum lt_status seal_make(const struct signer *signer, struct digester *digester,
                                  const struct lt_digest *leaves, uint32_t count,
                                  struct seal *ret_seal);

/* Whether the seal is the key's, over exactly these leaves: LT_SEAL_WRONG_BATCH (another number of
 * them), LT_SEAL_KEY_UNKNOWN (it names another key), LT_SEAL_BAD. */
LT_CHECK enum lt_status seal_check(const struct seal *seal, const struct public_key *key,
                                   struct sign_checker *checker, struct digester *digester,
                                   const struct lt_digest *leaves, uint32_t count);

/* One parcel by itself: its seal, its place in the batch and the path to the root that was signed.
 */
struct seal_proof {
    struct seal seal;
    uint32_t index;
    struct lt_digest root;
    uint32_t path_count;
    struct lt_digest path[SEAL_PATH_MAX];
};

/* Of leaves that the seal fits; index < count. */
LT_CHECK enum lt_status seal_prove(const struct seal *seal, struct digester *digester,
                                   const struct lt_digest *leaves, uint32_t count, uint32_t index,
                                   struct seal_proof *ret_proof);

/* Many parcels of one seal with one set of hashes: `nodes` begins with the leaves and has room for
 * SEAL_NODES(count); seal_tree fills in what stands above them. */
#define SEAL_NODES(count) (2 * (count) + 8)
void seal_tree(struct digester *digester, struct lt_digest *nodes, uint32_t count);
void seal_prove_in(const struct seal *seal, const struct lt_digest *nodes, uint32_t count,
                   uint32_t index, struct seal_proof *ret_proof);

/* LT_PATH_LENGTH, LT_PATH_WRONG (the path is another parcel's, or the parcel is another), and what
 * seal_check says of the root. */
LT_CHECK enum lt_status seal_proof_check(const struct seal_proof *proof,
                                         const struct lt_digest *leaf, const struct public_key *key,
                                         struct sign_checker *checker, struct digester *digester);

/* -- as bytes, for the journal and for evidence ------------------------------------------------ */

#define SEAL_BYTES_MAX  (43 + SIGNATURE_BYTES_MAX)
#define PROOF_BYTES_MAX (SEAL_BYTES_MAX + 37 + 32 * SEAL_PATH_MAX)

struct lt_bytes seal_write(void *memory, size_t size, const struct seal *seal);
LT_CHECK bool seal_read(struct lt_bytes bytes, struct seal *ret_seal);
struct lt_bytes seal_proof_write(void *memory, size_t size, const struct seal_proof *proof);
LT_CHECK bool seal_proof_read(struct lt_bytes bytes, struct seal_proof *ret_proof);

#endif
