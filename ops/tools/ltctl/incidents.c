/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What is wrong now, for the one on duty: incidents (one cause at one agency), the note that says
 * who looks after one, and the alarms of the broker's own sweeper. Alarms end with EXIT_FINDINGS,
 * so that a script can tell.
 */
#include <stdio.h>

#include "columns.h"
#include "ltctl.h"
#include "moment.h"

enum exit_code run_incidents(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "incidents");
    question_add(&question, "all", ltctl->options.values[OPTION_ALL] != NULL ? "1" : NULL);
    return ask_all(ltctl, &question, &columns_incidents, 0);
}

enum exit_code run_incident_note(struct ltctl *ltctl)
{
    struct question question;
    uint64_t number;
    if (!number_read(&number, ltctl->arguments[0])) {
        char said[256];
        PHRASE_FILL(said, sizeof(said), ltctl->language, NUMBER_BAD, ltctl->arguments[0]);
        return complain_usage(ltctl, said);
    }
    question_init(&question, "incident-note");
    question_add(&question, "number", ltctl->arguments[0]);
    question_add(&question, "reason", ltctl->options.values[OPTION_REASON]);
    return ask_all(ltctl, &question, &columns_incident_note, 0);
}

enum exit_code run_alarms(struct ltctl *ltctl)
{
    struct question question;
    struct output output;
    struct page page;
    enum exit_code code;
    uint64_t rows = 0;
    question_init(&question, "alarms");
    output_init(&output, ltctl->mode, ltctl->language, stdout);
    output_section(&output, &columns_alarms);
    do {
        code = ask(ltctl, &question, &page);
        for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
            output_row(&output, &page.rows[i]);
            rows++;
        }
    } while (code == EXIT_GOOD && question_next(&question, &page));
    enum exit_code finished = finish(ltctl, &output, code == EXIT_GOOD);
    if (code != EXIT_GOOD || finished != EXIT_GOOD) {
        return code != EXIT_GOOD ? code : finished;
    }
    if (rows > 0) {
        fprintf(stderr, "ltctl: %s\n", phrase(ltctl->language, PHRASE_ALARMS));
    }
    return rows > 0 ? EXIT_FINDINGS : EXIT_GOOD;
}
