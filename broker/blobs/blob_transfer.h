/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_BLOBS_BLOB_TRANSFER_H
#define BROKER_BLOBS_BLOB_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "blobs.h"
#include "proto/base/bucket.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/base/pool.h"

/*
 * The table of files under way, per agency, in pools of fixed size, and the errand: the one object
 * that a finished upload sends round (blob thread, finisher, blob thread, core, blob thread).
 */
struct blob_moving;

enum errand_kind {
    ERRAND_FINISH,  /* blob thread -> finisher -> blob thread: verify and publish */
    ERRAND_TELL,    /* blob thread -> core -> blob thread: journal it */
    ERRAND_COLLECT, /* core -> blob thread -> finisher -> blob thread: delete an orphan */
};

struct errand {
    enum errand_kind kind;
    struct blob_event event; /* what the core sees of it */
    int fd;
    enum lt_status status;      /* what the finisher or the core said */
    struct blob_moving *moving; /* NULL with ERRAND_COLLECT */
};

struct blob_agency {
    struct list_node in_round;
    struct list moving;
    char id[LT_AGENCY_ID_MAX + 1];
    struct bucket bucket;
    int64_t asks_second; /* which second `asks` counts */
    uint32_t asks;
};

enum blob_phase {
    BLOB_RECEIVING, /* upload: chunks come in */
    BLOB_FINISHING, /* upload: with the finisher */
    BLOB_TELLING,   /* upload: with the core */
    BLOB_SENDING,   /* download */
};

struct blob_moving {
    struct list_node in_agency;
    struct blob_agency *agency;
    enum blob_phase phase;
    struct lt_digest sha256;
    uint64_t size;
    int fd;           /* -1: none */
    uint64_t offset;  /* received so far; or the next byte to send */
    uint64_t reached; /* end of what was asked of the peer; or of what it has room for */
    uint64_t acked;   /* download: what the peer says it has */
    bool owed;        /* upload: the peer is to be told its window */
    bool paid;        /* download: the next chunk is paid for, but was not sent yet */
    struct port_route route;
    int64_t moved_ms; /* when the peer last did its part, or had none to do */
    struct errand errand;
};

struct blob_table {
    struct pool moving;
    struct pool agencies;
    struct map *by_id;
    struct list round; /* of agencies with something under way, or in debt */
};

LT_CHECK enum lt_status blob_table_open(struct blob_table *table, uint64_t seed);
void blob_table_close(struct blob_table *table); /* closes the files, too */

/* Finds or begins; NULL when the pool is dry. */
struct blob_agency *blob_agency_of(struct blob_table *table, const char *id);
void blob_agency_forget(struct blob_table *table, struct blob_agency *agency); /* none is moving */

/* One more ask in this second; false when it is one too many. */
LT_CHECK bool blob_agency_ask(struct blob_agency *agency, int64_t mono_ms);

struct blob_moving *blob_upload_of(const struct blob_agency *agency,
                                   const struct lt_digest *sha256);
struct blob_moving *blob_download_of(const struct blob_agency *agency,
                                     const struct lt_digest *sha256,
                                     const struct port_route *route);
bool blob_table_uploads(const struct blob_table *table, const struct lt_digest *sha256);

/* NULL when the pool or the agency's share is used up. */
struct blob_moving *blob_begin(struct blob_table *table, struct blob_agency *agency);
void blob_end(struct blob_table *table, struct blob_moving *moving); /* closes its file */

/* A download's last byte was sent: its file is closed, it stays for a moment. */
void blob_sent(struct blob_moving *moving);
bool blob_is_sent(const struct blob_moving *moving);

/* Bytes of the agency's uploads under way: what the state does not count yet. */
uint64_t blob_pending(const struct blob_agency *agency);
/* Bytes asked for or sent and not seen yet. */
uint64_t blob_flight(const struct blob_moving *moving);
uint64_t blob_table_flight(const struct blob_table *table);

bool route_equal(const struct port_route *a, const struct port_route *b);

/* ---- policy ---- */

bool blob_office_hours(const struct blob_policy *policy, int64_t wall_ms);
uint64_t blob_rate(const struct blob_policy *policy, int64_t wall_ms); /* bytes per s, 0: no cap */

#endif
