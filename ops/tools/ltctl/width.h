/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_WIDTH_H
#define OPS_TOOLS_LTCTL_WIDTH_H

#include <stddef.h>

#include <lienthong/types.h>

/* How many columns of a terminal a text takes: combining marks take none. */
size_t text_columns(const char *text);

/* Bytes of the longest front of `text` that takes at most `columns`. */
size_t text_front(const char *text, size_t columns);

/* A text safe for a terminal: control bytes as \xNN, what is not UTF-8 too; cut at a rune. */
void text_safe(char *out, size_t out_size, struct lt_bytes text);

#endif
