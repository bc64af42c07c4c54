/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_LOG_LEAVES_H
#define BROKER_LOG_LEAVES_H

#include "broker/journal/layout.h"
#include "proto/base/arena.h"
#include "proto/receipt.h"

/*
 * The leaves of one record of the journal: one per acceptance, one per outcome of a leg. A record
 * without a FACT_SEED has none: it was written before there was a log. Deterministic: the same
 * record gives the same leaves whenever and by whomever they are made.
 *
 * Agencies stand in facts by number and in leaves by id; a number's id never changes, so it does
 * not matter when it was learnt: from the registry at start, from registry facts on the way.
 */
#define LEAVES_MAX JOURNAL_BATCH_FACTS_MAX

struct log_leaf {
    uint64_t position;
    uint32_t agency; /* who gets its receipt: the sender, or who settled; 0: nobody */
    struct lt_bytes bytes;
};

struct leaves {
    /* of the record last made */
    uint64_t first;
    uint64_t last;
    uint32_t count;
    struct log_leaf items[LEAVES_MAX];
    struct lt_digest hashes[LEAVES_MAX];
    struct lt_digest root;
    uint32_t incarnation; /* declared in this record; 0: none was */
    uint64_t restored_to;
    char restored_by[LEAF_PERSON_MAX];
    /* kept */
    struct digester *digester;
    struct arena arena;
    char (*ids)[LT_AGENCY_ID_MAX + 1]; /* by number */
};

LT_CHECK enum lt_status leaves_open(struct leaves **ret_leaves);
void leaves_close(struct leaves **leaves_p);

/* A number's id, as the registry has it. */
void leaves_name(struct leaves *leaves, uint32_t number, const char *id);

/* LT_DAMAGED: a fact does not read. LT_AGENCY_UNKNOWN: it names one that was never learnt (the
 * registry facts were cut away). */
LT_CHECK enum lt_status leaves_make(struct leaves *leaves, const struct record *record);

#endif
