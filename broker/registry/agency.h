/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_REGISTRY_AGENCY_H
#define BROKER_REGISTRY_AGENCY_H

#include "registry.h"

/* Entries as bytes (wire.h, versioned), for facts and for STATE_REGISTRY; and the keys of that
 * tree: 'A' agency number(4), 'R' procedure 0 locality 0 kind(1) to; 'S' is seal_key.h's, 'G' is
 * rights.h's. */
#define AGENCY_BYTES_MAX 1024
#define ROUTE_BYTES_MAX  160

struct lt_bytes agency_write(void *memory, size_t size, const struct agency *agency);
LT_CHECK bool agency_read(struct lt_bytes bytes, struct agency *ret_agency);
struct lt_bytes agency_key_write(void *memory, size_t size, const struct agency *agency);
struct lt_bytes route_write(void *memory, size_t size, const struct route *route);
LT_CHECK bool route_read(struct lt_bytes bytes, struct route *ret_route);
struct lt_bytes route_key_write(void *memory, size_t size, const struct route *route);

const char *agency_kind_name(enum agency_kind kind);        /* "" when unknown */
enum agency_kind agency_kind_by_name(struct lt_bytes name); /* 0 when unknown */

/*
 * The rules of an entry given from outside, looked at alone: id, name, kind, locality, keys (at
 * most two valid at one time), procedure normalised. Fault names the field and holds value and
 * limit. What is wrong between entries is registry_check's. The number is not looked at: the broker
 * gives it (an entry from outside may carry 0).
 */
LT_CHECK enum lt_status agency_check(const struct agency *agency, struct fault *fault);
LT_CHECK enum lt_status route_check(const struct route *route, struct fault *fault);

#endif
