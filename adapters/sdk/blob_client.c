/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The agency's side of the blob port (LTP.md, "Attachments: the blob port"): a row of jobs of which
 * BLOB_JOBS_MOVING talk to the axis at a time, chunk by chunk in turn.
 *
 * Nothing here is lost by a break: when the line goes, every job falls back to waiting and begins
 * again with an offer or a fetch. blob_row.c says how a job can go, blob_talk.c what is said.
 *
 * The digest of a download is computed from what was written, in slices, one job at a time. Uploads
 * are paced by the axis's credit and by our own cap.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "blob_talk.h"

#define FRAMES_MAX      32 /* taken in one step */
#define CHUNKS_MAX      8  /* sent in one step */
#define ARENA_BYTES     (512 * 1024)
#define ARENA_BYTES_MAX (2 * 1024 * 1024)
#define STALL_MS        60000
#define WAIT_MS_MAX     60000
#define REDIAL_MS       30000

enum lt_status blob_client_open(struct blob_client **ret_client,
                                const struct blob_client_options *options, struct fault *fault)
{
    enum lt_status status = LT_NO_MEMORY;
    struct blob_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "blobs", "%zu bytes", sizeof(*client));
    }
    client->options = *options;
    client->link = LINK_DOWN;
    client->redial_ms = INT64_MIN;
    list_init(&client->free);
    list_init(&client->jobs);
    list_init(&client->ended);
    client->slots = calloc(BLOB_JOBS_MAX, sizeof(*client->slots));
    client->buffer = malloc(BLOB_CHECK_BYTES);
    if (client->slots != NULL && client->buffer != NULL) {
        status = arena_init(&client->arena, ARENA_BYTES, ARENA_BYTES_MAX);
    }
    if (status == LT_OK) {
        status = digester_open(&client->digester);
        if (status != LT_OK) {
            arena_deinit(&client->arena);
        }
    }
    if (status != LT_OK) {
        free(client->buffer);
        free(client->slots);
        free(client);
        return fault_set(fault, status, "blobs", "jobs");
    }
    for (int i = 0; i < BLOB_JOBS_MAX; i++) {
        client->slots[i].fd = -1;
        list_node_init(&client->slots[i].node);
        list_push(&client->free, &client->slots[i].node);
    }
    *ret_client = client;
    return LT_OK;
}

void blob_client_close(struct blob_client **client_p)
{
    struct blob_client *client = *client_p;
    if (client == NULL) {
        return;
    }
    *client_p = NULL;
    for (int i = 0; i < BLOB_JOBS_MAX; i++) {
        blob_job_close(&client->slots[i]);
    }
    digester_close(&client->digester);
    arena_deinit(&client->arena);
    free(client->buffer);
    free(client->slots);
    free(client);
}

/* ---- jobs ---- */

static enum lt_status give(struct blob_client *client, bool download, const char *path,
                           const struct lt_digest *sha256, uint64_t size, uint64_t *ret_number,
                           struct fault *fault)
{
    const struct lt_clock *clock = client->options.clock;
    size_t path_size = strlen(path);
    if (size == 0 || digest_empty(sha256) || path_size == 0 || path_size >= BLOB_PATH_BYTES) {
        return fault_set(fault, LT_ATTACHMENT_BAD, path, "size %llu", (unsigned long long)size);
    }
    if (size > LT_ATTACHMENT_BYTES_MAX) {
        return fault_set(fault, LT_BLOB_TOO_LARGE, path, "%llu bytes, at most %lld",
                         (unsigned long long)size, LT_ATTACHMENT_BYTES_MAX);
    }
    struct blob_job *job = blob_row_find(client, sha256);
    if (job != NULL) {
        *ret_number = job->done.number;
        return LT_EXISTS;
    }
    if (client->free.count == 0) {
        return fault_set(fault, LT_BUSY, path, "%d jobs", BLOB_JOBS_MAX);
    }
    if (!download) {
        enum lt_status status = blob_job_file_check(path, size, fault);
        if (status != LT_OK) {
            return status;
        }
    }
    job = blob_row_job(list_pop(&client->free));
    memset(job, 0, sizeof(*job));
    list_node_init(&job->node);
    job->fd = -1;
    job->done.number = ++client->number;
    job->done.download = download;
    job->done.sha256 = *sha256;
    job->done.size = size;
    fault_init(&job->done.fault);
    memcpy(job->path, path, path_size + 1);
    job->due_ms = clock->mono_ms(clock->self);
    list_push(&client->jobs, &job->node);
    *ret_number = job->done.number;
    return LT_OK;
}

enum lt_status blob_client_upload(struct blob_client *client, const char *path,
                                  const struct lt_digest *sha256, uint64_t size,
                                  uint64_t *ret_number, struct fault *fault)
{
    return give(client, false, path, sha256, size, ret_number, fault);
}

enum lt_status blob_client_download(struct blob_client *client, const char *path,
                                    const struct lt_digest *sha256, uint64_t size,
                                    uint64_t *ret_number, struct fault *fault)
{
    return give(client, true, path, sha256, size, ret_number, fault);
}

static struct blob_job *by_number(const struct blob_client *client, uint64_t number)
{
    struct blob_job *job = blob_row_first(client);
    while (job != NULL && job->done.number != number) {
        job = blob_row_next(client, job);
    }
    return job;
}

bool blob_client_cancel(struct blob_client *client, uint64_t number)
{
    struct blob_job *job = by_number(client, number);
    if (job == NULL) {
        return false;
    }
    blob_row_leave(client, job, &client->free);
    return true;
}

bool blob_client_next(struct blob_client *client, struct blob_done *ret_done)
{
    struct blob_job *job = blob_row_job(list_pop(&client->ended));
    if (job == NULL) {
        return false;
    }
    *ret_done = job->done;
    list_push(&client->free, &job->node);
    return true;
}

uint32_t blob_client_count(const struct blob_client *client)
{
    return client->jobs.count;
}

bool blob_client_look(const struct blob_client *client, uint64_t number,
                      struct blob_progress *ret_progress)
{
    const struct blob_job *job = by_number(client, number);
    if (job == NULL) {
        return false;
    }
    bool waits = job->phase == BLOB_JOB_WAITING;
    *ret_progress = (struct blob_progress){.download = job->done.download,
                                           .size = job->done.size,
                                           .offset = job->offset,
                                           .waiting = waits ? job->waiting : LT_OK,
                                           .next_ms = waits ? job->due_ms : 0};
    if (waits && client->link != LINK_UP) {
        ret_progress->waiting = client->link == LINK_KEY_REFUSED ? LT_KEY_UNKNOWN : LT_PEER_GONE;
    }
    return true;
}

void blob_client_cap(struct blob_client *client, uint64_t upload_bytes_per_s)
{
    client->options.upload_bytes_per_s = upload_bytes_per_s;
}

/* ---- the step ---- */

static void look_at_link(struct blob_client *client)
{
    const struct client_port *port = &client->options.port;
    client->link = port->link(port->self);
    if (client->link == LINK_UP) {
        return;
    }
    for (struct blob_job *job = blob_row_first(client); job != NULL;
         job = blob_row_next(client, job)) {
        if (blob_row_talks(job, job->done.download)) {
            blob_row_wait(client, job, LT_PEER_GONE, 0);
        }
    }
    if (client->link == LINK_KEY_REFUSED && client->now_ms >= client->redial_ms) {
        client->redial_ms = client->now_ms + REDIAL_MS;
        port->redial(port->self);
    }
}

static uint32_t talking(const struct blob_client *client)
{
    uint32_t count = 0;
    for (const struct blob_job *job = blob_row_first(client); job != NULL;
         job = blob_row_next(client, job)) {
        count += blob_row_talks(job, job->done.download) ? 1 : 0;
    }
    return count;
}

/* Starts what is due, in order, while there is room; forgets what has stalled. */
static void start_jobs(struct blob_client *client)
{
    for (struct blob_job *job = blob_row_first(client); job != NULL;
         job = blob_row_next(client, job)) {
        if (blob_row_talks(job, job->done.download) && client->now_ms - job->moved_ms > STALL_MS) {
            blob_row_wait(client, job, LT_TIMEOUT, 0);
        }
    }
    uint32_t moving = talking(client);
    struct blob_job *job = blob_row_first(client);
    while (job != NULL && moving < BLOB_JOBS_MOVING && !client->blocked) {
        struct blob_job *next = blob_row_next(client, job);
        if (job->phase == BLOB_JOB_WAITING && job->due_ms <= client->now_ms) {
            blob_talk_begin(client, job);
            moving++;
        }
        job = next;
    }
}

/* A chunk of each upload in turn, and the windows that could not be told before. */
static void send_chunks(struct blob_client *client)
{
    uint32_t sent = 0;
    bool any = true;
    while (any && sent < CHUNKS_MAX && !client->blocked) {
        any = false;
        struct blob_job *job = blob_row_first(client);
        while (job != NULL && sent < CHUNKS_MAX && !client->blocked) {
            struct blob_job *next = blob_row_next(client, job);
            if (job->owed && job->phase == BLOB_JOB_MOVING && job->done.download) {
                blob_talk_window(client, job);
            } else if (blob_talk_chunk(client, job)) {
                sent++;
                any = true;
            }
            job = next;
        }
    }
}

static struct blob_job *job_to_check(const struct blob_client *client)
{
    struct blob_job *job = blob_row_first(client);
    while (job != NULL && job->phase != BLOB_JOB_CHECKING) {
        job = blob_row_next(client, job);
    }
    return job;
}

/* One slice of one received file. */
static void check(struct blob_client *client)
{
    if (client->checking == NULL) {
        client->checking = job_to_check(client);
        if (client->checking == NULL) {
            return;
        }
        client->checking->checked = 0;
        digest_start(client->digester);
    }
    struct blob_job *job = client->checking;
    enum lt_status status = blob_job_check(job, client->digester, client->buffer, BLOB_CHECK_BYTES);
    if (status != LT_OK) {
        blob_row_trouble(client, job, status);
        return;
    }
    if (job->checked < job->done.size) {
        return;
    }
    client->checking = NULL;
    struct lt_digest digest = digest_finish(client->digester);
    if (!digest_equal(&digest, &job->done.sha256)) {
        blob_job_discard(job);
        blob_row_wrong(client, job);
        return;
    }
    status = blob_job_publish(job);
    if (status != LT_OK) {
        blob_row_trouble(client, job, status);
    } else {
        blob_row_end(client, job, LT_OK);
    }
}

void blob_client_step(struct blob_client *client)
{
    const struct lt_clock *clock = client->options.clock;
    const struct client_port *port = &client->options.port;
    struct lt_bytes bytes;
    client->now_ms = clock->mono_ms(clock->self);
    client->blocked = false;
    look_at_link(client);
    for (int i = 0; i < FRAMES_MAX && port->receive(port->self, &bytes); i++) {
        blob_talk_take(client, bytes);
    }
    if (client->link == LINK_UP) {
        start_jobs(client);
        send_chunks(client);
    }
    check(client);
}

/* When this job next needs a step by itself; -1: it does not. */
static int64_t job_wait_ms(struct blob_client *client, const struct blob_job *job, bool room,
                           int64_t now_ms)
{
    int64_t wait_ms = -1;
    switch (job->phase) {
    case BLOB_JOB_CHECKING:
        return 0;
    case BLOB_JOB_WAITING:
        if (client->link == LINK_UP && room) {
            wait_ms = job->due_ms - now_ms;
        }
        break;
    case BLOB_JOB_ASKED:
    case BLOB_JOB_MOVING:
        wait_ms = job->moved_ms + STALL_MS + 1 - now_ms;
        if (!job->done.download && job->offset < job->reached) {
            wait_ms = bucket_wait_ms(&client->bucket, client->options.upload_bytes_per_s, now_ms);
        }
        break;
    case BLOB_JOB_ENDED:
        return -1;
    }
    return wait_ms == -1 || wait_ms > 0 ? wait_ms : 0;
}

int blob_client_wait_ms(struct blob_client *client)
{
    const struct lt_clock *clock = client->options.clock;
    int64_t now_ms = clock->mono_ms(clock->self);
    int64_t least_ms = -1;
    bool room = talking(client) < BLOB_JOBS_MOVING;
    for (struct blob_job *job = blob_row_first(client); job != NULL;
         job = blob_row_next(client, job)) {
        int64_t wait_ms = job_wait_ms(client, job, room, now_ms);
        if (wait_ms >= 0 && (least_ms < 0 || wait_ms < least_ms)) {
            least_ms = wait_ms;
        }
    }
    if (client->link == LINK_KEY_REFUSED && client->jobs.count > 0) {
        int64_t wait_ms = client->redial_ms - now_ms;
        wait_ms = wait_ms > 0 ? wait_ms : 0;
        least_ms = least_ms < 0 || wait_ms < least_ms ? wait_ms : least_ms;
    }
    if (client->blocked && least_ms >= 0 && least_ms < BLOB_BLOCKED_MS) {
        least_ms = BLOB_BLOCKED_MS;
    }
    return least_ms > WAIT_MS_MAX ? WAIT_MS_MAX : (int)least_ms;
}
