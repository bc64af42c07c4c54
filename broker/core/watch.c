/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The watch on authentication. It owns one thread and a queue that nobody fills: waiting on it is a
 * sleep that can be ended. A test that cannot run (no descriptors) is logged and tried again; a key
 * that was let in ends the process, because an open door is worse than none.
 */
#include "watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "proto/base/log.h"
#include "proto/base/queue.h"

struct watch {
    struct server_zmq *server;
    struct queue *sleep;
    pthread_t thread;
    atomic_bool stop;
};

static void *run(void *argument)
{
    struct watch *watch = argument;
    while (!atomic_load(&watch->stop)) {
        struct fault fault;
        fault_init(&fault);
        (void)queue_wait(watch->sleep, WATCH_MS);
        if (atomic_load(&watch->stop)) {
            break;
        }
        enum lt_status status = server_zmq_self_test(watch->server, &fault);
        if (status == LT_OK) {
            continue;
        }
        log_error("self-test-failed", "code=%s detail=%s", lt_code(status), fault.detail);
        if (lt_class(status) == LT_CLASS_STOP) {
            abort();
        }
    }
    return NULL;
}

enum lt_status watch_open(struct watch **ret_watch, struct server_zmq *server)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return LT_NO_MEMORY;
    }
    watch->server = server;
    enum lt_status status = queue_open(&watch->sleep, 1);
    if (status == LT_OK && pthread_create(&watch->thread, NULL, run, watch) != 0) {
        queue_close(&watch->sleep);
        status = LT_NO_MEMORY;
    }
    if (status != LT_OK) {
        free(watch);
        return status;
    }
    *ret_watch = watch;
    return LT_OK;
}

void watch_close(struct watch **watch_p)
{
    struct watch *watch = *watch_p;
    if (watch == NULL) {
        return;
    }
    atomic_store(&watch->stop, true);
    queue_stop(watch->sleep);
    pthread_join(watch->thread, NULL);
    queue_close(&watch->sleep);
    free(watch);
    *watch_p = NULL;
}
