/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What agencies hear. An expectation of verdicts, deliveries, settlements, notices and ends is
 * always about the next one of its kind that the connection has heard and that was not expected
 * before: so order is judged with every line, and what comes too much is found by the next one.
 * It waits up to five seconds of the world's time, or as long as "within" says.
 */
#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"
#include "stage.h"

struct look {
    struct stage *stage;
    struct peer *peer;
    enum heard_kind kind;
};

static bool look_heard(void *context)
{
    const struct look *look = context;
    return peer_heard(look->peer, look->kind) != NULL;
}

static int64_t patience(struct stage *stage)
{
    const char *within = word_after(stage->statement, "within");
    return within == NULL ? PATIENCE_MS : stage_span(stage, within);
}

static const char *made_name(const struct parcel_made *made)
{
    return made == NULL ? "a transfer of no name" : made->name;
}

/* The next one heard, which must be of that transfer (NULL: of none in particular). */
static struct heard *next_of(struct look *look, int64_t ms, const char *name, const char *what)
{
    if (!stage_until(look->stage, ms, look_heard, look)) {
        stage_fail(look->stage, "no %s came%s%s", what, name == NULL ? "" : " for ",
                   name == NULL ? "" : name);
    }
    struct heard *heard = peer_heard(look->peer, look->kind);
    heard->expected = true;
    if (name != NULL && heard->made != stage_transfer(look->stage, name)) {
        stage_fail(look->stage, "the next %s is of %s (%s%s%s), not of %s", what,
                   made_name(heard->made), heard->kind == HEARD_NOTICE ? heard->state : "",
                   heard->kind == HEARD_NOTICE ? ", " : "", lt_code((enum lt_status)heard->code),
                   name);
    }
    return heard;
}

static void same_number(struct stage *stage, const char *what, const char *text, uint64_t seen)
{
    if (text != NULL && stage_count(stage, text) != seen) {
        stage_fail(stage, "%s is %llu", what, (unsigned long long)seen);
    }
}

static void same_code(struct stage *stage, const char *text, const struct heard *heard)
{
    const struct lt_error *error = text == NULL ? NULL : lt_error_by_code(text);
    if (text != NULL && error == NULL) {
        stage_fail(stage, "\"%s\" is no code of the table", text);
    }
    if (error != NULL && (uint32_t)error->status != heard->code) {
        stage_fail(stage, "%s is answered %s (%s %s)", made_name(heard->made),
                   lt_code((enum lt_status)heard->code), heard->field, heard->reason);
    }
}

/* What was said once for every transfer of a run. */
struct said {
    const char *code;
    const char *as;
    const char *leg;
    const char *attempt;
    const char *state;
    const char *reason;
    bool again;
    bool first;
};

static void check_verdict(struct stage *stage, const struct said *said, const struct heard *heard)
{
    same_code(stage, said->code, heard);
    if (said->as != NULL && heard->known_as != stage_transfer(stage, said->as)) {
        stage_fail(stage, "known as %s",
                   heard->known_as == NULL ? "nothing before" : heard->known_as->name);
    }
    if (said->as == NULL && heard->known_as != NULL) {
        stage_fail(stage, "known as %s", heard->known_as->name);
    }
}

static void check_delivery(struct stage *stage, const struct said *said, const struct heard *heard)
{
    same_number(stage, "its leg", said->leg, heard->leg);
    same_number(stage, "its attempt", said->attempt, heard->attempt);
    if ((said->again && !heard->again) || (said->first && heard->again)) {
        stage_fail(stage, "marked as %s", heard->again ? "delivered again" : "the first time");
    }
}

static void check_notice(struct stage *stage, const struct said *said, const struct heard *heard)
{
    same_number(stage, "its leg", said->leg, heard->leg);
    same_code(stage, said->code, heard);
    if (said->state == NULL || strcmp(said->state, heard->state) != 0) {
        stage_fail(stage, "the notice of %s says %s, %s \"%s\"", made_name(heard->made),
                   heard->state, lt_code((enum lt_status)heard->code), heard->reason);
    }
    if (said->reason != NULL && strcmp(said->reason, heard->reason) != 0) {
        stage_fail(stage, "the reason is \"%s\"", heard->reason);
    }
}

/* A word behind the names that is a code: "accepted" is ok. */
static const char *code_word(struct stage *stage, const char *otherwise)
{
    const char *left = word_left(stage->statement);
    if (left == NULL) {
        return otherwise;
    }
    (void)word_next(stage->statement);
    return strcmp(left, "accepted") == 0 ? "ok" : left;
}

static void read_said(struct stage *stage, enum heard_kind kind, struct said *said)
{
    struct statement *st = stage->statement;
    said->as = word_after(st, "as");
    said->leg = word_after(st, "leg");
    said->attempt = word_after(st, "attempt");
    said->state = word_after(st, "state");
    said->reason = word_after(st, "reason");
    said->code = word_after(st, "code");
    said->again = word_has(st, "again");
    said->first = word_has(st, "first");
    if (kind == HEARD_VERDICT || kind == HEARD_SETTLED || kind == HEARD_END) {
        said->code = code_word(stage, kind == HEARD_END ? NULL : "ok");
    }
}

static const struct {
    const char *word;
    enum heard_kind kind;
} kinds[] = {
    {"verdict", HEARD_VERDICT}, {"delivery", HEARD_DELIVERY}, {"settled", HEARD_SETTLED},
    {"notice", HEARD_NOTICE},   {"asked", HEARD_ASK},         {"end", HEARD_END},
};

static const char *read_kind(struct stage *stage, enum heard_kind *ret_kind)
{
    const char *word = stage_word(stage, "verdict, delivery, settled, notice, asked or end");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].word, word) == 0) {
            *ret_kind = kinds[i].kind;
            return word;
        }
    }
    stage_fail(stage, "\"%s\" is nothing an agency hears", word);
}

static void check(struct stage *stage, const struct said *said, const struct heard *heard)
{
    switch (heard->kind) {
    case HEARD_VERDICT:
        check_verdict(stage, said, heard);
        return;
    case HEARD_DELIVERY:
        check_delivery(stage, said, heard);
        return;
    case HEARD_NOTICE:
        check_notice(stage, said, heard);
        return;
    case HEARD_SETTLED:
        same_number(stage, "its leg", said->leg, heard->leg);
        same_code(stage, said->code, heard);
        return;
    case HEARD_ASK:
        same_number(stage, "its leg", said->leg, heard->leg);
        return;
    case HEARD_END:
        same_code(stage, said->code, heard);
        return;
    }
}

/* "expect B no delivery [for 10s]" */
static void expect_none(struct stage *stage, struct peer *peer)
{
    const char *time = word_after(stage->statement, "for");
    struct look look = {.stage = stage, .peer = peer};
    const char *what = read_kind(stage, &look.kind);
    stage_run(stage, time == NULL ? 2000 : stage_span(stage, time));
    const struct heard *heard = peer_heard(peer, look.kind);
    if (heard != NULL) {
        stage_fail(stage, "%s heard a %s of %s %s %s", peer->name, what, made_name(heard->made),
                   heard->state, lt_code((enum lt_status)heard->code));
    }
}

static void expect_peer(struct stage *stage, struct peer *peer)
{
    struct look look = {.stage = stage, .peer = peer};
    struct names names;
    struct said said = {0};
    if (word_is(stage->statement, "no")) {
        expect_none(stage, peer);
        return;
    }
    int64_t ms = patience(stage);
    const char *what = read_kind(stage, &look.kind);
    if (look.kind == HEARD_END) {
        read_said(stage, look.kind, &said);
        check(stage, &said, next_of(&look, ms, NULL, what));
        return;
    }
    names = stage_names(stage);
    read_said(stage, look.kind, &said);
    for (uint32_t i = 0; i < names_count(&names); i++) {
        char name[NAME_MAX_];
        names_at(&names, i, name);
        check(stage, &said, next_of(&look, ms, name, what));
    }
}

void expect_run(struct stage *stage)
{
    if (expect_broker(stage)) {
        return;
    }
    const char *name = stage_word(stage, "what is expected");
    struct peer *peer = stage_peer(stage, name);
    if (peer == NULL) {
        stage_fail(stage, "\"%s\" is neither a connection nor anything to expect", name);
    }
    expect_peer(stage, peer);
}
