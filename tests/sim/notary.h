/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_NOTARY_H
#define TESTS_SIM_NOTARY_H

#include "oracle.h"
#include "proto/frame_log.h"
#include <lienthong/clock.h>

/*
 * The log of the simulated axis, its signer without a thread, and the notary who looks at every
 * receipt that reaches an agency: it must be proven from its own bytes, by a checkpoint that
 * extends the one seen before, and say what the oracle knows. One log for the life of a world:
 * crashes, cuts and disks that fail are its weather too.
 */
struct notary;
struct broker;
struct backend_memory;

struct notary *notary_open(const char *folder, const struct lt_clock *clock, struct oracle *oracle);
void notary_close(struct notary **notary_p);

/* Beside a broker that was just opened, and before one is closed. */
void notary_begin(struct notary *notary, struct broker *broker, struct backend_memory *backend,
                  bool restored);
void notary_end(struct notary *notary, struct broker *broker);

/* Everything below the position is signed for: it may be cut. */
bool notary_covers(const struct notary *notary, uint64_t below);

/* The incarnation that the log has reached: a restore begins one above. */
uint32_t notary_began(const struct notary *notary);

/* What an agency heard. NULL: this world has no log. */
void notary_take(struct notary *notary, const char *agency, const struct receipts *receipts);

/* In calm weather: everything is signed, the folder verifies, receipts came, and of everything that
 * the journal says was accepted or settled whoever is owed the receipt has it or gets it when it
 * asks. How many came. */
uint64_t notary_judge(struct notary *notary, struct broker *broker, struct backend_memory *backend);

#endif
