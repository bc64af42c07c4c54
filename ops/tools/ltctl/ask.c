/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Questions to the broker and what may come of them. A question is a verb with named texts; its
 * pages follow one another by cursor until there are no more or the limit is reached. Whatever goes
 * wrong is said here, in one place, in the operator's language: the sentence of the error table,
 * the field and value, and what to do; and becomes the exit code.
 *
 * Standard output carries rows only, standard error carries words, so that a pipe stays clean.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "ltctl.h"
#include "moment.h"
#include "proto/base/text.h"
#include "width.h"
#include "words.h"

#define PAGE_ROWS 200
#define SAID_MAX  1024

/* Longer together than the broker waits for a receiver's answer (HELD_WAIT_MS, 10 s). */
#define PATIENCE_MS    500
#define PATIENCE_TIMES 30

static enum exit_code exit_of(enum lt_status status)
{
    switch (status) {
    case LT_OK:
        return EXIT_GOOD;
    case LT_NOT_FOUND:
    case LT_NOT_HERE:
        return EXIT_NOT_FOUND;
    case LT_PEER_GONE:
    case LT_TIMEOUT:
    case LT_KEY_UNKNOWN:
    case LT_KEY_REVOKED:
    case LT_DRAINING:
        return EXIT_UNREACHABLE;
    default:
        return EXIT_ERROR;
    }
}

/* Some statuses say more here than their rows in the table do. */
static bool own_sentence(const struct ltctl *ltctl, enum lt_status status, char *out,
                         size_t out_size, const char **ret_do)
{
    const char *endpoint = ltctl->settings.endpoint;
    enum language language = ltctl->language;
    switch (status) {
    case LT_PEER_GONE:
        PHRASE_FILL(out, out_size, language, NO_LINE, endpoint);
        *ret_do = phrase(language, PHRASE_NO_LINE_DO);
        return true;
    case LT_KEY_UNKNOWN:
        PHRASE_FILL(out, out_size, language, NO_KEY, endpoint);
        *ret_do = phrase(language, PHRASE_NO_KEY_DO);
        return true;
    case LT_NOT_FOUND:
        PHRASE_FILL(out, out_size, language, NOT_FOUND, "");
        *ret_do = phrase(language, PHRASE_NOT_FOUND_DO);
        return true;
    case LT_EXISTS:
        PHRASE_FILL(out, out_size, language, EXISTS, "");
        *ret_do = phrase(language, PHRASE_EXISTS_DO);
        return true;
    case LT_TIMEOUT:
        PHRASE_FILL(out, out_size, language, NO_ANSWER, endpoint);
        *ret_do = phrase(language, PHRASE_NO_ANSWER_DO);
        return true;
    default:
        return false;
    }
}

enum exit_code complain(const struct ltctl *ltctl, enum lt_status status, const struct fault *fault)
{
    return complain_and(ltctl, status, fault, NULL);
}

enum exit_code complain_and(const struct ltctl *ltctl, enum lt_status status,
                            const struct fault *fault, const char *instead)
{
    const struct lt_error *error = lt_error(status);
    bool vietnamese = ltctl->language == LANGUAGE_VI;
    char said[SAID_MAX];
    const char *what_to_do = vietnamese ? error->do_vi : error->do_en;
    if (!own_sentence(ltctl, status, said, sizeof(said), &what_to_do)) {
        snprintf(said, sizeof(said), "%s", vietnamese ? error->vi : error->en);
    }
    fprintf(stderr, "ltctl: %s\n", said);
    if (fault != NULL && (fault->field[0] != '\0' || fault->detail[0] != '\0')) {
        char field[256];
        char detail[1024];
        text_safe(field, sizeof(field), text_bytes(fault->field));
        text_safe(detail, sizeof(detail), text_bytes(fault->detail));
        bool both = field[0] != '\0' && detail[0] != '\0';
        fprintf(stderr, "  %s%s%s\n", field, both ? ": " : "", detail);
    }
    what_to_do = instead != NULL ? instead : what_to_do;
    if (what_to_do[0] != '\0') {
        fprintf(stderr, "  -> %s\n", what_to_do);
    }
    return exit_of(status);
}

enum exit_code complain_usage(const struct ltctl *ltctl, const char *sentence)
{
    char hint[256];
    const char *words = ltctl->command != NULL ? ltctl->command->words : "";
    char help[64];
    snprintf(help, sizeof(help), "ltctl %s%s--help", words, words[0] != '\0' ? " " : "");
    PHRASE_FILL(hint, sizeof(hint), ltctl->language, SEE_HELP, help);
    char safe[SAID_MAX];
    text_safe(safe, sizeof(safe), text_bytes(sentence));
    fprintf(stderr, "ltctl: %s\n  -> %s\n", safe, hint);
    return EXIT_USAGE;
}

/* ---- asking ---- */

void question_init(struct question *question, const char *verb)
{
    memset(question, 0, sizeof(*question));
    question->query.verb = text_bytes(verb);
    question->query.args = question->args;
    question->query.rows = PAGE_ROWS;
}

void question_add(struct question *question, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    assert(question->query.args_count < QUESTION_ARGS_MAX);
    question->args[question->query.args_count++] =
        (struct pair){text_bytes(name), text_bytes(value)};
}

/* Settings that the line needs and that were nowhere to be found. */
static const char *setting_missing(const struct settings *settings)
{
    if (settings->endpoint[0] == '\0') {
        return "endpoint";
    }
    if (!settings->server_key_given) {
        return "server_key";
    }
    return settings->secret_key_given ? NULL : "secret_key";
}

static enum exit_code dial(struct ltctl *ltctl)
{
    struct fault fault;
    fault_init(&fault);
    const char *missing = setting_missing(&ltctl->settings);
    if (missing != NULL) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, SETTING_MISSING, missing);
        fprintf(stderr, "ltctl: %s\n  -> %s\n", said,
                phrase(ltctl->language, PHRASE_SETTING_MISSING_DO));
        return EXIT_USAGE;
    }
    uint64_t timeout_s;
    enum exit_code code =
        option_number(ltctl, OPTION_TIMEOUT, 1, 600, TIMEOUT_MS_NORMAL / 1000, &timeout_s);
    if (code != EXIT_GOOD) {
        return code;
    }
    const struct connection_options options = {
        .settings = &ltctl->settings,
        .clock = ltctl->clock,
        .entropy = ltctl->entropy,
        .timeout_ms = (int)timeout_s * 1000,
    };
    enum lt_status status = connection_open(&ltctl->connection, &options, &fault);
    return status == LT_OK ? EXIT_GOOD : complain(ltctl, status, &fault);
}

/* Asks, and again while the broker itself is waiting for an answer or has no room. */
static enum lt_status ask_patiently(struct ltctl *ltctl, const struct question *question,
                                    struct page *ret_page, struct fault *fault)
{
    enum lt_status status = connection_ask(ltctl->connection, &question->query, ret_page, fault);
    for (int i = 0; i < PATIENCE_TIMES && question->patient && status == LT_OK &&
                    (ret_page->code == LT_HELD_ASKED || ret_page->code == LT_BUSY);
         i++) {
        if (i == 0 && ret_page->code == LT_HELD_ASKED) {
            fprintf(stderr, "%s\n", phrase(ltctl->language, PHRASE_ASKING_RECEIVER));
        }
        connection_rest(ltctl->connection, PATIENCE_MS);
        status = connection_ask(ltctl->connection, &question->query, ret_page, fault);
    }
    return status;
}

enum exit_code ask(struct ltctl *ltctl, struct question *question, struct page *ret_page)
{
    if (ltctl->connection == NULL) {
        enum exit_code code = dial(ltctl);
        if (code != EXIT_GOOD) {
            return code;
        }
    }
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = ask_patiently(ltctl, question, ret_page, &fault);
    if (status != LT_OK) {
        return complain(ltctl, status, &fault);
    }
    if (ret_page->code == LT_OK) {
        return EXIT_GOOD;
    }
    if (question->quiet && ret_page->code == LT_NOT_FOUND) {
        return EXIT_NOT_FOUND;
    }
    fault_set(&fault, (enum lt_status)ret_page->code, "", "%.*s", (int)ret_page->detail.size,
              (const char *)ret_page->detail.data);
    return complain(ltctl, (enum lt_status)ret_page->code, &fault);
}

enum exit_code question_moment(struct ltctl *ltctl, struct question *question, enum option option,
                               char number[24])
{
    const char *text = ltctl->options.values[option];
    int64_t moment_ms;
    if (text == NULL) {
        return EXIT_GOOD;
    }
    if (!moment_read(&moment_ms, text, ltctl->clock->wall_ms(ltctl->clock->self))) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_BAD, option_text(option), text,
                    "2026-09-30, \"30/09/2026 15:00\", 30m, 2h, 7d");
        return complain_usage(ltctl, said);
    }
    snprintf(number, 24, "%lld", (long long)moment_ms);
    question_add(question, option_text(option), number);
    return EXIT_GOOD;
}

static void more_said(const struct ltctl *ltctl, uint64_t limit)
{
    char said[SAID_MAX];
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)limit);
    PHRASE_FILL(said, sizeof(said), ltctl->language, MORE_ROWS, number);
    fprintf(stderr, "%s\n", said);
}

bool question_next(struct question *question, const struct page *page)
{
    if (page->cursor.size == 0 || page->cursor.size > sizeof(question->cursor)) {
        return false;
    }
    memcpy(question->cursor, page->cursor.data, page->cursor.size);
    question->query.cursor = (struct lt_bytes){question->cursor, page->cursor.size};
    return true;
}

enum exit_code ask_all(struct ltctl *ltctl, struct question *question,
                       const struct columns *columns, uint64_t limit)
{
    struct output output;
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, columns);
    struct page page;
    enum exit_code code;
    bool full = false;
    do {
        code = ask(ltctl, question, &page);
        for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
            full = limit != 0 && output.rows >= limit;
            if (!full) {
                output_row(&output, &page.rows[i]);
            }
        }
        full = full ||
               (code == EXIT_GOOD && limit != 0 && output.rows >= limit && page.cursor.size > 0);
    } while (code == EXIT_GOOD && output.status == LT_OK && !full &&
             question_next(question, &page));
    if (full) {
        more_said(ltctl, limit);
    }
    enum exit_code finished = finish(ltctl, &output, code == EXIT_GOOD);
    return code != EXIT_GOOD ? code : finished;
}

enum exit_code finish(struct ltctl *ltctl, struct output *output, bool say_empty)
{
    enum lt_status status = output_finish(output, say_empty);
    return status == LT_OK ? EXIT_GOOD : complain(ltctl, status, NULL);
}

enum exit_code option_number(const struct ltctl *ltctl, enum option option, uint64_t least,
                             uint64_t most, uint64_t normal, uint64_t *ret_number)
{
    const char *text = ltctl->options.values[option];
    uint64_t number = normal;
    if (text != NULL && (!number_read(&number, text) || number < least || number > most)) {
        char said[SAID_MAX];
        char range[64];
        snprintf(range, sizeof(range), "%llu..%llu", (unsigned long long)least,
                 (unsigned long long)most);
        PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_BAD, option_text(option), text,
                    range);
        return complain_usage(ltctl, said);
    }
    *ret_number = number;
    return EXIT_GOOD;
}
