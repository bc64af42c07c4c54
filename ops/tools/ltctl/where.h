/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_WHERE_H
#define OPS_TOOLS_LTCTL_WHERE_H

#include "phrase.h"
#include "proto/frame.h"

/* One row of the verb `where` as one sentence, safe for a terminal. */
void where_write(char *out, size_t out_size, const struct row *row, enum language language);

#endif
