/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Deliveries by HTTP: leases of two nodes, answers and the first one that stands, what reaches the
 * axis, and the webhook, whose 200 settles nothing.
 */
#include "http_test.h"

#define PLAIN_ID "019b1234-5678-7000-8000-000000000001"

static struct lt_id id_number(uint8_t number)
{
    struct lt_id id;
    assert_true(id_read(&id, PLAIN_ID));
    id.bytes[15] = number;
    return id;
}

static void deliver(struct bench *b, uint8_t number, const char *case_code, const char *body)
{
    struct digester *digester = NULL;
    struct lt_bytes to = text_bytes(US);
    struct header header = {
        .id = id_number(number),
        .sender_key = text_bytes("their-key"),
        .content_digest = {{1}},
        .kind = LT_KIND_FORWARD,
        .from = text_bytes(THEM),
        .to = &to,
        .to_count = 1,
        .case_code = text_bytes(case_code),
        .created_ms = b->time.wall_ms,
        .schema_version = 1,
        .body_type = text_bytes("application/json"),
        .body_size = strlen(body),
    };
    struct delivery item = {.body = text_bytes(body), .position = number, .attempt = 1};
    assert_int_equal(digester_open(&digester), LT_OK);
    header.body_sha256 = digest_of(digester, item.body);
    assert_int_equal(header_write(&header, &b->line.arena, &item.header), LT_OK);
    item.digest = digest_of_two(digester, item.header, item.body);
    digester_close(&digester);
    struct frame frame = {.kind = FRAME_DELIVER};
    frame.deliver = (struct deliver){.items = &item, .count = 1};
    line_say(&b->line, &frame);
    step(b);
}

/* The numbers of the deliveries on a page, as digits: "12". */
static void page_is(const struct door *door, const char *path, const char *wanted)
{
    char found[64] = "";
    struct reply reply = get(door, path);
    json_t *list = json_object_get(reply.json, "deliveries");
    assert_int_equal(reply.status, 200);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *id = json_string_value(json_object_get(json_array_get(list, i), "id"));
        strncat(found, id + 35, 1);
    }
    assert_string_equal(found, wanted);
    reply_free(&reply);
}

static struct reply answer(const struct door *door, uint8_t number, const char *outcome,
                           const char *text)
{
    char path[128];
    char id_text[ID_TEXT_BYTES];
    struct lt_id id = id_number(number);
    id_write(id_text, &id);
    snprintf(path, sizeof(path), "/v1/inbox/%s/0/%s", id_text, outcome);
    return post(door, path, NULL, text);
}

static struct settlement settled(struct bench *b)
{
    for (int i = 0; i < 200 && b->line.out_count == 0; i++) {
        step(b);
        usleep(10000);
    }
    struct frame frame = line_hear_one(&b->line, FRAME_SETTLE);
    assert_int_equal(frame.settle.count, 1);
    return frame.settle.items[0];
}

static void shown_and_taken(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    connect_line(b, 5);
    page_is(door, "/v1/inbox", "");
    deliver(b, 1, "HS-1", "{\"a\":1.50,\"b\":12345678901234567890}");
    struct reply reply = get(door, "/v1/inbox?wait=5&node=n1");
    /* A number that no parser here could hold goes through as it stands. */
    assert_non_null(strstr(reply.body, "\"body\":{\"a\":1.50,\"b\":12345678901234567890}"));
    reply.json = json_loadb(reply.body, reply.size, JSON_DECODE_INT_AS_REAL, NULL);
    json_t *one = json_array_get(json_object_get(reply.json, "deliveries"), 0);
    assert_string_equal(json_string_value(json_object_get(one, "from")), THEM);
    assert_string_equal(json_string_value(json_object_get(one, "case_code")), "HS-1");
    assert_true(json_number_value(json_object_get(one, "attempt")) == 1.0);
    reply_free(&reply);
    reply = answer(door, 1, "taken", "{\"node\":\"n1\"}");
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_of(&reply, "outcome"), "taken");
    reply_free(&reply);
    struct settlement said = settled(b);
    assert_int_equal(said.outcome, LT_OUTCOME_TAKEN);
    assert_status(answer(door, 1, "taken", "{\"node\":\"n1\"}"), 200);
    assert_refused(answer(door, 1, "failed", "{\"node\":\"n1\"}"), 409, "already-settled", "id");
    page_is(door, "/v1/inbox", "");
}

static void two_nodes_share(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    connect_line(b, 5);
    deliver(b, 1, "HS-1", "{}");
    deliver(b, 2, "HS-2", "{}");
    deliver(b, 3, "HS-1", "{}"); /* behind the first of its case */
    page_is(door, "/v1/inbox?node=n1&limit=1", "1");
    page_is(door, "/v1/inbox?node=n2", "2");
    page_is(door, "/v1/inbox?node=n2", "");
    assert_refused(answer(door, 1, "taken", "{\"node\":\"n2\"}"), 409, "lease-lost", "node");
    struct reply reply = post(door, "/v1/inbox/" PLAIN_ID "/0/renew?node=n1&lease=60", NULL, "");
    assert_int_equal(reply.status, 200);
    assert_true(number_of(&reply, "lease_until_ms") > 0);
    reply_free(&reply);
    assert_refused(post(door, "/v1/inbox/" PLAIN_ID "/0/renew?node=n2", NULL, ""), 409,
                   "lease-lost", "node");
    assert_status(answer(door, 1, "taken", "{\"node\":\"n1\"}"), 200);
    page_is(door, "/v1/inbox?node=n1", "3");
}

static void refusals_are_told(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    connect_line(b, 5);
    deliver(b, 1, "HS-1", "{}");
    page_is(door, "/v1/inbox", "1");
    assert_refused(answer(door, 1, "refused", ""), 400, "field-missing", "code");
    assert_refused(answer(door, 1, "refused", "{\"code\":\"ineligible\"}"), 400, "field-missing",
                   "reason");
    assert_refused(answer(door, 1, "lost", ""), 400, "field-bad", "outcome");
    assert_refused(answer(door, 9, "taken", ""), 404, "not-here", "id");
    assert_status(answer(door, 1, "refused",
                         "{\"code\":\"wrong-authority\",\"reason\":\"không thuộc địa bàn\"}"),
                  200);
    struct settlement said = settled(b);
    assert_int_equal(said.outcome, LT_OUTCOME_REFUSED);
    assert_int_equal(said.code, LT_WRONG_AUTHORITY);
    assert_true(bytes_equal(said.reason, text_bytes("không thuộc địa bàn")));
    deliver(b, 2, "HS-2", "{}");
    page_is(door, "/v1/inbox", "2");
    assert_status(answer(door, 2, "failed", "{\"permanent\":true,\"reason\":\"x\"}"), 200);
    said = settled(b);
    assert_int_equal(said.outcome, LT_OUTCOME_FAILED);
    assert_true(said.permanent);
}

static void pages_have_bounds(void **state)
{
    struct door *door = *state;
    assert_refused(get(door, "/v1/inbox?limit=101"), 400, "field-bad", "limit");
    assert_status(get(door, "/v1/inbox?limit=100"), 200);
    assert_refused(get(door, "/v1/inbox?lease=3601"), 400, "field-bad", "lease");
    assert_status(get(door, "/v1/inbox?lease=3600"), 200);
    char path[128] = "/v1/inbox?node=";
    memset(path + strlen(path), 'n', 65);
    assert_refused(get(door, path), 400, "field-bad", "node");
    path[strlen(path) - 1] = '\0';
    assert_status(get(door, path), 200);
}

/* ---- webhook ---- */

struct application {
    struct MHD_Daemon *daemon;
    char url[64];
    pthread_mutex_t mutex;
    uint32_t calls;
    char heard[256];
    const char *answer;
    unsigned int status;
};

static struct application application;

static enum MHD_Result on_wake(void *self, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **context)
{
    static int seen;
    (void)self;
    (void)url;
    (void)method;
    (void)version;
    if (*context == NULL) {
        *context = &seen;
        return MHD_YES;
    }
    pthread_mutex_lock(&application.mutex);
    if (*size > 0) {
        snprintf(application.heard, sizeof(application.heard), "%.*s", (int)*size, data);
        *size = 0;
        pthread_mutex_unlock(&application.mutex);
        return MHD_YES;
    }
    application.calls++;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(application.answer), (void *)(uintptr_t)application.answer, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_queue_response(connection, application.status, response);
    MHD_destroy_response(response);
    pthread_mutex_unlock(&application.mutex);
    return result;
}

static uint32_t calls(void)
{
    pthread_mutex_lock(&application.mutex);
    uint32_t count = application.calls;
    pthread_mutex_unlock(&application.mutex);
    return count;
}

static bool called(uint32_t least)
{
    for (int i = 0; i < 300 && calls() < least; i++) {
        usleep(10000);
    }
    return calls() >= least;
}

static int wake_setup(void **state)
{
    application = (struct application){.status = 200, .answer = "{}"};
    pthread_mutex_init(&application.mutex, NULL);
    application.daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_wake,
                                          NULL, MHD_OPTION_END);
    assert_non_null(application.daemon);
    uint16_t port = MHD_get_daemon_info(application.daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    snprintf(application.url, sizeof(application.url), "http://127.0.0.1:%u/wake", port);
    return door_setup_with(state, application.url, NULL);
}

static int wake_teardown(void **state)
{
    int result = door_teardown(state);
    MHD_stop_daemon(application.daemon);
    return result;
}

static void a_wake_up_settles_nothing(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    struct frame frame;
    connect_line(b, 5);
    application.answer = "{\"ok\":true}";
    deliver(b, 1, "HS-1", "{}");
    assert_true(called(1));
    pthread_mutex_lock(&application.mutex);
    assert_string_equal(application.heard, "{\"agency\":\"" US "\",\"cursor\":0,\"inbox\":1}");
    pthread_mutex_unlock(&application.mutex);
    usleep(400000); /* two looks: the same news is told once */
    assert_int_equal(calls(), 1);
    step(b);
    assert_false(line_hear(&b->line, &frame));
    page_is(door, "/v1/inbox", "1");
}

/* The session of the application ran out, and its server says 200 to everybody. */
static void a_login_page_is_not_heard(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    struct frame frame;
    connect_line(b, 5);
    application.answer = "<html>\"outcome\":\"taken\"</html>";
    deliver(b, 1, "HS-1", "{}");
    assert_true(called(1));
    for (int i = 0; i < 1500 && calls() < 2; i++) {
        usleep(10000); /* news it has not heard is told again, after a pause */
    }
    assert_true(calls() >= 2);
    step(b);
    assert_false(line_hear(&b->line, &frame));
    page_is(door, "/v1/inbox", "1");
}

static void an_answer_settles(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    connect_line(b, 5);
    deliver(b, 1, "HS-1", "{}");
    assert_true(called(1));
    page_is(door, "/v1/inbox?node=app", "1");
    pthread_mutex_lock(&application.mutex);
    application.answer =
        " {\"id\":\"" PLAIN_ID "\",\"leg\":0,\"outcome\":\"taken\",\"node\":\"app\"}";
    pthread_mutex_unlock(&application.mutex);
    deliver(b, 2, "HS-2", "{}");
    assert_true(called(2));
    struct settlement said = settled(b);
    struct lt_id id = id_number(1);
    assert_same_id(&said.id, &id);
    assert_int_equal(said.outcome, LT_OUTCOME_TAKEN);
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
#define TEST(name) cmocka_unit_test_setup_teardown(name, door_setup, door_teardown)
    const struct CMUnitTest tests[] = {
        TEST(shown_and_taken),
        TEST(two_nodes_share),
        TEST(refusals_are_told),
        TEST(pages_have_bounds),
        cmocka_unit_test_setup_teardown(a_wake_up_settles_nothing, wake_setup, wake_teardown),
        cmocka_unit_test_setup_teardown(a_login_page_is_not_heard, wake_setup, wake_teardown),
        cmocka_unit_test_setup_teardown(an_answer_settles, wake_setup, wake_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
