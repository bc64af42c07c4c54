/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_CLOCK_OS_H
#define PROTO_BASE_CLOCK_OS_H

#include <lienthong/clock.h>

/* The real clock and the real entropy; only main files and process-level tests take them. */
const struct lt_clock *clock_os(void);
const struct lt_entropy *entropy_os(void); /* getrandom(2); aborts when it fails */

/* The value of an environment variable, or NULL; for main files and the log's sink. */
const char *environment_os(const char *name);

#endif
