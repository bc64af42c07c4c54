/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From a .case file to statements. The language has no grammar beyond words: each statement asks
 * for the words it knows, and what is left over is an error. There are no variables, no loops and
 * no macros; the only plural is a run of names, m1..m64. A file that is too long or has too many
 * words in a line is refused whole.
 */
#include "parse.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPT_BYTES_MAX (256 * 1024)
#define NAMES_RUN_MAX    5000

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return NULL;
    }
    char *text = calloc(1, SCRIPT_BYTES_MAX + 1);
    size_t size = text == NULL ? 0 : fread(text, 1, SCRIPT_BYTES_MAX + 1, file);
    fclose(file);
    if (size == 0 || size > SCRIPT_BYTES_MAX) {
        fprintf(stderr, "%s: empty, or longer than %d bytes\n", path, SCRIPT_BYTES_MAX);
        free(text);
        return NULL;
    }
    return text;
}

/* Cuts one word off, quotes taken away; NULL at the end of the line. *at moves behind it. */
static char *cut_word(char **at)
{
    char *from = *at + strspn(*at, " \t");
    char *out = from;
    bool quoted = false;
    if (*from == '\0' || *from == '#') {
        return NULL;
    }
    char *read = from;
    for (; *read != '\0' && (quoted || strchr(" \t", *read) == NULL); read++) {
        if (*read == '"') {
            quoted = !quoted;
        } else {
            *out++ = *read;
        }
    }
    *at = *read == '\0' ? read : read + 1;
    *out = '\0';
    return from;
}

static bool read_line(struct script *script, char *line, const char *text, uint32_t number)
{
    struct statement statement = {.line = number, .text = text + strspn(text, " \t")};
    char *word;
    while ((word = cut_word(&line)) != NULL) {
        if (statement.count == WORDS_MAX) {
            fprintf(stderr, "%s:%u: more than %d words\n", script->path, number, WORDS_MAX);
            return false;
        }
        statement.words[statement.count++].text = word;
    }
    if (statement.count == 0) {
        return true;
    }
    struct statement *statements =
        realloc(script->statements, (script->count + 1) * sizeof(statement));
    if (statements == NULL) {
        return false;
    }
    script->statements = statements;
    script->statements[script->count++] = statement;
    return true;
}

bool script_read(struct script *script, const char *path)
{
    memset(script, 0, sizeof(*script));
    script->path = path;
    script->memory = read_file(path);
    script->lines = script->memory == NULL ? NULL : strdup(script->memory);
    if (script->lines == NULL) {
        script_free(script);
        return false;
    }
    char *line = script->memory;
    char *text = script->lines;
    bool good = true;
    for (uint32_t number = 1; good && *line != '\0'; number++) {
        size_t size = strcspn(line, "\n");
        bool last = line[size] == '\0';
        line[size] = '\0';
        text[size] = '\0';
        good = read_line(script, line, text, number);
        line += size + (last ? 0 : 1);
        text += size + (last ? 0 : 1);
    }
    if (!good) {
        script_free(script);
    }
    return good;
}

void script_free(struct script *script)
{
    free(script->memory);
    free(script->lines);
    free(script->statements);
    memset(script, 0, sizeof(*script));
}

/* ---- words ------------------------------------------------------------------------------------
 */

static struct word *first_free(struct statement *statement)
{
    for (uint32_t i = 0; i < statement->count; i++) {
        if (!statement->words[i].used) {
            return &statement->words[i];
        }
    }
    return NULL;
}

const char *word_next(struct statement *statement)
{
    struct word *word = first_free(statement);
    if (word == NULL) {
        return NULL;
    }
    word->used = true;
    return word->text;
}

bool word_is(struct statement *statement, const char *text)
{
    struct word *word = first_free(statement);
    if (word == NULL || strcmp(word->text, text) != 0) {
        return false;
    }
    word->used = true;
    return true;
}

static struct word *find(struct statement *statement, const char *name)
{
    for (uint32_t i = 0; i < statement->count; i++) {
        if (!statement->words[i].used && strcmp(statement->words[i].text, name) == 0) {
            return &statement->words[i];
        }
    }
    return NULL;
}

const char *word_after(struct statement *statement, const char *name)
{
    struct word *word = find(statement, name);
    bool followed = word != NULL && word + 1 < statement->words + statement->count;
    if (!followed || word[1].used) {
        return NULL; /* a name without its value stays, and is named as left over */
    }
    word[0].used = true;
    word[1].used = true;
    return word[1].text;
}

bool word_has(struct statement *statement, const char *name)
{
    struct word *word = find(statement, name);
    if (word != NULL) {
        word->used = true;
    }
    return word != NULL;
}

const char *word_left(struct statement *statement)
{
    const struct word *word = first_free(statement);
    return word == NULL ? NULL : word->text;
}

/* ---- numbers and names ------------------------------------------------------------------------
 */

bool count_read(const char *text, uint64_t *ret_count)
{
    char *end;
    errno = 0;
    if (text == NULL || *text < '0' || *text > '9') {
        return false;
    }
    uint64_t count = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *ret_count = count;
    return true;
}

bool span_read(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    if (text == NULL) {
        return false;
    }
    long value = strtol(text, &end, 10);
    for (size_t i = 0; end != text && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            *ret_ms = value * units[i].ms;
            return true;
        }
    }
    return false;
}

/* Splits "m12" into "m" and 12; false without a number at the end. */
static bool split(const char *text, size_t size, char stem[NAME_MAX_], uint32_t *ret_number)
{
    size_t stem_size = size;
    while (stem_size > 0 && text[stem_size - 1] >= '0' && text[stem_size - 1] <= '9') {
        stem_size--;
    }
    if (stem_size == size || stem_size == 0 || stem_size >= NAME_MAX_ - 10 ||
        size - stem_size > 6) {
        return false;
    }
    memcpy(stem, text, stem_size);
    stem[stem_size] = '\0';
    *ret_number = (uint32_t)strtoul(text + stem_size, NULL, 10);
    return true;
}

bool names_read(const char *text, struct names *ret_names)
{
    struct names names = {.plural = false};
    char other[NAME_MAX_];
    const char *dots = text == NULL ? NULL : strstr(text, "..");
    if (text == NULL || strlen(text) >= NAME_MAX_ - 1) {
        return false;
    }
    if (dots == NULL) {
        snprintf(names.stem, sizeof(names.stem), "%s", text);
        *ret_names = names;
        return true;
    }
    names.plural = true;
    if (!split(text, (size_t)(dots - text), names.stem, &names.first) ||
        !split(dots + 2, strlen(dots + 2), other, &names.last) || strcmp(names.stem, other) != 0 ||
        names.last < names.first || names.last - names.first >= NAMES_RUN_MAX) {
        return false;
    }
    *ret_names = names;
    return true;
}

uint32_t names_count(const struct names *names)
{
    return names->plural ? names->last - names->first + 1 : 1;
}

void names_at(const struct names *names, uint32_t index, char out[NAME_MAX_])
{
    if (names->plural) {
        snprintf(out, NAME_MAX_, "%.28s%u", names->stem, names->first + index);
    } else {
        snprintf(out, NAME_MAX_, "%s", names->stem);
    }
}
