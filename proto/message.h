/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include "base/arena.h"
#include "base/fault.h"
#include "frame.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Bytes to plain structs and back; the only user of the generated schema. Reading runs the pre-scan
 * first and unpacks inside the arena, whose cap is the memory limit (LT_NO_MEMORY past it). The
 * results point into the arena, never into `bytes` beyond what the contract of frame.h allows:
 * treat both as needed until the arena is reset. Writing packs into memory of the arena and gives
 * LT_FRAME_TOO_LARGE when the result is over LT_FRAME_BYTES_MAX; what the reader's pre-scan would
 * refuse (prescan.h) is refused here with the same status, so every frame written can be read.
 *
 * A frame whose body is unknown (from a newer peer) is read as FRAME_NONE: count it, pass over it.
 */
LT_CHECK enum lt_status frame_read(struct lt_bytes bytes, struct arena *arena,
                                   struct frame *ret_frame, struct fault *fault);
LT_CHECK enum lt_status frame_write(const struct frame *frame, struct arena *arena,
                                    struct lt_bytes *ret_bytes);

/* LT_HEADER_BAD for whatever is wrong with the shape or size; LT_TEXT_BAD, LT_FIELD_BAD keep. */
LT_CHECK enum lt_status header_read(struct lt_bytes bytes, struct arena *arena,
                                    struct header *ret_header, struct fault *fault);
LT_CHECK enum lt_status header_write(const struct header *header, struct arena *arena,
                                     struct lt_bytes *ret_bytes);

/* Name of a kind for logs and screens: "forward", "status" ...; "kind-77" is never made: NULL. */
const char *kind_name(enum lt_kind kind);
enum lt_kind kind_by_name(struct lt_bytes name); /* LT_KIND_NONE when unknown */
const char *frame_kind_name(enum frame_kind kind);

/* Bytes a parcel adds to a frame, upper bound: for splitting Submit and Deliver by size. */
size_t parcel_bytes(size_t header_size, size_t body_size);

#endif
