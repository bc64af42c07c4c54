/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What time alone brings: beats, leases, readers that stay blocked, legs sent and never settled,
 * backoffs that end, sessions that were doomed in this turn. Sent legs of an ended session become
 * facts (returned) and are due again; while the batch has no room the session waits for its end.
 * Runs through all sessions at most every SWEEP_MS; doomed ones are looked at every turn.
 */
#include <string.h>

#include "fold_leg.h"
#include "incident.h"
#include "proto/base/log.h"
#include "steps.h"

#define SWEEP_MS 100

static enum lt_status return_flight(struct flow *flow, struct flight *flight, enum lt_status code,
                                    int64_t due_ms)
{
    uint8_t memory[64];
    uint64_t position;
    struct fact_returned returned = {
        .position = flight->position,
        .leg = flight->leg,
        .agency = flight->agency,
        .code = (uint16_t)code,
        .due_ms = due_ms,
    };
    struct desk *desk = desk_of(&flow->desks, flight->agency);
    struct transfer_key key;
    struct transfer t;
    desk->in_flight--;
    desk->in_flight_bytes -= flight->parcel_bytes;
    flight_free(&flow->flights, flight);
    flow->counters.returned++;
    enum lt_status status = flow_fact(
        flow, FACT_RETURNED, fact_write_returned(memory, sizeof(memory), &returned), &position);
    if (status != LT_OK || (code != LT_TIMEOUT && !desk->probing) ||
        transfer_at(flow, returned.position, &key, &t) != LT_OK) {
        return status;
    }
    return incident_failed(flow, desk, LT_RECEIVER_UNREACHABLE, &t.lane);
}

static enum lt_status return_flights(struct flow *flow, struct session *session)
{
    struct list_node *node;
    while ((node = list_first(&session->flights)) != NULL && flow_room_small(flow)) {
        enum lt_status status = return_flight(flow, LIST_ENTRY(node, struct flight, node),
                                              LT_RECEIVER_UNREACHABLE, flow->now_ms);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

static bool may_receive(const struct session *session)
{
    return session->doomed == 0 && (session->role == ROLE_RECEIVING || session->role == ROLE_BOTH);
}

/* A standby session takes the place of the receiving one. */
static void pass_on(struct flow *flow, struct desk *desk)
{
    desk->receiving = NULL;
    desk->line_since_ms = flow->now_ms;
    desk->line_lost_ms = flow->mono_ms;
    for (struct list_node *n = list_first(&flow->sessions.all); n != NULL;
         n = list_next(&flow->sessions.all, n)) {
        struct session *session = LIST_ENTRY(n, struct session, all);
        if (session->agency == desk->agency && may_receive(session)) {
            desk->receiving = session;
            session->standby = false;
            session->beat_due_ms = flow->mono_ms; /* tells it */
            memset(desk->from_known, 0, sizeof(desk->from_known));
            desk_wake(&flow->desks, desk);
            if (desk->teller == NULL && session->notices != 0) {
                teller_set(flow, desk, session);
            }
            return;
        }
    }
}

void session_finish(struct flow *flow, struct session *session)
{
    session_doom(session, LT_PEER_GONE); /* so that it cannot be its own successor */
    if (session->agency != 0) {
        struct desk *desk = desk_of(&flow->desks, session->agency);
        log_info("session-close", "agency=%s code=%s", session->user,
                 lt_code((enum lt_status)session->doomed));
        desk->sessions--;
        desk->sessions_next -= session->next_key;
        if (desk->teller == session) {
            desk->teller = NULL;
        }
        if (desk->receiving == session) {
            pass_on(flow, desk);
        }
        flow->counters.sessions_closed++;
    }
    submissions_leave(flow, session);
    answers_drop(&flow->answers, session);
    session_free(&flow->sessions, session);
}

/* Tells the peer why, so that it opens a new session at once; nothing is lost if it cannot. */
static void say_end(struct flow *flow, const struct session *session)
{
    enum lt_status code = (enum lt_status)session->doomed;
    if (session->agency == 0 || code == LT_PEER_GONE || code == LT_EPOCH_OLD) {
        return;
    }
    send_no_session(flow, &session->route, code, lt_error(code)->en,
                    lt_class(code) == LT_CLASS_REFUSE ? 2000 : 0);
}

static enum lt_status end_doomed(struct flow *flow)
{
    struct list_node *node = list_first(&flow->sessions.all);
    while (node != NULL && flow->sessions.doomed != 0) {
        struct session *session = LIST_ENTRY(node, struct session, all);
        node = list_next(&flow->sessions.all, node);
        if (session->doomed == 0) {
            continue;
        }
        enum lt_status status = return_flights(flow, session);
        if (status != LT_OK) {
            return status;
        }
        if (session->flights.count == 0) {
            say_end(flow, session);
            session_finish(flow, session);
        }
    }
    return LT_OK;
}

static void beat(struct flow *flow, struct session *session)
{
    struct frame frame = {
        .kind = FRAME_BEAT,
        .beat = {.clock_ms = flow->now_ms,
                 .submit = session->submit,
                 .standby = session->standby,
                 .backed_up_to = flow->backed_up_to,
                 .durable = flow->durable},
    };
    if (session_out(flow, session, &frame) == LT_OK) {
        session->beat_due_ms = flow->mono_ms + flow->settings.beat_ms;
    }
}

static enum lt_status time_out_flights(struct flow *flow, struct session *session)
{
    struct list_node *node;
    while ((node = list_first(&session->flights)) != NULL && flow_room_small(flow)) {
        struct flight *flight = LIST_ENTRY(node, struct flight, node);
        if (flow->mono_ms - flight->sent_ms < flow->settings.settle_timeout_ms) {
            break;
        }
        int64_t wait_ms = backoff_ms(flight->attempt, flow->settings.backoff_first_ms,
                                     BACKOFF_MS_MAX, flow_random(flow));
        log_warn("settle-timeout", "agency=%s position=%llu leg=%u attempt=%u", session->user,
                 (unsigned long long)flight->position, (unsigned)flight->leg,
                 (unsigned)flight->attempt);
        enum lt_status status = return_flight(flow, flight, LT_TIMEOUT, flow->now_ms + wait_ms);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

/* Whether the session may go on; if not, what its agency is told. */
static enum lt_status session_stands(struct flow *flow, const struct session *session)
{
    const struct agency *agency = registry_by_number(flow->registry, session->agency);
    if (agency == NULL ||
        registry_key_state(flow->registry, &session->key, flow->now_ms) != KEY_VALID) {
        return LT_KEY_REVOKED;
    }
    return agency->suspended ? LT_AGENCY_SUSPENDED : LT_OK;
}

static enum lt_status sweep_session(struct flow *flow, struct session *session)
{
    if (flow->mono_ms - session->heard_ms > flow->settings.lease_ms) {
        session_doom(session, LT_PEER_GONE);
        return LT_OK;
    }
    if (session->blocked_ms != 0 && flow->mono_ms - session->blocked_ms > BLOCKED_MS_MAX) {
        session_doom(session, LT_BLOCKED);
        return LT_OK;
    }
    if (session->agency == 0) {
        return LT_OK;
    }
    enum lt_status stands = session_stands(flow, session);
    if (stands != LT_OK) {
        log_warn("session-cut", "agency=%s reason=%s", session->user,
                 stands == LT_KEY_REVOKED ? "key" : "suspended");
        session_doom(session, stands);
        return LT_OK;
    }
    if (flow->mono_ms >= session->beat_due_ms || session->blocked_ms != 0) {
        beat(flow, session);
    }
    return time_out_flights(flow, session);
}

/* Backoffs that have ended make their desk active. */
static void wake_due(struct flow *flow)
{
    for (uint32_t i = 1; i <= flow->desks.highest; i++) {
        struct desk *desk = desk_of(&flow->desks, i);
        if (desk->next_due_ms <= flow->now_ms) {
            desk_wake(&flow->desks, desk);
        }
    }
}

enum lt_status step_sweep(struct flow *flow)
{
    if (flow->mono_ms - flow->swept_ms >= SWEEP_MS || flow->swept_ms == 0) {
        flow->swept_ms = flow->mono_ms;
        wake_due(flow);
        enum lt_status status = incident_sweep(flow);
        if (status == LT_OK) {
            status = sweeper_step(flow);
        }
        if (status != LT_OK) {
            return status;
        }
        for (struct list_node *n = list_first(&flow->sessions.all); n != NULL;
             n = list_next(&flow->sessions.all, n)) {
            struct session *session = LIST_ENTRY(n, struct session, all);
            status = session->doomed != 0 ? LT_OK : sweep_session(flow, session);
            if (status != LT_OK) {
                return status;
            }
        }
    }
    return end_doomed(flow);
}
