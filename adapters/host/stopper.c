/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A flag one can sleep on. The drivers look at folders, inboxes and states at intervals; between
 * two looks they rest here, where closing the driver wakes them at once. The sleeping is that of a
 * queue into which nothing is ever put, because the base has the one timed wait of the house.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "proto/base/queue.h"
#include "stopper.h"

struct stopper {
    struct queue *empty;
    atomic_bool stopped;
};

enum lt_status stopper_open(struct stopper **ret_stopper)
{
    struct stopper *stopper = calloc(1, sizeof(*stopper));
    if (stopper == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = queue_open(&stopper->empty, 1);
    if (status != LT_OK) {
        free(stopper);
        return status;
    }
    *ret_stopper = stopper;
    return LT_OK;
}

void stopper_close(struct stopper **stopper_p)
{
    if (*stopper_p != NULL) {
        queue_close(&(*stopper_p)->empty);
        free(*stopper_p);
        *stopper_p = NULL;
    }
}

void stopper_stop(struct stopper *stopper)
{
    atomic_store(&stopper->stopped, true);
    queue_stop(stopper->empty);
}

bool stopper_stopped(const struct stopper *stopper)
{
    return atomic_load(&stopper->stopped);
}

bool stopper_rest(struct stopper *stopper, int rest_ms)
{
    void *nothing = rest_ms > 0 ? queue_wait(stopper->empty, rest_ms) : NULL;
    (void)nothing;
    return !stopper_stopped(stopper);
}
