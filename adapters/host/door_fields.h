/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_DOOR_FIELDS_H
#define ADAPTERS_HOST_DOOR_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <lienthong/client.h>

/*
 * The fields of a transfer in JSON as tables: one row names a field, its type, its bound and where
 * it lives in the C struct. Reading, writing and the canonical form all walk the same rows, so a
 * field that can be sent can also be shown, under the same name.
 */
enum field_type {
    FIELD_TEXT,   /* const char *, at most `most` bytes */
    FIELD_COUNT,  /* uint32_t, at most `most` */
    FIELD_SIZE,   /* uint64_t, 1 to `most` */
    FIELD_TIME,   /* int64_t: milliseconds since 1970, or ISO 8601 with a zone */
    FIELD_FLAG,   /* bool */
    FIELD_ID,     /* struct lt_id: UUID text */
    FIELD_DIGEST, /* struct lt_digest: 64 hex digits */
    FIELD_KIND,   /* enum lt_kind by name */
};

struct field {
    const char *name;
    enum field_type type;
    uint64_t most;
    size_t offset;
};

struct field_table {
    const struct field *fields;
    size_t count;
};

extern const struct field_table fields_of_request;    /* scalars of struct lt_request */
extern const struct field_table fields_of_task;       /* struct lt_request too */
extern const struct field_table fields_of_business;   /* struct lt_business */
extern const struct field_table fields_of_attachment; /* struct lt_attachment */

/*
 * Fills the fields of a table from an object; null counts as absent. Texts are borrowed from the
 * object. Keys of the object that are neither in the table nor in `also` (NULL-terminated, may be
 * NULL) are refused: a field that is spelt wrongly must not be lost in silence. `path` stands in
 * front of names in the problem ("business.").
 */
LT_CHECK enum lt_status fields_read(const struct field_table *table, json_t *object, void *base,
                                    const char *path, const char *const *also,
                                    struct lt_problem *problem);

/* One value by itself, for what is no member of a table. */
LT_CHECK enum lt_status field_read(const struct field *field, json_t *value, void *base,
                                   const char *path, struct lt_problem *problem);

/* Sets every field that is not zero; false when memory ran out. */
LT_CHECK bool fields_write(const struct field_table *table, json_t *object, const void *base);

/* Fills and returns: PATH NAME into field, the rest into detail; texts are cut at a rune. */
enum lt_status problem_set(struct lt_problem *problem, enum lt_status status, const char *path,
                           const char *name, const char *format, ...) LT_PRINTF(5, 6);

/* Fills: what was found (cut short) and what is wanted. */
enum lt_status problem_value(struct lt_problem *problem, const char *path, const char *name,
                             json_t *found, const char *wanted);

#endif
