/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_CORE_BROKER_H
#define BROKER_CORE_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/flow/flow.h"
#include "broker/journal/backend.h"
#include "broker/state/state.h"

/*
 * The broker as one object without a process around it: everything it touches is given, so main
 * runs it on real sockets and disks and the sim runs it in a world of its own. One thread.
 */
struct broker;

struct broker_options {
    const struct lt_clock *clock;
    const struct lt_entropy *entropy;
    struct server_port port;
    struct journal_backend backend;
    struct state_options state;
    struct flow_settings settings;
    struct flow_operators operators;
    struct flow_enrol enrol;
    /* Told which fact is being folded at start and whose frame is being handled; may be NULL. */
    void (*trail)(void *self, bool folding, uint32_t agency, uint64_t position);
    void *trail_self;
    uint32_t shield;             /* number of an agency to be kept out from now on; 0 none */
    const uint64_t *passed_over; /* positions of facts that are not folded */
    uint32_t passed_over_count;
    const char *restored_by; /* the journal was restored from a backup by this person; NULL: no */
    const char *restored_why;
    uint64_t restored_to;    /* the backup reached to there; 0: to where the journal ends */
    uint32_t restored_above; /* the incarnation the log has reached, which the new one is above */
    uint32_t fetch_threads;  /* 0: reads happen in the turn (the sim) */
    /* Who checks large frames; the broker's from now on, also when it does not open. With none
     * given (close == NULL) the broker has a pool of verify_threads; 0: in the turn. */
    struct verifier verifier;
    uint32_t verify_threads;
    const char *owner; /* told to whoever finds the journal held */
    /* Free bytes where the journal lives; below free_low_bytes intake refuses. NULL: plenty. */
    enum lt_status (*disk_free)(void *self, uint64_t *ret_bytes);
    void *disk_self;
    uint64_t free_low_bytes;
    /* Long refolds tell how far they are; may be NULL. */
    void (*progress)(void *self, uint64_t position, uint64_t last);
    void *progress_self;
};

/* Acquires the journal, refolds what state.mdb lacks, writes the epoch. No intake before that. */
LT_CHECK enum lt_status broker_open(struct broker **ret_broker,
                                    const struct broker_options *options, struct fault *fault);

/* Only brings state.mdb to the journal's end: nothing is written into the journal, nobody is
 * served. *ret_damaged: facts that were passed over. */
LT_CHECK enum lt_status broker_refold(const struct broker_options *options, uint64_t *ret_damaged,
                                      struct fault *fault);

/* Flushes what is durable and closes; not an orderly end of sessions (broker_drain before). */
void broker_close(struct broker **broker_p);

/* As if the process had died: nothing is acknowledged or flushed any more; broker_close frees. */
void broker_abandon(struct broker *broker);

/* One turn. *ret_idle: nothing was done and nothing waits but time or a file descriptor. LT_OK or a
 * stop class, after which nothing may be acknowledged and the process must end. */
LT_CHECK enum lt_status broker_turn(struct broker *broker, bool *ret_idle, struct fault *fault);

/* Waits for the port, the journal, the pools, `fds`, or the next due time. */
void broker_wait(struct broker *broker, const int *fds, uint32_t fds_count);

/* No new transfers from now on; turns go on until broker_drained. */
void broker_drain(struct broker *broker);
bool broker_drained(const struct broker *broker);   /* nothing undecided, staged or unanswered */
bool broker_receipted(const struct broker *broker); /* nor without its receipt */
void broker_say_bye(struct broker *broker);         /* to every session */

/* The declaration of a restore is durable, and the log has begun its new incarnation: it need not
 * be made again. */
bool broker_restore_told(const struct broker *broker);

struct flow *broker_flow(struct broker *broker);
void broker_settings(struct broker *broker, const struct flow_settings *settings,
                     uint64_t free_low_bytes); /* reload */

/* What certificates are judged by from now on, in place of what was; the broker's own from here. */
void broker_trust(struct broker *broker, struct trust **trust_p);

/* Attachments: their questions and events are taken in every turn from now on; NULL ends it. */
struct scrub;
void broker_attach_scrub(struct broker *broker, struct scrub *scrub); /* its findings are taken */

/* Receipts are made by this signer from now on; without `take` none are. */
void broker_attach_log(struct broker *broker, const struct log_door *door);

struct blob_desk;
void broker_attach(struct broker *broker, struct blob_desk *desk);

#endif
