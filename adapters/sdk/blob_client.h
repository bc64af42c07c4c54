/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BLOB_CLIENT_H
#define ADAPTERS_SDK_BLOB_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/fault.h"
#include "proto/port.h"
#include <lienthong/clock.h>
#include <lienthong/status.h>
#include <lienthong/types.h>

/*
 * The agency's side of attachments: files go up to the axis and come down from it, over a
 * connection of their own. No threads: the host calls blob_client_step when blob_client_wait_ms
 * says so, when the port may have something, and after giving a job. Jobs live in memory only;
 * after a restart the host gives them again and they go on where they were, because the axis keeps
 * what it had received and a download keeps `path` with ".part" behind it.
 *
 * A job ends well or with a refusal that is permanent. Everything else (no line, a busy axis, a
 * full quota, a broken connection) is tried again without end, with growing pauses;
 * blob_client_look says why it waits. Give the connection (client_zmq) up only after
 * blob_client_close.
 */
#define BLOB_PATH_BYTES  512
#define BLOB_JOBS_MAX    256
#define BLOB_JOBS_MOVING 4 /* at the same time; the rest waits in order */

struct blob_client;

struct blob_client_options {
    struct client_port port;
    const struct lt_clock *clock;
    uint64_t upload_bytes_per_s; /* 0: no cap */
};

/* One job that has come to its end. */
struct blob_done {
    uint64_t number;
    bool download;
    struct lt_digest sha256;
    uint64_t size;
    enum lt_status status;
    struct fault fault; /* what the axis or the file system said */
};

struct blob_progress {
    bool download;
    uint64_t size;
    uint64_t offset;        /* sent and asked for, or received */
    enum lt_status waiting; /* LT_OK, or why it does not move now */
    int64_t next_ms;        /* monotonic time of the next try, when it waits */
};

LT_CHECK enum lt_status blob_client_open(struct blob_client **ret_client,
                                         const struct blob_client_options *options,
                                         struct fault *fault);
void blob_client_close(struct blob_client **client_p);

/*
 * `sha256` and `size` are those of the file, computed when it was handed over; the file must stay
 * as it is until the job has ended. LT_BUSY: BLOB_JOBS_MAX jobs wait. LT_EXISTS: a job for the same
 * attachment is under way; *ret_number is then that one. LT_ATTACHMENT_BAD: empty, or too large
 * (LT_BLOB_TOO_LARGE). LT_FILE_BAD: no such file, or of another size.
 */
LT_CHECK enum lt_status blob_client_upload(struct blob_client *client, const char *path,
                                           const struct lt_digest *sha256, uint64_t size,
                                           uint64_t *ret_number, struct fault *fault);

/* The whole file appears under `path`, verified and durable, or nothing. Statuses as above. */
LT_CHECK enum lt_status blob_client_download(struct blob_client *client, const char *path,
                                             const struct lt_digest *sha256, uint64_t size,
                                             uint64_t *ret_number, struct fault *fault);

/* Forgets a job; what was moved so far stays for a later one. False: no such job. */
bool blob_client_cancel(struct blob_client *client, uint64_t number);

/* Moves all jobs on without waiting. */
void blob_client_step(struct blob_client *client);

/* Milliseconds until there is something to do by itself; 0: now; -1: only the port can wake us. */
int blob_client_wait_ms(struct blob_client *client);

/* The jobs that ended, in the order they did; false: none. */
bool blob_client_next(struct blob_client *client, struct blob_done *ret_done);

uint32_t blob_client_count(const struct blob_client *client); /* jobs not ended yet */
LT_CHECK bool blob_client_look(const struct blob_client *client, uint64_t number,
                               struct blob_progress *ret_progress);
void blob_client_cap(struct blob_client *client, uint64_t upload_bytes_per_s);

#endif
