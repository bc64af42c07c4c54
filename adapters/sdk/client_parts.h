/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_CLIENT_PARTS_H
#define ADAPTERS_SDK_CLIENT_PARTS_H

#include <pthread.h>

#include "blob_folder.h"
#include "box.h"
#include "client_step.h"
#include "proto/digest.h"
#include "pump.h"
#include "sealer.h"
#include "sender_keys.h"
#include "session.h"
#include <lienthong/client.h>

/*
 * One agency's client and what its files share. Two kinds of threads: the network thread owns
 * session, pump, teller, arena and digester; every other thread touches only box, blobs, the wake
 * descriptor and what stands under `mutex`.
 */
struct lt_client {
    char agency[LT_AGENCY_ID_MAX + 1];
    char folder[400];
    char endpoint[256];
    char blob_endpoint[256]; /* empty: what Welcome says */
    uint64_t outbox_bytes_max;
    uint32_t deliver_parcels;
    uint32_t event_days;
    uint32_t blob_kib_s;
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    struct net *own_net; /* NULL when shared */
    struct net *net;     /* NULL in tests with a port of their own */
    struct client_zmq *socket;
    const struct client_port *blob_port; /* NULL: a socket of the net */
    struct lt_key server_key;
    struct lt_key secret_key;
    struct box *box;
    struct blob_folder *blobs;
    int wake_fd;

    /* network thread */
    struct session session;
    struct arena arena;
    struct digester *digester;
    struct pump pump;
    struct sealer sealer;
    uint32_t lives;  /* of the session, as the receiving side last saw it */
    uint64_t told;   /* answers told in this life */
    int64_t told_ms; /* monotonic time of the last of them */
    bool grant_due;
    uint64_t ack; /* notices to acknowledge; 0: none */
    bool standby;
    bool draining; /* nothing new is submitted */
    bool disk_low;
    int64_t disk_due_ms; /* monotonic */
    int64_t sweep_due_ms;
    struct sweep_place {
        uint64_t outbox;
        uint64_t inbox;
        uint32_t blobs;
    } sweep;
    struct sender_keys *sender_keys;
    struct log_watch *log;    /* what is believed of the axis' log */
    struct mover *mover;      /* of attachments */
    struct enrol_call *enrol; /* for a certificate; NULL: nothing was asked yet */
    bool restoring;           /* nothing is granted and nothing submitted */

    /* every thread */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct desk_of_questions *held;
    struct axis_call *call; /* a question to the axis */
    uint64_t changes;       /* goes up with everything a waiter may wait for */
    bool stopping;
    enum lt_status failed; /* class stop */
    struct lt_client_state state;
};

/* client.c: with ports of the caller's (tests, simulation); the net is not used. blob_port may be
 * NULL: then attachments stay where they are. */
LT_CHECK enum lt_status client_open_port(struct lt_client **ret_client, struct client_port port,
                                         const struct client_port *blob_port,
                                         const struct lt_clock *clock,
                                         const struct lt_entropy *entropy,
                                         const struct lt_client_options *options,
                                         struct lt_problem *problem);
/* A connection of the net with the client's keys. */
LT_CHECK enum lt_status client_connect(struct lt_client *client, const char *endpoint,
                                       struct client_zmq **ret_socket, struct fault *fault);
int64_t client_wall_ms(const struct lt_client *client);
int64_t client_mono_ms(const struct lt_client *client);
enum lt_status client_problem(struct lt_problem *problem, enum lt_status status,
                              const struct fault *fault);
/* A class stop ends the client: nothing is promised any more. */
void client_fail(struct lt_client *client, enum lt_status status, const char *where);
void client_note(struct lt_client *client, enum lt_status status, const char *detail);

/* client_wait.c */
void client_wake(struct lt_client *client);    /* the network thread */
void client_changed(struct lt_client *client); /* those who wait for something */
struct client_wait {
    struct lt_client *client;
    uint64_t seen;
    int64_t until_ms;
    int64_t step_ms; /* the longest single wait */
};
void client_wait_start(struct lt_client *client, int timeout_ms, struct client_wait *wait);
/* False: time is up. True: look again. */
bool client_wait_more(struct client_wait *wait);

/* client_receive.c: network thread */
void receive_welcome(struct lt_client *client);
void receive_deliver(struct lt_client *client, const struct deliver *deliver);
void receive_settled(struct lt_client *client, const struct settled *settled);
void receive_notice(struct lt_client *client, const struct notice *notice);
void receive_step(struct lt_client *client); /* grants, answers and acknowledgements that are due */

/* client_axis.c: network thread; false: this axis is not to be spoken with */
bool axis_welcome(struct lt_client *client);

/* client_log.c: network thread */
LT_CHECK enum lt_status log_watch_open(struct lt_client *client,
                                       const struct lt_client_options *options,
                                       struct fault *fault);
void log_watch_close(struct lt_client *client);
struct lt_bytes log_believed(const struct lt_client *client); /* the note; until another is */
void log_welcome(struct lt_client *client, const struct welcome *welcome);
void log_receipts(struct lt_client *client, const struct receipts *receipts); /* _receipts.c */
void log_proof(struct lt_client *client, const struct log_proof *proof);
void log_step(struct lt_client *client); /* asks when it is due */

struct sign_checker *log_checker(const struct lt_client *client); /* of the network thread */

/* client_receipts.c: a receipt is owed for what is acknowledged now. Taken on the network thread
 * before the job that calls receipt_owed. */
struct receipt_due {
    bool expected;
    uint64_t epoch;
    int64_t since_ms;
    int64_t time_ms;
    int64_t floor_ms; /* of the checkpoint believed then: nothing owed is of before; 0: none */
};
struct receipt_due log_expects(const struct lt_client *client);
void receipt_owed(struct box_txn *txn, const struct receipt_due *due, uint64_t position);

/* client_held.c: network thread */
LT_CHECK enum lt_status held_open(struct lt_client *client);
void held_close(struct lt_client *client);
void held_ask(struct lt_client *client, const struct held_ask *ask);
void held_step(struct lt_client *client); /* answers that are due */
/* Milliseconds until a question's time is over; -1: there is none. */
int64_t held_wait_ms(struct lt_client *client);

/* client_call.c: network thread */
LT_CHECK enum lt_status call_open(struct lt_client *client);
void call_close(struct lt_client *client);
void call_list(struct lt_client *client, const struct list_page *page);
void call_restored(struct lt_client *client, const struct delivery *delivery);
void call_step(struct lt_client *client);
int64_t call_wait_ms(struct lt_client *client);

/* client_enrol.c: network thread */
void enrol_close(struct lt_client *client);
void enrol_answer(struct lt_client *client, const struct enrol_answer *answer);
void enrol_step(struct lt_client *client);

/* client_sweep.c: network thread */
void sweep_step(struct lt_client *client);

/* client_blobs.c: network thread */
LT_CHECK enum lt_status mover_open(struct lt_client *client, struct fault *fault);
void mover_close(struct lt_client *client);
/* Milliseconds until its next step; -1: nothing moves. */
int mover_step(struct lt_client *client);
/* Every attachment of the transfer is at the axis; otherwise they are queued. */
bool mover_uploaded(struct lt_client *client, uint64_t sequence);
/* The axis misses it (hex), or, when that cannot be told, any of the transfer's attachments. */
void mover_missing(struct lt_client *client, uint64_t sequence, struct lt_bytes hex);
/* Incomplete deliveries may have come. */
void mover_look(struct lt_client *client);
struct client_zmq *mover_socket(struct lt_client *client);
uint64_t mover_uploads(const struct lt_client *client);

#endif
