/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include "broker/flow/flow.h"
#include "oracle.h"

/* Looks into the broker, counted independently of what the fold counted. */

uint64_t check_open_legs(struct flow *flow); /* entries of STATE_LANES */
bool check_conservation(struct flow *flow);  /* P7, per agency */
bool check_heads(struct flow *flow);         /* every lane's head against its entries */
/* P3, over the journal: what one sender wrote of one case stands there in the order it was made. */
#define ORDER_CASES 64
struct check_order {
    int64_t last[AGENCIES_SIM][ORDER_CASES]; /* highest number of a wish, per sender and case */
    uint64_t next;                           /* position the next walk begins with */
};
void check_order_init(struct check_order *order);
/* From where the last walk ended on: before a cut, and in the end. */
bool check_accepted_order(struct flow *flow, struct check_order *order);
/* A digest per tree, and how many entries it has. */
struct state_picture {
    struct lt_digest digest[STATE_TREES_END];
    uint64_t entries[STATE_TREES_END];
};
/* The counts of parked legs by cause are what the list says. */
bool check_parked(struct flow *flow);

/* What the broker says of every leg in the end is what its receiver did; else
 * the first wish of which it is not. */
const struct wish *check_finals(struct flow *flow, const struct oracle *oracle);

void check_picture(struct flow *flow, struct state_picture *ret_picture);
bool check_same(const struct state_picture *a, const struct state_picture *b);

#endif
