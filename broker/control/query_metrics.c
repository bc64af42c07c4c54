/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The numbers of the house for a monitor: rows of name, label, of (the label's value) and value;
 * then a row per agency with all its numbers. Everything comes from counters and from the sweeper's
 * last whole round; nothing is walked, so a monitor may ask every few seconds. Labels are agencies,
 * states and codes: no case, no person.
 */
#include <string.h>

#include "ask.h"
#include "broker/flow/fold_incident.h"
#include "proto/base/text.h"

#define CURSOR_BYTES (1 + 4)

/* Where a page goes on: at a number of the house, or at an agency. */
struct place {
    struct ask *ask;
    bool agencies;
    uint32_t from; /* the number, or the agency */
    uint32_t at;
    bool full;
};

/* ---- the house ---------------------------------------------------------------------------------
 */

static void put_labelled(struct place *place, const char *name, const char *label, const char *of,
                         uint64_t value)
{
    struct page_draft *page = &place->ask->page;
    place->full = place->full || page_full(page);
    if (place->full || place->at < place->from) {
        place->at += place->full ? 0 : 1;
        return;
    }
    place->at++;
    page_row(page);
    page_text(page, "name", name);
    if (label != NULL) {
        page_text(page, "label", label);
        page_text(page, "of", of);
    }
    page_number(page, "value", value);
}

static void put_number(struct place *place, const char *name, uint64_t value)
{
    put_labelled(place, name, NULL, NULL, value);
}

static void put_desks(struct place *place)
{
    const struct flow *flow = place->ask->flow;
    uint64_t connected = 0;
    uint64_t incidents = 0;
    uint64_t in_flight = 0;
    uint64_t notices = 0;
    for (uint32_t i = 1; i <= flow->desks.highest; i++) {
        const struct desk *desk = &flow->desks.slots[i];
        connected += desk->sessions != 0;
        incidents += desk->incident != 0;
        in_flight += desk->in_flight;
        notices += desk->counts.notice_seq - desk->counts.notice_cursor;
    }
    put_number(place, "agencies", registry_count(flow->registry));
    put_number(place, "agencies_connected", connected);
    put_number(place, "incidents_open", incidents);
    put_number(place, "incidents_total", flow->incidents);
    put_number(place, "in_flight", in_flight);
    put_number(place, "notices_waiting", notices);
}

static void put_sweeper(struct place *place)
{
    const struct sweeper *sweeper = &place->ask->flow->sweeper;
    for (int s = LEG_READY; s < LEG_STATES_END; s++) {
        if (leg_open((enum leg_state)s)) {
            put_labelled(place, "open", "state", leg_state_name((enum leg_state)s),
                         sweeper->last.states[s]);
        }
    }
    put_number(place, "stuck", sweeper->last.stuck);
    put_number(place, "agencies_differing", sweeper->last.differing);
    put_number(place, "sweeper_rounds_total", sweeper->rounds);
    put_number(place, "sweeper_round_seconds", (uint64_t)sweeper->last.ended_ms / 1000);
    put_number(place, "parked_by_time_total", sweeper->timed);
}

static enum lt_status put_parked(struct place *place)
{
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    enum lt_status status =
        state_seek(place->ask->flow->state, STATE_INCIDENTS,
                   parked_count_key(from, COUNT_ALL, 0, (struct lt_bytes){NULL, 0}), &at);
    while (status == LT_OK && at.found) {
        struct parked_count count;
        uint64_t number;
        if (!parked_count_key_read(at.key, &count) || count.agency != COUNT_ALL) {
            break;
        }
        if (!incident_number_read(at.value, &number)) {
            return LT_DAMAGED;
        }
        put_labelled(place, "parked", "code", lt_code((enum lt_status)count.code), number);
        status = state_step(place->ask->flow->state, &at);
    }
    return status;
}

/* Of the log; a signer that fails shows in log_failures_total and a signed position that stays. */
static void put_log(struct place *place)
{
    const struct flow *flow = place->ask->flow;
    struct log_about about;
    if (flow->log.take == NULL) {
        return;
    }
    flow->log.about(flow->log.self, &about);
    put_number(place, "log_commits", about.size);
    put_number(place, "log_commits_signed", about.signed_size);
    put_number(place, "log_position", about.position);
    put_number(place, "log_checkpoints_total", about.checkpoints);
    put_number(place, "log_receipts_total", about.receipts);
    put_number(place, "log_receipts_unsent_total", about.dropped + flow->counters.receipts_unsent);
    put_number(place, "log_failures_total", about.failures);
}

static void put_stamps(struct place *place)
{
    struct operators_stamps stamps;
    if (ask_stamps(place->ask, &stamps)) {
        put_number(place, "timestamp_size", stamps.size);
        put_number(place, "timestamp_seconds", (uint64_t)stamps.time_ms / 1000);
        put_number(place, "timestamp_failures", stamps.failures);
        put_number(place, "timestamp_late", stamps.late);
    }
}

static void put_process(struct place *place)
{
    const struct operators_about *about = &place->ask->operators->about;
    const struct flow *flow = place->ask->flow;
    uint64_t bytes;
    if (place->ask->operators->about_known && about->disk_free != NULL &&
        about->disk_free(about->self, &bytes) == LT_OK) {
        put_number(place, "disk_free_bytes", bytes);
    }
    if (place->ask->operators->about_known && about->memory != NULL &&
        about->memory(about->self, &bytes) == LT_OK) {
        put_number(place, "memory_bytes", bytes);
    }
    if (flow->disk_left_ms >= 0) {
        put_number(place, "disk_left_seconds", (uint64_t)flow->disk_left_ms / 1000);
    }
    put_number(place, "disk_soon_full", flow_disk_soon_full(flow));
    put_number(place, "base_damaged", flow->base_damaged);
    put_number(place, "quarantined", flow->quarantine.found);
    put_number(place, "format", flow->format);
    put_number(place, "journal_bytes", journal_used_bytes(flow->journal));
    put_number(place, "syncs_total", journal_syncs(flow->journal));
    put_number(place, "durable_position", flow->durable);
    put_number(place, "applied_position", state_applied(flow->state));
    put_number(place, "sessions", flow->sessions.all.count);
    put_number(place, "sessions_opened_total", flow->counters.sessions_opened);
    put_number(place, "sessions_closed_total", flow->counters.sessions_closed);
    put_number(place, "frames_total", flow->counters.frames);
    put_number(place, "frames_refused_total", flow->counters.frames_refused);
    put_number(place, "delivered_total", flow->counters.delivered);
    put_number(place, "settled_total", flow->counters.settled);
    put_number(place, "returned_total", flow->counters.returned);
    put_number(place, "damaged_total", flow->counters.damaged);
    put_number(place, "seals_total", flow->counters.seals);
    put_number(place, "seals_by_grace_total", flow->counters.seals_stale);
    put_number(place, "intake_closed", flow->intake_closed || flow->commit_full || flow->draining);
    put_number(place, "clock_suspect", flow->clock_suspect);
}

static enum lt_status put_house(struct place *place)
{
    put_process(place);
    put_log(place);
    put_stamps(place);
    put_desks(place);
    put_sweeper(place);
    return put_parked(place);
}

/* ---- agencies ----------------------------------------------------------------------------------
 */

static void put_agency(struct ask *ask, const struct desk *desk)
{
    struct page_draft *page = &ask->page;
    const struct agency *agency = registry_by_number(ask->flow->registry, desk->agency);
    page_row(page);
    page_text(page, "agency", agency == NULL ? "-" : agency->id);
    page_number(page, "accepted", desk->counts.accepted);
    page_number(page, "taken", desk->counts.taken);
    page_number(page, "refused", desk->counts.refused);
    page_number(page, "expired", desk->counts.expired);
    page_number(page, "cancelled", desk->counts.cancelled);
    page_number(page, "open", counts_open(&desk->counts));
    page_number(page, "parked", desk->counts.parked);
    page_number(page, "open_bytes", desk->counts.open_bytes);
    page_flag(page, "share_full", desk->share_full);
    page_number(page, "counted", desk->counted);
    page_difference(page, "difference", desk->difference);
    page_flag(page, "connected", desk->receiving != NULL);
    page_flag(page, "incident", desk->incident != 0);
}

static void put_cursor(const struct place *place)
{
    uint8_t cursor[CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u8(&w, place->agencies ? 1 : 0);
    wire_put_u32(&w, place->at);
    page_cursor(&place->ask->page, wire_written(&w));
}

static void put_agencies(struct place *place)
{
    struct flow *flow = place->ask->flow;
    for (place->at = place->from; place->at <= flow->desks.highest; place->at++) {
        const struct desk *desk = desk_of(&flow->desks, place->at);
        bool known = registry_by_number(flow->registry, place->at) != NULL;
        if (!known && counts_changes(&desk->counts) == 0) {
            continue;
        }
        if (page_full(&place->ask->page)) {
            place->full = true;
            return;
        }
        put_agency(place->ask, desk);
    }
}

enum lt_status query_metrics(struct ask *ask)
{
    struct place place = {.ask = ask};
    struct wire_reader r;
    bool resumed;
    enum lt_status status = ask_cursor(ask, CURSOR_BYTES, &r, &resumed);
    if (status == LT_OK && resumed) {
        place.agencies = wire_u8(&r) != 0;
        place.from = wire_u32(&r);
    }
    if (status == LT_OK && !place.agencies) {
        status = put_house(&place);
        place.agencies = !place.full;
        place.from = place.full ? place.from : 0;
    }
    if (status == LT_OK && place.agencies) {
        put_agencies(&place);
    }
    if (status == LT_OK && place.full) {
        put_cursor(&place);
    }
    return status;
}
