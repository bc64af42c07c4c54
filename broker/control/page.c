/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Rows for operators. A page must fit one frame and pass the reader's pre-scan: bytes and fields
 * are counted as upper bounds while the rows are made, and page_full keeps room for the largest row
 * there is (an agency's whole entry in hex), so that encoding does not fail afterwards. Rows stand
 * in the arena of the turn; when that is dry the draft remembers it and nothing of it is sent.
 */
#include "page.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "broker/limits.h"
#include "proto/base/text.h"
#include "proto/prescan.h"

#define FIELD_BYTES    16   /* tags and lengths around name and value */
#define ROW_BYTES_MOST 8192 /* of the largest row */
#define REST_BYTES     4096 /* number, code, detail, cursor */
#define SCAN_FIELDS    3    /* of one pair as the pre-scan counts: itself, name, value */
#define SCAN_REST      64

void page_init(struct page_draft *draft, struct arena *arena, uint32_t rows_wanted)
{
    memset(draft, 0, sizeof(*draft));
    draft->arena = arena;
    draft->rows_max = rows_wanted == 0 || rows_wanted > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : rows_wanted;
    draft->rows = arena_alloc(arena, (draft->rows_max + PAGE_ROWS_ACT) * sizeof(*draft->rows));
    draft->dry = draft->rows == NULL;
}

bool page_full(const struct page_draft *draft)
{
    uint32_t fields = draft->fields + PAGE_FIELDS_MAX;
    return draft->dry || draft->count >= draft->rows_max ||
           draft->bytes + ROW_BYTES_MOST + REST_BYTES > LT_FRAME_BYTES_MAX ||
           fields * SCAN_FIELDS + draft->count + SCAN_REST > PRESCAN_FIELDS_MAX;
}

void page_row(struct page_draft *draft)
{
    struct pair *fields = arena_alloc(draft->arena, PAGE_FIELDS_MAX * sizeof(*fields));
    if (fields == NULL || draft->dry) {
        draft->dry = true;
        return;
    }
    assert(draft->count < draft->rows_max + PAGE_ROWS_ACT);
    draft->rows[draft->count++] = (struct row){.fields = fields};
    draft->bytes += FIELD_BYTES;
}

/* The value is in the arena already. */
static void put(struct page_draft *draft, const char *name, struct lt_bytes value)
{
    if (draft->dry || value.data == NULL) {
        draft->dry = true;
        return;
    }
    assert(draft->count > 0);
    struct row *row = &draft->rows[draft->count - 1];
    assert(row->count < PAGE_FIELDS_MAX);
    row->fields[row->count++] = (struct pair){.name = text_bytes(name), .value = value};
    draft->fields++;
    draft->bytes += strlen(name) + value.size + FIELD_BYTES;
}

void page_bytes(struct page_draft *draft, const char *name, struct lt_bytes value)
{
    put(draft, name, arena_copy(draft->arena, value));
}

void page_text(struct page_draft *draft, const char *name, const char *value)
{
    page_bytes(draft, name, text_bytes(value));
}

void page_number(struct page_draft *draft, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    page_text(draft, name, text);
}

void page_difference(struct page_draft *draft, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    page_text(draft, name, text);
}

void page_time(struct page_draft *draft, const char *name, int64_t value_ms)
{
    page_difference(draft, name, value_ms);
}

void page_flag(struct page_draft *draft, const char *name, bool value)
{
    page_text(draft, name, value ? "1" : "0");
}

void page_id(struct page_draft *draft, const char *name, const struct lt_id *id)
{
    char text[ID_TEXT_BYTES];
    id_write(text, id);
    page_text(draft, name, text);
}

void page_hex(struct page_draft *draft, const char *name, struct lt_bytes value)
{
    char *text = arena_alloc(draft->arena, 2 * value.size + 1);
    if (text == NULL) {
        draft->dry = true;
        return;
    }
    hex_write(text, value.data, value.size);
    put(draft, name, (struct lt_bytes){(const uint8_t *)text, 2 * value.size});
}

void page_code(struct page_draft *draft, const char *name, uint16_t code)
{
    if (code != 0) {
        page_text(draft, name, lt_code((enum lt_status)code));
    }
}

void page_cursor(struct page_draft *draft, struct lt_bytes cursor)
{
    assert(cursor.size > 0 && cursor.size <= sizeof(draft->cursor));
    memcpy(draft->cursor, cursor.data, cursor.size);
    draft->cursor_size = (uint32_t)cursor.size;
}
