/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_RECEIPT_H
#define PROTO_RECEIPT_H

#include "checkpoint.h"
#include "frame_log.h"

/*
 * What the log says of transfers, as bytes that anybody can hash again (LTP.md, section 17).
 *
 *   leaf      one acceptance, or one outcome of a leg: a core of digests, codes and times, never
 *             bytes of a body, behind a salt of its own. Its hash is merkle_leaf of its bytes
 *   commit    the leaves of one record of the journal, in order of position, as one tree; its entry
 *             (place, number of leaves, root) is a leaf of the log
 *   log       the tree of all commits: what checkpoints sign
 *
 * All numbers are big-endian; runs have a u16 length in front.
 */
#define LEAF_BYTES_MAX  1024
#define SALT_BYTES      16
#define SEED_BYTES      16
#define COMMIT_BYTES    63 /* of an entry */
#define RECEIPT_ITEMS   64 /* leaves in one Receipts frame */
#define LEAF_PERSON_MAX 64

enum leaf_kind { LEAF_ACCEPTED = 1, LEAF_OUTCOME = 2 };

/* What made an outcome: numbers of the wire, for ever. */
enum leaf_cause {
    LEAF_SETTLED = 1,  /* the receiver said so */
    LEAF_ACT = 2,      /* an operator did */
    LEAF_TIMED = 3,    /* time alone did */
    LEAF_REROUTED = 4, /* an operator gave it to another agency */
};

struct leaf_accepted {
    uint64_t position;
    int64_t time_ms;
    struct lt_id id;
    struct lt_digest digest; /* of the parcel */
    struct lt_digest seal;   /* SHA-256 of the sender's seal; zeros: there was none */
    struct lt_bytes from;
    struct lt_bytes legs[LT_LEGS_MAX]; /* agencies; empty: nobody yet */
    uint32_t legs_count;
};

struct leaf_outcome {
    uint64_t position;
    int64_t time_ms;
    uint8_t cause;     /* enum leaf_cause */
    uint64_t accepted; /* position of the acceptance: its leaf has id and digest */
    uint8_t leg;
    uint16_t attempt;
    struct lt_bytes agency; /* who settled, or who gets it now; else empty */
    uint8_t outcome;        /* enum lt_outcome */
    uint16_t code;
    uint8_t act;  /* enum act_kind, of an operator's act */
    uint8_t next; /* the state the leg went to */
    int64_t decided_ms;
    struct lt_bytes person;
    struct lt_digest reason; /* SHA-256 of the words beside it; zeros: none */
};

struct leaf {
    enum leaf_kind kind;
    uint8_t salt[SALT_BYTES];
    union {
        struct leaf_accepted accepted;
        struct leaf_outcome outcome;
    };
};

struct commit_entry {
    uint64_t position; /* of the record's first fact */
    uint32_t leaves;
    struct lt_digest root;
};

/* Written into `out`; an empty run when it does not fit. Views of the reader point into `bytes`. */
struct lt_bytes leaf_write(void *out, size_t size, const struct leaf *leaf);
LT_CHECK bool leaf_read(struct lt_bytes bytes, struct leaf *ret_leaf);
void commit_entry_write(uint8_t out[COMMIT_BYTES], const struct commit_entry *entry);
LT_CHECK bool commit_entry_read(struct lt_bytes bytes, struct commit_entry *ret_entry);

/* The salt of the leaf at a position of a record with this seed. One salt shown tells nothing of
 * the others. */
void leaf_salt(uint8_t out[SALT_BYTES], struct digester *digester, const uint8_t seed[SEED_BYTES],
               uint64_t position);

/* -- receipts ------------------------------------------------------------------------------------
 */

/*
 * Is every leaf in the tree that the checkpoint signs? LT_NOTE_*, LT_PATH_LENGTH, LT_PATH_WRONG, or
 * LT_RECEIPT_WRONG when a leaf does not read or one of its items stands twice. What the leaves say
 * is then what the broker said; whether that is true of what was sent is the caller's to compare.
 */
LT_CHECK enum lt_status receipts_check(const struct receipts *receipts,
                                       const struct note_trust *trust,
                                       struct checkpoint *ret_checkpoint);

/* A path as frames carry it: digests of 32 bytes, at most 64. */
LT_CHECK bool path_from_bytes(struct lt_bytes bytes, struct merkle_path *ret_path);

/*
 * Whether the newest checkpoint may be believed by one who believes `known`: it is the same log,
 * grown by this proof, or a declared restore by the statement in it. *ret_broken is that statement
 * then, else its `from` is empty. LT_LOG_ROLLED_BACK; LT_LOG_FORKED; LT_PATH_LENGTH: the proof is
 * cut short or of another question, and proves nothing.
 */
LT_CHECK enum lt_status checkpoint_extends(const struct note_trust *trust,
                                           const struct checkpoint *known,
                                           const struct checkpoint *newest,
                                           const struct log_proof *proof,
                                           struct break_statement *ret_broken);

#endif
