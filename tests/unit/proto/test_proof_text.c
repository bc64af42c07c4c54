/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Proofs as text: for every place in every small tree, and every growth of one small tree into
 * another, the lines lead to the roots when they are climbed as a shell would, reading gives back
 * what was written, and no other text is read as a proof.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/base64.h"
#include "proto/base/text.h"
#include "proto/proof_text.h"

#define SIZE_MAX_HERE 40

static struct digester *digester;
static struct lt_digest leaves[SIZE_MAX_HERE];

static int setup(void **state)
{
    (void)state;
    assert_int_equal(digester_open(&digester), LT_OK);
    for (uint32_t i = 0; i < SIZE_MAX_HERE; i++) {
        uint8_t byte = (uint8_t)i;
        leaves[i] = merkle_leaf(digester, (struct lt_bytes){&byte, 1});
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    digester_close(&digester);
    return 0;
}

/* What a shell does with the lines: two hashes, of which `left` changes both. */
struct shell {
    struct lt_digest smaller;
    struct lt_digest larger;
};

static void step(struct shell *shell, const char *word, const struct lt_digest *node)
{
    if (strcmp(word, "start") == 0) {
        shell->smaller = shell->larger = *node;
    } else if (strcmp(word, "left") == 0) {
        shell->smaller = merkle_node(digester, node, &shell->smaller);
        shell->larger = merkle_node(digester, node, &shell->larger);
    } else if (strcmp(word, "right") == 0) {
        shell->larger = merkle_node(digester, &shell->larger, node);
    }
}

static void climb(struct shell *shell, struct lt_bytes text)
{
    char copy[PROOF_TEXT_MAX + 1];
    text_copy(copy, sizeof(copy), text);
    for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char word[32], value[256];
        struct lt_digest node;
        uint8_t bytes[128];
        size_t size = 0;
        if (sscanf(line, "%31s %255s", word, value) == 2 && strlen(value) == 44 &&
            base64_read(bytes, &size, value, 44) && size == 32) {
            memcpy(node.bytes, bytes, 32);
            step(shell, word, &node);
        }
    }
}

static struct merkle_source source(struct merkle_array *array)
{
    *array = (struct merkle_array){digester, leaves, SIZE_MAX_HERE};
    return merkle_array_source(array);
}

static void places(void **state)
{
    (void)state;
    uint8_t text[PROOF_TEXT_MAX];
    struct merkle_array array;
    struct merkle_source nodes = source(&array);
    for (uint64_t size = 1; size <= SIZE_MAX_HERE; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct place_proof proof = {.index = index, .size = size}, back;
            assert_int_equal(merkle_source_path(&nodes, digester, size, index, &proof.path), LT_OK);
            struct lt_bytes written = place_proof_write(text, &proof);
            struct shell shell = {leaves[index], leaves[index]};
            climb(&shell, written);
            struct lt_digest root = merkle_root(digester, leaves, size);
            assert_true(digest_equal(&shell.larger, &root));
            assert_true(place_proof_read(written, &back));
            assert_int_equal(back.index, index);
            assert_int_equal(back.path.count, proof.path.count);
            proof.path.count++; /* of another length: it has no text */
            assert_int_equal(place_proof_write(text, &proof).size, 0);
        }
    }
}

static void growths(void **state)
{
    (void)state;
    uint8_t text[PROOF_TEXT_MAX];
    struct merkle_array array;
    struct merkle_source nodes = source(&array);
    for (uint64_t second = 1; second <= SIZE_MAX_HERE; second++) {
        for (uint64_t first = 1; first <= second; first++) {
            struct merkle_head a = {first, merkle_root(digester, leaves, first)};
            struct merkle_head b = {second, merkle_root(digester, leaves, second)};
            struct merkle_path path;
            struct growth_proof proof, back;
            assert_int_equal(merkle_source_consistency(&nodes, digester, first, second, &path),
                             LT_OK);
            growth_proof_make(&proof, &a, second, &path);
            struct lt_bytes written = growth_proof_write(text, &proof);
            struct shell shell = {a.root, b.root};
            climb(&shell, written);
            assert_true(digest_equal(&shell.smaller, &a.root));
            assert_true(digest_equal(&shell.larger, &b.root));
            assert_true(growth_proof_read(written, &back));
            assert_int_equal(
                merkle_consistency_check(digester, &a, &b, back.path.nodes, back.path.count),
                LT_OK);
        }
    }
}

/* Every byte turned, every tail cut off: another proof or none, never the same. */
static void no_other_text(void **state)
{
    (void)state;
    uint8_t text[PROOF_TEXT_MAX], changed[PROOF_TEXT_MAX], again[PROOF_TEXT_MAX];
    struct arena arena;
    struct merkle_array array;
    struct merkle_source nodes = source(&array);
    struct receipt_proof proof = {.leaf = text_bytes("la"),
                                  .in_commit = {.index = 2, .size = 5},
                                  .entry = {.position = 9, .leaves = 5},
                                  .in_log = {.index = 6, .size = 11}},
                         back;
    assert_int_equal(arena_init(&arena, 4096, 1 << 20), LT_OK);
    assert_int_equal(merkle_source_path(&nodes, digester, 5, 2, &proof.in_commit.path), LT_OK);
    assert_int_equal(merkle_source_path(&nodes, digester, 11, 6, &proof.in_log.path), LT_OK);
    struct lt_bytes written = receipt_proof_write(text, &proof);
    assert_true(receipt_proof_read(written, &arena, &back));
    assert_true(bytes_equal(back.leaf, proof.leaf));
    uint32_t others = 0;
    for (size_t i = 0; i < written.size; i++) {
        memcpy(changed, written.data, written.size);
        changed[i] ^= 1;
        arena_reset(&arena);
        if (receipt_proof_read((struct lt_bytes){changed, written.size}, &arena, &back)) {
            assert_memory_equal(receipt_proof_write(again, &back).data, changed, written.size);
            others++;
        }
        assert_false(receipt_proof_read((struct lt_bytes){written.data, i}, &arena, &back));
    }
    assert_in_range(others, 1, written.size - 1); /* digits of hashes make other proofs */
    proof.entry.leaves = 6;                       /* says two things of the commit */
    assert_int_equal(receipt_proof_write(text, &proof).size, 0);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(growths),
        cmocka_unit_test(no_other_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
