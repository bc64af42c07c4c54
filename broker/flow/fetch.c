/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The fetch pool: a queue of positions to threads, a queue of copied facts back. Each request owns
 * its memory until the core releases it. Threads touch nothing of the core but journal_read, which
 * is made for that.
 */
#include "fetch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/fact_seal.h"
#include "broker/limits.h"
#include "proto/base/queue.h"

#define FETCH_THREADS_MAX 4

struct request {
    uint64_t position; /* of the transfer */
    uint64_t at;       /* of its bytes */
    uint32_t agency;
    enum lt_status status;
    struct arena arena;
    struct fact fact;
    struct fact seal;
};

struct asked {
    uint64_t position;
    uint32_t agency;
};

struct fetch {
    const struct journal *journal;
    struct queue *asked;
    struct queue *done;
    pthread_t threads[FETCH_THREADS_MAX];
    uint32_t threads_count;
    struct asked waiting[FETCH_WAITING_MAX]; /* on their way */
    uint32_t waiting_count;
};

static void read_one(const struct journal *journal, struct request *request)
{
    request->status = journal_read(journal, request->at, &request->arena, &request->fact);
    if (request->status == LT_OK) {
        uint64_t seal = fact_seal_position(&request->fact);
        if (seal != 0 && journal_read(journal, seal, &request->arena, &request->seal) != LT_OK) {
            request->seal.position = 0; /* without it: what is there is not held up by it */
        }
    }
}

static void *run(void *argument)
{
    struct fetch *fetch = argument;
    struct request *request;
    while ((request = queue_wait(fetch->asked, -1)) != NULL) {
        read_one(fetch->journal, request);
        /* The queue back has room for everything that can be asked. */
        if (!queue_push(fetch->done, request)) {
            arena_deinit(&request->arena);
            free(request);
        }
    }
    return NULL;
}

enum lt_status fetch_open(struct fetch **ret_fetch, const struct journal *journal, uint32_t threads,
                          struct fault *fault)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    enum lt_status status = LT_NO_MEMORY;
    if (fetch == NULL) {
        return fault_set(fault, status, "fetch", "no memory");
    }
    fetch->journal = journal;
    status = queue_open(&fetch->asked, FETCH_WAITING_MAX);
    if (status != LT_OK) {
        goto done;
    }
    status = queue_open(&fetch->done, FETCH_WAITING_MAX);
    if (status != LT_OK) {
        goto done;
    }
    for (uint32_t i = 0; i < threads && i < FETCH_THREADS_MAX; i++) {
        if (pthread_create(&fetch->threads[i], NULL, run, fetch) != 0) {
            status = fault_set(fault, LT_NO_MEMORY, "fetch", "cannot start a thread");
            goto done;
        }
        fetch->threads_count++;
    }
    *ret_fetch = fetch;
    return LT_OK;
done:
    fetch_close(&fetch);
    return status;
}

static void drain(struct queue *queue)
{
    struct request *request;
    while (queue != NULL && (request = queue_pop(queue)) != NULL) {
        arena_deinit(&request->arena);
        free(request);
    }
}

void fetch_close(struct fetch **fetch_p)
{
    struct fetch *fetch = *fetch_p;
    if (fetch == NULL) {
        return;
    }
    if (fetch->asked != NULL) {
        queue_stop(fetch->asked);
    }
    for (uint32_t i = 0; i < fetch->threads_count; i++) {
        pthread_join(fetch->threads[i], NULL);
    }
    drain(fetch->asked);
    drain(fetch->done);
    if (fetch->asked != NULL) {
        queue_close(&fetch->asked);
    }
    if (fetch->done != NULL) {
        queue_close(&fetch->done);
    }
    free(fetch);
    *fetch_p = NULL;
}

static const struct asked *on_its_way(const struct fetch *fetch, uint64_t position)
{
    for (uint32_t i = 0; i < fetch->waiting_count; i++) {
        if (fetch->waiting[i].position == position) {
            return &fetch->waiting[i];
        }
    }
    return NULL;
}

uint32_t fetch_room(const struct fetch *fetch)
{
    return FETCH_BYTES_MAX / JOURNAL_FACT_BYTES_MAX - fetch->waiting_count;
}

bool fetch_ask(struct fetch *fetch, uint64_t position, uint64_t at, uint32_t agency)
{
    const struct asked *asked = on_its_way(fetch, position);
    if (asked != NULL) {
        return asked->agency == agency; /* only the one who asked is woken by it */
    }
    if (fetch_room(fetch) == 0) {
        return false;
    }
    struct request *request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return false;
    }
    request->position = position;
    request->at = at;
    request->agency = agency;
    if (arena_init(&request->arena, 4096, JOURNAL_FACT_BYTES_MAX + 8192) != LT_OK) {
        free(request);
        return false;
    }
    if (!queue_push(fetch->asked, request)) {
        arena_deinit(&request->arena);
        free(request);
        return false;
    }
    fetch->waiting[fetch->waiting_count++] = (struct asked){position, agency};
    return true;
}

bool fetch_done(struct fetch *fetch, struct fetched *ret_fetched)
{
    struct request *request;
    if (fetch->threads_count == 0) {
        request = queue_pop(fetch->asked);
        if (request != NULL) {
            read_one(fetch->journal, request);
        }
    } else {
        request = queue_pop(fetch->done);
    }
    if (request == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < fetch->waiting_count; i++) {
        if (fetch->waiting[i].position == request->position) {
            fetch->waiting[i] = fetch->waiting[--fetch->waiting_count];
            break;
        }
    }
    *ret_fetched = (struct fetched){
        .position = request->position,
        .agency = request->agency,
        .status = request->status,
        .fact = request->fact,
        .seal = request->seal,
        .memory = request,
    };
    return true;
}

void fetch_release(struct fetch *fetch, struct fetched *fetched)
{
    (void)fetch;
    struct request *request = fetched->memory;
    arena_deinit(&request->arena);
    free(request);
    fetched->memory = NULL;
}

int fetch_fd(const struct fetch *fetch)
{
    return fetch->threads_count == 0 ? -1 : queue_fd(fetch->done);
}
