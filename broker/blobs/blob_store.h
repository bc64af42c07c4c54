/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_BLOBS_BLOB_STORE_H
#define BROKER_BLOBS_BLOB_STORE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include "proto/digest.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Files named by their SHA-256: FOLDER/ab/cdef... once they are whole, verified and durable;
 * FOLDER/partial/AGENCY/abcdef... while one agency's upload is under way. Several threads may use
 * one store at the same time; two that write the same partial may not.
 *
 * Statuses: LT_NOT_FOUND, LT_FULL (no space), LT_IO (class stop).
 */
struct blob_store;

LT_CHECK enum lt_status blob_store_open(struct blob_store **ret_store, const char *folder,
                                        struct fault *fault);
void blob_store_close(struct blob_store **store_p);

/* LT_OK and the size when the whole file is there. */
LT_CHECK enum lt_status blob_store_has(struct blob_store *store, const struct lt_digest *sha256,
                                       uint64_t *ret_size);
LT_CHECK enum lt_status blob_store_free(struct blob_store *store, uint64_t *ret_bytes);

/* ---- whole files ---- */

LT_CHECK enum lt_status blob_open(struct blob_store *store, const struct lt_digest *sha256,
                                  int *ret_fd, uint64_t *ret_size);
/* Exactly `size` bytes: LT_DAMAGED when the file is shorter. */
LT_CHECK enum lt_status blob_read(int fd, uint64_t offset, void *out, size_t size);
LT_CHECK enum lt_status blob_delete(struct blob_store *store, const struct lt_digest *sha256);

/* ---- unfinished ones ---- */

/*
 * Opens or begins one; *ret_offset is how much of it is there. One that is longer than `size`
 * cannot be right and begins anew.
 */
LT_CHECK enum lt_status partial_open(struct blob_store *store, const char *agency,
                                     const struct lt_digest *sha256, uint64_t size, int *ret_fd,
                                     uint64_t *ret_offset, struct fault *fault);
LT_CHECK enum lt_status partial_write(int fd, uint64_t offset, struct lt_bytes bytes);

/*
 * The upload is complete: reads it back, compares, syncs, renames, syncs the folders. `fd` is the
 * one it was written through, so that no failed write goes unseen; it stays open.
 * LT_BLOB_HASH_WRONG: the partial is gone. LT_IO: gone too, what the disk holds cannot be known.
 */
LT_CHECK enum lt_status partial_finish(struct blob_store *store, struct digester *digester,
                                       const char *agency, const struct lt_digest *sha256,
                                       uint64_t size, int fd, struct fault *fault);
void partial_remove(struct blob_store *store, const char *agency, const struct lt_digest *sha256);

/* What one agency has begun. */
struct partials {
    uint32_t count;
    uint64_t bytes;
    struct lt_digest oldest; /* the one not written to for the longest time */
};
LT_CHECK enum lt_status partials_of(struct blob_store *store, const char *agency,
                                    struct partials *ret_partials);

/* ---- a walk over everything, a few entries at a time ---- */

enum blob_place { BLOB_WHOLE, BLOB_PARTIAL };

struct blob_walk {
    struct blob_store *store;
    DIR *outer;
    DIR *inner;
    char name[LT_AGENCY_ID_MAX + 1]; /* of the inner folder */
    enum blob_place place;
};

struct blob_found {
    enum blob_place place;
    char agency[LT_AGENCY_ID_MAX + 1]; /* of a partial */
    struct lt_digest sha256;
    uint64_t size;
    int64_t changed_ms; /* wall time of the last write */
};

void blob_walk_begin(struct blob_walk *walk, struct blob_store *store);
/* LT_NOT_FOUND at the end. Files whose name is no digest are passed over. */
LT_CHECK enum lt_status blob_walk_next(struct blob_walk *walk, struct blob_found *ret_found);
void blob_walk_end(struct blob_walk *walk);

#endif
