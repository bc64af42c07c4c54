/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CRASH_ACTOR_H
#define TESTS_CRASH_ACTOR_H

#include "harness/world.h"
#include "oracle.h"
#include "proto/port_zmq.h"

/*
 * One agency on the session layer, over a real line. Its memory stands for the durable one of an
 * adapter and survives the broker; a wipe forgets the ids it gave out lately, as an adapter that
 * was restored from yesterday's backup would. It never waits.
 */
struct actor;

struct actor_options {
    struct oracle *oracle;
    struct client_zmq *client; /* borrowed */
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    const struct world *world; /* its seed */
    const char *const *ids;    /* of all agencies */
    uint32_t index;
};

struct actor *actor_open(const struct actor_options *options);
void actor_close(struct actor **actor_p);
void actor_forget(struct actor *actor); /* as new: for a fresh broker and a fresh oracle */
void actor_step(struct actor *actor);

void actor_allow(struct actor *actor, uint32_t wishes); /* it may make so many more */
void actor_stop(struct actor *actor);                   /* no new wishes, none allowed */
void actor_calm(struct actor *actor, bool calm);        /* takes everything at once */
void actor_hold(struct actor *actor, bool hold);        /* grants no deliveries */
void actor_wipe(struct actor *actor);
void actor_redial(struct actor *actor);  /* when its line is not up */
void actor_hang_up(struct actor *actor); /* dials anew, whatever its line is */

bool actor_is_open(const struct actor *actor);   /* has a session */
uint32_t actor_lives(const struct actor *actor); /* sessions that ended */
bool actor_done(const struct actor *actor);      /* all decided, answered, confirmed and told */

#endif
