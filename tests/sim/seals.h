/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_SEALS_H
#define TESTS_SIM_SEALS_H

#include "oracle.h"
#include "proto/seal.h"
#include <lienthong/clock.h>

/*
 * Some agencies of some worlds seal what they send, with Ed25519 keys out of the world's chance; a
 * signature takes real time. The keys are registered before anything is sent and never change.
 */
struct seals;
struct flow;

struct seals *seals_open(const char *folder, const struct lt_entropy *entropy, uint64_t seed);
void seals_close(struct seals **seals_p);
void seals_register(struct seals *seals, struct flow *flow);

/* NULL: that agency does not seal. */
const struct signer *seals_signer(const struct seals *seals, uint32_t agency);

/* In the journal as it is: every acceptance of theirs has a seal that fits it, nobody else's has
 * one. How many were looked at; any other ends the run. */
uint64_t seals_judge(struct seals *seals, struct flow *flow, struct oracle *oracle);

#endif
