/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the axis says of us under its signature, held against what is in the box: an acceptance must
 * name the very bytes at the very place, an outcome in our name the answer that was given here. A
 * leaf that is dated before a checkpoint which it stands behind, or before the one that was
 * believed when the axis acknowledged it, was back-dated (BACK_DATED_MS are for clocks).
 *
 * What the box does not know it cannot deny: an agency may have a second adapter, and an outcome of
 * a delivery that never came here may be that one's. It is given back as strange.
 */
#include "leaf_check.h"

#include <string.h>

#include "box_inbox.h"
#include "box_outbox.h"
#include "box_receipts.h"
#include "client_log.h"
#include "proto/base/text.h"

#define BACK_DATED_MS (5 * 60000LL)
#define LOOKS_MAX     4096 /* deliveries back from the newest */

uint64_t leaf_position(const struct leaf *leaf)
{
    return leaf->kind == LEAF_ACCEPTED ? leaf->accepted.position : leaf->outcome.position;
}

/* What we do not have any more cannot be compared. */
static bool acceptance_fits(struct box_txn *txn, struct lt_client *client,
                            const struct leaf_accepted *leaf)
{
    struct sent_record record;
    struct lt_bytes header, body;
    uint64_t sequence;
    if (!bytes_equal(leaf->from, text_bytes(client->agency))) {
        return false;
    }
    if (outbox_by_id(txn, &leaf->id, &sequence) != LT_OK ||
        outbox_get(txn, sequence, &record) != LT_OK ||
        outbox_parcel(txn, sequence, &header, &body) != LT_OK) {
        return true;
    }
    struct lt_id known = outbox_axis_id(&record);
    if (memcmp(known.bytes, leaf->id.bytes, sizeof(known.bytes)) != 0 ||
        memcmp(record.sent.id.bytes, known.bytes, sizeof(known.bytes)) != 0) {
        return true; /* it was accepted under an earlier id, with bytes of its own */
    }
    struct lt_digest digest = digest_of_two(client->digester, header, body);
    return digest_equal(&digest, &leaf->digest) &&
           (record.position == 0 || record.position == leaf->position);
}

/* A checkpoint that we know was signed before this leaf's commit was there. */
static bool back_dated(struct box_txn *txn, const struct leaf_check *check, const struct leaf *leaf)
{
    const struct log_watch *log = check->client->log;
    struct owed owed;
    int64_t time_ms = leaf->kind == LEAF_ACCEPTED ? leaf->accepted.time_ms : leaf->outcome.time_ms;
    int64_t floor_ms = owed_at(txn, leaf_position(leaf), &owed) == LT_OK ? owed.floor_ms : 0;
    if (log->any && strcmp(log->known.origin, check->checkpoint->origin) == 0 &&
        check->receipts->index >= log->known.head.size) {
        floor_ms = log->known.time_ms;
    }
    return floor_ms != 0 && time_ms + BACK_DATED_MS < floor_ms;
}

static void settled_add(struct leaf_check *check, const struct leaf_outcome *leaf)
{
    /* Without an outcome nobody said it: the axis cannot read the bytes any more. */
    if (leaf->cause == LEAF_SETTLED && leaf->outcome != LT_OUTCOME_NONE &&
        bytes_equal(leaf->agency, text_bytes(check->client->agency)) &&
        check->strange_count < RECEIPT_ITEMS) {
        check->strange[check->strange_count++] =
            (struct settled_leaf){leaf->accepted, leaf->leg, leaf->attempt, leaf->outcome};
    }
}

/* False: that attempt came here, and was answered in another way, or not yet. */
static bool answer_fits(struct leaf_check *check, const struct inbox_record *record)
{
    for (uint32_t i = 0; i < check->strange_count; i++) {
        struct settled_leaf *said = &check->strange[i];
        if (said->accepted != record->position || said->leg != record->leg) {
            continue;
        }
        struct settled_leaf found = *said;
        check->strange[i--] = check->strange[--check->strange_count];
        if (found.attempt == record->attempt &&
            (!record->settled || (uint32_t)record->outcome != found.outcome)) {
            return false;
        }
    }
    return true;
}

/* From the newest back: a receipt follows its settlement within a second. */
static bool answers_fit(struct box_txn *txn, struct leaf_check *check)
{
    uint64_t number = txn->counts.inbox;
    for (uint32_t i = 0; i < LOOKS_MAX && number > 0 && check->strange_count > 0; i++) {
        struct inbox_record record;
        if (inbox_get(txn, number--, &record) == LT_OK && !record.restored &&
            !answer_fits(check, &record)) {
            return false;
        }
    }
    return true;
}

/* What was answered "later" or "failed" is forgotten here once it is confirmed. */
static void keep_final(struct leaf_check *check)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < check->strange_count; i++) {
        uint32_t outcome = check->strange[i].outcome;
        if (outcome == LT_OUTCOME_TAKEN || outcome == LT_OUTCOME_REFUSED) {
            check->strange[kept++] = check->strange[i];
        }
    }
    check->strange_count = kept;
}

const char *leaves_check(struct box_txn *txn, struct leaf_check *check)
{
    check->strange_count = 0;
    for (uint32_t i = 0; i < check->receipts->count; i++) {
        struct leaf leaf;
        bool reads = leaf_read(check->receipts->items[i].leaf, &leaf);
        if (!reads ||
            (leaf.kind == LEAF_ACCEPTED && !acceptance_fits(txn, check->client, &leaf.accepted))) {
            return "leaf";
        }
        if (back_dated(txn, check, &leaf)) {
            return "back-dated";
        }
        if (leaf.kind == LEAF_OUTCOME) {
            settled_add(check, &leaf.outcome);
        }
    }
    if (!answers_fit(txn, check)) {
        return "outcome";
    }
    keep_final(check);
    return NULL;
}
