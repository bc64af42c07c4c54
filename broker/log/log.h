/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_LOG_LOG_H
#define BROKER_LOG_LOG_H

#include "broker/journal/backend.h"
#include "issued.h"
#include "leaves.h"
#include "tiles.h"

/*
 * The log of what the axis did: every record of the journal that holds leaves is a commit in an RFC
 * 9162 tree, checkpoints of which are signed and given away. The journal is the truth and the tree
 * follows it; only checkpoints are new truth, because somebody has them.
 *
 *   FOLDER/tile/         the tree (tiles.h)
 *   FOLDER/checkpoints   every checkpoint issued (issued.h)
 *   FOLDER/breaks        statements about declared restores
 *
 * One thread, which is not the core's: it reads the journal by its view alone.
 */
struct log_store;

struct log_options {
    const char *folder;
    struct journal_backend backend; /* only its view is used */
    uint64_t journal_first;         /* what the journal holds */
    uint64_t journal_last;
    const char *name;     /* of the log and its key */
    struct signer signer; /* the log's from now on when it opens */
    struct signer next;   /* so, too: signs beside it (log_keys.h); without a key: nobody does */
    bool restored;        /* a restore of this folder is declared: the log may be ahead */
    /* Ids of agencies known at start; may be NULL. */
    void (*names)(void *self, struct leaves *leaves);
    void *names_self;
};

/*
 * Stands where its newest checkpoint stands. LT_LOG_AHEAD: checkpoints reach beyond the journal,
 * which is a roll-back that nobody declared. LT_LOG_DAMAGED: tiles or checkpoints are not what they
 * were, and the journal begins too late to make the tiles again; when it does not they are made
 * again, and it is told. LT_CONFIG_BAD: a key or name that does not sign notes. Where the newest
 * checkpoint is not signed by just the keys given, it is signed and stored again, word for word but
 * for the keys it names.
 */
LT_CHECK enum lt_status log_store_open(struct log_store **ret_log,
                                       const struct log_options *options, struct fault *fault);
void log_store_close(struct log_store **log_p);

/* How far of the journal the newest checkpoint in a folder reaches, as it says itself; nothing is
 * verified. For a cut: what lies beyond is not logged yet. LT_NOT_FOUND: there is no log. */
LT_CHECK enum lt_status log_reaches(const char *folder, uint64_t *ret_position,
                                    struct fault *fault);

/* The highest incarnation that the newest checkpoint and statement in a folder name, so, too; 0:
 * there is none. For a restore: the one it begins must be above, whatever its clock says. */
LT_CHECK enum lt_status log_began(const char *folder, const char *name, uint32_t *ret_incarnation,
                                  struct fault *fault);

/* One record of the journal, the next one: LT_AGAIN when it lies above `durable`. The leaves made
 * stand in log_leaves until the next call; none: a record without leaves. Any other status: it went
 * wrong, open the log anew. */
LT_CHECK enum lt_status log_follow(struct log_store *log, uint64_t durable, struct fault *fault);
const struct leaves *log_leaves(const struct log_store *log);

uint64_t log_size(const struct log_store *log);     /* commits */
uint64_t log_position(const struct log_store *log); /* of the journal, followed to here */
uint32_t log_incarnation(const struct log_store *log);

/* Commits that no checkpoint covers, or an incarnation that none was issued in? Not while a restore
 * that took commits away waits for the fact that declares it: the old incarnation ended. */
bool log_unsigned(const struct log_store *log);

/* Signs what there is, when it is on disk; it may leave the house when this returns LT_OK. time_ms
 * 0: the clock is suspect, no time is told. */
LT_CHECK enum lt_status log_sign(struct log_store *log, int64_t time_ms, struct fault *fault);
struct lt_bytes log_checkpoint(const struct log_store *log); /* the newest note; empty: none */
struct lt_bytes log_break(const struct log_store *log);      /* the last statement; empty: none */
struct merkle_head log_signed(const struct log_store *log);  /* head of the newest checkpoint */

/* Proofs within the newest checkpoint's size. */
LT_CHECK enum lt_status log_path(struct log_store *log, uint64_t index,
                                 struct merkle_path *ret_path, struct fault *fault);
LT_CHECK enum lt_status log_consistency(struct log_store *log, uint64_t first,
                                        struct merkle_path *ret_path, struct fault *fault);

/* The commit that holds the fact at a position; its leaves stand in log_leaves then. LT_NOT_FOUND:
 * none does, no checkpoint covers it yet, or the journal was cut above it. */
LT_CHECK enum lt_status log_find(struct log_store *log, uint64_t position, uint64_t *ret_index,
                                 struct fault *fault);

#endif
