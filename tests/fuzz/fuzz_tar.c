/* SPDX-License-Identifier: EUPL-1.2 */
/* Any bytes as an archive: what is read is written again to the byte, and what it claims to prove
 * is judged without harm, twice the same, and never proven when nobody is believed. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence_judge.h"
#include "seeds.h"

static void found(void *context, const struct evidence_finding *finding)
{
    uint32_t *sum = context;
    *sum = *sum * 31 + (uint32_t)finding->check * 7 + (uint32_t)finding->result;
    bool signed_by_axis = finding->check == EVIDENCE_CHECKPOINT ||
                          finding->check == EVIDENCE_ACCEPTED ||
                          finding->check == EVIDENCE_OUTCOME || finding->check == EVIDENCE_TIME ||
                          finding->check == EVIDENCE_ORDER || finding->check == EVIDENCE_LOG;
    assert(!signed_by_axis || finding->result != EVIDENCE_PROVEN);
}

static uint32_t judge(struct lt_bytes tar)
{
    uint32_t sum = 0;
    struct arena arena;
    struct evidence_trust *trust = NULL;
    struct evidence_report report = {.context = &sum, .found = found};
    enum lt_status status = arena_init(&arena, 1 << 16, 1u << 30);
    assert(status == LT_OK);
    status = evidence_trust_open(NULL, &trust, NULL);
    assert(status == LT_OK);
    const struct evidence_view *view = NULL;
    status = evidence_judge(tar, trust, &arena, &report, &view, NULL);
    assert(status == LT_OK || status == LT_NO_MEMORY);
    if (status == LT_OK && view != NULL) { /* against itself: never a contradiction of two logs */
        status = evidence_compare(view, view, NULL, 0, &arena, &report);
        assert(status == LT_OK || status == LT_NO_MEMORY);
    }
    evidence_trust_close(&trust);
    arena_deinit(&arena);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tar_entry entries[256];
    uint32_t count = 0;
    struct lt_bytes tar = {data, size};
    if (tar_read(tar, entries, 256, &count, NULL) != LT_OK) {
        return 0;
    }
    assert(tar_size(entries, count) == size);
    uint8_t *again = malloc(size);
    assert(again != NULL);
    tar_write(again, entries, count);
    assert(memcmp(again, data, size) == 0);
    free(again);
    uint32_t first = judge(tar);
    uint32_t second = judge(tar);
    assert(first == second);
    return 0;
}
