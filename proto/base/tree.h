/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_BASE_TREE_H
#define PROTO_BASE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Ordered map in memory (a skip list whose heights come from a seeded generator, nodes in the
 * caller's arena): keys in memcmp order, values whole. A key may be put many times, the last wins;
 * a deletion is a stored tombstone. Nothing is freed singly: the arena goes as a whole. One writer;
 * once the writer has stopped for good, any number of readers.
 */
struct tree_node;
struct tree {
    struct arena *arena;
    struct tree_node *head;
    uint64_t random;
    uint32_t count; /* keys, tombstones included */
    int height;
};

struct tree_entry {
    struct lt_bytes key;
    struct lt_bytes value; /* data is NULL for a tombstone */
};

LT_CHECK enum lt_status tree_init(struct tree *tree, struct arena *arena, uint64_t seed);

/* Copies key and value; a value no longer than the one it replaces reuses its room. */
LT_CHECK enum lt_status tree_put(struct tree *tree, struct lt_bytes key, struct lt_bytes value);
LT_CHECK enum lt_status tree_delete(struct tree *tree, struct lt_bytes key);

/* True when the key is known (also as a tombstone). The views live until the key is put again. */
bool tree_get(const struct tree *tree, struct lt_bytes key, struct tree_entry *ret_entry);

/* The first entry with key >= `key`; NULL node at the end. */
const struct tree_node *tree_seek(const struct tree *tree, struct lt_bytes key);
const struct tree_node *tree_next(const struct tree_node *node);
struct tree_entry tree_at(const struct tree_node *node);

#endif
