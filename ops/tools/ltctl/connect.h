/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_CONNECT_H
#define OPS_TOOLS_LTCTL_CONNECT_H

#include "proto/base/fault.h"
#include "proto/frame.h"
#include "settings.h"
#include <lienthong/clock.h>
#include <lienthong/status.h>

/*
 * The line to the broker's operator port: one query outstanding, its Page waited for. A query that
 * meets silence for `timeout_ms` is sent once more under the same number.
 */
struct connection;

#define TIMEOUT_MS_NORMAL 5000

struct connection_options {
    const struct settings *settings; /* copied from */
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    int timeout_ms;
};

LT_CHECK enum lt_status connection_open(struct connection **ret_connection,
                                        const struct connection_options *options,
                                        struct fault *fault);
void connection_close(struct connection **connection_p);

/*
 * Asks; `query->number` is given by the callee. The page is valid until the next call. A page with
 * a code is an answer (LT_OK). LT_PEER_GONE: no line; LT_KEY_UNKNOWN: the line is there and refuses
 * our key; LT_TIMEOUT: the line is there and nobody answers; LT_FRAME_BAD and its kin: an answer
 * that does not read; LT_FRAME_TOO_LARGE: a query that is too large.
 */
LT_CHECK enum lt_status connection_ask(struct connection *connection, const struct query *query,
                                       struct page *ret_page, struct fault *fault);

/* Waits, keeping the line alive; for `watch`. */
void connection_rest(struct connection *connection, int wait_ms);

#endif
