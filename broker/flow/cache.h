/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_FLOW_CACHE_H
#define BROKER_FLOW_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Bodies of recent transfers, and the proofs of their seals, by the position of their acceptance: a
 * ring of fixed size in which the newest overwrite the oldest. A miss costs a fetch from the
 * journal, never a loss.
 */
#define CACHE_SLOTS 65536

struct cached {
    uint64_t position;
    uint64_t at; /* running offset in the ring */
    uint32_t header_bytes;
    uint32_t body_bytes;
    uint32_t proof_bytes; /* of the sender's seal; 0: none */
    int64_t accepted_ms;
    struct lt_digest digest;
};

struct cache {
    uint8_t *ring;
    uint64_t ring_bytes;
    uint64_t end; /* running offset of the next write */
    struct cached *slots;
};

enum lt_status cache_open(struct cache *cache, uint64_t bytes);
void cache_close(struct cache *cache);
void cache_put(struct cache *cache, uint64_t position, int64_t accepted_ms,
               const struct lt_digest *digest, struct lt_bytes header, struct lt_bytes body,
               struct lt_bytes proof);

/* Views valid until the next cache_put. */
bool cache_get(const struct cache *cache, uint64_t position, struct cached *ret_cached,
               struct lt_bytes *ret_header, struct lt_bytes *ret_body);
struct lt_bytes cache_proof(const struct cache *cache, const struct cached *cached);

#endif
