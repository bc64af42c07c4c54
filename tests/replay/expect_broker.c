/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What is true of the broker itself: the state of a leg as its own record has it, the sum, whether
 * it runs, what its log said, and what the last operator was answered. Legs are waited for like
 * frames; the rest is judged at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/flow/fold_leg.h"
#include "proto/base/text.h"
#include "sim/check.h"
#include "stage.h"

/* ---- legs -------------------------------------------------------------------------------------
 */

struct leg_look {
    struct stage *stage;
    const struct parcel_made *made;
    uint32_t leg;
    const char *state;
    struct leg seen;
    bool found;
};

static bool leg_as_expected(void *context)
{
    struct leg_look *look = context;
    struct flow *flow = stage_flow(look->stage);
    struct transfer t;
    for (uint32_t i = 1; i <= flow->desks.highest; i++) {
        struct transfer_key key = {.id = look->made->id, .from = i};
        const struct agency *from = registry_by_number(flow->registry, i);
        bool own =
            from != NULL && strcmp(from->id, look->stage->agencies[look->made->agency].id) == 0;
        if (own && transfer_load(flow, &key, &t) == LT_OK && look->leg < t.legs_count) {
            look->seen = t.legs[look->leg];
            look->found = true;
        }
    }
    return look->found && strcmp(leg_state_name(look->seen.state), look->state) == 0;
}

static void check_leg(struct leg_look *look, const char *code, const char *attempts, int64_t ms)
{
    struct stage *stage = look->stage;
    if (!stage_until(stage, ms, leg_as_expected, look)) {
        stage_fail(stage, "the leg of %s is %s, %s", look->made->name,
                   look->found ? leg_state_name(look->seen.state) : "not there",
                   lt_code((enum lt_status)look->seen.code));
    }
    if (code != NULL && strcmp(code, lt_code((enum lt_status)look->seen.code)) != 0) {
        stage_fail(stage, "the leg of %s has code %s", look->made->name,
                   lt_code((enum lt_status)look->seen.code));
    }
    if (attempts != NULL && stage_count(stage, attempts) != look->seen.attempts) {
        stage_fail(stage, "the leg of %s had %u attempts", look->made->name,
                   (unsigned)look->seen.attempts);
    }
}

static void expect_leg(struct stage *stage)
{
    struct statement *st = stage->statement;
    struct names names = stage_names(stage);
    const char *leg = word_after(st, "leg");
    const char *code = word_after(st, "code");
    const char *attempts = word_after(st, "attempts");
    const char *within = word_after(st, "within");
    struct leg_look look = {.stage = stage, .state = word_after(st, "state")};
    if (look.state == NULL) {
        stage_fail(stage, "state NAME is missing");
    }
    look.leg = leg == NULL ? 0 : (uint32_t)stage_count(stage, leg);
    for (uint32_t i = 0; i < names_count(&names); i++) {
        char name[NAME_MAX_];
        names_at(&names, i, name);
        look.made = stage_transfer(stage, name);
        look.found = false;
        check_leg(&look, code, attempts, within == NULL ? PATIENCE_MS : stage_span(stage, within));
    }
}

/* ---- the broker -------------------------------------------------------------------------------
 */

static void expect_sums(struct stage *stage)
{
    (void)word_is(stage->statement, "balance");
    if (!check_conservation(stage_flow(stage))) {
        stage_fail(stage, "the sum of the legs is not zero");
    }
}

static bool stopped(void *context)
{
    return ((struct stage *)context)->broker == NULL;
}

static void refuses_to_start(struct stage *stage, const char *code)
{
    struct fault fault;
    fault_init(&fault);
    enum lt_status status = stage_broker_open(stage, &fault);
    if (status == LT_OK) {
        stage_fail(stage, "the broker starts");
    }
    if (code != NULL && strcmp(lt_code(status), code) != 0) {
        stage_fail(stage, "refused with %s: %s %s", lt_code(status), fault.field, fault.detail);
    }
}

static void expect_broker_itself(struct stage *stage)
{
    struct statement *st = stage->statement;
    if (word_is(st, "running")) {
        (void)stage_flow(stage);
        return;
    }
    if (word_is(st, "refuses") && word_is(st, "to") && word_is(st, "start")) {
        refuses_to_start(stage, word_next(st));
        return;
    }
    if (!word_is(st, "stopped")) {
        return;
    }
    const char *code = word_next(st);
    if (!stage_until(stage, PATIENCE_MS, stopped, stage)) {
        stage_fail(stage, "the broker is running");
    }
    if (code != NULL && strcmp(lt_code(stage->stopped), code) != 0) {
        stage_fail(stage, "it stopped with %s: %s %s", lt_code(stage->stopped),
                   stage->stop_fault.field, stage->stop_fault.detail);
    }
}

/* ---- the log ----------------------------------------------------------------------------------
 */

static bool line_says(const struct statement *st, const char *line)
{
    for (uint32_t i = 0; i < st->count; i++) {
        if (!st->words[i].used && strstr(line, st->words[i].text) == NULL) {
            return false;
        }
    }
    return true;
}

/* A line with all the words that follow, not expected before. */
static void expect_log(struct stage *stage)
{
    struct statement *st = stage->statement;
    bool none = word_is(st, "no");
    bool found = false;
    for (uint32_t i = 0; !found && i < stage->lines_count; i++) {
        if (stage->lines[i] != NULL && line_says(st, stage->lines[i])) {
            found = true;
            if (none) {
                stage_fail(stage, "%s", stage->lines[i]);
            }
            free(stage->lines[i]);
            stage->lines[i] = NULL;
        }
    }
    if (!found && !none) {
        stage_fail(stage, "no line of the log says so");
    }
    while (word_next(st) != NULL) {
    }
}

/* ---- what an operator was answered ------------------------------------------------------------
 */

static bool field_is(struct stage *stage, const struct row *row, const char *word)
{
    char id[ID_TEXT_BYTES];
    const char *sign = strchr(word, '=');
    if (sign == NULL) {
        stage_fail(stage, "\"%s\" is no name=value", word);
    }
    struct lt_bytes name = {(const uint8_t *)word, (size_t)(sign - word)};
    struct lt_bytes value = text_bytes(sign + 1);
    const struct parcel_made *made = stage_transfer_find(stage, sign + 1);
    for (uint32_t i = 0; i < row->count; i++) {
        if (!bytes_equal(row->fields[i].name, name)) {
            continue;
        }
        if (bytes_equal(row->fields[i].value, value)) {
            return true;
        }
        if (made != NULL) {
            id_write(id, &made->id);
            return bytes_equal(row->fields[i].value, text_bytes(id));
        }
        return false;
    }
    return value.size == 0; /* an absent field is an empty one */
}

static void say_rows(const struct stage *stage)
{
    for (uint32_t i = 0; i < stage->asked.page.count; i++) {
        const struct row *row = &stage->asked.rows[i];
        fprintf(stderr, "  row:     ");
        for (uint32_t f = 0; f < row->count; f++) {
            fprintf(stderr, " %.*s=%.*s", (int)row->fields[f].name.size,
                    (const char *)row->fields[f].name.data, (int)row->fields[f].value.size,
                    (const char *)row->fields[f].value.data);
        }
        fprintf(stderr, "\n");
    }
}

/* A row with all these fields; it is taken away, so that the next line expects another one. */
void expect_row(struct stage *stage)
{
    struct statement *st = stage->statement;
    struct asked *asked = &stage->asked;
    for (uint32_t r = 0; r < asked->page.count; r++) {
        bool same = true;
        for (uint32_t i = 0; same && i < st->count; i++) {
            same = st->words[i].used || field_is(stage, &asked->rows[r], st->words[i].text);
        }
        if (same) {
            memmove(&asked->rows[r], &asked->rows[r + 1],
                    (asked->page.count - r - 1) * sizeof(asked->rows[0]));
            asked->page.count--;
            while (word_next(st) != NULL) {
            }
            return;
        }
    }
    say_rows(stage);
    stage_fail(stage, "no such row (%s)", lt_code((enum lt_status)asked->page.code));
}

static void expect_rows(struct stage *stage)
{
    uint64_t count =
        word_is(stage->statement, "no") ? 0 : stage_count(stage, stage_word(stage, "how many"));
    (void)word_is(stage->statement, "left");
    if (stage->asked.page.count != count) {
        say_rows(stage);
        stage_fail(stage, "%u rows (%s)", stage->asked.page.count,
                   lt_code((enum lt_status)stage->asked.page.code));
    }
}

static void expect_answer(struct stage *stage)
{
    const char *code = stage_word(stage, "a code");
    if (strcmp(code, lt_code((enum lt_status)stage->asked.page.code)) != 0) {
        stage_fail(stage, "%s: %.*s", lt_code((enum lt_status)stage->asked.page.code),
                   (int)stage->asked.page.detail.size, (const char *)stage->asked.page.detail.data);
    }
}

bool expect_broker(struct stage *stage)
{
    static const struct {
        const char *word;
        void (*run)(struct stage *stage);
        bool of_answer;
    } statements[] = {
        {"leg", expect_leg, false},
        {"sums", expect_sums, false},
        {"broker", expect_broker_itself, false},
        {"log", expect_log, false},
        {"row", expect_row, true},
        {"rows", expect_rows, true},
        {"answer", expect_answer, true},
    };
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (word_is(stage->statement, statements[i].word)) {
            if (statements[i].of_answer && !stage->asked.given) {
                stage_fail(stage, "no operator has asked anything");
            }
            statements[i].run(stage);
            return true;
        }
    }
    return false;
}
