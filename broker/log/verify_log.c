/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The whole log against itself, its signatures and the journal. The newest checkpoint is taken
 * first: what a running broker adds meanwhile is not looked at.
 *
 * A checkpoint of an incarnation that a restore ended is compared with the tree only as far as the
 * restored journal reached: what it covered beyond is what the statement says was lost.
 */
#include "verify_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tiles.h"

#define BREAKS_MAX 64
#define PLACE_MAX  64

struct look {
    const struct log_verify_options *options;
    struct log_verify_report report;
    struct log_keys keys;
    struct digester *digester;
    struct sign_checker *checker;
    struct tiles *tiles;
    struct leaves *leaves;
    struct issued *checkpoints;
    struct issued *breaks;
    struct break_statement ended[BREAKS_MAX];
    uint32_t ended_count;
    struct checkpoint before;
    uint64_t next; /* index of the commit that the journal's next leaves are */
};

static void found(struct look *look, const char *what, const char *place, enum lt_status status)
{
    struct log_finding finding = {what, place, status};
    look->report.findings++;
    look->options->found(look->options->context, &finding);
}

static void found_note(struct look *look, const char *what, const char *file, uint64_t place,
                       enum lt_status status)
{
    char text[PLACE_MAX];
    snprintf(text, sizeof(text), "%s byte %llu", file, (unsigned long long)place);
    found(look, what, text, status);
}

/* ---- notes ---- */

static enum lt_status take_break(void *context, uint64_t place, struct lt_bytes note)
{
    struct look *look = context;
    struct break_statement statement;
    enum lt_status status = log_keys_break(&look->keys, note, &statement);
    look->report.breaks++;
    if (status != LT_OK) {
        found_note(look, "note", "breaks", place, status);
    } else if (look->ended_count < BREAKS_MAX) {
        look->ended[look->ended_count++] = statement;
    }
    return LT_OK;
}

/* Up to which position a checkpoint of this incarnation is still of the tree that stands. */
static uint64_t standing_to(const struct look *look, uint32_t incarnation)
{
    uint64_t to = UINT64_MAX;
    for (uint32_t i = 0; i < look->ended_count; i++) {
        uint32_t ended;
        if (origin_read(look->ended[i].from, look->keys.name, &ended) && incarnation <= ended &&
            look->ended[i].position < to) {
            to = look->ended[i].position;
        }
    }
    return to;
}

static enum lt_status take_checkpoint(void *context, uint64_t place, struct lt_bytes note)
{
    struct look *look = context;
    struct checkpoint read;
    uint32_t incarnation;
    struct lt_digest root;
    struct tiles_reader reader = {look->tiles, look->digester, NULL};
    struct merkle_source source = tiles_source(&reader);
    enum lt_status status = log_keys_checkpoint(&look->keys, note, &read);
    look->report.checkpoints++;
    if (status != LT_OK || !origin_read(read.origin, look->keys.name, &incarnation)) {
        found_note(look, "note", "checkpoints", place, status);
        return LT_OK;
    }
    bool same = strcmp(read.origin, look->before.origin) == 0;
    if (same &&
        (read.head.size < look->before.head.size || read.position < look->before.position)) {
        found_note(look, "order", "checkpoints", place, LT_LOG_ROLLED_BACK);
    }
    look->before = read;
    if (read.position > standing_to(look, incarnation) ||
        read.head.size > tiles_size(look->tiles)) {
        return LT_OK;
    }
    status = merkle_source_root(&source, look->digester, read.head.size, &root);
    if (status != LT_OK || !digest_equal(&root, &read.head.root)) {
        found_note(look, "root", "checkpoints", place,
                   status == LT_OK ? LT_LOG_FORKED : LT_LOG_DAMAGED);
    }
    return LT_OK;
}

static enum lt_status look_at_notes(struct look *look)
{
    struct fault fault;
    fault_init(&fault);
    if (look->breaks != NULL) {
        enum lt_status status = issued_walk(look->breaks, take_break, look, &fault);
        if (status != LT_OK || issued_tail(look->breaks) > 0) {
            found(look, "frame", status == LT_OK ? "breaks" : fault.detail, LT_LOG_DAMAGED);
        }
    }
    fault_init(&fault);
    enum lt_status status = issued_walk(look->checkpoints, take_checkpoint, look, &fault);
    if (status != LT_OK || (issued_tail(look->checkpoints) > 0 && !look->options->live)) {
        found(look, "frame", status == LT_OK ? "checkpoints" : fault.detail, LT_LOG_DAMAGED);
    }
    return LT_OK;
}

/* ---- tiles ---- */

static void found_tile(void *context, const char *file, const char *what)
{
    found(context, what, file, LT_LOG_DAMAGED);
}

static bool pass_on(void *context, uint64_t done, uint64_t size)
{
    const struct look *look = context;
    const struct log_verify_options *options = look->options;
    return options->progress == NULL || options->progress(options->context, done, size);
}

static enum lt_status look_at_tiles(struct look *look)
{
    struct tiles_walk walk = {pass_on, found_tile, look};
    return tiles_verify(look->tiles, look->digester, &walk);
}

/* ---- the journal ---- */

static enum lt_status compare(struct look *look)
{
    struct commit_entry entry;
    const struct leaves *leaves = look->leaves;
    char place[PLACE_MAX];
    snprintf(place, sizeof(place), "position %llu", (unsigned long long)leaves->first);
    enum lt_status status = tiles_entry(look->tiles, look->digester, look->next, &entry, NULL);
    if (status == LT_OK && (entry.position != leaves->first || entry.leaves != leaves->count ||
                            !digest_equal(&entry.root, &leaves->root))) {
        found(look, "journal", place, LT_LOG_FORKED);
    }
    look->report.compared++;
    look->next++;
    return LT_OK;
}

static enum lt_status take_record(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct look *look = context;
    struct record record;
    char place[PLACE_MAX];
    snprintf(place, sizeof(place), "position %llu", (unsigned long long)first);
    enum lt_status status = record_read(bytes, &record, NULL);
    if (status == LT_OK) {
        look->leaves->last = record.first + record.count - 1;
        status = leaves_make(look->leaves, &record);
    } else {
        look->leaves->last = first;
    }
    if (status == LT_AGENCY_UNKNOWN) {
        look->report.unknown++;
        look->next++;
        return LT_OK;
    }
    if (status != LT_OK) {
        found(look, "journal", place, status);
        return LT_OK;
    }
    bool logged = look->leaves->count > 0 && look->next < tiles_size(look->tiles);
    return logged ? compare(look) : LT_OK;
}

static enum lt_status look_at_journal(struct look *look)
{
    const struct journal_backend *backend = look->options->backend;
    uint64_t first = look->options->journal_first, at = first;
    enum lt_status status =
        tiles_below(look->tiles, look->digester, first > 0 ? first - 1 : 0, &look->next, NULL);
    if (status != LT_OK) {
        return LT_OK; /* tiles that do not read were told */
    }
    while (at <= look->report.newest.position) {
        status = backend->view(backend->self, at, take_record, look);
        if (status != LT_OK) {
            return status == LT_NOT_FOUND ? LT_OK : status;
        }
        at = look->leaves->last + 1;
        if (!pass_on(look, at - first, look->report.newest.position - first + 1)) {
            return LT_AGAIN;
        }
    }
    return LT_OK;
}

/* ---- all of it ---- */

static enum lt_status open_parts(struct look *look, struct fault *fault)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/checkpoints", look->options->folder);
    enum lt_status status = issued_open(&look->checkpoints, path, true, fault);
    if (status == LT_OK) {
        snprintf(path, sizeof(path), "%s/breaks", look->options->folder);
        enum lt_status there = issued_open(&look->breaks, path, true, NULL);
        status = there == LT_NOT_FOUND ? LT_OK : there;
    }
    if (status == LT_OK) {
        status = digester_open(&look->digester);
    }
    if (status == LT_OK) {
        status = sign_checker_open(&look->checker);
    }
    if (status == LT_OK) {
        status = tiles_open(&look->tiles, look->options->folder);
    }
    if (status == LT_OK) {
        status = leaves_open(&look->leaves);
    }
    if (status == LT_OK && look->options->names != NULL) {
        look->options->names(look->options->names_self, look->leaves);
    }
    return status;
}

/* The tree as the newest checkpoint says it is; false: there is nothing to compare with. */
static bool load(struct look *look)
{
    struct fault fault;
    struct lt_bytes note = issued_newest(look->checkpoints);
    enum lt_status status = log_keys_checkpoint(&look->keys, note, &look->report.newest);
    fault_init(&fault);
    if (status != LT_OK) {
        found(look, "note", "checkpoints, the newest", status);
        return false;
    }
    status = tiles_load(look->tiles, look->report.newest.head.size, &fault);
    if (status != LT_OK) {
        found(look, "length", fault.field, status);
        return false;
    }
    look->report.commits = tiles_size(look->tiles);
    struct lt_digest root = tiles_root(look->tiles, look->digester);
    if (!digest_equal(&root, &look->report.newest.head.root)) {
        found(look, "root", "tile", LT_LOG_FORKED);
        return false;
    }
    return true;
}

struct learning {
    struct log_keys *keys;
    bool learnt;
};

static enum lt_status learn(void *context, uint64_t place, struct lt_bytes note)
{
    struct learning *learning = context;
    (void)place;
    learning->learnt |= log_keys_learn(learning->keys, note);
    return LT_OK;
}

void log_keys_walk(struct log_keys *keys, const struct issued *checkpoints)
{
    struct learning learning = {keys, true};
    while (learning.learnt) {
        struct fault fault;
        fault_init(&fault);
        learning.learnt = false;
        if (issued_walk(checkpoints, learn, &learning, &fault) != LT_OK) {
            return;
        }
    }
}

enum lt_status log_verify(const struct log_verify_options *options,
                          struct log_verify_report *ret_report, struct fault *fault)
{
    struct look *look = calloc(1, sizeof(*look));
    if (look == NULL) {
        return LT_NO_MEMORY;
    }
    look->options = options;
    enum lt_status status = open_parts(look, fault);
    if (status == LT_OK) {
        struct note_trust trust = {look->digester, look->checker, {options->name, options->key}};
        status = log_keys_open(&look->keys, &trust);
    }
    if (status == LT_OK) {
        log_keys_walk(&look->keys, look->checkpoints);
    }
    if (status == LT_OK && load(look)) {
        status = look_at_tiles(look);
        if (status == LT_OK && options->backend != NULL) {
            status = look_at_journal(look);
        }
    }
    if (status == LT_OK) {
        status = look_at_notes(look);
    }
    if (status == LT_OK) {
        *ret_report = look->report;
    }
    leaves_close(&look->leaves);
    tiles_close(&look->tiles);
    issued_close(&look->breaks);
    issued_close(&look->checkpoints);
    log_keys_close(&look->keys);
    sign_checker_close(&look->checker);
    digester_close(&look->digester);
    free(look);
    return status;
}
