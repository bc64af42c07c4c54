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

/* Counts and tells. */
void evidence_tell(struct evidence_report *report, const struct evidence_finding *finding);

/* From archive to evidence: findings of archive, index and files. *ret_read false: no further. */
LT_CHECK enum lt_status evidence_read(struct lt_bytes tar, struct digester *digester,
                                      struct arena *arena, struct evidence_report *report,
                                      struct evidence *ret_evidence, bool *ret_read,
                                      struct fault *fault);

#endif
