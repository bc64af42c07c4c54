/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `replay`: parked legs go back into their lanes. The ids stay, the bytes stay: a replay is one
 * more attempt, never a new life. Ids come as words; "-" reads them from standard input, one a
 * line, so that the output of another program can be piped in.
 *
 * Every id is looked at before the first is asked for: a wrong one refuses the whole command. Asked
 * one by one, the rest go on when one is not found; the exit code says that something was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ltctl.h"
#include "proto/base/text.h"

#define IDS_MAX    100000
#define LINE_BYTES 256
#define SAID_MAX   512

struct ids {
    char (*texts)[ID_TEXT_BYTES];
    uint32_t count;
    uint32_t capacity;
};

static enum exit_code id_bad(const struct ltctl *ltctl, const char *text)
{
    char said[SAID_MAX];
    PHRASE_FILL(said, sizeof(said), ltctl->language, ID_BAD, text);
    return complain_usage(ltctl, said);
}

static enum exit_code id_add(const struct ltctl *ltctl, struct ids *ids, const char *text)
{
    struct lt_id id;
    if (!id_read(&id, text) || ids->count == IDS_MAX) {
        return id_bad(ltctl, text);
    }
    if (ids->count == ids->capacity) {
        uint32_t capacity = ids->capacity == 0 ? 64 : ids->capacity * 2;
        void *texts = realloc(ids->texts, (size_t)capacity * ID_TEXT_BYTES);
        if (texts == NULL) {
            return complain(ltctl, LT_NO_MEMORY, NULL);
        }
        ids->texts = texts;
        ids->capacity = capacity;
    }
    id_write(ids->texts[ids->count++], &id);
    return EXIT_GOOD;
}

/* One id a line; what follows a blank or a comma is not looked at. */
static enum exit_code ids_read(const struct ltctl *ltctl, struct ids *ids, FILE *lines)
{
    char line[LINE_BYTES];
    enum exit_code code = EXIT_GOOD;
    while (code == EXIT_GOOD && fgets(line, sizeof(line), lines) != NULL) {
        line[strcspn(line, "\r\n \t,;")] = '\0';
        if (line[0] != '\0') {
            code = id_add(ltctl, ids, line);
        }
    }
    return code;
}

static enum exit_code ids_take(const struct ltctl *ltctl, struct ids *ids)
{
    enum exit_code code = EXIT_GOOD;
    for (uint32_t i = 0; i < ltctl->arguments_count && code == EXIT_GOOD; i++) {
        const char *word = ltctl->arguments[i];
        code = strcmp(word, "-") == 0 ? ids_read(ltctl, ids, stdin) : id_add(ltctl, ids, word);
    }
    return code;
}

static enum exit_code ask_one(struct ltctl *ltctl, const char *id, struct output *output)
{
    const char *const *values = ltctl->options.values;
    struct question question;
    struct page page;
    question_init(&question, "replay");
    question_add(&question, "id", id);
    question_add(&question, "leg", values[OPTION_LEG]);
    question_add(&question, "reason", values[OPTION_REASON]);
    question_add(&question, "dry_run", values[OPTION_DRY_RUN] != NULL ? "1" : NULL);
    enum exit_code code = ask(ltctl, &question, &page);
    for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
        output_row(output, &page.rows[i]);
    }
    return code;
}

/* The first failure stands, but only silence ends the walk: the next id would fare no better. */
static enum exit_code ask_each(struct ltctl *ltctl, const struct ids *ids, struct output *output)
{
    enum exit_code first = EXIT_GOOD;
    enum exit_code code = EXIT_GOOD;
    for (uint32_t i = 0; i < ids->count && code != EXIT_UNREACHABLE; i++) {
        code = ask_one(ltctl, ids->texts[i], output);
        first = first == EXIT_GOOD ? code : first;
    }
    return code == EXIT_UNREACHABLE ? code : first;
}

enum exit_code run_replay(struct ltctl *ltctl)
{
    uint64_t leg;
    struct ids ids = {0};
    enum exit_code code = option_number(ltctl, OPTION_LEG, 0, LT_LEGS_MAX - 1, 0, &leg);
    if (code == EXIT_GOOD) {
        code = ids_take(ltctl, &ids);
    }
    if (code == EXIT_GOOD) {
        struct output output;
        output_init(&output, ltctl->mode, ltctl->language, stdout);
        output_section(&output, &columns_replay);
        code = ask_each(ltctl, &ids, &output);
        enum exit_code finished = finish(ltctl, &output, code == EXIT_GOOD);
        code = code != EXIT_GOOD ? code : finished;
    }
    free(ids.texts);
    return code;
}
