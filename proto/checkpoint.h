/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_CHECKPOINT_H
#define PROTO_CHECKPOINT_H

#include "merkle.h"
#include "note.h"

/*
 * Checkpoints of the log (c2sp.org/tlog-checkpoint): the text of a signed note.
 *
 *   ORIGIN                 NAME, or NAME/N in the Nth incarnation after a declared restore
 *   SIZE                   commits in the tree
 *   ROOT                   Base64
 *   position N             the journal reaches to here
 *   time 2026-...Z         of the axis; left out while its clock is suspect
 *
 *   key NAME+ID+KEY        one for each key, while two sign (log_keys.h)
 *
 * Further lines are passed over. The key's name in the signature line is NAME.
 *
 * A break statement is a note of another shape: after a declared restore it ends one incarnation
 * and begins the next, naming the last checkpoint known.
 *
 *   lienthong/break/1
 *   from ORIGIN
 *   to ORIGIN
 *   size N                 the last checkpoint of the old incarnation that the restored log knew
 *   root ROOT
 *   position N             where the restored journal ended: what stood above is gone
 *   time 2026-...Z
 *   by NAME
 */
#define CHECKPOINT_TEXT_MAX (NOTE_BYTES_MAX / 2)

/* "key NAME+ID+KEY" as a line behind a text of `size` bytes in `out`; the new size, 0: no room. */
size_t checkpoint_add_key(uint8_t out[CHECKPOINT_TEXT_MAX], size_t size, const char *vkey);

struct checkpoint {
    char origin[NOTE_NAME_MAX + 1];
    struct merkle_head head;
    uint64_t position;
    int64_t time_ms; /* 0: not told */
};

struct break_statement {
    char from[NOTE_NAME_MAX + 1];
    char to[NOTE_NAME_MAX + 1];
    struct merkle_head head;
    uint64_t position;
    int64_t time_ms;
    char by[64];
};

/* Write the text into `out` (CHECKPOINT_TEXT_MAX bytes). */
struct lt_bytes checkpoint_write(uint8_t *out, const struct checkpoint *checkpoint);
struct lt_bytes break_write(uint8_t *out, const struct break_statement *statement);

/* Read the text of a note; LT_NOTE_BAD. */
LT_CHECK enum lt_status checkpoint_read(struct lt_bytes text, struct checkpoint *ret_checkpoint);
LT_CHECK enum lt_status break_read(struct lt_bytes text, struct break_statement *ret_statement);

/* What checks notes: a digester, a checker and the key that is trusted. */
struct note_trust {
    struct digester *digester;
    struct sign_checker *checker;
    struct note_key key;
};

/* Reads a note, checks its signature and that its origin is of this key's name: LT_NOTE_BAD,
 * LT_NOTE_SIGNATURE, LT_NOTE_FOREIGN. */
LT_CHECK enum lt_status checkpoint_open(struct lt_bytes note, const struct note_trust *trust,
                                        struct checkpoint *ret_checkpoint);
LT_CHECK enum lt_status break_open(struct lt_bytes note, const struct note_trust *trust,
                                   struct break_statement *ret_statement);

/* NAME with the incarnation; false when it is too long. */
LT_CHECK bool origin_write(char out[NOTE_NAME_MAX + 1], const char *name, uint32_t incarnation);
/* The incarnation of an origin of this name; false: it is of another log. */
LT_CHECK bool origin_read(const char *origin, const char *name, uint32_t *ret_incarnation);

#endif
