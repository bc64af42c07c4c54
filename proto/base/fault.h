/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_FAULT_H
#define PROTO_BASE_FAULT_H

#include <lienthong/status.h>

/*
 * What went wrong, where, and with which value: passed explicitly by whoever will log or answer.
 * A callee fills it beside a status that is not LT_OK; the first filling stands.
 */
struct fault {
    enum lt_status status;
    char field[48];   /* dotted path of the field, or file name */
    char detail[208]; /* the value, the limit, the library's words */
    int line;         /* of a file, or 0 */
};

void fault_init(struct fault *fault);

/* Fill and return `status`. `fault` may be NULL. Texts are cut at a rune boundary. */
enum lt_status fault_set(struct fault *fault, enum lt_status status, const char *field,
                         const char *format, ...) LT_PRINTF(4, 5);

#endif
