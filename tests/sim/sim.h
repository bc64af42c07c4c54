/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "actor.h"
#include "backups.h"
#include "broker/core/broker.h"
#include "check.h"
#include "harness/slow_verifier.h"
#include "harness/world_net.h"
#include "notary.h"
#include "operator.h"
#include "people.h"
#include "seals.h"
#include "story.h"
#include "witness.h"

/*
 * One world, and what its parts (sim.c, trouble.c, acts.c, disaster.c) do with it. Whatever does
 * not go as it must ends the run with the seed and the command.
 */
struct sim {
    uint64_t seed;
    struct world world;
    struct world_net *net;
    struct world_random random;
    struct world_clock clock; /* the broker's */
    struct world_entropy entropy;
    struct backend_memory *backend;
    struct slow_verifier verifier;
    struct broker *broker;
    struct notary *notary; /* NULL: a world without a log */
    struct seals *seals;   /* NULL: nobody seals */
    struct oracle oracle;
    struct witness *witness;
    struct story *story; /* when somebody reads it */
    struct actor *actors[AGENCIES_SIM];
    struct lt_key keys[AGENCIES_SIM];
    struct lt_key old_keys[AGENCIES_SIM]; /* while a change of keys is under way */
    uint32_t changing;                    /* bit n: agency n changes its key */
    struct sim_operator operator;
    struct people *people;
    struct backups backups;
    char folder[96];
    char state_path[128];
    char base_path[128];
    int64_t restored_ms;
    const char *restored_by; /* the next broker is told so */
    struct check_order order;
    uint32_t cuts;
    uint32_t carried; /* transfers whose bytes went over a cut */
    uint32_t crashes;
    uint64_t timed;         /* legs parked by time */
    uint32_t disk_failures; /* of state.mdb that ended the broker */
    uint32_t disk_fillings;
    uint64_t receipts;    /* proven by those who got them */
    uint64_t sealed;      /* acceptances whose seal was looked at in the end */
    uint32_t restores;    /* of the broker, declared */
    uint32_t rolled_back; /* undeclared, and refused by all */
    uint32_t agency_restores;
    uint32_t keys_changed;
    uint32_t clock_jumps;
    int64_t disk_full_until_ms;
    bool storm;
    bool blind; /* nobody looks at the journal: it is not the right one */
};

extern const char *const sim_ids[AGENCIES_SIM];

/* sim.c */
void sim_open_broker(struct sim *sim);
void sim_crash(struct sim *sim);
void sim_turn(struct sim *sim);
bool sim_stop(struct sim *sim); /* in order; false: it crashed on the way, or will not */
void sim_heal_disk(struct sim *sim);
void sim_die(const struct sim *sim, const char *what, enum lt_status status,
             const struct fault *fault);
#define sim_fail(sim, what) oracle_fail(&(sim)->oracle, (what), NULL)

/* trouble.c: one look at what may go wrong in this step of the storm */
void trouble_step(struct sim *sim);
void trouble_weather(struct sim *sim, bool storm);
void trouble_end(struct sim *sim); /* clocks are set right */

/* acts.c: what people do that needs no door of its own, and the end of it all */
void act_replay_parked(struct sim *sim);
void act_hold_some(struct sim *sim);
void act_release_held(struct sim *sim);
void act_open_gates(struct sim *sim);
void act_keys(struct sim *sim);       /* the registry knows every key in use, after a restore too */
void act_change_key(struct sim *sim); /* begins one, or ends the one under way */
void act_register(struct sim *sim, uint32_t agency);

/* disaster.c: the journal is cut, copied, set back with a word and without one */
void disaster_cut(struct sim *sim);
void disaster_backup(struct sim *sim);
void disaster_restore(struct sim *sim);
void disaster_roll_back(struct sim *sim);

#endif
