/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_VECTORS_WIRE_BYTES_H
#define TESTS_VECTORS_WIRE_BYTES_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lienthong/types.h>

/*
 * Protobuf wire bytes written by hand, right or wrong as a test wants them: the only encoder of the
 * tests that does not go through the code under test.
 */
struct wire_bytes {
    uint8_t *data;
    size_t size;
    size_t room;
};

static inline void wire_bytes_raw(struct wire_bytes *w, const void *data, size_t size)
{
    if (w->size + size > w->room) {
        w->room = 2 * (w->size + size) + 64;
        w->data = realloc(w->data, w->room);
        assert(w->data);
    }
    if (size > 0) {
        memcpy(w->data + w->size, data, size);
    }
    w->size += size;
}

static inline void wire_bytes_varint(struct wire_bytes *w, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        wire_bytes_raw(w, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

static inline void wire_bytes_tag(struct wire_bytes *w, uint32_t number, uint32_t type)
{
    wire_bytes_varint(w, (uint64_t)number << 3 | type);
}

static inline void wire_bytes_number(struct wire_bytes *w, uint32_t number, uint64_t value)
{
    wire_bytes_tag(w, number, 0);
    wire_bytes_varint(w, value);
}

static inline void wire_bytes_run(struct wire_bytes *w, uint32_t number, const void *data,
                                  size_t size)
{
    wire_bytes_tag(w, number, 2);
    wire_bytes_varint(w, size);
    wire_bytes_raw(w, data, size);
}

static inline void wire_bytes_text(struct wire_bytes *w, uint32_t number, const char *text)
{
    wire_bytes_run(w, number, text, strlen(text));
}

/* Puts `inner` in as a field and empties it for its next use. */
static inline void wire_bytes_inner(struct wire_bytes *w, uint32_t number, struct wire_bytes *inner)
{
    wire_bytes_run(w, number, inner->data, inner->size);
    inner->size = 0;
}

static inline struct lt_bytes wire_bytes_view(const struct wire_bytes *w)
{
    return (struct lt_bytes){w->data, w->size};
}

static inline void wire_bytes_free(struct wire_bytes *w)
{
    free(w->data);
    *w = (struct wire_bytes){0};
}

#endif
