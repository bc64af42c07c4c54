/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BLOB_ROW_H
#define ADAPTERS_SDK_BLOB_ROW_H

#include "blob_job.h"
#include "proto/base/arena.h"
#include "proto/base/bucket.h"

/* The row of jobs of a blob client; used by blob_client.c and blob_talk.c only. */

#define BLOB_CHECK_BYTES (1024 * 1024) /* read back in one step */
#define BLOB_BLOCKED_MS  5             /* the port was full: look again after */

struct blob_client {
    struct blob_client_options options;
    struct arena arena; /* of one frame */
    struct digester *digester;
    uint8_t *buffer; /* BLOB_CHECK_BYTES */
    struct bucket bucket;
    struct blob_job *slots; /* BLOB_JOBS_MAX */
    struct list free;
    struct list jobs;          /* in the order they were given */
    struct list ended;         /* in the order they ended */
    struct blob_job *checking; /* whose bytes are in the digester */
    uint64_t number;
    int64_t now_ms;
    int64_t redial_ms; /* not before */
    int link;
    bool blocked; /* the port took no more */
};

struct blob_job *blob_row_job(struct list_node *node); /* NULL of NULL */
struct blob_job *blob_row_first(const struct blob_client *client);
struct blob_job *blob_row_next(const struct blob_client *client, const struct blob_job *job);
struct blob_job *blob_row_find(const struct blob_client *client, const struct lt_digest *sha256);

/* Takes a job off the row, its file closed; `to` is the list it goes to. */
void blob_row_leave(struct blob_client *client, struct blob_job *job, struct list *to);
void blob_row_end(struct blob_client *client, struct blob_job *job, enum lt_status status);

/* Back to waiting; the next try comes after `least_ms`, later the more tries came to nothing. */
void blob_row_wait(struct blob_client *client, struct blob_job *job, enum lt_status status,
                   uint32_t least_ms);
/* Something on our side failed: a full disk passes, the rest ends the job. */
void blob_row_trouble(struct blob_client *client, struct blob_job *job, enum lt_status status);
/* The digest is not what was announced: from the start again, but not for ever. */
void blob_row_wrong(struct blob_client *client, struct blob_job *job);

/* True when the job has asked the axis or moves, in this direction. */
bool blob_row_talks(const struct blob_job *job, bool download);

#endif
