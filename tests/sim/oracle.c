/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The judge of the sim. It never looks into the broker: it hears what agencies were told and what
 * they did, which is all that counts for them, and which acts of people stand in the journal.
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
    fprintf(stderr, "\n");
    if (wish != NULL && oracle->story != NULL) {
        oracle->story(oracle->story_self, wish);
    }
    fprintf(stderr, "  again with: lt-sim --seed %llu\n", (unsigned long long)oracle->seed);
    exit(1);
}

void oracle_made(struct wish *wish)
{
    for (uint32_t i = 0; i < wish->to_count; i++) {
        wish->shares[wish->to[i]].known = true;
        wish->shares[wish->to[i]].due = true;
    }
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

static void effect_alone(const struct oracle *oracle, struct wish *wish, uint32_t receiver,
                         const struct lt_id *id, uint32_t leg, bool taken)
{
    struct share *share = &wish->shares[receiver];
    if (!share->known) {
        oracle_fail(oracle, "delivered to an agency that was not addressed", wish);
    }
    if (wish->undone && share->own_way && (share->effects != 0 || share->refused)) {
        /* It had been sent there by an act that a restore took back, and was sent there again: the
         * broker cannot know, only who knows the id. The last word is what it has. */
        share->effects = taken ? 1 : 0;
        share->refused = !taken;
        share->effect_id = *id;
        share->effect_leg = leg;
        return;
    }
    if (share->effects != 0 || share->refused) {
        oracle_fail(oracle, "second effect of one wish", wish);
    }
    share->effect_leg = leg;
    if (taken) {
        share->effects++;
        share->effect_id = *id;
    } else {
        share->refused = true;
    }
}

static bool in_order(const struct wish *wish, uint32_t receiver)
{
    return !wish->steps_aside && !wish->undone && !wish->shares[receiver].own_way;
}

void oracle_effect(struct oracle *oracle, struct wish *wish, uint32_t receiver,
                   const struct lt_id *id, uint32_t leg, bool taken)
{
    effect_alone(oracle, wish, receiver, id, leg, taken);
    if (!in_order(wish, receiver)) {
        return;
    }
    int64_t *last = &oracle->last[receiver][wish->from][wish->lane % 64];
    if ((int64_t)wish->number <= *last) {
        fprintf(stderr, "sim: at %u after wish %lld\n", receiver, (long long)*last);
        oracle_fail(oracle, "lane order broken", wish);
    }
    *last = wish->number;
}

static bool same_lane(const struct wish *a, const struct wish *b)
{
    return a->from == b->from && a->lane == b->lane;
}

void oracle_effect_gone(struct oracle *oracle, struct wish *wish, uint32_t receiver)
{
    int64_t last = -1;
    wish->shares[receiver].effects = 0;
    for (uint32_t i = 0; i < oracle->count; i++) {
        const struct wish *other = &oracle->wishes[i];
        const struct share *share = &other->shares[receiver];
        if (share->effects != 0 && same_lane(other, wish) && in_order(other, receiver) &&
            (int64_t)other->number > last) {
            last = other->number;
        }
    }
    oracle->last[receiver][wish->from][wish->lane % 64] = last;
}

void oracle_effect_back(struct oracle *oracle, struct wish *wish, uint32_t receiver,
                        const struct lt_id *id, uint32_t leg)
{
    effect_alone(oracle, wish, receiver, id, leg, true);
    for (uint32_t i = 0; i < oracle->count && in_order(wish, receiver); i++) {
        const struct wish *other = &oracle->wishes[i];
        if (same_lane(other, wish) && in_order(other, receiver) &&
            other->shares[receiver].effects != 0 && other->number > wish->number) {
            oracle_fail(oracle, "given back behind a later one", wish);
        }
    }
    int64_t *last = &oracle->last[receiver][wish->from][wish->lane % 64];
    if (in_order(wish, receiver) && (int64_t)wish->number > *last) {
        *last = wish->number;
    }
}

bool oracle_effect_of(const struct wish *wish, uint32_t receiver, uint32_t leg)
{
    const struct share *share = &wish->shares[receiver];
    return share->effects != 0 && share->effect_leg == leg;
}

void oracle_rest(const struct oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->count; i++) {
        const struct wish *wish = &oracle->wishes[i];
        if (!wish->accepted) {
            oracle_fail(oracle, "a wish never got its verdict", wish);
        }
        for (uint32_t to = 0; to < AGENCIES_SIM; to++) {
            const struct share *share = &wish->shares[to];
            if (share->due && share->effects == 0 && !share->refused) {
                oracle_fail(oracle, "accepted and never settled", wish);
            }
            if (share->effects != 0 &&
                memcmp(&share->effect_id, &wish->accepted_as, sizeof(struct lt_id)) != 0) {
                oracle_fail(oracle, "took effect under another id than it was accepted", wish);
            }
        }
    }
}
