/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_VERIFY_H
#define BROKER_FLOW_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/list.h"
#include "proto/digest.h"
#include "proto/frame.h"
#include "proto/sign.h"

/*
 * What is costly to check about a Submit (the digests of its parcels, its seal) is done by a
 * verifier: a pool of threads that takes submissions and gives them back in any order; the join
 * step (join.c) puts them in order again. A submission belongs to the flow: the verifier writes the
 * codes and faults of its parcels and of its seal between put and take and touches nothing else.
 */
struct session;
struct sealing;

/* One parcel as far as it was looked at. */
struct checked {
    struct parcel parcel;
    struct header header;
    enum lt_status code; /* LT_OK: nothing wrong so far; else what the sender will be told */
    struct fault fault;
};

/* One Submit frame between receive and decide. */
struct submission {
    struct list_node order;  /* on desk.submissions, in the order received */
    struct session *session; /* NULL: it ended in between, nobody waits for verdicts */
    uint32_t agency;
    uint32_t count;
    struct checked *parcels;
    struct sealing *sealing; /* NULL: the frame has no seal */
    int64_t received_ms;     /* the moment that dates of keys are judged at */
    bool verified;
    bool kept;          /* outlives its turn: owns `arena` and itself */
    size_t kept_bytes;  /* counted in flow.verifying_bytes */
    struct arena arena; /* of a kept one */
};

/* What checking takes; of one thread. */
struct verify_tools {
    struct digester *digester;
    struct sign_checker *checker;
};
LT_CHECK enum lt_status verify_tools_open(struct verify_tools *tools);
void verify_tools_close(struct verify_tools *tools); /* one that was not opened too */

/* The checks themselves, by whoever has the time: parcels and seal whose code is LT_OK keep or lose
 * it. */
void verify_submission(const struct verify_tools *tools, struct submission *submission);

struct verifier {
    void *self;
    size_t inline_bytes; /* parcels up to so many bytes in a frame are not worth a thread */
    /* False: it has no room for another one, which the core then checks by itself. */
    bool (*put)(void *self, struct submission *submission);
    struct submission *(*take)(void *self); /* one that is through; NULL: none now */
    int (*fd)(void *self);                  /* readable when one is through; -1: never */
    void (*close)(void *self); /* ends its threads and frees itself; submissions stay */
};

/* The real one. With no threads the checks are done in `take`, in the order put. */
LT_CHECK enum lt_status verify_pool_open(struct verifier *ret_verifier, uint32_t threads,
                                         struct fault *fault);

#endif
