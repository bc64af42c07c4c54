/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One thread and two queues: findings to the core, and one that is always empty, because waiting on
 * it is a pause that closing ends. After each slice of a tenth of a second's bytes the thread
 * pauses for the rest of it, so that the disk belongs to the transfers.
 */
#include "scrub.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "proto/base/queue.h"

#define SLICE_MS 100

struct scrub {
    struct scrub_options options;
    struct queue *found;
    struct queue *rest;
    pthread_t thread;
    bool runs;
    uint64_t slice_bytes;
    atomic_bool stopping;
    atomic_bool base_damaged;
    _Atomic uint64_t walks;
    _Atomic uint64_t findings;
    _Atomic uint64_t position;
};

static void take_finding(void *context, const struct verify_finding *finding)
{
    struct scrub *scrub = context;
    atomic_fetch_add(&scrub->findings, 1);
    struct verify_finding *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        return;
    }
    *copy = *finding;
    if (!queue_push(scrub->found, copy)) {
        free(copy); /* counted; the next walk finds it again */
    }
}

static bool pace(void *context, uint64_t bytes)
{
    struct scrub *scrub = context;
    scrub->slice_bytes += bytes;
    if (scrub->slice_bytes >= scrub->options.bytes_per_s / (1000 / SLICE_MS)) {
        scrub->slice_bytes = 0;
        (void)queue_wait(scrub->rest, SLICE_MS);
    }
    return !atomic_load(&scrub->stopping);
}

static bool pace_walk(void *context, uint64_t position, uint64_t last, uint64_t bytes)
{
    struct scrub *scrub = context;
    (void)last;
    atomic_store(&scrub->position, position);
    return pace(scrub, bytes);
}

static void look_at_base(struct scrub *scrub)
{
    const struct scrub_options *options = &scrub->options;
    enum lt_status status = options->base(options->base_self, pace, scrub);
    if (status != LT_AGAIN) {
        atomic_store(&scrub->base_damaged, status != LT_OK);
    }
}

static void *run(void *self)
{
    struct scrub *scrub = self;
    while (!atomic_load(&scrub->stopping)) {
        struct verify_report report;
        enum lt_status status = journal_verify(&scrub->options.backend, 0, pace_walk, take_finding,
                                               scrub, NULL, &report);
        if (scrub->options.base != NULL && !atomic_load(&scrub->stopping)) {
            look_at_base(scrub);
        }
        if (status == LT_OK && !atomic_load(&scrub->stopping)) {
            atomic_fetch_add(&scrub->walks, 1);
        }
        (void)queue_wait(scrub->rest, (int)scrub->options.rest_ms);
    }
    return NULL;
}

enum lt_status scrub_open(struct scrub **ret_scrub, const struct scrub_options *options,
                          struct fault *fault)
{
    struct scrub *scrub = calloc(1, sizeof(*scrub));
    if (scrub == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "scrub", "no memory");
    }
    scrub->options = *options;
    enum lt_status status = queue_open(&scrub->found, SCRUB_WAITING_MAX);
    if (status == LT_OK) {
        status = queue_open(&scrub->rest, 1);
    }
    if (status == LT_OK && pthread_create(&scrub->thread, NULL, run, scrub) != 0) {
        status = LT_LIMIT_BAD;
    }
    scrub->runs = status == LT_OK;
    if (status != LT_OK) {
        scrub_close(&scrub);
        return fault_set(fault, status, "scrub", "no thread or queue");
    }
    *ret_scrub = scrub;
    return LT_OK;
}

void scrub_close(struct scrub **scrub_p)
{
    struct scrub *scrub = *scrub_p;
    struct verify_finding finding;
    if (scrub == NULL) {
        return;
    }
    *scrub_p = NULL;
    if (scrub->runs) {
        atomic_store(&scrub->stopping, true);
        queue_stop(scrub->rest);
        pthread_join(scrub->thread, NULL);
        while (scrub_take(scrub, &finding)) {
        }
    }
    if (scrub->found != NULL) {
        queue_close(&scrub->found);
    }
    if (scrub->rest != NULL) {
        queue_close(&scrub->rest);
    }
    free(scrub);
}

bool scrub_take(struct scrub *scrub, struct verify_finding *ret_finding)
{
    struct verify_finding *finding = queue_pop(scrub->found);
    if (finding == NULL) {
        return false;
    }
    *ret_finding = *finding;
    free(finding);
    return true;
}

bool scrub_base_damaged(const struct scrub *scrub)
{
    return atomic_load(&scrub->base_damaged);
}

void scrub_state(const struct scrub *scrub, struct scrub_state *ret_state)
{
    *ret_state = (struct scrub_state){
        .walks = atomic_load(&scrub->walks),
        .findings = atomic_load(&scrub->findings),
        .position = atomic_load(&scrub->position),
    };
}
