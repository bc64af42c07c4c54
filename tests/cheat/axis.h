/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CHEAT_AXIS_H
#define TESTS_CHEAT_AXIS_H

#include "harness/world.h"
#include "line.h"
#include "view.h"

/*
 * A small axis that keeps every promise of the log but the one it is told to break. It speaks LTP
 * to real clients, and it holds the key: what it signs is signed. The cheats are those of a
 * machine's owner (ops/threat-model.md, M6).
 */
#define AGENCIES      3 /* two senders, and the department that receives */
#define DEPARTMENT    2
#define TRANSFERS_MAX 512

enum cheat {
#define CHEAT(name, words, by, check, result, why) CHEAT_##name,
#include "cheats.def"
#undef CHEAT
    CHEATS_END,
};

extern const char *const agency_ids[AGENCIES];

struct carried {
    struct lt_id id;
    struct lt_id after;
    uint32_t from;
    struct lt_bytes header; /* as the axis keeps it */
    struct lt_bytes body;
    struct lt_bytes shown_header; /* as it was delivered */
    struct lt_bytes shown_body;
    struct lt_bytes held_header; /* as the receiver's system has it */
    struct lt_bytes held_body;
    struct lt_digest digest; /* of what is kept */
    struct lt_digest seal_digest;
    struct seal_proof seal;
    uint64_t position;
    int64_t time_ms;
    bool dropped;   /* accepted, and nothing else ever happened */
    bool unlogged;  /* its acceptance is no leaf */
    bool delivered; /* and not given back */
    bool settled;
    uint64_t outcome; /* position of that leaf; 0: none */
    uint32_t attempt;
};

struct axis {
    struct world *world;
    struct world_random random;
    struct digester *digester;
    struct arena *arena;
    struct signer signer;
    struct signer stranger; /* the key of another axis */
    char vkey[NOTE_VKEY_MAX];
    struct line lines[AGENCIES];
    struct view views[2];
    uint32_t view_of[AGENCIES];
    bool split;
    uint64_t position;
    uint64_t session;
    struct carried transfers[TRANSFERS_MAX];
    uint32_t transfers_count;
    enum cheat cheat;
    uint32_t victim; /* which acceptance it is done to, counted from 0 */
    bool done;       /* it was done */
    struct view_leaf staged[VIEW_LEAVES];
    uint32_t staged_of[VIEW_LEAVES]; /* the sender whose transfer it is about */
    bool staged_accepted[VIEW_LEAVES];
    uint32_t staged_count;
    uint64_t staged_first;
};

void axis_turn(struct axis *axis);
/* It comes back after a while, perhaps with another face. */
void axis_restart(struct axis *axis);
/* What it does at the end of the day, when it is asked for evidence. */
void axis_evening(struct axis *axis);

#endif
