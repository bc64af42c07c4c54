/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The callback "do you hold it?" through libcurl, on a thread of its own per agency (host/asker.h).
 * The URL comes from the configuration; what is added to it is percent-encoded, because case codes
 * and sender keys are whatever the local software has made them.
 *
 * How it fails: always towards "unknown", with a reason that people can act on. A redirect is not
 * followed (it leads to a login page), HTML is not looked into, a member that is not in the table
 * is not guessed at. Limits: CALL_MS_MAX per call, 64 KiB of answer.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/asker.h"
#include "adapters/host/door_json.h"
#include "adapters/host/text_out.h"
#include "held.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define CALL_MS_MAX      6000L
#define CONNECT_MS_MAX   2000L
#define ANSWER_BYTES_MAX (64 * 1024)

struct http_held {
    struct lt_tenant tenant;
    CURL *curl;
    struct curl_slist *headers;
    struct asker *asker;
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

/* Not 0 ends the call that is under way. */
static int call_watch(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return asker_stopped(context);
}

/* NAME=VALUE, encoded, after what the URL has already. */
static void part_add(struct http_held *held, struct text_out *url, const char *name,
                     struct lt_bytes value)
{
    if (value.size == 0) {
        return;
    }
    char *encoded = curl_easy_escape(held->curl, (const char *)value.data, (int)value.size);
    bool first = memchr(url->data, '?', url->size) == NULL;
    text_out_format(url, "%c%s=%s", first ? '?' : '&', name, encoded != NULL ? encoded : "");
    url->failed = url->failed || encoded == NULL;
    curl_free(encoded);
}

static char *url_of(struct http_held *held, const struct lt_question *question)
{
    struct text_out url;
    char id[ID_TEXT_BYTES];
    char leg[16];
    text_out_init(&url);
    text_out_text(&url, held->tenant.held_url);
    if (question->ping) {
        part_add(held, &url, "ping", text_bytes("1"));
        return text_out_take(&url, NULL);
    }
    id_write(id, &question->id);
    snprintf(leg, sizeof(leg), "%u", question->leg);
    part_add(held, &url, "id", text_bytes(id));
    part_add(held, &url, "leg", text_bytes(leg));
    part_add(held, &url, "case", text_bytes(question->case_code));
    part_add(held, &url, "from", text_bytes(question->from));
    part_add(held, &url, "sender_key",
             (struct lt_bytes){question->sender_key, question->sender_key_size});
    part_add(held, &url, "sent", text_bytes(question->sent ? "1" : ""));
    return text_out_take(&url, NULL);
}

/* What came back as a word; anything but a clear one is unknown. */
static void reply_class(const struct lt_question *question, long http, const struct text_out *text,
                        struct lt_held_answer *ret_answer)
{
    struct lt_problem problem;
    struct lt_held_answer answer = {.held = LT_HELD_UNKNOWN};
    door_problem_init(&problem);
    struct lt_bytes bytes = {(const uint8_t *)text->data, text->size};
    enum lt_status status = http == 200 ? door_held_read(&answer, bytes, &problem) : LT_OK;
    if (http != 200) {
        snprintf(ret_answer->reason, sizeof(ret_answer->reason), "HTTP %ld", http);
    } else if (status != LT_OK) {
        snprintf(ret_answer->reason, sizeof(ret_answer->reason), "HTTP 200, but no answer: %s %s",
                 problem.field, problem.detail);
    } else {
        memcpy(answer.by, ret_answer->by, sizeof(answer.by));
        *ret_answer = answer;
    }
    if (question->ping && ret_answer->held == LT_HELD_NO) {
        ret_answer->held = LT_HELD_YES; /* it spoke */
    }
}

static void held_call(void *self, const struct asker *asker, const struct lt_question *question,
                      struct lt_held_answer *ret_answer)
{
    struct http_held *held = self;
    struct text_out text;
    long http = 0;
    char *url = url_of(held, question);
    snprintf(ret_answer->by, sizeof(ret_answer->by), "GET %.100s", held->tenant.held_url);
    if (url == NULL) {
        snprintf(ret_answer->reason, sizeof(ret_answer->reason), "no memory");
        return;
    }
    text_out_init(&text);
    curl_easy_setopt(held->curl, CURLOPT_URL, url);
    curl_easy_setopt(held->curl, CURLOPT_WRITEDATA, &text);
    curl_easy_setopt(held->curl, CURLOPT_XFERINFODATA, (void *)(uintptr_t)asker);
    CURLcode error = curl_easy_perform(held->curl);
    curl_easy_getinfo(held->curl, CURLINFO_RESPONSE_CODE, &http);
    if (error != CURLE_OK) {
        snprintf(ret_answer->reason, sizeof(ret_answer->reason), "%s", curl_easy_strerror(error));
    } else {
        reply_class(question, http, &text, ret_answer);
    }
    if (ret_answer->held == LT_HELD_UNKNOWN) {
        log_warn("held-unknown", "agency=%s number=%llu reason=\"%s\"", held->tenant.agency,
                 (unsigned long long)question->number, ret_answer->reason);
    }
    text_out_deinit(&text);
    free(url);
}

static enum lt_status curl_prepare(struct http_held *held)
{
    held->curl = curl_easy_init();
    held->headers = curl_slist_append(NULL, "Accept: application/json");
    if (held->curl == NULL || held->headers == NULL) {
        return LT_NO_MEMORY;
    }
    CURL *curl = held->curl;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, CALL_MS_MAX);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS_MAX);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, held->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "lt-adapter/" LT_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, call_watch);
    return LT_OK;
}

enum lt_status http_held_open(struct http_held **ret_held, const struct lt_tenant *tenant)
{
    struct http_held *held = calloc(1, sizeof(*held));
    if (held == NULL) {
        return LT_NO_MEMORY;
    }
    held->tenant = *tenant;
    const struct asker_options options = {tenant->client, held, held_call};
    enum lt_status status = curl_prepare(held);
    if (status == LT_OK) {
        status = asker_open(&held->asker, &options);
    }
    if (status != LT_OK) {
        http_held_close(&held);
        return status;
    }
    *ret_held = held;
    return LT_OK;
}

void http_held_close(struct http_held **held_p)
{
    struct http_held *held = *held_p;
    if (held == NULL) {
        return;
    }
    asker_close(&held->asker);
    if (held->curl != NULL) {
        curl_easy_cleanup(held->curl);
    }
    curl_slist_free_all(held->headers);
    free(held);
    *held_p = NULL;
}
