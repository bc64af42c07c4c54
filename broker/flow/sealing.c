/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Seals of Submits. The rule: an agency that has a signing key in the registry, valid or not, must
 * seal, and with one of its own that is valid at the moment of receipt; one that has none must not
 * be sealed by anybody. `seals: required` in the configuration asks everybody for one.
 *
 * Only the signature is costly, and it needs nothing but the key, so only that goes to the
 * verifier; a key in use is kept by a reference of the submission's own, whatever becomes of its
 * entry meanwhile. What the registry says is asked at join, as everything it says: a key revoked
 * while a frame was being verified is refused.
 *
 * A refusal is never stored: the same parcels under a good seal are taken. What the sender can mend
 * without touching the parcels (another key, a renewed certificate, a fresh list) is of class
 * retry.
 */
#include "sealing.h"

#include <string.h>

#include "broker/journal/fact_seal.h"
#include "broker/registry/seal_key.h"
#include "flow.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define STALE_NOTED_MS (60 * 60 * 1000)

bool sealing_take(struct flow *flow, const struct agency *agency, const struct submit_seal *wire,
                  uint32_t count, struct arena *arena, struct sealing **ret_sealing)
{
    if (!seal_present(wire)) {
        *ret_sealing = NULL;
        return true;
    }
    struct sealing *sealing = arena_zalloc(arena, sizeof(*sealing));
    struct lt_digest *leaves = arena_zalloc(arena, SEAL_NODES(count) * sizeof(*leaves));
    if (sealing == NULL || leaves == NULL) {
        return false;
    }
    fault_init(&sealing->fault);
    sealing->leaves = leaves;
    sealing->count = count;
    sealing->code = seal_take(wire, &sealing->seal, &sealing->fault);
    if (sealing->code == LT_OK && sealing->seal.batch != count) {
        sealing->code = fault_set(&sealing->fault, LT_SEAL_WRONG_BATCH, "seal.batch",
                                  "%u, the frame has %u", sealing->seal.batch, count);
    }
    if (sealing->code == LT_OK) {
        sealing->key = seal_keys_public(registry_seal_keys(flow->registry), agency->number,
                                        &sealing->seal.key_id);
    }
    *ret_sealing = sealing;
    return true;
}

void sealing_drop(struct sealing *sealing)
{
    if (sealing != NULL) {
        public_key_close(&sealing->key);
    }
}

void sealing_verify(const struct verify_tools *tools, const struct submission *submission)
{
    struct sealing *sealing = submission->sealing;
    if (sealing == NULL || sealing->code != LT_OK || sealing->key == NULL) {
        return;
    }
    for (uint32_t i = 0; i < sealing->count; i++) {
        sealing->leaves[i] = seal_leaf(tools->digester, &submission->parcels[i].parcel);
    }
    sealing->code = seal_check(&sealing->seal, sealing->key, tools->checker, tools->digester,
                               sealing->leaves, sealing->count);
    if (sealing->code != LT_OK) {
        fault_set(&sealing->fault, sealing->code, "seal", "over %u parcels", sealing->count);
        return;
    }
    seal_tree(tools->digester, sealing->leaves, sealing->count);
}

/* A late list of revoked certificates goes on for a while; people are told. */
static void note_stale(struct flow *flow)
{
    flow->counters.seals_stale++;
    if (flow->stale_noted_ms == 0 || flow->mono_ms - flow->stale_noted_ms >= STALE_NOTED_MS) {
        flow->stale_noted_ms = flow->mono_ms;
        log_warn("crl-stale", "lists=late since_ms=%lld",
                 (long long)trust_lists_until_ms(flow->trust));
    }
}

static enum lt_status certificate_at(struct flow *flow, const struct seal_key *key,
                                     int64_t received_ms, struct fault *fault)
{
    bool stale = false;
    if (flow->trust == NULL) {
        return fault_set(fault, LT_SEAL_CHAIN, "certificate", "the axis has no trust list");
    }
    enum lt_status status =
        trust_judge(flow->trust, key->der, key->since_ms, received_ms, &stale, fault);
    if (status == LT_OK && stale) {
        note_stale(flow);
    }
    return status;
}

static enum lt_status key_at(struct flow *flow, const struct agency *agency,
                             const struct sealing *sealing, int64_t received_ms,
                             struct fault *fault)
{
    const struct seal_key *key =
        seal_keys_find(registry_seal_keys(flow->registry), agency->number, &sealing->seal.key_id);
    if (key == NULL || sealing->key == NULL) {
        char hex[2 * sizeof(sealing->seal.key_id.bytes) + 1];
        hex_write(hex, sealing->seal.key_id.bytes, sizeof(sealing->seal.key_id.bytes));
        return fault_set(fault, LT_SEAL_KEY_UNKNOWN, "seal.key_id", "%s", hex);
    }
    enum lt_status status = seal_key_at(key, received_ms, fault);
    if (status == LT_OK && key->certificate) {
        status = certificate_at(flow, key, received_ms, fault);
    }
    return status;
}

enum lt_status sealing_judge(struct flow *flow, const struct agency *agency,
                             const struct submission *submission, struct fault *fault)
{
    const struct sealing *sealing = submission->sealing;
    enum lt_status status;
    if (sealing == NULL) {
        bool wanted = flow->settings.seals_required ||
                      seal_keys_any(registry_seal_keys(flow->registry), agency->number);
        return wanted ? fault_set(fault, LT_SEAL_MISSING, "seal", "%s", agency->id) : LT_OK;
    }
    if (sealing->code != LT_OK && sealing->key == NULL) { /* its shape */
        *fault = sealing->fault;
        status = sealing->code;
    } else {
        status = key_at(flow, agency, sealing, submission->received_ms, fault);
        if (status == LT_OK && sealing->code != LT_OK) {
            *fault = sealing->fault;
            status = sealing->code;
        }
    }
    if (status == LT_OK) {
        flow->counters.seals++;
    }
    return status;
}

/* ---- into the journal ---- */

static enum lt_status stage_batch(struct flow *flow, uint32_t agency, struct sealing *sealing)
{
    uint8_t seal_memory[SEAL_BYTES_MAX];
    uint8_t memory[FACT_SEAL_BYTES_MAX];
    struct fact_seal fact = {
        .from = agency,
        .seal = seal_write(seal_memory, sizeof(seal_memory), &sealing->seal),
        .leaves = sealing->leaves[0].bytes,
        .count = sealing->count,
    };
    sealing->digest = digest_of(flow->digester, fact.seal);
    return flow_fact(flow, FACT_SEAL, fact_write_seal(memory, sizeof(memory), &fact),
                     &sealing->position);
}

enum lt_status sealing_link(struct flow *flow, uint32_t agency, struct sealing *sealing,
                            uint32_t index, uint8_t *memory, struct lt_bytes *ret_link)
{
    uint8_t seal_memory[SEAL_BYTES_MAX];
    struct seal_link link;
    memset(&link, 0, sizeof(link));
    if (sealing == NULL) {
        *ret_link = (struct lt_bytes){NULL, 0};
        return LT_OK;
    }
    if (sealing->count == 1) {
        link.seal = seal_write(seal_memory, sizeof(seal_memory), &sealing->seal);
    } else {
        enum lt_status status = sealing->position != 0 ? LT_OK : stage_batch(flow, agency, sealing);
        if (status != LT_OK) {
            return status;
        }
        link.position = sealing->position;
        link.index = index;
        link.digest = sealing->digest;
    }
    *ret_link = seal_link_write(memory, SEAL_LINK_BYTES_MAX, &link);
    return LT_OK;
}

struct lt_bytes sealing_proof(const struct sealing *sealing, uint32_t index, uint8_t *memory)
{
    struct seal_proof proof;
    if (sealing == NULL) {
        return (struct lt_bytes){NULL, 0};
    }
    seal_prove_in(&sealing->seal, sealing->leaves, sealing->count, index, &proof);
    return seal_proof_write(memory, PROOF_BYTES_MAX, &proof);
}
