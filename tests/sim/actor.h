/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_ACTOR_H
#define TESTS_SIM_ACTOR_H

#include "harness/world_net.h"
#include "oracle.h"

/*
 * One agency of the sim: makes wishes, submits them over two sessions of the real session layer,
 * takes deliveries and answers them. Its memory stands for durable storage and survives a restart;
 * a wipe forgets the ids it had given out, as a reinstalled adapter would. Its local system is
 * another thing: it can be saved and set back to what was saved, and then catches up from the axis
 * (actor_back.c) before it takes part again.
 */
struct actor;
struct notary;
struct signer;

struct actor_options {
    struct world *world;
    struct world_net *net;
    struct oracle *oracle;
    uint32_t index;         /* of AGENCIES_SIM */
    const char *const *ids; /* of all agencies */
    struct lt_key key;
    uint32_t wishes_max;
    struct notary *notary;       /* looks at receipts; NULL: there is no log */
    const struct signer *signer; /* seals what it sends; NULL: nothing */
};

struct actor *actor_open(const struct actor_options *options);
void actor_close(struct actor **actor_p);
void actor_step(struct actor *actor);
void actor_restart(struct actor *actor); /* new epoch, windows forgotten */
void actor_wipe(struct actor *actor);    /* new ids for everything it ever sent */
bool actor_may_wipe(const struct actor *actor, uint32_t incarnation);
int64_t actor_wiped_ms(const struct actor *actor); /* monotonic; negative: never */
/* Its local system is broken from now on: every answer is that class; code 0: it works again. */
void actor_break(struct actor *actor, uint32_t code);
void actor_cut(struct actor *actor);
void actor_vanish(struct actor *actor);
void actor_weather(struct actor *actor, const struct weather *weather);
void actor_skew(struct actor *actor, int64_t skew_ms);         /* its clock is wrong by that */
void actor_key(struct actor *actor, const struct lt_key *key); /* dials with another key */
uint64_t actor_told(const struct actor *actor,
                    uint32_t incarnation); /* the highest position the axis told it */

/* The local system is backed up; the time of the axis then is what a restore says --since. */
void actor_save(struct actor *actor, int64_t axis_ms);
bool actor_restore(struct actor *actor); /* false: nothing was saved, or one is under way */

void actor_calm(struct actor *actor);              /* no more refusals and failures of its own */
uint64_t actor_notices(const struct actor *actor); /* the last one stored, without gaps */
void actor_say(const struct actor *actor);         /* what it waits for, on stderr */
bool actor_done(
    const struct actor *actor); /* every wish has a verdict, every answer is confirmed */

#endif
