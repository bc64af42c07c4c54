/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The one way in which fixed layouts are read and written: numbers big-endian, so that keys sort as
 * the numbers do, and runs of bytes with their length in front. Facts and index records are made of
 * these and of nothing else.
 *
 * Both ends are sticky. A reader that ran over its end gives zeros and empty runs from then on, a
 * writer that ran over its room writes nothing more; the caller asks once, at the end. What is read
 * comes from disk or wire, therefore nothing is asserted about it.
 *
 * No function allocates; runs are views of the bytes that were given to wire_read_init.
 */
#include <string.h>

#include "wire.h"

void wire_read_init(struct wire_reader *r, struct lt_bytes bytes)
{
    r->at = bytes.data;
    r->end = bytes.size > 0 ? bytes.data + bytes.size : bytes.data;
    r->bad = false;
}

/* The next `size` bytes, or NULL when they are not there. */
static const uint8_t *take(struct wire_reader *r, size_t size)
{
    if (r->bad || (size_t)(r->end - r->at) < size) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *at = r->at;
    if (size > 0) {
        r->at += size;
    }
    return at;
}

static uint64_t number(struct wire_reader *r, size_t size)
{
    const uint8_t *at = take(r, size);
    if (at == NULL) {
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

uint8_t wire_u8(struct wire_reader *r)
{
    return (uint8_t)number(r, 1);
}

uint16_t wire_u16(struct wire_reader *r)
{
    return (uint16_t)number(r, 2);
}

uint32_t wire_u32(struct wire_reader *r)
{
    return (uint32_t)number(r, 4);
}

uint64_t wire_u64(struct wire_reader *r)
{
    return number(r, 8);
}

int64_t wire_i64(struct wire_reader *r)
{
    return (int64_t)number(r, 8);
}

void wire_raw(struct wire_reader *r, void *out, size_t size)
{
    const uint8_t *at = take(r, size);
    if (size == 0) {
        return;
    }
    if (at == NULL) {
        memset(out, 0, size);
        return;
    }
    memcpy(out, at, size);
}

struct lt_bytes wire_run(struct wire_reader *r, size_t size)
{
    const uint8_t *at = take(r, size);
    return r->bad ? (struct lt_bytes){NULL, 0} : (struct lt_bytes){at, size};
}

struct lt_bytes wire_run16(struct wire_reader *r)
{
    return wire_run(r, wire_u16(r));
}

struct lt_bytes wire_run32(struct wire_reader *r)
{
    return wire_run(r, wire_u32(r));
}

bool wire_read_done(const struct wire_reader *r)
{
    return !r->bad && r->at == r->end;
}

void wire_write_init(struct wire_writer *w, void *out, size_t size)
{
    w->start = out;
    w->at = out;
    w->end = size > 0 ? (uint8_t *)out + size : out;
    w->bad = false;
}

/* Room for `size` bytes, or NULL when there is none. */
static uint8_t *room(struct wire_writer *w, size_t size)
{
    if (w->bad || (size_t)(w->end - w->at) < size) {
        w->bad = true;
        return NULL;
    }
    uint8_t *at = w->at;
    if (size > 0) {
        w->at += size;
    }
    return at;
}

static void put_number(struct wire_writer *w, uint64_t value, size_t size)
{
    uint8_t *at = room(w, size);
    if (at == NULL) {
        return;
    }
    for (size_t i = size; i > 0; i--) {
        at[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

void wire_put_u8(struct wire_writer *w, uint8_t v)
{
    put_number(w, v, 1);
}

void wire_put_u16(struct wire_writer *w, uint16_t v)
{
    put_number(w, v, 2);
}

void wire_put_u32(struct wire_writer *w, uint32_t v)
{
    put_number(w, v, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t v)
{
    put_number(w, v, 8);
}

void wire_put_i64(struct wire_writer *w, int64_t v)
{
    put_number(w, (uint64_t)v, 8);
}

void wire_put_raw(struct wire_writer *w, const void *data, size_t size)
{
    uint8_t *at = room(w, size);
    if (at != NULL && size > 0) {
        memcpy(at, data, size);
    }
}

void wire_put_run16(struct wire_writer *w, struct lt_bytes bytes)
{
    if (bytes.size > UINT16_MAX) {
        w->bad = true;
        return;
    }
    wire_put_u16(w, (uint16_t)bytes.size);
    wire_put_raw(w, bytes.data, bytes.size);
}

void wire_put_run32(struct wire_writer *w, struct lt_bytes bytes)
{
    if (bytes.size > UINT32_MAX) {
        w->bad = true;
        return;
    }
    wire_put_u32(w, (uint32_t)bytes.size);
    wire_put_raw(w, bytes.data, bytes.size);
}

struct lt_bytes wire_written(const struct wire_writer *w)
{
    if (w->bad) {
        return (struct lt_bytes){NULL, 0};
    }
    return (struct lt_bytes){w->start, (size_t)(w->at - w->start)};
}
