/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The two threads of the attachments and the queues between them and the core.
 *
 *   agencies <--> blob thread (blob_server) --- to_finish --> finisher (verify, fsync, rename)
 *                     ^   |  ^------------------ finished ------'
 *                orders   events
 *                     |   v
 *                     core (journals, answers, orders orphans away)
 *
 * One errand per upload goes round; answers and orders for orphans travel in one queue, in the
 * order the core gave them. That order is what keeps an orphan order from removing a file whose
 * fact the core has just journaled: at that moment its upload is still in the table.
 *
 * When idle the finisher also walks the folders, a few entries a second, and removes what nobody
 * holds and unfinished uploads nobody went on with, both after BLOB_ORPHAN_MS. Every queue is large
 * enough for all there can be, so no push between these threads fails.
 */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "blob_server.h"
#include "proto/base/log.h"

#define COLLECTS_MAX  256
#define IDLE_MS       100
#define FINISHER_MS   1000
#define WALK_ENTRIES  64
#define WALK_PAUSE_MS (60LL * 60 * 1000)
#define ERRANDS_MAX   (BLOB_TRANSFERS_MAX + COLLECTS_MAX + 1)

struct finisher {
    pthread_t thread;
    bool started;
    struct digester *digester;
    struct blob_walk walk;
    bool walking;
    int64_t walk_at_ms; /* monotonic: when the next walk begins */
};

struct blobs {
    const struct lt_clock *clock;
    struct blob_rights rights;
    struct blob_store *store;
    struct blob_server *server;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    struct finisher finisher;
    struct queue *to_finish;
    struct queue *finished;
    struct queue *events;
    struct queue *orders;
    struct queue *collects;
    struct errand collect_errands[COLLECTS_MAX];

    pthread_mutex_t lock; /* of what follows */
    struct blob_policy policy;
    struct blobs_stat stat;
    uint64_t orphans;
};

static void *port_run(void *argument);
static void *finisher_run(void *argument);

static enum lt_status queues_open(struct blobs *blobs)
{
    struct queue **queues[] = {&blobs->to_finish, &blobs->finished, &blobs->events, &blobs->orders,
                               &blobs->collects};
    for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        enum lt_status status = queue_open(queues[i], ERRANDS_MAX);
        if (status != LT_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < COLLECTS_MAX; i++) {
        bool kept = queue_push(blobs->collects, &blobs->collect_errands[i]);
        assert(kept);
    }
    return LT_OK;
}

static enum lt_status threads_start(struct blobs *blobs, struct fault *fault)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&blobs->finisher.thread, NULL, finisher_run, blobs);
    blobs->finisher.started = error == 0;
    if (error == 0) {
        error = pthread_create(&blobs->thread, NULL, port_run, blobs);
        blobs->started = error == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        return fault_set(fault, LT_NO_MEMORY, "blobs", "thread: %s", strerrordesc_np(error));
    }
    return LT_OK;
}

enum lt_status blobs_open(struct blobs **ret_blobs, const struct blobs_options *options,
                          struct fault *fault)
{
    struct blobs *blobs = calloc(1, sizeof(*blobs));
    if (blobs == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "blobs", "%zu bytes", sizeof(*blobs));
    }
    blobs->clock = options->clock;
    blobs->rights = options->rights;
    blobs->policy = options->policy;
    pthread_mutex_init(&blobs->lock, NULL);
    enum lt_status status = blob_store_open(&blobs->store, options->folder, fault);
    if (status == LT_OK) {
        status = queues_open(blobs);
    }
    if (status == LT_OK) {
        status = digester_open(&blobs->finisher.digester);
    }
    if (status != LT_OK) {
        fault_set(fault, status, "blobs", "start");
        goto done;
    }
    const struct blob_server_options server_options = {.store = blobs->store,
                                                       .port = options->port,
                                                       .clock = options->clock,
                                                       .rights = options->rights,
                                                       .policy = options->policy,
                                                       .seed = options->seed,
                                                       .to_finish = blobs->to_finish,
                                                       .finished = blobs->finished,
                                                       .events = blobs->events,
                                                       .orders = blobs->orders,
                                                       .collects = blobs->collects};
    status = blob_server_open(&blobs->server, &server_options, fault);
    if (status != LT_OK) {
        goto done;
    }
    status = threads_start(blobs, fault);
    if (status != LT_OK) {
        goto done;
    }
    *ret_blobs = blobs;
    return LT_OK;
done:
    blobs_close(&blobs);
    return status;
}

void blobs_close(struct blobs **blobs_p)
{
    struct blobs *blobs = *blobs_p;
    if (blobs == NULL) {
        return;
    }
    *blobs_p = NULL;
    atomic_store(&blobs->stop, true);
    if (blobs->started) {
        pthread_join(blobs->thread, NULL);
    }
    if (blobs->finisher.started) {
        queue_stop(blobs->to_finish);
        pthread_join(blobs->finisher.thread, NULL);
    }
    blob_server_close(&blobs->server);
    digester_close(&blobs->finisher.digester);
    struct queue **queues[] = {&blobs->to_finish, &blobs->finished, &blobs->events, &blobs->orders,
                               &blobs->collects};
    for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        queue_close(queues[i]);
    }
    blob_store_close(&blobs->store);
    pthread_mutex_destroy(&blobs->lock);
    free(blobs);
}

/* ---- the core's side ---- */

struct queue *blobs_events(struct blobs *blobs)
{
    return blobs->events;
}

void blobs_answer(struct blobs *blobs, struct blob_event *event, enum lt_status status)
{
    struct errand *errand =
        (struct errand *)(void *)((char *)event - offsetof(struct errand, event));
    assert(errand->kind == ERRAND_TELL);
    errand->status = status;
    bool passed = queue_push(blobs->orders, errand);
    assert(passed);
}

bool blobs_collect(struct blobs *blobs, const struct lt_digest *sha256)
{
    struct errand *errand = queue_pop(blobs->collects);
    if (errand == NULL) {
        return false;
    }
    memset(errand, 0, sizeof(*errand));
    errand->kind = ERRAND_COLLECT;
    errand->event.sha256 = *sha256;
    errand->fd = -1;
    bool passed = queue_push(blobs->orders, errand);
    assert(passed);
    return true;
}

void blobs_policy(struct blobs *blobs, const struct blob_policy *policy)
{
    pthread_mutex_lock(&blobs->lock);
    blobs->policy = *policy;
    pthread_mutex_unlock(&blobs->lock);
}

void blobs_stat(struct blobs *blobs, struct blobs_stat *ret_stat)
{
    pthread_mutex_lock(&blobs->lock);
    struct blobs_stat stat = blobs->stat;
    stat.orphans = blobs->orphans;
    pthread_mutex_unlock(&blobs->lock);
    *ret_stat = stat;
}

/* ---- the blob thread ---- */

static void *port_run(void *argument)
{
    struct blobs *blobs = argument;
    while (!atomic_load(&blobs->stop)) {
        pthread_mutex_lock(&blobs->lock);
        blobs->server->options.policy = blobs->policy;
        blobs->stat = blobs->server->stat;
        pthread_mutex_unlock(&blobs->lock);
        if (!blob_server_step(blobs->server)) {
            blob_server_wait(blobs->server, IDLE_MS);
        }
    }
    return NULL;
}

/* ---- the finisher ---- */

static void run_errand(struct blobs *blobs, struct errand *errand)
{
    struct fault fault;
    fault_init(&fault);
    if (errand->kind == ERRAND_COLLECT) {
        errand->status = blob_delete(blobs->store, &errand->event.sha256);
    } else {
        errand->status =
            partial_finish(blobs->store, blobs->finisher.digester, errand->event.agency,
                           &errand->event.sha256, errand->event.size, errand->fd, &fault);
    }
    if (lt_class(errand->status) == LT_CLASS_STOP) {
        log_error("blob-disk", "status=%s where=%s detail=%s", lt_code(errand->status), fault.field,
                  fault.detail);
    }
    bool passed = queue_push(blobs->finished, errand);
    assert(passed);
}

/* What has lain untouched long enough and belongs to nobody. */
static bool left_over(struct blobs *blobs, const struct blob_found *found)
{
    int64_t now_ms = blobs->clock->wall_ms(blobs->clock->self);
    if (now_ms - found->changed_ms <= BLOB_ORPHAN_MS) {
        return false;
    }
    return found->place == BLOB_PARTIAL ||
           blobs->rights.is_held(blobs->rights.self, &found->sha256) == LT_NOT_FOUND;
}

static void remove_left_over(struct blobs *blobs, const struct blob_found *found)
{
    if (found->place == BLOB_PARTIAL) {
        partial_remove(blobs->store, found->agency, &found->sha256);
    } else if (blob_delete(blobs->store, &found->sha256) != LT_OK) {
        return;
    }
    pthread_mutex_lock(&blobs->lock);
    blobs->orphans++;
    pthread_mutex_unlock(&blobs->lock);
}

/* A few entries of the walk; a new one begins an hour after the last has ended. */
static void walk_on(struct blobs *blobs)
{
    struct finisher *finisher = &blobs->finisher;
    int64_t now_ms = blobs->clock->mono_ms(blobs->clock->self);
    if (!finisher->walking) {
        if (now_ms < finisher->walk_at_ms) {
            return;
        }
        blob_walk_begin(&finisher->walk, blobs->store);
        finisher->walking = true;
    }
    for (int i = 0; i < WALK_ENTRIES; i++) {
        struct blob_found found;
        if (blob_walk_next(&finisher->walk, &found) != LT_OK) {
            blob_walk_end(&finisher->walk);
            finisher->walking = false;
            finisher->walk_at_ms = now_ms + WALK_PAUSE_MS;
            return;
        }
        if (left_over(blobs, &found)) {
            remove_left_over(blobs, &found);
        }
    }
}

static void *finisher_run(void *argument)
{
    struct blobs *blobs = argument;
    for (;;) {
        struct errand *errand = queue_wait(blobs->to_finish, FINISHER_MS);
        if (errand != NULL) {
            run_errand(blobs, errand);
        } else if (atomic_load(&blobs->stop)) {
            break;
        } else {
            walk_on(blobs);
        }
    }
    if (blobs->finisher.walking) {
        blob_walk_end(&blobs->finisher.walk);
    }
    return NULL;
}
