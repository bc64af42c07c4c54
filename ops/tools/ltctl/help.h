/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_HELP_H
#define OPS_TOOLS_LTCTL_HELP_H

#include <stdio.h>

#include "phrase.h"

/* All commands in a line each, or those that begin with the words of a group ("agency"). */
void help_all(FILE *stream, enum language language, const char *group);

/* The page of one command, with examples. */
void help_command(FILE *stream, enum language language, const char *words);

#endif
