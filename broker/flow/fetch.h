/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_FETCH_H
#define BROKER_FLOW_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/journal/journal.h"
#include "proto/base/fault.h"

/*
 * Cold reads: bodies older than the cache come from the journal through threads of their own, so
 * that a slow disk does not hold the turn. At most FETCH_WAITING_MAX reads are on their way, and no
 * more than FETCH_BYTES_MAX of bodies. With no threads (the sim) fetch_done reads by itself.
 */
#define FETCH_WAITING_MAX 256

struct fetch;

struct fetched {
    uint64_t position; /* of the transfer */
    uint32_t agency;   /* who asked: wake its desk; or FETCH_CARRY */
    enum lt_status status;
    struct fact fact; /* copied; valid until fetch_release */
    struct fact seal; /* the FACT_SEAL it names; position 0: it names none, or it does not read */
    void *memory;
};

enum lt_status fetch_open(struct fetch **ret_fetch, const struct journal *journal, uint32_t threads,
                          struct fault *fault);
void fetch_close(struct fetch **fetch_p);

#define FETCH_CARRY UINT32_MAX /* asked for by carry.c, for no agency */

/* The transfer accepted at `position`, whose bytes stand at `at` (carry.h says where; parcel_ask
 * there does both). False: nothing was asked, because too many are on their way or this one is, for
 * another agency; ask again when there is room. The same position twice is asked once. */
bool fetch_ask(struct fetch *fetch, uint64_t position, uint64_t at, uint32_t agency);
uint32_t fetch_room(const struct fetch *fetch); /* so many more may be asked now */

/* One that came back; false when none. */
bool fetch_done(struct fetch *fetch, struct fetched *ret_fetched);
void fetch_release(struct fetch *fetch, struct fetched *fetched);
int fetch_fd(const struct fetch *fetch); /* readable when one came back; -1 without threads */

#endif
