/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The JSON of the local doors: every field in, every refusal with name, value and limit, the
 * content digest that knows the same request again, answers, and what goes out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_json.h"
#include "proto/base/text.h"

#define LEAST "\"kind\":\"forward\",\"case_code\":\"H24.15-260930-0001\""

static struct door_request *request_of(const char *text)
{
    struct door_request *request = NULL;
    struct lt_problem problem;
    door_problem_init(&problem);
    enum lt_status status = door_request_read(&request, text_bytes(text), DOOR_HTTP, &problem);
    if (status != LT_OK) {
        fail_msg("%s: %s %s: %s", text, lt_code(status), problem.field, problem.detail);
    }
    return request;
}

static void refused_by(enum door_flags flags, const char *text, enum lt_status wanted,
                       const char *field, const char *said)
{
    struct door_request *request = NULL;
    struct lt_problem problem;
    door_problem_init(&problem);
    enum lt_status status = door_request_read(&request, text_bytes(text), flags, &problem);
    if (status != wanted || strcmp(problem.field, field) != 0 ||
        strstr(problem.detail, said) == NULL) {
        fail_msg("%s\n gave %s \"%s\": %s", text, lt_code(status), problem.field, problem.detail);
    }
    assert_null(request);
    assert_int_equal(problem.status, wanted);
}

static void refused(const char *text, enum lt_status wanted, const char *field, const char *said)
{
    refused_by(DOOR_HTTP, text, wanted, field, said);
}

static void every_field_is_read(void **state)
{
    (void)state;
    struct door_request *door = request_of(
        "{\"kind\":\"supplement-request\",\"from\":\"H24.15\",\"to\":[\"H24.1\",\"G12.18\"],"
        "\"locality\":\"11824\",\"case_code\":\"H24.15-260930-0001\",\"aliases\":[\"A1\",\"B2\"],"
        "\"procedure\":\"1.001193.000.00.00.H56\","
        "\"task\":{\"lead\":true,\"parallel\":true,\"task_id\":\"T1\","
        "\"deadline_ms\":\"2026-10-02T17:00:00+07:00\"},"
        "\"reply_to\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"priority\":4,"
        "\"created_ms\":1790000000000,\"body_type\":\"application/vnd.case+json\","
        "\"body\":{\"b\": 1.50, \"a\":[]},\"traceparent\":\"00-ab-cd-01\","
        "\"attachments\":[{\"sha256\":"
        "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":104857600,"
        "\"component\":\"TP-1\",\"name\":\"don.pdf\"}],"
        "\"business\":{\"status\":10,\"event_ms\":\"1970-01-01T00:00:01Z\",\"received_ms\":2,"
        "\"channel\":3,\"promised_old_ms\":3,\"promised_new_ms\":4,\"pause_reason\":\"p\","
        "\"supplement_due_ms\":5,\"handing_officer\":\"o1\",\"handing_unit\":\"u1\","
        "\"receiving_officer\":\"o2\",\"receiving_unit\":\"u2\",\"return_method\":3,"
        "\"return_place\":\"r\",\"copies\":7,\"digitised\":true,\"e_result\":true,"
        "\"paid_online\":true,\"assisted\":true,\"mobile_reception\":true,"
        "\"representative\":true}}");
    const struct lt_request *request = &door->request;
    assert_int_equal(request->kind, LT_KIND_SUPPLEMENT_REQUEST);
    assert_string_equal(door->from, "H24.15");
    assert_int_equal(request->to_count, 2);
    assert_string_equal(request->to[1], "G12.18");
    assert_string_equal(request->locality, "11824");
    assert_int_equal(request->aliases_count, 2);
    assert_string_equal(request->aliases[0], "A1");
    assert_string_equal(request->procedure, "1.001193.000.00.00.H56");
    assert_true(request->task_present && request->task_lead && request->task_parallel);
    assert_string_equal(request->task_id, "T1");
    assert_int_equal(request->task_deadline_ms, 1790935200000);
    assert_int_equal(request->reply_to.bytes[0], 0x01);
    assert_int_equal(request->priority, 4);
    assert_int_equal(request->created_ms, 1790000000000);
    assert_string_equal(request->body_type, "application/vnd.case+json");
    assert_int_equal(request->body.size, strlen("{\"b\": 1.50, \"a\":[]}"));
    assert_memory_equal(request->body.data, "{\"b\": 1.50, \"a\":[]}", request->body.size);
    assert_int_equal(request->attachments_count, 1);
    assert_int_equal(request->attachments[0].size, 104857600);
    assert_int_equal(request->attachments[0].sha256.bytes[0], 0xe3);
    assert_string_equal(request->attachments[0].component, "TP-1");
    assert_string_equal(request->attachments[0].name, "don.pdf");
    assert_true(request->business_present);
    const struct lt_business *business = &request->business;
    assert_int_equal(business->status, 10);
    assert_int_equal(business->event_ms, 1000);
    assert_int_equal(business->received_ms, 2);
    assert_int_equal(business->channel, 3);
    assert_int_equal(business->promised_old_ms, 3);
    assert_int_equal(business->promised_new_ms, 4);
    assert_string_equal(business->pause_reason, "p");
    assert_int_equal(business->supplement_due_ms, 5);
    assert_string_equal(business->handing_officer, "o1");
    assert_string_equal(business->handing_unit, "u1");
    assert_string_equal(business->receiving_officer, "o2");
    assert_string_equal(business->receiving_unit, "u2");
    assert_int_equal(business->return_method, 3);
    assert_string_equal(business->return_place, "r");
    assert_int_equal(business->copies, 7);
    assert_true(business->digitised && business->e_result && business->paid_online);
    assert_true(business->assisted && business->mobile_reception && business->representative);
    door_request_free(&door);
    assert_null(door);
}

static void nulls_are_absent(void **state)
{
    (void)state;
    struct door_request *door =
        request_of("{" LEAST ",\"to\":null,\"task\":null,\"business\":null,\"body\":null,"
                   "\"priority\":null,\"attachments\":null,\"from\":null,\"procedure\":null}");
    assert_int_equal(door->request.to_count, 0);
    assert_false(door->request.task_present);
    assert_false(door->request.business_present);
    assert_int_equal(door->request.body.size, 0);
    door_request_free(&door);
}

static void bodies(void **state)
{
    (void)state;
    struct door_request *door = request_of("{" LEAST ",\"body\":\"x\"}");
    assert_string_equal(door->request.body_type, "application/json");
    assert_memory_equal(door->request.body.data, "\"x\"", 3);
    door_request_free(&door);
    door = request_of("{" LEAST ",\"body_base64\":\"AAEC/w==\",\"body_type\":\"application/pdf\"}");
    assert_int_equal(door->request.body.size, 4);
    assert_memory_equal(door->request.body.data, "\x00\x01\x02\xff", 4);
    door_request_free(&door);
    refused("{" LEAST ",\"body_base64\":\"AAEC/w==\"}", LT_FIELD_MISSING, "body_type", "required");
    refused("{" LEAST ",\"body_base64\":\"AAEC/w\",\"body_type\":\"a/b\"}", LT_FIELD_BAD,
            "body_base64", "padding");
    refused("{" LEAST ",\"body_base64\":7,\"body_type\":\"a/b\"}", LT_FIELD_BAD, "body_base64",
            "base64");
    refused("{" LEAST ",\"body\":1,\"body_base64\":\"AAEC\",\"body_type\":\"a/b\"}", LT_FIELD_BAD,
            "body_base64", "one of them");
    refused("{" LEAST ",\"bo\\u0064y\":1}", LT_FIELD_BAD, "body", "without escapes");
}

static void syntax_is_named_with_its_place(void **state)
{
    (void)state;
    refused("{\n  \"kind\": forward}", LT_JSON_BAD, "", "line 2, column");
    refused("", LT_JSON_BAD, "", "line 1");
    refused("[]", LT_JSON_BAD, "", "object");
    refused("{\"kind\":\"forward\",\"kind\":\"status\"}", LT_JSON_BAD, "", "duplicate");
    refused("{\"case_code\":\"\xC3\x28\"}", LT_TEXT_BAD, "", "UTF-8");
    refused("{\"case_code\":\"a\\u0000b\"}", LT_JSON_BAD, "", "line 1");
    refused("{" LEAST "} x", LT_JSON_BAD, "", "line 1");
}

static void depth_has_a_limit(void **state)
{
    (void)state;
    char text[512];
    for (int extra = 0; extra <= 1; extra++) {
        int levels = 63 + extra; /* the request itself is one level */
        int size = snprintf(text, sizeof(text), "{" LEAST ",\"body\":");
        memset(text + size, '[', (size_t)levels);
        memset(text + size + levels, ']', (size_t)levels);
        snprintf(text + size + 2 * levels, sizeof(text) - (size_t)(size + 2 * levels), "}");
        if (extra == 0) {
            struct door_request *door = request_of(text);
            door_request_free(&door);
        } else {
            refused(text, LT_JSON_BAD, "", "64 levels");
        }
    }
}

static void size_has_a_limit(void **state)
{
    (void)state;
    for (size_t extra = 0; extra <= 1; extra++) {
        size_t size = DOOR_JSON_BYTES_MAX + extra;
        char *text = malloc(size + 1);
        assert_non_null(text);
        memset(text, ' ', size);
        text[size] = '\0';
        memcpy(text, "{" LEAST "}", strlen("{" LEAST "}"));
        if (extra == 0) {
            struct door_request *door = request_of(text);
            door_request_free(&door);
        } else {
            refused(text, LT_BODY_TOO_LARGE, "", "at most 16777216");
        }
        free(text);
    }
}

static void required_fields(void **state)
{
    (void)state;
    refused("{}", LT_FIELD_MISSING, "kind", "required");
    refused("{\"kind\":\"forward\"}", LT_FIELD_MISSING, "case_code", "required");
    refused("{\"kind\":\"forward\",\"case_code\":\"\"}", LT_FIELD_MISSING, "case_code", "");
    refused("{\"kind\":null,\"case_code\":\"1\"}", LT_FIELD_MISSING, "kind", "");
}

static void unknown_fields_are_refused(void **state)
{
    (void)state;
    refused("{" LEAST ",\"procedur\":\"1.001193\"}", LT_FIELD_BAD, "procedur", "no such field");
    refused("{" LEAST ",\"task\":{\"led\":true}}", LT_FIELD_BAD, "task.led", "no such field");
    refused("{" LEAST ",\"business\":{\"event\":1}}", LT_FIELD_BAD, "business.event", "no such");
    refused("{" LEAST ",\"attachments\":[{\"hash\":1}]}", LT_FIELD_BAD, "attachments[0].hash",
            "no such field");
    refused("{" LEAST ",\"attachments\":[{\"file\":\"a\"}]}", LT_FIELD_BAD, "attachments[0].file",
            "no such field");
    refused("{" LEAST ",\"sender_key\":\"a\"}", LT_FIELD_BAD, "sender_key", "Idempotency-Key");
}

static void types_are_held(void **state)
{
    (void)state;
    refused("{\"kind\":1,\"case_code\":\"1\"}", LT_FIELD_BAD, "kind", "1; wanted: a kind");
    refused("{\"kind\":\"forwards\",\"case_code\":\"1\"}", LT_FIELD_BAD, "kind", "\"forwards\"");
    refused("{\"kind\":\"forward\",\"case_code\":7}", LT_FIELD_BAD, "case_code", "at most 50");
    refused("{" LEAST ",\"priority\":\"4\"}", LT_FIELD_BAD, "priority", "\"4\"; wanted: a whole");
    refused("{" LEAST ",\"priority\":1.5}", LT_FIELD_BAD, "priority", "whole number");
    refused("{" LEAST ",\"priority\":-1}", LT_FIELD_BAD, "priority", "0 to 4");
    refused("{" LEAST ",\"priority\":5}", LT_FIELD_BAD, "priority", "5; wanted");
    refused("{" LEAST ",\"reply_to\":\"1\"}", LT_FIELD_BAD, "reply_to", "UUID");
    refused("{" LEAST ",\"created_ms\":\"30/09/2026\"}", LT_FIELD_BAD, "created_ms", "ISO 8601");
    refused("{" LEAST ",\"created_ms\":\"2026-09-30T08:00:00\"}", LT_FIELD_BAD, "created_ms",
            "with a zone");
    refused("{" LEAST ",\"created_ms\":-1}", LT_FIELD_BAD, "created_ms", "-1");
    refused("{" LEAST ",\"to\":\"H24.1\"}", LT_FIELD_BAD, "to", "a list");
    refused("{" LEAST ",\"to\":[\"h24\"]}", LT_FIELD_BAD, "to", "\"h24\"; wanted: an agency id");
    refused("{" LEAST ",\"from\":\"H24..1\"}", LT_FIELD_BAD, "from", "agency id");
    refused("{" LEAST ",\"aliases\":{}}", LT_FIELD_BAD, "aliases", "a list");
    refused("{" LEAST ",\"aliases\":[\"\"]}", LT_FIELD_BAD, "aliases", "empty");
    refused("{" LEAST ",\"task\":[]}", LT_FIELD_BAD, "task.", "an object");
    refused("{" LEAST ",\"task\":{\"lead\":1}}", LT_FIELD_BAD, "task.lead", "true or false");
    refused("{" LEAST ",\"business\":{\"status\":11}}", LT_FIELD_BAD, "business.status", "0 to 10");
    refused("{" LEAST ",\"business\":{\"channel\":4}}", LT_FIELD_BAD, "business.channel", "0 to 3");
    refused("{" LEAST ",\"attachments\":{}}", LT_FIELD_BAD, "attachments", "a list");
    refused("{" LEAST ",\"attachments\":[{\"size\":1}]}", LT_FIELD_MISSING, "attachments[0].sha256",
            "required");
    refused("{" LEAST ",\"attachments\":[{\"sha256\":\"zz\",\"size\":1}]}", LT_FIELD_BAD,
            "attachments[0].sha256", "64 hex");
    refused("{" LEAST ",\"attachments\":[{\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
            "934ca495991b7852b855\"}]}",
            LT_FIELD_MISSING, "attachments[0].size", "required");
    refused("{" LEAST ",\"attachments\":[{\"size\":104857601}]}", LT_FIELD_BAD,
            "attachments[0].size", "1 to 104857600");
    refused("{" LEAST ",\"attachments\":[{\"size\":0}]}", LT_FIELD_BAD, "attachments[0].size",
            "from 1");
}

/* A text of `size` letters under a name; read at n, refused at n + 1. */
static void text_limit(const char *before, const char *after, const char *field, size_t size)
{
    char text[2048];
    for (size_t extra = 0; extra <= 1; extra++) {
        char letters[1024];
        memset(letters, 'A', size + extra);
        letters[size + extra] = '\0';
        snprintf(text, sizeof(text), "{%s\"%s\"%s}", before, letters, after);
        if (extra == 0) {
            struct door_request *door = request_of(text);
            door_request_free(&door);
        } else {
            char said[32];
            snprintf(said, sizeof(said), "%zu bytes", size + 1);
            refused(text, LT_FIELD_BAD, field, said);
        }
    }
}

static void texts_have_limits(void **state)
{
    (void)state;
    text_limit("\"kind\":\"forward\",\"case_code\":", "", "case_code", LT_CASE_CODE_MAX);
    text_limit(LEAST ",\"locality\":", "", "locality", LT_LOCALITY_MAX);
    text_limit(LEAST ",\"procedure\":", "", "procedure", LT_PROCEDURE_MAX);
    text_limit(LEAST ",\"body_type\":", "", "body_type", LT_BODY_TYPE_MAX);
    text_limit(LEAST ",\"traceparent\":", "", "traceparent", LT_TRACEPARENT_MAX);
    text_limit(LEAST ",\"aliases\":[", "]", "aliases", LT_CASE_CODE_MAX);
    text_limit(LEAST ",\"task\":{\"task_id\":", "}", "task.task_id", LT_TASK_ID_MAX);
    text_limit(LEAST ",\"business\":{\"pause_reason\":", "}", "business.pause_reason",
               LT_REASON_MAX);
    text_limit(LEAST ",\"business\":{\"handing_officer\":", "}", "business.handing_officer",
               LT_OFFICER_MAX);
    text_limit(LEAST ",\"business\":{\"return_place\":", "}", "business.return_place",
               LT_PLACE_MAX);
}

/* A list of `count` equal items; read at n, refused at n + 1. */
static void list_limit(const char *name, const char *item, size_t count, enum lt_status wanted)
{
    for (size_t extra = 0; extra <= 1; extra++) {
        char text[16384];
        size_t size = (size_t)snprintf(text, sizeof(text), "{" LEAST ",\"%s\":[", name);
        for (size_t i = 0; i < count + extra; i++) {
            size +=
                (size_t)snprintf(text + size, sizeof(text) - size, "%s%s", i > 0 ? "," : "", item);
        }
        snprintf(text + size, sizeof(text) - size, "]}");
        if (extra == 0) {
            struct door_request *door = request_of(text);
            door_request_free(&door);
        } else {
            char said[32];
            snprintf(said, sizeof(said), "%zu, at most %zu", count + 1, count);
            refused(text, wanted, name, said);
        }
    }
}

static void lists_have_limits(void **state)
{
    (void)state;
    list_limit("to", "\"H24.1\"", LT_LEGS_MAX, LT_LEGS_TOO_MANY);
    list_limit("aliases", "\"A\"", LT_ALIASES_MAX, LT_FIELD_BAD);
    list_limit("attachments",
               "{\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
               "\"size\":1}",
               LT_ATTACHMENTS_MAX, LT_ATTACHMENT_BAD);
}

static void spool_names_files_and_keys(void **state)
{
    (void)state;
    struct door_request *door = NULL;
    struct lt_problem problem;
    const char *text = "\xEF\xBB\xBF{" LEAST ",\"sender_key\":\"K1\",\"attachments\":[{\"file\":"
                       "\"don.pdf\",\"component\":\"C\"}]}";
    assert_int_equal(door_request_read(&door, text_bytes(text), DOOR_SPOOL, &problem), LT_OK);
    assert_string_equal(door->files[0], "don.pdf");
    assert_int_equal(door->request.sender_key.size, 2);
    door_request_free(&door);
    refused_by(DOOR_SPOOL, "{" LEAST ",\"sender_key\":\"\"}", LT_SENDER_KEY_BAD, "sender_key", "1");
    refused_by(DOOR_SPOOL, "{" LEAST ",\"attachments\":[{}]}", LT_FIELD_MISSING,
               "attachments[0].sha256", "required");
}

/* ---- content digest ---- */

static struct lt_digest digest_of_text(const char *text)
{
    struct digester *digester = NULL;
    struct door_request *door = request_of(text);
    assert_int_equal(digester_open(&digester), LT_OK);
    assert_int_equal(door_request_digest(door, digester), LT_OK);
    struct lt_digest digest = door->request.content_digest;
    door_request_free(&door);
    digester_close(&digester);
    assert_false(digest_empty(&digest));
    return digest;
}

static bool same_content(const char *a, const char *b)
{
    struct lt_digest one = digest_of_text(a);
    struct lt_digest other = digest_of_text(b);
    return digest_equal(&one, &other);
}

static void same_request_again(void **state)
{
    (void)state;
    assert_true(same_content(
        "{\"kind\":\"forward\",\"case_code\":\"1\",\"body\":{\"a\":1.0,\"b\":[{\"x\":1,\"y\":2}]}}",
        "{ \"body\" : "
        "{\"b\":[{\"y\":2,\"x\":1}],\"a\":1},\"case_code\":\"1\",\"kind\":\"forward\"}"));
    assert_true(same_content("{" LEAST
                             ",\"business\":{\"event_ms\":\"1970-01-01T07:00:01+07:00\"}}",
                             "{\"business\":{\"event_ms\":1000},\"to\":[]," LEAST "}"));
    assert_true(same_content("{" LEAST ",\"priority\":0,\"procedure\":null}", "{" LEAST "}"));
    assert_true(same_content("{" LEAST ",\"created_ms\":1,\"traceparent\":\"a\",\"from\":\"H24\"}",
                             "{" LEAST ",\"created_ms\":2,\"traceparent\":\"b\"}"));
    assert_true(same_content("{" LEAST ",\"body\":1}",
                             "{" LEAST ",\"body\":1,\"body_type\":\"application/json\"}"));
}

static void other_requests_differ(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{\"kind\":\"status\",\"case_code\":\"H24.15-260930-0001\"}",
        "{\"kind\":\"forward\",\"case_code\":\"H24.15-260930-0002\"}",
        "{" LEAST ",\"to\":[\"H24.1\"]}",
        "{" LEAST ",\"to\":[\"H24.1\",\"H24.2\"]}",
        "{" LEAST ",\"to\":[\"H24.2\",\"H24.1\"]}",
        "{" LEAST ",\"aliases\":[\"A\"]}",
        "{" LEAST ",\"procedure\":\"1.001193\"}",
        "{" LEAST ",\"locality\":\"11824\"}",
        "{" LEAST ",\"priority\":1}",
        "{" LEAST ",\"reply_to\":\"01890a5d-ac96-774b-bcce-b302099a8057\"}",
        "{" LEAST ",\"task\":{}}",
        "{" LEAST ",\"task\":{\"lead\":true}}",
        "{" LEAST ",\"business\":{\"status\":2}}",
        "{" LEAST ",\"body\":{\"a\":9007199254740992}}",
        "{" LEAST ",\"body\":{\"a\":9007199254740993}}",
        "{" LEAST ",\"body\":{\"a\":\"9007199254740993\"}}",
        "{" LEAST ",\"body_base64\":\"AAEC\",\"body_type\":\"application/pdf\"}",
        "{" LEAST ",\"body_base64\":\"AAED\",\"body_type\":\"application/pdf\"}",
        "{" LEAST ",\"attachments\":[{\"sha256\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c"
        "a495991b7852b855\",\"size\":1}]}",
        "{" LEAST "}",
    };
    size_t count = sizeof(others) / sizeof(others[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_false(same_content(others[i], others[j]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(nulls_are_absent),
        cmocka_unit_test(bodies),
        cmocka_unit_test(syntax_is_named_with_its_place),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(size_has_a_limit),
        cmocka_unit_test(required_fields),
        cmocka_unit_test(unknown_fields_are_refused),
        cmocka_unit_test(types_are_held),
        cmocka_unit_test(texts_have_limits),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(spool_names_files_and_keys),
        cmocka_unit_test(same_request_again),
        cmocka_unit_test(other_requests_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
