/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The message door: wire bytes to plain structs and back. The files message*.c are one door, the
 * only users of the generated schema; this one holds the two ways through it for frames, the arena
 * as protobuf-c's allocator, and the names of kinds.
 *
 * Reading: size, pre-scan, unpack into the arena, then field by field into the structs of frame.h.
 * No call to malloc; the arena's cap is the memory limit, and a frame that does not fit is
 * LT_NO_MEMORY, not a crash. Writing goes the other way into the same arena, and what was written
 * is held against the pre-scan before it is given out: no frame leaves that our own reader would
 * refuse.
 */
#include <string.h>

#include "base/text.h"
#include "digest.h"
#include "message_private.h"
#include "prescan.h"

static void *take(void *self, size_t size)
{
    return packing_alloc(self, size);
}

static void leave(void *self, void *memory)
{
    (void)self;
    (void)memory; /* the arena goes as a whole */
}

void packing_init(struct packing *packing, struct arena *arena)
{
    packing->allocator = (ProtobufCAllocator){take, leave, packing};
    packing->arena = arena;
    packing->status = LT_OK;
}

void *packing_alloc(struct packing *packing, size_t size)
{
    void *memory = arena_alloc(packing->arena, size);
    if (!memory && packing->status == LT_OK) {
        packing->status = LT_NO_MEMORY;
    }
    return memory;
}

void *message_unpack(struct packing *packing, const ProtobufCMessageDescriptor *type,
                     struct lt_bytes bytes)
{
    static const uint8_t nothing[1];
    void *message = protobuf_c_message_unpack(type, &packing->allocator, bytes.size,
                                              bytes.size > 0 ? bytes.data : nothing);
    if (!message && packing->status == LT_OK) {
        packing->status = LT_FRAME_BAD;
    }
    return message;
}

void *message_new(struct packing *packing, const ProtobufCMessageDescriptor *type)
{
    void *message = packing_alloc(packing, type->sizeof_message);
    if (message) {
        type->message_init(message);
    }
    return message;
}

void *message_list(struct packing *packing, size_t count)
{
    return count > 0 ? packing_alloc(packing, count * sizeof(void *)) : NULL;
}

enum lt_status message_pack(struct packing *packing, const ProtobufCMessage *message,
                            size_t size_max, struct lt_bytes *ret_bytes)
{
    if (packing->status != LT_OK) {
        return packing->status;
    }
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > size_max) {
        return LT_FRAME_TOO_LARGE;
    }
    uint8_t *room = packing_alloc(packing, size > 0 ? size : 1);
    if (!room) {
        return packing->status;
    }
    protobuf_c_message_pack(message, room);
    *ret_bytes = (struct lt_bytes){room, size};
    return LT_OK;
}

/* ---- values ---- */

struct lt_bytes text_from(const char *text)
{
    return (struct lt_bytes){(const uint8_t *)text, strlen(text)};
}

struct lt_bytes bytes_from(ProtobufCBinaryData data)
{
    return (struct lt_bytes){data.data, data.len};
}

struct lt_id id_from(ProtobufCBinaryData data)
{
    struct lt_id id = {{0}};
    if (data.len == sizeof(id.bytes)) {
        memcpy(id.bytes, data.data, sizeof(id.bytes));
    }
    return id;
}

struct lt_digest digest_from(ProtobufCBinaryData data)
{
    struct lt_digest digest = {{0}};
    if (data.len == sizeof(digest.bytes)) {
        memcpy(digest.bytes, data.data, sizeof(digest.bytes));
    }
    return digest;
}

char *text_into(struct packing *packing, struct lt_bytes text)
{
    char *none = (char *)(uintptr_t)protobuf_c_empty_string; /* never written to */
    if (text.size == 0) {
        return none;
    }
    if (memchr(text.data, 0, text.size)) {
        packing->status = packing->status == LT_OK ? LT_TEXT_BAD : packing->status;
        return none;
    }
    char *copy = packing_alloc(packing, text.size + 1);
    if (!copy) {
        return none;
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

/* The generated structs have no const; packing only reads. */
static uint8_t *unconst(const uint8_t *data)
{
    return (uint8_t *)(uintptr_t)data;
}

ProtobufCBinaryData bytes_into(struct lt_bytes bytes)
{
    return (ProtobufCBinaryData){bytes.size, unconst(bytes.data)};
}

ProtobufCBinaryData id_into(const struct lt_id *id)
{
    if (id_empty(id)) {
        return (ProtobufCBinaryData){0, NULL};
    }
    return (ProtobufCBinaryData){sizeof(id->bytes), unconst(id->bytes)};
}

ProtobufCBinaryData digest_into(const struct lt_digest *digest)
{
    if (digest_empty(digest)) {
        return (ProtobufCBinaryData){0, NULL};
    }
    return (ProtobufCBinaryData){sizeof(digest->bytes), unconst(digest->bytes)};
}

/* ---- frames ---- */

enum lt_status frame_read(struct lt_bytes bytes, struct arena *arena, struct frame *ret_frame,
                          struct fault *fault)
{
    struct packing packing;
    struct frame frame;
    if (bytes.size > LT_FRAME_BYTES_MAX) {
        return fault_set(fault, LT_FRAME_TOO_LARGE, "", "%zu of at most %d bytes", bytes.size,
                         LT_FRAME_BYTES_MAX);
    }
    enum lt_status status = prescan(PRESCAN_FRAME, bytes, fault);
    if (status != LT_OK) {
        return status;
    }
    packing_init(&packing, arena);
    LTP(Frame) *wire = message_unpack(&packing, &lienthong__v1__frame__descriptor, bytes);
    if (wire) {
        memset(&frame, 0, sizeof(frame));
        frame.kind = (enum frame_kind)wire->body_case;
        frame.session = wire->session;
        frame.seq = wire->seq;
        frame.seq_received = wire->seq_received;
        frame_body_from(&packing, wire, &frame);
    }
    if (packing.status != LT_OK) {
        return fault_set(fault, packing.status, "", "the decoder refused %zu bytes", bytes.size);
    }
    *ret_frame = frame;
    return LT_OK;
}

enum lt_status frame_write(const struct frame *frame, struct arena *arena,
                           struct lt_bytes *ret_bytes)
{
    struct packing packing;
    struct lt_bytes bytes;
    LTP(Frame) wire;
    packing_init(&packing, arena);
    lienthong__v1__frame__init(&wire);
    wire.session = frame->session;
    wire.seq = frame->seq;
    wire.seq_received = frame->seq_received;
    wire.body_case = (LTP(Frame__BodyCase))frame->kind;
    frame_body_into(&packing, frame, &wire);
    enum lt_status status = message_pack(&packing, &wire.base, LT_FRAME_BYTES_MAX, &bytes);
    if (status != LT_OK) {
        return status;
    }
    status = prescan(PRESCAN_FRAME, bytes, NULL);
    if (status != LT_OK) {
        return status;
    }
    *ret_bytes = bytes;
    return LT_OK;
}

size_t parcel_bytes(size_t header_size, size_t body_size)
{
    /* Tags and lengths, the digest, and the numbers of a Delivery at their longest. */
    const size_t around = 96;
    return header_size + body_size + around;
}

/* ---- names ---- */

static const char *const kind_names[LT_KINDS_END] = {
    [LT_KIND_FORWARD] = "forward",
    [LT_KIND_STATUS] = "status",
    [LT_KIND_RESULT] = "result",
    [LT_KIND_SUPPLEMENT_REQUEST] = "supplement-request",
    [LT_KIND_SUPPLEMENT] = "supplement",
    [LT_KIND_FEE_REQUEST] = "fee-request",
    [LT_KIND_FEE_PAID] = "fee-paid",
    [LT_KIND_RETURN_WRONG] = "return-wrong",
    [LT_KIND_WRONG_RESULT] = "wrong-result",
    [LT_KIND_WITHDRAW] = "withdraw",
    [LT_KIND_STOP] = "stop",
    [LT_KIND_EXTENSION] = "extension",
    [LT_KIND_OPINION_REQUEST] = "opinion-request",
    [LT_KIND_OPINION] = "opinion",
    [LT_KIND_RECALL] = "recall",
    [LT_KIND_REPLACE] = "replace",
    [LT_KIND_PETITION] = "petition",
    [LT_KIND_PETITION_REPLY] = "petition-reply",
    [LT_KIND_CITIZEN_NOTICE] = "citizen-notice",
    [LT_KIND_RECONCILE] = "reconcile",
};

const char *kind_name(enum lt_kind kind)
{
    return (unsigned)kind < LT_KINDS_END ? kind_names[kind] : NULL;
}

enum lt_kind kind_by_name(struct lt_bytes name)
{
    for (unsigned i = 1; i < LT_KINDS_END; i++) {
        if (bytes_equal(name, text_bytes(kind_names[i]))) {
            return (enum lt_kind)i;
        }
    }
    return LT_KIND_NONE;
}

const char *frame_kind_name(enum frame_kind kind)
{
    static const char *const names[] = {
        [FRAME_NONE] = "none",
        [FRAME_HELLO] = "hello",
        [FRAME_WELCOME] = "welcome",
        [FRAME_NO_SESSION] = "no-session",
        [FRAME_BEAT] = "beat",
        [FRAME_BYE] = "bye",
        [FRAME_SUBMIT] = "submit",
        [FRAME_VERDICT] = "verdict",
        [FRAME_GRANT] = "grant",
        [FRAME_DELIVER] = "deliver",
        [FRAME_SETTLE] = "settle",
        [FRAME_SETTLED] = "settled",
        [FRAME_NOTICE] = "notice",
        [FRAME_NOTICE_ACK] = "notice-ack",
        [FRAME_HELD_ASK] = "held-ask",
        [FRAME_HELD_ANSWER] = "held-answer",
        [FRAME_RECEIPTS] = "receipts",
        [FRAME_LOG_ASK] = "log-ask",
        [FRAME_LOG_PROOF] = "log-proof",
        [FRAME_QUERY] = "query",
        [FRAME_PAGE] = "page",
        [FRAME_LIST_ASK] = "list-ask",
        [FRAME_LIST] = "list",
        [FRAME_BYTES_ASK] = "bytes-ask",
        [FRAME_BLOB_OFFER] = "blob-offer",
        [FRAME_BLOB_WANT] = "blob-want",
        [FRAME_BLOB_CHUNK] = "blob-chunk",
        [FRAME_BLOB_STORED] = "blob-stored",
        [FRAME_BLOB_REFUSED] = "blob-refused",
        [FRAME_BLOB_FETCH] = "blob-fetch",
        [FRAME_ENROL_ASK] = "enrol-ask",
        [FRAME_ENROL_ANSWER] = "enrol-answer",
    };
    const char *name = NULL;
    if ((unsigned)kind < sizeof(names) / sizeof(names[0])) {
        name = names[kind];
    }
    return name ? name : "unknown";
}
