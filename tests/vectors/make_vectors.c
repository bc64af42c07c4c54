/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * make_vectors VECTORS.json SEEDS: writes the golden vectors of LTP/1 and, from the same bytes, the
 * seeds of the fuzz targets frame and header (SEEDS/frame/NAME.hex, SEEDS/header/NAME.hex).
 *
 * Run by hand when the schema grows, never by the build: vectors are promises to clients in other
 * languages. New ones are added; a change of an old one is a change of the protocol. The expected
 * fields come from the generated decoder (reflect.h), the refused bytes are written by hand
 * (wire_bytes.h); test_vectors.c and tests/interop/test_vectors.py hold code to the result.
 */
#include <stdio.h>

#include "reflect.h"

#include "adapters/sdk/content.h"
#include "make_seals.h"
#include "proto/base/fault.h"
#include "proto/header_check.h"
#include "proto/message.h"
#include "vectors/samples.h"

#define SAMPLE_VARIANT          1
#define BODY_OF_A_LATER_VERSION 4095 /* a number that is never given to a body */

#define NOW_MS 1790000000000LL /* 2026-09-21T13:33:20Z */

static struct arena arena;
static struct digester *digester;
static const char *seeds_folder;

static void must(bool truth, const char *what)
{
    if (!truth) {
        fprintf(stderr, "make_vectors: %s\n", what);
        exit(1);
    }
}

static void seed_write(const char *target, const char *name, struct lt_bytes bytes)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s/%s.hex", seeds_folder, target, name);
    FILE *file = fopen(path, "w");
    must(file != NULL, path);
    for (size_t i = 0; i < bytes.size; i++) {
        fprintf(file, "%02x%s", bytes.data[i], i % 32 == 31 ? "\n" : "");
    }
    fprintf(file, "\n");
    must(fclose(file) == 0, path);
}

static void put(json_t *object, const char *name, json_t *value)
{
    must(json_object_set_new(object, name, value) == 0, name);
}

static void put_bytes(json_t *object, const char *name, struct lt_bytes bytes)
{
    put(object, name, hex_json(bytes.data, bytes.size));
}

static void put_digest(json_t *object, const char *name, struct lt_digest digest)
{
    put(object, name, hex_json(digest.bytes, sizeof(digest.bytes)));
}

static json_t *entry(json_t *list, const char *name)
{
    json_t *object = json_object();
    put(object, "name", json_string(name));
    must(json_array_append_new(list, object) == 0, name);
    return object;
}

/* ---- frames ---- */

static void frame_entry(json_t *list, const char *name, struct lt_bytes bytes)
{
    Lienthong__V1__Frame *wire = lienthong__v1__frame__unpack(NULL, bytes.size, bytes.data);
    must(wire != NULL, name);
    json_t *object = entry(list, name);
    put_bytes(object, "bytes", bytes);
    put(object, "fields", message_json(&wire->base));
    lienthong__v1__frame__free_unpacked(wire, NULL);
    seed_write("frame", name, bytes);
}

/* The name a kind had first means the bytes it had first; grown by fields it is NAME-2, NAME-3. */
static void sample_entries(json_t *list, enum frame_kind kind)
{
    char name[64];
    struct frame frame = sample_frame(&arena, kind, SAMPLE_VARIANT);
    struct lt_bytes bytes;
    must(frame_write(&frame, &arena, &bytes) == LT_OK, "a sample frame");
    if (sample_second_edition(&frame)) {
        snprintf(name, sizeof(name), "%s-3", frame_kind_name(kind));
        frame_entry(list, name, bytes);
        must(frame_write(&frame, &arena, &bytes) == LT_OK, "a sample frame");
    }
    if (!sample_first_edition(&frame)) {
        frame_entry(list, frame_kind_name(kind), bytes);
        return;
    }
    snprintf(name, sizeof(name), "%s-2", frame_kind_name(kind));
    frame_entry(list, name, bytes);
    must(frame_write(&frame, &arena, &bytes) == LT_OK, "a sample frame");
    frame_entry(list, frame_kind_name(kind), bytes);
}

static json_t *frames(void)
{
    json_t *list = json_array();
    for (size_t k = 0; k < SAMPLE_KINDS; k++) {
        sample_entries(list, sample_kinds[k]);
    }
    struct frame largest = {.kind = FRAME_SETTLE, .session = UINT64_MAX / 2, .seq = INT64_MAX};
    struct settlement settlement = {
        .leg = UINT32_MAX, .attempt = UINT32_MAX, .time_ms = -1, .position = INT64_MAX};
    struct lt_bytes bytes;
    largest.settle = (struct settle){&settlement, 1};
    must(frame_write(&largest, &arena, &bytes) == LT_OK, "edge-numbers");
    frame_entry(list, "edge-numbers", bytes);
    return list;
}

/* Bytes that must be read though no sender writes them so. */
static json_t *accepted(void)
{
    json_t *list = json_array();
    struct wire_bytes w = {0}, inner = {0}, seal = {0};
    for (unsigned i = 0; i < 32; i++) {
        wire_bytes_number(&w, 1000 + i, i);
    }
    wire_bytes_run(&w, 13, "", 0);
    frame_entry(list, "32-unknown-fields", wire_bytes_view(&w));
    w.size = 0;
    wire_bytes_number(&w, 2, 5);
    wire_bytes_text(&w, BODY_OF_A_LATER_VERSION, "a body of a later version");
    frame_entry(list, "unknown-body", wire_bytes_view(&w));
    w.size = 0;
    for (unsigned i = 0; i < LT_PARCELS_PER_FRAME; i++) {
        wire_bytes_run(&inner, 2, "", 0);
    }
    wire_bytes_inner(&w, 15, &inner);
    frame_entry(list, "64-parcels", wire_bytes_view(&w));
    w.size = 0;
    wire_bytes_number(&inner, 3, 9);
    wire_bytes_run(&inner, 1, "", 0);
    wire_bytes_inner(&w, 15, &inner);
    wire_bytes_number(&w, 1, 8);
    frame_entry(list, "fields-in-any-order", wire_bytes_view(&w));
    w.size = inner.size = 0;
    wire_bytes_run(&seal, 3, "signature", 9);
    wire_bytes_number(&seal, 1, 1);
    wire_bytes_run(&inner, 2, "", 0);
    wire_bytes_inner(&inner, 1, &seal);
    wire_bytes_inner(&w, 15, &inner);
    frame_entry(list, "seal-behind-parcels", wire_bytes_view(&w));
    wire_bytes_free(&w);
    wire_bytes_free(&seal);
    wire_bytes_free(&inner);
    return list;
}

/* ---- headers ---- */

static struct lt_id uuid(int64_t time_ms, uint8_t last)
{
    struct lt_id id = {{0}};
    for (int i = 0; i < 6; i++) {
        id.bytes[i] = (uint8_t)((uint64_t)time_ms >> (40 - 8 * i));
    }
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    id.bytes[15] = last;
    return id;
}

static struct lt_bytes receiver;
static struct attachment scan;

static struct header forward(void)
{
    receiver = text_bytes("H24.16");
    scan = (struct attachment){
        .sha256 = digest_of(digester, text_bytes("a scanned page")),
        .size = 14,
        .component = text_bytes("TP.01"),
        .name = text_bytes("Giấy chứng nhận (bản quét).pdf"),
    };
    return (struct header){
        .id = uuid(NOW_MS - 60000, 1),
        .sender_key = text_bytes("MOTCUA-2026-000123"),
        .kind = LT_KIND_FORWARD,
        .from = text_bytes("H24.15.8"),
        .to = &receiver,
        .to_count = 1,
        .locality = text_bytes("00001"),
        .case_code = text_bytes("000.00.08.H24-260921-0001"),
        .procedure_raw = text_bytes("1.001193.000.00.00.H24"),
        .procedure = text_bytes("1.001193"),
        .task = {true, true, false, text_bytes("T1"), NOW_MS + 86400000},
        .priority = 1,
        .created_ms = NOW_MS - 60000,
        .handed_over_ms = NOW_MS - 61000,
        .skew_ms = -250,
        .schema_version = 1,
        .body_type = text_bytes("application/json"),
        .attachments = &scan,
        .attachments_count = 1,
        .business = {.present = true,
                     .status = 2,
                     .event_ms = NOW_MS - 62000,
                     .received_ms = NOW_MS - 62000,
                     .channel = 1,
                     .handing_officer = text_bytes("CB-0001"),
                     .digitised = true},
    };
}

static const char body_text[] = "{\"owner\":\"NGUYỄN VĂN VÍ DỤ\",\"test\":true}";

static struct header complete(void)
{
    struct header header = forward();
    header.body_sha256 = digest_of(digester, text_bytes(body_text));
    header.body_size = sizeof(body_text) - 1;
    header.content_digest = content_digest(digester, &header);
    return header;
}

static struct lt_bytes header_bytes(const struct header *header)
{
    struct lt_bytes bytes;
    must(header_write(header, &arena, &bytes) == LT_OK, "a header");
    return bytes;
}

static void header_entry(json_t *list, const char *name, const struct header *header)
{
    struct fault fault;
    struct lt_bytes bytes = header_bytes(header);
    Lienthong__V1__Header *wire = lienthong__v1__header__unpack(NULL, bytes.size, bytes.data);
    must(wire != NULL, name);
    fault_init(&fault);
    enum lt_status status = header_check(header, NOW_MS, &fault);
    json_t *object = entry(list, name);
    put_bytes(object, "bytes", bytes);
    put(object, "fields", message_json(&wire->base));
    put_digest(object, "sha256", digest_of(digester, bytes));
    put(object, "code", json_string(lt_code(status)));
    put(object, "field", json_string(fault.field));
    lienthong__v1__header__free_unpacked(wire, NULL);
    seed_write("header", name, bytes);
}

static void identities(json_t *list)
{
    struct header header = complete();
    header_entry(list, "forward", &header);
    header.id.bytes[6] = 0x40;
    header_entry(list, "id-of-version-4", &header);
    header = complete();
    header.id = uuid(NOW_MS - 400LL * 86400000, 1);
    header_entry(list, "id-of-400-days-ago", &header);
    header.id = uuid(NOW_MS - 400LL * 86400000 - 1, 1);
    header_entry(list, "id-before-400-days-ago", &header);
    header.id = uuid(NOW_MS + 86400000 + 1, 1);
    header_entry(list, "id-after-tomorrow", &header);
    header = complete();
    header.sender_key.size = 0;
    header_entry(list, "no-sender-key", &header);
    header.sender_key =
        text_bytes("a-sender-key-of-sixty-five-bytes-0123456789-0123456789-0123456789");
    header_entry(list, "sender-key-of-65-bytes", &header);
    header = complete();
    memset(&header.content_digest, 0, sizeof(header.content_digest));
    header_entry(list, "no-content-digest", &header);
    header = complete();
    header.kind = LT_KINDS_END;
    header_entry(list, "kind-21", &header);
    header = complete();
    header.from = text_bytes("h24.15");
    header_entry(list, "from-in-small-letters", &header);
    header = complete();
    header.schema_version = 2;
    header_entry(list, "schema-version-2", &header);
    header = complete();
    header.created_ms = 0;
    header_entry(list, "no-created-time", &header);
}

static void meanings(json_t *list)
{
    static struct lt_bytes many[LT_LEGS_MAX + 1];
    static char texts[LT_LEGS_MAX + 1][8];
    for (unsigned i = 0; i <= LT_LEGS_MAX; i++) {
        snprintf(texts[i], sizeof(texts[i]), "H24.%02u", i % 100);
        many[i] = text_bytes(texts[i]);
    }
    struct header header = complete();
    header.to = many;
    header.to_count = LT_LEGS_MAX + 1;
    header_entry(list, "17-receivers", &header);
    header.to_count = 2;
    many[1] = many[0];
    header_entry(list, "receiver-named-twice", &header);
    header = complete();
    header.to_count = 0;
    header_entry(list, "by-competence", &header);
    header = complete();
    header.case_code = text_bytes("000.00.08.H24-260921-0001-000.00.08.H24-260921-0001");
    header_entry(list, "case-code-of-51-bytes", &header);
    header = complete();
    header.after = header.id;
    header_entry(list, "after-itself", &header);
    header = complete();
    header.procedure = text_bytes("1.001193.000");
    header_entry(list, "procedure-not-normal", &header);
    header = complete();
    header.priority = 5;
    header_entry(list, "priority-5", &header);
    header = complete();
    scan.size = (uint64_t)LT_ATTACHMENT_BYTES_MAX + 1;
    header_entry(list, "attachment-too-large", &header);
    header = complete();
    header.business.status = 11;
    header_entry(list, "status-11", &header);
    header = complete();
    header.body_attached = true;
    header_entry(list, "body-not-the-first-attachment", &header);
    header.body_sha256 = scan.sha256;
    header.body_size = scan.size;
    header_entry(list, "body-attached", &header);
}

static json_t *headers(void)
{
    json_t *list = json_array();
    identities(list);
    meanings(list);
    struct header every = sample_header(&arena, 1);
    header_entry(list, "every-field", &every);
    return list;
}

/* ---- parcels ---- */

static void parcel_entry(json_t *list, const char *name, const struct header *header,
                         struct lt_bytes body, const struct lt_digest *digest)
{
    struct fault fault;
    struct parcel parcel = {.header = header_bytes(header), .body = body};
    fault_init(&fault);
    parcel.digest = digest ? *digest : digest_of_two(digester, parcel.header, parcel.body);
    enum lt_status status = parcel_check(digester, &parcel, header, &fault);
    json_t *object = entry(list, name);
    put_bytes(object, "header", parcel.header);
    put_bytes(object, "body", parcel.body);
    put_digest(object, "digest", parcel.digest);
    put_digest(object, "header_and_body_sha256",
               digest_of_two(digester, parcel.header, parcel.body));
    put_digest(object, "body_sha256", digest_of(digester, body));
    put(object, "code", json_string(lt_code(status)));
    put(object, "field", json_string(fault.field));
}

static json_t *parcels(void)
{
    json_t *list = json_array();
    struct header header = complete();
    struct lt_bytes body = text_bytes(body_text);
    struct lt_digest wrong = {{1}};
    parcel_entry(list, "forward", &header, body, NULL);
    parcel_entry(list, "wrong-digest", &header, body, &wrong);
    header.body_sha256.bytes[0] ^= 1;
    parcel_entry(list, "wrong-body-digest", &header, body, NULL);
    header = complete();
    header.body_size++;
    parcel_entry(list, "wrong-body-size", &header, body, NULL);
    header = complete();
    memset(&header.body_sha256, 0, sizeof(header.body_sha256));
    header.body_size = 0;
    parcel_entry(list, "no-body", &header, text_bytes(""), NULL);
    header = complete();
    header.body_sha256 = scan.sha256;
    header.body_size = scan.size;
    header.body_attached = true;
    parcel_entry(list, "body-attached", &header, text_bytes(""), NULL);
    parcel_entry(list, "body-attached-and-inline", &header, body, NULL);
    return list;
}

/* ---- content digests ---- */

static void content_entry(json_t *list, const char *name, const struct header *header)
{
    json_t *object = entry(list, name);
    put_bytes(object, "header", header_bytes(header));
    put_digest(object, "digest", content_digest(digester, header));
}

static json_t *contents(void)
{
    json_t *list = json_array();
    struct header header = complete();
    content_entry(list, "forward", &header);
    header.to_count = 0;
    content_entry(list, "by-competence", &header);
    header.attachments_count = 0;
    header.body_size = 0;
    memset(&header.body_sha256, 0, sizeof(header.body_sha256));
    content_entry(list, "no-body-no-attachment", &header);
    header = complete();
    header.body_sha256 = scan.sha256;
    header.body_size = scan.size;
    header.body_attached = true;
    content_entry(list, "body-attached", &header);
    return list;
}

static json_t *requests(void)
{
    static const struct {
        const char *name, *json, *canonical;
    } examples[] = {
        {"sorted-and-without-blanks",
         "{ \"to\": [\"H24.16\"], \"kind\": \"forward\",\n  \"case_code\": \"A-1\", \"priority\": "
         "1 }",
         "{\"case_code\":\"A-1\",\"kind\":\"forward\",\"priority\":1,\"to\":[\"H24.16\"]}"},
        {"texts", "{\"b\":\"Ph\\u01b0\\u1eddng \\u0009 \\\"1\\\"\",\"a\":null,\"A\":true}",
         "{\"A\":true,\"a\":null,\"b\":\"Phường \\t \\\"1\\\"\"}"},
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        json_t *object = entry(list, examples[i].name);
        put(object, "json", json_string(examples[i].json));
        put(object, "canonical", json_string(examples[i].canonical));
        put_digest(object, "digest", digest_of(digester, text_bytes(examples[i].canonical)));
    }
    return list;
}

/* ---- refused bytes ---- */

static struct wire_bytes w, inner;

/* Takes what stands in `w`. */
static void refused_entry(json_t *list, const char *root, const char *name, const char *code,
                          const char *field)
{
    json_t *object = entry(list, name);
    put(object, "root", json_string(root));
    put_bytes(object, "bytes", wire_bytes_view(&w));
    put(object, "code", json_string(code));
    put(object, "field", json_string(field));
    seed_write(root, name, wire_bytes_view(&w));
    w.size = 0;
}

static void refused_shapes(json_t *list)
{
    wire_bytes_text(&inner, 6, "software");
    wire_bytes_inner(&w, 10, &inner);
    w.size--;
    refused_entry(list, "frame", "cut-short", "frame-bad", "hello");
    wire_bytes_tag(&inner, 6, 2);
    wire_bytes_varint(&inner, 5);
    wire_bytes_inner(&w, 10, &inner);
    wire_bytes_text(&w, 99, "behind");
    refused_entry(list, "frame", "length-leads-out-of-its-message", "frame-bad", "hello.software");
    wire_bytes_tag(&w, 99, 3);
    wire_bytes_tag(&w, 99, 4);
    refused_entry(list, "frame", "group", "frame-bad", "99");
    wire_bytes_tag(&w, 2, 5);
    wire_bytes_raw(&w, "\1\0\0\0", 4);
    refused_entry(list, "frame", "wrong-wire-type", "frame-bad", "seq");
    wire_bytes_tag(&w, 0, 0);
    wire_bytes_varint(&w, 1);
    refused_entry(list, "frame", "field-number-0", "frame-bad", "0");
    wire_bytes_run(&w, 13, "", 0);
    wire_bytes_run(&w, 14, "", 0);
    refused_entry(list, "frame", "two-bodies", "frame-bad", "bye");
    wire_bytes_raw(&w, "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11);
    refused_entry(list, "frame", "number-over-64-bits", "frame-bad", "seq");
    wire_bytes_raw(&w, "\x90\x80\x80\x80\x80\x00\x01", 7);
    refused_entry(list, "frame", "tag-of-six-bytes", "frame-bad", "0");
    wire_bytes_number(&w, 2, 1);
    wire_bytes_number(&w, 2, 1);
    refused_entry(list, "frame", "seq-twice", "field-twice", "seq");
    wire_bytes_number(&inner, 1, 1);
    wire_bytes_number(&inner, 1, 1);
    wire_bytes_inner(&w, 22, &inner);
    refused_entry(list, "frame", "inner-field-twice", "field-twice", "notice_ack.cursor");
}

static void refused_crowds(json_t *list)
{
    for (unsigned i = 0; i < 33; i++) {
        wire_bytes_number(&w, 1000, i);
    }
    refused_entry(list, "frame", "33-unknown-fields", "frame-crowded", "1000");
    for (unsigned i = 0; i < LT_PARCELS_PER_FRAME + 1; i++) {
        wire_bytes_run(&inner, 2, "", 0);
    }
    wire_bytes_inner(&w, 15, &inner);
    refused_entry(list, "frame", "65-parcels", "frame-crowded", "submit.parcels");
    for (unsigned i = 0; i < LT_PARCELS_PER_FRAME + 1; i++) {
        wire_bytes_run(&inner, 1, "", 0);
    }
    wire_bytes_inner(&w, 19, &inner);
    refused_entry(list, "frame", "65-settlements", "frame-crowded", "settle.items");
    for (unsigned i = 0; i < 1025; i++) {
        wire_bytes_run(&inner, 1, "", 0);
    }
    wire_bytes_inner(&w, 20, &inner);
    refused_entry(list, "frame", "1025-items", "frame-crowded", "settled.items");
    static const struct {
        uint32_t body, field, most;
        const char *name, *path;
    } shorter[] = {
        {23, 1, LT_HELD_PER_FRAME, "65-questions", "held_ask.items"},
        {24, 1, LT_HELD_PER_FRAME, "65-answers", "held_answer.items"},
        {33, 3, LT_LIST_ROWS_MAX, "201-rows", "list.items"},
        {34, 1, LT_BYTES_PER_FRAME, "65-asked-back", "bytes_ask.items"},
    };
    for (size_t k = 0; k < sizeof(shorter) / sizeof(shorter[0]); k++) {
        for (unsigned i = 0; i <= shorter[k].most; i++) {
            wire_bytes_run(&inner, shorter[k].field, "", 0);
        }
        wire_bytes_inner(&w, shorter[k].body, &inner);
        refused_entry(list, "frame", shorter[k].name, "frame-crowded", shorter[k].path);
    }
}

static void refused_values(json_t *list)
{
    char reason[501];
    memset(reason, 'x', sizeof(reason));
    wire_bytes_run(&inner, 6, "a\0b", 3);
    wire_bytes_inner(&w, 10, &inner);
    refused_entry(list, "frame", "nul-in-a-text", "text-bad", "hello.software");
    wire_bytes_text(&inner, 6, "\xed\xa0\x80");
    wire_bytes_inner(&w, 10, &inner);
    refused_entry(list, "frame", "surrogate-in-a-text", "text-bad", "hello.software");
    wire_bytes_text(&inner, 3, "fifteen bytes..");
    wire_bytes_inner(&w, 10, &inner);
    refused_entry(list, "frame", "id-of-15-bytes", "field-bad", "hello.instance");
    wire_bytes_text(&inner, 1, "a digest of thirty-three bytes...");
    wire_bytes_inner(&w, 40, &inner);
    refused_entry(list, "frame", "digest-of-33-bytes", "field-bad", "blob_offer.sha256");
    struct wire_bytes item = {0};
    wire_bytes_run(&item, 6, reason, sizeof(reason));
    wire_bytes_inner(&inner, 1, &item);
    wire_bytes_inner(&w, 19, &inner);
    wire_bytes_free(&item);
    refused_entry(list, "frame", "reason-of-501-bytes", "field-bad", "settle.items.reason");
    wire_bytes_number(&inner, 2, 1ull << 32);
    wire_bytes_inner(&w, 17, &inner);
    refused_entry(list, "frame", "number-over-32-bits", "field-bad", "grant.notices");
    wire_bytes_number(&inner, 4, 2);
    wire_bytes_inner(&w, 13, &inner);
    refused_entry(list, "frame", "truth-of-2", "field-bad", "beat.standby");
}

static json_t *refused(void)
{
    json_t *list = json_array();
    refused_shapes(list);
    refused_crowds(list);
    refused_values(list);
    wire_bytes_number(&w, 15, 1);
    wire_bytes_number(&w, 15, 1);
    refused_entry(list, "header", "header-field-twice", "header-bad", "priority");
    wire_bytes_text(&w, 1, "short");
    refused_entry(list, "header", "header-id-of-5-bytes", "field-bad", "id");
    wire_bytes_text(&w, 5, "H24\xc0\x80");
    refused_entry(list, "header", "header-bad-utf8", "text-bad", "from");
    wire_bytes_number(&inner, 1, 2);
    wire_bytes_inner(&w, 13, &inner);
    refused_entry(list, "header", "header-truth-of-2", "field-bad", "task.lead");
    wire_bytes_free(&w);
    wire_bytes_free(&inner);
    return list;
}

int main(int argc, char **argv)
{
    must(argc == 3, "usage: make_vectors VECTORS.json SEEDS");
    seeds_folder = argv[2];
    must(arena_init(&arena, 1024 * 1024, 64 * 1024 * 1024) == LT_OK, "no memory");
    must(digester_open(&digester) == LT_OK, "no digest");
    json_t *root = json_object();
    put(root, "protocol", json_string("LTP/1"));
    put(root, "now_ms", json_integer(NOW_MS));
    put(root, "frames", frames());
    put(root, "accepted", accepted());
    put(root, "headers", headers());
    put(root, "parcels", parcels());
    put(root, "contents", contents());
    put(root, "requests", requests());
    put(root, "refused", refused());
    seals_put(root, digester);
    must(json_dump_file(root, argv[1], JSON_INDENT(1)) == 0, argv[1]);
    json_decref(root);
    digester_close(&digester);
    arena_deinit(&arena);
    return 0;
}
