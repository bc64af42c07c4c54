/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_EVIDENCE_PRIVATE_H
#define PROTO_EVIDENCE_PRIVATE_H

#include "evidence_judge.h"

/* Shared by the parts of judging evidence. */
#define INDEX_FILE  "index.sha256"
#define README_FILE "README.txt"

struct axis_key {
    char name[NOTE_NAME_MAX + 1];
    struct public_key *key;
};

struct agency_key {
    char agency[LT_AGENCY_ID_MAX + 1];
    struct lt_digest id;
    int64_t from_ms;
    int64_t to_ms; /* 0: open end */
};

struct evidence_trust {
    struct axis_key *axis;
    uint32_t axis_count;
    struct agency_key *keys;
    uint32_t keys_count;
    struct trust *certificates; /* NULL: none is believed */
    bool own_lists;
    bool lent;                      /* an archive's authorities were added: for one archive only */
    struct timestamp_trust *stamps; /* NULL: none is believed */
};

/* A transfer under judgement. */
struct evidence_item {
    const struct evidence_transfer *transfer;
    struct leaf accepted;
    uint64_t index;     /* of its commit */
    bool found;         /* there is an acceptance that reads */
    bool proven;        /* and it is in the log */
    struct lt_id after; /* as its header says; empty: none, or the header does not read */
    enum lt_kind kind;
};

struct evidence_view {
    const struct evidence *evidence;
    struct checkpoint checkpoint;
    bool readable;                                   /* the checkpoint */
    bool confirmed;                                  /* by a key that is believed */
    struct merkle_head stamped[EVIDENCE_STAMPS_MAX]; /* of the same log, shown to be */
    uint32_t stamped_count;
    struct evidence_item *items; /* one for each transfer */
};

#define CLOCKS_APART_MS (5 * 60 * 1000LL) /* the axis' clock and an authority's, or the turn's */

/* evidence_order.c: transfers whose predecessor is in the same archive. */
void evidence_order(const struct evidence_view *view, struct evidence_report *report);

/* LT_PATH_LENGTH, LT_PATH_WRONG: the second tree is not the first one, grown. */
LT_CHECK enum lt_status evidence_growth(struct digester *digester,
                                        const struct growth_proof *growth,
                                        const struct merkle_head *first,
                                        const struct merkle_head *second);

/* Counts and tells. */
void evidence_tell(struct evidence_report *report, const struct evidence_finding *finding);

/* From archive to evidence: findings of archive, index and files. *ret_read false: no further. */
LT_CHECK enum lt_status evidence_read(struct lt_bytes tar, struct digester *digester,
                                      struct arena *arena, struct evidence_report *report,
                                      struct evidence *ret_evidence, bool *ret_read,
                                      struct fault *fault);

#endif
