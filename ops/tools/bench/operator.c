/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A query goes out of its session, as operators do: session 0, a number of our own, and the same
 * number again when silence was the answer. Pages with other numbers are leftovers.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/registry/agency.h"
#include "operator.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define ASK_AGAIN_MS 1000
#define PUT_MS       10000
#define ARENA_BYTES  (2U * 1024 * 1024)

struct operator_line {
    struct client_zmq *client;
    struct client_port port;
    const struct lt_clock *clock;
    struct arena arena;
    uint64_t number;
};

enum lt_status operator_open(struct operator_line **ret_line, struct net *net,
                             const struct client_options *options, const struct lt_clock *clock,
                             struct fault *fault)
{
    struct operator_line *line = calloc(1, sizeof(*line));
    if (line == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "operator", "no memory");
    }
    enum lt_status status = arena_init(&line->arena, 256 * 1024, ARENA_BYTES);
    if (status == LT_OK) {
        status = client_zmq_open(&line->client, net, options, fault);
        if (status != LT_OK) {
            arena_deinit(&line->arena);
        }
    }
    if (status != LT_OK) {
        free(line);
        return status;
    }
    line->port = client_zmq_port(line->client);
    line->clock = clock;
    *ret_line = line;
    return LT_OK;
}

void operator_close(struct operator_line **line_p)
{
    struct operator_line *line = *line_p;
    if (line == NULL) {
        return;
    }
    client_zmq_close(&line->client);
    arena_deinit(&line->arena);
    free(line);
    *line_p = NULL;
}

static int64_t now_ms(const struct operator_line *line)
{
    return line->clock->mono_ms(line->clock->self);
}

void operator_pause(struct operator_line *line, int ms)
{
    int64_t until_ms = now_ms(line) + ms;
    int64_t left_ms = ms;
    while (left_ms > 0) {
        struct lt_bytes leftover;
        client_zmq_wait(&line->client, 1, NULL, 0, (int)left_ms);
        /* News of the connection wakes the wait as well, until somebody looks at it. */
        (void)line->port.link(line->port.self);
        while (line->port.receive(line->port.self, &leftover)) {
        }
        left_ms = until_ms - now_ms(line);
    }
}

static bool send_query(struct operator_line *line, const struct query *query)
{
    struct frame frame = {.kind = FRAME_QUERY};
    frame.query = *query;
    struct lt_bytes bytes;
    return frame_write(&frame, &line->arena, &bytes) == LT_OK &&
           line->port.send(line->port.self, bytes) == LT_OK;
}

static bool receive_page(struct operator_line *line, uint64_t number, struct frame *ret_frame)
{
    struct lt_bytes bytes;
    while (line->port.receive(line->port.self, &bytes)) {
        if (frame_read(bytes, &line->arena, ret_frame, NULL) == LT_OK &&
            ret_frame->kind == FRAME_PAGE && ret_frame->page.number == number) {
            return true;
        }
    }
    return false;
}

/* The page lives in the line's arena until the next question. */
static enum lt_status ask(struct operator_line *line, struct query *query, int timeout_ms,
                          struct page *ret_page, struct fault *fault)
{
    int64_t end_ms = now_ms(line) + timeout_ms;
    int64_t again_ms = 0;
    query->number = ++line->number;
    query->rows = 1;
    for (;;) {
        int64_t at_ms = now_ms(line);
        arena_reset(&line->arena);
        if (at_ms >= again_ms && send_query(line, query)) {
            again_ms = at_ms + ASK_AGAIN_MS;
        }
        struct frame frame;
        if (receive_page(line, query->number, &frame)) {
            *ret_page = frame.page;
            break;
        }
        if (at_ms >= end_ms) {
            return fault_set(fault, LT_TIMEOUT, "operator port", "no answer within %d ms",
                             timeout_ms);
        }
        client_zmq_wait(&line->client, 1, NULL, 0, 20);
        (void)line->port.link(line->port.self);
    }
    enum lt_status code = lt_error((enum lt_status)ret_page->code)->status;
    if (code != LT_OK) {
        return fault_set(fault, code, "operator port", "%s: %.*s", lt_code(code),
                         (int)ret_page->detail.size, (const char *)ret_page->detail.data);
    }
    return LT_OK;
}

static int64_t field(const struct page *page, const char *name)
{
    const struct row *row = page->count > 0 ? &page->rows[0] : NULL;
    for (uint32_t i = 0; row != NULL && i < row->count; i++) {
        if (bytes_equal(row->fields[i].name, text_bytes(name))) {
            char text[32];
            text_copy(text, sizeof(text), row->fields[i].value);
            return strtoll(text, NULL, 10);
        }
    }
    return 0;
}

enum lt_status operator_status(struct operator_line *line, int timeout_ms,
                               struct operator_status *ret_status, struct fault *fault)
{
    struct query query = {.verb = text_bytes("status")};
    struct page page;
    enum lt_status status = ask(line, &query, timeout_ms, &page, fault);
    if (status != LT_OK) {
        return status;
    }
    *ret_status = (struct operator_status){
        .syncs = (uint64_t)field(&page, "syncs"),
        .sessions = (uint64_t)field(&page, "sessions"),
        .open = (uint64_t)field(&page, "open"),
        .ready = (uint64_t)field(&page, "ready"),
        .sent = (uint64_t)field(&page, "sent"),
        .behind = (uint64_t)field(&page, "behind"),
        .backoff = (uint64_t)field(&page, "backoff"),
        .parked = (uint64_t)field(&page, "parked"),
        .difference = field(&page, "difference"),
    };
    return LT_OK;
}

enum lt_status operator_put_agency(struct operator_line *line, const struct agency *agency,
                                   struct fault *fault)
{
    uint8_t entry[AGENCY_BYTES_MAX];
    struct query query = {.verb = text_bytes("agency-put"),
                          .payload = agency_write(entry, sizeof(entry), agency)};
    struct page page;
    return ask(line, &query, PUT_MS, &page, fault);
}

enum lt_status operator_put_seal_key(struct operator_line *line, const char *agency,
                                     struct lt_bytes spki, struct fault *fault)
{
    struct pair id = {text_bytes("id"), text_bytes(agency)};
    struct query query = {
        .verb = text_bytes("seal-key-put"), .args = &id, .args_count = 1, .payload = spki};
    struct page page;
    return ask(line, &query, PUT_MS, &page, fault);
}
