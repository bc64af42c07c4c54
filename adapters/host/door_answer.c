/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a receiving system says of a delivery, from JSON. The classes are kept apart on purpose: a
 * refusal is an officer's business decision, ends the leg and is read by citizens' staff, so it
 * needs a business code (150 to 159 of errors.def) and a reason in words; everything technical is
 * "failed" or "later", and no technical code can ever stand in a refusal.
 */
#include <stdio.h>
#include <string.h>

#include "door_fields.h"
#include "door_json.h"
#include "door_private.h"
#include "json_scan.h"
#include "proto/base/text.h"

#define LEG_MAX             (LT_LEGS_MAX - 1)
#define RETRY_AFTER_S_MAX   86400
#define RETRY_AFTER_S       60
#define BUSINESS_CODE_FIRST 150
#define BUSINESS_CODE_LAST  159
#define TECHNICAL_CODE_LAST 199
#define CODES_BUSINESS      "wrong-authority, wrong-procedure, ineligible, officer-refused"
#define CODES_TECHNICAL     "step-before-missing, receiver-rejected, receiver-never, cannot-open"

/* The members of an answer as they stand in JSON. */
struct answer_words {
    const char *outcome;
    const char *code;
    const char *reason;
    const char *node;
    uint32_t retry_after_s;
    bool permanent;
    int64_t decided_ms;
    struct lt_id id;
    uint32_t leg;
};

#define WORD(name, type, most)                                                                     \
    {                                                                                              \
#name, type, most, offsetof(struct answer_words, name)                                     \
    }
static const struct field answer_fields[] = {
    WORD(code, FIELD_TEXT, 40),
    WORD(reason, FIELD_TEXT, LT_REASON_MAX),
    WORD(node, FIELD_TEXT, DOOR_NODE_MAX),
    WORD(retry_after_s, FIELD_COUNT, RETRY_AFTER_S_MAX),
    WORD(permanent, FIELD_FLAG, 0),
    WORD(decided_ms, FIELD_TIME, 0),
    WORD(outcome, FIELD_TEXT, 16),
    WORD(id, FIELD_ID, 0),
    WORD(leg, FIELD_COUNT, LEG_MAX),
};
#define ANSWER_FIELDS 6
#define REPLY_FIELDS  9

static const char *const outcome_names[] = {
    [LT_OUTCOME_TAKEN] = "taken",
    [LT_OUTCOME_REFUSED] = "refused",
    [LT_OUTCOME_FAILED] = "failed",
    [LT_OUTCOME_LATER] = "later",
};

const char *door_outcome_name(enum lt_outcome outcome)
{
    bool known = outcome > LT_OUTCOME_NONE && outcome <= LT_OUTCOME_LATER;
    return known ? outcome_names[outcome] : NULL;
}

enum lt_outcome door_outcome_by_name(const char *name)
{
    for (int i = LT_OUTCOME_TAKEN; i <= LT_OUTCOME_LATER; i++) {
        if (strcmp(name, outcome_names[i]) == 0) {
            return (enum lt_outcome)i;
        }
    }
    return LT_OUTCOME_NONE;
}

/* The code of a refusal or of a technical failure, by its class. */
static enum lt_status code_read(const struct answer_words *words, enum lt_outcome outcome,
                                enum lt_status *ret_code, struct lt_problem *problem)
{
    bool refusal = outcome == LT_OUTCOME_REFUSED;
    const struct lt_error *error = lt_error_by_code(words->code);
    int number = error != NULL ? (int)error->status : 0;
    bool business = number >= BUSINESS_CODE_FIRST && number <= BUSINESS_CODE_LAST;
    bool technical = number > BUSINESS_CODE_LAST && number <= TECHNICAL_CODE_LAST;
    if (refusal ? !business : !technical) {
        return problem_set(problem, LT_FIELD_BAD, "", "code", "\"%s\"; wanted: one of %s",
                           words->code, refusal ? CODES_BUSINESS : CODES_TECHNICAL);
    }
    *ret_code = error->status;
    return LT_OK;
}

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static enum lt_status refusal_check(const struct answer_words *words, struct lt_problem *problem)
{
    if (!given(words->code)) {
        return problem_set(problem, LT_FIELD_MISSING, "", "code",
                           "required with a refusal; one of %s", CODES_BUSINESS);
    }
    if (!given(words->reason)) {
        return problem_set(problem, LT_FIELD_MISSING, "", "reason",
                           "required with a refusal: the officer's words");
    }
    return LT_OK;
}

static enum lt_status code_default(enum lt_outcome outcome, bool permanent)
{
    switch (outcome) {
    case LT_OUTCOME_FAILED:
        return permanent ? LT_RECEIVER_NEVER : LT_RECEIVER_REJECTED;
    case LT_OUTCOME_LATER:
        return LT_RECEIVER_UNREACHABLE;
    default:
        return LT_OK;
    }
}

static enum lt_status answer_from(struct door_answer *answer, const struct answer_words *words,
                                  enum lt_outcome outcome, struct lt_problem *problem)
{
    enum lt_status code = code_default(outcome, words->permanent);
    enum lt_status status = LT_OK;
    if (outcome == LT_OUTCOME_REFUSED) {
        status = refusal_check(words, problem);
    }
    if (status == LT_OK && outcome != LT_OUTCOME_TAKEN && given(words->code)) {
        status = code_read(words, outcome, &code, problem);
    }
    if (status != LT_OK) {
        return status;
    }
    text_copy(answer->reason, sizeof(answer->reason), text_bytes(words->reason));
    text_copy(answer->node, sizeof(answer->node), text_bytes(words->node));
    answer->id = words->id;
    answer->leg = words->leg;
    uint32_t retry_after_s = words->retry_after_s;
    if (outcome == LT_OUTCOME_LATER && retry_after_s == 0) {
        retry_after_s = RETRY_AFTER_S;
    }
    answer->answer = (struct lt_answer){
        .outcome = outcome,
        .code = code,
        .reason = answer->reason,
        .retry_after_ms = retry_after_s * 1000,
        .permanent = words->permanent,
        .decided_ms = words->decided_ms,
    };
    return LT_OK;
}

static enum lt_status outcome_read(const char *name, enum lt_outcome *ret_outcome,
                                   struct lt_problem *problem)
{
    enum lt_outcome outcome = door_outcome_by_name(name);
    if (outcome == LT_OUTCOME_NONE) {
        return problem_set(problem, LT_FIELD_BAD, "", "outcome",
                           "\"%s\"; wanted: taken, refused, failed or later", name);
    }
    *ret_outcome = outcome;
    return LT_OK;
}

/* Text to words; an empty text is an empty object. */
static enum lt_status words_read(struct answer_words *words, json_t **ret_tree,
                                 struct lt_bytes text, size_t fields, struct lt_problem *problem)
{
    const struct field_table table = {answer_fields, fields};
    text = json_scan_without_mark(text);
    if (text.size == 0) {
        return LT_OK;
    }
    enum lt_status status = door_tree_read(ret_tree, text, problem);
    if (status != LT_OK) {
        return status;
    }
    return fields_read(&table, *ret_tree, words, "", NULL, problem);
}

enum lt_status door_answer_read(struct door_answer *ret_answer, const char *outcome_name,
                                struct lt_bytes text, struct lt_problem *problem)
{
    struct answer_words words = {0};
    enum lt_outcome outcome = LT_OUTCOME_NONE;
    json_t *tree = NULL;
    enum lt_status status = outcome_read(outcome_name, &outcome, problem);
    if (status != LT_OK) {
        return status;
    }
    status = words_read(&words, &tree, text, ANSWER_FIELDS, problem);
    if (status == LT_OK) {
        status = answer_from(ret_answer, &words, outcome, problem);
    }
    json_decref(tree);
    return status;
}

static enum lt_status reply_from(struct door_answer *ret_answer, const struct answer_words *words,
                                 const json_t *tree, struct lt_problem *problem)
{
    static const char *const required[] = {"id", "leg", "outcome"};
    enum lt_outcome outcome = LT_OUTCOME_NONE;
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        const json_t *value = json_object_get(tree, required[i]);
        if (value == NULL || json_is_null(value)) {
            return problem_set(problem, LT_FIELD_MISSING, "", required[i], "required");
        }
    }
    enum lt_status status = outcome_read(words->outcome, &outcome, problem);
    if (status != LT_OK) {
        return status;
    }
    return answer_from(ret_answer, words, outcome, problem);
}

enum lt_status door_reply_read(struct door_answer *ret_answer, struct lt_bytes text,
                               struct lt_problem *problem)
{
    struct answer_words words = {0};
    json_t *tree = NULL;
    enum lt_status status = words_read(&words, &tree, text, REPLY_FIELDS, problem);
    if (status == LT_OK) {
        status = reply_from(ret_answer, &words, tree, problem);
    }
    json_decref(tree);
    return status;
}
