/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A CSV reader that knows its lines. It walks the text once and unquotes fields where they stand,
 * so that nothing is allocated and a file of any size costs its own bytes only. The bytes are known
 * to be UTF-8 without NUL before they come here.
 *
 * It is strict where a guess could put a value into the wrong column: an open quote, text behind a
 * closing quote, too many fields.
 */
#include <stdbool.h>
#include <string.h>

#include "csv.h"

void csv_init(struct csv *csv, char *text, size_t size)
{
    static const char bom[] = "\xEF\xBB\xBF";
    bool marked = size >= 3 && memcmp(text, bom, 3) == 0;
    csv->at = text + (marked ? 3 : 0);
    csv->end = text + size;
    *csv->end = '\0';
    csv->line = 1;
    size_t first = strcspn(csv->at, "\r\n");
    bool comma = memchr(csv->at, ',', first) != NULL;
    bool semicolon = memchr(csv->at, ';', first) != NULL;
    csv->separator = semicolon && !comma ? ';' : ',';
}

static bool at_break(const struct csv *csv)
{
    return csv->at == csv->end || csv->at[0] == '\n' || csv->at[0] == '\r';
}

static void break_pass(struct csv *csv)
{
    if (csv->at < csv->end && csv->at[0] == '\r') {
        csv->at++;
        csv->line += csv->at == csv->end || csv->at[0] != '\n';
    }
    if (csv->at < csv->end && csv->at[0] == '\n') {
        csv->at++;
        csv->line++;
    }
}

static void blanks_pass(struct csv *csv)
{
    while (csv->at < csv->end && (csv->at[0] == ' ' || csv->at[0] == '\t')) {
        csv->at++;
    }
}

/* From behind the opening quote to behind the closing one; the field ends with a NUL of its own. */
static enum csv_result quoted(struct csv *csv)
{
    char *to = csv->at;
    while (csv->at < csv->end) {
        char c = *csv->at++;
        if (c == '"' && csv->at[0] != '"') {
            blanks_pass(csv);
            bool closed = at_break(csv) || csv->at[0] == csv->separator;
            *to = '\0'; /* on the closing quote or before it */
            return closed ? CSV_RECORD : CSV_QUOTE_STRAY;
        }
        csv->at += c == '"';
        csv->line += c == '\n';
        *to++ = c;
    }
    return CSV_QUOTE_OPEN;
}

/* Up to the separator or the break; the end is given back, its byte is not yet a NUL. */
static char *bare(struct csv *csv)
{
    char *start = csv->at;
    while (!at_break(csv) && csv->at[0] != csv->separator) {
        csv->at++;
    }
    char *end = csv->at;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return end;
}

enum csv_result csv_next(struct csv *csv, char *fields[CSV_FIELDS_MAX], uint32_t *ret_count,
                         int *ret_line)
{
    for (blanks_pass(csv); csv->at < csv->end && at_break(csv); blanks_pass(csv)) {
        break_pass(csv);
    }
    if (csv->at == csv->end) {
        return CSV_END;
    }
    *ret_line = csv->line;
    uint32_t count = 0;
    for (bool more = true; more;) {
        if (count == CSV_FIELDS_MAX) {
            return CSV_CROWDED;
        }
        blanks_pass(csv);
        char *end = NULL;
        fields[count] = csv->at;
        if (csv->at[0] == '"') {
            csv->at++;
            fields[count] = csv->at;
            enum csv_result result = quoted(csv);
            if (result != CSV_RECORD) {
                return result;
            }
        } else {
            end = bare(csv);
        }
        count++;
        more = csv->at < csv->end && csv->at[0] == csv->separator;
        if (more) {
            csv->at++;
        } else {
            break_pass(csv);
        }
        if (end != NULL) {
            *end = '\0';
        }
    }
    *ret_count = count;
    return CSV_RECORD;
}
