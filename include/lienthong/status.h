/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef LIENTHONG_STATUS_H
#define LIENTHONG_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/export.h>

/*
 * Every way to fail, on the wire, in the local doors and inside. The rows live in errors.def,
 * the one table of the house: number, stable code, class, texts in Vietnamese and English, who
 * must act and what to do. Decisions look only at the class.
 */

enum lt_class {
    LT_CLASS_OK,
    LT_CLASS_REFUSE, /* the peer's fault, permanent for these bytes */
    LT_CLASS_RETRY,  /* may pass if tried again */
    LT_CLASS_BUSY,   /* a limit is reached: push back, come again later */
    LT_CLASS_STOP,   /* our own state is not to be trusted: end the process */
};

enum lt_who {
    LT_WHO_NOBODY,
    LT_WHO_SENDER,   /* the sending system's people */
    LT_WHO_RECEIVER, /* the receiving system's people */
    LT_WHO_OPERATOR, /* the operators of the axis */
    LT_WHO_VENDOR,   /* the developers of the local software */
};

enum lt_status {
#define LT_ERROR(name, number, code, class, stored, http, who, vi, en, do_vi, do_en)               \
    LT_##name = number,
#include <lienthong/errors.def>
#undef LT_ERROR
};

/* One row of the table; all strings live as long as the program. */
struct lt_error {
    enum lt_status status;
    const char *code; /* stable, e.g. "digest-wrong" */
    enum lt_class class;
    bool stored; /* the broker keeps this decision for the same bytes */
    int http;    /* status of the local HTTP door */
    enum lt_who who;
    const char *vi; /* one sentence */
    const char *en;
    const char *do_vi; /* what to do */
    const char *do_en;
};

/* The row of a status; an unknown number gives the row of LT_UNKNOWN_CODE. Never NULL. */
LT_EXPORT const struct lt_error *lt_error(enum lt_status status);

/* The row with a stable code, or NULL. */
LT_EXPORT const struct lt_error *lt_error_by_code(const char *code);

LT_EXPORT enum lt_class lt_class(enum lt_status status);

/* The stable code, e.g. "busy". */
LT_EXPORT const char *lt_code(enum lt_status status);

#endif
