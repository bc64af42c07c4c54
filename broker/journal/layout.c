/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The frame of a record: how one turn's facts lie in one value of the journal (layout.h shows the
 * bytes). It exists apart from the journal so that the broker, the verifier and the tools read the
 * very same bytes with the very same checks.
 *
 * A record is built in place, in memory of the caller: facts are added one behind the other, the
 * header and the offsets are written at the end. The header has a crc of its own, each fact has
 * one; the offsets have none, so they are checked against what they must be: rising from the first
 * fact on, each with room for a fact behind it, and each fact filling its place exactly. One
 * flipped bit anywhere is therefore seen, either here or in record_fact.
 *
 * Failures: LT_DAMAGED for bytes that are not what was written, LT_FORMAT_UNKNOWN for a whole
 * header of another version, LT_BUSY when a fact has no room in the record being built.
 */
#include <assert.h>
#include <string.h>

#include "layout.h"
#include "proto/base/crc32c.h"

#define OFFSET_BYTES     4u
#define HEADER_CRC_AT    116u
#define FACT_CRC_BYTES   4u
#define FACTS_BYTES_AT   20u
#define FACTS_FIRST_AT   RECORD_HEADER_BYTES
#define FACT_OFFSET_LAST (UINT32_MAX - FACT_HEADER_BYTES)

static const uint8_t magic[4] = {'L', 'T', 'J', '1'};

/* What the header says beyond `struct record`. */
struct frame_sizes {
    uint32_t facts_bytes;
    uint16_t edge_bytes;
};

/* Asked for every fact of every record looked at, so not through a reader. */
static uint32_t number_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t offset_at(const struct record *record, uint32_t index)
{
    const uint8_t *end = record->bytes.data + record->bytes.size;
    return number_at(end - (size_t)(record->count - index) * OFFSET_BYTES);
}

static uint32_t facts_end(const struct record *record)
{
    return FACTS_FIRST_AT + number_at(record->bytes.data + FACTS_BYTES_AT);
}

static enum lt_status header_read(struct lt_bytes bytes, struct record *record,
                                  struct frame_sizes *sizes, struct fault *fault)
{
    if (bytes.size < RECORD_HEADER_BYTES) {
        return fault_set(fault, LT_DAMAGED, "record", "%zu bytes are no record", bytes.size);
    }
    if (crc32c(0, bytes.data, HEADER_CRC_AT) != number_at(bytes.data + HEADER_CRC_AT)) {
        return fault_set(fault, LT_DAMAGED, "record.crc", "the header's crc differs");
    }
    struct wire_reader r;
    wire_read_init(&r, (struct lt_bytes){bytes.data, RECORD_HEADER_BYTES});
    struct lt_bytes mark = wire_run(&r, sizeof(magic));
    uint8_t version = wire_u8(&r);
    if (memcmp(mark.data, magic, sizeof(magic)) != 0 || version != RECORD_VERSION) {
        return fault_set(fault, LT_FORMAT_UNKNOWN, "record.version", "version %u", version);
    }
    (void)wire_run(&r, 3);
    record->bytes = bytes;
    record->first = wire_u64(&r);
    record->count = wire_u32(&r);
    sizes->facts_bytes = wire_u32(&r);
    record->epoch = wire_u64(&r);
    record->time_ms = wire_i64(&r);
    wire_raw(&r, record->before.bytes, sizeof(record->before.bytes));
    (void)wire_run(&r, 32 + 8);
    sizes->edge_bytes = wire_u16(&r);
    return LT_OK;
}

enum lt_status record_read(struct lt_bytes bytes, struct record *ret_record, struct fault *fault)
{
    struct record record = {0};
    struct frame_sizes sizes = {0};
    enum lt_status status = header_read(bytes, &record, &sizes, fault);
    if (status != LT_OK) {
        return status;
    }
    if (record.first == 0 || record.count == 0 || record.count > JOURNAL_BATCH_FACTS_MAX ||
        record.first > UINT64_MAX - record.count) {
        return fault_set(fault, LT_DAMAGED, "record.count", "%u facts from %llu on", record.count,
                         (unsigned long long)record.first);
    }
    size_t size = (size_t)RECORD_HEADER_BYTES + sizes.facts_bytes + sizes.edge_bytes +
                  (size_t)record.count * OFFSET_BYTES;
    if (size != bytes.size) {
        return fault_set(fault, LT_DAMAGED, "record.size", "%zu bytes, the header says %zu",
                         bytes.size, size);
    }
    uint64_t least = FACTS_FIRST_AT;
    uint64_t end = (uint64_t)FACTS_FIRST_AT + sizes.facts_bytes;
    for (uint32_t i = 0; i < record.count; i++) {
        uint64_t offset = offset_at(&record, i);
        if (offset < least || (i == 0 && offset != least) || offset + FACT_HEADER_BYTES > end) {
            return fault_set(fault, LT_DAMAGED, "record.offsets", "fact %u stands at %llu", i,
                             (unsigned long long)offset);
        }
        least = offset + FACT_HEADER_BYTES;
    }
    *ret_record = record;
    return LT_OK;
}

enum lt_status record_fact(const struct record *record, uint32_t index, struct fact *ret_fact)
{
    assert(index < record->count);
    uint32_t start = offset_at(record, index);
    uint32_t end = index + 1 < record->count ? offset_at(record, index + 1) : facts_end(record);
    struct wire_reader r;
    wire_read_init(&r, (struct lt_bytes){record->bytes.data + start, end - start});
    uint32_t crc = wire_u32(&r);
    uint32_t payload_bytes = wire_u32(&r);
    struct fact fact = {.position = record->first + index};
    fact.version = wire_u8(&r);
    fact.kind = wire_u8(&r);
    (void)wire_u16(&r);
    fact.time_ms = wire_i64(&r);
    fact.payload = wire_run(&r, payload_bytes);
    const uint8_t *covered = record->bytes.data + start + FACT_CRC_BYTES;
    if (!wire_read_done(&r) || crc32c(0, covered, end - start - FACT_CRC_BYTES) != crc) {
        *ret_fact = (struct fact){.position = record->first + index};
        return LT_DAMAGED;
    }
    *ret_fact = fact;
    return LT_OK;
}

void record_start(struct record_builder *builder, void *memory, size_t size, uint64_t first)
{
    assert(size >= RECORD_HEADER_BYTES && size <= FACT_OFFSET_LAST);
    wire_write_init(&builder->writer, memory, size);
    memset(memory, 0, RECORD_HEADER_BYTES);
    builder->writer.at += RECORD_HEADER_BYTES;
    builder->first = first;
    builder->count = 0;
}

bool record_room(const struct record_builder *builder, size_t payload_bytes)
{
    if (builder->count >= JOURNAL_BATCH_FACTS_MAX || payload_bytes > JOURNAL_FACT_BYTES_MAX) {
        return false;
    }
    size_t left = (size_t)(builder->writer.end - builder->writer.at);
    size_t offsets = ((size_t)builder->count + 1) * OFFSET_BYTES;
    return left >= FACT_HEADER_BYTES + payload_bytes + offsets;
}

enum lt_status record_add(struct record_builder *builder, uint8_t kind, int64_t time_ms,
                          struct lt_bytes payload, struct lt_bytes *ret_payload)
{
    if (!record_room(builder, payload.size)) {
        return LT_BUSY;
    }
    struct wire_writer *w = &builder->writer;
    uint8_t *start = w->at;
    wire_put_u32(w, 0);
    wire_put_u32(w, (uint32_t)payload.size);
    wire_put_u8(w, FACT_VERSION);
    wire_put_u8(w, kind);
    wire_put_u16(w, 0);
    wire_put_i64(w, time_ms);
    uint8_t *copy = w->at;
    wire_put_raw(w, payload.data, payload.size);
    struct wire_writer crc;
    wire_write_init(&crc, start, FACT_CRC_BYTES);
    wire_put_u32(&crc, crc32c(0, start + FACT_CRC_BYTES, (size_t)(w->at - start) - FACT_CRC_BYTES));
    assert(!w->bad && !crc.bad);
    builder->offsets[builder->count++] = (uint32_t)(start - w->start);
    *ret_payload = (struct lt_bytes){copy, payload.size};
    return LT_OK;
}

struct lt_bytes record_finish(struct record_builder *builder, uint64_t epoch, int64_t time_ms,
                              const struct lt_digest *before)
{
    if (builder->count == 0) {
        return (struct lt_bytes){NULL, 0};
    }
    struct wire_writer *w = &builder->writer;
    uint32_t facts_bytes = (uint32_t)(w->at - w->start) - RECORD_HEADER_BYTES;
    for (uint32_t i = 0; i < builder->count; i++) {
        wire_put_u32(w, builder->offsets[i]);
    }
    struct wire_writer header;
    wire_write_init(&header, w->start, RECORD_HEADER_BYTES);
    wire_put_raw(&header, magic, sizeof(magic));
    wire_put_u8(&header, RECORD_VERSION);
    wire_put_raw(&header, (const uint8_t[3]){0}, 3);
    wire_put_u64(&header, builder->first);
    wire_put_u32(&header, builder->count);
    wire_put_u32(&header, facts_bytes);
    wire_put_u64(&header, epoch);
    wire_put_i64(&header, time_ms);
    wire_put_raw(&header, before->bytes, sizeof(before->bytes));
    wire_put_raw(&header, (const uint8_t[32 + 8 + 2 + 2]){0}, 32 + 8 + 2 + 2);
    assert((size_t)(header.at - header.start) == HEADER_CRC_AT);
    wire_put_u32(&header, crc32c(0, w->start, HEADER_CRC_AT));
    assert(!header.bad);
    return wire_written(w);
}
