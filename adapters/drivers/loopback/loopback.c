/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The smallest driver there is, and so the one to read first: a receiving system that takes
 * everything. It serves demonstrations, load tests and the first day of an agency whose own system
 * is not connected yet.
 *
 * One thread per agency: take deliveries on lease, rest for pause_ms (0: not at all), with
 * answer_results hand over a result for each forward, then settle as taken. The result is handed
 * over before the forward is settled and has a sender key made of the delivery, so a crash between
 * the two repeats the hand-over and makes nothing twice: the rule for every driver that answers.
 *
 * It is its own local system, so it also answers for it: what it took since it started is held,
 * what is older than its start it cannot know about.
 *
 * A delivery that cannot be answered (the box is full, the header unreadable) is given back with
 * "later" or "failed"; nothing is dropped.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/host/asker.h"
#include "adapters/host/stopper.h"
#include "proto/base/arena.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include <lienthong/adapter.h>

#define NODE              "loopback"
#define BATCH             32
#define LEASE_MS          60000
#define WAIT_MS           500
#define RETRY_MS          5000
#define STATUS_RETURNED   10
#define ARENA_CHUNK_BYTES (64 * 1024)
#define ARENA_BYTES_MAX   (1024 * 1024)
#define TAKEN_MAX         16384 /* remembered; older ones are not known any more */

/* One leg that was taken: the local system's memory. */
struct taken {
    struct lt_id id;
    uint32_t leg;
};

/* One agency and its thread. */
struct taker {
    struct loopback *loopback;
    struct lt_client *client;
    pthread_t thread;
    bool runs;
    struct asker *asker;
    int64_t started_ms;
    pthread_mutex_t mutex; /* of what follows */
    struct taken *taken;   /* a ring of TAKEN_MAX */
    uint64_t taken_count;  /* ever */
};

struct loopback {
    struct lt_driver_options options;
    struct stopper *stopper;
    struct taker *takers;
};

static int64_t wall_ms(const struct loopback *loopback)
{
    const struct lt_clock *clock = loopback->options.clock;
    return clock->wall_ms(clock->self);
}

/* ---- answering a forward ---- */

/* A text of the header with a NUL behind it; NULL when it is absent or memory is short. */
static const char *text_in(struct arena *arena, struct lt_bytes text)
{
    return text.size > 0 ? (const char *)arena_copy(arena, text).data : NULL;
}

static enum lt_status result_submit(struct taker *taker, const struct lt_delivery *delivery,
                                    const struct header *header, struct arena *arena)
{
    static const char body[] = "{\"result\":\"loopback\"}";
    char key[sizeof("result:") + ID_TEXT_BYTES + 4];
    char id[ID_TEXT_BYTES];
    const char *const to[] = {delivery->from};
    struct lt_sent sent;
    struct lt_problem problem = {0};
    id_write(id, &delivery->id);
    snprintf(key, sizeof(key), "result:%s-%u", id, delivery->leg);
    const struct lt_request request = {
        .sender_key = text_bytes(key),
        .kind = LT_KIND_RESULT,
        .to = to,
        .to_count = 1,
        .locality = text_in(arena, header->locality),
        .case_code = text_in(arena, header->case_code),
        .procedure = text_in(arena, header->procedure_raw),
        .reply_to = delivery->id,
        .priority = header->priority,
        .body_type = "application/json",
        .body = text_bytes(body),
        .business_present = true,
        /* The acceptance's own time: a repeated hand-over must have the same content. */
        .business = {.status = STATUS_RETURNED,
                     .event_ms = delivery->accepted_ms,
                     .e_result = true},
    };
    enum lt_status status = lt_client_submit(taker->client, &request, &sent, &problem);
    if (status != LT_OK) {
        log_warn("loopback-result-refused", "id=%s code=%s field=%s detail=\"%s\"", id,
                 lt_code(status), problem.field, problem.detail);
    }
    return status;
}

static enum lt_status answer_forward(struct taker *taker, const struct lt_delivery *delivery)
{
    struct arena arena;
    struct header header;
    struct fault fault;
    fault_init(&fault);
    if (arena_init(&arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX) != LT_OK) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = header_read(delivery->header, &arena, &header, &fault);
    if (status == LT_OK && header.kind == LT_KIND_FORWARD) {
        status = result_submit(taker, delivery, &header, &arena);
    }
    arena_deinit(&arena);
    return status;
}

/* ---- what it holds ---- */

static void remember(struct taker *taker, const struct lt_delivery *delivery)
{
    pthread_mutex_lock(&taker->mutex);
    taker->taken[taker->taken_count++ % TAKEN_MAX] = (struct taken){delivery->id, delivery->leg};
    pthread_mutex_unlock(&taker->mutex);
}

static bool remembered(struct taker *taker, const struct lt_question *question, bool *ret_all)
{
    bool found = false;
    pthread_mutex_lock(&taker->mutex);
    uint64_t count = taker->taken_count < TAKEN_MAX ? taker->taken_count : TAKEN_MAX;
    for (uint64_t i = 0; i < count && !found; i++) {
        const struct taken *one = &taker->taken[i];
        found = one->leg == question->leg && memcmp(&one->id, &question->id, sizeof(one->id)) == 0;
    }
    *ret_all = taker->taken_count <= TAKEN_MAX;
    pthread_mutex_unlock(&taker->mutex);
    return found;
}

static void held_ask(void *self, const struct asker *asker, const struct lt_question *question,
                     struct lt_held_answer *ret_answer)
{
    struct taker *taker = self;
    bool all = false;
    (void)asker;
    snprintf(ret_answer->by, sizeof(ret_answer->by), "loopback");
    if (question->ping || (!question->sent && remembered(taker, question, &all))) {
        ret_answer->held = LT_HELD_YES;
        ret_answer->outcome = question->ping ? LT_OUTCOME_NONE : LT_OUTCOME_TAKEN;
    } else if (all && !question->sent && id_time_ms(&question->id) >= taker->started_ms) {
        ret_answer->held = LT_HELD_NO;
    } else {
        snprintf(ret_answer->reason, sizeof(ret_answer->reason), "older than its memory");
    }
}

/* ---- the thread ---- */

static void settle(struct taker *taker, const struct lt_delivery *delivery, enum lt_status status)
{
    struct lt_answer answer = {
        .outcome = LT_OUTCOME_TAKEN,
        .decided_ms = wall_ms(taker->loopback),
    };
    if (status != LT_OK && lt_class(status) == LT_CLASS_REFUSE) {
        answer.outcome = LT_OUTCOME_FAILED;
        answer.code = LT_RECEIVER_NEVER;
        answer.permanent = true;
        answer.reason = lt_error(status)->vi;
    } else if (status != LT_OK) {
        answer.outcome = LT_OUTCOME_LATER;
        answer.code = LT_RECEIVER_UNREACHABLE;
        answer.retry_after_ms = RETRY_MS;
        answer.reason = lt_error(status)->vi;
    }
    if (answer.outcome == LT_OUTCOME_TAKEN) {
        remember(taker, delivery); /* taken first, told afterwards: like any local system */
    }
    enum lt_status settled =
        lt_client_settle(taker->client, &delivery->id, delivery->leg, NODE, &answer);
    if (settled != LT_OK) {
        char id[ID_TEXT_BYTES];
        id_write(id, &delivery->id);
        log_warn("loopback-settle-failed", "id=%s leg=%u code=%s", id, delivery->leg,
                 lt_code(settled));
    }
}

static void *taker_run(void *argument)
{
    struct taker *taker = argument;
    struct loopback *loopback = taker->loopback;
    struct lt_delivery deliveries[BATCH];
    while (!stopper_stopped(loopback->stopper)) {
        uint32_t count = lt_client_inbox(taker->client, NODE, LEASE_MS, WAIT_MS, deliveries, BATCH);
        if (count == 0) {
            continue;
        }
        bool goes_on = stopper_rest(loopback->stopper, (int)loopback->options.pause_ms);
        for (uint32_t i = 0; i < count && goes_on; i++) {
            enum lt_status status = LT_OK;
            if (loopback->options.answer_results && !deliveries[i].restored) {
                status = answer_forward(taker, &deliveries[i]);
            }
            settle(taker, &deliveries[i], status);
        }
        lt_inbox_release(deliveries, count);
    }
    return NULL;
}

/* ---- life ---- */

static void loopback_close(void **self_p)
{
    struct loopback *loopback = *self_p;
    if (loopback == NULL) {
        return;
    }
    if (loopback->stopper != NULL) {
        stopper_stop(loopback->stopper);
    }
    for (uint32_t i = 0; loopback->takers != NULL && i < loopback->options.tenants_count; i++) {
        asker_close(&loopback->takers[i].asker);
        if (loopback->takers[i].runs) {
            pthread_join(loopback->takers[i].thread, NULL);
        }
        free(loopback->takers[i].taken);
        pthread_mutex_destroy(&loopback->takers[i].mutex);
    }
    stopper_close(&loopback->stopper);
    free(loopback->takers);
    free(loopback);
    *self_p = NULL;
}

static enum lt_status taker_start(struct loopback *loopback, struct taker *taker,
                                  struct lt_client *client)
{
    const struct asker_options options = {client, taker, held_ask};
    taker->loopback = loopback;
    taker->client = client;
    taker->started_ms = wall_ms(loopback);
    taker->taken = calloc(TAKEN_MAX, sizeof(*taker->taken));
    if (taker->taken == NULL) {
        return LT_NO_MEMORY;
    }
    taker->runs = pthread_create(&taker->thread, NULL, taker_run, taker) == 0;
    return taker->runs ? asker_open(&taker->asker, &options) : LT_NO_MEMORY;
}

static enum lt_status takers_start(struct loopback *loopback)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < loopback->options.tenants_count; i++) {
        pthread_mutex_init(&loopback->takers[i].mutex, NULL);
    }
    for (uint32_t i = 0; i < loopback->options.tenants_count && status == LT_OK; i++) {
        status = taker_start(loopback, &loopback->takers[i], loopback->options.tenants[i].client);
    }
    return status;
}

static enum lt_status loopback_open(void **ret_self, const struct lt_driver_options *options,
                                    struct lt_problem *problem)
{
    struct loopback *loopback = calloc(1, sizeof(*loopback));
    enum lt_status status = loopback != NULL ? LT_OK : LT_NO_MEMORY;
    if (status == LT_OK) {
        loopback->options = *options;
        loopback->takers = calloc(options->tenants_count + 1, sizeof(*loopback->takers));
        status = loopback->takers != NULL ? stopper_open(&loopback->stopper) : LT_NO_MEMORY;
    }
    if (status == LT_OK) {
        status = takers_start(loopback);
    }
    void *self = loopback;
    if (status != LT_OK) {
        problem->status = status;
        snprintf(problem->field, sizeof(problem->field), "drivers.loopback");
        loopback_close(&self);
        return status;
    }
    *ret_self = self;
    return LT_OK;
}

const struct lt_driver lt_driver_loopback = {"loopback", loopback_open, loopback_close};
