/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_EVIDENCE_JUDGE_H
#define PROTO_EVIDENCE_JUDGE_H

#include "evidence.h"
#include "timestamp.h"
#include "trust.h"

/*
 * Judging evidence: every check tells what it found, by name. Nothing is believed that does not
 * lead to a key of the trust list, and nothing stops at the first thing that is wrong, unless it
 * cannot be read any further.
 */
enum evidence_check {
#define EVIDENCE_CHECK(name, code, vi, en) EVIDENCE_##name,
#include "evidence_words.def"
#undef EVIDENCE_CHECK
    EVIDENCE_CHECKS_END,
};

enum evidence_result {
    EVIDENCE_PROVEN,
    EVIDENCE_UNPROVEN, /* nothing speaks against it, and not everything for it */
    EVIDENCE_WRONG,    /* altered, forged, or of something else */
    EVIDENCE_RESULTS_END,
};

const char *evidence_check_name(enum evidence_check check);
const char *evidence_check_words(enum evidence_check check, bool english);
const char *evidence_result_name(enum evidence_result result);
/* What a reason's code means: the codes of evidence_words.def, and those of errors.def. */
const char *evidence_why_words(const char *why, bool english);

/* All pointers are valid until the call returns; NULL where there is nothing to say. */
struct evidence_finding {
    enum evidence_check check;
    enum evidence_result result;
    const char *why;    /* a code; "" when proven */
    const char *detail; /* the library's words, a subject, an agency; or "" */
    const char *file;   /* of the archive */
    const struct lt_id *transfer;
    uint64_t number; /* a position or a size; 0: none */
    const struct leaf *leaf;
    const struct checkpoint *checkpoint;
    const struct timestamp *stamp;
};

struct evidence_report {
    void *context;
    void (*found)(void *context, const struct evidence_finding *finding);
    uint32_t counts[EVIDENCE_RESULTS_END];
};

/*
 * Whom the reader of evidence believes; a folder in which every file may be missing:
 *
 *   axis.vkey      keys of the axis, a line each (note_vkey_write)
 *   agencies.pem   certificate authorities
 *   crls.pem       their lists of revoked ones; when there is none, those of the evidence count,
 *                  which its authorities signed
 *   agencies.txt   keys without certificates: AGENCY KEY-ID [FROM [TO]], key id in hex, times as
 *                  in ISO 8601, "-" for an open beginning
 *   tsa.pem        time-stamping authorities
 *
 * Empty lines and lines that begin with # are passed over.
 */
struct evidence_trust;

/* NULL folder: nobody. LT_CONFIG_BAD, LT_NOT_FOUND (no such folder). */
LT_CHECK enum lt_status evidence_trust_open(const char *folder, struct evidence_trust **ret_trust,
                                            struct fault *fault);
void evidence_trust_close(struct evidence_trust **trust_p);

/* What was seen of an archive, for the comparison with another; it lives in the arena. */
struct evidence_view;

/* Judges an archive with all findings told. A trust list is used for one archive only, because it
 * takes in what the archive brings along. The view is NULL when the archive does not read; whoever
 * does not compare passes NULL. LT_NO_MEMORY, LT_CRYPTO: it could not be done. */
LT_CHECK enum lt_status evidence_judge(struct lt_bytes tar, struct evidence_trust *trust,
                                       struct arena *arena, struct evidence_report *report,
                                       const struct evidence_view **ret_view, struct fault *fault);

/*
 * Two archives of one axis, perhaps from two agencies: are their checkpoints of one log? Equal
 * sizes need equal roots; otherwise a stamped checkpoint in the larger archive or one of `proofs`
 * must lead from the smaller to the larger. Receipts of both must not contradict each other, nor
 * stand behind a checkpoint that they are dated before. LT_NO_MEMORY, LT_CRYPTO.
 */
LT_CHECK enum lt_status evidence_compare(const struct evidence_view *one,
                                         const struct evidence_view *other,
                                         const struct growth_proof *proofs, uint32_t proofs_count,
                                         struct arena *arena, struct evidence_report *report);

#endif
