/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_OPTIONS_H
#define OPS_TOOLS_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>

/* What lt-bench is asked to do. */
enum bench_mode {
    BENCH_FLOW,    /* senders and receivers at once: rates and latencies */
    BENCH_BACKLOG, /* legs for an absent agency: what a backlog costs in memory */
    BENCH_HOLD,    /* peers that fill their windows and read nothing */
    BENCH_IDLE,    /* sessions that only beat */
};

/* What makes room in a sender's window again. */
enum bench_until { UNTIL_ACCEPTED, UNTIL_SETTLED };

#define BENCH_AGENCIES_MAX 4000
#define BENCH_WINDOW_MAX   65536
#define BENCH_SIZE_MAX     65536

struct bench_options {
    enum bench_mode mode;
    uint32_t agencies; /* registered and connected; those neither sending nor receiving idle */
    uint32_t senders;
    uint32_t receivers;
    uint32_t window; /* parcels of one sender on their way; legs unsettled at one receiver */
    uint32_t size;   /* bytes of a body */
    uint32_t seconds;
    uint32_t warmup_seconds;
    uint32_t lanes;
    uint32_t backlog;
    enum bench_until until;
    uint32_t batch; /* parcels of one Submit, at most */
    bool sealed;    /* senders have signing keys and seal every Submit */
    bool notices;   /* senders take and acknowledge their notices */
    bool json;
    bool keep; /* the folder of an own broker stays */
    const char *broker_bin;
    const char *folder;       /* parent of the own broker's folder */
    const char *endpoint;     /* of a broker that runs already */
    const char *server_key;   /* its public key: 64 hex digits or a file */
    const char *operator_key; /* file of a registrar's secret key there */
    uint32_t pid;             /* of that broker, for its memory and CPU */
};

/* LT_FIELD_BAD names the option; *ret_help: only the usage was asked for. */
LT_CHECK enum lt_status options_read(int count, char **arguments, struct bench_options *ret_options,
                                     bool *ret_help, struct fault *fault);
void options_usage(FILE *out);

#endif
