/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * /v1/questions: the pull door for applications that cannot be called. A question lies here for
 * some seconds only, so the application keeps a long poll open; what it answers goes to the axis as
 * its word. The same questions are asked of held_url when there is one: the first answer counts.
 */
#include <stdlib.h>

#include "adapters/host/door_fields.h"
#include "adapters/host/door_json.h"
#include "exchange.h"
#include "proto/base/text.h"

#define SLICE_MS 500

enum MHD_Result http_questions_get(struct http_exchange *exchange)
{
    struct lt_client *client = exchange->tenant->client;
    uint64_t after = 0;
    uint64_t wait_s = 0;
    if (!http_query_number(exchange, "after", 0, UINT64_MAX / 2, 0, &after) ||
        !http_query_number(exchange, "wait", 0, HTTP_WAIT_S_MAX, 0, &wait_s)) {
        return http_reply_problem(exchange);
    }
    struct lt_question *questions = calloc(LT_HELD_PER_FRAME, sizeof(*questions));
    if (questions == NULL) {
        return http_reply_status(exchange, LT_NO_MEMORY, "");
    }
    int64_t until_ms = exchange->begun_ms + (int64_t)wait_s * 1000;
    uint32_t count = lt_client_questions(client, after, 0, questions, LT_HELD_PER_FRAME);
    while (count == 0 && http_may_wait(exchange, until_ms)) {
        int64_t left_ms = until_ms - http_now_ms(exchange);
        int slice_ms = left_ms < SLICE_MS ? (int)left_ms : SLICE_MS;
        count = lt_client_questions(client, after, slice_ms > 0 ? slice_ms : 0, questions,
                                    LT_HELD_PER_FRAME);
    }
    char *text = door_questions_json(questions, count, after);
    free(questions);
    return http_reply_json(exchange, MHD_HTTP_OK, text);
}

enum MHD_Result http_questions_answer(struct http_exchange *exchange)
{
    struct lt_held_answer answer;
    struct lt_bytes text = {(const uint8_t *)exchange->body.data, exchange->body.size};
    if (door_held_read(&answer, text, &exchange->problem) != LT_OK) {
        return http_reply_problem(exchange);
    }
    text_copy(answer.by, sizeof(answer.by), text_bytes("POST /v1/questions"));
    enum lt_status status =
        lt_client_held_answer(exchange->tenant->client, exchange->number, &answer);
    if (status != LT_OK) {
        return http_reply_status(exchange, status, "number");
    }
    struct text_out out;
    text_out_init(&out);
    text_out_format(&out, "{\"number\":%llu}", (unsigned long long)exchange->number);
    return http_reply_json(exchange, MHD_HTTP_OK, text_out_take(&out, NULL));
}
