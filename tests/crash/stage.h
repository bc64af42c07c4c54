/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CRASH_STAGE_H
#define TESTS_CRASH_STAGE_H

#include "actor.h"
#include "desk.h"
#include "house.h"
#include "witness.h"

/*
 * Everything a mode plays with, in one thread: the broker's process, the agencies, the operator,
 * the witness, the oracle. stage_turn gives each its turn and waits a moment for whatever comes.
 */
#define RESTARTS_MAX 4096

struct stage {
    struct oracle oracle;
    struct house house;
    struct witness *witness;
    struct net *net;
    struct world world; /* of chance only */
    struct world_random random;
    const struct lt_clock *clock;
    struct client_zmq *clients[AGENCIES + 1]; /* the last one is the operator's */
    struct actor *actors[AGENCIES];
    struct desk *desk;
    struct lt_key public_keys[AGENCIES];
    uint32_t slow;       /* every limit of time is so many times as long */
    uint32_t load_per_s; /* new wishes, all senders together */
    int64_t loaded_ms;   /* up to when they were allowed */
    uint64_t kills;
    uint32_t restarts[RESTARTS_MAX]; /* ms from the start of a process until it served */
    uint32_t restarts_count;
    bool served; /* the present process has been counted there */
    /* since a fault was over: until transfers are accepted and settlements confirmed again */
    int64_t mended_ms; /* 0: nothing to measure */
    uint64_t mended_accepted;
    uint64_t mended_confirmed;
    uint32_t recovers[RESTARTS_MAX]; /* ms */
    uint32_t recovers_count;
    /* of runs whose oracle is gone */
    struct oracle_counts sums;
};

LT_CHECK enum lt_status stage_open(struct stage *stage, const struct house_options *options,
                                   uint64_t seed, const char *command, struct fault *fault);
void stage_close(struct stage *stage, bool keep);
void stage_fresh(struct stage *stage); /* all is new; nothing runs */

void stage_start(struct stage *stage, const struct house_faults *faults);
void stage_register(struct stage *stage);                /* asks for it; the turns do it */
void stage_serve(struct stage *stage, bool registering); /* turns until it serves; or fails */
void stage_kill(struct stage *stage);                    /* and looks at what is left */
/* The process has ended by itself and must have ended like this; looks at what is left. */
void stage_expect_exit(struct stage *stage, int wait_status, int code);

void stage_mended(struct stage *stage); /* the fault is over now; a restart says it by itself */
/* Turns until so many more are accepted and confirmed; or fails. */
void stage_flow(struct stage *stage, uint32_t count, const char *when);
void stage_turn(struct stage *stage);
bool stage_pass(struct stage *stage, int64_t ms); /* turns; false: the process ended by itself */
int64_t stage_now_ms(const struct stage *stage);

/* No load any more; turns until all is decided, answered, confirmed and told, then holds the
 * conservation sum against the oracle. */
void stage_rest(struct stage *stage);
bool stage_done(const struct stage *stage);      /* all decided, answered, confirmed and told */
bool stage_sums_hold(const struct stage *stage); /* as last asked */
/* After a rest: ends with 0, journal clean, and the same sums from a state.mdb folded anew. */
void stage_last_look(struct stage *stage);

#endif
