/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The two languages of ltctl. Every sentence is one row of phrases.def, so that whoever mends the
 * Vietnamese sees the English beside it and the code holds no text of its own. Sentences carry
 * numbered places instead of printf formats: word order differs between the languages, and a
 * template from a table must never be read as a format.
 *
 * A sentence longer than its room is cut at a rune.
 */
#include <string.h>

#include "phrase.h"
#include "proto/base/text.h"

static const char *const phrases[PHRASES_END][LANGUAGES_END] = {
#define PHRASE(name, vi, en) [PHRASE_##name] = {vi, en},
#include "phrases.def"
};

const char *phrase(enum language language, enum phrase phrase)
{
    return phrases[phrase][language];
}

/* The value of a place "{n}" at `at`, or NULL when no place stands there. */
static const char *place_value(const char *at, const char *const *values, size_t count)
{
    if (at[0] != '{' || at[1] < '1' || at[1] > '9' || at[2] != '}') {
        return NULL;
    }
    size_t index = (size_t)(at[1] - '1');
    return index < count && values[index] != NULL ? values[index] : "";
}

void phrase_fill(char *out, size_t out_size, const char *template, const char *const *values,
                 size_t count)
{
    size_t used = 0;
    out[0] = '\0';
    for (const char *at = template; *at != '\0' && used + 1 < out_size;) {
        const char *value = place_value(at, values, count);
        struct lt_bytes piece = text_bytes(value);
        if (value == NULL) {
            piece = (struct lt_bytes){(const uint8_t *)at, 1 + strcspn(at + 1, "{")};
        }
        text_copy(out + used, out_size - used, piece);
        used += strlen(out + used);
        at += value != NULL ? 3 : piece.size;
    }
}
