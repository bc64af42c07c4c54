/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What leads to a fact in the archive. An acceptance is found by its case code and aliases, by its
 * id and by its sender's key; a refusal by its id. From the position of an acceptance everything
 * that was said of the transfer is found, in whichever month it stands. Changes of the registry are
 * kept by position: numbers of agencies get their names from them.
 *
 * The index is made of what the facts say and of nothing else, so it can be checked against them.
 */
#include "archive_private.h"

#include "fact_plan.h"
#include "proto/message.h"

struct indexing {
    const struct fact *fact;
    archive_entry *put;
    void *context;
};

static enum lt_status put_about(const struct indexing *at, uint64_t transfer)
{
    uint8_t key[16];
    struct wire_writer w;
    wire_write_init(&w, key, sizeof(key));
    wire_put_u64(&w, transfer);
    wire_put_u64(&w, at->fact->position);
    return at->put(at->context, ARCHIVE_ABOUT, wire_written(&w),
                   (struct lt_bytes){&at->fact->kind, 1});
}

static enum lt_status put_id(const struct indexing *at, const struct lt_id *id, uint32_t from)
{
    uint8_t key[ARCHIVE_KEY_MAX];
    struct wire_writer w;
    wire_write_init(&w, key, sizeof(key));
    wire_put_raw(&w, id->bytes, sizeof(id->bytes));
    wire_put_u32(&w, from);
    wire_put_u64(&w, at->fact->position);
    return at->put(at->context, ARCHIVE_IDS, wire_written(&w),
                   (struct lt_bytes){&at->fact->kind, 1});
}

/* A text, a NUL behind it, the position: of a case code, or of a sender's key behind its agency. */
static enum lt_status put_name(const struct indexing *at, enum archive_tree tree, uint32_t from,
                               struct lt_bytes name, const struct lt_id *id)
{
    uint8_t key[ARCHIVE_KEY_MAX];
    uint8_t value[20];
    struct wire_writer w;
    struct wire_writer v;
    wire_write_init(&w, key, sizeof(key));
    if (tree == ARCHIVE_KEYS) {
        wire_put_u32(&w, from);
    }
    wire_put_raw(&w, name.data, name.size);
    wire_put_u8(&w, 0);
    wire_put_u64(&w, at->fact->position);
    wire_write_init(&v, value, sizeof(value));
    wire_put_raw(&v, id->bytes, sizeof(id->bytes));
    wire_put_u32(&v, from);
    struct lt_bytes written = wire_written(&w);
    return written.size == 0 ? LT_DAMAGED : at->put(at->context, tree, written, wire_written(&v));
}

static enum lt_status index_accepted(const struct indexing *at, struct arena *arena)
{
    struct fact_accepted accepted;
    struct header header;
    if (!fact_read_accepted(at->fact->payload, &accepted) ||
        header_read(accepted.header, arena, &header, NULL) != LT_OK) {
        return LT_DAMAGED;
    }
    enum lt_status status = put_id(at, &header.id, accepted.from);
    if (status == LT_OK && header.sender_key.size != 0) {
        status = put_name(at, ARCHIVE_KEYS, accepted.from, header.sender_key, &header.id);
    }
    if (status == LT_OK) {
        status = put_name(at, ARCHIVE_CASES, accepted.from, header.case_code, &header.id);
    }
    for (uint32_t i = 0; status == LT_OK && i < header.aliases_count; i++) {
        status = put_name(at, ARCHIVE_CASES, accepted.from, header.aliases[i], &header.id);
    }
    return status == LT_OK ? put_about(at, at->fact->position) : status;
}

static enum lt_status index_refused(const struct indexing *at)
{
    struct fact_refused refused;
    if (!fact_read_refused(at->fact->payload, &refused)) {
        return LT_DAMAGED;
    }
    enum lt_status status = put_id(at, &refused.id, refused.from);
    return status == LT_OK ? put_about(at, at->fact->position) : status;
}

static enum lt_status index_sent(const struct indexing *at)
{
    struct fact_sent sent;
    enum lt_status status = LT_OK;
    if (!fact_read_sent(at->fact->payload, &sent)) {
        return LT_DAMAGED;
    }
    for (uint32_t i = 0; status == LT_OK && i < sent.count; i++) {
        status = put_about(at, fact_sent_at(&sent, i).position);
    }
    return status;
}

/* What a plan did with one leg: its deed stands beside it, why it left a leg alone only here. */
static enum lt_status index_plan_step(const struct indexing *at)
{
    struct fact_plan_step step;
    return fact_read_plan_step(at->fact->payload, &step) ? put_about(at, step.item.position)
                                                         : LT_DAMAGED;
}

static enum lt_status index_registry(const struct indexing *at)
{
    uint8_t key[POSITION_BYTES];
    return at->put(at->context, ARCHIVE_REGISTRY, position_write(key, at->fact->position),
                   at->fact->payload);
}

/* These begin with the position of their transfer. */
static bool starts_with_transfer(uint8_t kind)
{
    return kind == FACT_SETTLED || kind == FACT_RETURNED || kind == FACT_ACT ||
           kind == FACT_ASSIGNED || kind == FACT_CARRIED || kind == FACT_HELD ||
           kind == FACT_REROUTED || kind == FACT_TIMED || kind == FACT_SEEN;
}

enum lt_status archive_index(const struct fact *fact, struct arena *arena, archive_entry *put,
                             void *context)
{
    const struct indexing at = {fact, put, context};
    struct wire_reader r;
    if (starts_with_transfer(fact->kind)) {
        wire_read_init(&r, fact->payload);
        uint64_t transfer = wire_u64(&r);
        return r.bad ? LT_DAMAGED : put_about(&at, transfer);
    }
    switch (fact->kind) {
    case FACT_ACCEPTED:
        arena_reset(arena);
        return index_accepted(&at, arena);
    case FACT_REFUSED:
        return index_refused(&at);
    case FACT_SENT:
        return index_sent(&at);
    case FACT_REGISTRY:
        return index_registry(&at);
    case FACT_PLAN_STEP:
        return index_plan_step(&at);
    default:
        return LT_OK;
    }
}
