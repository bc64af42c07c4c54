/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_LAYOUT_H
#define BROKER_JOURNAL_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"
#include "proto/base/wire.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * One record = one turn's facts (big-endian):
 *
 *   0   4  magic "LTJ1"
 *   4   1  record version (1)
 *   5   3  zero
 *   8   8  position of the first fact
 *  16   4  number of facts
 *  20   4  bytes of the facts area
 *  24   8  broker epoch
 *  32   8  journal time of the last fact
 *  40  32  SHA-256 of the record before (zero in the first)
 *  72  32  batch root over the leaves of this turn     (zero until the trust issue)
 * 104   8  log size after this turn                     (zero until then)
 * 112   2  bytes of the right edge that follows the facts area (zero until then)
 * 114   2  zero
 * 116   4  crc32c of bytes 0..115
 * 120      facts, each: crc32c of what follows u32 | payload bytes u32 | version u8 | kind u8 |
 *          zero u16 | time i64 | payload
 *   .      right edge
 *   .      offsets: u32 per fact, from the start of the record
 */
#define RECORD_HEADER_BYTES 120
#define FACT_HEADER_BYTES   20
#define RECORD_VERSION      1
#define FACT_VERSION        1

struct record {
    uint64_t first;
    uint32_t count;
    uint64_t epoch;
    int64_t time_ms;
    struct lt_digest before;
    struct lt_bytes bytes; /* the whole record */
};

/* Checks the frame of a record (magic, sizes, crc of the header, offsets inside), not the facts. */
LT_CHECK enum lt_status record_read(struct lt_bytes bytes, struct record *ret_record,
                                    struct fault *fault);

/* The fact at index; LT_DAMAGED when its crc differs (ret_fact then holds position and time 0). */
LT_CHECK enum lt_status record_fact(const struct record *record, uint32_t index,
                                    struct fact *ret_fact);

/* Building, in place: start, add, finish. `finish` gives the whole record or an empty run. */
struct record_builder {
    struct wire_writer writer;
    uint64_t first;
    uint32_t count;
    uint32_t offsets[JOURNAL_BATCH_FACTS_MAX];
};
void record_start(struct record_builder *builder, void *memory, size_t size, uint64_t first);
bool record_room(const struct record_builder *builder, size_t payload_bytes);
LT_CHECK enum lt_status record_add(struct record_builder *builder, uint8_t kind, int64_t time_ms,
                                   struct lt_bytes payload, struct lt_bytes *ret_payload);
struct lt_bytes record_finish(struct record_builder *builder, uint64_t epoch, int64_t time_ms,
                              const struct lt_digest *before);

#endif
