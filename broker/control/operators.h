/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_OPERATORS_H
#define BROKER_CONTROL_OPERATORS_H

#include "broker/flow/flow.h"
#include "broker/registry/config.h"

/*
 * The operators' door: takes a Query of an authenticated operator connection, checks the role,
 * finds the verb (query.h) and answers with one Page, which waits for its ticket like every answer.
 * The configuration is borrowed and may be reloaded in place.
 */
struct operators;

enum lt_status operators_open(struct operators **ret_operators, const struct config *config);
void operators_close(struct operators **operators_p);
struct flow_operators operators_door(struct operators *operators);

/*
 * What only the process around the broker knows, for `status`, `metrics` and `alarms`. The
 * functions may look at the system; each may be NULL. Without this the fields are left out.
 */
struct operators_stamps {
    uint64_t size;            /* of the last checkpoint that has its time-stamp; 0: none */
    int64_t time_ms;          /* what that one says */
    uint32_t failures;        /* since then */
    int64_t failing_since_ms; /* 0: it does not */
    bool late;                /* a person should know */
    char why[64];             /* the last failure */
    char detail[160];
};

struct operators_about {
    int64_t started_ms;      /* wall */
    int64_t started_mono_ms; /* monotonic */
    void *self;
    enum lt_status (*disk_free)(void *self, uint64_t *ret_bytes);
    enum lt_status (*memory)(void *self, uint64_t *ret_bytes);
    /* False: no authority of time-stamps is named. */
    bool (*stamps)(void *self, int64_t now_ms, struct operators_stamps *ret_stamps);
};
void operators_tell(struct operators *operators, const struct operators_about *about);

/* The requests to be let in, for the verbs about them. Borrowed. */
struct enrolments;
void operators_enrolments(struct operators *operators, struct enrolments *enrolments);
/* The key of the tokens that stand for masked codes (mask.h), made from a secret of the broker. */
LT_CHECK enum lt_status operators_mask(struct operators *operators, struct lt_bytes secret);

/* Resident bytes of this process (Linux), for `memory` above; `self` is not looked at. */
enum lt_status process_memory(void *self, uint64_t *ret_bytes);

#endif
