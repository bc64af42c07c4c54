/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The message door, writing: the messages that ask back (frame_ask.h), in the manner of
 * message_frame_write.c: bytes are lent, texts copied for the sake of their NUL, memory that runs
 * out is sticky in the packing.
 */
#include "message_private.h"

static LTP(HeldAsk) *held_ask_into(struct packing *packing, const struct held_ask *ask)
{
    LTP(HeldAsk) *wire = LTP_NEW(packing, held_ask);
    if (!wire) {
        return NULL;
    }
    wire->items = message_list(packing, ask->count);
    for (uint32_t i = 0; wire->items && i < ask->count; i++) {
        const struct held_item *from = &ask->items[i];
        LTP(HeldItem) *item = LTP_NEW(packing, held_item);
        if (!item) {
            return NULL;
        }
        item->number = from->number;
        item->id = id_into(&from->id);
        item->leg = from->leg;
        item->position = from->position;
        item->digest = digest_into(&from->digest);
        wire->items[i] = item;
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(HeldSaid) *held_said_into(struct packing *packing, const struct held_said *from)
{
    LTP(HeldSaid) *item = LTP_NEW(packing, held_said);
    if (!item) {
        return NULL;
    }
    item->number = from->number;
    item->id = id_into(&from->id);
    item->leg = from->leg;
    item->position = from->position;
    item->held = (LTP(Held))from->held;
    item->outcome = (LTP(Outcome))from->outcome;
    item->code = from->code;
    item->reason = text_into(packing, from->reason);
    item->time_ms = from->time_ms;
    item->by = text_into(packing, from->by);
    return item;
}

static LTP(HeldAnswer) *held_answer_into(struct packing *packing, const struct held_answer *answer)
{
    LTP(HeldAnswer) *wire = LTP_NEW(packing, held_answer);
    if (!wire) {
        return NULL;
    }
    wire->items = message_list(packing, answer->count);
    for (uint32_t i = 0; wire->items && i < answer->count; i++) {
        wire->items[i] = held_said_into(packing, &answer->items[i]);
        if (!wire->items[i]) {
            return NULL;
        }
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(ListAsk) *list_ask_into(struct packing *packing, const struct list_ask *ask)
{
    LTP(ListAsk) *wire = LTP_NEW(packing, list_ask);
    if (wire) {
        wire->number = ask->number;
        wire->what = ask->what;
        wire->after = ask->after;
        wire->since_ms = ask->since_ms;
        wire->rows = ask->rows;
    }
    return wire;
}

static LTP(ListItem) *list_item_into(struct packing *packing, const struct list_item *from)
{
    LTP(ListItem) *item = LTP_NEW(packing, list_item);
    if (!item) {
        return NULL;
    }
    item->id = id_into(&from->id);
    item->leg = from->leg;
    item->position = from->position;
    item->digest = digest_into(&from->digest);
    item->state = text_into(packing, from->state);
    item->code = from->code;
    item->agency = text_into(packing, from->agency);
    item->case_code = text_into(packing, from->case_code);
    item->kind = (uint32_t)from->kind;
    item->accepted_ms = from->accepted_ms;
    item->sender_key = bytes_into(from->sender_key);
    item->since_ms = from->since_ms;
    return item;
}

static LTP(List) *list_into(struct packing *packing, const struct list_page *page)
{
    LTP(List) *wire = LTP_NEW(packing, list);
    if (!wire) {
        return NULL;
    }
    wire->number = page->number;
    wire->code = page->code;
    wire->next = page->next;
    wire->items = message_list(packing, page->count);
    for (uint32_t i = 0; wire->items && i < page->count; i++) {
        wire->items[i] = list_item_into(packing, &page->items[i]);
        if (!wire->items[i]) {
            return NULL;
        }
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(BytesAsk) *bytes_ask_into(struct packing *packing, const struct bytes_ask *ask)
{
    LTP(BytesAsk) *wire = LTP_NEW(packing, bytes_ask);
    if (!wire) {
        return NULL;
    }
    wire->items = message_list(packing, ask->count);
    for (uint32_t i = 0; wire->items && i < ask->count; i++) {
        LTP(BytesItem) *item = LTP_NEW(packing, bytes_item);
        if (!item) {
            return NULL;
        }
        item->position = ask->items[i].position;
        item->leg = ask->items[i].leg;
        item->id = id_into(&ask->items[i].id);
        item->sent = ask->items[i].sent;
        wire->items[i] = item;
        wire->n_items = i + 1;
    }
    return wire;
}

bool ask_body_into(struct packing *packing, const struct frame *frame, LTP(Frame) *ret_wire)
{
    switch (frame->kind) {
    case FRAME_HELD_ASK:
        ret_wire->held_ask = held_ask_into(packing, &frame->held_ask);
        return true;
    case FRAME_HELD_ANSWER:
        ret_wire->held_answer = held_answer_into(packing, &frame->held_answer);
        return true;
    case FRAME_LIST_ASK:
        ret_wire->list_ask = list_ask_into(packing, &frame->list_ask);
        return true;
    case FRAME_LIST:
        ret_wire->list = list_into(packing, &frame->list);
        return true;
    case FRAME_BYTES_ASK:
        ret_wire->bytes_ask = bytes_ask_into(packing, &frame->bytes_ask);
        return true;
    default:
        return false;
    }
}
