/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_REPORT_H
#define OPS_TOOLS_BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "operator.h"
#include "options.h"

/* What one run found out; what a mode does not measure stays 0. */
struct report {
    double seconds; /* really measured */
    double accepted_per_s;
    double settled_per_s;
    double p50_ms; /* from the first Submit sent to Settled received by the receiver */
    double p99_ms;
    double p999_ms;
    uint64_t submitted;
    uint64_t accepted;
    uint64_t settled;
    uint64_t lost; /* accepted and never settled */
    uint64_t duplicated;
    uint64_t again; /* handed over again, and marked so */
    uint64_t refused;
    uint64_t busy;
    uint64_t strange; /* frames about transfers of nobody here, settlements not taken */
    uint32_t refusal; /* the first code of a refusal */
    uint64_t lives;   /* sessions lost */
    uint32_t connected;
    double parcels_per_frame;
    double broker_cpu_s_per_1000; /* settled ones; accepted ones where nothing is settled */
    double broker_cpu_share;      /* of one core */
    double syncs_per_1000;        /* commits of the journal */
    double broker_rss_mib;        /* its own memory: anonymous and shared */
    double broker_vmrss_mib;      /* with the pages of mapped files */
    double broker_rss_max_mib;    /* greatest broker_rss_mib seen */
    struct operator_status left;  /* what the broker says at the end */
};

/* The run as a person reads it; with options.json also one object on the last line. */
void report_print(const struct report *report, const struct bench_options *options, FILE *out);

/* Anything that a correct broker never shows. */
bool report_is_bad(const struct report *report, const struct bench_options *options);

#endif
