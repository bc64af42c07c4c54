/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_CSV_H
#define OPS_TOOLS_LTCTL_CSV_H

#include <stddef.h>
#include <stdint.h>

#include <lienthong/types.h>

/*
 * CSV as spreadsheets write it (RFC 4180): quoted fields with doubled quotes and line breaks
 * inside, LF or CRLF, a BOM in front, comma or semicolon (whichever the first line has). Blank
 * lines are passed over; blanks around an unquoted field are dropped.
 */
#define CSV_FIELDS_MAX 32

struct csv {
    char *at; /* fields are unquoted in place */
    char *end;
    char separator;
    int line; /* of `at` */
};

enum csv_result {
    CSV_RECORD,
    CSV_END,
    CSV_QUOTE_OPEN,  /* a quote that is never closed */
    CSV_QUOTE_STRAY, /* something behind a closing quote */
    CSV_CROWDED,     /* over CSV_FIELDS_MAX */
};

/* `text` is changed and must have one byte behind `size` (file_read gives a NUL there). */
void csv_init(struct csv *csv, char *text, size_t size);

/* The next record: its fields, NUL-terminated, and the line it begins at. */
enum csv_result csv_next(struct csv *csv, char *fields[CSV_FIELDS_MAX], uint32_t *ret_count,
                         int *ret_line);

#endif
