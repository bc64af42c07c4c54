/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_LOG_PEEK_H
#define ADAPTERS_SDK_LOG_PEEK_H

#include "box_axis.h"
#include "box_receipts.h"

/*
 * What a box knows of the axis' log, for who looks from outside while the adapter runs or rests.
 * It reads alone: the box stays its owner's.
 */
struct log_peek {
    struct log_known known;
    struct log_refusal refusal; /* LT_OK: nothing ever was */
    uint64_t frames;            /* of receipts, kept */
    uint64_t missing;           /* receipts that did not come yet */
    struct axis_known axis;     /* its journal, as this agency was told */
    int64_t overdue_ms;         /* since when that is an alarm; 0: it is none */
};

/* LT_NOT_FOUND: there is no box yet. */
LT_CHECK enum lt_status log_peek(const char *path, struct log_peek *ret_peek, struct fault *fault);

/* A key as configured, NAME+ID+BASE64 or the path (/...) of a file that has it, as a line.
 * LT_CONFIG_BAD, or what reading the file says. */
LT_CHECK enum lt_status log_key_read(const char *configured, char ret_line[NOTE_VKEY_MAX],
                                     struct fault *fault);

#endif
