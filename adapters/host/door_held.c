/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * "Do you hold it?" in JSON, both ways: the question as an application sees it, and its answer. One
 * rule decides here: only an object whose member `held` is true or false is an answer. A login
 * page, an error document, an object without the word, or one with a field that is spelt wrongly,
 * is no answer at all, and the caller tells "unknown": on the strength of a wrong "no" a case would
 * be sent to two agencies.
 */
#include <string.h>

#include <jansson.h>

#include "door_fields.h"
#include "door_json.h"
#include "door_private.h"
#include "json_scan.h"
#include "proto/base/text.h"

/* The members of an answer as they stand in JSON. */
struct held_words {
    const char *outcome;
    const char *code;
    const char *reason;
    int64_t time_ms;
    struct lt_digest digest;
};

#define WORD(name, type, most)                                                                     \
    {                                                                                              \
#name, type, most, offsetof(struct held_words, name)                                       \
    }
static const struct field held_fields[] = {
    WORD(outcome, FIELD_TEXT, 16),           WORD(code, FIELD_TEXT, 40),
    WORD(reason, FIELD_TEXT, LT_REASON_MAX), WORD(time_ms, FIELD_TIME, 0),
    WORD(digest, FIELD_DIGEST, 0),
};

static enum lt_status held_from(struct lt_held_answer *ret_answer, const struct held_words *words,
                                const json_t *held, struct lt_problem *problem)
{
    struct lt_held_answer answer = {.held = json_is_true(held) ? LT_HELD_YES : LT_HELD_NO};
    if (words->outcome != NULL && words->outcome[0] != '\0') {
        answer.outcome = door_outcome_by_name(words->outcome);
        if (answer.outcome == LT_OUTCOME_NONE) {
            return problem_set(problem, LT_FIELD_BAD, "", "outcome",
                               "\"%s\"; wanted: taken, refused, failed or later", words->outcome);
        }
    }
    if (words->code != NULL && words->code[0] != '\0') {
        const struct lt_error *error = lt_error_by_code(words->code);
        if (error == NULL || error->status < LT_WRONG_AUTHORITY || error->status >= LT_JSON_BAD) {
            return problem_set(problem, LT_FIELD_BAD, "", "code", "\"%s\"", words->code);
        }
        answer.code = error->status;
    }
    answer.time_ms = words->time_ms;
    answer.digest = words->digest;
    text_copy(answer.reason, sizeof(answer.reason), text_bytes(words->reason));
    *ret_answer = answer;
    return LT_OK;
}

enum lt_status door_held_read(struct lt_held_answer *ret_answer, struct lt_bytes text,
                              struct lt_problem *problem)
{
    static const char *const also[] = {"held", "id", "leg", NULL};
    const struct field_table table = {held_fields, sizeof(held_fields) / sizeof(held_fields[0])};
    struct held_words words = {0};
    json_t *tree = NULL;
    enum lt_status status = door_tree_read(&tree, json_scan_without_mark(text), problem);
    if (status != LT_OK) {
        return status;
    }
    const json_t *held = json_object_get(tree, "held");
    if (!json_is_boolean(held)) {
        json_decref(tree);
        return problem_set(problem, LT_FIELD_MISSING, "", "held", "wanted: true or false");
    }
    status = fields_read(&table, tree, &words, "", also, problem);
    if (status == LT_OK) {
        status = held_from(ret_answer, &words, held, problem);
    }
    json_decref(tree);
    return status;
}

/* ---- out ---- */

static bool text_set(json_t *object, const char *name, struct lt_bytes text)
{
    return text.size == 0 ||
           json_object_set_new(object, name, json_stringn((const char *)text.data, text.size)) == 0;
}

static json_t *question_form(const struct lt_question *question)
{
    char id[ID_TEXT_BYTES] = "";
    char digest[2 * sizeof(question->digest.bytes) + 1];
    struct lt_bytes key = {question->sender_key, question->sender_key_size};
    json_t *object = json_object();
    bool whole =
        object != NULL &&
        json_object_set_new(object, "number", json_integer((json_int_t)question->number)) == 0 &&
        json_object_set_new(object, "until_ms", json_integer(question->until_ms)) == 0;
    if (question->ping) {
        whole = whole && json_object_set_new(object, "ping", json_true()) == 0;
    } else {
        id_write(id, &question->id);
        hex_write(digest, question->digest.bytes, sizeof(question->digest.bytes));
        whole = whole && text_set(object, "id", text_bytes(id)) &&
                json_object_set_new(object, "leg", json_integer(question->leg)) == 0 &&
                json_object_set_new(object, "sent", json_boolean(question->sent)) == 0 &&
                text_set(object, "digest", text_bytes(digest)) &&
                text_set(object, "from", text_bytes(question->from)) &&
                text_set(object, "case_code", text_bytes(question->case_code)) &&
                (!utf8_valid(key) || text_set(object, "sender_key", key));
    }
    if (!whole) {
        json_decref(object);
        return NULL;
    }
    return object;
}

char *door_questions_json(const struct lt_question *questions, uint32_t count, uint64_t after)
{
    json_t *list = json_array();
    json_t *object = json_object();
    bool whole = list != NULL && object != NULL;
    for (uint32_t i = 0; whole && i < count; i++) {
        whole = json_array_append_new(list, question_form(&questions[i])) == 0;
    }
    uint64_t next = count > 0 ? questions[count - 1].number : after;
    whole = whole && json_object_set(object, "questions", list) == 0 &&
            json_object_set_new(object, "next", json_integer((json_int_t)next)) == 0;
    char *text = whole ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(list);
    json_decref(object);
    return text;
}
