/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_PLAN_H
#define OPS_TOOLS_LTCTL_PLAN_H

#include "ltctl.h"

/* What the commands of plans share: plan.c makes and moves plans, plan_look.c shows the dry run,
 * plan_list.c sends lists of ids and codes. */

#define PLAN_ROW_FIELDS 40

/* One row, with its values: a page lives until the next question. */
struct plan_row {
    struct pair fields[PLAN_ROW_FIELDS];
    char texts[PLAN_ROW_FIELDS][512];
    char names[PLAN_ROW_FIELDS][24];
    struct row row;
};
void plan_row_keep(struct plan_row *kept, const struct row *row);
void plan_row_text(struct plan_row *kept, const char *name, const char *value);
void plan_row_number(struct plan_row *kept, const char *name, uint64_t value);

/* The plan as it is now. */
enum exit_code plan_ask(struct ltctl *ltctl, const char *number, struct plan_row *ret_row);

/* Sections of the dry run into the output: totals and receivers. */
enum exit_code plan_look(struct ltctl *ltctl, const char *number, struct output *output);

/* The lines of a file, page by page, into a plan; what was not taken becomes rows of the output. */
enum exit_code plan_list_send(struct ltctl *ltctl, const char *number, bool codes, const char *path,
                              struct output *output);

/* A line that is written over by the next one; only on a terminal. */
void plan_progress(const struct ltctl *ltctl, const char *said);
void plan_progress_end(const struct ltctl *ltctl);

#endif
