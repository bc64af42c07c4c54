/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_VECTORS_MAKE_SEALS_H
#define TESTS_VECTORS_MAKE_SEALS_H

#include <jansson.h>

#include "proto/digest.h"

/* Puts the lists "leaves", "seals" and "proofs" into the vectors; ends the program when what it
 * makes is not what is meant. */
void seals_put(json_t *root, struct digester *digester);

#endif
