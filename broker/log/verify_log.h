/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_LOG_VERIFY_LOG_H
#define BROKER_LOG_VERIFY_LOG_H

#include "broker/journal/backend.h"
#include "issued.h"
#include "leaves.h"
#include "proto/log_keys.h"

/*
 * Looks at a whole log on disk, with the broker running or not: every tile and entry, every issued
 * checkpoint's signature and root, the statements about restores, and every record of the journal
 * against the commit that it is. Finds all damage, never stops at the first.
 *
 * A finding names a check and a place:
 *   "frame"       checkpoints or breaks: a note's sizes or checksum
 *   "note"        a note that does not read, or whose signature does not fit
 *   "order"       a checkpoint smaller than one before it
 *   "root"        a checkpoint, or the last tiles, of another tree
 *   "hash" "length" "entry"     a tile (tiles.h)
 *   "journal"     a record gives another commit than was logged, or none
 */
struct log_finding {
    const char *what;
    const char *place;
    enum lt_status status; /* LT_OK, or what the check said */
};

struct log_verify_options {
    const char *folder;                    /* of the log */
    const struct journal_backend *backend; /* NULL: the journal is not looked at */
    uint64_t journal_first;
    const char *name;
    const struct public_key *key; /* others are learnt from the checkpoints (log_keys.h) */
    void (*names)(void *self, struct leaves *leaves); /* ids beside the journal's; may be NULL */
    void *names_self;
    bool live;                                                   /* a broker may be adding */
    bool (*progress)(void *context, uint64_t done, uint64_t of); /* may be NULL */
    void (*found)(void *context, const struct log_finding *finding);
    void *context;
};

struct log_verify_report {
    uint64_t commits;
    uint64_t checkpoints;
    uint64_t breaks;
    uint64_t compared; /* commits made again from the journal */
    uint64_t unknown;  /* commits whose agencies nobody can name any more */
    uint64_t findings;
    struct checkpoint newest;
};

/* LT_NOT_FOUND: there is no log. LT_AGAIN: progress ended it. */
LT_CHECK enum lt_status log_verify(const struct log_verify_options *options,
                                   struct log_verify_report *ret_report, struct fault *fault);

/* Learns from issued checkpoints every key that leads to one that is known, over any number of
 * rotations. A file that does not read to its end is no matter here. */
void log_keys_walk(struct log_keys *keys, const struct issued *checkpoints);

#endif
