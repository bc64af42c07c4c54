/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_DRIVERS_HTTP_EXCHANGE_H
#define ADAPTERS_DRIVERS_HTTP_EXCHANGE_H

#include <stdatomic.h>

#include <microhttpd.h>

#include "adapters/host/text_out.h"
#include <lienthong/adapter.h>

/* Shared by the files of the HTTP driver: the server, one request under way, and its answers. */

#define HTTP_CONNECTIONS_MAX  256
#define HTTP_HEADER_BYTES_MAX (64 * 1024)          /* of one connection: headers and read buffer */
#define HTTP_BODIES_BYTES_MAX (128u * 1024 * 1024) /* JSON bodies in memory, all requests */
#define HTTP_IDLE_S_MAX       30
#define HTTP_BODY_MS_MAX      (120 * 1000) /* a JSON body must be here after so long */
#define HTTP_WAIT_S_MAX       60
#define HTTP_UPLOAD_BUFFER    (256 * 1024)
#define HTTP_ANSWER_BYTES_MAX (8u * 1024 * 1024) /* an inbox page stops growing there */

struct webhook;
struct http_held;

struct http_server {
    struct lt_driver_options options;
    struct MHD_Daemon *daemon;
    char *tls_cert;
    char *tls_key;
    atomic_bool stopping;
    atomic_uint_fast64_t bodies_bytes;
    struct webhook **webhooks;
    uint32_t webhooks_count;
    struct http_held **helds; /* who asks the applications */
    uint32_t helds_count;
};

struct http_exchange;

enum http_body { HTTP_BODY_NONE, HTTP_BODY_JSON, HTTP_BODY_UPLOAD };

struct http_route {
    const char *method;
    const char *path; /* "/v1/transfers/{id}" */
    enum http_body body;
    bool open; /* without a token */
    enum MHD_Result (*answer)(struct http_exchange *exchange);
};

/* An attachment on its way in. */
struct http_upload {
    uint64_t total; /* size of the whole file */
    uint64_t next;  /* offset of the first byte in the buffer */
    uint64_t skip;  /* bytes still to be dropped, because they are here already */
    uint8_t *buffer;
    size_t used;
    bool known; /* it was complete before */
};

struct http_exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    const struct http_route *route;
    const struct lt_tenant *tenant; /* NULL on an open route without a token */
    int64_t begun_ms;
    struct lt_problem problem; /* status other than LT_OK: the answer, whatever still comes in */
    struct text_out body;
    uint64_t body_charged; /* counted in bodies_bytes */
    uint64_t dropped;      /* bytes that came after the problem was known */
    struct http_upload upload;
    /* from the path */
    struct lt_id id;
    uint32_t leg;
    uint64_t number;
    struct lt_digest sha256;
    char word[16];
};

/* ---- route.c ---- */

/* Fills the exchange's route and path parts, or its problem. */
void http_route_find(struct http_exchange *exchange, const char *method, const char *path);
/* "GET, POST": what the path answers to, for Allow. */
void http_route_methods(const char *path, char *out, size_t out_size);

/* ---- exchange.c ---- */

struct http_exchange *http_exchange_new(struct http_server *server,
                                        struct MHD_Connection *connection, const char *method,
                                        const char *path);
/* Takes a piece of the request's body; false: cut the connection. */
LT_CHECK bool http_exchange_feed(struct http_exchange *exchange, const char *data, size_t size);
enum MHD_Result http_exchange_answer(struct http_exchange *exchange, const char *path);
/* Is the answer known before the body has come, and better given at once? */
bool http_exchange_early(const struct http_exchange *exchange);
void http_exchange_free(struct http_exchange **exchange_p);

/* A number or a text of the query; false with the problem set when it is out of bounds. */
LT_CHECK bool http_query_number(struct http_exchange *exchange, const char *name, uint64_t least,
                                uint64_t most, uint64_t otherwise, uint64_t *ret_number);
const char *http_query(const struct http_exchange *exchange, const char *name); /* or NULL */
const char *http_header(const struct http_exchange *exchange, const char *name);

/* For long polls: false once the server stops, the caller went away or `until_ms` has come. */
LT_CHECK bool http_may_wait(const struct http_exchange *exchange, int64_t until_ms);
int64_t http_now_ms(const struct http_exchange *exchange);

/* ---- reply.c ---- */

struct http_extra {
    const char *name;
    const char *value;
};

/* `text` is the reply's from here on; NULL: memory ran out. */
enum MHD_Result http_reply_json(struct http_exchange *exchange, unsigned int status, char *text);
enum MHD_Result http_reply_json_with(struct http_exchange *exchange, unsigned int status,
                                     char *text, const struct http_extra *extra, size_t count);
enum MHD_Result http_reply_problem(struct http_exchange *exchange);
enum MHD_Result http_reply_problem_with(struct http_exchange *exchange, const struct lt_id *id,
                                        const struct http_extra *extra, size_t count);
/* Sets the exchange's problem without more words and answers with it. */
enum MHD_Result http_reply_status(struct http_exchange *exchange, enum lt_status status,
                                  const char *field);
enum MHD_Result http_reply_file(struct http_exchange *exchange, const char *path,
                                const struct http_extra *extra, size_t count);
/* Bytes that live as long as the program. */
enum MHD_Result http_reply_static(struct http_exchange *exchange, const char *type,
                                  const void *data, size_t size);
enum MHD_Result http_reply_empty(struct http_exchange *exchange, unsigned int status,
                                 const struct http_extra *extra, size_t count);

/* ---- what is answered ---- */

enum MHD_Result http_transfers_post(struct http_exchange *exchange);
enum MHD_Result http_transfers_get(struct http_exchange *exchange);
enum MHD_Result http_transfers_list(struct http_exchange *exchange);
enum MHD_Result http_transfers_recall(struct http_exchange *exchange);
enum MHD_Result http_sent_list(struct http_exchange *exchange);
/* ?since=, 0 when absent; false with the problem set. */
LT_CHECK bool http_since_read(struct http_exchange *exchange, int64_t *ret_ms);

void http_attachment_begin(struct http_exchange *exchange);
void http_attachment_feed(struct http_exchange *exchange, const char *data, size_t size);
void http_attachment_cut(struct http_exchange *exchange); /* keeps what has come */
enum MHD_Result http_attachment_put(struct http_exchange *exchange);
enum MHD_Result http_attachment_head(struct http_exchange *exchange);
enum MHD_Result http_attachment_get(struct http_exchange *exchange);

enum MHD_Result http_inbox_get(struct http_exchange *exchange);
enum MHD_Result http_inbox_answer(struct http_exchange *exchange);

enum MHD_Result http_questions_get(struct http_exchange *exchange);
enum MHD_Result http_questions_answer(struct http_exchange *exchange);

enum MHD_Result http_events_get(struct http_exchange *exchange);
enum MHD_Result http_health_get(struct http_exchange *exchange);
enum MHD_Result http_openapi_get(struct http_exchange *exchange);

/* ---- http.c, for tests ---- */

uint16_t http_port(const void *self);

#endif
