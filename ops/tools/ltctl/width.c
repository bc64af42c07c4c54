/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Texts on a terminal: how wide they are and how they are made harmless. Names and reasons come
 * from other systems; an escape sequence inside one must never reach an operator's terminal.
 *
 * Width: one column for each rune, none for a combining mark, because Vietnamese arrives both
 * composed and decomposed. Wide East Asian runes do not occur in this field and count as one.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"
#include "width.h"

/* The size of the rune at `at`; texts here are UTF-8 already. */
static size_t rune_bytes(const char *at)
{
    uint8_t lead = (uint8_t)at[0];
    return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* The same, never past the NUL of a text that is not UTF-8 after all. */
static size_t rune_step(const char *at)
{
    size_t size = rune_bytes(at);
    size_t left = strnlen(at, 4);
    return size < left ? size : left;
}

/* U+0300 to U+036F: CC 80 to CD AF. */
static bool rune_combines(const char *at)
{
    uint8_t lead = (uint8_t)at[0];
    uint8_t next = lead == 0 ? 0 : (uint8_t)at[1];
    return (lead == 0xCC && next >= 0x80) || (lead == 0xCD && next >= 0x80 && next <= 0xAF);
}

size_t text_columns(const char *text)
{
    size_t columns = 0;
    for (const char *at = text; *at != '\0'; at += rune_step(at)) {
        columns += rune_combines(at) ? 0 : 1;
    }
    return columns;
}

size_t text_front(const char *text, size_t columns)
{
    const char *at = text;
    for (size_t used = 0; *at != '\0'; at += rune_step(at)) {
        used += rune_combines(at) ? 0 : 1;
        if (used > columns) {
            break;
        }
    }
    return (size_t)(at - text);
}

/* C0, DEL, and the C1 controls U+0080 to U+009F: C2 80 to C2 9F. */
static bool rune_controls(const uint8_t *at, size_t size)
{
    return size == 1 ? at[0] < 0x20 || at[0] == 0x7F : at[0] == 0xC2 && at[1] < 0xA0;
}

void text_safe(char *out, size_t out_size, struct lt_bytes text)
{
    bool whole = utf8_valid(text);
    size_t used = 0;
    for (size_t i = 0; i < text.size;) {
        const uint8_t *at = text.data + i;
        size_t size = whole ? rune_bytes((const char *)at) : 1;
        bool bare = rune_controls(at, size) || (!whole && at[0] >= 0x80);
        if (used + (bare ? 4 * size : size) >= out_size) {
            break;
        }
        for (size_t n = 0; n < size; n++) {
            if (bare) {
                snprintf(out + used, 5, "\\x%02X", at[n]);
                used += 4;
            } else {
                out[used++] = (char)at[n];
            }
        }
        i += size;
    }
    out[used] = '\0';
}
