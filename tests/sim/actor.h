/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_ACTOR_H
#define TESTS_SIM_ACTOR_H

#include "harness/world_net.h"
#include "oracle.h"

/*
 * One agency of the sim: makes wishes, submits them over two sessions of the real session layer,
 * takes deliveries and answers them. Its memory stands for durable storage and survives a restart;
 * a wipe forgets the ids it had given out, as a reinstalled adapter would.
 */
struct actor;

struct actor_options {
    struct world *world;
    struct world_net *net;
    struct oracle *oracle;
    uint32_t index;         /* of AGENCIES_SIM */
    const char *const *ids; /* of all agencies */
    struct lt_key key;
    uint32_t wishes_max;
};

struct actor *actor_open(const struct actor_options *options);
void actor_close(struct actor **actor_p);
void actor_step(struct actor *actor);
void actor_restart(struct actor *actor); /* new epoch, windows forgotten */
void actor_wipe(struct actor *actor);    /* new ids for everything it ever sent */
/* Its local system is broken from now on: every answer is that class; code 0: it works again. */
void actor_break(struct actor *actor, uint32_t code);
void actor_cut(struct actor *actor);
void actor_vanish(struct actor *actor);
void actor_weather(struct actor *actor, const struct weather *weather);
void actor_calm(struct actor *actor);              /* no more refusals and failures of its own */
uint64_t actor_notices(const struct actor *actor); /* the last one stored, without gaps */
bool actor_done(
    const struct actor *actor); /* every wish has a verdict, every answer is confirmed */

#endif
