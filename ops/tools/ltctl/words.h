/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_WORDS_H
#define OPS_TOOLS_LTCTL_WORDS_H

#include "phrase.h"

/* The names of the wire as people say them; a name that is not known comes back as it is. */
const char *word_state(enum language language, const char *name);
const char *word_kind(enum language language, const char *name);
const char *word_agency_kind(enum language language, const char *name);
const char *word_event(enum language language, const char *name);
const char *word_who(enum language language, const char *name);
const char *word_result(enum language language, const char *name);

/* The sentence of a stable code of errors.def, and what to do about it ("" when nothing). */
const char *word_code(enum language language, const char *code);
const char *word_do(enum language language, const char *code);

#endif
