/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Seals: a sender's signature over the parcels of one Submit, and the proof of one of them. The
 * tree and the message that is signed are described in seal.h and LTP.md.
 *
 * Algorithm, key id and the number of parcels are under the signature, so none of them can be
 * changed afterwards: a seal of three parcels does not pass as one of two, and a key cannot be
 * replaced by another for which the same bytes would fit. Whether the key counts (whose it is, when
 * it was valid) is not asked here: that is the registry's and trust.h's.
 *
 * A seal has one form as bytes, which is what is stored; the protobuf form is only how it travels.
 */
#include "seal.h"

#include <assert.h>
#include <string.h>

#include "base/wire.h"

#define FORM_VERSION 1

static const char domain[] = "lienthong/seal/1";
static_assert(SEAL_MESSAGE_BYTES == sizeof(domain) - 1 + 4 + 4 + 32 + 32, "the message");
static_assert(1 << SEAL_PATH_MAX == SEAL_BATCH_MAX, "a path of the largest batch");

bool seal_present(const struct submit_seal *wire)
{
    return wire->algorithm != 0 || wire->batch != 0 || wire->key_id.size > 0 ||
           wire->signature.size > 0;
}

static bool in_bounds(uint32_t algorithm, uint32_t batch, size_t signature_size)
{
    return algorithm > SIGN_NONE && algorithm <= SIGN_RSA && batch > 0 && batch <= SEAL_BATCH_MAX &&
           signature_size > 0 && signature_size <= SIGNATURE_BYTES_MAX;
}

enum lt_status seal_take(const struct submit_seal *wire, struct seal *ret_seal, struct fault *fault)
{
    if (wire->batch == 0 || wire->batch > SEAL_BATCH_MAX) {
        return fault_set(fault, LT_SEAL_WRONG_BATCH, "seal.batch", "%u: 1 to %d", wire->batch,
                         SEAL_BATCH_MAX);
    }
    if (!in_bounds(wire->algorithm, wire->batch, wire->signature.size) ||
        wire->key_id.size != sizeof(ret_seal->key_id.bytes)) {
        return fault_set(fault, LT_SEAL_BAD, "seal",
                         "algorithm %u, key id of %zu bytes, signature of %zu", wire->algorithm,
                         wire->key_id.size, wire->signature.size);
    }
    ret_seal->algorithm = (enum sign_algorithm)wire->algorithm;
    ret_seal->batch = wire->batch;
    memcpy(ret_seal->key_id.bytes, wire->key_id.data, wire->key_id.size);
    ret_seal->signature_size = (uint32_t)wire->signature.size;
    memcpy(ret_seal->signature, wire->signature.data, wire->signature.size);
    return LT_OK;
}

struct submit_seal seal_give(const struct seal *seal)
{
    return (struct submit_seal){
        .algorithm = seal->algorithm,
        .key_id = {seal->key_id.bytes, sizeof(seal->key_id.bytes)},
        .signature = {seal->signature, seal->signature_size},
        .batch = seal->batch,
    };
}

struct lt_digest seal_leaf(struct digester *digester, const struct parcel *parcel)
{
    uint8_t leaf[sizeof(parcel->digest.bytes) + 8];
    struct wire_writer w;
    wire_write_init(&w, leaf, sizeof(leaf));
    wire_put_raw(&w, parcel->digest.bytes, sizeof(parcel->digest.bytes));
    wire_put_u32(&w, (uint32_t)parcel->header.size);
    wire_put_u32(&w, (uint32_t)parcel->body.size);
    return merkle_leaf(digester, wire_written(&w));
}

void seal_message(const struct seal *seal, const struct lt_digest *root,
                  uint8_t ret_message[SEAL_MESSAGE_BYTES])
{
    struct wire_writer w;
    wire_write_init(&w, ret_message, SEAL_MESSAGE_BYTES);
    wire_put_raw(&w, domain, sizeof(domain) - 1);
    wire_put_u32(&w, seal->algorithm);
    wire_put_u32(&w, seal->batch);
    wire_put_raw(&w, seal->key_id.bytes, sizeof(seal->key_id.bytes));
    wire_put_raw(&w, root->bytes, sizeof(root->bytes));
    assert(wire_written(&w).size == SEAL_MESSAGE_BYTES);
}

enum lt_status seal_make(const struct signer *signer, struct digester *digester,
                         const struct lt_digest *leaves, uint32_t count, struct seal *ret_seal)
{
    uint8_t message[SEAL_MESSAGE_BYTES];
    size_t size = 0;
    struct seal seal;
    assert(count > 0 && count <= SEAL_BATCH_MAX);
    memset(&seal, 0, sizeof(seal));
    seal.algorithm = public_key_algorithm(signer->public_key);
    seal.batch = count;
    seal.key_id = *public_key_id(signer->public_key);
    struct lt_digest root = merkle_root(digester, leaves, count);
    seal_message(&seal, &root, message);
    enum lt_status status =
        signer_sign(signer, (struct lt_bytes){message, sizeof(message)}, seal.signature, &size);
    if (status == LT_OK) {
        seal.signature_size = (uint32_t)size;
        *ret_seal = seal;
    }
    return status;
}

static enum lt_status check_root(const struct seal *seal, const struct public_key *key,
                                 struct sign_checker *checker, const struct lt_digest *root)
{
    uint8_t message[SEAL_MESSAGE_BYTES];
    if (!digest_equal(public_key_id(key), &seal->key_id)) {
        return LT_SEAL_KEY_UNKNOWN;
    }
    if (public_key_algorithm(key) != seal->algorithm) {
        return LT_SEAL_BAD;
    }
    seal_message(seal, root, message);
    bool fits = signature_fits(checker, key, (struct lt_bytes){message, sizeof(message)},
                               (struct lt_bytes){seal->signature, seal->signature_size});
    return fits ? LT_OK : LT_SEAL_BAD;
}

enum lt_status seal_check(const struct seal *seal, const struct public_key *key,
                          struct sign_checker *checker, struct digester *digester,
                          const struct lt_digest *leaves, uint32_t count)
{
    if (count == 0 || count != seal->batch) {
        return LT_SEAL_WRONG_BATCH;
    }
    struct lt_digest root = merkle_root(digester, leaves, count);
    return check_root(seal, key, checker, &root);
}

enum lt_status seal_prove(const struct seal *seal, struct digester *digester,
                          const struct lt_digest *leaves, uint32_t count, uint32_t index,
                          struct seal_proof *ret_proof)
{
    struct merkle_array array = {.digester = digester, .leaves = leaves, .count = count};
    struct merkle_source source = merkle_array_source(&array);
    struct merkle_path path;
    if (count != seal->batch || index >= count) {
        return LT_SEAL_WRONG_BATCH;
    }
    enum lt_status status = merkle_source_path(&source, digester, count, index, &path);
    if (status != LT_OK) {
        return status;
    }
    assert(path.count <= SEAL_PATH_MAX);
    memset(ret_proof, 0, sizeof(*ret_proof));
    ret_proof->seal = *seal;
    ret_proof->index = index;
    ret_proof->root = merkle_root(digester, leaves, count);
    ret_proof->path_count = path.count;
    memcpy(ret_proof->path, path.nodes, path.count * sizeof(path.nodes[0]));
    return LT_OK;
}

/* A node without a right neighbour stands for itself one level up: that is the tree of RFC 6962. */
void seal_tree(struct digester *digester, struct lt_digest *nodes, uint32_t count)
{
    struct lt_digest *level = nodes;
    for (uint32_t width = count; width > 1; width = (width + 1) / 2) {
        struct lt_digest *next = level + width;
        for (uint32_t i = 0; i < width / 2; i++) {
            next[i] = merkle_node(digester, &level[2 * i], &level[2 * i + 1]);
        }
        if (width % 2 != 0) {
            next[width / 2] = level[width - 1];
        }
        level = next;
    }
}

void seal_prove_in(const struct seal *seal, const struct lt_digest *nodes, uint32_t count,
                   uint32_t index, struct seal_proof *ret_proof)
{
    const struct lt_digest *level = nodes;
    assert(index < count && count <= SEAL_BATCH_MAX);
    *ret_proof = (struct seal_proof){.seal = *seal, .index = index};
    for (uint32_t width = count; width > 1; width = (width + 1) / 2) {
        uint32_t beside = index ^ 1;
        if (beside < width) {
            ret_proof->path[ret_proof->path_count++] = level[beside];
        }
        level += width;
        index /= 2;
    }
    ret_proof->root = *level;
}

enum lt_status seal_proof_check(const struct seal_proof *proof, const struct lt_digest *leaf,
                                const struct public_key *key, struct sign_checker *checker,
                                struct digester *digester)
{
    enum lt_status status = merkle_path_check(digester, leaf, proof->index, proof->seal.batch,
                                              proof->path, proof->path_count, &proof->root);
    return status != LT_OK ? status : check_root(&proof->seal, key, checker, &proof->root);
}

static void put_seal(struct wire_writer *w, const struct seal *seal)
{
    wire_put_u8(w, FORM_VERSION);
    wire_put_u32(w, seal->algorithm);
    wire_put_u32(w, seal->batch);
    wire_put_raw(w, seal->key_id.bytes, sizeof(seal->key_id.bytes));
    wire_put_run16(w, (struct lt_bytes){seal->signature, seal->signature_size});
}

static void take_seal(struct wire_reader *r, struct seal *ret_seal)
{
    r->bad |= wire_u8(r) != FORM_VERSION;
    uint32_t algorithm = wire_u32(r);
    ret_seal->batch = wire_u32(r);
    wire_raw(r, ret_seal->key_id.bytes, sizeof(ret_seal->key_id.bytes));
    struct lt_bytes signature = wire_run16(r);
    r->bad |= !in_bounds(algorithm, ret_seal->batch, signature.size);
    if (!r->bad) {
        ret_seal->algorithm = (enum sign_algorithm)algorithm;
        ret_seal->signature_size = (uint32_t)signature.size;
        memcpy(ret_seal->signature, signature.data, signature.size);
    }
}

struct lt_bytes seal_write(void *memory, size_t size, const struct seal *seal)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    put_seal(&w, seal);
    return wire_written(&w);
}

bool seal_read(struct lt_bytes bytes, struct seal *ret_seal)
{
    struct wire_reader r;
    struct seal seal;
    memset(&seal, 0, sizeof(seal));
    wire_read_init(&r, bytes);
    take_seal(&r, &seal);
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_seal = seal;
    return true;
}

struct lt_bytes seal_proof_write(void *memory, size_t size, const struct seal_proof *proof)
{
    struct wire_writer w;
    wire_write_init(&w, memory, size);
    put_seal(&w, &proof->seal);
    wire_put_u32(&w, proof->index);
    wire_put_raw(&w, proof->root.bytes, sizeof(proof->root.bytes));
    wire_put_u8(&w, (uint8_t)proof->path_count);
    for (uint32_t i = 0; i < proof->path_count; i++) {
        wire_put_raw(&w, proof->path[i].bytes, sizeof(proof->path[i].bytes));
    }
    return wire_written(&w);
}

bool seal_proof_read(struct lt_bytes bytes, struct seal_proof *ret_proof)
{
    struct wire_reader r;
    struct seal_proof proof;
    memset(&proof, 0, sizeof(proof));
    wire_read_init(&r, bytes);
    take_seal(&r, &proof.seal);
    proof.index = wire_u32(&r);
    wire_raw(&r, proof.root.bytes, sizeof(proof.root.bytes));
    proof.path_count = wire_u8(&r);
    r.bad |= proof.path_count > SEAL_PATH_MAX || proof.index >= proof.seal.batch;
    for (uint32_t i = 0; !r.bad && i < proof.path_count; i++) {
        wire_raw(&r, proof.path[i].bytes, sizeof(proof.path[i].bytes));
    }
    if (!wire_read_done(&r)) {
        return false;
    }
    *ret_proof = proof;
    return true;
}
