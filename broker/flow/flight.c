/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The table of legs in flight: a pool, a map by (position, leg), a list per session in the order of
 * sending, whose head is therefore the first to time out.
 */
#include "flight.h"

#include <assert.h>

#include "broker/limits.h"
#include "proto/base/wire.h"
#include "session.h"

#define FLIGHT_KEY_BYTES 9

static struct lt_bytes key_write(uint8_t out[FLIGHT_KEY_BYTES], uint64_t position, uint8_t leg)
{
    struct wire_writer w;
    wire_write_init(&w, out, FLIGHT_KEY_BYTES);
    wire_put_u64(&w, position);
    wire_put_u8(&w, leg);
    return wire_written(&w);
}

enum lt_status flights_open(struct flights *flights, uint64_t seed)
{
    flights->by_leg = NULL;
    enum lt_status status =
        pool_init(&flights->pool, "flights", sizeof(struct flight), IN_FLIGHT_MAX);
    if (status != LT_OK) {
        return status;
    }
    return map_open(&flights->by_leg, IN_FLIGHT_MAX, seed);
}

void flights_close(struct flights *flights)
{
    map_close(&flights->by_leg);
    pool_deinit(&flights->pool);
}

struct flight *flight_find(const struct flights *flights, uint64_t position, uint8_t leg)
{
    uint8_t key[FLIGHT_KEY_BYTES];
    return map_get(flights->by_leg, key_write(key, position, leg));
}

struct flight *flight_make(struct flights *flights, struct session *session, uint64_t position,
                           uint8_t leg)
{
    struct flight *flight = pool_take(&flights->pool);
    if (flight == NULL) {
        return NULL;
    }
    uint8_t key[FLIGHT_KEY_BYTES];
    if (map_put(flights->by_leg, key_write(key, position, leg), flight) != LT_OK) {
        pool_give(&flights->pool, flight);
        return NULL;
    }
    flight->session = session;
    flight->position = position;
    flight->leg = leg;
    list_node_init(&flight->node);
    list_push(&session->flights, &flight->node);
    return flight;
}

void flight_free(struct flights *flights, struct flight *flight)
{
    uint8_t key[FLIGHT_KEY_BYTES];
    void *removed = map_remove(flights->by_leg, key_write(key, flight->position, flight->leg));
    assert(removed == flight);
    list_remove(&flight->session->flights, &flight->node);
    pool_give(&flights->pool, flight);
}
