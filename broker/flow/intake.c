/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The door of the house: frames in, checked messages on. A frame comes from an authenticated
 * connection (the port drops all others); it is pre-scanned and decoded into the turn's arena, its
 * session and sequence number are checked, and the message goes to its step. Operators have no
 * Hello: their connection's user name "operator/NAME" makes the session.
 *
 * Frames are taken while the batch, the overlay and the verifier have room; what is not taken stays
 * in ZeroMQ's queues, which are short (RCVHWM), so a full house pushes back on its own.
 */
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "steps.h"

#define OPERATOR_PREFIX "operator/"

/* False: the frame is not the next one of its session. */
static bool in_sequence(struct flow *flow, struct session *session, const struct frame *frame)
{
    if (frame->session != session->number) {
        send_no_session(flow, &session->route, LT_SESSION_UNKNOWN, "", 0);
        return false;
    }
    if (frame->seq != session->seq_received + 1) {
        log_warn("sequence-gap", "user=%s expected=%llu got=%llu", session->user,
                 (unsigned long long)session->seq_received + 1, (unsigned long long)frame->seq);
        session_doom(session, LT_SEQUENCE_GAP);
        return false;
    }
    session->seq_received = frame->seq;
    session->heard_ms = flow->mono_ms;
    session_confirmed(session, frame->seq_received);
    return true;
}

static void send_beat(struct flow *flow, struct session *session)
{
    struct frame frame = {
        .kind = FRAME_BEAT,
        .beat = {.clock_ms = flow->now_ms, .submit = session->submit, .standby = session->standby},
    };
    if (session_out(flow, session, &frame) == LT_OK) {
        session->beat_due_ms = flow->mono_ms + flow->settings.beat_ms;
    }
}

static void take_beat(struct flow *flow, struct session *session, const struct beat *beat)
{
    uint64_t before = session->submit.bytes;
    session->want_bytes = beat->want_bytes;
    if (beat->clock_ms != 0) {
        session->skew_ms = session_skew(flow->now_ms, beat->clock_ms);
    }
    session_lend(&flow->sessions, session);
    if (session->submit.bytes != before || beat->want_bytes > 0) {
        send_beat(flow, session);
    }
}

static void take_grant(struct flow *flow, struct session *session, const struct grant *grant)
{
    session->deliver = grant->deliver;
    if (session->deliver.parcels > IN_FLIGHT_AGENCY_MAX) {
        session->deliver.parcels = IN_FLIGHT_AGENCY_MAX;
    }
    session->notices = grant->notices < NOTICES_AGENCY_MAX ? grant->notices : NOTICES_AGENCY_MAX;
    struct desk *desk = desk_of(&flow->desks, session->agency);
    if (session->notices != 0 && desk->teller != session) {
        teller_set(flow, desk, session);
    }
    desk_wake(&flow->desks, desk);
    desk_tell(&flow->desks, desk);
}

static void take_unfit(struct session *session, const struct frame *frame)
{
    log_warn("frame-unfit", "agency=%s kind=%s", session->user, frame_kind_name(frame->kind));
    session_doom(session, LT_FRAME_BAD);
}

static void take_enrol_ask(struct flow *flow, struct session *session, const struct port_peer *peer,
                           const struct frame *frame)
{
    if (flow->enrol.take == NULL) {
        take_unfit(session, frame);
        return;
    }
    flow->enrol.take(flow->enrol.self, flow, session, peer, frame->enrol_ask);
}

static enum lt_status take_message(struct flow *flow, struct session *session,
                                   const struct port_frame *from, const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_BEAT:
        take_beat(flow, session, &frame->beat);
        return LT_OK;
    case FRAME_BYE:
        session_doom(session, LT_PEER_GONE);
        return LT_OK;
    case FRAME_SUBMIT:
        session->want_bytes = frame->submit.want_bytes;
        return take_submit(flow, session, &frame->submit);
    case FRAME_GRANT:
        take_grant(flow, session, &frame->grant);
        return LT_OK;
    case FRAME_SETTLE:
        return take_settle(flow, session, &frame->settle);
    case FRAME_HELD_ANSWER:
        return take_held_answer(flow, session, &frame->held_answer);
    case FRAME_NOTICE_ACK:
        return take_notice_ack(flow, session, frame->notice_cursor);
    case FRAME_LIST_ASK:
        return take_list_ask(flow, session, &frame->list_ask);
    case FRAME_LOG_ASK:
        return take_log_ask(flow, session, &frame->log_ask);
    case FRAME_BYTES_ASK:
        return take_bytes_ask(flow, session, &frame->bytes_ask);
    case FRAME_ENROL_ASK:
        take_enrol_ask(flow, session, &from->peer, frame);
        return LT_OK;
    case FRAME_NONE:
        return LT_OK; /* a body of a later minor version: counted in the sequence, passed over */
    default:
        take_unfit(session, frame);
        return LT_OK;
    }
}

static struct session *operator_session(struct flow *flow, const struct port_frame *from)
{
    struct session *session = session_by_route(&flow->sessions, &from->route);
    if (session != NULL) {
        return session;
    }
    session = session_make(&flow->sessions, &from->route, 0);
    if (session != NULL) {
        memcpy(session->user, from->peer.user, sizeof(session->user));
        session->opened_ms = flow->now_ms;
    }
    return session;
}

static enum lt_status take_operator(struct flow *flow, const struct port_frame *from,
                                    const struct frame *frame)
{
    if (frame->kind != FRAME_QUERY) {
        send_no_session(flow, &from->route, LT_NOT_PERMITTED, "operator", 0);
        return LT_OK;
    }
    struct session *session = operator_session(flow, from);
    if (session == NULL) {
        send_no_session(flow, &from->route, LT_SESSIONS_TOO_MANY, "operator", 1000);
        return LT_OK;
    }
    session->heard_ms = flow->mono_ms;
    return flow->operators.take(flow->operators.self, flow, session, &frame->query);
}

static bool is_operator(const struct port_frame *from)
{
    return strncmp(from->peer.user, OPERATOR_PREFIX, strlen(OPERATOR_PREFIX)) == 0;
}

static void refuse_frame(struct flow *flow, const struct port_frame *from, enum lt_status code,
                         const struct fault *fault)
{
    struct session *session = session_by_route(&flow->sessions, &from->route);
    log_warn("frame-refused", "user=%s code=%s field=%s detail=%s bytes=%zu peer=%s",
             from->peer.user, lt_code(code), fault->field, fault->detail, from->bytes.size,
             from->peer.address);
    if (session != NULL) {
        session_doom(session, code);
    } else {
        send_no_session(flow, &from->route, code, fault->field, 2000);
    }
    flow->counters.frames_refused++;
}

static enum lt_status take_frame(struct flow *flow, const struct port_frame *from)
{
    struct frame frame;
    struct fault fault;
    fault_init(&fault);
    flow->counters.frames++;
    if (from->peer.user[0] == '\0') {
        return LT_OK; /* P4, second line of defence: no name, no word */
    }
    enum lt_status status = frame_read(from->bytes, &flow->arena, &frame, &fault);
    if (status != LT_OK) {
        refuse_frame(flow, from, status, &fault);
        return LT_OK;
    }
    if (is_operator(from)) {
        return take_operator(flow, from, &frame);
    }
    if (frame.kind == FRAME_HELLO) {
        take_hello(flow, from, &frame);
        return LT_OK;
    }
    struct session *session = session_by_route(&flow->sessions, &from->route);
    if (session == NULL) {
        send_no_session(flow, &from->route, LT_SESSION_UNKNOWN, "", 0);
        return LT_OK;
    }
    if (session->doomed != 0 || !in_sequence(flow, session, &frame)) {
        return LT_OK;
    }
    return take_message(flow, session, from, &frame);
}

/* Whose frame this is, before a byte of it is looked at. */
static uint32_t agency_behind(const struct flow *flow, const struct port_frame *from)
{
    const struct session *session = session_by_route(&flow->sessions, &from->route);
    if (session != NULL) {
        return session->agency;
    }
    const struct agency *agency = registry_by_id(flow->registry, text_bytes(from->peer.user));
    return agency == NULL ? 0 : agency->number;
}

enum lt_status step_receive(struct flow *flow, uint32_t *ret_frames)
{
    uint32_t taken = 0;
    enum lt_status status = LT_OK;
    while (taken < TURN_FRAMES_MAX && status == LT_OK && join_room(flow) && submit_room(flow)) {
        struct port_frame frame;
        if (flow->port.receive(flow->port.self, &frame, 1) == 0) {
            break;
        }
        flow_note(flow, agency_behind(flow, &frame));
        status = take_frame(flow, &frame);
        flow_note(flow, 0);
        flow->port.release(flow->port.self, &frame, 1);
        taken++;
    }
    *ret_frames = taken;
    return status;
}
