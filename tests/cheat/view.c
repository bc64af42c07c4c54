/* SPDX-License-Identifier: EUPL-1.2 */
/* A history of commits, its checkpoints, receipts and proofs; all memory is the world's arena. */
#include "view.h"

#include <assert.h>
#include <string.h>

static void *take(struct arena *arena, size_t size)
{
    void *memory = arena_zalloc(arena, size);
    assert(memory != NULL);
    return memory;
}

static struct lt_bytes keep(struct arena *arena, struct lt_bytes bytes)
{
    struct lt_bytes copy = arena_copy(arena, bytes);
    assert(bytes.size == 0 || copy.data != NULL);
    return copy;
}

void view_init(struct view *view, struct digester *digester, struct arena *arena)
{
    memset(view, 0, sizeof(*view));
    view->digester = digester;
    view->arena = arena;
    view->commits = take(arena, VIEW_COMMITS * sizeof(*view->commits));
}

void view_copy(struct view *view, const struct view *of)
{
    struct view_commit *commits = view->commits;
    *view = *of;
    view->commits = commits;
    memcpy(commits, of->commits, of->count * sizeof(*commits));
}

void view_cut(struct view *view, uint32_t size)
{
    assert(size <= view->count);
    view->count = size;
}

void view_commit(struct view *view, const struct view_leaf *leaves, uint32_t count, uint64_t first,
                 uint64_t last, int64_t time_ms)
{
    uint8_t bytes[COMMIT_BYTES];
    struct view_commit *commit = &view->commits[view->count];
    assert(view->count < VIEW_COMMITS && count > 0 && count <= VIEW_LEAVES);
    *commit = (struct view_commit){.count = count, .last = last, .time_ms = time_ms};
    for (uint32_t i = 0; i < count; i++) {
        commit->leaves[i] = leaves[i];
        commit->hashes[i] = merkle_leaf(view->digester, leaves[i].bytes);
    }
    commit->entry =
        (struct commit_entry){.position = first,
                              .leaves = count,
                              .root = merkle_root(view->digester, commit->hashes, count)};
    commit_entry_write(bytes, &commit->entry);
    view->hashes[view->count++] =
        merkle_leaf(view->digester, (struct lt_bytes){bytes, sizeof(bytes)});
}

struct merkle_head view_head(const struct view *view, uint32_t size)
{
    return (struct merkle_head){size, merkle_root(view->digester, view->hashes, size)};
}

struct lt_bytes view_note(const struct view *view, const struct signer *signer, uint32_t size)
{
    uint8_t text[CHECKPOINT_TEXT_MAX];
    uint8_t note[NOTE_BYTES_MAX];
    size_t bytes = 0;
    const struct view_commit *newest = &view->commits[size - 1];
    struct checkpoint checkpoint = {.origin = VIEW_NAME,
                                    .head = view_head(view, size),
                                    .position = newest->last,
                                    .time_ms = newest->time_ms};
    enum lt_status status = note_sign(view->digester, signer, VIEW_NAME,
                                      checkpoint_write(text, &checkpoint), note, &bytes);
    assert(status == LT_OK);
    return keep(view->arena, (struct lt_bytes){note, bytes});
}

struct merkle_path view_growth(const struct view *view, uint32_t first, uint32_t second)
{
    struct merkle_array array = {view->digester, view->hashes, view->count};
    struct merkle_source source = merkle_array_source(&array);
    struct merkle_path path = {.count = 0};
    enum lt_status status =
        merkle_source_consistency(&source, view->digester, first, second, &path);
    assert(status == LT_OK);
    return path;
}

static struct place_proof place_of(const struct view *view, const struct lt_digest *leaves,
                                   uint32_t size, uint32_t index)
{
    struct merkle_array array = {view->digester, leaves, size};
    struct merkle_source source = merkle_array_source(&array);
    struct place_proof place = {.index = index, .size = size};
    enum lt_status status = merkle_source_path(&source, view->digester, size, index, &place.path);
    assert(status == LT_OK);
    return place;
}

bool view_receipts(const struct view *view, const struct signer *signer, uint32_t commit,
                   uint32_t owner, uint64_t position, struct receipts *ret_receipts)
{
    const struct view_commit *of = &view->commits[commit];
    uint32_t indices[VIEW_LEAVES];
    uint32_t count = 0;
    struct merkle_multi *multi = take(view->arena, sizeof(*multi));
    struct receipt_item *items = take(view->arena, VIEW_LEAVES * sizeof(*items));
    for (uint32_t i = 0; i < of->count; i++) {
        if (of->leaves[i].owner == owner && (position == 0 || of->leaves[i].position == position)) {
            items[count] = (struct receipt_item){i, of->leaves[i].bytes};
            indices[count++] = i;
        }
    }
    if (count == 0) {
        return false;
    }
    enum lt_status status =
        merkle_multi_of(view->digester, of->hashes, of->count, indices, count, multi);
    assert(status == LT_OK);
    struct place_proof place = place_of(view, view->hashes, view->count, commit);
    *ret_receipts = (struct receipts){
        .checkpoint = view_note(view, signer, view->count),
        .index = commit,
        .position = of->entry.position,
        .leaves = of->count,
        .log_path =
            keep(view->arena, (struct lt_bytes){place.path.nodes[0].bytes, place.path.count * 32}),
        .items = items,
        .count = count,
        .nodes = {multi->nodes[0].bytes, multi->count * 32}};
    return true;
}

bool view_find(const struct view *view, uint64_t position, uint32_t *ret_commit, uint32_t *ret_leaf)
{
    for (uint32_t i = 0; i < view->count; i++) {
        for (uint32_t j = 0; j < view->commits[i].count; j++) {
            if (view->commits[i].leaves[j].position == position) {
                *ret_commit = i;
                *ret_leaf = j;
                return true;
            }
        }
    }
    return false;
}

struct evidence_receipt view_receipt(const struct view *view, uint32_t commit, uint32_t leaf)
{
    const struct view_commit *of = &view->commits[commit];
    return (struct evidence_receipt){
        .position = of->leaves[leaf].position,
        .proof = {.leaf = of->leaves[leaf].bytes,
                  .in_commit = place_of(view, of->hashes, of->count, leaf),
                  .entry = of->entry,
                  .in_log = place_of(view, view->hashes, view->count, commit)}};
}
