/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a job says to the axis and hears from it (LTP.md, "Attachments: the blob port"). Windows are
 * absolute on both ways: so many chunks beyond what has arrived. Frames that fit no job, or a job
 * that is not talking, are left alone: they answer a try that was given up.
 */
#include <assert.h>
#include <string.h>

#include "blob_talk.h"
#include "proto/base/text.h"
#include "proto/message.h"

#define FETCH_CHUNKS 8 /* our window of a download */
#define AGAIN_MS     1000

/* ---- what goes out ---- */

static enum lt_status send_blob(struct blob_client *client, enum frame_kind kind,
                                const struct blob *blob)
{
    struct frame frame;
    struct lt_bytes bytes;
    const struct client_port *port = &client->options.port;
    memset(&frame, 0, sizeof(frame));
    frame.kind = kind;
    frame.blob = *blob;
    arena_reset(&client->arena);
    enum lt_status status = frame_write(&frame, &client->arena, &bytes);
    if (status == LT_OK) {
        status = port->send(port->self, bytes);
    }
    client->blocked = client->blocked || status != LT_OK;
    return status;
}

/* A fetch that says how far we are and how much more may come. */
static void send_fetch(struct blob_client *client, struct blob_job *job, uint32_t credit)
{
    struct blob fetch;
    memset(&fetch, 0, sizeof(fetch));
    fetch.sha256 = job->done.sha256;
    fetch.offset = job->offset;
    fetch.credit = credit;
    job->owed = send_blob(client, FRAME_BLOB_FETCH, &fetch) != LT_OK;
    if (!job->owed) {
        uint64_t reached = job->offset + (uint64_t)credit * LT_CHUNK_BYTES_MAX;
        job->reached = reached < job->done.size ? reached : job->done.size;
    }
}

void blob_talk_window(struct blob_client *client, struct blob_job *job)
{
    send_fetch(client, job, FETCH_CHUNKS);
}

/* Begins a job, or begins it again, with an offer or a fetch. */
void blob_talk_begin(struct blob_client *client, struct blob_job *job)
{
    struct blob offer;
    uint64_t offset = 0;
    fault_init(&job->done.fault);
    enum lt_status status = blob_job_open(job, &offset);
    if (status != LT_OK) {
        blob_row_trouble(client, job, status);
        return;
    }
    job->offset = offset;
    job->reached = offset;
    job->moved_ms = client->now_ms;
    if (job->done.download && offset == job->done.size) {
        job->phase = BLOB_JOB_CHECKING;
        return;
    }
    job->phase = BLOB_JOB_ASKED;
    if (job->done.download) {
        blob_talk_window(client, job);
        status = job->owed ? LT_AGAIN : LT_OK;
        job->owed = false;
    } else {
        memset(&offer, 0, sizeof(offer));
        offer.sha256 = job->done.sha256;
        offer.size = job->done.size;
        status = send_blob(client, FRAME_BLOB_OFFER, &offer);
    }
    if (status != LT_OK) {
        /* Not said, so not tried. */
        blob_job_close(job);
        job->phase = BLOB_JOB_WAITING;
        job->due_ms = client->now_ms + BLOB_BLOCKED_MS;
    }
}

/* Sends one chunk of a job when window and cap allow; true when it did. */
bool blob_talk_chunk(struct blob_client *client, struct blob_job *job)
{
    struct blob chunk;
    if (job->done.download || job->phase != BLOB_JOB_MOVING || job->offset >= job->reached ||
        bucket_wait_ms(&client->bucket, client->options.upload_bytes_per_s, client->now_ms) > 0) {
        return false;
    }
    uint64_t left = job->done.size - job->offset;
    size_t piece = left < LT_CHUNK_BYTES_MAX ? (size_t)left : LT_CHUNK_BYTES_MAX;
    enum lt_status status = blob_job_read(job, client->buffer, piece);
    if (status != LT_OK) {
        blob_row_trouble(client, job, status);
        return false;
    }
    memset(&chunk, 0, sizeof(chunk));
    chunk.sha256 = job->done.sha256;
    chunk.offset = job->offset;
    chunk.size = job->done.size;
    chunk.data = (struct lt_bytes){client->buffer, piece};
    if (send_blob(client, FRAME_BLOB_CHUNK, &chunk) != LT_OK) {
        return false;
    }
    bool paid =
        bucket_take(&client->bucket, client->options.upload_bytes_per_s, client->now_ms, piece);
    assert(paid);
    job->offset += piece;
    return true;
}

/* ---- what comes in ---- */

static void take_want(struct blob_client *client, struct blob_job *job, const struct blob *want)
{
    if (!blob_row_talks(job, false) || want->offset > job->done.size) {
        return;
    }
    if (job->phase == BLOB_JOB_ASKED) {
        job->offset = want->offset;
        job->phase = BLOB_JOB_MOVING;
    }
    if (want->offset > 0) {
        job->tries = 0;
    }
    uint64_t reached = want->offset + (uint64_t)want->credit * LT_CHUNK_BYTES_MAX;
    job->reached = reached < job->done.size ? reached : job->done.size;
    job->moved_ms = client->now_ms;
}

static void take_chunk(struct blob_client *client, struct blob_job *job, const struct blob *chunk)
{
    if (!blob_row_talks(job, true) || chunk->offset < job->offset) {
        return;
    }
    if (chunk->size != job->done.size) {
        fault_set(&job->done.fault, LT_ATTACHMENT_BAD, job->path, "the axis has %llu bytes",
                  (unsigned long long)chunk->size);
        blob_row_end(client, job, LT_ATTACHMENT_BAD);
        return;
    }
    if (chunk->offset > job->offset || chunk->data.size == 0 ||
        chunk->data.size > job->done.size - job->offset) {
        send_fetch(client, job, 0);
        blob_row_wait(client, job, LT_BLOB_OFFSET, AGAIN_MS);
        return;
    }
    enum lt_status status = blob_job_write(job, chunk->data);
    if (status != LT_OK) {
        blob_row_trouble(client, job, status);
        return;
    }
    job->phase = BLOB_JOB_MOVING;
    job->offset += chunk->data.size;
    job->moved_ms = client->now_ms;
    job->tries = 0;
    if (job->offset == job->done.size) {
        send_fetch(client, job, 0);
        job->phase = BLOB_JOB_CHECKING;
    } else if (job->reached < job->done.size &&
               job->reached - job->offset <= FETCH_CHUNKS / 2 * LT_CHUNK_BYTES_MAX) {
        blob_talk_window(client, job);
    }
}

static void take_refusal(struct blob_client *client, struct blob_job *job,
                         const struct blob *refused)
{
    enum lt_status status = (enum lt_status)refused->code;
    if (!blob_row_talks(job, job->done.download)) {
        return; /* of an earlier try */
    }
    if (status == LT_BLOB_HASH_WRONG) {
        blob_row_wrong(client, job);
    } else if (lt_class(status) == LT_CLASS_REFUSE) {
        char detail[128];
        text_copy(detail, sizeof(detail), refused->detail);
        fault_set(&job->done.fault, status, job->path, "%s", detail);
        blob_row_end(client, job, status);
    } else {
        blob_row_wait(client, job, status, refused->retry_after_ms);
    }
}

void blob_talk_take(struct blob_client *client, struct lt_bytes bytes)
{
    struct frame frame;
    arena_reset(&client->arena);
    if (frame_read(bytes, &client->arena, &frame, NULL) != LT_OK) {
        return;
    }
    if (frame.kind < FRAME_BLOB_OFFER || frame.kind > FRAME_BLOB_FETCH) {
        return;
    }
    struct blob_job *job = blob_row_find(client, &frame.blob.sha256);
    if (job == NULL) {
        return;
    }
    if (frame.kind == FRAME_BLOB_WANT) {
        take_want(client, job, &frame.blob);
    } else if (frame.kind == FRAME_BLOB_CHUNK) {
        take_chunk(client, job, &frame.blob);
    } else if (frame.kind == FRAME_BLOB_REFUSED) {
        take_refusal(client, job, &frame.blob);
    } else if (frame.kind == FRAME_BLOB_STORED && !job->done.download) {
        blob_row_end(client, job, LT_OK);
    }
}
