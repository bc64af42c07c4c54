/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The receiving side on the network thread: deliveries into the inbox, answers out of it, outcomes
 * into the feed. What came in one frame becomes durable in one transaction, and only then is it
 * shown, acknowledged or confirmed.
 *
 * A delivery that cannot be kept is answered at once and not remembered: bytes that do not match
 * their digest, or are not what their sender sealed, are a technical failure, a full disk is
 * "later". One whose header cannot be read has no id to answer under; the axis takes it back when
 * its time is over.
 *
 * Windows: deliver_parcels at most, and nothing while the disk is short.
 */
#include <string.h>

#include "box_axis.h"
#include "box_inbox.h"
#include "box_outbox.h"
#include "client_parts.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/header_check.h"
#include "proto/message.h"
#include "proto/seal.h"

#define NOTICES_OPEN       512
#define GRANT_PARCEL_BYTES (LT_HEADER_BYTES_MAX + LT_BODY_INLINE_MAX)
#define GRANT_BYTES_MAX    (64ULL << 20)
#define TELL_AGAIN_MS      60000
#define DISK_LOOK_MS       5000
#define DISK_LOW_BYTES     (128ULL << 20)
#define DISK_FULL_RETRY_MS 60000

/* ---- answers on the spot ---- */

static void say(struct lt_client *client, const struct delivery *delivery, const struct lt_id *id,
                const struct settlement *answer)
{
    struct settlement item = *answer;
    struct frame frame = {.kind = FRAME_SETTLE};
    item.id = *id;
    item.leg = delivery->leg;
    item.attempt = delivery->attempt;
    item.position = delivery->position;
    item.from_digest = delivery->digest;
    item.time_ms = client_wall_ms(client);
    frame.settle = (struct settle){.items = &item, .count = 1};
    /* If it does not go out, the axis takes the leg back by itself. */
    enum lt_status status = session_send(&client->session, &client->arena, &frame);
    (void)status;
}

static void say_damaged(struct lt_client *client, const struct delivery *delivery,
                        const struct lt_id *id, const struct fault *fault)
{
    struct settlement answer = {.outcome = LT_OUTCOME_FAILED,
                                .code = LT_RECEIVER_REJECTED,
                                .reason = text_bytes(fault->detail)};
    log_warn("delivery-damaged", "agency=%s position=%llu field=%s", client->agency,
             (unsigned long long)delivery->position, fault->field);
    say(client, delivery, id, &answer);
}

/* Not what its sender sealed: never shown here, and no try will mend it; people look at it. */
static void say_unsealed(struct lt_client *client, const struct delivery *delivery,
                         const struct lt_id *id, enum lt_status code)
{
    struct settlement answer = {.outcome = LT_OUTCOME_FAILED,
                                .code = (uint32_t)code,
                                .permanent = true,
                                .reason = text_bytes(lt_error(code)->en)};
    log_error("seal-wrong", "agency=%s position=%llu code=%s", client->agency,
              (unsigned long long)delivery->position, lt_code(code));
    client_note(client, code, "a delivery is not what its sender sealed");
    say(client, delivery, id, &answer);
}

static void say_later(struct lt_client *client, const struct inbox_new *arrival)
{
    struct settlement answer = {.outcome = LT_OUTCOME_LATER,
                                .code = LT_RECEIVER_REJECTED,
                                .reason = text_bytes("the adapter's disk is full"),
                                .retry_after_ms = DISK_FULL_RETRY_MS};
    say(client, arrival->delivery, &arrival->header->id, &answer);
}

/* ---- deliveries ---- */

struct arrivals {
    struct inbox_new *items;
    uint32_t count;
    bool incomplete;
};

static bool all_here(struct lt_client *client, const struct header *header)
{
    for (uint32_t i = 0; i < header->attachments_count; i++) {
        uint64_t size = 0;
        bool complete = false;
        enum lt_status status =
            blob_folder_have(client->blobs, &header->attachments[i].sha256, &size, &complete);
        if (status != LT_OK || !complete) {
            return false;
        }
    }
    return true;
}

/* The sender's own seal, as far as its key is known here. */
static enum lt_status seal_look(struct lt_client *client, const struct delivery *delivery,
                                const struct header *header, enum lt_seal_state *ret_state)
{
    struct seal_proof proof;
    *ret_state = LT_SEAL_NONE;
    if (delivery->seal.size == 0) {
        return LT_OK;
    }
    if (!seal_proof_read(delivery->seal, &proof)) {
        return LT_SEAL_BAD;
    }
    const struct public_key *key = sender_keys_find(client->sender_keys, header->from,
                                                    &proof.seal.key_id, client_mono_ms(client));
    *ret_state = LT_SEAL_KEPT;
    if (key == NULL) {
        return LT_OK;
    }
    const struct parcel parcel = {delivery->header, delivery->body, delivery->digest};
    struct lt_digest leaf = seal_leaf(client->digester, &parcel);
    *ret_state = LT_SEAL_CHECKED;
    enum lt_status status =
        seal_proof_check(&proof, &leaf, key, log_checker(client), client->digester);
    return status == LT_OK ? LT_OK : LT_SEAL_BAD;
}

static void arrival_take(struct lt_client *client, const struct delivery *delivery,
                         struct arrivals *arrivals)
{
    struct fault fault;
    struct parcel parcel = {delivery->header, delivery->body, delivery->digest};
    struct header *header = arena_alloc(&client->arena, sizeof(*header));
    fault_init(&fault);
    enum lt_status status = header == NULL ? LT_NO_MEMORY : LT_OK;
    if (status == LT_OK) {
        status = header_read(delivery->header, &client->arena, header, &fault);
    }
    if (status != LT_OK || delivery->leg >= LT_LEGS_MAX || id_empty(&header->id) ||
        header->case_code.size == 0 || header->case_code.size > LT_CASE_CODE_MAX) {
        log_warn("delivery-unreadable", "agency=%s position=%llu code=%s", client->agency,
                 (unsigned long long)delivery->position, lt_code(status));
        client_note(client, LT_HEADER_BAD, "a delivery could not be read");
        return;
    }
    status = parcel_check(client->digester, &parcel, header, &fault);
    if (status != LT_OK) {
        say_damaged(client, delivery, &header->id, &fault);
        return;
    }
    enum lt_seal_state seal_state;
    status = seal_look(client, delivery, header, &seal_state);
    if (status != LT_OK) {
        say_unsealed(client, delivery, &header->id, status);
        return;
    }
    bool complete = all_here(client, header);
    arrivals->incomplete = arrivals->incomplete || !complete;
    arrivals->items[arrivals->count++] = (struct inbox_new){
        .delivery = delivery, .header = header, .complete = complete, .seal_state = seal_state};
}

static enum lt_status deliver_run(struct box_txn *txn, void *self)
{
    const struct arrivals *arrivals = self;
    for (uint32_t i = 0; i < arrivals->count; i++) {
        enum lt_status status = inbox_deliver(txn, &arrivals->items[i]);
        axis_told(txn, arrivals->items[i].delivery->position);
        if (status != LT_OK) {
            log_error("delivery-unkept", "position=%llu code=%s",
                      (unsigned long long)arrivals->items[i].delivery->position, lt_code(status));
        }
    }
    return LT_OK;
}

void receive_deliver(struct lt_client *client, const struct deliver *deliver)
{
    struct arrivals arrivals = {.count = 0};
    arrivals.items = arena_alloc(&client->arena, (deliver->count + 1) * sizeof(arrivals.items[0]));
    if (arrivals.items == NULL) {
        client_note(client, LT_NO_MEMORY, "a delivery does not fit into memory");
        return;
    }
    for (uint32_t i = 0; i < deliver->count; i++) {
        if (deliver->items[i].restored) {
            call_restored(client, &deliver->items[i]);
        } else {
            arrival_take(client, &deliver->items[i], &arrivals);
        }
    }
    if (arrivals.count == 0) {
        return;
    }
    enum lt_status status = box_commit(client->box, deliver_run, &arrivals);
    if (status != LT_OK) {
        client_fail(client, status, "deliver");
        for (uint32_t i = 0; i < arrivals.count && client_failed(client) == LT_OK; i++) {
            say_later(client, &arrivals.items[i]);
        }
        return;
    }
    if (arrivals.incomplete) {
        mover_look(client);
    }
    client_changed(client);
}

/* ---- confirmations ---- */

struct confirmations {
    const struct settled *settled;
    struct arena *arena;
    struct receipt_due due;
};

static enum lt_status settled_run(struct box_txn *txn, void *self)
{
    struct confirmations *confirmations = self;
    for (uint32_t i = 0; i < confirmations->settled->count; i++) {
        const struct settled_item *item = &confirmations->settled->items[i];
        if (lt_class((enum lt_status)item->code) == LT_CLASS_RETRY ||
            lt_class((enum lt_status)item->code) == LT_CLASS_BUSY) {
            continue; /* told again later */
        }
        enum lt_status status = inbox_confirm(txn, item, confirmations->arena);
        if (status != LT_OK && status != LT_NOT_HERE) {
            log_error("confirmation-unkept", "code=%s", lt_code(status));
        } else {
            receipt_owed(txn, &confirmations->due, item->position);
        }
    }
    return LT_OK;
}

void receive_settled(struct lt_client *client, const struct settled *settled)
{
    struct confirmations confirmations = {settled, &client->arena, log_expects(client)};
    for (uint32_t i = 0; i < settled->count; i++) {
        if (settled->items[i].code != LT_OK) {
            char id[ID_TEXT_BYTES];
            id_write(id, &settled->items[i].id);
            log_warn("settlement-answered", "agency=%s id=%s leg=%u code=%s", client->agency, id,
                     settled->items[i].leg, lt_code((enum lt_status)settled->items[i].code));
        }
    }
    enum lt_status status = box_commit(client->box, settled_run, &confirmations);
    if (status != LT_OK) {
        client_fail(client, status, "settled");
        return;
    }
    client_changed(client);
}

/* ---- outcomes ---- */

static enum lt_status notice_run(struct box_txn *txn, void *self)
{
    const struct notice *notice = self;
    for (uint32_t i = 0; i < notice->count; i++) {
        const struct notice_item *item = &notice->items[i];
        if (item->seq <= txn->counts.notice_cursor) {
            continue; /* told before */
        }
        enum lt_status status = outbox_notice(txn, item);
        if (status != LT_OK) {
            log_error("notice-unkept", "seq=%llu code=%s", (unsigned long long)item->seq,
                      lt_code(status));
        }
        txn->counts.notice_cursor = item->seq;
    }
    return LT_OK;
}

void receive_notice(struct lt_client *client, const struct notice *notice)
{
    struct notice copy = *notice;
    if (notice->count == 0) {
        return;
    }
    enum lt_status status = box_commit(client->box, notice_run, &copy);
    if (status != LT_OK) {
        client_fail(client, status, "notice"); /* not acknowledged: it comes again */
        return;
    }
    struct box_counts counts;
    box_counts(client->box, &counts);
    client->session.notice_cursor = counts.notice_cursor;
    client->ack = notice->items[notice->count - 1].seq;
    client_changed(client);
}

/* ---- what is due ---- */

void receive_welcome(struct lt_client *client)
{
    if (!axis_welcome(client)) {
        return;
    }
    if (strcmp(client->session.agency, client->agency) != 0) {
        log_error("agency-other", "agency=%s key_of=%s", client->agency, client->session.agency);
        client_note(client, LT_FROM_FOREIGN, "the key belongs to another agency");
    }
    client->grant_due = true;
    client->ack = 0;
    client->told = 0;
}

static void disk_look(struct lt_client *client)
{
    uint64_t left = 0;
    int64_t now_ms = client_mono_ms(client);
    if (now_ms < client->disk_due_ms) {
        return;
    }
    client->disk_due_ms = now_ms + DISK_LOOK_MS;
    bool low = disk_free(client->folder, &left, NULL) == LT_OK && left < DISK_LOW_BYTES;
    if (low != client->disk_low) {
        client->disk_low = low;
        client->grant_due = true;
        log_warn("disk", "agency=%s low=%d free=%llu", client->agency, low ? 1 : 0,
                 (unsigned long long)left);
    }
}

static void grant_send(struct lt_client *client)
{
    struct frame frame = {.kind = FRAME_GRANT};
    uint64_t bytes = (uint64_t)client->deliver_parcels * GRANT_PARCEL_BYTES;
    frame.grant.notices = NOTICES_OPEN;
    if (!client->disk_low) {
        frame.grant.deliver.parcels = client->deliver_parcels;
        frame.grant.deliver.bytes = bytes < GRANT_BYTES_MAX ? bytes : GRANT_BYTES_MAX;
    }
    if (session_send(&client->session, &client->arena, &frame) == LT_OK) {
        client->grant_due = false;
    }
}

static void ack_send(struct lt_client *client)
{
    struct frame frame = {.kind = FRAME_NOTICE_ACK};
    frame.notice_cursor = client->ack;
    if (session_send(&client->session, &client->arena, &frame) == LT_OK) {
        client->ack = 0;
    }
}

/* Up to one frame of answers that were not told in this life; returns how many. */
static uint32_t answers_gather(struct lt_client *client, struct settlement *items,
                               uint64_t *ret_last)
{
    struct box_txn txn;
    uint32_t count = 0;
    uint64_t last = client->told;
    enum lt_status status = box_read(client->box, &txn);
    if (status != LT_OK) {
        return 0;
    }
    while (status == LT_OK && count < LT_PARCELS_PER_FRAME) {
        struct inbox_record *record = arena_alloc(&client->arena, sizeof(*record));
        status = record == NULL ? LT_NO_MEMORY : inbox_tell(&txn, last, record);
        if (status != LT_OK) {
            break;
        }
        last = record->tell;
        items[count++] = (struct settlement){
            .id = record->id,
            .leg = record->leg,
            .attempt = record->attempt,
            .outcome = record->outcome,
            .code = (uint32_t)record->code,
            .reason = text_bytes(record->reason),
            .retry_after_ms = record->retry_after_ms,
            .permanent = record->permanent,
            .time_ms = record->decided_ms,
            .from_digest = record->digest,
            .position = record->position,
            .number = record->tell,
        };
    }
    box_read_end(&txn);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        client_note(client, status, "an answer cannot be read");
    }
    *ret_last = last;
    return count;
}

/* True: there may be more. `newest` is the last answer given before this look. */
static bool answers_send(struct lt_client *client, uint64_t newest)
{
    struct settlement items[LT_PARCELS_PER_FRAME];
    struct frame frame = {.kind = FRAME_SETTLE};
    uint64_t last = newest;
    uint32_t count = answers_gather(client, items, &last);
    enum lt_status status = LT_OK;
    if (count > 0) {
        frame.settle = (struct settle){.items = items, .count = count};
        status = session_send(&client->session, &client->arena, &frame);
    }
    if (status == LT_OK) {
        client->told = count > 0 ? last : newest;
        client->told_ms = client_mono_ms(client);
    }
    arena_reset(&client->arena);
    return status == LT_OK && count == LT_PARCELS_PER_FRAME;
}

void receive_step(struct lt_client *client)
{
    struct box_counts counts;
    disk_look(client);
    if (!client->session.open || client_failed(client) != LT_OK) {
        return;
    }
    if (client->standby != client->session.standby) {
        client->standby = client->session.standby;
        client->grant_due = true;
    }
    if (client->grant_due && !client->restoring) {
        grant_send(client);
    }
    if (client->ack != 0) {
        ack_send(client);
    }
    box_counts(client->box, &counts);
    if (counts.telling > 0 && client_mono_ms(client) - client->told_ms >= TELL_AGAIN_MS) {
        client->told = 0; /* told, and nothing heard: once more */
    }
    while (counts.telling > 0 && counts.tell > client->told && answers_send(client, counts.tell)) {
    }
}
