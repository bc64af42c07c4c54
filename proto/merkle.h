/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PROTO_MERKLE_H
#define PROTO_MERKLE_H

#include <stdint.h>

#include "base/fault.h"
#include "digest.h"

/*
 * The Merkle trees of the house, as RFC 6962 and RFC 9162 hash them: a leaf is SHA-256(0x00 ‖
 * bytes), a node SHA-256(0x01 ‖ left ‖ right), the empty tree SHA-256 of nothing. Everything works
 * in the caller's memory; nothing here allocates. Checks of what a peer says answer LT_PATH_LENGTH
 * (the path is shorter or longer than its place asks for, or the place is none) and LT_PATH_WRONG
 * (it leads to another root); both are of class refuse.
 */

#define MERKLE_PATH_MAX   64   /* digests: enough for any tree whose size is a uint64 */
#define MERKLE_MULTI_MAX  2048 /* digests of a multiproof */
#define MERKLE_LEAVES_MAX 4096 /* of a tree that a multiproof is made for */

struct lt_digest merkle_leaf(struct digester *digester, struct lt_bytes bytes);
struct lt_digest merkle_node(struct digester *digester, const struct lt_digest *left,
                             const struct lt_digest *right);

/* Root of an array of leaf digests. */
struct lt_digest merkle_root(struct digester *digester, const struct lt_digest *leaves,
                             uint64_t count);

/* -- a tree that grows: its right edge ------------------------------------------------------- */

/* The roots of the complete subtrees of a tree, largest first; one for each set bit of size. */
struct merkle_edge {
    uint64_t size;
    struct lt_digest nodes[MERKLE_PATH_MAX];
};

void merkle_edge_init(struct merkle_edge *edge);
void merkle_edge_append(struct merkle_edge *edge, struct digester *digester,
                        const struct lt_digest *leaf);
struct lt_digest merkle_edge_root(const struct merkle_edge *edge, struct digester *digester);

/* -- proofs ------------------------------------------------------------------------------------ */

/*
 * Where nodes come from: the root of the complete subtree of 2^level leaves that begins at leaf
 * index * 2^level. Asked only for subtrees within the size in question. The tiles of the log are
 * one, an array of leaves is the other (merkle_array).
 */
struct merkle_source {
    void *context;
    enum lt_status (*node)(void *context, uint32_t level, uint64_t index,
                           struct lt_digest *ret_node);
};

struct merkle_array {
    struct digester *digester;
    const struct lt_digest *leaves;
    uint64_t count;
};

/* `array` must stay where it is while the source is used. */
struct merkle_source merkle_array_source(struct merkle_array *array);

struct merkle_path {
    uint32_t count;
    struct lt_digest nodes[MERKLE_PATH_MAX];
};

/* What the source says when it fails is handed on. index < size; first <= second. */
LT_CHECK enum lt_status merkle_source_root(const struct merkle_source *source,
                                           struct digester *digester, uint64_t size,
                                           struct lt_digest *ret_root);
LT_CHECK enum lt_status merkle_source_path(const struct merkle_source *source,
                                           struct digester *digester, uint64_t size, uint64_t index,
                                           struct merkle_path *ret_path);
LT_CHECK enum lt_status merkle_source_consistency(const struct merkle_source *source,
                                                  struct digester *digester, uint64_t first,
                                                  uint64_t second, struct merkle_path *ret_path);

/* -- checks (RFC 9162 sections 2.1.3.2 and 2.1.4.2) -----------------------------------------------
 */

/* The root that a leaf and its path lead to; only the length can be wrong. */
LT_CHECK enum lt_status merkle_path_root(struct digester *digester, const struct lt_digest *leaf,
                                         uint64_t index, uint64_t size,
                                         const struct lt_digest *nodes, uint32_t count,
                                         struct lt_digest *ret_root);
LT_CHECK enum lt_status merkle_path_check(struct digester *digester, const struct lt_digest *leaf,
                                          uint64_t index, uint64_t size,
                                          const struct lt_digest *nodes, uint32_t count,
                                          const struct lt_digest *root);

struct merkle_head {
    uint64_t size;
    struct lt_digest root;
};

/* Is `second` the same tree as `first`, grown? Equal sizes need equal roots and an empty path; so
 * does an empty first one, whose root must be that of no leaves. A smaller second is LT_PATH_WRONG.
 */
LT_CHECK enum lt_status merkle_consistency_check(struct digester *digester,
                                                 const struct merkle_head *first,
                                                 const struct merkle_head *second,
                                                 const struct lt_digest *nodes, uint32_t count);

/* -- several leaves of one tree, with what they share told once
 * ------------------------------------ */

/* Indices ascend and are unique. The nodes stand in the order of a walk from the left. */
struct merkle_multi {
    uint32_t count;
    struct lt_digest nodes[MERKLE_MULTI_MAX];
};

/* Of an array of at most MERKLE_LEAVES_MAX leaves. LT_NO_MEMORY: too many nodes for one proof. */
LT_CHECK enum lt_status merkle_multi_of(struct digester *digester, const struct lt_digest *leaves,
                                        uint32_t size, const uint32_t *indices,
                                        uint32_t indices_count, struct merkle_multi *ret_multi);

/* `leaves` are those at `indices`, in the same order. */
LT_CHECK enum lt_status merkle_multi_root(struct digester *digester, uint32_t size,
                                          const uint32_t *indices, const struct lt_digest *leaves,
                                          uint32_t indices_count, const struct lt_digest *nodes,
                                          uint32_t count, struct lt_digest *ret_root);

#endif
