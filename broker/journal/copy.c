/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Copying: records are gathered up to COPY_BYTES and handed to the copy in one synced transaction,
 * byte for byte, under the same positions. So a copy is itself a journal: it verifies, it can be
 * opened by a broker, and its chain of digests is the source's.
 *
 * Before the first record the end of the copy is compared with the source at the same place. A copy
 * that differs there, or reaches further, belongs to another history: it is refused and left as it
 * is, because it may be the better one.
 */
#include "copy.h"

#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "layout.h"
#include "proto/digest.h"

#define COPY_BYTES   JOURNAL_BATCH_BYTES_MAX
#define COPY_RECORDS 1024

struct copy {
    const struct journal_backend *from;
    struct backend_lmdb *to;
    struct digester *digester;
    struct fault *fault;
    uint8_t *memory; /* 2 * COPY_BYTES: one more record always fits */
    size_t used;
    struct lt_bytes records[COPY_RECORDS];
    uint32_t count;
    uint64_t next;           /* position the next record begins with */
    struct lt_digest before; /* of the last record gathered or held */
    bool before_known;
    struct copy_report report;
};

/* Of the source. All before it is in the copy, and good. */
static enum lt_status damaged(const struct copy *copy, uint64_t position, const char *what)
{
    return fault_set(copy->fault, LT_DAMAGED, COPY_RECORD, "position %llu: %s",
                     (unsigned long long)position, what);
}

/* The link of the record behind would show it too, but only when the damaged one is in the copy. */
static enum lt_status check_facts(struct copy *copy, const struct record *record)
{
    for (uint32_t i = 0; i < record->count; i++) {
        struct fact fact;
        if (record_fact(record, i, &fact) != LT_OK) {
            return damaged(copy, record->first + i, "crc");
        }
    }
    return LT_OK;
}

static enum lt_status check_record(struct copy *copy, uint64_t first, struct lt_bytes bytes,
                                   struct record *record)
{
    enum lt_status status = record_read(bytes, record, NULL);
    if (status == LT_DAMAGED || (status == LT_OK && record->first != first)) {
        return damaged(copy, first, "frame");
    }
    if (status != LT_OK) {
        return fault_set(copy->fault, status, COPY_RECORD, "position %llu",
                         (unsigned long long)first);
    }
    /* A journal that was cut begins where it was cut. */
    bool begins = copy->report.records == 0 && !copy->before_known && copy->next == 1;
    if (first != copy->next && !begins) {
        return damaged(copy, copy->next, "gap");
    }
    if (copy->before_known && !digest_equal(&record->before, &copy->before)) {
        return damaged(copy, first, "chain");
    }
    return check_facts(copy, record);
}

static enum lt_status gather(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct copy *copy = context;
    struct record record;
    enum lt_status status = check_record(copy, first, bytes, &record);
    if (status != LT_OK) {
        return status;
    }
    uint8_t *place = copy->memory + copy->used;
    memcpy(place, bytes.data, bytes.size);
    copy->records[copy->count++] = (struct lt_bytes){place, bytes.size};
    copy->used += bytes.size;
    copy->before = digest_of(copy->digester, bytes);
    copy->before_known = true;
    copy->next = first + record.count;
    if (copy->report.records == 0) {
        copy->report.from = first;
    }
    copy->report.records++;
    copy->report.bytes += bytes.size;
    return LT_OK;
}

static enum lt_status hand_over(struct copy *copy)
{
    if (copy->count == 0) {
        return LT_OK;
    }
    enum lt_status status = backend_lmdb_take(copy->to, copy->records, copy->count, copy->fault);
    copy->used = 0;
    copy->count = 0;
    return status;
}

/* ---- where the copy stands ---- */

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

static enum lt_status find_start(struct copy *copy)
{
    struct journal_backend to = backend_lmdb_door(copy->to);
    struct backend_status held;
    to.status(to.self, &held);
    copy->next = held.last + 1;
    copy->report.to = held.last;
    if (held.last == 0) {
        return LT_OK;
    }
    struct end ours = {.digester = copy->digester};
    struct end theirs = {.digester = copy->digester};
    enum lt_status status = to.view(to.self, held.last, end_look, &ours);
    if (status == LT_OK) {
        status = copy->from->view(copy->from->self, held.last, end_look, &theirs);
    }
    if (status == LT_NOT_FOUND) {
        return fault_set(copy->fault, LT_DAMAGED, "copy",
                         "reaches to %llu, further than the source", (unsigned long long)held.last);
    }
    if (status != LT_OK) {
        return fault_set(copy->fault, status, "copy", "its end cannot be read");
    }
    if (ours.first != theirs.first || !digest_equal(&ours.digest, &theirs.digest)) {
        return fault_set(copy->fault, LT_DAMAGED, "copy",
                         "is of another journal: position %llu differs",
                         (unsigned long long)ours.first);
    }
    copy->before = ours.digest;
    copy->before_known = true;
    return LT_OK;
}

static enum lt_status run(struct copy *copy,
                          void (*progress)(void *context, uint64_t position, uint64_t last),
                          void *context)
{
    struct backend_status at;
    copy->from->status(copy->from->self, &at);
    enum lt_status status = find_start(copy);
    while (status == LT_OK) {
        status = copy->from->view(copy->from->self, copy->next, gather, copy);
        bool full = copy->used >= COPY_BYTES || copy->count == COPY_RECORDS;
        if (status != LT_OK || full) {
            enum lt_status handed = hand_over(copy);
            if (handed != LT_OK) {
                return handed;
            }
            copy->report.to = copy->next - 1;
            if (progress != NULL) {
                progress(context, copy->report.to, at.last);
            }
        }
    }
    return status == LT_NOT_FOUND ? LT_OK : status;
}

enum lt_status journal_copy(const struct journal_backend *from, const char *folder,
                            void (*progress)(void *context, uint64_t position, uint64_t last),
                            void *context, struct copy_report *ret_report, struct fault *fault)
{
    const struct backend_lmdb_options options = {.folder = folder};
    uint64_t epoch;
    struct copy *copy = calloc(1, sizeof(*copy));
    if (copy == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "copy", "%zu bytes", sizeof(*copy));
    }
    copy->from = from;
    copy->fault = fault;
    copy->memory = malloc(2 * (size_t)COPY_BYTES);
    enum lt_status status = copy->memory == NULL
                                ? fault_set(fault, LT_NO_MEMORY, "copy", "%d bytes", 2 * COPY_BYTES)
                                : digester_open(&copy->digester);
    if (status == LT_OK) {
        status = backend_lmdb_open(&copy->to, &options, fault);
    }
    if (status == LT_OK) {
        struct journal_backend to = backend_lmdb_door(copy->to);
        status = to.acquire(to.self, "copy", &epoch, fault);
    }
    if (status == LT_OK) {
        status = run(copy, progress, context);
    }
    if (status == LT_OK) {
        *ret_report = copy->report;
    }
    backend_lmdb_close(&copy->to);
    if (copy->digester != NULL) {
        digester_close(&copy->digester);
    }
    free(copy->memory);
    free(copy);
    return status;
}
