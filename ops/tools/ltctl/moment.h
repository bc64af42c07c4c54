/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_MOMENT_H
#define OPS_TOOLS_LTCTL_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/export.h>

/* Times as operators read and write them: Asia/Ho_Chi_Minh, which is +07:00 the whole year. */
#define MOMENT_BYTES 40

/* "2026-09-30 15:00:00"; "-" for 0. */
void moment_write(char out[MOMENT_BYTES], int64_t wall_ms);
/* "15:00 ngày 30/09/2026" or "15:00 on 2026-09-30" for sentences. */
void moment_say(char out[MOMENT_BYTES], int64_t wall_ms, bool vietnamese);
/* "2026-09-30T15:00:00.000+07:00" for CSV and other programs; "" for 0. */
void moment_iso(char out[MOMENT_BYTES], int64_t wall_ms);
/* "3d 04:05:06". */
void duration_write(char out[MOMENT_BYTES], int64_t ms);

/*
 * What an operator types: "2026-09-30", "30/09/2026", either with " 15:00" or "T15:00" or ":00"
 * more (local time), an ISO 8601 time with Z or an offset, or a distance back from `now_ms`: "30m",
 * "2h", "7d".
 */
LT_CHECK bool moment_read(int64_t *ret_ms, const char *text, int64_t now_ms);

/* Decimal digits, no sign, no more than fits. */
LT_CHECK bool number_read(uint64_t *ret_number, const char *text);

#endif
