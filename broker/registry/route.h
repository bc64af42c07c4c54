/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_REGISTRY_ROUTE_H
#define BROKER_REGISTRY_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "registry.h"

/*
 * The routes of a registry, sorted by procedure, locality, kind, receiver; one of each. Private to
 * the registry: upper floors ask registry_assign.
 */
struct routes {
    struct route *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t lengths; /* bit n: some route names a locality of n bytes (never cleared) */
};

void routes_deinit(struct routes *routes);

/* Adding a route that is there changes nothing. LT_NO_MEMORY past ROUTES_MAX. */
LT_CHECK enum lt_status routes_put(struct routes *routes, const struct route *route);
void routes_remove(struct routes *routes, const struct route *route);
bool routes_have(const struct routes *routes, const struct route *route);

/* Does any route name this procedure? */
bool routes_know(const struct routes *routes, const char *procedure);

/* The most exact routes for a matter, all equal but for the receiver: the first and their count. */
const struct route *routes_match(const struct routes *routes, const char *procedure,
                                 const char *locality, uint8_t kind, uint32_t *ret_count);

/* Routes with the same procedure, locality and kind as `route`. */
uint32_t routes_equal(const struct routes *routes, const struct route *route);

#endif
