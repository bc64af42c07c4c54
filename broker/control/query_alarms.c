/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * First what the house itself is short of now: a base that does not read, records set aside, a disk
 * that fills, agencies that have used up their share. Then what the sweeper found in its last whole
 * round: legs that stay in one state for too long, each with its id, and agencies whose sum is not
 * zero. Those rows are in memory; a page goes on by their index, and a round that ends between two
 * pages may show a row twice or not at all.
 */
#include <string.h>

#include "alarm_expiry.h"
#include "ask.h"
#include "mask.h"
#include "proto/base/text.h"

#define CURSOR_BYTES 4

static void put_stuck(struct ask *ask, const struct alarm *alarm)
{
    struct page_draft *page = &ask->page;
    struct transfer t;
    page_id(page, "id", &alarm->transfer.id);
    page_number(page, "leg", alarm->leg);
    if (transfer_load(ask->flow, &alarm->transfer, &t) == LT_OK && alarm->leg < t.legs_count) {
        row_case(ask, &t);
        row_kind(ask, t.kind);
        page_code(page, "code", t.legs[alarm->leg].code);
        row_who(ask, row_who_of(t.legs[alarm->leg].code));
    }
    page_text(page, "state", leg_state_name(alarm->state));
    page_time(page, "since_ms", alarm->since_ms);
}

static void put_alarm(struct ask *ask, const struct alarm *alarm)
{
    struct page_draft *page = &ask->page;
    const char *what = alarm->what == ALARM_STUCK ? "stuck" : "difference";
    page_row(page);
    page_text(page, "what", what);
    row_agency(ask, "agency", "agency_name", alarm->agency);
    if (alarm->what == ALARM_STUCK) {
        put_stuck(ask, alarm);
    } else {
        page_difference(page, "difference", alarm->difference);
    }
    page_time(page, "round_ms", ask->flow->sweeper.last.ended_ms);
}

/* Of the house: on the first page, as far as there is room; the metrics have them all. */
static void put_house(struct ask *ask)
{
    struct page_draft *page = &ask->page;
    struct flow *flow = ask->flow;
    if (flow->base_damaged) {
        page_row(page);
        page_text(page, "what", "base");
        page_code(page, "code", LT_DAMAGED);
    }
    if (flow->quarantine.found != 0) {
        page_row(page);
        page_text(page, "what", "quarantined");
        page_number(page, "count", flow->quarantine.found);
    }
    if (flow_disk_soon_full(flow)) {
        page_row(page);
        page_text(page, "what", "disk");
        page_time(page, "left_ms", flow->disk_left_ms);
    }
    for (uint32_t i = 1; i <= flow->desks.highest && !page_full(page); i++) {
        if (desk_of(&flow->desks, i)->share_full) {
            page_row(page);
            page_text(page, "what", "share");
            row_agency(ask, "agency", "agency_name", i);
            page_code(page, "code", LT_AGENCY_SHARE);
        }
    }
}

/* Those that found no room in the table. */
static void put_more(struct ask *ask, const struct sweep_round *round)
{
    uint64_t all = round->stuck + round->differing;
    if (all > round->alarms_count) {
        page_row(&ask->page);
        page_text(&ask->page, "what", "more");
        page_number(&ask->page, "count", all - round->alarms_count);
        page_time(&ask->page, "round_ms", round->ended_ms);
    }
}

/* A list of revoked certificates is late: keys known before are taken by grace, others not. */
static void put_lists(struct ask *ask)
{
    const struct flow *flow = ask->flow;
    int64_t until_ms = flow->trust == NULL ? 0 : trust_lists_until_ms(flow->trust);
    if (until_ms != 0 && until_ms <= flow->now_ms) {
        page_row(&ask->page);
        page_text(&ask->page, "what", "crl-stale");
        page_time(&ask->page, "since_ms", until_ms);
    }
}

/* No time-stamp when there should be one: the authority is away, or its answers do not count. */
static void put_stamps(struct ask *ask)
{
    struct operators_stamps stamps;
    if (ask_stamps(ask, &stamps) && stamps.late) {
        page_row(&ask->page);
        page_text(&ask->page, "what", "timestamp");
        page_time(&ask->page, "since_ms", stamps.failing_since_ms);
        page_number(&ask->page, "count", stamps.failures);
        page_text(&ask->page, "why", stamps.why);
        page_text(&ask->page, "detail", stamps.detail);
    }
}

enum lt_status query_alarms(struct ask *ask)
{
    const struct sweep_round *round = &ask->flow->sweeper.last;
    struct wire_reader r;
    uint8_t cursor[CURSOR_BYTES];
    bool resumed;
    enum lt_status status = ask_cursor(ask, CURSOR_BYTES, &r, &resumed);
    if (status != LT_OK) {
        return status;
    }
    if (!resumed) {
        put_house(ask);
        put_lists(ask);
        put_stamps(ask);
        alarms_expiring(ask);
    }
    for (uint32_t i = resumed ? wire_u32(&r) : 0; i < round->alarms_count; i++) {
        if (page_full(&ask->page)) {
            struct wire_writer w;
            wire_write_init(&w, cursor, sizeof(cursor));
            wire_put_u32(&w, i);
            page_cursor(&ask->page, wire_written(&w));
            return LT_OK;
        }
        put_alarm(ask, &round->alarms[i]);
    }
    put_more(ask, round);
    return LT_OK;
}
