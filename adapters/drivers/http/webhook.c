/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Wake-up calls through libcurl, one thread per agency that wants them, so that a dead application
 * delays nobody else's calls. It looks at the client's state a few times a second and calls when
 * the feed's cursor has moved or more deliveries wait than at the last call; while deliveries go on
 * waiting it calls again once a minute. A call that fails is repeated with a growing pause.
 *
 * Limits: 10 s per call, 64 KiB of answer, no redirects, only http and https. The URL comes from
 * the configuration, never from a message. What an answer settles is checked like any other answer;
 * one that cannot be read is logged and settles nothing;
 * one that is no object at all (a login page) counts as a call that failed.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/door_json.h"
#include "adapters/host/json_scan.h"
#include "adapters/host/stopper.h"
#include "adapters/host/text_out.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "webhook.h"

#define LOOK_MS          200
#define REMIND_MS        60000
#define PAUSE_MS_FIRST   5000
#define PAUSE_MS_MAX     300000
#define CALL_MS_MAX      10000L
#define CONNECT_MS_MAX   3000L
#define ANSWER_BYTES_MAX (64 * 1024)
#define NODE_DEFAULT     "default"

struct webhook {
    struct lt_tenant tenant;
    const struct lt_clock *clock;
    struct stopper *stopper;
    pthread_t thread;
    bool thread_runs;
    CURL *curl;
    struct curl_slist *headers;
    /* as of the last call that came through */
    uint64_t cursor;
    uint64_t inbox;
    int64_t called_ms;
    int64_t pause_ms; /* 0: the last call came through */
    int64_t due_ms;
};

static size_t answer_take(char *data, size_t size, size_t count, void *context)
{
    struct text_out *out = context;
    if (out->size + size * count > ANSWER_BYTES_MAX) {
        return 0; /* ends the call as failed */
    }
    text_out_add(out, data, size * count);
    return size * count;
}

/* Empty or an object: a login page or an error document with HTTP 200 is no sign of being heard. */
static bool understood(const struct text_out *answer)
{
    size_t at = 0;
    while (at < answer->size && strchr(" \t\r\n", answer->data[at]) != NULL) {
        at++;
    }
    return at == answer->size || answer->data[at] == '{';
}

static void answer_settle(struct webhook *webhook, const struct text_out *answer)
{
    struct door_answer reply;
    struct lt_problem problem;
    char id[ID_TEXT_BYTES];
    struct lt_bytes text = {(const uint8_t *)answer->data, answer->size};
    door_problem_init(&problem);
    if (json_scan_member(text, "outcome").size == 0) {
        return; /* heard, and no more */
    }
    if (door_reply_read(&reply, text, &problem) != LT_OK) {
        log_warn("webhook-answer-bad", "agency=%s field=%s detail=\"%s\"", webhook->tenant.agency,
                 problem.field, problem.detail);
        return;
    }
    const char *node = reply.node[0] != '\0' ? reply.node : NODE_DEFAULT;
    enum lt_status status =
        lt_client_settle(webhook->tenant.client, &reply.id, reply.leg, node, &reply.answer);
    id_write(id, &reply.id);
    log_info("webhook-settled", "agency=%s id=%s leg=%u code=%s", webhook->tenant.agency, id,
             reply.leg, lt_code(status));
}

/* True when the other side answered 2xx. */
static bool call(struct webhook *webhook, const struct lt_client_state *state)
{
    char body[192];
    struct text_out answer;
    long http = 0;
    text_out_init(&answer);
    snprintf(body, sizeof(body), "{\"agency\":\"%s\",\"cursor\":%" PRIu64 ",\"inbox\":%" PRIu64 "}",
             webhook->tenant.agency, state->last_cursor, state->inbox);
    curl_easy_setopt(webhook->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(webhook->curl, CURLOPT_WRITEDATA, &answer);
    CURLcode error = curl_easy_perform(webhook->curl);
    curl_easy_getinfo(webhook->curl, CURLINFO_RESPONSE_CODE, &http);
    bool heard = error == CURLE_OK && http >= 200 && http < 300;
    if (heard && !understood(&answer)) {
        heard = false;
        log_warn("webhook-faulty", "agency=%s code=%s http=%ld bytes=%zu", webhook->tenant.agency,
                 lt_code(LT_RECEIVER_FAULTY), http, answer.size);
    } else if (heard) {
        answer_settle(webhook, &answer);
    } else {
        log_warn("webhook-failed", "agency=%s http=%ld error=\"%s\"", webhook->tenant.agency, http,
                 curl_easy_strerror(error));
    }
    text_out_deinit(&answer);
    return heard;
}

static bool news(const struct webhook *webhook, const struct lt_client_state *state, int64_t now_ms)
{
    bool more = state->last_cursor > webhook->cursor || state->inbox > webhook->inbox;
    bool reminder = state->inbox > 0 && now_ms >= webhook->called_ms + REMIND_MS;
    return now_ms >= webhook->due_ms && (more || reminder);
}

static void look(struct webhook *webhook)
{
    struct lt_client_state state;
    int64_t now_ms = webhook->clock->mono_ms(webhook->clock->self);
    lt_client_state(webhook->tenant.client, &state);
    if (state.inbox < webhook->inbox) {
        webhook->inbox = state.inbox;
    }
    if (!news(webhook, &state, now_ms)) {
        return;
    }
    webhook->called_ms = now_ms;
    if (call(webhook, &state)) {
        webhook->cursor = state.last_cursor;
        webhook->inbox = state.inbox;
        webhook->pause_ms = 0;
        return;
    }
    int64_t doubled_ms = webhook->pause_ms * 2;
    webhook->pause_ms = webhook->pause_ms == 0 ? PAUSE_MS_FIRST : doubled_ms;
    webhook->pause_ms = webhook->pause_ms < PAUSE_MS_MAX ? webhook->pause_ms : PAUSE_MS_MAX;
    webhook->due_ms = webhook->clock->mono_ms(webhook->clock->self) + webhook->pause_ms;
}

/* Not 0 ends the call that is under way. */
static int call_watch(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct webhook *webhook = context;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return stopper_stopped(webhook->stopper);
}

static void *webhook_run(void *argument)
{
    struct webhook *webhook = argument;
    while (stopper_rest(webhook->stopper, LOOK_MS)) {
        look(webhook);
    }
    return NULL;
}

static enum lt_status curl_prepare(struct webhook *webhook)
{
    webhook->curl = curl_easy_init();
    webhook->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (webhook->curl == NULL || webhook->headers == NULL) {
        return LT_NO_MEMORY;
    }
    CURL *curl = webhook->curl;
    curl_easy_setopt(curl, CURLOPT_URL, webhook->tenant.wake_url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, CALL_MS_MAX);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS_MAX);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, webhook->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "lt-adapter/" LT_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, call_watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, webhook);
    return LT_OK;
}

enum lt_status webhook_open(struct webhook **ret_webhook, const struct lt_tenant *tenant,
                            const struct lt_clock *clock)
{
    struct webhook *webhook = calloc(1, sizeof(*webhook));
    if (webhook == NULL) {
        return LT_NO_MEMORY;
    }
    webhook->tenant = *tenant;
    webhook->clock = clock;
    enum lt_status status = stopper_open(&webhook->stopper);
    if (status == LT_OK) {
        status = curl_prepare(webhook);
    }
    if (status == LT_OK) {
        webhook->thread_runs = pthread_create(&webhook->thread, NULL, webhook_run, webhook) == 0;
        status = webhook->thread_runs ? LT_OK : LT_NO_MEMORY;
    }
    if (status != LT_OK) {
        webhook_close(&webhook);
        return status;
    }
    *ret_webhook = webhook;
    return LT_OK;
}

void webhook_close(struct webhook **webhook_p)
{
    struct webhook *webhook = *webhook_p;
    if (webhook == NULL) {
        return;
    }
    if (webhook->thread_runs) {
        stopper_stop(webhook->stopper);
        pthread_join(webhook->thread, NULL);
    }
    if (webhook->curl != NULL) {
        curl_easy_cleanup(webhook->curl);
    }
    curl_slist_free_all(webhook->headers);
    stopper_close(&webhook->stopper);
    free(webhook);
    *webhook_p = NULL;
}
