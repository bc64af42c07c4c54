/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The row of jobs and the three ways a job can go: on, back to waiting, or to its end.
 *
 * Every doubt (no answer for a minute, an offset that does not fit, a disk that is full, a line
 * that broke) has the same remedy: wait and ask again, with pauses that double up to a minute and
 * are spread by what is being sent. Both ends know from their files where to go on. Only a refusal
 * that cannot change, a file that is not what was announced and a digest that is wrong time after
 * time end a job.
 */
#include <string.h>

#include "blob_row.h"

#define PAUSE_FIRST_MS 1000
#define PAUSE_MS_MAX   60000
#define WRONG_DIGESTS  3

struct blob_job *blob_row_job(struct list_node *node)
{
    return node == NULL ? NULL : LIST_ENTRY(node, struct blob_job, node);
}

struct blob_job *blob_row_first(const struct blob_client *client)
{
    return blob_row_job(list_first(&client->jobs));
}

struct blob_job *blob_row_next(const struct blob_client *client, const struct blob_job *job)
{
    return blob_row_job(list_next(&client->jobs, &job->node));
}

struct blob_job *blob_row_find(const struct blob_client *client, const struct lt_digest *sha256)
{
    struct blob_job *job = blob_row_first(client);
    while (job != NULL && !digest_equal(&job->done.sha256, sha256)) {
        job = blob_row_next(client, job);
    }
    return job;
}

/* Whatever of the job is in the digester is of no use any more. */
static void stop_check(struct blob_client *client, const struct blob_job *job)
{
    if (client->checking == job) {
        (void)digest_finish(client->digester);
        client->checking = NULL;
    }
}

void blob_row_leave(struct blob_client *client, struct blob_job *job, struct list *to)
{
    blob_job_close(job);
    stop_check(client, job);
    list_remove(&client->jobs, &job->node);
    list_push(to, &job->node);
}

void blob_row_end(struct blob_client *client, struct blob_job *job, enum lt_status status)
{
    job->phase = BLOB_JOB_ENDED;
    job->done.status = status;
    if (status == LT_OK) {
        fault_init(&job->done.fault);
    }
    blob_row_leave(client, job, &client->ended);
}

void blob_row_wait(struct blob_client *client, struct blob_job *job, enum lt_status status,
                   uint32_t least_ms)
{
    int64_t pause_ms = 0;
    if (job->tries > 0) {
        uint32_t doublings = job->tries < 7 ? job->tries - 1 : 6;
        pause_ms = (int64_t)PAUSE_FIRST_MS << doublings;
        pause_ms = pause_ms < PAUSE_MS_MAX ? pause_ms : PAUSE_MS_MAX;
        /* Spread by what is being sent, so that many adapters do not come in one moment. */
        pause_ms += pause_ms * job->done.sha256.bytes[0] / 512;
    }
    blob_job_close(job);
    stop_check(client, job);
    job->phase = BLOB_JOB_WAITING;
    job->waiting = status;
    job->due_ms = client->now_ms + (pause_ms > least_ms ? pause_ms : least_ms);
    job->tries++;
}

void blob_row_trouble(struct blob_client *client, struct blob_job *job, enum lt_status status)
{
    if (status == LT_FULL || status == LT_NO_MEMORY) {
        blob_row_wait(client, job, status, PAUSE_FIRST_MS);
    } else {
        blob_row_end(client, job, status);
    }
}

void blob_row_wrong(struct blob_client *client, struct blob_job *job)
{
    job->wrong++;
    if (job->wrong < WRONG_DIGESTS) {
        blob_row_wait(client, job, LT_BLOB_HASH_WRONG, 0);
        return;
    }
    fault_set(&job->done.fault, LT_BLOB_HASH_WRONG, job->path, "%u times", job->wrong);
    blob_row_end(client, job, LT_BLOB_HASH_WRONG);
}

bool blob_row_talks(const struct blob_job *job, bool download)
{
    return job->done.download == download &&
           (job->phase == BLOB_JOB_ASKED || job->phase == BLOB_JOB_MOVING);
}
