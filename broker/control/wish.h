/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_WISH_H
#define BROKER_CONTROL_WISH_H

#include <stdint.h>

#include "broker/limits.h"
#include <lienthong/types.h>

/*
 * What one person asked for and a second one must agree to. Memory only: a wish is no act, and one
 * that a restart or an hour makes forgotten is asked for again. The oldest makes room.
 */
struct wish {
    uint8_t act; /* enum act_kind; 0: the slot is free */
    uint64_t position;
    uint32_t legs; /* bit n: leg n */
    uint32_t to;   /* of a reroute, else 0 */
    int64_t asked_ms;
    char person[64];
    char reason[LT_REASON_MAX + 1];
};

struct wishes {
    struct wish slots[ACT_WISHES_MAX];
};

/* The wish for exactly this act, or NULL: nobody asked, or over an hour ago. */
struct wish *wish_find(struct wishes *wishes, const struct wish *like, int64_t mono_ms);

/* Takes the place of a wish for the same act. */
void wish_put(struct wishes *wishes, const struct wish *wish);
void wish_drop(struct wishes *wishes, const struct wish *like);

#endif
