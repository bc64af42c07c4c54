/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_COLUMNS_TABLE_H
#define OPS_TOOLS_LTCTL_COLUMNS_TABLE_H

#include "columns.h"

/* How a table of columns is written down: columns.c and columns_trust.c. */
#define COLUMNS(name, upright, ...)                                                                \
    static const struct column name##_columns[] = {__VA_ARGS__};                                   \
    const struct columns columns_##name = {                                                        \
        name##_columns, sizeof(name##_columns) / sizeof(name##_columns[0]), upright}

#define C(field, type, vi, en)                                                                     \
    {                                                                                              \
        field, COLUMN_##type,                                                                      \
        {                                                                                          \
            vi, en                                                                                 \
        }                                                                                          \
    }

#endif
