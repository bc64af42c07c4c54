/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_GRANTS_H
#define OPS_TOOLS_LTCTL_GRANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/registry/rights.h"
#include <lienthong/status.h>

/*
 * What an agency may send, as a registrar writes it: "all", or words with commas, semicolons or
 * blanks between them. Procedures are normalised ("1.001193.000.00.00.H56" is 1.001193); a word may
 * end with "*". False: no words, an unknown kind, too many, or one too long; nothing is changed.
 */
LT_CHECK bool grants_kinds(const char *text, uint32_t *ret_denied);
LT_CHECK bool grants_procedures(const char *text, struct rights *rights);
LT_CHECK bool grants_receivers(const char *text, struct rights *rights);

/* The same backwards, into texts for people: "all", or words with commas between them. */
void grants_kinds_write(char *out, size_t out_size, uint32_t denied);
#define GRANTS_TEXT_BYTES (RIGHTS_PROCEDURES_MAX * (LT_PROCEDURE_MAX + 2) + 1)
void grants_procedures_write(char out[GRANTS_TEXT_BYTES], const struct rights *rights);
void grants_receivers_write(char out[GRANTS_TEXT_BYTES], const struct rights *rights);

#endif
