/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_JSON_SCAN_H
#define ADAPTERS_HOST_JSON_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/export.h>
#include <lienthong/types.h>

/* Looks at JSON bytes without building anything. */

#define JSON_DEPTH_MAX 64

/* False when brackets nest deeper than `most`; says nothing about the rest of the syntax. */
LT_CHECK bool json_scan_depth(struct lt_bytes text, uint32_t most);

/*
 * The bytes of the value of a top-level key in JSON that is known to be valid; empty when the key
 * is not there or is written with escapes.
 */
struct lt_bytes json_scan_member(struct lt_bytes text, const char *key);

/* Steps over the byte order mark that some editors and .NET write. */
struct lt_bytes json_scan_without_mark(struct lt_bytes text);

#endif
