/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Handing transfers over by HTTP: what is recorded and what is known, whose token speaks for whom,
 * what is refused and in which words, waiting for the axis, events, lists, recalls.
 */
#include "http_test.h"

#define ONE                                                                                        \
    "{\"kind\":\"forward\",\"case_code\":\"HS-1\",\"to\":[\"" THEM "\"],"                          \
    "\"procedure\":\"1.001193.000.00.00.H26\",\"body\":{\"a\":1.0,\"b\":\"x\"}}"
#define ONE_AGAIN                                                                                  \
    "{\"body\":{\"b\":\"x\",\"a\":1},\"to\":[\"" THEM "\"],\"case_code\":\"HS-1\","                \
    "\"procedure\":\"1.001193.000.00.00.H26\",\"kind\":\"forward\"}"

static void id_take(const struct reply *reply, char out[ID_TEXT_BYTES])
{
    snprintf(out, ID_TEXT_BYTES, "%.36s", text_of(reply, "id"));
    assert_int_equal(strlen(out), 36);
}

static void recorded_then_known(void **state)
{
    struct door *door = *state;
    char id[ID_TEXT_BYTES];
    char path[96];
    struct reply reply = post(door, "/v1/transfers", "k1", ONE);
    assert_int_equal(reply.status, 202);
    assert_string_equal(text_of(&reply, "state"), "recorded");
    assert_string_equal(text_of(&reply, "sender_key"), "k1");
    assert_true(json_is_false(json_object_get(reply.json, "known")));
    id_take(&reply, id);
    snprintf(path, sizeof(path), "Location: /v1/transfers/%s", id);
    assert_true(has_header(&reply, path));
    reply_free(&reply);
    reply = post(door, "/v1/transfers", "\"k1\"", ONE_AGAIN);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_of(&reply, "id"), id);
    assert_true(json_is_true(json_object_get(reply.json, "known")));
    reply_free(&reply);
    snprintf(path, sizeof(path), "/v1/transfers/%s", id);
    reply = get(door, path);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_of(&reply, "id"), id);
    reply_free(&reply);
    assert_int_equal(lt_client_sent_list(door->first.client, NULL, 0, &(struct lt_sent){0}, 1), 1);
}

static void another_content_is_a_conflict(void **state)
{
    struct door *door = *state;
    assert_status(post(door, "/v1/transfers", "k1", ONE), 202);
    assert_refused(post(door, "/v1/transfers", "k1",
                        "{\"kind\":\"forward\",\"case_code\":\"HS-2\",\"to\":[\"" THEM "\"],"
                        "\"procedure\":\"1.001193.000.00.00.H26\",\"body\":{\"a\":1,\"b\":\"x\"}}"),
                   409, "key-conflict", "case_code");
    assert_refused(post(door, "/v1/transfers", "k1",
                        "{\"kind\":\"forward\",\"case_code\":\"HS-1\",\"to\":[\"" THEM "\"],"
                        "\"procedure\":\"1.001193.000.00.00.H26\",\"body\":{\"a\":2,\"b\":\"x\"}}"),
                   409, "key-conflict", "body");
}

static void keys_have_bounds(void **state)
{
    struct door *door = *state;
    char key[66];
    memset(key, 'k', 65);
    key[65] = '\0';
    assert_refused(post(door, "/v1/transfers", NULL, ONE), 400, "sender-key-bad",
                   "Idempotency-Key");
    assert_refused(post(door, "/v1/transfers", "\"\"", ONE), 400, "sender-key-bad",
                   "Idempotency-Key");
    assert_refused(post(door, "/v1/transfers", key, ONE), 400, "sender-key-bad", "Idempotency-Key");
    key[64] = '\0';
    assert_status(post(door, "/v1/transfers", key, ONE), 202);
}

static void tokens_speak_for_one_agency(void **state)
{
    struct door *door = *state;
    char path[96] = "/v1/transfers/";
    struct reply reply = post(door, "/v1/transfers", "k1", ONE);
    strcat(path, text_of(&reply, "id"));
    reply_free(&reply);
    assert_refused(post(door, "/v1/transfers", "k2",
                        "{\"kind\":\"forward\",\"case_code\":\"HS-1\",\"from\":\"" OTHER "\"}"),
                   403, "token-foreign", "from");
    door->token = OTHER_TOKEN;
    assert_refused(get(door, path), 404, "not-here", "id");
    assert_status(post(door, "/v1/transfers", "k1", ONE), 202); /* its own key, its own box */
    door->token = NULL;
    assert_refused(get(door, path), 401, "token-missing", "");
    door->token = "token-of-the-first-agenc";
    assert_refused(get(door, path), 401, "token-missing", "");
    door->token = TOKEN "x";
    reply = get(door, path);
    assert_true(has_header(&reply, "WWW-Authenticate: Bearer"));
    assert_refused(reply, 401, "token-missing", "");
}

static void refusals_name_their_field(void **state)
{
    struct door *door = *state;
    assert_refused(post(door, "/v1/transfers", "k", "{"), 400, "json-bad", "");
    assert_refused(post(door, "/v1/transfers", "k", ""), 400, "json-bad", "");
    assert_refused(post(door, "/v1/transfers", "k", "{\"kind\":\"forward\"}"), 400, "field-missing",
                   "case_code");
    assert_refused(post(door, "/v1/transfers", "k",
                        "{\"kind\":\"forward\",\"case_code\":\"1\",\"prority\":1}"),
                   400, "field-bad", "prority");
    assert_refused(post(door, "/v1/transfers", "k",
                        "{\"kind\":\"forward\",\"case_code\":\"1\",\"to\":[\"H26\",\"H26\"]}"),
                   400, "field-bad", "to");
    assert_refused(post(door, "/v1/transfers?wait=61", "k", ONE), 400, "field-bad", "wait");
    assert_refused(get(door, "/v2/transfers"), 404, "path-unknown", "");
    assert_refused(get(door, "/v1/transfers/"), 404, "path-unknown", "");
    assert_refused(get(door, "/v1/transfers/1"), 404, "not-here", "{id}");
    struct reply reply = ask_bytes(door, "DELETE", "/v1/transfers", NULL, NULL, 0);
    assert_true(has_header(&reply, "Allow: POST, GET"));
    assert_refused(reply, 405, "method-wrong", "");
}

/* A body that is announced too large is refused before it is sent, when the client waits for that.
 */
static void bodies_have_a_bound(void **state)
{
    struct door *door = *state;
    int fd = dial(door);
    say_text(fd,
             "POST /v1/transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " TOKEN
             "\r\nIdempotency-Key: k\r\nExpect: 100-continue\r\nContent-Length: 16777217\r\n\r\n");
    assert_int_equal(heard_status(fd), 413);
    close(fd);
    fd = dial(door);
    char long_header[70000];
    memset(long_header, 'a', sizeof(long_header));
    say_text(fd, "GET /v1/health HTTP/1.1\r\nHost: x\r\nX: ");
    say(fd, long_header, sizeof(long_header));
    assert_true(heard_status(fd) >= 400);
    close(fd);
}

/* A request in a thread of its own, while the test plays the axis. */
struct asking {
    const struct door *door;
    const char *path;
    const char *key;
    const char *text;
    struct reply reply;
    pthread_t thread;
};

static void *asking_run(void *argument)
{
    struct asking *asking = argument;
    asking->reply = post(asking->door, asking->path, asking->key, asking->text);
    return NULL;
}

static void asking_start(struct asking *asking)
{
    assert_int_equal(pthread_create(&asking->thread, NULL, asking_run, asking), 0);
}

static struct lt_id axis_hears(struct bench *b)
{
    for (int i = 0; i < 500 && b->line.out_count == 0; i++) {
        step(b);
        usleep(10000);
    }
    struct frame frame = hear_submit(b, 1);
    return parcel_id(b, &frame, 0);
}

static void waiting_gives_the_decision(void **state)
{
    struct door *door = *state;
    connect_line(&door->first, 5);
    struct asking asking = {
        .door = door, .path = "/v1/transfers?wait=10", .key = "k1", .text = ONE};
    asking_start(&asking);
    struct lt_id id = axis_hears(&door->first);
    say_verdict(&door->first, &id, LT_OK);
    pthread_join(asking.thread, NULL);
    assert_int_equal(asking.reply.status, 201);
    assert_string_equal(text_of(&asking.reply, "state"), "accepted");
    reply_free(&asking.reply);
    asking =
        (struct asking){.door = door, .path = "/v1/transfers?wait=10", .key = "k2", .text = ONE};
    asking_start(&asking);
    id = axis_hears(&door->first);
    say_verdict(&door->first, &id, LT_AGENCY_UNKNOWN);
    pthread_join(asking.thread, NULL);
    assert_int_equal(strlen(text_of(&asking.reply, "id")), 36);
    assert_refused(asking.reply, 422, "agency-unknown", "");
    assert_status(post(door, "/v1/transfers", "k1", ONE), 200);
}

static void waiting_with_the_line_down_is_recorded(void **state)
{
    struct door *door = *state;
    struct reply reply = post(door, "/v1/transfers?wait=1", "k1", ONE);
    assert_int_equal(reply.status, 202);
    assert_string_equal(text_of(&reply, "state"), "recorded");
    reply_free(&reply);
}

static void events_are_read_again(void **state)
{
    struct door *door = *state;
    connect_line(&door->first, 5);
    assert_status(post(door, "/v1/transfers", "k1", ONE), 202);
    struct lt_id id = axis_hears(&door->first);
    struct reply reply = get(door, "/v1/events");
    assert_int_equal(json_array_size(json_object_get(reply.json, "events")), 0);
    assert_int_equal(number_of(&reply, "next"), 0);
    reply_free(&reply);
    say_verdict(&door->first, &id, LT_OK);
    for (int i = 0; i < 2; i++) {
        reply = get(door, "/v1/events?after=0&wait=5");
        json_t *event = json_array_get(json_object_get(reply.json, "events"), 0);
        assert_string_equal(json_string_value(json_object_get(event, "what")), "accepted");
        assert_int_equal(number_of(&reply, "next"), 1);
        reply_free(&reply);
    }
    reply = get(door, "/v1/events?after=1&wait=1");
    assert_int_equal(json_array_size(json_object_get(reply.json, "events")), 0);
    assert_int_equal(number_of(&reply, "next"), 1);
    reply_free(&reply);
    assert_refused(get(door, "/v1/events?limit=1001"), 400, "field-bad", "limit");
    assert_refused(get(door, "/v1/events?limit=0"), 400, "field-bad", "limit");
    assert_status(get(door, "/v1/events?limit=1000"), 200);
    assert_refused(get(door, "/v1/events?after=-1"), 400, "field-bad", "after");
    assert_refused(get(door, "/v1/events?wait=61"), 400, "field-bad", "wait");
}

static size_t listed(const struct door *door, const char *path)
{
    struct reply reply = get(door, path);
    if (reply.status != 200) {
        fail_msg("%s: %ld %s", path, reply.status, reply.body);
    }
    size_t count = json_array_size(json_object_get(reply.json, "transfers"));
    reply_free(&reply);
    return count;
}

static void lists_are_filtered(void **state)
{
    struct door *door = *state;
    for (int i = 0; i < 3; i++) {
        char key[8];
        char text[128];
        snprintf(key, sizeof(key), "k%d", i);
        snprintf(text, sizeof(text), "{\"kind\":\"forward\",\"case_code\":\"HS-%d\"}", i % 2);
        assert_status(post(door, "/v1/transfers", key, text), 202);
    }
    assert_int_equal(listed(door, "/v1/transfers"), 3);
    assert_int_equal(listed(door, "/v1/transfers?case=HS-0"), 2);
    assert_int_equal(listed(door, "/v1/transfers?case=HS-7"), 0);
    assert_int_equal(listed(door, "/v1/transfers?state=recorded"), 3);
    assert_int_equal(listed(door, "/v1/transfers?state=done"), 0);
    assert_int_equal(listed(door, "/v1/transfers?after=1"), 2);
    assert_int_equal(listed(door, "/v1/transfers?limit=2"), 2);
    assert_int_equal(listed(door, "/v1/transfers?since=2026-09-01T00:00:00+07:00"), 3);
    assert_int_equal(listed(door, "/v1/transfers?since=2026-09-01T00:00:00%2B07:00"), 3);
    assert_int_equal(listed(door, "/v1/transfers?since=2027-01-01T00:00:00Z"), 0);
    assert_int_equal(listed(door, "/v1/transfers?since=1789999999999"), 3);
    assert_int_equal(listed(door, "/v1/transfers?since=1790000000001"), 0);
    assert_refused(get(door, "/v1/transfers?state=lost"), 400, "field-bad", "state");
    assert_refused(get(door, "/v1/transfers?since=yesterday"), 400, "field-bad", "since");
    assert_refused(get(door, "/v1/transfers?limit=1001"), 400, "field-bad", "limit");
}

static void a_recall_goes_where_the_transfer_went(void **state)
{
    struct door *door = *state;
    char path[96];
    char first_id[ID_TEXT_BYTES];
    struct lt_id id;
    uint8_t bytes[LT_HEADER_BYTES_MAX];
    uint32_t size = 0;
    struct reply reply = post(door, "/v1/transfers", "k1", ONE);
    id_take(&reply, first_id);
    snprintf(path, sizeof(path), "/v1/transfers/%s/recall", first_id);
    reply_free(&reply);
    reply = post(door, path, NULL, "{\"reason\":\"chuyển nhầm\"}");
    assert_int_equal(reply.status, 202);
    assert_string_equal(text_of(&reply, "kind"), "recall");
    assert_true(id_read(&id, text_of(&reply, "id")));
    reply_free(&reply);
    assert_int_equal(lt_client_sent_header(door->first.client, &id, bytes, sizeof(bytes), &size),
                     LT_OK);
    struct header header = header_of(&door->first.line, (struct lt_bytes){bytes, size});
    assert_int_equal(header.kind, LT_KIND_RECALL);
    assert_int_equal(header.to_count, 1);
    assert_true(bytes_equal(header.to[0], text_bytes(THEM)));
    assert_true(bytes_equal(header.case_code, text_bytes("HS-1")));
    assert_true(bytes_equal(header.procedure, text_bytes("1.001193")));
    char about[ID_TEXT_BYTES];
    id_write(about, &header.reply_to);
    assert_string_equal(about, first_id);
    assert_status(post(door, path, NULL, "{\"reason\":\"chuyển nhầm\"}"), 200);
    assert_refused(post(door, path, NULL, "{\"reason\":\"khác\"}"), 409, "key-conflict", "body");
    assert_refused(post(door, path, "k9", "{\"why\":\"x\"}"), 400, "field-bad", "why");
    assert_refused(
        post(door, "/v1/transfers/01890a5d-ac96-774b-bcce-b302099a8057/recall", NULL, ""), 404,
        "not-here", "id");
}

static void health_and_the_description_are_open(void **state)
{
    struct door *door = *state;
    struct reply reply = get(door, "/v1/health");
    assert_int_equal(number_of(&reply, "agencies"), 2);
    assert_int_equal(number_of(&reply, "connected"), 0);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(reply.json, "agency"), "agency")), US);
    reply_free(&reply);
    door->token = NULL;
    reply = get(door, "/v1/health");
    assert_int_equal(reply.status, 200);
    assert_null(json_object_get(reply.json, "agency"));
    reply_free(&reply);
    reply = get(door, "/v1/openapi.yaml");
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "openapi: 3.0.3"));
    reply_free(&reply);
}

static void only_loopback_without_tls(void **state)
{
    struct door *door = *state;
    struct lt_driver_options options = door->options;
    struct lt_problem problem = {0};
    void *self = NULL;
    options.listen = "0.0.0.0:0";
    assert_int_equal(lt_driver_http.open(&self, &options, &problem), LT_CONFIG_BAD);
    assert_string_equal(problem.field, "drivers.http.listen");
    assert_null(self);
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
#define TEST(name) cmocka_unit_test_setup_teardown(name, door_setup, door_teardown)
    const struct CMUnitTest tests[] = {
        TEST(recorded_then_known),
        TEST(another_content_is_a_conflict),
        TEST(keys_have_bounds),
        TEST(tokens_speak_for_one_agency),
        TEST(refusals_name_their_field),
        TEST(bodies_have_a_bound),
        TEST(waiting_gives_the_decision),
        TEST(waiting_with_the_line_down_is_recorded),
        TEST(events_are_read_again),
        TEST(lists_are_filtered),
        TEST(a_recall_goes_where_the_transfer_went),
        TEST(health_and_the_description_are_open),
        TEST(only_loopback_without_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
