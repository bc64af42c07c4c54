/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * /v1/inbox: deliveries on lease, and what the receiving system says of them. A lease belongs to an
 * application node by name, so that two nodes of one application share the work and a node that
 * dies gives its share back when the lease runs out.
 *
 * Deliveries are taken one by one and a page ends at HTTP_ANSWER_BYTES_MAX, because one body can be
 * as large as many pages of small ones. Whatever is on the page is leased; a caller that has hung
 * up while waiting is leased nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_fields.h"
#include "adapters/host/door_json.h"
#include "exchange.h"
#include "proto/base/text.h"

#define PAGE_DEFAULT    10
#define PAGE_MAX        100
#define LEASE_S_DEFAULT 300
#define LEASE_S_MAX     3600
#define SLICE_MS        500
#define NODE_DEFAULT    "default"

struct page {
    char *texts[PAGE_MAX];
    uint32_t count;
    size_t bytes;
    bool failed;
};

static bool node_read(struct http_exchange *exchange, const char *in_body, const char **ret_node)
{
    const char *node = http_query(exchange, "node");
    node = in_body != NULL && in_body[0] != '\0' ? in_body : node;
    node = node != NULL && node[0] != '\0' ? node : NODE_DEFAULT;
    if (strlen(node) > DOOR_NODE_MAX || !utf8_valid(text_bytes(node))) {
        problem_set(&exchange->problem, LT_FIELD_BAD, "", "node", "wanted: at most %d bytes",
                    DOOR_NODE_MAX);
        return false;
    }
    *ret_node = node;
    return true;
}

/* Leases one more, waiting up to wait_ms; false when there is none. */
static bool page_grow(struct http_exchange *exchange, struct page *page, const char *node,
                      int64_t lease_ms, int wait_ms)
{
    struct lt_delivery delivery;
    if (lt_client_inbox(exchange->tenant->client, node, lease_ms, wait_ms, &delivery, 1) == 0) {
        return false;
    }
    char *text = door_delivery_json(&delivery, NULL);
    lt_inbox_release(&delivery, 1);
    if (text == NULL) {
        page->failed = true;
        return false;
    }
    page->texts[page->count++] = text;
    page->bytes += strlen(text);
    return true;
}

static void page_fill(struct http_exchange *exchange, struct page *page, const char *node,
                      int64_t lease_ms, uint32_t limit, int64_t until_ms)
{
    bool more = page_grow(exchange, page, node, lease_ms, 0);
    while (!more && !page->failed && http_may_wait(exchange, until_ms)) {
        int64_t left_ms = until_ms - http_now_ms(exchange);
        int slice_ms = left_ms < SLICE_MS ? (int)left_ms : SLICE_MS;
        more = page_grow(exchange, page, node, lease_ms, slice_ms > 0 ? slice_ms : 0);
    }
    while (more && page->count < limit && page->bytes < HTTP_ANSWER_BYTES_MAX) {
        more = page_grow(exchange, page, node, lease_ms, 0);
    }
}

enum MHD_Result http_inbox_get(struct http_exchange *exchange)
{
    struct page page = {.count = 0};
    const char *node = NULL;
    uint64_t lease_s = 0;
    uint64_t wait_s = 0;
    uint64_t limit = 0;
    if (!node_read(exchange, NULL, &node) ||
        !http_query_number(exchange, "lease", 1, LEASE_S_MAX, LEASE_S_DEFAULT, &lease_s) ||
        !http_query_number(exchange, "wait", 0, HTTP_WAIT_S_MAX, 0, &wait_s) ||
        !http_query_number(exchange, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &limit)) {
        return http_reply_problem(exchange);
    }
    page_fill(exchange, &page, node, (int64_t)lease_s * 1000, (uint32_t)limit,
              exchange->begun_ms + (int64_t)wait_s * 1000);
    char *text = page.failed && page.count == 0
                     ? NULL
                     : door_list_json("deliveries", page.texts, page.count, "");
    for (uint32_t i = 0; i < page.count; i++) {
        free(page.texts[i]);
    }
    return http_reply_json(exchange, MHD_HTTP_OK, text);
}

/* ---- answers ---- */

static enum MHD_Result reply_settled(struct http_exchange *exchange, const char *tail)
{
    char id[ID_TEXT_BYTES];
    struct text_out out;
    text_out_init(&out);
    id_write(id, &exchange->id);
    text_out_format(&out, "{\"id\":\"%s\",\"leg\":%u,%s}", id, exchange->leg, tail);
    return http_reply_json(exchange, MHD_HTTP_OK, text_out_take(&out, NULL));
}

static enum MHD_Result renew(struct http_exchange *exchange)
{
    const struct lt_clock *clock = exchange->server->options.clock;
    const char *node = NULL;
    uint64_t lease_s = 0;
    char tail[64];
    if (!node_read(exchange, NULL, &node) ||
        !http_query_number(exchange, "lease", 1, LEASE_S_MAX, LEASE_S_DEFAULT, &lease_s)) {
        return http_reply_problem(exchange);
    }
    int64_t lease_ms = (int64_t)lease_s * 1000;
    enum lt_status status =
        lt_client_renew(exchange->tenant->client, &exchange->id, exchange->leg, node, lease_ms);
    if (status != LT_OK) {
        return http_reply_status(exchange, status, "node");
    }
    snprintf(tail, sizeof(tail), "\"lease_until_ms\":%lld",
             (long long)(clock->wall_ms(clock->self) + lease_ms));
    return reply_settled(exchange, tail);
}

enum MHD_Result http_inbox_answer(struct http_exchange *exchange)
{
    struct door_answer answer;
    const char *node = NULL;
    char tail[64];
    struct lt_bytes text = {(const uint8_t *)exchange->body.data, exchange->body.size};
    if (strcmp(exchange->word, "renew") == 0) {
        return renew(exchange);
    }
    if (door_answer_read(&answer, exchange->word, text, &exchange->problem) != LT_OK ||
        !node_read(exchange, answer.node, &node)) {
        return http_reply_problem(exchange);
    }
    enum lt_status status = lt_client_settle(exchange->tenant->client, &exchange->id, exchange->leg,
                                             node, &answer.answer);
    if (status != LT_OK) {
        return http_reply_status(exchange, status, status == LT_LEASE_LOST ? "node" : "id");
    }
    snprintf(tail, sizeof(tail), "\"outcome\":\"%s\"", exchange->word);
    return reply_settled(exchange, tail);
}
