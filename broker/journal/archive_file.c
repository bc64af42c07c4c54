/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One month's file: opening, what it says of itself, sealing it. The head is written with the first
 * record and says which month it is, from where on, and what the month before was sealed with; when
 * the month is complete the whole account stands beside it, with a digest over it (the seal), and
 * the file loses its write permission.
 *
 * The store underneath has no checksums of its own: records carry theirs, the account has its seal,
 * and the next month keeps that seal too.
 */
#include "archive_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "proto/base/file.h"
#include "proto/base/text.h"

#define FORMAT_NUMBER 1
#define SUFFIX        ".lta"
#define ZONE_MS       (7LL * 60 * 60 * 1000) /* the field's calendar: UTC+7, no summer time */
#define HEAD_BYTES    (4 + 4 + 8 + sizeof(struct lt_digest))
#define ABOUT_BYTES   (HEAD_BYTES + 3 * 8 + sizeof(struct lt_digest))
#define MONTHS_MAX    4096
#define YEAR_MAX      9999

static const char *const tree_names[ARCHIVE_TREES_END] = {
    [ARCHIVE_META] = "meta",         [ARCHIVE_RECORDS] = "records", [ARCHIVE_CASES] = "cases",
    [ARCHIVE_IDS] = "ids",           [ARCHIVE_KEYS] = "keys",       [ARCHIVE_ABOUT] = "about",
    [ARCHIVE_REGISTRY] = "registry",
};

/* ---- months ---- */

void archive_month_write(char out[ARCHIVE_MONTH_BYTES], int32_t month)
{
    unsigned number = month < 0 ? 0 : (unsigned)month;
    snprintf(out, ARCHIVE_MONTH_BYTES, "%04u-%02u", number / 12 % (YEAR_MAX + 1), number % 12 + 1);
}

bool archive_month_read(int32_t *ret_month, const char *text)
{
    int year = 0;
    int month = 0;
    int used = 0;
    if (sscanf(text, "%4d-%2d%n", &year, &month, &used) != 2 || used != 7 || text[7] != '\0' ||
        month < 1 || month > 12) {
        return false;
    }
    *ret_month = year * 12 + month - 1;
    return true;
}

int32_t archive_month_of(int64_t time_ms)
{
    struct tm tm;
    time_t seconds = (time_t)((time_ms + ZONE_MS) / 1000);
    if (time_ms < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year + 1900 > YEAR_MAX) {
        return 0;
    }
    return (tm.tm_year + 1900) * 12 + tm.tm_mon;
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a;
    int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static bool month_of_name(const char *name, int32_t *ret_month)
{
    char text[ARCHIVE_MONTH_BYTES];
    if (strlen(name) != ARCHIVE_MONTH_BYTES - 1 + strlen(SUFFIX) ||
        strcmp(name + ARCHIVE_MONTH_BYTES - 1, SUFFIX) != 0) {
        return false;
    }
    memcpy(text, name, ARCHIVE_MONTH_BYTES - 1);
    text[ARCHIVE_MONTH_BYTES - 1] = '\0';
    return archive_month_read(ret_month, text);
}

enum lt_status archive_list(const char *folder, int32_t **ret_months, uint32_t *ret_count,
                            struct fault *fault)
{
    uint32_t count = 0;
    int32_t *months = calloc(MONTHS_MAX, sizeof(*months));
    DIR *open = opendir(folder);
    int error = months == NULL ? ENOMEM : errno;
    if (months == NULL || open == NULL) {
        enum lt_status status = months == NULL    ? LT_NO_MEMORY
                                : error == ENOENT ? LT_NOT_FOUND
                                                  : LT_IO;
        free(months);
        if (open != NULL) {
            closedir(open);
        }
        return fault_set(fault, status, "archive", "%s: %s", folder, strerrordesc_np(error));
    }
    struct dirent *entry;
    while (count < MONTHS_MAX && (entry = readdir(open)) != NULL) {
        count += month_of_name(entry->d_name, &months[count]) ? 1 : 0;
    }
    closedir(open);
    qsort(months, count, sizeof(*months), by_number);
    *ret_months = months;
    *ret_count = count;
    return LT_OK;
}

/* ---- a file ---- */

enum lt_status archive_file_open(struct archive_file *file, const char *folder, int32_t month,
                                 bool write, struct fault *fault)
{
    char text[ARCHIVE_MONTH_BYTES];
    archive_month_write(text, month);
    file->store = NULL;
    file->month = month;
    int length = snprintf(file->path, sizeof(file->path), "%s/%s" SUFFIX, folder, text);
    if (length < 0 || (size_t)length >= sizeof(file->path)) {
        return fault_set(fault, LT_IO, "archive", "the path is too long");
    }
    const struct store_options options = {
        .path = file->path,
        .flags = write ? 0 : STORE_READ_ONLY,
        .trees_max = ARCHIVE_TREES_END,
    };
    struct fault why;
    fault_init(&why);
    enum lt_status status = store_open(&file->store, &options, &why);
    for (int i = 0; status == LT_OK && i < ARCHIVE_TREES_END; i++) {
        status = store_tree(file->store, tree_names[i], &file->trees[i], &why);
    }
    if (status != LT_OK) {
        store_close(&file->store);
        return fault_set(fault, status, "archive", "%s: %s", file->path, why.detail);
    }
    return LT_OK;
}

void archive_file_close(struct archive_file *file)
{
    store_close(&file->store);
}

/* ---- what it says of itself ---- */

static struct lt_bytes head_write(uint8_t out[ABOUT_BYTES], struct wire_writer *w,
                                  const struct archive_about *about)
{
    wire_write_init(w, out, ABOUT_BYTES);
    wire_put_u32(w, FORMAT_NUMBER);
    wire_put_u32(w, (uint32_t)about->month);
    wire_put_u64(w, about->from);
    wire_put_raw(w, about->previous.bytes, sizeof(about->previous.bytes));
    return wire_written(w);
}

enum lt_status archive_head_put(struct archive_file *file, struct store_txn *txn,
                                const struct archive_about *about)
{
    uint8_t bytes[ABOUT_BYTES];
    struct wire_writer w;
    return store_put(txn, file->trees[ARCHIVE_META], text_bytes("head"),
                     head_write(bytes, &w, about));
}

enum lt_status archive_seal_put(struct archive_file *file, struct store_txn *txn,
                                struct digester *digester, struct archive_about *about)
{
    uint8_t bytes[ABOUT_BYTES];
    struct wire_writer w;
    (void)head_write(bytes, &w, about);
    wire_put_u64(&w, about->to);
    wire_put_u64(&w, about->records);
    wire_put_u64(&w, about->damaged);
    wire_put_raw(&w, about->digest.bytes, sizeof(about->digest.bytes));
    struct lt_bytes written = wire_written(&w);
    about->seal = digest_of(digester, written);
    about->complete = true;
    store_put(txn, file->trees[ARCHIVE_META], text_bytes("about"), written);
    return store_put(txn, file->trees[ARCHIVE_META], text_bytes("seal"),
                     (struct lt_bytes){about->seal.bytes, sizeof(about->seal.bytes)});
}

enum lt_status archive_sealed(struct archive_file *file, struct fault *fault)
{
    if (chmod(file->path, 0400) != 0) {
        return fault_set(fault, LT_IO, file->path, "permissions: %s", strerrordesc_np(errno));
    }
    return folder_sync_of(file->path, fault);
}

static enum lt_status head_read(struct wire_reader *r, int32_t month, struct archive_about *about,
                                struct fault *fault)
{
    uint32_t format = wire_u32(r);
    about->month = (int32_t)wire_u32(r);
    about->from = wire_u64(r);
    wire_raw(r, about->previous.bytes, sizeof(about->previous.bytes));
    if (!r->bad && format != FORMAT_NUMBER) {
        return fault_set(fault, LT_FORMAT_UNKNOWN, "archive", "format %u, this release has %d",
                         format, FORMAT_NUMBER);
    }
    if (r->bad || about->month != month) {
        return fault_set(fault, LT_DAMAGED, "archive", "it is of another month");
    }
    return LT_OK;
}

static enum lt_status account_read(struct archive_file *file, struct store_txn *txn,
                                   struct digester *digester, struct lt_bytes value,
                                   struct archive_about *about, struct fault *fault)
{
    struct wire_reader r;
    struct lt_bytes seal;
    wire_read_init(&r, value);
    enum lt_status status = head_read(&r, file->month, about, fault);
    about->to = wire_u64(&r);
    about->records = wire_u64(&r);
    about->damaged = wire_u64(&r);
    wire_raw(&r, about->digest.bytes, sizeof(about->digest.bytes));
    about->complete = true;
    about->seal = digest_of(digester, value);
    if (status != LT_OK || !wire_read_done(&r) ||
        store_get(txn, file->trees[ARCHIVE_META], text_bytes("seal"), &seal) != LT_OK ||
        !bytes_equal(seal, (struct lt_bytes){about->seal.bytes, sizeof(about->seal.bytes)})) {
        return status != LT_OK ? status
                               : fault_set(fault, LT_DAMAGED, "archive", "its seal does not fit");
    }
    return LT_OK;
}

void archive_sum_start(struct archive_about *about)
{
    about->records = 0;
    about->damaged = 0;
    memset(&about->digest, 0, sizeof(about->digest));
}

void archive_sum_record(struct archive_about *about, struct digester *digester, uint64_t first,
                        struct lt_bytes bytes)
{
    struct record record;
    struct lt_digest own = digest_of(digester, bytes);
    about->digest =
        digest_of_two(digester, (struct lt_bytes){about->digest.bytes, sizeof(own.bytes)},
                      (struct lt_bytes){own.bytes, sizeof(own.bytes)});
    about->records++;
    about->to = record_last(first, bytes);
    if (record_read(bytes, &record, NULL) != LT_OK) {
        about->damaged++;
        return;
    }
    for (uint32_t i = 0; i < record.count; i++) {
        struct fact fact;
        about->damaged += record_fact(&record, i, &fact) != LT_OK ? 1 : 0;
    }
}

/* A month that is not complete: as far as its last record. */
static enum lt_status so_far(struct archive_file *file, struct store_txn *txn,
                             struct archive_about *about)
{
    struct store_cursor cursor;
    struct lt_bytes key;
    struct lt_bytes record;
    enum lt_status status = store_cursor_open(txn, file->trees[ARCHIVE_RECORDS], &cursor);
    if (status != LT_OK) {
        return status;
    }
    about->to = about->from - 1;
    about->records = store_count(txn, file->trees[ARCHIVE_RECORDS]);
    status = store_last(&cursor, &key, &record);
    if (status == LT_OK) {
        about->to = record_last(position_read(key), record);
    }
    store_cursor_close(&cursor);
    return status == LT_NOT_FOUND ? LT_OK : status;
}

static enum lt_status about_in(struct archive_file *file, struct store_txn *txn,
                               struct digester *digester, struct archive_about *about,
                               struct fault *fault)
{
    struct lt_bytes value;
    struct wire_reader r;
    enum lt_status status = store_get(txn, file->trees[ARCHIVE_META], text_bytes("about"), &value);
    if (status == LT_OK) {
        return account_read(file, txn, digester, value, about, fault);
    }
    if (status == LT_NOT_FOUND) {
        status = store_get(txn, file->trees[ARCHIVE_META], text_bytes("head"), &value);
    }
    if (status != LT_OK) {
        return status;
    }
    wire_read_init(&r, value);
    status = head_read(&r, file->month, about, fault);
    return status == LT_OK ? so_far(file, txn, about) : status;
}

enum lt_status archive_about_read(struct archive_file *file, struct digester *digester,
                                  struct archive_about *ret_about, struct fault *fault)
{
    struct store_txn txn;
    struct archive_about about = {.month = file->month};
    enum lt_status status = store_begin(file->store, false, &txn);
    if (status != LT_OK) {
        return fault_set(fault, status, file->path, "cannot be read");
    }
    status = about_in(file, &txn, digester, &about, fault);
    store_abort(&txn);
    if (status == LT_OK) {
        *ret_about = about;
    }
    return status;
}
