/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Keys and values of STATE_INCIDENTS. The letter in front keeps the kinds apart in one ordered
 * tree; numbers are big-endian, so open incidents stand by agency and counts by agency and cause.
 * Readers copy and refuse what does not read whole; lengths are bounds of our own and asserted.
 */
#include "incident_record.h"

#include <assert.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"

struct lt_bytes incident_key(uint8_t out[RECORD_KEY_MAX], uint64_t number)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, 'N');
    wire_put_u64(&w, number);
    return wire_written(&w);
}

struct lt_bytes incident_write(uint8_t out[RECORD_VALUE_MAX], const struct incident *incident)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u64(&w, incident->number);
    wire_put_u32(&w, incident->agency);
    wire_put_u16(&w, incident->code);
    wire_put_u32(&w, incident->count);
    wire_put_u32(&w, incident->probes);
    wire_put_i64(&w, incident->opened_ms);
    wire_put_i64(&w, incident->last_ms);
    wire_put_i64(&w, incident->closed_ms);
    wire_put_i64(&w, incident->due_ms);
    wire_put_run16(&w, text_bytes(incident->person));
    wire_put_run16(&w, text_bytes(incident->comment));
    struct lt_bytes written = wire_written(&w);
    assert(written.size > 0);
    return written;
}

bool incident_read(struct lt_bytes bytes, struct incident *ret_incident)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    struct incident incident = {.number = wire_u64(&r)};
    incident.agency = wire_u32(&r);
    incident.code = wire_u16(&r);
    incident.count = wire_u32(&r);
    incident.probes = wire_u32(&r);
    incident.opened_ms = wire_i64(&r);
    incident.last_ms = wire_i64(&r);
    incident.closed_ms = wire_i64(&r);
    incident.due_ms = wire_i64(&r);
    text_copy(incident.person, sizeof(incident.person), wire_run16(&r));
    text_copy(incident.comment, sizeof(incident.comment), wire_run16(&r));
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_incident = incident;
    return true;
}

struct lt_bytes incident_open_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency, uint16_t code)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, 'A');
    wire_put_u32(&w, agency);
    wire_put_u16(&w, code);
    return wire_written(&w);
}

bool incident_open_key_read(struct lt_bytes bytes, uint32_t *ret_agency, uint16_t *ret_code)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    if (wire_u8(&r) != 'A') {
        return false;
    }
    *ret_agency = wire_u32(&r);
    *ret_code = wire_u16(&r);
    return wire_read_done(&r);
}

struct lt_bytes incident_last_key(uint8_t out[RECORD_KEY_MAX])
{
    out[0] = 'L';
    return (struct lt_bytes){out, 1};
}

struct lt_bytes parked_count_key(uint8_t out[RECORD_KEY_MAX], uint32_t agency, uint16_t code,
                                 struct lt_bytes words)
{
    struct wire_writer w;
    assert(words.size <= PARKED_WORDS_MAX);
    wire_write_init(&w, out, RECORD_KEY_MAX);
    wire_put_u8(&w, words.size == 0 ? 'C' : 'R');
    wire_put_u32(&w, agency);
    wire_put_u16(&w, code);
    wire_put_raw(&w, words.data, words.size);
    return wire_written(&w);
}

bool parked_count_key_read(struct lt_bytes bytes, struct parked_count *ret_count)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    uint8_t letter = wire_u8(&r);
    ret_count->agency = wire_u32(&r);
    ret_count->code = wire_u16(&r);
    if (r.bad || (letter != 'C' && letter != 'R')) {
        return false;
    }
    size_t size = (size_t)(r.end - r.at);
    text_copy(ret_count->words, sizeof(ret_count->words), wire_run(&r, size));
    return wire_read_done(&r) && (size == 0) == (letter == 'C');
}

struct lt_bytes incident_number_write(uint8_t out[RECORD_VALUE_MAX], uint64_t number)
{
    struct wire_writer w;
    wire_write_init(&w, out, RECORD_VALUE_MAX);
    wire_put_u64(&w, number);
    return wire_written(&w);
}

bool incident_number_read(struct lt_bytes bytes, uint64_t *ret_number)
{
    struct wire_reader r;
    wire_read_init(&r, bytes);
    *ret_number = wire_u64(&r);
    return wire_read_done(&r);
}

void parked_words(char out[PARKED_WORDS_MAX + 1], struct lt_bytes reason)
{
    char text[PARKED_WORDS_MAX + 4]; /* a rune may begin at the last byte */
    size_t size = 0;
    for (size_t i = 0; i < reason.size && size < sizeof(text); i++) {
        char c = (char)reason.data[i];
        bool digit = c >= '0' && c <= '9';
        if (digit && size > 0 && text[size - 1] == '#') {
            continue;
        }
        text[size++] = digit ? '#' : c;
    }
    text_copy(out, PARKED_WORDS_MAX + 1, (struct lt_bytes){(const uint8_t *)text, size});
}
