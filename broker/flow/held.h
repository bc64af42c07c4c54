/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_HELD_H
#define BROKER_FLOW_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/limits.h"
#include "broker/transfer/record.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * "Do you hold it?": questions to a receiver's local system, and the rule of what has an unknown
 * outcome. Questions live in memory only, one per leg, HELD_ASKS_MAX of them; answers are facts.
 */
#define HELD_BY_MAX 100

struct held_asked {
    uint64_t number; /* on the wire; 0: the slot is free */
    uint32_t agency;
    uint64_t position; /* 0: a ping */
    uint8_t leg;
    uint16_t attempt; /* the leg's last delivery when it was asked */
    uint64_t session; /* that has the question; 0: none yet */
    int64_t asked_ms; /* monotonic: first asked */
    int64_t sent_ms;  /* monotonic: last given to a session */
    int64_t took_ms;  /* from there to the answer */
    bool answered;
    bool local; /* answered with more than "unknown" */
    char by[HELD_BY_MAX + 1];
};

struct held {
    struct held_asked asked[HELD_ASKS_MAX];
    uint64_t number; /* last one given */
};

struct flow;

/* May it have been sent? As far as the journal knows, and where it cannot know: it is from before
 * this start, or from before a restore (restored.h). */
bool held_unknown(struct flow *flow, const struct transfer_key *key,
                  const struct transfer *transfer, uint8_t leg);

/*
 * May this leg be ended or sent elsewhere? LT_OK: it was never sent, or the receiver said after the
 * last delivery that it does not hold it. LT_RECEIVER_HOLDS: it said that it does. LT_HELD_ASKED:
 * it is being asked; ask again. LT_SECOND_PERSON: nobody is there to be asked, or no answer came
 * within HELD_WAIT_MS, or it could not say. Else a stop class. With `ask` false nothing is sent.
 */
enum lt_status held_rule(struct flow *flow, const struct transfer_key *key,
                         const struct transfer *transfer, uint8_t leg, bool ask);

/* A question without a transfer, to the receiving session of an agency and through it. LT_OK fills
 * what came back; LT_HELD_ASKED: ask again; LT_TIMEOUT; LT_RECEIVER_UNREACHABLE: no session. */
struct held_pong {
    int64_t took_ms;
    bool local; /* the local system itself gave a sign of life; else the adapter spoke alone */
    char by[HELD_BY_MAX + 1];
};
enum lt_status held_ping(struct flow *flow, uint32_t agency, struct held_pong *ret_pong);

/* The last answer about a leg, whatever delivery it was about; false: it was never asked. */
bool held_last(struct flow *flow, uint64_t position, uint8_t leg, struct held_record *ret_held);

#endif
