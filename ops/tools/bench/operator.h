/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_OPERATOR_H
#define OPS_TOOLS_BENCH_OPERATOR_H

#include "broker/registry/registry.h"
#include "proto/base/arena.h"
#include "proto/port_zmq.h"
#include <lienthong/clock.h>

/* The operator port of a broker: one question at a time, asked again until it is answered. */
struct operator_line;

enum lt_status operator_open(struct operator_line **ret_line, struct net *net,
                             const struct client_options *options, const struct lt_clock *clock,
                             struct fault *fault);
void operator_close(struct operator_line **line_p);

/* Waits without asking; what a program without a sleep does between two looks. */
void operator_pause(struct operator_line *line, int ms);

/* Numbers of the status row; absent ones are 0. LT_TIMEOUT after so long. */
struct operator_status {
    uint64_t syncs;
    uint64_t sessions;
    uint64_t open; /* legs, of which: */
    uint64_t ready;
    uint64_t sent;
    uint64_t behind;
    uint64_t backoff;
    uint64_t parked;
    int64_t difference;
};
LT_CHECK enum lt_status operator_status(struct operator_line *line, int timeout_ms,
                                        struct operator_status *ret_status, struct fault *fault);

/* The signing key of an agency: its SubjectPublicKeyInfo. */
LT_CHECK enum lt_status operator_put_seal_key(struct operator_line *line, const char *agency,
                                              struct lt_bytes spki, struct fault *fault);
LT_CHECK enum lt_status operator_put_agency(struct operator_line *line, const struct agency *agency,
                                            struct fault *fault);

#endif
