/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The message door, headers: the clear and signed part of a transfer, to struct header and back. A
 * header is read on its own (it lies inside a parcel as opaque bytes, because those bytes are what
 * is hashed, stored and forwarded) and written once in its life, by the sender.
 *
 * A header that cannot be read is a decision on one parcel, so whatever the pre-scan says of its
 * shape comes out as LT_HEADER_BAD; only bad texts and values keep their own code. Its meaning is
 * checked in header_check.c.
 */
#include <string.h>

#include "message_private.h"
#include "prescan.h"

static struct lt_bytes *texts_from(struct packing *packing, char *const *wire, size_t count,
                                   uint32_t *ret_count)
{
    struct lt_bytes *texts = count > 0 ? packing_alloc(packing, count * sizeof(*texts)) : NULL;
    *ret_count = texts ? (uint32_t)count : 0;
    for (uint32_t i = 0; i < *ret_count; i++) {
        texts[i] = text_from(wire[i]);
    }
    return texts;
}

static struct attachment *attachments_from(struct packing *packing, const LTP(Header) *wire,
                                           uint32_t *ret_count)
{
    size_t count = wire->n_attachments;
    struct attachment *attachments = NULL;
    if (count > 0) {
        attachments = packing_alloc(packing, count * sizeof(*attachments));
    }
    *ret_count = attachments ? (uint32_t)count : 0;
    for (uint32_t i = 0; i < *ret_count; i++) {
        const LTP(Attachment) *from = wire->attachments[i];
        attachments[i] = (struct attachment){digest_from(from->sha256), from->size,
                                             text_from(from->component), text_from(from->name)};
    }
    return attachments;
}

static struct task task_from(const LTP(Task) *wire)
{
    if (!wire) {
        return (struct task){0};
    }
    return (struct task){
        .present = true,
        .lead = wire->lead,
        .parallel = wire->parallel,
        .task_id = text_from(wire->task_id),
        .deadline_ms = wire->deadline_ms,
    };
}

static struct business business_from(const LTP(Business) *wire)
{
    if (!wire) {
        return (struct business){0};
    }
    return (struct business){
        .present = true,
        .status = wire->status,
        .event_ms = wire->event_ms,
        .received_ms = wire->received_ms,
        .channel = wire->channel,
        .promised_old_ms = wire->promised_old_ms,
        .promised_new_ms = wire->promised_new_ms,
        .pause_reason = text_from(wire->pause_reason),
        .supplement_due_ms = wire->supplement_due_ms,
        .handing_officer = text_from(wire->handing_officer),
        .handing_unit = text_from(wire->handing_unit),
        .receiving_officer = text_from(wire->receiving_officer),
        .receiving_unit = text_from(wire->receiving_unit),
        .return_method = wire->return_method,
        .return_place = text_from(wire->return_place),
        .copies = wire->copies,
        .digitised = wire->digitised,
        .e_result = wire->e_result,
        .paid_online = wire->paid_online,
        .assisted = wire->assisted,
        .mobile_reception = wire->mobile_reception,
        .representative = wire->representative,
    };
}

static struct header header_from(struct packing *packing, const LTP(Header) *wire)
{
    struct header header = {
        .id = id_from(wire->id),
        .sender_key = bytes_from(wire->sender_key),
        .content_digest = digest_from(wire->content_digest),
        .kind = (enum lt_kind)wire->kind,
        .from = text_from(wire->from),
        .locality = text_from(wire->locality),
        .case_code = text_from(wire->case_code),
        .after = id_from(wire->after),
        .procedure_raw = text_from(wire->procedure_raw),
        .procedure = text_from(wire->procedure),
        .task = task_from(wire->task),
        .reply_to = id_from(wire->reply_to),
        .priority = wire->priority,
        .created_ms = wire->created_ms,
        .handed_over_ms = wire->handed_over_ms,
        .skew_ms = wire->skew_ms,
        .schema_version = wire->schema_version,
        .body_type = text_from(wire->body_type),
        .body_sha256 = digest_from(wire->body_sha256),
        .body_size = wire->body_size,
        .traceparent = text_from(wire->traceparent),
        .business = business_from(wire->business),
        .body_attached = wire->body_attached,
    };
    header.to = texts_from(packing, wire->to, wire->n_to, &header.to_count);
    header.aliases = texts_from(packing, wire->aliases, wire->n_aliases, &header.aliases_count);
    header.attachments = attachments_from(packing, wire, &header.attachments_count);
    return header;
}

static enum lt_status refusal_of(enum lt_status status)
{
    switch (status) {
    case LT_TEXT_BAD:
    case LT_FIELD_BAD:
    case LT_NO_MEMORY:
        return status;
    default:
        return LT_HEADER_BAD;
    }
}

enum lt_status header_read(struct lt_bytes bytes, struct arena *arena, struct header *ret_header,
                           struct fault *fault)
{
    struct packing packing;
    struct fault inner;
    fault_init(&inner);
    if (bytes.size == 0 || bytes.size > LT_HEADER_BYTES_MAX) {
        return fault_set(fault, LT_HEADER_BAD, "header", "%zu bytes; 1 to %d are allowed",
                         bytes.size, LT_HEADER_BYTES_MAX);
    }
    enum lt_status status = prescan(PRESCAN_HEADER, bytes, &inner);
    if (status != LT_OK) {
        return fault_set(fault, refusal_of(status), inner.field, "%s", inner.detail);
    }
    packing_init(&packing, arena);
    struct header header;
    LTP(Header) *wire = message_unpack(&packing, &lienthong__v1__header__descriptor, bytes);
    if (wire) {
        header = header_from(&packing, wire);
    }
    if (packing.status != LT_OK) {
        return fault_set(fault, refusal_of(packing.status), "header",
                         "the decoder refused %zu bytes", bytes.size);
    }
    *ret_header = header;
    return LT_OK;
}

/* ---- writing ---- */

static char **texts_into(struct packing *packing, const struct lt_bytes *texts, uint32_t count,
                         size_t *ret_count)
{
    char **wire = message_list(packing, count);
    for (uint32_t i = 0; wire && i < count; i++) {
        wire[i] = text_into(packing, texts[i]);
        *ret_count = i + 1;
    }
    return wire;
}

static void attachments_into(struct packing *packing, const struct header *header,
                             LTP(Header) *ret_wire)
{
    ret_wire->attachments = message_list(packing, header->attachments_count);
    for (uint32_t i = 0; ret_wire->attachments && i < header->attachments_count; i++) {
        const struct attachment *from = &header->attachments[i];
        LTP(Attachment) *item = LTP_NEW(packing, attachment);
        if (!item) {
            return;
        }
        item->sha256 = digest_into(&from->sha256);
        item->size = from->size;
        item->component = text_into(packing, from->component);
        item->name = text_into(packing, from->name);
        ret_wire->attachments[i] = item;
        ret_wire->n_attachments = i + 1;
    }
}

static LTP(Task) *task_into(struct packing *packing, const struct task *task)
{
    LTP(Task) *wire = task->present ? LTP_NEW(packing, task) : NULL;
    if (wire) {
        wire->lead = task->lead;
        wire->parallel = task->parallel;
        wire->task_id = text_into(packing, task->task_id);
        wire->deadline_ms = task->deadline_ms;
    }
    return wire;
}

static LTP(Business) *business_into(struct packing *packing, const struct business *business)
{
    LTP(Business) *wire = business->present ? LTP_NEW(packing, business) : NULL;
    if (!wire) {
        return NULL;
    }
    wire->status = business->status;
    wire->event_ms = business->event_ms;
    wire->received_ms = business->received_ms;
    wire->channel = business->channel;
    wire->promised_old_ms = business->promised_old_ms;
    wire->promised_new_ms = business->promised_new_ms;
    wire->pause_reason = text_into(packing, business->pause_reason);
    wire->supplement_due_ms = business->supplement_due_ms;
    wire->handing_officer = text_into(packing, business->handing_officer);
    wire->handing_unit = text_into(packing, business->handing_unit);
    wire->receiving_officer = text_into(packing, business->receiving_officer);
    wire->receiving_unit = text_into(packing, business->receiving_unit);
    wire->return_method = business->return_method;
    wire->return_place = text_into(packing, business->return_place);
    wire->copies = business->copies;
    wire->digitised = business->digitised;
    wire->e_result = business->e_result;
    wire->paid_online = business->paid_online;
    wire->assisted = business->assisted;
    wire->mobile_reception = business->mobile_reception;
    wire->representative = business->representative;
    return wire;
}

static void header_into(struct packing *packing, const struct header *header, LTP(Header) *ret_wire)
{
    ret_wire->id = id_into(&header->id);
    ret_wire->sender_key = bytes_into(header->sender_key);
    ret_wire->content_digest = digest_into(&header->content_digest);
    ret_wire->kind = (LTP(Kind))header->kind;
    ret_wire->from = text_into(packing, header->from);
    ret_wire->to = texts_into(packing, header->to, header->to_count, &ret_wire->n_to);
    ret_wire->locality = text_into(packing, header->locality);
    ret_wire->case_code = text_into(packing, header->case_code);
    ret_wire->aliases =
        texts_into(packing, header->aliases, header->aliases_count, &ret_wire->n_aliases);
    ret_wire->after = id_into(&header->after);
    ret_wire->procedure_raw = text_into(packing, header->procedure_raw);
    ret_wire->procedure = text_into(packing, header->procedure);
    ret_wire->task = task_into(packing, &header->task);
    ret_wire->reply_to = id_into(&header->reply_to);
    ret_wire->priority = header->priority;
    ret_wire->created_ms = header->created_ms;
    ret_wire->handed_over_ms = header->handed_over_ms;
    ret_wire->skew_ms = header->skew_ms;
    ret_wire->schema_version = header->schema_version;
    ret_wire->body_type = text_into(packing, header->body_type);
    ret_wire->body_sha256 = digest_into(&header->body_sha256);
    ret_wire->body_size = header->body_size;
    attachments_into(packing, header, ret_wire);
    ret_wire->traceparent = text_into(packing, header->traceparent);
    ret_wire->business = business_into(packing, &header->business);
    ret_wire->body_attached = header->body_attached;
}

enum lt_status header_write(const struct header *header, struct arena *arena,
                            struct lt_bytes *ret_bytes)
{
    struct packing packing;
    struct lt_bytes bytes;
    LTP(Header) wire;
    packing_init(&packing, arena);
    lienthong__v1__header__init(&wire);
    header_into(&packing, header, &wire);
    enum lt_status status = message_pack(&packing, &wire.base, LT_HEADER_BYTES_MAX, &bytes);
    if (status != LT_OK) {
        return status == LT_FRAME_TOO_LARGE ? LT_HEADER_BAD : status;
    }
    status = prescan(PRESCAN_HEADER, bytes, NULL);
    if (status != LT_OK) {
        return refusal_of(status);
    }
    *ret_bytes = bytes;
    return LT_OK;
}
