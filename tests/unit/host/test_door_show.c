/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Answers to deliveries from JSON, held to their class, and everything the local doors show:
 * deliveries with their bodies as they came, problems, pages of sent transfers and events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_json.h"
#include "proto/base/base64.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "proto/seal.h"

/* ---- answers ---- */

static void answer_is(const char *outcome, const char *text, enum lt_status code,
                      const char *reason, uint32_t retry_after_ms)
{
    struct door_answer answer;
    struct lt_problem problem;
    memset(&answer, 0, sizeof(answer));
    enum lt_status status = door_answer_read(&answer, outcome, text_bytes(text), &problem);
    if (status != LT_OK) {
        fail_msg("%s %s: %s: %s", outcome, text, problem.field, problem.detail);
    }
    assert_int_equal(answer.answer.code, code);
    assert_string_equal(answer.answer.reason, reason);
    assert_int_equal(answer.answer.retry_after_ms, retry_after_ms);
}

static void answers_are_read(void **state)
{
    (void)state;
    answer_is("taken", "", LT_OK, "", 0);
    answer_is("taken", "{\"node\":\"n1\"}", LT_OK, "", 0);
    answer_is("refused", "{\"code\":\"wrong-authority\",\"reason\":\"x\"}", LT_WRONG_AUTHORITY, "x",
              0);
    answer_is("failed", "", LT_RECEIVER_REJECTED, "", 0);
    answer_is("failed", "{\"permanent\":true}", LT_RECEIVER_NEVER, "", 0);
    answer_is("failed", "{\"code\":\"step-before-missing\"}", LT_STEP_BEFORE_MISSING, "", 0);
    answer_is("later", "", LT_RECEIVER_UNREACHABLE, "", 60000);
    answer_is("later", "{\"retry_after_s\":86400,\"reason\":\"y\"}", LT_RECEIVER_UNREACHABLE, "y",
              86400000);
}

static void answer_refused(const char *outcome, const char *text, enum lt_status wanted,
                           const char *field)
{
    struct door_answer answer;
    struct lt_problem problem;
    door_problem_init(&problem);
    assert_int_equal(door_answer_read(&answer, outcome, text_bytes(text), &problem), wanted);
    assert_string_equal(problem.field, field);
}

static void answers_are_held_to_their_class(void **state)
{
    (void)state;
    answer_refused("gone", "", LT_FIELD_BAD, "outcome");
    answer_refused("refused", "", LT_FIELD_MISSING, "code");
    answer_refused("refused", "{\"code\":\"ineligible\"}", LT_FIELD_MISSING, "reason");
    answer_refused("refused", "{\"code\":\"receiver-rejected\",\"reason\":\"x\"}", LT_FIELD_BAD,
                   "code");
    answer_refused("refused", "{\"code\":\"header-bad\",\"reason\":\"x\"}", LT_FIELD_BAD, "code");
    answer_refused("failed", "{\"code\":\"ineligible\"}", LT_FIELD_BAD, "code");
    answer_refused("failed", "{\"code\":\"no-such-code\"}", LT_FIELD_BAD, "code");
    answer_refused("later", "{\"retry_after_s\":86401}", LT_FIELD_BAD, "retry_after_s");
    answer_refused("taken", "{\"id\":1}", LT_FIELD_BAD, "id");
    answer_refused("taken", "{", LT_JSON_BAD, "");
}

static void replies_name_their_leg(void **state)
{
    (void)state;
    struct door_answer answer;
    struct lt_problem problem;
    door_problem_init(&problem);
    const char *good = "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"leg\":15,"
                       "\"outcome\":\"taken\",\"node\":\"n\"}";
    assert_int_equal(door_reply_read(&answer, text_bytes(good), &problem), LT_OK);
    assert_int_equal(answer.leg, 15);
    assert_int_equal(answer.answer.outcome, LT_OUTCOME_TAKEN);
    assert_string_equal(answer.node, "n");
    static const char *const bad[][2] = {
        {"", "id"},
        {"{\"leg\":0,\"outcome\":\"taken\"}", "id"},
        {"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"outcome\":\"taken\"}", "leg"},
        {"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"leg\":0}", "outcome"},
        {"{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"leg\":16,\"outcome\":\"taken\"}",
         "leg"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        door_problem_init(&problem);
        assert_int_not_equal(door_reply_read(&answer, text_bytes(bad[i][0]), &problem), LT_OK);
        assert_string_equal(problem.field, bad[i][1]);
    }
}

/* ---- what goes out ---- */

static struct header header_sample(struct lt_bytes *to, struct attachment *attachments)
{
    to[0] = text_bytes("H24.1");
    attachments[0] = (struct attachment){.size = 5, .name = text_bytes("than.json")};
    attachments[1] = (struct attachment){
        .size = 6, .component = text_bytes("TP"), .name = text_bytes("đơn.pdf")};
    memset(&attachments[0].sha256, 1, sizeof(struct lt_digest));
    memset(&attachments[1].sha256, 2, sizeof(struct lt_digest));
    return (struct header){
        .id = {{1, 2, 3}},
        .sender_key = text_bytes("K1"),
        .kind = LT_KIND_RESULT,
        .from = text_bytes("H24.15"),
        .to = to,
        .to_count = 1,
        .case_code = text_bytes("HS-1"),
        .procedure_raw = text_bytes("1.001193.H56"),
        .procedure = text_bytes("1.001193"),
        .schema_version = 1,
        .created_ms = 5,
        .handed_over_ms = 6,
        .body_type = text_bytes("application/json"),
        .body_size = 9,
        .attachments = attachments,
        .attachments_count = 2,
        .business = {.present = true, .status = 9, .e_result = true},
        .body_attached = true,
    };
}

static json_t *shown(const struct lt_delivery *delivery, const char *const *files)
{
    char *text = door_delivery_json(delivery, files);
    assert_non_null(text);
    json_t *tree = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (tree == NULL) {
        fail_msg("not JSON: %s", text);
    }
    free(text);
    return tree;
}

static const char *text_at(const json_t *tree, const char *name)
{
    const char *text = json_string_value(json_object_get(tree, name));
    return text != NULL ? text : "";
}

/* The sender's seal is shown with what is known of it, and absent where there is none. */
static void seals_are_shown(void **state)
{
    (void)state;
    uint8_t memory[PROOF_BYTES_MAX], back[PROOF_BYTES_MAX];
    struct arena arena;
    struct lt_bytes to[1];
    struct attachment attachments[2];
    struct header header = header_sample(to, attachments);
    struct lt_delivery delivery = {.id = header.id, .leg = 3, .seal_state = LT_SEAL_KEPT};
    struct seal_proof proof = {.seal = {.algorithm = SIGN_ED25519,
                                        .batch = 5,
                                        .key_id = {{0xab}},
                                        .signature_size = 64,
                                        .signature = {1, 2, 3}},
                               .index = 4,
                               .path_count = 1};
    size_t size = 0;
    assert_int_equal(arena_init(&arena, 65536, 1048576), LT_OK);
    assert_int_equal(header_write(&header, &arena, &delivery.header), LT_OK);
    delivery.body = text_bytes("{}");
    delivery.seal = seal_proof_write(memory, sizeof(memory), &proof);
    json_t *tree = shown(&delivery, NULL);
    json_t *seal = json_object_get(tree, "seal");
    assert_true(json_is_false(json_object_get(seal, "checked")));
    assert_string_equal(text_at(seal, "algorithm"), "ed25519");
    assert_int_equal(json_integer_value(json_object_get(seal, "batch")), 5);
    assert_int_equal(json_integer_value(json_object_get(seal, "index")), 4);
    const char *text = text_at(seal, "proof");
    assert_true(strlen(text) <= 4 * sizeof(back) / 3);
    assert_true(base64_read(back, &size, text, strlen(text)));
    assert_true(bytes_equal((struct lt_bytes){back, size}, delivery.seal));
    json_decref(tree);
    delivery.seal_state = LT_SEAL_CHECKED;
    tree = shown(&delivery, NULL);
    assert_true(json_is_true(json_object_get(json_object_get(tree, "seal"), "checked")));
    json_decref(tree);
    delivery.seal_state = LT_SEAL_NONE;
    delivery.seal = (struct lt_bytes){NULL, 0};
    tree = shown(&delivery, NULL);
    assert_null(json_object_get(tree, "seal"));
    json_decref(tree);
    arena_deinit(&arena);
}

static void deliveries_are_shown(void **state)
{
    (void)state;
    struct arena arena;
    struct lt_bytes to[1];
    struct attachment attachments[2];
    struct header header = header_sample(to, attachments);
    struct lt_delivery delivery = {.id = header.id, .leg = 3, .attempt = 2, .again = true};
    assert_int_equal(arena_init(&arena, 65536, 1048576), LT_OK);
    assert_int_equal(header_write(&header, &arena, &delivery.header), LT_OK);
    snprintf(delivery.from, sizeof(delivery.from), "H24.15");
    delivery.body = text_bytes("{\"a\":1.50}");
    static const char *const files[] = {"01-don.pdf"};
    char *raw = door_delivery_json(&delivery, files);
    assert_non_null(raw);
    assert_non_null(strstr(raw, "\"body\":{\"a\":1.50}}"));
    free(raw);
    json_t *tree = shown(&delivery, files);
    assert_string_equal(text_at(tree, "kind"), "result");
    assert_string_equal(text_at(tree, "from"), "H24.15");
    assert_string_equal(text_at(tree, "case_code"), "HS-1");
    assert_string_equal(text_at(tree, "procedure"), "1.001193.H56");
    assert_string_equal(text_at(tree, "procedure_normal"), "1.001193");
    assert_string_equal(text_at(tree, "sender_key"), "K1");
    assert_int_equal(json_integer_value(json_object_get(tree, "leg")), 3);
    json_t *list = json_object_get(tree, "attachments");
    assert_int_equal(json_array_size(list), 1); /* the body is not one of them */
    assert_string_equal(text_at(json_array_get(list, 0), "name"), "đơn.pdf");
    assert_string_equal(text_at(json_array_get(list, 0), "file"), "01-don.pdf");
    assert_true(json_is_true(json_object_get(json_object_get(tree, "business"), "e_result")));
    json_decref(tree);
    struct door_attachment out[LT_ATTACHMENTS_MAX];
    assert_int_equal(door_attachments(&delivery, out), 1);
    assert_string_equal(out[0].component, "TP");
    assert_int_equal(out[0].size, 6);
    arena_deinit(&arena);
}

static void bodies_that_are_no_json_travel_as_base64(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"a\":", "\xC3\x28", "{\"a\":1,\"a\":2}", "[1] x"};
    struct arena arena;
    struct lt_bytes to[1];
    struct attachment attachments[2];
    struct header header = header_sample(to, attachments);
    struct lt_delivery delivery = {.id = header.id};
    assert_int_equal(arena_init(&arena, 65536, 1048576), LT_OK);
    assert_int_equal(header_write(&header, &arena, &delivery.header), LT_OK);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char wanted[64];
        delivery.body = text_bytes(bodies[i]);
        base64_write(wanted, delivery.body);
        json_t *tree = shown(&delivery, NULL);
        assert_null(json_object_get(tree, "body"));
        assert_string_equal(text_at(tree, "body_base64"), wanted);
        json_decref(tree);
    }
    delivery.header = text_bytes("not a header");
    json_t *tree = shown(&delivery, NULL);
    assert_true(strlen(text_at(tree, "problem")) > 0);
    assert_true(strlen(text_at(tree, "body_base64")) > 0);
    json_decref(tree);
    arena_deinit(&arena);
}

static void problems_come_from_the_table(void **state)
{
    (void)state;
    struct lt_problem problem = {.status = LT_BUSY, .field = "f", .detail = "d \"q\""};
    struct lt_id id = {{1}};
    char *text = door_problem_json(&problem, &id);
    json_t *tree = json_loads(text, 0, NULL);
    free(text);
    assert_non_null(tree);
    assert_string_equal(text_at(tree, "type"), "urn:lienthong:error:busy");
    assert_string_equal(text_at(tree, "title"), lt_error(LT_BUSY)->vi);
    assert_string_equal(text_at(tree, "title_en"), lt_error(LT_BUSY)->en);
    assert_int_equal(json_integer_value(json_object_get(tree, "status")), 503);
    assert_string_equal(text_at(tree, "code"), "busy");
    assert_string_equal(text_at(tree, "field"), "f");
    assert_string_equal(text_at(tree, "detail"), "d \"q\"");
    assert_string_equal(text_at(tree, "who"), "nobody");
    assert_string_equal(text_at(tree, "do"), lt_error(LT_BUSY)->do_vi);
    assert_int_equal(json_integer_value(json_object_get(tree, "retry_after")), 10);
    assert_int_equal(strlen(text_at(tree, "id")), 36);
    json_decref(tree);
}

static void sent_and_events_are_pages(void **state)
{
    (void)state;
    struct lt_sent sent = {.id = {{1}},
                           .state = LT_SENT_REFUSED,
                           .code = LT_AGENCY_UNKNOWN,
                           .sequence = 7,
                           .recorded_ms = 5,
                           .kind = LT_KIND_FORWARD,
                           .sender_key = {0xFF, 0x01},
                           .sender_key_size = 2};
    char *text = door_sents_json(&sent, 1, 3);
    json_t *tree = json_loads(text, 0, NULL);
    free(text);
    assert_int_equal(json_integer_value(json_object_get(tree, "next")), 7);
    json_t *first = json_array_get(json_object_get(tree, "transfers"), 0);
    assert_string_equal(text_at(first, "state"), "refused");
    assert_string_equal(text_at(first, "code"), "agency-unknown");
    assert_string_equal(text_at(first, "sender_key_hex"), "ff01");
    json_decref(tree);
    text = door_sents_json(&sent, 0, 3);
    assert_string_equal(text, "{\"transfers\":[],\"next\":3}");
    free(text);
    struct lt_event event = {.cursor = 9, .what = "taken", .level = 2, .agency = "H24.1"};
    text = door_events_json(&event, 1, 0);
    tree = json_loads(text, 0, NULL);
    free(text);
    assert_int_equal(json_integer_value(json_object_get(tree, "next")), 9);
    first = json_array_get(json_object_get(tree, "events"), 0);
    assert_string_equal(text_at(first, "what"), "taken");
    assert_null(json_object_get(first, "code"));
    json_decref(tree);
}

static void states_have_names(void **state)
{
    (void)state;
    for (int i = LT_SENT_RECORDED; i <= LT_SENT_DONE; i++) {
        assert_int_equal(door_state_by_name(door_state_name((enum lt_sent_state)i)), i);
    }
    assert_int_equal(door_state_by_name("lost"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(answers_are_held_to_their_class),
        cmocka_unit_test(replies_name_their_leg),
        cmocka_unit_test(deliveries_are_shown),
        cmocka_unit_test(seals_are_shown),
        cmocka_unit_test(bodies_that_are_no_json_travel_as_base64),
        cmocka_unit_test(problems_come_from_the_table),
        cmocka_unit_test(sent_and_events_are_pages),
        cmocka_unit_test(states_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
