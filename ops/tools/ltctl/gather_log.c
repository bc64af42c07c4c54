/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The log's part of evidence: the newest checkpoint as it was issued, the way from a leaf up to it,
 * and the time-stamps that the folder keeps. Paths come from the tiles and are not believed: a
 * commit of the log that is not the record of the journal is LT_LOG_DAMAGED, and a stamped
 * checkpoint that the log does not extend (one of before a declared restore) is left out.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log/issued.h"
#include "broker/log/tiles.h"
#include "broker/log/verify_log.h"
#include "gather.h"
#include "proto/base/file.h"
#include "proto/base/text.h"
#include "proto/timestamp.h"

#define PATH_BYTES  512
#define NOTES_MAX   4096 /* time-stamps in a folder that are looked at: the newest */
#define SIZE_DIGITS 20

struct gather_log {
    char folder[PATH_BYTES];
    struct digester *digester;
    struct arena *arena;
    struct sign_checker *checker;
    struct public_key *key;
    char name[NOTE_NAME_MAX + 1];
    struct tiles *tiles;
    struct log_keys keys; /* that one, and those it leads to */
    struct checkpoint newest;
};

static struct lt_bytes keep(struct gather_log *log, struct lt_bytes bytes)
{
    return arena_copy(log->arena, bytes);
}

static enum lt_status read_file(struct gather_log *log, const char *path, size_t max,
                                struct lt_bytes *ret_bytes, struct fault *fault)
{
    uint8_t *data = NULL;
    size_t size = 0;
    enum lt_status status = file_read(path, max, &data, &size, fault);
    if (status != LT_OK) {
        return status;
    }
    *ret_bytes = keep(log, (struct lt_bytes){data, size});
    free(data);
    return ret_bytes->data == NULL ? LT_NO_MEMORY : LT_OK;
}

/* ---- the newest checkpoint ---- */

static enum lt_status read_key(struct gather_log *log, struct evidence *evidence,
                               struct fault *fault)
{
    char path[PATH_BYTES + 8];
    struct lt_bytes text;
    snprintf(path, sizeof(path), "%s/key", log->folder);
    enum lt_status status = read_file(log, path, NOTE_VKEY_MAX - 1, &text, fault);
    if (status != LT_OK) {
        return status;
    }
    text_copy(evidence->vkey, sizeof(evidence->vkey), text);
    evidence->vkey[strcspn(evidence->vkey, "\n")] = '\0';
    if (note_vkey_open(evidence->vkey, log->digester, log->name, &log->key) != LT_OK) {
        return fault_set(fault, LT_LOG_DAMAGED, path, "not NAME+ID+KEY");
    }
    evidence->axis_key = keep(log, public_key_spki(log->key));
    return evidence->axis_key.data == NULL ? LT_NO_MEMORY : LT_OK;
}

static enum lt_status open_note(struct gather_log *log, struct lt_bytes note,
                                struct checkpoint *ret)
{
    return log_keys_checkpoint(&log->keys, note, ret);
}

/* Those of before the key in force, for the stamps of then. */
static enum lt_status learn_keys(struct gather_log *log, const struct issued *checkpoints,
                                 struct evidence *evidence)
{
    struct note_trust trust = {log->digester, log->checker, {log->name, log->key}};
    enum lt_status status = log_keys_open(&log->keys, &trust);
    if (status != LT_OK) {
        return status;
    }
    log_keys_walk(&log->keys, checkpoints);
    for (uint32_t i = 1; i < log->keys.count && i <= EVIDENCE_BEFORE_MAX; i++) {
        struct evidence_key *before = &evidence->before[evidence->before_count++];
        struct note_key key = {log->name, log->keys.keys[i]};
        before->key = keep(log, public_key_spki(key.key));
        if (before->key.data == NULL || !note_vkey_write(before->vkey, log->digester, &key)) {
            return LT_NO_MEMORY;
        }
    }
    return LT_OK;
}

static enum lt_status read_newest(struct gather_log *log, struct evidence *evidence,
                                  struct fault *fault)
{
    char path[PATH_BYTES + 16];
    struct issued *issued = NULL;
    snprintf(path, sizeof(path), "%s/checkpoints", log->folder);
    enum lt_status status = issued_open(&issued, path, true, fault);
    if (status != LT_OK) {
        return status;
    }
    evidence->checkpoint = keep(log, issued_newest(issued));
    status = learn_keys(log, issued, evidence);
    issued_close(&issued);
    if (status != LT_OK) {
        return status;
    }
    if (evidence->checkpoint.size == 0) {
        return fault_set(fault, LT_NOT_FOUND, path, "no checkpoint");
    }
    status = open_note(log, evidence->checkpoint, &log->newest);
    evidence->checkpoint_size = log->newest.head.size;
    return status == LT_OK ? LT_OK : fault_set(fault, status, path, "the newest is refused");
}

static enum lt_status load_tiles(struct gather_log *log, struct fault *fault)
{
    enum lt_status status = tiles_open(&log->tiles, log->folder);
    if (status == LT_OK) {
        status = tiles_load(log->tiles, log->newest.head.size, fault);
    }
    if (status != LT_OK) {
        return status;
    }
    struct lt_digest root = tiles_root(log->tiles, log->digester);
    return digest_equal(&root, &log->newest.head.root)
               ? LT_OK
               : fault_set(fault, LT_LOG_DAMAGED, log->folder, "tiles of another tree");
}

enum lt_status gather_log_open(const char *folder, struct digester *digester, struct arena *arena,
                               struct evidence *evidence, struct gather_log **ret_log,
                               struct fault *fault)
{
    struct gather_log *log = calloc(1, sizeof(*log));
    if (log == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "log", "no memory");
    }
    log->digester = digester;
    log->arena = arena;
    snprintf(log->folder, sizeof(log->folder), "%.480s/log", folder);
    enum lt_status status = sign_checker_open(&log->checker);
    if (status == LT_OK) {
        status = read_key(log, evidence, fault);
    }
    if (status == LT_OK) {
        status = read_newest(log, evidence, fault);
    }
    if (status == LT_OK) {
        status = load_tiles(log, fault);
    }
    if (status != LT_OK) {
        gather_log_close(&log);
        return status;
    }
    *ret_log = log;
    return LT_OK;
}

void gather_log_close(struct gather_log **log_p)
{
    struct gather_log *log = *log_p;
    if (log != NULL) {
        tiles_close(&log->tiles);
        public_key_close(&log->key);
        log_keys_close(&log->keys);
        sign_checker_close(&log->checker);
        free(log);
        *log_p = NULL;
    }
}

/* ---- receipts ---- */

static struct merkle_source source_of(struct gather_log *log, struct tiles_reader *reader,
                                      struct fault *fault)
{
    *reader = (struct tiles_reader){log->tiles, log->digester, fault};
    return tiles_source(reader);
}

/* The commit that is this record. */
static enum lt_status find_commit(struct gather_log *log, const struct gather_leaf *leaf,
                                  struct receipt_proof *proof, bool *ret_found, struct fault *fault)
{
    uint64_t below = 0;
    *ret_found = false;
    enum lt_status status = tiles_below(log->tiles, log->digester, leaf->first, &below, fault);
    if (status != LT_OK || leaf->position > log->newest.position) {
        return status;
    }
    if (below == 0) {
        return fault_set(fault, LT_LOG_DAMAGED, "log", "nothing at position %" PRIu64, leaf->first);
    }
    proof->in_log.index = below - 1;
    proof->in_log.size = log->newest.head.size;
    status = tiles_entry(log->tiles, log->digester, below - 1, &proof->entry, fault);
    if (status != LT_OK) {
        return status;
    }
    struct lt_digest root = merkle_root(log->digester, leaf->hashes, leaf->count);
    if (proof->entry.position != leaf->first || proof->entry.leaves != leaf->count ||
        !digest_equal(&root, &proof->entry.root)) {
        return fault_set(fault, LT_LOG_DAMAGED, "log",
                         "the commit at position %" PRIu64 " is not the journal's", leaf->first);
    }
    *ret_found = true;
    return LT_OK;
}

enum lt_status gather_log_receipt(struct gather_log *log, const struct gather_leaf *leaf,
                                  struct evidence_receipt *ret_receipt, bool *ret_found,
                                  struct fault *fault)
{
    struct receipt_proof *proof = &ret_receipt->proof;
    struct merkle_array array = {log->digester, leaf->hashes, leaf->count};
    struct merkle_source leaves = merkle_array_source(&array);
    struct tiles_reader reader;
    struct merkle_source commits = source_of(log, &reader, fault);
    memset(ret_receipt, 0, sizeof(*ret_receipt));
    ret_receipt->position = leaf->position;
    proof->leaf = keep(log, leaf->bytes);
    proof->in_commit.index = leaf->index;
    proof->in_commit.size = leaf->count;
    enum lt_status status = find_commit(log, leaf, proof, ret_found, fault);
    if (status == LT_OK && *ret_found) {
        status = merkle_source_path(&leaves, log->digester, leaf->count, leaf->index,
                                    &proof->in_commit.path);
    }
    if (status == LT_OK && *ret_found) {
        status = merkle_source_path(&commits, log->digester, proof->in_log.size,
                                    proof->in_log.index, &proof->in_log.path);
    }
    return proof->leaf.data == NULL ? LT_NO_MEMORY : status;
}

/* ---- time-stamps ---- */

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sizes of the stamped checkpoints that are within the newest, ascending. */
static uint32_t list_stamps(const struct gather_log *log, uint64_t sizes[NOTES_MAX])
{
    char path[PATH_BYTES + 16];
    uint32_t count = 0;
    const struct dirent *entry;
    snprintf(path, sizeof(path), "%s/timestamps", log->folder);
    DIR *folder = opendir(path);
    while (folder != NULL && count < NOTES_MAX && (entry = readdir(folder)) != NULL) {
        char *end = NULL;
        uint64_t size = strtoull(entry->d_name, &end, 10);
        if (end == entry->d_name + SIZE_DIGITS && strcmp(end, ".tsr") == 0 && size > 0 &&
            size <= log->newest.head.size) {
            sizes[count++] = size;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    qsort(sizes, count, sizeof(sizes[0]), by_size);
    return count;
}

static enum lt_status stamp_read(struct gather_log *log, uint64_t size, struct evidence_stamp *ret,
                                 bool *ret_joined, struct fault *fault)
{
    char path[PATH_BYTES + 64];
    struct checkpoint stamped;
    struct merkle_path growth;
    struct tiles_reader reader;
    struct merkle_source source = source_of(log, &reader, fault);
    *ret = (struct evidence_stamp){.size = size};
    *ret_joined = false;
    snprintf(path, sizeof(path), "%s/timestamps/%020" PRIu64 ".note", log->folder, size);
    enum lt_status status = read_file(log, path, NOTE_BYTES_MAX, &ret->note, fault);
    if (status != LT_OK) {
        return status;
    }
    snprintf(path, sizeof(path), "%s/timestamps/%020" PRIu64 ".tsr", log->folder, size);
    status = read_file(log, path, TIMESTAMP_REPLY_BYTES_MAX, &ret->token, fault);
    if (status != LT_OK || open_note(log, ret->note, &stamped) != LT_OK ||
        stamped.head.size != size) {
        return status;
    }
    status =
        merkle_source_consistency(&source, log->digester, size, log->newest.head.size, &growth);
    if (status == LT_OK && merkle_consistency_check(log->digester, &stamped.head, &log->newest.head,
                                                    growth.nodes, growth.count) == LT_OK) {
        growth_proof_make(&ret->growth, &stamped.head, log->newest.head.size, &growth);
        ret->joined = true;
        *ret_joined = true;
    }
    return status;
}

/* Is it the first stamp over some acceptance, or the newest of all? */
static bool wanted(const struct evidence *evidence, const uint64_t *sizes, uint32_t at,
                   uint32_t count)
{
    uint64_t before = at == 0 ? 0 : sizes[at - 1];
    for (uint32_t i = 0; i < evidence->transfers_count; i++) {
        const struct evidence_transfer *transfer = &evidence->transfers[i];
        if (transfer->receipts_count > 0) {
            uint64_t index = transfer->receipts[0].proof.in_log.index;
            if (index >= before && index < sizes[at]) {
                return true;
            }
        }
    }
    return at + 1 == count;
}

enum lt_status gather_log_stamps(struct gather_log *log, struct evidence *evidence,
                                 struct fault *fault)
{
    uint64_t *sizes = arena_alloc(log->arena, NOTES_MAX * sizeof(*sizes));
    enum lt_status status = sizes == NULL ? LT_NO_MEMORY : LT_OK;
    uint32_t count = sizes == NULL ? 0 : list_stamps(log, sizes);
    for (uint32_t i = 0; i < count && status == LT_OK; i++) {
        bool joined = false;
        /* The last place is kept for the newest. */
        if (!wanted(evidence, sizes, i, count) ||
            (evidence->stamps_count == EVIDENCE_STAMPS_MAX - 1 && i + 1 < count)) {
            continue;
        }
        status =
            stamp_read(log, sizes[i], &evidence->stamps[evidence->stamps_count], &joined, fault);
        evidence->stamps_count += joined;
    }
    return status;
}
