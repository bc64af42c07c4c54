/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two archives against each other: are they of one log? A fork that was shown to two agencies is
 * found here and nowhere else, because neither of them has seen the other's checkpoint. What they
 * contradict each other in is told in any case (one commit that is two, one transfer accepted
 * twice, an acceptance behind a checkpoint that it is dated before); that they are one log takes
 * the same root, or a proof of growth from the smaller to the larger.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "evidence_private.h"

static void tell(struct evidence_report *report, struct evidence_finding *finding,
                 enum evidence_result result, const char *why)
{
    finding->result = result;
    finding->why = why;
    evidence_tell(report, finding);
}

static bool same_id(const struct lt_id *a, const struct lt_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

struct archives {
    const struct evidence_view *small; /* of the smaller checkpoint */
    const struct evidence_view *large;
    struct digester *digester;
    struct evidence_report *report;
    bool wrong;
};

static void contradict(struct archives *both, const struct evidence_item *item, uint64_t number,
                       const char *why)
{
    struct evidence_finding finding = {
        .check = EVIDENCE_LOG, .number = number, .transfer = &item->transfer->id};
    both->wrong = true;
    tell(both->report, &finding, EVIDENCE_WRONG, why);
}

/* What an archive says of a commit, to be put in order. */
struct said {
    uint64_t index;
    const struct receipt_proof *proof;
    const struct evidence_item *item;
};

static int by_index(const void *a, const void *b)
{
    uint64_t x = ((const struct said *)a)->index;
    uint64_t y = ((const struct said *)b)->index;
    return x < y ? -1 : x > y;
}

static uint32_t list_commits(const struct evidence_view *view, struct said *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < view->evidence->transfers_count; i++) {
        const struct evidence_transfer *transfer = view->items[i].transfer;
        for (uint32_t j = 0; j < transfer->receipts_count; j++) {
            const struct receipt_proof *proof = &transfer->receipts[j].proof;
            out[count++] = (struct said){proof->in_log.index, proof, &view->items[i]};
        }
    }
    qsort(out, count, sizeof(*out), by_index);
    return count;
}

/* One commit in both is the same commit. */
static void compare_commits(struct archives *both, struct said *a, struct said *b)
{
    uint32_t a_count = list_commits(both->small, a);
    uint32_t b_count = list_commits(both->large, b);
    for (uint32_t i = 0, j = 0; i < a_count && j < b_count;) {
        const struct commit_entry *one = &a[i].proof->entry;
        const struct commit_entry *other = &b[j].proof->entry;
        if (a[i].index == b[j].index &&
            (one->position != other->position || !digest_equal(&one->root, &other->root))) {
            contradict(both, b[j].item, b[j].index, "log-forked");
            return;
        }
        bool first = a[i].index <= b[j].index;
        i += first;
        j += !first;
    }
}

/* One transfer in both was accepted once. */
static void compare_acceptances(struct archives *both, const struct evidence_item *a,
                                const struct evidence_item *b)
{
    if (a->found && b->found && same_id(&a->transfer->id, &b->transfer->id) &&
        bytes_equal(a->accepted.accepted.from, b->accepted.accepted.from) &&
        a->accepted.accepted.position != b->accepted.accepted.position) {
        contradict(both, b, b->accepted.accepted.position, "accepted-twice");
    }
}

/* Receipts of one archive against the checkpoint of the other. */
static void compare_times(struct archives *both, const struct evidence_view *view,
                          const struct checkpoint *checkpoint)
{
    for (uint32_t i = 0; i < view->evidence->transfers_count; i++) {
        const struct evidence_item *item = &view->items[i];
        if (!item->proven) {
            continue;
        }
        const struct leaf_accepted *accepted = &item->accepted.accepted;
        bool behind = item->index >= checkpoint->head.size;
        if (behind != (accepted->position > checkpoint->position)) {
            contradict(both, item, accepted->position, "log-forked");
        } else if (behind && checkpoint->time_ms != 0 &&
                   accepted->time_ms + CLOCKS_APART_MS < checkpoint->time_ms) {
            contradict(both, item, accepted->position, "back-dated");
        }
    }
}

/* What leads from the smaller to the larger: LT_OK, LT_PATH_WRONG, or LT_NOT_FOUND. */
static enum lt_status join(const struct archives *both, const struct growth_proof *proofs,
                           uint32_t count)
{
    const struct merkle_head *first = &both->small->checkpoint.head;
    const struct merkle_head *second = &both->large->checkpoint.head;
    if (first->size == second->size) {
        return digest_equal(&first->root, &second->root) ? LT_OK : LT_PATH_WRONG;
    }
    for (uint32_t i = 0; i < both->large->stamped_count; i++) {
        const struct merkle_head *stamped = &both->large->stamped[i];
        if (stamped->size == first->size) {
            return digest_equal(&stamped->root, &first->root) ? LT_OK : LT_PATH_WRONG;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (proofs[i].first == first->size && proofs[i].second == second->size) {
            return evidence_growth(both->digester, &proofs[i], first, second);
        }
    }
    return LT_NOT_FOUND;
}

static uint32_t receipts_of(const struct evidence_view *view)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < view->evidence->transfers_count; i++) {
        count += view->items[i].transfer->receipts_count;
    }
    return count;
}

static void compare_logs(struct archives *both, const struct growth_proof *proofs, uint32_t count)
{
    struct evidence_finding finding = {.check = EVIDENCE_LOG,
                                       .number = both->small->checkpoint.head.size,
                                       .checkpoint = &both->large->checkpoint};
    for (uint32_t i = 0; i < both->small->evidence->transfers_count; i++) {
        for (uint32_t j = 0; j < both->large->evidence->transfers_count; j++) {
            compare_acceptances(both, &both->small->items[i], &both->large->items[j]);
        }
    }
    compare_times(both, both->small, &both->large->checkpoint);
    compare_times(both, both->large, &both->small->checkpoint);
    enum lt_status status = join(both, proofs, count);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        tell(both->report, &finding, EVIDENCE_WRONG, "log-forked");
    } else if (status == LT_NOT_FOUND && !both->wrong) {
        tell(both->report, &finding, EVIDENCE_UNPROVEN, "no-consistency");
    } else if (status == LT_OK && !both->wrong) {
        bool confirmed = both->small->confirmed && both->large->confirmed;
        tell(both->report, &finding, confirmed ? EVIDENCE_PROVEN : EVIDENCE_UNPROVEN,
             confirmed ? "" : "no-trust");
    }
}

enum lt_status evidence_compare(const struct evidence_view *one, const struct evidence_view *other,
                                const struct growth_proof *proofs, uint32_t proofs_count,
                                struct arena *arena, struct evidence_report *report)
{
    struct evidence_finding finding = {.check = EVIDENCE_LOG};
    bool larger = one->checkpoint.head.size > other->checkpoint.head.size;
    struct archives both = {
        .small = larger ? other : one, .large = larger ? one : other, .report = report};
    if (!one->readable || !other->readable) {
        tell(report, &finding, EVIDENCE_UNPROVEN, "no-checkpoint");
        return LT_OK;
    }
    if (strcmp(one->checkpoint.origin, other->checkpoint.origin) != 0) {
        tell(report, &finding, EVIDENCE_UNPROVEN, "other-incarnation");
        return LT_OK;
    }
    struct said *a = arena_alloc(arena, (receipts_of(both.small) + 1) * sizeof(*a));
    struct said *b = arena_alloc(arena, (receipts_of(both.large) + 1) * sizeof(*b));
    enum lt_status status = a == NULL || b == NULL ? LT_NO_MEMORY : digester_open(&both.digester);
    if (status == LT_OK) {
        compare_commits(&both, a, b);
        compare_logs(&both, proofs, proofs_count);
    }
    digester_close(&both.digester);
    return status;
}
