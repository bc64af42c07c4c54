/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Rows on their way out. A table keeps the first rows of a section to learn the widths, then prints
 * as rows come, so that a million rows need no more memory than two hundred. JSON is one array with
 * one object a line, every field of the row in it, numbers and flags as such. CSV has a line of
 * field names for each section, times in ISO 8601, and a quote before a cell that a spreadsheet
 * would take for a formula.
 *
 * Failures are sticky: the first one (LT_NO_MEMORY, LT_IO when the reader of a pipe has gone)
 * stands in `status`, later rows do nothing, and output_finish gives it.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "moment.h"
#include "output.h"
#include "proto/base/text.h"
#include "width.h"

#define CELL_BYTES       2048
#define CELL_COLUMNS_MAX 64 /* of one cell of a table that is not vertical */
#define GAP              "  "

void output_init(struct output *output, enum output_mode mode, enum language language, FILE *stream)
{
    memset(output, 0, sizeof(*output));
    output->mode = mode;
    output->language = language;
    output->stream = stream;
    if (mode == OUTPUT_JSON) {
        fputs("[", stream);
    }
}

/* ---- tables ---- */

static bool right_aligned(enum column_type type)
{
    return type == COLUMN_NUMBER || type == COLUMN_BYTES;
}

static void spaces(FILE *stream, size_t count)
{
    fprintf(stream, "%*s", (int)count, "");
}

static void cell_print(const struct output *output, size_t index, const char *cell)
{
    const struct columns *columns = output->columns;
    size_t used = text_columns(cell);
    size_t fill = used < output->widths[index] ? output->widths[index] - used : 0;
    bool last = index + 1 == columns->count;
    if (right_aligned(columns->columns[index].type)) {
        spaces(output->stream, fill);
        fill = 0;
    }
    fputs(cell, output->stream);
    if (!last) {
        spaces(output->stream, fill);
        fputs(GAP, output->stream);
    }
}

static void line_print(const struct output *output, const char *const *cells)
{
    for (size_t i = 0; i < output->columns->count; i++) {
        cell_print(output, i, cells[i]);
    }
    fputc('\n', output->stream);
}

static void heading_print(struct output *output)
{
    const struct columns *columns = output->columns;
    const char *cells[COLUMNS_MAX];
    for (size_t i = 0; i < columns->count; i++) {
        cells[i] = columns->columns[i].heading[output->language];
    }
    line_print(output, cells);
    output->headed = true;
}

static void vertical_print(const struct output *output, const char *const *cells)
{
    const struct columns *columns = output->columns;
    size_t widest = 0;
    for (size_t i = 0; i < columns->count; i++) {
        size_t width = text_columns(columns->columns[i].heading[output->language]);
        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < columns->count; i++) {
        const char *heading = columns->columns[i].heading[output->language];
        if (cells[i][0] == '\0') {
            continue;
        }
        fputs(heading, output->stream);
        spaces(output->stream, widest - text_columns(heading));
        fprintf(output->stream, GAP "%s\n", cells[i]);
    }
}

/* Kept rows go out; their cells are given back. */
static void kept_print(struct output *output)
{
    if (output->columns == NULL || output->mode != OUTPUT_TABLE) {
        return;
    }
    size_t count = output->columns->count;
    if (output->kept > 0 && !output->columns->vertical && !output->headed) {
        heading_print(output);
    }
    for (uint32_t row = 0; row < output->kept; row++) {
        char **cells = output->cells + row * count;
        if (output->columns->vertical) {
            vertical_print(output, (const char *const *)cells);
        } else {
            line_print(output, (const char *const *)cells);
        }
        for (size_t i = 0; i < count; i++) {
            free(cells[i]);
        }
    }
    output->kept = 0;
}

/* Copies of the cells of a row; false without memory. */
static bool cells_keep(struct output *output, const struct row *row, char **cells)
{
    const struct columns *columns = output->columns;
    for (size_t i = 0; i < columns->count; i++) {
        char text[CELL_BYTES];
        cell_write(text, sizeof(text), columns->columns[i].type,
                   row_field(row, columns->columns[i].field), output->language);
        size_t front = text_front(text, CELL_COLUMNS_MAX);
        if (!columns->vertical && text[front] != '\0') {
            memcpy(text + text_front(text, CELL_COLUMNS_MAX - 1), "…", sizeof("…"));
        }
        cells[i] = strdup(text);
        if (cells[i] == NULL) {
            return false;
        }
    }
    return true;
}

static void widths_learn(struct output *output, char *const *cells)
{
    for (size_t i = 0; i < output->columns->count; i++) {
        size_t width = text_columns(cells[i]);
        output->widths[i] = width > output->widths[i] ? width : output->widths[i];
    }
}

static void table_row(struct output *output, const struct row *row)
{
    size_t count = output->columns->count;
    if (output->cells == NULL) {
        output->cells = calloc((size_t)OUTPUT_ROWS_FIRST * COLUMNS_MAX, sizeof(char *));
    }
    char **cells = output->cells == NULL ? NULL : output->cells + output->kept * count;
    if (cells != NULL) {
        memset(cells, 0, count * sizeof(char *));
    }
    if (cells == NULL || !cells_keep(output, row, cells)) {
        for (size_t i = 0; cells != NULL && i < count; i++) {
            free(cells[i]);
        }
        output->status = LT_NO_MEMORY;
        return;
    }
    output->kept++;
    if (!output->headed) {
        widths_learn(output, cells);
    }
    if (output->headed || output->kept == OUTPUT_ROWS_FIRST) {
        kept_print(output);
    }
}

/* ---- JSON ---- */

static json_t *value_json(enum column_type type, struct lt_bytes value)
{
    struct pair pair = {text_bytes("v"), value};
    const struct row row = {&pair, 1};
    int64_t number = row_number(&row, "v");
    char digits[24];
    snprintf(digits, sizeof(digits), "%lld", (long long)number);
    bool exact = bytes_equal(value, text_bytes(digits));
    switch (type) {
    case COLUMN_FLAG:
        return json_boolean(bytes_equal(value, text_bytes("1")));
    case COLUMN_NUMBER:
    case COLUMN_BYTES:
    case COLUMN_TIME:
    case COLUMN_DURATION:
        if (exact) {
            return json_integer((json_int_t)number);
        }
        break;
    default:
        break;
    }
    return json_stringn(value.size > 0 ? (const char *)value.data : "", value.size);
}

static enum column_type type_of(const struct columns *columns, struct lt_bytes field)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (bytes_equal(field, text_bytes(columns->columns[i].field))) {
            return columns->columns[i].type;
        }
    }
    /* By the naming of query.h. */
    bool time = field.size > 3 && memcmp(field.data + field.size - 3, "_ms", 3) == 0;
    return time ? COLUMN_TIME : COLUMN_TEXT;
}

static void json_row(struct output *output, const struct row *row)
{
    json_t *object = json_object();
    bool good = object != NULL;
    for (uint32_t i = 0; i < row->count && good; i++) {
        char name[64];
        text_copy(name, sizeof(name), row->fields[i].name);
        enum column_type type = type_of(output->columns, row->fields[i].name);
        good = json_object_set_new(object, name, value_json(type, row->fields[i].value)) == 0;
    }
    char *text = good ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (text == NULL) {
        output->status = LT_NO_MEMORY;
        return;
    }
    fprintf(output->stream, "%s\n%s", output->rows > 0 ? "," : "", text);
    free(text);
}

/* ---- CSV ---- */

static void csv_cell(FILE *stream, struct lt_bytes value, bool first, bool text)
{
    bool formula = text && value.size > 0 && memchr("=+-@\t\r", value.data[0], 6) != NULL;
    bool quoted = formula;
    for (size_t i = 0; i < value.size; i++) {
        quoted = quoted || memchr(",\"\r\n;", value.data[i], 5) != NULL;
    }
    fputs(first ? "" : ",", stream);
    fputs(quoted ? "\"" : "", stream);
    fputs(formula ? "'" : "", stream);
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '"') {
            fputc('"', stream);
        }
        fputc(value.data[i], stream);
    }
    fputs(quoted ? "\"" : "", stream);
}

static void csv_row(struct output *output, const struct row *row)
{
    const struct columns *columns = output->columns;
    if (!output->headed) {
        fputs(output->sections > 1 ? "\n" : "", output->stream);
        for (size_t i = 0; i < columns->count; i++) {
            csv_cell(output->stream, text_bytes(columns->columns[i].field), i == 0, false);
        }
        fputc('\n', output->stream);
        output->headed = true;
    }
    for (size_t i = 0; i < columns->count; i++) {
        struct lt_bytes value = row_field(row, columns->columns[i].field);
        enum column_type type = columns->columns[i].type;
        char moment[MOMENT_BYTES];
        if (type == COLUMN_TIME && value.size > 0) {
            moment_iso(moment, row_number(row, columns->columns[i].field));
            value = text_bytes(moment);
        }
        csv_cell(output->stream, value, i == 0, !right_aligned(type));
    }
    fputc('\n', output->stream);
}

/* ---- all of them ---- */

void output_section(struct output *output, const struct columns *columns)
{
    kept_print(output);
    if (output->mode == OUTPUT_TABLE && output->rows > 0) {
        fputc('\n', output->stream);
    }
    output->columns = columns;
    output->sections++;
    output->headed = false;
    for (size_t i = 0; i < columns->count; i++) {
        output->widths[i] = text_columns(columns->columns[i].heading[output->language]);
    }
}

void output_row(struct output *output, const struct row *row)
{
    if (output->status != LT_OK) {
        return;
    }
    switch (output->mode) {
    case OUTPUT_TABLE:
        table_row(output, row);
        break;
    case OUTPUT_JSON:
        json_row(output, row);
        break;
    case OUTPUT_CSV:
        csv_row(output, row);
        break;
    }
    output->rows++;
    if (output->status == LT_OK && ferror(output->stream)) {
        output->status = LT_IO;
    }
}

enum lt_status output_finish(struct output *output, bool say_empty)
{
    kept_print(output);
    free(output->cells);
    output->cells = NULL;
    if (output->mode == OUTPUT_JSON) {
        fputs(output->rows > 0 ? "\n]\n" : "]\n", output->stream);
    } else if (output->mode == OUTPUT_TABLE && output->rows == 0 && say_empty) {
        fprintf(output->stream, "%s\n", phrase(output->language, PHRASE_NO_ROWS));
    }
    if (fflush(output->stream) != 0 || ferror(output->stream)) {
        output->status = output->status != LT_OK ? output->status : LT_IO;
    }
    return output->status;
}
