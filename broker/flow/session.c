/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Sessions and the windows lent to them. Lending: an idle session holds SUBMIT_IDLE_BYTES; one that
 * says it wants more gets a window up to SUBMIT_SESSION_BYTES_MAX while the pool lasts. A window is
 * absolute ("the most that may be outstanding"), so a lost frame cannot leak credit. Narrowing
 * takes effect for enforcement only when the peer has confirmed the frame that said so.
 */
#include "session.h"

#include <assert.h>
#include <string.h>

enum lt_status sessions_open(struct sessions *sessions, uint64_t seed)
{
    memset(sessions, 0, sizeof(*sessions));
    list_init(&sessions->all);
    list_init(&sessions->waiting);
    enum lt_status status =
        pool_init(&sessions->pool, "sessions", sizeof(struct session), SESSIONS_MAX);
    if (status != LT_OK) {
        return status;
    }
    return map_open(&sessions->by_route, SESSIONS_MAX, seed);
}

void sessions_close(struct sessions *sessions)
{
    map_close(&sessions->by_route);
    pool_deinit(&sessions->pool);
}

static struct lt_bytes route_bytes(const struct port_route *route)
{
    return (struct lt_bytes){route->bytes, route->size};
}

struct session *session_by_route(const struct sessions *sessions, const struct port_route *route)
{
    return map_get(sessions->by_route, route_bytes(route));
}

struct session *session_make(struct sessions *sessions, const struct port_route *route,
                             uint64_t number)
{
    struct session *session = pool_take(&sessions->pool);
    if (session == NULL) {
        return NULL;
    }
    session->home = sessions;
    session->route = *route;
    session->number = number;
    list_node_init(&session->all);
    list_node_init(&session->waiting);
    list_init(&session->flights);
    list_init(&session->answers);
    if (map_put(sessions->by_route, route_bytes(route), session) != LT_OK) {
        pool_give(&sessions->pool, session);
        return NULL;
    }
    list_push(&sessions->all, &session->all);
    return session;
}

void session_doom(struct session *session, enum lt_status code)
{
    if (session->doomed == 0) {
        session->doomed = (uint16_t)code;
        session->home->doomed++;
    }
}

void session_free(struct sessions *sessions, struct session *session)
{
    assert(session->flights.count == 0 && session->answers.count == 0);
    if (list_linked(&session->waiting)) {
        list_remove(&sessions->waiting, &session->waiting);
    }
    if (session->doomed != 0) {
        sessions->doomed--;
    }
    list_remove(&sessions->all, &session->all);
    map_remove(sessions->by_route, route_bytes(&session->route));
    assert(sessions->lent_bytes >= session->submit.bytes);
    sessions->lent_bytes -= session->submit.bytes;
    pool_give(&sessions->pool, session);
}

int64_t session_skew(int64_t now_ms, int64_t told_ms)
{
    if (told_ms == 0) {
        return 0;
    }
    return told_ms < now_ms - INT64_MAX ? INT64_MAX : now_ms - told_ms;
}

void session_lend(struct sessions *sessions, struct session *session)
{
    uint64_t wish = session->want_bytes + session->outstanding.bytes;
    if (wish < SUBMIT_IDLE_BYTES) {
        wish = SUBMIT_IDLE_BYTES;
    }
    /* Whoever wants more than the idle window can send at least one parcel of the largest size. */
    if (wish > SUBMIT_IDLE_BYTES && wish < LT_SUBMIT_BYTES_MAX) {
        wish = LT_SUBMIT_BYTES_MAX;
    }
    if (wish > SUBMIT_SESSION_BYTES_MAX) {
        wish = SUBMIT_SESSION_BYTES_MAX;
    }
    uint64_t others = sessions->lent_bytes - session->submit.bytes;
    uint64_t left = others < (uint64_t)SUBMIT_POOL_BYTES ? (uint64_t)SUBMIT_POOL_BYTES - others : 0;
    if (wish > left) {
        wish = left < SUBMIT_IDLE_BYTES ? SUBMIT_IDLE_BYTES : left;
    }
    if (wish < session->submit.bytes) {
        /* While one narrowing is on its way the peer may know any window since the widest. */
        bool wider =
            session->submit_before_seq == 0 || session->submit.bytes > session->submit_before.bytes;
        session->submit_before = wider ? session->submit : session->submit_before;
        session->submit_before_seq = session->seq + 1;
    }
    sessions->lent_bytes = others + wish;
    session->submit.bytes = wish;
    session->submit.parcels = SUBMIT_SESSION_PARCELS_MAX;
}

void session_confirmed(struct session *session, uint64_t seq)
{
    if (seq >= session->submit_before_seq) {
        session->submit_before_seq = 0;
    }
}

bool session_take(struct session *session, uint64_t bytes)
{
    uint64_t bytes_max = session->submit.bytes;
    if (session->submit_before_seq != 0 && session->submit_before.bytes > bytes_max) {
        bytes_max = session->submit_before.bytes;
    }
    session->outstanding.parcels++;
    session->outstanding.bytes += bytes;
    return session->outstanding.bytes <= bytes_max &&
           session->outstanding.parcels <= session->submit.parcels;
}

void session_answered(struct session *session, uint64_t bytes)
{
    assert(session->outstanding.parcels > 0 && session->outstanding.bytes >= bytes);
    session->outstanding.parcels--;
    session->outstanding.bytes -= bytes;
}

void session_wake(struct sessions *sessions, struct session *session)
{
    if (!list_linked(&session->waiting)) {
        list_push(&sessions->waiting, &session->waiting);
    }
}
