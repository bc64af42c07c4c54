/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_ENROL_H
#define ADAPTERS_HOST_ENROL_H

#include <stdio.h>

#include "config.h"
#include <lienthong/clock.h>

/*
 * `lt-adapter enrol`: makes the keys of the agencies (enrol_keys.h), asks the axis to let them in,
 * and tells the code that a person reads to the registrar. May be run again and again; it takes up
 * the request that waits.
 */
struct enrol_options {
    const struct host_config *config;
    const char *agency;      /* NULL: all of the configuration */
    const char *name;        /* NULL: none is told */
    const char *batch;       /* CSV of id,name; NULL: those of the configuration */
    const char *to_file;     /* write the request there and ask nobody; NULL: over the line */
    const char *certificate; /* what came back in a file; NULL: over the line */
    bool wait;               /* until every request is decided */
    bool again;              /* new requests with the keys that are there */
    bool rotate;             /* new keys */
    bool renew;              /* a new certificate, for those whose own ends within 60 days */
    enum host_language language;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    FILE *out;
};

enum enrol_end {
    ENROL_DONE,   /* all are approved (or written to a file) */
    ENROL_OPEN,   /* some wait for the registrar */
    ENROL_FAILED, /* some were refused, or could not be asked */
    ENROL_USAGE,
};
enum enrol_end enrol_run(const struct enrol_options *options);

#endif
