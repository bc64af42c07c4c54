/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * "Where is it": what an operator says on the phone. Every open leg of the case with what it waits
 * for and whose move it is; when none is open, the one that ended last.
 *
 * The answer is derived from what stands in memory now (who is connected, what was granted, what is
 * in flight) and from the leg's record; a leg that waits behind another names that one, and the
 * move is that one's. Behind an open incident the incident is what is waited for, whatever else may
 * be said of the line. A suspension comes before both: nothing goes there until it is lifted.
 */
#include <string.h>

#include "ask.h"
#include "broker/flow/fold_incident.h"
#include "broker/limits.h"
#include "mask.h"
#include "proto/base/text.h"

#define CURSOR_BYTES   (8 + 1 + 1 + 8 + 1 + 8)
#define POSITION_BYTES 8
#define HEADERS_MAX    32 /* looked into for one page */

/* One leg of the case, and where it stands in the list. */
struct place {
    struct transfer_key key;
    struct transfer transfer;
    uint64_t position;
    uint8_t leg;
};

/* What was seen of the case so far; carried by the cursor. */
struct seen {
    uint64_t position; /* the page begins here */
    uint8_t leg;
    bool open;              /* an open leg was shown */
    uint64_t last_position; /* the leg that ended last; 0: none yet */
    uint8_t last_leg;
    int64_t last_ms;
};

struct waits {
    const char *what; /* NULL: for nothing, it has ended */
    enum lt_who who;
    struct lt_id id; /* the transfer that goes first, and how its leg stands */
    bool id_given;
    enum leg_state state;
    int64_t since_ms;
    uint16_t code;
    uint64_t incident; /* 0: none */
};

/* ---- what a leg waits for ----------------------------------------------------------------------
 */

/* A leg that may be sent, as far as its lane is concerned. */
static struct waits wait_of_ready(struct ask *ask, const struct place *place)
{
    const struct leg *leg = &place->transfer.legs[place->leg];
    const struct desk *desk = desk_of(&ask->flow->desks, leg->agency);
    const struct session *session = desk->receiving;
    if (flight_find(&ask->flow->flights, place->position, place->leg) != NULL) {
        return (struct waits){.what = "answer", .who = LT_WHO_RECEIVER};
    }
    const struct agency *agency = registry_by_number(ask->flow->registry, leg->agency);
    if (agency != NULL && agency->suspended) {
        return (struct waits){.what = "suspended", .who = LT_WHO_OPERATOR};
    }
    if (agency != NULL && agency->paused) {
        return (struct waits){.what = "paused", .who = LT_WHO_OPERATOR};
    }
    if (desk->incident != 0) {
        return (struct waits){
            .what = "incident", .who = row_who_of(desk->incident_code), .incident = desk->incident};
    }
    if (leg->due_ms > ask->flow->now_ms) {
        enum lt_who who = leg->code == 0 ? LT_WHO_RECEIVER : row_who_of(leg->code);
        return (struct waits){.what = "due", .who = who};
    }
    if (session == NULL) {
        return (struct waits){.what = "line", .who = LT_WHO_RECEIVER};
    }
    bool credit = desk->in_flight < session->deliver.parcels &&
                  desk->in_flight_bytes + place->transfer.parcel_bytes <= session->deliver.bytes;
    if (!credit || session->blocked_ms != 0) {
        return (struct waits){.what = "credit", .who = LT_WHO_RECEIVER};
    }
    return (struct waits){.what = "send", .who = LT_WHO_OPERATOR};
}

static struct waits wait_of_person(const struct leg *leg)
{
    enum lt_who who = leg->state == LEG_PARKED ? row_who_of(leg->code) : LT_WHO_OPERATOR;
    return (struct waits){.what = "person", .who = who};
}

/* The leg that goes first in the lane: one that holds it, or the first of those that wait. */
static enum lt_status lane_head(struct ask *ask, const struct place *place, struct place *ret_head,
                                bool *ret_found)
{
    uint8_t prefix_bytes[RECORD_KEY_MAX];
    const struct leg *leg = &place->transfer.legs[place->leg];
    struct lt_bytes prefix = lane_prefix(prefix_bytes, leg->agency, &place->transfer.lane);
    struct state_entry at;
    enum lt_status status = state_seek(ask->flow->state, STATE_LANES, prefix, &at);
    *ret_found = false;
    while (status == LT_OK && at.found && at.key.size > prefix.size &&
           memcmp(at.key.data, prefix.data, prefix.size) == 0) {
        struct lane_key key;
        struct lane_entry entry;
        if (!lane_key_read(at.key, &key) || !lane_entry_read(at.value, &entry)) {
            return LT_DAMAGED;
        }
        bool self = key.position == place->position && key.leg == place->leg;
        bool aside = (entry.flags & LEG_FLAG_ASIDE) != 0;
        if (!self && !aside) {
            bool holds = entry.state != LEG_BEHIND;
            if (holds || !*ret_found) {
                ret_head->key = entry.transfer;
                ret_head->position = key.position;
                ret_head->leg = key.leg;
                *ret_found = true;
            }
            if (holds) {
                break;
            }
        }
        status = ask_look(ask) ? state_step(ask->flow->state, &at) : LT_AGAIN;
    }
    return status == LT_AGAIN ? LT_OK : status;
}

static enum lt_status wait_of_behind(struct ask *ask, const struct place *place,
                                     struct waits *ret_waits)
{
    struct place head;
    bool found;
    enum lt_status status = lane_head(ask, place, &head, &found);
    if (status == LT_OK && found) {
        status = transfer_load(ask->flow, &head.key, &head.transfer);
    }
    if (status != LT_OK || !found) {
        *ret_waits = (struct waits){.what = "lane", .who = LT_WHO_OPERATOR};
        return status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    const struct leg *leg = &head.transfer.legs[head.leg];
    bool person = leg->state == LEG_PARKED || leg->state == LEG_HELD;
    *ret_waits = person ? wait_of_person(leg) : wait_of_ready(ask, &head);
    ret_waits->what = "lane";
    ret_waits->id = head.key.id;
    ret_waits->id_given = true;
    ret_waits->state = leg->state;
    ret_waits->since_ms = leg->since_ms;
    ret_waits->code = leg->code;
    return LT_OK;
}

static enum lt_status wait_of(struct ask *ask, const struct place *place, struct waits *ret_waits)
{
    const struct leg *leg = &place->transfer.legs[place->leg];
    switch (leg->state) {
    case LEG_READY:
    case LEG_SENT:
    case LEG_BACKOFF:
        *ret_waits = wait_of_ready(ask, place);
        return LT_OK;
    case LEG_HELD:
    case LEG_PARKED:
        *ret_waits = wait_of_person(leg);
        return LT_OK;
    case LEG_BEHIND:
        return wait_of_behind(ask, place, ret_waits);
    default:
        *ret_waits = (struct waits){.who = row_who_of(leg->code)};
        return LT_OK;
    }
}

/* ---- rows --------------------------------------------------------------------------------------
 */

static void put_waits(struct ask *ask, const struct waits *waits)
{
    struct page_draft *page = &ask->page;
    struct incident incident;
    if (waits->what != NULL) {
        page_text(page, "waits_for", waits->what);
    }
    if (waits->id_given) {
        page_id(page, "waits_id", &waits->id);
        page_text(page, "waits_state", leg_state_name(waits->state));
        page_time(page, "waits_since_ms", waits->since_ms);
        page_code(page, "waits_code", waits->code);
    }
    if (waits->incident != 0 && incident_load(ask->flow, waits->incident, &incident) == LT_OK) {
        page_number(page, "incident", incident.number);
        page_code(page, "incident_code", incident.code);
        page_time(page, "incident_ms", incident.opened_ms);
    }
}

/* By when it should be done: the task's deadline, else the day promised to the citizen. */
static void put_deadline(struct ask *ask, const struct place *place)
{
    int64_t deadline_ms = place->transfer.deadline_ms;
    struct header header;
    struct lt_bytes bytes;
    struct lt_bytes body;
    if (deadline_ms == 0 && ask->page.count <= HEADERS_MAX &&
        ask_parcel(ask, place->transfer.position, &header, &bytes, &body) == LT_OK) {
        deadline_ms = header.business.promised_new_ms != 0 ? header.business.promised_new_ms
                                                           : header.business.promised_old_ms;
    }
    if (deadline_ms != 0) {
        page_time(&ask->page, "deadline_ms", deadline_ms);
        page_difference(&ask->page, "left_ms", deadline_ms - ask->flow->now_ms);
    }
}

static enum lt_status put_place(struct ask *ask, const struct place *place)
{
    struct page_draft *page = &ask->page;
    const struct transfer *t = &place->transfer;
    const struct leg *leg = &t->legs[place->leg];
    const struct desk *desk = desk_of(&ask->flow->desks, leg->agency);
    const struct agency *agency = registry_by_number(ask->flow->registry, leg->agency);
    struct waits waits;
    enum lt_status status = wait_of(ask, place, &waits);
    if (status != LT_OK) {
        return status;
    }
    page_row(page);
    row_case(ask, t);
    page_id(page, "id", &place->key.id);
    row_kind(ask, t->kind);
    page_number(page, "leg", place->leg);
    row_agency(ask, "from", "from_name", place->key.from);
    row_agency(ask, "agency", "agency_name", leg->agency);
    row_leg_state(ask, &place->key, place->leg, leg);
    if (waits.what != NULL || leg->code != 0) {
        row_who(ask, waits.who);
    }
    put_waits(ask, &waits);
    put_deadline(ask, place);
    page_flag(page, "holds", leg_open(leg->state));
    page_flag(page, "connected", desk->receiving != NULL);
    page_flag(page, "suspended", agency != NULL && agency->suspended);
    page_time(page, "line_since_ms", desk->line_since_ms);
    return LT_OK;
}

/* ---- the case -----------------------------------------------------------------------------------
 */

static void put_cursor(struct ask *ask, const struct seen *seen)
{
    uint8_t cursor[CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u64(&w, seen->position);
    wire_put_u8(&w, seen->leg);
    wire_put_u8(&w, seen->open ? 1 : 0);
    wire_put_u64(&w, seen->last_position);
    wire_put_u8(&w, seen->last_leg);
    wire_put_i64(&w, seen->last_ms);
    page_cursor(&ask->page, wire_written(&w));
}

static enum lt_status read_cursor(struct ask *ask, struct seen *seen)
{
    struct wire_reader reader;
    bool resumed;
    memset(seen, 0, sizeof(*seen));
    enum lt_status status = ask_cursor(ask, CURSOR_BYTES, &reader, &resumed);
    if (status == LT_OK && resumed) {
        seen->position = wire_u64(&reader);
        seen->leg = wire_u8(&reader);
        seen->open = wire_u8(&reader) != 0;
        seen->last_position = wire_u64(&reader);
        seen->last_leg = wire_u8(&reader);
        seen->last_ms = wire_i64(&reader);
    }
    return status;
}

/* The next transfer of the case at or behind seen->position; LT_NOT_FOUND at the end. */
static enum lt_status next_transfer(struct ask *ask, const char *code, const struct seen *seen,
                                    struct place *place)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct state_entry at;
    struct wire_reader r;
    struct lt_bytes key = case_key(key_bytes, text_bytes(code), seen->position);
    enum lt_status status = state_seek(ask->flow->state, STATE_CASES, key, &at);
    if (status != LT_OK) {
        return status;
    }
    size_t prefix = key.size - POSITION_BYTES;
    if (!at.found || at.key.size != key.size || memcmp(at.key.data, key.data, prefix) != 0) {
        return LT_NOT_FOUND;
    }
    wire_read_init(&r, (struct lt_bytes){at.key.data + prefix, POSITION_BYTES});
    place->position = wire_u64(&r);
    if (!case_value_read(at.value, &place->key)) {
        return LT_DAMAGED;
    }
    status = transfer_load(ask->flow, &place->key, &place->transfer);
    return status == LT_NOT_FOUND ? LT_DAMAGED : status;
}

/* Shows the open legs of one transfer; false: the page ends before place->leg. */
static enum lt_status look_at_legs(struct ask *ask, struct place *place, struct seen *seen,
                                   bool *ret_room)
{
    const struct transfer *t = &place->transfer;
    *ret_room = true;
    for (; place->leg < t->legs_count; place->leg++) {
        const struct leg *leg = &t->legs[place->leg];
        if (!leg_open(leg->state)) {
            if (seen->last_position == 0 || leg->since_ms >= seen->last_ms) {
                seen->last_position = place->position;
                seen->last_leg = place->leg;
                seen->last_ms = leg->since_ms;
            }
            continue;
        }
        if (page_full(&ask->page)) {
            *ret_room = false;
            return LT_OK;
        }
        enum lt_status status = put_place(ask, place);
        if (status != LT_OK) {
            return status;
        }
        seen->open = true;
    }
    return LT_OK;
}

static enum lt_status put_last(struct ask *ask, const struct seen *seen)
{
    struct place place = {.position = seen->last_position, .leg = seen->last_leg};
    enum lt_status status =
        transfer_at(ask->flow, seen->last_position, &place.key, &place.transfer);
    if (status != LT_OK || place.leg >= place.transfer.legs_count) {
        return status == LT_OK || status == LT_NOT_FOUND ? LT_DAMAGED : status;
    }
    return put_place(ask, &place);
}

enum lt_status query_where(struct ask *ask)
{
    char code[LT_CASE_CODE_MAX + 1];
    struct seen seen;
    struct place place;
    if (ask_arg(ask, "code").size == 0) {
        return ask_missing(ask, "code");
    }
    enum lt_status status = ask_text(ask, "code", code, sizeof(code));
    if (status == LT_OK) {
        status = read_cursor(ask, &seen);
    }
    if (status != LT_OK) {
        return status;
    }
    while ((status = next_transfer(ask, code, &seen, &place)) == LT_OK) {
        bool room;
        place.leg = place.position == seen.position ? seen.leg : 0;
        status = look_at_legs(ask, &place, &seen, &room);
        if (status != LT_OK) {
            return status;
        }
        seen.position = room ? place.position + 1 : place.position;
        seen.leg = room ? 0 : place.leg;
        if (!room || !ask_look(ask)) {
            put_cursor(ask, &seen);
            return LT_OK;
        }
    }
    if (status != LT_NOT_FOUND) {
        return status;
    }
    if (!seen.open && seen.last_position == 0) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "code", "%s", code);
    }
    return seen.open ? LT_OK : put_last(ask, &seen);
}
