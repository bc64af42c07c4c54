/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_LOG_SHELF_H
#define BROKER_LOG_SHELF_H

#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * A row of slots of one size in files of 256, named as c2sp.org/tlog-tiles names tiles: file
 * 1234067 of FOLDER is FOLDER/x001/x234/067. The last file is shorter while it fills: what the
 * specification serves as N.p/W is its first W slots. Slots are added in memory; shelf_flush writes
 * what is new. One thread.
 */
#define SHELF_SLOTS          256
#define SHELF_SLOT_BYTES_MAX 80
#define SHELF_PATH_BYTES     512

struct shelf {
    char folder[SHELF_PATH_BYTES - 64];
    uint32_t slot_bytes;
    uint64_t count;                                   /* slots */
    uint64_t written;                                 /* of them on disk */
    uint8_t last[SHELF_SLOTS * SHELF_SLOT_BYTES_MAX]; /* the file that holds slot count - 1 */
};

void shelf_init(struct shelf *shelf, const char *folder, uint32_t slot_bytes);
void shelf_path(const struct shelf *shelf, uint64_t file, char out[SHELF_PATH_BYTES]);

/* As it stood at `count` slots; LT_LOG_DAMAGED when the disk has fewer. What it has beyond is taken
 * off by the next flush. */
LT_CHECK enum lt_status shelf_load(struct shelf *shelf, uint64_t count, struct fault *fault);

/* The file before must be flushed when a new one begins: shelf_full asks for it. */
void shelf_add(struct shelf *shelf, const void *slot);
bool shelf_full(const struct shelf *shelf); /* the last file is */
LT_CHECK enum lt_status shelf_flush(struct shelf *shelf, bool sync, struct fault *fault);

/* A whole file into `out` (SHELF_SLOTS slots), and how many slots it holds of shelf->count.
 * LT_LOG_DAMAGED when they are not there. */
LT_CHECK enum lt_status shelf_read(const struct shelf *shelf, uint64_t file, uint8_t *out,
                                   uint32_t *ret_slots, struct fault *fault);

/* Bytes that the file has on disk; LT_NOT_FOUND. */
LT_CHECK enum lt_status shelf_file_bytes(const struct shelf *shelf, uint64_t file,
                                         uint64_t *ret_bytes);

#endif
