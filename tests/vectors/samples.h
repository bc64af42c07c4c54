/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_VECTORS_SAMPLES_H
#define TESTS_VECTORS_SAMPLES_H

#include <assert.h>
#include <string.h>

#include "proto/base/arena.h"
#include "proto/base/text.h"
#include "proto/frame.h"
#include "vectors/wire_bytes.h"

/*
 * A filled frame of every kind and a filled header. Every value is made from the name its field has
 * in the schema (and a variant, so that two runs differ): who finds value "leg" in field `attempt`
 * has found a swapped pair. Used by the round-trip tests and by the maker of the golden vectors.
 */
#define SAMPLE_ITEMS 2

static inline uint32_t sample_hash(const char *name, unsigned variant)
{
    uint32_t hash = 2166136261u ^ (variant * 2654435761u);
    for (const char *at = name; *at; at++) {
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static inline uint32_t sample_u32(const char *name, unsigned variant)
{
    return sample_hash(name, variant) & 0x7fffffff;
}

static inline uint64_t sample_u64(const char *name, unsigned variant)
{
    return (uint64_t)sample_u32(name, variant) * 1000003;
}

static inline bool sample_bool(const char *name, unsigned variant)
{
    return sample_hash(name, variant) >> 7 & 1;
}

/* Enums: 1, 2 or 3, which all of them have. */
static inline uint32_t sample_enum(const char *name, unsigned variant)
{
    return 1 + sample_hash(name, variant) % 3;
}

static inline struct lt_digest sample_digest(const char *name, unsigned variant)
{
    struct lt_digest digest;
    for (unsigned i = 0; i < sizeof(digest.bytes); i++) {
        digest.bytes[i] = (uint8_t)(sample_hash(name, variant + 100 * i) | 1);
    }
    return digest;
}

static inline struct lt_id sample_id(const char *name, unsigned variant)
{
    struct lt_id id;
    struct lt_digest digest = sample_digest(name, variant);
    memcpy(id.bytes, digest.bytes, sizeof(id.bytes));
    return id;
}

/* "name-variant" */
static inline struct lt_bytes sample_text(struct arena *arena, const char *name, unsigned variant)
{
    size_t size = strlen(name);
    char *text = arena_alloc(arena, size + 3);
    assert(text);
    memcpy(text, name, size);
    text[size] = '-';
    text[size + 1] = (char)('a' + variant % 26);
    text[size + 2] = '\0';
    return (struct lt_bytes){(uint8_t *)text, size + 2};
}

#define N32(name)    sample_u32(name, v)
#define N64(name)    sample_u64(name, v)
#define T64(name)    (int64_t) sample_u64(name, v)
#define FLAG(name)   sample_bool(name, v)
#define TEXT(name)   sample_text(arena, name, v)
#define ID(name)     sample_id(name, v)
#define DIGEST(name) sample_digest(name, v)

static inline struct window sample_window(unsigned v)
{
    return (struct window){N32("parcels"), N64("bytes")};
}

static inline struct ending sample_ending(struct arena *arena, unsigned v)
{
    return (struct ending){N32("code"), TEXT("detail"), N32("retry_after_ms")};
}

static inline struct submit_seal sample_seal(struct arena *arena, unsigned v)
{
    return (struct submit_seal){N32("algorithm"), TEXT("key_id"), TEXT("signature"), N32("batch")};
}

static inline void *sample_items(struct arena *arena, size_t item_bytes)
{
    void *items = arena_zalloc(arena, SAMPLE_ITEMS * item_bytes);
    assert(items);
    return items;
}

static inline void sample_session(struct arena *arena, unsigned v, struct frame *f)
{
    switch (f->kind) {
    case FRAME_HELLO:
        f->hello = (struct hello){N32("protocol_min"),
                                  N32("protocol_max"),
                                  ID("instance"),
                                  N64("epoch"),
                                  (enum frame_role)sample_enum("role", v),
                                  TEXT("software"),
                                  T64("clock_ms"),
                                  N64("notice_cursor"),
                                  TEXT("checkpoint")};
        break;
    case FRAME_WELCOME:
        f->welcome = (struct welcome){
            .version = N32("version"),
            .session = N64("session"),
            .broker_epoch = N64("broker_epoch"),
            .limits = {N32("frame_bytes"), N32("submit_bytes"), N32("parcels"), N32("header_bytes"),
                       N32("body_bytes"), N32("legs"), N32("attachments"), N64("attachment_bytes"),
                       N32("beat_ms"), N32("lease_ms")},
            .submit = sample_window(v),
            .clock_ms = T64("clock_ms"),
            .standby = FLAG("standby"),
            .agency = TEXT("agency"),
            .backed_up_to = N64("backed_up_to"),
            .blob_endpoint = TEXT("blob_endpoint"),
            .incarnation = N32("incarnation"),
            .durable = N64("durable"),
            .restored_to = N64("restored_to"),
            .notice_seq = N64("notice_seq"),
            .run = N64("run"),
            .run_from = N64("run_from"),
            .checkpoint = TEXT("checkpoint"),
            .log_key = TEXT("log_key"),
        };
        break;
    case FRAME_BEAT:
        f->beat = (struct beat){T64("clock_ms"), sample_window(v),    N64("want_bytes"),
                                FLAG("standby"), N64("backed_up_to"), N64("durable")};
        break;
    case FRAME_GRANT:
        f->grant = (struct grant){sample_window(v), N32("notices")};
        break;
    default:
        f->ending = sample_ending(arena, v);
        break;
    }
}

static inline struct submit sample_submit(struct arena *arena, unsigned v)
{
    struct submit submit = {sample_seal(arena, v), sample_items(arena, sizeof(struct parcel)),
                            SAMPLE_ITEMS, N64("want_bytes")};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        submit.parcels[i] = (struct parcel){TEXT("header"), TEXT("body"), DIGEST("digest")};
    }
    return submit;
}

static inline struct verdict sample_verdict(struct arena *arena, unsigned v)
{
    struct verdict verdict = {sample_items(arena, sizeof(struct verdict_item)), SAMPLE_ITEMS,
                              sample_window(v), N64("broker_epoch")};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        verdict.items[i] = (struct verdict_item){
            ID("id"),       N32("code"),   ID("known_as"), N64("position"),
            T64("time_ms"), TEXT("field"), TEXT("detail"), N32("retry_after_ms")};
    }
    return verdict;
}

static inline struct deliver sample_deliver(struct arena *arena, unsigned v)
{
    struct deliver deliver = {sample_items(arena, sizeof(struct delivery)), SAMPLE_ITEMS};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        deliver.items[i] = (struct delivery){
            TEXT("header"),     TEXT("body"),  N64("position"),  N32("leg"),       N32("attempt"),
            T64("accepted_ms"), FLAG("again"), DIGEST("digest"), FLAG("restored"), TEXT("seal")};
    }
    return deliver;
}

static inline struct settle sample_settle(struct arena *arena, unsigned v)
{
    struct settle settle = {sample_items(arena, sizeof(struct settlement)), SAMPLE_ITEMS};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        settle.items[i] = (struct settlement){
            .id = ID("id"),
            .leg = N32("leg"),
            .attempt = N32("attempt"),
            .outcome = (enum lt_outcome)sample_enum("outcome", v),
            .code = N32("code"),
            .reason = TEXT("reason"),
            .retry_after_ms = N32("retry_after_ms"),
            .permanent = FLAG("permanent"),
            .time_ms = T64("time_ms"),
            .from_digest = DIGEST("from_digest"),
            .position = N64("position"),
            .number = N64("number"),
        };
    }
    return settle;
}

static inline struct settled sample_settled(struct arena *arena, unsigned v)
{
    struct settled settled = {sample_items(arena, sizeof(struct settled_item)), SAMPLE_ITEMS,
                              N64("broker_epoch")};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        settled.items[i] = (struct settled_item){
            .id = ID("id"),
            .leg = N32("leg"),
            .code = N32("code"),
            .position = N64("position"),
            .number = N64("number"),
        };
    }
    return settled;
}

static inline struct notice sample_notice(struct arena *arena, unsigned v)
{
    struct notice notice = {sample_items(arena, sizeof(struct notice_item)), SAMPLE_ITEMS,
                            N64("broker_epoch")};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        notice.items[i] = (struct notice_item){
            .seq = N64("seq"),
            .id = ID("id"),
            .leg = N32("leg"),
            .agency = TEXT("agency"),
            .state = TEXT("state"),
            .code = N32("code"),
            .reason = TEXT("reason"),
            .time_ms = T64("time_ms"),
            .level = N32("level"),
            .sender_key = TEXT("sender_key"),
            .case_code = TEXT("case_code"),
            .position = N64("position"),
        };
    }
    return notice;
}

static inline struct held_ask sample_held_ask(struct arena *arena, unsigned v)
{
    struct held_ask ask = {sample_items(arena, sizeof(struct held_item)), SAMPLE_ITEMS};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        ask.items[i] = (struct held_item){N64("number"), ID("id"), N32("leg"), N64("position"),
                                          DIGEST("digest")};
    }
    return ask;
}

static inline struct held_answer sample_held_answer(struct arena *arena, unsigned v)
{
    struct held_answer answer = {sample_items(arena, sizeof(struct held_said)), SAMPLE_ITEMS};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        answer.items[i] = (struct held_said){
            .number = N64("number"),
            .id = ID("id"),
            .leg = N32("leg"),
            .position = N64("position"),
            .held = (enum lt_held)sample_enum("held", v),
            .outcome = (enum lt_outcome)sample_enum("outcome", v),
            .code = N32("code"),
            .reason = TEXT("reason"),
            .time_ms = T64("time_ms"),
            .by = TEXT("by"),
        };
    }
    return answer;
}

static inline struct list_page sample_list(struct arena *arena, unsigned v)
{
    struct list_page page = {N64("number"), N32("code"),
                             sample_items(arena, sizeof(struct list_item)), SAMPLE_ITEMS,
                             N64("next")};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        page.items[i] = (struct list_item){
            .id = ID("id"),
            .leg = N32("leg"),
            .position = N64("position"),
            .digest = DIGEST("digest"),
            .state = TEXT("state"),
            .code = N32("code"),
            .agency = TEXT("agency"),
            .case_code = TEXT("case_code"),
            .kind = (enum lt_kind)N32("kind"),
            .accepted_ms = T64("accepted_ms"),
            .sender_key = TEXT("sender_key"),
            .since_ms = T64("since_ms"),
        };
    }
    return page;
}

static inline struct bytes_ask sample_bytes_ask(struct arena *arena, unsigned v)
{
    struct bytes_ask ask = {sample_items(arena, sizeof(struct bytes_item)), SAMPLE_ITEMS};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        ask.items[i] = (struct bytes_item){N64("position"), N32("leg"), ID("id"), FLAG("sent")};
    }
    return ask;
}

/* False: not one of frame_log.h. */
static inline bool sample_log(struct arena *arena, unsigned v, struct frame *f)
{
    switch (f->kind) {
    case FRAME_RECEIPTS:
        f->receipts = (struct receipts){.checkpoint = TEXT("checkpoint"),
                                        .index = N64("index"),
                                        .position = N64("position"),
                                        .leaves = N32("leaves"),
                                        .log_path = TEXT("log_path"),
                                        .nodes = TEXT("nodes"),
                                        .items = sample_items(arena, sizeof(struct receipt_item)),
                                        .count = SAMPLE_ITEMS};
        for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
            f->receipts.items[i] = (struct receipt_item){N32("index"), TEXT("leaf")};
        }
        return true;
    case FRAME_LOG_ASK:
        f->log_ask = (struct log_ask){N64("number"), TEXT("origin"), N64("size"), N64("position"),
                                      N64("also")};
        return true;
    case FRAME_LOG_PROOF:
        f->log_proof =
            (struct log_proof){N64("number"), N32("code"),    TEXT("checkpoint"), N64("first"),
                               TEXT("path"),  TEXT("broken"), TEXT("also_path")};
        return true;
    default:
        return false;
    }
}

/* False: not one of frame_ask.h. */
static inline bool sample_ask(struct arena *arena, unsigned v, struct frame *f)
{
    switch (f->kind) {
    case FRAME_HELD_ASK:
        f->held_ask = sample_held_ask(arena, v);
        return true;
    case FRAME_HELD_ANSWER:
        f->held_answer = sample_held_answer(arena, v);
        return true;
    case FRAME_LIST_ASK:
        f->list_ask = (struct list_ask){N64("number"), N32("what"), N64("after"), T64("since_ms"),
                                        N32("rows")};
        return true;
    case FRAME_LIST:
        f->list = sample_list(arena, v);
        return true;
    case FRAME_BYTES_ASK:
        f->bytes_ask = sample_bytes_ask(arena, v);
        return true;
    default:
        return false;
    }
}

/* Fields that came after the second edition of a kind, set back. False: there are none. */
static inline bool sample_second_edition(struct frame *f)
{
    if (f->kind != FRAME_WELCOME) {
        return false;
    }
    f->welcome.run = 0;
    f->welcome.run_from = 0;
    f->welcome.checkpoint = (struct lt_bytes){0};
    f->welcome.log_key = (struct lt_bytes){0};
    return true;
}

/* Fields that came after the first edition of the vectors, set back. False: there are none. */
static inline bool sample_first_edition(struct frame *f)
{
    switch (f->kind) {
    case FRAME_HELLO:
        f->hello.checkpoint = (struct lt_bytes){0};
        return true;
    case FRAME_NOTICE:
        for (uint32_t i = 0; i < f->notice.count; i++) {
            f->notice.items[i].position = 0;
        }
        return true;
    case FRAME_WELCOME:
        f->welcome.incarnation = 0;
        f->welcome.durable = 0;
        f->welcome.restored_to = 0;
        f->welcome.notice_seq = 0;
        f->welcome.run = 0;
        f->welcome.run_from = 0;
        return true;
    case FRAME_BEAT:
        f->beat.durable = 0;
        return true;
    case FRAME_DELIVER:
        for (uint32_t i = 0; i < f->deliver.count; i++) {
            f->deliver.items[i].restored = false;
        }
        return true;
    default:
        return false;
    }
}

static inline struct pair *sample_pairs(struct arena *arena, unsigned v)
{
    struct pair *pairs = sample_items(arena, sizeof(struct pair));
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        pairs[i] = (struct pair){TEXT("name"), TEXT("value")};
    }
    return pairs;
}

static inline struct page sample_page(struct arena *arena, unsigned v)
{
    struct page page = {N64("number"),  N32("code"),
                        TEXT("detail"), sample_items(arena, sizeof(struct row)),
                        SAMPLE_ITEMS,   TEXT("cursor")};
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        page.rows[i] = (struct row){sample_pairs(arena, v), SAMPLE_ITEMS};
    }
    return page;
}

static inline struct blob sample_blob(struct arena *arena, enum frame_kind kind, unsigned v)
{
    struct blob blob = {.sha256 = DIGEST("sha256")};
    if (kind == FRAME_BLOB_OFFER || kind == FRAME_BLOB_CHUNK || kind == FRAME_BLOB_STORED) {
        blob.size = N64("size");
    }
    if (kind == FRAME_BLOB_WANT || kind == FRAME_BLOB_CHUNK || kind == FRAME_BLOB_FETCH) {
        blob.offset = N64("offset");
    }
    if (kind == FRAME_BLOB_WANT || kind == FRAME_BLOB_FETCH) {
        blob.credit = N32("credit");
    }
    if (kind == FRAME_BLOB_CHUNK) {
        blob.data = TEXT("data");
    }
    if (kind == FRAME_BLOB_REFUSED) {
        blob.code = N32("code");
        blob.detail = TEXT("detail");
        blob.retry_after_ms = N32("retry_after_ms");
    }
    return blob;
}

static inline struct frame sample_frame(struct arena *arena, enum frame_kind kind, unsigned v)
{
    struct frame f = {kind, N64("session"), N64("seq"), N64("seq_received"), {.beat = {0}}};
    switch (kind) {
    case FRAME_ENROL_ASK:
        f.enrol_ask = TEXT("request");
        break;
    case FRAME_ENROL_ANSWER:
        f.enrol_answer = (struct enrol_answer){
            (enum enrol_state)N32("state"), N32("code"),    TEXT("detail"), TEXT("certificate"),
            N32("retry_after_ms"),          T64("until_ms")};
        break;
    case FRAME_SUBMIT:
        f.submit = sample_submit(arena, v);
        break;
    case FRAME_VERDICT:
        f.verdict = sample_verdict(arena, v);
        break;
    case FRAME_DELIVER:
        f.deliver = sample_deliver(arena, v);
        break;
    case FRAME_SETTLE:
        f.settle = sample_settle(arena, v);
        break;
    case FRAME_SETTLED:
        f.settled = sample_settled(arena, v);
        break;
    case FRAME_NOTICE:
        f.notice = sample_notice(arena, v);
        break;
    case FRAME_NOTICE_ACK:
        f.notice_cursor = N64("cursor");
        break;
    case FRAME_QUERY:
        f.query = (struct query){N64("number"),  TEXT("verb"), sample_pairs(arena, v), SAMPLE_ITEMS,
                                 TEXT("cursor"), N32("rows"),  TEXT("payload")};
        break;
    case FRAME_PAGE:
        f.page = sample_page(arena, v);
        break;
    default:
        if (sample_ask(arena, v, &f) || sample_log(arena, v, &f)) {
            break;
        }
        if (kind >= FRAME_BLOB_OFFER) {
            f.blob = sample_blob(arena, kind, v);
        } else if (kind != FRAME_NONE) {
            sample_session(arena, v, &f);
        }
        break;
    }
    return f;
}

static inline struct business sample_business(struct arena *arena, unsigned v)
{
    return (struct business){
        .present = true,
        .status = N32("status"),
        .event_ms = T64("event_ms"),
        .received_ms = T64("received_ms"),
        .channel = N32("channel"),
        .promised_old_ms = T64("promised_old_ms"),
        .promised_new_ms = T64("promised_new_ms"),
        .pause_reason = TEXT("pause_reason"),
        .supplement_due_ms = T64("supplement_due_ms"),
        .handing_officer = TEXT("handing_officer"),
        .handing_unit = TEXT("handing_unit"),
        .receiving_officer = TEXT("receiving_officer"),
        .receiving_unit = TEXT("receiving_unit"),
        .return_method = N32("return_method"),
        .return_place = TEXT("return_place"),
        .copies = N32("copies"),
        .digitised = FLAG("digitised"),
        .e_result = FLAG("e_result"),
        .paid_online = FLAG("paid_online"),
        .assisted = FLAG("assisted"),
        .mobile_reception = FLAG("mobile_reception"),
        .representative = FLAG("representative"),
    };
}

static inline struct lt_bytes *sample_texts(struct arena *arena, const char *name, unsigned v)
{
    struct lt_bytes *texts = sample_items(arena, sizeof(struct lt_bytes));
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++) {
        texts[i] = sample_text(arena, name, v + i);
    }
    return texts;
}

static inline struct header sample_header(struct arena *arena, unsigned v)
{
    struct header header = {
        .id = ID("id"),
        .sender_key = TEXT("sender_key"),
        .content_digest = DIGEST("content_digest"),
        .kind = (enum lt_kind)sample_enum("kind", v),
        .from = TEXT("from"),
        .to = sample_texts(arena, "to", v),
        .to_count = SAMPLE_ITEMS,
        .locality = TEXT("locality"),
        .case_code = TEXT("case_code"),
        .aliases = sample_texts(arena, "aliases", v),
        .aliases_count = SAMPLE_ITEMS,
        .after = ID("after"),
        .procedure_raw = TEXT("procedure_raw"),
        .procedure = TEXT("procedure"),
        .task = {true, FLAG("lead"), FLAG("parallel"), TEXT("task_id"), T64("deadline_ms")},
        .reply_to = ID("reply_to"),
        .priority = N32("priority"),
        .created_ms = T64("created_ms"),
        .handed_over_ms = T64("handed_over_ms"),
        .skew_ms = T64("skew_ms"),
        .schema_version = N32("schema_version"),
        .body_type = TEXT("body_type"),
        .body_sha256 = DIGEST("body_sha256"),
        .body_size = N64("body_size"),
        .attachments = sample_items(arena, sizeof(struct attachment)),
        .attachments_count = SAMPLE_ITEMS,
        .traceparent = TEXT("traceparent"),
        .business = sample_business(arena, v),
        .body_attached = FLAG("body_attached"),
    };
    for (unsigned i = 0; i < SAMPLE_ITEMS; i++, v++) {
        header.attachments[i] =
            (struct attachment){DIGEST("sha256"), N64("size"), TEXT("component"), TEXT("name")};
    }
    return header;
}

#undef N32
#undef N64
#undef T64
#undef FLAG
#undef TEXT
#undef ID
#undef DIGEST

static const enum frame_kind sample_kinds[] = {
    FRAME_HELLO,        FRAME_WELCOME,   FRAME_NO_SESSION,  FRAME_BEAT,        FRAME_BYE,
    FRAME_SUBMIT,       FRAME_VERDICT,   FRAME_GRANT,       FRAME_DELIVER,     FRAME_SETTLE,
    FRAME_SETTLED,      FRAME_NOTICE,    FRAME_NOTICE_ACK,  FRAME_QUERY,       FRAME_PAGE,
    FRAME_BLOB_OFFER,   FRAME_BLOB_WANT, FRAME_BLOB_CHUNK,  FRAME_BLOB_STORED, FRAME_BLOB_REFUSED,
    FRAME_BLOB_FETCH,   FRAME_HELD_ASK,  FRAME_HELD_ANSWER, FRAME_LIST_ASK,    FRAME_LIST,
    FRAME_BYTES_ASK,    FRAME_RECEIPTS,  FRAME_LOG_ASK,     FRAME_LOG_PROOF,   FRAME_ENROL_ASK,
    FRAME_ENROL_ANSWER,
};
#define SAMPLE_KINDS (sizeof(sample_kinds) / sizeof(sample_kinds[0]))

#endif
