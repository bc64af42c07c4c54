/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_TEXT_H
#define PROTO_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

/* Bytes and texts: views, hex, UTF-8, UUID text form, times, the codes of the field. */

struct lt_bytes text_bytes(const char *text); /* borrowed; NULL gives an empty run */
bool bytes_equal(struct lt_bytes a, struct lt_bytes b);
int bytes_compare(struct lt_bytes a, struct lt_bytes b); /* memcmp, shorter first */

/* Writes 2 * size hex digits and a NUL. */
void hex_write(char *out, const void *data, size_t size);
LT_CHECK bool hex_read(void *out, size_t size, const char *text); /* exactly 2 * size digits */

/* RFC 9562 text form, 36 characters and NUL. */
#define ID_TEXT_BYTES 37
void id_write(char out[ID_TEXT_BYTES], const struct lt_id *id);
LT_CHECK bool id_read(struct lt_id *ret_id, const char *text);
int64_t id_time_ms(const struct lt_id *id); /* the 48 bits of UUIDv7; -1 when it is not version 7 */
bool id_empty(const struct lt_id *id);

bool utf8_valid(struct lt_bytes text);                           /* valid UTF-8 without NUL */
size_t utf8_cut(const char *text, size_t size, size_t size_max); /* whole runes only */

/* Copies at most out_size - 1 bytes, whole runes, always NUL. */
void text_copy(char *out, size_t out_size, struct lt_bytes text);

/* Agency id by QĐ 20/2020/QĐ-TTg: 1..35 of [0-9A-Z.], dots neither first, last nor doubled. */
bool agency_id_valid(struct lt_bytes id);

/* Procedure code to its first two groups: 1.001193.000.00.00.H56 -> 1.001193; else a copy. */
void procedure_normalise(char *out, size_t out_size, struct lt_bytes raw);

/* "2026-09-30T08:00:00.000Z"; 25 bytes with NUL. */
#define TIME_TEXT_BYTES 25
void time_write(char out[TIME_TEXT_BYTES], int64_t wall_ms);

/* ISO 8601 with Z or an offset; milliseconds optional. */
LT_CHECK bool time_read(int64_t *ret_ms, const char *text);

#endif
