/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_SCRUB_H
#define BROKER_JOURNAL_SCRUB_H

#include "backend.h"
#include "verify.h"

/*
 * The background check: a thread walks the whole journal again and again, as journal_verify does,
 * at a bounded share of the disk, and gives its findings to the core. Disks lose bits quietly; what
 * nobody reads for a year must be found before it is needed. The base of a cut journal is truth as
 * well and is read in the same way.
 */
struct scrub;

struct scrub_options {
    struct journal_backend backend; /* only its view is used */
    uint64_t bytes_per_s;           /* of the journal; not 0 */
    int64_t rest_ms;                /* between two walks */
    /* Truth beside the journal (the base), read after each walk: LT_OK, or it is damaged. It asks
     * `pace` after every piece and ends with LT_AGAIN when that is false. NULL: there is none. */
    enum lt_status (*base)(void *self, bool (*pace)(void *context, uint64_t bytes), void *context);
    void *base_self;
};

LT_CHECK enum lt_status scrub_open(struct scrub **ret_scrub, const struct scrub_options *options,
                                   struct fault *fault);
void scrub_close(struct scrub **scrub_p);

/* The next finding; false: none now. More than SCRUB_WAITING_MAX at a time are counted only. */
#define SCRUB_WAITING_MAX 64
bool scrub_take(struct scrub *scrub, struct verify_finding *ret_finding);

bool scrub_base_damaged(const struct scrub *scrub); /* at the last look at it */

struct scrub_state {
    uint64_t walks;    /* finished */
    uint64_t findings; /* of all walks */
    uint64_t position; /* where the present walk is */
};
void scrub_state(const struct scrub *scrub, struct scrub_state *ret_state);

#endif
