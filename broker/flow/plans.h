/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_PLANS_H
#define BROKER_FLOW_PLANS_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/limits.h"
#include "broker/transfer/plan_record.h"
#include "proto/digest.h"

/*
 * What the broker holds in memory of replay plans: one slot per live plan, nothing per item. State
 * and numbers are folded; filters and what is half done while a plan is being chosen are not: a
 * restart cancels such a plan and says so.
 */

/* Which legs a plan wants; what is zero or empty is not asked. Parked ones, or, of a redirect,
 * every open leg of the agency. */
struct plan_filter {
    bool redirect;
    bool agency_given;
    uint32_t agency; /* receiver; 0: nobody yet */
    bool from_given;
    uint32_t from;
    uint16_t code;
    int64_t since_ms; /* over the acceptance time: since <= t < until */
    int64_t until_ms; /* 0: no end */
    char case_code[LT_CASE_CODE_MAX + 1];
    char procedure[LT_PROCEDURE_MAX + 1];
};

/* What the broker does for a plan that is being chosen. */
enum plan_phase {
    PLAN_PHASE_LIST,   /* legs come from outside, page by page */
    PLAN_PHASE_SCAN,   /* looks for what the filter wants */
    PLAN_PHASE_FREEZE, /* all are there: takes the digest */
};

/* Why a running plan leaves a receiver's items alone for now. */
enum plan_wait {
    PLAN_WAITS_NOT,
    PLAN_WAITS_RESTORE,  /* a declared restore is not over: for all receivers */
    PLAN_WAITS_INCIDENT, /* open, and somebody else's leg is there to try with */
    PLAN_WAITS_PAUSED,   /* an operator lets nothing be delivered to it */
    PLAN_WAITS_OPEN,     /* the old agency of a redirect is still delivered to */
};

struct plan_slot {
    uint64_t number; /* 0: free */
    enum plan_state state;
    uint8_t act; /* ACT_REPLAY, ACT_REDIRECT */
    uint32_t to; /* of a redirect: the successor */
    uint32_t pace_per_min;
    uint8_t stop_percent;
    enum plan_phase phase;
    struct plan_filter filter;
    struct plan_key cursor; /* of the scan or of the digest */
    struct lane lane;       /* of a redirect: beside the cursor of the scan */
    uint32_t sent_once;     /* of a redirect: legs whose outcome may be unknown */
    uint32_t left_out;      /* legs of other live plans met so far */
    uint64_t left_out_to;   /* one of those plans */
    uint32_t agencies;      /* counted while the digest is taken, */
    uint32_t counted;       /* and the last one counted */
    int64_t touched_ms;     /* monotonic: last page of a list, last step of a run */
    int64_t credit;         /* of the pace, in items x 60,000 */

    /* of a run: the walk over the items, which passes by receivers that have to wait */
    bool walking;
    struct plan_key at;
    bool passed_by;        /* this walk has left something behind */
    int64_t rest_ms;       /* monotonic: the next walk not before */
    enum plan_wait waits;  /* what the last one met first that has to wait */
    uint32_t waits_agency; /* and whose */
};

struct plans {
    struct plan_slot slots[PLANS_LIVE_MAX];
    uint32_t count;       /* slots taken */
    uint64_t last;        /* highest number given */
    uint64_t outstanding; /* replayed and without an outcome yet, all plans together */
    uint64_t digesting;   /* whose digest is being taken: one at a time; 0: nobody's */
    struct digester *digester;
};

#endif
