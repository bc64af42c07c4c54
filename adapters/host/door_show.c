/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the local doors show: sent transfers, events, deliveries, refusals, the state of a client.
 * Each is one JSON object under the names that openapi.yaml gives; lists carry the cursor to go on
 * from, so that a reader who crashes reads the same page again.
 *
 * Times are milliseconds since 1970 in keys that end in _ms. A body goes out as the very bytes that
 * came in, spliced into the answer, because an answer that spells a number otherwise would not
 * match the body's digest any more. What is not valid JSON travels as base64.
 *
 * Every function gives a text to free, or NULL when memory ran out.
 */
#include <stdlib.h>
#include <string.h>

#include "door_fields.h"
#include "door_json.h"
#include "door_private.h"
#include "json_scan.h"
#include "proto/base/base64.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "proto/seal.h"
#include "text_out.h"

#define ARENA_CHUNK_BYTES (64 * 1024)
#define ARENA_BYTES_MAX   (1024 * 1024)

/* ---- small pieces; each false when memory ran out ---- */

static bool number_add(json_t *object, const char *name, int64_t number)
{
    return json_object_set_new(object, name, json_integer(number)) == 0;
}

static bool flag_add(json_t *object, const char *name, bool flag)
{
    return json_object_set_new(object, name, json_boolean(flag)) == 0;
}

/* Absent when empty; bytes that are no text are shown as hex under NAME_hex. */
static bool text_add(json_t *object, const char *name, struct lt_bytes text)
{
    if (text.size == 0) {
        return true;
    }
    if (utf8_valid(text)) {
        return json_object_set_new(object, name,
                                   json_stringn((const char *)text.data, text.size)) == 0;
    }
    char hex[2 * LT_SENDER_KEY_MAX + 1];
    char name_hex[32];
    size_t size = text.size < LT_SENDER_KEY_MAX ? text.size : LT_SENDER_KEY_MAX;
    hex_write(hex, text.data, size);
    snprintf(name_hex, sizeof(name_hex), "%s_hex", name);
    return json_object_set_new(object, name_hex, json_string(hex)) == 0;
}

static bool words_add(json_t *object, const char *name, const char *text)
{
    return text_add(object, name, text_bytes(text));
}

static bool id_add(json_t *object, const char *name, const struct lt_id *id)
{
    char text[ID_TEXT_BYTES];
    id_write(text, id);
    return id_empty(id) || json_object_set_new(object, name, json_string(text)) == 0;
}

static bool digest_add(json_t *object, const char *name, const struct lt_digest *digest)
{
    char text[2 * sizeof(digest->bytes) + 1];
    hex_write(text, digest->bytes, sizeof(digest->bytes));
    return digest_empty(digest) || json_object_set_new(object, name, json_string(text)) == 0;
}

/* Code and sentences of a status that is not LT_OK. */
static bool code_add(json_t *object, enum lt_status code)
{
    const struct lt_error *error = lt_error(code);
    if (code == LT_OK) {
        return true;
    }
    return words_add(object, "code", error->code) && words_add(object, "message", error->vi) &&
           words_add(object, "message_en", error->en);
}

/* The object if it is whole, else nothing of it. */
static json_t *kept(json_t *object, bool whole)
{
    if (!whole) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static char *text_of(json_t *object, bool whole)
{
    char *text = whole && object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

/* ---- requests and headers ---- */

static json_t *list_of(const char *const *texts, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        if (json_array_append_new(list, json_string(texts[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *table_of(const struct field_table *table, const void *base)
{
    json_t *object = json_object();
    if (object != NULL && !fields_write(table, object, base)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *attachments_of(const struct lt_attachment *attachments, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        if (json_array_append_new(list, table_of(&fields_of_attachment, &attachments[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *door_request_form(const struct lt_request *request)
{
    json_t *form = table_of(&fields_of_request, request);
    bool whole = form != NULL;
    if (whole && request->to_count > 0) {
        whole = json_object_set_new(form, "to", list_of(request->to, request->to_count)) == 0;
    }
    if (whole && request->aliases_count > 0) {
        json_t *aliases = list_of(request->aliases, request->aliases_count);
        whole = json_object_set_new(form, "aliases", aliases) == 0;
    }
    if (whole && request->task_present) {
        whole = json_object_set_new(form, "task", table_of(&fields_of_task, request)) == 0;
    }
    if (whole && request->business_present) {
        json_t *business = table_of(&fields_of_business, &request->business);
        whole = json_object_set_new(form, "business", business) == 0;
    }
    if (whole && request->attachments_count > 0) {
        json_t *list = attachments_of(request->attachments, request->attachments_count);
        whole = json_object_set_new(form, "attachments", list) == 0;
    }
    return kept(form, whole);
}

/* A header's text with a NUL behind it, in the arena; NULL when it is absent. */
static const char *text_in(struct arena *arena, struct lt_bytes text)
{
    return text.size > 0 ? (const char *)arena_copy(arena, text).data : NULL;
}

static const char **texts_in(struct arena *arena, const struct lt_bytes *texts, uint32_t count)
{
    const char **list = arena_alloc(arena, (count + 1) * sizeof(*list));
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        list[i] = (const char *)arena_copy(arena, texts[i]).data;
        if (list[i] == NULL) {
            return NULL;
        }
    }
    return list;
}

static struct lt_business business_of(struct arena *arena, const struct business *from)
{
    return (struct lt_business){
        .status = from->status,
        .event_ms = from->event_ms,
        .received_ms = from->received_ms,
        .channel = from->channel,
        .promised_old_ms = from->promised_old_ms,
        .promised_new_ms = from->promised_new_ms,
        .pause_reason = text_in(arena, from->pause_reason),
        .supplement_due_ms = from->supplement_due_ms,
        .handing_officer = text_in(arena, from->handing_officer),
        .handing_unit = text_in(arena, from->handing_unit),
        .receiving_officer = text_in(arena, from->receiving_officer),
        .receiving_unit = text_in(arena, from->receiving_unit),
        .return_method = from->return_method,
        .return_place = text_in(arena, from->return_place),
        .copies = from->copies,
        .digitised = from->digitised,
        .e_result = from->e_result,
        .paid_online = from->paid_online,
        .assisted = from->assisted,
        .mobile_reception = from->mobile_reception,
        .representative = from->representative,
    };
}

/* The attachments of a header as the application knows them: not the body that became one. */
static const struct lt_attachment *attachments_in(struct arena *arena, const struct header *header,
                                                  uint32_t *ret_count)
{
    uint32_t skipped = header->body_attached && header->attachments_count > 0 ? 1 : 0;
    uint32_t count = header->attachments_count - skipped;
    struct lt_attachment *list = arena_alloc(arena, (count + 1) * sizeof(*list));
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        const struct attachment *from = &header->attachments[i + skipped];
        list[i] = (struct lt_attachment){from->sha256, from->size, text_in(arena, from->component),
                                         text_in(arena, from->name)};
    }
    *ret_count = list != NULL ? count : 0;
    return list;
}

/* A received header in the shape of a request, so that one writer shows both. */
static enum lt_status request_of(struct arena *arena, const struct header *header,
                                 struct lt_request *request)
{
    *request = (struct lt_request){
        .kind = header->kind,
        .to = texts_in(arena, header->to, header->to_count),
        .to_count = header->to_count,
        .locality = text_in(arena, header->locality),
        .case_code = text_in(arena, header->case_code),
        .aliases = texts_in(arena, header->aliases, header->aliases_count),
        .aliases_count = header->aliases_count,
        .procedure = text_in(arena, header->procedure_raw),
        .task_present = header->task.present,
        .task_lead = header->task.lead,
        .task_parallel = header->task.parallel,
        .task_id = text_in(arena, header->task.task_id),
        .task_deadline_ms = header->task.deadline_ms,
        .reply_to = header->reply_to,
        .priority = header->priority,
        .created_ms = header->created_ms,
        .body_type = text_in(arena, header->body_type),
        .traceparent = text_in(arena, header->traceparent),
        .business_present = header->business.present,
        .business = business_of(arena, &header->business),
    };
    request->attachments = attachments_in(arena, header, &request->attachments_count);
    bool whole = request->to != NULL && request->aliases != NULL && request->attachments != NULL;
    return whole ? LT_OK : LT_NO_MEMORY;
}

/* ---- recalls ---- */

/* The reason as the body of a recall. */
static enum lt_status reason_add(json_t *form, struct lt_bytes text, struct lt_problem *problem)
{
    static const struct field reason_fields[] = {{"reason", FIELD_TEXT, LT_REASON_MAX, 0}};
    static const struct field_table table = {reason_fields, 1};
    const char *reason = NULL;
    json_t *tree = NULL;
    text = json_scan_without_mark(text);
    enum lt_status status = text.size > 0 ? door_tree_read(&tree, text, problem) : LT_OK;
    if (status == LT_OK && tree != NULL) {
        status = fields_read(&table, tree, &reason, "", NULL, problem);
    }
    if (status == LT_OK && reason != NULL && reason[0] != '\0') {
        json_t *body = json_pack("{ss}", "reason", reason);
        status = json_object_set_new(form, "body", body) == 0 ? LT_OK : LT_NO_MEMORY;
    }
    json_decref(tree);
    return status;
}

enum lt_status door_recall_json(const struct lt_id *id, struct lt_bytes header_bytes,
                                struct lt_bytes text, char **ret_text, struct lt_problem *problem)
{
    struct arena arena;
    struct header header;
    struct fault fault;
    struct lt_request request;
    fault_init(&fault);
    if (arena_init(&arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX) != LT_OK) {
        return LT_NO_MEMORY;
    }
    json_t *form = NULL;
    enum lt_status status = header_read(header_bytes, &arena, &header, &fault);
    if (status == LT_OK) {
        status = request_of(&arena, &header, &request);
    }
    if (status == LT_OK) {
        const struct lt_request recall = {
            .kind = LT_KIND_RECALL,
            .to = request.to,
            .to_count = request.to_count,
            .locality = request.locality,
            .case_code = request.case_code,
            .procedure = request.procedure,
            .reply_to = *id,
            .priority = request.priority,
        };
        form = door_request_form(&recall);
        status = form != NULL ? reason_add(form, text, problem) : LT_NO_MEMORY;
    }
    arena_deinit(&arena);
    if (status == LT_OK) {
        *ret_text = json_dumps(form, JSON_COMPACT);
        status = *ret_text != NULL ? LT_OK : LT_NO_MEMORY;
    }
    json_decref(form);
    return status;
}

/* ---- deliveries ---- */

static bool delivery_add(json_t *object, const struct lt_delivery *delivery)
{
    return id_add(object, "id", &delivery->id) && number_add(object, "leg", delivery->leg) &&
           number_add(object, "attempt", delivery->attempt) &&
           flag_add(object, "again", delivery->again) &&
           number_add(object, "accepted_ms", delivery->accepted_ms) &&
           number_add(object, "lease_until_ms", delivery->lease_until_ms) &&
           (!delivery->restored || flag_add(object, "restored", true)) &&
           (!delivery->sent || flag_add(object, "sent", true)) &&
           words_add(object, "from", delivery->from);
}

/* The sender's own seal, and what this adapter knows of it. */
static bool seal_add(json_t *object, const struct lt_delivery *delivery)
{
    struct seal_proof proof;
    char text[BASE64_BYTES(PROOF_BYTES_MAX) + 1];
    if (delivery->seal_state == LT_SEAL_NONE || delivery->seal.size > PROOF_BYTES_MAX ||
        !seal_proof_read(delivery->seal, &proof)) {
        return true;
    }
    base64_write(text, delivery->seal);
    json_t *seal = json_object();
    bool whole = seal != NULL &&
                 flag_add(seal, "checked", delivery->seal_state == LT_SEAL_CHECKED) &&
                 words_add(seal, "algorithm", sign_algorithm_name(proof.seal.algorithm)) &&
                 digest_add(seal, "key_id", &proof.seal.key_id) &&
                 number_add(seal, "batch", proof.seal.batch) &&
                 number_add(seal, "index", proof.index) && words_add(seal, "proof", text);
    return json_object_set_new(object, "seal", kept(seal, whole)) == 0;
}

/* What a received header says beyond a request. */
static bool header_add(json_t *object, const struct header *header)
{
    return text_add(object, "sender_key", header->sender_key) &&
           id_add(object, "after", &header->after) &&
           text_add(object, "procedure_normal", header->procedure) &&
           (header->handed_over_ms == 0 ||
            number_add(object, "handed_over_ms", header->handed_over_ms)) &&
           digest_add(object, "body_sha256", &header->body_sha256) &&
           number_add(object, "body_size", (int64_t)header->body_size);
}

static bool files_add(json_t *form, const char *const *files)
{
    json_t *list = json_object_get(form, "attachments");
    for (size_t i = 0; files != NULL && i < json_array_size(list); i++) {
        json_t *attachment = json_array_get(list, i);
        if (json_object_set_new(attachment, "file", json_string(files[i])) != 0) {
            return false;
        }
    }
    return true;
}

/* The delivery without its body; NULL when memory ran out. */
static json_t *delivery_form(const struct lt_delivery *delivery, struct arena *arena,
                             const char *const *files)
{
    struct header header;
    struct fault fault;
    struct lt_request request;
    json_t *object = json_object();
    fault_init(&fault);
    if (object == NULL || !delivery_add(object, delivery) || !seal_add(object, delivery)) {
        json_decref(object);
        return NULL;
    }
    if (header_read(delivery->header, arena, &header, &fault) != LT_OK) {
        return kept(object, words_add(object, "problem", fault.detail));
    }
    json_t *form = NULL;
    if (request_of(arena, &header, &request) == LT_OK) {
        form = door_request_form(&request);
    }
    bool whole = form != NULL && files_add(form, files) && header_add(form, &header) &&
                 json_object_update(object, form) == 0;
    json_decref(form);
    return kept(object, whole);
}

static bool is_json(const char *body_type, struct lt_bytes body)
{
    if (strstr(body_type, "json") == NULL || !utf8_valid(body) ||
        !json_scan_depth(body, JSON_DEPTH_MAX)) {
        return false;
    }
    json_t *tree = json_loadb((const char *)body.data, body.size,
                              JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
                              NULL); /* only looked at: whole numbers of any length are fine */
    json_decref(tree);
    return tree != NULL;
}

static void body_splice(struct text_out *out, const char *body_type, struct lt_bytes body)
{
    if (body.size == 0) {
        return;
    }
    if (is_json(body_type, body)) {
        text_out_text(out, ",\"body\":");
        text_out_add(out, body.data, body.size);
        return;
    }
    char *text = malloc(BASE64_BYTES(body.size) + 1);
    if (text == NULL) {
        out->failed = true;
        return;
    }
    base64_write(text, body);
    text_out_text(out, ",\"body_base64\":\"");
    text_out_text(out, text);
    text_out_text(out, "\"");
    free(text);
}

char *door_delivery_json(const struct lt_delivery *delivery, const char *const *files)
{
    struct arena arena;
    struct text_out out;
    text_out_init(&out);
    if (arena_init(&arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX) != LT_OK) {
        return NULL;
    }
    json_t *object = delivery_form(delivery, &arena, files);
    arena_deinit(&arena);
    char *head = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    if (head != NULL) {
        const char *body_type = json_string_value(json_object_get(object, "body_type"));
        text_out_add(&out, head, strlen(head) - 1);
        body_splice(&out, body_type != NULL ? body_type : "", delivery->body);
        text_out_text(&out, "}");
    } else {
        out.failed = true;
    }
    free(head);
    json_decref(object);
    return text_out_take(&out, NULL);
}

uint32_t door_attachments(const struct lt_delivery *delivery,
                          struct door_attachment out[LT_ATTACHMENTS_MAX])
{
    struct arena arena;
    struct header header;
    struct fault fault;
    uint32_t count = 0;
    fault_init(&fault);
    if (arena_init(&arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX) != LT_OK) {
        return 0;
    }
    if (header_read(delivery->header, &arena, &header, &fault) == LT_OK) {
        uint32_t first = header.body_attached ? 1 : 0;
        for (uint32_t i = first; i < header.attachments_count && count < LT_ATTACHMENTS_MAX; i++) {
            const struct attachment *from = &header.attachments[i];
            struct door_attachment *to = &out[count++];
            to->sha256 = from->sha256;
            to->size = from->size;
            text_copy(to->component, sizeof(to->component), from->component);
            text_copy(to->name, sizeof(to->name), from->name);
        }
    }
    arena_deinit(&arena);
    return count;
}

/* ---- sent, events ---- */

static const char *const state_names[] = {
    [LT_SENT_RECORDED] = "recorded",
    [LT_SENT_ACCEPTED] = "accepted",
    [LT_SENT_REFUSED] = "refused",
    [LT_SENT_DONE] = "done",
};

const char *door_state_name(enum lt_sent_state state)
{
    return state >= LT_SENT_RECORDED && state <= LT_SENT_DONE ? state_names[state] : "unknown";
}

int door_state_by_name(const char *name)
{
    for (int i = LT_SENT_RECORDED; i <= LT_SENT_DONE; i++) {
        if (strcmp(name, state_names[i]) == 0) {
            return i;
        }
    }
    return 0;
}

static json_t *sent_form(const struct lt_sent *sent)
{
    json_t *object = json_object();
    struct lt_bytes sender_key = {sent->sender_key, sent->sender_key_size};
    const char *kind = kind_name(sent->kind);
    bool whole = object != NULL && id_add(object, "id", &sent->id) &&
                 words_add(object, "state", door_state_name(sent->state)) &&
                 flag_add(object, "known", sent->known) &&
                 number_add(object, "sequence", (int64_t)sent->sequence) &&
                 text_add(object, "sender_key", sender_key) && words_add(object, "kind", kind) &&
                 words_add(object, "case_code", sent->case_code) &&
                 number_add(object, "recorded_ms", sent->recorded_ms) &&
                 (sent->accepted_ms == 0 || number_add(object, "accepted_ms", sent->accepted_ms));
    whole = whole && code_add(object, sent->code) && words_add(object, "field", sent->field) &&
            words_add(object, "detail", sent->detail);
    return kept(object, whole);
}

char *door_sent_json(const struct lt_sent *sent)
{
    return text_of(sent_form(sent), true);
}

static json_t *event_form(const struct lt_event *event)
{
    json_t *object = json_object();
    struct lt_bytes sender_key = {event->sender_key, event->sender_key_size};
    bool whole =
        object != NULL && number_add(object, "cursor", (int64_t)event->cursor) &&
        number_add(object, "time_ms", event->time_ms) && words_add(object, "what", event->what) &&
        id_add(object, "id", &event->id) && number_add(object, "leg", event->leg) &&
        words_add(object, "agency", event->agency) && number_add(object, "level", event->level) &&
        words_add(object, "case_code", event->case_code) &&
        text_add(object, "sender_key", sender_key) && code_add(object, event->code) &&
        words_add(object, "reason", event->reason);
    return kept(object, whole);
}

char *door_event_json(const struct lt_event *event)
{
    return text_of(event_form(event), true);
}

/* {NAME: list, "next": next} */
static char *page_text(const char *name, json_t *list, bool whole, uint64_t next)
{
    json_t *object = json_object();
    if (object == NULL || !whole) {
        json_decref(list);
        json_decref(object);
        return NULL;
    }
    whole =
        json_object_set_new(object, name, list) == 0 && number_add(object, "next", (int64_t)next);
    return text_of(object, whole);
}

char *door_sents_json(const struct lt_sent *sents, uint32_t count, uint64_t after)
{
    json_t *list = json_array();
    bool whole = list != NULL;
    for (uint32_t i = 0; whole && i < count; i++) {
        whole = json_array_append_new(list, sent_form(&sents[i])) == 0;
    }
    return page_text("transfers", list, whole, count > 0 ? sents[count - 1].sequence : after);
}

char *door_events_json(const struct lt_event *events, uint32_t count, uint64_t after)
{
    json_t *list = json_array();
    bool whole = list != NULL;
    for (uint32_t i = 0; whole && i < count; i++) {
        whole = json_array_append_new(list, event_form(&events[i])) == 0;
    }
    return page_text("events", list, whole, count > 0 ? events[count - 1].cursor : after);
}

char *door_list_json(const char *name, char *const *texts, uint32_t count, const char *tail)
{
    struct text_out out;
    text_out_init(&out);
    text_out_format(&out, "{\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++) {
        text_out_text(&out, i > 0 ? "," : "");
        text_out_text(&out, texts[i]);
    }
    text_out_format(&out, "]%s}", tail);
    return text_out_take(&out, NULL);
}

/* ---- problems and state ---- */

static const char *who_name(enum lt_who who)
{
    static const char *const names[] = {
        [LT_WHO_NOBODY] = "nobody",     [LT_WHO_SENDER] = "sender", [LT_WHO_RECEIVER] = "receiver",
        [LT_WHO_OPERATOR] = "operator", [LT_WHO_VENDOR] = "vendor",
    };
    return names[who];
}

uint32_t door_retry_after_s(enum lt_status status)
{
    switch (lt_class(status)) {
    case LT_CLASS_BUSY:
        return 10;
    case LT_CLASS_RETRY:
        return 2;
    default:
        return 0;
    }
}

char *door_problem_json(const struct lt_problem *problem, const struct lt_id *id)
{
    const struct lt_error *error = lt_error(problem->status);
    uint32_t retry_after_s = door_retry_after_s(problem->status);
    char type[64];
    snprintf(type, sizeof(type), "urn:lienthong:error:%s", error->code);
    json_t *object = json_object();
    bool whole =
        object != NULL && words_add(object, "type", type) &&
        words_add(object, "title", error->vi) && words_add(object, "title_en", error->en) &&
        number_add(object, "status", error->http) && words_add(object, "code", error->code) &&
        words_add(object, "field", problem->field) &&
        words_add(object, "detail", problem->detail) &&
        words_add(object, "who", who_name(error->who)) && words_add(object, "do", error->do_vi) &&
        words_add(object, "do_en", error->do_en) &&
        (retry_after_s == 0 || number_add(object, "retry_after", retry_after_s)) &&
        (id == NULL || id_add(object, "id", id));
    return text_of(object, whole);
}

char *door_state_json(const char *agency, const struct lt_client_state *state)
{
    json_t *object = json_object();
    bool whole = object != NULL && words_add(object, "agency", agency) &&
                 flag_add(object, "connected", state->connected) &&
                 flag_add(object, "standby", state->standby) &&
                 flag_add(object, "key_refused", state->key_refused) &&
                 number_add(object, "since_ms", state->since_ms) &&
                 number_add(object, "skew_ms", state->skew_ms) &&
                 number_add(object, "outbox", (int64_t)state->outbox) &&
                 number_add(object, "outbox_bytes", (int64_t)state->outbox_bytes) &&
                 number_add(object, "inbox", (int64_t)state->inbox) &&
                 number_add(object, "unconfirmed", (int64_t)state->unconfirmed) &&
                 number_add(object, "uploads", (int64_t)state->uploads) &&
                 number_add(object, "last_cursor", (int64_t)state->last_cursor) &&
                 number_add(object, "receipts", (int64_t)state->receipts) &&
                 number_add(object, "log_size", (int64_t)state->log_size) &&
                 words_add(object, "log_refused",
                           state->log_refused == LT_OK ? "" : lt_code(state->log_refused)) &&
                 words_add(object, "log_key", state->log_key) &&
                 flag_add(object, "log_pinned", state->log_pinned) &&
                 number_add(object, "log_time_ms", state->log_time_ms) &&
                 number_add(object, "receipts_missing", (int64_t)state->receipts_missing) &&
                 flag_add(object, "receipts_overdue", state->receipts_overdue) &&
                 words_add(object, "last_problem", state->last_problem);
    return text_of(object, whole);
}
