/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_REGISTRY_ENROLMENT_H
#define BROKER_REGISTRY_ENROLMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/enrol.h"
#include "proto/frame.h"

/*
 * The requests to be let in that wait for a registrar, in memory: nothing of a stranger's is ever
 * on the disk. Whoever waits asks again every few seconds, so a broker that was started anew knows
 * what is asked for again by itself; what was approved stands in the registry. A refusal is
 * remembered as long as the request would have been good, or until the next start.
 *
 * Strangers cannot keep agencies out: the last places are for requests that came over a session,
 * and of those an agency has one, its newest.
 *
 * One thread.
 */
#define ENROLMENTS_MAX         512
#define ENROLMENTS_STRANGERS   384 /* waiting, of all who came without a session */
#define ENROLMENTS_ADDRESS_MAX 128 /* of them, of one address */
#define ENROLMENT_EARLY_MS     (24 * 3600 * 1000LL)

struct enrolment {
    struct enrol_request request;
    enum enrol_state state;
    char address[48]; /* it came from; "file" */
    bool session;     /* over a session of the agency it names */
    int64_t seen_ms;
    int64_t until_ms;
    uint64_t position; /* of the fact that decided it; 0: none yet */
    char reason[LT_REASON_MAX + 1];
    size_t der_size;
    uint8_t der[ENROL_REQUEST_BYTES_MAX];
};

struct enrolments;
LT_CHECK enum lt_status enrolments_open(struct enrolments **ret_enrolments);
void enrolments_close(struct enrolments **enrolments_p);

/* How long a request is good, counted from when it says it was made. */
void enrolments_keep(struct enrolments *enrolments, int64_t keep_ms);

/* Views are valid until the next put or sweep. */
struct enrolment *enrolments_find(struct enrolments *enrolments, const struct lt_digest *request);
struct enrolment *enrolments_at(struct enrolments *enrolments, uint32_t index); /* or NULL */

/* LT_NOT_FOUND; LT_ENROL_CODE_TWICE when two requests have it. */
LT_CHECK enum lt_status enrolments_by_code(struct enrolments *enrolments,
                                           const char code[ENROL_CODE_BYTES],
                                           struct enrolment **ret_enrolment, struct fault *fault);

struct enrol_origin {
    const char *address;
    bool session; /* of the agency that the request names; else a stranger's, or a file */
};

/* A request that was read. LT_ENROL_EXPIRED; LT_BUSY when too many wait, of all or of one address.
 * One that is there already stays as it is. */
LT_CHECK enum lt_status enrolments_put(struct enrolments *enrolments,
                                       const struct enrol_request *request, struct lt_bytes der,
                                       const struct enrol_origin *origin, int64_t now_ms,
                                       struct enrolment **ret_enrolment);

/* Those whose time is over are forgotten. */
void enrolments_sweep(struct enrolments *enrolments, int64_t now_ms);

#endif
