/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_LOG_TILES_H
#define BROKER_LOG_TILES_H

#include "proto/receipt.h"
#include "shelf.h"

/*
 * The tree of the log in tiles (c2sp.org/tlog-tiles): FOLDER/tile/L/N holds 256 hashes of level L,
 * FOLDER/tile/entries/N the entries themselves, each behind its u16 length. Every full tile has its
 * hash in the tile above, so a tile read from disk is believed only when it has that hash; the last
 * tiles of all levels together make the root, which a checkpoint signs. One thread.
 */
#define TILES_LEVELS 8

struct tiles;

LT_CHECK enum lt_status tiles_open(struct tiles **ret_tiles, const char *folder);
void tiles_close(struct tiles **tiles_p);

/* As they stood at `size` commits: the last tiles are read, the rest when asked. LT_LOG_DAMAGED
 * when they are not there. The root is the caller's to compare. */
LT_CHECK enum lt_status tiles_load(struct tiles *tiles, uint64_t size, struct fault *fault);

uint64_t tiles_size(const struct tiles *tiles);
struct lt_digest tiles_root(const struct tiles *tiles, struct digester *digester);

/* LT_IO, LT_FULL when a full tile cannot be written: load them again then. */
LT_CHECK enum lt_status tiles_add(struct tiles *tiles, struct digester *digester,
                                  const struct commit_entry *entry, struct fault *fault);
LT_CHECK enum lt_status tiles_sync(struct tiles *tiles, struct fault *fault);

/* For proofs: nodes out of tiles, each checked against the level above. */
struct tiles_reader {
    struct tiles *tiles;
    struct digester *digester;
    struct fault *fault;
};
struct merkle_source tiles_source(struct tiles_reader *reader);

/* The entry at an index, checked against its leaf. */
LT_CHECK enum lt_status tiles_entry(struct tiles *tiles, struct digester *digester, uint64_t index,
                                    struct commit_entry *ret_entry, struct fault *fault);
/* How many entries lie at or below a position of the journal. */
LT_CHECK enum lt_status tiles_below(struct tiles *tiles, struct digester *digester,
                                    uint64_t position, uint64_t *ret_count, struct fault *fault);

/* Looks at every tile and entry; `found` is told each file that is wrong and why ("hash", "length",
 * "entry"). `progress` may be NULL; false ends with LT_AGAIN. */
struct tiles_walk {
    bool (*progress)(void *context, uint64_t done, uint64_t size);
    void (*found)(void *context, const char *file, const char *what);
    void *context;
};
LT_CHECK enum lt_status tiles_verify(struct tiles *tiles, struct digester *digester,
                                     const struct tiles_walk *walk);

#endif
