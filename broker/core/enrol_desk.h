/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_ENROL_DESK_H
#define BROKER_CORE_ENROL_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/flow/flow.h"
#include "broker/registry/enrolment.h"
#include "proto/port.h"

/*
 * Where strangers ask to be let in, and agencies for new certificates over their sessions: answers
 * EnrolAsk frames out of the table of requests and the registry, and does nothing else. It decides
 * nothing and stages no fact; registrars do (broker/control/act_enrol.c). An approval is told when
 * it is durable.
 */
#define ENROL_LOOK_MS    200
#define ENROL_FRAMES_MAX 32 /* of one look */
#define ENROL_READS_MAX  8  /* requests not seen before in ENROL_LOOK_MS: each costs a signature */
#define ENROL_POLL_MS    5000

struct enrol_desk {
    struct enrolments *enrolments; /* borrowed */
    int64_t looked_ms;             /* monotonic: at the port */
    int64_t swept_ms;
    int64_t read_ms; /* since then so many requests were read */
    uint32_t session_reads;
    uint32_t stranger_reads;
    uint64_t seen_version;  /* of the registry ... */
    uint64_t seen_position; /* ... which is durable with this */
    uint64_t asked;         /* for whoever counts */
    uint64_t dropped;
};

/* For agencies: what the flow calls. Needs no port. */
struct flow_enrol enrol_desk_door(struct enrol_desk *desk);

/* Is it time to look at the port? Asked every turn: it costs nothing. */
bool enrol_desk_due(const struct enrol_desk *desk, int64_t mono_ms);

/* Between two turns. */
void enrol_desk_turn(struct enrol_desk *desk, struct flow *flow, const struct server_port *port);

#endif
