/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The judge of the sim. It never looks into the broker: it hears what agencies were told and what
 * they did, which is all that counts for them.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void oracle_init(struct oracle *oracle, uint64_t seed)
{
    memset(oracle, 0, sizeof(*oracle));
    oracle->seed = seed;
    memset(oracle->last, 0xff, sizeof(oracle->last));
}

void oracle_fail(const struct oracle *oracle, const char *what, const struct wish *wish)
{
    fprintf(stderr, "sim: %s", what);
    if (wish != NULL) {
        fprintf(stderr, " (sender %u wish %u case %u accepted %d)", wish->from, wish->number,
                wish->lane, wish->accepted ? 1 : 0);
    }
    fprintf(stderr, "\n  again with: lt-sim --seed %llu\n", (unsigned long long)oracle->seed);
    exit(1);
}

struct wish *oracle_wish(struct oracle *oracle, uint32_t from, uint32_t number)
{
    for (uint32_t i = 0; i < oracle->count; i++) {
        struct wish *wish = &oracle->wishes[i];
        if (wish->from == from && wish->number == number) {
            return wish;
        }
    }
    return NULL;
}

void oracle_accepted(struct oracle *oracle, struct wish *wish, const struct lt_id *id)
{
    if (wish->accepted && memcmp(&wish->accepted_as, id, sizeof(*id)) != 0) {
        oracle_fail(oracle, "one wish was accepted under two ids", wish);
    }
    wish->accepted = true;
    wish->accepted_as = *id;
}

static uint32_t leg_of(const struct oracle *oracle, const struct wish *wish, uint32_t receiver)
{
    for (uint32_t i = 0; i < wish->to_count; i++) {
        if (wish->to[i] == receiver) {
            return i;
        }
    }
    oracle_fail(oracle, "delivered to an agency that was not addressed", wish);
    return 0;
}

void oracle_effect(struct oracle *oracle, struct wish *wish, uint32_t receiver,
                   const struct lt_id *id, bool taken)
{
    uint32_t leg = leg_of(oracle, wish, receiver);
    if (wish->effects[leg] != 0 || wish->final_refused[leg]) {
        oracle_fail(oracle, "second effect of one wish", wish);
    }
    if (taken) {
        wish->effects[leg]++;
        wish->effect_id[leg] = *id;
    } else {
        wish->final_refused[leg] = true;
    }
    int64_t *last = &oracle->last[receiver][wish->from][wish->lane % 64];
    if (wish->steps_aside) {
        return;
    }
    if ((int64_t)wish->number <= *last) {
        oracle_fail(oracle, "lane order broken", wish);
    }
    *last = wish->number;
}

void oracle_rest(const struct oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->count; i++) {
        const struct wish *wish = &oracle->wishes[i];
        if (!wish->accepted && !wish->refused) {
            oracle_fail(oracle, "a wish never got its verdict", wish);
        }
        for (uint32_t leg = 0; wish->accepted && leg < wish->to_count; leg++) {
            if (wish->effects[leg] == 0 && !wish->final_refused[leg]) {
                oracle_fail(oracle, "accepted and never settled", wish);
            }
            if (wish->effects[leg] != 0 &&
                memcmp(&wish->effect_id[leg], &wish->accepted_as, sizeof(struct lt_id)) != 0) {
                oracle_fail(oracle, "took effect under another id than it was accepted", wish);
            }
        }
    }
}
