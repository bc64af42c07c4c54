/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_JOURNAL_H
#define BROKER_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * The broker's memory of what happened: facts, in order, never changed. This is the only header of
 * the journal that upper floors see (main and tools also see backend.h and verify.h).
 *
 * A fact gets its position when it is staged: 1, 2, 3 ... without gaps. Staged facts form a batch;
 * one batch may be on its way to the disk while the next is staged. A ticket is the proof that a
 * batch is durable: only journal_poll makes one, and only a ticket lets an answer leave the house.
 */
struct journal;
struct journal_ticket;
struct journal_backend;

#define JOURNAL_BATCH_FACTS_MAX 1024
#define JOURNAL_BATCH_BYTES_MAX (4 * 1024 * 1024)
#define JOURNAL_FACT_BYTES_MAX  (128 * 1024)

struct fact {
    uint64_t position;
    int64_t time_ms; /* journal time: max(last, wall) */
    uint8_t kind;    /* enum fact_kind, fact.h */
    uint8_t version;
    struct lt_bytes payload;
};

/* Acquires the backend (a new epoch) and checks the end of the journal: the last record must read
 * whole. LT_DAMAGED, LT_FENCED, LT_FORMAT_UNKNOWN. */
LT_CHECK enum lt_status journal_open(struct journal **ret_journal,
                                     const struct journal_backend *backend, const char *owner,
                                     struct fault *fault);
void journal_close(struct journal **journal_p);

uint64_t journal_epoch(const struct journal *journal);
uint64_t journal_staged(const struct journal *journal);  /* position of the last staged fact */
uint64_t journal_first(const struct journal *journal);   /* lowest position held; 0 when empty */
uint64_t journal_durable(const struct journal *journal); /* position of the last durable fact */
int64_t journal_time_ms(const struct journal *journal);  /* of the last staged fact */

/* Room in the present batch for one more fact of that size? */
bool journal_room(const struct journal *journal, size_t payload_bytes);

/*
 * Adds a fact; the payload is copied. `now_ms` is the wall clock of the turn; the fact's time is
 * never before the last one's. LT_BUSY when the batch has no room (start it, go on next turn);
 * LT_BODY_TOO_LARGE over JOURNAL_FACT_BYTES_MAX. The payload in ret_fact is the copy, valid until
 * its batch is durable.
 */
LT_CHECK enum lt_status journal_stage(struct journal *journal, uint8_t kind, int64_t now_ms,
                                      struct lt_bytes payload, struct fact *ret_fact);

/* Sends the staged batch on its way when none is in flight (or the last one met "full" and is to be
 * tried again); LT_AGAIN when one is in flight or nothing is staged. */
enum lt_status journal_commit(struct journal *journal);
bool journal_in_flight(const struct journal *journal);
bool journal_has_staged(const struct journal *journal); /* staged and not yet on its way */

/*
 * LT_OK and a ticket (valid until the next poll): everything up to ticket_position is durable.
 * LT_AGAIN: nothing finished. LT_FULL: the batch is kept, nothing is lost, call journal_commit
 * again later. LT_FENCED, LT_IO: stop; never acknowledge again.
 */
LT_CHECK enum lt_status journal_poll(struct journal *journal,
                                     const struct journal_ticket **ret_ticket, struct fault *fault);
uint64_t ticket_position(const struct journal_ticket *ticket);
uint64_t ticket_epoch(const struct journal_ticket *ticket);

int journal_fd(const struct journal *journal);

/* One durable fact, copied into the arena and checked (crc). LT_NOT_FOUND, LT_DAMAGED,
 * LT_NO_MEMORY. Any thread: it uses nothing of the journal but the backend's view. */
LT_CHECK enum lt_status journal_read(const struct journal *journal, uint64_t position,
                                     struct arena *arena, struct fact *ret_fact);

/*
 * Durable facts from `from` on, in order, until `take` returns other than LT_OK (which is returned)
 * or the journal ends (LT_OK). The fact's payload is valid inside the call, which may read the
 * journal. A damaged fact is handed over with kind 0 and an empty payload: the caller quarantines
 * it. LT_DAMAGED when more is missing than one record can hold.
 */
LT_CHECK enum lt_status journal_walk(const struct journal *journal, uint64_t from,
                                     enum lt_status (*take)(void *context, const struct fact *fact),
                                     void *context);

uint64_t journal_used_bytes(const struct journal *journal);
uint64_t journal_syncs(const struct journal *journal);

#endif
