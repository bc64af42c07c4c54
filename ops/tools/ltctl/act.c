/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an operator does with one transfer: hold, release, skip, cancel, expire, reroute; with an
 * agency: pause, drain, open; and the ping. One question each; the broker decides.
 *
 * What was once sent is not ended blindly: the broker asks the receiver's local system first and
 * answers "being asked" until it knows. The question is repeated here, twice a second, longer than
 * the broker waits, so that the person at the terminal sees one command and one answer.
 */
#include <string.h>

#include "ltctl.h"
#include "moment.h"
#include "proto/base/text.h"

#define SAID_MAX 512

static enum exit_code rows_of(struct ltctl *ltctl, struct question *question,
                              const struct columns *columns)
{
    struct output output;
    struct page page;
    question->patient = true;
    enum exit_code code = ask(ltctl, question, &page);
    if (code != EXIT_GOOD) {
        return code;
    }
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, columns);
    for (uint32_t i = 0; i < page.count; i++) {
        output_row(&output, &page.rows[i]);
    }
    return finish(ltctl, &output, true);
}

static enum exit_code act(struct ltctl *ltctl, const char *verb)
{
    const char *const *values = ltctl->options.values;
    struct question question;
    struct lt_id id;
    uint64_t leg;
    if (!id_read(&id, ltctl->arguments[0])) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, ID_BAD, ltctl->arguments[0]);
        return complain_usage(ltctl, said);
    }
    enum exit_code code = option_number(ltctl, OPTION_LEG, 0, LT_LEGS_MAX - 1, 0, &leg);
    if (code != EXIT_GOOD) {
        return code;
    }
    question_init(&question, verb);
    question_add(&question, "id", ltctl->arguments[0]);
    question_add(&question, "leg", values[OPTION_LEG]);
    question_add(&question, "to", values[OPTION_TO]);
    question_add(&question, "reason", values[OPTION_REASON]);
    question_add(&question, "second", values[OPTION_SECOND] != NULL ? "1" : NULL);
    question_add(&question, "dry_run", values[OPTION_DRY_RUN] != NULL ? "1" : NULL);
    return rows_of(ltctl, &question, &columns_act);
}

enum exit_code run_hold(struct ltctl *ltctl)
{
    return act(ltctl, "hold");
}

enum exit_code run_release(struct ltctl *ltctl)
{
    return act(ltctl, "release");
}

enum exit_code run_skip(struct ltctl *ltctl)
{
    return act(ltctl, "skip");
}

enum exit_code run_cancel(struct ltctl *ltctl)
{
    return act(ltctl, "cancel");
}

enum exit_code run_expire(struct ltctl *ltctl)
{
    return act(ltctl, "expire");
}

enum exit_code run_reroute(struct ltctl *ltctl)
{
    return act(ltctl, "reroute");
}

/* ---- what waits for a second person ---- */

enum exit_code run_pending(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "pending");
    return ask_all(ltctl, &question, &columns_pending, 0);
}

static enum exit_code pending(struct ltctl *ltctl, const char *verb, const struct columns *columns)
{
    const char *const *values = ltctl->options.values;
    struct question question;
    uint64_t number;
    if (!number_read(&number, ltctl->arguments[0])) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, NUMBER_BAD, ltctl->arguments[0]);
        return complain_usage(ltctl, said);
    }
    question_init(&question, verb);
    question_add(&question, "number", ltctl->arguments[0]);
    question_add(&question, "reason", values[OPTION_REASON]);
    question_add(&question, "dry_run", values[OPTION_DRY_RUN] != NULL ? "1" : NULL);
    return rows_of(ltctl, &question, columns);
}

enum exit_code run_pending_approve(struct ltctl *ltctl)
{
    return pending(ltctl, "pending-approve", &columns_act);
}

enum exit_code run_pending_refuse(struct ltctl *ltctl)
{
    return pending(ltctl, "pending-refuse", &columns_pending);
}

/* ---- agencies ---- */

static enum exit_code gate(struct ltctl *ltctl, const char *to)
{
    const char *const *values = ltctl->options.values;
    struct question question;
    question_init(&question, "agency-gate");
    question_add(&question, "id", ltctl->arguments[0]);
    question_add(&question, "gate", to);
    question_add(&question, "reason", values[OPTION_REASON]);
    question_add(&question, "dry_run", values[OPTION_DRY_RUN] != NULL ? "1" : NULL);
    return rows_of(ltctl, &question, &columns_gate);
}

enum exit_code run_agency_pause(struct ltctl *ltctl)
{
    return gate(ltctl, "pause");
}

enum exit_code run_agency_drain(struct ltctl *ltctl)
{
    return gate(ltctl, "drain");
}

enum exit_code run_agency_open(struct ltctl *ltctl)
{
    return gate(ltctl, "open");
}

/* A ping that nobody answers is a finding, as a sum that differs is. */
enum exit_code run_ping(struct ltctl *ltctl)
{
    struct question question;
    struct page page;
    struct output output;
    question_init(&question, "ping");
    question_add(&question, "id", ltctl->arguments[0]);
    question.patient = true;
    enum exit_code code = ask(ltctl, &question, &page);
    if (code != EXIT_GOOD) {
        return code;
    }
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_ping);
    bool answered = page.count > 0;
    for (uint32_t i = 0; i < page.count; i++) {
        answered =
            answered && bytes_equal(row_field(&page.rows[i], "result"), text_bytes("answered"));
        output_row(&output, &page.rows[i]);
    }
    code = finish(ltctl, &output, true);
    return code == EXIT_GOOD && !answered ? EXIT_FINDINGS : code;
}
