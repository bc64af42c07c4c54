/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_CHECK_H
#define ADAPTERS_HOST_CHECK_H

#include <stdio.h>

#include "config.h"
#include <lienthong/clock.h>

/*
 * `lt-adapter check`: everything that must be right before an agency can send, tried for real and
 * told line by line to `out`: host name, TCP, the axis's key, our keys, a session, clocks, folders,
 * disk, the listening port, and what each agency knows of the axis' log. It may run beside a
 * running adapter: it only reads its boxes and takes a sending session. Returns how many lines are
 * failures.
 */
struct check_options {
    const struct host_config *config;
    enum host_language language;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    FILE *out;
};

uint32_t check_run(const struct check_options *options);

/* Writes the newest checkpoint that an agency (NULL: the only one) believes as it was signed, or
 * the bytes that it refused last: for `ltctl log consistency` and for evidence. LT_NOT_FOUND: there
 * is none; LT_CONFIG_BAD: no such agency, or more than one. */
LT_CHECK enum lt_status check_checkpoint(const struct host_config *config, const char *agency,
                                         bool refused, FILE *out);

/* In the form of the others, for what fails before there is a configuration; `mend` NULL: the man
 * page is named. */
void check_failed_line(FILE *out, enum host_language language, const char *what, const char *detail,
                       const char *mend);

#endif
