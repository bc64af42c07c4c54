/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_YAMLFILE_H
#define PROTO_BASE_YAMLFILE_H

#include <stdbool.h>

#include <cyaml/cyaml.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * YAML files that people write: libcyaml holds them against a schema, and whatever is wrong is said
 * with key, LINE and a hint. Aliases, a second document, keys written twice and keys that no schema
 * names are refused.
 */
enum yamlfile_wrong {
    YAMLFILE_SYNTAX, /* value: the parser's words */
    YAMLFILE_EMPTY,
    YAMLFILE_DOCUMENTS, /* more than one */
    YAMLFILE_ALIAS,
    YAMLFILE_KEY_UNKNOWN, /* hint: the nearest key of the schema, or empty */
    YAMLFILE_KEY_MISSING,
    YAMLFILE_KEY_TWICE,
    YAMLFILE_NOT_NUMBER,
    YAMLFILE_NOT_TEXT,
    YAMLFILE_NOT_LIST,
    YAMLFILE_NOT_MAPPING,
    YAMLFILE_TOO_LONG,
    YAMLFILE_TOO_SHORT,
    YAMLFILE_TOO_MANY,
    YAMLFILE_TOO_FEW,
    YAMLFILE_VALUE_BAD, /* hint: what is allowed; also used by callers for their own rules */
    YAMLFILE_WRONG_END,
};

struct yamlfile_fault {
    enum yamlfile_wrong wrong;
    char path[64]; /* "operators[2].role", counted from 1 */
    char value[80];
    char hint[80];
    int line; /* 0: unknown */
};

enum yamlfile_language { YAMLFILE_VI, YAMLFILE_EN };

/* The fault as a sentence without path and line. */
void yamlfile_sentence(const struct yamlfile_fault *fault, enum yamlfile_language language,
                       char *out, size_t out_size);

/* A text, parsed once to know its lines; it must outlive the file. LT_CONFIG_BAD, LT_NO_MEMORY. */
struct yamlfile;
LT_CHECK enum lt_status yamlfile_open(struct yamlfile **ret_file, struct lt_bytes text,
                                      struct yamlfile_fault *ret_fault);
void yamlfile_close(struct yamlfile **file_p);

/* Loads it by a schema whose top is a mapping with CYAML_FLAG_POINTER. Give the value to
 * yamlfile_free. */
LT_CHECK enum lt_status yamlfile_load(const struct yamlfile *file,
                                      const cyaml_schema_value_t *schema, void **ret_value,
                                      struct yamlfile_fault *ret_fault);
void yamlfile_free(const cyaml_schema_value_t *schema, void *value);

/* The line of the value at a path, or of the nearest mapping above it. */
int yamlfile_line(const struct yamlfile *file, const char *path);

/* Does the top of the file name this key? */
bool yamlfile_has(const struct yamlfile *file, const char *key);

/* Fills a fault of the caller's own rule: the value at `path` is not allowed. */
enum lt_status yamlfile_value_bad(const struct yamlfile *file, struct yamlfile_fault *ret_fault,
                                  const char *path, const char *value, const char *hint);

#endif
