/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The order of a case, as far as one archive tells it. A sender names the transfer before in a
 * signed header (`after`), so the axis must have accepted that one first; and where both went to
 * one receiver, the later one is not taken before anything was known of the first, unless it is a
 * withdrawal, which overtakes by rule. What is not in the archive is not missed.
 */
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

/* The one before it, of the same sender; NULL: not in this archive. */
static const struct evidence_item *before(const struct evidence_view *view,
                                          const struct evidence_item *item)
{
    for (uint32_t i = 0; i < view->evidence->transfers_count; i++) {
        const struct evidence_item *other = &view->items[i];
        if (other != item && other->found && same_id(&other->transfer->id, &item->after) &&
            bytes_equal(other->accepted.accepted.from, item->accepted.accepted.from)) {
            return other;
        }
    }
    return NULL;
}

/* Position of the first outcome of a leg, of any kind or "taken" only; 0: there is none. */
static uint64_t first_outcome(const struct evidence_item *item, uint32_t leg, bool taken)
{
    for (uint32_t i = 0; i < item->transfer->receipts_count; i++) {
        struct leaf leaf;
        bool reads = leaf_read(item->transfer->receipts[i].proof.leaf, &leaf);
        if (reads && leaf.kind == LEAF_OUTCOME && leaf.outcome.leg == leg &&
            (!taken ||
             (leaf.outcome.cause == LEAF_SETTLED && leaf.outcome.outcome == LT_OUTCOME_TAKEN))) {
            return leaf.outcome.position;
        }
    }
    return 0;
}

static bool overtook(const struct evidence_item *item, const struct evidence_item *first)
{
    const struct leaf_accepted *a = &first->accepted.accepted;
    const struct leaf_accepted *b = &item->accepted.accepted;
    for (uint32_t i = 0; i < b->legs_count; i++) {
        uint64_t taken = first_outcome(item, i, true);
        for (uint32_t j = 0; j < a->legs_count && taken != 0 && b->legs[i].size > 0; j++) {
            uint64_t known = first_outcome(first, j, false);
            if (bytes_equal(a->legs[j], b->legs[i]) && (known == 0 || known > taken)) {
                return true;
            }
        }
    }
    return false;
}

void evidence_order(const struct evidence_view *view, struct evidence_report *report)
{
    for (uint32_t i = 0; i < view->evidence->transfers_count; i++) {
        const struct evidence_item *item = &view->items[i];
        struct evidence_finding finding = {.check = EVIDENCE_ORDER,
                                           .transfer = &item->transfer->id};
        const struct evidence_item *first =
            item->found && !id_empty(&item->after) ? before(view, item) : NULL;
        if (first == NULL) {
            continue;
        }
        finding.number = first->accepted.accepted.position;
        if (first->accepted.accepted.position > item->accepted.accepted.position) {
            tell(report, &finding, EVIDENCE_WRONG, "before-its-predecessor");
        } else if (item->kind != LT_KIND_WITHDRAW && overtook(item, first)) {
            tell(report, &finding, EVIDENCE_UNPROVEN, "overtook");
        } else if (!item->proven || !first->proven) {
            tell(report, &finding, EVIDENCE_UNPROVEN, "no-checkpoint");
        } else {
            tell(report, &finding, EVIDENCE_PROVEN, "");
        }
    }
}
