/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Answers of the HTTP door. Everything is JSON, files apart; every refusal is problem+json made
 * from the error table, with Retry-After where coming again makes sense. When memory runs out even
 * for the answer the connection is cut: the caller sees a broken connection and tries again with
 * the same Idempotency-Key, which is harmless.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/host/door_json.h"
#include "exchange.h"
#include "proto/base/text.h"

static void extra_add(struct MHD_Response *response, const struct http_extra *extra, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        MHD_add_response_header(response, extra[i].name, extra[i].value);
    }
}

static enum MHD_Result queue_and_drop(struct http_exchange *exchange, unsigned int status,
                                      struct MHD_Response *response)
{
    enum MHD_Result result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result reply_text(struct http_exchange *exchange, unsigned int status,
                                  const char *type, char *text, const struct http_extra *extra,
                                  size_t count)
{
    struct MHD_Response *response = NULL;
    if (text != NULL) {
        response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    }
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    extra_add(response, extra, count);
    return queue_and_drop(exchange, status, response);
}

enum MHD_Result http_reply_json_with(struct http_exchange *exchange, unsigned int status,
                                     char *text, const struct http_extra *extra, size_t count)
{
    return reply_text(exchange, status, "application/json; charset=utf-8", text, extra, count);
}

enum MHD_Result http_reply_json(struct http_exchange *exchange, unsigned int status, char *text)
{
    return http_reply_json_with(exchange, status, text, NULL, 0);
}

enum MHD_Result http_reply_problem_with(struct http_exchange *exchange, const struct lt_id *id,
                                        const struct http_extra *extra, size_t count)
{
    char retry_after[16];
    struct http_extra all[4];
    size_t all_count = 0;
    enum lt_status status = exchange->problem.status;
    uint32_t retry_after_s = door_retry_after_s(status);
    for (size_t i = 0; i < count && i < 2; i++) {
        all[all_count++] = extra[i];
    }
    if (retry_after_s > 0) {
        snprintf(retry_after, sizeof(retry_after), "%u", retry_after_s);
        all[all_count++] = (struct http_extra){"Retry-After", retry_after};
    }
    if (status == LT_TOKEN_MISSING) {
        all[all_count++] = (struct http_extra){"WWW-Authenticate", "Bearer"};
    }
    return reply_text(exchange, (unsigned int)lt_error(status)->http,
                      "application/problem+json; charset=utf-8",
                      door_problem_json(&exchange->problem, id), all, all_count);
}

enum MHD_Result http_reply_problem(struct http_exchange *exchange)
{
    return http_reply_problem_with(exchange, NULL, NULL, 0);
}

enum MHD_Result http_reply_status(struct http_exchange *exchange, enum lt_status status,
                                  const char *field)
{
    door_problem_init(&exchange->problem);
    exchange->problem.status = status;
    text_copy(exchange->problem.field, sizeof(exchange->problem.field), text_bytes(field));
    return http_reply_problem(exchange);
}

enum MHD_Result http_reply_file(struct http_exchange *exchange, const char *path,
                                const struct http_extra *extra, size_t count)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return http_reply_status(exchange, LT_NOT_HERE, "sha256");
    }
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)info.st_size, fd);
    if (response == NULL) {
        close(fd);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "application/octet-stream");
    extra_add(response, extra, count);
    return queue_and_drop(exchange, MHD_HTTP_OK, response);
}

enum MHD_Result http_reply_static(struct http_exchange *exchange, const char *type,
                                  const void *data, size_t size)
{
    /* The library promises not to write through a persistent buffer; its prototype does not. */
    void *bytes = (void *)(uintptr_t)data;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", type);
    return queue_and_drop(exchange, MHD_HTTP_OK, response);
}

enum MHD_Result http_reply_empty(struct http_exchange *exchange, unsigned int status,
                                 const struct http_extra *extra, size_t count)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    extra_add(response, extra, count);
    return queue_and_drop(exchange, status, response);
}
