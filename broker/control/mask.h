/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_MASK_H
#define BROKER_CONTROL_MASK_H

#include "ask.h"
#include "broker/transfer/plan_record.h"

/*
 * What is not shown of transfers of a sensitive procedure (configuration: sensitive_procedures):
 * case codes and sender keys become tokens, words beside a code are left out. The same code has the
 * same token for as long as the broker has its key, so two can be told apart and one found again;
 * nobody gets from a token to a code.
 */
#define MASK_TOKEN_BYTES 14 /* "~", 12 hex digits, NUL */

/* Makes the key of the tokens out of a secret of the broker's. Without it tokens are made with
 * zeros: for tests. */
void mask_key_make(struct mask_key *ret_key, struct digester *digester, struct lt_bytes secret);

void mask_token(char out[MASK_TOKEN_BYTES], const struct ask *ask, char domain,
                struct lt_bytes value);

/* Is this transfer masked for this page? Not when its view is a fact (ask->unmasked). */
bool mask_hides(const struct ask *ask, const struct transfer *t);

/* Words that `person` typed about this transfer: shown to that person and to those who decide
 * (approver and above), left out for the others. */
bool mask_hides_words(const struct ask *ask, const struct transfer *t, const char *person);

/* A plan over sensitive cases: by its selection, or by what it holds; of a large one whose first
 * items are not it cannot be told, and it counts as one. */
bool mask_plan_sensitive(struct ask *ask, uint64_t number, const struct plan *plan);
/* Is `person`'s part of such a plan shown to the one who asks? */
bool mask_shows_words(const struct ask *ask, const char *person);
/* `selection` of a plan; with `hidden` a case code in it is a token. */
void row_selection(struct ask *ask, const struct plan *plan, bool hidden);

/* `case` of a row. A code that the one who asks named himself is shown: it tells nothing. */
void row_case(struct ask *ask, const struct transfer *t);

#endif
