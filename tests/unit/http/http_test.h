/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_UNIT_HTTP_HTTP_TEST_H
#define TESTS_UNIT_HTTP_HTTP_TEST_H

/*
 * The HTTP door on a free loopback port over two real clients, whose boxes are on disk and whose
 * line to the axis is played by the test. Requests go through libcurl, or through a bare socket
 * where a well-behaved client would not do what is tested.
 */
#include "unit/sdk/sdk_test.h"

#include <curl/curl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <lienthong/adapter.h>

#include "adapters/drivers/http/exchange.h"

#define OTHER       "H26.99.2"
#define TOKEN       "token-of-the-first-agency"
#define OTHER_TOKEN "token-of-the-other-agency"
#define HEADERS_MAX 8

struct door {
    struct bench first;
    struct bench other;
    struct lt_tenant tenants[2];
    struct lt_driver_options options;
    void *self;
    uint16_t port;
    const char *token; /* sent with every request; NULL: none */
};

struct reply {
    long status;
    char *body;
    size_t size;
    char headers[4096];
    json_t *json; /* NULL when the body is no JSON */
};

static inline int door_setup_with(void **state, const char *wake_url, const char *held_url)
{
    struct door *door = calloc(1, sizeof(*door));
    struct lt_problem problem = {0};
    assert_non_null(door);
    bench_init(&door->first);
    bench_init(&door->other);
    lt_client_close(&door->other.client);
    door->other.options.agency = OTHER;
    /* a box belongs to one agency */
    folder_drop(door->other.folder);
    door->other.folder = folder_take();
    door->other.options.folder = door->other.folder;
    bench_open(&door->other);
    door->tenants[0] = (struct lt_tenant){.client = door->first.client,
                                          .agency = US,
                                          .token = TOKEN,
                                          .wake_url = wake_url,
                                          .held_url = held_url};
    door->tenants[1] =
        (struct lt_tenant){.client = door->other.client, .agency = OTHER, .token = OTHER_TOKEN};
    door->options = (struct lt_driver_options){
        .tenants = door->tenants,
        .tenants_count = 2,
        .listen = "127.0.0.1:0",
        .clock = clock_os(),
    };
    enum lt_status status = lt_driver_http.open(&door->self, &door->options, &problem);
    if (status != LT_OK) {
        fail_msg("open: %s %s %s", lt_code(status), problem.field, problem.detail);
    }
    door->port = http_port(door->self);
    door->token = TOKEN;
    assert_true(door->port > 0);
    *state = door;
    return 0;
}

static inline int door_setup(void **state)
{
    return door_setup_with(state, NULL, NULL);
}

static inline int door_teardown(void **state)
{
    struct door *door = *state;
    lt_driver_http.close(&door->self);
    assert_null(door->self);
    bench_deinit(&door->first);
    bench_deinit(&door->other);
    free(door);
    return 0;
}

static size_t reply_take(char *data, size_t size, size_t count, void *context)
{
    struct reply *reply = context;
    char *larger = realloc(reply->body, reply->size + size * count + 1);
    assert_non_null(larger);
    reply->body = larger;
    memcpy(reply->body + reply->size, data, size * count);
    reply->size += size * count;
    reply->body[reply->size] = '\0';
    return size * count;
}

static size_t header_take(char *data, size_t size, size_t count, void *context)
{
    struct reply *reply = context;
    size_t used = strlen(reply->headers);
    if (used + size * count < sizeof(reply->headers)) {
        memcpy(reply->headers + used, data, size * count);
        reply->headers[used + size * count] = '\0';
    }
    return size * count;
}

/* `headers` ends with NULL and may be NULL; `body` NULL sends none. */
static inline struct reply ask_bytes(const struct door *door, const char *method, const char *path,
                                     const char *const *headers, const void *body, size_t size)
{
    char url[512];
    char bearer[128];
    struct reply reply = {.body = strdup("")};
    CURL *curl = curl_easy_init();
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    assert_non_null(curl);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", door->port, path);
    if (door->token != NULL) {
        snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", door->token);
        list = curl_slist_append(list, bearer);
    }
    for (; headers != NULL && *headers != NULL; headers++) {
        list = curl_slist_append(list, *headers);
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, reply_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header_take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOBODY, strcmp(method, "HEAD") == 0 ? 1L : 0L);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    CURLcode error = curl_easy_perform(curl);
    if (error != CURLE_OK) {
        fail_msg("%s %s: %s", method, path, curl_easy_strerror(error));
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    reply.json = json_loadb(reply.body, reply.size, 0, NULL);
    return reply;
}

static inline void reply_free(struct reply *reply)
{
    json_decref(reply->json);
    free(reply->body);
    *reply = (struct reply){0};
}

static inline struct reply get(const struct door *door, const char *path)
{
    return ask_bytes(door, "GET", path, NULL, NULL, 0);
}

/* POST of a text; `key` NULL: without Idempotency-Key. */
static inline struct reply post(const struct door *door, const char *path, const char *key,
                                const char *text)
{
    char line[160];
    const char *headers[] = {"Content-Type: application/json", NULL, NULL};
    if (key != NULL) {
        snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
        headers[1] = line;
    }
    return ask_bytes(door, "POST", path, headers, text, strlen(text));
}

static inline const char *text_of(const struct reply *reply, const char *name)
{
    const char *text = json_string_value(json_object_get(reply->json, name));
    return text != NULL ? text : "";
}

static inline int64_t number_of(const struct reply *reply, const char *name)
{
    return json_integer_value(json_object_get(reply->json, name));
}

static inline bool has_header(const struct reply *reply, const char *line)
{
    return strcasestr(reply->headers, line) != NULL;
}

/* The reply is this refusal; frees it. */
static inline void assert_refused(struct reply reply, long status, const char *code,
                                  const char *field)
{
    if (reply.status != status || strcmp(text_of(&reply, "code"), code) != 0 ||
        strcmp(text_of(&reply, "field"), field) != 0) {
        fail_msg("wanted %ld %s %s, got %ld %s", status, code, field, reply.status, reply.body);
    }
    assert_true(has_header(&reply, "Content-Type: application/problem+json"));
    assert_true(strlen(text_of(&reply, "title")) > 0);
    assert_int_equal(number_of(&reply, "status"), status);
    reply_free(&reply);
}

static inline void assert_status(struct reply reply, long status)
{
    if (reply.status != status) {
        fail_msg("wanted %ld, got %ld %s", status, reply.status, reply.body);
    }
    reply_free(&reply);
}

/* ---- bare sockets ---- */

static inline int dial(const struct door *door)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(door->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static inline void say(int fd, const void *data, size_t size)
{
    assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), (ssize_t)size);
}

static inline void say_text(int fd, const char *text)
{
    say(fd, text, strlen(text));
}

/* The status line's number of what comes back; 0 when nothing does. */
static inline long heard_status(int fd)
{
    char text[64] = "";
    ssize_t got = recv(fd, text, sizeof(text) - 1, 0);
    return got > 12 ? strtol(text + 9, NULL, 10) : 0;
}

#endif
