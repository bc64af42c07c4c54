/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Rights of an agency as bytes and back, the rules of an entry from outside, and the question asked
 * of them for every transfer of an agency that is limited.
 *
 * A list is sorted by its lines without their "*", and holds no line that another covers. Then the
 * only line that can cover a code is the last one not behind it: what stands between a beginning
 * and a code that begins so would itself begin so, and would be covered. So one binary search of at
 * most six steps decides, with beginnings and without.
 *
 * An agency without an entry costs one comparison with NULL. Nothing allocates.
 */
#include "rights.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/wire.h"

#define ENTRY_VERSION 1

static_assert(1 + 4 + 2 + RIGHTS_PROCEDURES_MAX * (2 + LT_PROCEDURE_MAX + 1) +
                      RIGHTS_RECEIVERS_MAX * (2 + LT_AGENCY_ID_MAX + 1) <=
                  RIGHTS_BYTES_MAX,
              "the longest rights fit their entry");

/* One of the two lists, of lines of `width` bytes each. */
struct lines {
    const char *first;
    size_t width;
    uint32_t count;
};

static struct lines procedures_of(const struct rights *rights)
{
    return (struct lines){rights->procedures[0], sizeof(rights->procedures[0]),
                          rights->procedures_count};
}

static struct lines receivers_of(const struct rights *rights)
{
    return (struct lines){rights->receivers[0], sizeof(rights->receivers[0]),
                          rights->receivers_count};
}

static const char *line_at(const struct lines *lines, uint32_t index)
{
    return lines->first + index * lines->width;
}

/* A line without its star. */
static struct lt_bytes stem_of(const char *line, bool *ret_open)
{
    struct lt_bytes stem = text_bytes(line);
    *ret_open = stem.size > 0 && stem.data[stem.size - 1] == '*';
    stem.size -= *ret_open;
    return stem;
}

static int stem_compare(struct lt_bytes a, struct lt_bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static bool line_covers(const char *line, struct lt_bytes code)
{
    bool open;
    struct lt_bytes stem = stem_of(line, &open);
    bool begins =
        code.size >= stem.size && (stem.size == 0 || memcmp(code.data, stem.data, stem.size) == 0);
    return begins && (open || code.size == stem.size);
}

/* By stem; of two equal ones the open one first, because it covers the other. */
static int line_order(const void *a, const void *b)
{
    bool a_open;
    bool b_open;
    int order = stem_compare(stem_of(a, &a_open), stem_of(b, &b_open));
    return order != 0 ? order : (int)b_open - (int)a_open;
}

/* In order, and no line covered by the one before it. */
static bool lines_sorted(const struct lines *lines)
{
    for (uint32_t i = 1; i < lines->count; i++) {
        bool open;
        const char *before = line_at(lines, i - 1);
        const char *line = line_at(lines, i);
        if (line_order(before, line) >= 0 || line_covers(before, stem_of(line, &open))) {
            return false;
        }
    }
    return true;
}

static bool lines_have(const struct lines *lines, struct lt_bytes code)
{
    uint32_t low = 0;
    uint32_t high = lines->count;
    while (low < high) {
        bool open;
        uint32_t middle = low + (high - low) / 2;
        if (stem_compare(stem_of(line_at(lines, middle), &open), code) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && line_covers(line_at(lines, low - 1), code);
}

/* ---- bytes ---- */

static void lines_put(struct wire_writer *writer, const struct lines *lines)
{
    wire_put_u8(writer, (uint8_t)lines->count);
    for (uint32_t i = 0; i < lines->count; i++) {
        wire_put_run16(writer, text_bytes(line_at(lines, i)));
    }
}

struct lt_bytes rights_write(void *memory, size_t size, const struct rights *rights)
{
    struct wire_writer writer;
    struct lines procedures = procedures_of(rights);
    struct lines receivers = receivers_of(rights);
    wire_write_init(&writer, memory, size);
    wire_put_u8(&writer, ENTRY_VERSION);
    wire_put_u32(&writer, rights->agency);
    lines_put(&writer, &procedures);
    lines_put(&writer, &receivers);
    return wire_written(&writer);
}

static uint32_t lines_take(struct wire_reader *reader, char *first, size_t width, uint32_t most)
{
    uint32_t count = wire_u8(reader);
    if (count > most) {
        reader->bad = true;
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct lt_bytes line = wire_run16(reader);
        if (line.size == 0 || line.size >= width || !utf8_valid(line)) {
            reader->bad = true;
            return 0;
        }
        memcpy(first + i * width, line.data, line.size);
    }
    return count;
}

bool rights_read(struct lt_bytes bytes, struct rights *ret_rights)
{
    struct wire_reader reader;
    struct rights rights;
    memset(&rights, 0, sizeof(rights));
    wire_read_init(&reader, bytes);
    reader.bad |= wire_u8(&reader) != ENTRY_VERSION;
    rights.agency = wire_u32(&reader);
    rights.procedures_count = lines_take(&reader, rights.procedures[0],
                                         sizeof(rights.procedures[0]), RIGHTS_PROCEDURES_MAX);
    rights.receivers_count =
        lines_take(&reader, rights.receivers[0], sizeof(rights.receivers[0]), RIGHTS_RECEIVERS_MAX);
    struct lines procedures = procedures_of(&rights);
    struct lines receivers = receivers_of(&rights);
    if (!wire_read_done(&reader) || !lines_sorted(&procedures) || !lines_sorted(&receivers)) {
        return false;
    }
    *ret_rights = rights;
    return true;
}

struct lt_bytes rights_key_write(void *memory, size_t size, uint32_t agency)
{
    struct wire_writer writer;
    wire_write_init(&writer, memory, size);
    wire_put_u8(&writer, 'G');
    wire_put_u32(&writer, agency);
    return wire_written(&writer);
}

/* ---- making ---- */

/* How many are left. */
static uint32_t lines_settle(char *first, size_t width, uint32_t count)
{
    uint32_t kept = 0;
    qsort(first, count, width, line_order);
    for (uint32_t i = 0; i < count; i++) {
        bool open;
        char *line = first + i * width;
        if (kept > 0 && line_covers(first + (kept - 1) * width, stem_of(line, &open))) {
            continue;
        }
        memmove(first + kept * width, line, width);
        kept++;
    }
    memset(first + kept * width, 0, (count - kept) * width);
    return kept;
}

void rights_sort(struct rights *rights)
{
    rights->procedures_count = lines_settle(rights->procedures[0], sizeof(rights->procedures[0]),
                                            rights->procedures_count);
    rights->receivers_count =
        lines_settle(rights->receivers[0], sizeof(rights->receivers[0]), rights->receivers_count);
}

static bool line_add(char *first, size_t width, uint32_t most, uint32_t *count,
                     struct lt_bytes line)
{
    if (*count >= most || line.size == 0 || line.size >= width) {
        return false;
    }
    char *out = first + *count * width;
    memset(out, 0, width);
    memcpy(out, line.data, line.size);
    (*count)++;
    return true;
}

bool rights_add_procedure(struct rights *rights, struct lt_bytes line)
{
    return line_add(rights->procedures[0], sizeof(rights->procedures[0]), RIGHTS_PROCEDURES_MAX,
                    &rights->procedures_count, line);
}

bool rights_add_receiver(struct rights *rights, struct lt_bytes line)
{
    return line_add(rights->receivers[0], sizeof(rights->receivers[0]), RIGHTS_RECEIVERS_MAX,
                    &rights->receivers_count, line);
}

bool rights_empty(const struct rights *rights)
{
    return rights->procedures_count == 0 && rights->receivers_count == 0;
}

/* ---- rules ---- */

/* Whole codes stand as the header has them: two groups. "*" alone would be no limit at all. */
static bool procedure_line_valid(const char *line)
{
    bool open;
    struct lt_bytes stem = stem_of(line, &open);
    for (size_t i = 0; i < stem.size; i++) {
        if (stem.data[i] <= ' ' || stem.data[i] >= 0x7F || stem.data[i] == '*' ||
            stem.data[i] == ',') {
            return false;
        }
    }
    char normal[LT_PROCEDURE_MAX + 2];
    procedure_normalise(normal, sizeof(normal), stem);
    return stem.size > 0 && stem.size <= LT_PROCEDURE_MAX &&
           (open || bytes_equal(text_bytes(normal), stem));
}

static bool receiver_line_valid(const char *line)
{
    bool open;
    struct lt_bytes stem = stem_of(line, &open);
    struct lt_bytes id = stem;
    if (open && id.size > 1 && id.data[id.size - 1] == '.') {
        id.size--;
    }
    return agency_id_valid(id);
}

static enum lt_status lines_check(const struct lines *lines, bool (*valid)(const char *line),
                                  const char *field, const char *allowed, struct fault *fault)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        if (!valid(line_at(lines, i))) {
            return fault_set(fault, LT_FIELD_BAD, field, "\"%s\": %s", line_at(lines, i), allowed);
        }
    }
    return lines_sorted(lines) ? LT_OK : fault_set(fault, LT_FIELD_BAD, field, "not in order");
}

enum lt_status rights_check(const struct rights *rights, struct fault *fault)
{
    struct lines procedures = procedures_of(rights);
    struct lines receivers = receivers_of(rights);
    enum lt_status status =
        lines_check(&procedures, procedure_line_valid, "procedures", "1.001193, 1.00*", fault);
    return status != LT_OK
               ? status
               : lines_check(&receivers, receiver_line_valid, "receivers", "H24.15, H24.1*", fault);
}

/* ---- asking ---- */

enum lt_status rights_reach(const struct rights *rights, struct lt_bytes receiver,
                            struct fault *fault)
{
    if (rights == NULL || rights->receivers_count == 0) {
        return LT_OK;
    }
    struct lines receivers = receivers_of(rights);
    if (lines_have(&receivers, receiver)) {
        return LT_OK;
    }
    return fault_set(fault, LT_NOT_PERMITTED, "to",
                     "%.*s: not among the %u receivers granted; ask the registrar",
                     (int)receiver.size, (const char *)receiver.data, rights->receivers_count);
}

enum lt_status rights_allow(const struct rights *rights, const struct header *header,
                            struct fault *fault)
{
    if (rights == NULL) {
        return LT_OK;
    }
    struct lines procedures = procedures_of(rights);
    if (procedures.count > 0 && !lines_have(&procedures, header->procedure)) {
        return fault_set(fault, LT_NOT_PERMITTED, "procedure",
                         "%.*s: not among the %u procedures granted; ask the registrar",
                         (int)header->procedure.size, (const char *)header->procedure.data,
                         procedures.count);
    }
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < header->to_count && status == LT_OK; i++) {
        status = rights_reach(rights, header->to[i], fault);
    }
    return status;
}
