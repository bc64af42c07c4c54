/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * How the threads of a client meet. The network thread sleeps on its sockets and on one eventfd;
 * whoever puts something into the box writes to it. Everybody else who waits (for a verdict, an
 * event, a delivery) waits for one counter of changes to move and looks again.
 *
 * One condition for all, because a local door has few waiters and a wrong wake-up costs one look.
 * Waiting is real time by the system's monotonic clock, also in tests with a clock of their own: a
 * thread cannot sleep in virtual time.
 */
#include <assert.h>
#include <sys/eventfd.h>
#include <time.h>

#include "client_parts.h"
#include "proto/base/clock_os.h"

static int64_t now_ms(void)
{
    const struct lt_clock *clock = clock_os();
    return clock->mono_ms(clock->self);
}

void client_wake(struct lt_client *client)
{
    /* Full means that it is awake. */
    int error = eventfd_write(client->wake_fd, 1);
    (void)error;
}

void client_changed(struct lt_client *client)
{
    pthread_mutex_lock(&client->mutex);
    client->changes++;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->mutex);
}

void client_wait_start(struct lt_client *client, int timeout_ms, struct client_wait *wait)
{
    pthread_mutex_lock(&client->mutex);
    *wait = (struct client_wait){.client = client, .seen = client->changes};
    pthread_mutex_unlock(&client->mutex);
    wait->until_ms = timeout_ms > 0 ? now_ms() + timeout_ms : 0;
    wait->step_ms = INT64_MAX;
}

bool client_wait_more(struct client_wait *wait)
{
    struct lt_client *client = wait->client;
    int64_t at_ms = wait->until_ms == 0 ? 0 : now_ms();
    if (at_ms >= wait->until_ms) {
        return false;
    }
    int64_t until_ms =
        wait->until_ms - at_ms > wait->step_ms ? at_ms + wait->step_ms : wait->until_ms;
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000L};
    int error = 0;
    pthread_mutex_lock(&client->mutex);
    while (client->changes == wait->seen && !client->stopping && error == 0) {
        error = pthread_cond_timedwait(&client->changed, &client->mutex, &until);
    }
    wait->seen = client->changes;
    bool stopping = client->stopping;
    pthread_mutex_unlock(&client->mutex);
    if (stopping) {
        wait->until_ms = 0; /* one more look, and no more waiting */
    }
    return true;
}
