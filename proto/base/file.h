/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_FILE_H
#define PROTO_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/* Files and folders, the durable way. Errors: LT_IO, LT_FULL (no space), LT_NOT_FOUND. */

/* Whole file into memory the caller frees (NUL behind it); LT_BODY_TOO_LARGE over size_max. */
LT_CHECK enum lt_status file_read(const char *path, size_t size_max, uint8_t **ret_data,
                                  size_t *ret_size, struct fault *fault);

/* Temporary file, fsync, rename, fsync of the folder: the whole content appears or nothing. */
LT_CHECK enum lt_status file_write(const char *path, struct lt_bytes content, int mode,
                                   struct fault *fault);

/*
 * For files that something else writes: where `path` is missing or empty, `make` writes it under
 * another name, on disk when it returns, and it is renamed. So it is whole or not there, wherever
 * its maker died; two who start at once make it once. The new name is durable after
 * folder_sync_of.
 */
typedef enum lt_status file_maker(void *context, const char *making, struct fault *fault);
LT_CHECK enum lt_status file_make(const char *path, file_maker *make, void *context,
                                  struct fault *fault);

/*
 * Where root works in the folder of a service's user: `path`, if it is root's, gets the owner of
 * `like`, or that user could not open it any more. Not through links; what fails stays as it was.
 */
void file_owner_follow(const char *path, const char *like);

/* LT_SECRET_READABLE when group or others may read it, or it is not ours. */
LT_CHECK enum lt_status file_secret(const char *path, struct fault *fault);

LT_CHECK enum lt_status folder_make(const char *path, int mode,
                                    struct fault *fault); /* parents too */
LT_CHECK enum lt_status folder_sync(const char *path, struct fault *fault);
/* The folder that holds the file `path`: after making, renaming or removing it. */
LT_CHECK enum lt_status folder_sync_of(const char *path, struct fault *fault);
LT_CHECK enum lt_status disk_free(const char *path, uint64_t *ret_bytes, struct fault *fault);

#endif
