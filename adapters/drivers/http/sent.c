/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * /v1/sent: what became of the agency's own transfers, asked of the axis, which remembers longer
 * than this adapter and after a loss of its disk. Without a line there is no answer (timeout, 504):
 * what this adapter knows by itself is /v1/transfers and /v1/events.
 *
 * The axis walks its history in slices, so a page may be empty and not the last: a caller goes on
 * while `next` is not 0.
 */
#include <stdlib.h>

#include "adapters/host/door_json.h"
#include "exchange.h"

#define WAIT_MS 10000

enum MHD_Result http_sent_list(struct http_exchange *exchange)
{
    int64_t since_ms = 0;
    uint64_t after = 0;
    uint64_t limit = 0;
    uint32_t count = 0;
    uint64_t next = 0;
    if (!http_since_read(exchange, &since_ms) ||
        !http_query_number(exchange, "after", 0, UINT64_MAX / 2, 0, &after) ||
        !http_query_number(exchange, "limit", LT_LEGS_MAX, LT_LIST_ROWS_MAX, LT_LIST_ROWS_MAX,
                           &limit)) {
        return http_reply_problem(exchange);
    }
    struct lt_list_row *rows = calloc(limit, sizeof(*rows));
    if (rows == NULL) {
        return http_reply_status(exchange, LT_NO_MEMORY, "limit");
    }
    enum lt_status status = lt_client_list(exchange->tenant->client, LT_LIST_SENT, since_ms, after,
                                           WAIT_MS, rows, (uint32_t)limit, &count, &next);
    char *text = status == LT_OK ? door_legs_json(rows, count, next) : NULL;
    free(rows);
    return status == LT_OK ? http_reply_json(exchange, MHD_HTTP_OK, text)
                           : http_reply_status(exchange, status, "");
}
