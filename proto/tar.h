/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_TAR_H
#define PROTO_TAR_H

#include <stdbool.h>

#include "base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Archives of plain files in one encoding only (POSIX ustar): files in the order of their names,
 * nobody's, of no time, mode 0644, and two blocks of zeros at the end. The same files are the same
 * bytes wherever they are packed, any tar unpacks them, and the reader takes nothing that the
 * writer would not have written.
 */
#define TAR_NAME_MAX    99
#define TAR_FILE_BYTES  (16 * 1024 * 1024)
#define TAR_BYTES_MAX   (256u * 1024 * 1024)
#define TAR_ENTRIES_MAX 16384
#define TAR_BLOCK       512u /* files begin at multiples of it */

struct tar_entry {
    char name[TAR_NAME_MAX + 1];
    struct lt_bytes content; /* borrowed */
};

/* Letters, digits and "._-" between single slashes; no "." or ".." and no way out. */
bool tar_name_valid(const char *name);

/* Puts them into the one order. */
void tar_sort(struct tar_entry *entries, uint32_t count);

/* Bytes that tar_write makes of them; 0: a name or size is none, or one stands twice, or they are
 * not in order. */
size_t tar_size(const struct tar_entry *entries, uint32_t count);
void tar_write(uint8_t *out, const struct tar_entry *entries, uint32_t count);

/* Views into `bytes`. LT_FILE_BAD for any byte that tar_write would not have written. */
LT_CHECK enum lt_status tar_read(struct lt_bytes bytes, struct tar_entry *entries, uint32_t max,
                                 uint32_t *ret_count, struct fault *fault);

#endif
