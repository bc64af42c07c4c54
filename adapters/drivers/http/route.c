/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The paths of the door in one table, and the walk that finds a row and takes the parts of a path:
 * {id} is a transfer's UUID, {leg} and {number} are numbers, {sha256} a digest, {word} one of the
 * outcomes. A part that cannot be read makes the thing named "not here", not a syntax lesson: for
 * the caller both are a wrong reference.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_fields.h"
#include "exchange.h"
#include "proto/base/text.h"

#define PART_BYTES 80

static const struct http_route routes[] = {
    {"POST", "/v1/transfers", HTTP_BODY_JSON, false, http_transfers_post},
    {"GET", "/v1/transfers", HTTP_BODY_NONE, false, http_transfers_list},
    {"GET", "/v1/transfers/{id}", HTTP_BODY_NONE, false, http_transfers_get},
    {"POST", "/v1/transfers/{id}/recall", HTTP_BODY_JSON, false, http_transfers_recall},
    {"GET", "/v1/sent", HTTP_BODY_NONE, false, http_sent_list},
    {"PUT", "/v1/attachments/{sha256}", HTTP_BODY_UPLOAD, false, http_attachment_put},
    {"HEAD", "/v1/attachments/{sha256}", HTTP_BODY_NONE, false, http_attachment_head},
    {"GET", "/v1/attachments/{sha256}", HTTP_BODY_NONE, false, http_attachment_get},
    {"GET", "/v1/events", HTTP_BODY_NONE, false, http_events_get},
    {"GET", "/v1/inbox", HTTP_BODY_NONE, false, http_inbox_get},
    {"POST", "/v1/inbox/{id}/{leg}/{word}", HTTP_BODY_JSON, false, http_inbox_answer},
    {"GET", "/v1/questions", HTTP_BODY_NONE, false, http_questions_get},
    {"POST", "/v1/questions/{number}", HTTP_BODY_JSON, false, http_questions_answer},
    {"GET", "/v1/health", HTTP_BODY_NONE, true, http_health_get},
    {"GET", "/v1/openapi.yaml", HTTP_BODY_NONE, true, http_openapi_get},
};
#define ROUTES_COUNT (sizeof(routes) / sizeof(routes[0]))

/* The next part of a path without its slash; false at the end. */
static bool part_next(const char **at, char part[PART_BYTES])
{
    if (**at != '/') {
        return false;
    }
    size_t size = strcspn(*at + 1, "/");
    snprintf(part, PART_BYTES, "%.*s", (int)(size < PART_BYTES ? size : PART_BYTES - 1), *at + 1);
    *at += size + 1;
    return true;
}

/* Do the shapes agree? Parts in braces stand for anything that is not empty. */
static bool shape_matches(const char *pattern, const char *path)
{
    char wanted[PART_BYTES];
    char part[PART_BYTES];
    bool more = true;
    while (more) {
        bool pattern_more = part_next(&pattern, wanted);
        more = part_next(&path, part);
        if (pattern_more != more) {
            return false;
        }
        if (more && (wanted[0] == '{' ? part[0] == '\0' : strcmp(wanted, part) != 0)) {
            return false;
        }
    }
    return *path == '\0';
}

static bool leg_read(const char *text, uint32_t *ret_leg)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 2 || text[digits] != '\0') {
        return false;
    }
    *ret_leg = (uint32_t)strtoul(text, NULL, 10);
    return true;
}

static bool number_read(const char *text, uint64_t *ret_number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0') {
        return false;
    }
    *ret_number = strtoull(text, NULL, 10);
    return true;
}

static bool part_take(struct http_exchange *exchange, const char *name, const char *part)
{
    if (strcmp(name, "{id}") == 0) {
        return id_read(&exchange->id, part);
    }
    if (strcmp(name, "{leg}") == 0) {
        return leg_read(part, &exchange->leg);
    }
    if (strcmp(name, "{number}") == 0) {
        return number_read(part, &exchange->number);
    }
    if (strcmp(name, "{sha256}") == 0) {
        return hex_read(exchange->sha256.bytes, sizeof(exchange->sha256.bytes), part);
    }
    text_copy(exchange->word, sizeof(exchange->word), text_bytes(part));
    return true;
}

static void parts_take(struct http_exchange *exchange, const char *path)
{
    const char *pattern = exchange->route->path;
    char name[PART_BYTES];
    char part[PART_BYTES];
    while (part_next(&pattern, name) && part_next(&path, part)) {
        if (name[0] == '{' && !part_take(exchange, name, part)) {
            problem_set(&exchange->problem, LT_NOT_HERE, "", name, "%.40s", part);
            return;
        }
    }
}

void http_route_find(struct http_exchange *exchange, const char *method, const char *path)
{
    enum lt_status status = LT_PATH_UNKNOWN;
    for (size_t i = 0; i < ROUTES_COUNT; i++) {
        if (!shape_matches(routes[i].path, path)) {
            continue;
        }
        status = LT_METHOD_WRONG;
        if (strcmp(routes[i].method, method) == 0) {
            exchange->route = &routes[i];
            parts_take(exchange, path);
            return;
        }
    }
    problem_set(&exchange->problem, status, "", "", "%.8s %.120s", method, path);
}

void http_route_methods(const char *path, char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ROUTES_COUNT; i++) {
        if (shape_matches(routes[i].path, path) && used + 8 < out_size) {
            used += (size_t)snprintf(out + used, out_size - used, "%s%s", used > 0 ? ", " : "",
                                     routes[i].method);
        }
    }
}
