/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_WISH_H
#define BROKER_CONTROL_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/limits.h"
#include "broker/transfer/record.h"
#include <lienthong/types.h>

/*
 * What one person asked for and a second one must agree to. Memory only: a wish is no act, and one
 * that a restart or an hour makes forgotten is asked for again. The oldest makes room.
 */
struct wish {
    uint64_t number; /* in the list of what is pending; 0: the slot is free */
    uint8_t act;     /* enum act_kind */
    struct transfer_key transfer;
    uint64_t position;
    uint32_t legs; /* bit n: leg n */
    uint32_t to;   /* of a reroute, else 0 */
    bool leg_given;
    uint8_t leg;
    int64_t asked_ms; /* monotonic */
    int64_t since_ms; /* the same on the clock of the axis */
    char person[64];
    char reason[LT_REASON_MAX + 1];
    char refused_by[64]; /* "": nobody has refused it */
    char refused_why[LT_REASON_MAX + 1];
};

struct wishes {
    struct wish slots[ACT_WISHES_MAX];
    uint64_t last; /* number given */
};

/* The wish for exactly this act, or NULL: nobody asked, or over an hour ago, or it was refused. */
struct wish *wish_find(struct wishes *wishes, const struct wish *like, int64_t mono_ms);

/* The wish of a number, refused or not; NULL: there is none any more. */
struct wish *wish_numbered(struct wishes *wishes, uint64_t number, int64_t mono_ms);

/* The next wish behind a number, in the order in which they were asked for; NULL: no more. */
const struct wish *wish_after(const struct wishes *wishes, uint64_t number, int64_t mono_ms);

/* Takes the place of a wish for the same act; gives it a number. */
void wish_put(struct wishes *wishes, const struct wish *wish);
void wish_drop(struct wishes *wishes, const struct wish *like);

#endif
