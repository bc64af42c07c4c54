/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * /v1/transfers: handing a case over, asking what became of it, calling it back.
 *
 * A request is durable in the box before 202 leaves. 200 says the same request was here before: the
 * first id and its present state. With ?wait= the answer is held until the axis has decided, which
 * gives 201, or the refusal in the words of the error table; when the line is down the answer is
 * the same 202 after the wait, and nothing is lost.
 *
 * A recall is a transfer of its own: kind recall, in reply to the one it is about. Its sender key
 * is made from that id unless the caller gives one, so asking twice recalls once.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_fields.h"
#include "adapters/host/door_json.h"
#include "exchange.h"
#include "proto/base/text.h"

#define LIST_DEFAULT  100
#define LIST_MAX      1000
#define WAIT_SLICE_MS 500

/* ---- one transfer in ---- */

/* Idempotency-Key, with or without the quotes of its draft standard. */
static bool sender_key_take(struct http_exchange *exchange, const char *otherwise,
                            struct lt_bytes *ret_key)
{
    const char *text = http_header(exchange, "Idempotency-Key");
    struct lt_bytes key = text_bytes(text != NULL ? text : otherwise);
    if (key.size >= 2 && key.data[0] == '"' && key.data[key.size - 1] == '"') {
        key.data++;
        key.size -= 2;
    }
    if (key.size == 0 || key.size > LT_SENDER_KEY_MAX) {
        problem_set(&exchange->problem, LT_SENDER_KEY_BAD, "", "Idempotency-Key",
                    "%zu bytes; wanted: 1 to %d", key.size, LT_SENDER_KEY_MAX);
        return false;
    }
    if (!utf8_valid(key)) {
        problem_set(&exchange->problem, LT_TEXT_BAD, "", "Idempotency-Key", "bad UTF-8");
        return false;
    }
    *ret_key = key;
    return true;
}

static enum MHD_Result reply_sent(struct http_exchange *exchange, unsigned int status,
                                  const struct lt_sent *sent)
{
    char id[ID_TEXT_BYTES];
    char location[sizeof("/v1/transfers/") + ID_TEXT_BYTES];
    id_write(id, &sent->id);
    snprintf(location, sizeof(location), "/v1/transfers/%s", id);
    const struct http_extra extra = {"Location", location};
    return http_reply_json_with(exchange, status, door_sent_json(sent), &extra, 1);
}

static enum MHD_Result reply_decision(struct http_exchange *exchange, const struct lt_sent *sent)
{
    switch (sent->state) {
    case LT_SENT_REFUSED:
        problem_set(&exchange->problem, sent->code, "", sent->field, "%s", sent->detail);
        return http_reply_problem_with(exchange, &sent->id, NULL, 0);
    case LT_SENT_ACCEPTED:
    case LT_SENT_DONE:
        return reply_sent(exchange, sent->known ? MHD_HTTP_OK : MHD_HTTP_CREATED, sent);
    case LT_SENT_RECORDED:
        break;
    }
    return reply_sent(exchange, sent->known ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED, sent);
}

/* Waits for the axis in slices; when time is up the state of now is as good an answer. */
static enum lt_status decision_wait(struct http_exchange *exchange, int64_t wait_ms,
                                    struct lt_sent *sent)
{
    bool known = sent->known;
    int64_t until_ms = http_now_ms(exchange) + wait_ms;
    enum lt_status status = LT_OK;
    while (sent->state == LT_SENT_RECORDED && (status == LT_OK || status == LT_TIMEOUT) &&
           http_may_wait(exchange, until_ms)) {
        int64_t left_ms = until_ms - http_now_ms(exchange);
        int slice_ms = left_ms < WAIT_SLICE_MS ? (int)left_ms : WAIT_SLICE_MS;
        status =
            lt_client_wait(exchange->tenant->client, &sent->id, slice_ms > 0 ? slice_ms : 0, sent);
    }
    sent->known = known;
    return status == LT_TIMEOUT ? LT_OK : status;
}

static enum MHD_Result submit(struct http_exchange *exchange, const struct lt_request *request)
{
    struct lt_sent sent;
    uint64_t wait_s = 0;
    if (!http_query_number(exchange, "wait", 0, HTTP_WAIT_S_MAX, 0, &wait_s)) {
        return http_reply_problem(exchange);
    }
    enum lt_status status =
        lt_client_submit(exchange->tenant->client, request, &sent, &exchange->problem);
    if (status != LT_OK) {
        exchange->problem.status = status;
        return http_reply_problem(exchange);
    }
    status = decision_wait(exchange, (int64_t)wait_s * 1000, &sent);
    if (status != LT_OK) {
        return http_reply_status(exchange, status, "");
    }
    return reply_decision(exchange, &sent);
}

static enum lt_status digest_set(struct door_request *door)
{
    struct digester *digester = NULL;
    enum lt_status status = digester_open(&digester);
    if (status == LT_OK) {
        status = door_request_digest(door, digester);
        digester_close(&digester);
    }
    return status;
}

enum MHD_Result http_transfers_post(struct http_exchange *exchange)
{
    struct door_request *door = NULL;
    struct lt_bytes key;
    struct lt_bytes text = {(const uint8_t *)exchange->body.data, exchange->body.size};
    if (!sender_key_take(exchange, NULL, &key) ||
        door_request_read(&door, text, DOOR_HTTP, &exchange->problem) != LT_OK) {
        return http_reply_problem(exchange);
    }
    enum MHD_Result result;
    enum lt_status status = digest_set(door);
    if (status != LT_OK) {
        result = http_reply_status(exchange, status, "");
    } else if (door->from[0] != '\0' && strcmp(door->from, exchange->tenant->agency) != 0) {
        problem_set(&exchange->problem, LT_TOKEN_FOREIGN, "", "from",
                    "%s; the token's agency is %s", door->from, exchange->tenant->agency);
        result = http_reply_problem(exchange);
    } else {
        door->request.sender_key = key;
        result = submit(exchange, &door->request);
    }
    door_request_free(&door);
    return result;
}

/* ---- recall ---- */

static enum lt_status recall_request(struct http_exchange *exchange, char **ret_text,
                                     struct door_request **ret_door)
{
    uint8_t header[LT_HEADER_BYTES_MAX];
    uint32_t size = 0;
    struct lt_bytes text = {(const uint8_t *)exchange->body.data, exchange->body.size};
    enum lt_status status = lt_client_sent_header(exchange->tenant->client, &exchange->id, header,
                                                  sizeof(header), &size);
    if (status != LT_OK) {
        return problem_set(&exchange->problem, status, "", "id", "not one of our transfers");
    }
    status = door_recall_json(&exchange->id, (struct lt_bytes){header, size}, text, ret_text,
                              &exchange->problem);
    if (status == LT_OK) {
        status = door_request_read(ret_door, text_bytes(*ret_text), DOOR_HTTP, &exchange->problem);
    }
    if (status == LT_OK) {
        status = digest_set(*ret_door);
    }
    exchange->problem.status = status;
    return status;
}

enum MHD_Result http_transfers_recall(struct http_exchange *exchange)
{
    char own_key[sizeof("recall:") + ID_TEXT_BYTES] = "recall:";
    struct door_request *door = NULL;
    struct lt_bytes key;
    char *text = NULL;
    enum MHD_Result result;
    id_write(own_key + strlen(own_key), &exchange->id);
    if (!sender_key_take(exchange, own_key, &key) ||
        recall_request(exchange, &text, &door) != LT_OK) {
        result = http_reply_problem(exchange);
    } else {
        assert(door != NULL);
        door->request.sender_key = key;
        result = submit(exchange, &door->request);
    }
    door_request_free(&door);
    free(text);
    return result;
}

/* ---- asking ---- */

enum MHD_Result http_transfers_get(struct http_exchange *exchange)
{
    struct lt_sent sent;
    enum lt_status status = lt_client_sent(exchange->tenant->client, &exchange->id, &sent);
    if (status != LT_OK) {
        return http_reply_status(exchange, status, "id");
    }
    sent.known = false; /* is said of a hand-over, not of a question */
    return http_reply_json(exchange, MHD_HTTP_OK, door_sent_json(&sent));
}

/* Milliseconds or ISO 8601; a '+' of a zone may have become a blank on the way. */
bool http_since_read(struct http_exchange *exchange, int64_t *ret_ms)
{
    char text[48];
    const char *since = http_query(exchange, "since");
    if (since == NULL || since[0] == '\0') {
        *ret_ms = 0;
        return true;
    }
    text_copy(text, sizeof(text), text_bytes(since));
    char *blank = strchr(text, ' ');
    if (blank != NULL) {
        *blank = '+';
    }
    if (time_read(ret_ms, text)) {
        return true;
    }
    uint64_t ms = 0;
    if (!http_query_number(exchange, "since", 0, INT64_MAX / 2, 0, &ms)) {
        problem_set(&exchange->problem, LT_FIELD_BAD, "", "since",
                    "%.40s; wanted: ISO 8601 with a zone, or milliseconds since 1970", since);
        return false;
    }
    *ret_ms = (int64_t)ms;
    return true;
}

static bool filter_read(struct http_exchange *exchange, struct lt_sent_filter *filter)
{
    const char *state = http_query(exchange, "state");
    filter->case_code = http_query(exchange, "case");
    if (filter->case_code != NULL && filter->case_code[0] == '\0') {
        filter->case_code = NULL;
    }
    filter->state = state != NULL ? door_state_by_name(state) : 0;
    if (state != NULL && state[0] != '\0' && filter->state == 0) {
        problem_set(&exchange->problem, LT_FIELD_BAD, "", "state",
                    "%.20s; wanted: recorded, accepted, refused or done", state);
        return false;
    }
    return http_since_read(exchange, &filter->since_ms);
}

enum MHD_Result http_transfers_list(struct http_exchange *exchange)
{
    struct lt_sent_filter filter = {0};
    uint64_t after = 0;
    uint64_t limit = 0;
    if (!filter_read(exchange, &filter) ||
        !http_query_number(exchange, "after", 0, UINT64_MAX / 2, 0, &after) ||
        !http_query_number(exchange, "limit", 1, LIST_MAX, LIST_DEFAULT, &limit)) {
        return http_reply_problem(exchange);
    }
    struct lt_sent *sents = calloc(limit, sizeof(*sents));
    if (sents == NULL) {
        return http_reply_status(exchange, LT_NO_MEMORY, "limit");
    }
    uint32_t count =
        lt_client_sent_list(exchange->tenant->client, &filter, after, sents, (uint32_t)limit);
    char *text = door_sents_json(sents, count, after);
    free(sents);
    return http_reply_json(exchange, MHD_HTTP_OK, text);
}
