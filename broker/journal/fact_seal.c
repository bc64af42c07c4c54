/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The payload of FACT_SEAL and the link to it, written and read, and the proof that both make. The
 * rules of fact_write.c and fact_read.c hold: nothing is moved or dropped, a payload reads whole or
 * not at all.
 *
 * The link carries the digest of the seal, so that a fact that was put in another's place is
 * noticed, and so that whoever makes a leaf of an acceptance need not look for the other fact.
 */
#include "fact_seal.h"

#include <string.h>

#include "fact_parts.h"
#include "layout.h"

#define LINK_INSIDE 1
#define LINK_BATCH  2
#define LEAF_BYTES  32u

struct lt_bytes fact_write_seal(void *memory, size_t size, const struct fact_seal *f)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    wire_put_u32(&w, f->from);
    wire_put_run16(&w, f->seal);
    wire_put_u16(&w, (uint16_t)f->count);
    wire_put_raw(&w, f->leaves, (size_t)f->count * LEAF_BYTES);
    return wire_written(&w);
}

bool fact_read_seal(struct lt_bytes payload, struct fact_seal *ret)
{
    struct wire_reader r;
    wire_read_init(&r, payload);
    struct fact_seal f = {.from = wire_u32(&r)};
    f.seal = wire_run16(&r);
    f.count = wire_u16(&r);
    f.leaves = wire_run(&r, (size_t)f.count * LEAF_BYTES).data;
    if (!wire_read_done(&r) || f.count == 0 || f.count > SEAL_BATCH_MAX) {
        return false;
    }
    *ret = f;
    return true;
}

struct lt_bytes seal_link_write(void *memory, size_t size, const struct seal_link *link)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    if (link->position == 0) {
        wire_put_u8(&w, LINK_INSIDE);
        wire_put_run16(&w, link->seal);
    } else {
        wire_put_u8(&w, LINK_BATCH);
        wire_put_u64(&w, link->position);
        wire_put_u8(&w, (uint8_t)link->index);
        fact_put_digest(&w, &link->digest);
    }
    return wire_written(&w);
}

bool seal_link_read(struct lt_bytes bytes, struct seal_link *ret_link)
{
    struct wire_reader r;
    struct seal_link link;
    memset(&link, 0, sizeof(link));
    wire_read_init(&r, bytes);
    switch (wire_u8(&r)) {
    case LINK_INSIDE:
        link.seal = wire_run16(&r);
        break;
    case LINK_BATCH:
        link.position = wire_u64(&r);
        link.index = wire_u8(&r);
        fact_take_digest(&r, &link.digest);
        r.bad |= link.position == 0 || link.index >= SEAL_BATCH_MAX;
        break;
    default:
        r.bad = true;
        break;
    }
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_link = link;
    return true;
}

struct lt_digest fact_seal_digest(const struct fact_accepted *accepted, struct digester *digester)
{
    struct seal_link link;
    struct lt_digest none = {{0}};
    if (accepted->seal.size == 0 || !seal_link_read(accepted->seal, &link)) {
        return none;
    }
    return link.position != 0 ? link.digest : digest_of(digester, link.seal);
}

uint64_t fact_seal_position(const struct fact *fact)
{
    struct fact_accepted accepted;
    struct seal_link link;
    bool names = fact->kind == FACT_ACCEPTED && fact_read_accepted(fact->payload, &accepted) &&
                 accepted.seal.size > 0 && seal_link_read(accepted.seal, &link);
    return names ? link.position : 0;
}

static struct lt_digest leaf_of(const struct fact_accepted *accepted, struct digester *digester)
{
    struct parcel parcel = {accepted->header, accepted->body, accepted->digest};
    return seal_leaf(digester, &parcel);
}

/* The seal and the leaves that a link leads to. */
static bool follow(const struct seal_link *link, struct lt_bytes batch, struct digester *digester,
                   const struct lt_digest *own, struct seal *ret_seal,
                   struct lt_digest leaves[SEAL_BATCH_MAX])
{
    struct fact_seal fact;
    if (link->position == 0) {
        leaves[0] = *own;
        return seal_read(link->seal, ret_seal) && ret_seal->batch == 1;
    }
    if (!fact_read_seal(batch, &fact) || !seal_read(fact.seal, ret_seal) ||
        fact.count != ret_seal->batch || link->index >= fact.count) {
        return false;
    }
    struct lt_digest digest = digest_of(digester, fact.seal);
    memcpy(leaves, fact.leaves, (size_t)fact.count * LEAF_BYTES);
    return digest_equal(&digest, &link->digest) && digest_equal(own, &leaves[link->index]);
}

enum lt_status fact_seal_prove(const struct fact_accepted *accepted, struct lt_bytes batch,
                               struct digester *digester, struct seal_proof *ret_proof)
{
    struct lt_digest leaves[SEAL_BATCH_MAX];
    struct seal_link link;
    struct seal seal;
    if (accepted->seal.size == 0) {
        return LT_NOT_FOUND;
    }
    struct lt_digest own = leaf_of(accepted, digester);
    if (!seal_link_read(accepted->seal, &link) ||
        !follow(&link, batch, digester, &own, &seal, leaves)) {
        return LT_DAMAGED;
    }
    return seal_prove(&seal, digester, leaves, seal.batch, link.index, ret_proof);
}
