/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Growing texts for the local doors. The one job: many small additions without a check behind each,
 * and one answer at the end. After the first failed growth nothing more is added, so a text is
 * either whole or not there at all; half an answer never leaves the process.
 *
 * Room doubles, so additions cost a constant share; nothing here is bounded, the callers are.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_out.h"

#define ROOM_FIRST_BYTES 512u

void text_out_init(struct text_out *out)
{
    *out = (struct text_out){0};
}

void text_out_deinit(struct text_out *out)
{
    free(out->data);
    text_out_init(out);
}

/* Room for `size` more bytes and a NUL. */
static bool reserve(struct text_out *out, size_t size)
{
    if (out->failed) {
        return false;
    }
    if (size < out->room - out->size) {
        return true;
    }
    size_t room = out->room > 0 ? out->room : ROOM_FIRST_BYTES;
    while (room - out->size <= size) {
        room *= 2;
    }
    char *larger = realloc(out->data, room);
    if (larger == NULL) {
        out->failed = true;
        return false;
    }
    out->data = larger;
    out->room = room;
    return true;
}

void text_out_add(struct text_out *out, const void *data, size_t size)
{
    if (!reserve(out, size)) {
        return;
    }
    if (size > 0) {
        memcpy(out->data + out->size, data, size);
    }
    out->size += size;
    out->data[out->size] = '\0';
}

void text_out_text(struct text_out *out, const char *text)
{
    text_out_add(out, text, strlen(text));
}

void text_out_format(struct text_out *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0) {
        out->failed = true;
        return;
    }
    text_out_add(out, text, (size_t)size);
    free(text);
}

char *text_out_take(struct text_out *out, size_t *ret_size)
{
    text_out_add(out, "", 0);
    if (out->failed) {
        text_out_deinit(out);
        return NULL;
    }
    char *text = out->data;
    if (ret_size != NULL) {
        *ret_size = out->size;
    }
    text_out_init(out);
    return text;
}
