/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Replay plans: `plan make` chooses and shows what would happen, and sends nothing; `plan approve`,
 * `run`, `pause`, `resume`, `cancel` move a plan; `plan list`, `show` and `report` look. On a
 * terminal the long waits have a line of progress; in a pipe there is nothing but the rows.
 *
 * `agency redirect` makes a plan, too: every open leg of a dissolved agency to its successor.
 *
 * `make` ends with the failure of a plan that could not be (nothing found, a leg outside of the
 * person's agencies, too many). With --every, `run` stays until the plan has ended and exits with
 * EXIT_FINDINGS when it did not end as done.
 */
#include <stdio.h>
#include <string.h>

#include "moment.h"
#include "plan.h"
#include "proto/base/text.h"

#define POLL_MS  100
#define SAID_MAX 512

/* ---- a row that outlives its page ---- */

void plan_row_text(struct plan_row *kept, const char *name, const char *value)
{
    uint32_t i = kept->row.count;
    if (i == PLAN_ROW_FIELDS) {
        return;
    }
    text_copy(kept->names[i], sizeof(kept->names[i]), text_bytes(name));
    text_copy(kept->texts[i], sizeof(kept->texts[i]), text_bytes(value));
    kept->fields[i] = (struct pair){text_bytes(kept->names[i]), text_bytes(kept->texts[i])};
    kept->row.fields = kept->fields;
    kept->row.count++;
}

void plan_row_number(struct plan_row *kept, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    plan_row_text(kept, name, text);
}

void plan_row_keep(struct plan_row *kept, const struct row *row)
{
    kept->row = (struct row){.count = 0};
    for (uint32_t i = 0; i < row->count; i++) {
        char name[24];
        char value[512];
        text_copy(name, sizeof(name), row->fields[i].name);
        text_copy(value, sizeof(value), row->fields[i].value);
        plan_row_text(kept, name, value);
    }
}

static bool state_is(const struct plan_row *row, const char *state)
{
    return bytes_equal(row_field(&row->row, "state"), text_bytes(state));
}

/* ---- asking ---- */

void plan_progress(const struct ltctl *ltctl, const char *said)
{
    if (ltctl->terminal && ltctl->mode == OUTPUT_TABLE) {
        fprintf(stderr, "\r\033[K%s", said);
        fflush(stderr);
    }
}

void plan_progress_end(const struct ltctl *ltctl)
{
    plan_progress(ltctl, "");
}

/* Asks a verb that answers with one plan. */
static enum exit_code ask_row(struct ltctl *ltctl, struct question *question,
                              struct plan_row *ret_row)
{
    struct page page;
    question->patient = true;
    enum exit_code code = ask(ltctl, question, &page);
    if (code == EXIT_GOOD && page.count == 0) {
        return complain(ltctl, LT_NOT_FOUND, NULL);
    }
    if (code == EXIT_GOOD) {
        plan_row_keep(ret_row, &page.rows[0]);
    }
    return code;
}

enum exit_code plan_ask(struct ltctl *ltctl, const char *number, struct plan_row *ret_row)
{
    struct question question;
    question_init(&question, "plan-show");
    question_add(&question, "number", number);
    return ask_row(ltctl, &question, ret_row);
}

static enum exit_code number_of(const struct ltctl *ltctl, const char **ret_number)
{
    uint64_t number;
    const char *text = ltctl->arguments[0];
    if (!number_read(&number, text) || number == 0) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, PLAN_NUMBER_BAD, text);
        return complain_usage(ltctl, said);
    }
    *ret_number = text;
    return EXIT_GOOD;
}

/* ---- showing ---- */

/* The plan, and while it is alive what it would do now. */
static enum exit_code show(struct ltctl *ltctl, const char *number, const struct plan_row *row,
                           struct output *output)
{
    bool ended = state_is(row, "done") || state_is(row, "cancelled") || state_is(row, "stopped");
    output_section(output, &columns_plan);
    output_row(output, &row->row);
    return ended || state_is(row, "selecting") ? EXIT_GOOD : plan_look(ltctl, number, output);
}

static enum exit_code ended(struct ltctl *ltctl, struct output *output, enum exit_code code)
{
    enum exit_code finished = finish(ltctl, output, code == EXIT_GOOD);
    return code != EXIT_GOOD ? code : finished;
}

enum exit_code run_plan_show(struct ltctl *ltctl)
{
    struct plan_row row;
    struct output output;
    const char *number = NULL;
    enum exit_code code = number_of(ltctl, &number);
    if (code == EXIT_GOOD) {
        code = plan_ask(ltctl, number, &row);
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    return ended(ltctl, &output, show(ltctl, number, &row, &output));
}

enum exit_code run_plan_list(struct ltctl *ltctl)
{
    struct question question;
    uint64_t limit;
    question_init(&question, "plan-list");
    uint64_t normal = ltctl->mode == OUTPUT_TABLE ? 50 : 0;
    enum exit_code code = option_number(ltctl, OPTION_LIMIT, 1, 1000000, normal, &limit);
    return code == EXIT_GOOD ? ask_all(ltctl, &question, &columns_plans, limit) : code;
}

enum exit_code run_plan_report(struct ltctl *ltctl)
{
    struct question question;
    uint64_t limit;
    const char *number = NULL;
    uint64_t normal = ltctl->mode == OUTPUT_TABLE ? 1000 : 0;
    enum exit_code code = number_of(ltctl, &number);
    if (code == EXIT_GOOD) {
        code = option_number(ltctl, OPTION_LIMIT, 1, 1000000000, normal, &limit);
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    question_init(&question, "plan-report");
    question_add(&question, "number", number);
    question_add(&question, "result", ltctl->options.values[OPTION_RESULT]);
    return ask_all(ltctl, &question, &columns_plan_item, limit);
}

/* ---- making ---- */

static enum exit_code make_question(struct ltctl *ltctl, struct question *question)
{
    static const enum option filters[] = {OPTION_AGENCY, OPTION_FROM, OPTION_CASE, OPTION_CODE,
                                          OPTION_PROCEDURE};
    const char *const *values = ltctl->options.values;
    bool list = values[OPTION_CODES] != NULL || values[OPTION_IDS] != NULL;
    bool filtered = values[OPTION_SINCE] != NULL || values[OPTION_UNTIL] != NULL;
    question_init(question, "plan-make");
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        question_add(question, option_text(filters[i]), values[filters[i]]);
        filtered = filtered || values[filters[i]] != NULL;
    }
    if (list && (filtered || (values[OPTION_CODES] != NULL && values[OPTION_IDS] != NULL))) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_LISTS_BOTH));
    }
    if (values[OPTION_REASON] == NULL || values[OPTION_REASON][0] == '\0') {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_REASON_MISSING));
    }
    if (list) {
        question_add(question, "list", values[OPTION_CODES] != NULL ? "codes" : "ids");
    }
    question_add(question, "reason", values[OPTION_REASON]);
    question_add(question, "pace", values[OPTION_PACE]);
    question_add(question, "stop", values[OPTION_STOP]);
    enum exit_code code = question_moment(ltctl, question, OPTION_SINCE, question->numbers[0]);
    return code == EXIT_GOOD ? question_moment(ltctl, question, OPTION_UNTIL, question->numbers[1])
                             : code;
}

/* Until all legs are chosen. */
static enum exit_code wait_chosen(struct ltctl *ltctl, const char *number, struct plan_row *row)
{
    enum exit_code code = plan_ask(ltctl, number, row);
    while (code == EXIT_GOOD && state_is(row, "selecting")) {
        char said[SAID_MAX];
        char items[24];
        text_copy(items, sizeof(items), row_field(&row->row, "items"));
        PHRASE_FILL(said, sizeof(said), ltctl->language, PLAN_CHOOSING, items);
        plan_progress(ltctl, said);
        connection_rest(ltctl->connection, POLL_MS);
        code = plan_ask(ltctl, number, row);
    }
    plan_progress_end(ltctl);
    return code;
}

/* What was cancelled by the axis ends like any refusal, with its code. */
static enum exit_code refused(struct ltctl *ltctl, const struct plan_row *row)
{
    char code[64];
    char note[512];
    struct fault fault;
    text_copy(code, sizeof(code), row_field(&row->row, "code"));
    text_copy(note, sizeof(note), row_field(&row->row, "state_reason"));
    const struct lt_error *error = lt_error_by_code(code);
    fault_init(&fault);
    enum lt_status status = error == NULL ? LT_PLAN_STATE : error->status;
    fault_set(&fault, status, "", "%s", note);
    return complain(ltctl, status, &fault);
}

static enum exit_code send_list(struct ltctl *ltctl, const char *number, struct output *output)
{
    const char *const *values = ltctl->options.values;
    bool codes = values[OPTION_CODES] != NULL;
    struct question question;
    struct plan_row row;
    output_section(output, &columns_plan_line);
    enum exit_code code =
        plan_list_send(ltctl, number, codes, values[codes ? OPTION_CODES : OPTION_IDS], output);
    question_init(&question, code == EXIT_GOOD ? "plan-freeze" : "plan-cancel");
    question_add(&question, "number", number);
    question.quiet = true;
    if (code == EXIT_GOOD) {
        return ask_row(ltctl, &question, &row);
    }
    if (code == EXIT_USAGE) {
        (void)ask_row(ltctl, &question, &row); /* the file is wrong: nothing is left behind */
    }
    return code;
}

static void say_next(const struct ltctl *ltctl, const char *number, const struct plan_row *row)
{
    char said[SAID_MAX];
    bool redirect = bytes_equal(row_field(&row->row, "act"), text_bytes("redirect"));
    bool second = bytes_equal(row_field(&row->row, "second"), text_bytes("1"));
    if (redirect && second) {
        PHRASE_FILL(said, sizeof(said), ltctl->language, PLAN_NEXT_RISK, number);
    } else if (second) {
        PHRASE_FILL(said, sizeof(said), ltctl->language, PLAN_NEXT_APPROVE, number);
    } else {
        PHRASE_FILL(said, sizeof(said), ltctl->language, PLAN_NEXT_RUN, number);
    }
    fprintf(stderr, "%s\n", said);
}

/* Asked for, chosen to its end, and shown with what it would do. */
static enum exit_code make(struct ltctl *ltctl, struct question *question)
{
    struct plan_row row;
    struct output output;
    char number[24];
    const char *const *values = ltctl->options.values;
    enum exit_code code = ask_row(ltctl, question, &row);
    if (code != EXIT_GOOD) {
        return code;
    }
    text_copy(number, sizeof(number), row_field(&row.row, "number"));
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    if (values[OPTION_CODES] != NULL || values[OPTION_IDS] != NULL) {
        code = send_list(ltctl, number, &output);
    }
    if (code == EXIT_GOOD) {
        code = wait_chosen(ltctl, number, &row);
    }
    if (code == EXIT_GOOD && state_is(&row, "cancelled")) {
        code = refused(ltctl, &row);
    } else if (code == EXIT_GOOD) {
        code = show(ltctl, number, &row, &output);
    }
    code = ended(ltctl, &output, code);
    if (code == EXIT_GOOD && ltctl->mode == OUTPUT_TABLE) {
        say_next(ltctl, number, &row);
    }
    return code;
}

enum exit_code run_plan_make(struct ltctl *ltctl)
{
    struct question question;
    enum exit_code code = make_question(ltctl, &question);
    return code == EXIT_GOOD ? make(ltctl, &question) : code;
}

enum exit_code run_agency_redirect(struct ltctl *ltctl)
{
    const char *const *values = ltctl->options.values;
    struct question question;
    if (values[OPTION_REASON] == NULL || values[OPTION_REASON][0] == '\0') {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_REASON_MISSING));
    }
    question_init(&question, "plan-make");
    question_add(&question, "act", "redirect");
    question_add(&question, "agency", ltctl->arguments[0]);
    question_add(&question, "to", ltctl->arguments[1]);
    question_add(&question, "reason", values[OPTION_REASON]);
    question_add(&question, "pace", values[OPTION_PACE]);
    question_add(&question, "stop", values[OPTION_STOP]);
    return make(ltctl, &question);
}

/* ---- moving ---- */

static enum exit_code move(struct ltctl *ltctl, const char *verb, const char **ret_number,
                           struct plan_row *ret_row)
{
    struct question question;
    enum exit_code code = number_of(ltctl, ret_number);
    if (code != EXIT_GOOD) {
        return code;
    }
    question_init(&question, verb);
    question_add(&question, "number", *ret_number);
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    return ask_row(ltctl, &question, ret_row);
}

static enum exit_code put_plan(struct ltctl *ltctl, const struct plan_row *row)
{
    struct output output;
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_plan);
    output_row(&output, &row->row);
    return finish(ltctl, &output, true);
}

static enum exit_code move_and_show(struct ltctl *ltctl, const char *verb)
{
    struct plan_row row;
    const char *number = NULL;
    enum exit_code code = move(ltctl, verb, &number, &row);
    return code == EXIT_GOOD ? put_plan(ltctl, &row) : code;
}

enum exit_code run_plan_approve(struct ltctl *ltctl)
{
    return move_and_show(ltctl, "plan-approve");
}

enum exit_code run_plan_pause(struct ltctl *ltctl)
{
    return move_and_show(ltctl, "plan-pause");
}

enum exit_code run_plan_cancel(struct ltctl *ltctl)
{
    return move_and_show(ltctl, "plan-cancel");
}

static void say_running(const struct ltctl *ltctl, const char *number, const struct plan_row *row)
{
    static const char *const names[] = {"passed", "items", "taken", "parked_again", "outstanding"};
    char values[5][24];
    char said[SAID_MAX];
    for (size_t i = 0; i < 5; i++) {
        text_copy(values[i], sizeof(values[i]), row_field(&row->row, names[i]));
    }
    PHRASE_FILL(said, sizeof(said), ltctl->language, PLAN_RUNNING, number, values[0], values[1],
                values[2], values[3], values[4]);
    plan_progress(ltctl, said);
}

enum exit_code run_plan_run(struct ltctl *ltctl)
{
    struct plan_row row;
    const char *number = NULL;
    uint64_t every_s;
    bool stay = ltctl->options.values[OPTION_EVERY] != NULL;
    enum exit_code code = option_number(ltctl, OPTION_EVERY, 1, 3600, 1, &every_s);
    if (code == EXIT_GOOD) {
        code = move(ltctl, "plan-run", &number, &row);
    }
    while (code == EXIT_GOOD && stay && state_is(&row, "running")) {
        say_running(ltctl, number, &row);
        connection_rest(ltctl->connection, (int)every_s * 1000);
        code = plan_ask(ltctl, number, &row);
    }
    if (code != EXIT_GOOD) {
        return code;
    }
    if (stay) {
        plan_progress_end(ltctl);
    }
    code = put_plan(ltctl, &row);
    return code == EXIT_GOOD && stay && !state_is(&row, "done") ? EXIT_FINDINGS : code;
}
