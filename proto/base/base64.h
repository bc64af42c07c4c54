/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_BASE64_H
#define PROTO_BASE_BASE64_H

#include <stdbool.h>

#include <lienthong/export.h>
#include <lienthong/types.h>

/* Base64 of RFC 4648 section 4: the standard alphabet, padded, without line breaks. */

#define BASE64_BYTES(size) (((size) + 2) / 3 * 4)

/* Writes BASE64_BYTES(bytes.size) characters and a NUL. */
void base64_write(char *out, struct lt_bytes bytes);

/* Room of text_size / 4 * 3 bytes is enough. False for anything that base64_write does not make. */
LT_CHECK bool base64_read(uint8_t *out, size_t *ret_size, const char *text, size_t text_size);

#endif
