/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Hashes of the log by level, and its entries. What is added goes to the last tile of level 0; a
 * tile that fills gives its hash to the level above. Full tiles are written and synced when they
 * fill, the last ones before a checkpoint leaves (tiles_sync).
 *
 * A tile from disk is compared with its hash one level up, and that one with the next, until a last
 * tile is met, which is in memory and was compared with a signed root when the log was opened. So a
 * bit that turned anywhere is LT_LOG_DAMAGED with the name of its file and never part of a proof.
 * Tiles that were believed stay in a small cache.
 */
#include "tiles.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/wire.h"

#define HASH_BYTES  32
#define ENTRY_BYTES (2 + COMMIT_BYTES)
#define CACHE_SLOTS 64

struct tile {
    uint64_t file;
    uint32_t level;
    bool full; /* something is in it */
    struct lt_digest hashes[SHELF_SLOTS];
};

struct tiles {
    struct shelf levels[TILES_LEVELS];
    struct shelf entries;
    struct tile cache[CACHE_SLOTS];
};

static_assert(sizeof(struct lt_digest) == HASH_BYTES, "a slot is a digest");
static_assert(ENTRY_BYTES <= SHELF_SLOT_BYTES_MAX, "an entry is a slot");

enum lt_status tiles_open(struct tiles **ret_tiles, const char *folder)
{
    char path[SHELF_PATH_BYTES];
    struct tiles *tiles = calloc(1, sizeof(*tiles));
    if (tiles == NULL) {
        return LT_NO_MEMORY;
    }
    for (uint32_t level = 0; level < TILES_LEVELS; level++) {
        snprintf(path, sizeof(path), "%.400s/tile/%u", folder, level);
        shelf_init(&tiles->levels[level], path, HASH_BYTES);
    }
    snprintf(path, sizeof(path), "%.400s/tile/entries", folder);
    shelf_init(&tiles->entries, path, ENTRY_BYTES);
    *ret_tiles = tiles;
    return LT_OK;
}

void tiles_close(struct tiles **tiles_p)
{
    free(*tiles_p);
    *tiles_p = NULL;
}

enum lt_status tiles_load(struct tiles *tiles, uint64_t size, struct fault *fault)
{
    enum lt_status status = shelf_load(&tiles->entries, size, fault);
    memset(tiles->cache, 0, sizeof(tiles->cache));
    for (uint32_t level = 0; level < TILES_LEVELS && status == LT_OK; level++) {
        status = shelf_load(&tiles->levels[level], size >> (8 * level), fault);
    }
    return status;
}

uint64_t tiles_size(const struct tiles *tiles)
{
    return tiles->levels[0].count;
}

/* The last tiles, from the lowest level: each is the part that is not in the level above yet. */
struct lt_digest tiles_root(const struct tiles *tiles, struct digester *digester)
{
    struct lt_digest root = merkle_root(digester, NULL, 0);
    bool any = false;
    for (uint32_t level = 0; level < TILES_LEVELS; level++) {
        const struct shelf *shelf = &tiles->levels[level];
        uint64_t open = shelf->count % SHELF_SLOTS;
        struct lt_digest hashes[SHELF_SLOTS];
        memcpy(hashes, shelf->last, open * HASH_BYTES);
        /* Complete subtrees of this tile from the right, each joined to what is right of it. */
        for (uint64_t rest = open; rest > 0; rest &= rest - 1) {
            uint64_t begin = rest & (rest - 1);
            struct lt_digest part = merkle_root(digester, hashes + begin, rest - begin);
            root = any ? merkle_node(digester, &part, &root) : part;
            any = true;
        }
    }
    return root;
}

/* ---- adding ---- */

static enum lt_status add_hash(struct tiles *tiles, struct digester *digester,
                               struct lt_digest hash, struct fault *fault)
{
    for (uint32_t level = 0; level < TILES_LEVELS; level++) {
        struct shelf *shelf = &tiles->levels[level];
        shelf_add(shelf, hash.bytes);
        if (!shelf_full(shelf)) {
            return LT_OK;
        }
        struct lt_digest hashes[SHELF_SLOTS];
        memcpy(hashes, shelf->last, sizeof(hashes));
        hash = merkle_root(digester, hashes, SHELF_SLOTS);
        enum lt_status status = shelf_flush(shelf, true, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

enum lt_status tiles_add(struct tiles *tiles, struct digester *digester,
                         const struct commit_entry *entry, struct fault *fault)
{
    uint8_t slot[ENTRY_BYTES] = {0, COMMIT_BYTES};
    commit_entry_write(slot + 2, entry);
    shelf_add(&tiles->entries, slot);
    enum lt_status status =
        shelf_full(&tiles->entries) ? shelf_flush(&tiles->entries, true, fault) : LT_OK;
    if (status != LT_OK) {
        return status;
    }
    return add_hash(tiles, digester,
                    merkle_leaf(digester, (struct lt_bytes){slot + 2, COMMIT_BYTES}), fault);
}

enum lt_status tiles_sync(struct tiles *tiles, struct fault *fault)
{
    enum lt_status status = shelf_flush(&tiles->entries, true, fault);
    for (uint32_t level = 0; level < TILES_LEVELS && status == LT_OK; level++) {
        status = shelf_flush(&tiles->levels[level], true, fault);
    }
    return status;
}

/* ---- reading ---- */

/* The tile that fills: in memory, and part of the root. */
static bool is_open(const struct shelf *shelf, uint64_t file)
{
    return shelf->count % SHELF_SLOTS != 0 && file == shelf->count / SHELF_SLOTS;
}

static enum lt_status tile_damaged(const struct shelf *shelf, uint64_t file, struct fault *fault)
{
    char path[SHELF_PATH_BYTES];
    shelf_path(shelf, file, path);
    return fault_set(fault, LT_LOG_DAMAGED, path, "is not what the tile above says");
}

/* A full tile from disk into its place in the cache, if it has the hash that is due. */
static enum lt_status tile_read(struct tiles *tiles, struct digester *digester, uint32_t level,
                                uint64_t file, const struct lt_digest *due, struct fault *fault)
{
    struct tile *tile = &tiles->cache[(file * TILES_LEVELS + level) % CACHE_SLOTS];
    uint32_t slots;
    if (tile->full && tile->level == level && tile->file == file) {
        return LT_OK;
    }
    tile->full = false;
    enum lt_status status =
        shelf_read(&tiles->levels[level], file, tile->hashes[0].bytes, &slots, fault);
    if (status != LT_OK) {
        return status;
    }
    struct lt_digest hash = merkle_root(digester, tile->hashes, slots);
    if (!digest_equal(&hash, due)) {
        return tile_damaged(&tiles->levels[level], file, fault);
    }
    tile->file = file;
    tile->level = level;
    tile->full = true;
    return LT_OK;
}

/* The hashes of a tile, believed: down from the first open tile above it. */
static enum lt_status tile_get(struct tiles *tiles, struct digester *digester, uint32_t level,
                               uint64_t file, const uint8_t **ret_hashes, struct fault *fault)
{
    uint32_t at = level;
    while (!is_open(&tiles->levels[at], file >> (8 * (at - level)))) {
        at++;
        assert(at < TILES_LEVELS);
    }
    const uint8_t *hashes = tiles->levels[at].last;
    while (at > level) {
        struct lt_digest due;
        uint64_t number = file >> (8 * (--at - level));
        memcpy(due.bytes, hashes + number % SHELF_SLOTS * HASH_BYTES, HASH_BYTES);
        enum lt_status status = tile_read(tiles, digester, at, number, &due, fault);
        if (status != LT_OK) {
            return status;
        }
        hashes = tiles->cache[(number * TILES_LEVELS + at) % CACHE_SLOTS].hashes[0].bytes;
    }
    *ret_hashes = hashes;
    return LT_OK;
}

static enum lt_status source_node(void *context, uint32_t level, uint64_t index,
                                  struct lt_digest *ret_node)
{
    struct tiles_reader *reader = context;
    const uint8_t *slots;
    struct lt_digest hashes[SHELF_SLOTS / 2];
    uint32_t part = level % 8;
    uint64_t from = index << part;
    enum lt_status status = tile_get(reader->tiles, reader->digester, level / 8, from / SHELF_SLOTS,
                                     &slots, reader->fault);
    if (status == LT_OK) {
        memcpy(hashes, slots + from % SHELF_SLOTS * HASH_BYTES, (size_t)HASH_BYTES << part);
        *ret_node = merkle_root(reader->digester, hashes, UINT64_C(1) << part);
    }
    return status;
}

struct merkle_source tiles_source(struct tiles_reader *reader)
{
    return (struct merkle_source){reader, source_node};
}

/* The slot's entry, when it has the hash that its leaf is. */
static bool slot_entry(struct digester *digester, const uint8_t *slot, const uint8_t *leaf,
                       struct commit_entry *ret_entry)
{
    struct lt_digest hash = merkle_leaf(digester, (struct lt_bytes){slot + 2, COMMIT_BYTES});
    return memcmp(hash.bytes, leaf, HASH_BYTES) == 0 && slot[0] == 0 && slot[1] == COMMIT_BYTES &&
           commit_entry_read((struct lt_bytes){slot + 2, COMMIT_BYTES}, ret_entry);
}

enum lt_status tiles_entry(struct tiles *tiles, struct digester *digester, uint64_t index,
                           struct commit_entry *ret_entry, struct fault *fault)
{
    uint8_t slots[SHELF_SLOTS * ENTRY_BYTES];
    uint32_t count;
    const uint8_t *leaves;
    uint64_t file = index / SHELF_SLOTS, at = index % SHELF_SLOTS;
    assert(index < tiles_size(tiles));
    enum lt_status status = shelf_read(&tiles->entries, file, slots, &count, fault);
    if (status == LT_OK) {
        status = tile_get(tiles, digester, 0, file, &leaves, fault);
    }
    if (status != LT_OK) {
        return status;
    }
    if (!slot_entry(digester, slots + at * ENTRY_BYTES, leaves + at * HASH_BYTES, ret_entry)) {
        return tile_damaged(&tiles->entries, file, fault);
    }
    return LT_OK;
}

enum lt_status tiles_below(struct tiles *tiles, struct digester *digester, uint64_t position,
                           uint64_t *ret_count, struct fault *fault)
{
    uint64_t low = 0, high = tiles_size(tiles);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct commit_entry entry = {0};
        enum lt_status status = tiles_entry(tiles, digester, middle, &entry, fault);
        if (status != LT_OK) {
            return status;
        }
        if (entry.position <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_count = low;
    return LT_OK;
}

/* ---- looking at everything ---- */

static void tell(const struct tiles_walk *walk, const struct shelf *shelf, uint64_t file,
                 const char *what)
{
    char path[SHELF_PATH_BYTES];
    shelf_path(shelf, file, path);
    walk->found(walk->context, path, what);
}

/* Behind the slots counted of a last file may stand what no checkpoint covers, or covered once: a
 * tile is written when it fills and before it is signed for, a restore leaves it where it is.
 * Nobody reads it, and whoever adds writes over it. */
static void look_at_length(const struct shelf *shelf, uint64_t file, const struct tiles_walk *walk)
{
    uint64_t bytes;
    uint64_t due = is_open(shelf, file) ? shelf->count % SHELF_SLOTS : SHELF_SLOTS;
    if (shelf_file_bytes(shelf, file, &bytes) != LT_OK || bytes < due * shelf->slot_bytes ||
        bytes > (uint64_t)SHELF_SLOTS * shelf->slot_bytes) {
        tell(walk, shelf, file, "length");
    }
}

static void look_at_tile(struct tiles *tiles, struct digester *digester, uint32_t level,
                         uint64_t file, const struct tiles_walk *walk)
{
    const uint8_t *hashes;
    look_at_length(&tiles->levels[level], file, walk);
    if (tile_get(tiles, digester, level, file, &hashes, NULL) != LT_OK) {
        tell(walk, &tiles->levels[level], file, "hash");
    }
}

static void look_at_entries(struct tiles *tiles, struct digester *digester, uint64_t file,
                            const struct tiles_walk *walk)
{
    uint8_t slots[SHELF_SLOTS * ENTRY_BYTES];
    uint32_t count = 0;
    uint64_t before = 0;
    const uint8_t *leaves;
    look_at_length(&tiles->entries, file, walk);
    if (tile_get(tiles, digester, 0, file, &leaves, NULL) != LT_OK) {
        return; /* told already, by the tile's own name */
    }
    bool right = shelf_read(&tiles->entries, file, slots, &count, NULL) == LT_OK;
    for (uint32_t i = 0; i < count && right; i++) {
        struct commit_entry entry;
        right = slot_entry(digester, slots + (size_t)i * ENTRY_BYTES,
                           leaves + (size_t)i * HASH_BYTES, &entry) &&
                entry.position > before;
        before = right ? entry.position : before;
    }
    if (!right) {
        tell(walk, &tiles->entries, file, "entry");
    }
}

enum lt_status tiles_verify(struct tiles *tiles, struct digester *digester,
                            const struct tiles_walk *walk)
{
    uint64_t size = tiles_size(tiles);
    for (uint32_t level = TILES_LEVELS; level-- > 0;) {
        uint64_t files = (tiles->levels[level].count + SHELF_SLOTS - 1) / SHELF_SLOTS;
        for (uint64_t file = 0; file < files; file++) {
            look_at_tile(tiles, digester, level, file, walk);
            if (level > 0) {
                continue;
            }
            look_at_entries(tiles, digester, file, walk);
            uint64_t done = (file + 1) * SHELF_SLOTS;
            if (walk->progress != NULL &&
                !walk->progress(walk->context, done < size ? done : size, size)) {
                return LT_AGAIN;
            }
        }
    }
    return LT_OK;
}
