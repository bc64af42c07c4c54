/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A hash table that is sized once: sessions by agency, agencies by key, pending ids. Keys come from
 * peers, so the hash is keyed (SipHash-1-3, Aumasson and Bernstein) with a seed no peer knows, and
 * there is no growth that one of them could provoke.
 *
 * Three arrays: `slots` is the open-addressed table (linear probing, half full at most, removal by
 * shifting back) and holds entry numbers; `entries` holds keys and values and never moves; `order`
 * holds entry numbers as they were inserted, with gaps where one was removed, and is what a walk
 * follows. It is twice the capacity, so closing its gaps costs constant time per insertion.
 *
 * Full is LT_NO_MEMORY and changes nothing; replacing a value works in a full map, too.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

#define NONE         UINT32_MAX
#define CAPACITY_MAX (1u << 28)

struct entry {
    void *value;
    uint32_t hash;
    uint32_t place; /* in order[]; in a free entry: the next free one */
    uint8_t size;
    uint8_t key[MAP_KEY_MAX];
};

struct map {
    struct entry *entries;
    uint32_t *slots;
    uint32_t *order;
    uint32_t slots_mask;
    uint32_t capacity;
    uint32_t count;
    uint32_t order_end;
    uint32_t free_first;
    uint64_t key[2];
};

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* Up to eight bytes as a number, the same on every machine. */
static uint64_t little_word(const uint8_t *at, size_t size)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++) {
        word |= (uint64_t)at[i] << (8 * i);
    }
    return word;
}

static uint32_t key_hash(const struct map *map, struct lt_bytes key)
{
    uint64_t v[4] = {
        map->key[0] ^ 0x736f6d6570736575,
        map->key[1] ^ 0x646f72616e646f6d,
        map->key[0] ^ 0x6c7967656e657261,
        map->key[1] ^ 0x7465646279746573,
    };
    size_t at = 0;
    for (; key.size - at >= 8; at += 8) {
        uint64_t word = little_word(key.data + at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)key.size << 56;
    if (key.size > at) {
        last |= little_word(key.data + at, key.size - at);
    }
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xFF;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    uint64_t hash = v[0] ^ v[1] ^ v[2] ^ v[3];
    return (uint32_t)(hash ^ hash >> 32);
}

/* One seed makes both halves of the key (the mixing step of splitmix64). */
static uint64_t mix(uint64_t value)
{
    value += 0x9E3779B97F4A7C15;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    return value ^ value >> 31;
}

enum lt_status map_open(struct map **ret_map, uint32_t capacity, uint64_t seed)
{
    assert(capacity > 0 && capacity <= CAPACITY_MAX);
    uint32_t slots_count = 4;
    while (slots_count < capacity * 2) {
        slots_count *= 2;
    }
    struct map *map = calloc(1, sizeof(*map));
    if (map == NULL) {
        return LT_NO_MEMORY;
    }
    map->entries = calloc(capacity, sizeof(map->entries[0]));
    map->slots = malloc(slots_count * sizeof(map->slots[0]));
    map->order = malloc((size_t)capacity * 2 * sizeof(map->order[0]));
    if (map->entries == NULL || map->slots == NULL || map->order == NULL) {
        map_close(&map);
        return LT_NO_MEMORY;
    }
    memset(map->slots, 0xFF, slots_count * sizeof(map->slots[0]));
    map->slots_mask = slots_count - 1;
    map->capacity = capacity;
    for (uint32_t i = 0; i < capacity; i++) {
        map->entries[i].place = i + 1 < capacity ? i + 1 : NONE;
    }
    map->key[0] = mix(seed);
    map->key[1] = mix(seed ^ map->key[0]);
    *ret_map = map;
    return LT_OK;
}

void map_close(struct map **map_p)
{
    struct map *map = *map_p;
    if (map == NULL) {
        return;
    }
    free(map->entries);
    free(map->slots);
    free(map->order);
    free(map);
    *map_p = NULL;
}

static bool entry_is(const struct entry *entry, uint32_t hash, struct lt_bytes key)
{
    return entry->hash == hash && entry->size == key.size &&
           (key.size == 0 || memcmp(entry->key, key.data, key.size) == 0);
}

/* The slot of the key, or the empty one where it would go. */
static uint32_t find_slot(const struct map *map, uint32_t hash, struct lt_bytes key)
{
    uint32_t slot = hash & map->slots_mask;
    while (map->slots[slot] != NONE && !entry_is(&map->entries[map->slots[slot]], hash, key)) {
        slot = (slot + 1) & map->slots_mask;
    }
    return slot;
}

/* Closes the gaps that removals left. */
static void tidy_order(struct map *map)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < map->order_end; i++) {
        uint32_t number = map->order[i];
        if (number != NONE) {
            map->entries[number].place = end;
            map->order[end++] = number;
        }
    }
    map->order_end = end;
}

enum lt_status map_put(struct map *map, struct lt_bytes key, void *value)
{
    assert(value != NULL);
    if (key.size > MAP_KEY_MAX) {
        return LT_FIELD_BAD;
    }
    uint32_t hash = key_hash(map, key);
    uint32_t slot = find_slot(map, hash, key);
    if (map->slots[slot] != NONE) {
        map->entries[map->slots[slot]].value = value;
        return LT_OK;
    }
    if (map->free_first == NONE) {
        return LT_NO_MEMORY;
    }
    if (map->order_end == map->capacity * 2) {
        tidy_order(map);
    }
    uint32_t number = map->free_first;
    struct entry *entry = &map->entries[number];
    map->free_first = entry->place;
    entry->value = value;
    entry->hash = hash;
    entry->place = map->order_end;
    entry->size = (uint8_t)key.size;
    if (key.size > 0) {
        memcpy(entry->key, key.data, key.size);
    }
    map->order[map->order_end++] = number;
    map->slots[slot] = number;
    map->count++;
    return LT_OK;
}

void *map_get(const struct map *map, struct lt_bytes key)
{
    if (key.size > MAP_KEY_MAX) {
        return NULL;
    }
    uint32_t number = map->slots[find_slot(map, key_hash(map, key), key)];
    return number != NONE ? map->entries[number].value : NULL;
}

/* Empties a slot and moves back whoever was pushed on by it, so that no chain is broken. */
static void clear_slot(struct map *map, uint32_t hole)
{
    uint32_t mask = map->slots_mask;
    for (uint32_t slot = (hole + 1) & mask; map->slots[slot] != NONE; slot = (slot + 1) & mask) {
        uint32_t home = map->entries[map->slots[slot]].hash & mask;
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            map->slots[hole] = map->slots[slot];
            hole = slot;
        }
    }
    map->slots[hole] = NONE;
}

void *map_remove(struct map *map, struct lt_bytes key)
{
    if (key.size > MAP_KEY_MAX) {
        return NULL;
    }
    uint32_t slot = find_slot(map, key_hash(map, key), key);
    uint32_t number = map->slots[slot];
    if (number == NONE) {
        return NULL;
    }
    struct entry *entry = &map->entries[number];
    void *value = entry->value;
    clear_slot(map, slot);
    map->order[entry->place] = NONE;
    entry->value = NULL;
    entry->place = map->free_first;
    map->free_first = number;
    map->count--;
    return value;
}

uint32_t map_count(const struct map *map)
{
    return map->count;
}

void *map_each(const struct map *map, uint32_t *at)
{
    while (*at < map->order_end) {
        uint32_t number = map->order[(*at)++];
        if (number != NONE) {
            return map->entries[number].value;
        }
    }
    return NULL;
}
