/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reading facts back: one by its position, or all from a position on. Both serve any thread,
 * because they use nothing but the backend's `view`; both look at one record at a time, so no
 * snapshot lives longer than one record takes.
 *
 * Every byte handed out passed its crc. What does not is never passed over in silence: a damaged
 * fact is shown with kind 0, so is each fact of a record whose frame does not read or whose key is
 * not its own. How many facts stood in such a record is known from where the next one begins; the
 * same rule shows facts of a record that is missing, unless more are missing than one record can
 * hold: then records are gone, and the walk ends with LT_DAMAGED.
 *
 * Positions below the first one held were cut on purpose: a walk begins behind them, a read gives
 * LT_NOT_FOUND.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "journal.h"
#include "journal_private.h"
#include "layout.h"

/* ---- one fact ---- */

struct reading {
    uint64_t position;
    struct arena *arena;
    struct fact fact;
    uint64_t found; /* key of the record seen */
};

static enum lt_status read_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct reading *reading = context;
    reading->found = first;
    if (first > reading->position) {
        return LT_NOT_FOUND;
    }
    struct record record;
    enum lt_status status = record_read(bytes, &record, NULL);
    if (status != LT_OK) {
        return status;
    }
    if (record.first != first || reading->position - first >= record.count) {
        return LT_DAMAGED;
    }
    struct fact fact;
    status = record_fact(&record, (uint32_t)(reading->position - first), &fact);
    if (status != LT_OK) {
        return status;
    }
    fact.payload = arena_copy(reading->arena, fact.payload);
    if (fact.payload.data == NULL) {
        return LT_NO_MEMORY;
    }
    reading->fact = fact;
    return LT_OK;
}

static enum lt_status first_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    (void)bytes;
    *(uint64_t *)context = first;
    return LT_OK;
}

/* The lowest position held; LT_NOT_FOUND in an empty journal. */
static enum lt_status first_held(const struct journal_backend *backend, uint64_t *ret_first)
{
    return backend->view(backend->self, 0, first_look, ret_first);
}

enum lt_status journal_read(const struct journal *journal, uint64_t position, struct arena *arena,
                            struct fact *ret_fact)
{
    const struct journal_backend *backend = journal_backend_of(journal);
    struct reading reading = {.position = position, .arena = arena};
    enum lt_status status = backend->view(backend->self, position, read_look, &reading);
    if (status == LT_NOT_FOUND && reading.found > position) {
        uint64_t first = 0;
        enum lt_status held = first_held(backend, &first);
        if (held == LT_OK && position > first) {
            return LT_DAMAGED; /* between two records, yet in none of them */
        }
    }
    if (status == LT_OK) {
        *ret_fact = reading.fact;
    }
    return status;
}

/* ---- all facts ---- */

/* A record is copied first: what `take` does must not hold a snapshot of the journal. */
struct walk {
    uint64_t next; /* the position to be handed over next */
    uint64_t first;
    uint8_t *memory;
    size_t memory_bytes;
    struct lt_bytes record;
    enum lt_status (*take)(void *context, const struct fact *fact);
    void *context;
};

static enum lt_status copy_look(void *context, uint64_t first, struct lt_bytes bytes)
{
    struct walk *walk = context;
    if (bytes.size > walk->memory_bytes) {
        uint8_t *memory = realloc(walk->memory, bytes.size);
        if (memory == NULL) {
            return LT_NO_MEMORY;
        }
        walk->memory = memory;
        walk->memory_bytes = bytes.size;
    }
    if (bytes.size > 0) {
        memcpy(walk->memory, bytes.data, bytes.size);
    }
    walk->first = first;
    walk->record = (struct lt_bytes){walk->memory, bytes.size};
    return LT_OK;
}

static enum lt_status walk_damaged(struct walk *walk)
{
    struct fact damaged = {.position = walk->next};
    walk->next++;
    return walk->take(walk->context, &damaged);
}

/* Facts that should stand before the record found. */
static enum lt_status walk_gap(struct walk *walk)
{
    if (walk->first > walk->next && walk->first - walk->next > JOURNAL_BATCH_FACTS_MAX) {
        return LT_DAMAGED;
    }
    while (walk->next < walk->first) {
        enum lt_status status = walk_damaged(walk);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

static enum lt_status walk_record(struct walk *walk)
{
    uint64_t first = walk->first;
    struct record record;
    enum lt_status status = record_read(walk->record, &record, NULL);
    if (status == LT_FORMAT_UNKNOWN) {
        return status;
    }
    if (status != LT_OK || record.first != first || walk->next - first >= record.count) {
        return walk_damaged(walk);
    }
    for (uint32_t i = (uint32_t)(walk->next - first); i < record.count; i++) {
        struct fact fact;
        if (record_fact(&record, i, &fact) != LT_OK) {
            fact = (struct fact){.position = first + i};
        }
        walk->next = first + i + 1;
        status = walk->take(walk->context, &fact);
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

enum lt_status journal_walk(const struct journal *journal, uint64_t from,
                            enum lt_status (*take)(void *context, const struct fact *fact),
                            void *context)
{
    const struct journal_backend *backend = journal_backend_of(journal);
    struct walk walk = {.take = take, .context = context};
    uint64_t first = 0;
    enum lt_status view = first_held(backend, &first);
    enum lt_status status = LT_OK;
    walk.next = from > first ? from : first;
    while (view == LT_OK && status == LT_OK) {
        view = backend->view(backend->self, walk.next, copy_look, &walk);
        if (view == LT_OK) {
            status = walk_gap(&walk);
        }
        if (view == LT_OK && status == LT_OK) {
            status = walk_record(&walk);
        }
    }
    free(walk.memory);
    return view == LT_OK || view == LT_NOT_FOUND ? status : view;
}
