/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `clock confirm`: a person says that the wall clock of the broker's machine is right although it
 * jumped. Until then the axis goes on by its monotonic clock.
 */
#include "ltctl.h"

enum exit_code run_clock_confirm(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "clock-confirm");
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    return ask_all(ltctl, &question, &columns_clock, 0);
}
