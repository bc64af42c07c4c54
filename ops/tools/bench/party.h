/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef OPS_TOOLS_BENCH_PARTY_H
#define OPS_TOOLS_BENCH_PARTY_H

#include <stdatomic.h>

#include "adapters/sdk/session.h"
#include "book.h"
#include "histogram.h"
#include "options.h"
#include "parcels.h"
#include "proto/port_zmq.h"
#include "proto/seal.h"

/*
 * One agency of the bench: its socket, its session, and what it does in its role. A party belongs
 * to one thread (its crowd's); the phase is the only thing it is told from outside.
 */
enum phase {
    PHASE_CONNECT, /* sessions open, nothing is submitted */
    PHASE_RUN,
    PHASE_DRAIN, /* nothing new; what is on its way arrives */
    PHASE_END,   /* say Bye */
};

enum party_role {
    PARTY_IDLE,
    PARTY_SENDER,
    PARTY_RECEIVER,
    PARTY_HOLDER, /* a sender that fills its window; every second one reads no answer */
};

/* What a party counts; only its own thread writes, the report reads after the crowd has ended. */
struct party_counts {
    uint64_t submit_frames;
    uint64_t submit_parcels;
    uint64_t busy;    /* pushed back, sent again later */
    uint64_t refused; /* for good */
    uint64_t delivered;
    uint64_t duplicated; /* handed over again after it was settled, or without saying so */
    uint64_t again;      /* handed over again, said so */
    uint64_t settle_refused;
    uint64_t strange; /* frames about transfers of nobody here */
    uint64_t lives;
};

/* What all parties share. The rates are sampled from the atomic counters. */
struct stage {
    _Atomic int phase; /* enum phase */
    _Atomic bool measuring;
    _Atomic uint32_t connected; /* open sessions */
    _Atomic uint64_t accepted;
    _Atomic uint64_t settled;
    _Atomic uint64_t settled_measured;
    _Atomic uint32_t refusal; /* the first code that a parcel was refused with */
    int wake_senders;         /* eventfd: something was settled */
    struct book *book;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    int64_t (*micros)(void); /* monotonic */
    const struct bench_options *options;
};

struct slot;    /* a place in a sender's window */
struct promise; /* a settlement whose confirmation has not come */

struct party {
    enum party_role role;
    uint32_t number; /* of its role */
    struct stage *stage;
    struct client_zmq *client;
    struct session session;
    struct party_counts counts;
    bool open; /* counted in stage->connected */
    /* of a sender or holder */
    struct parcels *parcels;
    struct slot *slots;
    uint32_t next;     /* number of the next new transfer */
    uint32_t limit;    /* it makes no more than so many */
    uint32_t ready;    /* slots waiting to be sent (again) */
    struct window out; /* unanswered at the broker */
    uint64_t notice_cursor;
    struct signer signer;      /* empty: nothing is sealed */
    struct digester *digester; /* of seals */
    /* of a receiver */
    struct promise *promises;
    uint32_t promises_count;
    uint32_t promises_unsent; /* the last so many */
    bool granted;
    uint32_t promises_room;
    struct histogram *latency;
};

enum lt_status party_init(struct party *party, enum party_role role, uint32_t number,
                          struct stage *stage, struct client_zmq *client,
                          const struct lt_id *instance);
void party_deinit(struct party *party); /* not the socket */

/* One turn: everything that is there and everything that is due. `arena` and `scratch` are the
 * thread's and empty at both ends. */
void party_step(struct party *party, struct arena *arena, struct arena *scratch);
/* Milliseconds until party_step has something to do by itself. */
int party_wait_ms(const struct party *party);

/* sender.c, receiver.c: what one role does with a frame, and by itself. */
enum lt_status sender_init(struct party *party); /* with --sealed: and makes its signing key */
void sender_deinit(struct party *party);
void sender_take(struct party *party, const struct frame *frame, struct arena *arena);
void sender_work(struct party *party, struct arena *arena);
enum lt_status receiver_init(struct party *party);
void receiver_deinit(struct party *party);
void receiver_take(struct party *party, const struct frame *frame, struct arena *scratch);
void receiver_work(struct party *party, struct arena *arena);

#endif
