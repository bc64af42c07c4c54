/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The tables behind the JSON of the local doors, and the two walks over them. The bounds are those
 * of <lienthong/types.h> and of the schema's comments; what needs a clock, the registry or two
 * fields at once is left to the SDK and the axis, which check everything again.
 *
 * Every refusal names field, value and limit, because the reader is a developer of the one-stop
 * software who sees nothing else of this program. Nothing is guessed: "5" is not 5, an unknown key
 * is an error, and null is the same as leaving the field out.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "door_fields.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define TIME_MS_MOST  253402300799999LL /* 9999-12-31T23:59:59.999Z */
#define FOUND_BYTES   48
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define REQUEST(name, type, most, member)                                                          \
    {                                                                                              \
        name, type, most, offsetof(struct lt_request, member)                                      \
    }
#define BUSINESS(name, type, most)                                                                 \
    {                                                                                              \
#name, type, most, offsetof(struct lt_business, name)                                      \
    }
#define ATTACHMENT(name, type, most)                                                               \
    {                                                                                              \
#name, type, most, offsetof(struct lt_attachment, name)                                    \
    }

static const struct field request_fields[] = {
    REQUEST("kind", FIELD_KIND, 0, kind),
    REQUEST("locality", FIELD_TEXT, LT_LOCALITY_MAX, locality),
    REQUEST("case_code", FIELD_TEXT, LT_CASE_CODE_MAX, case_code),
    REQUEST("procedure", FIELD_TEXT, LT_PROCEDURE_MAX, procedure),
    REQUEST("reply_to", FIELD_ID, 0, reply_to),
    REQUEST("priority", FIELD_COUNT, 4, priority),
    REQUEST("created_ms", FIELD_TIME, 0, created_ms),
    REQUEST("body_type", FIELD_TEXT, LT_BODY_TYPE_MAX, body_type),
    REQUEST("traceparent", FIELD_TEXT, LT_TRACEPARENT_MAX, traceparent),
};

static const struct field task_fields[] = {
    REQUEST("lead", FIELD_FLAG, 0, task_lead),
    REQUEST("parallel", FIELD_FLAG, 0, task_parallel),
    REQUEST("task_id", FIELD_TEXT, LT_TASK_ID_MAX, task_id),
    REQUEST("deadline_ms", FIELD_TIME, 0, task_deadline_ms),
};

static const struct field business_fields[] = {
    BUSINESS(status, FIELD_COUNT, 10),
    BUSINESS(event_ms, FIELD_TIME, 0),
    BUSINESS(received_ms, FIELD_TIME, 0),
    BUSINESS(channel, FIELD_COUNT, 3),
    BUSINESS(promised_old_ms, FIELD_TIME, 0),
    BUSINESS(promised_new_ms, FIELD_TIME, 0),
    BUSINESS(pause_reason, FIELD_TEXT, LT_REASON_MAX),
    BUSINESS(supplement_due_ms, FIELD_TIME, 0),
    BUSINESS(handing_officer, FIELD_TEXT, LT_OFFICER_MAX),
    BUSINESS(handing_unit, FIELD_TEXT, LT_PLACE_MAX),
    BUSINESS(receiving_officer, FIELD_TEXT, LT_OFFICER_MAX),
    BUSINESS(receiving_unit, FIELD_TEXT, LT_PLACE_MAX),
    BUSINESS(return_method, FIELD_COUNT, 3),
    BUSINESS(return_place, FIELD_TEXT, LT_PLACE_MAX),
    BUSINESS(copies, FIELD_COUNT, UINT32_MAX),
    BUSINESS(digitised, FIELD_FLAG, 0),
    BUSINESS(e_result, FIELD_FLAG, 0),
    BUSINESS(paid_online, FIELD_FLAG, 0),
    BUSINESS(assisted, FIELD_FLAG, 0),
    BUSINESS(mobile_reception, FIELD_FLAG, 0),
    BUSINESS(representative, FIELD_FLAG, 0),
};

static const struct field attachment_fields[] = {
    ATTACHMENT(sha256, FIELD_DIGEST, 0),
    ATTACHMENT(size, FIELD_SIZE, LT_ATTACHMENT_BYTES_MAX),
    ATTACHMENT(component, FIELD_TEXT, LT_COMPONENT_MAX),
    ATTACHMENT(name, FIELD_TEXT, LT_FILE_NAME_MAX),
};

const struct field_table fields_of_request = {request_fields, LENGTH(request_fields)};
const struct field_table fields_of_task = {task_fields, LENGTH(task_fields)};
const struct field_table fields_of_business = {business_fields, LENGTH(business_fields)};
const struct field_table fields_of_attachment = {attachment_fields, LENGTH(attachment_fields)};

/* ---- problems ---- */

enum lt_status problem_set(struct lt_problem *problem, enum lt_status status, const char *path,
                           const char *name, const char *format, ...)
{
    char text[2 * sizeof(problem->detail)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    text_copy(problem->detail, sizeof(problem->detail), text_bytes(text));
    snprintf(text, sizeof(text), "%s%s", path, name);
    text_copy(problem->field, sizeof(problem->field), text_bytes(text));
    problem->status = status;
    return status;
}

enum lt_status problem_value(struct lt_problem *problem, const char *path, const char *name,
                             json_t *found, const char *wanted)
{
    char shown[FOUND_BYTES];
    char *text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);
    text_copy(shown, sizeof(shown), text_bytes(text));
    bool cut = text != NULL && strlen(text) >= sizeof(shown);
    free(text);
    return problem_set(problem, LT_FIELD_BAD, path, name, "%s%s; wanted: %s", shown,
                       cut ? "..." : "", wanted);
}

/* ---- reading ---- */

static enum lt_status text_read(const struct field *field, json_t *value, const char **ret_text,
                                const char *path, struct lt_problem *problem)
{
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "a text of at most %" PRIu64 " bytes", field->most);
    if (!json_is_string(value)) {
        return problem_value(problem, path, field->name, value, wanted);
    }
    size_t size = json_string_length(value);
    if (size > field->most) {
        return problem_set(problem, LT_FIELD_BAD, path, field->name, "%zu bytes; wanted: %s", size,
                           wanted);
    }
    *ret_text = json_string_value(value);
    return LT_OK;
}

static enum lt_status number_read(const struct field *field, json_t *value, uint64_t least,
                                  uint64_t *ret_number, const char *path,
                                  struct lt_problem *problem)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number < least ||
        (uint64_t)number > field->most) {
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "a whole number from %" PRIu64 " to %" PRIu64, least,
                 field->most);
        return problem_value(problem, path, field->name, value, wanted);
    }
    *ret_number = (uint64_t)number;
    return LT_OK;
}

static enum lt_status moment_read(const struct field *field, json_t *value, int64_t *ret_ms,
                                  const char *path, struct lt_problem *problem)
{
    int64_t ms = json_integer_value(value);
    bool readable =
        json_is_integer(value) ||
        (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value) &&
         time_read(&ms, json_string_value(value)));
    if (!readable || ms < 0 || ms > TIME_MS_MOST) {
        return problem_value(problem, path, field->name, value,
                             "ISO 8601 with a zone (2026-09-30T08:00:00+07:00), or milliseconds "
                             "since 1970");
    }
    *ret_ms = ms;
    return LT_OK;
}

static enum lt_status kind_read(const struct field *field, json_t *value, enum lt_kind *ret_kind,
                                const char *path, struct lt_problem *problem)
{
    enum lt_kind kind = LT_KIND_NONE;
    if (json_is_string(value)) {
        kind = kind_by_name(text_bytes(json_string_value(value)));
    }
    if (kind == LT_KIND_NONE) {
        return problem_value(problem, path, field->name, value,
                             "a kind such as \"forward\", \"status\", \"result\"");
    }
    *ret_kind = kind;
    return LT_OK;
}

static enum lt_status binary_read(const struct field *field, json_t *value, void *place,
                                  const char *path, struct lt_problem *problem)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (field->type == FIELD_ID) {
        return id_read(place, text)
                   ? LT_OK
                   : problem_value(problem, path, field->name, value, "a UUID of 36 characters");
    }
    struct lt_digest *digest = place;
    return hex_read(digest->bytes, sizeof(digest->bytes), text)
               ? LT_OK
               : problem_value(problem, path, field->name, value, "64 hexadecimal digits");
}

enum lt_status field_read(const struct field *field, json_t *value, void *base, const char *path,
                          struct lt_problem *problem)
{
    void *place = (char *)base + field->offset;
    uint64_t number = 0;
    enum lt_status status = LT_OK;
    switch (field->type) {
    case FIELD_TEXT:
        return text_read(field, value, place, path, problem);
    case FIELD_TIME:
        return moment_read(field, value, place, path, problem);
    case FIELD_KIND:
        return kind_read(field, value, place, path, problem);
    case FIELD_ID:
    case FIELD_DIGEST:
        return binary_read(field, value, place, path, problem);
    case FIELD_FLAG:
        if (!json_is_boolean(value)) {
            return problem_value(problem, path, field->name, value, "true or false");
        }
        *(bool *)place = json_is_true(value);
        return LT_OK;
    case FIELD_COUNT:
        status = number_read(field, value, 0, &number, path, problem);
        if (status == LT_OK) {
            *(uint32_t *)place = (uint32_t)number;
        }
        return status;
    case FIELD_SIZE:
        status = number_read(field, value, 1, &number, path, problem);
        if (status == LT_OK) {
            *(uint64_t *)place = number;
        }
        return status;
    }
    return status;
}

static bool named(const char *const *names, const char *key)
{
    for (; names != NULL && *names != NULL; names++) {
        if (strcmp(*names, key) == 0) {
            return true;
        }
    }
    return false;
}

static const struct field *field_find(const struct field_table *table, const char *key)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->fields[i].name, key) == 0) {
            return &table->fields[i];
        }
    }
    return NULL;
}

enum lt_status fields_read(const struct field_table *table, json_t *object, void *base,
                           const char *path, const char *const *also, struct lt_problem *problem)
{
    if (!json_is_object(object)) {
        return problem_value(problem, path, "", object, "an object");
    }
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        const struct field *field = field_find(table, key);
        if (field == NULL && !named(also, key)) {
            return problem_set(problem, LT_FIELD_BAD, path, key, "no such field");
        }
        if (field == NULL || json_is_null(value)) {
            continue;
        }
        enum lt_status status = field_read(field, value, base, path, problem);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

/* ---- writing ---- */

/* The field as JSON, or NULL with *ret_absent when it is zero. */
static json_t *field_value(const struct field *field, const void *place, bool *ret_absent)
{
    static const struct lt_digest digest_none;
    char text[2 * sizeof(struct lt_digest) + 1];
    uint64_t number = 0;
    const char *words = NULL;
    switch (field->type) {
    case FIELD_FLAG:
        *ret_absent = !*(const bool *)place;
        return *ret_absent ? NULL : json_true();
    case FIELD_TEXT:
        words = *(const char *const *)place;
        break;
    case FIELD_KIND:
        words = kind_name(*(const enum lt_kind *)place);
        break;
    case FIELD_ID:
        id_write(text, place);
        words = id_empty(place) ? NULL : text;
        break;
    case FIELD_DIGEST:
        hex_write(text, place, sizeof(struct lt_digest));
        words = memcmp(place, &digest_none, sizeof(digest_none)) == 0 ? NULL : text;
        break;
    case FIELD_COUNT:
        number = *(const uint32_t *)place;
        break;
    case FIELD_SIZE:
    case FIELD_TIME:
        number = *(const uint64_t *)place;
        break;
    }
    bool is_number =
        field->type == FIELD_COUNT || field->type == FIELD_SIZE || field->type == FIELD_TIME;
    *ret_absent = is_number ? number == 0 : words == NULL || words[0] == '\0';
    if (*ret_absent) {
        return NULL;
    }
    return is_number ? json_integer((json_int_t)number) : json_string(words);
}

bool fields_write(const struct field_table *table, json_t *object, const void *base)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        bool absent = false;
        json_t *value = field_value(field, (const char *)base + field->offset, &absent);
        if (!absent && json_object_set_new(object, field->name, value) != 0) {
            return false;
        }
    }
    return true;
}
