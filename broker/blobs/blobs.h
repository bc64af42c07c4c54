/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_BLOBS_BLOBS_H
#define BROKER_BLOBS_BLOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include "proto/base/queue.h"
#include "proto/port.h"
#include <lienthong/clock.h>
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * Attachments, as the core sees them: two threads of their own with a port of their own, which tell
 * of every file that has become durable and wait for the core's answer before the agency is told.
 *
 * Who holds what is a fact of the journal, so it is not decided here: the threads ask `rights`,
 * which main backs with a read-only look at the state, and the core journals FACT_BLOB for every
 * event it takes. An event is answered once, always, also with a refusal.
 */
struct blobs;

struct blob_rights {
    void *self;
    /*
     * May the agency store it? `pending_bytes` are those of its other uploads under way, which the
     * state does not know yet. LT_OK: send it, also when the axis has the file from somebody else.
     * LT_EXISTS: the journal says that this agency holds it already. LT_BLOB_QUOTA, LT_BUSY,
     * LT_AGENCY_SUSPENDED ...: what the agency is told.
     */
    enum lt_status (*may_store)(void *self, const char *agency, const struct lt_digest *sha256,
                                uint64_t size, uint64_t pending_bytes);
    /* LT_OK and the size: it uploaded or was sent it. LT_BLOB_NOT_YOURS otherwise. */
    enum lt_status (*may_fetch)(void *self, const char *agency, const struct lt_digest *sha256,
                                uint64_t *ret_size);
    /* LT_OK: some agency holds it; LT_NOT_FOUND: nobody does, so a file of this name is left over
     * from a crash and goes after BLOB_ORPHAN_MS. Anything else: it stays. */
    enum lt_status (*is_held)(void *self, const struct lt_digest *sha256);
};
/* All three are called on the threads of blobs, also at the same time. */

struct blob_policy {
    uint64_t free_low_bytes;     /* below: no new uploads, LT_DISK_RESERVE */
    uint64_t partial_bytes_max;  /* of one agency's unfinished uploads; 0: the default */
    uint64_t bytes_per_s;        /* of one agency, both ways; 0: no cap */
    uint64_t office_bytes_per_s; /* the same in office hours; 0: as outside of them */
    uint16_t office_from_minute; /* of the day: 450 is 07:30 */
    uint16_t office_to_minute;   /* 1020 is 17:00 */
    uint8_t office_days;         /* bit 0 Monday ... bit 6 Sunday */
    int16_t zone_minutes;        /* 420 is UTC+7 */
};
/* 07:30 to 17:00, Monday to Friday, UTC+7, no caps. */
struct blob_policy blob_policy_default(void);

/* A file is durable: journal it, then answer. */
struct blob_event {
    char agency[LT_AGENCY_ID_MAX + 1];
    struct lt_digest sha256;
    uint64_t size;
    /* LT_OK; or class stop: the disk under the blobs failed, nothing more is promised, end the
     * process (the agency is told to come again). */
    enum lt_status status;
};

struct blobs_options {
    const char *folder;      /* <data>/blobs */
    struct server_port port; /* handed over: only blobs uses it until blobs_close */
    const struct lt_clock *clock;
    struct blob_rights rights;
    struct blob_policy policy;
    uint64_t seed; /* of hash tables */
};

/* Opens the store and starts the threads. */
LT_CHECK enum lt_status blobs_open(struct blobs **ret_blobs, const struct blobs_options *options,
                                   struct fault *fault);
/* Ends the threads; events not answered are forgotten (the agency offers the file again). */
void blobs_close(struct blobs **blobs_p);

/* Pops give `struct blob_event *`, borrowed until it is answered. */
struct queue *blobs_events(struct blobs *blobs);

/* LT_OK: the fact is durable. Otherwise what the agency is told. From the core's thread. */
void blobs_answer(struct blobs *blobs, struct blob_event *event, enum lt_status status);

/*
 * Delete an orphan whose going is journaled (FACT_BLOB_GONE). An upload of the same bytes that is
 * under way saves it. False: too many waiting, come again. From the core's thread.
 */
LT_CHECK bool blobs_collect(struct blobs *blobs, const struct lt_digest *sha256);

void blobs_policy(struct blobs *blobs, const struct blob_policy *policy); /* SIGHUP */

struct blobs_stat {
    uint64_t uploads;   /* told BlobStored */
    uint64_t downloads; /* sent to the last byte */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t refused;
    uint64_t hash_wrong;
    uint64_t collected;
    uint64_t orphans;       /* left over from crashes and removed */
    uint32_t transfers;     /* under way */
    uint32_t transfers_max; /* the most ever */
};
void blobs_stat(struct blobs *blobs, struct blobs_stat *ret_stat); /* any thread */

#define BLOB_TRANSFERS_MAX        1024 /* under way at once */
#define BLOB_TRANSFERS_AGENCY_MAX 8
#define BLOB_PARTIALS_AGENCY_MAX  16 /* files begun and not finished */
#define BLOB_PARTIAL_BYTES        (4LL * LT_ATTACHMENT_BYTES_MAX)
#define BLOB_FLIGHT_BYTES_MAX     (64LL * 1024 * 1024) /* asked for or sent, all agencies */
#define BLOB_WINDOW_CHUNKS        4                    /* of one transfer */
#define BLOB_CHUNK_BYTES_MIN      4096                 /* but the last */
#define BLOB_ASKS_PER_SECOND_MAX  50                   /* offers and first fetches of an agency */
#define BLOB_STALL_MS             60000
#define BLOB_OWED_MAX             256 /* answers that wait for a slow reader */
#define BLOB_ORPHAN_MS            (7LL * 24 * 60 * 60 * 1000)

#endif
