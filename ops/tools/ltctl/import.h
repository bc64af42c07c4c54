/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_IMPORT_H
#define OPS_TOOLS_LTCTL_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/registry/registry.h"
#include "broker/registry/rights.h"
#include "phrase.h"
#include "proto/base/yamlfile.h"
#include <lienthong/status.h>

/*
 * A file of agencies and routes, read whole and checked whole: one wrong line and nothing of it is
 * used. UTF-8, with or without BOM.
 *
 *   CSV   a header line, then one entry a line:
 *         id,name,kind[,locality][,public_key][,contact]
 *           [,send_kinds][,send_procedures][,send_to]         or
 *         to[,procedure][,locality][,kind]                    routes; empty = any
 *   YAML  agencies: [{id: , name: , kind: , ...}], routes: [{to: , procedure: , ...}]
 *
 * send_*: "all", or words with blanks or semicolons between them (grants.h); empty: left as it is.
 * public_key: 64 hex digits. kind of an agency: commune, department, ministry, other (or xã,
 * phường, đặc khu, sở, bộ, khác). An id, a key or a route twice is refused with both lines.
 */
struct import_agency {
    struct agency agency;  /* number 0; keys_count 0 or 1 */
    struct rights *rights; /* what the file says of procedures and receivers; NULL: nothing */
    bool kinds_given;      /* agency.kinds_denied is the file's */
    bool procedures_given;
    bool receivers_given;
    int line;
    bool is_new; /* for the caller: not on the axis yet */
    bool same;   /* for the caller: nothing to do */
};

struct import_route {
    struct route route;
    int line;
};

struct import {
    struct import_agency *agencies;
    uint32_t agencies_count;
    struct import_route *routes;
    uint32_t routes_count;
};

enum import_wrong {
    IMPORT_YAML,     /* yaml */
    IMPORT_NOT_TEXT, /* not UTF-8, or NUL inside */
    IMPORT_EMPTY,
    IMPORT_COLUMN_UNKNOWN, /* field */
    IMPORT_COLUMN_MISSING, /* field */
    IMPORT_COLUMN_TWICE,   /* field */
    IMPORT_FIELDS,         /* value: found, hint: wanted */
    IMPORT_QUOTE,
    IMPORT_TOO_LONG,    /* field, hint: limit */
    IMPORT_VALUE,       /* field, value, hint: what is allowed */
    IMPORT_RULE,        /* field, value: the words of agency_check or route_check */
    IMPORT_ID_TWICE,    /* value, line_before */
    IMPORT_KEY_TWICE,   /* value, line_before */
    IMPORT_ROUTE_TWICE, /* value, line_before */
    IMPORT_TOO_MANY,    /* hint: limit */
};

struct import_fault {
    enum import_wrong wrong;
    int line;
    int line_before;
    char field[64];
    char value[160];
    char hint[128];
    struct yamlfile_fault yaml;
};

#define IMPORT_BYTES_MAX (64 * 1024 * 1024)

/*
 * `path` decides by its ending: .yaml and .yml, everything else is CSV. LT_CONFIG_BAD with
 * `ret_fault` filled; LT_NOT_FOUND, LT_IO, LT_BODY_TOO_LARGE (over IMPORT_BYTES_MAX) with `fault`.
 */
LT_CHECK enum lt_status import_read(const char *path, struct import **ret_import,
                                    struct import_fault *ret_fault, struct fault *fault);

/* The same from text in memory, which is changed; one byte behind `size` must be there. */
LT_CHECK enum lt_status import_read_text(bool yaml, char *text, size_t size,
                                         struct import **ret_import,
                                         struct import_fault *ret_fault);
void import_close(struct import **import_p);

/* The fault as a sentence, without file and line. */
void import_sentence(const struct import_fault *fault, enum language language, char *out,
                     size_t out_size);

#endif
