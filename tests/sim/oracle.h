/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/types.h>

/*
 * What must be true whatever the world does. The oracle knows every wish an agency ever had (a
 * logical transfer, by sender and sender key) and is told what each side saw:
 *
 *   told accepted      by a verdict: from then on it may never be lost
 *   effect             a receiver took it: at most once per wish and receiver, under one id only
 *   order              effects of one lane follow the order in which the sender made them
 *
 * People change what is due, never what is true: a share that was ended by an act need not have an
 * effect any more, one that was skipped or came by a reroute has its own place in the order. Only
 * acts that stand in the journal count (witness.h), and only those that somebody asked for.
 *
 * A violation prints what and the seed, and ends the run.
 */
#define WISHES_MAX   4096
#define AGENCIES_SIM 6

/* One receiver's share of a wish. */
struct share {
    bool known;   /* it was or is addressed to that agency */
    bool due;     /* and no act has ended it: it must come to an effect or a refusal */
    bool at_risk; /* it was ended by two people without an answer of its receiver */
    bool own_way; /* skipped once, or here by a reroute: its order is a person's doing */
    bool refused;
    uint32_t effects;
    struct lt_id effect_id;
    uint32_t effect_leg; /* of the transfer: two of its legs may lead to one agency in turn */
    uint32_t acts_asked; /* bit n: somebody asked for act n (enum act_kind) */
};

struct wish {
    uint32_t from;   /* agency index */
    uint32_t number; /* in the order the sender made them */
    uint32_t lane;   /* case number */
    bool steps_aside;
    uint32_t to[3];
    uint32_t to_count;
    bool accepted;
    bool undone;              /* a restore of the broker took back what people did with it */
    bool lost_once;           /* such a restore took back its acceptance: it came in again */
    struct lt_id accepted_as; /* the first id any verdict named */
    struct share shares[AGENCIES_SIM];
};

struct oracle {
    uint64_t seed;
    struct wish wishes[WISHES_MAX];
    uint32_t count;
    void (*story)(void *self, const struct wish *wish); /* tells more of it to people; or NULL */
    void *story_self;
    uint64_t cut_below; /* what stood below is in the archive, as far as it is final */
    /* per receiver, sender and case: the number of the last wish that blocks and took effect */
    int64_t last[AGENCIES_SIM][AGENCIES_SIM][64];
};

void oracle_init(struct oracle *oracle, uint64_t seed);
/* Its receivers are set. */
void oracle_made(struct wish *wish);
struct wish *oracle_wish(struct oracle *oracle, uint32_t from, uint32_t number);
void oracle_accepted(struct oracle *oracle, struct wish *wish, const struct lt_id *id);
void oracle_effect(struct oracle *oracle, struct wish *wish, uint32_t receiver,
                   const struct lt_id *id, uint32_t leg, bool taken);
/* The receiver's local system was set back to before it took it. Order begins anew behind. */
void oracle_effect_gone(struct oracle *oracle, struct wish *wish, uint32_t receiver);
/* And it has it again from the axis, in the order of what it had taken. What it had refused it need
 * not be given back. */
void oracle_effect_back(struct oracle *oracle, struct wish *wish, uint32_t receiver,
                        const struct lt_id *id, uint32_t leg);
/* That leg of the wish, which led to that receiver, took effect there. */
bool oracle_effect_of(const struct wish *wish, uint32_t receiver, uint32_t leg);
/* The world is at rest: every accepted wish has had its one effect or refusal everywhere. */
void oracle_rest(const struct oracle *oracle);
void oracle_fail(const struct oracle *oracle, const char *what, const struct wish *wish);

#endif
