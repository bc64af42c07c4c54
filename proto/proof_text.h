/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_PROOF_TEXT_H
#define PROTO_PROOF_TEXT_H

#include "base/arena.h"
#include "merkle.h"
#include "receipt.h"

/*
 * Proofs as lines of text, for evidence: a reader with nothing but a shell and openssl climbs them
 * line by line. Bytes are Base64, numbers decimal; every line ends in a newline.
 *
 *   left NODE     the new hash is that of NODE and the one so far
 *   right NODE    the new hash is that of the one so far and NODE
 *
 * A receipt                         a parcel's place under a seal    a log that grew
 *   lienthong/proof/1                 lienthong/seal-path/1            lienthong/consistency/1
 *   leaf BYTES                        place INDEX of BATCH             from SIZE to SIZE
 *   place INDEX of LEAVES             left|right NODE ...              start NODE
 *   left|right NODE ...                                                left|right NODE ...
 *   commit ENTRY
 *   place INDEX of SIZE
 *   left|right NODE ...
 *
 * In a consistency proof two hashes begin as NODE of `start`; `left` goes into both and `right`
 * into that of the larger tree only. Between equal sizes there are no lines.
 *
 * Readers take exactly what the writers write.
 */
#define PROOF_TEXT_MAX 16384

struct place_proof {
    uint64_t index;
    uint64_t size;
    struct merkle_path path;
};

struct receipt_proof {
    struct lt_bytes leaf;
    struct place_proof in_commit;
    struct commit_entry entry;
    struct place_proof in_log;
};

struct growth_proof {
    uint64_t first; /* at least 1 */
    uint64_t second;
    struct lt_digest start;  /* the first node, or the first root when that is a whole subtree */
    struct merkle_path path; /* as merkle_consistency_check wants it */
};

/* Into PROOF_TEXT_MAX bytes. A path must be of the length its place asks for: empty otherwise. */
struct lt_bytes receipt_proof_write(uint8_t *out, const struct receipt_proof *proof);
struct lt_bytes place_proof_write(uint8_t *out, const struct place_proof *proof);
/* `start` is filled in from the path, or must be the first root. */
struct lt_bytes growth_proof_write(uint8_t *out, const struct growth_proof *proof);

/* The leaf lies in the arena. False: not such a text. */
LT_CHECK bool receipt_proof_read(struct lt_bytes text, struct arena *arena,
                                 struct receipt_proof *ret_proof);
LT_CHECK bool place_proof_read(struct lt_bytes text, struct place_proof *ret_proof);
LT_CHECK bool growth_proof_read(struct lt_bytes text, struct growth_proof *ret_proof);

/* A proof of growth whose path comes from the log: with the root of the first size. */
void growth_proof_make(struct growth_proof *ret_proof, const struct merkle_head *first,
                       uint64_t second, const struct merkle_path *path);

#endif
