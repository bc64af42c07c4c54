/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_PRESCAN_TABLES_H
#define PROTO_PRESCAN_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * What the pre-scan knows of the schema, private to proto/prescan*.c, proto/message*.c and the
 * tests. A message is an array of fields indexed by field number; a row without a name is a number
 * that is not in use.
 */
enum prescan_type {
    PRESCAN_U32,     /* a varint that must fit 32 bits */
    PRESCAN_U64,     /* a varint, also of int64 */
    PRESCAN_BOOL,    /* a varint, 0 or 1 */
    PRESCAN_ENUM,    /* a varint from 0 to 2^31 - 1; numbers without a name are carried */
    PRESCAN_TEXT,    /* length-delimited, UTF-8 without NUL */
    PRESCAN_BYTES,   /* length-delimited, opaque */
    PRESCAN_EXACT,   /* length-delimited, empty or of the one size named */
    PRESCAN_MESSAGE, /* length-delimited, walked */
};

#define PRESCAN_NUMBERS_MAX  64 /* field numbers are below this: one bit each in a word */
#define PRESCAN_REPEATED_MAX 3  /* repeated fields of one message */

struct prescan_message;
struct prescan_field {
    const char *name;
    const struct prescan_message *message; /* of PRESCAN_MESSAGE */
    uint32_t size_max;                     /* of TEXT and BYTES, 0: no own limit; EXACT: the size */
    uint16_t count_max;                    /* of a repeated field */
    uint8_t type;                          /* enum prescan_type */
    uint8_t repeated;                      /* 0: singular; else 1, 2, 3: which repeated field */
    bool choice;                           /* member of the message's oneof */
};

struct prescan_message {
    const char *name;
    const struct prescan_field *fields;
    uint32_t count; /* rows, row 0 included */
};

extern const struct prescan_message prescan_frame_message;
extern const struct prescan_message prescan_header_message;

/* prescan() with any table: its own part is only the choice of the root. */
LT_CHECK enum lt_status prescan_walk(const struct prescan_message *root, struct lt_bytes bytes,
                                     struct fault *fault);

#endif
