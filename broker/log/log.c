/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The log from the journal's records, and its checkpoints. It resumes at its newest checkpoint,
 * which is in order with the tiles (they were synced before it): whatever stood beyond is made
 * again from the journal, byte for byte, because leaves are deterministic.
 *
 * Opening compares: the root of the last tiles with the signed one, the last commit with its record
 * of the journal, the checkpoint's position with the journal's end. So a journal that was taken
 * back without being declared does not start a broker, and a declared one begins a new incarnation
 * with a signed statement of where the old one ended.
 *
 * A name for the tree's growth is never signed twice: a checkpoint is stored and synced before it
 * is told, and the next one is made of the same tree, grown.
 */
#include "log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/file.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/log_keys.h"

struct log_store {
    struct log_options options;
    char keys[2][NOTE_VKEY_MAX]; /* lines of the keys; the second "": nobody signs beside */
    struct digester *digester;
    struct sign_checker *checker;
    struct leaves *leaves;
    struct tiles *tiles;
    struct issued *checkpoints;
    struct issued *breaks;
    uint64_t position;
    uint32_t incarnation;
    bool any;  /* a checkpoint was issued */
    bool held; /* a restore took commits away: nothing is signed before its statement is */
    struct checkpoint newest;
};

static struct note_trust trust_of(const struct log_store *log)
{
    return (struct note_trust){
        log->digester, log->checker, {log->options.name, log->options.signer.public_key}};
}

/* ---- opening ---- */

static bool write_keys(struct log_store *log)
{
    struct note_key key = {log->options.name, log->options.signer.public_key};
    if (!note_vkey_write(log->keys[0], log->digester, &key)) {
        return false;
    }
    key.key = log->options.next.public_key;
    return key.key == NULL || (note_vkey_write(log->keys[1], log->digester, &key) &&
                               strcmp(log->keys[0], log->keys[1]) != 0);
}

static enum lt_status open_parts(struct log_store *log, struct fault *fault)
{
    char path[512];
    const char *folder = log->options.folder;
    enum lt_status status = digester_open(&log->digester);
    if (status == LT_OK) {
        status = sign_checker_open(&log->checker);
    }
    if (status == LT_OK) {
        status = leaves_open(&log->leaves);
    }
    if (status == LT_OK) {
        status = tiles_open(&log->tiles, folder);
    }
    if (status != LT_OK) {
        return fault_set(fault, status, "log", "cannot be opened");
    }
    if (!write_keys(log)) {
        return fault_set(fault, LT_CONFIG_BAD, "log",
                         "keys of Ed25519 or P-256, not twice the same, and a name without spaces "
                         "or plus");
    }
    status = folder_make(folder, 0700, fault);
    snprintf(path, sizeof(path), "%s/checkpoints", folder);
    if (status == LT_OK) {
        status = issued_open(&log->checkpoints, path, false, fault);
    }
    snprintf(path, sizeof(path), "%s/breaks", folder);
    if (status == LT_OK) {
        status = issued_open(&log->breaks, path, false, fault);
    }
    return status;
}

static enum lt_status read_newest(struct log_store *log, struct fault *fault)
{
    struct lt_bytes note = issued_newest(log->checkpoints);
    struct note_trust trust = trust_of(log);
    if (note.size == 0) {
        if (issued_tail(log->checkpoints) > 0) {
            return fault_set(fault, LT_LOG_DAMAGED, "log/checkpoints", "nothing in it reads");
        }
        return LT_OK;
    }
    enum lt_status status = checkpoint_open(note, &trust, &log->newest);
    if (status != LT_OK) {
        return fault_set(fault, LT_LOG_DAMAGED, "log/checkpoints", "the newest is not %s (%s)",
                         status == LT_NOTE_FOREIGN ? "signed by log_signing_key" : "whole",
                         lt_code(status));
    }
    if (!origin_read(log->newest.origin, log->options.name, &log->incarnation)) {
        return LT_LOG_DAMAGED; /* not after checkpoint_open */
    }
    log->position = log->newest.position;
    log->any = true;
    return LT_OK;
}

struct look {
    struct log_store *log;
    struct fault *fault;
    uint64_t durable;
};

static enum lt_status look_at_record(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct look *look = context;
    struct log_store *log = look->log;
    struct record record;
    if (first > look->durable) {
        return LT_AGAIN;
    }
    enum lt_status status = record_read(bytes, &record, look->fault);
    if (status == LT_OK) {
        status = leaves_make(log->leaves, &record);
    }
    if (status != LT_OK) {
        fault_set(look->fault, status, "log", "the record at position %llu gives no leaves: %s",
                  (unsigned long long)first, lt_code(status));
    }
    return status;
}

static enum lt_status view(struct log_store *log, uint64_t position, uint64_t durable,
                           struct fault *fault)
{
    struct look look = {log, fault, durable};
    const struct journal_backend *backend = &log->options.backend;
    return backend->view(backend->self, position, look_at_record, &look);
}

/* Is the commit at an index what its record of the journal gives? LT_LOG_AHEAD: it is not.
 * LT_NOT_FOUND: the journal has that record no more. */
static enum lt_status compare_at(struct log_store *log, uint64_t index, struct fault *fault)
{
    struct commit_entry entry;
    enum lt_status status = tiles_entry(log->tiles, log->digester, index, &entry, fault);
    if (status != LT_OK) {
        return status;
    }
    if (entry.position < log->options.journal_first) {
        return LT_NOT_FOUND;
    }
    status = view(log, entry.position, UINT64_MAX, fault);
    if (status == LT_AGENCY_UNKNOWN) {
        return LT_NOT_FOUND; /* nobody knows its ids any more: tiles and checkpoint agree */
    }
    if (status != LT_OK && status != LT_NOT_FOUND) {
        return status;
    }
    bool same = status == LT_OK && log->leaves->first == entry.position &&
                log->leaves->count == entry.leaves && digest_equal(&log->leaves->root, &entry.root);
    return same ? LT_OK
                : fault_set(fault, LT_LOG_AHEAD, "log",
                            "commit %llu is not the record at position %llu",
                            (unsigned long long)index, (unsigned long long)entry.position);
}

static enum lt_status compare_last(struct log_store *log, struct fault *fault)
{
    uint64_t size = tiles_size(log->tiles);
    enum lt_status status = size == 0 ? LT_OK : compare_at(log, size - 1, fault);
    return status == LT_NOT_FOUND ? LT_OK : status;
}

/* The tree as far as a restored journal has it: commits beyond its end, and those that are other
 * records there now. */
static enum lt_status take_back(struct log_store *log, struct fault *fault)
{
    uint64_t kept;
    enum lt_status status =
        tiles_below(log->tiles, log->digester, log->options.journal_last, &kept, fault);
    uint64_t position = log->options.journal_first > 0 ? log->options.journal_first - 1 : 0;
    while (status == LT_OK && kept > 0) {
        status = compare_at(log, kept - 1, fault);
        if (status != LT_LOG_AHEAD) {
            position = status == LT_OK ? log->leaves->last : position;
            status = status == LT_NOT_FOUND ? LT_OK : status;
            break;
        }
        kept--;
        status = LT_OK;
        fault_init(fault);
    }
    if (status == LT_OK) {
        status = tiles_load(log->tiles, kept, fault);
    }
    log->position = position;
    log->held = kept < log->newest.head.size || position < log->newest.position;
    log_warn("log-taken-back", "commits=%llu position=%llu", (unsigned long long)kept,
             (unsigned long long)position);
    return status;
}

static bool root_fits(const struct log_store *log)
{
    struct lt_digest root = tiles_root(log->tiles, log->digester);
    return digest_equal(&root, &log->newest.head.root);
}

/* Everything again from the journal, up to where the newest checkpoint stands. */
static enum lt_status make_again(struct log_store *log, struct fault *fault)
{
    uint64_t due = log->newest.position;
    if (log->options.journal_first > 1) {
        return LT_LOG_DAMAGED; /* as told; the journal begins too late to make it again */
    }
    log_warn("log-made-again", "field=%s detail=%s", fault->field, fault->detail);
    fault_init(fault);
    log->position = 0;
    enum lt_status status = tiles_load(log->tiles, 0, fault);
    while (status == LT_OK && log->position < due) {
        status = log_follow(log, due, fault);
    }
    if (status == LT_OK && (log->position != due || !root_fits(log))) {
        status = fault_set(fault, LT_LOG_AHEAD, "log",
                           "the journal does not lead to the newest checkpoint, at position %llu",
                           (unsigned long long)due);
    }
    return status == LT_OK ? tiles_sync(log->tiles, fault) : status;
}

static enum lt_status resume(struct log_store *log, struct fault *fault)
{
    bool ahead = log->newest.position > log->options.journal_last;
    if (ahead && !log->options.restored) {
        return fault_set(fault, LT_LOG_AHEAD, "log/checkpoints",
                         "the newest reaches position %llu, the journal %llu",
                         (unsigned long long)log->newest.position,
                         (unsigned long long)log->options.journal_last);
    }
    enum lt_status status = tiles_load(log->tiles, log->newest.head.size, fault);
    if (status == LT_OK && !root_fits(log)) {
        status = fault_set(fault, LT_LOG_DAMAGED, "log/tile",
                           "the last tiles do not make the root of the newest checkpoint");
    }
    if (status == LT_OK && log->options.restored) {
        status = take_back(log, fault);
    } else if (status == LT_OK) {
        status = compare_last(log, fault);
    }
    return status == LT_LOG_DAMAGED ? make_again(log, fault) : status;
}

/* ---- signing for all keys ---- */

/* While two keys sign, a checkpoint names both. */
static struct lt_bytes text_of(const struct log_store *log, const struct checkpoint *checkpoint,
                               uint8_t out[CHECKPOINT_TEXT_MAX])
{
    struct lt_bytes text = checkpoint_write(out, checkpoint);
    for (int i = 0; i < 2 && log->keys[1][0] != '\0' && text.size > 0; i++) {
        text.size = checkpoint_add_key(out, text.size, log->keys[i]);
    }
    return text;
}

static enum lt_status sign_text(struct log_store *log, struct lt_bytes text,
                                uint8_t note[NOTE_BYTES_MAX], size_t *ret_size)
{
    const struct log_options *options = &log->options;
    enum lt_status status =
        note_sign(log->digester, &options->signer, options->name, text, note, ret_size);
    if (status == LT_OK && options->next.public_key != NULL) {
        status = note_cosign(log->digester, &options->next, options->name, note, ret_size);
    }
    return status;
}

static enum lt_status issue(struct log_store *log, const struct checkpoint *checkpoint,
                            struct fault *fault)
{
    uint8_t text[CHECKPOINT_TEXT_MAX], note[NOTE_BYTES_MAX];
    size_t size;
    enum lt_status status = sign_text(log, text_of(log, checkpoint, text), note, &size);
    if (status == LT_OK) {
        status = issued_add(log->checkpoints, (struct lt_bytes){note, size}, fault);
    }
    return status;
}

/* Are the keys of the newest checkpoint those of today? */
static bool signed_today(const struct log_store *log)
{
    struct note note;
    struct note_trust trust = trust_of(log);
    uint32_t wanted = log->keys[1][0] == '\0' ? 1 : 2;
    struct lt_bytes bytes = issued_newest(log->checkpoints);
    return note_read(bytes, &note) == LT_OK && note.count == wanted &&
           (wanted == 1 || log_key_named(bytes, &trust, log->keys[1]));
}

enum lt_status log_store_open(struct log_store **ret_log, const struct log_options *options,
                              struct fault *fault)
{
    struct log_store *log = calloc(1, sizeof(*log));
    if (log == NULL) {
        return fault_set(fault, LT_NO_MEMORY, "log", "%zu bytes", sizeof(*log));
    }
    log->options = *options;
    enum lt_status status = open_parts(log, fault);
    if (status == LT_OK && options->names != NULL) {
        options->names(options->names_self, log->leaves);
    }
    if (status == LT_OK) {
        status = read_newest(log, fault);
    }
    /* Without its folder nobody knows what was signed before the restore. */
    log->held = options->restored && !log->any;
    if (status == LT_OK && log->any) {
        status = resume(log, fault);
    }
    if (status == LT_OK && log->any && !options->restored && !signed_today(log)) {
        status = issue(log, &log->newest, fault);
    }
    if (status != LT_OK) {
        log->options.signer = (struct signer){0}; /* the caller's still */
        log->options.next = (struct signer){0};
        log_store_close(&log);
        return status;
    }
    *ret_log = log;
    return LT_OK;
}

void log_store_close(struct log_store **log_p)
{
    struct log_store *log = *log_p;
    if (log == NULL) {
        return;
    }
    signer_close(&log->options.signer);
    signer_close(&log->options.next);
    issued_close(&log->checkpoints);
    issued_close(&log->breaks);
    tiles_close(&log->tiles);
    leaves_close(&log->leaves);
    sign_checker_close(&log->checker);
    digester_close(&log->digester);
    free(log);
    *log_p = NULL;
}

/* ---- following the journal ---- */

/* The end of one incarnation and the beginning of the next, signed and stored before anything is
 * signed in the new one. */
static enum lt_status break_off(struct log_store *log, int64_t time_ms, struct fault *fault)
{
    const struct leaves *leaves = log->leaves;
    struct break_statement statement = {.position = leaves->restored_to, .time_ms = time_ms};
    uint8_t text[CHECKPOINT_TEXT_MAX], note[NOTE_BYTES_MAX];
    size_t size;
    statement.head = log->any ? log->newest.head
                              : (struct merkle_head){tiles_size(log->tiles),
                                                     tiles_root(log->tiles, log->digester)};
    text_copy(statement.by, sizeof(statement.by), text_bytes(leaves->restored_by));
    if (!origin_write(statement.from, log->options.name, log->incarnation) ||
        !origin_write(statement.to, log->options.name, leaves->incarnation)) {
        return fault_set(fault, LT_CONFIG_BAD, "log", "the name is too long");
    }
    enum lt_status status = sign_text(log, break_write(text, &statement), note, &size);
    if (status == LT_OK) {
        status = issued_add(log->breaks, (struct lt_bytes){note, size}, fault);
    }
    if (status == LT_OK) {
        log_warn("log-break", "from=%s to=%s size=%llu position=%llu", statement.from, statement.to,
                 (unsigned long long)statement.head.size, (unsigned long long)statement.position);
        log->incarnation = leaves->incarnation;
        log->held = false;
    }
    return status;
}

static enum lt_status record_time(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct record record;
    (void)first;
    enum lt_status status = record_read(bytes, &record, NULL);
    if (status == LT_OK) {
        *(int64_t *)context = record.time_ms;
    }
    return status;
}

enum lt_status log_follow(struct log_store *log, uint64_t durable, struct fault *fault)
{
    uint64_t next = log->position + 1;
    const struct leaves *leaves = log->leaves;
    if (next > durable) {
        return LT_AGAIN;
    }
    enum lt_status status = view(log, next, durable, fault);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_AGAIN : status;
    }
    if (leaves->first != next && log->position > 0) {
        return fault_set(fault, LT_LOG_DAMAGED, "log", "position %llu is missing in the journal",
                         (unsigned long long)next);
    }
    if (leaves->incarnation > log->incarnation) {
        int64_t time_ms = 0;
        status = log->options.backend.view(log->options.backend.self, next, record_time, &time_ms);
        if (status == LT_OK) {
            status = break_off(log, time_ms, fault);
        }
    }
    if (status == LT_OK && leaves->count > 0) {
        struct commit_entry entry = {leaves->first, leaves->count, leaves->root};
        status = tiles_add(log->tiles, log->digester, &entry, fault);
    }
    if (status == LT_OK) {
        log->position = leaves->last;
    }
    return status;
}

const struct leaves *log_leaves(const struct log_store *log)
{
    return log->leaves;
}

uint64_t log_size(const struct log_store *log)
{
    return tiles_size(log->tiles);
}

uint64_t log_position(const struct log_store *log)
{
    return log->position;
}

uint32_t log_incarnation(const struct log_store *log)
{
    return log->incarnation;
}

/* ---- signing ---- */

bool log_unsigned(const struct log_store *log)
{
    char origin[NOTE_NAME_MAX + 1];
    if (log->held) {
        return false;
    }
    return !log->any || tiles_size(log->tiles) != log->newest.head.size ||
           !origin_write(origin, log->options.name, log->incarnation) ||
           strcmp(origin, log->newest.origin) != 0;
}

enum lt_status log_sign(struct log_store *log, int64_t time_ms, struct fault *fault)
{
    struct checkpoint checkpoint = {
        .head = {tiles_size(log->tiles), tiles_root(log->tiles, log->digester)},
        .position = log->position,
        .time_ms = time_ms,
    };
    if (!origin_write(checkpoint.origin, log->options.name, log->incarnation)) {
        return fault_set(fault, LT_CONFIG_BAD, "log", "the name is too long");
    }
    enum lt_status status = tiles_sync(log->tiles, fault);
    if (status == LT_OK) {
        status = issue(log, &checkpoint, fault);
    }
    if (status == LT_OK) {
        log->newest = checkpoint;
        log->any = true;
    }
    return status;
}

struct lt_bytes log_checkpoint(const struct log_store *log)
{
    return issued_newest(log->checkpoints);
}

struct lt_bytes log_break(const struct log_store *log)
{
    return issued_newest(log->breaks);
}

struct merkle_head log_signed(const struct log_store *log)
{
    return log->any ? log->newest.head : (struct merkle_head){0};
}

/* ---- proofs ---- */

enum lt_status log_path(struct log_store *log, uint64_t index, struct merkle_path *ret_path,
                        struct fault *fault)
{
    struct tiles_reader reader = {log->tiles, log->digester, fault};
    struct merkle_source source = tiles_source(&reader);
    if (!log->any || index >= log->newest.head.size) {
        return LT_NOT_FOUND;
    }
    return merkle_source_path(&source, log->digester, log->newest.head.size, index, ret_path);
}

enum lt_status log_consistency(struct log_store *log, uint64_t first, struct merkle_path *ret_path,
                               struct fault *fault)
{
    struct tiles_reader reader = {log->tiles, log->digester, fault};
    struct merkle_source source = tiles_source(&reader);
    if (!log->any || first > log->newest.head.size) {
        return LT_NOT_FOUND;
    }
    return merkle_source_consistency(&source, log->digester, first, log->newest.head.size,
                                     ret_path);
}

enum lt_status log_find(struct log_store *log, uint64_t position, uint64_t *ret_index,
                        struct fault *fault)
{
    uint64_t below;
    struct commit_entry entry;
    enum lt_status status = tiles_below(log->tiles, log->digester, position, &below, fault);
    if (status != LT_OK) {
        return status;
    }
    if (below == 0 || !log->any || below > log->newest.head.size) {
        return LT_NOT_FOUND;
    }
    status = tiles_entry(log->tiles, log->digester, below - 1, &entry, fault);
    if (status == LT_OK) {
        status = view(log, entry.position, log->position, fault);
    }
    if (status != LT_OK) {
        return status;
    }
    if (log->leaves->first != entry.position || position > log->leaves->last) {
        return LT_NOT_FOUND;
    }
    *ret_index = below - 1;
    return LT_OK;
}

/* ---- a folder nobody has opened ---- */

/* The text of a file's newest note, unverified; it stands as long as *ret_issued does. */
static enum lt_status peek(const char *folder, const char *file, struct issued **ret_issued,
                           struct lt_bytes *ret_text, struct fault *fault)
{
    char path[512];
    struct note note;
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    enum lt_status status = issued_open(ret_issued, path, true, fault);
    if (status == LT_OK && issued_newest(*ret_issued).size == 0) {
        status = LT_NOT_FOUND;
    }
    if (status == LT_OK) {
        status = note_read(issued_newest(*ret_issued), &note);
    }
    if (status == LT_OK) {
        *ret_text = note.text;
    }
    return status == LT_NOTE_BAD ? fault_set(fault, LT_LOG_DAMAGED, path, "the newest") : status;
}

enum lt_status log_reaches(const char *folder, uint64_t *ret_position, struct fault *fault)
{
    struct issued *issued = NULL;
    struct lt_bytes text = {0};
    struct checkpoint checkpoint;
    enum lt_status status = peek(folder, "checkpoints", &issued, &text, fault);
    if (status == LT_OK && checkpoint_read(text, &checkpoint) != LT_OK) {
        status = fault_set(fault, LT_LOG_DAMAGED, "log/checkpoints", "the newest");
    }
    if (status == LT_OK) {
        *ret_position = checkpoint.position;
    }
    issued_close(&issued);
    return status;
}

enum lt_status log_began(const char *folder, const char *name, uint32_t *ret_incarnation,
                         struct fault *fault)
{
    static const char *const files[] = {"checkpoints", "breaks"};
    uint32_t highest = 0;
    for (int i = 0; i < 2; i++) {
        struct issued *issued = NULL;
        struct lt_bytes text = {0};
        struct checkpoint checkpoint;
        struct break_statement statement;
        const char *origin = i == 0 ? checkpoint.origin : statement.to;
        uint32_t named;
        enum lt_status status = peek(folder, files[i], &issued, &text, fault);
        if (status == LT_OK) {
            status = i == 0 ? checkpoint_read(text, &checkpoint) : break_read(text, &statement);
        }
        issued_close(&issued);
        if (status != LT_OK && status != LT_NOT_FOUND) {
            return fault_set(fault, LT_LOG_DAMAGED, files[i], "the newest does not read");
        }
        if (status == LT_OK && origin_read(origin, name, &named) && named > highest) {
            highest = named;
        }
    }
    *ret_incarnation = highest;
    return LT_OK;
}
