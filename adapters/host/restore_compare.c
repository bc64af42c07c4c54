/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two lists side by side: the axis's, which is walked, and the local system's, which is asked. Only
 * what the receiving system had taken can be missing from it; what is still open comes by itself,
 * what it refused it has decided. Of our own transfers one leg stands for all.
 *
 * Questions go ASKS at a time, because a local system that is asked over HTTP answers one after the
 * other and each question has its time. One that got no word is asked a second time at once.
 *
 * The other direction, "the axis does not list what we had from it", can only be seen from what the
 * adapter remembers of positions; it is a hint at a rolled-back axis and changes nothing here.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/digest.h"
#include "restore_compare.h"

#define LIST_WAIT_MS  15000
#define LIST_TRIES    8
#define ASKS          16u
#define MISSING_FIRST 1024u
#define REMEMBERED    256u

/* Rows that wait to be asked about. */
struct batch {
    struct lt_list_row rows[ASKS];
    uint32_t count;
};

static enum lt_status missing_add(struct restore_compare *compare, const struct lt_list_row *row)
{
    if (compare->sums.missing == compare->missing_room) {
        uint64_t room = compare->missing_room == 0 ? MISSING_FIRST : compare->missing_room * 2;
        struct restore_missing *larger =
            realloc(compare->missing, room * sizeof(*compare->missing));
        if (larger == NULL) {
            return LT_NO_MEMORY;
        }
        compare->missing = larger;
        compare->missing_room = room;
    }
    compare->missing[compare->sums.missing++] =
        (struct restore_missing){row->id, row->leg, row->position, row->digest};
    return LT_OK;
}

static void differing_add(struct restore_compare *compare, const struct lt_list_row *row)
{
    uint32_t most = sizeof(compare->differing) / sizeof(compare->differing[0]);
    compare->sums.differs++;
    if (compare->differing_count < most) {
        compare->differing[compare->differing_count++] =
            (struct restore_missing){row->id, row->leg, row->position, row->digest};
    }
}

static enum lt_status word_take(struct restore_compare *compare, const struct lt_list_row *row,
                                const struct lt_held_answer *word)
{
    uint32_t leg = compare->what == LT_LIST_SENT ? 0 : row->leg;
    if (word->held != LT_HELD_YES &&
        lt_client_waits(compare->client, &row->id, leg, &row->digest)) {
        compare->sums.waiting++; /* of an earlier run: it is on its way already */
        return LT_OK;
    }
    switch (word->held) {
    case LT_HELD_YES:
        if (digest_empty(&word->digest) || digest_equal(&word->digest, &row->digest)) {
            compare->sums.held++;
        } else {
            differing_add(compare, row);
        }
        return LT_OK;
    case LT_HELD_NO:
        return missing_add(compare, row);
    default:
        compare->sums.unknown++;
        memcpy(compare->reason, word->reason, sizeof(compare->reason));
        return LT_OK;
    }
}

static struct lt_question question_of(const struct restore_compare *compare,
                                      const struct lt_list_row *row)
{
    struct lt_question question = {
        .sent = compare->what == LT_LIST_SENT,
        .id = row->id,
        .leg = row->leg,
        .position = row->position,
        .digest = row->digest,
        .sender_key_size = row->sender_key_size,
    };
    memcpy(question.case_code, row->case_code, sizeof(question.case_code));
    memcpy(question.sender_key, row->sender_key, sizeof(question.sender_key));
    if (!question.sent) {
        memcpy(question.from, row->agency, sizeof(question.from));
    }
    return question;
}

static enum lt_status batch_ask(struct restore_compare *compare, struct batch *batch)
{
    struct lt_question questions[ASKS];
    struct lt_held_answer *words = calloc(ASKS, sizeof(*words));
    enum lt_status status = words != NULL ? LT_OK : LT_NO_MEMORY;
    for (uint32_t i = 0; i < batch->count; i++) {
        questions[i] = question_of(compare, &batch->rows[i]);
    }
    if (status == LT_OK) {
        lt_client_ask_local(compare->client, questions, batch->count, words);
    }
    for (uint32_t i = 0; i < batch->count && status == LT_OK; i++) {
        if (words[i].held == LT_HELD_UNKNOWN) {
            lt_client_ask_local(compare->client, &questions[i], 1, &words[i]);
        }
        status = word_take(compare, &batch->rows[i], &words[i]);
    }
    free(words);
    batch->count = 0;
    compare->step(compare->self, &compare->sums);
    return status;
}

/* True: the local system must be asked about it. */
static bool matters(struct restore_compare *compare, const struct lt_list_row *row)
{
    static const char *const open[] = {"ready", "sent", "behind", "backoff", "held", "parked"};
    if (compare->what == LT_LIST_SENT) {
        compare->sums.listed += row->leg == 0 ? 1 : 0;
        return row->leg == 0; /* one leg stands for the transfer */
    }
    compare->sums.listed++;
    if (strcmp(row->state, "taken") == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        if (strcmp(row->state, open[i]) == 0) {
            compare->sums.open++;
            return false;
        }
    }
    compare->sums.other++;
    return false;
}

static enum lt_status page_get(struct restore_compare *compare, uint64_t after,
                               struct lt_list_row *rows, uint32_t *ret_count, uint64_t *ret_next)
{
    enum lt_status status = LT_TIMEOUT;
    for (int i = 0; i < LIST_TRIES && status == LT_TIMEOUT; i++) {
        status = lt_client_list(compare->client, compare->what, compare->since_ms, after,
                                LIST_WAIT_MS, rows, LT_LIST_ROWS_MAX, ret_count, ret_next);
    }
    return status;
}

static enum lt_status walk(struct restore_compare *compare, struct lt_list_row *rows,
                           struct batch *batch)
{
    uint64_t after = 0;
    enum lt_status status = LT_OK;
    do {
        uint32_t count = 0;
        uint64_t next = 0;
        status = page_get(compare, after, rows, &count, &next);
        for (uint32_t i = 0; i < count && status == LT_OK; i++) {
            compare->last_position = rows[i].position;
            if (!matters(compare, &rows[i])) {
                continue;
            }
            batch->rows[batch->count++] = rows[i];
            if (batch->count == ASKS) {
                status = batch_ask(compare, batch);
            }
        }
        after = next;
        compare->step(compare->self, &compare->sums);
    } while (status == LT_OK && after != 0);
    return status == LT_OK && batch->count > 0 ? batch_ask(compare, batch) : status;
}

/* Positions that the axis gave out after its last one of today: it was rolled back. */
static void ahead_count(struct restore_compare *compare)
{
    struct lt_remembered known[REMEMBERED];
    uint64_t after = 0;
    uint32_t count = 0;
    do {
        count = lt_client_remembered(compare->client, compare->since_ms, after, known, REMEMBERED);
        for (uint32_t i = 0; i < count; i++) {
            compare->sums.ahead += known[i].position > compare->last_position ? 1 : 0;
            after = known[i].number;
        }
    } while (count == REMEMBERED);
}

enum lt_status restore_compare_run(struct restore_compare *compare)
{
    struct lt_list_row *rows = calloc(LT_LIST_ROWS_MAX, sizeof(*rows));
    struct batch *batch = calloc(1, sizeof(*batch));
    enum lt_status status = rows != NULL && batch != NULL ? LT_OK : LT_NO_MEMORY;
    if (status == LT_OK) {
        status = walk(compare, rows, batch);
    }
    if (status == LT_OK && compare->what == LT_LIST_DELIVERED) {
        ahead_count(compare);
    }
    free(rows);
    free(batch);
    return status;
}

void restore_compare_free(struct restore_compare *compare)
{
    free(compare->missing);
    compare->missing = NULL;
}
