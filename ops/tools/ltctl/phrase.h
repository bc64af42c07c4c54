/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_LTCTL_PHRASE_H
#define OPS_TOOLS_LTCTL_PHRASE_H

#include <stddef.h>

/* What ltctl says itself, in both languages: rows of phrases.def. Places are written {1}, {2} ...
 */
enum language { LANGUAGE_VI, LANGUAGE_EN, LANGUAGES_END };

enum phrase {
#define PHRASE(name, vi, en) PHRASE_##name,
#include "phrases.def"
    PHRASES_END,
};

const char *phrase(enum language language, enum phrase phrase);

/* The template with its places filled; a place without a value stays empty. Always NUL. */
void phrase_fill(char *out, size_t out_size, const char *template, const char *const *values,
                 size_t count);

/* phrase() and phrase_fill() together. */
#define PHRASE_FILL(out, size, language, name, ...)                                                \
    phrase_fill((out), (size), phrase((language), PHRASE_##name),                                  \
                (const char *const[]){__VA_ARGS__},                                                \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

#endif
