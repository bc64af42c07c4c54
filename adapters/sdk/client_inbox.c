/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The inbox as the local software sees it: take on a lease, answer, done. Any thread, any number of
 * application nodes; the rules of order and leases are those of box_inbox.h, and what is given here
 * was durable before.
 *
 * Waiting looks at least once a second, because a lease that runs out makes no noise. A delivery is
 * three allocations that lt_inbox_release gives back; one whose body travelled as an attachment
 * holds the whole body in memory.
 */
#include <stdlib.h>
#include <string.h>

#include "box_inbox.h"
#include "client_parts.h"
#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define LEASE_LOOK_MS 1000
#define TAKE_MAX      256u

struct taking {
    struct inbox_asker asker;
    uint64_t numbers[TAKE_MAX];
    uint32_t wanted;
    uint32_t count;
};

static struct inbox_asker asker_of(const struct lt_client *client, const char *node,
                                   int64_t lease_ms)
{
    return (struct inbox_asker){
        .node = node != NULL ? node : "",
        .lease_ms = lease_ms,
        .mono_ms = client_mono_ms(client),
        .wall_ms = client_wall_ms(client),
    };
}

/* ---- taking ---- */

static enum lt_status take_run(struct box_txn *txn, void *self)
{
    struct taking *taking = self;
    uint32_t leased = 0;
    enum lt_status status =
        inbox_pick(txn, &taking->asker, taking->numbers, taking->wanted, &taking->count);
    if (status != LT_OK) {
        return status;
    }
    for (uint32_t i = 0; i < taking->count; i++) {
        if (inbox_lease(txn, &taking->asker, taking->numbers[i]) == LT_OK) {
            taking->numbers[leased++] = taking->numbers[i];
        }
    }
    taking->count = leased;
    return LT_OK;
}

/* Without a write: is there anything to lease? */
static bool anything(struct lt_client *client, const struct inbox_asker *asker)
{
    struct box_txn txn;
    uint64_t number = 0;
    uint32_t count = 0;
    if (box_read(client->box, &txn) != LT_OK) {
        return false;
    }
    enum lt_status status = inbox_pick(&txn, asker, &number, 1, &count);
    box_read_end(&txn);
    return status == LT_OK && count > 0;
}

static bool bytes_copy(struct lt_bytes from, struct lt_bytes *ret_copy)
{
    uint8_t *copy = malloc(from.size + 1);
    if (copy == NULL) {
        return false;
    }
    if (from.size > 0) {
        memcpy(copy, from.data, from.size);
    }
    copy[from.size] = 0;
    *ret_copy = (struct lt_bytes){copy, from.size};
    return true;
}

/* The body that came as the first attachment. */
static bool body_load(struct lt_client *client, const struct lt_bytes *header_bytes,
                      struct lt_bytes *ret_body)
{
    struct arena arena;
    struct header header = {.attachments_count = 0};
    char path[BLOB_PATH_MAX];
    uint8_t *data = NULL;
    size_t size = 0;
    uint64_t file_bytes = 0;
    if (arena_init(&arena, 65536, 1 << 20) != LT_OK) {
        return false;
    }
    enum lt_status status = header_read(*header_bytes, &arena, &header, NULL);
    if (status == LT_OK && header.attachments_count > 0) {
        status = blob_folder_path(client->blobs, &header.attachments[0].sha256, path, sizeof(path),
                                  &file_bytes);
    }
    arena_deinit(&arena);
    if (status == LT_OK && header.attachments_count > 0) {
        status = file_read(path, (size_t)LT_ATTACHMENT_BYTES_MAX, &data, &size, NULL);
    }
    if (status != LT_OK || data == NULL) {
        log_error("body-unreadable", "agency=%s code=%s", client->agency, lt_code(status));
        return false;
    }
    *ret_body = (struct lt_bytes){data, size};
    return true;
}

static enum lt_status delivery_copy(struct box_txn *txn, uint64_t number,
                                    struct inbox_record *ret_record,
                                    struct lt_delivery *ret_delivery)
{
    struct lt_bytes header;
    struct lt_bytes body;
    struct lt_delivery delivery = {.complete = true};
    enum lt_status status = inbox_get(txn, number, ret_record);
    if (status == LT_OK) {
        status = inbox_parcel(txn, number, &header, &body);
    }
    if (status != LT_OK) {
        return status;
    }
    if (!bytes_copy(header, &delivery.header)) {
        return LT_NO_MEMORY;
    }
    if (!ret_record->body_attached && !bytes_copy(body, &delivery.body)) {
        lt_inbox_release(&delivery, 1);
        return LT_NO_MEMORY;
    }
    struct lt_bytes seal;
    delivery.seal_state = inbox_seal(txn, number, &seal);
    if (!bytes_copy(seal, &delivery.seal)) {
        lt_inbox_release(&delivery, 1);
        return LT_NO_MEMORY;
    }
    delivery.id = ret_record->id;
    delivery.leg = ret_record->leg;
    delivery.attempt = ret_record->attempt;
    delivery.again = ret_record->again;
    delivery.restored = ret_record->restored;
    delivery.sent = ret_record->sent;
    delivery.accepted_ms = ret_record->accepted_ms;
    memcpy(delivery.from, ret_record->from, sizeof(delivery.from));
    *ret_delivery = delivery;
    return LT_OK;
}

static uint32_t fill(struct lt_client *client, const struct taking *taking, struct lt_delivery *out)
{
    uint32_t filled = 0;
    for (uint32_t i = 0; i < taking->count; i++) {
        struct box_txn txn;
        struct inbox_record record;
        struct lt_delivery delivery;
        if (box_read(client->box, &txn) != LT_OK) {
            break;
        }
        enum lt_status status = delivery_copy(&txn, taking->numbers[i], &record, &delivery);
        box_read_end(&txn);
        if (status != LT_OK) {
            log_error("inbox-unreadable", "agency=%s number=%llu code=%s", client->agency,
                      (unsigned long long)taking->numbers[i], lt_code(status));
            continue; /* its lease runs out and it is tried again */
        }
        if (record.body_attached && !body_load(client, &delivery.header, &delivery.body)) {
            lt_inbox_release(&delivery, 1);
            continue;
        }
        delivery.lease_until_ms = taking->asker.wall_ms + taking->asker.lease_ms;
        out[filled++] = delivery;
    }
    return filled;
}

uint32_t lt_client_inbox(struct lt_client *client, const char *node, int64_t lease_ms, int wait_ms,
                         struct lt_delivery *out, uint32_t count)
{
    struct client_wait wait;
    struct taking taking = {.wanted = count < TAKE_MAX ? count : TAKE_MAX};
    uint32_t filled = 0;
    if (count == 0 || (node != NULL && strlen(node) > NODE_NAME_MAX)) {
        return 0;
    }
    client_wait_start(client, wait_ms, &wait);
    wait.step_ms = LEASE_LOOK_MS;
    do {
        taking.asker = asker_of(client, node, lease_ms);
        if (!anything(client, &taking.asker)) {
            continue;
        }
        enum lt_status status = box_commit(client->box, take_run, &taking);
        if (status != LT_OK) {
            client_fail(client, status, "inbox");
            return 0;
        }
        filled = fill(client, &taking, out);
    } while (filled == 0 && client_wait_more(&wait));
    return filled;
}

void lt_inbox_release(struct lt_delivery *deliveries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)deliveries[i].header.data);
        free((void *)(uintptr_t)deliveries[i].body.data);
        free((void *)(uintptr_t)deliveries[i].seal.data);
        deliveries[i].header = (struct lt_bytes){NULL, 0};
        deliveries[i].body = (struct lt_bytes){NULL, 0};
        deliveries[i].seal = (struct lt_bytes){NULL, 0};
    }
}

/* ---- answering ---- */

struct answering {
    struct inbox_asker asker;
    const struct lt_id *id;
    uint32_t leg;
    const struct lt_answer *answer;
};

static enum lt_status renew_run(struct box_txn *txn, void *self)
{
    const struct answering *answering = self;
    return inbox_renew(txn, &answering->asker, answering->id, answering->leg);
}

static enum lt_status settle_run(struct box_txn *txn, void *self)
{
    const struct answering *answering = self;
    return inbox_settle(txn, &answering->asker, answering->id, answering->leg, answering->answer);
}

/* The class stop of a job ends the client; everything else is the caller's to hear. */
static enum lt_status commit(struct lt_client *client,
                             enum lt_status (*run)(struct box_txn *txn, void *self),
                             struct answering *answering)
{
    enum lt_status status = box_commit(client->box, run, answering);
    if (lt_class(status) == LT_CLASS_STOP) {
        client_fail(client, status, "answer");
    }
    return status == LT_FULL ? LT_DISK_RESERVE : status;
}

enum lt_status lt_client_renew(struct lt_client *client, const struct lt_id *id, uint32_t leg,
                               const char *node, int64_t lease_ms)
{
    struct answering answering = {.asker = asker_of(client, node, lease_ms), .id = id, .leg = leg};
    if (strlen(answering.asker.node) > NODE_NAME_MAX) {
        return LT_LEASE_LOST;
    }
    return commit(client, renew_run, &answering);
}

static enum lt_status answer_check(const struct lt_answer *answer)
{
    bool receivers_code = answer->code >= 150 && answer->code <= 199;
    switch (answer->outcome) {
    case LT_OUTCOME_TAKEN:
        return answer->code == LT_OK ? LT_OK : LT_FIELD_BAD;
    case LT_OUTCOME_REFUSED:
    case LT_OUTCOME_FAILED:
    case LT_OUTCOME_LATER:
        return receivers_code ? LT_OK : LT_FIELD_BAD;
    default:
        return LT_FIELD_BAD;
    }
}

enum lt_status lt_client_settle(struct lt_client *client, const struct lt_id *id, uint32_t leg,
                                const char *node, const struct lt_answer *answer)
{
    struct answering answering = {
        .asker = asker_of(client, node, 0), .id = id, .leg = leg, .answer = answer};
    enum lt_status status = answer_check(answer);
    if (status != LT_OK) {
        return status;
    }
    if (answer->reason != NULL && !utf8_valid(text_bytes(answer->reason))) {
        return LT_TEXT_BAD;
    }
    if (strlen(answering.asker.node) > NODE_NAME_MAX) {
        return LT_LEASE_LOST;
    }
    status = commit(client, settle_run, &answering);
    if (status == LT_OK) {
        client_wake(client);
        client_changed(client); /* the case's next one may be given out */
    }
    return status;
}
