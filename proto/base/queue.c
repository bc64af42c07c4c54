/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The only way in which threads of the house meet: a ring of pointers with a mutex, a condition for
 * those who wait and an eventfd for those who poll. Ownership of an item moves with it.
 *
 * Bounded, because a queue that grows hides the step that is too slow: a full queue refuses and the
 * caller holds back. The eventfd is written when the queue becomes non-empty and read when it
 * becomes empty, both under the mutex, so it never lies; many items cost one system call.
 *
 * Waiting uses the monotonic clock, a jump of the date neither wakes nor delays anybody. After
 * queue_stop nothing is taken in any more, what is inside can still be fetched. A broken lock or
 * eventfd would mean that our memory is damaged: the program stops.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clock_os.h"
#include "queue.h"

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    int fd;
    bool stopped;
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
    void *items[];
};

static void lock(struct queue *queue)
{
    int error = pthread_mutex_lock(&queue->mutex);
    assert(error == 0);
}

static void unlock(struct queue *queue)
{
    int error = pthread_mutex_unlock(&queue->mutex);
    assert(error == 0);
}

static bool locks_init(struct queue *queue)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    bool done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&queue->filled, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (done && pthread_mutex_init(&queue->mutex, NULL) != 0) {
        pthread_cond_destroy(&queue->filled);
        done = false;
    }
    return done;
}

enum lt_status queue_open(struct queue **ret_queue, uint32_t capacity)
{
    assert(capacity > 0);
    struct queue *queue = calloc(1, sizeof(*queue) + (size_t)capacity * sizeof(queue->items[0]));
    if (queue == NULL) {
        return LT_NO_MEMORY;
    }
    queue->capacity = capacity;
    queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (queue->fd < 0) {
        free(queue);
        return LT_LIMIT_BAD;
    }
    if (!locks_init(queue)) {
        close(queue->fd);
        free(queue);
        return LT_NO_MEMORY;
    }
    *ret_queue = queue;
    return LT_OK;
}

void queue_close(struct queue **queue_p)
{
    struct queue *queue = *queue_p;
    if (queue == NULL) {
        return;
    }
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->mutex);
    close(queue->fd);
    free(queue);
    *queue_p = NULL;
}

void queue_stop(struct queue *queue)
{
    lock(queue);
    queue->stopped = true;
    pthread_cond_broadcast(&queue->filled);
    unlock(queue);
}

bool queue_push(struct queue *queue, void *item)
{
    assert(item != NULL);
    lock(queue);
    bool taken = !queue->stopped && queue->count < queue->capacity;
    if (taken) {
        uint32_t last = (uint32_t)(((uint64_t)queue->first + queue->count) % queue->capacity);
        queue->items[last] = item;
        queue->count++;
        if (queue->count == 1) {
            int error = eventfd_write(queue->fd, 1);
            assert(error == 0);
        }
        pthread_cond_signal(&queue->filled);
    }
    unlock(queue);
    return taken;
}

/* With the lock held. */
static void *take(struct queue *queue)
{
    if (queue->count == 0) {
        return NULL;
    }
    void *item = queue->items[queue->first];
    queue->first = queue->first + 1 < queue->capacity ? queue->first + 1 : 0;
    queue->count--;
    if (queue->count == 0) {
        eventfd_t value;
        int error = eventfd_read(queue->fd, &value);
        assert(error == 0);
    }
    return item;
}

void *queue_pop(struct queue *queue)
{
    lock(queue);
    void *item = take(queue);
    unlock(queue);
    return item;
}

static struct timespec deadline_in(int timeout_ms)
{
    const struct lt_clock *clock = clock_os();
    int64_t at_ms = clock->mono_ms(clock->self) + timeout_ms;
    return (struct timespec){.tv_sec = (time_t)(at_ms / 1000),
                             .tv_nsec = (long)(at_ms % 1000) * 1000000L};
}

void *queue_wait(struct queue *queue, int timeout_ms)
{
    struct timespec deadline = {0, 0};
    if (timeout_ms > 0) {
        deadline = deadline_in(timeout_ms);
    }
    lock(queue);
    int error = timeout_ms == 0 ? ETIMEDOUT : 0;
    while (queue->count == 0 && !queue->stopped && error == 0) {
        error = timeout_ms < 0 ? pthread_cond_wait(&queue->filled, &queue->mutex)
                               : pthread_cond_timedwait(&queue->filled, &queue->mutex, &deadline);
        assert(error == 0 || error == ETIMEDOUT);
    }
    void *item = take(queue);
    unlock(queue);
    return item;
}

int queue_fd(const struct queue *queue)
{
    return queue->fd;
}

uint32_t queue_count(struct queue *queue)
{
    lock(queue);
    uint32_t count = queue->count;
    unlock(queue);
    return count;
}
