/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * JSON to a request. The parser's tree stays alive as long as the request does, because texts are
 * borrowed from it; a JSON body is not taken from the tree but from the received bytes, so that
 * what the application wrote is what travels, is hashed and arrives.
 *
 * The content digest answers "is this the same request again?" and is taken over a form made here
 * from the C struct, not over the received text: the order of fields, ISO times against
 * milliseconds, null against absent and 1.0 against 1 are no difference.
 *
 * Limits: DOOR_JSON_BYTES_MAX of text, JSON_DEPTH_MAX levels, and those of <lienthong/types.h>.
 */
#include <stdlib.h>
#include <string.h>

#include "canonical.h"
#include "door_fields.h"
#include "door_json.h"
#include "door_private.h"
#include "json_scan.h"
#include "proto/base/base64.h"
#include "proto/base/text.h"

static const char *const members[] = {
    "from", "to",          "aliases",     "task",       "business",
    "body", "body_base64", "attachments", "sender_key", NULL,
};

void door_problem_init(struct lt_problem *problem)
{
    memset(problem, 0, sizeof(*problem));
}

enum lt_status door_tree_read(json_t **ret_tree, struct lt_bytes text, struct lt_problem *problem)
{
    json_error_t error;
    if (text.size > DOOR_JSON_BYTES_MAX) {
        return problem_set(problem, LT_BODY_TOO_LARGE, "", "", "%zu bytes, at most %u", text.size,
                           DOOR_JSON_BYTES_MAX);
    }
    if (!utf8_valid(text)) {
        return problem_set(problem, LT_TEXT_BAD, "", "", "the JSON holds NUL or bad UTF-8");
    }
    if (!json_scan_depth(text, JSON_DEPTH_MAX)) {
        return problem_set(problem, LT_JSON_BAD, "", "", "nested more than %d levels",
                           JSON_DEPTH_MAX);
    }
    json_t *tree = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (tree == NULL) {
        return problem_set(problem, LT_JSON_BAD, "", "", "line %d, column %d: %s", error.line,
                           error.column, error.text);
    }
    if (!json_is_object(tree)) {
        json_decref(tree);
        return problem_set(problem, LT_JSON_BAD, "", "", "an object {...} is wanted");
    }
    *ret_tree = tree;
    return LT_OK;
}

/* A member that is there and not null, or NULL. */
static json_t *member(const json_t *tree, const char *name)
{
    json_t *value = json_object_get(tree, name);
    return value != NULL && !json_is_null(value) ? value : NULL;
}

/* ---- lists of texts ---- */

static enum lt_status agency_check(json_t *value, const char *name, struct lt_problem *problem)
{
    if (!json_is_string(value) || !agency_id_valid(text_bytes(json_string_value(value)))) {
        return problem_value(problem, "", name, value, "an agency id: 1 to 35 of [0-9A-Z.]");
    }
    return LT_OK;
}

static enum lt_status to_read(struct door_request *request, json_t *list,
                              struct lt_problem *problem)
{
    if (!json_is_array(list)) {
        return problem_value(problem, "", "to", list, "a list of agency ids");
    }
    size_t count = json_array_size(list);
    if (count > LT_LEGS_MAX) {
        return problem_set(problem, LT_LEGS_TOO_MANY, "", "to", "%zu, at most %d", count,
                           LT_LEGS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        enum lt_status status = agency_check(json_array_get(list, i), "to", problem);
        if (status != LT_OK) {
            return status;
        }
        request->to[i] = json_string_value(json_array_get(list, i));
    }
    request->request.to = request->to;
    request->request.to_count = (uint32_t)count;
    return LT_OK;
}

static enum lt_status aliases_read(struct door_request *request, json_t *list,
                                   struct lt_problem *problem)
{
    static const struct field alias = {"aliases", FIELD_TEXT, LT_CASE_CODE_MAX, 0};
    if (!json_is_array(list)) {
        return problem_value(problem, "", "aliases", list, "a list of case codes");
    }
    size_t count = json_array_size(list);
    if (count > LT_ALIASES_MAX) {
        return problem_set(problem, LT_FIELD_BAD, "", "aliases", "%zu, at most %d", count,
                           LT_ALIASES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_array_get(list, i);
        enum lt_status status = field_read(&alias, value, &request->aliases[i], "", problem);
        if (status == LT_OK && request->aliases[i][0] == '\0') {
            status = problem_set(problem, LT_FIELD_BAD, "", "aliases", "an empty code");
        }
        if (status != LT_OK) {
            return status;
        }
    }
    request->request.aliases = request->aliases;
    request->request.aliases_count = (uint32_t)count;
    return LT_OK;
}

/* ---- attachments ---- */

static enum lt_status attachment_read(struct door_request *request, uint32_t at, json_t *value,
                                      enum door_flags flags, struct lt_problem *problem)
{
    static const char *const with_file[] = {"file", NULL};
    static const struct field file_field = {"file", FIELD_TEXT, LT_FILE_NAME_MAX, 0};
    struct lt_attachment *attachment = &request->attachments[at];
    char path[32];
    snprintf(path, sizeof(path), "attachments[%u].", at);
    const char *const *also = flags == DOOR_SPOOL ? with_file : NULL;
    enum lt_status status =
        fields_read(&fields_of_attachment, value, attachment, path, also, problem);
    json_t *file = status == LT_OK && also != NULL ? member(value, "file") : NULL;
    if (file != NULL) {
        status = field_read(&file_field, file, &request->files[at], path, problem);
    }
    if (status != LT_OK || request->files[at] != NULL) {
        return status;
    }
    if (digest_empty(&attachment->sha256)) {
        return problem_set(problem, LT_FIELD_MISSING, path, "sha256", "required");
    }
    if (attachment->size == 0) {
        return problem_set(problem, LT_FIELD_MISSING, path, "size", "required");
    }
    return LT_OK;
}

static enum lt_status attachments_read(struct door_request *request, json_t *list,
                                       enum door_flags flags, struct lt_problem *problem)
{
    if (!json_is_array(list)) {
        return problem_value(problem, "", "attachments", list, "a list of attachments");
    }
    size_t count = json_array_size(list);
    if (count > LT_ATTACHMENTS_MAX) {
        return problem_set(problem, LT_ATTACHMENT_BAD, "", "attachments", "%zu, at most %d", count,
                           LT_ATTACHMENTS_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        enum lt_status status =
            attachment_read(request, i, json_array_get(list, i), flags, problem);
        if (status != LT_OK) {
            return status;
        }
    }
    request->request.attachments = request->attachments;
    request->request.attachments_count = (uint32_t)count;
    return LT_OK;
}

/* ---- body ---- */

static enum lt_status base64_body(struct door_request *request, json_t *value,
                                  struct lt_problem *problem)
{
    size_t text_size = json_string_length(value);
    request->body_bytes = malloc(text_size / 4 * 3 + 1);
    if (request->body_bytes == NULL) {
        return LT_NO_MEMORY;
    }
    size_t size = 0;
    if (!json_is_string(value) ||
        !base64_read(request->body_bytes, &size, json_string_value(value), text_size)) {
        return problem_set(problem, LT_FIELD_BAD, "", "body_base64",
                           "wanted: base64 of RFC 4648 with padding and without line breaks");
    }
    if (request->request.body_type == NULL || request->request.body_type[0] == '\0') {
        return problem_set(problem, LT_FIELD_MISSING, "", "body_type",
                           "required beside body_base64");
    }
    request->request.body = (struct lt_bytes){request->body_bytes, size};
    return LT_OK;
}

static enum lt_status body_read(struct door_request *request, const json_t *tree,
                                struct lt_bytes text, struct lt_problem *problem)
{
    json_t *body = member(tree, "body");
    json_t *base64 = member(tree, "body_base64");
    if (body != NULL && base64 != NULL) {
        return problem_set(problem, LT_FIELD_BAD, "", "body_base64",
                           "body and body_base64 together; wanted: one of them");
    }
    if (base64 != NULL) {
        return base64_body(request, base64, problem);
    }
    if (body == NULL) {
        return LT_OK;
    }
    request->request.body = json_scan_member(text, "body");
    if (request->request.body.size == 0) {
        return problem_set(problem, LT_FIELD_BAD, "", "body",
                           "wanted: the name \"body\" without escapes");
    }
    if (request->request.body_type == NULL || request->request.body_type[0] == '\0') {
        request->request.body_type = "application/json";
    }
    return LT_OK;
}

/* ---- the whole ---- */

static enum lt_status sender_key_read(struct door_request *request, json_t *value,
                                      enum door_flags flags, struct lt_problem *problem)
{
    if (flags == DOOR_HTTP) {
        return problem_set(problem, LT_FIELD_BAD, "", "sender_key",
                           "wanted: the header Idempotency-Key instead");
    }
    size_t size = json_string_length(value);
    if (!json_is_string(value) || size == 0 || size > LT_SENDER_KEY_MAX) {
        return problem_set(problem, LT_SENDER_KEY_BAD, "", "sender_key",
                           "wanted: a text of 1 to %d bytes", LT_SENDER_KEY_MAX);
    }
    request->request.sender_key =
        (struct lt_bytes){(const uint8_t *)json_string_value(value), size};
    return LT_OK;
}

static enum lt_status groups_read(struct door_request *request, const json_t *tree,
                                  struct lt_problem *problem)
{
    enum lt_status status = LT_OK;
    json_t *task = member(tree, "task");
    if (task != NULL) {
        request->request.task_present = true;
        status = fields_read(&fields_of_task, task, &request->request, "task.", NULL, problem);
    }
    json_t *business = member(tree, "business");
    if (status == LT_OK && business != NULL) {
        request->request.business_present = true;
        status = fields_read(&fields_of_business, business, &request->request.business, "business.",
                             NULL, problem);
    }
    json_t *from = member(tree, "from");
    if (status == LT_OK && from != NULL) {
        status = agency_check(from, "from", problem);
    }
    if (status == LT_OK && from != NULL) {
        text_copy(request->from, sizeof(request->from), text_bytes(json_string_value(from)));
    }
    return status;
}

static enum lt_status lists_read(struct door_request *request, const json_t *tree,
                                 enum door_flags flags, struct lt_problem *problem)
{
    enum lt_status status = LT_OK;
    json_t *value = member(tree, "to");
    if (value != NULL) {
        status = to_read(request, value, problem);
    }
    value = member(tree, "aliases");
    if (status == LT_OK && value != NULL) {
        status = aliases_read(request, value, problem);
    }
    value = member(tree, "attachments");
    if (status == LT_OK && value != NULL) {
        status = attachments_read(request, value, flags, problem);
    }
    value = member(tree, "sender_key");
    if (status == LT_OK && value != NULL) {
        status = sender_key_read(request, value, flags, problem);
    }
    return status;
}

static enum lt_status required_check(const struct door_request *request, struct lt_problem *problem)
{
    if (request->request.kind == LT_KIND_NONE) {
        return problem_set(problem, LT_FIELD_MISSING, "", "kind", "required");
    }
    if (request->request.case_code == NULL || request->request.case_code[0] == '\0') {
        return problem_set(problem, LT_FIELD_MISSING, "", "case_code", "required");
    }
    return LT_OK;
}

static enum lt_status request_fill(struct door_request *request, struct lt_bytes text,
                                   enum door_flags flags, struct lt_problem *problem)
{
    json_t *tree = NULL;
    enum lt_status status = door_tree_read(&tree, text, problem);
    if (status != LT_OK) {
        return status;
    }
    request->tree = tree;
    status = fields_read(&fields_of_request, tree, &request->request, "", members, problem);
    if (status != LT_OK) {
        return status;
    }
    status = groups_read(request, tree, problem);
    if (status != LT_OK) {
        return status;
    }
    status = lists_read(request, tree, flags, problem);
    if (status != LT_OK) {
        return status;
    }
    status = required_check(request, problem);
    if (status != LT_OK) {
        return status;
    }
    return body_read(request, tree, text, problem);
}

enum lt_status door_request_read(struct door_request **ret_request, struct lt_bytes text,
                                 enum door_flags flags, struct lt_problem *problem)
{
    struct door_request *request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return problem_set(problem, LT_NO_MEMORY, "", "", "one request");
    }
    enum lt_status status = request_fill(request, json_scan_without_mark(text), flags, problem);
    if (status != LT_OK) {
        problem->status = status;
        door_request_free(&request);
        return status;
    }
    *ret_request = request;
    return LT_OK;
}

void door_request_free(struct door_request **request_p)
{
    if (*request_p != NULL) {
        json_decref((*request_p)->tree);
        free((*request_p)->body_bytes);
        free(*request_p);
        *request_p = NULL;
    }
}

/* ---- content digest ---- */

/* What stands for the body: the JSON itself, so that its key order is no difference, or a digest.
 */
static bool body_add(json_t *form, const struct door_request *request, struct digester *digester)
{
    if (request->request.body.size == 0) {
        return true;
    }
    json_t *body = request->body_bytes == NULL ? json_object_get(request->tree, "body") : NULL;
    if (body != NULL) {
        return json_object_set(form, "body", body) == 0;
    }
    struct lt_digest digest = digest_of(digester, request->request.body);
    char text[2 * sizeof(digest.bytes) + 1];
    hex_write(text, digest.bytes, sizeof(digest.bytes));
    return json_object_set_new(form, "body_sha256", json_string(text)) == 0;
}

enum lt_status door_request_digest(struct door_request *request, struct digester *digester)
{
    struct text_out out;
    text_out_init(&out);
    json_t *form = door_request_form(&request->request);
    if (form == NULL || !body_add(form, request, digester)) {
        json_decref(form);
        return LT_NO_MEMORY;
    }
    json_object_del(form, "created_ms");
    json_object_del(form, "traceparent");
    canonical_json(&out, form);
    json_decref(form);
    size_t size = 0;
    char *text = text_out_take(&out, &size);
    if (text == NULL) {
        return LT_NO_MEMORY;
    }
    request->request.content_digest =
        digest_of(digester, (struct lt_bytes){(const uint8_t *)text, size});
    free(text);
    return LT_OK;
}
