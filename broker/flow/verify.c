/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The verifier pool: a queue of submissions to threads, a queue back. Each thread has tools of its
 * own and looks at nothing but the submission in its hands, so threads share only the queues.
 * The queue to the threads is short: when it is full the core checks a frame by itself, which slows
 * intake down by exactly what the threads cannot do.
 *
 * Small frames do not come here (VERIFY_INLINE_BYTES): SHA-256 of a few kilobytes costs less than
 * handing them over and waking the core for the answer.
 */
#include "verify.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "broker/limits.h"
#include "proto/base/queue.h"
#include "proto/header_check.h"
#include "sealing.h"

struct worker {
    struct verify_pool *pool;
    struct verify_tools tools;
    pthread_t thread;
    bool runs;
};

struct verify_pool {
    struct queue *asked;
    struct queue *done;
    struct worker workers[VERIFY_THREADS_MAX];
    uint32_t threads;
    struct verify_tools tools; /* of the core, with no threads */
};

enum lt_status verify_tools_open(struct verify_tools *tools)
{
    struct verify_tools opened = {NULL, NULL};
    enum lt_status status = digester_open(&opened.digester);
    if (status == LT_OK) {
        status = sign_checker_open(&opened.checker);
    }
    if (status != LT_OK) {
        verify_tools_close(&opened);
        return status;
    }
    *tools = opened;
    return LT_OK;
}

void verify_tools_close(struct verify_tools *tools)
{
    digester_close(&tools->digester);
    sign_checker_close(&tools->checker);
}

void verify_submission(const struct verify_tools *tools, struct submission *submission)
{
    for (uint32_t i = 0; i < submission->count; i++) {
        struct checked *checked = &submission->parcels[i];
        if (checked->code == LT_OK) {
            checked->code =
                parcel_check(tools->digester, &checked->parcel, &checked->header, &checked->fault);
        }
    }
    sealing_verify(tools, submission);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    struct verify_pool *pool = worker->pool;
    struct submission *submission;
    while ((submission = queue_wait(pool->asked, -1)) != NULL) {
        verify_submission(&worker->tools, submission);
        bool given = queue_push(pool->done, submission);
        assert(given); /* there are as many places as frames under verification */
    }
    return NULL;
}

static bool put_asked(void *self, struct submission *submission)
{
    struct verify_pool *pool = self;
    return queue_push(pool->asked, submission);
}

static struct submission *take_done(void *self)
{
    struct verify_pool *pool = self;
    if (pool->threads != 0) {
        return queue_pop(pool->done);
    }
    struct submission *submission = queue_pop(pool->asked);
    if (submission != NULL) {
        verify_submission(&pool->tools, submission);
    }
    return submission;
}

static int done_fd(void *self)
{
    struct verify_pool *pool = self;
    return pool->threads == 0 ? -1 : queue_fd(pool->done);
}

static void verify_pool_close(void *self)
{
    struct verify_pool *pool = self;
    if (pool->asked != NULL) {
        queue_stop(pool->asked);
    }
    for (uint32_t i = 0; i < VERIFY_THREADS_MAX; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->runs) {
            pthread_join(worker->thread, NULL);
        }
        verify_tools_close(&worker->tools);
    }
    verify_tools_close(&pool->tools);
    if (pool->asked != NULL) {
        queue_close(&pool->asked);
    }
    if (pool->done != NULL) {
        queue_close(&pool->done);
    }
    free(pool);
}

static enum lt_status start(struct verify_pool *pool, struct worker *worker, struct fault *fault)
{
    worker->pool = pool;
    enum lt_status status = verify_tools_open(&worker->tools);
    if (status != LT_OK) {
        return fault_set(fault, status, "verify", "no tools");
    }
    if (pthread_create(&worker->thread, NULL, run, worker) != 0) {
        return fault_set(fault, LT_LIMIT_BAD, "verify", "cannot start a thread");
    }
    worker->runs = true;
    pool->threads++;
    return LT_OK;
}

enum lt_status verify_pool_open(struct verifier *ret_verifier, uint32_t threads,
                                struct fault *fault)
{
    struct verify_pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "verify", "no memory");
    }
    enum lt_status status = queue_open(&pool->asked, VERIFY_QUEUE_MAX);
    if (status == LT_OK) {
        status = queue_open(&pool->done, VERIFY_FRAMES_MAX);
    }
    if (status == LT_OK) {
        status = verify_tools_open(&pool->tools);
    }
    if (status != LT_OK) {
        fault_set(fault, status, "verify", "no queue");
    }
    for (uint32_t i = 0; status == LT_OK && i < threads && i < VERIFY_THREADS_MAX; i++) {
        status = start(pool, &pool->workers[i], fault);
    }
    if (status != LT_OK) {
        verify_pool_close(pool);
        return status;
    }
    *ret_verifier = (struct verifier){
        .self = pool,
        .inline_bytes = VERIFY_INLINE_BYTES,
        .put = put_asked,
        .take = take_done,
        .fd = done_fd,
        .close = verify_pool_close,
    };
    return LT_OK;
}
