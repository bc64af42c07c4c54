/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A fault is the explanation beside a status: which field or file, which value, which limit, in the
 * words of the one who saw it first. It is owned by whoever will log or answer and is handed down
 * explicitly, so that two threads never share one and nothing is remembered behind the scenes.
 *
 * The first filling stands: the innermost function knows most, and callers that add their own view
 * on the way up must not wipe it out. Texts longer than their room are cut at a rune boundary, so
 * that an answer made from them is still valid UTF-8. Nothing here can fail.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "text.h"

void fault_init(struct fault *fault)
{
    memset(fault, 0, sizeof(*fault));
    fault->status = LT_OK;
}

enum lt_status fault_set(struct fault *fault, enum lt_status status, const char *field,
                         const char *format, ...)
{
    if (fault == NULL || fault->status != LT_OK) {
        return status;
    }
    /* Larger than the room in the fault, so that the cut at a rune happens in one place only. */
    char detail[sizeof(fault->detail) * 2];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    fault->status = status;
    text_copy(fault->field, sizeof(fault->field), text_bytes(field));
    text_copy(fault->detail, sizeof(fault->detail), text_bytes(detail));
    return status;
}
