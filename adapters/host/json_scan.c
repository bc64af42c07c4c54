/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two looks at JSON text that a parsed tree cannot give: how deep it nests, before a recursive
 * parser runs on it, and where exactly the bytes of one value stand. The second is what keeps a
 * body as the application wrote it, digit for digit; a tree would hand back its own spelling.
 *
 * The scan knows strings and brackets and nothing more. json_scan_member trusts its input to be
 * valid JSON (the parser has said so) and still never reads past the end of it.
 */
#include <string.h>

#include "json_scan.h"

/* The index behind the string that starts at `at`. */
static size_t string_end(struct lt_bytes text, size_t at)
{
    for (at++; at < text.size && text.data[at] != '"'; at++) {
        if (text.data[at] == '\\') {
            at++;
        }
    }
    return at < text.size ? at + 1 : text.size;
}

bool json_scan_depth(struct lt_bytes text, uint32_t most)
{
    uint32_t depth = 0;
    size_t at = 0;
    while (at < text.size) {
        uint8_t c = text.data[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        at++;
        if (c == '{' || c == '[') {
            if (++depth > most) {
                return false;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t blanks_end(struct lt_bytes text, size_t at)
{
    while (at < text.size && blank(text.data[at])) {
        at++;
    }
    return at;
}

/* The index behind the value that starts at `at`. */
static size_t value_end(struct lt_bytes text, size_t at)
{
    uint32_t depth = 0;
    while (at < text.size) {
        uint8_t c = text.data[at];
        if (c == '"') {
            at = string_end(text, at);
        } else if (depth == 0 && (c == ',' || c == '}' || c == ']' || blank(c))) {
            return at;
        } else {
            depth += c == '{' || c == '[';
            depth -= c == '}' || c == ']';
            at++;
        }
        bool closed = depth == 0 && (c == '"' || c == '}' || c == ']');
        if (closed) {
            return at;
        }
    }
    return text.size;
}

struct lt_bytes json_scan_member(struct lt_bytes text, const char *key)
{
    size_t key_size = strlen(key);
    size_t at = blanks_end(text, 0) + 1; /* behind '{' */
    while (at < text.size) {
        at = blanks_end(text, at);
        if (at >= text.size || text.data[at] != '"') {
            break;
        }
        size_t name = at + 1;
        at = string_end(text, at);
        bool same = at - name - 1 == key_size && memcmp(text.data + name, key, key_size) == 0;
        at = blanks_end(text, blanks_end(text, at) + 1); /* behind ':' */
        size_t end = value_end(text, at < text.size ? at : text.size);
        if (same && at < end) {
            return (struct lt_bytes){text.data + at, end - at};
        }
        at = blanks_end(text, end) + 1; /* behind ',' */
    }
    return (struct lt_bytes){NULL, 0};
}

struct lt_bytes json_scan_without_mark(struct lt_bytes text)
{
    if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) {
        text.data += 3;
        text.size -= 3;
    }
    return text;
}
