/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The ordered map behind the overlay: what the journal already holds and the index does not yet.
 * Every transfer asks it several times, so it is a skip list with nothing around it: a node is one
 * piece of arena memory {head, links, key, value}, and a step compares the first eight bytes of the
 * keys as one number before it looks at the keys themselves.
 *
 * Heights come from a generator with a given seed: the same calls build the same list, on every
 * machine. A quarter of the nodes reach one level higher; twelve levels serve sixteen million keys.
 *
 * Deleting stores a tombstone, because "known to be gone" must hide what the index still says.
 * LT_NO_MEMORY means the arena is at its cap: the tree is unchanged and goes on answering.
 */
#include <string.h>

#include "tree.h"

#define HEIGHT_MAX   12
#define PREFIX_BYTES 8u

struct tree_node {
    uint64_t prefix; /* of the key, big-endian, zeros behind a short one */
    const uint8_t *key;
    uint8_t *value;
    uint32_t key_size;
    uint32_t value_size;
    uint32_t value_room;
    bool gone;
    struct tree_node *next[];
};

static uint64_t key_prefix(struct lt_bytes key)
{
    uint64_t prefix = 0;
    if (key.size >= PREFIX_BYTES) {
        memcpy(&prefix, key.data, PREFIX_BYTES);
    } else if (key.size > 0) {
        memcpy(&prefix, key.data, key.size);
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    prefix = __builtin_bswap64(prefix);
#endif
    return prefix;
}

/* Less than, equal to or greater than zero as the node stands before, at or behind the key. */
static int node_compare(const struct tree_node *node, uint64_t prefix, struct lt_bytes key)
{
    if (node->prefix != prefix) {
        return node->prefix < prefix ? -1 : 1;
    }
    size_t common = node->key_size < key.size ? node->key_size : key.size;
    if (common > PREFIX_BYTES) {
        int order =
            memcmp(node->key + PREFIX_BYTES, key.data + PREFIX_BYTES, common - PREFIX_BYTES);
        if (order != 0) {
            return order;
        }
    }
    return (node->key_size > key.size) - (node->key_size < key.size);
}

/*
 * The first node at or behind the key; *ret_equal says which. With `path`, the last node before the
 * key on each level in use.
 */
static struct tree_node *find(const struct tree *tree, struct lt_bytes key, uint64_t prefix,
                              struct tree_node **path, bool *ret_equal)
{
    struct tree_node *before = tree->head;
    struct tree_node *bound = NULL; /* known not to stand before the key */
    int order = 1;
    for (int level = tree->height - 1; level >= 0; level--) {
        struct tree_node *next = before->next[level];
        while (next != bound) {
            int step = node_compare(next, prefix, key);
            if (step >= 0) {
                bound = next;
                order = step;
                break;
            }
            before = next;
            next = before->next[level];
        }
        if (path != NULL) {
            path[level] = before;
        } else if (order == 0) {
            break;
        }
    }
    *ret_equal = order == 0;
    return bound;
}

/* xorshift64*; two bits per level. */
static int next_height(struct tree *tree)
{
    tree->random ^= tree->random >> 12;
    tree->random ^= tree->random << 25;
    tree->random ^= tree->random >> 27;
    uint64_t bits = (tree->random * 0x2545F4914F6CDD1D) >> 32;
    int height = 1;
    while (height < HEIGHT_MAX && (bits & 3) == 0) {
        height++;
        bits >>= 2;
    }
    return height;
}

static struct tree_node *node_new(struct tree *tree, int height, struct lt_bytes key,
                                  struct lt_bytes value)
{
    size_t head = sizeof(struct tree_node) + (size_t)height * sizeof(void *);
    if (key.size > UINT32_MAX || value.size > UINT32_MAX) {
        return NULL;
    }
    struct tree_node *node = arena_alloc(tree->arena, head + key.size + value.size);
    if (node == NULL) {
        return NULL;
    }
    uint8_t *key_place = (uint8_t *)node + head;
    if (key.size > 0) {
        memcpy(key_place, key.data, key.size);
    }
    node->prefix = key_prefix(key);
    node->key = key_place;
    node->key_size = (uint32_t)key.size;
    node->value = key_place + key.size;
    node->value_room = (uint32_t)value.size;
    return node;
}

enum lt_status tree_init(struct tree *tree, struct arena *arena, uint64_t seed)
{
    struct lt_bytes none = {NULL, 0};
    struct tree fresh = {.arena = arena, .height = 1};
    fresh.head = node_new(&fresh, HEIGHT_MAX, none, none);
    if (fresh.head == NULL) {
        return LT_NO_MEMORY;
    }
    memset(fresh.head->next, 0, HEIGHT_MAX * sizeof(void *));
    /* The generator must not stand at zero. */
    fresh.random = seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03;
    fresh.random += fresh.random == 0;
    *tree = fresh;
    return LT_OK;
}

static void set_value(struct tree_node *node, struct lt_bytes value, bool gone)
{
    node->gone = gone;
    node->value_size = (uint32_t)value.size;
    if (value.size > 0) {
        memcpy(node->value, value.data, value.size);
    }
}

static enum lt_status replace(struct tree *tree, struct tree_node *node, struct lt_bytes value,
                              bool gone)
{
    if (value.size > node->value_room) {
        uint8_t *room = value.size <= UINT32_MAX ? arena_alloc(tree->arena, value.size) : NULL;
        if (room == NULL) {
            return LT_NO_MEMORY;
        }
        node->value = room;
        node->value_room = (uint32_t)value.size;
    }
    set_value(node, value, gone);
    return LT_OK;
}

static enum lt_status store(struct tree *tree, struct lt_bytes key, struct lt_bytes value,
                            bool gone)
{
    struct tree_node *path[HEIGHT_MAX];
    bool equal;
    struct tree_node *node = find(tree, key, key_prefix(key), path, &equal);
    if (equal) {
        return replace(tree, node, value, gone);
    }
    int height = next_height(tree);
    node = node_new(tree, height, key, value);
    if (node == NULL) {
        return LT_NO_MEMORY;
    }
    set_value(node, value, gone);
    for (; tree->height < height; tree->height++) {
        path[tree->height] = tree->head;
    }
    for (int level = 0; level < height; level++) {
        node->next[level] = path[level]->next[level];
        path[level]->next[level] = node;
    }
    tree->count++;
    return LT_OK;
}

enum lt_status tree_put(struct tree *tree, struct lt_bytes key, struct lt_bytes value)
{
    return store(tree, key, value, false);
}

enum lt_status tree_delete(struct tree *tree, struct lt_bytes key)
{
    return store(tree, key, (struct lt_bytes){NULL, 0}, true);
}

bool tree_get(const struct tree *tree, struct lt_bytes key, struct tree_entry *ret_entry)
{
    bool equal;
    const struct tree_node *node = find(tree, key, key_prefix(key), NULL, &equal);
    if (equal) {
        *ret_entry = tree_at(node);
    }
    return equal;
}

const struct tree_node *tree_seek(const struct tree *tree, struct lt_bytes key)
{
    bool equal;
    return find(tree, key, key_prefix(key), NULL, &equal);
}

const struct tree_node *tree_next(const struct tree_node *node)
{
    return node->next[0];
}

struct tree_entry tree_at(const struct tree_node *node)
{
    return (struct tree_entry){
        .key = {node->key, node->key_size},
        .value = {node->gone ? NULL : node->value, node->value_size},
    };
}
