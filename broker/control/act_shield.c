/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Letting a shielded agency in again, and what was set aside. A shield is set by the broker alone,
 * after crashes; only a person who has looked lifts it.
 */
#include "ask.h"
#include "broker/flow/shield.h"
#include "proto/base/text.h"

#define CURSOR_INDEX_BYTES 4

enum lt_status act_agency_unshield(struct ask *ask)
{
    uint64_t position = 0;
    uint32_t agency = 0;
    bool given;
    struct lt_bytes reason = ask_arg(ask, "reason");
    enum lt_status status = ask_agency(ask, "id", &agency, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given || reason.size == 0) {
        return ask_missing(ask, given ? "reason" : "id");
    }
    if (agency == AGENCY_NONE) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "unknown agency");
    }
    reason.size = utf8_cut((const char *)reason.data, reason.size, LT_REASON_MAX);
    bool shielded = desk_of(&ask->flow->desks, agency)->shielded;
    if (shielded) {
        if (!flow_room_small(ask->flow)) {
            return LT_BUSY;
        }
        status =
            shield_set(ask->flow, agency, false, text_bytes(ask->person->name), reason, &position);
        if (status != LT_OK) {
            return status;
        }
    }
    page_row(&ask->page);
    page_bytes(&ask->page, "id", ask_arg(ask, "id"));
    page_text(&ask->page, "change", shielded ? "changed" : "same");
    page_number(&ask->page, "position", position);
    return LT_OK;
}

static void put_set_aside(struct ask *ask, const struct set_aside *item)
{
    page_row(&ask->page);
    page_number(&ask->page, "position", item->position);
    page_text(&ask->page, "kind", fact_kind_name(item->kind));
    page_text(&ask->page, "what", item->why);
    page_time(&ask->page, "found_ms", item->found_ms);
}

enum lt_status query_quarantine(struct ask *ask)
{
    const struct quarantine *quarantine = &ask->flow->quarantine;
    struct wire_reader reader;
    bool resumed;
    enum lt_status status = ask_cursor(ask, CURSOR_INDEX_BYTES, &reader, &resumed);
    if (status != LT_OK) {
        return status;
    }
    for (uint32_t i = resumed ? wire_u32(&reader) : 0; i < quarantine->count; i++) {
        if (page_full(&ask->page)) {
            uint8_t cursor[CURSOR_INDEX_BYTES];
            struct wire_writer w;
            wire_write_init(&w, cursor, sizeof(cursor));
            wire_put_u32(&w, i);
            page_cursor(&ask->page, wire_written(&w));
            break;
        }
        put_set_aside(ask, &quarantine->items[i]);
    }
    return LT_OK;
}
