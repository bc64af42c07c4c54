/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The message door, reading: the body of an unpacked frame into the structs of frame.h, one
 * function for each message. Everything has passed the pre-scan, so lengths and texts are right and
 * only memory can fail (sticky in the packing). Texts and bytes stay where the decoder put them in
 * the arena; only lists of items are built anew.
 */
#include <string.h>

#include "message_private.h"

static struct window window_from(const LTP(Window) *wire)
{
    return wire ? (struct window){wire->parcels, wire->bytes} : (struct window){0, 0};
}

static struct ending ending_from(uint32_t code, const char *detail, uint32_t retry_after_ms)
{
    return (struct ending){code, text_from(detail), retry_after_ms};
}

static struct hello hello_from(const LTP(Hello) *wire)
{
    return (struct hello){
        .protocol_min = wire->protocol_min,
        .protocol_max = wire->protocol_max,
        .instance = id_from(wire->instance),
        .epoch = wire->epoch,
        .role = (enum frame_role)wire->role,
        .software = text_from(wire->software),
        .clock_ms = wire->clock_ms,
        .notice_cursor = wire->notice_cursor,
        .checkpoint = bytes_from(wire->checkpoint),
    };
}

static struct limits_told limits_from(const LTP(Limits) *wire)
{
    if (!wire) {
        return (struct limits_told){0};
    }
    return (struct limits_told){
        .frame_bytes = wire->frame_bytes,
        .submit_bytes = wire->submit_bytes,
        .parcels = wire->parcels,
        .header_bytes = wire->header_bytes,
        .body_bytes = wire->body_bytes,
        .legs = wire->legs,
        .attachments = wire->attachments,
        .attachment_bytes = wire->attachment_bytes,
        .beat_ms = wire->beat_ms,
        .lease_ms = wire->lease_ms,
    };
}

static struct welcome welcome_from(const LTP(Welcome) *wire)
{
    return (struct welcome){
        .version = wire->version,
        .session = wire->session,
        .broker_epoch = wire->broker_epoch,
        .limits = limits_from(wire->limits),
        .submit = window_from(wire->submit),
        .clock_ms = wire->clock_ms,
        .standby = wire->standby,
        .agency = text_from(wire->agency),
        .backed_up_to = wire->backed_up_to,
        .blob_endpoint = text_from(wire->blob_endpoint),
        .incarnation = wire->incarnation,
        .durable = wire->durable,
        .restored_to = wire->restored_to,
        .notice_seq = wire->notice_seq,
        .run = wire->run,
        .run_from = wire->run_from,
        .checkpoint = bytes_from(wire->checkpoint),
        .log_key = text_from(wire->log_key),
    };
}

static struct beat beat_from(const LTP(Beat) *wire)
{
    return (struct beat){
        .clock_ms = wire->clock_ms,
        .submit = window_from(wire->submit),
        .want_bytes = wire->want_bytes,
        .standby = wire->standby,
        .backed_up_to = wire->backed_up_to,
        .durable = wire->durable,
    };
}

void *items_new(struct packing *packing, size_t count, size_t item_bytes)
{
    return count > 0 ? packing_alloc(packing, count * item_bytes) : NULL;
}

static struct submit submit_from(struct packing *packing, const LTP(Submit) *wire)
{
    struct submit submit = {.want_bytes = wire->want_bytes};
    if (wire->seal) {
        submit.seal = (struct submit_seal){wire->seal->algorithm, bytes_from(wire->seal->key_id),
                                           bytes_from(wire->seal->signature), wire->seal->batch};
    }
    submit.parcels = items_new(packing, wire->n_parcels, sizeof(*submit.parcels));
    if (!submit.parcels) {
        return submit;
    }
    submit.count = (uint32_t)wire->n_parcels;
    for (uint32_t i = 0; i < submit.count; i++) {
        const LTP(Parcel) *from = wire->parcels[i];
        submit.parcels[i] = (struct parcel){bytes_from(from->header), bytes_from(from->body),
                                            digest_from(from->digest)};
    }
    return submit;
}

static struct verdict verdict_from(struct packing *packing, const LTP(Verdict) *wire)
{
    struct verdict verdict = {.submit = window_from(wire->submit),
                              .broker_epoch = wire->broker_epoch};
    verdict.items = items_new(packing, wire->n_items, sizeof(*verdict.items));
    if (!verdict.items) {
        return verdict;
    }
    verdict.count = (uint32_t)wire->n_items;
    for (uint32_t i = 0; i < verdict.count; i++) {
        const LTP(VerdictItem) *from = wire->items[i];
        verdict.items[i] = (struct verdict_item){
            .id = id_from(from->id),
            .code = from->code,
            .known_as = id_from(from->known_as),
            .position = from->position,
            .time_ms = from->time_ms,
            .field = text_from(from->field),
            .detail = text_from(from->detail),
            .retry_after_ms = from->retry_after_ms,
        };
    }
    return verdict;
}

static struct deliver deliver_from(struct packing *packing, const LTP(Deliver) *wire)
{
    struct deliver deliver = {0};
    deliver.items = items_new(packing, wire->n_items, sizeof(*deliver.items));
    if (!deliver.items) {
        return deliver;
    }
    deliver.count = (uint32_t)wire->n_items;
    for (uint32_t i = 0; i < deliver.count; i++) {
        const LTP(Delivery) *from = wire->items[i];
        deliver.items[i] = (struct delivery){
            .header = bytes_from(from->header),
            .body = bytes_from(from->body),
            .position = from->position,
            .leg = from->leg,
            .attempt = from->attempt,
            .accepted_ms = from->accepted_ms,
            .again = from->again,
            .digest = digest_from(from->digest),
            .restored = from->restored,
            .seal = bytes_from(from->seal),
        };
    }
    return deliver;
}

static struct settle settle_from(struct packing *packing, const LTP(Settle) *wire)
{
    struct settle settle = {0};
    settle.items = items_new(packing, wire->n_items, sizeof(*settle.items));
    if (!settle.items) {
        return settle;
    }
    settle.count = (uint32_t)wire->n_items;
    for (uint32_t i = 0; i < settle.count; i++) {
        const LTP(Settlement) *from = wire->items[i];
        settle.items[i] = (struct settlement){
            .id = id_from(from->id),
            .leg = from->leg,
            .attempt = from->attempt,
            .outcome = (enum lt_outcome)from->outcome,
            .code = from->code,
            .reason = text_from(from->reason),
            .retry_after_ms = from->retry_after_ms,
            .permanent = from->permanent,
            .time_ms = from->time_ms,
            .from_digest = digest_from(from->from_digest),
            .position = from->position,
            .number = from->number,
        };
    }
    return settle;
}

static struct settled settled_from(struct packing *packing, const LTP(Settled) *wire)
{
    struct settled settled = {.broker_epoch = wire->broker_epoch};
    settled.items = items_new(packing, wire->n_items, sizeof(*settled.items));
    if (!settled.items) {
        return settled;
    }
    settled.count = (uint32_t)wire->n_items;
    for (uint32_t i = 0; i < settled.count; i++) {
        const LTP(SettledItem) *from = wire->items[i];
        settled.items[i] = (struct settled_item){
            .id = id_from(from->id),
            .leg = from->leg,
            .code = from->code,
            .position = from->position,
            .number = from->number,
        };
    }
    return settled;
}

static struct notice notice_from(struct packing *packing, const LTP(Notice) *wire)
{
    struct notice notice = {.broker_epoch = wire->broker_epoch};
    notice.items = items_new(packing, wire->n_items, sizeof(*notice.items));
    if (!notice.items) {
        return notice;
    }
    notice.count = (uint32_t)wire->n_items;
    for (uint32_t i = 0; i < notice.count; i++) {
        const LTP(NoticeItem) *from = wire->items[i];
        notice.items[i] = (struct notice_item){
            .seq = from->seq,
            .id = id_from(from->id),
            .leg = from->leg,
            .agency = text_from(from->agency),
            .state = text_from(from->state),
            .code = from->code,
            .reason = text_from(from->reason),
            .time_ms = from->time_ms,
            .level = from->level,
            .sender_key = bytes_from(from->sender_key),
            .case_code = text_from(from->case_code),
            .position = from->position,
        };
    }
    return notice;
}

static struct pair *pairs_from(struct packing *packing, LTP(Pair) *const *wire, size_t count,
                               uint32_t *ret_count)
{
    struct pair *pairs = items_new(packing, count, sizeof(*pairs));
    *ret_count = pairs ? (uint32_t)count : 0;
    for (uint32_t i = 0; i < *ret_count; i++) {
        pairs[i] = (struct pair){text_from(wire[i]->name), text_from(wire[i]->value)};
    }
    return pairs;
}

static struct query query_from(struct packing *packing, const LTP(Query) *wire)
{
    struct query query = {
        .number = wire->number,
        .verb = text_from(wire->verb),
        .cursor = bytes_from(wire->cursor),
        .rows = wire->rows,
        .payload = bytes_from(wire->payload),
    };
    query.args = pairs_from(packing, wire->args, wire->n_args, &query.args_count);
    return query;
}

static struct page page_from(struct packing *packing, const LTP(Page) *wire)
{
    struct page page = {
        .number = wire->number,
        .code = wire->code,
        .detail = text_from(wire->detail),
        .cursor = bytes_from(wire->cursor),
    };
    page.rows = items_new(packing, wire->n_rows, sizeof(*page.rows));
    page.count = page.rows ? (uint32_t)wire->n_rows : 0;
    for (uint32_t i = 0; i < page.count; i++) {
        const LTP(Row) *from = wire->rows[i];
        page.rows[i].fields =
            pairs_from(packing, from->fields, from->n_fields, &page.rows[i].count);
    }
    return page;
}

static struct blob blob_refused_from(const LTP(BlobRefused) *wire)
{
    return (struct blob){
        .sha256 = digest_from(wire->sha256),
        .code = wire->code,
        .detail = text_from(wire->detail),
        .retry_after_ms = wire->retry_after_ms,
    };
}

static struct blob blob_from(const LTP(Frame) *wire)
{
    switch (wire->body_case) {
    case FRAME_BLOB_OFFER:
        return (struct blob){.sha256 = digest_from(wire->blob_offer->sha256),
                             .size = wire->blob_offer->size};
    case FRAME_BLOB_WANT:
        return (struct blob){.sha256 = digest_from(wire->blob_want->sha256),
                             .offset = wire->blob_want->offset,
                             .credit = wire->blob_want->credit};
    case FRAME_BLOB_CHUNK:
        return (struct blob){.sha256 = digest_from(wire->blob_chunk->sha256),
                             .offset = wire->blob_chunk->offset,
                             .data = bytes_from(wire->blob_chunk->data),
                             .size = wire->blob_chunk->size};
    case FRAME_BLOB_STORED:
        return (struct blob){.sha256 = digest_from(wire->blob_stored->sha256),
                             .size = wire->blob_stored->size};
    case FRAME_BLOB_REFUSED:
        return blob_refused_from(wire->blob_refused);
    default:
        return (struct blob){.sha256 = digest_from(wire->blob_fetch->sha256),
                             .offset = wire->blob_fetch->offset,
                             .credit = wire->blob_fetch->credit};
    }
}

static struct enrol_answer enrol_answer_from(const LTP(EnrolAnswer) *wire)
{
    return (struct enrol_answer){
        .state = (enum enrol_state)wire->state,
        .code = wire->code,
        .detail = text_from(wire->detail),
        .certificate = bytes_from(wire->certificate),
        .retry_after_ms = wire->retry_after_ms,
        .until_ms = wire->until_ms,
    };
}

void frame_body_from(struct packing *packing, const LTP(Frame) *wire, struct frame *ret_frame)
{
    switch (ret_frame->kind) {
    case FRAME_NONE:
        break;
    case FRAME_HELLO:
        ret_frame->hello = hello_from(wire->hello);
        break;
    case FRAME_WELCOME:
        ret_frame->welcome = welcome_from(wire->welcome);
        break;
    case FRAME_NO_SESSION:
        ret_frame->ending = ending_from(wire->no_session->code, wire->no_session->detail,
                                        wire->no_session->retry_after_ms);
        break;
    case FRAME_BEAT:
        ret_frame->beat = beat_from(wire->beat);
        break;
    case FRAME_BYE:
        ret_frame->ending =
            ending_from(wire->bye->code, wire->bye->detail, wire->bye->retry_after_ms);
        break;
    case FRAME_SUBMIT:
        ret_frame->submit = submit_from(packing, wire->submit);
        break;
    case FRAME_VERDICT:
        ret_frame->verdict = verdict_from(packing, wire->verdict);
        break;
    case FRAME_GRANT:
        ret_frame->grant = (struct grant){window_from(wire->grant->deliver), wire->grant->notices};
        break;
    case FRAME_DELIVER:
        ret_frame->deliver = deliver_from(packing, wire->deliver);
        break;
    case FRAME_SETTLE:
        ret_frame->settle = settle_from(packing, wire->settle);
        break;
    case FRAME_SETTLED:
        ret_frame->settled = settled_from(packing, wire->settled);
        break;
    case FRAME_NOTICE:
        ret_frame->notice = notice_from(packing, wire->notice);
        break;
    case FRAME_NOTICE_ACK:
        ret_frame->notice_cursor = wire->notice_ack->cursor;
        break;
    case FRAME_QUERY:
        ret_frame->query = query_from(packing, wire->query);
        break;
    case FRAME_PAGE:
        ret_frame->page = page_from(packing, wire->page);
        break;
    case FRAME_ENROL_ASK:
        ret_frame->enrol_ask = bytes_from(wire->enrol_ask->request);
        break;
    case FRAME_ENROL_ANSWER:
        ret_frame->enrol_answer = enrol_answer_from(wire->enrol_answer);
        break;
    default:
        if (!ask_body_from(packing, wire, ret_frame) && !log_body_from(packing, wire, ret_frame)) {
            ret_frame->blob = blob_from(wire);
        }
        break;
    }
}
