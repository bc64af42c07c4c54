/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_REPLAY_PEER_H
#define TESTS_REPLAY_PEER_H

#include "harness/world_net.h"
#include "parse.h"
#include "proto/message.h"

/*
 * A scripted agency: one connection that says what the story tells it to say, frame by frame, and
 * keeps everything it hears until it is expected. By itself it does no more than keep its session
 * alive (a beat every 15 s, notices acknowledged); it never sends again and never opens a session
 * again on its own.
 */
struct stage;

/* A transfer as its sender made it; the bytes never change. */
struct parcel_made {
    char name[NAME_MAX_];
    uint32_t agency; /* of stage.agencies */
    struct lt_id id;
    uint8_t *header;
    size_t header_size;
    uint8_t *body;
    size_t body_size;
    struct lt_digest digest;
    uint64_t position; /* once accepted */
};

enum heard_kind {
    HEARD_VERDICT,
    HEARD_DELIVERY,
    HEARD_SETTLED,
    HEARD_NOTICE,
    HEARD_ASK, /* does your local system hold it? `seq` is the number of the question */
    HEARD_END
};

struct heard {
    enum heard_kind kind;
    bool expected;                  /* and found */
    const struct parcel_made *made; /* NULL: of no transfer the story knows */
    const struct parcel_made *known_as;
    uint32_t code;
    uint32_t leg;
    uint32_t attempt;
    bool again;
    uint64_t position;
    uint64_t seq;
    char state[16];
    char reason[64];
    char field[32];
};

struct peer {
    char name[NAME_MAX_];
    uint32_t agency;         /* of stage.agencies */
    struct world_link *link; /* NULL: hung up */
    struct lt_id instance;
    uint64_t epoch;
    uint64_t session; /* 0: none */
    uint64_t seq;
    uint64_t seq_received;
    struct window submit;
    struct window outstanding;
    uint64_t notice_cursor;
    int64_t beat_due_ms;
    bool silent; /* neither reads nor beats */
    bool standby;
    struct heard *heard;
    uint32_t heard_count;
    uint32_t heard_room;
};

struct peer *peer_open(struct stage *stage, const char *name, uint32_t agency, uint64_t instance);
void peer_close(struct peer **peer_p);

/* Reads what came, beats; true: something came. */
bool peer_pump(struct stage *stage, struct peer *peer);
/* Numbers the frame and sends it; a line that stays closed ends the story. */
void peer_say(struct stage *stage, struct peer *peer, struct frame *frame);
/* Dials where needed, says Hello and waits for the answer. */
void peer_connect(struct stage *stage, struct peer *peer, enum frame_role role, uint64_t cursor);
void peer_hang_up(struct peer *peer);

/* The first of that kind which was not expected yet; NULL: none. */
struct heard *peer_heard(struct peer *peer, enum heard_kind kind);
/* The last delivery of the transfer to any connection of that agency. */
const struct heard *delivery_of(struct stage *stage, uint32_t agency,
                                const struct parcel_made *made, uint32_t leg);

/* The last question about the transfer that this connection was asked; NULL: none. */
const struct heard *ask_of(struct peer *peer, const struct parcel_made *made);

/* peer_submit.c: "NAME submits ..." */
void peer_submit(struct stage *stage, struct peer *peer);

#endif
