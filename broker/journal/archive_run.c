/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Making the archive. Records are gathered up to BATCH_BYTES, never over the end of a month, and
 * put with their index in one synced transaction; what is in the file is the only memory of how far
 * it is, so a run that was killed goes on behind the last record that came to the disk.
 *
 * A month ends when a record of a later one is met. Then all its records are read back for the
 * digest over them, the account and its seal are written, the file becomes read-only, and the next
 * one begins with that seal and with what is known of the registry. A kill in between leaves a
 * month without its account, which the next run seals.
 *
 * A record that does not read is named, counted, and stored as it is; its month is that of the
 * records around it. Only one thing stops a run: an archive that is not of this journal. It is left
 * as it is, because it may be the better one.
 */
#include "archive_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/base/file.h"

#define BATCH_BYTES   (4 * 1024 * 1024)
#define BATCH_RECORDS 512
#define AHEAD_MAX     2048 /* damaged records in a row, at the beginning of an archive */

struct run {
    const struct archive_run_options *options;
    struct fault *fault;
    struct digester *digester;
    struct arena arena;
    char folder[PATH_MAX];
    struct archive_file file; /* the month being made */
    struct archive_about about;
    bool started;              /* the archive has a month before this one */
    int32_t last_month;        /* the last complete one */
    struct lt_digest previous; /* its seal */
    uint64_t next;
    bool unread; /* the last record did not read: its end is not known */
    uint8_t *memory;
    size_t used;
    struct {
        uint64_t first;
        struct lt_bytes bytes;
    } batch[BATCH_RECORDS];
    uint32_t batch_count;
    struct archive_run_report report;
};

static void finding(struct run *run, uint64_t position, const char *what)
{
    run->report.findings++;
    if (run->options->found != NULL) {
        run->options->found(run->options->context, &(struct verify_finding){position, what});
    }
}

/* ---- a batch into the file ---- */

struct putting {
    struct run *run;
    struct store_txn *txn;
};

static enum lt_status put_entry(void *context, enum archive_tree tree, struct lt_bytes key,
                                struct lt_bytes value)
{
    struct putting *putting = context;
    return store_put(putting->txn, putting->run->file.trees[tree], key, value);
}

static enum lt_status put_index(struct putting *putting, struct lt_bytes bytes)
{
    struct record record;
    if (record_read(bytes, &record, NULL) != LT_OK) {
        return LT_OK;
    }
    for (uint32_t i = 0; i < record.count; i++) {
        struct fact fact;
        enum lt_status status = record_fact(&record, i, &fact);
        if (status == LT_OK) {
            status = archive_index(&fact, &putting->run->arena, put_entry, putting);
        }
        if (status != LT_OK && status != LT_DAMAGED) {
            return status;
        }
    }
    return LT_OK;
}

static enum lt_status put_batch(struct run *run, bool *ret_map_full)
{
    struct store_txn txn;
    struct putting putting = {run, &txn};
    enum lt_status status = store_begin(run->file.store, true, &txn);
    if (status != LT_OK) {
        return status;
    }
    for (uint32_t i = 0; status == LT_OK && i < run->batch_count; i++) {
        uint8_t key[POSITION_BYTES];
        status = store_append(&txn, run->file.trees[ARCHIVE_RECORDS],
                              position_write(key, run->batch[i].first), run->batch[i].bytes);
        if (status == LT_OK) {
            status = put_index(&putting, run->batch[i].bytes);
        }
    }
    enum lt_status committed = store_commit(&txn); /* what stuck to it comes back here */
    *ret_map_full = txn.map_full;
    return status == LT_OK ? committed : status;
}

static enum lt_status flush(struct run *run)
{
    enum lt_status status = LT_OK;
    bool map_full = false;
    if (run->batch_count == 0) {
        return LT_OK;
    }
    do {
        status = put_batch(run, &map_full);
    } while (status == LT_FULL && map_full && store_grow(run->file.store) == LT_OK);
    if (status != LT_OK) {
        return fault_set(run->fault, status, "archive", "position %llu cannot be written",
                         (unsigned long long)run->batch[0].first);
    }
    run->batch_count = 0;
    run->used = 0;
    run->report.to = run->next - 1;
    if (run->options->progress != NULL) {
        struct backend_status at;
        run->options->from->status(run->options->from->self, &at);
        run->options->progress(run->options->context, run->report.to, at.last);
    }
    return LT_OK;
}

/* ---- the end and the beginning of a month ---- */

/* Reads the month back: the digest over the digests of its records, how many, how many damaged. */
static enum lt_status account(struct run *run)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct lt_bytes key = {NULL, 0};
    struct lt_bytes bytes;
    enum lt_status status = store_begin(run->file.store, false, &txn);
    if (status == LT_OK) {
        status = store_cursor_open(&txn, run->file.trees[ARCHIVE_RECORDS], &cursor);
    }
    if (status != LT_OK) {
        return status;
    }
    archive_sum_start(&run->about);
    status = store_seek(&cursor, key, &key, &bytes);
    while (status == LT_OK) {
        archive_sum_record(&run->about, run->digester, position_read(key), bytes);
        status = store_next(&cursor, &key, &bytes);
    }
    store_cursor_close(&cursor);
    store_abort(&txn);
    return status == LT_NOT_FOUND ? LT_OK : status;
}

static enum lt_status end_month(struct run *run)
{
    struct store_txn txn;
    enum lt_status status = flush(run);
    if (status == LT_OK) {
        status = account(run);
    }
    if (status == LT_OK) {
        status = store_begin(run->file.store, true, &txn);
    }
    if (status != LT_OK) {
        return status;
    }
    archive_seal_put(&run->file, &txn, run->digester, &run->about);
    status = store_commit(&txn);
    if (status == LT_OK) {
        status = archive_sealed(&run->file, run->fault);
    }
    archive_file_close(&run->file);
    if (status != LT_OK) {
        return fault_set(run->fault, status, "archive", "a month cannot be completed");
    }
    run->started = true;
    run->last_month = run->about.month;
    run->previous = run->about.seal;
    run->report.completed++;
    run->report.archived_to = run->about.to;
    return LT_OK;
}

/* What is known of the registry goes on into the next month. */
static enum lt_status copy_registry(struct run *run, struct store_txn *txn)
{
    struct archive_file before;
    struct store_txn look;
    struct store_cursor cursor;
    struct lt_bytes key = {NULL, 0};
    struct lt_bytes value;
    enum lt_status status =
        archive_file_open(&before, run->folder, run->last_month, false, run->fault);
    if (status != LT_OK) {
        return status;
    }
    status = store_begin(before.store, false, &look);
    if (status == LT_OK) {
        status = store_cursor_open(&look, before.trees[ARCHIVE_REGISTRY], &cursor);
        if (status == LT_OK) {
            status = store_seek(&cursor, key, &key, &value);
            while (status == LT_OK) {
                store_put(txn, run->file.trees[ARCHIVE_REGISTRY], key, value);
                status = store_next(&cursor, &key, &value);
            }
            store_cursor_close(&cursor);
        }
        store_abort(&look);
    }
    archive_file_close(&before);
    return status == LT_NOT_FOUND ? LT_OK : status;
}

static enum lt_status begin_month(struct run *run, int32_t month)
{
    struct store_txn txn;
    enum lt_status status = archive_file_open(&run->file, run->folder, month, true, run->fault);
    if (status != LT_OK) {
        return status;
    }
    run->about =
        (struct archive_about){.month = month, .from = run->next, .previous = run->previous};
    status = store_begin(run->file.store, true, &txn);
    if (status != LT_OK) {
        return fault_set(run->fault, status, run->file.path, "cannot be written");
    }
    archive_head_put(&run->file, &txn, &run->about);
    status = run->started ? copy_registry(run, &txn) : LT_OK;
    if (status != LT_OK) {
        store_abort(&txn);
        return fault_set(run->fault, status, run->file.path, "the month before cannot be read");
    }
    status = store_commit(&txn);
    return status == LT_OK ? LT_OK
                           : fault_set(run->fault, status, run->file.path, "cannot be written");
}

/* ---- one record ---- */

static enum lt_status month_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct record record;
    int32_t *month = context;
    (void)first;
    if (record_read(bytes, &record, NULL) != LT_OK) {
        return LT_AGAIN;
    }
    *month = archive_month_of(record.time_ms);
    return LT_OK;
}

/* Of the next record that reads; LT_NOT_FOUND: there is none. */
static enum lt_status month_ahead(struct run *run, uint64_t from, int32_t *ret_month)
{
    const struct journal_backend *journal = run->options->from;
    for (uint64_t at = from; at < from + AHEAD_MAX; at++) {
        enum lt_status status = journal->view(journal->self, at, month_look, ret_month);
        if (status != LT_AGAIN) {
            return status;
        }
    }
    return LT_NOT_FOUND;
}

static void look_at_facts(struct run *run, const struct record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        struct fact fact;
        if (record_fact(record, i, &fact) != LT_OK) {
            finding(run, fact.position, "crc");
        }
    }
}

/* Closes the month that is over, opens the one of this record. LT_NOT_FOUND: enough. */
static enum lt_status reach_month(struct run *run, int32_t month)
{
    enum lt_status status = LT_OK;
    if (run->file.store != NULL && month <= run->about.month) {
        return LT_OK;
    }
    if (run->file.store != NULL) {
        status = end_month(run);
    }
    if (status == LT_OK && month > run->options->until) {
        return LT_NOT_FOUND;
    }
    status = status == LT_OK ? begin_month(run, month) : status;
    return status == LT_NOT_FOUND ? LT_IO : status; /* not the end of the journal */
}

static enum lt_status take(struct run *run, uint64_t first, struct lt_bytes bytes)
{
    struct record record;
    int32_t month = run->about.month;
    enum lt_status status = LT_OK;
    bool reads = record_read(bytes, &record, NULL) == LT_OK && record.first == first;
    bool begins = run->file.store == NULL && !run->started;
    bool follows = run->unread ? first - run->next < JOURNAL_BATCH_FACTS_MAX : first == run->next;
    if (reads) {
        month = archive_month_of(record.time_ms);
    } else if (run->file.store == NULL) {
        status = month_ahead(run, first + 1, &month);
    }
    if (status == LT_OK && begins) {
        run->next = first;
    }
    if (status == LT_OK) {
        status = reach_month(run, month);
    }
    if (status != LT_OK) {
        return status;
    }
    if (!begins && !follows) {
        finding(run, run->next, "gap");
    }
    if (reads) {
        look_at_facts(run, &record);
    } else {
        finding(run, first, "frame");
    }
    run->unread = !reads;
    run->next = first + (reads ? record.count : 1);
    run->report.records++;
    run->report.bytes += bytes.size;
    run->batch[run->batch_count].first = first;
    run->batch[run->batch_count++].bytes = bytes;
    return LT_OK;
}

/* Copied out: what is done with it must not hold a snapshot of the journal. */
struct copying {
    struct run *run;
    uint64_t first;
    struct lt_bytes bytes;
};

static enum lt_status copy_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct copying *copying = context;
    struct run *run = copying->run;
    if (bytes.size > BATCH_BYTES) {
        return fault_set(run->fault, LT_DAMAGED, "record", "position %llu: %zu bytes",
                         (unsigned long long)first, bytes.size);
    }
    if (bytes.size != 0) {
        memcpy(run->memory + run->used, bytes.data, bytes.size);
    }
    copying->first = first;
    copying->bytes = (struct lt_bytes){run->memory + run->used, bytes.size};
    return LT_OK;
}

static enum lt_status take_all(struct run *run)
{
    const struct journal_backend *journal = run->options->from;
    enum lt_status status = LT_OK;
    while (status == LT_OK) {
        struct copying copying = {.run = run};
        status = journal->view(journal->self, run->next, copy_look, &copying);
        if (status == LT_OK) {
            uint32_t count = run->batch_count;
            uint8_t *place = run->memory + run->used;
            status = take(run, copying.first, copying.bytes);
            if (status == LT_OK && run->batch_count == 1 && count != 0) {
                /* A month ended: the batch before is on disk, this record begins the memory. */
                memmove(run->memory, place, copying.bytes.size);
                run->batch[0].bytes.data = run->memory;
            }
            run->used += status == LT_OK ? copying.bytes.size : 0;
        }
        if (status == LT_OK && (run->used >= BATCH_BYTES || run->batch_count == BATCH_RECORDS)) {
            status = flush(run);
        }
    }
    if (status != LT_NOT_FOUND) {
        return status;
    }
    return run->file.store == NULL ? LT_OK : flush(run);
}

/* ---- where the archive stands ---- */

struct end {
    struct digester *digester;
    uint64_t first;
    struct lt_digest digest;
};

static enum lt_status end_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct end *end = context;
    end->first = first;
    end->digest = digest_of(end->digester, bytes);
    return LT_OK;
}

/* The archive's last record and the journal's at the same place must be one. */
static enum lt_status compare_end(struct run *run, struct archive_file *file)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes bytes;
    struct backend_status at;
    const struct journal_backend *journal = run->options->from;
    struct end theirs = {.digester = run->digester};
    struct end ours = {.digester = run->digester};
    journal->status(journal->self, &at);
    if (at.first > run->next) {
        return fault_set(run->fault, LT_DAMAGED, "archive",
                         "ends at %llu, the journal begins at %llu",
                         (unsigned long long)run->next - 1, (unsigned long long)at.first);
    }
    enum lt_status status = store_begin(file->store, false, &txn);
    if (status != LT_OK) {
        return status;
    }
    status = store_cursor_open(&txn, file->trees[ARCHIVE_RECORDS], &cursor);
    if (status == LT_OK) {
        status = store_last(&cursor, &key, &bytes);
        if (status == LT_OK) {
            struct record record;
            (void)end_look(&ours, position_read(key), bytes);
            run->unread = record_read(bytes, &record, NULL) != LT_OK;
        }
        store_cursor_close(&cursor);
    }
    store_abort(&txn);
    if (status != LT_OK || ours.first < at.first) {
        return status == LT_NOT_FOUND ? LT_OK : status; /* nothing to compare with */
    }
    status = journal->view(journal->self, ours.first, end_look, &theirs);
    if (status == LT_OK && ours.first == theirs.first &&
        digest_equal(&ours.digest, &theirs.digest)) {
        return LT_OK;
    }
    return status != LT_OK && status != LT_NOT_FOUND
               ? status
               : fault_set(run->fault, LT_DAMAGED, "archive",
                           "is of another journal: position %llu differs",
                           (unsigned long long)ours.first);
}

/* The last month there is: complete, being made, or made and without a head. */
static enum lt_status resume_at(struct run *run, int32_t month)
{
    struct archive_about about;
    enum lt_status status = archive_file_open(&run->file, run->folder, month, false, run->fault);
    if (status != LT_OK) {
        return status;
    }
    status = archive_about_read(&run->file, run->digester, &about, run->fault);
    if (status == LT_OK) {
        run->next = about.to + 1;
        run->report.to = about.to;
        status = compare_end(run, &run->file);
    }
    bool complete = status == LT_OK && about.complete;
    if (complete) {
        status = archive_sealed(&run->file, run->fault); /* a kill may have come before that */
        run->started = true;
        run->last_month = month;
        run->previous = about.seal;
        run->report.archived_to = about.to;
    }
    archive_file_close(&run->file);
    if (status != LT_OK || complete) {
        return status;
    }
    run->about = about;
    run->previous = about.previous;
    return archive_file_open(&run->file, run->folder, month, true, run->fault);
}

static enum lt_status resume(struct run *run)
{
    int32_t *months = NULL;
    uint32_t count = 0;
    struct backend_status at;
    run->options->from->status(run->options->from->self, &at);
    run->next = at.first;
    enum lt_status status = archive_list(run->folder, &months, &count, run->fault);
    if (status == LT_OK && count > 1) {
        /* The one before is complete, or the last would not be there. */
        status = resume_at(run, months[count - 2]);
    }
    if (status == LT_OK && run->file.store != NULL) {
        status =
            fault_set(run->fault, LT_DAMAGED, "archive", "a month in its middle is not complete");
    }
    if (status == LT_OK && count > 0) {
        status = resume_at(run, months[count - 1]);
        if (status == LT_NOT_FOUND) {
            status = LT_OK; /* no head yet: its first record makes it */
            fault_init(run->fault);
        }
    }
    free(months);
    return status;
}

enum lt_status archive_run(const struct archive_run_options *options,
                           struct archive_run_report *ret_report, struct fault *fault)
{
    struct run *run = calloc(1, sizeof(*run));
    if (run == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "archive", "%zu bytes", sizeof(*run));
    }
    run->options = options;
    run->fault = fault;
    run->memory = malloc(2 * (size_t)BATCH_BYTES);
    enum lt_status status = run->memory == NULL ? LT_NO_MEMORY : LT_OK;
    if (status == LT_OK) {
        status = arena_init(&run->arena, 64 * 1024, 1024 * 1024);
    }
    if (status == LT_OK) {
        status = digester_open(&run->digester);
    }
    if (status != LT_OK) {
        fault_set(fault, status, "archive", "no memory");
    } else if (strlen(options->folder) >= sizeof(run->folder)) {
        status = fault_set(fault, LT_IO, "archive", "the path is too long");
    } else {
        memcpy(run->folder, options->folder, strlen(options->folder) + 1);
        status = folder_make(options->folder, 0700, fault);
    }
    if (status == LT_OK) {
        status = resume(run);
    }
    if (status == LT_OK) {
        status = take_all(run);
    }
    if (status == LT_OK) {
        *ret_report = run->report;
    }
    archive_file_close(&run->file);
    if (run->digester != NULL) {
        digester_close(&run->digester);
    }
    arena_deinit(&run->arena);
    free(run->memory);
    free(run);
    return status;
}
