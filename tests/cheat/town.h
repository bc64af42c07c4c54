/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CHEAT_TOWN_H
#define TESTS_CHEAT_TOWN_H

#include "axis.h"
#include <lienthong/client.h>

/*
 * Two communes that send and seal, and a department that takes or refuses: three clients of the SDK
 * in folders of their own, driven step by step under the world's clock. What an adapter says of the
 * log is remembered, because it may believe again later.
 */
#define REFUSED_MAX 16

struct agency_here {
    struct world_clock clock;
    struct world_entropy entropy;
    struct lt_client *client;
    char folder[160];
    char key_path[200];
    struct lt_digest key_id;
    struct lt_bytes spki;
    char refused[REFUSED_MAX][32]; /* the codes it refused the log with, in order */
    uint32_t refused_count;
    uint32_t sent;
};

struct town {
    struct world world;
    struct world_random random;
    struct axis axis;
    struct arena arena;
    struct agency_here agencies[AGENCIES];
    char folder[120];
    bool verbose;
};

void town_open(struct town *town, uint64_t seed, enum cheat cheat, const char *folder,
               bool verbose);
void town_close(struct town *town);
/* Somebody sends a few, everybody gets their turns, the department answers. */
void town_round(struct town *town);
void town_pass(struct town *town, int64_t ms); /* nobody sends */
bool town_refused(const struct town *town, uint32_t agency, const char *code);

#endif
