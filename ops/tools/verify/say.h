/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_VERIFY_SAY_H
#define OPS_TOOLS_VERIFY_SAY_H

#include <stdio.h>

#include "proto/evidence_judge.h"

/* Findings as they come, for people in Vietnamese or English, or as one JSON object. What an
 * archive says is never printed as it stands: no control characters leave here. */
struct say {
    FILE *stream;
    bool english;
    bool json;
    bool any;              /* a finding was said */
    struct lt_id transfer; /* of the heading that stands */
    const char *archive;   /* where findings come from; NULL: there is only one */
    const char *other;     /* the archive that it is compared with */
};

void say_begin(struct say *say);
/* What follows is found in an archive, or between two. */
void say_archive(struct say *say, const char *archive, const char *other);
void say_finding(struct say *say, const struct evidence_finding *finding);
void say_end(struct say *say, const struct evidence_report *report);

/* Nothing wrong and everything proven, something wrong, or neither. */
enum evidence_result say_result(const struct evidence_report *report);

#endif
