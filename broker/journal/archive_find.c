/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Finding a case in the archive. First every month is asked which transfers are meant; then every
 * month again for the facts about any of them, which come out in the order of the journal. So a
 * case that was accepted in one month and answered in another is told as one story, with as many
 * looks into files as there are months.
 *
 * What is wanted is bounded (WANTED_MAX transfers); a case has tens of them, not thousands.
 */
#include "archive_private.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

#define WANTED_MAX 4096
#define FACTS_MAX  65536 /* of one month */

struct finding {
    struct archive *archive;
    struct arena arena;
    uint64_t *transfers;
    uint32_t transfers_count;
    uint64_t *facts; /* of the month being looked at */
    uint32_t facts_count;
    struct fault *fault;
};

static int by_position(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sorts, takes out what stands there twice; gives how many are left. */
static uint32_t sort(uint64_t *positions, uint32_t count)
{
    uint32_t kept = 0;
    qsort(positions, count, sizeof(*positions), by_position);
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || positions[kept - 1] != positions[i]) {
            positions[kept++] = positions[i];
        }
    }
    return kept;
}

/* The last 8 bytes of every key that begins with the prefix. */
static enum lt_status collect(struct finding *finding, enum archive_tree tree,
                              struct lt_bytes prefix, uint64_t *positions, uint32_t most,
                              uint32_t *count)
{
    struct archive *archive = finding->archive;
    struct store_cursor cursor;
    struct lt_bytes key;
    enum lt_status status = store_cursor_open(&archive->txn, archive->file.trees[tree], &cursor);
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, prefix, &key, NULL);
    while (status == LT_OK && *count < most && key.size >= prefix.size + POSITION_BYTES &&
           memcmp(key.data, prefix.data, prefix.size) == 0) {
        positions[(*count)++] =
            position_read((struct lt_bytes){key.data + key.size - POSITION_BYTES, POSITION_BYTES});
        status = store_next(&cursor, &key, NULL);
    }
    store_cursor_close(&cursor);
    return status == LT_NOT_FOUND ? LT_OK : status;
}

static struct lt_bytes wanted_prefix(uint8_t out[ARCHIVE_KEY_MAX],
                                     const struct archive_wanted *wanted,
                                     enum archive_tree *ret_tree)
{
    struct wire_writer w;
    wire_write_init(&w, out, ARCHIVE_KEY_MAX);
    if (wanted->id != NULL) {
        *ret_tree = ARCHIVE_IDS;
        wire_put_raw(&w, wanted->id->bytes, sizeof(wanted->id->bytes));
        if (wanted->from != 0) {
            wire_put_u32(&w, wanted->from);
        }
        return wire_written(&w);
    }
    bool key = wanted->sender_key.size != 0;
    struct lt_bytes text = key ? wanted->sender_key : wanted->case_code;
    *ret_tree = key ? ARCHIVE_KEYS : ARCHIVE_CASES;
    if (key) {
        wire_put_u32(&w, wanted->from);
    }
    wire_put_raw(&w, text.data, text.size);
    wire_put_u8(&w, 0);
    return wire_written(&w);
}

static enum lt_status find_transfers(struct finding *finding, const struct archive_wanted *wanted)
{
    uint8_t memory[ARCHIVE_KEY_MAX];
    enum archive_tree tree = ARCHIVE_CASES;
    struct lt_bytes prefix = wanted_prefix(memory, wanted, &tree);
    enum lt_status status = prefix.size == 0 ? LT_NOT_FOUND : LT_OK;
    for (uint32_t i = 0; status == LT_OK && i < finding->archive->months_count; i++) {
        status = archive_look_into(finding->archive, i, finding->fault);
        if (status == LT_OK) {
            status = collect(finding, tree, prefix, finding->transfers, WANTED_MAX,
                             &finding->transfers_count);
        }
    }
    finding->transfers_count = sort(finding->transfers, finding->transfers_count);
    return status;
}

/* ---- the facts ---- */

struct reading {
    struct finding *finding;
    uint64_t position;
    struct fact fact;
};

static enum lt_status read_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct reading *reading = context;
    struct record record;
    reading->fact = (struct fact){.position = reading->position};
    if (record_read(bytes, &record, NULL) != LT_OK || record.first != first ||
        reading->position - first >= record.count ||
        record_fact(&record, (uint32_t)(reading->position - first), &reading->fact) != LT_OK) {
        reading->fact = (struct fact){.position = reading->position};
        return LT_OK; /* told as damaged */
    }
    reading->fact.payload = arena_copy(&reading->finding->arena, reading->fact.payload);
    return reading->fact.payload.data == NULL ? LT_NO_MEMORY : LT_OK;
}

static enum lt_status tell(struct finding *finding, uint32_t index, uint64_t position,
                           enum lt_status (*take)(void *context, const struct archive_found *found),
                           void *context)
{
    struct journal_backend door = archive_door(finding->archive);
    struct reading reading = {.finding = finding, .position = position};
    arena_reset(&finding->arena);
    enum lt_status status = door.view(door.self, position, read_look, &reading);
    if (status != LT_OK) {
        return status;
    }
    return take(context, &(struct archive_found){
                             .fact = &reading.fact,
                             .month = finding->archive->months[index].month,
                             .transfers = finding->transfers,
                             .transfers_count = finding->transfers_count,
                         });
}

static enum lt_status
tell_month(struct finding *finding, uint32_t index,
           enum lt_status (*take)(void *context, const struct archive_found *found), void *context)
{
    enum lt_status status = archive_look_into(finding->archive, index, finding->fault);
    finding->facts_count = 0;
    for (uint32_t i = 0; status == LT_OK && i < finding->transfers_count; i++) {
        uint8_t prefix[POSITION_BYTES];
        status = collect(finding, ARCHIVE_ABOUT, position_write(prefix, finding->transfers[i]),
                         finding->facts, FACTS_MAX, &finding->facts_count);
    }
    finding->facts_count = sort(finding->facts, finding->facts_count);
    for (uint32_t i = 0; status == LT_OK && i < finding->facts_count; i++) {
        status = tell(finding, index, finding->facts[i], take, context);
    }
    return status;
}

enum lt_status archive_find(struct archive *archive, const struct archive_wanted *wanted,
                            enum lt_status (*take)(void *context,
                                                   const struct archive_found *found),
                            void *context, struct fault *fault)
{
    struct finding finding = {.archive = archive, .fault = fault};
    finding.transfers = calloc(WANTED_MAX, sizeof(*finding.transfers));
    finding.facts = calloc(FACTS_MAX, sizeof(*finding.facts));
    enum lt_status status = finding.transfers == NULL || finding.facts == NULL
                                ? LT_NO_MEMORY
                                : arena_init(&finding.arena, 64 * 1024, 1024 * 1024);
    if (status == LT_OK) {
        status = find_transfers(&finding, wanted);
    }
    if (status == LT_OK && finding.transfers_count == 0) {
        status = LT_NOT_FOUND;
    }
    for (uint32_t i = 0; status == LT_OK && i < archive->months_count; i++) {
        status = tell_month(&finding, i, take, context);
    }
    arena_deinit(&finding.arena);
    free(finding.transfers);
    free(finding.facts);
    return status;
}

enum lt_status archive_registry(struct archive *archive,
                                enum lt_status (*take)(void *context, struct lt_bytes payload),
                                void *context, struct fault *fault)
{
    struct store_cursor cursor;
    struct lt_bytes key = {NULL, 0};
    struct lt_bytes payload;
    enum lt_status status = archive_look_into(archive, archive->months_count - 1, fault);
    if (status == LT_OK) {
        status = store_cursor_open(&archive->txn, archive->file.trees[ARCHIVE_REGISTRY], &cursor);
    }
    if (status != LT_OK) {
        return status;
    }
    status = store_seek(&cursor, key, &key, &payload);
    while (status == LT_OK) {
        status = take(context, payload);
        if (status == LT_OK) {
            status = store_next(&cursor, &key, &payload);
        }
    }
    store_cursor_close(&cursor);
    return status == LT_NOT_FOUND ? LT_OK : status;
}
