/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The trees against the published roots of the Certificate Transparency reference tree, and every
 * proof against a naive tree written straight from RFC 9162's recursive definitions, for all sizes
 * up to SIZES. Then every way a path can be wrong: each has its own code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/merkle.h"

#define SIZES 300

static struct digester *digester;
static struct lt_digest leaves[SIZES];

static int setup(void **state)
{
    (void)state;
    if (digester_open(&digester) != LT_OK) {
        return -1;
    }
    for (uint32_t i = 0; i < SIZES; i++) {
        leaves[i] = merkle_leaf(digester, (struct lt_bytes){(const uint8_t *)&i, sizeof(i)});
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    digester_close(&digester);
    return 0;
}

/* -- the naive tree: RFC 9162 section 2.1, word for word ------------------------------------------
 */

static uint64_t naive_split(uint64_t n)
{
    uint64_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    return k;
}

static struct lt_digest naive_root(const struct lt_digest *d, uint64_t n)
{
    if (n == 0) {
        return digest_of(digester, (struct lt_bytes){NULL, 0});
    }
    if (n == 1) {
        return d[0];
    }
    uint64_t k = naive_split(n);
    struct lt_digest left = naive_root(d, k), right = naive_root(d + k, n - k);
    return merkle_node(digester, &left, &right);
}

static void add(struct merkle_path *path, struct lt_digest node)
{
    path->nodes[path->count++] = node;
}

static void naive_path(struct merkle_path *path, const struct lt_digest *d, uint64_t n, uint64_t m)
{
    if (n == 1) {
        return;
    }
    uint64_t k = naive_split(n);
    naive_path(path, m < k ? d : d + k, m < k ? k : n - k, m < k ? m : m - k);
    add(path, m < k ? naive_root(d + k, n - k) : naive_root(d, k));
}

static void naive_subproof(struct merkle_path *path, const struct lt_digest *d, uint64_t n,
                           uint64_t m, bool whole)
{
    if (m == n) {
        if (!whole) {
            add(path, naive_root(d, n));
        }
        return;
    }
    uint64_t k = naive_split(n);
    if (m <= k) {
        naive_subproof(path, d, k, m, whole);
        add(path, naive_root(d + k, n - k));
    } else {
        naive_subproof(path, d + k, n - k, m - k, false);
        add(path, naive_root(d, k));
    }
}

static void assert_same(const struct merkle_path *a, const struct merkle_path *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->nodes, b->nodes, a->count * sizeof(a->nodes[0]));
}

/* -- published
 * ------------------------------------------------------------------------------------- */

static const char *const published_leaves[] = {
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
};
static const char *const published_roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void published(void **state)
{
    (void)state;
    struct merkle_edge edge;
    struct lt_digest known[8];
    char hex[65];
    merkle_edge_init(&edge);
    for (uint32_t size = 0; size <= 8; size++) {
        struct lt_digest root = merkle_edge_root(&edge, digester);
        hex_write(hex, root.bytes, sizeof(root.bytes));
        assert_string_equal(hex, published_roots[size]);
        root = merkle_root(digester, known, size);
        hex_write(hex, root.bytes, sizeof(root.bytes));
        assert_string_equal(hex, published_roots[size]);
        if (size < 8) {
            uint8_t bytes[16];
            size_t count = strlen(published_leaves[size]) / 2;
            assert_true(hex_read(bytes, count, published_leaves[size]));
            known[size] = merkle_leaf(digester, (struct lt_bytes){bytes, count});
            merkle_edge_append(&edge, digester, &known[size]);
        }
    }
}

/* -- against the naive tree
 * ------------------------------------------------------------------------ */

static void roots(void **state)
{
    (void)state;
    struct merkle_edge edge;
    merkle_edge_init(&edge);
    for (uint64_t size = 0; size <= SIZES; size++) {
        struct merkle_array array = {digester, leaves, size};
        struct merkle_source source = merkle_array_source(&array);
        struct lt_digest naive = naive_root(leaves, size), root = {0}, grown;
        assert_int_equal(merkle_source_root(&source, digester, size, &root), LT_OK);
        grown = merkle_edge_root(&edge, digester);
        assert_true(digest_equal(&root, &naive));
        assert_true(digest_equal(&grown, &naive));
        if (size < SIZES) {
            merkle_edge_append(&edge, digester, &leaves[size]);
        }
    }
}

static void inclusion(void **state)
{
    (void)state;
    struct merkle_array array = {digester, leaves, SIZES};
    struct merkle_source source = merkle_array_source(&array);
    for (uint64_t size = 1; size <= SIZES; size += size < 70 ? 1 : 23) {
        struct lt_digest root = naive_root(leaves, size);
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_path path, naive = {0};
            assert_int_equal(merkle_source_path(&source, digester, size, index, &path), LT_OK);
            naive_path(&naive, leaves, size, index);
            assert_same(&path, &naive);
            assert_int_equal(merkle_path_check(digester, &leaves[index], index, size, path.nodes,
                                               path.count, &root),
                             LT_OK);
        }
    }
}

static enum lt_status grown(uint64_t first, uint64_t second, const struct merkle_path *path)
{
    struct merkle_head old = {first, naive_root(leaves, first)};
    struct merkle_head now = {second, naive_root(leaves, second)};
    return merkle_consistency_check(digester, &old, &now, path->nodes, path->count);
}

static void consistency(void **state)
{
    (void)state;
    struct merkle_array array = {digester, leaves, SIZES};
    struct merkle_source source = merkle_array_source(&array);
    for (uint64_t second = 0; second <= SIZES; second += second < 40 ? 1 : 37) {
        for (uint64_t first = 0; first <= second; first++) {
            struct merkle_path path, naive = {0};
            assert_int_equal(merkle_source_consistency(&source, digester, first, second, &path),
                             LT_OK);
            if (first > 0) {
                naive_subproof(&naive, leaves, second, first, true);
            }
            assert_same(&path, &naive);
            assert_int_equal(grown(first, second, &path), LT_OK);
        }
    }
}

/* -- every way to be wrong
 * -------------------------------------------------------------------------- */

static void wrong_inclusion(void **state)
{
    (void)state;
    struct merkle_array array = {digester, leaves, SIZES};
    struct merkle_source source = merkle_array_source(&array);
    for (uint64_t size = 2; size <= 67; size++) {
        struct lt_digest root = naive_root(leaves, size);
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_path path;
            assert_int_equal(merkle_source_path(&source, digester, size, index, &path), LT_OK);
            const struct lt_digest *leaf = &leaves[index];
            assert_int_equal(
                merkle_path_check(digester, leaf, index, size, path.nodes, path.count - 1, &root),
                LT_PATH_LENGTH);
            path.nodes[path.count] = root;
            assert_int_equal(
                merkle_path_check(digester, leaf, index, size, path.nodes, path.count + 1, &root),
                LT_PATH_LENGTH);
            assert_int_equal(
                merkle_path_check(digester, leaf, size, size, path.nodes, path.count, &root),
                LT_PATH_LENGTH);
            /* The leaf beside it under this path; and each node turned by a bit. */
            assert_int_not_equal(merkle_path_check(digester, leaf, (index + 1) % size, size,
                                                   path.nodes, path.count, &root),
                                 LT_OK);
            assert_int_equal(merkle_path_check(digester, &leaves[(index + 1) % size], index, size,
                                               path.nodes, path.count, &root),
                             LT_PATH_WRONG);
            for (uint32_t i = 0; i < path.count; i++) {
                path.nodes[i].bytes[i % 32] ^= 4;
                assert_int_equal(
                    merkle_path_check(digester, leaf, index, size, path.nodes, path.count, &root),
                    LT_PATH_WRONG);
                path.nodes[i].bytes[i % 32] ^= 4;
            }
        }
    }
}

static void wrong_consistency(void **state)
{
    (void)state;
    struct merkle_array array = {digester, leaves, SIZES};
    struct merkle_source source = merkle_array_source(&array);
    for (uint64_t second = 1; second <= 40; second++) {
        for (uint64_t first = 1; first < second; first++) {
            struct merkle_path path;
            assert_int_equal(merkle_source_consistency(&source, digester, first, second, &path),
                             LT_OK);
            for (uint32_t i = 0; i < path.count; i++) {
                path.nodes[i].bytes[31] ^= 1;
                assert_int_equal(grown(first, second, &path), LT_PATH_WRONG);
                path.nodes[i].bytes[31] ^= 1;
            }
            path.nodes[path.count++] = leaves[0];
            assert_int_equal(grown(first, second, &path), LT_PATH_LENGTH);
            path.count -= 2;
            assert_int_equal(grown(first, second, &path), LT_PATH_LENGTH);
            path.count++;
            /* Another first tree of that size: a fork. */
            struct merkle_head old = {first, leaves[SIZES - 1]};
            struct merkle_head now = {second, naive_root(leaves, second)};
            assert_int_equal(merkle_consistency_check(digester, &old, &now, path.nodes, path.count),
                             LT_PATH_WRONG);
            /* Smaller than what was known: rolled back. */
            assert_int_equal(merkle_consistency_check(digester, &now, &old, path.nodes, path.count),
                             LT_PATH_WRONG);
        }
    }
    struct merkle_path none = {0};
    struct merkle_head same = {5, naive_root(leaves, 5)}, other = {5, leaves[7]};
    assert_int_equal(merkle_consistency_check(digester, &same, &same, none.nodes, 0), LT_OK);
    assert_int_equal(merkle_consistency_check(digester, &same, &other, none.nodes, 0),
                     LT_PATH_WRONG);
    assert_int_equal(merkle_consistency_check(digester, &same, &same, leaves, 1), LT_PATH_LENGTH);
    struct merkle_head empty = {0, leaves[3]};
    assert_int_equal(merkle_consistency_check(digester, &empty, &same, none.nodes, 0),
                     LT_PATH_WRONG);
    assert_int_equal(merkle_consistency_check(digester, &empty, &empty, none.nodes, 0),
                     LT_PATH_WRONG);
}

/* A source that fails: what it says is handed on, nothing is written. */
static enum lt_status broken_node(void *context, uint32_t level, uint64_t index,
                                  struct lt_digest *ret_node)
{
    (void)context;
    (void)level;
    (void)index;
    (void)ret_node;
    return LT_DAMAGED;
}

static void broken_source(void **state)
{
    (void)state;
    struct merkle_source source = {NULL, broken_node};
    struct merkle_path path = {.count = 7};
    struct lt_digest root = leaves[1];
    assert_int_equal(merkle_source_path(&source, digester, 9, 3, &path), LT_DAMAGED);
    assert_int_equal(merkle_source_consistency(&source, digester, 3, 9, &path), LT_DAMAGED);
    assert_int_equal(merkle_source_root(&source, digester, 9, &root), LT_DAMAGED);
    assert_int_equal(path.count, 7);
    assert_true(digest_equal(&root, &leaves[1]));
}

/* The largest sizes: the walk is bounded, a path of a deep tree has up to 64 nodes. */
static void largest(void **state)
{
    (void)state;
    struct lt_digest root;
    assert_int_equal(merkle_path_root(digester, &leaves[0], 0, UINT64_MAX, leaves, 64, &root),
                     LT_OK);
    assert_int_equal(merkle_path_root(digester, &leaves[0], 0, UINT64_MAX, leaves, 63, &root),
                     LT_PATH_LENGTH);
    assert_int_equal(merkle_path_root(digester, &leaves[0], 0, UINT64_MAX, leaves, 65, &root),
                     LT_PATH_LENGTH);
}

/* -- several leaves
 * ------------------------------------------------------------------------------------- */

static uint32_t chosen(uint32_t size, uint64_t pattern, uint32_t *indices)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < size; i++) {
        pattern ^= pattern << 13;
        pattern ^= pattern >> 7;
        pattern ^= pattern << 17;
        if (pattern % 5 < 2) {
            indices[count++] = i;
        }
    }
    if (count == 0) {
        indices[count++] = size / 2;
    }
    return count;
}

static void several(void **state)
{
    (void)state;
    static struct merkle_multi multi;
    for (uint32_t size = 1; size <= SIZES; size++) {
        struct lt_digest root = naive_root(leaves, size), found, asked[SIZES];
        uint32_t indices[SIZES];
        for (uint64_t pattern = 1; pattern < 6; pattern++) {
            uint32_t count = chosen(size, pattern * 977 + size, indices);
            for (uint32_t i = 0; i < count; i++) {
                asked[i] = leaves[indices[i]];
            }
            assert_int_equal(merkle_multi_of(digester, leaves, size, indices, count, &multi),
                             LT_OK);
            assert_int_equal(merkle_multi_root(digester, size, indices, asked, count, multi.nodes,
                                               multi.count, &found),
                             LT_OK);
            assert_true(digest_equal(&found, &root));
            if (multi.count > 0) {
                assert_int_equal(merkle_multi_root(digester, size, indices, asked, count,
                                                   multi.nodes, multi.count - 1, &found),
                                 LT_PATH_LENGTH);
                multi.nodes[multi.count / 2].bytes[0] ^= 1;
                assert_int_equal(merkle_multi_root(digester, size, indices, asked, count,
                                                   multi.nodes, multi.count, &found),
                                 LT_OK);
                assert_false(digest_equal(&found, &root));
            }
            multi.nodes[multi.count] = root;
            assert_int_equal(merkle_multi_root(digester, size, indices, asked, count, multi.nodes,
                                               multi.count + 1, &found),
                             LT_PATH_LENGTH);
        }
    }
}

/* One leaf alone: the same nodes as its path, in the order of the walk. */
static void one_of_several(void **state)
{
    (void)state;
    static struct merkle_multi multi;
    struct merkle_array array = {digester, leaves, SIZES};
    struct merkle_source source = merkle_array_source(&array);
    for (uint32_t index = 0; index < 77; index++) {
        struct merkle_path path;
        assert_int_equal(merkle_multi_of(digester, leaves, 77, &index, 1, &multi), LT_OK);
        assert_int_equal(merkle_source_path(&source, digester, 77, index, &path), LT_OK);
        assert_int_equal(multi.count, path.count);
    }
}

static void wrong_several(void **state)
{
    (void)state;
    struct lt_digest found;
    const uint32_t twice[] = {3, 3}, back[] = {4, 3}, beyond[] = {3, 9};
    assert_int_equal(merkle_multi_root(digester, 9, twice, leaves, 2, leaves, 4, &found),
                     LT_PATH_LENGTH);
    assert_int_equal(merkle_multi_root(digester, 9, back, leaves, 2, leaves, 4, &found),
                     LT_PATH_LENGTH);
    assert_int_equal(merkle_multi_root(digester, 9, beyond, leaves, 2, leaves, 4, &found),
                     LT_PATH_LENGTH);
    assert_int_equal(merkle_multi_root(digester, 9, twice, leaves, 0, leaves, 4, &found),
                     LT_PATH_LENGTH);
    assert_int_equal(
        merkle_multi_root(digester, MERKLE_LEAVES_MAX + 1, back, leaves, 1, leaves, 4, &found),
        LT_PATH_LENGTH);
    static struct lt_digest many[MERKLE_LEAVES_MAX];
    static struct merkle_multi multi;
    uint32_t all[MERKLE_LEAVES_MAX / 2];
    for (uint32_t i = 0; i < MERKLE_LEAVES_MAX / 2; i++) {
        all[i] = i * 2; /* the most nodes there can be: every second leaf */
    }
    assert_int_equal(
        merkle_multi_of(digester, many, MERKLE_LEAVES_MAX, all, MERKLE_LEAVES_MAX / 2, &multi),
        LT_OK);
    assert_int_equal(multi.count, MERKLE_MULTI_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published),       cmocka_unit_test(roots),
        cmocka_unit_test(inclusion),       cmocka_unit_test(consistency),
        cmocka_unit_test(wrong_inclusion), cmocka_unit_test(wrong_consistency),
        cmocka_unit_test(broken_source),   cmocka_unit_test(largest),
        cmocka_unit_test(several),         cmocka_unit_test(one_of_several),
        cmocka_unit_test(wrong_several),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
