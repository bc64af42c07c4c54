/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The bytes that the log hashes, and the check of a receipt from its leaves up to a signed
 * checkpoint. These layouts are for ever: every leaf ever logged is one of them, and whoever wants
 * to prove one hashes it again.
 *
 * A leaf begins with its domain and kind, so that no other bytes of the house can be taken for one;
 * a commit's entry likewise. Reading is strict: a leaf that does not read whole is
 * LT_RECEIPT_WRONG.
 */
#include "receipt.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "base/wire.h"

#define LEAF_DOMAIN   "lienthong/leaf/1"
#define COMMIT_DOMAIN "lienthong/commit/1"
#define SALT_DOMAIN   "lienthong/salt/1"

static_assert(sizeof(COMMIT_DOMAIN) - 1 + 1 + 8 + 4 + 32 == COMMIT_BYTES, "an entry's fields");

static void put_domain(struct wire_writer *w, const char *domain)
{
    wire_put_raw(w, domain, strlen(domain));
}

static void take_domain(struct wire_reader *r, const char *domain)
{
    struct lt_bytes found = wire_run(r, strlen(domain));
    r->bad = r->bad || !bytes_equal(found, text_bytes(domain));
}

/* ---- leaves ---- */

static void put_accepted(struct wire_writer *w, const struct leaf_accepted *leaf)
{
    wire_put_u64(w, leaf->position);
    wire_put_i64(w, leaf->time_ms);
    wire_put_raw(w, leaf->id.bytes, sizeof(leaf->id.bytes));
    wire_put_raw(w, leaf->digest.bytes, sizeof(leaf->digest.bytes));
    wire_put_raw(w, leaf->seal.bytes, sizeof(leaf->seal.bytes));
    wire_put_run16(w, leaf->from);
    wire_put_u8(w, (uint8_t)leaf->legs_count);
    for (uint32_t i = 0; i < leaf->legs_count; i++) {
        wire_put_run16(w, leaf->legs[i]);
    }
}

static void put_outcome(struct wire_writer *w, const struct leaf_outcome *leaf)
{
    wire_put_u64(w, leaf->position);
    wire_put_i64(w, leaf->time_ms);
    wire_put_u8(w, leaf->cause);
    wire_put_u64(w, leaf->accepted);
    wire_put_u8(w, leaf->leg);
    wire_put_u16(w, leaf->attempt);
    wire_put_run16(w, leaf->agency);
    wire_put_u8(w, leaf->outcome);
    wire_put_u16(w, leaf->code);
    wire_put_u8(w, leaf->act);
    wire_put_u8(w, leaf->next);
    wire_put_i64(w, leaf->decided_ms);
    wire_put_run16(w, leaf->person);
    wire_put_raw(w, leaf->reason.bytes, sizeof(leaf->reason.bytes));
}

struct lt_bytes leaf_write(void *out, size_t size, const struct leaf *leaf)
{
    struct wire_writer w;
    wire_write_init(&w, out, size);
    put_domain(&w, LEAF_DOMAIN);
    wire_put_u8(&w, (uint8_t)leaf->kind);
    wire_put_raw(&w, leaf->salt, sizeof(leaf->salt));
    if (leaf->kind == LEAF_ACCEPTED) {
        put_accepted(&w, &leaf->accepted);
    } else {
        put_outcome(&w, &leaf->outcome);
    }
    return wire_written(&w);
}

static struct lt_bytes take_agency(struct wire_reader *r)
{
    struct lt_bytes agency = wire_run16(r);
    r->bad = r->bad || agency.size > LT_AGENCY_ID_MAX;
    return agency;
}

static void take_accepted(struct wire_reader *r, struct leaf_accepted *leaf)
{
    leaf->position = wire_u64(r);
    leaf->time_ms = wire_i64(r);
    wire_raw(r, leaf->id.bytes, sizeof(leaf->id.bytes));
    wire_raw(r, leaf->digest.bytes, sizeof(leaf->digest.bytes));
    wire_raw(r, leaf->seal.bytes, sizeof(leaf->seal.bytes));
    leaf->from = take_agency(r);
    leaf->legs_count = wire_u8(r);
    r->bad = r->bad || leaf->legs_count > LT_LEGS_MAX;
    for (uint32_t i = 0; i < leaf->legs_count && !r->bad; i++) {
        leaf->legs[i] = take_agency(r);
    }
}

static void take_outcome(struct wire_reader *r, struct leaf_outcome *leaf)
{
    leaf->position = wire_u64(r);
    leaf->time_ms = wire_i64(r);
    leaf->cause = wire_u8(r);
    leaf->accepted = wire_u64(r);
    leaf->leg = wire_u8(r);
    leaf->attempt = wire_u16(r);
    leaf->agency = take_agency(r);
    leaf->outcome = wire_u8(r);
    leaf->code = wire_u16(r);
    leaf->act = wire_u8(r);
    leaf->next = wire_u8(r);
    leaf->decided_ms = wire_i64(r);
    leaf->person = wire_run16(r);
    r->bad = r->bad || leaf->person.size > LEAF_PERSON_MAX;
    wire_raw(r, leaf->reason.bytes, sizeof(leaf->reason.bytes));
}

bool leaf_read(struct lt_bytes bytes, struct leaf *ret_leaf)
{
    struct wire_reader r;
    struct leaf leaf;
    wire_read_init(&r, bytes);
    take_domain(&r, LEAF_DOMAIN);
    uint8_t kind = wire_u8(&r);
    wire_raw(&r, leaf.salt, sizeof(leaf.salt));
    leaf.kind = kind == LEAF_ACCEPTED ? LEAF_ACCEPTED : LEAF_OUTCOME;
    if (kind == LEAF_ACCEPTED) {
        take_accepted(&r, &leaf.accepted);
    } else {
        take_outcome(&r, &leaf.outcome);
    }
    if (kind > LEAF_OUTCOME || kind == 0 || !wire_read_done(&r)) {
        return false;
    }
    *ret_leaf = leaf;
    return true;
}

void leaf_salt(uint8_t out[SALT_BYTES], struct digester *digester, const uint8_t seed[SEED_BYTES],
               uint64_t position)
{
    uint8_t bytes[sizeof(SALT_DOMAIN) - 1 + SEED_BYTES + 8];
    struct wire_writer w;
    wire_write_init(&w, bytes, sizeof(bytes));
    put_domain(&w, SALT_DOMAIN);
    wire_put_raw(&w, seed, SEED_BYTES);
    wire_put_u64(&w, position);
    struct lt_digest digest = digest_of(digester, wire_written(&w));
    memcpy(out, digest.bytes, SALT_BYTES);
}

/* ---- entries ---- */

void commit_entry_write(uint8_t out[COMMIT_BYTES], const struct commit_entry *entry)
{
    struct wire_writer w;
    wire_write_init(&w, out, COMMIT_BYTES);
    put_domain(&w, COMMIT_DOMAIN);
    wire_put_u8(&w, 0);
    wire_put_u64(&w, entry->position);
    wire_put_u32(&w, entry->leaves);
    wire_put_raw(&w, entry->root.bytes, sizeof(entry->root.bytes));
}

bool commit_entry_read(struct lt_bytes bytes, struct commit_entry *ret_entry)
{
    struct wire_reader r;
    struct commit_entry entry;
    wire_read_init(&r, bytes);
    take_domain(&r, COMMIT_DOMAIN);
    uint8_t zero = wire_u8(&r);
    entry.position = wire_u64(&r);
    entry.leaves = wire_u32(&r);
    wire_raw(&r, entry.root.bytes, sizeof(entry.root.bytes));
    if (!wire_read_done(&r) || zero != 0) {
        return false;
    }
    *ret_entry = entry;
    return true;
}

/* ---- receipts ---- */

/* Digests that stand one behind the other; false when it is no whole number of them. */
static bool digests_from(struct lt_bytes bytes, struct lt_digest *out, uint32_t most,
                         uint32_t *ret_count)
{
    if (bytes.size % sizeof(*out) != 0 || bytes.size / sizeof(*out) > most) {
        return false;
    }
    if (bytes.size > 0) {
        memcpy(out, bytes.data, bytes.size);
    }
    *ret_count = (uint32_t)(bytes.size / sizeof(*out));
    return true;
}

bool path_from_bytes(struct lt_bytes bytes, struct merkle_path *ret_path)
{
    return digests_from(bytes, ret_path->nodes, MERKLE_PATH_MAX, &ret_path->count);
}

/* The root of the commit's leaves, as its items and nodes have it. */
static enum lt_status commit_root(const struct receipts *receipts, struct digester *digester,
                                  struct lt_digest *ret_root)
{
    struct lt_digest hashes[RECEIPT_ITEMS], nodes[MERKLE_MULTI_MAX];
    uint32_t indices[RECEIPT_ITEMS], nodes_count;
    if (receipts->count == 0 || receipts->count > RECEIPT_ITEMS) {
        return LT_RECEIPT_WRONG;
    }
    for (uint32_t i = 0; i < receipts->count; i++) {
        struct leaf leaf;
        if (!leaf_read(receipts->items[i].leaf, &leaf)) {
            return LT_RECEIPT_WRONG;
        }
        indices[i] = receipts->items[i].index;
        hashes[i] = merkle_leaf(digester, receipts->items[i].leaf);
    }
    if (!digests_from(receipts->nodes, nodes, MERKLE_MULTI_MAX, &nodes_count)) {
        return LT_PATH_LENGTH;
    }
    return merkle_multi_root(digester, receipts->leaves, indices, hashes, receipts->count, nodes,
                             nodes_count, ret_root);
}

enum lt_status receipts_check(const struct receipts *receipts, const struct note_trust *trust,
                              struct checkpoint *ret_checkpoint)
{
    struct checkpoint checkpoint;
    struct merkle_path path;
    struct commit_entry entry = {.position = receipts->position, .leaves = receipts->leaves};
    uint8_t bytes[COMMIT_BYTES];
    enum lt_status status = checkpoint_open(receipts->checkpoint, trust, &checkpoint);
    if (status == LT_OK) {
        status = commit_root(receipts, trust->digester, &entry.root);
    }
    if (status == LT_OK && !path_from_bytes(receipts->log_path, &path)) {
        status = LT_PATH_LENGTH;
    }
    if (status != LT_OK) {
        return status;
    }
    commit_entry_write(bytes, &entry);
    struct lt_digest leaf = merkle_leaf(trust->digester, (struct lt_bytes){bytes, sizeof(bytes)});
    status = merkle_path_check(trust->digester, &leaf, receipts->index, checkpoint.head.size,
                               path.nodes, path.count, &checkpoint.head.root);
    if (status == LT_OK) {
        *ret_checkpoint = checkpoint;
    }
    return status;
}

/* Another incarnation: by what right? */
static bool break_allows(const struct note_trust *trust, const struct checkpoint *known,
                         const struct checkpoint *newest, const struct break_statement *broken)
{
    uint32_t ours, from;
    if (strcmp(broken->to, newest->origin) != 0 ||
        !origin_read(known->origin, trust->key.name, &ours) ||
        !origin_read(broken->from, trust->key.name, &from) || from < ours) {
        return false;
    }
    /* It may name the log that is known, and then no other. */
    return from != ours || broken->head.size != known->head.size ||
           digest_equal(&broken->head.root, &known->head.root);
}

enum lt_status checkpoint_extends(const struct note_trust *trust, const struct checkpoint *known,
                                  const struct checkpoint *newest, const struct log_proof *proof,
                                  struct break_statement *ret_broken)
{
    struct merkle_path path;
    struct break_statement broken;
    ret_broken->from[0] = '\0';
    if (strcmp(newest->origin, known->origin) != 0) {
        if (break_open(proof->broken, trust, &broken) != LT_OK ||
            !break_allows(trust, known, newest, &broken)) {
            return LT_LOG_FORKED;
        }
        *ret_broken = broken;
        return LT_OK;
    }
    if (newest->head.size < known->head.size) {
        return LT_LOG_ROLLED_BACK;
    }
    if (proof->first != known->head.size || !path_from_bytes(proof->path, &path)) {
        return LT_PATH_LENGTH;
    }
    enum lt_status status = merkle_consistency_check(trust->digester, &known->head, &newest->head,
                                                     path.nodes, path.count);
    return status == LT_PATH_WRONG ? LT_LOG_FORKED : status;
}
