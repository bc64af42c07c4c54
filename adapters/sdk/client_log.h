/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_CLIENT_LOG_H
#define ADAPTERS_SDK_CLIENT_LOG_H

#include "box_receipts.h"
#include "client_parts.h"
#include "proto/checkpoint.h"

/*
 * What client_log.c (checkpoints: which are believed) and client_receipts.c (receipts: which came,
 * which are owed) share. The network thread's alone.
 */
struct log_watch {
    struct sign_checker *checker;
    struct public_key *key; /* NULL: none told yet */
    char key_text[NOTE_VKEY_MAX];
    char name[NOTE_NAME_MAX + 1];
    bool pinned; /* the key was configured */
    bool told;   /* the axis of this session has a log */
    bool any;    /* a checkpoint is believed */
    struct checkpoint known;
    uint8_t note[NOTE_BYTES_MAX]; /* known, as it was signed: told in Hello */
    size_t note_size;
    uint64_t seen;    /* the largest size that somebody signed and that is not proven */
    bool receipt_any; /* a receipt's checkpoint is to be proven, too: the largest of them */
    struct checkpoint receipt;
    bool asked;
    bool asked_also; /* about `also`, too: what `receipt` was then */
    struct checkpoint also;
    uint64_t number;            /* of the last question */
    int64_t ask_due_ms;         /* monotonic */
    enum lt_status refused;     /* LT_OK: nothing is */
    struct log_refusal refusal; /* the last one */
    /* session time: how long sessions have stood since the start */
    int64_t session_ms;
    int64_t looked_ms;   /* monotonic */
    int64_t unproven_ms; /* session time since when a proof is asked for in vain; -1: it is not */
    /* client_receipts.c */
    int64_t wait_ms; /* session time until a receipt is overdue */
    bool overdue;
    int64_t look_due_ms; /* monotonic */
    int64_t round_due_ms;
    uint64_t ask_after; /* position that was asked for last */
};

struct note_trust log_trust(struct lt_client *client);
void log_publish(struct lt_client *client);
/* Something signed, or said, that is not to be believed: told once, kept, shown until it clears. */
void log_refuse(struct lt_client *client, enum lt_status code, const char *what,
                struct lt_bytes note);
/* A checkpoint that came with a proven receipt. */
void log_receipt_seen(struct lt_client *client, const struct checkpoint *checkpoint,
                      struct lt_bytes note);

/* client_receipts.c */
void receipts_welcome(struct lt_client *client);
void receipts_step(struct lt_client *client);
/* An answer about a position that has no receipt; false: it is about a checkpoint. */
bool receipts_denied(struct lt_client *client, const struct log_proof *proof);

#endif
