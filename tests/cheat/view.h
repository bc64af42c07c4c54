/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CHEAT_VIEW_H
#define TESTS_CHEAT_VIEW_H

#include "proto/base/arena.h"
#include "proto/evidence.h"
#include "proto/receipt.h"

/*
 * One history of commits under a key: what an axis shows somebody. An honest axis has one; one that
 * forks has two. Everything in it is as the wire and the archive want it, made by the same hashing
 * and signing as the broker's.
 */
#define VIEW_NAME    "truc.example/log"
#define VIEW_COMMITS 512
#define VIEW_LEAVES  RECEIPT_ITEMS

struct view_leaf {
    uint64_t position;
    uint32_t owner; /* the agency that gets its receipt */
    struct lt_bytes bytes;
};

struct view_commit {
    struct commit_entry entry;
    struct view_leaf leaves[VIEW_LEAVES];
    struct lt_digest hashes[VIEW_LEAVES];
    uint32_t count;
    uint64_t last; /* position that the journal reaches to */
    int64_t time_ms;
};

struct view {
    struct digester *digester;
    struct arena *arena;
    struct view_commit *commits;
    struct lt_digest hashes[VIEW_COMMITS];
    uint32_t count;
};

void view_init(struct view *view, struct digester *digester, struct arena *arena);
void view_copy(struct view *view, const struct view *of);
void view_commit(struct view *view, const struct view_leaf *leaves, uint32_t count, uint64_t first,
                 uint64_t last, int64_t time_ms);
void view_cut(struct view *view, uint32_t size); /* rolled back */

struct merkle_head view_head(const struct view *view, uint32_t size);
struct lt_bytes view_note(const struct view *view, const struct signer *signer, uint32_t size);
/* From the first to the second size of this view, whether that is true of what others saw or not.
 */
struct merkle_path view_growth(const struct view *view, uint32_t first, uint32_t second);

/* The receipts of one owner's leaves in a commit, or of the leaf at one position; false: none. */
bool view_receipts(const struct view *view, const struct signer *signer, uint32_t commit,
                   uint32_t owner, uint64_t position, struct receipts *ret_receipts);
/* The commit with a leaf at that position; false: none. */
bool view_find(const struct view *view, uint64_t position, uint32_t *ret_commit,
               uint32_t *ret_leaf);
/* As evidence has it, under the newest checkpoint. */
struct evidence_receipt view_receipt(const struct view *view, uint32_t commit, uint32_t leaf);

#endif
