/* SPDX-License-Identifier: EUPL-1.2 */
/* Bounds, order, the eventfd that never lies, and threads that lose and double nothing. */
#include "base_test.h"

#include <poll.h>
#include <pthread.h>

#include "proto/base/clock_os.h"
#include "proto/base/queue.h"

static bool readable(const struct queue *queue)
{
    struct pollfd entry = {.fd = queue_fd(queue), .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

static int64_t now_ms(void)
{
    return clock_os()->mono_ms(NULL);
}

static void bounds_and_order(void **state)
{
    (void)state;
    struct queue *queue;
    int items[4];
    assert_int_equal(queue_open(&queue, 3), LT_OK);
    assert_null(queue_pop(queue));
    assert_false(readable(queue));
    for (int round = 0; round < 5; round++) { /* around the ring */
        assert_true(queue_push(queue, &items[0]));
        assert_true(readable(queue));
        assert_true(queue_push(queue, &items[1]));
        assert_true(queue_push(queue, &items[2]));
        assert_false(queue_push(queue, &items[3]));
        assert_int_equal(queue_count(queue), 3);
        assert_ptr_equal(queue_pop(queue), &items[0]);
        assert_true(queue_push(queue, &items[3]));
        assert_ptr_equal(queue_pop(queue), &items[1]);
        assert_ptr_equal(queue_wait(queue, -1), &items[2]);
        assert_true(readable(queue));
        assert_ptr_equal(queue_wait(queue, 0), &items[3]);
        assert_false(readable(queue));
        assert_null(queue_pop(queue));
    }
    queue_close(&queue);
    assert_null(queue);
    queue_close(&queue);
}

static void waiting_ends(void **state)
{
    (void)state;
    struct queue *queue;
    assert_int_equal(queue_open(&queue, 1), LT_OK);
    int64_t start = now_ms();
    assert_null(queue_wait(queue, 0));
    assert_null(queue_wait(queue, 30));
    int64_t took = now_ms() - start;
    assert_true(took >= 29 && took < 5000);
    queue_close(&queue);
}

static void stopping(void **state)
{
    (void)state;
    struct queue *queue;
    int item;
    assert_int_equal(queue_open(&queue, 2), LT_OK);
    assert_true(queue_push(queue, &item));
    queue_stop(queue);
    assert_false(queue_push(queue, &item));
    assert_ptr_equal(queue_wait(queue, -1), &item); /* what was inside is still given */
    assert_null(queue_wait(queue, -1));
    queue_close(&queue);
}

static void *wait_for_ever(void *queue)
{
    return queue_wait(queue, -1);
}

static void stop_wakes_all(void **state)
{
    (void)state;
    struct queue *queue;
    pthread_t threads[3];
    assert_int_equal(queue_open(&queue, 2), LT_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_ever, queue), 0);
    }
    usleep(20000);
    queue_stop(queue);
    for (int i = 0; i < 3; i++) {
        void *got = queue;
        assert_int_equal(pthread_join(threads[i], &got), 0);
        assert_null(got);
    }
    queue_close(&queue);
}

#define PRODUCERS  3
#define CONSUMERS  3
#define ITEMS_EACH 20000
#define ITEMS_ALL  (PRODUCERS * ITEMS_EACH)

struct crowd {
    struct queue *queue;
    uint8_t sent[PRODUCERS][ITEMS_EACH];
    uint32_t next_producer;
    uint32_t fetched[CONSUMERS];
    pthread_mutex_t mutex;
};

static void *produce(void *self)
{
    struct crowd *crowd = self;
    pthread_mutex_lock(&crowd->mutex);
    uint8_t *mine = crowd->sent[crowd->next_producer++];
    pthread_mutex_unlock(&crowd->mutex);
    for (int i = 0; i < ITEMS_EACH; i++) {
        mine[i] = 1; /* seen by the consumer without further locks */
        while (!queue_push(crowd->queue, &mine[i])) {
            sched_yield();
        }
    }
    return NULL;
}

static void *consume(void *self)
{
    struct crowd *crowd = self;
    uintptr_t count = 0;
    uint8_t *last[PRODUCERS] = {NULL};
    for (uint8_t *item = queue_wait(crowd->queue, -1); item != NULL;
         item = queue_wait(crowd->queue, count % 2 == 0 ? -1 : 10000)) {
        if (*item != 1) {
            return NULL; /* came twice, or before it was written */
        }
        *item = 2;
        size_t producer = (size_t)(item - crowd->sent[0]) / ITEMS_EACH;
        if (last[producer] != NULL && last[producer] >= item) {
            return NULL; /* out of order */
        }
        last[producer] = item;
        count++;
    }
    return (void *)(count + 1);
}

static void nothing_lost_nothing_twice(void **state)
{
    (void)state;
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    pthread_mutex_init(&crowd->mutex, NULL);
    assert_int_equal(queue_open(&crowd->queue, 64), LT_OK);
    pthread_t producers[PRODUCERS], consumers[CONSUMERS];
    for (int i = 0; i < CONSUMERS; i++) {
        assert_int_equal(pthread_create(&consumers[i], NULL, consume, crowd), 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_create(&producers[i], NULL, produce, crowd), 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_join(producers[i], NULL), 0);
    }
    queue_stop(crowd->queue);
    uintptr_t all = 0;
    for (int i = 0; i < CONSUMERS; i++) {
        void *count;
        assert_int_equal(pthread_join(consumers[i], &count), 0);
        assert_non_null(count);
        all += (uintptr_t)count - 1;
    }
    assert_int_equal(all, ITEMS_ALL);
    for (int i = 0; i < PRODUCERS; i++) {
        for (int j = 0; j < ITEMS_EACH; j++) {
            assert_int_equal(crowd->sent[i][j], 2);
        }
    }
    assert_false(readable(crowd->queue));
    queue_close(&crowd->queue);
    pthread_mutex_destroy(&crowd->mutex);
    free(crowd);
}

/* A loop that only polls gets everything, too. */
static void polled(void **state)
{
    (void)state;
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    pthread_mutex_init(&crowd->mutex, NULL);
    assert_int_equal(queue_open(&crowd->queue, 8), LT_OK);
    pthread_t producer;
    assert_int_equal(pthread_create(&producer, NULL, produce, crowd), 0);
    int count = 0;
    while (count < ITEMS_EACH) {
        struct pollfd entry = {.fd = queue_fd(crowd->queue), .events = POLLIN};
        assert_int_equal(poll(&entry, 1, 10000), 1);
        for (uint8_t *item = queue_pop(crowd->queue); item != NULL;
             item = queue_pop(crowd->queue)) {
            assert_ptr_equal(item, &crowd->sent[0][count]);
            count++;
        }
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    queue_close(&crowd->queue);
    pthread_mutex_destroy(&crowd->mutex);
    free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_and_order),
        cmocka_unit_test(waiting_ends),
        cmocka_unit_test(stopping),
        cmocka_unit_test(stop_wakes_all),
        cmocka_unit_test(nothing_lost_nothing_twice),
        cmocka_unit_test(polled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
