/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The lines of a file into a plan, LINES_MAX a page: transfer ids or case codes, one a line; what
 * follows a blank, a comma or a semicolon is not looked at, so that a column of a table will do.
 * The file is read once and never held whole. Lines that the axis could not take come back as rows.
 */
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "proto/base/text.h"

#define LINES_MAX  150 /* as the broker has it */
#define LINE_BYTES 256
#define SAID_MAX   512

struct batch {
    char text[LINES_MAX * LINE_BYTES];
    size_t size;
    uint32_t lines;
    uint64_t sent; /* lines before this batch */
};

static enum exit_code batch_send(struct ltctl *ltctl, const char *number, bool codes,
                                 struct batch *batch, struct output *output)
{
    struct question question;
    struct page page;
    char said[SAID_MAX];
    char count[24];
    if (batch->lines == 0) {
        return EXIT_GOOD;
    }
    question_init(&question, "plan-add");
    question_add(&question, "number", number);
    question_add(&question, "what", codes ? "codes" : "ids");
    question.query.payload = (struct lt_bytes){(const uint8_t *)batch->text, batch->size};
    question.patient = true;
    enum exit_code code = ask(ltctl, &question, &page);
    for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
        output_row(output, &page.rows[i]);
    }
    batch->sent += batch->lines;
    batch->lines = 0;
    batch->size = 0;
    snprintf(count, sizeof(count), "%llu", (unsigned long long)batch->sent);
    PHRASE_FILL(said, sizeof(said), ltctl->language, PLAN_SENDING, count);
    plan_progress(ltctl, said);
    return code;
}

static enum exit_code line_bad(const struct ltctl *ltctl, const char *path, uint64_t line)
{
    char said[SAID_MAX];
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)line);
    PHRASE_FILL(said, sizeof(said), ltctl->language, LIST_LINE, path, text);
    return complain_usage(ltctl, said);
}

static enum exit_code send_lines(struct ltctl *ltctl, const char *number, bool codes,
                                 const char *path, FILE *file, struct output *output)
{
    static const char bom[] = "\xEF\xBB\xBF";
    struct batch batch = {.size = 0};
    char line[LINE_BYTES];
    uint64_t seen = 0;
    enum exit_code code = EXIT_GOOD;
    while (code == EXIT_GOOD && fgets(line, sizeof(line), file) != NULL) {
        char *text = line;
        bool whole = strchr(line, '\n') != NULL || feof(file);
        seen++;
        if (seen == 1 && strncmp(line, bom, sizeof(bom) - 1) == 0) {
            text += sizeof(bom) - 1;
        }
        text[strcspn(text, "\r\n \t,;")] = '\0';
        if (!whole || !utf8_valid(text_bytes(text))) {
            return line_bad(ltctl, path, seen);
        }
        if (text[0] == '\0') {
            continue;
        }
        batch.size += (size_t)snprintf(batch.text + batch.size, sizeof(batch.text) - batch.size,
                                       "%s\n", text);
        if (++batch.lines == LINES_MAX) {
            code = batch_send(ltctl, number, codes, &batch, output);
        }
    }
    if (code == EXIT_GOOD) {
        code = batch_send(ltctl, number, codes, &batch, output);
    }
    plan_progress_end(ltctl);
    if (code == EXIT_GOOD && batch.sent == 0) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, LIST_EMPTY, path);
        return complain_usage(ltctl, said);
    }
    return code;
}

enum exit_code plan_list_send(struct ltctl *ltctl, const char *number, bool codes, const char *path,
                              struct output *output)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    if (file == NULL) {
        char said[SAID_MAX];
        PHRASE_FILL(said, sizeof(said), ltctl->language, FILE_CLOSED, path);
        return complain_usage(ltctl, said);
    }
    enum exit_code code = send_lines(ltctl, number, codes, path, file, output);
    if (!standard) {
        fclose(file);
    }
    return code;
}
