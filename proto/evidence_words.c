/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Names and words of checks and reasons, in Vietnamese and English, from one table; and the README
 * of every archive, which is a file of the source.
 */
#include <string.h>

#include "evidence_private.h"
#include <lienthong/status.h>

struct words {
    const char *code;
    const char *vi;
    const char *en;
};

static const struct words checks[] = {
#define EVIDENCE_CHECK(name, code, vi, en) [EVIDENCE_##name] = {code, vi, en},
#include "evidence_words.def"
#undef EVIDENCE_CHECK
};

static const struct words reasons[] = {
#define EVIDENCE_WHY(code, vi, en) {code, vi, en},
#include "evidence_words.def"
#undef EVIDENCE_WHY
};

static const char *const results[EVIDENCE_RESULTS_END] = {
    [EVIDENCE_PROVEN] = "proven",
    [EVIDENCE_UNPROVEN] = "not-proven",
    [EVIDENCE_WRONG] = "wrong",
};

extern const unsigned char evidence_readme_text[];
extern const size_t evidence_readme_text_size;

struct lt_bytes evidence_readme(void)
{
    return (struct lt_bytes){evidence_readme_text, evidence_readme_text_size};
}

const char *evidence_check_name(enum evidence_check check)
{
    return check < EVIDENCE_CHECKS_END ? checks[check].code : "?";
}

const char *evidence_check_words(enum evidence_check check, bool english)
{
    if (check >= EVIDENCE_CHECKS_END) {
        return "?";
    }
    return english ? checks[check].en : checks[check].vi;
}

const char *evidence_result_name(enum evidence_result result)
{
    return result < EVIDENCE_RESULTS_END ? results[result] : "?";
}

const char *evidence_why_words(const char *why, bool english)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(reasons[i].code, why) == 0) {
            return english ? reasons[i].en : reasons[i].vi;
        }
    }
    const struct lt_error *error = lt_error_by_code(why);
    if (error == NULL) {
        return why;
    }
    return english ? error->en : error->vi;
}

void evidence_tell(struct evidence_report *report, const struct evidence_finding *finding)
{
    struct evidence_finding full = *finding;
    full.why = full.why == NULL ? "" : full.why;
    full.detail = full.detail == NULL ? "" : full.detail;
    report->counts[full.result]++;
    report->found(report->context, &full);
}
