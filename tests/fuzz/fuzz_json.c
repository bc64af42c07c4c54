/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The JSON of the local doors: any bytes as a request of a folder, as an answer and as a webhook's
 * reply. What is read must have a content digest, and the canonical form must be a fixed point:
 * reading it again gives the same form.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/canonical.h"
#include "adapters/host/door_json.h"
#include "adapters/host/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *form_of(json_t *value, size_t *ret_size)
{
    struct text_out out;
    text_out_init(&out);
    canonical_json(&out, value);
    char *text = text_out_take(&out, ret_size);
    assert(text != NULL);
    return text;
}

static void form_is_fixed(struct lt_bytes text)
{
    if (!json_scan_depth(text, JSON_DEPTH_MAX)) {
        return;
    }
    json_t *tree = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    if (tree == NULL) {
        return;
    }
    size_t size = 0;
    size_t again_size = 0;
    char *form = form_of(tree, &size);
    json_t *again = json_loadb(form, size, JSON_REJECT_DUPLICATES, NULL);
    /* A double above 2^63 is written without a point, and the parser has no such integers. */
    if (again != NULL) {
        char *again_form = form_of(again, &again_size);
        assert(again_size == size && memcmp(form, again_form, size) == 0);
        free(again_form);
    }
    json_decref(again);
    json_decref(tree);
    free(form);
}

static void request_has_digest(struct lt_bytes text)
{
    struct door_request *request = NULL;
    struct digester *digester = NULL;
    struct lt_problem problem;
    door_problem_init(&problem);
    enum lt_status status = door_request_read(&request, text, DOOR_SPOOL, &problem);
    if (status != LT_OK) {
        assert(problem.status == status);
        return;
    }
    assert(digester_open(&digester) == LT_OK);
    assert(door_request_digest(request, digester) == LT_OK);
    assert(!digest_empty(&request->request.content_digest));
    digester_close(&digester);
    door_request_free(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const outcomes[] = {"taken", "refused", "failed", "later"};
    struct lt_bytes text = {data, size};
    struct door_answer answer;
    struct lt_problem problem;
    request_has_digest(text);
    form_is_fixed(text);
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        enum lt_status status = door_answer_read(&answer, outcomes[i], text, &problem);
        assert(status != LT_OK || answer.answer.outcome != LT_OUTCOME_NONE);
    }
    enum lt_status status = door_reply_read(&answer, text, &problem);
    assert(status != LT_OK || answer.leg < LT_LEGS_MAX);
    struct lt_held_answer held = {.held = LT_HELD_UNKNOWN};
    status = door_held_read(&held, text, &problem);
    assert((status == LT_OK) == (held.held != LT_HELD_UNKNOWN)); /* no word without an object */
    struct lt_bytes member = json_scan_member(text, "body");
    assert(member.size == 0 || (member.data >= data && member.data + member.size <= data + size));
    return 0;
}
