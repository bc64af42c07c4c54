/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_TRANSFER_LEG_H
#define BROKER_TRANSFER_LEG_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/types.h>

/* States, events and moves of a leg: states.def expanded. */

enum leg_state {
#define LEG_STATE(name, number, text, open, vi, en) LEG_##name = number,
#include "states.def"
    LEG_STATES_END,
};

enum leg_event {
#define LEG_EVENT(name, text) LEG_ON_##name,
#include "states.def"
    LEG_EVENTS_END,
};

/* The state after the event, or LEG_NONE when the pair is refused. Pure. */
enum leg_state transfer_next(enum leg_state state, enum leg_event event);

bool leg_open(enum leg_state state);
const char *leg_state_name(enum leg_state state);
enum leg_state leg_state_by_name(struct lt_bytes name); /* LEG_NONE when unknown */
const char *leg_event_name(enum leg_event event);

/*
 * What a leg of this kind does to its lane when it fails for good: true: it steps aside, the next
 * one goes on (status, citizen notice, opinion reminder); false: the lane waits for a person.
 */
bool kind_steps_aside(enum lt_kind kind, uint16_t code);

/*
 * Whose budget a failed delivery of this class uses: true: time alone (the receiving agency cannot
 * be reached, or gives answers that cannot be understood: its fault, not the transfer's); false: an
 * attempt.
 */
bool code_costs_time(uint16_t code);

/* Parks for a person when its deadline passes; what moves the case itself never does. */
bool kind_expires(enum lt_kind kind);

/* A withdrawal goes before the waiting steps of its case. */
bool kind_overtakes(enum lt_kind kind);

/* Milliseconds to wait before attempt + 1: exponential from first_ms, at most max_ms, with jitter
 * of up to a quarter taken from `random`. */
int64_t backoff_ms(uint32_t attempt, int64_t first_ms, int64_t max_ms, uint32_t random);

#endif
