/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Routes by competence: which agency handles a procedure at a place. They are one sorted array, so
 * that the answer for a matter is a handful of binary searches from the most exact question to the
 * least (procedure before locality before kind) and does not depend on the order in which routes
 * were made. Only localities as long as some route's are asked for.
 *
 * A locality of a route covers every locality it is a prefix of, byte by byte. Beware: the codes of
 * communes do not begin with the code of their province, so a route for a whole province leaves the
 * locality empty (any) unless the matters themselves carry the province's code.
 *
 * Changes come from registry facts, some a day, and move the tail of the array: cheap enough up to
 * ROUTES_MAX. Memory grows by doubling; when the system has none the routes stay as they are.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/limits.h"
#include "proto/base/text.h"
#include "route.h"

#define ROUTES_FIRST 64

static int route_compare(const struct route *a, const struct route *b)
{
    int order = strcmp(a->procedure, b->procedure);
    if (order == 0) {
        order = strcmp(a->locality, b->locality);
    }
    if (order == 0) {
        order = (a->kind > b->kind) - (a->kind < b->kind);
    }
    return order != 0 ? order : strcmp(a->to, b->to);
}

/* The index of the first route not before `route`. */
static uint32_t lower_bound(const struct routes *routes, const struct route *route)
{
    uint32_t low = 0;
    uint32_t high = routes->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (route_compare(&routes->items[middle], route) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool found_at(const struct routes *routes, uint32_t index, const struct route *route)
{
    return index < routes->count && route_compare(&routes->items[index], route) == 0;
}

static enum lt_status routes_grow(struct routes *routes)
{
    if (routes->count >= ROUTES_MAX) {
        return LT_NO_MEMORY;
    }
    uint32_t capacity = routes->capacity == 0 ? ROUTES_FIRST : routes->capacity * 2;
    struct route *items = realloc(routes->items, capacity * sizeof(*items));
    if (items == NULL) {
        return LT_NO_MEMORY;
    }
    routes->items = items;
    routes->capacity = capacity;
    return LT_OK;
}

void routes_deinit(struct routes *routes)
{
    free(routes->items);
    memset(routes, 0, sizeof(*routes));
}

enum lt_status routes_put(struct routes *routes, const struct route *route)
{
    uint32_t at = lower_bound(routes, route);
    if (found_at(routes, at, route)) {
        return LT_OK;
    }
    if (routes->count == routes->capacity || routes->count >= ROUTES_MAX) {
        enum lt_status status = routes_grow(routes);
        if (status != LT_OK) {
            return status;
        }
    }
    memmove(&routes->items[at + 1], &routes->items[at],
            (routes->count - at) * sizeof(routes->items[0]));
    routes->items[at] = *route;
    routes->count++;
    routes->lengths |= 1u << strlen(route->locality);
    return LT_OK;
}

void routes_remove(struct routes *routes, const struct route *route)
{
    uint32_t at = lower_bound(routes, route);
    if (!found_at(routes, at, route)) {
        return;
    }
    routes->count--;
    memmove(&routes->items[at], &routes->items[at + 1],
            (routes->count - at) * sizeof(routes->items[0]));
}

bool routes_have(const struct routes *routes, const struct route *route)
{
    return found_at(routes, lower_bound(routes, route), route);
}

bool routes_know(const struct routes *routes, const char *procedure)
{
    struct route least;
    memset(&least, 0, sizeof(least));
    text_copy(least.procedure, sizeof(least.procedure), text_bytes(procedure));
    uint32_t at = lower_bound(routes, &least);
    return at < routes->count && strcmp(routes->items[at].procedure, procedure) == 0;
}

/* The run of routes that differ from `wanted` in the receiver only. */
static const struct route *run_of(const struct routes *routes, struct route wanted,
                                  uint32_t *ret_count)
{
    wanted.to[0] = '\0';
    uint32_t first = lower_bound(routes, &wanted);
    uint32_t last = first;
    while (last < routes->count && routes->items[last].kind == wanted.kind &&
           strcmp(routes->items[last].procedure, wanted.procedure) == 0 &&
           strcmp(routes->items[last].locality, wanted.locality) == 0) {
        last++;
    }
    *ret_count = last - first;
    return last > first ? &routes->items[first] : NULL;
}

/* From the whole locality to none, with the kind and without. */
static const struct route *match_procedure(const struct routes *routes, const char *procedure,
                                           const char *locality, uint8_t kind, uint32_t *ret_count)
{
    struct route wanted;
    memset(&wanted, 0, sizeof(wanted));
    text_copy(wanted.procedure, sizeof(wanted.procedure), text_bytes(procedure));
    text_copy(wanted.locality, sizeof(wanted.locality), text_bytes(locality));
    for (size_t length = strlen(wanted.locality) + 1; length-- > 0;) {
        wanted.locality[length] = '\0';
        if ((routes->lengths >> length & 1u) == 0) {
            continue;
        }
        wanted.kind = kind;
        const struct route *first = run_of(routes, wanted, ret_count);
        if (first == NULL && kind != 0) {
            wanted.kind = 0;
            first = run_of(routes, wanted, ret_count);
        }
        if (first != NULL) {
            return first;
        }
    }
    return NULL;
}

const struct route *routes_match(const struct routes *routes, const char *procedure,
                                 const char *locality, uint8_t kind, uint32_t *ret_count)
{
    const struct route *first = match_procedure(routes, procedure, locality, kind, ret_count);
    if (first == NULL && procedure[0] != '\0') {
        first = match_procedure(routes, "", locality, kind, ret_count);
    }
    if (first == NULL) {
        *ret_count = 0;
    }
    return first;
}

uint32_t routes_equal(const struct routes *routes, const struct route *route)
{
    uint32_t count;
    return run_of(routes, *route, &count) == NULL ? 0 : count;
}
