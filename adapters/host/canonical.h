/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_CANONICAL_H
#define ADAPTERS_HOST_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>

#include "text_out.h"
#include <jansson.h>
#include <lienthong/export.h>
#include <lienthong/types.h>

/*
 * JSON in the one form of RFC 8785: no blanks, keys sorted by UTF-16 code units, numbers as
 * ECMAScript writes them, the shortest escapes. Whole numbers beyond 2^53, which RFC 8785 leaves
 * out, are written digit for digit, so that two different ones never become the same content.
 */
void canonical_json(struct text_out *out, json_t *value);

#define CANONICAL_NUMBER_BYTES 48
void canonical_number(char out[CANONICAL_NUMBER_BYTES], double number); /* finite */

/* Order of two UTF-8 texts by their UTF-16 code units: < 0, 0, > 0. */
int canonical_compare(const char *a, const char *b);

#endif
