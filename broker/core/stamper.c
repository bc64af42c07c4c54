/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The stamper's thread: wait until a stamp is due, take the newest checkpoint, ask the authority
 * over HTTP, check the answer, write two files. It is the broker's only user of libcurl.
 *
 * The authority may be away, slow, behind a login page, or wrong; each ends as a failure with a
 * name, kept for status and alarms, and is tried again with growing pauses. Nobody waits for it:
 * receipts and checkpoints go out without stamps, and a stamp made later covers them as well.
 * An answer that does not count is not kept.
 */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/queue.h"
#include "proto/base/text.h"
#include "proto/digest.h"
#include "stamper.h"

#define CONNECT_MS_MAX 10000
#define LOOK_MS        1000 /* how often a checkpoint is looked for when none is there yet */
#define IDLE_MS        60000
#define PATH_BYTES     4096
#define URL_BYTES      512

/* What a reload may change. */
struct orders {
    char url[URL_BYTES];
    struct timestamp_trust *trust; /* NULL while there is no url */
    int64_t every_ms;
};

struct stamper {
    struct stamper_options options; /* its texts are not looked at any more */
    char folder[PATH_BYTES];
    struct orders orders;
    struct digester *digester;
    CURL *curl;
    struct curl_slist *headers;
    struct queue *sleep; /* waiting on it is a pause that a change or the end cuts short */
    pthread_t thread;
    atomic_bool stop;
    int64_t due_mono_ms;
    uint32_t failures;
    uint8_t note[STAMPER_NOTE_BYTES_MAX];
    uint8_t reply[TIMESTAMP_REPLY_BYTES_MAX];
    size_t reply_size;
    pthread_mutex_t lock; /* of state and next */
    struct stamper_state state;
    struct orders next;
    bool changed; /* next is to be taken up */
};

/* ---- files ---- */

static void path_of(const struct stamper *stamper, uint64_t size, const char *kind,
                    char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%.*s/%020" PRIu64 ".%s", PATH_BYTES - 64, stamper->folder, size,
             kind);
}

static bool has_answer(const struct stamper *stamper, uint64_t size)
{
    char path[PATH_BYTES];
    uint8_t *data = NULL;
    size_t bytes = 0;
    path_of(stamper, size, "tsr", path);
    enum lt_status status = file_read(path, TIMESTAMP_REPLY_BYTES_MAX, &data, &bytes, NULL);
    free(data);
    return status == LT_OK && bytes > 0;
}

static uint64_t newest_answer(const struct stamper *stamper)
{
    uint64_t newest = 0;
    DIR *folder = opendir(stamper->folder);
    if (folder == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char *end = NULL;
        uint64_t size = strtoull(entry->d_name, &end, 10);
        if (end == entry->d_name + 20 && strcmp(end, ".tsr") == 0 && size > newest) {
            newest = size;
        }
    }
    closedir(folder);
    return newest;
}

/* What was stamped last, before this start: judged at its own time, with its own note. */
static void recall(struct stamper *stamper)
{
    char path[PATH_BYTES];
    uint8_t *note = NULL;
    uint8_t *reply = NULL;
    size_t note_size = 0;
    size_t reply_size = 0;
    struct timestamp timestamp;
    uint64_t size = newest_answer(stamper);
    path_of(stamper, size, "note", path);
    if (size == 0 || stamper->orders.trust == NULL ||
        file_read(path, STAMPER_NOTE_BYTES_MAX, &note, &note_size, NULL) != LT_OK) {
        return;
    }
    path_of(stamper, size, "tsr", path);
    if (file_read(path, TIMESTAMP_REPLY_BYTES_MAX, &reply, &reply_size, NULL) == LT_OK) {
        struct timestamp_question question = {
            .digest = digest_of(stamper->digester, (struct lt_bytes){note, note_size})};
        struct fault fault;
        fault_init(&fault);
        enum timestamp_finding finding =
            timestamp_check(stamper->orders.trust, &question, (struct lt_bytes){reply, reply_size},
                            &timestamp, &fault);
        if (finding == TIMESTAMP_GOOD) {
            stamper->state.size = size;
            stamper->state.time_ms = timestamp.time_ms;
        } else {
            log_error("timestamp-kept-bad", "size=%" PRIu64 " finding=%s detail=%s", size,
                      timestamp_finding_name(finding), fault.detail);
        }
    }
    free(note);
    free(reply);
}

static enum lt_status keep(struct stamper *stamper, uint64_t size, size_t note_size,
                           struct fault *fault)
{
    char path[PATH_BYTES];
    path_of(stamper, size, "note", path);
    enum lt_status status =
        file_write(path, (struct lt_bytes){stamper->note, note_size}, 0644, fault);
    if (status == LT_OK) {
        path_of(stamper, size, "tsr", path);
        status =
            file_write(path, (struct lt_bytes){stamper->reply, stamper->reply_size}, 0644, fault);
    }
    return status;
}

/* ---- the call ---- */

static size_t take_reply(char *data, size_t unit, size_t count, void *self)
{
    struct stamper *stamper = self;
    size_t size = unit * count;
    if (size > sizeof(stamper->reply) - stamper->reply_size) {
        return 0; /* the call ends with an error */
    }
    memcpy(stamper->reply + stamper->reply_size, data, size);
    stamper->reply_size += size;
    return size;
}

static int still_wanted(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct stamper *stamper = self;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(&stamper->stop) ? 1 : 0;
}

static enum lt_status curl_make(struct stamper *stamper)
{
    const struct stamper_options *options = &stamper->options;
    stamper->headers = curl_slist_append(NULL, "Content-Type: application/timestamp-query");
    stamper->curl = curl_easy_init();
    CURL *curl = stamper->curl;
    if (curl == NULL || stamper->headers == NULL) {
        return LT_NO_MEMORY;
    }
    curl_easy_setopt(curl, CURLOPT_URL, stamper->orders.url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)options->call_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS_MAX);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, stamper->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "lienthongd/" LT_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_reply);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, stamper);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, still_wanted);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, stamper);
    return LT_OK;
}

/* True when there is an answer to look at; else why not is in the fault. */
static bool call(struct stamper *stamper, const uint8_t *request, size_t size, struct fault *fault)
{
    CURL *curl = stamper->curl;
    long answer = 0;
    char *type = NULL;
    stamper->reply_size = 0;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)size);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_WRITE_ERROR) {
        fault_set(fault, LT_FIELD_BAD, "too-long", "more than %d bytes", TIMESTAMP_REPLY_BYTES_MAX);
        return false;
    }
    if (code != CURLE_OK) {
        fault_set(fault, LT_PEER_GONE, "no-answer", "%s", curl_easy_strerror(code));
        return false;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    if (answer != 200 || type == NULL || strncmp(type, "application/timestamp-reply", 27) != 0) {
        fault_set(fault, LT_FIELD_BAD, "not-a-reply", "HTTP %ld, %s", answer,
                  type == NULL ? "no type" : type);
        return false;
    }
    return true;
}

/* ---- one stamp ---- */

static void failed(struct stamper *stamper, bool wrong, const char *why, const char *detail)
{
    const struct lt_clock *clock = stamper->options.clock;
    int64_t pause_ms = stamper->options.retry_ms;
    for (uint32_t i = 0; i < stamper->failures && pause_ms < STAMPER_RETRY_MS_MAX; i++) {
        pause_ms *= 2;
    }
    pause_ms = pause_ms < STAMPER_RETRY_MS_MAX ? pause_ms : STAMPER_RETRY_MS_MAX;
    stamper->failures++;
    stamper->due_mono_ms = clock->mono_ms(clock->self) + pause_ms;
    log_warn("timestamp-failed", "why=%s detail=%s try=%u again_ms=%" PRId64, why, detail,
             stamper->failures, pause_ms);
    pthread_mutex_lock(&stamper->lock);
    struct stamper_state *state = &stamper->state;
    if (state->failures == 0) {
        state->failing_since_ms = clock->wall_ms(clock->self);
    }
    state->failures = stamper->failures;
    state->wrong = wrong;
    text_copy(state->why, sizeof(state->why), text_bytes(why));
    text_copy(state->detail, sizeof(state->detail), text_bytes(detail));
    pthread_mutex_unlock(&stamper->lock);
}

static void stamped(struct stamper *stamper, uint64_t size, int64_t time_ms)
{
    const struct lt_clock *clock = stamper->options.clock;
    stamper->failures = 0;
    stamper->due_mono_ms = clock->mono_ms(clock->self) + stamper->orders.every_ms;
    pthread_mutex_lock(&stamper->lock);
    stamper->state = (struct stamper_state){.size = size, .time_ms = time_ms};
    pthread_mutex_unlock(&stamper->lock);
}

static void stamp(struct stamper *stamper, uint64_t size, size_t note_size)
{
    const struct lt_clock *clock = stamper->options.clock;
    const struct lt_entropy *entropy = stamper->options.entropy;
    uint8_t request[TIMESTAMP_REQUEST_BYTES_MAX];
    struct timestamp timestamp;
    struct fault fault;
    fault_init(&fault);
    struct timestamp_question question = {
        .digest = digest_of(stamper->digester, (struct lt_bytes){stamper->note, note_size}),
        .now_ms = clock->wall_ms(clock->self)};
    entropy->fill(entropy->self, &question.nonce, sizeof(question.nonce));
    question.nonce |= 1; /* never none */
    size_t request_size = timestamp_request(&question, request);
    if (request_size == 0) {
        failed(stamper, false, "request", "the library makes no request");
        return;
    }
    if (!call(stamper, request, request_size, &fault)) {
        failed(stamper, false, fault.field, fault.detail);
        return;
    }
    enum timestamp_finding finding =
        timestamp_check(stamper->orders.trust, &question,
                        (struct lt_bytes){stamper->reply, stamper->reply_size}, &timestamp, &fault);
    if (finding != TIMESTAMP_GOOD) {
        failed(stamper, true, timestamp_finding_name(finding), fault.detail);
        return;
    }
    if (keep(stamper, size, note_size, &fault) != LT_OK) {
        failed(stamper, false, "disk", fault.detail);
        return;
    }
    log_info("timestamp", "size=%" PRIu64 " time_ms=%" PRId64 " serial=%s authority=%s", size,
             timestamp.time_ms, timestamp.serial, timestamp.authority);
    stamped(stamper, size, timestamp.time_ms);
}

/* ---- the thread ---- */

/* Looks whether something is to be stamped; how long to wait before the next look. */
static int64_t step(struct stamper *stamper)
{
    const struct lt_clock *clock = stamper->options.clock;
    const struct stamper_source *source = &stamper->options.source;
    uint64_t size = 0;
    size_t note_size = 0;
    int64_t left_ms = stamper->due_mono_ms - clock->mono_ms(clock->self);
    if (stamper->orders.trust == NULL) {
        return IDLE_MS;
    }
    if (left_ms > 0) {
        return left_ms;
    }
    if (!source->newest(source->self, &size, stamper->note, &note_size) || size == 0) {
        return LOOK_MS;
    }
    if (size == stamper->state.size || has_answer(stamper, size)) {
        return LOOK_MS; /* nothing has been added since */
    }
    stamp(stamper, size, note_size);
    return 0;
}

/* The first stamp is due when the last one is old enough; at once when there is none. */
static void first_due(struct stamper *stamper)
{
    const struct lt_clock *clock = stamper->options.clock;
    int64_t age_ms = clock->wall_ms(clock->self) - stamper->state.time_ms;
    int64_t left_ms = stamper->orders.every_ms - age_ms;
    stamper->due_mono_ms = clock->mono_ms(clock->self);
    if (stamper->state.size != 0 && left_ms > 0 && left_ms <= stamper->orders.every_ms) {
        stamper->due_mono_ms += left_ms;
    }
}

static void take_change(struct stamper *stamper)
{
    struct timestamp_trust *before = NULL;
    pthread_mutex_lock(&stamper->lock);
    bool changed = stamper->changed;
    if (changed) {
        before = stamper->orders.trust;
        stamper->orders = stamper->next;
        stamper->next = (struct orders){.trust = NULL};
        stamper->changed = false;
        stamper->failures = 0;
        stamper->state.failures = 0;
        stamper->state.failing_since_ms = 0;
    }
    pthread_mutex_unlock(&stamper->lock);
    if (changed) {
        timestamp_trust_close(&before);
        curl_easy_setopt(stamper->curl, CURLOPT_URL, stamper->orders.url);
        first_due(stamper);
    }
}

static void *run(void *self)
{
    struct stamper *stamper = self;
    while (!atomic_load(&stamper->stop)) {
        take_change(stamper);
        int64_t wait_ms = step(stamper);
        if (wait_ms > 0) {
            (void)queue_wait(stamper->sleep, wait_ms > IDLE_MS ? IDLE_MS : (int)wait_ms);
        }
    }
    return NULL;
}

/* ---- from outside ---- */

static enum lt_status orders_make(const struct stamper_options *options, struct orders *ret_orders,
                                  struct fault *fault)
{
    const char *policy =
        options->policy == NULL || options->policy[0] == '\0' ? NULL : options->policy;
    struct orders orders = {.every_ms = options->every_ms};
    text_copy(orders.url, sizeof(orders.url), text_bytes(options->url));
    if (orders.url[0] != '\0') {
        enum lt_status status = timestamp_trust_open(options->trust, policy, &orders.trust, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    *ret_orders = orders;
    return LT_OK;
}

enum lt_status stamper_open(struct stamper **ret_stamper, const struct stamper_options *options,
                            struct fault *fault)
{
    struct stamper *stamper = calloc(1, sizeof(*stamper));
    if (stamper == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "stamper", "%zu bytes", sizeof(*stamper));
    }
    stamper->options = *options;
    stamper->options.retry_ms = options->retry_ms > 0 ? options->retry_ms : STAMPER_RETRY_FIRST_MS;
    stamper->options.call_ms = options->call_ms > 0 ? options->call_ms : STAMPER_CALL_MS_MAX;
    pthread_mutex_init(&stamper->lock, NULL);
    text_copy(stamper->folder, sizeof(stamper->folder), text_bytes(options->folder));
    enum lt_status status = folder_make(options->folder, 0755, fault);
    if (status == LT_OK) {
        status = orders_make(options, &stamper->orders, fault);
    }
    if (status == LT_OK) {
        status = digester_open(&stamper->digester);
    }
    if (status == LT_OK) {
        status = curl_make(stamper);
    }
    if (status == LT_OK) {
        status = queue_open(&stamper->sleep, 1);
    }
    if (status == LT_OK) {
        recall(stamper);
        first_due(stamper);
        if (pthread_create(&stamper->thread, NULL, run, stamper) != 0) {
            queue_close(&stamper->sleep);
            status = fault_set(fault, LT_NO_MEMORY, "stamper", "thread");
        }
    }
    if (status != LT_OK) {
        stamper_close(&stamper);
        return status;
    }
    *ret_stamper = stamper;
    return LT_OK;
}

void stamper_close(struct stamper **stamper_p)
{
    struct stamper *stamper = *stamper_p;
    if (stamper == NULL) {
        return;
    }
    *stamper_p = NULL;
    if (stamper->sleep != NULL) {
        atomic_store(&stamper->stop, true);
        queue_stop(stamper->sleep);
        pthread_join(stamper->thread, NULL);
        queue_close(&stamper->sleep);
    }
    if (stamper->curl != NULL) {
        curl_easy_cleanup(stamper->curl);
    }
    curl_slist_free_all(stamper->headers);
    digester_close(&stamper->digester);
    timestamp_trust_close(&stamper->orders.trust);
    timestamp_trust_close(&stamper->next.trust);
    pthread_mutex_destroy(&stamper->lock);
    free(stamper);
}

enum lt_status stamper_change(struct stamper *stamper, const struct stamper_options *options,
                              struct fault *fault)
{
    struct orders next;
    enum lt_status status = orders_make(options, &next, fault);
    if (status != LT_OK) {
        return status;
    }
    pthread_mutex_lock(&stamper->lock);
    struct timestamp_trust *unused = stamper->next.trust;
    stamper->next = next;
    stamper->changed = true;
    pthread_mutex_unlock(&stamper->lock);
    timestamp_trust_close(&unused);
    if (!queue_push(stamper->sleep, stamper)) {
        return LT_OK; /* full is awake */
    }
    return LT_OK;
}

void stamper_state(struct stamper *stamper, struct stamper_state *ret_state)
{
    pthread_mutex_lock(&stamper->lock);
    *ret_state = stamper->state;
    pthread_mutex_unlock(&stamper->lock);
}

bool stamper_late(const struct stamper_state *state, int64_t every_ms, int64_t now_ms)
{
    bool long_ago = now_ms - state->failing_since_ms > every_ms;
    return state->failures > 0 && (state->wrong || state->size == 0 || long_ago);
}
