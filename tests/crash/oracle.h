/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CRASH_ORACLE_H
#define TESTS_CRASH_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * What must be true however often the broker dies. The oracle lives in the process of the agencies
 * and survives every broker; it knows each wish an agency ever had (a logical transfer, by sender
 * and sender key) and is told what each side saw and what a dead broker's journal holds:
 *
 *   told accepted    from then on it stands in the journal, for good
 *   effect           a receiver took or refused it: once per wish and receiver, under one id
 *   confirmed        the receiver was told that its settlement is durable: it stands in the
 * journal, and the leg is never handed over again told outcome     the sender was told what the
 * receiver said, nothing else order            effects of one case at one receiver follow the order
 * in which the journal accepted them, and those of one sender the order in which it made them
 *
 * A violation prints what, the seed, the command to repeat it and the end of the broker's log, and
 * ends the run; the folder stays.
 */
#define AGENCIES      6
#define SENDERS       4 /* the first so many send */
#define RECEIVERS     4 /* the last so many receive */
#define CASES         24
#define LEGS_MAX      2
#define WISHES_CHUNK  1024
#define WISHES_CHUNKS 1024 /* of one sender */

struct wish;

/* What a receiver says of a leg until it is confirmed. */
struct answer {
    bool open;
    bool unsaid; /* in this session */
    enum lt_outcome outcome;
    uint32_t leg;
    uint32_t attempt;
    uint64_t position;
    uint64_t number; /* of this telling */
    struct lt_digest digest;
};

struct wish_leg {
    struct wish *wish;
    uint32_t to;
    uint32_t deliveries;
    bool effect;
    enum lt_outcome outcome; /* of the effect */
    struct lt_id effect_id;
    bool confirmed;
    bool told;
    enum lt_outcome journaled; /* final outcome that stands in the journal */
    struct lt_id settled_id;   /* under which it was handed over last */
    struct answer answer;
};

struct wish {
    uint32_t from;
    uint32_t number;     /* in the order the sender made them */
    uint32_t lane;       /* case number */
    bool aside;          /* of a kind whose order nobody relies on here */
    struct wish *before; /* the sender's last one of the same case */
    struct lt_id id;     /* under which the sender knows it now */
    struct wish_leg legs[LEGS_MAX];
    uint32_t legs_count;
    bool accepted;
    struct lt_id accepted_as;
    uint64_t position; /* in the journal; 0: not seen there */
};

struct oracle_counts {
    uint64_t wishes;
    uint64_t accepted; /* told, transfers */
    uint64_t legs;     /* of accepted transfers */
    uint64_t taken;    /* effects, legs */
    uint64_t refused;
    uint64_t delivered; /* handed over, every time */
    uint64_t again;     /* of which the receiver had had before */
    uint64_t known;     /* verdicts that named another id */
    uint64_t busy;      /* verdicts of class busy */
    uint64_t full;      /* of which disk-reserve */
    uint64_t confirmed;
};

struct oracle {
    uint64_t seed;
    char command[512]; /* that repeats this run */
    char folder[256];
    struct wish **chunks[AGENCIES];
    uint32_t made[AGENCIES];
    struct wish *last_made[AGENCIES][CASES];
    /* per receiver and case: the journal position of the last effect; per sender too: its number */
    uint64_t last_position[AGENCIES][CASES];
    int64_t last_number[AGENCIES][CASES][AGENCIES];
    struct oracle_counts counts;
};

struct lt_entropy;

void oracle_init(struct oracle *oracle);
void oracle_deinit(struct oracle *oracle); /* forgets wishes and counts, keeps who it is */
LT_CHECK struct wish *oracle_make(struct oracle *oracle, uint32_t from, uint32_t lane);
struct wish *oracle_wish(struct oracle *oracle, uint32_t from, uint32_t number); /* or NULL */

void oracle_accepted(struct oracle *oracle, struct wish *wish, const struct lt_id *id);
void oracle_delivered(struct oracle *oracle, struct wish_leg *leg, const struct lt_id *id);
void oracle_effect(struct oracle *oracle, struct wish_leg *leg, const struct lt_id *id,
                   uint64_t position, enum lt_outcome outcome);
void oracle_confirmed(struct oracle *oracle, struct wish_leg *leg);
void oracle_told(struct oracle *oracle, struct wish_leg *leg, enum lt_outcome outcome);

/* What the journal of a dead broker says; each fact is shown once. */
void oracle_stands(struct oracle *oracle, struct wish *wish, uint64_t position,
                   const struct lt_id *id, uint32_t legs_count);
void oracle_stands_final(struct oracle *oracle, struct wish_leg *leg, enum lt_outcome outcome);
/* Everything anybody was told stands there. */
void oracle_look(struct oracle *oracle);
/* All is quiet: every wish accepted, every leg ended, every sender told. */
void oracle_rest(struct oracle *oracle);

_Noreturn void oracle_fail(const struct oracle *oracle, const struct wish *wish, const char *format,
                           ...) LT_PRINTF(3, 4);

#endif
