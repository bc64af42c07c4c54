/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The turn of one agency: hand every frame that came to its role, then let the role send. The
 * session below says Hello and beats; a session that was lost is noticed here by its number of
 * lives, and the role sends again what was not answered.
 */
#include <stdlib.h>
#include <string.h>

#include "party.h"

static const enum frame_role roles[] = {
    [PARTY_IDLE] = ROLE_BOTH,
    [PARTY_SENDER] = ROLE_SENDING,
    [PARTY_RECEIVER] = ROLE_RECEIVING,
    [PARTY_HOLDER] = ROLE_SENDING,
};

static bool sends(const struct party *party)
{
    return party->role == PARTY_SENDER || party->role == PARTY_HOLDER;
}

enum lt_status party_init(struct party *party, enum party_role role, uint32_t number,
                          struct stage *stage, struct client_zmq *client,
                          const struct lt_id *instance)
{
    memset(party, 0, sizeof(*party));
    party->role = role;
    party->number = number;
    party->stage = stage;
    party->client = client;
    party->limit = UINT32_MAX;
    session_init(&party->session, client_zmq_port(client), stage->clock, stage->entropy, instance,
                 1, roles[role], "lt-bench/" LT_VERSION);
    if (sends(party)) {
        return sender_init(party);
    }
    return role == PARTY_RECEIVER ? receiver_init(party) : LT_OK;
}

void party_deinit(struct party *party)
{
    sender_deinit(party);
    receiver_deinit(party);
}

static void take(struct party *party, const struct frame *frame, struct arena *arena,
                 struct arena *scratch)
{
    if (sends(party)) {
        sender_take(party, frame, arena);
    } else if (party->role == PARTY_RECEIVER) {
        receiver_take(party, frame, scratch);
    }
}

void party_step(struct party *party, struct arena *arena, struct arena *scratch)
{
    int phase = atomic_load(&party->stage->phase);
    bool deaf = party->role == PARTY_HOLDER && party->number % 2 == 0 && phase == PHASE_RUN;
    struct frame frame;
    while (!deaf && session_step(&party->session, arena, &frame)) {
        take(party, &frame, arena, scratch);
        arena_reset(arena);
    }
    arena_reset(arena);
    if (phase == PHASE_END) {
        session_end(&party->session, arena);
    } else if (sends(party)) {
        sender_work(party, arena);
    } else if (party->role == PARTY_RECEIVER) {
        receiver_work(party, arena);
    }
    if (party->open != party->session.open) {
        party->open = party->session.open;
        atomic_fetch_add(&party->stage->connected, party->open ? 1U : UINT32_MAX);
    }
    party->counts.lives = party->session.lives;
    arena_reset(arena);
    arena_reset(scratch);
}

int party_wait_ms(const struct party *party)
{
    int wait_ms = session_wait_ms(&party->session);
    /* Frames that met a full line, and parcels that were pushed back, are tried again soon. */
    bool again = party->ready > 0 || party->promises_unsent > 0;
    return again && wait_ms > 2 ? 2 : wait_ms;
}
