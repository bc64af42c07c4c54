/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_STATE_BASE_H
#define BROKER_STATE_BASE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include "state.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * What outlives a cut: every tree of state.mdb in one file, with the position it speaks of. A
 * journal that was cut and its base are together what the whole journal was before: a lost
 * state.mdb is loaded from the base and refolded from the position behind it.
 *
 * Big-endian: "LTB1" | u32 fold version, then for each tree that is not empty 1 | u16 name, and
 * behind it its entries in order of their keys, each 2 | u16 key | u32 value; in the end the foot:
 * 3 | u64 entries | u64 position | u64 below | SHA-256 of everything before.
 *
 * A base is of one fold version and loads only where that is the same: what another release folded
 * is not this one's state. It can be checked and copied everywhere. A release with another fold
 * version makes its own from the archive and the journal (core/rebase.h): facts are what survives.
 */
struct base_about {
    uint64_t position; /* last fact in it */
    uint64_t below;    /* where the journal was to be cut when it was written */
    uint32_t fold;
    uint64_t entries;
    uint64_t bytes;
    struct lt_digest digest;
};

/* Told every entry, tree by tree in order; other than LT_OK ends it and is returned. */
typedef enum lt_status base_taker(void *context, enum state_tree tree, struct lt_bytes key,
                                  struct lt_bytes value);

/* Every entry of a state.mdb that nobody has open. *ret_about: position and fold version.
 * LT_NOT_FOUND, LT_DAMAGED, LT_FORMAT_UNKNOWN (another fold version). */
LT_CHECK enum lt_status state_each(const char *state_path, base_taker *take, void *context,
                                   struct base_about *ret_about, struct fault *fault);

/* Writes the base beside (".new"), on disk when this returns, without putting it in its place.
 * `look` may be NULL; it sees every entry on the way and may refuse. LT_FULL, LT_IO. */
LT_CHECK enum lt_status base_write(const char *state_path, const char *path, uint64_t below,
                                   base_taker *look, void *context, struct base_about *ret_about,
                                   struct fault *fault);
/* The one beside becomes the base. */
LT_CHECK enum lt_status base_place(const char *path, struct fault *fault);
void base_drop(const char *path); /* the one beside, if any */

/*
 * Reads a base to its end: order, names, sizes and digest; `take` may be NULL. What `take` was told
 * is only to be believed when LT_OK comes back. LT_NOT_FOUND; LT_DAMAGED; LT_FORMAT_UNKNOWN: of
 * another fold version, and `take` is given.
 */
LT_CHECK enum lt_status base_read(const char *path, base_taker *take, void *context,
                                  struct base_about *ret_about, struct fault *fault);
/* The same, asking after every piece whether and when to go on; LT_AGAIN when that was false. */
LT_CHECK enum lt_status base_walk(const char *path, bool (*pace)(void *context, uint64_t bytes),
                                  void *context, struct fault *fault);
LT_CHECK enum lt_status base_read_new(const char *path, struct base_about *ret_about,
                                      struct fault *fault); /* the one beside */
/* The one beside reads as it was written? LT_DAMAGED. */
LT_CHECK enum lt_status base_check_new(const char *path, const struct base_about *written,
                                       struct fault *fault);

/* Into a backup and out of it: checked on both sides. */
LT_CHECK enum lt_status base_copy(const char *from, const char *to, struct base_about *ret_about,
                                  struct fault *fault);

/* What its foot says, unchecked. */
LT_CHECK enum lt_status base_foot(const char *path, struct base_about *ret_about,
                                  struct fault *fault);

#endif
