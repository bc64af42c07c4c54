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
 * A violation prints what and the seed, and ends the run.
 */
#define WISHES_MAX   4096
#define AGENCIES_SIM 6

struct wish {
    uint32_t from;   /* agency index */
    uint32_t number; /* in the order the sender made them */
    uint32_t lane;   /* case number */
    bool steps_aside;
    uint32_t to[3];
    uint32_t to_count;
    bool accepted;
    bool refused;
    struct lt_id accepted_as; /* the first id any verdict named */
    struct lt_id effect_id[3];
    uint32_t effects[3];
    bool final_refused[3];
};

struct oracle {
    uint64_t seed;
    struct wish wishes[WISHES_MAX];
    uint32_t count;
    /* per receiver, sender and case: the number of the last wish that blocks and took effect */
    int64_t last[AGENCIES_SIM][AGENCIES_SIM][64];
};

void oracle_init(struct oracle *oracle, uint64_t seed);
struct wish *oracle_wish(struct oracle *oracle, uint32_t from, uint32_t number);
void oracle_accepted(struct oracle *oracle, struct wish *wish, const struct lt_id *id);
void oracle_effect(struct oracle *oracle, struct wish *wish, uint32_t receiver,
                   const struct lt_id *id, bool taken);
/* The world is at rest: every accepted wish has had its one effect or refusal everywhere. */
void oracle_rest(const struct oracle *oracle);
void oracle_fail(const struct oracle *oracle, const char *what, const struct wish *wish);

#endif
