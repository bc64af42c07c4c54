/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_SESSION_H
#define ADAPTERS_SDK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/frame.h"
#include "proto/port.h"
#include <lienthong/clock.h>

/*
 * The agency's side of an LTP/1 session, and nothing else: Hello until Welcome, sequence numbers
 * and gaps, beats and lease, windows. Holds no transfer: the caller keeps what must not be lost.
 * Used by the SDK, by lt-bench and by the sim, with any client_port and any clock.
 *
 * session_step sends what is due (Hello with backoff and jitter, Beat) and hands every valid frame
 * that came to the caller, one per call. When the session ends (NoSession, Bye, gap, lease, line
 * down) the number of `lives` goes up: whatever was outstanding must be sent again after the next
 * Welcome. Windows are absolute: the caller counts what is outstanding. To tell the broker at once
 * of a want that no Submit can carry, set want_bytes and beat_due_ms = 0.
 */
struct session {
    struct client_port port;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    struct lt_id instance;
    uint64_t epoch;
    enum frame_role role;
    const char *software;
    bool open;
    bool standby;
    uint32_t lives;
    uint64_t number; /* of the session, from Welcome */
    uint64_t seq;
    uint64_t seq_received;
    uint64_t broker_epoch;
    struct window submit; /* lent to us */
    struct limits_told limits;
    char agency[LT_AGENCY_ID_MAX + 1];
    char blob_endpoint[128];
    int64_t skew_ms;
    uint64_t notice_cursor;     /* told in Hello */
    struct lt_bytes checkpoint; /* told in Hello; the caller's memory */
    uint64_t want_bytes;        /* told in Beat and Submit */
    int64_t hello_due_ms;       /* monotonic */
    uint32_t hello_tries;
    int64_t beat_due_ms;
    int64_t heard_ms;
    enum lt_status last_code; /* of the last NoSession or Bye */
    char last_detail[160];
    uint64_t backed_up_to;
    uint32_t incarnation; /* of the axis' journal, and what Welcome says beside it */
    uint64_t durable;
    uint64_t restored_to;
    uint64_t notice_seq;
    uint64_t run;
    uint64_t run_from;
    int link; /* enum client_link as last seen: asking the port itself uses up its news */
    /* what follows is the session's own */
    bool asked;               /* a Hello waits for its answer */
    uint32_t silent;          /* Hellos in a row that nobody answered */
    int64_t asked_ms;         /* monotonic */
    int64_t opened_ms;        /* monotonic */
    int64_t broker_offset_ms; /* broker's wall clock minus our monotonic one */
    int64_t redial_due_ms;    /* monotonic; 0: our key is not refused */
    uint32_t refusals;        /* redials in a row after a refused key */
};

void session_init(struct session *session, struct client_port port, const struct lt_clock *clock,
                  const struct lt_entropy *entropy, const struct lt_id *instance, uint64_t epoch,
                  enum frame_role role, const char *software);

/*
 * True: a frame for the caller is in *ret_frame (VERDICT, DELIVER, SETTLED, NOTICE; also WELCOME,
 * so that the caller sends its Grant; BEAT and endings are digested inside). False: nothing more.
 * A frame lives until the next session_step or until the caller resets the arena, which must have
 * room for one frame read (1 MiB is enough) and is best reset after each.
 */
bool session_step(struct session *session, struct arena *arena, struct frame *ret_frame);

/* Fills session and sequence numbers and sends. LT_AGAIN: not open or the line is full; nothing was
 * counted, send it again later. */
LT_CHECK enum lt_status session_send(struct session *session, struct arena *arena,
                                     struct frame *frame);

/* Says Bye and closes. */
void session_end(struct session *session, struct arena *arena);

/* Says Bye with that code, and asks again only after a long while. */
void session_refuse(struct session *session, struct arena *arena, enum lt_status code);

/* Milliseconds until session_step has something to do by itself. */
int session_wait_ms(const struct session *session);

#endif
