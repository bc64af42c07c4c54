/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_OUTPUT_H
#define OPS_TOOLS_LTCTL_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "columns.h"
#include "phrase.h"
#include "proto/frame.h"
#include <lienthong/status.h>

/*
 * Rows as people or programs want them: a table with headings, a JSON array of objects, or CSV.
 * Rows stream: the first OUTPUT_ROWS_FIRST decide the widths of a table, later ones follow them.
 */
enum output_mode { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

#define OUTPUT_ROWS_FIRST 200

struct output {
    enum output_mode mode;
    enum language language;
    FILE *stream;
    const struct columns *columns; /* of the present section */
    char **cells;                  /* kept rows of it, columns->count each */
    uint32_t kept;
    size_t widths[COLUMNS_MAX];
    bool headed;   /* the heading of the section is out */
    uint64_t rows; /* of all sections */
    uint64_t sections;
    enum lt_status status; /* sticky: LT_NO_MEMORY, LT_IO */
};

void output_init(struct output *output, enum output_mode mode, enum language language,
                 FILE *stream);

/* From now on rows of this shape; what was kept of the section before is written. */
void output_section(struct output *output, const struct columns *columns);
void output_row(struct output *output, const struct row *row);

/* Writes the rest; a table without rows says so when `say_empty` is set. LT_IO when not all went
 * out. */
LT_CHECK enum lt_status output_finish(struct output *output, bool say_empty);

#endif
