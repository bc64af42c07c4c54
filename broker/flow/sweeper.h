/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_SWEEPER_H
#define BROKER_FLOW_SWEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/transfer/record.h"
#include <lienthong/status.h>

/*
 * What the sweeper keeps: where it is, what it has found in this round, and what the last whole
 * round found. Alarms are rows for people; beyond ALARMS_MAX they are counted only.
 */
#define ALARMS_MAX 256

enum alarm_what { ALARM_STUCK = 1, ALARM_DIFFERENCE = 2 };

struct alarm {
    enum alarm_what what;
    uint32_t agency;
    struct transfer_key transfer; /* of a stuck leg, as the rest */
    uint8_t leg;
    enum leg_state state;
    int64_t since_ms;
    int64_t difference; /* accepted less what ended less what was counted */
};

struct sweep_round {
    int64_t began_ms; /* monotonic */
    int64_t ended_ms; /* wall; 0: none has ended yet */
    uint64_t states[LEG_STATES_END];
    uint64_t stuck;
    uint64_t differing; /* agencies */
    struct alarm alarms[ALARMS_MAX];
    uint32_t alarms_count;
};

struct sweeper {
    uint32_t agency; /* being counted, or next */
    bool begun;
    struct lane_key next;
    uint64_t counted;
    uint64_t changes; /* its counters when its count began */
    struct sweep_round round;
    struct sweep_round last;
    uint64_t rounds;
    uint64_t timed; /* legs parked by time in this life */
};

struct flow;
struct counts;

/* One slice. LT_OK or a stop class. */
LT_CHECK enum lt_status sweeper_step(struct flow *flow);

/* Legs that came and ended, as far as the counters tell. */
uint64_t counts_changes(const struct counts *counts);
uint64_t counts_open(const struct counts *counts);

/* What of accepted - ended - counted is not explained by `moved` legs that came or went. */
int64_t counts_difference(const struct counts *counts, uint64_t counted, uint64_t moved);

#endif
