/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FLIGHT_H
#define BROKER_FLOW_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/transfer/record.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/base/pool.h"

/*
 * Legs given to a session and not settled yet, found by (position, leg). Memory only: a crash costs
 * a second delivery of the same id, never a loss.
 */
struct session;

struct flight {
    struct list_node node; /* on session.flights, oldest first */
    struct session *session;
    struct transfer_key transfer;
    uint64_t position;
    uint8_t leg;
    uint16_t attempt;
    uint32_t agency;
    uint32_t parcel_bytes;
    int64_t sent_ms; /* monotonic */
};

struct flights {
    struct pool pool;
    struct map *by_leg;
};

enum lt_status flights_open(struct flights *flights, uint64_t seed);
void flights_close(struct flights *flights);
struct flight *flight_find(const struct flights *flights, uint64_t position, uint8_t leg);
struct flight *flight_make(struct flights *flights, struct session *session, uint64_t position,
                           uint8_t leg); /* NULL: IN_FLIGHT_MAX */
void flight_free(struct flights *flights, struct flight *flight);

#endif
