/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_QUEUE_H
#define PROTO_BASE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/status.h>

/*
 * Bounded queue of pointers between threads (mutex and condition), with an eventfd that is readable
 * while the queue is not empty, for loops that poll. Closing wakes every waiter.
 */
struct queue;

enum lt_status queue_open(struct queue **ret_queue, uint32_t capacity);
void queue_close(struct queue **queue_p); /* frees; the threads must have ended */
void queue_stop(struct queue *queue);     /* waiters return false from now on when it is empty */

LT_CHECK bool queue_push(struct queue *queue, void *item); /* false: full or stopped */
void *queue_pop(struct queue *queue);                      /* NULL: empty now */

/* Waits up to timeout_ms (-1 for ever); NULL: time ran out, or stopped and empty. */
void *queue_wait(struct queue *queue, int timeout_ms);
int queue_fd(const struct queue *queue);
uint32_t queue_count(struct queue *queue);

#endif
