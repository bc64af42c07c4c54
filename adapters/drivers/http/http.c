/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The HTTP door of lt-adapter on libmicrohttpd: opening, TLS, and the three moments in which the
 * library calls (a piece of a request, its end, a connection that ends). Everything else is in the
 * files named in exchange.h.
 *
 * One thread per connection, at most HTTP_CONNECTIONS_MAX of them: a long poll waits inside the
 * SDK, and in a pool of few threads such waits would hold up requests that happen to share the
 * thread. Connections beyond the bound are closed at once. A caller that sends nothing for
 * HTTP_IDLE_S_MAX is cut.
 *
 * Without TLS only loopback addresses are listened on; LT_CONFIG_BAD otherwise. Every agency needs
 * a token, on loopback too: other users of the machine are not the one-stop software.
 */
#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "adapters/host/config.h"
#include "adapters/host/door_fields.h"
#include "exchange.h"
#include "held.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "webhook.h"

#define THREAD_STACK_BYTES (1024 * 1024)
#define PEM_BYTES_MAX      (256 * 1024)
#define TLS_PRIORITIES     "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define OPTIONS_MAX        12

/* ---- moments of a request ---- */

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **context)
{
    struct http_exchange *exchange = *context;
    (void)version;
    if (exchange == NULL) {
        exchange = http_exchange_new(self, connection, method, url);
        *context = exchange;
        if (exchange == NULL) {
            return MHD_NO;
        }
        return http_exchange_early(exchange) ? http_exchange_answer(exchange, url) : MHD_YES;
    }
    if (*upload_data_size > 0) {
        bool goes_on = http_exchange_feed(exchange, upload_data, *upload_data_size);
        *upload_data_size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    return http_exchange_answer(exchange, url);
}

static void on_completed(void *self, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_exchange *exchange = *context;
    (void)self;
    (void)connection;
    (void)code;
    http_exchange_free(&exchange);
    *context = NULL;
}

LT_PRINTF(2, 0)
static void on_log(void *self, const char *format, va_list args)
{
    char line[256];
    (void)self;
    vsnprintf(line, sizeof(line), format, args);
    line[strcspn(line, "\n")] = '\0';
    log_debug("http-library", "message=\"%s\"", line);
}

/* ---- opening ---- */

static enum lt_status listen_problem(struct lt_problem *problem, const char *listen,
                                     const char *why)
{
    return problem_set(problem, LT_CONFIG_BAD, "", "drivers.http.listen", "%s: %s", listen, why);
}

static enum lt_status pem_read(const char *path, bool secret, char **ret_text,
                               struct lt_problem *problem)
{
    struct fault fault;
    uint8_t *text = NULL;
    size_t size = 0;
    fault_init(&fault);
    enum lt_status status = secret ? file_secret(path, &fault) : LT_OK;
    if (status == LT_OK) {
        status = file_read(path, PEM_BYTES_MAX, &text, &size, &fault);
    }
    if (status != LT_OK) {
        return problem_set(problem, status, "", fault.field, "%s", fault.detail);
    }
    *ret_text = (char *)text;
    return LT_OK;
}

static enum lt_status tls_read(struct http_server *server, struct lt_problem *problem)
{
    if (server->options.tls_cert == NULL || server->options.tls_key == NULL) {
        return LT_OK;
    }
    enum lt_status status = pem_read(server->options.tls_cert, false, &server->tls_cert, problem);
    if (status == LT_OK) {
        status = pem_read(server->options.tls_key, true, &server->tls_key, problem);
    }
    return status;
}

static enum lt_status address_of(const struct http_server *server, struct addrinfo **ret_list,
                                 struct lt_problem *problem)
{
    const char *listen = server->options.listen;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char host[128];
    char service[8];
    uint16_t port = 0;
    if (listen == NULL || !host_listen_split(listen, host, sizeof(host), &port)) {
        return listen_problem(problem, listen != NULL ? listen : "", "HOST:PORT is wanted");
    }
    if (server->tls_key == NULL && !host_is_loopback(host)) {
        return listen_problem(problem, listen, "only loopback without tls_cert and tls_key");
    }
    snprintf(service, sizeof(service), "%u", port);
    int error = getaddrinfo(host, service, &hints, ret_list);
    return error == 0 ? LT_OK : listen_problem(problem, listen, gai_strerror(error));
}

static void option_add(struct MHD_OptionItem *options, size_t *count, enum MHD_OPTION option,
                       intptr_t value, void *pointer)
{
    options[(*count)++] = (struct MHD_OptionItem){option, value, pointer};
}

static void options_fill(struct http_server *server, struct MHD_OptionItem options[OPTIONS_MAX],
                         struct sockaddr *address)
{
    size_t count = 0;
    option_add(options, &count, MHD_OPTION_SOCK_ADDR, 0, address);
    option_add(options, &count, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1, NULL);
    option_add(options, &count, MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX, NULL);
    option_add(options, &count, MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_S_MAX, NULL);
    option_add(options, &count, MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_HEADER_BYTES_MAX, NULL);
    option_add(options, &count, MHD_OPTION_THREAD_STACK_SIZE, THREAD_STACK_BYTES, NULL);
    option_add(options, &count, MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, server);
    if (server->tls_key != NULL) {
        option_add(options, &count, MHD_OPTION_HTTPS_MEM_CERT, 0, server->tls_cert);
        option_add(options, &count, MHD_OPTION_HTTPS_MEM_KEY, 0, server->tls_key);
        option_add(options, &count, MHD_OPTION_HTTPS_PRIORITIES, 0,
                   (void *)(uintptr_t)TLS_PRIORITIES);
    }
    option_add(options, &count, MHD_OPTION_END, 0, NULL);
}

static enum lt_status daemon_start(struct http_server *server, struct lt_problem *problem)
{
    struct MHD_OptionItem options[OPTIONS_MAX];
    struct addrinfo *list = NULL;
    enum lt_status status = address_of(server, &list, problem);
    if (status != LT_OK) {
        return status;
    }
    assert(list != NULL);
    unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                         MHD_USE_POLL | MHD_USE_ERROR_LOG;
    flags |= list->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    flags |= server->tls_key != NULL ? MHD_USE_TLS : 0;
    options_fill(server, options, list->ai_addr);
    server->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER,
                         on_log, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    freeaddrinfo(list);
    if (server->daemon == NULL) {
        return listen_problem(problem, server->options.listen,
                              "cannot listen: port in use, no right, or TLS files unfit");
    }
    return LT_OK;
}

static enum lt_status webhooks_open(struct http_server *server)
{
    const struct lt_driver_options *options = &server->options;
    server->webhooks = calloc(options->tenants_count + 1, sizeof(*server->webhooks));
    if (server->webhooks == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < options->tenants_count && status == LT_OK; i++) {
        if (options->tenants[i].wake_url != NULL) {
            status = webhook_open(&server->webhooks[server->webhooks_count], &options->tenants[i],
                                  options->clock);
            server->webhooks_count += status == LT_OK ? 1 : 0;
        }
    }
    return status;
}

static enum lt_status helds_open(struct http_server *server)
{
    const struct lt_driver_options *options = &server->options;
    server->helds = calloc(options->tenants_count + 1, sizeof(*server->helds));
    if (server->helds == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < options->tenants_count && status == LT_OK; i++) {
        if (options->tenants[i].held_url != NULL) {
            status = http_held_open(&server->helds[server->helds_count], &options->tenants[i]);
            server->helds_count += status == LT_OK ? 1 : 0;
        }
    }
    return status;
}

uint16_t http_port(const void *self)
{
    const struct http_server *server = self;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info != NULL ? info->port : 0;
}

static void http_close(void **self_p)
{
    struct http_server *server = *self_p;
    if (server == NULL) {
        return;
    }
    atomic_store(&server->stopping, true);
    for (uint32_t i = 0; i < server->webhooks_count; i++) {
        webhook_close(&server->webhooks[i]);
    }
    for (uint32_t i = 0; i < server->helds_count; i++) {
        http_held_close(&server->helds[i]);
    }
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon);
    }
    if (server->tls_key != NULL) {
        explicit_bzero(server->tls_key, strlen(server->tls_key));
    }
    free(server->webhooks);
    free(server->helds);
    free(server->tls_cert);
    free(server->tls_key);
    free(server);
    curl_global_cleanup();
    *self_p = NULL;
}

static enum lt_status http_open(void **ret_self, const struct lt_driver_options *options,
                                struct lt_problem *problem)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return problem_set(problem, LT_NO_MEMORY, "", "http", "server");
    }
    server->options = *options;
    enum lt_status status = LT_OK;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        status = problem_set(problem, LT_NO_MEMORY, "", "http", "libcurl");
    }
    if (status == LT_OK) {
        status = tls_read(server, problem);
    }
    if (status == LT_OK) {
        status = daemon_start(server, problem);
    }
    if (status == LT_OK) {
        status = webhooks_open(server);
    }
    if (status == LT_OK) {
        status = helds_open(server);
    }
    void *self = server;
    if (status != LT_OK) {
        http_close(&self);
        return status;
    }
    log_info("http-listening", "listen=%s port=%u tls=%s agencies=%u", options->listen,
             http_port(self), server->tls_key != NULL ? "yes" : "no", options->tenants_count);
    *ret_self = self;
    return LT_OK;
}

const struct lt_driver lt_driver_http = {"http", http_open, http_close};
