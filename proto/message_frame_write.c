/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The message door, writing: the structs of frame.h into the generated ones, one function for each
 * message, ready to be packed by message.c. Bytes are lent, not copied; texts are copied into the
 * arena because the generated code wants a NUL behind them. Memory that runs out is sticky in the
 * packing: a function then gives NULL and its callers carry on to the end.
 */
#include <string.h>

#include "message_private.h"

/* The zero window is the absent one. */
static LTP(Window) *window_into(struct packing *packing, struct window window)
{
    if (window.parcels == 0 && window.bytes == 0) {
        return NULL;
    }
    LTP(Window) *wire = LTP_NEW(packing, window);
    if (wire) {
        wire->parcels = window.parcels;
        wire->bytes = window.bytes;
    }
    return wire;
}

static LTP(Hello) *hello_into(struct packing *packing, const struct hello *hello)
{
    LTP(Hello) *wire = LTP_NEW(packing, hello);
    if (!wire) {
        return NULL;
    }
    wire->protocol_min = hello->protocol_min;
    wire->protocol_max = hello->protocol_max;
    wire->instance = id_into(&hello->instance);
    wire->epoch = hello->epoch;
    wire->role = (LTP(Role))hello->role;
    wire->software = text_into(packing, hello->software);
    wire->clock_ms = hello->clock_ms;
    wire->notice_cursor = hello->notice_cursor;
    wire->checkpoint = bytes_into(hello->checkpoint);
    return wire;
}

static LTP(Limits) *limits_into(struct packing *packing, const struct limits_told *limits)
{
    LTP(Limits) *wire = LTP_NEW(packing, limits);
    if (!wire) {
        return NULL;
    }
    wire->frame_bytes = limits->frame_bytes;
    wire->submit_bytes = limits->submit_bytes;
    wire->parcels = limits->parcels;
    wire->header_bytes = limits->header_bytes;
    wire->body_bytes = limits->body_bytes;
    wire->legs = limits->legs;
    wire->attachments = limits->attachments;
    wire->attachment_bytes = limits->attachment_bytes;
    wire->beat_ms = limits->beat_ms;
    wire->lease_ms = limits->lease_ms;
    return wire;
}

static LTP(Welcome) *welcome_into(struct packing *packing, const struct welcome *welcome)
{
    LTP(Welcome) *wire = LTP_NEW(packing, welcome);
    if (!wire) {
        return NULL;
    }
    wire->version = welcome->version;
    wire->session = welcome->session;
    wire->broker_epoch = welcome->broker_epoch;
    wire->limits = limits_into(packing, &welcome->limits);
    wire->submit = window_into(packing, welcome->submit);
    wire->clock_ms = welcome->clock_ms;
    wire->standby = welcome->standby;
    wire->agency = text_into(packing, welcome->agency);
    wire->backed_up_to = welcome->backed_up_to;
    wire->blob_endpoint = text_into(packing, welcome->blob_endpoint);
    wire->incarnation = welcome->incarnation;
    wire->durable = welcome->durable;
    wire->restored_to = welcome->restored_to;
    wire->notice_seq = welcome->notice_seq;
    wire->run = welcome->run;
    wire->run_from = welcome->run_from;
    wire->checkpoint = bytes_into(welcome->checkpoint);
    wire->log_key = text_into(packing, welcome->log_key);
    return wire;
}

static LTP(NoSession) *no_session_into(struct packing *packing, const struct ending *ending)
{
    LTP(NoSession) *wire = LTP_NEW(packing, no_session);
    if (wire) {
        wire->code = ending->code;
        wire->detail = text_into(packing, ending->detail);
        wire->retry_after_ms = ending->retry_after_ms;
    }
    return wire;
}

static LTP(Bye) *bye_into(struct packing *packing, const struct ending *ending)
{
    LTP(Bye) *wire = LTP_NEW(packing, bye);
    if (wire) {
        wire->code = ending->code;
        wire->detail = text_into(packing, ending->detail);
        wire->retry_after_ms = ending->retry_after_ms;
    }
    return wire;
}

static LTP(Beat) *beat_into(struct packing *packing, const struct beat *beat)
{
    LTP(Beat) *wire = LTP_NEW(packing, beat);
    if (!wire) {
        return NULL;
    }
    wire->clock_ms = beat->clock_ms;
    wire->submit = window_into(packing, beat->submit);
    wire->want_bytes = beat->want_bytes;
    wire->standby = beat->standby;
    wire->backed_up_to = beat->backed_up_to;
    wire->durable = beat->durable;
    return wire;
}

static LTP(Seal) *seal_into(struct packing *packing, const struct submit_seal *seal)
{
    if (seal->algorithm == 0 && seal->key_id.size == 0 && seal->signature.size == 0 &&
        seal->batch == 0) {
        return NULL;
    }
    LTP(Seal) *wire = LTP_NEW(packing, seal);
    if (wire) {
        wire->algorithm = seal->algorithm;
        wire->key_id = bytes_into(seal->key_id);
        wire->signature = bytes_into(seal->signature);
        wire->batch = seal->batch;
    }
    return wire;
}

static LTP(Submit) *submit_into(struct packing *packing, const struct submit *submit)
{
    LTP(Submit) *wire = LTP_NEW(packing, submit);
    if (!wire) {
        return NULL;
    }
    wire->want_bytes = submit->want_bytes;
    wire->seal = seal_into(packing, &submit->seal);
    wire->parcels = message_list(packing, submit->count);
    for (uint32_t i = 0; wire->parcels && i < submit->count; i++) {
        LTP(Parcel) *parcel = LTP_NEW(packing, parcel);
        if (!parcel) {
            return NULL;
        }
        parcel->header = bytes_into(submit->parcels[i].header);
        parcel->body = bytes_into(submit->parcels[i].body);
        parcel->digest = digest_into(&submit->parcels[i].digest);
        wire->parcels[i] = parcel;
        wire->n_parcels = i + 1;
    }
    return wire;
}

static LTP(Verdict) *verdict_into(struct packing *packing, const struct verdict *verdict)
{
    LTP(Verdict) *wire = LTP_NEW(packing, verdict);
    if (!wire) {
        return NULL;
    }
    wire->submit = window_into(packing, verdict->submit);
    wire->broker_epoch = verdict->broker_epoch;
    wire->items = message_list(packing, verdict->count);
    for (uint32_t i = 0; wire->items && i < verdict->count; i++) {
        const struct verdict_item *from = &verdict->items[i];
        LTP(VerdictItem) *item = LTP_NEW(packing, verdict_item);
        if (!item) {
            return NULL;
        }
        item->id = id_into(&from->id);
        item->code = from->code;
        item->known_as = id_into(&from->known_as);
        item->position = from->position;
        item->time_ms = from->time_ms;
        item->field = text_into(packing, from->field);
        item->detail = text_into(packing, from->detail);
        item->retry_after_ms = from->retry_after_ms;
        wire->items[i] = item;
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(Grant) *grant_into(struct packing *packing, const struct grant *grant)
{
    LTP(Grant) *wire = LTP_NEW(packing, grant);
    if (wire) {
        wire->deliver = window_into(packing, grant->deliver);
        wire->notices = grant->notices;
    }
    return wire;
}

static LTP(Deliver) *deliver_into(struct packing *packing, const struct deliver *deliver)
{
    LTP(Deliver) *wire = LTP_NEW(packing, deliver);
    if (!wire) {
        return NULL;
    }
    wire->items = message_list(packing, deliver->count);
    for (uint32_t i = 0; wire->items && i < deliver->count; i++) {
        const struct delivery *from = &deliver->items[i];
        LTP(Delivery) *item = LTP_NEW(packing, delivery);
        if (!item) {
            return NULL;
        }
        item->header = bytes_into(from->header);
        item->body = bytes_into(from->body);
        item->position = from->position;
        item->leg = from->leg;
        item->attempt = from->attempt;
        item->accepted_ms = from->accepted_ms;
        item->again = from->again;
        item->digest = digest_into(&from->digest);
        item->restored = from->restored;
        item->seal = bytes_into(from->seal);
        wire->items[i] = item;
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(Settlement) *settlement_into(struct packing *packing, const struct settlement *from)
{
    LTP(Settlement) *item = LTP_NEW(packing, settlement);
    if (!item) {
        return NULL;
    }
    item->id = id_into(&from->id);
    item->leg = from->leg;
    item->attempt = from->attempt;
    item->outcome = (LTP(Outcome))from->outcome;
    item->code = from->code;
    item->reason = text_into(packing, from->reason);
    item->retry_after_ms = from->retry_after_ms;
    item->permanent = from->permanent;
    item->time_ms = from->time_ms;
    item->from_digest = digest_into(&from->from_digest);
    item->position = from->position;
    item->number = from->number;
    return item;
}

static LTP(Settle) *settle_into(struct packing *packing, const struct settle *settle)
{
    LTP(Settle) *wire = LTP_NEW(packing, settle);
    if (!wire) {
        return NULL;
    }
    wire->items = message_list(packing, settle->count);
    for (uint32_t i = 0; wire->items && i < settle->count; i++) {
        wire->items[i] = settlement_into(packing, &settle->items[i]);
        if (!wire->items[i]) {
            return NULL;
        }
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(Settled) *settled_into(struct packing *packing, const struct settled *settled)
{
    LTP(Settled) *wire = LTP_NEW(packing, settled);
    if (!wire) {
        return NULL;
    }
    wire->broker_epoch = settled->broker_epoch;
    wire->items = message_list(packing, settled->count);
    for (uint32_t i = 0; wire->items && i < settled->count; i++) {
        LTP(SettledItem) *item = LTP_NEW(packing, settled_item);
        if (!item) {
            return NULL;
        }
        item->id = id_into(&settled->items[i].id);
        item->leg = settled->items[i].leg;
        item->code = settled->items[i].code;
        item->number = settled->items[i].number;
        item->position = settled->items[i].position;
        wire->items[i] = item;
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(NoticeItem) *notice_item_into(struct packing *packing, const struct notice_item *from)
{
    LTP(NoticeItem) *item = LTP_NEW(packing, notice_item);
    if (!item) {
        return NULL;
    }
    item->seq = from->seq;
    item->id = id_into(&from->id);
    item->leg = from->leg;
    item->agency = text_into(packing, from->agency);
    item->state = text_into(packing, from->state);
    item->code = from->code;
    item->reason = text_into(packing, from->reason);
    item->time_ms = from->time_ms;
    item->level = from->level;
    item->sender_key = bytes_into(from->sender_key);
    item->case_code = text_into(packing, from->case_code);
    item->position = from->position;
    return item;
}

static LTP(Notice) *notice_into(struct packing *packing, const struct notice *notice)
{
    LTP(Notice) *wire = LTP_NEW(packing, notice);
    if (!wire) {
        return NULL;
    }
    wire->broker_epoch = notice->broker_epoch;
    wire->items = message_list(packing, notice->count);
    for (uint32_t i = 0; wire->items && i < notice->count; i++) {
        wire->items[i] = notice_item_into(packing, &notice->items[i]);
        if (!wire->items[i]) {
            return NULL;
        }
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(NoticeAck) *notice_ack_into(struct packing *packing, uint64_t cursor)
{
    LTP(NoticeAck) *wire = LTP_NEW(packing, notice_ack);
    if (wire) {
        wire->cursor = cursor;
    }
    return wire;
}

/* The pairs and, in ret_count, how many there was room for. */
static LTP(Pair) **pairs_into(struct packing *packing, const struct pair *pairs, uint32_t count,
                              size_t *ret_count)
{
    LTP(Pair) **wire = message_list(packing, count);
    for (uint32_t i = 0; wire && i < count; i++) {
        wire[i] = LTP_NEW(packing, pair);
        if (!wire[i]) {
            return NULL;
        }
        wire[i]->name = text_into(packing, pairs[i].name);
        wire[i]->value = text_into(packing, pairs[i].value);
        *ret_count = i + 1;
    }
    return wire;
}

static LTP(Query) *query_into(struct packing *packing, const struct query *query)
{
    LTP(Query) *wire = LTP_NEW(packing, query);
    if (!wire) {
        return NULL;
    }
    wire->number = query->number;
    wire->verb = text_into(packing, query->verb);
    wire->args = pairs_into(packing, query->args, query->args_count, &wire->n_args);
    wire->cursor = bytes_into(query->cursor);
    wire->rows = query->rows;
    wire->payload = bytes_into(query->payload);
    return wire;
}

static LTP(Page) *page_into(struct packing *packing, const struct page *page)
{
    LTP(Page) *wire = LTP_NEW(packing, page);
    if (!wire) {
        return NULL;
    }
    wire->number = page->number;
    wire->code = page->code;
    wire->detail = text_into(packing, page->detail);
    wire->cursor = bytes_into(page->cursor);
    wire->rows = message_list(packing, page->count);
    for (uint32_t i = 0; wire->rows && i < page->count; i++) {
        LTP(Row) *row = LTP_NEW(packing, row);
        if (!row) {
            return NULL;
        }
        row->fields =
            pairs_into(packing, page->rows[i].fields, page->rows[i].count, &row->n_fields);
        wire->rows[i] = row;
        wire->n_rows = i + 1;
    }
    return wire;
}

/* ---- blob port ---- */

static LTP(BlobOffer) *blob_offer_into(struct packing *packing, const struct blob *blob)
{
    LTP(BlobOffer) *wire = LTP_NEW(packing, blob_offer);
    if (wire) {
        wire->sha256 = digest_into(&blob->sha256);
        wire->size = blob->size;
    }
    return wire;
}

static LTP(BlobWant) *blob_want_into(struct packing *packing, const struct blob *blob)
{
    LTP(BlobWant) *wire = LTP_NEW(packing, blob_want);
    if (wire) {
        wire->sha256 = digest_into(&blob->sha256);
        wire->offset = blob->offset;
        wire->credit = blob->credit;
    }
    return wire;
}

static LTP(BlobChunk) *blob_chunk_into(struct packing *packing, const struct blob *blob)
{
    LTP(BlobChunk) *wire = LTP_NEW(packing, blob_chunk);
    if (wire) {
        wire->sha256 = digest_into(&blob->sha256);
        wire->offset = blob->offset;
        wire->data = bytes_into(blob->data);
        wire->size = blob->size;
    }
    return wire;
}

static LTP(BlobStored) *blob_stored_into(struct packing *packing, const struct blob *blob)
{
    LTP(BlobStored) *wire = LTP_NEW(packing, blob_stored);
    if (wire) {
        wire->sha256 = digest_into(&blob->sha256);
        wire->size = blob->size;
    }
    return wire;
}

static LTP(BlobRefused) *blob_refused_into(struct packing *packing, const struct blob *blob)
{
    LTP(BlobRefused) *wire = LTP_NEW(packing, blob_refused);
    if (wire) {
        wire->sha256 = digest_into(&blob->sha256);
        wire->code = blob->code;
        wire->detail = text_into(packing, blob->detail);
        wire->retry_after_ms = blob->retry_after_ms;
    }
    return wire;
}

static LTP(BlobFetch) *blob_fetch_into(struct packing *packing, const struct blob *blob)
{
    LTP(BlobFetch) *wire = LTP_NEW(packing, blob_fetch);
    if (wire) {
        wire->sha256 = digest_into(&blob->sha256);
        wire->offset = blob->offset;
        wire->credit = blob->credit;
    }
    return wire;
}

static void blob_body_into(struct packing *packing, const struct frame *frame, LTP(Frame) *ret_wire)
{
    switch (frame->kind) {
    case FRAME_BLOB_OFFER:
        ret_wire->blob_offer = blob_offer_into(packing, &frame->blob);
        break;
    case FRAME_BLOB_WANT:
        ret_wire->blob_want = blob_want_into(packing, &frame->blob);
        break;
    case FRAME_BLOB_CHUNK:
        ret_wire->blob_chunk = blob_chunk_into(packing, &frame->blob);
        break;
    case FRAME_BLOB_STORED:
        ret_wire->blob_stored = blob_stored_into(packing, &frame->blob);
        break;
    case FRAME_BLOB_REFUSED:
        ret_wire->blob_refused = blob_refused_into(packing, &frame->blob);
        break;
    case FRAME_BLOB_FETCH:
        ret_wire->blob_fetch = blob_fetch_into(packing, &frame->blob);
        break;
    default:
        break;
    }
}

static LTP(EnrolAsk) *enrol_ask_into(struct packing *packing, struct lt_bytes request)
{
    LTP(EnrolAsk) *wire = LTP_NEW(packing, enrol_ask);
    if (wire) {
        wire->request = bytes_into(request);
    }
    return wire;
}

static LTP(EnrolAnswer) *enrol_answer_into(struct packing *packing,
                                           const struct enrol_answer *answer)
{
    LTP(EnrolAnswer) *wire = LTP_NEW(packing, enrol_answer);
    if (wire) {
        wire->state = (uint32_t)answer->state;
        wire->code = answer->code;
        wire->detail = text_into(packing, answer->detail);
        wire->certificate = bytes_into(answer->certificate);
        wire->retry_after_ms = answer->retry_after_ms;
        wire->until_ms = answer->until_ms;
    }
    return wire;
}

void frame_body_into(struct packing *packing, const struct frame *frame, LTP(Frame) *ret_wire)
{
    switch (frame->kind) {
    case FRAME_NONE:
        break;
    case FRAME_HELLO:
        ret_wire->hello = hello_into(packing, &frame->hello);
        break;
    case FRAME_WELCOME:
        ret_wire->welcome = welcome_into(packing, &frame->welcome);
        break;
    case FRAME_NO_SESSION:
        ret_wire->no_session = no_session_into(packing, &frame->ending);
        break;
    case FRAME_BEAT:
        ret_wire->beat = beat_into(packing, &frame->beat);
        break;
    case FRAME_BYE:
        ret_wire->bye = bye_into(packing, &frame->ending);
        break;
    case FRAME_SUBMIT:
        ret_wire->submit = submit_into(packing, &frame->submit);
        break;
    case FRAME_VERDICT:
        ret_wire->verdict = verdict_into(packing, &frame->verdict);
        break;
    case FRAME_GRANT:
        ret_wire->grant = grant_into(packing, &frame->grant);
        break;
    case FRAME_DELIVER:
        ret_wire->deliver = deliver_into(packing, &frame->deliver);
        break;
    case FRAME_SETTLE:
        ret_wire->settle = settle_into(packing, &frame->settle);
        break;
    case FRAME_SETTLED:
        ret_wire->settled = settled_into(packing, &frame->settled);
        break;
    case FRAME_NOTICE:
        ret_wire->notice = notice_into(packing, &frame->notice);
        break;
    case FRAME_NOTICE_ACK:
        ret_wire->notice_ack = notice_ack_into(packing, frame->notice_cursor);
        break;
    case FRAME_QUERY:
        ret_wire->query = query_into(packing, &frame->query);
        break;
    case FRAME_PAGE:
        ret_wire->page = page_into(packing, &frame->page);
        break;
    case FRAME_ENROL_ASK:
        ret_wire->enrol_ask = enrol_ask_into(packing, frame->enrol_ask);
        break;
    case FRAME_ENROL_ANSWER:
        ret_wire->enrol_answer = enrol_answer_into(packing, &frame->enrol_answer);
        break;
    default:
        if (!ask_body_into(packing, frame, ret_wire) && !log_body_into(packing, frame, ret_wire)) {
            blob_body_into(packing, frame, ret_wire);
        }
        break;
    }
}
