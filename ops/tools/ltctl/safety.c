/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What keeps the house safe and wants a person's word: a wall clock that jumped, an agency that was
 * shielded after crashes, facts that were set aside.
 */
#include "ltctl.h"

enum exit_code run_clock_confirm(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "clock-confirm");
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    return ask_all(ltctl, &question, &columns_clock, 0);
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
