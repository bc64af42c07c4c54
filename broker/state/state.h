/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_STATE_STATE_H
#define BROKER_STATE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * What the hot path asks: ordered trees of keys and whole values, folded from facts. On disk it is
 * state.mdb, which may be deleted at any time and is refolded from the journal; in front of it
 * stands the overlay: the values of facts the applier has not made durable yet.
 *
 * The overlay is a row of generations, newest first: one open (the core writes it), the others
 * sealed. A sealed generation whose last position is durable in the journal goes to the applier
 * thread, which writes it sorted, in one synced transaction, together with its applied position.
 * Only the core frees a generation: at turn start, after renewing its read transaction and reading
 * the applied position from inside that snapshot. So a reader of the core always sees every fact up
 * to the last one folded. If more than STATE_GENERATIONS_MAX wait, state_room is false: intake
 * answers busy until the applier has caught up.
 *
 * Every value on disk carries a checksum. One that does not read gives LT_IO, now and from then on:
 * the process must end, and the next state_open sets the file aside.
 *
 * One thread (the core) makes all calls except where said.
 */
struct state;

enum state_tree {
    STATE_META,      /* names -> values: counters, epoch marks */
    STATE_TRANSFERS, /* id(16) agency(4) -> compact state */
    STATE_POSITIONS, /* position(8) -> key into TRANSFERS */
    STATE_KEYS,      /* agency(4) sender key -> id, content digest */
    STATE_DUE,       /* agency(4) 255-priority(1) due(8) position(8) leg(1): lane heads */
    STATE_LANES,     /* agency(4) lane(16) position(8) leg(1) -> leg state: open legs in order */
    STATE_PARKED,    /* agency(4) position(8) leg(1) -> why, since when */
    STATE_NOTICES,   /* agency(4) seq(8) -> one outcome */
    STATE_CASES,     /* case code, 0, position(8) -> id, agency */
    STATE_REGISTRY,  /* kind(1) key -> entry */
    STATE_BLOBS,     /* sha256(32) agency(4) -> size, time; agency 0: references */
    STATE_COUNTS,    /* agency(4) -> conservation counters */
    STATE_HEADS,     /* agency(4) lane(16) -> how many hold the lane, how many wait, from where */
    STATE_HELD,      /* position(8) leg(1) -> what the receiver's local system said last of a leg */
    STATE_INCIDENTS, /* letter(1) ...: incidents, parked legs counted by cause (incident_record.h)
                      */
    STATE_PLANS,     /* 'P' 'N' number(8), 'I' number(8) item(13), 'L' position(8) leg(1):
                        plan_record.h */
    STATE_AUDIT,     /* letter(1) ...: who did what, who saw what (audit_record.h) */
    STATE_TREES_END,
};

/* To be raised whenever the fold writes other keys or values: the old state.mdb is set aside, and
 * where the journal was cut a base is made anew from the archive (core/rebase.h). */
#define STATE_FOLD_VERSION 4

#define STATE_GENERATIONS_MAX      4
#define STATE_GENERATION_FACTS     4096
#define STATE_GENERATION_BYTES_MAX (24 * 1024 * 1024)
#define STATE_SEAL_AFTER_MS        250
#define STATE_WALK_BYTES           (16LL * 1024 * 1024) /* up to here walked before it is used */
#define STATE_KEY_MAX              96
#define STATE_VALUE_MAX            8192

struct state_options {
    const char *path;       /* of state.mdb */
    const char *base;       /* of the base beside it; NULL: there is none */
    uint64_t journal_first; /* the lowest position the journal holds; 0: it is empty */
    uint64_t map_bytes;     /* 0: 64 GiB */
    bool applier_inline;    /* the sim: no thread, state_turn applies */
    bool no_sync;           /* the sim only */
    uint64_t seed;          /* of the overlay's heights */
};

/* A state.mdb that does not open, is of another fold version or does not reach the beginning of the
 * journal is set aside and made anew: loaded from the base where the journal was cut, and the
 * caller refolds from state_applied() + 1. LT_DAMAGED when neither it nor a base reaches the
 * journal: never an empty state in front of a cut journal. */
LT_CHECK enum lt_status state_open(struct state **ret_state, const struct state_options *options,
                                   struct fault *fault);
void state_close(
    struct state **state_p); /* waits for the applier; what is left is refolded later */

uint64_t state_applied(const struct state *state); /* last position durable in state.mdb */
uint64_t state_folded(const struct state *state);  /* last position put into the overlay */

/*
 * Turn start: renew the snapshot, free what is applied, seal the open generation when it is due
 * (facts, bytes or age), hand over what the journal holds durably. LT_IO when the applier failed.
 */
LT_CHECK enum lt_status state_turn(struct state *state, uint64_t durable, int64_t mono_ms);
bool state_room(const struct state *state);
/* The applier waits for disk space: take in nothing new while there is room in memory. */
bool state_full(const struct state *state);

/*
 * Everything folded so far goes to disk before this returns (close, tests, end of a refold).
 * LT_AGAIN when `durable` does not reach it; LT_FULL while the disk has no room.
 */
LT_CHECK enum lt_status state_flush(struct state *state, uint64_t durable);

/*
 * Folding one fact: state_fold_begin names its position (one above the last), then puts and
 * deletes. Sticky: the first failure (LT_NO_MEMORY) is returned by state_fold_end; class busy
 * before a seal has made room is the caller's limit to respect (state_room), so in practice it
 * means stop.
 */
void state_fold_begin(struct state *state, uint64_t position);
void state_put(struct state *state, enum state_tree tree, struct lt_bytes key,
               struct lt_bytes value);
void state_delete(struct state *state, enum state_tree tree, struct lt_bytes key);
LT_CHECK enum lt_status state_fold_end(struct state *state);

/* LT_NOT_FOUND, or the value: a view valid until the next state_put, state_turn or state_fold_end.
 */
LT_CHECK enum lt_status state_get(struct state *state, enum state_tree tree, struct lt_bytes key,
                                  struct lt_bytes *ret_value);

/*
 * Ordered scan over overlay and state together, tombstones taken out. Views as above; the scan ends
 * at the next state_put, state_turn or fold. At most one scan at a time.
 *   for (state_seek(s, tree, from, &entry) ; entry.found; state_step(s, &entry)) ...
 */
struct state_entry {
    bool found;
    struct lt_bytes key;
    struct lt_bytes value;
};
LT_CHECK enum lt_status state_seek(struct state *state, enum state_tree tree, struct lt_bytes from,
                                   struct state_entry *ret_entry);
/*
 * The same, but only keys that share their first `same` bytes with `from`: the scan ends behind
 * them at once, instead of looking for the next live key through everything that was deleted there.
 */
LT_CHECK enum lt_status state_seek_part(struct state *state, enum state_tree tree,
                                        struct lt_bytes from, size_t same,
                                        struct state_entry *ret_entry);
LT_CHECK enum lt_status state_step(struct state *state, struct state_entry *entry);

/*
 * Read-only look for other threads (blob rights): sees only what is applied on disk plus nothing of
 * the overlay. Copies up to `size` bytes and says how many; LT_NOT_FOUND. While the applier
 * commits, two looks may show the state before and after in either order.
 */
LT_CHECK enum lt_status state_peek(const struct state *state, enum state_tree tree,
                                   struct lt_bytes key, void *out, size_t size, size_t *ret_size);

struct state_stat {
    uint32_t generations;
    uint64_t overlay_bytes;
    uint64_t applied;
    uint64_t used_bytes;   /* of state.mdb */
    uint64_t last_txn_age; /* txns between newest and oldest reader */
};
void state_stat(const struct state *state, struct state_stat *ret_stat);

#endif
