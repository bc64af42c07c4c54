/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Entries of the audit index as keys and values. A person's name is at most AUDIT_PERSON_MAX bytes
 * and holds no NUL, so a NUL ends it in the key and no name is the beginning of another one's
 * entries. Positions are big-endian: entries stand in the order in which things happened.
 */
#include "audit_record.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"

#define VALUE_VERSION  1
#define POSITION_BYTES 8

static struct lt_bytes cut(struct lt_bytes text, size_t most)
{
    text.size = utf8_cut((const char *)text.data, text.size, most);
    return text;
}

struct lt_bytes audit_person_prefix(uint8_t out[RECORD_KEY_MAX], struct lt_bytes person)
{
    struct wire_writer w;
    person = cut(person, AUDIT_PERSON_MAX);
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, 'P');
    wire_put_raw(&w, person.data, person.size);
    wire_put_u8(&w, 0);
    return wire_written(&w);
}

struct lt_bytes audit_person_key(uint8_t out[RECORD_KEY_MAX], struct lt_bytes person,
                                 uint64_t position)
{
    struct wire_writer w;
    struct lt_bytes prefix = audit_person_prefix(out, person);
    wire_write_init(&w, out + prefix.size, RECORD_KEY_MAX - prefix.size);
    wire_put_u64(&w, position);
    return (struct lt_bytes){out, prefix.size + POSITION_BYTES};
}

struct lt_bytes audit_transfer_key(uint8_t out[RECORD_KEY_MAX], uint64_t transfer,
                                   uint64_t position)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, 'T');
    wire_put_u64(&w, transfer);
    wire_put_u64(&w, position);
    return wire_written(&w);
}

bool audit_key_position(struct lt_bytes key, size_t prefix_size, uint64_t *ret_position)
{
    struct wire_reader r;
    wire_read_init(&r, key);
    (void)wire_run(&r, prefix_size);
    uint64_t position = wire_u64(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_position = position;
    return true;
}

struct lt_bytes audit_write(uint8_t out[AUDIT_VALUE_BYTES], const struct audit_record *record)
{
    struct wire_writer w;
    wire_write_init(&w, out, AUDIT_VALUE_BYTES);
    wire_put_u8(&w, VALUE_VERSION);
    wire_put_i64(&w, record->time_ms);
    wire_put_u8(&w, record->kind);
    wire_put_u8(&w, record->act);
    wire_put_u64(&w, record->transfer);
    wire_put_u64(&w, record->number);
    wire_put_u32(&w, record->agency);
    wire_put_run16(&w, cut(record->person, AUDIT_PERSON_MAX));
    wire_put_run16(&w, cut(record->reason, LT_REASON_MAX));
    return wire_written(&w);
}

bool audit_read(struct lt_bytes bytes, struct audit_record *ret_record)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    r.bad |= wire_u8(&r) != VALUE_VERSION;
    struct audit_record record = {.time_ms = wire_i64(&r)};
    record.kind = wire_u8(&r);
    record.act = wire_u8(&r);
    record.transfer = wire_u64(&r);
    record.number = wire_u64(&r);
    record.agency = wire_u32(&r);
    record.person = wire_run16(&r);
    record.reason = wire_run16(&r);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_record = record;
    return true;
}
