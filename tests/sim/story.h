/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_STORY_H
#define TESTS_SIM_STORY_H

#include "broker/journal/journal.h"
#include "oracle.h"

/*
 * What the journals of this world said, fact by fact, also what a cut or a restore took away; told
 * on stderr of one case, for people who look at a seed.
 */
struct story;

struct story *story_open(void);
void story_close(struct story **story_p);
void story_add(struct story *story, const struct fact *fact);
void story_note(struct story *story, const char *what, uint64_t position);
void story_tell(struct story *story, const struct wish *wish);

#endif
