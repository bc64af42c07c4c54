/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The message door, reading: the messages that ask back (frame_ask.h), in the manner of
 * message_frame_read.c. What came has passed the pre-scan, so lengths, texts and the numbers of
 * items are right; only memory can fail, sticky in the packing.
 */
#include "message_private.h"

static struct held_ask held_ask_from(struct packing *packing, const LTP(HeldAsk) *wire)
{
    struct held_ask ask = {0};
    ask.items = items_new(packing, wire->n_items, sizeof(*ask.items));
    ask.count = ask.items ? (uint32_t)wire->n_items : 0;
    for (uint32_t i = 0; i < ask.count; i++) {
        const LTP(HeldItem) *from = wire->items[i];
        ask.items[i] = (struct held_item){
            .number = from->number,
            .id = id_from(from->id),
            .leg = from->leg,
            .position = from->position,
            .digest = digest_from(from->digest),
        };
    }
    return ask;
}

static struct held_answer held_answer_from(struct packing *packing, const LTP(HeldAnswer) *wire)
{
    struct held_answer answer = {0};
    answer.items = items_new(packing, wire->n_items, sizeof(*answer.items));
    answer.count = answer.items ? (uint32_t)wire->n_items : 0;
    for (uint32_t i = 0; i < answer.count; i++) {
        const LTP(HeldSaid) *from = wire->items[i];
        answer.items[i] = (struct held_said){
            .number = from->number,
            .id = id_from(from->id),
            .leg = from->leg,
            .position = from->position,
            .held = (enum lt_held)from->held,
            .outcome = (enum lt_outcome)from->outcome,
            .code = from->code,
            .reason = text_from(from->reason),
            .time_ms = from->time_ms,
            .by = text_from(from->by),
        };
    }
    return answer;
}

static struct list_ask list_ask_from(const LTP(ListAsk) *wire)
{
    return (struct list_ask){
        .number = wire->number,
        .what = wire->what,
        .after = wire->after,
        .since_ms = wire->since_ms,
        .rows = wire->rows,
    };
}

static struct list_page list_from(struct packing *packing, const LTP(List) *wire)
{
    struct list_page page = {.number = wire->number, .code = wire->code, .next = wire->next};
    page.items = items_new(packing, wire->n_items, sizeof(*page.items));
    page.count = page.items ? (uint32_t)wire->n_items : 0;
    for (uint32_t i = 0; i < page.count; i++) {
        const LTP(ListItem) *from = wire->items[i];
        page.items[i] = (struct list_item){
            .id = id_from(from->id),
            .leg = from->leg,
            .position = from->position,
            .digest = digest_from(from->digest),
            .state = text_from(from->state),
            .code = from->code,
            .agency = text_from(from->agency),
            .case_code = text_from(from->case_code),
            .kind = (enum lt_kind)from->kind,
            .accepted_ms = from->accepted_ms,
            .sender_key = bytes_from(from->sender_key),
            .since_ms = from->since_ms,
        };
    }
    return page;
}

static struct bytes_ask bytes_ask_from(struct packing *packing, const LTP(BytesAsk) *wire)
{
    struct bytes_ask ask = {0};
    ask.items = items_new(packing, wire->n_items, sizeof(*ask.items));
    ask.count = ask.items ? (uint32_t)wire->n_items : 0;
    for (uint32_t i = 0; i < ask.count; i++) {
        const LTP(BytesItem) *from = wire->items[i];
        ask.items[i] =
            (struct bytes_item){from->position, from->leg, id_from(from->id), from->sent};
    }
    return ask;
}

bool ask_body_from(struct packing *packing, const LTP(Frame) *wire, struct frame *ret_frame)
{
    switch (ret_frame->kind) {
    case FRAME_HELD_ASK:
        ret_frame->held_ask = held_ask_from(packing, wire->held_ask);
        return true;
    case FRAME_HELD_ANSWER:
        ret_frame->held_answer = held_answer_from(packing, wire->held_answer);
        return true;
    case FRAME_LIST_ASK:
        ret_frame->list_ask = list_ask_from(wire->list_ask);
        return true;
    case FRAME_LIST:
        ret_frame->list = list_from(packing, wire->list);
        return true;
    case FRAME_BYTES_ASK:
        ret_frame->bytes_ask = bytes_ask_from(packing, wire->bytes_ask);
        return true;
    default:
        return false;
    }
}
