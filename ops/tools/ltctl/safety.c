/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What keeps the house safe and wants a person's word: a wall clock that jumped, an agency that was
 * shielded after crashes, facts that were set aside, a format of the journal to be written.
 */
#include "ltctl.h"

enum exit_code run_clock_confirm(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "clock-confirm");
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    return ask_all(ltctl, &question, &columns_clock, 0);
}

enum exit_code run_enable(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "enable");
    question_add(&question, "format", ltctl->arguments[0]);
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    question_add(&question, "dry_run", ltctl->options.values[OPTION_DRY_RUN] == NULL ? NULL : "1");
    return ask_all(ltctl, &question, &columns_enable, 0);
}

enum exit_code run_agency_unshield(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "agency-unshield");
    question_add(&question, "id", ltctl->arguments[0]);
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    return ask_all(ltctl, &question, &columns_change, 0);
}

enum exit_code run_quarantine(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "quarantine");
    return ask_all(ltctl, &question, &columns_quarantine, 0);
}
