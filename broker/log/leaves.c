/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From facts to leaves. What a leaf says is chosen here and laid out in proto/receipt.c: codes,
 * digests and times, never a byte of a body or a citizen's name, so that bodies may be archived or
 * removed and the proof stands.
 *
 * An outcome is one leaf of its own rather than one for all outcomes of a commit: whoever is shown
 * a leaf is shown the whole of it, and a receiver must not be shown what others settled.
 *
 * Memory is one arena, reset by each record and bounded by what a record can hold.
 */
#include "leaves.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/fact.h"
#include "broker/journal/fact_seal.h"
#include "broker/journal/fact_seed.h"
#include "broker/limits.h"
#include "broker/registry/agency.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define ARENA_CHUNK (1024 * 1024)
#define ARENA_CAP   (32 * 1024 * 1024)

enum lt_status leaves_open(struct leaves **ret_leaves)
{
    struct leaves *leaves = calloc(1, sizeof(*leaves));
    if (leaves == NULL) {
        return LT_NO_MEMORY;
    }
    enum lt_status status = digester_open(&leaves->digester);
    if (status == LT_OK) {
        status = arena_init(&leaves->arena, ARENA_CHUNK, ARENA_CAP);
    }
    leaves->ids = calloc(AGENCIES_MAX + 1, sizeof(leaves->ids[0]));
    if (status == LT_OK && leaves->ids == NULL) {
        status = LT_NO_MEMORY;
    }
    if (status != LT_OK) {
        leaves_close(&leaves);
        return status;
    }
    *ret_leaves = leaves;
    return LT_OK;
}

void leaves_close(struct leaves **leaves_p)
{
    struct leaves *leaves = *leaves_p;
    if (leaves == NULL) {
        return;
    }
    digester_close(&leaves->digester);
    arena_deinit(&leaves->arena);
    free(leaves->ids);
    free(leaves);
    *leaves_p = NULL;
}

void leaves_name(struct leaves *leaves, uint32_t number, const char *id)
{
    assert(number <= AGENCIES_MAX);
    text_copy(leaves->ids[number], sizeof(leaves->ids[number]), text_bytes(id));
}

/* 0 is nobody. */
static bool id_of(const struct leaves *leaves, uint32_t number, struct lt_bytes *ret_id)
{
    if (number > AGENCIES_MAX || (number != 0 && leaves->ids[number][0] == '\0')) {
        return false;
    }
    *ret_id = text_bytes(leaves->ids[number]);
    return true;
}

/* Zeros when there is nothing to hash. */
static struct lt_digest digest_or_zeros(struct leaves *leaves, struct lt_bytes bytes)
{
    static const struct lt_digest zeros;
    return bytes.size == 0 ? zeros : digest_of(leaves->digester, bytes);
}

static enum lt_status add(struct leaves *leaves, const struct fact *fact, const uint8_t *seed,
                          uint32_t agency, struct leaf *leaf)
{
    uint8_t *memory = arena_alloc(&leaves->arena, LEAF_BYTES_MAX);
    struct log_leaf *item = &leaves->items[leaves->count];
    if (memory == NULL) {
        return LT_NO_MEMORY;
    }
    leaf_salt(leaf->salt, leaves->digester, seed, fact->position);
    *item = (struct log_leaf){.position = fact->position,
                              .agency = agency,
                              .bytes = leaf_write(memory, LEAF_BYTES_MAX, leaf)};
    assert(item->bytes.size > 0);
    leaves->hashes[leaves->count++] = merkle_leaf(leaves->digester, item->bytes);
    return LT_OK;
}

static enum lt_status add_accepted(struct leaves *leaves, const struct fact *fact,
                                   const uint8_t *seed)
{
    struct fact_accepted accepted;
    struct header header;
    struct leaf leaf = {.kind = LEAF_ACCEPTED,
                        .accepted = {.position = fact->position, .time_ms = fact->time_ms}};
    if (!fact_read_accepted(fact->payload, &accepted) ||
        header_read(accepted.header, &leaves->arena, &header, NULL) != LT_OK) {
        return LT_DAMAGED;
    }
    leaf.accepted.id = header.id;
    leaf.accepted.digest = accepted.digest;
    leaf.accepted.seal = fact_seal_digest(&accepted, leaves->digester);
    leaf.accepted.legs_count = accepted.legs_count;
    bool known = id_of(leaves, accepted.from, &leaf.accepted.from);
    for (uint32_t i = 0; i < accepted.legs_count; i++) {
        known = id_of(leaves, accepted.legs[i].agency, &leaf.accepted.legs[i]) && known;
    }
    return known ? add(leaves, fact, seed, accepted.from, &leaf) : LT_AGENCY_UNKNOWN;
}

/* `agency` is owed the receipt; 0: nobody. */
static enum lt_status add_outcome(struct leaves *leaves, const struct fact *fact,
                                  const uint8_t *seed, uint32_t agency, struct leaf *leaf)
{
    leaf->kind = LEAF_OUTCOME;
    leaf->outcome.position = fact->position;
    leaf->outcome.time_ms = fact->time_ms;
    return add(leaves, fact, seed, agency, leaf);
}

static enum lt_status add_settled(struct leaves *leaves, const struct fact *fact,
                                  const uint8_t *seed)
{
    struct fact_settled settled;
    if (!fact_read_settled(fact->payload, &settled)) {
        return LT_DAMAGED;
    }
    struct leaf leaf = {.outcome = {.cause = LEAF_SETTLED,
                                    .accepted = settled.position,
                                    .leg = settled.leg,
                                    .attempt = settled.attempt,
                                    .outcome = settled.outcome,
                                    .code = settled.code,
                                    .next = settled.next,
                                    .decided_ms = settled.decided_ms,
                                    .reason = digest_or_zeros(leaves, settled.reason)}};
    if (!id_of(leaves, settled.agency, &leaf.outcome.agency)) {
        return LT_AGENCY_UNKNOWN;
    }
    return add_outcome(leaves, fact, seed, settled.agency, &leaf);
}

static struct lt_bytes person_of(struct lt_bytes person)
{
    person.size = utf8_cut((const char *)person.data, person.size, LEAF_PERSON_MAX);
    return person;
}

static enum lt_status add_act(struct leaves *leaves, const struct fact *fact, const uint8_t *seed)
{
    struct fact_act act;
    if (!fact_read_act(fact->payload, &act)) {
        return LT_DAMAGED;
    }
    struct leaf leaf = {.outcome = {.cause = LEAF_ACT,
                                    .accepted = act.position,
                                    .leg = act.leg,
                                    .act = act.act,
                                    .next = act.next,
                                    .person = person_of(act.person),
                                    .reason = digest_or_zeros(leaves, act.reason)}};
    return add_outcome(leaves, fact, seed, 0, &leaf);
}

static enum lt_status add_timed(struct leaves *leaves, const struct fact *fact, const uint8_t *seed)
{
    struct fact_timed timed;
    if (!fact_read_timed(fact->payload, &timed)) {
        return LT_DAMAGED;
    }
    struct leaf leaf = {.outcome = {.cause = LEAF_TIMED,
                                    .accepted = timed.position,
                                    .leg = timed.leg,
                                    .code = timed.code,
                                    .next = timed.next}};
    return add_outcome(leaves, fact, seed, 0, &leaf);
}

static enum lt_status add_rerouted(struct leaves *leaves, const struct fact *fact,
                                   const uint8_t *seed)
{
    struct fact_rerouted rerouted;
    if (!fact_read_rerouted(fact->payload, &rerouted)) {
        return LT_DAMAGED;
    }
    struct leaf leaf = {.outcome = {.cause = LEAF_REROUTED,
                                    .accepted = rerouted.position,
                                    .leg = rerouted.leg,
                                    .person = person_of(rerouted.person),
                                    .reason = digest_or_zeros(leaves, rerouted.reason)}};
    if (!id_of(leaves, rerouted.to, &leaf.outcome.agency)) {
        return LT_AGENCY_UNKNOWN;
    }
    return add_outcome(leaves, fact, seed, 0, &leaf);
}

/* Facts that are no leaves, and say something for those that are. */
static enum lt_status learn(struct leaves *leaves, const struct fact *fact)
{
    struct fact_registry registry;
    struct fact_restored restored;
    struct agency agency;
    switch (fact->kind) {
    case FACT_REGISTRY:
        if (!fact_read_registry(fact->payload, &registry)) {
            return LT_DAMAGED;
        }
        if (registry.change == REGISTRY_AGENCY) {
            if (!agency_read(registry.entry, &agency) || agency.number > AGENCIES_MAX) {
                return LT_DAMAGED;
            }
            leaves_name(leaves, agency.number, agency.id);
        }
        return LT_OK;
    case FACT_RESTORED:
        if (!fact_read_restored(fact->payload, &restored)) {
            return LT_DAMAGED;
        }
        if (restored.change == RESTORED_DECLARED) {
            leaves->incarnation = restored.incarnation;
            leaves->restored_to = restored.position;
            text_copy(leaves->restored_by, sizeof(leaves->restored_by), restored.person);
        }
        return LT_OK;
    default:
        return LT_OK;
    }
}

static enum lt_status make_one(struct leaves *leaves, const struct fact *fact, const uint8_t *seed)
{
    switch (fact->kind) {
    case FACT_ACCEPTED:
        return add_accepted(leaves, fact, seed);
    case FACT_SETTLED:
        return add_settled(leaves, fact, seed);
    case FACT_ACT:
        return add_act(leaves, fact, seed);
    case FACT_TIMED:
        return add_timed(leaves, fact, seed);
    case FACT_REROUTED:
        return add_rerouted(leaves, fact, seed);
    default:
        return LT_OK;
    }
}

enum lt_status leaves_make(struct leaves *leaves, const struct record *record)
{
    struct fact_seed seed;
    bool seeded = false;
    enum lt_status status = LT_OK;
    arena_reset(&leaves->arena);
    leaves->count = 0;
    leaves->incarnation = 0;
    leaves->first = record->first;
    leaves->last = record->first + record->count - 1;
    for (uint32_t i = 0; i < record->count && status == LT_OK; i++) {
        struct fact fact;
        status = record_fact(record, i, &fact);
        if (status == LT_OK && fact.kind == FACT_SEED) {
            seeded = fact_read_seed(fact.payload, &seed);
            status = seeded ? LT_OK : LT_DAMAGED;
        }
        if (status == LT_OK) {
            status = learn(leaves, &fact);
        }
        if (status == LT_OK && seeded) {
            status = make_one(leaves, &fact, seed.seed);
        }
    }
    if (status == LT_OK && leaves->count > 0) {
        leaves->root = merkle_root(leaves->digester, leaves->hashes, leaves->count);
    }
    return status;
}
