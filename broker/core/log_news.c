/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From followed commits to the frames that tell them. A commit that waits for its checkpoint keeps
 * a copy of its leaves, within PENDING_COMMITS and PENDING_BYTES: what does not fit is not told by
 * itself and may be asked for.
 *
 * Each agency gets the leaves that are hers and, instead of the others, the nodes that stand for
 * them; the checkpoint and the way to it are told once in a frame.
 */
#include "log_news.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

#define PENDING_COMMITS 4096
#define PENDING_BYTES   (16u << 20)

/* Leaves of one commit, copied into one block that begins with the items. */
struct commit {
    uint64_t index;
    struct log_leaf *block;
    struct leaf_set leaves;
    size_t bytes;
};

struct pending {
    struct commit commits[PENDING_COMMITS];
    uint32_t first;
    uint32_t count;
    size_t bytes;
};

enum lt_status pending_open(struct pending **ret_pending)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    if (pending == NULL) {
        return LT_NO_MEMORY;
    }
    *ret_pending = pending;
    return LT_OK;
}

static void drop_first(struct pending *pending)
{
    struct commit *commit = &pending->commits[pending->first];
    pending->bytes -= commit->bytes;
    free(commit->block);
    commit->block = NULL;
    pending->first = (pending->first + 1) % PENDING_COMMITS;
    pending->count--;
}

void pending_clear(struct pending *pending)
{
    while (pending->count > 0) {
        drop_first(pending);
    }
}

void pending_close(struct pending **pending_p)
{
    if (*pending_p != NULL) {
        pending_clear(*pending_p);
    }
    free(*pending_p);
    *pending_p = NULL;
}

bool pending_any(const struct pending *pending)
{
    return pending->count > 0;
}

bool pending_add(struct pending *pending, const struct leaves *leaves, uint64_t index)
{
    size_t bytes = leaves->count * (sizeof(leaves->items[0]) + sizeof(leaves->hashes[0]));
    for (uint32_t i = 0; i < leaves->count; i++) {
        bytes += leaves->items[i].bytes.size;
    }
    if (pending->count == PENDING_COMMITS || pending->bytes + bytes > PENDING_BYTES) {
        return false;
    }
    struct log_leaf *items = malloc(bytes);
    if (items == NULL) {
        return false;
    }
    struct lt_digest *hashes = (struct lt_digest *)(items + leaves->count);
    uint8_t *at = (uint8_t *)(hashes + leaves->count);
    memcpy(hashes, leaves->hashes, leaves->count * sizeof(hashes[0]));
    for (uint32_t i = 0; i < leaves->count; i++) {
        items[i] = leaves->items[i];
        memcpy(at, items[i].bytes.data, items[i].bytes.size);
        items[i].bytes.data = at;
        at += items[i].bytes.size;
    }
    uint32_t place = (pending->first + pending->count++) % PENDING_COMMITS;
    pending->commits[place] =
        (struct commit){index, items, {leaves->first, leaves->count, items, hashes}, bytes};
    pending->bytes += bytes;
    return true;
}

struct leaf_set leaf_set_of(const struct leaves *leaves)
{
    return (struct leaf_set){leaves->first, leaves->count, leaves->items, leaves->hashes};
}

/* ---- frames ---- */

/* A run of bytes copied to where the block has room next. */
static struct lt_bytes put(uint8_t **at, const void *data, size_t size)
{
    struct lt_bytes run = {*at, size};
    if (size > 0) {
        memcpy(*at, data, size);
    }
    *at += size;
    return run;
}

enum lt_status news_receipts(struct log_store *log, struct digester *digester,
                             const struct leaf_set *leaves, uint64_t index,
                             const struct news_part *part, struct log_news **ret_news,
                             struct fault *fault)
{
    struct merkle_path path;
    struct merkle_multi multi;
    struct lt_bytes note = log_checkpoint(log);
    enum lt_status status = log_path(log, index, &path, fault);
    if (status == LT_OK) {
        status = merkle_multi_of(digester, leaves->hashes, leaves->count, part->indices,
                                 part->count, &multi);
    }
    if (status != LT_OK) {
        return status;
    }
    size_t path_bytes = path.count * sizeof(path.nodes[0]);
    size_t nodes_bytes = multi.count * sizeof(multi.nodes[0]);
    size_t items_bytes = part->count * sizeof(struct receipt_item);
    size_t bytes = sizeof(struct log_news) + items_bytes + note.size + path_bytes + nodes_bytes;
    for (uint32_t i = 0; i < part->count; i++) {
        bytes += leaves->items[part->indices[i]].bytes.size;
    }
    struct log_news *news = calloc(1, bytes);
    if (news == NULL) {
        return LT_NO_MEMORY;
    }
    struct receipt_item *items = (struct receipt_item *)(news + 1);
    uint8_t *at = (uint8_t *)(items + part->count);
    news->kind = NEWS_RECEIPTS;
    news->agency = part->agency;
    news->session = part->session;
    news->receipts = (struct receipts){.checkpoint = put(&at, note.data, note.size),
                                       .index = index,
                                       .position = leaves->first,
                                       .leaves = leaves->count,
                                       .log_path = put(&at, path.nodes, path_bytes),
                                       .items = items,
                                       .count = part->count,
                                       .nodes = put(&at, multi.nodes, nodes_bytes)};
    for (uint32_t i = 0; i < part->count; i++) {
        struct lt_bytes leaf = leaves->items[part->indices[i]].bytes;
        items[i] = (struct receipt_item){part->indices[i], put(&at, leaf.data, leaf.size)};
    }
    *ret_news = news;
    return LT_OK;
}

/* The leaves of the agency of leaf `from`, up to a frame of them, marked as told. */
static uint32_t gather(const struct leaf_set *leaves, uint32_t from, bool *told, uint32_t *indices)
{
    uint32_t count = 0, agency = leaves->items[from].agency;
    for (uint32_t i = from; i < leaves->count && count < RECEIPT_ITEMS; i++) {
        if (leaves->items[i].agency == agency && !told[i]) {
            told[i] = true;
            indices[count++] = i;
        }
    }
    return count;
}

enum lt_status pending_tell(struct pending *pending, struct log_store *log,
                            struct digester *digester, news_give *give, void *context,
                            struct fault *fault)
{
    const struct commit *commit = &pending->commits[pending->first];
    const struct leaf_set *leaves = &commit->leaves;
    bool told[LEAVES_MAX] = {false};
    uint32_t indices[RECEIPT_ITEMS];
    enum lt_status status = LT_OK;
    assert(pending->count > 0);
    for (uint32_t i = 0; i < leaves->count && status == LT_OK; i++) {
        struct log_news *news;
        if (told[i] || leaves->items[i].agency == 0) {
            continue;
        }
        struct news_part part = {.agency = leaves->items[i].agency, .indices = indices};
        part.count = gather(leaves, i, told, indices);
        status = news_receipts(log, digester, leaves, commit->index, &part, &news, fault);
        if (status == LT_OK) {
            give(context, news);
        }
    }
    drop_first(pending);
    return status;
}

enum lt_status news_proof(struct log_store *log, const struct log_wish *wish, const char *name,
                          struct log_news **ret_news, struct fault *fault)
{
    struct lt_bytes note = log_checkpoint(log), broken = log_break(log);
    struct merkle_path path = {.count = 0}, also = {.count = 0};
    uint32_t incarnation = 0;
    enum lt_status code = LT_OK;
    bool named = wish->origin[0] != '\0';
    bool ours = named && origin_read(wish->origin, name, &incarnation);
    bool same = ours && incarnation == log_incarnation(log);
    if (named && !ours) {
        code = LT_NOTE_FOREIGN;
    } else if (same && (wish->size > log_signed(log).size || wish->also > log_signed(log).size)) {
        code = LT_LOG_ROLLED_BACK; /* somebody signed more than there is */
    } else if (same) {
        enum lt_status status = log_consistency(log, wish->size, &path, fault);
        if (status == LT_OK && wish->also != 0) {
            status = log_consistency(log, wish->also, &also, fault);
        }
        if (status != LT_OK) {
            return status;
        }
    }
    size_t path_bytes = path.count * sizeof(path.nodes[0]);
    size_t also_bytes = also.count * sizeof(also.nodes[0]);
    struct log_news *news =
        calloc(1, sizeof(*news) + note.size + broken.size + path_bytes + also_bytes);
    if (news == NULL) {
        return LT_NO_MEMORY;
    }
    uint8_t *at = (uint8_t *)(news + 1);
    news->kind = NEWS_PROOF;
    news->agency = wish->agency;
    news->session = wish->session;
    news->proof = (struct log_proof){.number = wish->number,
                                     .code = (uint32_t)code,
                                     .checkpoint = put(&at, note.data, note.size),
                                     .first = same ? wish->size : 0,
                                     .path = put(&at, path.nodes, path_bytes),
                                     .broken = put(&at, broken.data, broken.size),
                                     .also_path = put(&at, also.nodes, also_bytes)};
    *ret_news = news;
    return LT_OK;
}
