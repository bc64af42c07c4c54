/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Receipts of the axis: proven up to their signed checkpoint and held against what is in the box
 * before they are kept (leaf_check.h). One whose leaf says other things is refused and told.
 *
 * And those that do not come. Whatever the axis acknowledged, with a verdict or a Settled, owes a
 * receipt from then on (BOX_OWED). The clock of it is session time, so that a line that was down
 * for a night is no reproach. After ASK_AFTER_MS, or half of wait_ms, the receipt is asked for by
 * its position, a few at a time and every ROUND_MS; after wait_ms it is overdue, which is an alarm
 * until all of them came. A settlement that the axis recorded before the line broke is not watched:
 * nobody tells its position any more.
 */
#include "client_log.h"
#include "leaf_check.h"

#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "proto/receipt.h"

#define LOOK_MS       1000
#define LOOK_MAX      64 /* owed ones looked at for the oldest */
#define ASK_AFTER_MS  10000
#define ASKS_MAX      8 /* in one look */
#define ROUND_MS      60000
#define NUMBER_OF_ONE (1ULL << 63) /* marks the number of a question about a position */

/* ---- those that come ---- */

struct keeping {
    struct lt_client *client;
    struct leaf_check check;
    struct lt_bytes frame;
    uint64_t position; /* of the first leaf */
    const char *other; /* a leaf says other things than what is in the box: which */
};

static enum lt_status keep_run(struct box_txn *txn, void *self)
{
    struct keeping *keeping = self;
    const struct receipts *receipts = keeping->check.receipts;
    keeping->other = leaves_check(txn, &keeping->check);
    if (keeping->other != NULL) {
        return LT_OK;
    }
    for (uint32_t i = 0; i < receipts->count; i++) {
        struct leaf leaf;
        if (leaf_read(receipts->items[i].leaf, &leaf)) {
            owed_paid(txn, leaf_position(&leaf));
        }
    }
    receipts_put(txn, keeping->position, client_wall_ms(keeping->client), keeping->frame);
    return LT_OK;
}

static void kept(struct lt_client *client, const struct leaf_check *check)
{
    for (uint32_t i = 0; i < check->strange_count; i++) {
        const struct settled_leaf *one = &check->strange[i];
        log_warn("receipt-of-another-box", "agency=%s accepted=%llu leg=%u attempt=%u outcome=%u",
                 client->agency, (unsigned long long)one->accepted, one->leg, one->attempt,
                 one->outcome);
    }
    pthread_mutex_lock(&client->mutex);
    client->state.receipts += check->receipts->count;
    pthread_mutex_unlock(&client->mutex);
}

void log_receipts(struct lt_client *client, const struct receipts *receipts)
{
    struct log_watch *log = client->log;
    struct checkpoint checkpoint;
    struct leaf first;
    struct frame frame = {.kind = FRAME_RECEIPTS, .receipts = *receipts};
    struct keeping keeping = {.client = client, .check = {client, receipts, &checkpoint, {{0}}, 0}};
    if (log->key == NULL) {
        return;
    }
    struct note_trust trust = log_trust(client);
    enum lt_status status = receipts_check(receipts, &trust, &checkpoint);
    if (status == LT_OK && !leaf_read(receipts->items[0].leaf, &first)) {
        status = LT_RECEIPT_WRONG;
    }
    if (status != LT_OK) {
        log_refuse(client, status, "receipt", receipts->checkpoint);
        return;
    }
    keeping.position = leaf_position(&first);
    status = frame_write(&frame, &client->arena, &keeping.frame);
    if (status == LT_OK) {
        status = box_commit(client->box, keep_run, &keeping);
    }
    if (status != LT_OK) {
        client_fail(client, status, "receipts");
        return;
    }
    if (keeping.other != NULL) {
        log_refuse(client, LT_RECEIPT_WRONG, keeping.other, receipts->checkpoint);
        return;
    }
    kept(client, &keeping.check);
    log_receipt_seen(client, &checkpoint, receipts->checkpoint);
}

/* ---- those that do not ---- */

struct receipt_due log_expects(const struct lt_client *client)
{
    const struct log_watch *log = client->log;
    return (struct receipt_due){
        .expected = log->told && log->key != NULL,
        .epoch = client->box->epoch,
        .since_ms = log->session_ms,
        .time_ms = client_wall_ms(client),
        .floor_ms = log->any ? log->known.time_ms : 0,
    };
}

void receipt_owed(struct box_txn *txn, const struct receipt_due *due, uint64_t position)
{
    if (due->expected && position != 0) {
        owed_put(txn,
                 &(struct owed){position, due->epoch, due->since_ms, due->time_ms, due->floor_ms});
    }
}

struct look {
    struct lt_client *client;
    uint64_t missing;
    int64_t oldest_ms; /* how long the oldest is owed */
    uint64_t asks[ASKS_MAX];
    uint32_t count;
};

static int64_t age_of(const struct lt_client *client, const struct owed *owed)
{
    int64_t since_ms = owed->epoch == client->box->epoch ? owed->since_ms : 0;
    return client->log->session_ms - since_ms;
}

static void look_at_owed(struct box_txn *txn, struct look *look)
{
    const struct log_watch *log = look->client->log;
    struct owed owed = {.position = 0};
    look->missing = owed_count(txn);
    for (uint32_t i = 0; i < LOOK_MAX && owed_next(txn, owed.position, &owed) == LT_OK; i++) {
        int64_t age_ms = age_of(look->client, &owed);
        look->oldest_ms = age_ms > look->oldest_ms ? age_ms : look->oldest_ms;
    }
    int64_t ask_ms = log->wait_ms / 2 < ASK_AFTER_MS ? log->wait_ms / 2 : ASK_AFTER_MS;
    owed.position = log->ask_after;
    while (look->count < ASKS_MAX && owed_next(txn, owed.position, &owed) == LT_OK &&
           age_of(look->client, &owed) >= ask_ms) {
        look->asks[look->count++] = owed.position;
    }
}

static void ask_for(struct lt_client *client, const struct look *look)
{
    struct log_watch *log = client->log;
    for (uint32_t i = 0; i < look->count; i++) {
        struct frame frame = {
            .kind = FRAME_LOG_ASK,
            .log_ask = {.number = NUMBER_OF_ONE | look->asks[i], .position = look->asks[i]}};
        enum lt_status status = session_send(&client->session, &client->arena, &frame);
        arena_reset(&client->arena);
        if (status != LT_OK) {
            return;
        }
        log->ask_after = look->asks[i];
    }
}

static enum lt_status overdue_run(struct box_txn *txn, void *self)
{
    overdue_put(txn, *(int64_t *)self);
    return LT_OK;
}

static void alarm_set(struct lt_client *client, const struct look *look, bool overdue)
{
    struct log_watch *log = client->log;
    int64_t since_ms = overdue ? client_wall_ms(client) : 0;
    enum lt_status status = box_commit(client->box, overdue_run, &since_ms);
    if (status != LT_OK) {
        client_fail(client, status, "receipts");
        return;
    }
    log->overdue = overdue;
    if (overdue) {
        log_error("receipts-overdue", "agency=%s missing=%llu oldest_s=%lld", client->agency,
                  (unsigned long long)look->missing, (long long)(look->oldest_ms / 1000));
        client_note(client, LT_RECEIPT_OVERDUE, lt_error(LT_RECEIPT_OVERDUE)->en);
    } else {
        log_info("receipts-came", "agency=%s missing=%llu", client->agency,
                 (unsigned long long)look->missing);
    }
    log_publish(client);
}

void receipts_welcome(struct lt_client *client)
{
    client->log->ask_after = 0; /* what was asked before may be lost */
    client->log->look_due_ms = client_mono_ms(client) + LOOK_MS;
}

void receipts_step(struct lt_client *client)
{
    struct log_watch *log = client->log;
    struct look look = {.client = client};
    struct box_txn txn;
    int64_t now_ms = client_mono_ms(client);
    if (now_ms < log->look_due_ms || box_read(client->box, &txn) != LT_OK) {
        return;
    }
    log->look_due_ms = now_ms + LOOK_MS;
    look_at_owed(&txn, &look);
    box_read_end(&txn);
    pthread_mutex_lock(&client->mutex);
    client->state.receipts_missing = look.missing;
    pthread_mutex_unlock(&client->mutex);
    if (look.count > 0) {
        ask_for(client, &look);
        log->round_due_ms = now_ms + ROUND_MS;
    } else if (log->ask_after != 0 && now_ms >= log->round_due_ms) {
        log->ask_after = 0; /* from the first again */
    }
    bool overdue = look.missing > 0 && look.oldest_ms >= log->wait_ms;
    if (overdue != log->overdue) {
        alarm_set(client, &look, overdue);
    }
}

bool receipts_denied(struct lt_client *client, const struct log_proof *proof)
{
    if ((proof->number & NUMBER_OF_ONE) == 0) {
        return false;
    }
    log_warn("receipt-denied", "agency=%s position=%llu code=%s", client->agency,
             (unsigned long long)(proof->number & ~NUMBER_OF_ONE),
             lt_code((enum lt_status)proof->code));
    return true;
}
