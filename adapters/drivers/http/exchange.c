/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One HTTP request from its first byte to its answer: route, token, limits, body. The order is the
 * point: nothing of a body is kept before the token has named the agency and the declared size
 * fits, so a stranger on the machine costs one buffer of headers and no more.
 *
 * Once a problem is known the rest of the body is read and dropped, because a client that is still
 * writing would otherwise see a reset instead of the answer, and try the same for ever. A
 * stranger's long body, and that of a client that waits for 100 Continue, is answered at once.
 *
 * Limits: HTTP_* of exchange.h and DOOR_JSON_BYTES_MAX. Tokens are compared in constant time, and
 * all of them, so that the time of a refusal tells nothing.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "adapters/host/door_fields.h"
#include "adapters/host/door_json.h"
#include "exchange.h"
#include "proto/base/text.h"

#define DROPPED_STRANGER_BYTES_MAX (1024 * 1024)
#define DROPPED_BYTES_MAX          (256u * 1024 * 1024)
#define BEARER                     "Bearer "

const char *http_header(const struct http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool http_query_number(struct http_exchange *exchange, const char *name, uint64_t least,
                       uint64_t most, uint64_t otherwise, uint64_t *ret_number)
{
    const char *text = http_query(exchange, name);
    if (text == NULL || text[0] == '\0') {
        *ret_number = otherwise;
        return true;
    }
    size_t digits = strspn(text, "0123456789");
    uint64_t number = digits <= 18 ? strtoull(text, NULL, 10) : UINT64_MAX;
    if (text[digits] != '\0' || number < least || number > most) {
        problem_set(&exchange->problem, LT_FIELD_BAD, "", name,
                    "%.40s; wanted: a whole number from %llu to %llu", text,
                    (unsigned long long)least, (unsigned long long)most);
        return false;
    }
    *ret_number = number;
    return true;
}

int64_t http_now_ms(const struct http_exchange *exchange)
{
    const struct lt_clock *clock = exchange->server->options.clock;
    return clock->mono_ms(clock->self);
}

/* Has the caller hung up? What it would be given now would only be leased and lost. */
static bool caller_gone(const struct http_exchange *exchange)
{
    char byte;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL &&
           recv(info->connect_fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool http_may_wait(const struct http_exchange *exchange, int64_t until_ms)
{
    return !atomic_load(&exchange->server->stopping) && http_now_ms(exchange) < until_ms &&
           !caller_gone(exchange);
}

/* ---- token ---- */

static bool equal_in_constant_time(const char *a, const char *b)
{
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    unsigned char difference = a_size != b_size;
    for (size_t i = 0; i < a_size; i++) {
        difference |= (unsigned char)(a[i] ^ (b_size > 0 ? b[i % b_size] : 1));
    }
    return difference == 0;
}

static const struct lt_tenant *tenant_of(const struct http_exchange *exchange)
{
    const struct lt_driver_options *options = &exchange->server->options;
    const struct lt_tenant *found = NULL;
    const char *header = http_header(exchange, "Authorization");
    if (header == NULL || strncasecmp(header, BEARER, strlen(BEARER)) != 0) {
        return NULL;
    }
    const char *token = header + strlen(BEARER);
    for (uint32_t i = 0; i < options->tenants_count; i++) {
        const struct lt_tenant *tenant = &options->tenants[i];
        if (tenant->token != NULL && equal_in_constant_time(token, tenant->token)) {
            found = tenant;
        }
    }
    return found;
}

/* ---- begin ---- */

/* Content-Length, or UINT64_MAX when it is not said (chunked). */
static uint64_t declared_size(const struct http_exchange *exchange)
{
    const char *text = http_header(exchange, "Content-Length");
    if (text == NULL) {
        return http_header(exchange, "Transfer-Encoding") != NULL ? UINT64_MAX : 0;
    }
    return strtoull(text, NULL, 10);
}

static void body_begin(struct http_exchange *exchange)
{
    assert(exchange->route != NULL); /* else there is a problem already */
    uint64_t size = declared_size(exchange);
    switch (exchange->route->body) {
    case HTTP_BODY_JSON:
        if (size != UINT64_MAX && size > DOOR_JSON_BYTES_MAX) {
            problem_set(&exchange->problem, LT_BODY_TOO_LARGE, "", "Content-Length",
                        "%llu bytes, at most %u", (unsigned long long)size, DOOR_JSON_BYTES_MAX);
        }
        break;
    case HTTP_BODY_UPLOAD:
        http_attachment_begin(exchange);
        break;
    case HTTP_BODY_NONE:
        break;
    }
}

struct http_exchange *http_exchange_new(struct http_server *server,
                                        struct MHD_Connection *connection, const char *method,
                                        const char *path)
{
    struct http_exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL) {
        return NULL;
    }
    exchange->server = server;
    exchange->connection = connection;
    exchange->begun_ms = http_now_ms(exchange);
    text_out_init(&exchange->body);
    exchange->tenant = tenant_of(exchange);
    http_route_find(exchange, method, path);
    bool open = exchange->route != NULL && exchange->route->open;
    if (exchange->tenant == NULL && !open) {
        door_problem_init(&exchange->problem);
        exchange->problem.status = LT_TOKEN_MISSING;
    }
    if (exchange->problem.status == LT_OK) {
        body_begin(exchange);
    }
    return exchange;
}

bool http_exchange_early(const struct http_exchange *exchange)
{
    bool writes = exchange->tenant != NULL && http_header(exchange, "Expect") == NULL;
    uint64_t most = writes ? DROPPED_BYTES_MAX : DROPPED_STRANGER_BYTES_MAX;
    return exchange->problem.status != LT_OK && declared_size(exchange) > most;
}

/* ---- body ---- */

/* Charges the bytes to the server's account; false when it is full. */
static bool charge(struct http_exchange *exchange, uint64_t size)
{
    atomic_uint_fast64_t *account = &exchange->server->bodies_bytes;
    uint64_t before = atomic_fetch_add(account, size);
    exchange->body_charged += size;
    return before + size <= HTTP_BODIES_BYTES_MAX;
}

static void json_feed(struct http_exchange *exchange, const char *data, size_t size)
{
    if (exchange->body.size + size > DOOR_JSON_BYTES_MAX) {
        problem_set(&exchange->problem, LT_BODY_TOO_LARGE, "", "", "over %u bytes",
                    DOOR_JSON_BYTES_MAX);
    } else if (!charge(exchange, size)) {
        problem_set(&exchange->problem, LT_BUSY, "", "", "too many requests at once");
    } else {
        text_out_add(&exchange->body, data, size);
    }
}

bool http_exchange_feed(struct http_exchange *exchange, const char *data, size_t size)
{
    bool upload = exchange->route != NULL && exchange->route->body == HTTP_BODY_UPLOAD;
    bool dropping = exchange->problem.status != LT_OK;
    bool late =
        (dropping || !upload) && http_now_ms(exchange) > exchange->begun_ms + HTTP_BODY_MS_MAX;
    if (dropping) {
        exchange->dropped += size;
        return !late && exchange->dropped <= DROPPED_BYTES_MAX;
    }
    assert(exchange->route != NULL);
    if (upload) {
        http_attachment_feed(exchange, data, size);
    } else if (exchange->route->body == HTTP_BODY_JSON) {
        json_feed(exchange, data, size);
    }
    return !late;
}

/* ---- end ---- */

enum MHD_Result http_exchange_answer(struct http_exchange *exchange, const char *path)
{
    if (exchange->problem.status == LT_METHOD_WRONG) {
        char methods[64];
        http_route_methods(path, methods, sizeof(methods));
        const struct http_extra allow = {"Allow", methods};
        return http_reply_problem_with(exchange, NULL, &allow, 1);
    }
    if (exchange->problem.status != LT_OK) {
        return http_reply_problem(exchange);
    }
    if (exchange->body.failed) {
        return http_reply_status(exchange, LT_NO_MEMORY, "");
    }
    return exchange->route->answer(exchange);
}

void http_exchange_free(struct http_exchange **exchange_p)
{
    struct http_exchange *exchange = *exchange_p;
    if (exchange == NULL) {
        return;
    }
    http_attachment_cut(exchange);
    atomic_fetch_sub(&exchange->server->bodies_bytes, exchange->body_charged);
    free(exchange->upload.buffer);
    text_out_deinit(&exchange->body);
    free(exchange);
    *exchange_p = NULL;
}
