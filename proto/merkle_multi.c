/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One proof for several leaves of one tree: the roots of the largest subtrees that hold none of
 * them, in the order of a walk from the left. What two leaves share is told once, so a commit of a
 * thousand acceptances of one sender costs next to nothing beside their cores.
 *
 * Maker and checker are the same walk: down the tree as RFC 9162 splits it, passing over what holds
 * no asked leaf. It keeps its own small stack (a tree of 4,096 leaves is 12 deep), because sizes
 * and indices come from a peer.
 *
 * Fails as merkle.h says: LT_PATH_LENGTH for a wrong number of nodes or indices that are none,
 * LT_NO_MEMORY when a proof would be larger than its bound.
 */
#include <assert.h>
#include <string.h>

#include "merkle.h"

#define DEPTH_MAX 16
static_assert(MERKLE_LEAVES_MAX <= 1 << (DEPTH_MAX - 2), "the stack holds the deepest walk");

/* A part of the tree, and which of the asked indices lie in it. */
struct part {
    uint32_t begin, size;
    uint32_t from, to; /* indices[from .. to - 1] */
    bool split;        /* its halves have been walked: join them */
};

struct walk {
    struct digester *digester;
    const uint32_t *indices;
    const struct lt_digest *asked; /* checker: leaves at the indices */
    const struct lt_digest *all;   /* maker: every leaf */
    const struct lt_digest *nodes; /* checker: what it was given */
    uint32_t nodes_count, used;
    struct merkle_multi *made; /* maker: what it gives */
    struct part parts[2 * DEPTH_MAX];
    uint32_t parts_count;
    struct lt_digest roots[2 * DEPTH_MAX]; /* checker: of parts walked and not joined yet */
    uint32_t roots_count;
};

static bool indices_good(const uint32_t *indices, uint32_t count, uint32_t size)
{
    if (count == 0 || size > MERKLE_LEAVES_MAX || indices[count - 1] >= size) {
        return false;
    }
    for (uint32_t i = 1; i < count; i++) {
        if (indices[i] <= indices[i - 1]) {
            return false;
        }
    }
    return true;
}

static void push(struct walk *walk, struct part part)
{
    assert(walk->parts_count < 2 * DEPTH_MAX);
    walk->parts[walk->parts_count++] = part;
}

/* The largest power of two below a size of at least 2. */
static uint32_t split_of(uint32_t size)
{
    return UINT32_C(1) << (31 - __builtin_clz(size - 1));
}

/* Puts both halves of a part before itself, the left one to be walked first. */
static void halve(struct walk *walk, struct part part)
{
    uint32_t split = split_of(part.size), middle = part.from;
    while (middle < part.to && walk->indices[middle] - part.begin < split) {
        middle++;
    }
    part.split = true;
    push(walk, part);
    push(walk, (struct part){.begin = part.begin + split,
                             .size = part.size - split,
                             .from = middle,
                             .to = part.to});
    push(walk, (struct part){.begin = part.begin, .size = split, .from = part.from, .to = middle});
}

static enum lt_status give(struct walk *walk, const struct part *part)
{
    if (walk->made->count == MERKLE_MULTI_MAX) {
        return LT_NO_MEMORY;
    }
    walk->made->nodes[walk->made->count++] =
        merkle_root(walk->digester, walk->all + part->begin, part->size);
    return LT_OK;
}

static enum lt_status take(struct walk *walk, const struct part *part)
{
    bool asked = part->from < part->to;
    if (!asked && walk->used == walk->nodes_count) {
        return LT_PATH_LENGTH;
    }
    walk->roots[walk->roots_count++] = asked ? walk->asked[part->from] : walk->nodes[walk->used++];
    return LT_OK;
}

static void join(struct walk *walk)
{
    assert(walk->roots_count >= 2);
    struct lt_digest *left = &walk->roots[walk->roots_count - 2];
    *left = merkle_node(walk->digester, left, left + 1);
    walk->roots_count--;
}

static enum lt_status walk_run(struct walk *walk, uint32_t size, uint32_t indices_count)
{
    enum lt_status status = LT_OK;
    push(walk, (struct part){.size = size, .to = indices_count});
    while (walk->parts_count > 0 && status == LT_OK) {
        struct part part = walk->parts[--walk->parts_count];
        bool asked = part.from < part.to;
        if (part.split) {
            if (!walk->made) {
                join(walk);
            }
        } else if (asked && part.size > 1) {
            halve(walk, part);
        } else if (!walk->made) {
            status = take(walk, &part);
        } else if (!asked) {
            status = give(walk, &part);
        }
    }
    return status;
}

enum lt_status merkle_multi_of(struct digester *digester, const struct lt_digest *leaves,
                               uint32_t size, const uint32_t *indices, uint32_t indices_count,
                               struct merkle_multi *ret_multi)
{
    assert(indices_good(indices, indices_count, size));
    struct walk walk = {.digester = digester, .indices = indices, .all = leaves, .made = ret_multi};
    ret_multi->count = 0;
    return walk_run(&walk, size, indices_count);
}

enum lt_status merkle_multi_root(struct digester *digester, uint32_t size, const uint32_t *indices,
                                 const struct lt_digest *leaves, uint32_t indices_count,
                                 const struct lt_digest *nodes, uint32_t count,
                                 struct lt_digest *ret_root)
{
    if (!indices_good(indices, indices_count, size)) {
        return LT_PATH_LENGTH;
    }
    struct walk walk = {.digester = digester,
                        .indices = indices,
                        .asked = leaves,
                        .nodes = nodes,
                        .nodes_count = count};
    enum lt_status status = walk_run(&walk, size, indices_count);
    if (status != LT_OK) {
        return status;
    }
    assert(walk.roots_count == 1);
    if (walk.used != count) {
        return LT_PATH_LENGTH;
    }
    *ret_root = walk.roots[0];
    return LT_OK;
}
