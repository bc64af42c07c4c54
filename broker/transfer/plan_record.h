/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_TRANSFER_PLAN_RECORD_H
#define BROKER_TRANSFER_PLAN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

/*
 * Replay plans in STATE_PLANS, folded from the facts of plans. One plan has two records: what was
 * asked for and never changes ('P'), and where it stands ('N', small, because every item writes it
 * again). Its items follow in the order in which they are carried out: by receiver, then by
 * position, which is the order of acceptance within every lane.
 */
enum plan_state {
#define PLAN_STATE(name, number, text, live) PLAN_##name = number,
#include "plan.def"
    PLAN_STATES_END,
};

bool plan_may(enum plan_state state, enum plan_state next);
bool plan_live(enum plan_state state);
const char *plan_state_name(enum plan_state state);

#define PLAN_PERSON_MAX    63
#define PLAN_SELECTION_MAX 511

/* 'P' number -> this. */
struct plan {
    int64_t made_ms;
    uint8_t act;
    uint32_t to;
    uint32_t pace_per_min;
    uint8_t stop_percent;
    char person[PLAN_PERSON_MAX + 1];
    char reason[LT_REASON_MAX + 1];
    char selection[PLAN_SELECTION_MAX + 1];
};

/* Names an item, and orders them. */
struct plan_key {
    uint32_t agency; /* the receiver when it was chosen; 0: nobody yet */
    uint64_t position;
    uint8_t leg;
};

/* 'N' number -> this. */
struct plan_now {
    enum plan_state state;
    int64_t since_ms;
    struct lt_digest digest;          /* once frozen */
    bool second;                      /* needs a second person */
    uint16_t code;                    /* why it ended, when the broker ended it */
    char person[PLAN_PERSON_MAX + 1]; /* who brought it here; "": the broker */
    char approver[PLAN_PERSON_MAX + 1];
    char reason[LT_REASON_MAX + 1];
    uint32_t items;
    uint32_t agencies;
    uint32_t left_out;    /* legs that another live plan held when this one chose */
    uint32_t passed;      /* items behind the cursor */
    struct plan_key next; /* the first item not passed is at or behind this key */
    uint32_t replayed;    /* of those passed: sent again; the others were passed over */
    uint32_t taken;       /* of those replayed, what came of them; */
    uint32_t refused;
    uint32_t parked;
    uint32_t ended; /* expired, cancelled */
};

/* Replayed and without an outcome yet. */
uint32_t plan_outstanding(const struct plan_now *now);

enum plan_step { PLAN_ITEM_WAITING = 0, PLAN_ITEM_REPLAYED = 1, PLAN_ITEM_PASSED_OVER = 2 };

/* 'I' number, plan_key -> this. */
struct plan_item {
    enum plan_step step;
    enum leg_state state; /* of the leg, when it was passed or came to its outcome */
    uint16_t code;
    int64_t time_ms;
};

/* 'L' position, leg -> this: the last plan that chose the leg. A lease while that plan is live. */
struct plan_lease {
    uint64_t number;
    uint32_t agency;
    bool moved;  /* by a redirect: the item is about another leg of the transfer, the old one */
    uint8_t leg; /* which is this */
};

struct lt_bytes plan_key_of(uint8_t out[RECORD_KEY_MAX], char what, uint64_t number);
bool plan_number_read(struct lt_bytes key, char what, uint64_t *ret_number);
struct lt_bytes plan_write(uint8_t *out, size_t size, const struct plan *plan);
bool plan_read(struct lt_bytes bytes, struct plan *ret_plan);
struct lt_bytes plan_now_write(uint8_t *out, size_t size, const struct plan_now *now);
bool plan_now_read(struct lt_bytes bytes, struct plan_now *ret_now);
#define PLAN_VALUE_MAX 2048 /* of both */

struct lt_bytes plan_item_key(uint8_t out[RECORD_KEY_MAX], uint64_t number,
                              const struct plan_key *key);
/* False: no item, or one of another plan. */
bool plan_item_key_read(struct lt_bytes bytes, uint64_t number, struct plan_key *ret_key);
struct lt_bytes plan_item_write(uint8_t out[RECORD_VALUE_MAX], const struct plan_item *item);
bool plan_item_read(struct lt_bytes bytes, struct plan_item *ret_item);

struct lt_bytes plan_lease_key(uint8_t out[RECORD_KEY_MAX], uint64_t position, uint8_t leg);
struct lt_bytes plan_lease_write(uint8_t out[RECORD_VALUE_MAX], const struct plan_lease *lease);
bool plan_lease_read(struct lt_bytes bytes, struct plan_lease *ret_lease);

#endif
