/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The agency's side of a session: who we are, whether the other side still is there, and that no
 * frame between us was lost. It owns numbers and due times, never a transfer, and never waits.
 *
 * Three rules keep it small. Any doubt (a number missing, a frame we cannot read, silence longer
 * than the lease, a line that went down) ends the session, and what was outstanding is sent again
 * under its old ids after the next Welcome: the broker knows what it has. Frames that carry
 * another session's number are leftovers and dropped. Every wait between two Hellos grows and has
 * jitter, because three thousand agencies lose the broker in the same second.
 *
 * How it fails: it does not. A refusal that only people can lift (revoked key, wrong version, a
 * newer twin) is kept in last_code and asked about again at long intervals.
 */
#include <limits.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/message.h"
#include "session.h"

#define PROTOCOL_VERSION 1
#define BEAT_MS_DEFAULT  15000
#define LEASE_MS_DEFAULT 60000
#define LINK_LOOK_MS     250  /* how often a line that is down is looked at */
#define ANSWER_MS        5000 /* a Hello waits so long for its answer, then longer */
#define ANSWER_MS_MAX    60000
#define SILENT_MAX       3 /* unanswered Hellos until the line is dialled again */
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MS_MAX   30000
#define BARRED_FIRST_MS  60000 /* refusals that only people can lift */
#define BARRED_MS_MAX    600000
#define STEADY_MS        10000 /* a session that lived so long starts the backoff anew */

static int64_t mono_ms(const struct session *session)
{
    return session->clock->mono_ms(session->clock->self);
}

static int64_t wall_ms(const struct session *session)
{
    return session->clock->wall_ms(session->clock->self);
}

/* 0 .. span_ms, evenly enough. */
static int64_t jitter_ms(const struct session *session, int64_t span_ms)
{
    uint32_t chance;
    session->entropy->fill(session->entropy->self, &chance, sizeof(chance));
    return (int64_t)((uint64_t)chance * (uint64_t)(span_ms + 1) >> 32);
}

static int64_t doubled_ms(int64_t first_ms, uint32_t times, int64_t most_ms)
{
    int64_t value = times < 20 ? first_ms << times : most_ms;
    return value < most_ms ? value : most_ms;
}

void session_init(struct session *session, struct client_port port, const struct lt_clock *clock,
                  const struct lt_entropy *entropy, const struct lt_id *instance, uint64_t epoch,
                  enum frame_role role, const char *software)
{
    memset(session, 0, sizeof(*session));
    session->port = port;
    session->clock = clock;
    session->entropy = entropy;
    session->instance = *instance;
    session->epoch = epoch;
    session->role = role;
    session->software = software;
    session->hello_due_ms = mono_ms(session);
}

/* ---- the end of a session ---- */

static bool barred(enum lt_status code)
{
    return code == LT_KEY_REVOKED || code == LT_NOT_PERMITTED || code == LT_EPOCH_OLD ||
           code == LT_VERSION_UNKNOWN || code == LT_ROLLED_BACK;
}

static int64_t hello_wait_ms(const struct session *session, enum lt_status code)
{
    if (barred(code)) {
        return doubled_ms(BARRED_FIRST_MS, session->hello_tries, BARRED_MS_MAX);
    }
    if (session->hello_tries == 0) {
        return 0;
    }
    return doubled_ms(BACKOFF_FIRST_MS, session->hello_tries - 1, BACKOFF_MS_MAX);
}

/* No session any more: when to ask again. */
static void lose(struct session *session, enum lt_status code, struct lt_bytes detail,
                 uint32_t retry_after_ms)
{
    int64_t now_ms = mono_ms(session);
    if (session->open) {
        session->lives++;
        if (now_ms - session->opened_ms >= STEADY_MS) {
            session->hello_tries = 0;
        }
    }
    session->open = false;
    session->standby = false;
    session->asked = false;
    session->number = 0;
    session->submit = (struct window){0};
    session->last_code = code;
    text_copy(session->last_detail, sizeof(session->last_detail), detail);

    int64_t wait_ms = hello_wait_ms(session, code);
    if (wait_ms < retry_after_ms) {
        wait_ms = retry_after_ms;
    }
    int64_t span_ms = wait_ms / 2 > BACKOFF_FIRST_MS ? wait_ms / 2 : BACKOFF_FIRST_MS;
    session->hello_due_ms = now_ms + wait_ms + jitter_ms(session, span_ms);
    session->hello_tries++;
}

/* ---- what is due by itself ---- */

/* Looks at the line; a refused key is dialled again at long intervals. */
static void line_look(struct session *session)
{
    int64_t now_ms = mono_ms(session);
    session->link = session->port.link(session->port.self);
    if (session->link != LINK_KEY_REFUSED) {
        session->redial_due_ms = 0;
        session->refusals = session->link == LINK_UP ? 0 : session->refusals;
        return;
    }
    session->last_code = LT_KEY_REVOKED;
    int64_t wait_ms = doubled_ms(BARRED_FIRST_MS, session->refusals, BARRED_MS_MAX);
    if (session->redial_due_ms == 0) {
        session->redial_due_ms = now_ms + wait_ms + jitter_ms(session, wait_ms / 2);
    } else if (now_ms >= session->redial_due_ms) {
        session->refusals++;
        session->redial_due_ms = 0;
        session->port.redial(session->port.self);
    }
}

/* Silence after a Hello: the line may be half open. */
static void hello_unanswered(struct session *session)
{
    session->asked = false;
    session->silent++;
    if (session->silent >= SILENT_MAX) {
        session->silent = 0;
        session->port.redial(session->port.self);
    }
}

static void hello_send(struct session *session, struct arena *arena)
{
    int64_t now_ms = mono_ms(session);
    if (session->asked) {
        hello_unanswered(session);
    }
    session->hello_due_ms = now_ms + LINK_LOOK_MS;
    if (session->link != LINK_UP) {
        return;
    }
    struct frame frame = {.kind = FRAME_HELLO};
    frame.hello = (struct hello){
        .protocol_min = PROTOCOL_VERSION,
        .protocol_max = PROTOCOL_VERSION,
        .instance = session->instance,
        .epoch = session->epoch,
        .role = session->role,
        .software = text_bytes(session->software),
        .clock_ms = wall_ms(session),
        .notice_cursor = session->notice_cursor,
        .checkpoint = session->checkpoint,
    };
    struct lt_bytes bytes;
    if (frame_write(&frame, arena, &bytes) != LT_OK ||
        session->port.send(session->port.self, bytes) != LT_OK) {
        return;
    }
    int64_t wait_ms = doubled_ms(ANSWER_MS, session->silent, ANSWER_MS_MAX);
    session->asked = true;
    session->asked_ms = now_ms;
    session->hello_due_ms = now_ms + wait_ms + jitter_ms(session, wait_ms / 2);
}

static void beat_send(struct session *session, struct arena *arena)
{
    struct frame frame = {.kind = FRAME_BEAT};
    frame.beat = (struct beat){.clock_ms = wall_ms(session), .want_bytes = session->want_bytes};
    int64_t wait_ms = LINK_LOOK_MS;
    if (session_send(session, arena, &frame) == LT_OK) {
        wait_ms = session->limits.beat_ms;
    }
    session->beat_due_ms = mono_ms(session) + wait_ms;
}

static void due_send(struct session *session, struct arena *arena)
{
    int64_t now_ms = mono_ms(session);
    line_look(session);
    if (session->link != LINK_UP && session->open) {
        lose(session, LT_PEER_GONE, text_bytes("the line went down"), 0);
    } else if (session->link != LINK_UP && session->asked) {
        session->asked = false; /* the Hello went down with the line */
        session->hello_due_ms = now_ms;
    }
    if (session->open) {
        session->skew_ms = session->broker_offset_ms + now_ms - wall_ms(session);
        if (now_ms >= session->beat_due_ms) {
            beat_send(session, arena);
        }
    } else if (now_ms >= session->hello_due_ms) {
        hello_send(session, arena);
    }
}

static void lease_check(struct session *session)
{
    if (session->open && mono_ms(session) - session->heard_ms >= session->limits.lease_ms) {
        lose(session, LT_TIMEOUT, text_bytes("nothing heard for a whole lease"), 0);
        session->port.redial(session->port.self);
    }
}

/* ---- what came ---- */

static bool welcome_take(struct session *session, const struct welcome *welcome)
{
    bool again = session->open && welcome->session == session->number;
    if (again || (!session->open && !session->asked)) {
        return false; /* a leftover */
    }
    if (welcome->version != PROTOCOL_VERSION || welcome->session == 0) {
        lose(session, LT_VERSION_UNKNOWN, text_bytes("Welcome of another version"), 0);
        return false;
    }
    int64_t now_ms = mono_ms(session);
    int64_t trip_ms = session->asked ? now_ms - session->asked_ms : 0;
    session->lives += session->open ? 1 : 0;
    session->open = true;
    session->asked = false;
    session->silent = 0;
    session->number = welcome->session;
    session->seq = 0;
    session->seq_received = 0;
    session->broker_epoch = welcome->broker_epoch;
    session->standby = welcome->standby;
    session->submit = welcome->submit;
    session->backed_up_to = welcome->backed_up_to;
    session->incarnation = welcome->incarnation;
    session->durable = welcome->durable;
    session->restored_to = welcome->restored_to;
    session->notice_seq = welcome->notice_seq;
    session->run = welcome->run;
    session->run_from = welcome->run_from;
    session->limits = welcome->limits;
    session->limits.beat_ms =
        welcome->limits.beat_ms > 0 ? welcome->limits.beat_ms : BEAT_MS_DEFAULT;
    session->limits.lease_ms =
        welcome->limits.lease_ms > 0 ? welcome->limits.lease_ms : LEASE_MS_DEFAULT;
    text_copy(session->agency, sizeof(session->agency), welcome->agency);
    text_copy(session->blob_endpoint, sizeof(session->blob_endpoint), welcome->blob_endpoint);
    session->broker_offset_ms = welcome->clock_ms + trip_ms / 2 - now_ms;
    session->skew_ms = session->broker_offset_ms + now_ms - wall_ms(session);
    session->opened_ms = now_ms;
    session->heard_ms = now_ms;
    session->beat_due_ms = now_ms + session->limits.beat_ms;
    session->last_code = LT_OK;
    session->last_detail[0] = '\0';
    return true;
}

static void no_session_take(struct session *session, const struct ending *ending)
{
    enum lt_status code = lt_error((enum lt_status)ending->code)->status;
    /* An answer to a frame of a session that is over already says nothing new, unless it names a
     * time to come again: then it answers our Hello. */
    bool leftover = code == LT_SESSION_UNKNOWN && ending->retry_after_ms == 0;
    bool late = !session->open && (!session->asked || leftover);
    if (!late) {
        lose(session, code, ending->detail, ending->retry_after_ms);
    }
}

static void beat_take(struct session *session, const struct beat *beat)
{
    session->submit = beat->submit;
    session->standby = beat->standby;
    session->backed_up_to = beat->backed_up_to;
}

/* True when the caller is to see it. */
static bool frame_take(struct session *session, const struct frame *frame)
{
    if (frame->kind == FRAME_WELCOME) {
        return welcome_take(session, &frame->welcome);
    }
    if (frame->kind == FRAME_NO_SESSION) {
        no_session_take(session, &frame->ending);
        return false;
    }
    if (!session->open || frame->session != session->number) {
        return false;
    }
    if (frame->seq <= session->seq_received) {
        return false; /* a copy */
    }
    if (frame->seq != session->seq_received + 1) {
        lose(session, LT_SEQUENCE_GAP, text_bytes("a frame from the broker is missing"), 0);
        return false;
    }
    session->seq_received = frame->seq;
    session->heard_ms = mono_ms(session);
    switch (frame->kind) {
    case FRAME_BEAT:
        beat_take(session, &frame->beat);
        return false;
    case FRAME_BYE:
        lose(session, lt_error((enum lt_status)frame->ending.code)->status, frame->ending.detail,
             frame->ending.retry_after_ms);
        return false;
    case FRAME_VERDICT:
        session->submit = frame->verdict.submit;
        return true;
    default:
        return true;
    }
}

bool session_step(struct session *session, struct arena *arena, struct frame *ret_frame)
{
    due_send(session, arena);
    struct lt_bytes bytes;
    while (session->port.receive(session->port.self, &bytes)) {
        struct fault fault;
        fault_init(&fault);
        enum lt_status status = frame_read(bytes, arena, ret_frame, &fault);
        if (status != LT_OK && session->open) {
            lose(session, status, text_bytes(fault.detail), 0);
        } else if (status == LT_OK && frame_take(session, ret_frame)) {
            return true;
        }
    }
    lease_check(session);
    return false;
}

enum lt_status session_send(struct session *session, struct arena *arena, struct frame *frame)
{
    if (!session->open) {
        return LT_AGAIN;
    }
    frame->session = session->number;
    frame->seq = session->seq + 1;
    frame->seq_received = session->seq_received;
    struct lt_bytes bytes;
    enum lt_status status = frame_write(frame, arena, &bytes);
    if (status != LT_OK) {
        return status;
    }
    status = session->port.send(session->port.self, bytes);
    if (status == LT_OK) {
        session->seq++;
    }
    return status;
}

void session_end(struct session *session, struct arena *arena)
{
    if (!session->open) {
        return;
    }
    struct frame frame = {.kind = FRAME_BYE};
    /* Best effort: without it the broker learns the same from the lease. */
    enum lt_status status = session_send(session, arena, &frame);
    (void)status;
    session->open = false;
    session->number = 0;
    session->lives++;
    session->hello_due_ms = INT64_MAX;
}

void session_refuse(struct session *session, struct arena *arena, enum lt_status code)
{
    struct frame frame = {.kind = FRAME_BYE, .ending = {.code = (uint32_t)code}};
    enum lt_status status = session_send(session, arena, &frame);
    (void)status; /* as above */
    lose(session, code, text_bytes(lt_error(code)->en), 0);
}

int session_wait_ms(const struct session *session)
{
    int64_t due_ms = session->hello_due_ms;
    if (session->open) {
        int64_t lease_ms = session->heard_ms + session->limits.lease_ms;
        due_ms = session->beat_due_ms < lease_ms ? session->beat_due_ms : lease_ms;
    }
    int64_t wait_ms = due_ms - mono_ms(session);
    if (wait_ms < 0) {
        return 0;
    }
    return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}
