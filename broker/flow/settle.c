/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a receiver says of a leg becomes a fact, whichever session of the agency says it and however
 * late. The next state is decided here and folded from the fact. There are two budgets:
 *
 *   taken      final
 *   refused    a business refusal: final, the sender is told, the lane goes on
 *   later, unreachable, faulty
 *              the agency's fault: costs time, never an attempt, and never parks
 *   failed     a technical refusal: costs an attempt; parks at the limit, or when it is permanent
 *
 * While the agency has an open incident nothing parks for attempts used up: what fails then goes
 * back into the line, and the breaker (incident.c) says when the next one is tried.
 *
 * Every pause has its jitter in the fact. "The state before is missing" is never final: the order
 * of the lane is its cure, so it keeps its class when it parks and its lane waits with it.
 *
 * The same settlement again is confirmed again. One that contradicts a final state is confirmed
 * (the receiver must be able to let go) and logged; what a receiver decided supersedes an expiry or
 * a cancellation, and both statements stay in the journal.
 */
#include <string.h>

#include "fold_leg.h"
#include "incident.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "steps.h"

#define LATER_FIRST_MS 1000

/* `decided`: position of the settlement if it was recorded now. */
static void answer_settled(struct flow *flow, struct session *session,
                           const struct settlement *settlement, enum lt_status code,
                           uint64_t position, uint64_t decided)
{
    struct answer *answer =
        answer_make(&flow->answers, &flow->sessions, session, ANSWER_SETTLED, position);
    if (answer == NULL) {
        session_doom(session, LT_BUSY);
        return;
    }
    answer->id = settlement->id;
    answer->leg = (uint16_t)settlement->leg;
    answer->number = settlement->number;
    answer->code = (uint16_t)code;
    answer->decided = decided;
}

/* ---- what follows ------------------------------------------------------------------------------
 */

/* REFUSED is for business classes alone: "the state before is missing" is no decision on the case.
 */
static enum lt_outcome settle_outcome(const struct settlement *settlement)
{
    bool order =
        settlement->outcome == LT_OUTCOME_REFUSED && settlement->code == LT_STEP_BEFORE_MISSING;
    return order ? LT_OUTCOME_FAILED : settlement->outcome;
}

static uint16_t settle_code(const struct settlement *settlement)
{
    uint32_t code = settlement->code;
    switch (settle_outcome(settlement)) {
    case LT_OUTCOME_TAKEN:
        return 0;
    case LT_OUTCOME_REFUSED:
        return code >= 150 && code <= 159 ? (uint16_t)code : LT_OFFICER_REFUSED;
    case LT_OUTCOME_LATER:
        return code >= 160 && code <= 199 ? (uint16_t)code : LT_RECEIVER_UNREACHABLE;
    default:
        return code >= 160 && code <= 199 ? (uint16_t)code : LT_RECEIVER_REJECTED;
    }
}

/* A pause that costs time alone: what the receiver asked for, else longer with every delivery. */
static int64_t pause_ms(struct flow *flow, const struct settlement *settlement,
                        const struct leg *leg)
{
    int64_t wait_ms = settlement->retry_after_ms;
    if (wait_ms <= 0) {
        return backoff_ms(leg->attempts, flow->settings.backoff_first_ms, BACKOFF_MS_MAX,
                          flow_random(flow));
    }
    wait_ms = wait_ms < LATER_FIRST_MS ? LATER_FIRST_MS : wait_ms;
    wait_ms = wait_ms > LATER_MS_MAX ? LATER_MS_MAX : wait_ms;
    return backoff_ms(1, wait_ms, LATER_MS_MAX, flow_random(flow));
}

/* A permanent refusal of the transfer; nothing that is the agency's fault is permanent. */
static bool parks_at_once(const struct settlement *settlement, const struct fact_settled *settled)
{
    bool permanent = settlement->permanent || settled->code == LT_RECEIVER_NEVER;
    return permanent && settled->outcome == LT_OUTCOME_FAILED && !code_costs_time(settled->code);
}

static void park_exhausted(struct fact_settled *settled)
{
    settled->next = LEG_PARKED;
    if (settled->code != LT_STEP_BEFORE_MISSING) {
        settled->code = LT_ATTEMPTS_EXHAUSTED;
    }
}

/* Fills what follows from the settlement: next state, code, due time. */
static void settle_next(struct flow *flow, const struct settlement *settlement,
                        const struct leg *leg, struct fact_settled *settled)
{
    uint32_t failures = leg->failures + 1u;
    bool incident = desk_of(&flow->desks, leg->agency)->incident != 0;
    bool later = settled->outcome == LT_OUTCOME_LATER;
    /* A pause that was asked for holds in an incident too. */
    bool pauses = (later && settlement->retry_after_ms > 0) ||
                  (!incident && (later || code_costs_time(settled->code)));
    settled->next = LEG_BACKOFF;
    if (settled->outcome == LT_OUTCOME_TAKEN) {
        settled->next = LEG_TAKEN;
    } else if (settled->outcome == LT_OUTCOME_REFUSED) {
        settled->next = LEG_REFUSED;
    } else if (parks_at_once(settlement, settled)) {
        settled->next = LEG_PARKED;
    } else if (pauses) {
        settled->due_ms = flow->now_ms + pause_ms(flow, settlement, leg);
    } else if (incident) {
        settled->due_ms = flow->now_ms;
    } else if (failures >= flow->settings.attempts_max) {
        park_exhausted(settled);
    } else {
        settled->due_ms = flow->now_ms + backoff_ms(failures, flow->settings.backoff_first_ms,
                                                    BACKOFF_MS_MAX, flow_random(flow));
    }
}

static enum lt_status stage_settled(struct flow *flow, const struct settlement *settlement,
                                    const struct transfer *t, uint8_t leg, uint64_t *ret_position)
{
    struct fact_settled settled = {
        .position = t->position,
        .leg = leg,
        .attempt = (uint16_t)settlement->attempt,
        .agency = t->legs[leg].agency,
        .outcome = (uint8_t)settle_outcome(settlement),
        .code = settle_code(settlement),
        .permanent = settlement->permanent,
        .decided_ms = settlement->time_ms,
        .reason = settlement->reason,
    };
    uint8_t memory[LT_REASON_MAX + 128];
    if (settled.reason.size > LT_REASON_MAX) {
        settled.reason.size =
            utf8_cut((const char *)settled.reason.data, settled.reason.size, LT_REASON_MAX);
    }
    settle_next(flow, settlement, &t->legs[leg], &settled);
    flow->counters.settled++;
    return flow_fact(flow, FACT_SETTLED, fact_write_settled(memory, sizeof(memory), &settled),
                     ret_position);
}

/* A settlement whose leg has its final state already. */
static bool already_final(struct session *session, const struct settlement *settlement,
                          const struct leg *leg)
{
    if (leg_open(leg->state)) {
        return false;
    }
    bool same = (leg->state == LEG_TAKEN && settlement->outcome == LT_OUTCOME_TAKEN) ||
                (leg->state == LEG_REFUSED && settlement->outcome == LT_OUTCOME_REFUSED);
    bool decision =
        settlement->outcome == LT_OUTCOME_TAKEN || settle_outcome(settlement) == LT_OUTCOME_REFUSED;
    if (decision && (leg->state == LEG_EXPIRED || leg->state == LEG_CANCELLED)) {
        return false; /* what the receiver decided supersedes what was ended without it */
    }
    if (!same) {
        char id[ID_TEXT_BYTES];
        id_write(id, &settlement->id);
        log_warn("settlement-contradicts", "agency=%s id=%s state=%s said=%d", session->user, id,
                 leg_state_name(leg->state), (int)settlement->outcome);
    }
    return true;
}

void flight_land(struct flow *flow, uint64_t position, uint8_t leg)
{
    struct flight *flight = flight_find(&flow->flights, position, leg);
    if (flight == NULL) {
        return;
    }
    struct desk *desk = desk_of(&flow->desks, flight->agency);
    desk->in_flight--;
    desk->in_flight_bytes -= flight->parcel_bytes;
    flight_free(&flow->flights, flight);
    desk_wake(&flow->desks, desk);
}

/* The agency's breaker hears of it. */
static enum lt_status breaker(struct flow *flow, const struct settlement *settlement,
                              const struct transfer *t, uint8_t leg)
{
    struct desk *desk = desk_of(&flow->desks, t->legs[leg].agency);
    enum lt_outcome outcome = settle_outcome(settlement);
    if (outcome == LT_OUTCOME_TAKEN || outcome == LT_OUTCOME_REFUSED) {
        return incident_passed(flow, desk);
    }
    return incident_failed(flow, desk, settle_code(settlement), &t->lane);
}

static enum lt_status take_one(struct flow *flow, struct session *session,
                               const struct settlement *settlement)
{
    struct transfer_key key;
    struct transfer t;
    uint64_t position = 0;
    enum lt_status status = transfer_at(flow, settlement->position, &key, &t);
    bool known = status == LT_OK && settlement->leg < t.legs_count &&
                 memcmp(&key.id, &settlement->id, sizeof(key.id)) == 0 &&
                 t.legs[settlement->leg].agency == session->agency;
    if (!known) {
        answer_settled(flow, session, settlement, LT_NOT_HERE, 0, 0);
        return lt_class(status) == LT_CLASS_STOP ? status : LT_OK;
    }
    uint8_t leg = (uint8_t)settlement->leg;
    if (settlement->outcome < LT_OUTCOME_TAKEN || settlement->outcome > LT_OUTCOME_LATER) {
        answer_settled(flow, session, settlement, LT_FIELD_BAD, 0, 0);
        return LT_OK;
    }
    if (already_final(session, settlement, &t.legs[leg])) {
        flight_land(flow, t.position, leg);
        answer_settled(flow, session, settlement, LT_OK, journal_staged(flow->journal), 0);
        return LT_OK;
    }
    if ((t.legs[leg].flags & LEG_FLAG_SENT_ONCE) == 0 &&
        flight_find(&flow->flights, t.position, leg) == NULL) {
        /* Never sent as far as the journal knows: a crash may have eaten that fact. Believe it. */
        log_warn("settlement-of-unsent", "agency=%s position=%llu", session->user,
                 (unsigned long long)t.position);
    }
    status = stage_settled(flow, settlement, &t, leg, &position);
    if (status != LT_OK) {
        return status;
    }
    status = breaker(flow, settlement, &t, leg);
    if (status != LT_OK) {
        return status;
    }
    flight_land(flow, t.position, leg);
    answer_settled(flow, session, settlement, LT_OK, position, position);
    return LT_OK;
}

enum lt_status take_settle(struct flow *flow, struct session *session, const struct settle *settle)
{
    if (settle->count > LT_PARCELS_PER_FRAME) {
        session_doom(session, LT_FRAME_CROWDED);
        return LT_OK;
    }
    for (uint32_t i = 0; i < settle->count; i++) {
        enum lt_status status = take_one(flow, session, &settle->items[i]);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}
