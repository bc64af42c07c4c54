/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_ARCHIVE_H
#define BROKER_JOURNAL_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend.h"
#include "journal.h"
#include "verify.h"

/*
 * The archive: the journal by months, one self-contained file each (FOLDER/YYYY-MM.lta), in which
 * every record stands to the byte, with an index by case code and alias, by transfer id, by sender
 * and sender key, and from a transfer to everything that was said of it. A record belongs to the
 * month of its last fact, by the calendar of the field (UTC+7).
 *
 * A month is complete when the journal holds a record of a later one; then its digest and the
 * digest of the month before are written into it and it is made read-only. So months are linked:
 * none can be changed, left out or put in without the next one showing it.
 */
#define ARCHIVE_MONTH_BYTES 8
#define ARCHIVE_MONTH_LAST  INT32_MAX

void archive_month_write(char out[ARCHIVE_MONTH_BYTES], int32_t month);
LT_CHECK bool archive_month_read(int32_t *ret_month, const char *text); /* "2026-09" */
int32_t archive_month_of(int64_t time_ms);

/* What a month's file says of itself. */
struct archive_about {
    int32_t month;
    bool complete;
    uint64_t from; /* first position in it */
    uint64_t to;   /* last; what is there so far when it is not complete */
    uint64_t records;
    uint64_t damaged;          /* records and facts that did not read, archived as they were */
    struct lt_digest digest;   /* over the digests of its records */
    struct lt_digest previous; /* seal of the month before; zeros in the first */
    struct lt_digest seal;     /* over all this */
};

/* ---- making ---- */

struct archive_run_options {
    const struct journal_backend *from;
    const char *folder;
    int32_t until; /* month up to and with which is archived; ARCHIVE_MONTH_LAST */
    void (*found)(void *context, const struct verify_finding *finding);
    void (*progress)(void *context, uint64_t position, uint64_t last);
    void *context;
};

struct archive_run_report {
    uint64_t records; /* archived now */
    uint64_t bytes;
    uint64_t findings;
    uint32_t completed;   /* months */
    uint64_t to;          /* last position in the archive */
    uint64_t archived_to; /* last position in complete months */
};

/*
 * Takes what the archive does not have yet; one that was ended goes on. The journal may belong to a
 * running broker. A record that does not read is named and archived as it is.
 *
 * LT_DAMAGED: the archive is not of this journal, or ends below what the journal still holds.
 * LT_FULL: no room; what was archived stands.
 */
LT_CHECK enum lt_status archive_run(const struct archive_run_options *options,
                                    struct archive_run_report *ret_report, struct fault *fault);

/* ---- reading ---- */

struct archive;
LT_CHECK enum lt_status archive_open(struct archive **ret_archive, const char *folder,
                                     struct fault *fault); /* LT_NOT_FOUND: no month in it */
void archive_close(struct archive **archive_p);
uint32_t archive_months(const struct archive *archive);
const struct archive_about *archive_month(const struct archive *archive, uint32_t index);

/* Its records as a journal's: `view` and `status` only; one thread. */
struct journal_backend archive_door(struct archive *archive);

/*
 * Archive and journal as one: what the journal does not hold any more comes from the archive. Only
 * for reading, on one thread; `acquire` is the journal's. LT_NOT_FOUND: the archive's complete
 * months do not reach from the first position to the journal's beginning without a gap.
 */
struct archive_joined {
    struct archive *archive;
    struct journal_backend journal;
};
LT_CHECK enum lt_status archive_join(struct archive_joined *joined, struct archive *archive,
                                     const struct journal_backend *journal, struct fault *fault);
struct journal_backend archive_joined_door(struct archive_joined *joined);

/* Does a complete month hold exactly this record? LT_NOT_FOUND; LT_DAMAGED: another one. */
LT_CHECK enum lt_status archive_holds(void *archive, uint64_t first, struct lt_bytes record,
                                      struct fault *fault);

/*
 * Checks everything: each record as journal_verify does, the chain also across months, what each
 * month says of itself, the links between them ("link", "seal", "month", "count"), and that every
 * fact is found by the index ("index").
 */
LT_CHECK enum lt_status
archive_verify(struct archive *archive,
               bool (*progress)(void *context, uint64_t position, uint64_t last, uint64_t bytes),
               void (*found)(void *context, const struct verify_finding *finding), void *context,
               struct verify_report *ret_report);

/* What is looked for: one of case code, transfer id, sender's own key with its agency. */
struct archive_wanted {
    struct lt_bytes case_code;
    const struct lt_id *id;
    struct lt_bytes sender_key;
    uint32_t from; /* 0: any; needed for a sender key */
};

struct archive_found {
    const struct fact *fact;
    int32_t month;
    const uint64_t *transfers; /* positions of the transfers that are wanted */
    uint32_t transfers_count;
};

/* Every fact about the wanted transfers, oldest first. LT_NOT_FOUND. What `take` returns other than
 * LT_OK ends it. */
LT_CHECK enum lt_status archive_find(struct archive *archive, const struct archive_wanted *wanted,
                                     enum lt_status (*take)(void *context,
                                                            const struct archive_found *found),
                                     void *context, struct fault *fault);

/* Every change of the registry up to the archive's end, oldest first: who an agency's number is. */
LT_CHECK enum lt_status archive_registry(struct archive *archive,
                                         enum lt_status (*take)(void *context,
                                                                struct lt_bytes payload),
                                         void *context, struct fault *fault);

#endif
