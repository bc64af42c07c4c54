/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From what the local software says to what the wire says. Field by field and without judgement:
 * the rules of a header are header_check's, which the broker runs as well, so that a mistake is
 * named here in the same words.
 *
 * The only judgement made here is about memory: lists longer than their limit are refused before
 * anything is copied. An absent creation time is now; an absent content digest is computed.
 */
#include <string.h>

#include "content.h"
#include "proto/base/fault.h"
#include "proto/base/text.h"
#include "request.h"

#define SCHEMA_VERSION 1

static enum lt_status counts_check(const struct lt_request *request, struct fault *fault)
{
    uint32_t attachments_max = LT_ATTACHMENTS_MAX - (request->body.size > LT_BODY_INLINE_MAX);
    if (request->to_count > LT_LEGS_MAX) {
        return fault_set(fault, LT_LEGS_TOO_MANY, "to", "%u, at most %d", request->to_count,
                         LT_LEGS_MAX);
    }
    if (request->aliases_count > LT_ALIASES_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "aliases", "%u, at most %d", request->aliases_count,
                         LT_ALIASES_MAX);
    }
    if (request->attachments_count > attachments_max) {
        return fault_set(fault, LT_ATTACHMENT_BAD, "attachments", "%u, at most %u",
                         request->attachments_count, attachments_max);
    }
    if (request->body.size > (uint64_t)LT_ATTACHMENT_BYTES_MAX) {
        return fault_set(fault, LT_BODY_TOO_LARGE, "body", "%zu bytes, at most %lld",
                         request->body.size, LT_ATTACHMENT_BYTES_MAX);
    }
    return LT_OK;
}

static enum lt_status texts_copy(struct arena *arena, const char *const *texts, uint32_t count,
                                 struct lt_bytes **ret_list)
{
    struct lt_bytes *list = arena_alloc(arena, (count + 1) * sizeof(*list));
    if (list == NULL) {
        return LT_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        list[i] = text_bytes(texts[i]);
    }
    *ret_list = list;
    return LT_OK;
}

static enum lt_status attachments_copy(struct arena *arena, const struct lt_request *request,
                                       struct header *header)
{
    uint32_t first = header->body_attached ? 1 : 0;
    uint32_t count = request->attachments_count + first;
    struct attachment *list = arena_zalloc(arena, (count + 1) * sizeof(*list));
    if (list == NULL) {
        return LT_NO_MEMORY;
    }
    if (header->body_attached) {
        list[0] = (struct attachment){.sha256 = header->body_sha256, .size = header->body_size};
    }
    for (uint32_t i = 0; i < request->attachments_count; i++) {
        const struct lt_attachment *one = &request->attachments[i];
        list[first + i] = (struct attachment){.sha256 = one->sha256,
                                              .size = one->size,
                                              .component = text_bytes(one->component),
                                              .name = text_bytes(one->name)};
    }
    header->attachments = list;
    header->attachments_count = count;
    return LT_OK;
}

static struct business business_of(const struct lt_request *request)
{
    const struct lt_business *from = &request->business;
    if (!request->business_present) {
        return (struct business){.present = false};
    }
    return (struct business){
        .present = true,
        .status = from->status,
        .event_ms = from->event_ms,
        .received_ms = from->received_ms,
        .channel = from->channel,
        .promised_old_ms = from->promised_old_ms,
        .promised_new_ms = from->promised_new_ms,
        .pause_reason = text_bytes(from->pause_reason),
        .supplement_due_ms = from->supplement_due_ms,
        .handing_officer = text_bytes(from->handing_officer),
        .handing_unit = text_bytes(from->handing_unit),
        .receiving_officer = text_bytes(from->receiving_officer),
        .receiving_unit = text_bytes(from->receiving_unit),
        .return_method = from->return_method,
        .return_place = text_bytes(from->return_place),
        .copies = from->copies,
        .digitised = from->digitised,
        .e_result = from->e_result,
        .paid_online = from->paid_online,
        .assisted = from->assisted,
        .mobile_reception = from->mobile_reception,
        .representative = from->representative,
    };
}

static enum lt_status procedure_copy(struct arena *arena, const struct lt_request *request,
                                     struct header *header)
{
    char *normal = arena_alloc(arena, LT_PROCEDURE_MAX + 1);
    if (normal == NULL) {
        return LT_NO_MEMORY;
    }
    header->procedure_raw = text_bytes(request->procedure);
    procedure_normalise(normal, LT_PROCEDURE_MAX + 1, header->procedure_raw);
    header->procedure = text_bytes(normal);
    return LT_OK;
}

static void body_describe(const struct lt_request *request, struct digester *digester,
                          struct header *header)
{
    header->body_type = text_bytes(request->body_type);
    header->body_size = request->body.size;
    header->body_attached = request->body.size > LT_BODY_INLINE_MAX;
    if (request->body.size > 0) {
        header->body_sha256 = digest_of(digester, request->body);
    }
}

enum lt_status request_header(const struct lt_request *request, const char *agency, int64_t now_ms,
                              struct digester *digester, struct arena *arena,
                              struct header *ret_header, struct fault *fault)
{
    enum lt_status status = counts_check(request, fault);
    if (status != LT_OK) {
        return status;
    }
    struct header header = {
        .sender_key = request->sender_key,
        .kind = request->kind,
        .from = text_bytes(agency),
        .to_count = request->to_count,
        .locality = text_bytes(request->locality),
        .case_code = text_bytes(request->case_code),
        .aliases_count = request->aliases_count,
        .task = {.present = request->task_present,
                 .lead = request->task_lead,
                 .parallel = request->task_parallel,
                 .task_id = text_bytes(request->task_id),
                 .deadline_ms = request->task_deadline_ms},
        .reply_to = request->reply_to,
        .priority = request->priority,
        .created_ms = request->created_ms != 0 ? request->created_ms : now_ms,
        .schema_version = SCHEMA_VERSION,
        .traceparent = text_bytes(request->traceparent),
        .business = business_of(request),
    };
    body_describe(request, digester, &header);
    status = texts_copy(arena, request->to, request->to_count, &header.to);
    if (status == LT_OK) {
        status = texts_copy(arena, request->aliases, request->aliases_count, &header.aliases);
    }
    if (status == LT_OK) {
        status = attachments_copy(arena, request, &header);
    }
    if (status == LT_OK) {
        status = procedure_copy(arena, request, &header);
    }
    if (status != LT_OK) {
        return status;
    }
    header.content_digest = digest_empty(&request->content_digest)
                                ? content_digest(digester, &header)
                                : request->content_digest;
    *ret_header = header;
    return LT_OK;
}
