/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ADAPTERS_SDK_BLOB_JOB_H
#define ADAPTERS_SDK_BLOB_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "blob_client.h"
#include "proto/base/list.h"
#include "proto/digest.h"

/* One attachment on its way, and its file; used by blob_client.c and its helpers only. */

enum blob_job_phase {
    BLOB_JOB_WAITING,  /* for its turn, for a line, or for the end of a pause */
    BLOB_JOB_ASKED,    /* the axis has not answered yet */
    BLOB_JOB_MOVING,   /* chunks flow */
    BLOB_JOB_CHECKING, /* download: everything is here and is being read back */
    BLOB_JOB_ENDED,
};

struct blob_job {
    struct list_node node; /* of the jobs, or of the ended ones */
    struct blob_done done; /* number, direction, digest, size, and the end */
    char path[BLOB_PATH_BYTES];
    enum blob_job_phase phase;
    int fd;           /* -1: none */
    uint64_t offset;  /* next byte to send, or received so far */
    uint64_t reached; /* end of the window: what may be sent, or was asked for */
    uint64_t checked; /* bytes read back */
    bool owed;        /* download: the axis is to be told our window */
    int64_t due_ms;   /* WAITING: not before */
    int64_t moved_ms; /* when the axis last did its part */
    uint32_t tries;   /* in a row without progress */
    uint32_t wrong;   /* times the digest was wrong */
    enum lt_status waiting;
};

/* All give LT_OK; LT_FULL and LT_IO; LT_FILE_BAD when the file is not what it was said to be. */

LT_CHECK enum lt_status blob_job_file_check(const char *path, uint64_t size, struct fault *fault);

/* Opens the file to send, or the ".part" to go on with; *ret_offset: how much of it is there. */
LT_CHECK enum lt_status blob_job_open(struct blob_job *job, uint64_t *ret_offset);
void blob_job_close(struct blob_job *job);
LT_CHECK enum lt_status blob_job_read(struct blob_job *job, uint8_t *out, size_t size);
LT_CHECK enum lt_status blob_job_write(struct blob_job *job, struct lt_bytes bytes);

/* Reads the next piece of a received file back into the digester. */
LT_CHECK enum lt_status blob_job_check(struct blob_job *job, struct digester *digester,
                                       uint8_t *buffer, size_t size);
/* The received file is right: on disk for good, then under its name. Closes it. */
LT_CHECK enum lt_status blob_job_publish(struct blob_job *job);
void blob_job_discard(struct blob_job *job); /* what was received is wrong: closed and removed */

#endif
