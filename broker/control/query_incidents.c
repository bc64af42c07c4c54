/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Incidents for people: the open ones first, by agency, then the closed ones from the latest back.
 * Open ones have entries of their own, so an old house answers as fast as a new one; the closed
 * ones go by their numbers, one look each. What waits behind an incident comes from the agency's
 * counters, never from a walk over its legs.
 *
 * A note says in words who looks after an incident; it is a fact with the person's name, and the
 * last one stands.
 */
#include <string.h>

#include "ask.h"
#include "broker/flow/fold_incident.h"
#include "proto/base/text.h"

#define CURSOR_BYTES (1 + 4 + 2 + 8)

/* Where the page goes on. */
struct place {
    bool open; /* among the open ones */
    uint32_t agency;
    uint16_t code;
    uint64_t number; /* of the next closed one */
};

static void put_cursor(struct ask *ask, const struct place *place)
{
    uint8_t cursor[CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u8(&w, place->open ? 1 : 0);
    wire_put_u32(&w, place->agency);
    wire_put_u16(&w, place->code);
    wire_put_u64(&w, place->number);
    page_cursor(&ask->page, wire_written(&w));
}

static enum lt_status read_cursor(struct ask *ask, struct place *place)
{
    struct wire_reader r;
    bool resumed;
    *place = (struct place){.open = true, .number = ask->flow->incidents};
    enum lt_status status = ask_cursor(ask, CURSOR_BYTES, &r, &resumed);
    if (status == LT_OK && resumed) {
        place->open = wire_u8(&r) != 0;
        place->agency = wire_u32(&r);
        place->code = wire_u16(&r);
        place->number = wire_u64(&r);
    }
    return status;
}

static void put_incident(struct ask *ask, const struct incident *incident)
{
    struct page_draft *page = &ask->page;
    const struct counts *counts = &desk_of(&ask->flow->desks, incident->agency)->counts;
    enum lt_who owner = row_who_of(incident->code);
    bool open = incident->closed_ms == 0;
    page_row(page);
    page_number(page, "number", incident->number);
    row_agency(ask, "agency", "agency_name", incident->agency);
    page_code(page, "code", incident->code);
    page_text(page, "state", open ? "open" : "closed");
    page_time(page, "since_ms", incident->opened_ms);
    page_time(page, "last_ms", incident->last_ms);
    page_number(page, "count", incident->count);
    if (open) {
        page_number(page, "waiting",
                    counts->accepted - counts->taken - counts->refused - counts->expired -
                        counts->cancelled - counts->parked);
        page_time(page, "due_ms", incident->due_ms);
    } else {
        page_time(page, "closed_ms", incident->closed_ms);
    }
    page_number(page, "parked", parked_count(ask->flow, incident->agency, incident->code));
    page_text(page, "owner", row_who_name(owner));
    row_contact(ask, owner, 0, incident->agency);
    page_number(page, "probes", incident->probes);
    if (incident->comment[0] != '\0') {
        page_text(page, "person", incident->person);
        page_text(page, "comment", incident->comment);
    }
}

/* The next open one at or behind the place; LT_NOT_FOUND at the end. */
static enum lt_status next_open(struct ask *ask, struct place *place, struct incident *ret_incident)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct state_entry at;
    uint64_t number;
    enum lt_status status =
        state_seek(ask->flow->state, STATE_INCIDENTS,
                   incident_open_key(key_bytes, place->agency, place->code), &at);
    if (status != LT_OK) {
        return status;
    }
    if (!at.found || !incident_open_key_read(at.key, &place->agency, &place->code)) {
        return LT_NOT_FOUND;
    }
    if (!incident_number_read(at.value, &number)) {
        return LT_DAMAGED;
    }
    status = incident_load(ask->flow, number, ret_incident);
    return status == LT_NOT_FOUND ? LT_DAMAGED : status;
}

/* *ret_more: the page ends before all were shown. */
static enum lt_status put_open(struct ask *ask, struct place *place, bool *ret_more)
{
    struct incident incident;
    enum lt_status status;
    while ((status = next_open(ask, place, &incident)) == LT_OK) {
        if (page_full(&ask->page) || !ask_look(ask)) {
            *ret_more = true;
            return LT_OK;
        }
        put_incident(ask, &incident);
        place->code++;
    }
    return status == LT_NOT_FOUND ? LT_OK : status;
}

static enum lt_status put_closed(struct ask *ask, struct place *place, bool *ret_more)
{
    for (; place->number > 0; place->number--) {
        struct incident incident;
        if (page_full(&ask->page) || !ask_look(ask)) {
            *ret_more = true;
            return LT_OK;
        }
        enum lt_status status = incident_load(ask->flow, place->number, &incident);
        if (status != LT_OK) {
            return status == LT_NOT_FOUND ? LT_DAMAGED : status;
        }
        if (incident.closed_ms != 0) {
            put_incident(ask, &incident);
        }
    }
    return LT_OK;
}

enum lt_status query_incidents(struct ask *ask)
{
    struct place place;
    bool more = false;
    enum lt_status status = read_cursor(ask, &place);
    if (status == LT_OK && place.open) {
        status = put_open(ask, &place, &more);
        place.open = more;
    }
    if (status == LT_OK && !more && ask_flag(ask, "all")) {
        status = put_closed(ask, &place, &more);
    }
    if (status == LT_OK && more) {
        put_cursor(ask, &place);
    }
    return status;
}

enum lt_status act_incident_note(struct ask *ask)
{
    uint8_t memory[INCIDENT_COMMENT_MAX + 256];
    char comment[INCIDENT_COMMENT_MAX + 1];
    struct incident incident;
    uint64_t number;
    uint64_t position;
    bool given;
    enum lt_status status = ask_number(ask, "number", UINT64_MAX, &number, &given);
    if (status == LT_OK && !given) {
        return ask_missing(ask, "number");
    }
    if (status == LT_OK) {
        status = ask_text(ask, "reason", comment, sizeof(comment));
    }
    if (status == LT_OK && comment[0] == '\0') {
        return ask_missing(ask, "reason");
    }
    if (status == LT_OK) {
        status = incident_load(ask->flow, number, &incident);
    }
    if (status == LT_NOT_FOUND) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "number", "%llu", (unsigned long long)number);
    }
    if (status != LT_OK) {
        return status;
    }
    struct fact_incident f = {.number = number,
                              .agency = incident.agency,
                              .code = incident.code,
                              .change = INCIDENT_NOTED,
                              .count = incident.count,
                              .due_ms = incident.due_ms,
                              .person = text_bytes(ask->person->name),
                              .reason = text_bytes(comment)};
    status =
        ask_fact(ask, FACT_INCIDENT, fact_write_incident(memory, sizeof(memory), &f), &position);
    if (status != LT_OK) {
        return status;
    }
    page_row(&ask->page);
    page_number(&ask->page, "number", number);
    row_agency(ask, "agency", NULL, incident.agency);
    page_code(&ask->page, "code", incident.code);
    page_text(&ask->page, "person", ask->person->name);
    page_text(&ask->page, "comment", comment);
    page_number(&ask->page, "position", position);
    return LT_OK;
}
