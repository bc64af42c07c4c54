/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_MESSAGE_PRIVATE_H
#define PROTO_MESSAGE_PRIVATE_H

/*
 * Shared by the files of the message door (message.c, message_frame_*.c, message_ask_*.c,
 * message_header.c) and by nobody else: the only place that includes the generated schema.
 */
#include "ltp.pb-c.h"

#include "message.h"

/* LTP(Hello) is the generated struct of message Hello. */
#define LTP(name) Lienthong__V1__##name

/*
 * The arena as the allocator of protobuf-c, and what a conversion needs to know afterwards. Sticky:
 * the first failure stays in `status`, later steps give NULL or empty values.
 */
struct packing {
    ProtobufCAllocator allocator;
    struct arena *arena;
    enum lt_status status;
};

void packing_init(struct packing *packing, struct arena *arena);
void *packing_alloc(struct packing *packing, size_t size);

/* Reading: NULL with packing->status set. */
void *message_unpack(struct packing *packing, const ProtobufCMessageDescriptor *type,
                     struct lt_bytes bytes);

/* Writing: a message with all fields absent. */
void *message_new(struct packing *packing, const ProtobufCMessageDescriptor *type);
#define LTP_NEW(packing, name) message_new(packing, &lienthong__v1__##name##__descriptor)

/* `count` pointers for a repeated field; NULL when count is 0. */
void *message_list(struct packing *packing, size_t count);

/* Packs into the arena; LT_FRAME_TOO_LARGE over `size_max`. */
enum lt_status message_pack(struct packing *packing, const ProtobufCMessage *message,
                            size_t size_max, struct lt_bytes *ret_bytes);

/* Values out of and into generated structs. Texts in are copied for the sake of their NUL. */
struct lt_bytes text_from(const char *text);
struct lt_bytes bytes_from(ProtobufCBinaryData data);
struct lt_id id_from(ProtobufCBinaryData data);
struct lt_digest digest_from(ProtobufCBinaryData data);
char *text_into(struct packing *packing, struct lt_bytes text);
ProtobufCBinaryData bytes_into(struct lt_bytes bytes);
ProtobufCBinaryData id_into(const struct lt_id *id);
ProtobufCBinaryData digest_into(const struct lt_digest *digest);

/* The bodies of a frame: message_frame_read.c and message_frame_write.c. */
void frame_body_from(struct packing *packing, const LTP(Frame) *wire, struct frame *ret_frame);
void frame_body_into(struct packing *packing, const struct frame *frame, LTP(Frame) *ret_wire);

/* Those of frame_ask.h: message_ask_read.c and message_ask_write.c. False: not one of them. */
bool ask_body_from(struct packing *packing, const LTP(Frame) *wire, struct frame *ret_frame);
bool ask_body_into(struct packing *packing, const struct frame *frame, LTP(Frame) *ret_wire);

/* Those of frame_log.h: message_log.c. */
bool log_body_from(struct packing *packing, const LTP(Frame) *wire, struct frame *ret_frame);
bool log_body_into(struct packing *packing, const struct frame *frame, LTP(Frame) *ret_wire);

/* Room for `count` items of a list that is read; a list of none is NULL. */
void *items_new(struct packing *packing, size_t count, size_t item_bytes);

#endif
