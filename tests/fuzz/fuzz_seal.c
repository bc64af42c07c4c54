/* SPDX-License-Identifier: EUPL-1.2 */
/* The first byte says what the rest is read as: a stored seal, a proof, a public key or a
 * certificate. What reads is written back to the same bytes, and nothing fits a key that nobody
 * signed with. */
#include <assert.h>
#include <string.h>

#include "proto/seal.h"
#include "proto/trust.h"
#include "seeds.h"

static void as_seal(struct lt_bytes bytes)
{
    struct seal seal;
    uint8_t memory[SEAL_BYTES_MAX];
    if (seal_read(bytes, &seal)) {
        struct lt_bytes again = seal_write(memory, sizeof(memory), &seal);
        assert(again.size == bytes.size && memcmp(again.data, bytes.data, bytes.size) == 0);
    }
}

static void as_proof(struct lt_bytes bytes)
{
    struct seal_proof proof;
    uint8_t memory[PROOF_BYTES_MAX];
    if (seal_proof_read(bytes, &proof)) {
        struct lt_bytes again = seal_proof_write(memory, sizeof(memory), &proof);
        assert(again.size == bytes.size && memcmp(again.data, bytes.data, bytes.size) == 0);
    }
}

static void as_key(struct lt_bytes bytes)
{
    struct public_key *key = NULL;
    struct sign_checker *checker = NULL;
    if (public_key_open(bytes, &key, NULL) != LT_OK) {
        return;
    }
    struct lt_bytes spki = public_key_spki(key);
    assert(spki.size == bytes.size && memcmp(spki.data, bytes.data, bytes.size) == 0);
    enum lt_status opened = sign_checker_open(&checker);
    assert(opened == LT_OK);
    bool fits = signature_fits(checker, key, bytes, bytes);
    assert(!fits);
    sign_checker_close(&checker);
    public_key_close(&key);
}

static void as_certificate(struct lt_bytes bytes)
{
    struct certificate_about about;
    struct public_key *key = NULL;
    enum lt_status read = certificate_about(bytes, &about);
    if (certificate_key(bytes, &key, NULL) == LT_OK) {
        assert(read == LT_OK);
        public_key_close(&key);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct lt_bytes bytes = {data + 1, size - 1};
    switch (data[0] % 4) {
    case 0:
        as_seal(bytes);
        break;
    case 1:
        as_proof(bytes);
        break;
    case 2:
        as_key(bytes);
        break;
    default:
        as_certificate(bytes);
        break;
    }
    return 0;
}
