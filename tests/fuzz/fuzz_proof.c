/* SPDX-License-Identifier: EUPL-1.2 */
/* Any text as each of the proofs of evidence, and as PEM: what is read is the one text of what it
 * says. */
#include <assert.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/pem.h"
#include "proto/proof_text.h"
#include "seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct receipt_proof receipt;
    static struct place_proof place;
    static struct growth_proof growth;
    static uint8_t again[PROOF_TEXT_MAX];
    uint8_t der[PEM_DER_MAX];
    uint8_t pem[PEM_TEXT_MAX];
    size_t der_size = 0;
    struct arena arena;
    struct lt_bytes text = {data, size};
    enum lt_status status = arena_init(&arena, 4096, 1 << 16);
    assert(status == LT_OK);
    if (receipt_proof_read(text, &arena, &receipt)) {
        assert(bytes_equal(text, receipt_proof_write(again, &receipt)));
        assert(receipt.in_commit.index < receipt.in_commit.size);
    }
    if (place_proof_read(text, &place)) {
        assert(bytes_equal(text, place_proof_write(again, &place)));
    }
    if (growth_proof_read(text, &growth)) {
        assert(bytes_equal(text, growth_proof_write(again, &growth)));
        assert(growth.first > 0 && growth.first <= growth.second);
    }
    if (pem_read(text, "PUBLIC KEY", der, sizeof(der), &der_size)) {
        struct lt_bytes bytes = {der, der_size};
        assert(bytes_equal(text, pem_write(pem, sizeof(pem), "PUBLIC KEY", bytes)));
    }
    arena_deinit(&arena);
    return 0;
}
