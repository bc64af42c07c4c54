/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What goes in the end, a little at a time, so that a sweep never holds up a submit: events older
 * than event_days, transfers whose last leg was final so long ago, deliveries whose answer was
 * confirmed so long ago, and attachments that nobody names any more.
 *
 * A sender key lives as long as the transfer it stands for: after event_days the same key with the
 * same content is a new submission here, and the axis, which remembers longer, says "known as". Our
 * bytes of an accepted transfer also stay until the axis has told that its journal is backed up
 * beyond it, as soon as it tells such a position at all.
 */
#include "box_blobs.h"
#include "box_events.h"
#include "box_inbox.h"
#include "box_outbox.h"
#include "box_receipts.h"
#include "client_parts.h"
#include "proto/base/log.h"

#define SWEEP_MS       600000
#define SWEEP_BUSY_MS  1000 /* within one pass */
#define BATCH          200u
#define DAY_MS         (24LL * 60 * 60 * 1000)
#define BLOB_ORPHAN_MS (7 * DAY_MS)
#define RECEIPT_MS     (400 * DAY_MS)
#define BLOB_FOLDERS   257u

struct sweeping {
    struct lt_client *client;
    struct arena *arena;
    int64_t before_ms;
    struct sweep_place place; /* where the next batch starts */
    uint32_t gone;
};

static bool sent_over(const struct sweeping *sweeping, const struct sent_record *record)
{
    uint64_t backed_up_to = sweeping->client->session.backed_up_to;
    bool final = record->sent.state == LT_SENT_DONE || record->sent.state == LT_SENT_REFUSED;
    bool backed_up = backed_up_to == 0 || record->position <= backed_up_to;
    return final && backed_up && record->done_ms < sweeping->before_ms;
}

static enum lt_status outbox_run(struct box_txn *txn, void *self)
{
    struct sweeping *sweeping = self;
    static const struct lt_sent_filter every = {.case_code = NULL};
    uint64_t after = sweeping->client->sweep.outbox;
    sweeping->gone = 0;
    for (uint32_t i = 0; i < BATCH && after != UINT64_MAX; i++) {
        struct lt_sent sent;
        struct sent_record record;
        uint32_t count = 0;
        uint64_t last = 0;
        arena_reset(sweeping->arena);
        if (outbox_list(txn, &every, after, 1, &sent, 1, &count, &last) != LT_OK) {
            break;
        }
        if (count > 0 && outbox_get(txn, sent.sequence, &record) == LT_OK &&
            sent_over(sweeping, &record) &&
            outbox_forget(txn, sent.sequence, sweeping->arena) == LT_OK) {
            sweeping->gone++;
        }
        after = last;
    }
    sweeping->place.outbox = after == UINT64_MAX ? 0 : after;
    return LT_OK;
}

static enum lt_status inbox_run(struct box_txn *txn, void *self)
{
    struct sweeping *sweeping = self;
    uint64_t number = sweeping->client->sweep.inbox;
    enum lt_status status = LT_OK;
    sweeping->gone = 0;
    for (uint32_t i = 0; i < BATCH && status != LT_NOT_FOUND; i++) {
        struct inbox_record record;
        arena_reset(sweeping->arena);
        status = inbox_after(txn, number, &number, &record);
        if (status == LT_OK && record.settled && record.tell == 0 &&
            record.settled_ms < sweeping->before_ms &&
            inbox_forget(txn, number, sweeping->arena) == LT_OK) {
            sweeping->gone++;
        }
    }
    sweeping->place.inbox = status == LT_NOT_FOUND ? 0 : number;
    return LT_OK;
}

static enum lt_status events_run(struct box_txn *txn, void *self)
{
    struct sweeping *sweeping = self;
    return events_forget(txn, sweeping->before_ms, BATCH, &sweeping->gone);
}

static enum lt_status receipts_run(struct box_txn *txn, void *self)
{
    struct sweeping *sweeping = self;
    int64_t before_ms = client_wall_ms(sweeping->client) - RECEIPT_MS;
    uint32_t given_up = owed_forget(txn, sweeping->before_ms, BATCH);
    enum lt_status status = receipts_forget(txn, before_ms, BATCH, &sweeping->gone);
    sweeping->gone += given_up;
    return status;
}

/* Within a job no submit can begin to refer to what is removed. */
static enum lt_status blobs_run(struct box_txn *txn, void *self)
{
    struct sweeping *sweeping = self;
    struct lt_client *client = sweeping->client;
    struct lt_digest old[BATCH];
    int64_t before_s = (client_wall_ms(client) - BLOB_ORPHAN_MS) / 1000;
    uint32_t count = blob_folder_old(client->blobs, client->sweep.blobs, before_s, old, BATCH);
    sweeping->gone = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!box_blob_needed(txn, &old[i])) {
            blob_folder_remove(client->blobs, &old[i]);
            box_blob_missing(txn, &old[i]);
            sweeping->gone++;
        }
    }
    sweeping->place.blobs = (client->sweep.blobs + 1) % BLOB_FOLDERS;
    return LT_OK;
}

static uint32_t sweep_one(struct sweeping *sweeping,
                          enum lt_status (*run)(struct box_txn *txn, void *self))
{
    enum lt_status status = box_commit(sweeping->client->box, run, sweeping);
    if (status != LT_OK) {
        client_fail(sweeping->client, status, "sweep");
        return 0;
    }
    sweeping->client->sweep = sweeping->place;
    return sweeping->gone;
}

void sweep_step(struct lt_client *client)
{
    struct arena arena;
    int64_t now_ms = client_mono_ms(client);
    if (now_ms < client->sweep_due_ms || client_failed(client) != LT_OK) {
        return;
    }
    client->sweep_due_ms = now_ms + SWEEP_MS;
    if (arena_init(&arena, 65536, 1 << 20) != LT_OK) {
        return;
    }
    struct sweeping sweeping = {
        .client = client,
        .arena = &arena,
        .before_ms = client_wall_ms(client) - (int64_t)client->event_days * DAY_MS,
        .place = client->sweep,
    };
    (void)store_sweep_readers(client->box->store);
    uint32_t gone = sweep_one(&sweeping, events_run);
    gone += sweep_one(&sweeping, receipts_run);
    gone += sweep_one(&sweeping, outbox_run);
    gone += sweep_one(&sweeping, inbox_run);
    gone += sweep_one(&sweeping, blobs_run);
    arena_deinit(&arena);
    bool more = client->sweep.outbox != 0 || client->sweep.inbox != 0 || client->sweep.blobs != 0;
    client->sweep_due_ms = now_ms + (more ? SWEEP_BUSY_MS : SWEEP_MS);
    if (gone > 0) {
        log_debug("sweep", "agency=%s gone=%u", client->agency, gone);
    }
}
