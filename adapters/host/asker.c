/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The waiting part of every driver that can ask its local system by itself. Questions come seldom
 * and a local system may be slow, so they have a thread of their own and never hold up deliveries.
 * A question whose time is over while others were asked is not asked any more: its answer would be
 * thrown away.
 */
#include <pthread.h>
#include <stdlib.h>

#include "asker.h"
#include "proto/base/log.h"
#include "stopper.h"

#define WAIT_MS 300

struct asker {
    struct asker_options options;
    struct stopper *stopper;
    pthread_t thread;
    bool thread_runs;
};

bool asker_stopped(const struct asker *asker)
{
    return stopper_stopped(asker->stopper);
}

static void ask(struct asker *asker, const struct lt_question *question)
{
    struct lt_held_answer answer = {.held = LT_HELD_UNKNOWN};
    asker->options.ask(asker->options.self, asker, question, &answer);
    enum lt_status status = lt_client_held_answer(asker->options.client, question->number, &answer);
    if (status != LT_OK) {
        log_info("held-late", "agency=%s number=%llu code=%s",
                 lt_client_agency(asker->options.client), (unsigned long long)question->number,
                 lt_code(status));
    }
}

/* The first that is still open; questions that ran out of time have left the list. */
static void *asker_run(void *argument)
{
    struct asker *asker = argument;
    uint64_t after = 0;
    while (!stopper_stopped(asker->stopper)) {
        struct lt_question question;
        if (lt_client_questions(asker->options.client, after, WAIT_MS, &question, 1) == 1) {
            after = question.number;
            ask(asker, &question);
        }
    }
    return NULL;
}

enum lt_status asker_open(struct asker **ret_asker, const struct asker_options *options)
{
    struct asker *asker = calloc(1, sizeof(*asker));
    if (asker == NULL) {
        return LT_NO_MEMORY;
    }
    asker->options = *options;
    enum lt_status status = stopper_open(&asker->stopper);
    if (status == LT_OK) {
        asker->thread_runs = pthread_create(&asker->thread, NULL, asker_run, asker) == 0;
        status = asker->thread_runs ? LT_OK : LT_NO_MEMORY;
    }
    if (status != LT_OK) {
        asker_close(&asker);
        return status;
    }
    *ret_asker = asker;
    return LT_OK;
}

void asker_close(struct asker **asker_p)
{
    struct asker *asker = *asker_p;
    if (asker == NULL) {
        return;
    }
    if (asker->stopper != NULL) {
        stopper_stop(asker->stopper);
    }
    if (asker->thread_runs) {
        pthread_join(asker->thread, NULL);
    }
    stopper_close(&asker->stopper);
    free(asker);
    *asker_p = NULL;
}
