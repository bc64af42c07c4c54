/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One cause, one incident. The same class of failure from one agency on INCIDENT_CASES different
 * cases without a success between opens its breaker; so does a line that is down for long while
 * legs wait for it. While it is open one leg at a time goes out to try, after pauses that double
 * from PROBE_FIRST_MS to PROBE_MS_MAX, and nothing of that agency parks for attempts used up, so
 * that a broken agency is one thing to look after and not thousands. A leg that is taken, or
 * refused for a business reason, closes it; the rest then goes at the receiver's pace.
 *
 * What leads to an incident is counted in memory: a restart costs a few failures more. The incident
 * itself is facts.
 */
#include "incident.h"

#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "sweeper.h"

/* ---- facts -------------------------------------------------------------------------------------
 */

/* A line that is down counts no failures: then the word is left out. */
static void say(const struct flow *flow, const struct desk *desk, const struct fact_incident *f)
{
    static const char *const events[] = {
        [INCIDENT_OPENED] = "incident-opened",
        [INCIDENT_TRIED] = "incident-tried",
        [INCIDENT_CLOSED] = "incident-closed",
    };
    const struct agency *agency = registry_by_number(flow->registry, f->agency);
    const char *id = agency == NULL ? "-" : agency->id;
    const char *code = lt_code((enum lt_status)f->code);
    unsigned long long number = f->number;
    unsigned long long waiting = counts_open(&desk->counts) - desk->counts.parked;
    if (f->count == 0) {
        log_warn(events[f->change], "agency=%s incident=%llu code=%s waiting=%llu", id, number,
                 code, waiting);
    } else {
        log_warn(events[f->change], "agency=%s incident=%llu code=%s count=%u waiting=%llu", id,
                 number, code, f->count, waiting);
    }
}

static enum lt_status stage(struct flow *flow, const struct desk *desk,
                            const struct fact_incident *f)
{
    uint8_t memory[128];
    uint64_t position;
    say(flow, desk, f);
    return flow_fact(flow, FACT_INCIDENT, fact_write_incident(memory, sizeof(memory), f),
                     &position);
}

static enum lt_status stage_opened(struct flow *flow, const struct desk *desk, uint16_t code,
                                   uint32_t count, int64_t due_ms)
{
    struct fact_incident f = {
        .number = flow->incidents + 1,
        .agency = desk->agency,
        .code = code,
        .change = INCIDENT_OPENED,
        .count = count,
        .due_ms = due_ms,
    };
    return stage(flow, desk, &f);
}

static enum lt_status stage_change(struct flow *flow, const struct desk *desk,
                                   enum incident_change change, uint32_t count, int64_t due_ms)
{
    struct fact_incident f = {
        .number = desk->incident,
        .agency = desk->agency,
        .code = desk->incident_code,
        .change = (uint8_t)change,
        .count = count,
        .due_ms = due_ms,
    };
    return stage(flow, desk, &f);
}

static int64_t probe_due_ms(struct flow *flow, uint32_t probes)
{
    return flow->now_ms + backoff_ms(probes + 1, PROBE_FIRST_MS, PROBE_MS_MAX, flow_random(flow));
}

/* ---- what leads to one -------------------------------------------------------------------------
 */

/* The streak of that class; else an unused one, else the shortest gives way. */
static struct streak *streak_of(struct desk *desk, uint16_t code)
{
    struct streak *streak = &desk->streaks[0];
    for (uint32_t i = 0; i < STREAKS_MAX; i++) {
        if (desk->streaks[i].code == code) {
            return &desk->streaks[i];
        }
        if (desk->streaks[i].count < streak->count) {
            streak = &desk->streaks[i];
        }
    }
    *streak = (struct streak){.code = code};
    return streak;
}

/* True when this case is the one too many. */
static bool streak_add(struct desk *desk, uint16_t code, const struct lane *lane)
{
    static_assert(STREAK_CASES_MAX >= INCIDENT_CASES, "the cases of an incident fit a streak");
    struct streak *streak = streak_of(desk, code);
    uint64_t name;
    memcpy(&name, lane->bytes, sizeof(name));
    for (uint32_t i = 0; i < streak->count; i++) {
        if (streak->cases[i] == name) {
            return false;
        }
    }
    streak->cases[streak->count++] = name;
    return streak->count == INCIDENT_CASES;
}

static void streaks_end(struct desk *desk)
{
    memset(desk->streaks, 0, sizeof(desk->streaks));
}

/* ---- what deliveries tell ----------------------------------------------------------------------
 */

enum lt_status incident_failed(struct flow *flow, struct desk *desk, uint16_t code,
                               const struct lane *lane)
{
    if (desk->incident != 0 && desk->probing) {
        desk->probing = false;
        return stage_change(flow, desk, INCIDENT_TRIED, desk->incident_count + 1,
                            probe_due_ms(flow, desk->probes + 1));
    }
    if (desk->incident != 0 || !streak_add(desk, code, lane)) {
        return LT_OK; /* of those that were out when it was opened; or not enough for one */
    }
    streaks_end(desk);
    return stage_opened(flow, desk, code, INCIDENT_CASES, probe_due_ms(flow, 0));
}

enum lt_status incident_passed(struct flow *flow, struct desk *desk)
{
    streaks_end(desk);
    desk->probing = false;
    if (desk->incident == 0) {
        return LT_OK;
    }
    return stage_change(flow, desk, INCIDENT_CLOSED, desk->incident_count, 0);
}

void incident_line(const struct flow *flow, struct desk *desk)
{
    if (desk->incident_code == LT_RECEIVER_UNREACHABLE && desk->probe_due_ms > flow->now_ms) {
        desk->probe_due_ms = flow->now_ms;
    }
}

uint32_t incident_allows(const struct flow *flow, struct desk *desk)
{
    if (desk->incident == 0) {
        return LT_PARCELS_PER_FRAME;
    }
    if (desk->in_flight != 0) {
        return 0; /* its end wakes the desk */
    }
    if (desk->probe_due_ms > flow->now_ms) {
        desk->next_due_ms = desk->probe_due_ms;
        return 0;
    }
    return 1;
}

/* ---- lines -------------------------------------------------------------------------------------
 */

static bool due_any(struct flow *flow, const struct desk *desk)
{
    uint8_t from_bytes[RECORD_KEY_MAX];
    struct due_key from = {.agency = desk->agency, .priority = DESK_PRIORITIES - 1};
    struct due_key key;
    struct state_entry at;
    enum lt_status status = state_seek_part(
        flow->state, STATE_DUE, due_key_write(from_bytes, &from), DUE_KEY_AGENCY_BYTES, &at);
    return status == LT_OK && at.found && due_key_read(at.key, &key) && key.agency == desk->agency;
}

bool incident_has_probe(struct flow *flow, const struct desk *desk)
{
    return desk->in_flight != 0 || due_any(flow, desk);
}

static bool down_for_long(const struct flow *flow, const struct desk *desk)
{
    int64_t since_ms = desk->line_lost_ms != 0 ? desk->line_lost_ms : flow->opened_ms;
    return desk->receiving == NULL && flow->settings.line_incident_ms != 0 &&
           flow->mono_ms - since_ms > flow->settings.line_incident_ms;
}

/* A dissolved agency whose legs have all gone to its successor: nothing will ever end its incident.
 */
static bool dissolved(const struct flow *flow, const struct desk *desk, const struct agency *agency)
{
    return agency != NULL && desk->in_flight == 0 && counts_open(&desk->counts) == 0 &&
           registry_successor(flow->registry, agency, flow->now_ms) != agency;
}

static enum lt_status look_at_line(struct flow *flow, struct desk *desk)
{
    const struct agency *agency = registry_by_number(flow->registry, desk->agency);
    if (desk->incident != 0 && dissolved(flow, desk, agency)) {
        return stage_change(flow, desk, INCIDENT_CLOSED, desk->incident_count, 0);
    }
    if (agency == NULL || agency->paused) {
        return LT_OK; /* nobody has no line; a pause is an operator's will and no incident */
    }
    if (desk->incident == 0) {
        return down_for_long(flow, desk) && due_any(flow, desk)
                   ? stage_opened(flow, desk, LT_RECEIVER_UNREACHABLE, 0, flow->now_ms)
                   : LT_OK;
    }
    bool over = desk->incident_code == LT_RECEIVER_UNREACHABLE && desk->receiving != NULL &&
                desk->in_flight == 0 && !due_any(flow, desk);
    return over ? stage_change(flow, desk, INCIDENT_CLOSED, desk->incident_count, 0) : LT_OK;
}

enum lt_status incident_sweep(struct flow *flow)
{
    for (uint32_t i = 0; i < LINE_SWEEP_DESKS && i <= flow->desks.highest; i++) {
        if (!flow_room_small(flow)) {
            return LT_OK;
        }
        flow->line_swept = flow->line_swept < flow->desks.highest ? flow->line_swept + 1 : 0;
        enum lt_status status = look_at_line(flow, desk_of(&flow->desks, flow->line_swept));
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}
