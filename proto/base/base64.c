/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Base64 both ways, for bodies that are not JSON and for signed notes. The strict form only: one
 * byte string has one text, so equal texts and equal bytes are the same thing. Blanks, line breaks,
 * the URL alphabet and stray bits behind the padding are refused rather than repaired.
 */
#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(char *out, struct lt_bytes bytes)
{
    size_t at = 0;
    for (; at + 2 < bytes.size; at += 3) {
        uint32_t group =
            (uint32_t)bytes.data[at] << 16 | (uint32_t)bytes.data[at + 1] << 8 | bytes.data[at + 2];
        for (int shift = 18; shift >= 0; shift -= 6) {
            *out++ = alphabet[group >> shift & 63];
        }
    }
    size_t left = bytes.size - at;
    if (left > 0) {
        uint32_t group = (uint32_t)bytes.data[at] << 16;
        group |= left == 2 ? (uint32_t)bytes.data[at + 1] << 8 : 0;
        *out++ = alphabet[group >> 18 & 63];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = left == 2 ? alphabet[group >> 6 & 63] : '=';
        *out++ = '=';
    }
    *out = '\0';
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+' || c == '/') {
        return c == '+' ? 62 : 63;
    }
    return -1;
}

bool base64_read(uint8_t *out, size_t *ret_size, const char *text, size_t text_size)
{
    if (text_size % 4 != 0) {
        return false;
    }
    size_t padding = 0;
    while (padding < 2 && padding < text_size && text[text_size - 1 - padding] == '=') {
        padding++;
    }
    size_t size = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < text_size; i++) {
        int value = i < text_size - padding ? value_of(text[i]) : 0;
        if (value < 0) {
            return false;
        }
        group = group << 6 | (uint32_t)value;
        if (i % 4 == 3) {
            out[size++] = (uint8_t)(group >> 16);
            out[size++] = (uint8_t)(group >> 8);
            out[size++] = (uint8_t)group;
            group &= 0xFFFFFF;
        }
    }
    /* What the padding hides must be zero, else two texts would mean the same bytes. */
    for (size_t i = 0; i < padding; i++) {
        if (out[size - 1 - i] != 0) {
            return false;
        }
    }
    *ret_size = size - padding;
    return true;
}
