/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What waits for a person, oldest first over all agencies. The list on disk is sorted by agency, so
 * the heads of all agencies that have parked legs are merged: one head each in the turn's arena,
 * found by seeks, the oldest shown and its agency's next one taken. Costs a seek per agency and one
 * per row, whatever the backlog.
 */
#include <string.h>

#include "ask.h"
#include "broker/limits.h"
#include "mask.h"
#include "proto/base/text.h"

#define CURSOR_BYTES 9 /* position, leg */

struct head {
    uint32_t agency;
    uint64_t position;
    uint8_t leg;
    struct parked parked;
};

struct heads {
    struct head *items;
    uint32_t count;
    uint64_t position; /* where the page begins */
    uint8_t leg;
};

static bool before(uint64_t position_a, uint8_t leg_a, uint64_t position_b, uint8_t leg_b)
{
    return position_a != position_b ? position_a < position_b : leg_a < leg_b;
}

/* The first parked leg at or behind that place, of this agency or a later one. */
static enum lt_status seek_head(struct ask *ask, uint32_t agency, uint64_t position, uint8_t leg,
                                struct head *ret_head, bool *ret_found)
{
    uint8_t key_bytes[RECORD_KEY_MAX];
    struct state_entry at;
    enum lt_status status = state_seek(ask->flow->state, STATE_PARKED,
                                       parked_key(key_bytes, agency, position, leg), &at);
    ask->looked++;
    *ret_found = status == LT_OK && at.found;
    if (!*ret_found) {
        return status;
    }
    if (!parked_key_read(at.key, &ret_head->agency, &ret_head->position, &ret_head->leg) ||
        !parked_read(at.value, &ret_head->parked)) {
        return LT_DAMAGED;
    }
    return LT_OK;
}

static enum lt_status add_agency(struct ask *ask, struct heads *heads, uint32_t *agency,
                                 bool *ret_more)
{
    struct head head;
    enum lt_status status = seek_head(ask, *agency, heads->position, heads->leg, &head, ret_more);
    if (status != LT_OK || !*ret_more) {
        return status;
    }
    if (head.agency != *agency) {
        *agency = head.agency; /* nothing of this one: go on with the next that has any */
        return LT_OK;
    }
    heads->items[heads->count++] = head;
    (*agency)++;
    return LT_OK;
}

static enum lt_status fill_heads(struct ask *ask, struct heads *heads)
{
    uint32_t agency = 0;
    bool only;
    bool more = true;
    heads->items = arena_alloc(&ask->flow->arena, (AGENCIES_MAX + 1) * sizeof(*heads->items));
    if (heads->items == NULL) {
        return LT_BUSY;
    }
    enum lt_status status = ask_agency(ask, "agency", &agency, &only);
    if (status != LT_OK || (only && agency == AGENCY_NONE)) {
        return status;
    }
    if (only) {
        return add_agency(ask, heads, &agency, &more);
    }
    while (status == LT_OK && more && agency <= AGENCIES_MAX) {
        status = add_agency(ask, heads, &agency, &more);
    }
    return status;
}

static struct head *oldest(struct heads *heads)
{
    struct head *first = &heads->items[0];
    for (uint32_t i = 1; i < heads->count; i++) {
        struct head *other = &heads->items[i];
        if (before(other->position, other->leg, first->position, first->leg)) {
            first = other;
        }
    }
    return first;
}

/* The agency's next one takes the place of its head, or the agency is through. */
static enum lt_status next_head(struct ask *ask, struct heads *heads, struct head *head)
{
    struct head next;
    bool found;
    enum lt_status status =
        seek_head(ask, head->agency, head->position, (uint8_t)(head->leg + 1), &next, &found);
    if (status != LT_OK) {
        return status;
    }
    if (found && next.agency == head->agency) {
        *head = next;
    } else {
        *head = heads->items[--heads->count];
    }
    return LT_OK;
}

static enum lt_status put_parked(struct ask *ask, const struct head *head)
{
    struct page_draft *page = &ask->page;
    struct transfer t;
    const struct transfer_key *key = &head->parked.transfer;
    enum lt_status status = transfer_load(ask->flow, key, &t);
    if (status != LT_OK || head->leg >= t.legs_count) {
        return status == LT_NOT_FOUND || status == LT_OK ? LT_DAMAGED : status;
    }
    const struct leg *leg = &t.legs[head->leg];
    enum lt_who who = row_who_of(head->parked.code);
    page_row(page);
    page_id(page, "id", &key->id);
    page_number(page, "leg", head->leg);
    row_kind(ask, t.kind);
    row_agency(ask, "from", NULL, key->from);
    row_receiver(ask, leg);
    row_case(ask, &t);
    page_text(page, "procedure", t.procedure);
    page_code(page, "code", head->parked.code);
    row_reason(ask, key, head->leg, leg);
    row_who(ask, who);
    row_contact(ask, who, key->from, leg->agency);
    page_time(page, "since_ms", head->parked.since_ms);
    page_number(page, "attempts", leg->attempts);
    row_unknown(ask, leg);
    return LT_OK;
}

static void put_cursor(struct ask *ask, const struct head *head)
{
    uint8_t cursor[CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u64(&w, head->position);
    wire_put_u8(&w, head->leg);
    page_cursor(&ask->page, wire_written(&w));
}

enum lt_status query_parked(struct ask *ask)
{
    struct heads heads;
    struct wire_reader reader;
    bool resumed;
    uint16_t code = 0;
    struct lt_bytes group = ask_arg(ask, "group");
    if (group.size > 0) {
        return query_parked_count(ask, group);
    }
    memset(&heads, 0, sizeof(heads));
    enum lt_status status = ask_code_arg(ask, &code);
    if (status == LT_OK) {
        status = ask_cursor(ask, CURSOR_BYTES, &reader, &resumed);
    }
    if (status != LT_OK) {
        return status;
    }
    if (resumed) {
        heads.position = wire_u64(&reader);
        heads.leg = wire_u8(&reader);
    }
    status = fill_heads(ask, &heads);
    ask->looked = 0; /* finding the heads is bounded by itself; every page goes on by a row */
    while (status == LT_OK && heads.count > 0) {
        struct head *head = oldest(&heads);
        if (page_full(&ask->page) || !ask_look(ask)) {
            put_cursor(ask, head);
            return LT_OK;
        }
        if (code == 0 || head->parked.code == code) {
            status = put_parked(ask, head);
        }
        if (status == LT_OK) {
            status = next_head(ask, &heads, head);
        }
    }
    return status;
}
