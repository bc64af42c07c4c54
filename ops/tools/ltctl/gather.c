/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Evidence gathered from a journal: one walk over all its records finds the transfers that are
 * asked for and every outcome of their legs, makes the leaves of those records again, and learns on
 * the way which number is which agency and which keys it sealed with. Where the journal was cut,
 * the walk begins in the archive, or, without one, agencies and keys come from its base.
 *
 * A leaf is made of its record, with the seed and the neighbours that stand there; of a transfer
 * that was carried over a cut the journal has the bytes alone. So its receipts, and everything of
 * those that had come to their end before the cut, take the archive. Nothing is written.
 */
#include "gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/archive.h"
#include "broker/journal/fact_seal.h"
#include "broker/limits.h"
#include "broker/log/leaves.h"
#include "broker/registry/agency.h"
#include "broker/registry/seal_key.h"
#include "broker/state/base.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define PATH_BYTES     512
#define SCRATCH_CHUNK  (256 * 1024)
#define SCRATCH_CAP    (8u * 1024 * 1024)
#define RECEIPTS_FIRST 8

/* Beside the transfer of the same index in the evidence. */
struct found {
    uint64_t position;
    uint32_t from;
    uint32_t room; /* for receipts */
    struct lt_bytes link;
    struct lt_bytes proof; /* of its seal, where it was carried over a cut with one */
};

struct gathering {
    const struct gather_options *options;
    struct digester *digester;
    struct arena *arena;
    struct arena scratch; /* of one record */
    struct evidence *evidence;
    struct found *found;
    struct lt_id id; /* asked for; empty: a case is */
    struct leaves *leaves;
    struct seal_keys *keys;
    struct gather_log *log;
    struct backend_lmdb *backend;
    struct archive *archive; /* NULL: nothing was cut, or it is not read */
    struct archive_joined joined;
    struct journal_backend door;
    uint64_t last; /* position of the record last seen */
    struct fault *fault;
};

/* ---- what is asked for ---- */

static bool asked_for(const struct gathering *g, const struct header *header)
{
    struct lt_bytes subject = text_bytes(g->options->subject);
    if (!id_empty(&g->id)) {
        return memcmp(g->id.bytes, header->id.bytes, sizeof(g->id.bytes)) == 0;
    }
    for (uint32_t i = 0; i < header->aliases_count; i++) {
        if (bytes_equal(subject, header->aliases[i])) {
            return true;
        }
    }
    return bytes_equal(subject, header->case_code);
}

static int32_t find(const struct gathering *g, uint64_t position)
{
    for (uint32_t i = 0; i < g->evidence->transfers_count; i++) {
        if (g->found[i].position == position) {
            return (int32_t)i;
        }
    }
    return -1;
}

static enum lt_status add_transfer(struct gathering *g, uint64_t position,
                                   const struct fact_accepted *accepted, struct lt_bytes proof,
                                   const struct lt_id *id)
{
    uint32_t at = g->evidence->transfers_count;
    struct evidence_transfer *transfer = &g->evidence->transfers[at];
    if (at == EVIDENCE_TRANSFERS_MAX) {
        return fault_set(g->fault, LT_FULL, g->options->subject, "more than %d transfers",
                         EVIDENCE_TRANSFERS_MAX);
    }
    g->found[at] = (struct found){.position = position,
                                  .from = accepted->from,
                                  .link = arena_copy(g->arena, accepted->seal),
                                  .proof = arena_copy(g->arena, proof)};
    *transfer = (struct evidence_transfer){.id = *id,
                                           .header = arena_copy(g->arena, accepted->header),
                                           .body_left_out = g->options->without_bodies,
                                           .body_size = accepted->body.size};
    transfer->body = arena_copy(g->arena, accepted->body);
    if (transfer->header.data == NULL || transfer->body.data == NULL ||
        g->found[at].link.data == NULL) {
        return LT_NO_MEMORY;
    }
    g->evidence->transfers_count++;
    return LT_OK;
}

static enum lt_status look_acceptance(struct gathering *g, const struct fact *fact)
{
    struct fact_accepted accepted;
    struct fact_carried carried;
    struct header header;
    uint64_t position = fact->position;
    struct lt_bytes payload = fact->payload;
    struct lt_bytes proof = {0};
    if (fact->kind == FACT_CARRIED) {
        if (!fact_read_carried(fact->payload, &carried) || carried.accepted.size == 0) {
            return LT_OK;
        }
        position = carried.position;
        payload = carried.accepted;
        proof = carried.proof;
    }
    if (!fact_read_accepted(payload, &accepted) ||
        header_read(accepted.header, &g->scratch, &header, NULL) != LT_OK) {
        return LT_OK; /* journal verify tells of it; it is none of what is asked for */
    }
    if (!asked_for(g, &header) || find(g, position) >= 0) {
        return LT_OK;
    }
    return add_transfer(g, position, &accepted, proof, &header.id);
}

/* The acceptance that an outcome belongs to; 0: it is no outcome. */
static uint64_t outcome_of(const struct fact *fact)
{
    struct fact_settled settled;
    struct fact_act act;
    struct fact_timed timed;
    struct fact_rerouted rerouted;
    switch (fact->kind) {
    case FACT_SETTLED:
        return fact_read_settled(fact->payload, &settled) ? settled.position : 0;
    case FACT_ACT:
        return fact_read_act(fact->payload, &act) ? act.position : 0;
    case FACT_TIMED:
        return fact_read_timed(fact->payload, &timed) ? timed.position : 0;
    case FACT_REROUTED:
        return fact_read_rerouted(fact->payload, &rerouted) ? rerouted.position : 0;
    default:
        return 0;
    }
}

/* ---- receipts ---- */

static struct evidence_receipt *receipt_place(struct gathering *g, uint32_t at)
{
    struct found *found = &g->found[at];
    struct evidence_transfer *transfer = &g->evidence->transfers[at];
    if (transfer->receipts_count == found->room) {
        uint32_t room = found->room == 0 ? RECEIPTS_FIRST : 2 * found->room;
        struct evidence_receipt *more =
            room > EVIDENCE_RECEIPTS_MAX ? NULL : arena_alloc(g->arena, room * sizeof(*more));
        if (more == NULL) {
            return NULL;
        }
        if (found->room > 0) {
            memcpy(more, transfer->receipts, found->room * sizeof(*more));
        }
        transfer->receipts = more;
        found->room = room;
    }
    return &transfer->receipts[transfer->receipts_count];
}

static enum lt_status add_receipt(struct gathering *g, uint32_t at, uint64_t position)
{
    const struct leaves *leaves = g->leaves;
    struct evidence_receipt *receipt = receipt_place(g, at);
    uint32_t index = 0;
    bool covered = false;
    if (receipt == NULL) {
        return fault_set(g->fault, LT_FULL, g->options->subject, "more than %d receipts",
                         EVIDENCE_RECEIPTS_MAX);
    }
    while (index < leaves->count && leaves->items[index].position != position) {
        index++;
    }
    if (index == leaves->count) {
        return LT_OK; /* written before there was a log */
    }
    struct gather_leaf leaf = {position,      leaves->first, leaves->hashes,
                               leaves->count, index,         leaves->items[index].bytes};
    enum lt_status status = gather_log_receipt(g->log, &leaf, receipt, &covered, g->fault);
    if (status == LT_OK && covered) {
        g->evidence->transfers[at].receipts_count++;
    }
    return status;
}

static enum lt_status add_receipts(struct gathering *g, const struct record *record)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < record->count && status == LT_OK; i++) {
        struct fact fact;
        status = record_fact(record, i, &fact);
        if (status != LT_OK) {
            return status;
        }
        uint64_t accepted = fact.kind == FACT_ACCEPTED ? fact.position : outcome_of(&fact);
        int32_t at = accepted == 0 ? -1 : find(g, accepted);
        if (at >= 0) {
            status = add_receipt(g, (uint32_t)at, fact.position);
        }
    }
    return status;
}

/* ---- the walk ---- */

static enum lt_status learn_entry(struct gathering *g, uint8_t change, struct lt_bytes entry)
{
    struct agency agency;
    if (change == REGISTRY_SEAL_KEY) {
        return seal_keys_fold(g->keys, entry);
    }
    if (change == REGISTRY_AGENCY && agency_read(entry, &agency) && agency.number <= AGENCIES_MAX) {
        leaves_name(g->leaves, agency.number, agency.id);
    }
    return LT_OK;
}

/* What one fact is for us; *ret_leaves: the record's leaves are needed. */
static enum lt_status look_fact(struct gathering *g, const struct fact *fact, bool *ret_leaves)
{
    struct fact_registry change;
    uint64_t accepted;
    switch (fact->kind) {
    case FACT_REGISTRY:
        return fact_read_registry(fact->payload, &change)
                   ? learn_entry(g, change.change, change.entry)
                   : LT_DAMAGED;
    case FACT_ACCEPTED:
    case FACT_CARRIED: {
        uint32_t before = g->evidence->transfers_count;
        enum lt_status status = look_acceptance(g, fact);
        *ret_leaves =
            *ret_leaves || (fact->kind == FACT_ACCEPTED && g->evidence->transfers_count > before);
        return status;
    }
    default:
        accepted = outcome_of(fact);
        *ret_leaves = *ret_leaves || (accepted != 0 && find(g, accepted) >= 0);
        return LT_OK;
    }
}

static enum lt_status look_record(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct gathering *g = context;
    struct record record;
    bool leaves = false;
    enum lt_status status = record_read(bytes, &record, g->fault);
    arena_reset(&g->scratch);
    g->last = first;
    if (status != LT_OK) {
        return status;
    }
    g->last = record.first + record.count - 1;
    for (uint32_t i = 0; i < record.count && status == LT_OK; i++) {
        struct fact fact;
        status = record_fact(&record, i, &fact);
        if (status == LT_OK) {
            status = look_fact(g, &fact, &leaves);
        }
    }
    if (status == LT_OK && leaves) {
        status = leaves_make(g->leaves, &record);
        status = status == LT_OK ? add_receipts(g, &record) : status;
    }
    return status;
}

static enum lt_status walk(struct gathering *g, uint64_t first, uint64_t last)
{
    enum lt_status status = LT_OK;
    for (uint64_t at = first; at != 0 && at <= last && status == LT_OK; at = g->last + 1) {
        status = g->door.view(g->door.self, at, look_record, g);
    }
    if (status == LT_NOT_FOUND) {
        return LT_OK;
    }
    return status == LT_OK ? LT_OK
                           : fault_set(g->fault, status, "journal", "the record at %llu: %s",
                                       (unsigned long long)g->last, lt_code(status));
}

/* Agencies and keys of below the cut. */
static enum lt_status base_entry(void *context, enum state_tree tree, struct lt_bytes key,
                                 struct lt_bytes value)
{
    struct gathering *g = context;
    if (tree != STATE_REGISTRY || key.size == 0) {
        return LT_OK;
    }
    return key.data[0] == 'A'   ? learn_entry(g, REGISTRY_AGENCY, value)
           : key.data[0] == 'S' ? learn_entry(g, REGISTRY_SEAL_KEY, value)
                                : LT_OK;
}

static enum lt_status open_door(struct gathering *g)
{
    const struct backend_lmdb_options options = {.folder = g->options->folder, .read_only = true};
    struct backend_status at;
    enum lt_status status = backend_lmdb_open(&g->backend, &options, g->fault);
    if (status != LT_OK) {
        return status;
    }
    g->door = backend_lmdb_door(g->backend);
    g->door.status(g->door.self, &at);
    if (g->options->archive == NULL || at.first <= 1) {
        return LT_OK;
    }
    status = archive_open(&g->archive, g->options->archive, g->fault);
    if (status == LT_OK) {
        status = archive_join(&g->joined, g->archive, &g->door, g->fault);
    }
    if (status == LT_OK) {
        g->door = archive_joined_door(&g->joined);
    }
    return status;
}

static enum lt_status read_journal(struct gathering *g)
{
    struct backend_status at;
    struct base_about about;
    char path[PATH_BYTES];
    enum lt_status status = open_door(g);
    if (status != LT_OK) {
        return status;
    }
    g->door.status(g->door.self, &at);
    if (at.first > 1) {
        snprintf(path, sizeof(path), "%s/base", g->options->folder);
        status = base_read(path, base_entry, g, &about, g->fault);
    }
    return status == LT_OK ? walk(g, at.first, at.last) : status;
}

/* ---- seals ---- */

struct batch {
    struct gathering *g;
    uint64_t position;
    struct lt_bytes payload;
};

static enum lt_status look_batch(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct batch *batch = context;
    struct record record;
    struct fact fact;
    enum lt_status status = record_read(bytes, &record, batch->g->fault);
    if (status != LT_OK || batch->position < first || batch->position - first >= record.count) {
        return status != LT_OK ? status : LT_NOT_FOUND;
    }
    status = record_fact(&record, (uint32_t)(batch->position - first), &fact);
    if (status == LT_OK && fact.kind == FACT_SEAL) {
        batch->payload = arena_copy(batch->g->arena, fact.payload);
    }
    return status;
}

static enum lt_status add_key(struct gathering *g, uint32_t at)
{
    struct evidence_transfer *transfer = &g->evidence->transfers[at];
    const struct lt_digest *id = &transfer->seal.seal.key_id;
    const struct seal_key *key = seal_keys_find(g->keys, g->found[at].from, id);
    struct public_key *public = seal_keys_public(g->keys, g->found[at].from, id);
    if (key != NULL && public != NULL) {
        transfer->key = arena_copy(g->arena, public_key_spki(public));
        transfer->certificate =
            key->certificate ? arena_copy(g->arena, key->der) : (struct lt_bytes){0};
    }
    public_key_close(&public);
    return LT_OK;
}

static enum lt_status add_seal(struct gathering *g, uint32_t at)
{
    struct evidence_transfer *transfer = &g->evidence->transfers[at];
    struct fact_accepted accepted = {
        .header = transfer->header, .body = transfer->body, .seal = g->found[at].link};
    struct batch batch = {.g = g};
    struct seal_link link;
    if (accepted.seal.size == 0) {
        return LT_OK;
    }
    if (g->found[at].proof.size > 0) {
        transfer->sealed = seal_proof_read(g->found[at].proof, &transfer->seal);
        return transfer->sealed ? add_key(g, at)
                                : fault_set(g->fault, LT_DAMAGED, "seal", "a carried proof");
    }
    if (!seal_link_read(accepted.seal, &link)) {
        return fault_set(g->fault, LT_DAMAGED, "seal", "the link does not read");
    }
    batch.position = link.position;
    if (link.position != 0) {
        enum lt_status status = g->door.view(g->door.self, link.position, look_batch, &batch);
        if (status != LT_OK) {
            return status == LT_NOT_FOUND ? LT_OK : status; /* cut away: it is in the archive */
        }
    }
    accepted.digest = digest_of_two(g->digester, accepted.header, accepted.body);
    enum lt_status status = fact_seal_prove(&accepted, batch.payload, g->digester, &transfer->seal);
    if (status != LT_OK) {
        return fault_set(g->fault, status, "seal", "it is not of these bytes");
    }
    transfer->sealed = true;
    return add_key(g, at);
}

static enum lt_status add_seals(struct gathering *g)
{
    enum lt_status status = LT_OK;
    for (uint32_t i = 0; i < g->evidence->transfers_count && status == LT_OK; i++) {
        status = add_seal(g, i);
        if (g->options->without_bodies) {
            g->evidence->transfers[i].body = (struct lt_bytes){0};
        }
    }
    return status;
}

/* ---- all of it ---- */

static enum lt_status read_pem(struct gathering *g, const char *path, struct lt_bytes *ret_text)
{
    uint8_t *data = NULL;
    size_t size = 0;
    if (path == NULL) {
        return LT_OK;
    }
    enum lt_status status = file_read(path, TAR_FILE_BYTES, &data, &size, g->fault);
    if (status == LT_OK) {
        *ret_text = arena_copy(g->arena, (struct lt_bytes){data, size});
        free(data);
    }
    return status;
}

static enum lt_status open_all(struct gathering *g)
{
    struct evidence *evidence = g->evidence;
    evidence->transfers =
        arena_zalloc(g->arena, (EVIDENCE_TRANSFERS_MAX + 1) * sizeof(struct evidence_transfer));
    g->found = arena_zalloc(g->arena, EVIDENCE_TRANSFERS_MAX * sizeof(*g->found));
    enum lt_status status = evidence->transfers == NULL || g->found == NULL
                                ? LT_NO_MEMORY
                                : arena_init(&g->scratch, SCRATCH_CHUNK, SCRATCH_CAP);
    if (status == LT_OK) {
        status = leaves_open(&g->leaves);
    }
    if (status == LT_OK) {
        status = seal_keys_open(&g->keys);
    }
    if (status == LT_OK) {
        status =
            gather_log_open(g->options->folder, g->digester, g->arena, evidence, &g->log, g->fault);
    }
    return status;
}

static void close_all(struct gathering *g)
{
    gather_log_close(&g->log);
    archive_close(&g->archive);
    backend_lmdb_close(&g->backend);
    seal_keys_close(&g->keys);
    leaves_close(&g->leaves);
    arena_deinit(&g->scratch);
}

enum lt_status gather(const struct gather_options *options, struct digester *digester,
                      struct arena *arena, struct evidence *ret_evidence, struct fault *fault)
{
    struct gathering g = {.options = options,
                          .digester = digester,
                          .arena = arena,
                          .evidence = ret_evidence,
                          .fault = fault};
    memset(ret_evidence, 0, sizeof(*ret_evidence));
    if (!id_read(&g.id, options->subject)) {
        memset(&g.id, 0, sizeof(g.id)); /* then it is a case code */
    }
    enum lt_status status = open_all(&g);
    if (status == LT_OK) {
        status = read_journal(&g);
    }
    if (status == LT_OK && ret_evidence->transfers_count == 0) {
        status = fault_set(fault, LT_NOT_FOUND, options->subject, "no such transfer or case");
    }
    if (status == LT_OK) {
        status = add_seals(&g);
    }
    if (status == LT_OK) {
        status = gather_log_stamps(g.log, ret_evidence, fault);
    }
    if (status == LT_OK) {
        status = read_pem(&g, options->chain, &ret_evidence->chain);
    }
    if (status == LT_OK) {
        status = read_pem(&g, options->crls, &ret_evidence->crls);
    }
    close_all(&g);
    return status;
}
