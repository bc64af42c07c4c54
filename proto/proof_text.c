/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Proofs written so that no tool but a hash is needed to climb them: the side of every node stands
 * beside it. The sides follow from the place and the size, so they add nothing and may not lie: a
 * reader takes the nodes, writes the text anew and compares, and whatever is not the one text of
 * its proof is none.
 */
#include "proof_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "base/wire.h"

#define RECEIPT_HEAD "lienthong/proof/1"
#define PLACE_HEAD   "lienthong/seal-path/1"
#define GROWTH_HEAD  "lienthong/consistency/1"
#define LINE_MAX     (BASE64_BYTES(LEAF_BYTES_MAX) + 64)

/* ---- writing ---- */

/* `value` may be empty: a line of one word. */
static void put_line(struct wire_writer *w, const char *word, const char *value)
{
    wire_put_raw(w, word, strlen(word));
    if (value[0] != '\0') {
        wire_put_u8(w, ' ');
        wire_put_raw(w, value, strlen(value));
    }
    wire_put_u8(w, '\n');
}

static void put_bytes(struct wire_writer *w, const char *word, struct lt_bytes bytes)
{
    char text[BASE64_BYTES(LEAF_BYTES_MAX) + 1];
    if (bytes.size > LEAF_BYTES_MAX) {
        w->bad = true;
        return;
    }
    base64_write(text, bytes);
    put_line(w, word, text);
}

static void put_node(struct wire_writer *w, const char *word, const struct lt_digest *node)
{
    put_bytes(w, word, (struct lt_bytes){node->bytes, sizeof(node->bytes)});
}

/* A way up: from `at` in a level whose last node is `last`. */
struct climb {
    uint64_t at;
    uint64_t last;
};

static void up(struct climb *climb)
{
    climb->at >>= 1;
    climb->last >>= 1;
}

/* Does the next node stand on the left? RFC 9162 section 2.1.3.2. */
static bool climb_left(struct climb *climb)
{
    bool left = (climb->at & 1) != 0 || climb->at == climb->last;
    while (left && (climb->at & 1) == 0 && climb->at != 0) {
        up(climb);
    }
    up(climb);
    return left;
}

static void put_nodes(struct wire_writer *w, struct climb climb, const struct lt_digest *nodes,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        w->bad = w->bad || climb.last == 0;
        put_node(w, climb_left(&climb) ? "left" : "right", &nodes[i]);
    }
    w->bad = w->bad || climb.last != 0;
}

static void put_place(struct wire_writer *w, const struct place_proof *proof)
{
    char text[64];
    if (proof->index >= proof->size || proof->path.count > MERKLE_PATH_MAX) {
        w->bad = true;
        return;
    }
    snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64, proof->index, proof->size);
    put_line(w, "place", text);
    put_nodes(w, (struct climb){proof->index, proof->size - 1}, proof->path.nodes,
              proof->path.count);
}

struct lt_bytes receipt_proof_write(uint8_t *out, const struct receipt_proof *proof)
{
    uint8_t entry[COMMIT_BYTES];
    struct wire_writer w;
    wire_write_init(&w, out, PROOF_TEXT_MAX);
    put_line(&w, RECEIPT_HEAD, "");
    put_bytes(&w, "leaf", proof->leaf);
    put_place(&w, &proof->in_commit);
    commit_entry_write(entry, &proof->entry);
    put_bytes(&w, "commit", (struct lt_bytes){entry, sizeof(entry)});
    put_place(&w, &proof->in_log);
    w.bad = w.bad || proof->entry.leaves != proof->in_commit.size;
    return wire_written(&w);
}

struct lt_bytes place_proof_write(uint8_t *out, const struct place_proof *proof)
{
    struct wire_writer w;
    wire_write_init(&w, out, PROOF_TEXT_MAX);
    put_line(&w, PLACE_HEAD, "");
    put_place(&w, proof);
    return wire_written(&w);
}

static bool whole_subtree(uint64_t size)
{
    return (size & (size - 1)) == 0;
}

struct lt_bytes growth_proof_write(uint8_t *out, const struct growth_proof *proof)
{
    char text[64];
    struct wire_writer w;
    struct climb climb = {proof->first - 1, proof->second - 1};
    uint32_t skip = whole_subtree(proof->first) ? 0 : 1;
    wire_write_init(&w, out, PROOF_TEXT_MAX);
    put_line(&w, GROWTH_HEAD, "");
    snprintf(text, sizeof(text), "%" PRIu64 " to %" PRIu64, proof->first, proof->second);
    put_line(&w, "from", text);
    bool equal = proof->first == proof->second;
    w.bad = w.bad || proof->first == 0 || proof->first > proof->second ||
            proof->path.count > MERKLE_PATH_MAX || (equal && proof->path.count != 0) ||
            (!equal && proof->path.count < skip);
    if (w.bad || equal) {
        return wire_written(&w);
    }
    while ((climb.at & 1) != 0) {
        up(&climb);
    }
    put_node(&w, "start", skip == 0 ? &proof->start : &proof->path.nodes[0]);
    put_nodes(&w, climb, proof->path.nodes + skip, proof->path.count - skip);
    return wire_written(&w);
}

void growth_proof_make(struct growth_proof *ret_proof, const struct merkle_head *first,
                       uint64_t second, const struct merkle_path *path)
{
    *ret_proof = (struct growth_proof){
        .first = first->size, .second = second, .start = first->root, .path = *path};
    if (!whole_subtree(first->size) && path->count > 0) {
        ret_proof->start = path->nodes[0];
    }
}

/* ---- reading: loosely, because what was read is written anew and compared ---- */

struct lines {
    struct lt_bytes rest;
    bool bad;
    char word[32];        /* of the line that was taken */
    char value[LINE_MAX]; /* and what stood behind it */
};

/* The next line without taking it: its word. */
static bool line_at(struct lines *lines, const char *word)
{
    size_t size = strlen(word);
    return lines->rest.size > size && memcmp(lines->rest.data, word, size) == 0 &&
           (lines->rest.data[size] == ' ' || lines->rest.data[size] == '\n');
}

static void take_line(struct lines *lines, const char *word)
{
    const uint8_t *end =
        lines->rest.size == 0 ? NULL : memchr(lines->rest.data, '\n', lines->rest.size);
    size_t skip = strlen(word);
    lines->value[0] = '\0';
    if (lines->bad || end == NULL || !line_at(lines, word)) {
        lines->bad = true;
        return;
    }
    size_t size = (size_t)(end - lines->rest.data);
    if (size > skip) {
        size_t value = size - skip - 1;
        lines->bad = value >= sizeof(lines->value);
        if (!lines->bad) {
            memcpy(lines->value, lines->rest.data + skip + 1, value);
            lines->value[value] = '\0';
        }
    }
    lines->rest.data += size + 1;
    lines->rest.size -= size + 1;
}

static size_t take_bytes(struct lines *lines, const char *word, uint8_t *out, size_t max)
{
    size_t size = 0;
    take_line(lines, word);
    size_t text = strlen(lines->value);
    if (lines->bad || text / 4 * 3 > max + 2 || !base64_read(out, &size, lines->value, text)) {
        lines->bad = true;
        return 0;
    }
    lines->bad = size > max;
    return size;
}

static void take_node(struct lines *lines, const char *word, struct lt_digest *ret_node)
{
    uint8_t bytes[sizeof(ret_node->bytes) + 4];
    if (take_bytes(lines, word, bytes, sizeof(ret_node->bytes)) != sizeof(ret_node->bytes)) {
        lines->bad = true;
        return;
    }
    memcpy(ret_node->bytes, bytes, sizeof(ret_node->bytes));
}

static void take_nodes(struct lines *lines, struct merkle_path *path)
{
    while (!lines->bad && (line_at(lines, "left") || line_at(lines, "right"))) {
        if (path->count == MERKLE_PATH_MAX) {
            lines->bad = true;
            return;
        }
        take_node(lines, line_at(lines, "left") ? "left" : "right", &path->nodes[path->count++]);
    }
}

static void take_pair(struct lines *lines, const char *word, const char *between, uint64_t *ret_a,
                      uint64_t *ret_b)
{
    char *end = NULL;
    size_t size = strlen(between);
    take_line(lines, word);
    *ret_a = strtoull(lines->value, &end, 10);
    if (lines->bad || strncmp(end, between, size) != 0) {
        lines->bad = true;
        return;
    }
    *ret_b = strtoull(end + size, NULL, 10);
}

static void take_place(struct lines *lines, struct place_proof *proof)
{
    take_pair(lines, "place", " of ", &proof->index, &proof->size);
    take_nodes(lines, &proof->path);
}

/* Was it the one text of what was read? */
static bool same(const struct lines *lines, struct lt_bytes text, struct lt_bytes again)
{
    return !lines->bad && lines->rest.size == 0 && again.size > 0 && bytes_equal(text, again);
}

bool receipt_proof_read(struct lt_bytes text, struct arena *arena, struct receipt_proof *ret_proof)
{
    uint8_t again[PROOF_TEXT_MAX];
    uint8_t leaf[LEAF_BYTES_MAX + 4];
    uint8_t entry[COMMIT_BYTES + 4];
    struct lines lines = {.rest = text};
    struct receipt_proof proof;
    memset(&proof, 0, sizeof(proof));
    take_line(&lines, RECEIPT_HEAD);
    proof.leaf = (struct lt_bytes){leaf, take_bytes(&lines, "leaf", leaf, LEAF_BYTES_MAX)};
    take_place(&lines, &proof.in_commit);
    size_t size = take_bytes(&lines, "commit", entry, COMMIT_BYTES);
    take_place(&lines, &proof.in_log);
    if (lines.bad || !commit_entry_read((struct lt_bytes){entry, size}, &proof.entry) ||
        !same(&lines, text, receipt_proof_write(again, &proof))) {
        return false;
    }
    proof.leaf = arena_copy(arena, proof.leaf);
    if (proof.leaf.data == NULL) {
        return false;
    }
    *ret_proof = proof;
    return true;
}

bool place_proof_read(struct lt_bytes text, struct place_proof *ret_proof)
{
    uint8_t again[PROOF_TEXT_MAX];
    struct lines lines = {.rest = text};
    struct place_proof proof;
    memset(&proof, 0, sizeof(proof));
    take_line(&lines, PLACE_HEAD);
    take_place(&lines, &proof);
    if (lines.bad || !same(&lines, text, place_proof_write(again, &proof))) {
        return false;
    }
    *ret_proof = proof;
    return true;
}

bool growth_proof_read(struct lt_bytes text, struct growth_proof *ret_proof)
{
    uint8_t again[PROOF_TEXT_MAX];
    struct lines lines = {.rest = text};
    struct growth_proof proof;
    memset(&proof, 0, sizeof(proof));
    take_line(&lines, GROWTH_HEAD);
    take_pair(&lines, "from", " to ", &proof.first, &proof.second);
    if (!lines.bad && proof.first != proof.second) {
        take_node(&lines, "start", &proof.start);
        if (!whole_subtree(proof.first)) {
            proof.path.nodes[proof.path.count++] = proof.start;
        }
        take_nodes(&lines, &proof.path);
    }
    if (lines.bad || !same(&lines, text, growth_proof_write(again, &proof))) {
        return false;
    }
    *ret_proof = proof;
    return true;
}
