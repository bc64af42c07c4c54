/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_BACKEND_H
#define BROKER_JOURNAL_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * The journal's door: small and asynchronous, so that a replicated engine can stand behind it
 * later. A record is one turn's facts, packed (layout.h); its key is the position of its first
 * fact. All calls come from the core thread except `view`, which any thread may make. One append is
 * in flight at a time. The conformance suite (tests/contract/journal) runs on every backend.
 */

enum append_result {
    APPEND_DURABLE, /* on stable storage: the only answer that makes a ticket */
    APPEND_FENCED,  /* a newer epoch owns the journal: end the process */
    APPEND_UNKNOWN, /* ask again with the same bytes: an equal digest at the end means durable */
    APPEND_FULL,    /* no room; nothing written; may be tried again with the same bytes */
    APPEND_REFUSED, /* expected_last is not the last position, or the engine failed: stop */
};

struct append {
    uint64_t epoch;
    uint64_t expected_last; /* last position before this record; 0 in an empty journal */
    uint32_t facts;
    struct lt_bytes record;  /* borrowed until append_done gives the answer */
    struct lt_digest digest; /* of the record */
};

struct backend_status {
    uint64_t first; /* lowest position held; 0 when empty */
    uint64_t last;
    uint64_t epoch;
    uint64_t used_bytes;
    uint64_t syncs; /* commits since start */
};

struct journal_backend {
    void *self;
    /* Becomes the one owner: a new epoch, above all before; LT_FENCED with the holder in `fault`.
     */
    enum lt_status (*acquire)(void *self, const char *owner, uint64_t *ret_epoch,
                              struct fault *fault);
    enum lt_status (*append_start)(void *self, const struct append *append);
    /* False while nothing has finished. On APPEND_REFUSED `fault` says why. */
    bool (*append_done)(void *self, enum append_result *ret_result, struct fault *fault);
    int (*fd)(void *self); /* readable when append_done has something; -1: poll every turn */
    /*
     * Calls `look` with the record holding `position`, or with the first one after it; the bytes
     * are valid inside the call only. LT_NOT_FOUND at the end.
     */
    enum lt_status (*view)(void *self, uint64_t position,
                           enum lt_status (*look)(void *context, uint64_t first,
                                                  struct lt_bytes record),
                           void *context);
    enum lt_status (*cut)(void *self, uint64_t below, struct fault *fault);
    void (*status)(void *self, struct backend_status *ret_status);
};

/* The embedded engine: LMDB, default flags, one transaction per record, on a thread of its own. */
struct backend_lmdb;
struct backend_lmdb_options {
    const char *folder; /* of journal.mdb, journal.lock, journal.made, reserve.bin; must exist */
    uint64_t map_bytes; /* 0: 64 GiB; grown when full */
    uint64_t reserve_bytes; /* size of the reserve file given up on ENOSPC; 0: none */
    bool read_only;         /* for ltctl: no thread, no lock, no reserve */
};
/* LT_DAMAGED when a journal stood in the folder and is not there any more. */
LT_CHECK enum lt_status backend_lmdb_open(struct backend_lmdb **ret_backend,
                                          const struct backend_lmdb_options *options,
                                          struct fault *fault);
/* LT_FENCED, and who it is, when another process owns the folder: asked before anything else is
 * opened, so that a second broker hears why and not that its ports are in use. Takes nothing. */
LT_CHECK enum lt_status backend_lmdb_vacant(const char *folder, struct fault *fault);
void backend_lmdb_close(struct backend_lmdb **backend_p); /* waits for the append in flight */
struct journal_backend backend_lmdb_door(struct backend_lmdb *backend);
/* For copies (copy.h): records as they are, behind what is held, in one synced transaction; the
 * door must be acquired. LT_DAMAGED when they do not follow, LT_FULL when there is no room. */
LT_CHECK enum lt_status backend_lmdb_take(struct backend_lmdb *backend,
                                          const struct lt_bytes *records, uint32_t count,
                                          struct fault *fault);
/* Reserve file present again? Makes it anew when there is room for twice its size. */
bool backend_lmdb_reserve(struct backend_lmdb *backend);

/* The twin in memory, with faults by plan: for tests and the sim. */
struct backend_memory;
LT_CHECK enum lt_status backend_memory_open(struct backend_memory **ret_backend);
void backend_memory_close(struct backend_memory **backend_p);
struct journal_backend backend_memory_door(struct backend_memory *backend);
/* What the next append_start meets: its result, and after how many polls it shows. */
void backend_memory_plan(struct backend_memory *backend, enum append_result result, uint32_t polls,
                         bool written_all_the_same);
/* The machine dies: an append in flight is kept or lost; the handle may be opened again. */
void backend_memory_crash(struct backend_memory *backend, bool keep_in_flight);
/* What is held now, as a backup has it: nothing that is in flight. */
LT_CHECK enum lt_status backend_memory_copy(struct backend_memory *from,
                                            struct backend_memory **ret_copy);
/* Flip one bit of the record holding `position`. */
void backend_memory_damage(struct backend_memory *backend, uint64_t position, uint32_t bit);

#endif
