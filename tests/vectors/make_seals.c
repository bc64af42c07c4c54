/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The vectors of seals, out of signatures made once (seals.h): leaves of parcels, whole seals, and
 * proofs of one parcel; each good, and changed in every way that a client must refuse, with the
 * code it must refuse it with. What is written here is what this implementation says of the bytes,
 * and must() holds it to what is meant.
 */
#include "make_seals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/seal.h"
#include "seals.h"

#define SAMPLES (sizeof(sample_seals) / sizeof(sample_seals[0]))

struct sealed {
    const struct sample_sealed *sample;
    uint8_t header[SEAL_BATCH_MAX][16];
    uint8_t body[SEAL_BATCH_MAX][32];
    struct parcel parcels[SEAL_BATCH_MAX];
    struct lt_digest leaves[SEAL_BATCH_MAX];
    struct seal seal;
    struct public_key *key;
};

static struct digester *digester;
static struct sign_checker *checker;

static void must(bool truth, const char *what)
{
    if (!truth) {
        fprintf(stderr, "make_vectors: seals: %s\n", what);
        exit(1);
    }
}

static json_t *hex(struct lt_bytes bytes)
{
    char *text = malloc(2 * bytes.size + 1);
    must(text != NULL, "no memory");
    hex_write(text, bytes.data, bytes.size);
    json_t *value = json_string(text);
    free(text);
    return value;
}

static json_t *digest_hex(const struct lt_digest *digest)
{
    return hex((struct lt_bytes){digest->bytes, sizeof(digest->bytes)});
}

static void put(json_t *object, const char *name, json_t *value)
{
    must(json_object_set_new(object, name, value) == 0, name);
}

static json_t *digests_hex(const struct lt_digest *digests, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        must(json_array_append_new(list, digest_hex(&digests[i])) == 0, "list");
    }
    return list;
}

static void sealed_init(struct sealed *sealed, const struct sample_sealed *sample)
{
    uint8_t spki[SPKI_BYTES_MAX];
    size_t spki_size = strlen(sample->spki) / 2;
    memset(sealed, 0, sizeof(*sealed));
    sealed->sample = sample;
    for (uint32_t i = 0; i < sample->count; i++) {
        struct parcel *parcel = &sealed->parcels[i];
        int size = snprintf((char *)sealed->header[i], sizeof(sealed->header[i]), "header-%02u", i);
        parcel->header = (struct lt_bytes){sealed->header[i], (size_t)size};
        for (uint32_t k = 0; k < i % 3; k++) {
            snprintf((char *)sealed->body[i] + k * 7, 8, "body-%02u", i % 100);
        }
        parcel->body = (struct lt_bytes){sealed->body[i], (i % 3) * 7};
        parcel->digest = digest_of_two(digester, parcel->header, parcel->body);
        sealed->leaves[i] = seal_leaf(digester, parcel);
    }
    must(hex_read(spki, spki_size, sample->spki), "spki");
    must(public_key_open((struct lt_bytes){spki, spki_size}, &sealed->key, NULL) == LT_OK, "key");
    sealed->seal.algorithm = public_key_algorithm(sealed->key);
    sealed->seal.batch = sample->count;
    sealed->seal.key_id = *public_key_id(sealed->key);
    sealed->seal.signature_size = (uint32_t)strlen(sample->signature) / 2;
    must(hex_read(sealed->seal.signature, sealed->seal.signature_size, sample->signature),
         "signature");
}

/* ---- leaves ---- */

static void leaf_entry(json_t *list, const char *name, const struct parcel *parcel)
{
    json_t *object = json_object();
    struct lt_digest leaf = seal_leaf(digester, parcel);
    put(object, "name", json_string(name));
    put(object, "header", hex(parcel->header));
    put(object, "body", hex(parcel->body));
    put(object, "digest", digest_hex(&parcel->digest));
    put(object, "leaf", digest_hex(&leaf));
    must(json_array_append_new(list, object) == 0, name);
}

static json_t *leaves_json(const struct sealed *sealed)
{
    json_t *list = json_array();
    struct parcel cut = sealed->parcels[1];
    leaf_entry(list, "a parcel", &cut);
    cut.header.size--; /* the same digest, another leaf */
    cut.body = (struct lt_bytes){NULL, 0};
    leaf_entry(list, "cut elsewhere", &cut);
    leaf_entry(list, "without a body", &sealed->parcels[0]);
    return list;
}

/* ---- whole seals ---- */

static void seal_fields(json_t *object, const struct seal *seal, const struct public_key *key)
{
    put(object, "spki", hex(public_key_spki(key)));
    put(object, "algorithm", json_integer(seal->algorithm));
    put(object, "batch", json_integer(seal->batch));
    put(object, "key_id", digest_hex(&seal->key_id));
    put(object, "signature", hex((struct lt_bytes){seal->signature, seal->signature_size}));
}

static void seal_entry(json_t *list, const char *name, const struct sealed *sealed, uint32_t count,
                       enum lt_status code)
{
    json_t *object = json_object();
    uint8_t message[SEAL_MESSAGE_BYTES];
    struct lt_digest root = merkle_root(digester, sealed->leaves, count);
    seal_message(&sealed->seal, &root, message);
    must(seal_check(&sealed->seal, sealed->key, checker, digester, sealed->leaves, count) == code,
         name);
    put(object, "name", json_string(name));
    seal_fields(object, &sealed->seal, sealed->key);
    put(object, "leaves", digests_hex(sealed->leaves, count));
    put(object, "root", digest_hex(&root));
    put(object, "message", hex((struct lt_bytes){message, sizeof(message)}));
    put(object, "code", json_string(lt_code(code)));
    must(json_array_append_new(list, object) == 0, name);
}

static void changed_entries(json_t *list, const struct sealed *good, const struct sealed *other)
{
    struct sealed changed = *good;
    uint32_t count = good->sample->count;
    changed.leaves[1] = good->leaves[0];
    seal_entry(list, "another message", &changed, count, LT_SEAL_BAD);
    changed.leaves[0] = good->leaves[1];
    seal_entry(list, "in each other's place", &changed, count, LT_SEAL_BAD);
    changed = *good;
    seal_entry(list, "one left out", &changed, count - 1, LT_SEAL_WRONG_BATCH);
    changed.seal.batch = count - 1;
    seal_entry(list, "one left out and the number made to fit", &changed, count - 1, LT_SEAL_BAD);
    changed = *good;
    changed.seal.signature[12] ^= 1;
    seal_entry(list, "signature changed", &changed, count, LT_SEAL_BAD);
    changed = *good;
    changed.key = other->key;
    seal_entry(list, "another key", &changed, count, LT_SEAL_KEY_UNKNOWN);
    changed.seal.key_id = *public_key_id(other->key);
    changed.seal.algorithm = public_key_algorithm(other->key);
    seal_entry(list, "another key that is named", &changed, count, LT_SEAL_BAD);
}

/* ---- proofs ---- */

static void proof_entry(json_t *list, const char *name, const struct sealed *sealed,
                        const struct seal_proof *proof, const struct lt_digest *leaf,
                        enum lt_status code)
{
    json_t *object = json_object();
    must(seal_proof_check(proof, leaf, sealed->key, checker, digester) == code, name);
    put(object, "name", json_string(name));
    seal_fields(object, &proof->seal, sealed->key);
    put(object, "index", json_integer(proof->index));
    put(object, "leaf", digest_hex(leaf));
    put(object, "root", digest_hex(&proof->root));
    put(object, "path", digests_hex(proof->path, proof->path_count));
    put(object, "code", json_string(lt_code(code)));
    must(json_array_append_new(list, object) == 0, name);
}

static void proof_entries(json_t *list, const struct sealed *sealed)
{
    struct seal_proof proof;
    struct seal_proof changed;
    uint32_t count = sealed->sample->count;
    must(seal_prove(&sealed->seal, digester, sealed->leaves, count, count - 1, &proof) == LT_OK,
         "proof");
    proof_entry(list, "the last", sealed, &proof, &sealed->leaves[count - 1], LT_OK);
    must(seal_prove(&sealed->seal, digester, sealed->leaves, count, 2, &proof) == LT_OK, "proof");
    proof_entry(list, "one in the middle", sealed, &proof, &sealed->leaves[2], LT_OK);
    proof_entry(list, "of another parcel", sealed, &proof, &sealed->leaves[1], LT_PATH_WRONG);
    changed = proof;
    changed.path_count--;
    proof_entry(list, "path cut short", sealed, &changed, &sealed->leaves[2], LT_PATH_LENGTH);
    changed = proof;
    changed.index = 3;
    proof_entry(list, "another place", sealed, &changed, &sealed->leaves[2], LT_PATH_WRONG);
    changed.index = count;
    proof_entry(list, "no place", sealed, &changed, &sealed->leaves[2], LT_PATH_LENGTH);
    changed = proof;
    changed.seal.signature[12] ^= 1;
    proof_entry(list, "signature changed", sealed, &changed, &sealed->leaves[2], LT_SEAL_BAD);
}

void seals_put(json_t *root, struct digester *given)
{
    static struct sealed sealed[SAMPLES];
    json_t *seals = json_array();
    json_t *proofs = json_array();
    digester = given;
    must(sign_checker_open(&checker) == LT_OK, "no checker");
    for (size_t i = 0; i < SAMPLES; i++) {
        sealed_init(&sealed[i], &sample_seals[i]);
        seal_entry(seals, sample_seals[i].name, &sealed[i], sample_seals[i].count, LT_OK);
    }
    changed_entries(seals, &sealed[0], &sealed[1]);
    proof_entries(proofs, &sealed[0]);
    put(root, "leaves", leaves_json(&sealed[0]));
    put(root, "seals", seals);
    put(root, "proofs", proofs);
    for (size_t i = 0; i < SAMPLES; i++) {
        public_key_close(&sealed[i].key);
    }
    sign_checker_close(&checker);
}
