/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The journal's twin in memory, for tests and the simulated world: the same door and the same
 * answers as the LMDB backend, with faults by plan. The conformance suite runs on both, so what a
 * test proves on the twin holds for the real one.
 *
 * A plan says how the next append ends, after how many polls, and whether the record was written
 * all the same: a machine can write and fail to say so. A crash ends what is in flight, keeping it
 * or not. Damage flips one bit of what is held. Records live in plain memory of their own, because
 * a reader's view must not move while others are appended.
 *
 * Every call takes one lock, also while `look` runs: `view` serves any thread, and look must not
 * call back. Running out of memory is answered as "full", nothing written.
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "layout.h"
#include "proto/base/text.h"
#include "proto/digest.h"

#define RECORDS_FIRST_ROOM 64

struct held {
    uint64_t first;
    uint32_t facts;
    struct lt_digest digest;
    uint8_t *bytes;
    size_t size;
};

struct plan {
    enum append_result result;
    uint32_t polls;
    bool written;
};

struct backend_memory {
    pthread_mutex_t lock;
    struct held *records; /* in order of position */
    uint32_t count;
    uint32_t room;
    uint64_t epoch;
    uint64_t syncs;
    uint64_t bytes; /* of all records */
    bool owned;
    bool latched;
    bool pending;
    struct append append; /* the one in flight */
    struct plan plan;     /* of it */
    struct plan next;
};

static const struct plan plan_plain = {APPEND_DURABLE, 0, false};

enum lt_status backend_memory_open(struct backend_memory **ret_backend)
{
    struct backend_memory *backend = calloc(1, sizeof(*backend));
    if (backend == NULL) {
        return LT_NO_MEMORY;
    }
    if (pthread_mutex_init(&backend->lock, NULL) != 0) {
        free(backend);
        return LT_NO_MEMORY;
    }
    backend->next = plan_plain;
    *ret_backend = backend;
    return LT_OK;
}

void backend_memory_close(struct backend_memory **backend_p)
{
    struct backend_memory *backend = *backend_p;
    if (backend == NULL) {
        return;
    }
    for (uint32_t i = 0; i < backend->count; i++) {
        free(backend->records[i].bytes);
    }
    free(backend->records);
    pthread_mutex_destroy(&backend->lock);
    free(backend);
    *backend_p = NULL;
}

/* ---- what is held; all with the lock taken ---- */

static uint64_t last_held(const struct backend_memory *backend)
{
    if (backend->count == 0) {
        return 0;
    }
    const struct held *end = &backend->records[backend->count - 1];
    return end->first + end->facts - 1;
}

static bool hold(struct backend_memory *backend, const struct append *append)
{
    if (backend->count == backend->room) {
        uint32_t room = backend->room == 0 ? RECORDS_FIRST_ROOM : backend->room * 2;
        struct held *records = realloc(backend->records, room * sizeof(*records));
        if (records == NULL) {
            return false;
        }
        backend->records = records;
        backend->room = room;
    }
    uint8_t *bytes = malloc(append->record.size);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, append->record.data, append->record.size);
    backend->records[backend->count++] = (struct held){
        .first = append->expected_last + 1,
        .facts = append->facts,
        .digest = append->digest,
        .bytes = bytes,
        .size = append->record.size,
    };
    backend->bytes += append->record.size;
    backend->syncs++;
    return true;
}

/* The record holding `position`, or the first one behind it; count at the end. */
static uint32_t find(const struct backend_memory *backend, uint64_t position)
{
    uint32_t low = 0;
    uint32_t high = backend->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct held *held = &backend->records[middle];
        struct record record;
        struct lt_bytes bytes = {held->bytes, held->size};
        uint32_t facts = record_read(bytes, &record, NULL) == LT_OK ? record.count : 1;
        if (held->first + facts - 1 < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The last record held is this one: it was written, only its answer was lost. */
static bool ends_with(const struct backend_memory *backend, const struct append *append)
{
    if (backend->count == 0) {
        return false;
    }
    const struct held *end = &backend->records[backend->count - 1];
    return end->first == append->expected_last + 1 && digest_equal(&end->digest, &append->digest);
}

/* The answer to the append in flight, written or not as the rules and its plan say. */
static enum append_result settle(struct backend_memory *backend)
{
    const struct append *append = &backend->append;
    if (append->epoch != backend->epoch) {
        return APPEND_FENCED;
    }
    bool already = ends_with(backend, append);
    if (!already && last_held(backend) != append->expected_last) {
        return APPEND_REFUSED;
    }
    enum append_result result = backend->plan.result;
    bool write = result == APPEND_DURABLE || (backend->plan.written && result != APPEND_FULL);
    if (write && !already && !hold(backend, append)) {
        return APPEND_FULL;
    }
    return result;
}

/* ---- the door ---- */

static enum lt_status memory_acquire(void *self, const char *owner, uint64_t *ret_epoch,
                                     struct fault *fault)
{
    struct backend_memory *backend = self;
    (void)owner;
    pthread_mutex_lock(&backend->lock);
    bool pending = backend->pending;
    if (!pending) {
        backend->owned = true;
        *ret_epoch = ++backend->epoch;
    }
    pthread_mutex_unlock(&backend->lock);
    return pending ? fault_set(fault, LT_AGAIN, "journal", "an append is in flight") : LT_OK;
}

static enum lt_status memory_append_start(void *self, const struct append *append)
{
    struct backend_memory *backend = self;
    enum lt_status status = LT_OK;
    pthread_mutex_lock(&backend->lock);
    if (!backend->owned) {
        status = LT_FENCED;
    } else if (backend->latched) {
        status = LT_IO;
    } else if (backend->pending) {
        status = LT_AGAIN;
    } else {
        backend->append = *append;
        backend->plan = backend->next;
        backend->next = plan_plain;
        backend->pending = true;
    }
    pthread_mutex_unlock(&backend->lock);
    return status;
}

static bool memory_append_done(void *self, enum append_result *ret_result, struct fault *fault)
{
    struct backend_memory *backend = self;
    pthread_mutex_lock(&backend->lock);
    bool done = backend->pending && backend->plan.polls == 0;
    if (done) {
        enum append_result result = settle(backend);
        backend->pending = false;
        backend->latched = result == APPEND_REFUSED;
        *ret_result = result;
        if (result == APPEND_REFUSED) {
            fault_set(fault, LT_IO, "journal", "refused at last position %llu",
                      (unsigned long long)last_held(backend));
        }
    } else if (backend->pending) {
        backend->plan.polls--;
    }
    pthread_mutex_unlock(&backend->lock);
    return done;
}

static int memory_fd(void *self)
{
    (void)self;
    return -1;
}

static enum lt_status memory_view(void *self, uint64_t position,
                                  enum lt_status (*look)(void *context, uint64_t first,
                                                         struct lt_bytes record),
                                  void *context)
{
    struct backend_memory *backend = self;
    enum lt_status status = LT_NOT_FOUND;
    pthread_mutex_lock(&backend->lock);
    uint32_t at = find(backend, position);
    if (at < backend->count) {
        const struct held *held = &backend->records[at];
        status = look(context, held->first, (struct lt_bytes){held->bytes, held->size});
    }
    pthread_mutex_unlock(&backend->lock);
    return status;
}

static enum lt_status memory_cut(void *self, uint64_t below, struct fault *fault)
{
    struct backend_memory *backend = self;
    if (!backend->owned || backend->pending) {
        return fault_set(fault, backend->pending ? LT_AGAIN : LT_FENCED, "journal",
                         "not to be cut now");
    }
    pthread_mutex_lock(&backend->lock);
    uint32_t gone = 0;
    while (gone + 1 < backend->count &&
           backend->records[gone].first + backend->records[gone].facts <= below) {
        backend->bytes -= backend->records[gone].size;
        free(backend->records[gone].bytes);
        gone++;
    }
    backend->count -= gone;
    if (gone > 0) {
        memmove(backend->records, backend->records + gone,
                backend->count * sizeof(*backend->records));
    }
    pthread_mutex_unlock(&backend->lock);
    return LT_OK;
}

static void memory_status(void *self, struct backend_status *ret_status)
{
    struct backend_memory *backend = self;
    pthread_mutex_lock(&backend->lock);
    struct backend_status at = {
        .first = backend->count > 0 ? backend->records[0].first : 0,
        .last = last_held(backend),
        .epoch = backend->epoch,
        .used_bytes = backend->bytes,
        .syncs = backend->syncs,
    };
    pthread_mutex_unlock(&backend->lock);
    *ret_status = at;
}

struct journal_backend backend_memory_door(struct backend_memory *backend)
{
    return (struct journal_backend){
        .self = backend,
        .acquire = memory_acquire,
        .append_start = memory_append_start,
        .append_done = memory_append_done,
        .fd = memory_fd,
        .view = memory_view,
        .cut = memory_cut,
        .status = memory_status,
    };
}

enum lt_status backend_memory_copy(struct backend_memory *from, struct backend_memory **ret_copy)
{
    struct backend_memory *copy = NULL;
    enum lt_status status = backend_memory_open(&copy);
    if (status != LT_OK) {
        return status;
    }
    pthread_mutex_lock(&from->lock);
    copy->epoch = from->epoch;
    for (uint32_t i = 0; i < from->count && status == LT_OK; i++) {
        const struct held *held = &from->records[i];
        const struct append append = {.expected_last = held->first - 1,
                                      .facts = held->facts,
                                      .record = {held->bytes, held->size},
                                      .digest = held->digest};
        status = hold(copy, &append) ? LT_OK : LT_NO_MEMORY;
    }
    pthread_mutex_unlock(&from->lock);
    if (status != LT_OK) {
        backend_memory_close(&copy);
        return status;
    }
    *ret_copy = copy;
    return LT_OK;
}

/* ---- faults ---- */

void backend_memory_plan(struct backend_memory *backend, enum append_result result, uint32_t polls,
                         bool written_all_the_same)
{
    pthread_mutex_lock(&backend->lock);
    backend->next = (struct plan){result, polls, written_all_the_same};
    pthread_mutex_unlock(&backend->lock);
}

void backend_memory_crash(struct backend_memory *backend, bool keep_in_flight)
{
    pthread_mutex_lock(&backend->lock);
    if (backend->pending && keep_in_flight) {
        backend->plan = (struct plan){APPEND_DURABLE, 0, true};
        (void)settle(backend);
    }
    backend->pending = false;
    backend->owned = false;
    backend->latched = false;
    backend->next = plan_plain;
    pthread_mutex_unlock(&backend->lock);
}

void backend_memory_damage(struct backend_memory *backend, uint64_t position, uint32_t bit)
{
    pthread_mutex_lock(&backend->lock);
    uint32_t at = find(backend, position);
    assert(at < backend->count);
    struct held *held = &backend->records[at];
    size_t byte = (bit / 8) % held->size;
    held->bytes[byte] ^= (uint8_t)(1u << (bit % 8));
    pthread_mutex_unlock(&backend->lock);
}
