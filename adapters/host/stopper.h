/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_HOST_STOPPER_H
#define ADAPTERS_HOST_STOPPER_H

#include <stdbool.h>

#include <lienthong/status.h>

/* How a driver's thread rests between two looks and how it is told to end. */
struct stopper;

LT_CHECK enum lt_status stopper_open(struct stopper **ret_stopper);
void stopper_close(struct stopper **stopper_p); /* the threads must have ended */
void stopper_stop(struct stopper *stopper);     /* any thread, once or more */
bool stopper_stopped(const struct stopper *stopper);

/* Rests for so long, or less when it is stopped; false: stopped. */
bool stopper_rest(struct stopper *stopper, int rest_ms);

#endif
