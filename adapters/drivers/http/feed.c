/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * /v1/events, /v1/health, /v1/openapi.yaml. Events are one ordered feed per agency that can be read
 * again from any cursor; a caller stores the cursor with its own work, in its own transaction, and
 * then nothing is missed and nothing needs to be asked for.
 *
 * A long poll holds its connection's thread, in slices, so that a stop is not held up by it.
 */
#include <stdlib.h>

#include "adapters/host/door_json.h"
#include "exchange.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000
#define SLICE_MS     500

extern const unsigned char http_openapi[];
extern const size_t http_openapi_size;

enum MHD_Result http_events_get(struct http_exchange *exchange)
{
    uint64_t after = 0;
    uint64_t wait_s = 0;
    uint64_t limit = 0;
    if (!http_query_number(exchange, "after", 0, UINT64_MAX / 2, 0, &after) ||
        !http_query_number(exchange, "wait", 0, HTTP_WAIT_S_MAX, 0, &wait_s) ||
        !http_query_number(exchange, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &limit)) {
        return http_reply_problem(exchange);
    }
    struct lt_event *events = calloc(limit, sizeof(*events));
    if (events == NULL) {
        return http_reply_status(exchange, LT_NO_MEMORY, "limit");
    }
    struct lt_client *client = exchange->tenant->client;
    int64_t until_ms = exchange->begun_ms + (int64_t)wait_s * 1000;
    uint32_t count = lt_client_events(client, after, 0, events, (uint32_t)limit);
    while (count == 0 && http_may_wait(exchange, until_ms)) {
        int64_t left_ms = until_ms - http_now_ms(exchange);
        int slice_ms = left_ms < SLICE_MS ? (int)left_ms : SLICE_MS;
        count =
            lt_client_events(client, after, slice_ms > 0 ? slice_ms : 0, events, (uint32_t)limit);
    }
    char *text = door_events_json(events, count, after);
    free(events);
    return http_reply_json(exchange, MHD_HTTP_OK, text);
}

/* Without a token: is the process alive, and how many of its agencies have a session, and how
 * many do not believe the log of the axis or lack receipts. With one: the state of that agency too.
 */
enum MHD_Result http_health_get(struct http_exchange *exchange)
{
    const struct lt_driver_options *options = &exchange->server->options;
    struct lt_client_state state;
    struct text_out out;
    uint32_t connected = 0, alarms = 0;
    for (uint32_t i = 0; i < options->tenants_count; i++) {
        lt_client_state(options->tenants[i].client, &state);
        connected += state.connected ? 1 : 0;
        alarms += state.log_refused != LT_OK || state.receipts_overdue ? 1 : 0;
    }
    text_out_init(&out);
    text_out_format(&out,
                    "{\"status\":\"ok\",\"version\":\"" LT_VERSION
                    "\",\"agencies\":%u,\"connected\":%u,"
                    "\"alarms\":%u",
                    options->tenants_count, connected, alarms);
    if (exchange->tenant != NULL) {
        lt_client_state(exchange->tenant->client, &state);
        char *text = door_state_json(exchange->tenant->agency, &state);
        text_out_format(&out, ",\"agency\":%s", text != NULL ? text : "null");
        free(text);
    }
    text_out_text(&out, "}");
    return http_reply_json(exchange, MHD_HTTP_OK, text_out_take(&out, NULL));
}

enum MHD_Result http_openapi_get(struct http_exchange *exchange)
{
    return http_reply_static(exchange, "application/yaml; charset=utf-8", http_openapi,
                             http_openapi_size);
}
