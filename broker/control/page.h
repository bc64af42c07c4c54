/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CONTROL_PAGE_H
#define BROKER_CONTROL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/frame.h"
#include <lienthong/status.h>

/*
 * One Page in the making: rows of named texts in the turn's arena. Names are literals; values are
 * copied, so a value may come from a view that ends with the next step of a scan. A draft never
 * refuses a row: verbs with many rows ask page_full before each one and end with a cursor.
 */
#define PAGE_FIELDS_MAX 48 /* of one row */
#define PAGE_CURSOR_MAX 256
#define PAGE_ROWS_ACT                                                                              \
    (2 * LT_LEGS_MAX) /* rows beyond those wanted: of acts, which are not paged                    \
                       */

struct page_draft {
    struct arena *arena;
    struct row *rows;
    uint32_t count;
    uint32_t rows_max; /* wanted by the one who asks, at most PAGE_ROWS_MAX */
    uint32_t fields;   /* of all rows */
    size_t bytes;      /* of all rows encoded, upper bound */
    bool dry;          /* the arena had no room: the page cannot be made */
    uint8_t cursor[PAGE_CURSOR_MAX];
    uint32_t cursor_size;
};

void page_init(struct page_draft *draft, struct arena *arena, uint32_t rows_wanted);

/* No room for one more row: end the page with a cursor. */
bool page_full(const struct page_draft *draft);

/* Starts a row; the fields that follow are its own. */
void page_row(struct page_draft *draft);

void page_bytes(struct page_draft *draft, const char *name, struct lt_bytes value); /* UTF-8 */
void page_text(struct page_draft *draft, const char *name, const char *value);
void page_number(struct page_draft *draft, const char *name, uint64_t value);
void page_time(struct page_draft *draft, const char *name, int64_t value_ms);
void page_difference(struct page_draft *draft, const char *name, int64_t value);
void page_flag(struct page_draft *draft, const char *name, bool value);
void page_id(struct page_draft *draft, const char *name, const struct lt_id *id);
void page_hex(struct page_draft *draft, const char *name, struct lt_bytes value);

/* The stable code of a status; code 0 does not apply and is left out. */
void page_code(struct page_draft *draft, const char *name, uint16_t code);

/* The rest is to be had under this key. */
void page_cursor(struct page_draft *draft, struct lt_bytes cursor);

#endif
