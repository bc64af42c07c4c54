/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_FACT_SEED_H
#define BROKER_JOURNAL_FACT_SEED_H

#include "fact.h"

/* Chance for the salts of a record's leaves of the log, drawn anew for every record that holds
 * leaves and staged before the first of them. Folding it does nothing. */
#define FACT_SEED_BYTES 16
struct fact_seed {
    uint8_t seed[FACT_SEED_BYTES];
};

struct lt_bytes fact_write_seed(void *memory, size_t size, const struct fact_seed *f);
LT_CHECK bool fact_read_seed(struct lt_bytes payload, struct fact_seed *ret);

#endif
