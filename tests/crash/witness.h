/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CRASH_WITNESS_H
#define TESTS_CRASH_WITNESS_H

#include "oracle.h"

/*
 * Reads the journal that a dead broker left, before anybody mends anything: all of it is verified,
 * what is new since the last look is shown to the oracle, and the oracle then compares it with what
 * agencies were told.
 */
struct witness;

struct witness *witness_open(struct oracle *oracle);
void witness_close(struct witness **witness_p);
void witness_look(struct witness *witness, const char *data);
void witness_forget(struct witness *witness); /* a fresh journal comes next */

#endif
