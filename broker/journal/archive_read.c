/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An archive that is looked at: its months in order, one file open at a time, and its records as if
 * they were one journal, so that everything that reads journals reads archives too. Nothing is
 * written; a snapshot of a file stays as long as the file is open, which costs nothing where nobody
 * writes, and next to nothing in the month being made.
 */
#include "archive_private.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

static void look_away(struct archive *archive)
{
    if (archive->file.store != NULL) {
        store_cursor_close(&archive->records);
        store_abort(&archive->txn);
        archive_file_close(&archive->file);
    }
}

enum lt_status archive_look_into(struct archive *archive, uint32_t index, struct fault *fault)
{
    int32_t month = archive->months[index].month;
    if (archive->file.store != NULL && archive->file.month == month) {
        return LT_OK;
    }
    look_away(archive);
    enum lt_status status = archive_file_open(&archive->file, archive->folder, month, false, fault);
    if (status != LT_OK) {
        return status;
    }
    status = store_begin(archive->file.store, false, &archive->txn);
    if (status == LT_OK) {
        status = store_cursor_open(&archive->txn, archive->file.trees[ARCHIVE_RECORDS],
                                   &archive->records);
        if (status != LT_OK) {
            store_abort(&archive->txn);
        }
    }
    if (status != LT_OK) {
        archive_file_close(&archive->file);
        return fault_set(fault, status, "archive", "%s cannot be read", archive->file.path);
    }
    return LT_OK;
}

static enum lt_status month_about(struct archive *archive, struct archive_file *file,
                                  struct archive_about *ret_about, struct fault *fault)
{
    struct fault why;
    fault_init(&why);
    enum lt_status status = archive_about_read(file, archive->digester, ret_about, &why);
    if (status == LT_OK) {
        return LT_OK;
    }
    return fault_set(fault, status, "archive", "%s: %s", file->path,
                     why.detail[0] != '\0' ? why.detail : "cannot be read");
}

/* A month that was made and has no head yet holds nothing: it is left out. */
static enum lt_status read_months(struct archive *archive, const int32_t *months, uint32_t count,
                                  struct fault *fault)
{
    for (uint32_t i = 0; i < count; i++) {
        struct archive_file file;
        struct archive_about *about = &archive->months[archive->months_count];
        struct fault why;
        fault_init(&why);
        enum lt_status status = archive_file_open(&file, archive->folder, months[i], false, &why);
        if (status == LT_OK) {
            status = month_about(archive, &file, about, &why);
            archive_file_close(&file);
        }
        if (status == LT_NOT_FOUND && i + 1 == count) {
            break;
        }
        if (status != LT_OK) {
            return fault_set(fault, status == LT_NOT_FOUND ? LT_DAMAGED : status, "archive", "%s",
                             why.detail);
        }
        archive->months_count++;
    }
    return archive->months_count != 0 ? LT_OK : fault_set(fault, LT_NOT_FOUND, "archive", "empty");
}

enum lt_status archive_open(struct archive **ret_archive, const char *folder, struct fault *fault)
{
    int32_t *months = NULL;
    uint32_t count = 0;
    struct archive *archive = calloc(1, sizeof(*archive));
    if (archive == NULL || strlen(folder) >= sizeof(archive->folder)) {
        free(archive);
        return fault_set(fault, LT_NO_MEMORY, "archive", "no memory, or a path too long");
    }
    memcpy(archive->folder, folder, strlen(folder) + 1);
    enum lt_status status = digester_open(&archive->digester);
    if (status == LT_OK) {
        status = archive_list(folder, &months, &count, fault);
    }
    if (status == LT_OK) {
        archive->months = calloc(count + 1, sizeof(*archive->months));
        status = archive->months == NULL ? fault_set(fault, LT_NO_MEMORY, "archive", "no memory")
                                         : read_months(archive, months, count, fault);
    }
    free(months);
    if (status == LT_OK) {
        *ret_archive = archive;
        archive = NULL;
    }
    archive_close(&archive);
    return status;
}

void archive_close(struct archive **archive_p)
{
    struct archive *archive = *archive_p;
    if (archive == NULL) {
        return;
    }
    look_away(archive);
    if (archive->digester != NULL) {
        digester_close(&archive->digester);
    }
    free(archive->months);
    free(archive);
    *archive_p = NULL;
}

uint32_t archive_months(const struct archive *archive)
{
    return archive->months_count;
}

const struct archive_about *archive_month(const struct archive *archive, uint32_t index)
{
    return &archive->months[index];
}

/* ---- as a journal ---- */

static enum lt_status archive_view(void *self, uint64_t position,
                                   enum lt_status (*look)(void *context, uint64_t first,
                                                          struct lt_bytes record),
                                   void *context)
{
    struct archive *archive = self;
    for (uint32_t i = 0; i < archive->months_count; i++) {
        uint64_t first = 0;
        struct lt_bytes record;
        if (archive->months[i].to < position) {
            continue;
        }
        enum lt_status status = archive_look_into(archive, i, NULL);
        if (status == LT_OK) {
            status = record_seek(&archive->records, position, &first, &record);
        }
        if (status == LT_OK) {
            return look(context, first, record);
        }
        if (status != LT_NOT_FOUND) {
            return status;
        }
    }
    return LT_NOT_FOUND;
}

static void archive_status(void *self, struct backend_status *ret_status)
{
    const struct archive *archive = self;
    *ret_status = (struct backend_status){
        .first = archive->months[0].from,
        .last = archive->months[archive->months_count - 1].to,
    };
}

struct journal_backend archive_door(struct archive *archive)
{
    return (struct journal_backend){
        .self = archive, .view = archive_view, .status = archive_status};
}

struct comparing {
    uint64_t first;
    struct lt_bytes record;
    bool differs; /* it was read, and is another one */
};

static enum lt_status compare(void *context, uint64_t first, struct lt_bytes record)
{
    struct comparing *comparing = context;
    if (first != comparing->first) {
        return LT_NOT_FOUND;
    }
    comparing->differs = !bytes_equal(record, comparing->record);
    return comparing->differs ? LT_DAMAGED : LT_OK;
}

enum lt_status archive_holds(void *self, uint64_t first, struct lt_bytes record,
                             struct fault *fault)
{
    struct archive *archive = self;
    struct comparing comparing = {.first = first, .record = record};
    uint32_t i = 0;
    while (i < archive->months_count && archive->months[i].to < first) {
        i++;
    }
    if (i == archive->months_count || !archive->months[i].complete ||
        archive->months[i].from > first) {
        return fault_set(fault, LT_NOT_FOUND, "archive", "position %llu is in no complete month",
                         (unsigned long long)first);
    }
    enum lt_status status = archive_look_into(archive, i, fault); /* a fault names the file */
    if (status == LT_OK) {
        status = archive_view(archive, first, compare, &comparing);
    }
    if (status == LT_NOT_FOUND) {
        return fault_set(fault, status, "archive", "position %llu is missing",
                         (unsigned long long)first);
    }
    if (comparing.differs) {
        return fault_set(fault, status, "archive", "position %llu differs from the journal",
                         (unsigned long long)first);
    }
    return status == LT_OK ? LT_OK
                           : fault_set(fault, status, "archive", "%s: position %llu cannot be read",
                                       archive->file.path, (unsigned long long)first);
}
