/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_PRESCAN_H
#define PROTO_PRESCAN_H

#include "base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Walks protobuf wire bytes before anything is unpacked (protobuf-c has no limits of its own: see
 * LTP.md, "What is refused before decoding"). Iterative, constant memory, safe on a 256 KiB stack.
 * The tables of prescan.c say for every message which field numbers exist, their wire type, whether
 * they may repeat, which are texts, and the greatest length of each.
 *
 * LT_FRAME_BAD       truncated, group types, wrong wire type, field number 0, two bodies in a Frame
 * LT_FRAME_DEEP      more than PRESCAN_DEPTH_MAX levels
 * LT_FRAME_CROWDED   too many fields, elements of one repeated field, or unknown fields
 * LT_FIELD_TWICE     a singular field twice
 * LT_TEXT_BAD        NUL or bad UTF-8 in a text
 * LT_FIELD_BAD       a bytes or text field over its length (an id not 16, a digest not 32 bytes)
 */
#define PRESCAN_DEPTH_MAX    8
#define PRESCAN_FIELDS_MAX   16384 /* of one frame, all levels together */
#define PRESCAN_ELEMENTS_MAX 1024  /* of one repeated field; some have less: prescan_tables.c */
#define PRESCAN_UNKNOWN_MAX  32    /* of one frame */

enum prescan_root { PRESCAN_FRAME, PRESCAN_HEADER };

LT_CHECK enum lt_status prescan(enum prescan_root root, struct lt_bytes bytes, struct fault *fault);

#endif
