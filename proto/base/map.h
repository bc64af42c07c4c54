/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_MAP_H
#define PROTO_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Hash table of fixed capacity from short byte keys (at most MAP_KEY_MAX bytes, copied) to
 * pointers (borrowed, never NULL). SipHash-like keyed hash, so that a peer cannot choose
 * collisions; iteration is in slot order of insertion and does not depend on addresses.
 * LT_NO_MEMORY when full; LT_FIELD_BAD for a key that is longer than MAP_KEY_MAX.
 */
#define MAP_KEY_MAX 80

struct map;

enum lt_status map_open(struct map **ret_map, uint32_t capacity, uint64_t seed);
void map_close(struct map **map_p);

/* Insert or replace. */
LT_CHECK enum lt_status map_put(struct map *map, struct lt_bytes key, void *value);
void *map_get(const struct map *map, struct lt_bytes key); /* or NULL */
void *map_remove(struct map *map, struct lt_bytes key);    /* the value removed, or NULL */
uint32_t map_count(const struct map *map);

/*
 * Walk: *at starts at 0; returns NULL at the end. Removing entries meanwhile is allowed, the one
 * just returned and any other; putting new keys is not.
 */
void *map_each(const struct map *map, uint32_t *at);

#endif
