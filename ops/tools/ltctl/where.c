/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * "Where is my case?" answered in one sentence that can be read out over the telephone: who has it,
 * since when, and what it waits for. The broker gives the facts, one row for each leg that matters;
 * the words are made here, because they belong to a language and not to the axis.
 *
 * A sentence has a front that depends on the state and, when there is more to say, a tail (the
 * incident or the line that is waited for, the transfer that goes first, who must act), that the
 * agency is suspended, and an end: how much time is left, or that the axis holds nothing any more.
 * States of a newer broker get the plain sentence.
 */
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "ltctl.h"
#include "moment.h"
#include "proto/base/text.h"
#include "where.h"
#include "width.h"
#include "words.h"

#define PART_BYTES 400
#define SAID_BYTES 2048

/* The fields of a row as texts, once. */
struct facts {
    char case_code[PART_BYTES];
    char id[64];
    char kind[PART_BYTES];
    char agency[PART_BYTES]; /* "UBND xã A (H24.15)" */
    char state[32];
    char since[MOMENT_BYTES];
    char due[MOMENT_BYTES];
    char line[MOMENT_BYTES];
    char code[64];
    char reason[PART_BYTES];
    char attempts[24];
    char waits_for[32];
    char waits_id[64];
    char waits_state[32];
    char waits_since[MOMENT_BYTES];
    char waits_code[64];
    char incident[24];
    char incident_code[64];
    char incident_since[MOMENT_BYTES];
    char deadline[MOMENT_BYTES];
    char left[64];
    char who[32];
    bool line_known;
    bool deadline_known;
    bool late;
    bool holds_nothing;
    bool suspended;
};

static void take(char *out, size_t out_size, const struct row *row, const char *name)
{
    text_safe(out, out_size, row_field(row, name));
}

/* "3 ngày 4 giờ", "5 giờ 12 phút": the two largest parts. */
static void span_say(char *out, size_t out_size, int64_t ms, bool vietnamese)
{
    int64_t minutes = (ms < 0 ? -ms : ms) / 60000;
    if (minutes >= 24 * 60) {
        snprintf(out, out_size, vietnamese ? "%lld ngày %lld giờ" : "%lld days %lld hours",
                 (long long)(minutes / (24 * 60)), (long long)(minutes / 60 % 24));
    } else {
        snprintf(out, out_size, vietnamese ? "%lld giờ %lld phút" : "%lld hours %lld minutes",
                 (long long)(minutes / 60), (long long)(minutes % 60));
    }
}

/* What came with a later broker; absent fields stay empty. */
static void facts_read_more(struct facts *facts, const struct row *row, bool vietnamese)
{
    take(facts->waits_state, sizeof(facts->waits_state), row, "waits_state");
    take(facts->waits_code, sizeof(facts->waits_code), row, "waits_code");
    moment_say(facts->waits_since, row_number(row, "waits_since_ms"), vietnamese);
    take(facts->incident, sizeof(facts->incident), row, "incident");
    take(facts->incident_code, sizeof(facts->incident_code), row, "incident_code");
    moment_say(facts->incident_since, row_number(row, "incident_ms"), vietnamese);
    facts->deadline_known = row_number(row, "deadline_ms") != 0;
    moment_say(facts->deadline, row_number(row, "deadline_ms"), vietnamese);
    facts->late = row_number(row, "left_ms") < 0;
    span_say(facts->left, sizeof(facts->left), row_number(row, "left_ms"), vietnamese);
    facts->suspended = bytes_equal(row_field(row, "suspended"), text_bytes("1"));
    facts->holds_nothing = bytes_equal(row_field(row, "holds"), text_bytes("0"));
}

static void facts_read(struct facts *facts, const struct row *row, enum language language)
{
    bool vietnamese = language == LANGUAGE_VI;
    char agency[64];
    char name[256];
    char kind[64];
    memset(facts, 0, sizeof(*facts));
    take(facts->case_code, sizeof(facts->case_code), row, "case");
    take(facts->id, sizeof(facts->id), row, "id");
    take(kind, sizeof(kind), row, "kind");
    snprintf(facts->kind, sizeof(facts->kind), "%s", word_kind(language, kind));
    take(agency, sizeof(agency), row, "agency");
    take(name, sizeof(name), row, "agency_name");
    snprintf(facts->agency, sizeof(facts->agency), "%s%s%s%s", name, name[0] != '\0' ? " (" : "",
             agency, name[0] != '\0' ? ")" : "");
    take(facts->state, sizeof(facts->state), row, "state");
    take(facts->code, sizeof(facts->code), row, "code");
    take(facts->reason, sizeof(facts->reason), row, "reason");
    take(facts->attempts, sizeof(facts->attempts), row, "attempts");
    take(facts->waits_for, sizeof(facts->waits_for), row, "waits_for");
    take(facts->waits_id, sizeof(facts->waits_id), row, "waits_id");
    take(facts->who, sizeof(facts->who), row, "who");
    moment_say(facts->since, row_number(row, "since_ms"), vietnamese);
    moment_say(facts->due, row_number(row, "due_ms"), vietnamese);
    facts->line_known = row_number(row, "line_since_ms") != 0;
    moment_say(facts->line, row_number(row, "line_since_ms"), vietnamese);
    facts_read_more(facts, row, vietnamese);
}

static enum phrase front_of(const struct facts *facts)
{
    static const struct {
        const char *state;
        enum phrase front;
    } fronts[] = {
        {"ready", PHRASE_WHERE_READY},     {"sent", PHRASE_WHERE_SENT},
        {"behind", PHRASE_WHERE_BEHIND},   {"backoff", PHRASE_WHERE_BACKOFF},
        {"held", PHRASE_WHERE_HELD},       {"parked", PHRASE_WHERE_PARKED},
        {"taken", PHRASE_WHERE_TAKEN},     {"refused", PHRASE_WHERE_REFUSED},
        {"expired", PHRASE_WHERE_EXPIRED}, {"cancelled", PHRASE_WHERE_CANCELLED},
    };
    if (facts->agency[0] == '\0' && strcmp(facts->state, "parked") == 0) {
        return PHRASE_WHERE_PARKED_NOBODY;
    }
    for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
        if (strcmp(fronts[i].state, facts->state) == 0) {
            return fronts[i].front;
        }
    }
    return PHRASE_WHERE_OTHER;
}

/* The sentence of the code, with what the other system said behind it. */
static void cause_write(char *out, size_t out_size, const struct facts *facts,
                        enum language language)
{
    snprintf(out, out_size, "%s", facts->code[0] != '\0' ? word_code(language, facts->code) : "");
    size_t size = strlen(out);
    if (size > 0 && out[size - 1] == '.') {
        out[--size] = '\0';
    }
    if (facts->reason[0] != '\0') {
        snprintf(out + size, out_size - size, size > 0 ? " (%s)" : "%s", facts->reason);
    }
    if (out[0] == '\0') {
        snprintf(out, out_size, "%s", phrase(language, PHRASE_NO_REASON));
    }
}

/* A code's sentence without its full stop, to stand inside another. */
static void clause_write(char *out, size_t out_size, enum language language, const char *code)
{
    snprintf(out, out_size, "%s", word_code(language, code));
    size_t size = strlen(out);
    if (size > 0 && out[size - 1] == '.') {
        out[size - 1] = '\0';
    }
}

static void lane_write(char *out, size_t out_size, const struct facts *facts,
                       enum language language)
{
    char cause[PART_BYTES];
    char behind[PART_BYTES + 4];
    if (facts->waits_state[0] == '\0') {
        PHRASE_FILL(out, out_size, language, WHERE_LANE, facts->waits_id);
        return;
    }
    clause_write(cause, sizeof(cause), language, facts->waits_code);
    snprintf(behind, sizeof(behind), "%s%s", cause[0] != '\0' ? ": " : "", cause);
    PHRASE_FILL(out, out_size, language, WHERE_LANE_SINCE, facts->waits_id,
                word_state(language, facts->waits_state), facts->waits_since, behind);
}

/* How much time is left, or that the axis is through with it. */
static void end_write(char *out, size_t out_size, const struct facts *facts, enum language language)
{
    out[0] = '\0';
    if (facts->holds_nothing) {
        PHRASE_FILL(out, out_size, language, WHERE_HOLDS_NOTHING, "");
    } else if (facts->deadline_known && facts->late) {
        PHRASE_FILL(out, out_size, language, WHERE_LATE, facts->left, facts->deadline);
    } else if (facts->deadline_known) {
        PHRASE_FILL(out, out_size, language, WHERE_LEFT, facts->left, facts->deadline);
    }
}

static void tail_write(char *out, size_t out_size, const struct facts *facts,
                       enum language language)
{
    out[0] = '\0';
    if (strcmp(facts->state, "parked") == 0) {
        const char *what = word_do(language, facts->code);
        const char *who = word_who(language, facts->who);
        if (who[0] != '\0' && what[0] != '\0') {
            PHRASE_FILL(out, out_size, language, WHERE_ACT, who, what);
        } else if (who[0] != '\0') {
            PHRASE_FILL(out, out_size, language, WHERE_WHO, who);
        }
    } else if (strcmp(facts->waits_for, "incident") == 0) {
        char cause[PART_BYTES];
        clause_write(cause, sizeof(cause), language, facts->incident_code);
        PHRASE_FILL(out, out_size, language, WHERE_INCIDENT, facts->agency, cause,
                    facts->incident_since, facts->incident);
    } else if (strcmp(facts->waits_for, "line") == 0 && facts->line_known) {
        PHRASE_FILL(out, out_size, language, WHERE_LINE_DOWN, facts->line);
    } else if (strcmp(facts->waits_for, "line") == 0) {
        PHRASE_FILL(out, out_size, language, WHERE_NEVER_SEEN, "");
    } else if (strcmp(facts->waits_for, "credit") == 0) {
        PHRASE_FILL(out, out_size, language, WHERE_CREDIT, "");
    } else if (strcmp(facts->waits_for, "paused") == 0) {
        PHRASE_FILL(out, out_size, language, WHERE_PAUSED, "");
    } else if (strcmp(facts->waits_for, "lane") == 0 && facts->waits_id[0] != '\0') {
        lane_write(out, out_size, facts, language);
    }
}

/* The one in front waits for the agency, and those behind it wait for the same. */
static const char *suspended_of(const struct facts *facts, enum language language)
{
    bool waits =
        strcmp(facts->waits_for, "suspended") == 0 || strcmp(facts->waits_for, "lane") == 0;
    return waits && facts->suspended ? phrase(language, PHRASE_WHERE_SUSPENDED) : "";
}

void where_write(char *out, size_t out_size, const struct row *row, enum language language)
{
    struct facts facts;
    char cause[2 * PART_BYTES];
    char front[SAID_BYTES];
    char tail[SAID_BYTES];
    facts_read(&facts, row, language);
    cause_write(cause, sizeof(cause), &facts, language);
    const char *values[] = {facts.case_code, facts.kind, facts.agency,
                            facts.since,     facts.due,  cause,
                            facts.attempts,  facts.id,   word_state(language, facts.state)};
    phrase_fill(front, sizeof(front), phrase(language, front_of(&facts)), values,
                sizeof(values) / sizeof(values[0]));
    tail_write(tail, sizeof(tail), &facts, language);
    char end[PART_BYTES];
    end_write(end, sizeof(end), &facts, language);
    const char *shut = suspended_of(&facts, language);
    const char *parts[] = {front, tail[0] != '\0' ? " " : "", tail, shut[0] != '\0' ? " " : "",
                           shut,  end[0] != '\0' ? " " : "",  end};
    phrase_fill(out, out_size, "{1}{2}{3}{4}{5}{6}{7}", parts, sizeof(parts) / sizeof(parts[0]));
}

enum exit_code run_where(struct ltctl *ltctl)
{
    struct question question;
    question_init(&question, "where");
    question_add(&question, "code", ltctl->arguments[0]);
    if (ltctl->mode != OUTPUT_TABLE) {
        return ask_all(ltctl, &question, &columns_where, 0);
    }
    struct page page;
    enum exit_code code;
    do {
        code = ask(ltctl, &question, &page);
        for (uint32_t i = 0; code == EXIT_GOOD && i < page.count; i++) {
            char said[SAID_BYTES];
            where_write(said, sizeof(said), &page.rows[i], ltctl->language);
            printf("%s\n", said);
        }
    } while (code == EXIT_GOOD && question_next(&question, &page));
    return code;
}
