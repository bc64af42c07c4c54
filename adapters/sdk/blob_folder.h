/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BLOB_FOLDER_H
#define ADAPTERS_SDK_BLOB_FOLDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Attachments on the local disk, named by their SHA-256: parts/HEX while they come in, XX/HEX when
 * they are whole, verified and durable. Any thread; two that bring the same one take turns.
 */
#define BLOB_LOCKS_MAX 16
#define BLOB_PATH_MAX  4096

struct blob_folder {
    char path[BLOB_PATH_MAX - 128];
    uint64_t bytes_max;
    pthread_mutex_t locks[BLOB_LOCKS_MAX];
    pthread_mutex_t used_lock;
    uint64_t used_bytes; /* whole ones and parts */
};

LT_CHECK enum lt_status blob_folder_open(struct blob_folder **ret_folder, const char *path,
                                         uint64_t bytes_max, struct fault *fault);
void blob_folder_close(struct blob_folder **folder_p);

/* How much is here; *ret_complete: all of it. */
LT_CHECK enum lt_status blob_folder_have(struct blob_folder *folder, const struct lt_digest *sha256,
                                         uint64_t *ret_offset, bool *ret_complete);

/* Appends at `offset`: LT_BLOB_OFFSET, LT_BLOB_TOO_LARGE, LT_BLOB_QUOTA. `last`: verifies
 * (LT_BLOB_HASH_WRONG removes the part) and makes it durable. A whole one takes no more: LT_OK. */
LT_CHECK enum lt_status blob_folder_put(struct blob_folder *folder, const struct lt_digest *sha256,
                                        uint64_t offset, struct lt_bytes bytes, bool last,
                                        struct fault *fault);

/* All of it at once. */
LT_CHECK enum lt_status blob_folder_bring(struct blob_folder *folder,
                                          const struct lt_digest *sha256, struct lt_bytes bytes,
                                          struct fault *fault);

/* Where a whole one is, and its size; LT_NOT_HERE. */
LT_CHECK enum lt_status blob_folder_path(struct blob_folder *folder, const struct lt_digest *sha256,
                                         char *out, size_t out_size, uint64_t *ret_size);
/* Where a whole one belongs that somebody else writes, whether it fits, and that it is there. */
LT_CHECK enum lt_status blob_folder_place(struct blob_folder *folder,
                                          const struct lt_digest *sha256, char *out,
                                          size_t out_size);
bool blob_folder_room(struct blob_folder *folder, uint64_t bytes);
void blob_folder_placed(struct blob_folder *folder, uint64_t bytes);
void blob_folder_remove(struct blob_folder *folder, const struct lt_digest *sha256);

/* Whole ones and parts whose file was last changed before `before_s`, in the subfolder number `at`
 * (0 .. 256, the last holds the parts); at most `count`. */
uint32_t blob_folder_old(struct blob_folder *folder, uint32_t at, int64_t before_s,
                         struct lt_digest *out, uint32_t count);

#endif
