/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The hash trees of RFC 6962, and the proofs of RFC 9162 about one leaf and about two sizes: the
 * log, the commits in it and the seals over many parcels all stand on this file.
 *
 * Proofs are made from a source of complete subtrees, walking from the top to the leaf, so the same
 * lines serve an array of 64 leaves and a log of a thousand million in tiles. Every walk is bounded
 * by the 64 bits of a size; nothing recurses and nothing allocates. Proofs about several leaves are
 * in merkle_multi.c.
 *
 * What a caller asks must make sense (an index within its size) and is asserted; what a peer sent
 * is only checked: a path that is too short, too long or leads elsewhere is refused by its own
 * code.
 */
#include "merkle.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

struct lt_digest merkle_leaf(struct digester *digester, struct lt_bytes bytes)
{
    static const uint8_t prefix = 0;
    return digest_of_two(digester, (struct lt_bytes){&prefix, 1}, bytes);
}

struct lt_digest merkle_node(struct digester *digester, const struct lt_digest *left,
                             const struct lt_digest *right)
{
    uint8_t both[1 + 2 * sizeof(*left)] = {1};
    memcpy(both + 1, left->bytes, sizeof(left->bytes));
    memcpy(both + 1 + sizeof(left->bytes), right->bytes, sizeof(right->bytes));
    return digest_of(digester, (struct lt_bytes){both, sizeof(both)});
}

/* The largest power of two below a size of at least 2: where RFC 9162 splits a tree. */
static uint64_t split_of(uint64_t size)
{
    return UINT64_C(1) << (63 - __builtin_clzll(size - 1));
}

/* -- the right edge -------------------------------------------------------------------------------
 */

void merkle_edge_init(struct merkle_edge *edge)
{
    edge->size = 0;
}

static uint32_t edge_count(uint64_t size)
{
    return (uint32_t)__builtin_popcountll(size);
}

void merkle_edge_append(struct merkle_edge *edge, struct digester *digester,
                        const struct lt_digest *leaf)
{
    uint32_t count = edge_count(edge->size);
    struct lt_digest node = *leaf;
    assert(edge->size < UINT64_MAX);
    for (uint64_t bits = edge->size; bits & 1; bits >>= 1) {
        node = merkle_node(digester, &edge->nodes[--count], &node);
    }
    edge->nodes[count] = node;
    edge->size++;
}

struct lt_digest merkle_edge_root(const struct merkle_edge *edge, struct digester *digester)
{
    uint32_t count = edge_count(edge->size);
    if (count == 0) {
        return digest_of(digester, (struct lt_bytes){NULL, 0});
    }
    struct lt_digest root = edge->nodes[--count];
    while (count > 0) {
        root = merkle_node(digester, &edge->nodes[--count], &root);
    }
    return root;
}

struct lt_digest merkle_root(struct digester *digester, const struct lt_digest *leaves,
                             uint64_t count)
{
    struct merkle_edge edge;
    merkle_edge_init(&edge);
    for (uint64_t i = 0; i < count; i++) {
        merkle_edge_append(&edge, digester, &leaves[i]);
    }
    return merkle_edge_root(&edge, digester);
}

/* -- sources
 * ----------------------------------------------------------------------------------------- */

static enum lt_status array_node(void *context, uint32_t level, uint64_t index,
                                 struct lt_digest *ret_node)
{
    const struct merkle_array *array = context;
    uint64_t width = UINT64_C(1) << level;
    assert(index < array->count >> level);
    *ret_node = merkle_root(array->digester, array->leaves + index * width, width);
    return LT_OK;
}

struct merkle_source merkle_array_source(struct merkle_array *array)
{
    return (struct merkle_source){array, array_node};
}

/* The root over leaves begin .. begin+size-1; begin is a multiple of the power of two that `size`
 * fits in, so its subtrees are complete ones of the whole tree. */
static enum lt_status range_root(const struct merkle_source *source, struct digester *digester,
                                 uint64_t begin, uint64_t size, struct lt_digest *ret_root)
{
    struct lt_digest node, root;
    bool any = false;
    /* From the right: the smallest subtree is the last one. */
    for (uint64_t rest = size; rest > 0; rest &= rest - 1) {
        uint32_t level = (uint32_t)__builtin_ctzll(rest);
        uint64_t at = begin + (rest & (rest - 1));
        enum lt_status status = source->node(source->context, level, at >> level, &node);
        if (status != LT_OK) {
            return status;
        }
        root = any ? merkle_node(digester, &node, &root) : node;
        any = true;
    }
    *ret_root = any ? root : digest_of(digester, (struct lt_bytes){NULL, 0});
    return LT_OK;
}

enum lt_status merkle_source_root(const struct merkle_source *source, struct digester *digester,
                                  uint64_t size, struct lt_digest *ret_root)
{
    return range_root(source, digester, 0, size, ret_root);
}

/* -- making proofs
 * ----------------------------------------------------------------------------------- */

/* Walks make a path from the top; it is told from the leaf. */
static void path_turn(struct merkle_path *path)
{
    for (uint32_t i = 0; i < path->count / 2; i++) {
        struct lt_digest kept = path->nodes[i];
        path->nodes[i] = path->nodes[path->count - 1 - i];
        path->nodes[path->count - 1 - i] = kept;
    }
}

enum lt_status merkle_source_path(const struct merkle_source *source, struct digester *digester,
                                  uint64_t size, uint64_t index, struct merkle_path *ret_path)
{
    struct merkle_path path = {0};
    uint64_t begin = 0;
    assert(index < size);
    while (size > 1) {
        uint64_t split = split_of(size);
        bool left = index - begin < split;
        enum lt_status status = range_root(source, digester, left ? begin + split : begin,
                                           left ? size - split : split, &path.nodes[path.count]);
        if (status != LT_OK) {
            return status;
        }
        path.count++;
        begin += left ? 0 : split;
        size = left ? split : size - split;
    }
    path_turn(&path);
    *ret_path = path;
    return LT_OK;
}

enum lt_status merkle_source_consistency(const struct merkle_source *source,
                                         struct digester *digester, uint64_t first, uint64_t second,
                                         struct merkle_path *ret_path)
{
    struct merkle_path path = {0};
    uint64_t begin = 0, size = second;
    bool whole = true; /* the part in question is the whole first tree, which the asker has */
    assert(first <= second);
    while (first > 0 && first != size) {
        uint64_t split = split_of(size);
        bool left = first <= split;
        enum lt_status status = range_root(source, digester, left ? begin + split : begin,
                                           left ? size - split : split, &path.nodes[path.count]);
        if (status != LT_OK) {
            return status;
        }
        path.count++;
        whole = whole && left;
        begin += left ? 0 : split;
        first -= left ? 0 : split;
        size = left ? split : size - split;
    }
    if (first > 0 && !whole) {
        enum lt_status status = range_root(source, digester, begin, size, &path.nodes[path.count]);
        if (status != LT_OK) {
            return status;
        }
        path.count++;
    }
    path_turn(&path);
    *ret_path = path;
    return LT_OK;
}

/* -- checking
 * --------------------------------------------------------------------------------------------- */

enum lt_status merkle_path_root(struct digester *digester, const struct lt_digest *leaf,
                                uint64_t index, uint64_t size, const struct lt_digest *nodes,
                                uint32_t count, struct lt_digest *ret_root)
{
    if (index >= size) {
        return LT_PATH_LENGTH;
    }
    uint64_t node = index, last = size - 1;
    struct lt_digest root = *leaf;
    for (uint32_t i = 0; i < count; i++) {
        if (last == 0) {
            return LT_PATH_LENGTH;
        }
        if (node & 1 || node == last) {
            root = merkle_node(digester, &nodes[i], &root);
            while (node != 0 && !(node & 1)) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            root = merkle_node(digester, &root, &nodes[i]);
        }
        node >>= 1;
        last >>= 1;
    }
    if (last != 0) {
        return LT_PATH_LENGTH;
    }
    *ret_root = root;
    return LT_OK;
}

enum lt_status merkle_path_check(struct digester *digester, const struct lt_digest *leaf,
                                 uint64_t index, uint64_t size, const struct lt_digest *nodes,
                                 uint32_t count, const struct lt_digest *root)
{
    struct lt_digest found;
    enum lt_status status = merkle_path_root(digester, leaf, index, size, nodes, count, &found);
    if (status != LT_OK) {
        return status;
    }
    return digest_equal(&found, root) ? LT_OK : LT_PATH_WRONG;
}

/* Both roots from the nodes of a proof that begins with a node of both trees. */
static enum lt_status two_roots(struct digester *digester, uint64_t node, uint64_t last,
                                const struct lt_digest *nodes, uint32_t count,
                                struct lt_digest *first, struct lt_digest *second)
{
    for (uint32_t i = 0; i < count; i++) {
        if (last == 0) {
            return LT_PATH_LENGTH;
        }
        if (node & 1 || node == last) {
            *first = merkle_node(digester, &nodes[i], first);
            *second = merkle_node(digester, &nodes[i], second);
            while (node != 0 && !(node & 1)) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            *second = merkle_node(digester, second, &nodes[i]);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 ? LT_OK : LT_PATH_LENGTH;
}

enum lt_status merkle_consistency_check(struct digester *digester, const struct merkle_head *first,
                                        const struct merkle_head *second,
                                        const struct lt_digest *nodes, uint32_t count)
{
    if (second->size < first->size) {
        return LT_PATH_WRONG;
    }
    if (first->size == second->size || first->size == 0) {
        struct lt_digest none = digest_of(digester, (struct lt_bytes){NULL, 0});
        const struct lt_digest *due = first->size == 0 ? &none : &second->root;
        bool same = digest_equal(&first->root, due) &&
                    (second->size > 0 || digest_equal(&second->root, &none));
        if (count > 0) {
            return LT_PATH_LENGTH;
        }
        return same ? LT_OK : LT_PATH_WRONG;
    }
    uint64_t node = first->size - 1, last = second->size - 1;
    bool power = (first->size & (first->size - 1)) == 0; /* the first tree is itself a node */
    if (!power && count == 0) {
        return LT_PATH_LENGTH;
    }
    while (node & 1) {
        node >>= 1;
        last >>= 1;
    }
    struct lt_digest old = power ? first->root : nodes[0], grown = old;
    enum lt_status status = two_roots(digester, node, last, power ? nodes : nodes + 1,
                                      power ? count : count - 1, &old, &grown);
    if (status != LT_OK) {
        return status;
    }
    bool same = digest_equal(&old, &first->root) && digest_equal(&grown, &second->root);
    return same ? LT_OK : LT_PATH_WRONG;
}
