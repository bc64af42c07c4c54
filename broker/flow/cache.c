/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The ring of recent bodies. A slot is found by the low bits of the position; it counts only when
 * it still names that position and its bytes have not been overwritten (running offset within one
 * ring length of the end). Entries never wrap: one that would goes to the start of the ring.
 */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

enum lt_status cache_open(struct cache *cache, uint64_t bytes)
{
    memset(cache, 0, sizeof(*cache));
    cache->ring = malloc(bytes);
    cache->slots = calloc(CACHE_SLOTS, sizeof(*cache->slots));
    cache->ring_bytes = bytes;
    if (cache->ring == NULL || cache->slots == NULL) {
        cache_close(cache);
        return LT_NO_MEMORY;
    }
    return LT_OK;
}

void cache_close(struct cache *cache)
{
    free(cache->ring);
    free(cache->slots);
    cache->ring = NULL;
    cache->slots = NULL;
}

void cache_put(struct cache *cache, uint64_t position, int64_t accepted_ms,
               const struct lt_digest *digest, struct lt_bytes header, struct lt_bytes body,
               struct lt_bytes proof)
{
    uint64_t size = header.size + body.size + proof.size;
    if (size > cache->ring_bytes / 4) {
        return;
    }
    uint64_t offset = cache->end % cache->ring_bytes;
    if (offset + size > cache->ring_bytes) {
        cache->end += cache->ring_bytes - offset;
        offset = 0;
    }
    memcpy(cache->ring + offset, header.data, header.size);
    if (body.size != 0) {
        memcpy(cache->ring + offset + header.size, body.data, body.size);
    }
    if (proof.size != 0) {
        memcpy(cache->ring + offset + header.size + body.size, proof.data, proof.size);
    }
    cache->slots[position % CACHE_SLOTS] = (struct cached){
        .position = position,
        .at = cache->end,
        .header_bytes = (uint32_t)header.size,
        .body_bytes = (uint32_t)body.size,
        .proof_bytes = (uint32_t)proof.size,
        .accepted_ms = accepted_ms,
        .digest = *digest,
    };
    cache->end += size;
}

bool cache_get(const struct cache *cache, uint64_t position, struct cached *ret_cached,
               struct lt_bytes *ret_header, struct lt_bytes *ret_body)
{
    const struct cached *slot = &cache->slots[position % CACHE_SLOTS];
    if (slot->position != position || position == 0 || cache->end - slot->at > cache->ring_bytes) {
        return false;
    }
    const uint8_t *data = cache->ring + slot->at % cache->ring_bytes;
    *ret_cached = *slot;
    *ret_header = (struct lt_bytes){data, slot->header_bytes};
    *ret_body = (struct lt_bytes){data + slot->header_bytes, slot->body_bytes};
    return true;
}

struct lt_bytes cache_proof(const struct cache *cache, const struct cached *cached)
{
    const uint8_t *data = cache->ring + cached->at % cache->ring_bytes;
    return (struct lt_bytes){data + cached->header_bytes + cached->body_bytes, cached->proof_bytes};
}
