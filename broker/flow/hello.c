/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Opening and refusing sessions, and the one way out for a session's frames. Identity comes from
 * the authenticated connection alone (P4): the agency is looked up by the connection's user name
 * and its key must be valid now. The same instance with an equal or higher epoch takes its old
 * session's place at once; one agency has at most SESSIONS_PER_AGENCY_MAX.
 */
#include <stdio.h>
#include <string.h>

#include "incident.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/message.h"
#include "steps.h"

#define RETRY_MS      2000
#define RETRY_LONG_MS 30000
#define PROTOCOL      1

static enum lt_status write_and_send(struct flow *flow, const struct port_route *route,
                                     const struct frame *frame)
{
    struct lt_bytes bytes;
    enum lt_status status = frame_write(frame, &flow->arena, &bytes);
    if (status != LT_OK) {
        log_error("frame-not-written", "kind=%s code=%s", frame_kind_name(frame->kind),
                  lt_code(status));
        return status;
    }
    return flow->port.send(flow->port.self, route, bytes);
}

/* The peer reads again: what was kept back for it may go. */
static void unblock(struct flow *flow, struct session *session)
{
    struct desk *desk = desk_of(&flow->desks, session->agency);
    session->blocked_ms = 0;
    desk_wake(&flow->desks, desk);
    desk_tell(&flow->desks, desk);
    session_wake(&flow->sessions, session);
}

enum lt_status session_out(struct flow *flow, struct session *session, struct frame *frame)
{
    if (session->doomed != 0) {
        return LT_PEER_GONE;
    }
    frame->session = session->number;
    frame->seq = session->seq + 1;
    frame->seq_received = session->seq_received;
    enum lt_status status = write_and_send(flow, &session->route, frame);
    switch (status) {
    case LT_OK:
        session->seq++;
        if (session->blocked_ms != 0) {
            unblock(flow, session);
        }
        return LT_OK;
    case LT_AGAIN:
        if (session->blocked_ms == 0) {
            session->blocked_ms = flow->mono_ms;
        }
        return LT_AGAIN;
    default:
        session_doom(session, LT_PEER_GONE);
        return LT_PEER_GONE;
    }
}

void send_no_session(struct flow *flow, const struct port_route *route, enum lt_status code,
                     const char *detail, uint32_t retry_after_ms)
{
    struct frame frame = {
        .kind = FRAME_NO_SESSION,
        .ending = {.code = (uint32_t)code,
                   .detail = text_bytes(detail),
                   .retry_after_ms = retry_after_ms},
    };
    /* A refusal that cannot be delivered is asked for again by the next Hello. */
    (void)write_and_send(flow, route, &frame);
    flow->counters.frames_refused++;
}

static bool hello_rate(struct flow *flow, struct desk *desk)
{
    if (flow->mono_ms - desk->hello_minute_ms >= 60000 || desk->hello_minute_ms == 0) {
        desk->hello_minute_ms = flow->mono_ms;
        desk->hellos = 0;
    }
    return ++desk->hellos <= HELLOS_PER_MINUTE_MAX;
}

static enum lt_status may_enter(struct flow *flow, const struct port_frame *from,
                                const struct hello *hello, const struct agency **ret_agency)
{
    const struct agency *agency = registry_by_id(flow->registry, text_bytes(from->peer.user));
    if (agency == NULL) {
        return LT_KEY_UNKNOWN;
    }
    switch (registry_key_state(flow->registry, &from->peer.key, flow->now_ms)) {
    case KEY_REVOKED:
        return LT_KEY_REVOKED;
    case KEY_UNKNOWN:
        return LT_KEY_UNKNOWN;
    case KEY_VALID:
        break;
    }
    if (hello->protocol_min > PROTOCOL || hello->protocol_max < PROTOCOL) {
        return LT_VERSION_UNKNOWN;
    }
    if (hello->role < ROLE_SENDING || hello->role > ROLE_BOTH || id_empty(&hello->instance)) {
        return LT_FIELD_MISSING;
    }
    if (agency->suspended) {
        return LT_AGENCY_SUSPENDED;
    }
    if (desk_of(&flow->desks, agency->number)->shielded) {
        return LT_SHIELDED;
    }
    *ret_agency = agency;
    return LT_OK;
}

/* LT_OK, LT_EPOCH_OLD, LT_SESSIONS_TOO_MANY; dooms the session whose place is taken. */
static enum lt_status make_place(struct flow *flow, uint32_t agency, const struct hello *hello)
{
    uint32_t living = 0;
    for (struct list_node *n = list_first(&flow->sessions.all); n != NULL;
         n = list_next(&flow->sessions.all, n)) {
        struct session *other = LIST_ENTRY(n, struct session, all);
        if (other->agency != agency || other->doomed != 0) {
            continue;
        }
        if (memcmp(&other->instance, &hello->instance, sizeof(hello->instance)) != 0) {
            living++;
            continue;
        }
        if (hello->epoch < other->epoch) {
            return LT_EPOCH_OLD;
        }
        session_doom(other, LT_EPOCH_OLD);
    }
    return living < SESSIONS_PER_AGENCY_MAX ? LT_OK : LT_SESSIONS_TOO_MANY;
}

static bool receives(enum frame_role role)
{
    return role == ROLE_RECEIVING || role == ROLE_BOTH;
}

static void welcome(struct flow *flow, struct session *session, const struct agency *agency)
{
    uint8_t note[NOTE_BYTES_MAX];
    struct lt_bytes checkpoint = {note, 0};
    if (flow->log.take != NULL) {
        checkpoint.size = flow->log.checkpoint(flow->log.self, note);
    }
    struct frame frame = {
        .kind = FRAME_WELCOME,
        .welcome = {.version = PROTOCOL,
                    .session = session->number,
                    .broker_epoch = journal_epoch(flow->journal),
                    .limits = {.frame_bytes = LT_FRAME_BYTES_MAX,
                               .submit_bytes = LT_SUBMIT_BYTES_MAX,
                               .parcels = LT_PARCELS_PER_FRAME,
                               .header_bytes = LT_HEADER_BYTES_MAX,
                               .body_bytes = LT_BODY_INLINE_MAX,
                               .legs = LT_LEGS_MAX,
                               .attachments = LT_ATTACHMENTS_MAX,
                               .attachment_bytes = (uint64_t)LT_ATTACHMENT_BYTES_MAX,
                               .beat_ms = (uint32_t)flow->settings.beat_ms,
                               .lease_ms = (uint32_t)flow->settings.lease_ms},
                    .submit = session->submit,
                    .clock_ms = flow->now_ms,
                    .standby = session->standby,
                    .agency = text_bytes(agency->id),
                    .backed_up_to = flow->backed_up_to,
                    .incarnation = flow->restored.incarnation,
                    .durable = flow->durable,
                    .restored_to = flow->restored.to,
                    .run = flow->run,
                    .run_from = flow->opened_at + 1,
                    .notice_seq = desk_of(&flow->desks, agency->number)->counts.notice_seq,
                    .checkpoint = checkpoint,
                    .log_key = text_bytes(flow->log.key),
                    .blob_endpoint =
                        text_bytes(session->next_key ? flow->settings.blob_endpoint_next
                                                     : flow->settings.blob_endpoint)},
    };
    enum lt_status status = write_and_send(flow, &session->route, &frame);
    if (status != LT_OK) {
        session_doom(session, LT_PEER_GONE);
    }
}

/* It may work on: its times are only recorded. Ids a day ahead will be refused, so somebody must
 * look. */
static void note_skew(const struct agency *agency, const struct port_frame *from, int64_t skew_ms)
{
    if (skew_ms > CLOCK_SKEW_MS_NOTED || skew_ms < -CLOCK_SKEW_MS_NOTED) {
        log_warn("clock-off", "agency=%s skew_ms=%lld peer=%s do=\"set the clock of that machine\"",
                 agency->id, (long long)skew_ms, from->peer.address);
    }
}

static void open_session(struct flow *flow, const struct port_frame *from,
                         const struct hello *hello, const struct agency *agency)
{
    uint64_t number = 0;
    flow->entropy->fill(flow->entropy->self, &number, sizeof(number));
    struct session *session = session_make(&flow->sessions, &from->route, number | 1);
    if (session == NULL) {
        send_no_session(flow, &from->route, LT_SESSIONS_TOO_MANY, "", RETRY_LONG_MS);
        return;
    }
    struct desk *desk = desk_of(&flow->desks, agency->number);
    session->agency = agency->number;
    memcpy(session->user, from->peer.user, sizeof(session->user));
    session->key = from->peer.key;
    session->instance = hello->instance;
    session->epoch = hello->epoch;
    session->role = hello->role;
    session->opened_ms = flow->now_ms;
    session->heard_ms = flow->mono_ms;
    session->beat_due_ms = flow->mono_ms + flow->settings.beat_ms;
    session->skew_ms = session_skew(flow->now_ms, hello->clock_ms);
    note_skew(agency, from, session->skew_ms);
    session_lend(&flow->sessions, session);
    session->next_key = from->peer.next;
    desk->sessions++;
    desk->sessions_next += session->next_key;
    if (receives(hello->role)) {
        session->standby = desk->receiving != NULL && desk->receiving->doomed == 0;
        if (!session->standby) {
            desk->receiving = session;
            desk->line_since_ms = flow->now_ms;
            incident_line(flow, desk);
            memset(desk->from_known, 0, sizeof(desk->from_known));
        }
    }
    session->notice_cursor = hello->notice_cursor;
    flow->counters.sessions_opened++;
    char software[64];
    log_info(
        "session-open", "agency=%s role=%d standby=%d software=%s skew_ms=%lld peer=%s", agency->id,
        (int)hello->role, session->standby ? 1 : 0,
        log_safe(software, sizeof(software), hello->software.data, (unsigned)hello->software.size),
        (long long)session->skew_ms, from->peer.address);
    welcome(flow, session, agency);
    receipts_hello(flow, session, hello->checkpoint);
}

void take_hello(struct flow *flow, const struct port_frame *from, const struct frame *frame)
{
    const struct hello *hello = &frame->hello;
    const struct agency *agency = NULL;
    enum lt_status status = may_enter(flow, from, hello, &agency);
    if (status != LT_OK) {
        log_warn("session-refused", "user=%s code=%s peer=%s", from->peer.user, lt_code(status),
                 from->peer.address);
        send_no_session(flow, &from->route, status, from->peer.user, RETRY_LONG_MS);
        return;
    }
    if (!hello_rate(flow, desk_of(&flow->desks, agency->number))) {
        send_no_session(flow, &from->route, LT_RATE, "Hello", RETRY_LONG_MS);
        return;
    }
    struct session *same_route = session_by_route(&flow->sessions, &from->route);
    if (same_route != NULL && same_route->flights.count != 0) {
        /* The old session of this connection must return its legs first; the peer asks again. */
        session_doom(same_route, LT_SESSION_UNKNOWN);
        send_no_session(flow, &from->route, LT_SESSION_UNKNOWN, "reopening", 50);
        return;
    }
    status = make_place(flow, agency->number, hello);
    if (status != LT_OK) {
        log_warn("session-refused", "agency=%s code=%s peer=%s", agency->id, lt_code(status),
                 from->peer.address);
        send_no_session(flow, &from->route, status, "", RETRY_MS);
        return;
    }
    if (same_route != NULL) {
        session_finish(flow, same_route);
    }
    open_session(flow, from, hello, agency);
}
