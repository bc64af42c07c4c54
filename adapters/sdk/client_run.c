/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One step of a client, and the loop around it. The order of a step: what came in, each frame made
 * durable before the next; then what may go out; then what is due by time. A step never waits for
 * the network, only for the disk.
 *
 * Stopping: nothing new is submitted, verdicts on their way and answers not yet confirmed get
 * DRAIN_MS, then a Bye. What was not confirmed by then goes on at the next start.
 */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "client_parts.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

#define FRAMES_PER_STEP 64
#define WAIT_MS_MAX     1000
#define DRAIN_MS        2000
#define DRAIN_STEP_MS   50
#define BYE_MS          20

static void frame_take(struct lt_client *client, const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_WELCOME:
        log_welcome(client, &frame->welcome);
        receive_welcome(client);
        break;
    case FRAME_RECEIPTS:
        log_receipts(client, &frame->receipts);
        break;
    case FRAME_LOG_PROOF:
        log_proof(client, &frame->log_proof);
        break;
    case FRAME_VERDICT:
        pump_verdict(client, &frame->verdict);
        break;
    case FRAME_DELIVER:
        receive_deliver(client, &frame->deliver);
        break;
    case FRAME_SETTLED:
        receive_settled(client, &frame->settled);
        break;
    case FRAME_NOTICE:
        receive_notice(client, &frame->notice);
        break;
    case FRAME_LIST:
        call_list(client, &frame->list);
        break;
    case FRAME_HELD_ASK:
        held_ask(client, &frame->held_ask);
        break;
    case FRAME_ENROL_ANSWER:
        enrol_answer(client, &frame->enrol_answer);
        break;
    default:
        break; /* of a later protocol: counted by the session, of no meaning here */
    }
}

/* True: there may be more frames. */
static bool frames_take(struct lt_client *client)
{
    struct frame frame;
    for (int i = 0; i < FRAMES_PER_STEP; i++) {
        bool came = session_step(&client->session, &client->arena, &frame);
        if (came && client_failed(client) == LT_OK) {
            frame_take(client, &frame);
        }
        arena_reset(&client->arena);
        if (!came) {
            return false;
        }
    }
    return true;
}

/* What other threads may ask about the session. */
static void state_publish(struct lt_client *client)
{
    const struct session *session = &client->session;
    pthread_mutex_lock(&client->mutex);
    struct lt_client_state *state = &client->state;
    bool key_refused = session->link == LINK_KEY_REFUSED || session->last_code == LT_KEY_REVOKED ||
                       session->last_code == LT_KEY_UNKNOWN;
    if (state->connected != session->open || state->standby != session->standby ||
        state->key_refused != key_refused) {
        state->since_ms = client_wall_ms(client);
        log_info("session", "agency=%s open=%d standby=%d key_refused=%d code=%s", client->agency,
                 session->open ? 1 : 0, session->standby ? 1 : 0, key_refused ? 1 : 0,
                 lt_code(session->last_code));
    }
    if (!session->open && session->last_code != LT_OK) {
        snprintf(state->last_problem, sizeof(state->last_problem), "%s: %.120s",
                 lt_code(session->last_code),
                 session->last_detail[0] != '\0' ? session->last_detail
                                                 : lt_error(session->last_code)->en);
    }
    state->connected = session->open;
    state->standby = session->standby;
    state->key_refused = key_refused;
    state->skew_ms = session->skew_ms;
    state->uploads = mover_uploads(client);
    pthread_mutex_unlock(&client->mutex);
}

static int sooner(int a, int64_t b)
{
    return b >= 0 && b < a ? (int)b : a;
}

int client_step(struct lt_client *client)
{
    eventfd_t woken;
    int error = eventfd_read(client->wake_fd, &woken);
    (void)error; /* nothing to read is the common case */
    if (client_failed(client) != LT_OK) {
        return WAIT_MS_MAX;
    }
    bool more = frames_take(client);
    receive_step(client);
    pump_step(client);
    held_step(client);
    call_step(client);
    log_step(client);
    enrol_step(client);
    int mover_ms = mover_step(client);
    sweep_step(client);
    state_publish(client);
    if (more) {
        return 0;
    }
    int wait_ms = sooner(WAIT_MS_MAX, session_wait_ms(&client->session));
    wait_ms = sooner(wait_ms, pump_wait_ms(client));
    wait_ms = sooner(wait_ms, held_wait_ms(client));
    wait_ms = sooner(wait_ms, call_wait_ms(client));
    return sooner(wait_ms, mover_ms);
}

struct client_zmq *client_socket(struct lt_client *client)
{
    return client->socket;
}

struct client_zmq *client_blob_socket(struct lt_client *client)
{
    return mover_socket(client);
}

int client_wake_fd(const struct lt_client *client)
{
    return client->wake_fd;
}

static bool stopping(struct lt_client *client)
{
    pthread_mutex_lock(&client->mutex);
    bool stop = client->stopping;
    pthread_mutex_unlock(&client->mutex);
    return stop;
}

static void wait_for(struct lt_client *client, int wait_ms)
{
    struct client_zmq *sockets[2] = {client->socket, mover_socket(client)};
    client_zmq_wait(sockets, sockets[1] != NULL ? 2 : 1, &client->wake_fd, 1, wait_ms);
}

bool client_drained(struct lt_client *client)
{
    struct box_counts counts;
    box_counts(client->box, &counts);
    return !client->session.open || (client->pump.flight.count == 0 && counts.telling == 0);
}

void client_bye(struct lt_client *client)
{
    session_end(&client->session, &client->arena);
    arena_reset(&client->arena);
    state_publish(client);
}

enum lt_status lt_client_run(struct lt_client *client)
{
    while (!stopping(client) && client_failed(client) == LT_OK) {
        int wait_ms = client_step(client);
        if (wait_ms > 0) {
            wait_for(client, wait_ms);
        }
    }
    int64_t until_ms = client_mono_ms(client) + DRAIN_MS;
    client->draining = true;
    while (client_failed(client) == LT_OK && !client_drained(client) &&
           client_mono_ms(client) < until_ms) {
        wait_for(client, sooner(DRAIN_STEP_MS, client_step(client)));
    }
    client_bye(client);
    wait_for(client, BYE_MS); /* LINGER is 0: the last frame gets a moment */
    return client_failed(client);
}

void lt_client_stop(struct lt_client *client)
{
    pthread_mutex_lock(&client->mutex);
    client->stopping = true;
    pthread_cond_broadcast(&client->changed);
    pthread_mutex_unlock(&client->mutex);
    client_wake(client);
}
