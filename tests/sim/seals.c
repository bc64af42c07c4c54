/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Seals in the world of the sim. What the journal holds is proven as evidence would prove it: the
 * seal that an acceptance names, its place in the batch, the path, the key. What was cut away is in
 * the archive and not looked at; what was carried over a cut has its proof beside it.
 */
#include "seals.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/flow/flow.h"
#include "broker/journal/fact_seal.h"
#include "broker/registry/seal_key.h"
#include "harness/seeded_key.h"
#include "proto/base/arena.h"
#include "proto/base/text.h"

#define SEALING_WORLDS 2 /* one world in so many */
#define SEALING_EACH   3 /* one agency in so many: a signature and its check take real time */
#define BATCHES_MAX    16384
#define ARENA_CAP      (256u * 1024 * 1024)

struct batch {
    uint64_t position;
    struct lt_bytes payload;
};

struct seals {
    struct signer signers[AGENCIES_SIM];
    struct digester *digester;
    struct sign_checker *checker;
    /* while the journal is judged */
    struct arena arena;
    struct oracle *oracle;
    struct batch *batches;
    uint32_t batches_count;
    uint64_t looked;
};

struct seals *seals_open(const char *folder, const struct lt_entropy *entropy, uint64_t seed)
{
    char path[160];
    struct fault fault;
    struct seals *seals = seed % SEALING_WORLDS == 0 ? calloc(1, sizeof(*seals)) : NULL;
    if (seals == NULL) {
        return NULL;
    }
    fault_init(&fault);
    enum lt_status status = digester_open(&seals->digester);
    assert(status == LT_OK);
    status = sign_checker_open(&seals->checker);
    assert(status == LT_OK);
    for (uint32_t i = 1; i < AGENCIES_SIM; i += SEALING_EACH) {
        snprintf(path, sizeof(path), "%s/seal.key", folder);
        status = seeded_key_make(path, entropy, &fault);
        assert(status == LT_OK);
        status = signer_open_file(path, &seals->signers[i], &fault);
        assert(status == LT_OK);
        unlink(path);
    }
    return seals;
}

void seals_close(struct seals **seals_p)
{
    struct seals *seals = *seals_p;
    if (seals == NULL) {
        return;
    }
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        signer_close(&seals->signers[i]);
    }
    sign_checker_close(&seals->checker);
    digester_close(&seals->digester);
    free(seals);
    *seals_p = NULL;
}

const struct signer *seals_signer(const struct seals *seals, uint32_t agency)
{
    return seals == NULL || seals->signers[agency].public_key == NULL ? NULL
                                                                      : &seals->signers[agency];
}

void seals_register(struct seals *seals, struct flow *flow)
{
    for (uint32_t i = 0; i < AGENCIES_SIM; i++) {
        const struct signer *signer = seals_signer(seals, i);
        struct seal_key key;
        uint8_t entry[SEAL_KEY_BYTES_MAX];
        uint8_t memory[SEAL_KEY_BYTES_MAX + 128];
        uint64_t position;
        if (signer == NULL) {
            continue;
        }
        enum lt_status status = seal_key_make(public_key_spki(signer->public_key), &key, NULL);
        assert(status == LT_OK);
        key.agency = i + 1;
        key.since_ms = flow->now_ms;
        struct fact_registry change = {.change = REGISTRY_SEAL_KEY,
                                       .person = text_bytes("sim"),
                                       .entry = seal_key_write(entry, sizeof(entry), &key)};
        status = flow_fact(flow, FACT_REGISTRY,
                           fact_write_registry(memory, sizeof(memory), &change), &position);
        assert(status == LT_OK);
    }
}

/* ---- judging ---- */

static struct lt_bytes batch_at(const struct seals *seals, uint64_t position)
{
    for (uint32_t i = seals->batches_count; i-- > 0 && position != 0;) {
        if (seals->batches[i].position == position) {
            return seals->batches[i].payload;
        }
    }
    return (struct lt_bytes){0};
}

static enum lt_status prove(struct seals *seals, const struct fact_accepted *accepted,
                            struct lt_bytes proof, struct lt_bytes batch)
{
    struct seal_proof made;
    struct parcel parcel = {accepted->header, accepted->body, accepted->digest};
    const struct signer *signer = seals_signer(seals, accepted->from - 1);
    enum lt_status status = LT_OK;
    if (proof.size > 0) {
        status = seal_proof_read(proof, &made) ? LT_OK : LT_DAMAGED;
    } else {
        status = fact_seal_prove(accepted, batch, seals->digester, &made);
    }
    struct lt_digest leaf = seal_leaf(seals->digester, &parcel);
    return status != LT_OK ? status
                           : seal_proof_check(&made, &leaf, signer->public_key, seals->checker,
                                              seals->digester);
}

static void judge_acceptance(struct seals *seals, struct lt_bytes payload, struct lt_bytes proof)
{
    struct fact_accepted accepted;
    struct seal_link link = {.position = 0};
    bool reads = fact_read_accepted(payload, &accepted);
    bool seals_itself = reads && seals_signer(seals, accepted.from - 1) != NULL;
    if (!reads || seals_itself != (accepted.seal.size > 0)) {
        oracle_fail(seals->oracle, "an acceptance has a seal and should not, or the other way",
                    NULL);
    }
    if (!seals_itself) {
        return;
    }
    bool links = seal_link_read(accepted.seal, &link);
    struct lt_bytes batch = batch_at(seals, link.position);
    if (links && link.position != 0 && batch.size == 0 && proof.size == 0) {
        return; /* cut away */
    }
    accepted.digest = digest_of_two(seals->digester, accepted.header, accepted.body);
    if (!links || prove(seals, &accepted, proof, batch) != LT_OK) {
        oracle_fail(seals->oracle, "a seal in the journal does not fit", NULL);
    }
    seals->looked++;
}

static enum lt_status look(void *context, const struct fact *fact)
{
    struct seals *seals = context;
    struct fact_carried carried;
    if (fact->kind == FACT_SEAL) {
        assert(seals->batches_count < BATCHES_MAX);
        seals->batches[seals->batches_count++] =
            (struct batch){fact->position, arena_copy(&seals->arena, fact->payload)};
    } else if (fact->kind == FACT_ACCEPTED) {
        judge_acceptance(seals, fact->payload, (struct lt_bytes){0});
    } else if (fact->kind == FACT_CARRIED && fact_read_carried(fact->payload, &carried) &&
               carried.accepted.size > 0) {
        judge_acceptance(seals, carried.accepted, carried.proof);
    }
    return LT_OK;
}

uint64_t seals_judge(struct seals *seals, struct flow *flow, struct oracle *oracle)
{
    if (seals == NULL) {
        return 0;
    }
    seals->oracle = oracle;
    seals->looked = 0;
    seals->batches_count = 0;
    enum lt_status status = arena_init(&seals->arena, 1 << 20, ARENA_CAP);
    assert(status == LT_OK);
    seals->batches = arena_alloc(&seals->arena, BATCHES_MAX * sizeof(*seals->batches));
    assert(seals->batches != NULL);
    status = journal_walk(flow->journal, journal_first(flow->journal), look, seals);
    if (status != LT_OK) {
        oracle_fail(oracle, "the journal does not read", NULL);
    }
    arena_deinit(&seals->arena);
    return seals->looked;
}
