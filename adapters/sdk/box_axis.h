/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BOX_AXIS_H
#define ADAPTERS_SDK_BOX_AXIS_H

#include "box.h"

/*
 * What this adapter knows of the axis' journal: which incarnation it last met, the highest position
 * it was told there, and by which start of the broker. With it an axis that was restored from a
 * backup is recognised, and one that was rolled back without a word is refused. For jobs (box.h).
 */
struct axis_known {
    uint32_t incarnation;
    uint64_t position;
    uint64_t run; /* 0: told by a broker that does not say */
};

LT_CHECK enum lt_status axis_known(struct box_txn *txn, struct axis_known *ret_known);
void axis_know(struct box_txn *txn, const struct axis_known *known);

/* A position it told us with a verdict or a delivery. */
void axis_told(struct box_txn *txn, uint64_t position);

enum axis_meeting {
    AXIS_SAME,        /* the one we know, or we know none yet */
    AXIS_RESTORED,    /* declared: what lies above its backup is to be submitted again */
    AXIS_ROLLED_BACK, /* undeclared: nothing may be done with it */
};

/* What a Welcome says of its journal; 0 where it does not. */
struct axis_says {
    uint32_t incarnation;
    uint64_t durable;
    uint64_t run;
    uint64_t run_from;
};
enum axis_meeting axis_meet(const struct axis_known *known,
                            const struct axis_says *says); /* pure */

#endif
