/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The inbox when its content is in question; box_back.h says when that is. Three moves, each within
 * one job, so that a crash leaves a leg either here or told to the axis as given back.
 *
 * Giving back costs the axis no attempt ("later"). What is behind a leg in its case leaves with it,
 * as box_inbox.c does for every answer that is not final.
 */
#include <string.h>

#include "box_back.h"
#include "proto/digest.h"

#define BACK_RETRY_MS 60000

static void give_back(struct box_txn *txn, uint64_t number, struct inbox_record *record,
                      const char *reason, int64_t now_ms)
{
    const struct lt_answer answer = {
        .outcome = LT_OUTCOME_LATER,
        .code = LT_RECEIVER_UNREACHABLE,
        .reason = reason,
        .retry_after_ms = BACK_RETRY_MS,
    };
    inbox_answer(txn, number, record, &answer, now_ms);
}

/* What is to be said of one record under the leg asked about. */
static enum lt_status back_one(struct box_txn *txn, const struct inbox_asker *asker,
                               uint64_t number, struct inbox_record *record, int64_t asked_ms,
                               enum inbox_back *ret_back)
{
    struct open_record open;
    if (record->settled) {
        *ret_back = record->settled_ms >= asked_ms ? INBOX_BACK_BUSY : INBOX_BACK_NONE;
        return LT_OK;
    }
    enum lt_status status = inbox_open(txn, number, &open);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    if (record->restored || inbox_leased(txn, &open, asker)) {
        *ret_back = INBOX_BACK_BUSY;
        return LT_OK;
    }
    give_back(txn, number, record, "given back: the local system does not hold it", asker->wall_ms);
    inbox_case_leave(txn, number, open.case_hash, asker->wall_ms);
    *ret_back = INBOX_BACK_DONE;
    return LT_OK;
}

enum lt_status inbox_back(struct box_txn *txn, const struct inbox_asker *asker,
                          const struct lt_id *id, uint32_t leg, const struct lt_digest *digest,
                          int64_t asked_ms, enum inbox_back *ret_back)
{
    uint64_t number = 0;
    *ret_back = INBOX_BACK_NONE;
    for (uint32_t nth = 0; inbox_leg_at(txn, id, leg, nth, &number) == LT_OK; nth++) {
        struct inbox_record record;
        enum lt_status status = inbox_get(txn, number, &record);
        if (status != LT_OK) {
            return status == LT_NOT_FOUND ? LT_DAMAGED : status;
        }
        if (digest_empty(digest) || digest_equal(digest, &record.digest)) {
            return back_one(txn, asker, number, &record, asked_ms, ret_back);
        }
    }
    return LT_OK;
}

enum lt_status inbox_back_all(struct box_txn *txn, int64_t now_ms, uint32_t *ret_count)
{
    struct open_record open;
    uint64_t number = 0;
    uint32_t count = 0;
    enum lt_status status = inbox_next(txn, number, &number, &open);
    while (status == LT_OK) {
        struct inbox_record record;
        if (inbox_get(txn, number, &record) == LT_OK && !record.restored) {
            give_back(txn, number, &record, "given back: the agency restores its database", now_ms);
            count++;
        }
        status = inbox_next(txn, number, &number, &open);
    }
    *ret_count = count;
    return status == LT_NOT_FOUND ? LT_OK : status;
}

enum lt_status inbox_restore(struct box_txn *txn, const struct inbox_new *incoming,
                             struct arena *arena)
{
    const struct header *header = incoming->header;
    struct inbox_record record;
    uint64_t number = 0;
    enum lt_status status =
        inbox_by_leg(txn, &header->id, incoming->delivery->leg, header->from, &number);
    if (status == LT_OK) {
        status = inbox_get(txn, number, &record);
    }
    if (status == LT_OK && record.restored && !record.settled) {
        return LT_OK;
    }
    if (status == LT_OK) {
        status = inbox_forget(txn, number, arena);
    }
    if (status == LT_OK || status == LT_NOT_FOUND) {
        inbox_arrive(txn, incoming);
        return LT_OK;
    }
    return status;
}
