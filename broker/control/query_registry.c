/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who may talk to whom, and who does: agencies with their lines and backlogs, routes, and one whole
 * entry for whoever wants to change it. Pages go on behind the last number or route shown, so what
 * is added or removed meanwhile neither hides nor repeats the others.
 */
#include <string.h>

#include "ask.h"
#include "broker/registry/agency.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define CURSOR_NUMBER_BYTES 4

static uint32_t keys_valid(const struct agency *agency, int64_t now_ms)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < agency->keys_count; i++) {
        const struct agency_key *key = &agency->keys[i];
        bool open = key->to_ms == 0 || now_ms < key->to_ms;
        count += !key->revoked && key->from_ms <= now_ms && open;
    }
    return count;
}

static void put_agency(struct ask *ask, const struct agency *agency)
{
    struct page_draft *page = &ask->page;
    const struct desk *desk = desk_of(&ask->flow->desks, agency->number);
    const struct counts *counts = &desk->counts;
    page_row(page);
    page_text(page, "id", agency->id);
    page_text(page, "name", agency->name);
    page_text(page, "kind", agency_kind_name(agency->kind));
    page_text(page, "locality", agency->locality);
    page_text(page, "contact", agency->contact);
    page_flag(page, "connected", desk->sessions != 0);
    page_flag(page, "key_next", desk->sessions != 0 && desk->sessions_next == desk->sessions);
    page_time(page, "since_ms", desk->line_since_ms);
    page_number(page, "open",
                counts->accepted - counts->taken - counts->refused - counts->expired -
                    counts->cancelled);
    page_number(page, "parked", counts->parked);
    page_number(page, "in_flight", desk->in_flight);
    page_number(page, "notices_waiting", counts->notice_seq - counts->notice_cursor);
    page_number(page, "open_bytes", counts->open_bytes);
    page_flag(page, "share_full", desk->share_full);
    page_flag(page, "suspended", agency->suspended);
    page_flag(page, "paused", agency->paused);
    page_flag(page, "draining", agency->draining);
    page_flag(page, "shielded", desk->shielded);
    page_text(page, "successor", agency->successor);
    if (agency->successor_from_ms != 0) {
        page_time(page, "successor_from_ms", agency->successor_from_ms);
    }
    page_number(page, "keys", keys_valid(agency, ask->flow->now_ms));
}

/* The agency an argument names; LT_FIELD_BAD, or LT_NOT_FOUND. */
static enum lt_status named_agency(struct ask *ask, const struct agency **ret_agency)
{
    struct lt_bytes id = ask_arg(ask, "id");
    if (!agency_id_valid(id)) {
        return ask_bad(ask, "id");
    }
    const struct agency *agency = registry_by_id(ask->flow->registry, id);
    if (agency == NULL) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "%.*s", (int)id.size,
                         (const char *)id.data);
    }
    *ret_agency = agency;
    return LT_OK;
}

static enum lt_status one_agency(struct ask *ask)
{
    const struct agency *agency = NULL;
    enum lt_status status = named_agency(ask, &agency);
    if (status == LT_NOT_FOUND) {
        fault_init(&ask->fault);
        return LT_OK; /* an empty answer to a filter */
    }
    if (agency != NULL) {
        put_agency(ask, agency);
    }
    return status;
}

enum lt_status query_agencies(struct ask *ask)
{
    struct wire_reader reader;
    bool resumed;
    const struct agency *agency;
    if (ask_arg(ask, "id").size > 0) {
        return one_agency(ask);
    }
    enum lt_status status = ask_cursor(ask, CURSOR_NUMBER_BYTES, &reader, &resumed);
    if (status != LT_OK) {
        return status;
    }
    uint32_t next = resumed ? wire_u32(&reader) : 0;
    for (uint32_t i = 0; (agency = registry_at(ask->flow->registry, i)) != NULL; i++) {
        if (agency->number < next) {
            continue;
        }
        if (page_full(&ask->page)) {
            uint8_t cursor[CURSOR_NUMBER_BYTES];
            struct wire_writer w;
            wire_write_init(&w, cursor, sizeof(cursor));
            wire_put_u32(&w, agency->number);
            page_cursor(&ask->page, wire_written(&w));
            return LT_OK;
        }
        put_agency(ask, agency);
    }
    return LT_OK;
}

enum lt_status query_agency_get(struct ask *ask)
{
    uint8_t memory[AGENCY_BYTES_MAX];
    const struct agency *agency = NULL;
    if (ask_arg(ask, "id").size == 0) {
        return ask_missing(ask, "id");
    }
    enum lt_status status = named_agency(ask, &agency);
    if (agency == NULL) {
        return status;
    }
    page_row(&ask->page);
    page_text(&ask->page, "id", agency->id);
    page_number(&ask->page, "number", agency->number);
    page_hex(&ask->page, "entry", agency_write(memory, sizeof(memory), agency));
    return LT_OK;
}

/* ---- routes -----------------------------------------------------------------------------------
 */

static int route_order(const struct route *a, const struct route *b)
{
    int order = strcmp(a->procedure, b->procedure);
    order = order != 0 ? order : strcmp(a->locality, b->locality);
    order = order != 0 ? order : (int)a->kind - (int)b->kind;
    return order != 0 ? order : strcmp(a->to, b->to);
}

static void put_route(struct ask *ask, const struct route *route)
{
    struct page_draft *page = &ask->page;
    const struct agency *to = registry_by_id(ask->flow->registry, text_bytes(route->to));
    page_row(page);
    page_text(page, "procedure", route->procedure);
    page_text(page, "locality", route->locality);
    page_text(page, "kind", route->kind == 0 ? "" : kind_name((enum lt_kind)route->kind));
    page_text(page, "to", route->to);
    page_text(page, "to_name", to == NULL ? "" : to->name);
}

enum lt_status query_routes(struct ask *ask)
{
    uint8_t memory[ROUTE_BYTES_MAX];
    struct route last;
    const struct route *route;
    bool resumed = ask->query->cursor.size > 0;
    if (resumed && !route_read(ask->query->cursor, &last)) {
        return fault_set(&ask->fault, LT_FIELD_BAD, "cursor", "of another query");
    }
    const struct route *shown = NULL;
    for (uint32_t i = 0; (route = registry_route_at(ask->flow->registry, i)) != NULL; i++) {
        if (resumed && route_order(route, &last) <= 0) {
            continue;
        }
        if (page_full(&ask->page) && shown != NULL) {
            page_cursor(&ask->page, route_write(memory, sizeof(memory), shown));
            return LT_OK;
        }
        put_route(ask, route);
        shown = route;
    }
    return LT_OK;
}
