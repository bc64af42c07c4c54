/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The inbox: durable before it is shown, answered once, told to the axis until the axis confirms.
 *
 * Order: of one case only the first open leg is given out, and only when its attachments are here.
 * When that one is answered with "later" or a technical failure, the axis takes the case's
 * following legs back and sends them again behind it; so they leave the inbox unseen, too.
 *
 * A leg that comes again: open, it only takes the new attempt number; answered for good, the stored
 * answer is told again; answered with "later" or a failure, a higher attempt opens it anew. So the
 * local system sees a leg once per answer it owes, whatever is sent twice.
 *
 * Leases are on disk and count on the monotonic clock within one run of the adapter, on the wall
 * clock across a restart. Who held a lease that ran out may still answer as long as nobody else was
 * given the leg: the work is done, and refusing the news would have it done twice.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "box_blobs.h"
#include "box_inbox.h"
#include "proto/base/text.h"
#include "proto/base/wire.h"
#include "proto/message.h"
#include "proto/seal.h"

#define LEG_BYTES        17
#define LEG_KEY_BYTES    (LEG_BYTES + LT_AGENCY_ID_MAX)
#define RESTORED_REST_MS 60000

/* ---- keys and records ---- */

/* Id, leg and sender: an id is unique only among the transfers of one sender. */
static struct lt_bytes leg_key(uint8_t out[LEG_KEY_BYTES], const struct lt_id *id, uint32_t leg,
                               struct lt_bytes from)
{
    size_t size = from.size < LT_AGENCY_ID_MAX ? from.size : LT_AGENCY_ID_MAX;
    memcpy(out, id->bytes, sizeof(id->bytes));
    out[LEG_BYTES - 1] = (uint8_t)leg;
    if (size > 0) {
        memcpy(out + LEG_BYTES, from.data, size);
    }
    return (struct lt_bytes){out, LEG_BYTES + size};
}

enum lt_status inbox_by_leg(struct box_txn *txn, const struct lt_id *id, uint32_t leg,
                            struct lt_bytes from, uint64_t *ret_number)
{
    uint8_t room[LEG_KEY_BYTES];
    struct lt_bytes value;
    enum lt_status status = box_get(txn, BOX_LEGS, leg_key(room, id, leg, from), &value);
    if (status != LT_OK) {
        return status;
    }
    if (value.size != 8) {
        return LT_DAMAGED;
    }
    *ret_number = box_key_number(value);
    return LT_OK;
}

enum lt_status inbox_get(struct box_txn *txn, uint64_t number, struct inbox_record *ret_record)
{
    struct lt_bytes value;
    enum lt_status status = box_get_number(txn, BOX_INBOX, number, &value);
    return status == LT_OK ? inbox_record_read(value, ret_record) : status;
}

static void record_put(struct box_txn *txn, uint64_t number, const struct inbox_record *record)
{
    uint8_t room[RECORD_BYTES_MAX];
    box_put_number(txn, BOX_INBOX, number, inbox_record_write(record, room));
}

enum lt_status inbox_open(struct box_txn *txn, uint64_t number, struct open_record *ret_open)
{
    struct lt_bytes value;
    enum lt_status status = box_get_number(txn, BOX_OPEN, number, &value);
    return status == LT_OK ? open_record_read(value, ret_open) : status;
}

static void open_put(struct box_txn *txn, uint64_t number, const struct open_record *open)
{
    uint8_t room[RECORD_BYTES_MAX];
    box_put_number(txn, BOX_OPEN, number, open_record_write(open, room));
}

enum lt_status inbox_parcel(struct box_txn *txn, uint64_t number, struct lt_bytes *ret_header,
                            struct lt_bytes *ret_body)
{
    struct lt_bytes value;
    enum lt_status status = box_get_number(txn, BOX_BODIES, number, &value);
    if (status != LT_OK) {
        return status;
    }
    struct wire_reader r;
    wire_read_init(&r, value);
    struct lt_bytes header = wire_run32(&r);
    if (r.bad) {
        return LT_DAMAGED;
    }
    *ret_header = header;
    *ret_body = (struct lt_bytes){r.at, (size_t)(r.end - r.at)};
    return LT_OK;
}

static void parcel_put(struct box_txn *txn, uint64_t number, const struct delivery *delivery)
{
    uint8_t room[4 + LT_HEADER_BYTES_MAX + LT_BODY_INLINE_MAX];
    struct wire_writer w;
    wire_write_init(&w, room, sizeof(room));
    wire_put_run32(&w, delivery->header);
    wire_put_raw(&w, delivery->body.data, delivery->body.size);
    assert(!w.bad); /* checked when it came */
    box_put_number(txn, BOX_BODIES, number, wire_written(&w));
}

enum lt_seal_state inbox_seal(struct box_txn *txn, uint64_t number, struct lt_bytes *ret_proof)
{
    struct lt_bytes value;
    bool there = box_get_number(txn, BOX_SEALS, number, &value) == LT_OK && value.size > 1 &&
                 value.data[0] <= LT_SEAL_CHECKED;
    *ret_proof = there ? (struct lt_bytes){value.data + 1, value.size - 1} : (struct lt_bytes){0};
    return there ? (enum lt_seal_state)value.data[0] : LT_SEAL_NONE;
}

static void seal_put(struct box_txn *txn, uint64_t number, const struct inbox_new *incoming)
{
    uint8_t room[1 + PROOF_BYTES_MAX];
    struct lt_bytes proof = incoming->delivery->seal;
    if (incoming->seal_state == LT_SEAL_NONE || proof.size > PROOF_BYTES_MAX) {
        return;
    }
    room[0] = (uint8_t)incoming->seal_state;
    memcpy(room + 1, proof.data, proof.size);
    box_put_number(txn, BOX_SEALS, number, (struct lt_bytes){room, 1 + proof.size});
}

static int64_t wall_ms(const struct box_txn *txn)
{
    return txn->box->clock->wall_ms(txn->box->clock->self);
}

enum lt_status inbox_after(struct box_txn *txn, uint64_t after, uint64_t *ret_number,
                           struct inbox_record *ret_record)
{
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes value;
    struct box_key from = box_key_of(after + 1);
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_INBOX], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, box_key_bytes(&from), &key, &value);
    if (status == LT_OK) {
        *ret_number = box_key_number(key);
        status = inbox_record_read(value, ret_record);
    }
    store_cursor_close(&cursor);
    return status;
}

/* ---- answers that wait to be told ---- */

static void tell_stop(struct box_txn *txn, struct inbox_record *record)
{
    if (record->tell != 0) {
        box_delete_number(txn, BOX_TELL, record->tell);
        txn->counts.telling -= txn->counts.telling > 0 ? 1 : 0;
        record->tell = 0;
    }
}

static void tell_start(struct box_txn *txn, uint64_t number, struct inbox_record *record)
{
    tell_stop(txn, record);
    struct box_key value = box_key_of(number);
    record->tell = ++txn->counts.tell;
    box_put_number(txn, BOX_TELL, record->tell, box_key_bytes(&value));
    txn->counts.telling++;
}

enum lt_status inbox_tell(struct box_txn *txn, uint64_t after, struct inbox_record *ret_record)
{
    struct store_cursor cursor;
    struct lt_bytes value;
    struct box_key from = box_key_of(after + 1);
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_TELL], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, box_key_bytes(&from), NULL, &value);
    if (status == LT_OK) {
        status = value.size == 8 ? inbox_get(txn, box_key_number(value), ret_record) : LT_DAMAGED;
        status = status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    store_cursor_close(&cursor);
    return status;
}

enum lt_status inbox_tell_again(struct box_txn *txn, uint64_t after, uint32_t looks,
                                uint32_t *ret_again, uint64_t *ret_last)
{
    enum lt_status status = LT_OK;
    uint64_t number = after;
    *ret_again = 0;
    while (looks-- > 0) {
        struct inbox_record record;
        status = inbox_after(txn, number, &number, &record);
        if (status == LT_NOT_FOUND) {
            *ret_last = UINT64_MAX;
            return LT_OK;
        }
        if (status != LT_OK && status != LT_DAMAGED) {
            return status;
        }
        if (status == LT_OK && record.settled && !record.sent && record.tell == 0) {
            tell_start(txn, number, &record);
            record_put(txn, number, &record);
            (*ret_again)++;
        }
    }
    *ret_last = number;
    return LT_OK;
}

/* ---- arrivals ---- */

static void open_start(struct box_txn *txn, uint64_t number, const char *case_code, bool complete)
{
    struct open_record open = {.case_hash = box_case_hash(case_code), .complete = complete};
    open_put(txn, number, &open);
    txn->counts.open++;
}

static void open_stop(struct box_txn *txn, uint64_t number)
{
    box_delete_number(txn, BOX_OPEN, number);
    txn->counts.open -= txn->counts.open > 0 ? 1 : 0;
}

void inbox_arrive(struct box_txn *txn, const struct inbox_new *incoming)
{
    const struct delivery *delivery = incoming->delivery;
    const struct header *header = incoming->header;
    uint8_t leg[LEG_KEY_BYTES];
    struct inbox_record record = {
        .id = header->id,
        .leg = delivery->leg,
        .attempt = delivery->attempt,
        .position = delivery->position,
        .accepted_ms = delivery->accepted_ms,
        .arrived_ms = wall_ms(txn),
        .again = delivery->again,
        .restored = delivery->restored,
        .sent = incoming->sent,
        .body_attached = header->body_attached,
        .attachments = header->attachments_count,
        .digest = delivery->digest,
    };
    text_copy(record.from, sizeof(record.from), header->from);
    text_copy(record.case_code, sizeof(record.case_code), header->case_code);
    uint64_t number = ++txn->counts.inbox;
    struct box_key value = box_key_of(number);
    record_put(txn, number, &record);
    parcel_put(txn, number, delivery);
    seal_put(txn, number, incoming);
    box_put(txn, BOX_LEGS, leg_key(leg, &record.id, record.leg, header->from),
            box_key_bytes(&value));
    for (uint32_t i = 0; i < header->attachments_count; i++) {
        box_blob_need(txn, &header->attachments[i].sha256, BLOB_USER_INBOX, number);
    }
    open_start(txn, number, record.case_code, incoming->complete);
}

static bool outcome_final(enum lt_outcome outcome)
{
    return outcome == LT_OUTCOME_TAKEN || outcome == LT_OUTCOME_REFUSED;
}

static bool answer_final(const struct inbox_record *record)
{
    return outcome_final(record->outcome);
}

enum lt_status inbox_deliver(struct box_txn *txn, const struct inbox_new *incoming)
{
    const struct delivery *delivery = incoming->delivery;
    struct inbox_record record;
    uint64_t number = 0;
    enum lt_status status =
        inbox_by_leg(txn, &incoming->header->id, delivery->leg, incoming->header->from, &number);
    if (status == LT_NOT_FOUND) {
        inbox_arrive(txn, incoming);
        return LT_OK;
    }
    if (status == LT_OK) {
        status = inbox_get(txn, number, &record);
    }
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    bool higher = delivery->attempt > record.attempt;
    record.attempt = higher ? delivery->attempt : record.attempt;
    record.position = delivery->position;
    record.again = true;
    if (record.settled && !answer_final(&record) && higher) {
        tell_stop(txn, &record);
        record.settled = false;
        record.outcome = LT_OUTCOME_NONE;
        open_start(txn, number, record.case_code, incoming->complete);
    } else if (record.settled) {
        tell_start(txn, number, &record);
    }
    record_put(txn, number, &record);
    return LT_OK;
}

/* ---- giving out ---- */

enum lt_status inbox_next(struct box_txn *txn, uint64_t after, uint64_t *ret_number,
                          struct open_record *ret_open)
{
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes value;
    struct box_key from = box_key_of(after + 1);
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_OPEN], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, box_key_bytes(&from), &key, &value);
    if (status == LT_OK) {
        status = open_record_read(value, ret_open);
    }
    if (status == LT_OK) {
        *ret_number = box_key_number(key);
    }
    store_cursor_close(&cursor);
    return status;
}

void inbox_complete(struct box_txn *txn, uint64_t number, struct open_record *open)
{
    open->complete = true;
    open_put(txn, number, open);
}

bool inbox_leased(const struct box_txn *txn, const struct open_record *open,
                  const struct inbox_asker *asker)
{
    if (open->epoch == 0) {
        return false;
    }
    return open->epoch == txn->box->epoch ? asker->mono_ms < open->until_mono_ms
                                          : asker->wall_ms < open->until_wall_ms;
}

/* Cases met so far while walking the open ones. */
struct seen {
    uint64_t *slots;
    size_t mask;
};

static bool seen_before(struct seen *seen, uint64_t hash)
{
    hash = hash == 0 ? 1 : hash;
    size_t at = (size_t)hash & seen->mask;
    while (seen->slots[at] != 0) {
        if (seen->slots[at] == hash) {
            return true;
        }
        at = (at + 1) & seen->mask;
    }
    seen->slots[at] = hash;
    return false;
}

enum lt_status inbox_pick(struct box_txn *txn, const struct inbox_asker *asker, uint64_t *numbers,
                          uint32_t count, uint32_t *ret_count)
{
    uint64_t open_count = store_count(&txn->store, txn->box->trees[BOX_OPEN]);
    struct seen seen = {.mask = 63};
    while (seen.mask < open_count * 2) {
        seen.mask = seen.mask * 2 + 1;
    }
    seen.slots = calloc(seen.mask + 1, sizeof(seen.slots[0]));
    if (seen.slots == NULL) {
        return LT_NO_MEMORY;
    }
    struct open_record open;
    uint64_t number = 0;
    uint32_t found = 0;
    enum lt_status status = LT_OK;
    while (found < count) {
        status = inbox_next(txn, number, &number, &open);
        if (status != LT_OK) {
            break;
        }
        bool behind = seen_before(&seen, open.case_hash);
        if (!behind && open.complete && !inbox_leased(txn, &open, asker)) {
            numbers[found++] = number;
        }
    }
    free(seen.slots);
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    *ret_count = found;
    return LT_OK;
}

static void lease_put(struct box_txn *txn, const struct inbox_asker *asker, uint64_t number,
                      struct open_record *open)
{
    open->epoch = txn->box->epoch;
    open->until_mono_ms = asker->mono_ms + asker->lease_ms;
    open->until_wall_ms = asker->wall_ms + asker->lease_ms;
    text_copy(open->node, sizeof(open->node), text_bytes(asker->node));
    open_put(txn, number, open);
}

enum lt_status inbox_lease(struct box_txn *txn, const struct inbox_asker *asker, uint64_t number)
{
    struct open_record open;
    enum lt_status status = inbox_open(txn, number, &open);
    if (status == LT_OK) {
        lease_put(txn, asker, number, &open);
    }
    return status;
}

/* The open entry of a leg that `asker` was the last to lease. */
static enum lt_status held_by(struct box_txn *txn, const struct inbox_asker *asker, uint64_t number,
                              struct open_record *ret_open)
{
    struct open_record open;
    enum lt_status status = inbox_open(txn, number, &open);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    if (open.epoch == 0 || strcmp(open.node, asker->node) != 0) {
        return LT_LEASE_LOST;
    }
    *ret_open = open;
    return LT_OK;
}

enum lt_status inbox_leg_at(struct box_txn *txn, const struct lt_id *id, uint32_t leg, uint32_t nth,
                            uint64_t *ret_number)
{
    uint8_t room[LEG_KEY_BYTES];
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes value;
    struct lt_bytes from = leg_key(room, id, leg, (struct lt_bytes){NULL, 0});
    enum lt_status status = store_cursor_open(&txn->store, txn->box->trees[BOX_LEGS], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, from, &key, &value);
    for (uint32_t i = 0; i < nth && status == LT_OK; i++) {
        status = store_next(&cursor, &key, &value);
    }
    if (status == LT_OK && (key.size < LEG_BYTES || memcmp(key.data, from.data, LEG_BYTES) != 0)) {
        status = LT_NOT_FOUND;
    }
    if (status == LT_OK) {
        *ret_number = box_key_number(value);
    }
    store_cursor_close(&cursor);
    return status;
}

/*
 * The leg somebody means by id and leg number. Should two senders have used one id: the one that
 * `node` holds (NULL: the one whose answer is being told), else the first.
 */
static enum lt_status find(struct box_txn *txn, const char *node, const struct lt_id *id,
                           uint32_t leg, uint64_t *ret_number, struct inbox_record *ret_record)
{
    uint64_t number = 0;
    enum lt_status found = LT_NOT_HERE;
    if (leg >= LT_LEGS_MAX) {
        return found;
    }
    for (uint32_t nth = 0; inbox_leg_at(txn, id, leg, nth, &number) == LT_OK; nth++) {
        struct inbox_record record;
        struct open_record open;
        enum lt_status status = inbox_get(txn, number, &record);
        if (status != LT_OK) {
            return status == LT_NOT_FOUND ? LT_DAMAGED : status;
        }
        bool meant = node == NULL ? record.tell != 0
                                  : inbox_open(txn, number, &open) == LT_OK && open.epoch != 0 &&
                                        strcmp(open.node, node) == 0;
        if (found != LT_OK || meant) {
            *ret_record = record;
            *ret_number = number;
            found = LT_OK;
        }
        if (meant) {
            break;
        }
    }
    return found;
}

enum lt_status inbox_renew(struct box_txn *txn, const struct inbox_asker *asker,
                           const struct lt_id *id, uint32_t leg)
{
    struct inbox_record record;
    struct open_record open;
    uint64_t number = 0;
    enum lt_status status = find(txn, asker->node, id, leg, &number, &record);
    if (status == LT_OK && record.settled) {
        status = LT_ALREADY_SETTLED;
    }
    if (status == LT_OK) {
        status = held_by(txn, asker, number, &open);
    }
    if (status == LT_OK) {
        lease_put(txn, asker, number, &open);
    }
    return status;
}

/* ---- answers ---- */

/* Nobody sends a restored one again: it stays, leased to nobody by name, until its time has come.
 */
static void rest(struct box_txn *txn, const struct inbox_asker *asker, uint64_t number,
                 struct open_record *open, uint32_t retry_after_ms)
{
    const struct inbox_asker nobody = {
        .node = "",
        .lease_ms = retry_after_ms > 0 ? retry_after_ms : RESTORED_REST_MS,
        .mono_ms = asker->mono_ms,
        .wall_ms = asker->wall_ms,
    };
    lease_put(txn, &nobody, number, open);
}

static bool same_answer(const struct inbox_record *record, const struct lt_answer *answer)
{
    return record->outcome == answer->outcome && record->code == answer->code &&
           record->permanent == answer->permanent;
}

void inbox_answer(struct box_txn *txn, uint64_t number, struct inbox_record *record,
                  const struct lt_answer *answer, int64_t now_ms)
{
    record->settled = true;
    record->outcome = answer->outcome;
    record->code = answer->code;
    record->retry_after_ms = answer->retry_after_ms;
    record->permanent = answer->permanent;
    record->settled_ms = now_ms;
    record->decided_ms = answer->decided_ms > 0 ? answer->decided_ms : now_ms;
    text_copy(record->reason, sizeof(record->reason), text_bytes(answer->reason));
    if (!record->restored) {
        tell_start(txn, number, record); /* of a restored one the axis has the answer already */
    }
    record_put(txn, number, record);
    open_stop(txn, number);
}

void inbox_case_leave(struct box_txn *txn, uint64_t number, uint64_t hash, int64_t now_ms)
{
    static const struct lt_answer answer = {
        .outcome = LT_OUTCOME_LATER,
        .code = LT_STEP_BEFORE_MISSING,
        .reason = "the transfer in front of it was not taken",
    };
    struct inbox_record record;
    struct open_record open;
    uint64_t at = number;
    while (inbox_next(txn, at, &at, &open) == LT_OK) {
        if (open.case_hash == hash && inbox_get(txn, at, &record) == LT_OK && !record.restored) {
            inbox_answer(txn, at, &record, &answer, now_ms);
        }
    }
}

enum lt_status inbox_settle(struct box_txn *txn, const struct inbox_asker *asker,
                            const struct lt_id *id, uint32_t leg, const struct lt_answer *answer)
{
    struct inbox_record record;
    struct open_record open;
    uint64_t number = 0;
    enum lt_status status = find(txn, asker->node, id, leg, &number, &record);
    if (status != LT_OK) {
        return status;
    }
    if (record.settled) {
        return same_answer(&record, answer) ? LT_OK : LT_ALREADY_SETTLED;
    }
    status = held_by(txn, asker, number, &open);
    if (status != LT_OK) {
        return status;
    }
    if (record.restored && !outcome_final(answer->outcome)) {
        rest(txn, asker, number, &open, answer->retry_after_ms);
        return LT_OK;
    }
    inbox_answer(txn, number, &record, answer, asker->wall_ms);
    if (!answer_final(&record)) {
        inbox_case_leave(txn, number, open.case_hash, asker->wall_ms);
    }
    return LT_OK;
}

enum lt_status inbox_confirm(struct box_txn *txn, const struct settled_item *item,
                             struct arena *arena)
{
    struct inbox_record record;
    uint64_t number = 0;
    enum lt_status status = find(txn, NULL, &item->id, item->leg, &number, &record);
    if (status != LT_OK || !record.settled || item->number != record.tell) {
        return status;
    }
    if (!answer_final(&record)) {
        return inbox_forget(txn, number, arena);
    }
    tell_stop(txn, &record);
    record_put(txn, number, &record);
    return LT_OK;
}

enum lt_status inbox_forget(struct box_txn *txn, uint64_t number, struct arena *arena)
{
    uint8_t leg[LEG_KEY_BYTES];
    struct inbox_record record;
    struct header header = {.attachments_count = 0};
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    enum lt_status status = inbox_get(txn, number, &record);
    if (status != LT_OK) {
        return status;
    }
    if (record.attachments > 0 && inbox_parcel(txn, number, &header_bytes, &body) == LT_OK &&
        header_read(header_bytes, arena, &header, NULL) != LT_OK) {
        header.attachments_count = 0;
    }
    for (uint32_t i = 0; i < header.attachments_count; i++) {
        box_blob_unneed(txn, &header.attachments[i].sha256, BLOB_USER_INBOX, number);
    }
    tell_stop(txn, &record);
    if (!record.settled) {
        open_stop(txn, number);
    }
    box_delete(txn, BOX_LEGS, leg_key(leg, &record.id, record.leg, text_bytes(record.from)));
    box_delete_number(txn, BOX_BODIES, number);
    if (inbox_seal(txn, number, &body) != LT_SEAL_NONE) {
        box_delete_number(txn, BOX_SEALS, number);
    }
    box_delete_number(txn, BOX_INBOX, number);
    return LT_OK;
}
