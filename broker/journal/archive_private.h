/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BROKER_JOURNAL_ARCHIVE_PRIVATE_H
#define BROKER_JOURNAL_ARCHIVE_PRIVATE_H

#include <limits.h>

#include "archive.h"
#include "backend_lmdb_private.h"
#include "fact.h"
#include "layout.h"
#include "proto/base/arena.h"
#include "proto/digest.h"

/*
 * Shared by archive_file.c (one month's file), archive_index.c (what leads where), archive_run.c,
 * archive_read.c, archive_verify.c and archive_find.c. Keys are big-endian.
 */
enum archive_tree {
    ARCHIVE_META,     /* "head", "about", "seal" */
    ARCHIVE_RECORDS,  /* position -> record */
    ARCHIVE_CASES,    /* case code or alias, 0, position -> id, from */
    ARCHIVE_IDS,      /* id, from, position -> kind of the fact that decided */
    ARCHIVE_KEYS,     /* from, sender key, 0, position -> id */
    ARCHIVE_ABOUT,    /* position of a transfer, position of a fact about it -> kind */
    ARCHIVE_REGISTRY, /* position -> payload; those of the months before stand here too */
    ARCHIVE_TREES_END,
};

#define ARCHIVE_KEY_MAX 128

struct archive_file {
    struct store *store; /* NULL: none is open */
    struct store_tree trees[ARCHIVE_TREES_END];
    int32_t month;
    char path[PATH_MAX];
};

/* archive_file.c. Making leaves out the head. */
LT_CHECK enum lt_status archive_file_open(struct archive_file *file, const char *folder,
                                          int32_t month, bool write, struct fault *fault);
void archive_file_close(struct archive_file *file);
/* LT_NOT_FOUND: it was made and has no head yet. */
LT_CHECK enum lt_status archive_about_read(struct archive_file *file, struct digester *digester,
                                           struct archive_about *ret_about, struct fault *fault);
enum lt_status archive_head_put(struct archive_file *file, struct store_txn *txn,
                                const struct archive_about *about);
enum lt_status archive_seal_put(struct archive_file *file, struct store_txn *txn,
                                struct digester *digester, struct archive_about *about);
LT_CHECK enum lt_status archive_sealed(struct archive_file *file, struct fault *fault);
/* The account of a month, record by record: the digest is that of the one so far and of the next
 * record's digest, put together; zeros before the first. */
void archive_sum_start(struct archive_about *about);
void archive_sum_record(struct archive_about *about, struct digester *digester, uint64_t first,
                        struct lt_bytes bytes);
/* The months of a folder in order; the caller frees. */
LT_CHECK enum lt_status archive_list(const char *folder, int32_t **ret_months, uint32_t *ret_count,
                                     struct fault *fault);

/* archive_index.c: every entry that leads to a fact. LT_DAMAGED: its payload does not read. */
typedef enum lt_status archive_entry(void *context, enum archive_tree tree, struct lt_bytes key,
                                     struct lt_bytes value);
LT_CHECK enum lt_status archive_index(const struct fact *fact, struct arena *arena,
                                      archive_entry *put, void *context);

/* archive_read.c */
struct archive {
    char folder[PATH_MAX];
    struct archive_about *months;
    uint32_t months_count;
    struct digester *digester;
    struct archive_file file; /* the one looked at last */
    struct store_txn txn;
    struct store_cursor records;
};
LT_CHECK enum lt_status archive_look_into(struct archive *archive, uint32_t index,
                                          struct fault *fault);

#endif
