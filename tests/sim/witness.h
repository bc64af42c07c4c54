/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_WITNESS_H
#define TESTS_SIM_WITNESS_H

#include "broker/flow/flow.h"
#include "oracle.h"
#include "story.h"

/*
 * Reads the journal as it becomes durable and tells the oracle what people did: which shares were
 * ended, skipped or sent elsewhere. An act that nobody asked for is a violation by itself.
 */
struct witness;

/* `story` (or NULL) hears every fact, too. */
struct witness *witness_open(struct oracle *oracle, struct story *story);
void witness_close(struct witness **witness_p);

/* Whatever became durable since the last look. False: a fact does not read. */
bool witness_look(struct witness *witness, struct flow *flow);

/* The journal was set back to there: what people did above is taken back. */
void witness_forget(struct witness *witness, uint64_t above);

/* The wish accepted at that position, or NULL. */
struct wish *witness_wish(const struct witness *witness, uint64_t position);

/* No leg that was sent elsewhere took effect where it was and farther on, unless two people took
 * that over; and every effect is of a leg that led there. */
void witness_rest(const struct witness *witness);

/* acts that stand: skipped, ended, rerouted */
struct witnessed {
    uint32_t skipped;
    uint32_t ended;
    uint32_t rerouted;
    uint32_t risked; /* of the last two */
};
struct witnessed witness_sum(const struct witness *witness);

#endif
