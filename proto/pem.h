/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_PEM_H
#define PROTO_PEM_H

#include <stdbool.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

#define PEM_DER_MAX  8192
#define PEM_TEXT_MAX 12288

/* "-----BEGIN LABEL-----" around at most PEM_DER_MAX bytes of DER in lines of 64; empty when it
 * does not fit. */
struct lt_bytes pem_write(void *out, size_t size, const char *label, struct lt_bytes der);
/* Exactly such a text; at most `max` bytes of DER into `out`. */
LT_CHECK bool pem_read(struct lt_bytes text, const char *label, uint8_t *out, size_t max,
                       size_t *ret_size);

#endif
