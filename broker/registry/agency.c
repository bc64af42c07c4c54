/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One entry of the registry, an agency or a route, as bytes and back, and the rules of an entry
 * that comes from outside. The bytes stand in registry facts, in STATE_REGISTRY and in the payload
 * of an operator's agency-put, so that ltctl, the journal and the broker agree without a second
 * schema.
 *
 * Reading is structural: version, lengths, UTF-8, counts. It says nothing of the rules, because a
 * rule that becomes stricter must not make an old fact unreadable. The rules are agency_check and
 * route_check, asked before an entry becomes a fact: what is wrong with one entry alone. What is
 * wrong between two entries (a key of two agencies, a route to nobody) is registry_check's.
 *
 * A writer gives an empty run when the room is too small; a reader gives false and leaves its
 * output untouched. Nothing allocates.
 */
#include <assert.h>
#include <string.h>

#include "agency.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"

#define ENTRY_VERSION  1
#define FLAG_SUSPENDED 1u
#define FLAG_PAUSED    2u
#define FLAG_DRAINING  4u
#define FLAGS_KNOWN    (FLAG_SUSPENDED | FLAG_PAUSED | FLAG_DRAINING)
#define KEYS_VALID_MAX 2 /* at one time: the old one and the new one of a rotation */
#define KEY_WIRE_BYTES (32 + 8 + 8 + 1)

static_assert(1 + 4 + 6 * 2 + 2 * LT_AGENCY_ID_MAX + 2 * 127 + LT_LOCALITY_MAX + 3 +
                      AGENCY_KEYS_MAX * KEY_WIRE_BYTES + 4 + 8 + 4 + 8 <=
                  AGENCY_BYTES_MAX,
              "the longest agency fits its entry");
static_assert(1 + 3 * 2 + LT_PROCEDURE_MAX + LT_LOCALITY_MAX + 1 + LT_AGENCY_ID_MAX <=
                  ROUTE_BYTES_MAX,
              "the longest route fits its entry");

static const char *const kind_names[] = {
    [AGENCY_COMMUNE] = "commune",
    [AGENCY_DEPARTMENT] = "department",
    [AGENCY_MINISTRY] = "ministry",
    [AGENCY_OTHER] = "other",
};

static bool kind_known(unsigned kind)
{
    return kind >= AGENCY_COMMUNE && kind <= AGENCY_OTHER;
}

const char *agency_kind_name(enum agency_kind kind)
{
    return kind_known((unsigned)kind) ? kind_names[kind] : "";
}

enum agency_kind agency_kind_by_name(struct lt_bytes name)
{
    for (unsigned kind = AGENCY_COMMUNE; kind <= AGENCY_OTHER; kind++) {
        if (bytes_equal(name, text_bytes(kind_names[kind]))) {
            return (enum agency_kind)kind;
        }
    }
    return (enum agency_kind)0;
}

/* ---- bytes ---- */

static void text_put(struct wire_writer *writer, const char *text)
{
    wire_put_run16(writer, text_bytes(text));
}

/* A text of the entry into its room; a longer one, NUL inside or bad UTF-8 spoils the reader. */
static void text_take(struct wire_reader *reader, char *out, size_t out_size)
{
    struct lt_bytes text = wire_run16(reader);
    if (text.size >= out_size || !utf8_valid(text)) {
        reader->bad = true;
        return;
    }
    if (text.size > 0) {
        memcpy(out, text.data, text.size);
    }
    out[text.size] = '\0';
}

struct lt_bytes agency_write(void *memory, size_t size, const struct agency *agency)
{
    assert(agency->keys_count <= AGENCY_KEYS_MAX);
    struct wire_writer writer;
    wire_write_init(&writer, memory, size);
    wire_put_u8(&writer, ENTRY_VERSION);
    wire_put_u32(&writer, agency->number);
    text_put(&writer, agency->id);
    text_put(&writer, agency->name);
    wire_put_u8(&writer, (uint8_t)agency->kind);
    text_put(&writer, agency->locality);
    text_put(&writer, agency->successor);
    text_put(&writer, agency->contact);
    wire_put_u8(&writer, (uint8_t)((agency->suspended ? FLAG_SUSPENDED : 0) |
                                   (agency->paused ? FLAG_PAUSED : 0) |
                                   (agency->draining ? FLAG_DRAINING : 0)));
    wire_put_u8(&writer, (uint8_t)agency->keys_count);
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        const struct agency_key *key = &agency->keys[i];
        wire_put_raw(&writer, key->key.bytes, sizeof(key->key.bytes));
        wire_put_i64(&writer, key->from_ms);
        wire_put_i64(&writer, key->to_ms);
        wire_put_u8(&writer, key->revoked ? 1 : 0);
    }
    wire_put_u32(&writer, agency->rate_per_s);
    wire_put_u64(&writer, agency->blob_quota_bytes);
    wire_put_u32(&writer, agency->kinds_denied);
    if (agency->successor_from_ms != 0) {
        wire_put_i64(&writer, agency->successor_from_ms); /* came later */
    }
    return wire_written(&writer);
}

static void keys_take(struct wire_reader *reader, struct agency *agency)
{
    uint8_t count = wire_u8(reader);
    if (count > AGENCY_KEYS_MAX) {
        reader->bad = true;
        return;
    }
    agency->keys_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct agency_key *key = &agency->keys[i];
        wire_raw(reader, key->key.bytes, sizeof(key->key.bytes));
        key->from_ms = wire_i64(reader);
        key->to_ms = wire_i64(reader);
        uint8_t revoked = wire_u8(reader);
        reader->bad |= revoked > 1;
        key->revoked = revoked == 1;
    }
}

bool agency_read(struct lt_bytes bytes, struct agency *ret_agency)
{
    struct agency agency;
    memset(&agency, 0, sizeof(agency));
    struct wire_reader reader;
    wire_read_init(&reader, bytes);
    reader.bad |= wire_u8(&reader) != ENTRY_VERSION;
    agency.number = wire_u32(&reader);
    text_take(&reader, agency.id, sizeof(agency.id));
    text_take(&reader, agency.name, sizeof(agency.name));
    uint8_t kind = wire_u8(&reader);
    reader.bad |= !kind_known(kind);
    agency.kind = (enum agency_kind)kind;
    text_take(&reader, agency.locality, sizeof(agency.locality));
    text_take(&reader, agency.successor, sizeof(agency.successor));
    text_take(&reader, agency.contact, sizeof(agency.contact));
    uint8_t flags = wire_u8(&reader);
    reader.bad |= (flags & ~FLAGS_KNOWN) != 0;
    agency.suspended = (flags & FLAG_SUSPENDED) != 0;
    agency.paused = (flags & FLAG_PAUSED) != 0;
    agency.draining = (flags & FLAG_DRAINING) != 0;
    keys_take(&reader, &agency);
    agency.rate_per_s = wire_u32(&reader);
    agency.blob_quota_bytes = wire_u64(&reader);
    agency.kinds_denied = wire_u32(&reader);
    if (!wire_read_done(&reader)) {
        agency.successor_from_ms = wire_i64(&reader);
        reader.bad |= agency.successor_from_ms == 0;
    }
    if (!wire_read_done(&reader) || agency.id[0] == '\0') {
        return false;
    }
    *ret_agency = agency;
    return true;
}

struct lt_bytes agency_key_write(void *memory, size_t size, const struct agency *agency)
{
    struct wire_writer writer;
    wire_write_init(&writer, memory, size);
    wire_put_u8(&writer, 'A');
    wire_put_u32(&writer, agency->number);
    return wire_written(&writer);
}

struct lt_bytes route_write(void *memory, size_t size, const struct route *route)
{
    struct wire_writer writer;
    wire_write_init(&writer, memory, size);
    wire_put_u8(&writer, ENTRY_VERSION);
    text_put(&writer, route->procedure);
    text_put(&writer, route->locality);
    wire_put_u8(&writer, route->kind);
    text_put(&writer, route->to);
    return wire_written(&writer);
}

bool route_read(struct lt_bytes bytes, struct route *ret_route)
{
    struct route route;
    memset(&route, 0, sizeof(route));
    struct wire_reader reader;
    wire_read_init(&reader, bytes);
    reader.bad |= wire_u8(&reader) != ENTRY_VERSION;
    text_take(&reader, route.procedure, sizeof(route.procedure));
    text_take(&reader, route.locality, sizeof(route.locality));
    route.kind = wire_u8(&reader);
    text_take(&reader, route.to, sizeof(route.to));
    if (!wire_read_done(&reader) || route.to[0] == '\0') {
        return false;
    }
    *ret_route = route;
    return true;
}

struct lt_bytes route_key_write(void *memory, size_t size, const struct route *route)
{
    struct wire_writer writer;
    wire_write_init(&writer, memory, size);
    wire_put_u8(&writer, 'R');
    wire_put_raw(&writer, route->procedure, strlen(route->procedure));
    wire_put_u8(&writer, 0);
    wire_put_raw(&writer, route->locality, strlen(route->locality));
    wire_put_u8(&writer, 0);
    wire_put_u8(&writer, route->kind);
    wire_put_raw(&writer, route->to, strlen(route->to));
    return wire_written(&writer);
}

/* ---- rules ---- */

/* Names and contacts stand on screens and in logs: no control bytes. */
static bool text_printable(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((uint8_t)*at < 0x20 || *at == 0x7F) {
            return false;
        }
    }
    return utf8_valid(text_bytes(text));
}

static bool locality_valid(const char *locality)
{
    return strspn(locality, "0123456789") == strlen(locality);
}

/* How many keys are good at the moment `at_ms`. */
static uint32_t keys_valid_at(const struct agency *agency, int64_t at_ms)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        const struct agency_key *key = &agency->keys[i];
        bool open = key->to_ms == 0 || at_ms < key->to_ms;
        count += !key->revoked && key->from_ms <= at_ms && open;
    }
    return count;
}

static enum lt_status key_check(const struct agency *agency, uint32_t index, struct fault *fault)
{
    static const struct lt_key none;
    const struct agency_key *key = &agency->keys[index];
    char text[2 * sizeof(key->key.bytes) + 1];
    hex_write(text, key->key.bytes, sizeof(key->key.bytes));
    if (memcmp(&key->key, &none, sizeof(none)) == 0) {
        return fault_set(fault, LT_FIELD_BAD, "public_key", "%s: all zero", text);
    }
    for (uint32_t i = 0; i < index; i++) {
        if (memcmp(&agency->keys[i].key, &key->key, sizeof(key->key)) == 0) {
            return fault_set(fault, LT_FIELD_BAD, "public_key", "%s: twice", text);
        }
    }
    if (key->to_ms != 0 && key->to_ms <= key->from_ms) {
        return fault_set(fault, LT_FIELD_BAD, "key.to", "%.16s...: to <= from", text);
    }
    /* The count of valid keys only rises where one begins. */
    if (!key->revoked && keys_valid_at(agency, key->from_ms) > KEYS_VALID_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "public_key", "%.16s...: > %d valid keys at once",
                         text, KEYS_VALID_MAX);
    }
    return LT_OK;
}

static enum lt_status texts_check(const struct agency *agency, struct fault *fault)
{
    if (agency->name[0] == '\0') {
        return fault_set(fault, LT_FIELD_MISSING, "name", "%s", agency->id);
    }
    if (!text_printable(agency->name)) {
        return fault_set(fault, LT_TEXT_BAD, "name", "%s", agency->id);
    }
    if (!text_printable(agency->contact)) {
        return fault_set(fault, LT_TEXT_BAD, "contact", "%s", agency->id);
    }
    if (!locality_valid(agency->locality)) {
        return fault_set(fault, LT_FIELD_BAD, "locality", "\"%s\": 0..%d of [0-9]",
                         agency->locality, LT_LOCALITY_MAX);
    }
    return LT_OK;
}

enum lt_status agency_check(const struct agency *agency, struct fault *fault)
{
    if (agency->id[0] == '\0') {
        return fault_set(fault, LT_FIELD_MISSING, "id", "1..%d of [0-9A-Z.]", LT_AGENCY_ID_MAX);
    }
    if (!agency_id_valid(text_bytes(agency->id))) {
        return fault_set(fault, LT_FIELD_BAD, "id", "\"%s\": 1..%d of [0-9A-Z.]", agency->id,
                         LT_AGENCY_ID_MAX);
    }
    enum lt_status status = texts_check(agency, fault);
    if (status != LT_OK) {
        return status;
    }
    if (!kind_known((unsigned)agency->kind)) {
        return fault_set(fault, LT_FIELD_BAD, "kind", "%d: commune|department|ministry|other",
                         (int)agency->kind);
    }
    if (agency->successor[0] != '\0' && (!agency_id_valid(text_bytes(agency->successor)) ||
                                         strcmp(agency->successor, agency->id) == 0)) {
        return fault_set(fault, LT_FIELD_BAD, "successor", "\"%s\"", agency->successor);
    }
    if (agency->successor_from_ms < 0 ||
        (agency->successor_from_ms != 0 && agency->successor[0] == '\0')) {
        return fault_set(fault, LT_FIELD_BAD, "successor_from", "%lld",
                         (long long)agency->successor_from_ms);
    }
    if (agency->kinds_denied >> LT_KINDS_END != 0 || (agency->kinds_denied & 1u) != 0) {
        return fault_set(fault, LT_FIELD_BAD, "kinds_denied", "0x%x", agency->kinds_denied);
    }
    if (agency->keys_count > AGENCY_KEYS_MAX) {
        return fault_set(fault, LT_FIELD_BAD, "public_key", "%u keys > %d", agency->keys_count,
                         AGENCY_KEYS_MAX);
    }
    for (uint32_t i = 0; i < agency->keys_count && status == LT_OK; i++) {
        status = key_check(agency, i, fault);
    }
    return status;
}

enum lt_status route_check(const struct route *route, struct fault *fault)
{
    char normal[LT_PROCEDURE_MAX + 1];
    procedure_normalise(normal, sizeof(normal), text_bytes(route->procedure));
    if (!text_printable(route->procedure) || strchr(route->procedure, ' ') != NULL) {
        return fault_set(fault, LT_TEXT_BAD, "procedure", "1..%d", LT_PROCEDURE_MAX);
    }
    if (strcmp(normal, route->procedure) != 0) {
        return fault_set(fault, LT_FIELD_BAD, "procedure", "\"%s\": \"%s\"", route->procedure,
                         normal);
    }
    if (!locality_valid(route->locality)) {
        return fault_set(fault, LT_FIELD_BAD, "locality", "\"%s\": 0..%d of [0-9]", route->locality,
                         LT_LOCALITY_MAX);
    }
    if (route->kind >= LT_KINDS_END) {
        return fault_set(fault, LT_FIELD_BAD, "kind", "%u: 0..%d", route->kind, LT_KINDS_END - 1);
    }
    if (route->to[0] == '\0') {
        return fault_set(fault, LT_FIELD_MISSING, "to", "1..%d of [0-9A-Z.]", LT_AGENCY_ID_MAX);
    }
    if (!agency_id_valid(text_bytes(route->to))) {
        return fault_set(fault, LT_FIELD_BAD, "to", "\"%s\": 1..%d of [0-9A-Z.]", route->to,
                         LT_AGENCY_ID_MAX);
    }
    return LT_OK;
}
