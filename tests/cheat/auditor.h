/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CHEAT_AUDITOR_H
#define TESTS_CHEAT_AUDITOR_H

#include "proto/evidence_judge.h"
#include "town.h"

/*
 * Asks the axis for evidence of what an agency sent, and judges it by lt-verify's own code with the
 * agencies' keys and the axis' in the trust list. Findings are kept by name.
 */
#define FOUND_MAX 4096

struct found {
    enum evidence_check check;
    enum evidence_result result;
    char why[32];
};

struct auditor {
    struct town *town;
    struct arena arena;
    char trust[160];
    struct found found[FOUND_MAX];
    uint32_t found_count;
    struct evidence_report report;
};

void auditor_open(struct auditor *auditor, struct town *town);
void auditor_close(struct auditor *auditor);

/* An archive, as the axis gives it today. */
struct lt_bytes auditor_gather(struct auditor *auditor, uint32_t agency);
/* Adds what is found of one archive, or of two and what is between them. */
const struct evidence_view *auditor_judge(struct auditor *auditor, struct lt_bytes tar);
void auditor_compare(struct auditor *auditor, struct lt_bytes one, struct lt_bytes other,
                     const struct growth_proof *proof);
bool auditor_found(const struct auditor *auditor, enum evidence_check check,
                   enum evidence_result result, const char *why);

#endif
