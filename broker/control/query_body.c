/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The one way to see a body: by name, with a purpose, for those whose role allows it. The view is a
 * fact, staged before anything is put on the page; the page waits for its ticket like every page,
 * so a body leaves the house only when the journal says durably who asked for it and why.
 *
 * With the body come what stands in the clear header and names people or their papers: officers,
 * return place, names of attachments. No other verb shows them.
 *
 * A view that ends without an answer (no memory, a line that broke) is recorded all the same: it is
 * the asking that is told.
 */
#include "ask.h"
#include "broker/flow/enable.h"
#include "broker/journal/fact_seen.h"
#include "proto/base/text.h"

#define FACT_BYTES (LT_REASON_MAX + 256)

/* The sender or one of the receivers is this person's. */
static bool in_scope(const struct ask *ask, const struct transfer_key *key,
                     const struct transfer *t)
{
    const struct registry *registry = ask->flow->registry;
    const struct agency *from = registry_by_number(registry, key->from);
    bool may = operator_may_touch(ask->person, from == NULL ? "" : from->id);
    for (uint8_t i = 0; i < t->legs_count && !may; i++) {
        const struct agency *to = registry_by_number(registry, t->legs[i].agency);
        may = operator_may_touch(ask->person, to == NULL ? "" : to->id);
    }
    return may;
}

enum lt_status seen_stage(struct ask *ask, const struct transfer_key *key, const struct transfer *t,
                          uint8_t what, uint64_t *ret_position)
{
    uint8_t memory[FACT_BYTES];
    struct lt_bytes purpose = ask_arg(ask, "purpose");
    purpose.size = utf8_cut((const char *)purpose.data, purpose.size, LT_REASON_MAX);
    bool said = false;
    for (size_t i = 0; i < purpose.size && !said; i++) {
        said = purpose.data[i] > ' ';
    }
    if (!said) {
        return ask_missing(ask, "purpose");
    }
    if (!flow_writes(ask->flow, FACT_SEEN)) {
        return fault_set(&ask->fault, LT_FORMAT_NOT_ENABLED, "format", "%u", FORMAT_TRUST);
    }
    if (!in_scope(ask, key, t)) {
        return fault_set(&ask->fault, LT_SCOPE, "agency", "neither sender nor receiver");
    }
    struct fact_seen seen = {
        .position = t->position,
        .what = what,
        .person = text_bytes(ask->person->name),
        .purpose = purpose,
    };
    return ask_fact(ask, FACT_SEEN, fact_write_seen(memory, sizeof(memory), &seen), ret_position);
}

/* ---- rows ---- */

static void put_some(struct page_draft *page, const char *name, struct lt_bytes value)
{
    if (value.size > 0) {
        page_bytes(page, name, value);
    }
}

static void put_body(struct ask *ask, const struct transfer_key *key, const struct header *header,
                     struct lt_bytes body, uint64_t seen)
{
    struct page_draft *page = &ask->page;
    const struct business *business = &header->business;
    page_row(page);
    page_text(page, "row", "body");
    page_id(page, "id", &key->id);
    page_bytes(page, "case", header->case_code); /* with the body goes everything */
    page_number(page, "seen", seen);
    put_some(page, "handing_officer", business->handing_officer);
    put_some(page, "handing_unit", business->handing_unit);
    put_some(page, "receiving_officer", business->receiving_officer);
    put_some(page, "receiving_unit", business->receiving_unit);
    put_some(page, "return_place", business->return_place);
    page_bytes(page, "body_type", header->body_type);
    page_number(page, "body_bytes", body.size);
    page_flag(page, "body_attached", header->body_attached);
    if (utf8_valid(body)) {
        page_bytes(page, "body", body);
    } else {
        page_hex(page, "body_hex", body);
    }
}

static void put_attachments(struct ask *ask, const struct header *header)
{
    struct page_draft *page = &ask->page;
    for (uint32_t i = 0; i < header->attachments_count && !page_full(page); i++) {
        const struct attachment *attachment = &header->attachments[i];
        page_row(page);
        page_text(page, "row", "attachment");
        page_bytes(page, "component", attachment->component);
        page_bytes(page, "name", attachment->name);
        page_number(page, "size", attachment->size);
        page_hex(page, "sha256",
                 (struct lt_bytes){attachment->sha256.bytes, sizeof(attachment->sha256.bytes)});
    }
}

enum lt_status query_body(struct ask *ask)
{
    struct transfer_key key;
    struct transfer t;
    struct header header;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    uint64_t position = 0;
    enum lt_status status = ask_transfer(ask, &key, &t);
    if (status == LT_OK && t.code != 0) {
        status = fault_set(&ask->fault, LT_NOT_FOUND, "body", "it was refused");
    }
    if (status == LT_OK) {
        status = ask_parcel(ask, t.position, &header, &header_bytes, &body);
    }
    if (status == LT_OK) {
        status = seen_stage(ask, &key, &t, SEEN_BODY, &position);
    }
    if (status == LT_OK) {
        put_body(ask, &key, &header, body, position);
        put_attachments(ask, &header);
    }
    return status;
}
