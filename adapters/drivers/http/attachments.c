/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * /v1/attachments/{sha256}: scanned papers, in and out, on lines that break. A file has the name of
 * its digest, so putting it twice is putting it once, and what has come stays when the connection
 * is cut: HEAD tells the offset (Upload-Offset), a PUT with Content-Range goes on from there, and a
 * PUT of the whole file skips what is here already. The digest is checked when the last byte is in;
 * a wrong file is thrown away whole.
 *
 * Bytes are handed to the store in pieces of HTTP_UPLOAD_BUFFER, not in the small ones of the
 * socket, because each piece is written and synced there.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_fields.h"
#include "adapters/host/door_json.h"
#include "exchange.h"
#include "proto/base/text.h"

#define PATH_BYTES 512

/* ---- begin: what is announced ---- */

/* "bytes 5-9/10" */
static bool range_read(const char *text, uint64_t *ret_first, uint64_t *ret_last,
                       uint64_t *ret_total)
{
    char end = '\0';
    return strspn(text, "bytes 0123456789-/") == strlen(text) && strlen(text) < 64 &&
           sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64 "%c", ret_first, ret_last,
                  ret_total, &end) == 3 &&
           *ret_first <= *ret_last && *ret_last < *ret_total;
}

static void announced_take(struct http_exchange *exchange, uint64_t *ret_first)
{
    struct http_upload *upload = &exchange->upload;
    const char *range = http_header(exchange, "Content-Range");
    const char *length = http_header(exchange, "Content-Length");
    uint64_t last = 0;
    *ret_first = 0;
    if (range != NULL) {
        if (!range_read(range, ret_first, &last, &upload->total)) {
            problem_set(&exchange->problem, LT_FIELD_BAD, "", "Content-Range",
                        "%.60s; wanted: bytes FIRST-LAST/SIZE", range);
            return;
        }
    } else if (length != NULL) {
        upload->total = strtoull(length, NULL, 10);
    }
    if (upload->total == 0) {
        problem_set(&exchange->problem, LT_FIELD_MISSING, "", "Content-Length",
                    "wanted: Content-Length of 1 byte and more, or Content-Range");
    } else if (upload->total > (uint64_t)LT_ATTACHMENT_BYTES_MAX) {
        problem_set(&exchange->problem, LT_BLOB_TOO_LARGE, "", "Content-Length",
                    "%" PRIu64 " bytes, at most %lld", upload->total, LT_ATTACHMENT_BYTES_MAX);
    }
}

void http_attachment_begin(struct http_exchange *exchange)
{
    struct http_upload *upload = &exchange->upload;
    uint64_t first = 0;
    uint64_t offset = 0;
    announced_take(exchange, &first);
    if (exchange->problem.status != LT_OK) {
        return;
    }
    enum lt_status status =
        lt_client_blob_have(exchange->tenant->client, &exchange->sha256, &offset, &upload->known);
    if (status != LT_OK) {
        problem_set(&exchange->problem, status, "", "sha256", "the local store");
        return;
    }
    upload->next = offset;
    if (upload->known) {
        return;
    }
    if (first > offset) {
        problem_set(&exchange->problem, LT_BLOB_OFFSET, "", "Content-Range",
                    "from %" PRIu64 "; here are %" PRIu64 " bytes", first, offset);
        return;
    }
    upload->skip = offset - first;
    upload->buffer = malloc(HTTP_UPLOAD_BUFFER);
    if (upload->buffer == NULL) {
        problem_set(&exchange->problem, LT_NO_MEMORY, "", "", "upload buffer");
    }
}

/* ---- bytes ---- */

static void flush(struct http_exchange *exchange, bool last)
{
    struct http_upload *upload = &exchange->upload;
    const struct lt_bytes bytes = {upload->buffer, upload->used};
    enum lt_status status = lt_client_blob_put(exchange->tenant->client, &exchange->sha256,
                                               upload->next, bytes, last, &exchange->problem);
    exchange->problem.status = status;
    upload->next += upload->used;
    upload->used = 0;
}

void http_attachment_feed(struct http_exchange *exchange, const char *data, size_t size)
{
    struct http_upload *upload = &exchange->upload;
    if (upload->known) {
        return;
    }
    size_t skipped = upload->skip < size ? (size_t)upload->skip : size;
    upload->skip -= skipped;
    data += skipped;
    size -= skipped;
    while (size > 0 && exchange->problem.status == LT_OK) {
        if (upload->next + upload->used + size > upload->total) {
            problem_set(&exchange->problem, LT_FIELD_BAD, "", "Content-Range",
                        "more than the announced %" PRIu64 " bytes", upload->total);
            return;
        }
        size_t room = HTTP_UPLOAD_BUFFER - upload->used;
        size_t taken = size < room ? size : room;
        memcpy(upload->buffer + upload->used, data, taken);
        upload->used += taken;
        data += taken;
        size -= taken;
        if (upload->used == HTTP_UPLOAD_BUFFER) {
            flush(exchange, upload->next + upload->used == upload->total);
        }
    }
}

void http_attachment_cut(struct http_exchange *exchange)
{
    if (exchange->upload.used > 0 && exchange->problem.status == LT_OK) {
        flush(exchange, false);
    }
}

/* ---- answers ---- */

static char *upload_json(const struct http_exchange *exchange, uint64_t offset, bool complete)
{
    char sha256[2 * sizeof(exchange->sha256.bytes) + 1];
    struct text_out out;
    text_out_init(&out);
    hex_write(sha256, exchange->sha256.bytes, sizeof(exchange->sha256.bytes));
    text_out_format(&out, "{\"sha256\":\"%s\",\"offset\":%" PRIu64 ",\"complete\":%s}", sha256,
                    offset, complete ? "true" : "false");
    return text_out_take(&out, NULL);
}

/* Upload-Offset and Upload-Complete as their draft standard has them. */
struct upload_headers {
    char offset[24];
    struct http_extra extra[2];
};

static void headers_set(struct upload_headers *headers, uint64_t offset, bool complete)
{
    snprintf(headers->offset, sizeof(headers->offset), "%" PRIu64, offset);
    headers->extra[0] = (struct http_extra){"Upload-Offset", headers->offset};
    headers->extra[1] = (struct http_extra){"Upload-Complete", complete ? "?1" : "?0"};
}

static enum MHD_Result reply_upload(struct http_exchange *exchange, unsigned int status,
                                    uint64_t offset, bool complete)
{
    struct upload_headers headers;
    headers_set(&headers, offset, complete);
    return http_reply_json_with(exchange, status, upload_json(exchange, offset, complete),
                                headers.extra, 2);
}

enum MHD_Result http_attachment_put(struct http_exchange *exchange)
{
    struct http_upload *upload = &exchange->upload;
    if (upload->known) {
        return reply_upload(exchange, MHD_HTTP_OK, upload->next, true);
    }
    bool complete = upload->next + upload->used == upload->total;
    if (upload->used > 0) {
        flush(exchange, complete);
    }
    if (exchange->problem.status != LT_OK) {
        return http_reply_problem(exchange);
    }
    return reply_upload(exchange, complete ? MHD_HTTP_CREATED : MHD_HTTP_ACCEPTED, upload->next,
                        complete);
}

/* What is here; false when the store could not say and the answer was given. */
static bool have(struct http_exchange *exchange, uint64_t *ret_offset, bool *ret_complete,
                 enum MHD_Result *ret_result)
{
    enum lt_status status =
        lt_client_blob_have(exchange->tenant->client, &exchange->sha256, ret_offset, ret_complete);
    if (status != LT_OK) {
        *ret_result = http_reply_status(exchange, status, "sha256");
        return false;
    }
    return true;
}

enum MHD_Result http_attachment_head(struct http_exchange *exchange)
{
    struct upload_headers headers;
    enum MHD_Result result = MHD_NO;
    uint64_t offset = 0;
    bool complete = false;
    if (!have(exchange, &offset, &complete, &result)) {
        return result;
    }
    headers_set(&headers, offset, complete);
    unsigned int partly = offset > 0 ? MHD_HTTP_NO_CONTENT : MHD_HTTP_NOT_FOUND;
    return http_reply_empty(exchange, complete ? MHD_HTTP_OK : partly, headers.extra, 2);
}

enum MHD_Result http_attachment_get(struct http_exchange *exchange)
{
    char path[PATH_BYTES];
    struct upload_headers headers;
    enum MHD_Result result = MHD_NO;
    uint64_t offset = 0;
    bool complete = false;
    if (!have(exchange, &offset, &complete, &result)) {
        return result;
    }
    headers_set(&headers, offset, complete);
    if (complete && lt_client_blob_path(exchange->tenant->client, &exchange->sha256, path,
                                        sizeof(path)) == LT_OK) {
        return http_reply_file(exchange, path, headers.extra, 2);
    }
    problem_set(&exchange->problem, LT_NOT_HERE, "", "sha256", "%" PRIu64 " bytes are here",
                offset);
    return http_reply_problem_with(exchange, NULL, headers.extra, 2);
}
