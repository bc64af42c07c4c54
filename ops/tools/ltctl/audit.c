/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `show --body`, and what auditors ask: who saw a case, what a person did.
 *
 * A body is asked for with a purpose and by nobody's mistake: the broker writes down who asked and
 * why before it gives anything. In a table the body follows as text, with control bytes taken out
 * when it goes to a terminal; other programs take it from the JSON, whole.
 */
#include <stdio.h>
#include <string.h>

#include "ltctl.h"
#include "proto/base/text.h"

/* ---- a body ---- */

/* C0 but for line ends and tabs, DEL, and C1 as UTF-8 has it. */
static bool is_control(struct lt_bytes text, size_t at)
{
    uint8_t byte = text.data[at];
    bool low = byte < 0x20 && byte != '\n' && byte != '\t';
    bool high = byte >= 0x80 && byte < 0xA0 && at > 0 && text.data[at - 1] == 0xC2;
    return low || byte == 0x7F || high;
}

static void body_print(const struct ltctl *ltctl, struct lt_bytes body)
{
    fputc('\n', stdout);
    for (size_t i = 0; i < body.size; i++) {
        fputc(ltctl->terminal && is_control(body, i) ? '?' : body.data[i], stdout);
    }
    fputc('\n', stdout);
}

enum exit_code show_body(struct ltctl *ltctl)
{
    const char *const *values = ltctl->options.values;
    struct question question;
    struct output output;
    struct page page;
    if (values[OPTION_PURPOSE] == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_PURPOSE_MISSING));
    }
    question_init(&question, "body");
    question_add(&question, "id", ltctl->arguments[0]);
    question_add(&question, "from", values[OPTION_FROM]);
    question_add(&question, "purpose", values[OPTION_PURPOSE]);
    enum exit_code code = ask(ltctl, &question, &page);
    if (code != EXIT_GOOD) {
        return code;
    }
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    for (uint32_t i = 0; i < page.count; i++) {
        bool body = bytes_equal(row_field(&page.rows[i], "row"), text_bytes("body"));
        const struct columns *columns = body ? &columns_body : &columns_body_attachment;
        if (output.columns != columns) {
            output_section(&output, columns);
        }
        output_row(&output, &page.rows[i]);
    }
    code = finish(ltctl, &output, false);
    if (code == EXIT_GOOD && ltctl->mode == OUTPUT_TABLE && page.count > 0) {
        struct lt_bytes hex = row_field(&page.rows[0], "body_hex");
        body_print(ltctl, hex.size > 0 ? hex : row_field(&page.rows[0], "body"));
    }
    return code;
}

/* ---- what auditors ask ---- */

enum exit_code run_audit_who_saw(struct ltctl *ltctl)
{
    struct lt_id id;
    struct question question;
    bool transfer = id_read(&id, ltctl->arguments[0]);
    question_init(&question, "who-saw");
    question_add(&question, transfer ? "id" : "code", ltctl->arguments[0]);
    question_add(&question, "from", transfer ? ltctl->options.values[OPTION_FROM] : NULL);
    return ask_all(ltctl, &question, &columns_who_saw, 0);
}

enum exit_code run_audit_acts(struct ltctl *ltctl)
{
    struct question question;
    const char *person = ltctl->options.values[OPTION_PERSON];
    if (person == NULL) {
        return complain_usage(ltctl, phrase(ltctl->language, PHRASE_PERSON_MISSING));
    }
    question_init(&question, "audit-acts");
    question_add(&question, "person", person);
    enum exit_code code = question_moment(ltctl, &question, OPTION_SINCE, question.numbers[0]);
    if (code == EXIT_GOOD) {
        code = question_moment(ltctl, &question, OPTION_UNTIL, question.numbers[1]);
    }
    return code == EXIT_GOOD ? ask_all(ltctl, &question, &columns_audit_acts, 0) : code;
}
