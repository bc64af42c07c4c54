/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Questions to the axis: the list of an agency's own (ListAsk) and its bytes (BytesAsk). A call is
 * made by any thread, sent and answered by the network thread, and finished by the caller: what was
 * given back is checked against the digest of the list and becomes durable in one transaction, in
 * the order of the rows, whatever order it came in.
 *
 * One call at a time. A session that ends while a call is open has it sent again in the next one;
 * what was given already is kept. An axis that is busy is asked again after ASK_AGAIN_MS. What has
 * not come when the time is over is LT_TIMEOUT and may be asked for again.
 */
#include <stdlib.h>
#include <string.h>

#include "box_back.h"
#include "client_parts.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/header_check.h"
#include "proto/message.h"
#include "proto/seal.h"
#include <lienthong/restore.h>

#define ASK_AGAIN_MS 500
#define HEADER_ARENA (8 << 20)

enum call_kind { CALL_NONE, CALL_LIST, CALL_BYTES };

/* One row that is to be given back. */
struct wanted {
    bool done;
    enum lt_status status; /* once done; LT_OK: the bytes are here */
    struct delivery delivery;
    uint8_t *memory; /* header, body and seal */
};

/* The call under way: under the client's mutex, but for `turn`. */
struct axis_call {
    pthread_mutex_t turn; /* held by the caller for the length of the call */
    enum call_kind kind;
    uint64_t number;
    bool sent;
    bool done;
    uint32_t lives;
    int64_t again_ms; /* monotonic: not sent before */
    struct list_ask ask;
    struct lt_list_row *rows; /* the caller's */
    uint32_t room;
    uint32_t count;
    uint64_t next;
    enum lt_status code;
    const struct lt_list_row *asked;
    bool own;
    struct wanted wanted[LT_BYTES_PER_FRAME];
    bool look; /* deliveries may miss files */
};

enum lt_status call_open(struct lt_client *client)
{
    client->call = calloc(1, sizeof(*client->call));
    if (client->call == NULL) {
        return LT_NO_MEMORY;
    }
    pthread_mutex_init(&client->call->turn, NULL);
    return LT_OK;
}

void call_close(struct lt_client *client)
{
    if (client->call != NULL) {
        pthread_mutex_destroy(&client->call->turn);
        free(client->call);
        client->call = NULL;
    }
}

/* ---- the network thread ---- */

static uint32_t bytes_left(const struct axis_call *call)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < call->count; i++) {
        left += call->wanted[i].done ? 0 : 1;
    }
    return left;
}

static enum lt_status bytes_send(struct lt_client *client)
{
    const struct axis_call *call = client->call;
    struct bytes_item items[LT_BYTES_PER_FRAME];
    uint32_t count = 0;
    for (uint32_t i = 0; i < call->count; i++) {
        const struct lt_list_row *row = &call->asked[i];
        if (!call->wanted[i].done) {
            items[count++] =
                (struct bytes_item){row->position, call->own ? 0 : row->leg, row->id, call->own};
        }
    }
    struct frame frame = {.kind = FRAME_BYTES_ASK, .bytes_ask = {items, count}};
    return session_send(&client->session, &client->arena, &frame);
}

static enum lt_status list_send(struct lt_client *client)
{
    struct frame frame = {.kind = FRAME_LIST_ASK, .list_ask = client->call->ask};
    return session_send(&client->session, &client->arena, &frame);
}

void call_step(struct lt_client *client)
{
    struct axis_call *call = client->call;
    pthread_mutex_lock(&client->mutex);
    if (call->look) {
        call->look = false;
        mover_look(client);
    }
    bool other_life = call->sent && call->lives != client->session.lives;
    call->sent = call->sent && !other_life;
    if (call->kind != CALL_NONE && !call->done && !call->sent && client->session.open &&
        client_mono_ms(client) >= call->again_ms) {
        enum lt_status status = call->kind == CALL_LIST ? list_send(client) : bytes_send(client);
        call->sent = status == LT_OK;
        call->lives = client->session.lives;
        arena_reset(&client->arena);
    }
    pthread_mutex_unlock(&client->mutex);
}

int64_t call_wait_ms(struct lt_client *client)
{
    int64_t wait_ms = -1;
    pthread_mutex_lock(&client->mutex);
    const struct axis_call *call = client->call;
    if (call->kind != CALL_NONE && !call->done && !call->sent && client->session.open) {
        int64_t left_ms = call->again_ms - client_mono_ms(client);
        wait_ms = left_ms > 0 ? left_ms : 10; /* the line did not take it */
    }
    pthread_mutex_unlock(&client->mutex);
    return wait_ms;
}

static void row_take(struct lt_list_row *row, const struct list_item *item)
{
    *row = (struct lt_list_row){
        .id = item->id,
        .leg = item->leg,
        .position = item->position,
        .digest = item->digest,
        .code = lt_error((enum lt_status)item->code)->status,
        .kind = item->kind,
        .accepted_ms = item->accepted_ms,
        .since_ms = item->since_ms,
        .sender_key_size = (uint32_t)item->sender_key.size,
    };
    text_copy(row->state, sizeof(row->state), item->state);
    text_copy(row->agency, sizeof(row->agency), item->agency);
    text_copy(row->case_code, sizeof(row->case_code), item->case_code);
    if (item->sender_key.size > 0) {
        memcpy(row->sender_key, item->sender_key.data, item->sender_key.size);
    }
}

/* Busy: the same question again, a little later. */
static void ask_again(struct lt_client *client)
{
    client->call->sent = false;
    client->call->again_ms = client_mono_ms(client) + ASK_AGAIN_MS;
}

static void list_page_take(struct lt_client *client, const struct list_page *page)
{
    struct axis_call *call = client->call;
    enum lt_status code = lt_error((enum lt_status)page->code)->status;
    if (call->kind != CALL_LIST || call->done || page->number != call->number) {
        return;
    }
    if (lt_class(code) == LT_CLASS_BUSY) {
        ask_again(client);
        return;
    }
    call->count = page->count < call->room ? page->count : call->room;
    for (uint32_t i = 0; i < call->count; i++) {
        row_take(&call->rows[i], &page->items[i]);
    }
    /* Rows there is no room for are asked for again: the next page begins behind the last kept. */
    bool cut = call->count < page->count;
    call->next = cut && call->count > 0 ? call->rows[call->count - 1].position : page->next;
    call->code = code;
    call->done = true;
}

static struct wanted *wanted_find(struct axis_call *call, const struct lt_id *id, uint32_t leg,
                                  uint64_t position)
{
    for (uint32_t i = 0; i < call->count; i++) {
        const struct lt_list_row *row = &call->asked[i];
        if (row->position == position && (call->own || row->leg == leg) &&
            (id == NULL || memcmp(&row->id, id, sizeof(*id)) == 0)) {
            return &call->wanted[i];
        }
    }
    return NULL;
}

static void refusals_take(struct lt_client *client, const struct list_page *page)
{
    struct axis_call *call = client->call;
    if (call->kind != CALL_BYTES || call->done) {
        return;
    }
    for (uint32_t i = 0; i < page->count; i++) {
        const struct list_item *item = &page->items[i];
        struct wanted *wanted = wanted_find(call, &item->id, item->leg, item->position);
        enum lt_status code = lt_error((enum lt_status)item->code)->status;
        if (wanted == NULL || wanted->done) {
            continue;
        }
        if (lt_class(code) == LT_CLASS_BUSY) {
            ask_again(client);
            continue;
        }
        wanted->done = true;
        wanted->status = code != LT_OK ? code : LT_NOT_HERE;
    }
    call->done = bytes_left(call) == 0;
}

void call_list(struct lt_client *client, const struct list_page *page)
{
    pthread_mutex_lock(&client->mutex);
    if (page->number == 0) {
        refusals_take(client, page);
    } else {
        list_page_take(client, page);
    }
    pthread_mutex_unlock(&client->mutex);
    client_changed(client);
}

static enum lt_status wanted_keep(struct wanted *wanted, const struct delivery *delivery)
{
    size_t header = delivery->header.size;
    size_t body = delivery->body.size;
    size_t seal = delivery->seal.size;
    wanted->memory = malloc(header + body + seal + 1);
    if (wanted->memory == NULL) {
        return LT_NO_MEMORY;
    }
    memcpy(wanted->memory, delivery->header.data, header);
    if (body > 0) {
        memcpy(wanted->memory + header, delivery->body.data, body);
    }
    if (seal > 0) {
        memcpy(wanted->memory + header + body, delivery->seal.data, seal);
    }
    wanted->delivery = *delivery;
    wanted->delivery.header = (struct lt_bytes){wanted->memory, header};
    wanted->delivery.body = (struct lt_bytes){wanted->memory + header, body};
    wanted->delivery.seal = (struct lt_bytes){wanted->memory + header + body, seal};
    return LT_OK;
}

void call_restored(struct lt_client *client, const struct delivery *delivery)
{
    struct axis_call *call = client->call;
    pthread_mutex_lock(&client->mutex);
    struct wanted *wanted = NULL;
    if (call->kind == CALL_BYTES && !call->done) {
        wanted = wanted_find(call, NULL, delivery->leg, delivery->position);
    }
    if (wanted != NULL && !wanted->done) {
        wanted->status = wanted_keep(wanted, delivery);
        wanted->done = true;
        call->done = bytes_left(call) == 0;
    }
    pthread_mutex_unlock(&client->mutex);
    client_changed(client);
}

/* ---- a call: any thread ---- */

static void call_start(struct lt_client *client, enum call_kind kind)
{
    struct axis_call *call = client->call;
    call->kind = kind;
    call->number++;
    call->sent = false;
    call->done = false;
    call->again_ms = 0;
    call->code = LT_OK;
    call->next = 0;
}

static bool call_done(struct lt_client *client)
{
    pthread_mutex_lock(&client->mutex);
    bool done = client->call->done;
    pthread_mutex_unlock(&client->mutex);
    return done;
}

static void call_wait(struct lt_client *client, int wait_ms)
{
    struct client_wait wait;
    client_wait_start(client, wait_ms, &wait);
    client_wake(client);
    while (!call_done(client) && client_wait_more(&wait)) {
    }
}

enum lt_status lt_client_list(struct lt_client *client, enum lt_list what, int64_t since_ms,
                              uint64_t after, int wait_ms, struct lt_list_row *out, uint32_t count,
                              uint32_t *ret_count, uint64_t *ret_next)
{
    struct axis_call *call = client->call;
    uint32_t rows = count < LT_LIST_ROWS_MAX ? count : LT_LIST_ROWS_MAX;
    if (count < LT_LEGS_MAX) {
        return LT_FIELD_BAD;
    }
    pthread_mutex_lock(&call->turn);
    pthread_mutex_lock(&client->mutex);
    call_start(client, CALL_LIST);
    call->ask = (struct list_ask){call->number, (uint32_t)what, after, since_ms, rows};
    call->rows = out;
    call->room = rows;
    call->count = 0;
    pthread_mutex_unlock(&client->mutex);
    call_wait(client, wait_ms);
    pthread_mutex_lock(&client->mutex);
    enum lt_status status = call->done ? call->code : LT_TIMEOUT;
    if (status == LT_OK) {
        *ret_count = call->count;
        *ret_next = call->next;
    }
    call->kind = CALL_NONE;
    pthread_mutex_unlock(&client->mutex);
    pthread_mutex_unlock(&call->turn);
    return status;
}

/* ---- bytes into the inbox ---- */

struct restoring {
    struct lt_client *client;
    struct axis_call *call;
    struct arena *arena;
    struct digester *digester;
    enum lt_status *statuses;
};

static bool all_here(struct lt_client *client, const struct header *header)
{
    for (uint32_t i = 0; i < header->attachments_count; i++) {
        uint64_t size = 0;
        bool complete = false;
        if (blob_folder_have(client->blobs, &header->attachments[i].sha256, &size, &complete) !=
                LT_OK ||
            !complete) {
            return false;
        }
    }
    return true;
}

static enum lt_status restore_one(struct box_txn *txn, const struct restoring *restoring,
                                  uint32_t index)
{
    const struct wanted *wanted = &restoring->call->wanted[index];
    const struct lt_list_row *row = &restoring->call->asked[index];
    const struct delivery *delivery = &wanted->delivery;
    struct parcel parcel = {delivery->header, delivery->body, row->digest};
    struct header header;
    enum lt_status status = header_read(delivery->header, restoring->arena, &header, NULL);
    if (status == LT_OK && header.case_code.size > LT_CASE_CODE_MAX) {
        status = LT_HEADER_BAD;
    }
    if (status == LT_OK && memcmp(&header.id, &row->id, sizeof(row->id)) != 0) {
        status = LT_ID_CONFLICT;
    }
    if (status == LT_OK) {
        status = parcel_check(restoring->digester, &parcel, &header, NULL);
    }
    if (status != LT_OK) {
        return status;
    }
    struct seal_proof proof;
    struct inbox_new incoming = {
        .delivery = delivery,
        .header = &header,
        .complete = all_here(restoring->client, &header),
        .sent = restoring->call->own,
        .seal_state = seal_proof_read(delivery->seal, &proof) ? LT_SEAL_KEPT : LT_SEAL_NONE,
    };
    return inbox_restore(txn, &incoming, restoring->arena);
}

static enum lt_status restore_run(struct box_txn *txn, void *self)
{
    const struct restoring *restoring = self;
    for (uint32_t i = 0; i < restoring->call->count; i++) {
        const struct wanted *wanted = &restoring->call->wanted[i];
        arena_reset(restoring->arena);
        restoring->statuses[i] = wanted->done ? wanted->status : LT_TIMEOUT;
        if (restoring->statuses[i] == LT_OK) {
            restoring->statuses[i] = restore_one(txn, restoring, i);
        }
        if (lt_class(restoring->statuses[i]) == LT_CLASS_STOP) {
            return restoring->statuses[i];
        }
    }
    return LT_OK;
}

static enum lt_status bytes_keep(struct lt_client *client, enum lt_status *statuses)
{
    struct arena arena;
    struct restoring restoring = {.client = client, .call = client->call, .arena = &arena};
    restoring.statuses = statuses;
    enum lt_status status = arena_init(&arena, 65536, HEADER_ARENA);
    if (status != LT_OK) {
        return status;
    }
    status = digester_open(&restoring.digester);
    if (status == LT_OK) {
        status = box_commit(client->box, restore_run, &restoring);
        digester_close(&restoring.digester);
    }
    arena_deinit(&arena);
    if (status != LT_OK) {
        client_fail(client, status, "restore");
    }
    return status;
}

static void wanted_clear(struct axis_call *call)
{
    for (uint32_t i = 0; i < LT_BYTES_PER_FRAME; i++) {
        free(call->wanted[i].memory);
        call->wanted[i] = (struct wanted){.done = false};
    }
}

enum lt_status lt_client_fetch(struct lt_client *client, const struct lt_list_row *rows,
                               uint32_t count, bool sent, int wait_ms, enum lt_status *statuses)
{
    struct axis_call *call = client->call;
    if (count == 0 || count > LT_BYTES_PER_FRAME) {
        return LT_FIELD_BAD;
    }
    pthread_mutex_lock(&call->turn);
    pthread_mutex_lock(&client->mutex);
    call_start(client, CALL_BYTES);
    call->asked = rows;
    call->own = sent;
    call->count = count;
    pthread_mutex_unlock(&client->mutex);
    call_wait(client, wait_ms);
    pthread_mutex_lock(&client->mutex);
    call->kind = CALL_NONE; /* from here on the network thread leaves it alone */
    pthread_mutex_unlock(&client->mutex);
    enum lt_status status = bytes_keep(client, statuses);
    pthread_mutex_lock(&client->mutex);
    wanted_clear(call);
    call->look = true;
    pthread_mutex_unlock(&client->mutex);
    pthread_mutex_unlock(&call->turn);
    client_wake(client);
    client_changed(client);
    return status;
}

/* ---- the rest of a restore ---- */

struct giving_back {
    int64_t now_ms;
    uint32_t count;
};

static enum lt_status give_back_run(struct box_txn *txn, void *self)
{
    struct giving_back *giving = self;
    return inbox_back_all(txn, giving->now_ms, &giving->count);
}

enum lt_status lt_client_give_back(struct lt_client *client, uint32_t *ret_count)
{
    struct giving_back giving = {.now_ms = client_wall_ms(client)};
    enum lt_status status = box_commit(client->box, give_back_run, &giving);
    if (status != LT_OK) {
        client_fail(client, status, "give-back");
        return status;
    }
    *ret_count = giving.count;
    client_wake(client);
    client_changed(client);
    return LT_OK;
}

bool lt_client_waits(struct lt_client *client, const struct lt_id *id, uint32_t leg,
                     const struct lt_digest *digest)
{
    struct box_txn txn;
    uint64_t number = 0;
    bool waits = false;
    if (box_read(client->box, &txn) != LT_OK) {
        return false;
    }
    for (uint32_t nth = 0; !waits && inbox_leg_at(&txn, id, leg, nth, &number) == LT_OK; nth++) {
        struct inbox_record record;
        waits = inbox_get(&txn, number, &record) == LT_OK && !record.settled &&
                digest_equal(digest, &record.digest);
    }
    box_read_end(&txn);
    return waits;
}

uint32_t lt_client_remembered(struct lt_client *client, int64_t since_ms, uint64_t after,
                              struct lt_remembered *out, uint32_t count)
{
    struct box_txn txn;
    uint64_t number = after;
    uint32_t filled = 0;
    if (box_read(client->box, &txn) != LT_OK) {
        return 0;
    }
    while (filled < count) {
        struct inbox_record record;
        enum lt_status status = inbox_after(&txn, number, &number, &record);
        if (status != LT_OK && status != LT_DAMAGED) {
            break;
        }
        if (status == LT_OK && record.accepted_ms >= since_ms && !record.sent) {
            out[filled++] = (struct lt_remembered){number, record.id, record.leg, record.position,
                                                   record.digest};
        }
    }
    box_read_end(&txn);
    return filled;
}
