/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The message door, both ways, for the messages about the log (frame_log.h), in the manner of
 * message_ask_read.c and message_ask_write.c: what came has passed the pre-scan; bytes are lent,
 * texts copied for the sake of their NUL, memory that runs out is sticky in the packing.
 */
#include "message_private.h"

/* ---- reading ---- */

static struct receipts receipts_from(struct packing *packing, const LTP(Receipts) *wire)
{
    struct receipts receipts = {
        .checkpoint = bytes_from(wire->checkpoint),
        .index = wire->index,
        .position = wire->position,
        .leaves = wire->leaves,
        .log_path = bytes_from(wire->log_path),
        .nodes = bytes_from(wire->nodes),
    };
    receipts.items = items_new(packing, wire->n_items, sizeof(*receipts.items));
    receipts.count = receipts.items ? (uint32_t)wire->n_items : 0;
    for (uint32_t i = 0; i < receipts.count; i++) {
        receipts.items[i] =
            (struct receipt_item){wire->items[i]->index, bytes_from(wire->items[i]->leaf)};
    }
    return receipts;
}

static struct log_ask log_ask_from(const LTP(LogAsk) *wire)
{
    return (struct log_ask){
        .number = wire->number,
        .origin = text_from(wire->origin),
        .size = wire->size,
        .position = wire->position,
        .also = wire->also,
    };
}

static struct log_proof log_proof_from(const LTP(LogProof) *wire)
{
    return (struct log_proof){
        .number = wire->number,
        .code = wire->code,
        .checkpoint = bytes_from(wire->checkpoint),
        .first = wire->first,
        .path = bytes_from(wire->path),
        .broken = bytes_from(wire->broken),
        .also_path = bytes_from(wire->also_path),
    };
}

bool log_body_from(struct packing *packing, const LTP(Frame) *wire, struct frame *ret_frame)
{
    switch (ret_frame->kind) {
    case FRAME_RECEIPTS:
        ret_frame->receipts = receipts_from(packing, wire->receipts);
        return true;
    case FRAME_LOG_ASK:
        ret_frame->log_ask = log_ask_from(wire->log_ask);
        return true;
    case FRAME_LOG_PROOF:
        ret_frame->log_proof = log_proof_from(wire->log_proof);
        return true;
    default:
        return false;
    }
}

/* ---- writing ---- */

static LTP(Receipts) *receipts_into(struct packing *packing, const struct receipts *receipts)
{
    LTP(Receipts) *wire = LTP_NEW(packing, receipts);
    if (!wire) {
        return NULL;
    }
    wire->checkpoint = bytes_into(receipts->checkpoint);
    wire->index = receipts->index;
    wire->position = receipts->position;
    wire->leaves = receipts->leaves;
    wire->log_path = bytes_into(receipts->log_path);
    wire->nodes = bytes_into(receipts->nodes);
    wire->items = message_list(packing, receipts->count);
    for (uint32_t i = 0; wire->items && i < receipts->count; i++) {
        LTP(ReceiptItem) *item = LTP_NEW(packing, receipt_item);
        if (!item) {
            return NULL;
        }
        item->index = receipts->items[i].index;
        item->leaf = bytes_into(receipts->items[i].leaf);
        wire->items[i] = item;
        wire->n_items = i + 1;
    }
    return wire;
}

static LTP(LogAsk) *log_ask_into(struct packing *packing, const struct log_ask *ask)
{
    LTP(LogAsk) *wire = LTP_NEW(packing, log_ask);
    if (wire) {
        wire->number = ask->number;
        wire->origin = text_into(packing, ask->origin);
        wire->size = ask->size;
        wire->position = ask->position;
        wire->also = ask->also;
    }
    return wire;
}

static LTP(LogProof) *log_proof_into(struct packing *packing, const struct log_proof *proof)
{
    LTP(LogProof) *wire = LTP_NEW(packing, log_proof);
    if (wire) {
        wire->number = proof->number;
        wire->code = proof->code;
        wire->checkpoint = bytes_into(proof->checkpoint);
        wire->first = proof->first;
        wire->path = bytes_into(proof->path);
        wire->broken = bytes_into(proof->broken);
        wire->also_path = bytes_into(proof->also_path);
    }
    return wire;
}

bool log_body_into(struct packing *packing, const struct frame *frame, LTP(Frame) *ret_wire)
{
    switch (frame->kind) {
    case FRAME_RECEIPTS:
        ret_wire->receipts = receipts_into(packing, &frame->receipts);
        return true;
    case FRAME_LOG_ASK:
        ret_wire->log_ask = log_ask_into(packing, &frame->log_ask);
        return true;
    case FRAME_LOG_PROOF:
        ret_wire->log_proof = log_proof_into(packing, &frame->log_proof);
        return true;
    default:
        return false;
    }
}
