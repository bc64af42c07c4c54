/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_REPLAY_PARSE_H
#define TESTS_REPLAY_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A story as statements: one per line, words apart by blanks, "..." keeps blanks together, # begins
 * a comment. Whoever carries a statement out takes its words one by one; a word that nobody took is
 * a mistake of the writer and named with its line.
 */
#define WORDS_MAX 48
#define NAME_MAX_ 40

struct word {
    const char *text;
    bool used;
};

struct statement {
    uint32_t line;
    const char *text; /* the whole line */
    struct word words[WORDS_MAX];
    uint32_t count;
};

struct script {
    const char *path; /* borrowed */
    char *memory;
    char *lines; /* the same text, cut into lines only */
    struct statement *statements;
    uint32_t count;
};

/* False: what is wrong was said on standard error. */
bool script_read(struct script *script, const char *path);
void script_free(struct script *script);

/* The next word that nobody took, or NULL. */
const char *word_next(struct statement *statement);
/* Takes the next word when it is this one. */
bool word_is(struct statement *statement, const char *text);
/* Takes `name` wherever it stands, and gives the word behind it; NULL when it is not there. */
const char *word_after(struct statement *statement, const char *name);
bool word_has(struct statement *statement, const char *name);
/* The first word nobody took, without taking it; NULL: all were taken. */
const char *word_left(struct statement *statement);

/* "250ms", "30s", "10m", "2h", "3d", also with + or - in front. */
bool span_read(const char *text, int64_t *ret_ms);
bool count_read(const char *text, uint64_t *ret_count);

/* "t1", or "m1..m64": a name and how many. */
struct names {
    char stem[NAME_MAX_];
    uint32_t first;
    uint32_t last;
    bool plural;
};
bool names_read(const char *text, struct names *ret_names);
uint32_t names_count(const struct names *names);
void names_at(const struct names *names, uint32_t index, char out[NAME_MAX_]);

#endif
