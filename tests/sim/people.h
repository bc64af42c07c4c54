/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_PEOPLE_H
#define TESTS_SIM_PEOPLE_H

#include "broker/flow/flow.h"
#include "harness/world_net.h"
#include "oracle.h"
#include "witness.h"

/*
 * People at the operators' port, each with a key and a line of their own, who ask the broker's real
 * door for acts at random: hold, release, skip, cancel, expire, reroute, replay, gates, the clock,
 * and questions. Where the door says "being asked" they ask again, where it wants a second person
 * another one repeats the act, or lets it be.
 */
struct people;

struct people_sum {
    uint64_t asked; /* acts, by whom they were first wanted */
    uint64_t done;
    uint64_t refused; /* by the rules */
    uint64_t waited;  /* for a receiver's answer */
    uint64_t agreed;  /* by a second person */
    uint64_t unheard; /* no page came */
};

struct people *people_open(struct world *world, struct world_net *net, struct oracle *oracle,
                           const char *const *ids);
void people_close(struct people **people_p);

/* For the life of one broker: what was wished in the one before is forgotten with it. */
struct flow_operators people_door(struct people *people);

/* Whoever has nothing to do may begin something. */
void people_step(struct people *people, struct flow *flow, const struct witness *witness);
void people_calm(struct people *people); /* nobody begins or goes on with anything */
void people_weather(struct people *people, const struct weather *weather);
const struct people_sum *people_sum(const struct people *people);

#endif
