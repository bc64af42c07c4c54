/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_HOST_H
#define ADAPTERS_HOST_HOST_H

#include "config.h"
#include <lienthong/adapter.h>

/*
 * The adapter as a whole: one net, one client per agency, one network thread that steps them all,
 * and the drivers of the configuration. Open it with SIGTERM and SIGINT blocked, so that the
 * threads inherit that.
 */
struct host_options {
    const struct host_config *config; /* outlives the host */
    const struct lt_driver *const *drivers;
    uint32_t drivers_count;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    const char *agency; /* only this one; NULL: all */
    bool restoring;     /* no live traffic: <lienthong/restore.h> */
};

/* An agency that cannot be opened is logged and left out; the failure of all of them is ours. */
struct host;
LT_CHECK enum lt_status host_open(struct host **ret_host, const struct host_options *options,
                                  struct lt_problem *problem);

/* The client of an agency, or NULL when it did not open. */
struct lt_client *host_client(struct host *host, const char *agency);

/* Stops the drivers, then gives the axis at most 2 s for what is outstanding, then closes. What is
 * still waiting then is on disk and goes out after the next start. */
void host_close(struct host **host_p);

#endif
