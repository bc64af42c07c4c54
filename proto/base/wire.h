/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_WIRE_H
#define PROTO_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lienthong/types.h>

/*
 * Reading and writing fixed layouts (facts, index records): big-endian numbers, runs of bytes with
 * a u16 or u32 length in front. Sticky: after the first overrun everything reads as zero or empty
 * and writes nothing, and `bad` is checked once at the end.
 */
struct wire_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct wire_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool bad;
};

void wire_read_init(struct wire_reader *r, struct lt_bytes bytes);
uint8_t wire_u8(struct wire_reader *r);
uint16_t wire_u16(struct wire_reader *r);
uint32_t wire_u32(struct wire_reader *r);
uint64_t wire_u64(struct wire_reader *r);
int64_t wire_i64(struct wire_reader *r);
void wire_raw(struct wire_reader *r, void *out, size_t size);
struct lt_bytes wire_run(struct wire_reader *r, size_t size); /* view of the next `size` bytes */
struct lt_bytes wire_run16(struct wire_reader *r);            /* u16 length in front */
struct lt_bytes wire_run32(struct wire_reader *r);
bool wire_read_done(const struct wire_reader *r); /* not bad and nothing left */

void wire_write_init(struct wire_writer *w, void *out, size_t size);
void wire_put_u8(struct wire_writer *w, uint8_t v);
void wire_put_u16(struct wire_writer *w, uint16_t v);
void wire_put_u32(struct wire_writer *w, uint32_t v);
void wire_put_u64(struct wire_writer *w, uint64_t v);
void wire_put_i64(struct wire_writer *w, int64_t v);
void wire_put_raw(struct wire_writer *w, const void *data, size_t size);
void wire_put_run16(struct wire_writer *w, struct lt_bytes bytes);
void wire_put_run32(struct wire_writer *w, struct lt_bytes bytes);
struct lt_bytes wire_written(const struct wire_writer *w); /* empty when bad */

#endif
