/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One transfer with everything that is known of it: what came (its acceptance, from the cache or
 * the journal), how its legs stand (the record), and what happened to it (facts of the journal).
 *
 * No index leads from a transfer to its later facts, so the journal is walked from the acceptance
 * on: SCAN_ROWS_MAX facts for one page, which goes on by its cursor. The walk ends where nothing
 * can follow any more: behind the last change of state of its legs, unless one is sent or backs off
 * and may meet facts that leave its state as it is. What was said later and changed nothing is not
 * shown.
 *
 * A record that does not read is an event too; it never ends the house from here.
 */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "broker/journal/fact_seen.h"
#include "broker/limits.h"
#include "mask.h"
#include "proto/base/text.h"

#define CURSOR_BYTES 9 /* rows of transfer and legs shown, position of the next fact */

struct history {
    struct ask *ask;
    const struct transfer *transfer;
    uint64_t next;      /* position the page ends before */
    int64_t horizon_ms; /* nothing of it is later than this */
    bool over;          /* the walk has seen everything */
};

/* ---- what came and how it stands ------------------------------------------------------------- */

static void put_opaque(struct page_draft *page, const char *name, struct lt_bytes value)
{
    if (utf8_valid(value)) {
        page_bytes(page, name, value);
    } else {
        page_hex(page, name, value);
    }
}

/* Whom the sender named, where that is not whom the legs are of: a dissolved agency's successor has
 * taken its place. */
static void put_addressed(struct ask *ask, const struct transfer *t, const struct header *header)
{
    char said[LT_LEGS_MAX * (LT_AGENCY_ID_MAX + 1) + 1] = "";
    size_t used = 0;
    bool others = false;
    for (uint32_t i = 0; i < header->to_count && i < LT_LEGS_MAX; i++) {
        const struct agency *agency = registry_by_id(ask->flow->registry, header->to[i]);
        bool found = false;
        for (uint8_t l = 0; agency != NULL && l < t->legs_count; l++) {
            found = found || t->legs[l].agency == agency->number;
        }
        others = others || !found;
        used += (size_t)snprintf(said + used, sizeof(said) - used, "%s%.*s", used > 0 ? "," : "",
                                 (int)header->to[i].size, (const char *)header->to[i].data);
    }
    if (others) {
        page_text(&ask->page, "addressed", said);
    }
}

static void put_sender_key(struct ask *ask, const struct transfer *t)
{
    char token[MASK_TOKEN_BYTES];
    struct lt_bytes key = {t->sender_key, t->sender_key_size};
    if (mask_hides(ask, t)) {
        mask_token(token, ask, 'k', key);
        page_text(&ask->page, "sender_key", token);
        page_flag(&ask->page, "masked", true);
    } else {
        put_opaque(&ask->page, "sender_key", key);
    }
}

static void put_header(struct ask *ask, const struct transfer *t, const struct header *header,
                       struct lt_bytes header_bytes, struct lt_bytes body)
{
    struct page_draft *page = &ask->page;
    put_addressed(ask, t, header);
    page_bytes(page, "procedure_raw", header->procedure_raw);
    page_bytes(page, "locality", header->locality);
    page_time(page, "created_ms", header->created_ms);
    page_number(page, "header_bytes", header_bytes.size);
    page_number(page, "body_bytes", body.size);
    page_bytes(page, "body_type", header->body_type);
    page_number(page, "attachments", header->attachments_count);
    if (!id_empty(&header->reply_to)) {
        page_id(page, "reply_to", &header->reply_to);
    }
}

static enum lt_status put_transfer(struct ask *ask, const struct transfer_key *key,
                                   const struct transfer *t)
{
    struct page_draft *page = &ask->page;
    struct header header;
    struct lt_bytes header_bytes;
    struct lt_bytes body;
    page_row(page);
    page_text(page, "row", "transfer");
    page_id(page, "id", &key->id);
    row_agency(ask, "from", "from_name", key->from);
    page_hex(page, "digest", (struct lt_bytes){t->digest.bytes, sizeof(t->digest.bytes)});
    page_number(page, "position", t->position);
    page_code(page, "code", t->code);
    if (t->code != 0) {
        return LT_OK; /* a refusal that was kept: there is no more of it */
    }
    row_kind(ask, t->kind);
    row_case(ask, t);
    page_text(page, "procedure", t->procedure);
    page_number(page, "priority", t->priority);
    put_sender_key(ask, t);
    page_time(page, "accepted_ms", t->time_ms);
    if (!id_empty(&t->after)) {
        page_id(page, "after", &t->after);
    }
    enum lt_status status = ask_parcel(ask, t->position, &header, &header_bytes, &body);
    if (status == LT_OK) {
        put_header(ask, t, &header, header_bytes, body);
    }
    /* Cut, not durable yet, or damaged: the record is what there is. */
    bool gone = status == LT_NOT_FOUND || status == LT_AGAIN || status == LT_DAMAGED;
    return gone ? LT_OK : status;
}

static void put_leg(struct ask *ask, const struct transfer_key *key, const struct transfer *t,
                    uint8_t index)
{
    page_row(&ask->page);
    page_text(&ask->page, "row", "leg");
    page_number(&ask->page, "leg", index);
    row_receiver(ask, &t->legs[index]);
    row_leg_state(ask, key, index, &t->legs[index]);
}

/* ---- what happened ----------------------------------------------------------------------------
 */

static void event_row(struct history *history, const struct fact *fact)
{
    struct page_draft *page = &history->ask->page;
    page_row(page);
    page_text(page, "row", "event");
    page_time(page, "time_ms", fact->time_ms);
    page_number(page, "position", fact->position);
    page_text(page, "event", fact_kind_name(fact->kind));
}

static void event_leg(struct history *history, uint8_t leg, uint32_t agency)
{
    page_number(&history->ask->page, "leg", leg);
    row_agency(history->ask, "agency", NULL, agency);
}

static void event_state(struct history *history, uint8_t state)
{
    bool known = state > LEG_NONE && state < LEG_STATES_END;
    page_text(&history->ask->page, "state", known ? leg_state_name((enum leg_state)state) : "");
}

/* Words beside a code may name people: not of a masked transfer. */
static void event_reason(struct history *history, struct lt_bytes reason)
{
    if (!mask_hides(history->ask, history->transfer)) {
        page_bytes(&history->ask->page, "reason", reason);
    }
}

static void put_sent(struct history *history, const struct fact *fact)
{
    struct fact_sent sent;
    if (!fact_read_sent(fact->payload, &sent)) {
        return;
    }
    for (uint32_t i = 0; i < sent.count; i++) {
        struct fact_sent_item item = fact_sent_at(&sent, i);
        if (item.position == history->transfer->position) {
            event_row(history, fact);
            event_leg(history, item.leg, sent.agency);
            page_number(&history->ask->page, "attempt", item.attempt);
            event_state(history, LEG_SENT);
        }
    }
}

static void put_settled(struct history *history, const struct fact *fact)
{
    struct fact_settled settled;
    if (fact_read_settled(fact->payload, &settled) &&
        settled.position == history->transfer->position) {
        event_row(history, fact);
        event_leg(history, settled.leg, settled.agency);
        page_number(&history->ask->page, "attempt", settled.attempt);
        event_state(history, settled.next);
        page_code(&history->ask->page, "code", settled.code);
        event_reason(history, settled.reason);
    }
}

static void put_returned(struct history *history, const struct fact *fact)
{
    struct fact_returned returned;
    if (fact_read_returned(fact->payload, &returned) &&
        returned.position == history->transfer->position) {
        event_row(history, fact);
        event_leg(history, returned.leg, returned.agency);
        event_state(history, LEG_READY);
        page_code(&history->ask->page, "code", returned.code);
    }
}

static void put_timed(struct history *history, const struct fact *fact)
{
    struct fact_timed timed;
    const struct transfer *t = history->transfer;
    if (fact_read_timed(fact->payload, &timed) && timed.position == t->position) {
        event_row(history, fact);
        event_leg(history, timed.leg, timed.leg < t->legs_count ? t->legs[timed.leg].agency : 0);
        event_state(history, timed.next);
        page_code(&history->ask->page, "code", timed.code);
    }
}

/* Who decided, who agreed, and whether the receiver was asked in vain. */
static void event_people(struct history *history, struct lt_bytes person, struct lt_bytes second,
                         bool risk)
{
    page_bytes(&history->ask->page, "person", person);
    if (second.size > 0) {
        page_bytes(&history->ask->page, "second", second);
    }
    if (risk) {
        page_flag(&history->ask->page, "risk", true);
    }
}

static void put_act(struct history *history, const struct fact *fact)
{
    struct fact_act act;
    const struct transfer *t = history->transfer;
    if (fact_read_act(fact->payload, &act) && act.position == t->position) {
        event_row(history, fact);
        event_leg(history, act.leg, act.leg < t->legs_count ? t->legs[act.leg].agency : 0);
        event_state(history, act.next);
        page_text(&history->ask->page, "act", act_kind_name(act.act));
        event_reason(history, act.reason);
        event_people(history, act.person, act.second, act.risk);
    }
}

static void put_assigned(struct history *history, const struct fact *fact)
{
    struct fact_assigned assigned;
    if (!fact_read_assigned(fact->payload, &assigned) ||
        assigned.position != history->transfer->position) {
        return;
    }
    for (uint8_t i = 0; i < assigned.legs_count; i++) {
        event_row(history, fact);
        event_leg(history, i, assigned.legs[i].agency);
        page_bytes(&history->ask->page, "person", assigned.person);
    }
}

/* The old leg's end; the new leg's beginning stands beside it. */
static void put_rerouted(struct history *history, const struct fact *fact)
{
    struct fact_rerouted rerouted;
    const struct transfer *t = history->transfer;
    if (!fact_read_rerouted(fact->payload, &rerouted) || rerouted.position != t->position) {
        return;
    }
    event_row(history, fact);
    event_leg(history, rerouted.leg,
              rerouted.leg < t->legs_count ? t->legs[rerouted.leg].agency : 0);
    event_state(history, LEG_CANCELLED);
    row_agency(history->ask, "to", NULL, rerouted.to);
    event_reason(history, rerouted.reason);
    event_people(history, rerouted.person, rerouted.second, rerouted.risk);
}

static void put_held(struct history *history, const struct fact *fact)
{
    struct fact_held held;
    if (!fact_read_held(fact->payload, &held) || held.position != history->transfer->position) {
        return;
    }
    event_row(history, fact);
    event_leg(history, held.leg, held.agency);
    page_number(&history->ask->page, "attempt", held.attempt);
    if (held.outcome == LT_OUTCOME_TAKEN || held.outcome == LT_OUTCOME_REFUSED) {
        event_state(history, held.outcome == LT_OUTCOME_TAKEN ? LEG_TAKEN : LEG_REFUSED);
    }
    page_text(&history->ask->page, "held",
              held.held == LT_HELD_YES  ? "yes"
              : held.held == LT_HELD_NO ? "no"
                                        : "unknown");
    page_code(&history->ask->page, "code", held.code);
    page_bytes(&history->ask->page, "by", held.by);
    event_reason(history, held.reason);
}

static void put_carried(struct history *history, const struct fact *fact)
{
    struct fact_carried carried;
    if (fact_read_carried(fact->payload, &carried) &&
        carried.position == history->transfer->position) {
        event_row(history, fact);
    }
}

static void put_event(struct history *history, const struct fact *fact)
{
    bool own = fact->position == history->transfer->position;
    switch (fact->kind) {
    case FACT_DAMAGED:
    case FACT_ACCEPTED:
        if (own) {
            event_row(history, fact);
        }
        return;
    case FACT_SENT:
        put_sent(history, fact);
        return;
    case FACT_SETTLED:
        put_settled(history, fact);
        return;
    case FACT_RETURNED:
        put_returned(history, fact);
        return;
    case FACT_TIMED:
        put_timed(history, fact);
        return;
    case FACT_ACT:
        put_act(history, fact);
        return;
    case FACT_ASSIGNED:
        put_assigned(history, fact);
        return;
    case FACT_REROUTED:
        put_rerouted(history, fact);
        return;
    case FACT_HELD:
        put_held(history, fact);
        return;
    case FACT_CARRIED:
        put_carried(history, fact);
        return;
    default:
        return;
    }
}

/* LT_AGAIN ends the walk: the page is full, or everything was seen. */
static enum lt_status take_fact(void *context, const struct fact *fact)
{
    struct history *history = context;
    if (fact->time_ms > history->horizon_ms) {
        history->over = true;
        return LT_AGAIN;
    }
    if (page_full(&history->ask->page) || !ask_look(history->ask)) {
        history->next = fact->position;
        return LT_AGAIN;
    }
    put_event(history, fact);
    return LT_OK;
}

/* An open leg that was sent may have met facts that left its state as it is: a second delivery, a
 * late refusal. One that stands aside may have been skipped after it came to stand there. */
static bool goes_on(const struct leg *leg)
{
    bool held_in_flight = leg->state == LEG_HELD && (leg->flags & LEG_FLAG_SENT_ONCE) != 0;
    return leg->state == LEG_SENT || leg->state == LEG_BACKOFF || held_in_flight ||
           (leg->flags & LEG_FLAG_ASIDE) != 0;
}

static int64_t horizon_of(struct ask *ask, const struct transfer *t)
{
    int64_t horizon_ms = t->time_ms;
    for (uint8_t i = 0; i < t->legs_count; i++) {
        const struct leg *leg = &t->legs[i];
        struct held_record held;
        if (goes_on(leg)) {
            return INT64_MAX;
        }
        horizon_ms = leg->since_ms > horizon_ms ? leg->since_ms : horizon_ms;
        if (held_last(ask->flow, t->position, i, &held) && held.time_ms > horizon_ms) {
            horizon_ms = held.time_ms;
        }
    }
    return horizon_ms;
}

/* ---- the page ---------------------------------------------------------------------------------
 */

static void put_cursor(struct ask *ask, uint8_t shown, uint64_t position)
{
    uint8_t cursor[CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u8(&w, shown);
    wire_put_u64(&w, position);
    page_cursor(&ask->page, wire_written(&w));
}

static enum lt_status put_history(struct ask *ask, const struct transfer *t, uint8_t shown,
                                  uint64_t from)
{
    struct history history = {.ask = ask, .transfer = t, .horizon_ms = horizon_of(ask, t)};
    uint64_t first = journal_first(ask->flow->journal);
    if (from < first) {
        /* What happened below was cut: the archive tells it. */
        event_row(&history,
                  &(struct fact){.position = first, .time_ms = t->time_ms, .kind = FACT_CUT});
    }
    enum lt_status status = journal_walk(ask->flow->journal, from, take_fact, &history);
    if (status == LT_AGAIN) {
        if (!history.over) {
            put_cursor(ask, shown, history.next);
        }
        return LT_OK;
    }
    if (status == LT_DAMAGED) {
        struct fact damaged = {.position = from};
        event_row(&history, &damaged); /* records are gone: the rest cannot be told */
        return LT_OK;
    }
    return status;
}

/* Row 0 is the transfer, row n its leg n - 1. */
static enum lt_status put_top(struct ask *ask, const struct transfer_key *key,
                              const struct transfer *t, uint8_t shown)
{
    if (shown == 0) {
        return put_transfer(ask, key, t);
    }
    put_leg(ask, key, t, (uint8_t)(shown - 1));
    return LT_OK;
}

/* With a purpose the codes of a masked transfer are shown, for those who may see them; the view is
 * a fact for every page, because a page may be asked for alone. */
static enum lt_status unmask(struct ask *ask, const struct transfer_key *key,
                             const struct transfer *t)
{
    uint64_t position;
    if (ask_arg(ask, "purpose").size == 0 || !mask_hides(ask, t)) {
        return LT_OK;
    }
    if (ask->person->role < OPERATOR_OPERATOR) {
        return fault_set(&ask->fault, LT_NOT_PERMITTED, "purpose", "%s",
                         operator_role_name(OPERATOR_OPERATOR));
    }
    enum lt_status status = seen_stage(ask, key, t, SEEN_CODES, &position);
    ask->unmasked = status == LT_OK;
    return status;
}

enum lt_status query_show(struct ask *ask)
{
    struct transfer_key key;
    struct transfer t;
    struct wire_reader reader;
    bool resumed = false;
    enum lt_status status = ask_transfer(ask, &key, &t);
    if (status == LT_OK) {
        status = ask_cursor(ask, CURSOR_BYTES, &reader, &resumed);
    }
    if (status == LT_OK) {
        status = unmask(ask, &key, &t);
    }
    if (status != LT_OK) {
        return status;
    }
    uint8_t shown = resumed ? wire_u8(&reader) : 0;
    uint64_t from = resumed ? wire_u64(&reader) : t.position;
    ask->looked = 0;
    while (shown <= t.legs_count) {
        if (page_full(&ask->page)) {
            put_cursor(ask, shown, from);
            return LT_OK;
        }
        status = put_top(ask, &key, &t, shown++);
        if (status != LT_OK) {
            return status;
        }
    }
    return t.code == 0 ? put_history(ask, &t, shown, from) : LT_OK;
}
