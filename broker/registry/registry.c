/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who may talk to whom, as this process knows it: agencies sorted by number, found by id and by
 * CURVE key, and their routes. It is a view of registry facts: whoever folds the facts in any order
 * that keeps the last entry of each agency gets the same registry, because agencies sort by number
 * and a key that two entries claim belongs to the lower number (registry_check refuses the second
 * claim before it becomes a fact).
 *
 * Each agency is an allocation of its own, so that views stay put while the arrays double. Limits:
 * AGENCIES_MAX, ROUTES_MAX, AGENCY_KEYS_MAX; past them, or without memory, a fold answers
 * LT_NO_MEMORY and leaves the registry as it was. An entry that does not read, or that gives a
 * number to a second id, is LT_DAMAGED.
 *
 * One thread uses it: the core folds and asks. Dates are judged with the time given by the caller.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agency.h"
#include "broker/limits.h"
#include "proto/base/map.h"
#include "proto/base/text.h"
#include "registry.h"
#include "rights.h"
#include "route.h"
#include "seal_key.h"

#define AGENCIES_FIRST      64
#define SUCCESSOR_STEPS_MAX 8
#define MAP_SEED            0x6c74726567697374ULL /* ids and keys come from registrars */

struct registry {
    uint64_t version;
    struct agency **agencies; /* sorted by number */
    uint32_t count;
    uint32_t capacity;
    struct map *ids;
    struct map *keys;
    struct routes routes;
    struct seal_keys *seal_keys;
};

static struct lt_bytes key_bytes(const struct lt_key *key)
{
    return (struct lt_bytes){key->bytes, sizeof(key->bytes)};
}

/* ---- open and close ---- */

static enum lt_status maps_open(uint32_t capacity, struct map **ret_ids, struct map **ret_keys)
{
    struct map *ids = NULL;
    struct map *keys = NULL;
    enum lt_status status = map_open(&ids, capacity, MAP_SEED);
    if (status == LT_OK) {
        status = map_open(&keys, capacity * AGENCY_KEYS_MAX, MAP_SEED);
    }
    if (status != LT_OK) {
        map_close(&ids);
        return status;
    }
    *ret_ids = ids;
    *ret_keys = keys;
    return LT_OK;
}

enum lt_status registry_open(struct registry **ret_registry)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    if (registry == NULL) {
        return LT_NO_MEMORY;
    }
    registry->agencies = calloc(AGENCIES_FIRST, sizeof(struct agency *));
    registry->capacity = AGENCIES_FIRST;
    if (registry->agencies == NULL || seal_keys_open(&registry->seal_keys) != LT_OK ||
        maps_open(AGENCIES_FIRST, &registry->ids, &registry->keys) != LT_OK) {
        registry_close(&registry);
        return LT_NO_MEMORY;
    }
    *ret_registry = registry;
    return LT_OK;
}

void registry_close(struct registry **registry_p)
{
    struct registry *registry = *registry_p;
    if (registry == NULL) {
        return;
    }
    for (uint32_t i = 0; i < registry->count; i++) {
        free(registry->agencies[i]->rights);
        free(registry->agencies[i]);
    }
    free(registry->agencies);
    map_close(&registry->ids);
    map_close(&registry->keys);
    routes_deinit(&registry->routes);
    seal_keys_close(&registry->seal_keys);
    free(registry);
    *registry_p = NULL;
}

uint64_t registry_version(const struct registry *registry)
{
    return registry->version;
}

/* ---- folding ---- */

/* The keys of one agency enter the map, except those of an agency with a lower number. */
static void keys_enter(struct map *keys, struct agency *agency)
{
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        struct lt_bytes key = key_bytes(&agency->keys[i].key);
        const struct agency *owner = map_get(keys, key);
        if (owner == NULL || owner->number >= agency->number) {
            enum lt_status status = map_put(keys, key, agency);
            assert(status == LT_OK); /* the map has room for every key of every agency */
        }
    }
}

/* The agency's keys leave the map. */
static void keys_leave(struct registry *registry, const struct agency *agency)
{
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        struct lt_bytes key = key_bytes(&agency->keys[i].key);
        if (map_get(registry->keys, key) == agency) {
            (void)map_remove(registry->keys, key);
        }
    }
}

static bool agency_owns(const struct agency *agency, const struct lt_key *key)
{
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        if (memcmp(&agency->keys[i].key, key, sizeof(*key)) == 0) {
            return true;
        }
    }
    return false;
}

/* Keys given up may be claimed by another entry: rare, so a walk is good enough. */
static void keys_inherit(struct registry *registry, const struct agency *before)
{
    for (uint32_t i = 0; i < before->keys_count; i++) {
        const struct lt_key *key = &before->keys[i].key;
        bool owned = map_get(registry->keys, key_bytes(key)) != NULL;
        for (uint32_t n = 0; n < registry->count && !owned; n++) {
            owned = agency_owns(registry->agencies[n], key);
            if (owned) {
                keys_enter(registry->keys, registry->agencies[n]);
            }
        }
    }
}

static enum lt_status registry_grow(struct registry *registry)
{
    if (registry->count >= AGENCIES_MAX) {
        return LT_NO_MEMORY;
    }
    uint32_t capacity = registry->capacity * 2;
    struct map *ids;
    struct map *keys;
    enum lt_status status = maps_open(capacity, &ids, &keys);
    if (status != LT_OK) {
        return status;
    }
    struct agency **agencies = realloc(registry->agencies, capacity * sizeof(struct agency *));
    if (agencies == NULL) {
        map_close(&ids);
        map_close(&keys);
        return LT_NO_MEMORY;
    }
    for (uint32_t i = 0; i < registry->count; i++) {
        status = map_put(ids, text_bytes(agencies[i]->id), agencies[i]);
        assert(status == LT_OK);
        keys_enter(keys, agencies[i]);
    }
    map_close(&registry->ids);
    map_close(&registry->keys);
    registry->agencies = agencies;
    registry->capacity = capacity;
    registry->ids = ids;
    registry->keys = keys;
    return LT_OK;
}

/* The index of the first agency whose number is not below `number`. */
static uint32_t lower_bound(const struct registry *registry, uint32_t number)
{
    uint32_t low = 0;
    uint32_t high = registry->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (registry->agencies[middle]->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct agency *find_number(const struct registry *registry, uint32_t number)
{
    uint32_t at = lower_bound(registry, number);
    bool found = at < registry->count && registry->agencies[at]->number == number;
    return found ? registry->agencies[at] : NULL;
}

static enum lt_status agency_add(struct registry *registry, const struct agency *entry)
{
    if (registry->count == registry->capacity || registry->count >= AGENCIES_MAX) {
        enum lt_status status = registry_grow(registry);
        if (status != LT_OK) {
            return status;
        }
    }
    struct agency *agency = malloc(sizeof(*agency));
    if (agency == NULL) {
        return LT_NO_MEMORY;
    }
    *agency = *entry;
    uint32_t at = lower_bound(registry, agency->number);
    memmove(&registry->agencies[at + 1], &registry->agencies[at],
            (registry->count - at) * sizeof(struct agency *));
    registry->agencies[at] = agency;
    registry->count++;
    enum lt_status status = map_put(registry->ids, text_bytes(agency->id), agency);
    assert(status == LT_OK);
    keys_enter(registry->keys, agency);
    return LT_OK;
}

enum lt_status registry_fold_agency(struct registry *registry, struct lt_bytes entry)
{
    struct agency agency;
    if (!agency_read(entry, &agency) || agency.number == 0) {
        return LT_DAMAGED;
    }
    struct agency *known = find_number(registry, agency.number);
    if (known != map_get(registry->ids, text_bytes(agency.id))) {
        return LT_DAMAGED; /* the number is another id's, or the id has another number */
    }
    if (known == NULL) {
        enum lt_status status = agency_add(registry, &agency);
        if (status != LT_OK) {
            return status;
        }
    } else {
        struct agency before = *known;
        agency.rights = known->rights;
        keys_leave(registry, known);
        *known = agency;
        keys_enter(registry->keys, known);
        keys_inherit(registry, &before);
    }
    registry->version++;
    return LT_OK;
}

enum lt_status registry_fold_route(struct registry *registry, struct lt_bytes entry, bool gone)
{
    struct route route;
    if (!route_read(entry, &route)) {
        return LT_DAMAGED;
    }
    if (gone) {
        routes_remove(&registry->routes, &route);
    } else {
        enum lt_status status = routes_put(&registry->routes, &route);
        if (status != LT_OK) {
            return status;
        }
    }
    registry->version++;
    return LT_OK;
}

enum lt_status registry_fold_rights(struct registry *registry, struct lt_bytes entry)
{
    struct rights rights;
    if (!rights_read(entry, &rights)) {
        return LT_DAMAGED;
    }
    struct agency *agency = find_number(registry, rights.agency);
    if (agency == NULL) {
        return LT_DAMAGED;
    }
    struct rights *kept = NULL;
    if (!rights_empty(&rights)) {
        kept = malloc(sizeof(*kept));
        if (kept == NULL) {
            return LT_NO_MEMORY;
        }
        *kept = rights;
    }
    free(agency->rights);
    agency->rights = kept;
    registry->version++;
    return LT_OK;
}

/* ---- looking up ---- */

struct seal_keys *registry_seal_keys(const struct registry *registry)
{
    return registry->seal_keys;
}

const struct agency *registry_by_id(const struct registry *registry, struct lt_bytes id)
{
    return id.size > LT_AGENCY_ID_MAX ? NULL : map_get(registry->ids, id);
}

const struct agency *registry_by_number(const struct registry *registry, uint32_t number)
{
    return find_number(registry, number);
}

const struct agency *registry_by_key(const struct registry *registry, const struct lt_key *key)
{
    return map_get(registry->keys, key_bytes(key));
}

const struct agency *registry_at(const struct registry *registry, uint32_t index)
{
    return index < registry->count ? registry->agencies[index] : NULL;
}

const struct route *registry_route_at(const struct registry *registry, uint32_t index)
{
    return index < registry->routes.count ? &registry->routes.items[index] : NULL;
}

uint32_t registry_count(const struct registry *registry)
{
    return registry->count;
}

uint32_t registry_next_number(const struct registry *registry)
{
    return registry->count == 0 ? 1 : registry->agencies[registry->count - 1]->number + 1;
}

const struct agency *registry_successor(const struct registry *registry,
                                        const struct agency *agency, int64_t now_ms)
{
    for (uint32_t step = 0;
         agency != NULL && agency->successor[0] != '\0' && agency->successor_from_ms <= now_ms;
         step++) {
        if (step == SUCCESSOR_STEPS_MAX) {
            return NULL;
        }
        agency = registry_by_id(registry, text_bytes(agency->successor));
    }
    return agency;
}

enum key_state registry_key_state(const struct registry *registry, const struct lt_key *key,
                                  int64_t now_ms)
{
    const struct agency *agency = registry_by_key(registry, key);
    for (uint32_t i = 0; agency != NULL && i < agency->keys_count; i++) {
        const struct agency_key *own = &agency->keys[i];
        if (memcmp(&own->key, key, sizeof(*key)) != 0) {
            continue;
        }
        if (own->revoked) {
            return KEY_REVOKED;
        }
        bool open = own->to_ms == 0 || now_ms < own->to_ms;
        return own->from_ms <= now_ms && open ? KEY_VALID : KEY_UNKNOWN;
    }
    return KEY_UNKNOWN;
}

/* ---- legs ---- */

static bool number_listed(const struct assigned *legs, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++) {
        if (legs[i].number == number) {
            return true;
        }
    }
    return false;
}

uint32_t registry_assign(const struct registry *registry, struct lt_bytes procedure,
                         struct lt_bytes locality, enum lt_kind kind, int64_t now_ms,
                         struct assigned legs[LT_LEGS_MAX], bool *ret_procedure_known)
{
    char procedure_text[LT_PROCEDURE_MAX + 1];
    char locality_text[LT_LOCALITY_MAX + 1];
    text_copy(procedure_text, sizeof(procedure_text), procedure);
    text_copy(locality_text, sizeof(locality_text), locality);
    *ret_procedure_known =
        procedure_text[0] == '\0' || routes_know(&registry->routes, procedure_text);
    uint8_t kind_number = (unsigned)kind < LT_KINDS_END ? (uint8_t)kind : 0;
    uint32_t routes_count;
    const struct route *first =
        routes_match(&registry->routes, procedure_text, locality_text, kind_number, &routes_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < routes_count && count < LT_LEGS_MAX; i++) {
        const struct agency *named = registry_by_id(registry, text_bytes(first[i].to));
        const struct agency *agency = registry_successor(registry, named, now_ms);
        if (agency != NULL && !number_listed(legs, count, agency->number)) {
            legs[count++] = (struct assigned){.number = agency->number, .named = named->number};
        }
    }
    return count;
}

/* ---- what is wrong between entries ---- */

static enum lt_status successor_check(const struct registry *registry, const struct agency *agency,
                                      struct fault *fault)
{
    const struct agency *next = registry_by_id(registry, text_bytes(agency->successor));
    if (next == NULL) {
        return fault_set(fault, LT_AGENCY_UNKNOWN, "successor", "%s", agency->successor);
    }
    for (uint32_t step = 1; step <= SUCCESSOR_STEPS_MAX; step++) {
        if (strcmp(next->id, agency->id) == 0) {
            return fault_set(fault, LT_FIELD_BAD, "successor", "%s: back to %s", agency->successor,
                             agency->id);
        }
        if (next->successor[0] == '\0') {
            return LT_OK;
        }
        const struct agency *after = registry_by_id(registry, text_bytes(next->successor));
        if (after == NULL) {
            return fault_set(fault, LT_AGENCY_UNKNOWN, "successor", "%s of %s", next->successor,
                             next->id);
        }
        next = after;
    }
    return fault_set(fault, LT_FIELD_BAD, "successor", "%s: > %d steps", agency->successor,
                     SUCCESSOR_STEPS_MAX);
}

enum lt_status registry_check(const struct registry *registry, const struct agency *agency,
                              struct fault *fault)
{
    enum lt_status status = agency_check(agency, fault);
    if (status != LT_OK) {
        return status;
    }
    const struct agency *known = registry_by_id(registry, text_bytes(agency->id));
    const struct agency *numbered = registry_by_number(registry, agency->number);
    if (agency->number != 0 && known != numbered) {
        return fault_set(fault, LT_FIELD_BAD, "number", "%u: %s", agency->number,
                         numbered != NULL ? numbered->id : agency->id);
    }
    if (known == NULL && registry->count >= AGENCIES_MAX) {
        return fault_set(fault, LT_NO_MEMORY, "id", "%s: > %d", agency->id, AGENCIES_MAX);
    }
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        const struct agency *owner = registry_by_key(registry, &agency->keys[i].key);
        if (owner != NULL && owner != known) {
            return fault_set(fault, LT_EXISTS, "public_key", "%s", owner->id);
        }
    }
    return agency->successor[0] == '\0' ? LT_OK : successor_check(registry, agency, fault);
}

enum lt_status registry_check_route(const struct registry *registry, const struct route *route,
                                    bool gone, struct fault *fault)
{
    bool known = routes_have(&registry->routes, route);
    if (gone) {
        return known ? LT_OK : fault_set(fault, LT_NOT_FOUND, "to", "%s", route->to);
    }
    enum lt_status status = route_check(route, fault);
    if (status != LT_OK || known) {
        return status;
    }
    if (registry_by_id(registry, text_bytes(route->to)) == NULL) {
        return fault_set(fault, LT_AGENCY_UNKNOWN, "to", "%s", route->to);
    }
    if (routes_equal(&registry->routes, route) >= LT_LEGS_MAX) {
        return fault_set(fault, LT_LEGS_TOO_MANY, "to", "%s: > %d", route->to, LT_LEGS_MAX);
    }
    if (registry->routes.count >= ROUTES_MAX) {
        return fault_set(fault, LT_NO_MEMORY, "to", "%s: > %d", route->to, ROUTES_MAX);
    }
    return LT_OK;
}
