/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The file side of an attachment job: reading what goes up, and keeping what comes down under
 * PATH.part until it is complete, verified, synced and renamed. The length of a ".part" is the
 * offset to go on from, also after a restart; if a crash made it lie, the digest says so at the end
 * and it is thrown away.
 *
 * A failed fsync is not tried again on the same file: what was received is thrown away, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob_job.h"
#include "proto/base/file.h"

#define FILE_MODE  0600
#define PART_BYTES (BLOB_PATH_BYTES + 8)

static enum lt_status status_of_errno(int error)
{
    return error == ENOSPC || error == EDQUOT ? LT_FULL : LT_IO;
}

static enum lt_status refuse(struct blob_job *job, enum lt_status status, const char *what)
{
    return fault_set(&job->done.fault, status, job->path, "%s: %s", what, strerrordesc_np(errno));
}

static void part_path(const struct blob_job *job, char out[PART_BYTES])
{
    snprintf(out, PART_BYTES, "%s.part", job->path);
}

enum lt_status blob_job_file_check(const char *path, uint64_t size, struct fault *fault)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return fault_set(fault, LT_FILE_BAD, path, "%s", strerrordesc_np(errno));
    }
    if (!S_ISREG(info.st_mode) || (uint64_t)info.st_size != size) {
        return fault_set(fault, LT_FILE_BAD, path, "%lld bytes, %llu were announced",
                         (long long)info.st_size, (unsigned long long)size);
    }
    return LT_OK;
}

static enum lt_status open_part(struct blob_job *job, uint64_t *ret_offset)
{
    char path[PART_BYTES];
    struct stat info;
    part_path(job, path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return refuse(job, status_of_errno(errno), "open");
    }
    bool usable = fstat(fd, &info) == 0;
    if (usable && (uint64_t)info.st_size > job->done.size) {
        usable = ftruncate(fd, 0) == 0;
        info.st_size = 0;
    }
    if (!usable) {
        enum lt_status status = refuse(job, LT_IO, "stat");
        close(fd);
        return status;
    }
    job->fd = fd;
    *ret_offset = (uint64_t)info.st_size;
    return LT_OK;
}

enum lt_status blob_job_open(struct blob_job *job, uint64_t *ret_offset)
{
    blob_job_close(job);
    if (job->done.download) {
        return open_part(job, ret_offset);
    }
    enum lt_status status = blob_job_file_check(job->path, job->done.size, &job->done.fault);
    if (status != LT_OK) {
        return status;
    }
    job->fd = open(job->path, O_RDONLY | O_CLOEXEC);
    if (job->fd < 0) {
        return refuse(job, LT_FILE_BAD, "open");
    }
    *ret_offset = 0;
    return LT_OK;
}

void blob_job_close(struct blob_job *job)
{
    if (job->fd >= 0) {
        close(job->fd);
    }
    job->fd = -1;
}

static enum lt_status read_at(struct blob_job *job, uint64_t offset, uint8_t *out, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(job->fd, out + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno != EINTR) {
            return refuse(job, LT_IO, "read");
        }
        if (got == 0) {
            return fault_set(&job->done.fault, LT_FILE_BAD, job->path, "it has become shorter");
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return LT_OK;
}

enum lt_status blob_job_read(struct blob_job *job, uint8_t *out, size_t size)
{
    return read_at(job, job->offset, out, size);
}

enum lt_status blob_job_write(struct blob_job *job, struct lt_bytes bytes)
{
    size_t done = 0;
    while (done < bytes.size) {
        ssize_t wrote =
            pwrite(job->fd, bytes.data + done, bytes.size - done, (off_t)(job->offset + done));
        if (wrote < 0 && errno != EINTR) {
            return refuse(job, status_of_errno(errno), "write");
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return LT_OK;
}

enum lt_status blob_job_check(struct blob_job *job, struct digester *digester, uint8_t *buffer,
                              size_t size)
{
    uint64_t left = job->done.size - job->checked;
    size_t piece = left < size ? (size_t)left : size;
    enum lt_status status = read_at(job, job->checked, buffer, piece);
    if (status != LT_OK) {
        return status;
    }
    digest_feed(digester, (struct lt_bytes){buffer, piece});
    job->checked += piece;
    return LT_OK;
}

enum lt_status blob_job_publish(struct blob_job *job)
{
    char path[PART_BYTES];
    part_path(job, path);
    if (fsync(job->fd) != 0) {
        enum lt_status status = refuse(job, status_of_errno(errno), "fsync");
        blob_job_discard(job);
        return status;
    }
    blob_job_close(job);
    if (rename(path, job->path) != 0) {
        return refuse(job, status_of_errno(errno), "rename");
    }
    return folder_sync_of(job->path, &job->done.fault);
}

void blob_job_discard(struct blob_job *job)
{
    char path[PART_BYTES];
    blob_job_close(job);
    part_path(job, path);
    /* Not there is as good; anything else shows at the next open. */
    (void)unlink(path);
}
