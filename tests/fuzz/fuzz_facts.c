/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Any bytes as the payload of every kind of fact, and as a record: as it came, and with its crcs
 * mended, because no mutation would get past them. A payload that reads is written again and must
 * give the same bytes.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/fact_plan.h"
#include "broker/journal/fact_seal.h"
#include "broker/journal/fact_seen.h"
#include "broker/journal/format.h"
#include "broker/journal/layout.h"
#include "proto/base/crc32c.h"
#include "seeds.h"

#define HEADER_CRC_AT 116u

static void same(struct lt_bytes written, struct lt_bytes payload)
{
    assert(written.size == payload.size);
    assert(memcmp(written.data, payload.data, payload.size) == 0);
}

/* Reads one kind; what reads is written into memory of exactly its size. */
#define ROUND_TRIP(kind)                                                                           \
    static void trip_##kind(struct lt_bytes payload, uint8_t *memory)                              \
    {                                                                                              \
        struct fact_##kind f;                                                                      \
        if (fact_read_##kind(payload, &f)) {                                                       \
            same(fact_write_##kind(memory, payload.size, &f), payload);                            \
        }                                                                                          \
    }

ROUND_TRIP(epoch)
ROUND_TRIP(accepted)
ROUND_TRIP(refused)
ROUND_TRIP(seal)
ROUND_TRIP(settled)
ROUND_TRIP(returned)
ROUND_TRIP(act)
ROUND_TRIP(assigned)
ROUND_TRIP(incident)
ROUND_TRIP(timed)
ROUND_TRIP(noticed)
ROUND_TRIP(registry)
ROUND_TRIP(blob)
ROUND_TRIP(blob_gone)
ROUND_TRIP(rerouted)
ROUND_TRIP(held)
ROUND_TRIP(plan)
ROUND_TRIP(plan_step)
ROUND_TRIP(plan_state)
ROUND_TRIP(carried)
ROUND_TRIP(cut)
ROUND_TRIP(format)
ROUND_TRIP(seen)

static void trip_sent(struct lt_bytes payload, uint8_t *memory)
{
    struct fact_sent sent;
    if (!fact_read_sent(payload, &sent)) {
        return;
    }
    struct fact_sent_item *items = malloc((sent.count + 1) * sizeof(*items));
    assert(items != NULL);
    for (uint32_t i = 0; i < sent.count; i++) {
        items[i] = fact_sent_at(&sent, i);
    }
    same(fact_write_sent(memory, payload.size, sent.agency, items, sent.count), payload);
    free(items);
}

static void trip_plan_items(struct lt_bytes payload, uint8_t *memory)
{
    struct fact_plan_items f;
    if (!fact_read_plan_items(payload, &f)) {
        return;
    }
    struct fact_plan_item *items = malloc(f.count * sizeof(*items));
    assert(items != NULL);
    for (uint32_t i = 0; i < f.count; i++) {
        items[i] = fact_plan_item_at(&f, i);
    }
    same(fact_write_plan_items(memory, payload.size, f.number, f.first, items, f.count), payload);
    free(items);
}

static void payload_all_kinds(struct lt_bytes payload)
{
    uint8_t *memory = malloc(payload.size + 1);
    assert(memory != NULL);
    trip_epoch(payload, memory);
    trip_accepted(payload, memory);
    trip_refused(payload, memory);
    trip_seal(payload, memory);
    trip_sent(payload, memory);
    trip_settled(payload, memory);
    trip_returned(payload, memory);
    trip_act(payload, memory);
    trip_assigned(payload, memory);
    trip_incident(payload, memory);
    trip_timed(payload, memory);
    trip_noticed(payload, memory);
    trip_registry(payload, memory);
    trip_seen(payload, memory);
    trip_blob(payload, memory);
    trip_blob_gone(payload, memory);
    trip_rerouted(payload, memory);
    trip_held(payload, memory);
    trip_plan(payload, memory);
    trip_plan_items(payload, memory);
    trip_plan_step(payload, memory);
    trip_plan_state(payload, memory);
    trip_carried(payload, memory);
    trip_cut(payload, memory);
    trip_format(payload, memory);
    free(memory);
}

static void crc_mend(uint8_t *place, const uint8_t *from, size_t size)
{
    uint32_t crc = crc32c(0, from, size);
    for (int i = 0; i < 4; i++) {
        place[i] = (uint8_t)(crc >> (24 - 8 * i));
    }
}

static uint32_t number_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void facts_read(const struct record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        struct fact fact;
        enum lt_status status = record_fact(record, i, &fact);
        assert(fact.position == record->first + i);
        assert(status == LT_OK || (status == LT_DAMAGED && fact.payload.size == 0));
        if (status == LT_OK) {
            payload_all_kinds(fact.payload);
        }
    }
}

/* Where the facts stand is taken from the offsets, as record_read has let them pass. */
static void facts_mend(const struct record *record, uint8_t *bytes)
{
    const uint8_t *offsets = bytes + record->bytes.size - (size_t)record->count * 4;
    uint32_t facts_end = RECORD_HEADER_BYTES + number_at(bytes + 20);
    for (uint32_t i = 0; i < record->count; i++) {
        uint32_t start = number_at(offsets + (size_t)i * 4);
        uint32_t end = i + 1 < record->count ? number_at(offsets + (size_t)(i + 1) * 4) : facts_end;
        crc_mend(bytes + start, bytes + start + 4, end - start - 4);
    }
}

static void record_mended(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size);
    assert(bytes != NULL);
    memcpy(bytes, data, size);
    memcpy(bytes, "LTJ1\1", 5);
    crc_mend(bytes + HEADER_CRC_AT, bytes, HEADER_CRC_AT);
    struct record record;
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = record_read((struct lt_bytes){bytes, size}, &record, &fault);
    assert(status == fault.status);
    if (status == LT_OK) {
        facts_read(&record);
        facts_mend(&record, bytes);
        facts_read(&record);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lt_bytes bytes = {data, size};
    struct record record;
    payload_all_kinds(bytes);
    if (record_read(bytes, &record, NULL) == LT_OK) {
        facts_read(&record);
    }
    if (size >= RECORD_HEADER_BYTES) {
        record_mended(data, size);
    }
    return 0;
}
