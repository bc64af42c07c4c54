/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The commands that only look: status, agencies, routes, transfers, show, case, parked and the
 * conservation sum. Each is a verb of the operator port with its filters and a shape of table.
 *
 * A filter that cannot be right (a state that does not exist, 31/02) is refused here, before
 * anybody is asked. Conservation exits with EXIT_FINDINGS when any sum differs from zero, so that a
 * timer can watch it.
 */
#include <stdio.h>
#include <string.h>

#include "ltctl.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "words.h"

#define TABLE_ROWS_NORMAL 1000
#define LIMIT_MAX         1000000000ULL
#define SAID_MAX          512

enum exit_code run_status(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "status");
    return ask_all(ltctl, &question, &columns_status, 0);
}

enum exit_code run_agencies(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "agencies");
    return ask_all(ltctl, &question, &columns_agencies, 0);
}

enum exit_code run_routes(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "routes");
    return ask_all(ltctl, &question, &columns_routes, 0);
}

static enum exit_code option_bad(const struct ltctl *ltctl, enum option option, const char *allowed)
{
    char said[SAID_MAX];
    PHRASE_FILL(said, sizeof(said), ltctl->language, OPTION_BAD, option_text(option),
                ltctl->options.values[option], allowed);
    return complain_usage(ltctl, said);
}

/* A name of states.def: what the table cannot translate is none. */
static bool state_known(const char *name)
{
    return strcmp(name, "none") != 0 && word_state(LANGUAGE_VI, name) != name;
}

/* A table is read by people: it ends after so many rows unless told. */
static enum exit_code limit_read(const struct ltctl *ltctl, uint64_t *ret_limit)
{
    uint64_t normal = ltctl->mode == OUTPUT_TABLE ? TABLE_ROWS_NORMAL : 0;
    return option_number(ltctl, OPTION_LIMIT, 1, LIMIT_MAX, normal, ret_limit);
}

enum exit_code run_transfers(struct ltctl *ltctl)
{
    const char *const *values = ltctl->options.values;
    struct question question;
    question_init(&question, "transfers");
    question_add(&question, "agency", values[OPTION_AGENCY]);
    question_add(&question, "from", values[OPTION_FROM]);
    question_add(&question, "case", values[OPTION_CASE]);
    question_add(&question, "procedure", values[OPTION_PROCEDURE]);
    if (values[OPTION_STATE] != NULL && !state_known(values[OPTION_STATE])) {
        return option_bad(ltctl, OPTION_STATE,
                          "ready, sent, behind, backoff, held, parked, taken, refused, expired, "
                          "cancelled");
    }
    question_add(&question, "state", values[OPTION_STATE]);
    if (values[OPTION_KIND] != NULL &&
        kind_by_name(text_bytes(values[OPTION_KIND])) == LT_KIND_NONE) {
        return option_bad(ltctl, OPTION_KIND, "forward, status, result, supplement-request ...");
    }
    question_add(&question, "kind", values[OPTION_KIND]);
    enum exit_code code = question_moment(ltctl, &question, OPTION_SINCE, question.numbers[0]);
    if (code == EXIT_GOOD) {
        code = question_moment(ltctl, &question, OPTION_UNTIL, question.numbers[1]);
    }
    uint64_t limit = 0;
    if (code == EXIT_GOOD) {
        code = limit_read(ltctl, &limit);
    }
    return code == EXIT_GOOD ? ask_all(ltctl, &question, &columns_transfers, limit) : code;
}

/* ---- show ---- */

/* An id of a transfer, or words about it. */
static enum exit_code id_check(const struct ltctl *ltctl, const char *text)
{
    struct lt_id id;
    if (id_read(&id, text)) {
        return EXIT_GOOD;
    }
    char said[SAID_MAX];
    PHRASE_FILL(said, sizeof(said), ltctl->language, ID_BAD, text);
    return complain_usage(ltctl, said);
}

static const struct columns *section_of(const struct row *row)
{
    struct lt_bytes name = row_field(row, "row");
    if (bytes_equal(name, text_bytes("leg"))) {
        return &columns_show_leg;
    }
    return bytes_equal(name, text_bytes("event")) ? &columns_show_event : &columns_show_transfer;
}

static enum exit_code show_pages(struct ltctl *ltctl, struct question *question,
                                 struct output *output)
{
    struct page page;
    enum exit_code code;
    do {
        code = ask(ltctl, question, &page);
        for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
            const struct columns *columns = section_of(&page.rows[i]);
            if (output->columns != columns) {
                output_section(output, columns);
            }
            output_row(output, &page.rows[i]);
        }
    } while (code == EXIT_GOOD && question_next(question, &page));
    return code;
}

enum exit_code run_show(struct ltctl *ltctl)
{
    enum exit_code code = id_check(ltctl, ltctl->arguments[0]);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (ltctl->options.values[OPTION_BODY] != NULL) {
        return show_body(ltctl);
    }
    struct question question;
    question_init(&question, "show");
    question_add(&question, "id", ltctl->arguments[0]);
    question_add(&question, "from", ltctl->options.values[OPTION_FROM]);
    question_add(&question, "purpose", ltctl->options.values[OPTION_PURPOSE]);
    struct output output;
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    code = show_pages(ltctl, &question, &output);
    enum exit_code finished = finish(ltctl, &output, code == EXIT_GOOD);
    return code != EXIT_GOOD ? code : finished;
}

enum exit_code run_case(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "case");
    question_add(&question, "code", ltctl->arguments[0]);
    return ask_all(ltctl, &question, &columns_transfers, 0);
}

enum exit_code run_parked(struct ltctl *ltctl)
{
    const char *code = ltctl->options.values[OPTION_CODE];
    if (code != NULL && lt_error_by_code(code) == NULL) {
        return option_bad(ltctl, OPTION_CODE,
                          "undetermined, procedure-unknown, attempts-exhausted, receiver-never, "
                          "conflict ...");
    }
    struct question question;
    const char *group = ltctl->options.values[OPTION_GROUP];
    bool known = group == NULL || strcmp(group, "code") == 0 || strcmp(group, "who") == 0 ||
                 strcmp(group, "agency") == 0 || strcmp(group, "reason") == 0;
    if (!known) {
        return option_bad(ltctl, OPTION_GROUP, "code, who, agency, reason");
    }
    question_init(&question, "parked");
    question_add(&question, "group", group);
    question_add(&question, "agency", ltctl->options.values[OPTION_AGENCY]);
    question_add(&question, "code", code);
    uint64_t limit = 0;
    enum exit_code read = limit_read(ltctl, &limit);
    const struct columns *columns = group == NULL ? &columns_parked : &columns_parked_count;
    return read == EXIT_GOOD ? ask_all(ltctl, &question, columns, limit) : read;
}

/* ---- conservation ---- */

/* The last row is nobody's: for people it gets a name. */
static void total_name(const struct ltctl *ltctl, const struct row *row)
{
    if (ltctl->mode != OUTPUT_TABLE || row_field(row, "agency").size > 0) {
        return;
    }
    for (uint32_t i = 0; i < row->count; i++) {
        if (bytes_equal(row->fields[i].name, text_bytes("name"))) {
            row->fields[i].value = text_bytes(phrase(ltctl->language, PHRASE_TOTAL));
        }
    }
}

enum exit_code run_conservation(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "conservation");
    struct output output;
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_conservation);
    struct page page;
    bool differs = false;
    enum exit_code code;
    do {
        code = ask(ltctl, &question, &page);
        for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
            differs = differs || row_number(&page.rows[i], "difference") != 0;
            total_name(ltctl, &page.rows[i]);
            output_row(&output, &page.rows[i]);
        }
    } while (code == EXIT_GOOD && question_next(&question, &page));
    enum exit_code finished = finish(ltctl, &output, code == EXIT_GOOD);
    if (code != EXIT_GOOD || finished != EXIT_GOOD) {
        return code != EXIT_GOOD ? code : finished;
    }
    if (differs) {
        fprintf(stderr, "ltctl: %s\n", phrase(ltctl->language, PHRASE_SUM_DIFFERS));
    }
    return differs ? EXIT_FINDINGS : EXIT_GOOD;
}
