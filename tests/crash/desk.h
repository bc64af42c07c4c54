/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_CRASH_DESK_H
#define TESTS_CRASH_DESK_H

#include "oracle.h"
#include "proto/port_zmq.h"
#include <lienthong/clock.h>

/*
 * The operator's line: registers the agencies and asks for the conservation sum. One question at a
 * time, asked again until it is answered, by however many brokers; never waits.
 */
struct desk;

struct desk_sums {
    uint64_t accepted;
    uint64_t taken;
    uint64_t refused;
    uint64_t expired;
    uint64_t cancelled;
    uint64_t open;
    uint64_t counted;
    int64_t difference;
    uint32_t differing; /* agencies whose two sums are not the same */
};

struct desk *desk_open(struct client_zmq *client, const struct lt_clock *clock,
                       struct oracle *oracle);
void desk_close(struct desk **desk_p);
void desk_step(struct desk *desk);
void desk_redial(struct desk *desk); /* when its line is not up */

/* From now on until desk_quiet: puts these agencies, number i of them under ids[i]. */
void desk_register(struct desk *desk, const char *const *ids, const struct lt_key *public_keys);
void desk_ask_sums(struct desk *desk);
bool desk_quiet(const struct desk *desk); /* the question is answered */
const struct desk_sums *desk_sums(const struct desk *desk);

#endif
