/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CRASH_LINE_H
#define TESTS_CRASH_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include <lienthong/status.h>

/*
 * A bad line between two networks of our own. line_open takes the calling process into a fresh
 * network namespace (the agencies' side) and makes a second one (the broker's); packets go from one
 * to the other by a small process that loses and delays them as it is told. Real TCP, real losses,
 * no kernel module: only /dev/net/tun and the right to make namespaces.
 */
#define LINE_NEAR "10.255.77.1"
#define LINE_FAR  "10.255.77.2"

struct line;

/* LT_IO: not permitted or not possible here, the fault says what. */
LT_CHECK enum lt_status line_open(struct line **ret_line, uint64_t seed, struct fault *fault);
void line_close(struct line **line_p); /* the process is back in its old network */

/* From now on: of 1000 packets so many are lost, each way; the others come so much later. */
void line_set(struct line *line, uint32_t loss_permille, uint32_t delay_ms);

/* The calling thread goes over to the broker's network, and back; NULL: stays. Safe in the child of
 * a fork. */
void line_enter(const struct line *line);
void line_leave(const struct line *line);

#endif
