/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The guard in front of the protobuf decoder. The decoder knows no limits: nesting eats its stack,
 * empty messages and unknown fields grow into fifty times their size, a NUL cuts a text short, and
 * of a field sent twice two decoders keep different halves. So every run of wire bytes is walked
 * here first, once, from left to right, against the tables of prescan_tables.c.
 *
 * The walk keeps a small stack of its own (PRESCAN_DEPTH_MAX levels, under 1 KiB) and no heap. It
 * looks inside known messages only; an unknown field is skipped as a whole and counted. Its cost is
 * that of the fields, not of the bytes: opaque bytes are stepped over.
 *
 * It fails at the first thing that is wrong, with the dotted path of the place in the fault.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "prescan.h"
#include "prescan_tables.h"

#define TAG_BYTES_MAX    5 /* what the decoder reads of a tag and of a length */
#define VARINT_BYTES_MAX 10

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_RUN = 2, WIRE_FIXED32 = 5 };

struct level {
    const struct prescan_message *message;
    const uint8_t *end;
    uint64_t seen;   /* one bit for each singular field */
    uint32_t number; /* of the field the walk is in */
    bool chosen;     /* a member of the oneof was seen */
    uint16_t counts[PRESCAN_REPEATED_MAX];
};

struct walk {
    const uint8_t *at;
    struct fault *fault;
    uint32_t fields;
    uint32_t unknown;
    uint32_t depth;
    struct level levels[PRESCAN_DEPTH_MAX];
};

/* NULL: not in the schema. */
static const struct prescan_field *field_at(const struct level *level)
{
    const struct prescan_message *message = level->message;
    bool known = level->number < message->count && message->fields[level->number].name;
    return known ? &message->fields[level->number] : NULL;
}

static void path_write(const struct walk *walk, char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < walk->depth && used < out_size; i++) {
        const struct level *level = &walk->levels[i];
        const struct prescan_field *field = field_at(level);
        const char *dot = i > 0 ? "." : "";
        int written =
            field ? snprintf(out + used, out_size - used, "%s%s", dot, field->name)
                  : snprintf(out + used, out_size - used, "%s%u", dot, (unsigned)level->number);
        used += written > 0 ? (size_t)written : 0;
    }
}

static enum lt_status refuse(const struct walk *walk, enum lt_status status, const char *why)
{
    char path[48];
    path_write(walk, path, sizeof(path));
    return fault_set(walk->fault, status, path, "%s", why);
}

/* False: cut short, over-long, or more than 64 bits. */
static bool varint(const uint8_t **at, const uint8_t *end, uint32_t bytes_max, uint64_t *ret_value)
{
    uint64_t value = 0;
    const uint8_t *p = *at;
    for (uint32_t i = 0; i < bytes_max && p < end; i++, p++) {
        if (i == VARINT_BYTES_MAX - 1 && *p > 1) {
            return false;
        }
        value |= (uint64_t)(*p & 0x7f) << (7 * i);
        if (*p < 0x80) {
            *at = p + 1;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool run(const uint8_t **at, const uint8_t *end, struct lt_bytes *ret_run)
{
    uint64_t size;
    const uint8_t *p = *at;
    if (!varint(&p, end, TAG_BYTES_MAX, &size) || size > (uint64_t)(end - p)) {
        return false;
    }
    *ret_run = (struct lt_bytes){p, (size_t)size};
    *at = p + size;
    return true;
}

static enum lt_status skip_unknown(struct walk *walk, const struct level *level, uint32_t type)
{
    uint64_t number;
    struct lt_bytes bytes;
    size_t left = (size_t)(level->end - walk->at);
    if (++walk->unknown > PRESCAN_UNKNOWN_MAX) {
        return refuse(walk, LT_FRAME_CROWDED, "too many unknown fields");
    }
    bool whole = false;
    switch (type) {
    case WIRE_VARINT:
        whole = varint(&walk->at, level->end, VARINT_BYTES_MAX, &number);
        break;
    case WIRE_RUN:
        whole = run(&walk->at, level->end, &bytes);
        break;
    case WIRE_FIXED64:
    case WIRE_FIXED32:
        whole = left >= (type == WIRE_FIXED64 ? 8u : 4u);
        walk->at += whole ? (type == WIRE_FIXED64 ? 8 : 4) : 0;
        break;
    default:
        return refuse(walk, LT_FRAME_BAD, "a group or a wire type that does not exist");
    }
    return whole ? LT_OK : refuse(walk, LT_FRAME_BAD, "cut short");
}

static enum lt_status count_field(struct walk *walk, struct level *level,
                                  const struct prescan_field *field)
{
    if (field->choice) {
        if (level->chosen) {
            return refuse(walk, LT_FRAME_BAD, "two bodies in one frame");
        }
        level->chosen = true;
    }
    if (field->repeated) {
        if (++level->counts[field->repeated - 1] > field->count_max) {
            return refuse(walk, LT_FRAME_CROWDED, "too many elements");
        }
        return LT_OK;
    }
    uint64_t bit = 1ull << level->number;
    if (level->seen & bit) {
        return refuse(walk, LT_FIELD_TWICE, "sent twice");
    }
    level->seen |= bit;
    return LT_OK;
}

static enum lt_status walk_number(struct walk *walk, const struct level *level,
                                  const struct prescan_field *field)
{
    uint64_t value;
    uint64_t most = UINT64_MAX;
    if (!varint(&walk->at, level->end, VARINT_BYTES_MAX, &value)) {
        return refuse(walk, LT_FRAME_BAD, "cut short or over 64 bits");
    }
    switch (field->type) {
    case PRESCAN_U32:
        most = UINT32_MAX;
        break;
    case PRESCAN_ENUM:
        most = INT32_MAX;
        break;
    case PRESCAN_BOOL:
        most = 1;
        break;
    default:
        break;
    }
    return value <= most ? LT_OK : refuse(walk, LT_FIELD_BAD, "the number is out of range");
}

static enum lt_status walk_run(struct walk *walk, struct level *level,
                               const struct prescan_field *field)
{
    struct lt_bytes bytes;
    if (!run(&walk->at, level->end, &bytes)) {
        return refuse(walk, LT_FRAME_BAD, "cut short");
    }
    switch (field->type) {
    case PRESCAN_MESSAGE:
        if (walk->depth == PRESCAN_DEPTH_MAX) {
            return refuse(walk, LT_FRAME_DEEP, "nested too deeply");
        }
        walk->levels[walk->depth++] =
            (struct level){.message = field->message, .end = bytes.data + bytes.size};
        walk->at = bytes.data;
        return LT_OK;
    case PRESCAN_EXACT:
        if (bytes.size != 0 && bytes.size != field->size_max) {
            return refuse(walk, LT_FIELD_BAD, "not of its one size");
        }
        return LT_OK;
    default:
        break;
    }
    if (field->size_max > 0 && bytes.size > field->size_max) {
        return refuse(walk, LT_FIELD_BAD, "too long");
    }
    if (field->type == PRESCAN_TEXT && !utf8_valid(bytes)) {
        return refuse(walk, LT_TEXT_BAD, "NUL or bad UTF-8");
    }
    return LT_OK;
}

static enum lt_status walk_field(struct walk *walk, struct level *level)
{
    uint64_t tag;
    if (++walk->fields > PRESCAN_FIELDS_MAX) {
        return refuse(walk, LT_FRAME_CROWDED, "too many fields");
    }
    level->number = 0;
    if (!varint(&walk->at, level->end, TAG_BYTES_MAX, &tag) || tag > UINT32_MAX) {
        return refuse(walk, LT_FRAME_BAD, "the tag is cut short or over 32 bits");
    }
    uint32_t type = (uint32_t)tag & 7;
    level->number = (uint32_t)(tag >> 3);
    if (level->number == 0) {
        return refuse(walk, LT_FRAME_BAD, "field number 0");
    }
    const struct prescan_field *field = field_at(level);
    if (!field) {
        return skip_unknown(walk, level, type);
    }
    uint32_t type_wanted = field->type <= PRESCAN_ENUM ? WIRE_VARINT : WIRE_RUN;
    if (type != type_wanted) {
        return refuse(walk, LT_FRAME_BAD, "wrong wire type");
    }
    enum lt_status status = count_field(walk, level, field);
    if (status != LT_OK) {
        return status;
    }
    return type == WIRE_VARINT ? walk_number(walk, level, field) : walk_run(walk, level, field);
}

enum lt_status prescan_walk(const struct prescan_message *root, struct lt_bytes bytes,
                            struct fault *fault)
{
    struct walk walk = {.at = bytes.data, .fault = fault, .depth = 1};
    walk.levels[0].message = root;
    walk.levels[0].end = bytes.size ? bytes.data + bytes.size : bytes.data;
    while (walk.depth > 0) {
        struct level *level = &walk.levels[walk.depth - 1];
        if (walk.at == level->end) {
            walk.depth--;
            continue;
        }
        enum lt_status status = walk_field(&walk, level);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

enum lt_status prescan(enum prescan_root root, struct lt_bytes bytes, struct fault *fault)
{
    return prescan_walk(root == PRESCAN_FRAME ? &prescan_frame_message : &prescan_header_message,
                        bytes, fault);
}
