/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_FORMAT_H
#define BROKER_JOURNAL_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "fact.h"

/*
 * Formats of the journal. A format is a number, and what it brought: kinds of facts, and fields of
 * older ones. A release reads every format up to its highest and writes the one that the journal's
 * last FACT_FORMAT says, so that the release before can read on until an operator enables the next
 * one. A fresh journal begins with the highest. A journal that never said anything is of format 1.
 */
#define FORMAT_FIRST 1u
#define FORMAT_TRUST 2u /* seals, receipts, the log: kinds from 29 on */
#define FORMAT_TRIAL 3u /* the next one: FACT_TRIAL stands in for what it will bring */

uint32_t format_known(void); /* the highest that this program reads and can write */

/* Which format brought a kind; UINT32_MAX: none that this program has heard of. */
uint32_t format_of(uint8_t kind);

/* Was it brought by a format that this program knows? */
bool format_knows(uint8_t kind);

/* What an operator enabled, and why; a fresh journal begins with one that nobody gave. */
struct fact_format {
    uint32_t format;
    struct lt_bytes person; /* empty: the broker itself */
    struct lt_bytes reason;
};
struct lt_bytes fact_write_format(void *memory, size_t size, const struct fact_format *f);
LT_CHECK bool fact_read_format(struct lt_bytes payload, struct fact_format *ret);

#endif
