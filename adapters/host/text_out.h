/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_TEXT_OUT_H
#define ADAPTERS_HOST_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include <lienthong/export.h>
#include <lienthong/types.h>

/*
 * A text that grows at its end, for answers put together from pieces. Running out of memory is
 * remembered (`failed`) and told once, by text_out_take.
 */
struct text_out {
    char *data;
    size_t size;
    size_t room;
    bool failed;
};

void text_out_init(struct text_out *out);
void text_out_deinit(struct text_out *out);
void text_out_add(struct text_out *out, const void *data, size_t size);
void text_out_text(struct text_out *out, const char *text);
void text_out_format(struct text_out *out, const char *format, ...) LT_PRINTF(2, 3);

/* The text with a NUL behind it, now the caller's to free; NULL when memory ran out on the way. */
char *text_out_take(struct text_out *out, size_t *ret_size);

#endif
