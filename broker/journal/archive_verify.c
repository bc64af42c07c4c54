/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The check of an archive: first what the check of a journal finds in its records, across all
 * months, then month by month what only an archive has: that its account fits its records, that it
 * names the seal of the month before, that it is read-only in nothing but its last month, and that
 * the index leads to every fact. Finds all damage, never stops at the first, mends nothing.
 */
#include "archive_private.h"

#include <string.h>

#include "proto/base/text.h"

struct checking {
    struct archive *archive;
    struct arena arena;
    void (*found)(void *context, const struct verify_finding *finding);
    void *context;
    struct verify_report *report;
    uint64_t fact;   /* whose entries are looked for */
    bool index_lost; /* one of them is not there */
};

static void finding(struct checking *checking, uint64_t position, const char *what)
{
    checking->report->findings++;
    if (checking->found != NULL) {
        checking->found(checking->context, &(struct verify_finding){position, what});
    }
}

static enum lt_status entry_there(void *context, enum archive_tree tree, struct lt_bytes key,
                                  struct lt_bytes value)
{
    struct checking *checking = context;
    struct archive *archive = checking->archive;
    struct lt_bytes stored;
    enum lt_status status = store_get(&archive->txn, archive->file.trees[tree], key, &stored);
    if (status == LT_NOT_FOUND || (status == LT_OK && !bytes_equal(stored, value))) {
        checking->index_lost = true;
        return LT_OK;
    }
    return status;
}

static enum lt_status check_index(struct checking *checking, struct lt_bytes bytes)
{
    struct record record;
    enum lt_status status = LT_OK;
    if (record_read(bytes, &record, NULL) != LT_OK) {
        return LT_OK;
    }
    for (uint32_t i = 0; status == LT_OK && i < record.count; i++) {
        struct fact fact;
        if (record_fact(&record, i, &fact) != LT_OK) {
            continue;
        }
        checking->index_lost = false;
        status = archive_index(&fact, &checking->arena, entry_there, checking);
        if (checking->index_lost) {
            finding(checking, fact.position, "index");
        }
        status = status == LT_DAMAGED ? LT_OK : status; /* the records' check names it */
    }
    return status;
}

static enum lt_status check_records(struct checking *checking, struct archive_about *ret_sum)
{
    struct archive *archive = checking->archive;
    struct lt_bytes key = {NULL, 0};
    struct lt_bytes bytes;
    archive_sum_start(ret_sum);
    enum lt_status status = store_seek(&archive->records, key, &key, &bytes);
    while (status == LT_OK) {
        archive_sum_record(ret_sum, archive->digester, position_read(key), bytes);
        status = check_index(checking, bytes);
        if (status == LT_OK) {
            status = store_next(&archive->records, &key, &bytes);
        }
    }
    return status == LT_NOT_FOUND ? LT_OK : status;
}

static enum lt_status check_month(struct checking *checking, uint32_t index)
{
    struct archive *archive = checking->archive;
    const struct archive_about *about = &archive->months[index];
    struct archive_about sum = *about;
    const struct lt_digest none = {{0}};
    const struct lt_digest *previous = index == 0 ? &none : &archive->months[index - 1].seal;
    if (!digest_equal(&about->previous, previous)) {
        finding(checking, about->from, "link");
    }
    if (!about->complete && index + 1 != archive->months_count) {
        finding(checking, about->from, "month");
    }
    enum lt_status status = archive_look_into(archive, index, NULL);
    if (status == LT_OK) {
        status = check_records(checking, &sum);
    }
    if (status != LT_OK) {
        return status;
    }
    if (about->complete && (sum.records != about->records || sum.to != about->to)) {
        finding(checking, about->from, "count");
    }
    if (about->complete && !digest_equal(&sum.digest, &about->digest)) {
        finding(checking, about->from, "seal");
    }
    return LT_OK;
}

enum lt_status archive_verify(struct archive *archive,
                              bool (*progress)(void *context, uint64_t position, uint64_t last,
                                               uint64_t bytes),
                              void (*found)(void *context, const struct verify_finding *finding),
                              void *context, struct verify_report *ret_report)
{
    struct verify_report report;
    struct journal_backend door = archive_door(archive);
    struct checking checking = {
        .archive = archive, .found = found, .context = context, .report = &report};
    enum lt_status status = journal_verify(&door, archive->months[archive->months_count - 1].to,
                                           progress, found, context, NULL, &report);
    if (status == LT_OK) {
        status = arena_init(&checking.arena, 64 * 1024, 1024 * 1024);
    }
    for (uint32_t i = 0; status == LT_OK && i < archive->months_count; i++) {
        status = check_month(&checking, i);
    }
    arena_deinit(&checking.arena);
    if (status == LT_OK) {
        *ret_report = report;
    }
    return status;
}
