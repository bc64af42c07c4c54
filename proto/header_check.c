/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a header must say before anyone looks at registry or journal. The sender's SDK and the
 * broker run the same rules, so that a mistake is named where it can be mended and the broker
 * refuses only what came by another way. Pure: time is a parameter, nothing is allocated.
 *
 * The first rule that is broken is the answer; the fault names the field as in the schema, the
 * value and the limit. The rules stand in LTP.md, "Header", in the same order.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "digest.h"
#include "header_check.h"

#define DAY_MS            (24LL * 60 * 60 * 1000)
#define ID_AGE_MS_MAX     (400 * DAY_MS)
#define ID_FUTURE_MS_MAX  (1 * DAY_MS)
#define SCHEMA_VERSION    1
#define PRIORITY_MAX      4
#define STATUS_MAX        10
#define CHANNEL_MAX       3
#define RETURN_METHOD_MAX 3

static enum lt_status missing(struct fault *fault, const char *field)
{
    return fault_set(fault, LT_FIELD_MISSING, field, "required");
}

static enum lt_status text_check(struct fault *fault, const char *field, struct lt_bytes text,
                                 size_t size_max)
{
    if (text.size > size_max) {
        return fault_set(fault, LT_FIELD_BAD, field, "%zu bytes, at most %zu", text.size, size_max);
    }
    if (!utf8_valid(text)) {
        return fault_set(fault, LT_TEXT_BAD, field, "NUL or bad UTF-8");
    }
    return LT_OK;
}

static enum lt_status number_check(struct fault *fault, const char *field, uint32_t number,
                                   uint32_t most)
{
    if (number > most) {
        return fault_set(fault, LT_FIELD_BAD, field, "%" PRIu32 ", at most %" PRIu32, number, most);
    }
    return LT_OK;
}

static enum lt_status time_check(struct fault *fault, const char *field, int64_t time_ms)
{
    if (time_ms < 0) {
        return fault_set(fault, LT_FIELD_BAD, field, "%" PRId64 ", before 1970", time_ms);
    }
    return LT_OK;
}

static enum lt_status agency_check(struct fault *fault, const char *field, struct lt_bytes agency)
{
    if (!agency_id_valid(agency)) {
        return fault_set(fault, LT_FIELD_BAD, field, "not an agency id: 1 to %d of [0-9A-Z.]",
                         LT_AGENCY_ID_MAX);
    }
    return LT_OK;
}

static enum lt_status id_check(const struct lt_id *id, int64_t now_ms, struct fault *fault)
{
    if (id_empty(id)) {
        return missing(fault, "id");
    }
    int64_t time_ms = id_time_ms(id);
    if (time_ms < 0) {
        return fault_set(fault, LT_FIELD_BAD, "id", "not a UUID of version 7");
    }
    if (time_ms < now_ms - ID_AGE_MS_MAX || time_ms > now_ms + ID_FUTURE_MS_MAX) {
        char text[TIME_TEXT_BYTES];
        time_write(text, time_ms);
        return fault_set(fault, LT_ID_TIME, "id", "%s, allowed are 400 days back and 1 day ahead",
                         text);
    }
    return LT_OK;
}

/* Who asks for what: id, sender key, content digest, kind, from, version, times. */
static enum lt_status identity_check(const struct header *header, int64_t now_ms,
                                     struct fault *fault)
{
    enum lt_status status = id_check(&header->id, now_ms, fault);
    if (status != LT_OK) {
        return status;
    }
    if (header->sender_key.size == 0 || header->sender_key.size > LT_SENDER_KEY_MAX) {
        return fault_set(fault, LT_SENDER_KEY_BAD, "sender_key", "%zu bytes; 1 to %d are allowed",
                         header->sender_key.size, LT_SENDER_KEY_MAX);
    }
    if (digest_empty(&header->content_digest)) {
        return missing(fault, "content_digest");
    }
    if (header->kind <= LT_KIND_NONE || header->kind >= LT_KINDS_END) {
        return fault_set(fault, LT_FIELD_BAD, "kind", "%d, allowed are 1 to %d", (int)header->kind,
                         LT_KINDS_END - 1);
    }
    if (header->from.size == 0) {
        return missing(fault, "from");
    }
    status = agency_check(fault, "from", header->from);
    if (status != LT_OK) {
        return status;
    }
    if (header->schema_version != SCHEMA_VERSION) {
        return fault_set(fault, LT_FIELD_BAD, "schema_version", "%" PRIu32 ", spoken is %d",
                         header->schema_version, SCHEMA_VERSION);
    }
    if (header->created_ms == 0) {
        return missing(fault, "created_ms");
    }
    status = time_check(fault, "created_ms", header->created_ms);
    if (status != LT_OK) {
        return status;
    }
    return time_check(fault, "handed_over_ms", header->handed_over_ms);
}

static enum lt_status receivers_check(const struct header *header, struct fault *fault)
{
    if (header->to_count > LT_LEGS_MAX) {
        return fault_set(fault, LT_LEGS_TOO_MANY, "to", "%" PRIu32 ", at most %d", header->to_count,
                         LT_LEGS_MAX);
    }
    for (uint32_t i = 0; i < header->to_count; i++) {
        enum lt_status status = agency_check(fault, "to", header->to[i]);
        if (status != LT_OK) {
            return status;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (bytes_equal(header->to[i], header->to[j])) {
                return fault_set(fault, LT_FIELD_BAD, "to", "%.*s is named twice",
                                 (int)header->to[i].size, (const char *)header->to[i].data);
            }
        }
    }
    return LT_OK;
}

static enum lt_status case_check(const struct header *header, struct fault *fault)
{
    if (header->case_code.size == 0) {
        return missing(fault, "case_code");
    }
    enum lt_status status = text_check(fault, "case_code", header->case_code, LT_CASE_CODE_MAX);
    if (status != LT_OK) {
        return status;
    }
    if (header->aliases_count > LT_ALIASES_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "aliases", "%" PRIu32 ", at most %d",
                         header->aliases_count, LT_ALIASES_MAX);
    }
    for (uint32_t i = 0; i < header->aliases_count; i++) {
        if (header->aliases[i].size == 0) {
            return fault_set(fault, LT_FIELD_BAD, "aliases", "an empty code");
        }
        status = text_check(fault, "aliases", header->aliases[i], LT_CASE_CODE_MAX);
        if (status != LT_OK) {
            return status;
        }
    }
    if (!id_empty(&header->after) && memcmp(&header->after, &header->id, sizeof(header->id)) == 0) {
        return fault_set(fault, LT_FIELD_BAD, "after", "the transfer itself");
    }
    if (memcmp(&header->reply_to, &header->id, sizeof(header->id)) == 0) {
        return fault_set(fault, LT_FIELD_BAD, "reply_to", "the transfer itself");
    }
    return LT_OK;
}

static enum lt_status procedure_check(const struct header *header, struct fault *fault)
{
    char normal[LT_PROCEDURE_MAX + 1];
    enum lt_status status =
        text_check(fault, "procedure_raw", header->procedure_raw, LT_PROCEDURE_MAX);
    if (status != LT_OK) {
        return status;
    }
    procedure_normalise(normal, sizeof(normal), header->procedure_raw);
    if (!bytes_equal(header->procedure, text_bytes(normal))) {
        return fault_set(fault, LT_FIELD_BAD, "procedure", "procedure_raw gives \"%s\"", normal);
    }
    return LT_OK;
}

struct text_rule {
    const char *field;
    struct lt_bytes text;
    size_t size_max;
};

static enum lt_status texts_check(const struct text_rule *rules, size_t count, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        enum lt_status status = text_check(fault, rules[i].field, rules[i].text, rules[i].size_max);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

static enum lt_status details_check(const struct header *header, struct fault *fault)
{
    const struct text_rule rules[] = {
        {"locality", header->locality, LT_LOCALITY_MAX},
        {"task.task_id", header->task.task_id, LT_TASK_ID_MAX},
        {"body_type", header->body_type, LT_BODY_TYPE_MAX},
        {"traceparent", header->traceparent, LT_TRACEPARENT_MAX},
    };
    enum lt_status status = texts_check(rules, sizeof(rules) / sizeof(rules[0]), fault);
    if (status != LT_OK) {
        return status;
    }
    status = number_check(fault, "priority", header->priority, PRIORITY_MAX);
    if (status != LT_OK) {
        return status;
    }
    return time_check(fault, "task.deadline_ms", header->task.deadline_ms);
}

static enum lt_status attachment_check(const struct header *header, uint32_t at,
                                       struct fault *fault)
{
    const struct attachment *one = &header->attachments[at];
    if (digest_empty(&one->sha256)) {
        return fault_set(fault, LT_ATTACHMENT_BAD, "attachments.sha256", "required");
    }
    if (one->size == 0 || one->size > (uint64_t)LT_ATTACHMENT_BYTES_MAX) {
        return fault_set(fault, LT_ATTACHMENT_BAD, "attachments.size",
                         "%" PRIu64 " bytes; 1 to %lld are allowed", one->size,
                         LT_ATTACHMENT_BYTES_MAX);
    }
    for (uint32_t i = 0; i < at; i++) {
        if (digest_equal(&one->sha256, &header->attachments[i].sha256)) {
            return fault_set(fault, LT_ATTACHMENT_BAD, "attachments.sha256", "named twice");
        }
    }
    const struct text_rule rules[] = {
        {"attachments.component", one->component, LT_COMPONENT_MAX},
        {"attachments.name", one->name, LT_FILE_NAME_MAX},
    };
    return texts_check(rules, sizeof(rules) / sizeof(rules[0]), fault);
}

static enum lt_status attachments_check(const struct header *header, struct fault *fault)
{
    if (header->attachments_count > LT_ATTACHMENTS_MAX) {
        return fault_set(fault, LT_ATTACHMENT_BAD, "attachments", "%" PRIu32 ", at most %d",
                         header->attachments_count, LT_ATTACHMENTS_MAX);
    }
    for (uint32_t i = 0; i < header->attachments_count; i++) {
        enum lt_status status = attachment_check(header, i, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    if (!header->body_attached) {
        return LT_OK;
    }
    if (header->attachments_count == 0 ||
        !digest_equal(&header->attachments[0].sha256, &header->body_sha256) ||
        header->attachments[0].size != header->body_size) {
        return fault_set(fault, LT_ATTACHMENT_BAD, "body_attached",
                         "the first attachment is not the body");
    }
    return LT_OK;
}

static enum lt_status business_check(const struct business *business, struct fault *fault)
{
    const struct text_rule rules[] = {
        {"business.pause_reason", business->pause_reason, LT_REASON_MAX},
        {"business.handing_officer", business->handing_officer, LT_OFFICER_MAX},
        {"business.handing_unit", business->handing_unit, LT_PLACE_MAX},
        {"business.receiving_officer", business->receiving_officer, LT_OFFICER_MAX},
        {"business.receiving_unit", business->receiving_unit, LT_PLACE_MAX},
        {"business.return_place", business->return_place, LT_PLACE_MAX},
    };
    const struct {
        const char *field;
        uint32_t number;
        uint32_t most;
    } numbers[] = {
        {"business.status", business->status, STATUS_MAX},
        {"business.channel", business->channel, CHANNEL_MAX},
        {"business.return_method", business->return_method, RETURN_METHOD_MAX},
    };
    const struct {
        const char *field;
        int64_t time_ms;
    } times[] = {
        {"business.event_ms", business->event_ms},
        {"business.received_ms", business->received_ms},
        {"business.promised_old_ms", business->promised_old_ms},
        {"business.promised_new_ms", business->promised_new_ms},
        {"business.supplement_due_ms", business->supplement_due_ms},
    };
    enum lt_status status = texts_check(rules, sizeof(rules) / sizeof(rules[0]), fault);
    for (size_t i = 0; status == LT_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        status = number_check(fault, numbers[i].field, numbers[i].number, numbers[i].most);
    }
    for (size_t i = 0; status == LT_OK && i < sizeof(times) / sizeof(times[0]); i++) {
        status = time_check(fault, times[i].field, times[i].time_ms);
    }
    return status;
}

enum lt_status header_check(const struct header *header, int64_t now_ms, struct fault *fault)
{
    enum lt_status status = identity_check(header, now_ms, fault);
    if (status != LT_OK) {
        return status;
    }
    status = receivers_check(header, fault);
    if (status != LT_OK) {
        return status;
    }
    status = case_check(header, fault);
    if (status != LT_OK) {
        return status;
    }
    status = procedure_check(header, fault);
    if (status != LT_OK) {
        return status;
    }
    status = details_check(header, fault);
    if (status != LT_OK) {
        return status;
    }
    status = attachments_check(header, fault);
    if (status != LT_OK) {
        return status;
    }
    return business_check(&header->business, fault);
}

/* The body inside the parcel against what the header says of it. */
static enum lt_status body_check(struct digester *digester, const struct parcel *parcel,
                                 const struct header *header, struct fault *fault)
{
    if (header->body_attached) {
        return parcel->body.size == 0 ? LT_OK
                                      : fault_set(fault, LT_FIELD_BAD, "body_attached",
                                                  "a body came inline all the same");
    }
    if (parcel->body.size != header->body_size) {
        return fault_set(fault, LT_FIELD_BAD, "body_size", "%" PRIu64 " declared, %zu came",
                         header->body_size, parcel->body.size);
    }
    if (parcel->body.size == 0 && digest_empty(&header->body_sha256)) {
        return LT_OK;
    }
    struct lt_digest found = digest_of(digester, parcel->body);
    if (!digest_equal(&found, &header->body_sha256)) {
        char text[2 * sizeof(found.bytes) + 1];
        hex_write(text, found.bytes, sizeof(found.bytes));
        return fault_set(fault, LT_DIGEST_WRONG, "body_sha256", "the body gives %s", text);
    }
    return LT_OK;
}

enum lt_status parcel_check(struct digester *digester, const struct parcel *parcel,
                            const struct header *header, struct fault *fault)
{
    if (parcel->header.size > LT_HEADER_BYTES_MAX) {
        return fault_set(fault, LT_HEADER_BAD, "header", "%zu bytes, at most %d",
                         parcel->header.size, LT_HEADER_BYTES_MAX);
    }
    if (parcel->body.size > LT_BODY_INLINE_MAX) {
        return fault_set(fault, LT_BODY_TOO_LARGE, "body", "%zu bytes, at most %d",
                         parcel->body.size, LT_BODY_INLINE_MAX);
    }
    struct lt_digest found = digest_of_two(digester, parcel->header, parcel->body);
    if (!digest_equal(&found, &parcel->digest)) {
        char text[2 * sizeof(found.bytes) + 1];
        hex_write(text, found.bytes, sizeof(found.bytes));
        return fault_set(fault, LT_DIGEST_WRONG, "digest", "header and body give %s", text);
    }
    return body_check(digester, parcel, header, fault);
}
