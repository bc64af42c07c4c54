/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * `watch`: the status of the axis and its agencies, again and again on a terminal, once when the
 * output goes into a pipe. The line is dialled once and kept; when it breaks the screen says so and
 * the next round tries again, because a wall display must survive a restart of the broker.
 *
 * Each round is made in memory and written at once, so that the screen does not flicker.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ltctl.h"
#include "moment.h"

#define CLEAR "\033[H\033[2J\033[3J"

static enum exit_code part(struct ltctl *ltctl, const char *verb, const struct columns *columns,
                           struct output *output)
{
    struct question question;
    struct page page;
    enum exit_code code;
    question_init(&question, verb);
    output_section(output, columns);
    do {
        code = ask(ltctl, &question, &page);
        for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
            output_row(output, &page.rows[i]);
        }
    } while (code == EXIT_GOOD && question_next(&question, &page));
    return code;
}

static enum exit_code one_round(struct ltctl *ltctl, FILE *stream)
{
    struct output output;
    output_init(&output, ltctl->mode, ltctl->language, stream);
    enum exit_code code = part(ltctl, "status", &columns_status, &output);
    if (code == EXIT_GOOD) {
        code = part(ltctl, "agencies", &columns_agencies, &output);
    }
    enum exit_code finished = finish(ltctl, &output, code == EXIT_GOOD);
    return code != EXIT_GOOD ? code : finished;
}

/* A screen: what was made in memory, after the terminal is cleared. */
static enum exit_code one_screen(struct ltctl *ltctl, uint64_t every_s)
{
    char *screen = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&screen, &size);
    if (stream == NULL) {
        return complain(ltctl, LT_NO_MEMORY, NULL);
    }
    fputs(CLEAR, stdout);
    enum exit_code code = one_round(ltctl, stream);
    fclose(stream);
    if (code == EXIT_GOOD) {
        char said[256];
        char seconds[24];
        snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)every_s);
        PHRASE_FILL(said, sizeof(said), ltctl->language, WATCHING, seconds);
        printf("%s\n\n%s", said, screen);
    }
    free(screen);
    return fflush(stdout) == 0 ? code : EXIT_ERROR;
}

enum exit_code run_watch(struct ltctl *ltctl)
{
    uint64_t every_s;
    enum exit_code code = option_number(ltctl, OPTION_EVERY, 1, 3600, 2, &every_s);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (!ltctl->terminal || ltctl->mode != OUTPUT_TABLE) {
        return one_round(ltctl, stdout);
    }
    do {
        code = one_screen(ltctl, every_s);
        if (ltctl->connection != NULL) {
            connection_rest(ltctl->connection, (int)every_s * 1000);
        }
    } while (code == EXIT_GOOD || (code == EXIT_UNREACHABLE && ltctl->connection != NULL));
    return code;
}
