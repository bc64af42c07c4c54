/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_FACT_PLAN_H
#define BROKER_JOURNAL_FACT_PLAN_H

#include "fact.h"

/* The facts of replay plans; the rules of fact.h hold for them. The set of a plan is in
 * FACT_PLAN_ITEMS and nowhere else. */

struct fact_plan {
    uint64_t number;
    uint8_t act; /* ACT_REPLAY */
    uint32_t to; /* receiver of another act; 0 */
    uint32_t pace_per_min;
    uint8_t stop_percent;
    struct lt_bytes person;
    struct lt_bytes reason;
    struct lt_bytes selection; /* as it was asked for: "agency=H24.15 code=receiver-never" */
};

#define FACT_PLAN_ITEMS_MAX  1000
#define FACT_PLAN_ITEM_BYTES 13u

struct fact_plan_item {
    uint32_t agency; /* the receiver when it was chosen */
    uint64_t position;
    uint8_t leg;
};

struct fact_plan_items {
    uint64_t number;
    uint32_t first;       /* how many the plan had before */
    const uint8_t *items; /* count x FACT_PLAN_ITEM_BYTES; fact_plan_item_at reads one */
    uint32_t count;
};

/* The deed itself is a fact of its own in the same batch (FACT_ACT, FACT_ASSIGNED); this says that
 * the plan has passed the item, and how. */
struct fact_plan_step {
    uint64_t number;
    uint32_t index; /* how many were passed before */
    struct fact_plan_item item;
    bool done;     /* false: passed over */
    uint8_t state; /* enum leg_state of the leg after it; LEG_NONE when it cannot be read */
    uint16_t code; /* why it was passed over; 0 */
};

struct fact_plan_state {
    uint64_t number;
    uint8_t state;           /* enum plan_state */
    struct lt_digest digest; /* of the set, with frozen and approved */
    bool second;             /* with frozen: a second person must approve */
    uint32_t agencies;       /* with frozen: receivers in the set */
    uint32_t left_out;       /* with frozen: legs of another live plan */
    uint16_t code;           /* why, when the broker did it; 0 */
    struct lt_bytes person;  /* empty: the broker itself */
    struct lt_bytes reason;
};

struct lt_bytes fact_write_plan(void *memory, size_t size, const struct fact_plan *f);
struct lt_bytes fact_write_plan_items(void *memory, size_t size, uint64_t number, uint32_t first,
                                      const struct fact_plan_item *items, uint32_t count);
struct lt_bytes fact_write_plan_step(void *memory, size_t size, const struct fact_plan_step *f);
struct lt_bytes fact_write_plan_state(void *memory, size_t size, const struct fact_plan_state *f);

LT_CHECK bool fact_read_plan(struct lt_bytes payload, struct fact_plan *ret);
LT_CHECK bool fact_read_plan_items(struct lt_bytes payload, struct fact_plan_items *ret);
struct fact_plan_item fact_plan_item_at(const struct fact_plan_items *items, uint32_t index);
LT_CHECK bool fact_read_plan_step(struct lt_bytes payload, struct fact_plan_step *ret);
LT_CHECK bool fact_read_plan_state(struct lt_bytes payload, struct fact_plan_state *ret);

#endif
