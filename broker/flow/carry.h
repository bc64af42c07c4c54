/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_CARRY_H
#define BROKER_FLOW_CARRY_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/limits.h"
#include "broker/transfer/record.h"
#include <lienthong/status.h>

/*
 * Before the journal is cut below a position, what is live below it is written again above: the
 * bytes of every transfer with an open leg (FACT_CARRIED). A slice in each turn, beside the
 * traffic; what was carried is in the state, so a restart goes on. When a whole pass over the open
 * legs finds nothing more, a fact says that the journal may be cut there (`ready`).
 *
 * Closed transfers are not carried: their records stay in the state and so in the base, their bytes
 * are in the archive. Attachments are files of their own and are not touched by a cut.
 */
struct flow;
struct fact_accepted;
struct fetched;

struct carry {
    uint64_t below;               /* as ordered; 0: never */
    uint64_t ready;               /* equals below when it is done */
    uint8_t from[RECORD_KEY_MAX]; /* where the pass goes on */
    size_t from_size;
    bool again; /* something was carried or not taken in this pass: another one follows */
    uint64_t asked[CARRY_ASKED_MAX]; /* transfers being read */
    uint32_t asked_count;
    uint64_t carried; /* in this life */
};

void carry_start(struct carry *carry); /* a new order: from the first open leg on */

/* One slice. *ret_more: there is more to look at now. */
LT_CHECK enum lt_status step_carry(struct flow *flow, bool *ret_more);
LT_CHECK enum lt_status carry_take(struct flow *flow, const struct fetched *fetched);

/* Where the bytes of the transfer accepted at `position` stand now. */
uint64_t parcel_where(struct flow *flow, uint64_t position);
/* The proof of the sender's seal of what was fetched, into `memory` of PROOF_BYTES_MAX; empty:
 * there is none, or it was damaged. */
struct lt_bytes seal_proof_of(struct flow *flow, const struct fetched *fetched,
                              const struct fact_accepted *accepted, uint8_t *memory);

/* Asks for them to be read (fetch.h); false: not now, ask again. */
bool parcel_ask(struct flow *flow, uint64_t position, uint32_t agency);

#endif
