/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as a leaf of the log and as a commit's entry: what reads is what would be written, so
 * no two byte strings mean the same thing. */
#include <assert.h>
#include <string.h>

#include "proto/receipt.h"
#include "seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lt_bytes bytes = {data, size};
    struct leaf leaf;
    struct commit_entry entry;
    uint8_t again[2 * LEAF_BYTES_MAX];
    if (leaf_read(bytes, &leaf)) {
        struct lt_bytes written = leaf_write(again, sizeof(again), &leaf);
        assert(written.size == size && memcmp(written.data, data, size) == 0);
    }
    if (commit_entry_read(bytes, &entry)) {
        commit_entry_write(again, &entry);
        assert(size == COMMIT_BYTES && memcmp(again, data, size) == 0);
    }
    return 0;
}
