/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * "Do you hold it?" at the HTTP door: what an application answers to held_url or at the pull door,
 * and which answers are none.
 */
#include "http_test.h"

#include <microhttpd.h>

/* An application that is asked. */
struct application {
    struct MHD_Daemon *daemon;
    pthread_mutex_t mutex;
    char url[64];
    char heard[512]; /* the last question's query, NAME=VALUE; */
    const char *answer;
    const char *type;
    unsigned int status;
};

static struct application application;

static enum MHD_Result query_take(void *self, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    size_t used = strlen(application.heard);
    (void)self;
    (void)kind;
    snprintf(application.heard + used, sizeof(application.heard) - used, "%s=%s;", name,
             value != NULL ? value : "");
    return MHD_YES;
}

static enum MHD_Result on_held(void *self, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **context)
{
    (void)self;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    *size = 0; /* a body is not looked at */
    (void)context;
    pthread_mutex_lock(&application.mutex);
    application.heard[0] = '\0';
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, query_take, NULL);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(application.answer), (void *)(uintptr_t)application.answer, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", application.type);
    if (application.status == 302) {
        MHD_add_response_header(response, "Location", "/login");
    }
    enum MHD_Result result = MHD_queue_response(connection, application.status, response);
    MHD_destroy_response(response);
    pthread_mutex_unlock(&application.mutex);
    return result;
}

static int held_setup(void **state)
{
    application = (struct application){
        .status = 200, .answer = "{\"held\":true}", .type = "application/json"};
    pthread_mutex_init(&application.mutex, NULL);
    application.daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_held,
                                          NULL, MHD_OPTION_END);
    assert_non_null(application.daemon);
    uint16_t port = MHD_get_daemon_info(application.daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    snprintf(application.url, sizeof(application.url), "http://127.0.0.1:%u/held?v=1", port);
    return door_setup_with(state, NULL, application.url);
}

static int held_teardown(void **state)
{
    int result = door_teardown(state);
    MHD_stop_daemon(application.daemon);
    return result;
}

static void answers_with(unsigned int status, const char *type, const char *answer)
{
    pthread_mutex_lock(&application.mutex);
    application.status = status;
    application.type = type;
    application.answer = answer;
    pthread_mutex_unlock(&application.mutex);
}

static const struct lt_id one = {{1, 0x9b, 3, 4, 5, 6, 0x70, 8, 0x80, 0, 0, 0, 0, 0, 0, 1}};

static void ask(struct bench *b, const struct held_item *item)
{
    struct held_item copy = *item;
    struct frame frame = {.kind = FRAME_HELD_ASK, .held_ask = {&copy, 1}};
    line_say(&b->line, &frame);
    step(b);
}

static struct held_said hear_said(struct bench *b)
{
    struct frame frame = {.kind = FRAME_NONE};
    for (int i = 0; i < 500; i++) {
        step(b);
        if (line_hear(&b->line, &frame)) {
            break;
        }
        usleep(10000);
    }
    assert_int_equal(frame.kind, FRAME_HELD_ANSWER);
    assert_int_equal(frame.held_answer.count, 1);
    return frame.held_answer.items[0];
}

static enum lt_held said(struct bench *b, unsigned int status, const char *type, const char *answer)
{
    static uint64_t number;
    answers_with(status, type, answer);
    struct held_item item = {.number = ++number, .id = one, .leg = 3};
    ask(b, &item);
    struct held_said heard = hear_said(b);
    assert_int_equal(heard.number, number);
    return heard.held;
}

static void the_application_is_asked(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    connect_line(b, 5);
    answers_with(
        200, "application/json",
        "{\"held\":true,\"outcome\":\"taken\",\"time_ms\":1790000000000,\"reason\":\"sổ 7\"}");
    struct held_item item = {.number = 9, .id = one, .leg = 3, .position = 77};
    ask(b, &item);
    struct held_said heard = hear_said(b);
    assert_int_equal(heard.held, LT_HELD_YES);
    assert_int_equal(heard.outcome, LT_OUTCOME_TAKEN);
    assert_int_equal(heard.time_ms, 1790000000000);
    assert_true(bytes_equal(heard.reason, text_bytes("sổ 7")));
    assert_int_equal(heard.by.size, strlen("GET ") + strlen(application.url));
    pthread_mutex_lock(&application.mutex);
    assert_string_equal(application.heard, "v=1;id=019b0304-0506-7008-8000-000000000001;leg=3;");
    pthread_mutex_unlock(&application.mutex);

    struct held_item ping = {.number = 10};
    ask(b, &ping);
    assert_int_equal(hear_said(b).held, LT_HELD_YES);
    pthread_mutex_lock(&application.mutex);
    assert_string_equal(application.heard, "v=1;ping=1;");
    pthread_mutex_unlock(&application.mutex);
}

/* Every way not to answer; "no" above all must be a clear one. */
static void only_a_clear_word_counts(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    const char *json = "application/json";
    connect_line(b, 5);
    assert_int_equal(said(b, 200, json, "{\"held\":false}"), LT_HELD_NO);
    assert_int_equal(said(b, 200, "text/html", "<html><form>login</form></html>"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 302, "text/html", ""), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 404, json, "{\"held\":false}"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 500, json, "{\"held\":true}"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 200, json, ""), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 200, json, "{}"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 200, json, "{\"held\":null}"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 200, json, "{\"held\":\"no\"}"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 200, json, "{\"held\":0}"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 200, json, "[{\"held\":false}]"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 200, json, "{\"held\":false,\"outcome\":\"maybe\"}"), LT_HELD_UNKNOWN);
    assert_int_equal(said(b, 200, json, "{\"held\":true,\"id\":\"x\",\"leg\":3}"), LT_HELD_YES);
}

/* ---- the pull door ---- */

static void an_application_that_cannot_be_called_asks_for_questions(void **state)
{
    struct door *door = *state;
    struct bench *b = &door->first;
    char path[64];
    connect_line(b, 5);
    struct reply reply = get(door, "/v1/questions");
    assert_int_equal(json_array_size(json_object_get(reply.json, "questions")), 0);
    assert_int_equal(number_of(&reply, "next"), 0);
    reply_free(&reply);

    struct held_item item = {.number = 9, .id = one, .leg = 3};
    ask(b, &item);
    reply = get(door, "/v1/questions?wait=5");
    json_t *question = json_array_get(json_object_get(reply.json, "questions"), 0);
    assert_string_equal(json_string_value(json_object_get(question, "id")),
                        "019b0304-0506-7008-8000-000000000001");
    assert_int_equal(json_integer_value(json_object_get(question, "leg")), 3);
    snprintf(path, sizeof(path), "/v1/questions/%lld",
             (long long)json_integer_value(json_object_get(question, "number")));
    reply_free(&reply);

    assert_refused(post(door, path, NULL, "{}"), 400, "field-missing", "held");
    assert_refused(post(door, path, NULL, "{\"held\":1}"), 400, "field-missing", "held");
    door->token = OTHER_TOKEN; /* another agency's question */
    assert_refused(post(door, path, NULL, "{\"held\":false}"), 404, "not-here", "number");
    door->token = TOKEN;
    assert_status(post(door, path, NULL, "{\"held\":false}"), 200);
    assert_int_equal(hear_said(b).held, LT_HELD_NO);
    assert_refused(post(door, path, NULL, "{\"held\":true}"), 404, "not-here", "number");
    assert_refused(post(door, "/v1/questions/x", NULL, "{\"held\":true}"), 404, "not-here",
                   "{number}");
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_application_is_asked, held_setup, held_teardown),
        cmocka_unit_test_setup_teardown(only_a_clear_word_counts, held_setup, held_teardown),
        cmocka_unit_test_setup_teardown(an_application_that_cannot_be_called_asks_for_questions,
                                        door_setup, door_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
