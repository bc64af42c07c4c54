/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Questions come through a queue with a semaphore each; a blob thread waits for the turn that
 * answers it and is told LT_BUSY when the core ends. Events wait in a ring for the ticket of their
 * fact, in order, because positions only rise. At most EVENTS_WAITING_MAX files wait between disk
 * and journal; the event queue holds the rest.
 */
#include "blob_desk.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "broker/flow/steps.h"
#include "broker/transfer/record.h"
#include "proto/base/text.h"

#define ASKS_MAX           64
#define EVENTS_WAITING_MAX 256
#define GONE_WAITING_MAX   64

enum question { MAY_STORE, MAY_FETCH, IS_HELD };

struct ask {
    enum question question;
    const char *agency;
    struct lt_digest sha256;
    uint64_t size; /* in: of the file; out: of the file held */
    uint64_t pending_bytes;
    enum lt_status status;
    sem_t answered;
};

struct waiting_event {
    struct blob_event *event;
    uint64_t position;
};

struct waiting_gone {
    struct lt_digest sha256;
    uint64_t position;
};

struct blob_desk {
    struct queue *asks;
    struct blobs *blobs;
    atomic_bool stopped;
    uint64_t quota_bytes;
    struct waiting_event events[EVENTS_WAITING_MAX];
    uint32_t events_first;
    uint32_t events_count;
    struct waiting_gone gone[GONE_WAITING_MAX];
    uint32_t gone_count;
    int64_t swept_ms;
    struct lt_digest sweep_from;
};

enum lt_status blob_desk_open(struct blob_desk **ret_desk, uint64_t quota_bytes)
{
    struct blob_desk *desk = calloc(1, sizeof(*desk));
    if (desk == NULL) {
        return LT_NO_MEMORY;
    }
    desk->quota_bytes = quota_bytes;
    enum lt_status status = queue_open(&desk->asks, ASKS_MAX);
    if (status != LT_OK) {
        free(desk);
        return status;
    }
    *ret_desk = desk;
    return LT_OK;
}

void blob_desk_close(struct blob_desk **desk_p)
{
    if (*desk_p == NULL) {
        return;
    }
    queue_close(&(*desk_p)->asks);
    free(*desk_p);
    *desk_p = NULL;
}

void blob_desk_quota(struct blob_desk *desk, uint64_t quota_bytes)
{
    desk->quota_bytes = quota_bytes;
}

void blob_desk_attach(struct blob_desk *desk, struct blobs *blobs)
{
    desk->blobs = blobs;
}

uint32_t blob_desk_fds(const struct blob_desk *desk, int fds[2])
{
    fds[0] = queue_fd(desk->asks);
    fds[1] = queue_fd(blobs_events(desk->blobs));
    return 2;
}

/* ---- on the blob threads ------------------------------------------------------------------- */

static enum lt_status ask_core(struct blob_desk *desk, struct ask *ask)
{
    if (atomic_load(&desk->stopped) || sem_init(&ask->answered, 0, 0) != 0) {
        return LT_BUSY;
    }
    ask->status = LT_BUSY;
    if (!queue_push(desk->asks, ask)) {
        sem_destroy(&ask->answered);
        return LT_BUSY;
    }
    /* The core answers every question it took from the queue, at its end too (blob_desk_stop), so
     * waiting without a limit cannot hang and the ask never outlives this frame. */
    while (sem_wait(&ask->answered) != 0) {
    }
    sem_destroy(&ask->answered);
    return ask->status;
}

static enum lt_status may_store(void *self, const char *agency, const struct lt_digest *sha256,
                                uint64_t size, uint64_t pending_bytes)
{
    struct ask ask = {.question = MAY_STORE,
                      .agency = agency,
                      .sha256 = *sha256,
                      .size = size,
                      .pending_bytes = pending_bytes};
    return ask_core(self, &ask);
}

static enum lt_status may_fetch(void *self, const char *agency, const struct lt_digest *sha256,
                                uint64_t *ret_size)
{
    struct ask ask = {.question = MAY_FETCH, .agency = agency, .sha256 = *sha256};
    enum lt_status status = ask_core(self, &ask);
    if (status == LT_OK) {
        *ret_size = ask.size;
    }
    return status;
}

static enum lt_status is_held(void *self, const struct lt_digest *sha256)
{
    struct ask ask = {.question = IS_HELD, .sha256 = *sha256};
    return ask_core(self, &ask);
}

struct blob_rights blob_desk_rights(struct blob_desk *desk)
{
    return (struct blob_rights){
        .self = desk, .may_store = may_store, .may_fetch = may_fetch, .is_held = is_held};
}

/* ---- on the core --------------------------------------------------------------------------- */

static enum lt_status look_up(struct flow *flow, const struct lt_digest *sha256, uint32_t agency,
                              struct blob_record *ret_blob)
{
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes value;
    enum lt_status status =
        state_get(flow->state, STATE_BLOBS, blob_record_key(key, sha256, agency), &value);
    if (status != LT_OK) {
        return status;
    }
    return blob_record_read(value, ret_blob) ? LT_OK : LT_DAMAGED;
}

static enum lt_status store_right(const struct blob_desk *desk, struct flow *flow,
                                  const struct agency *agency, const struct ask *ask)
{
    struct blob_record blob;
    uint64_t quota = agency->blob_quota_bytes != 0 ? agency->blob_quota_bytes : desk->quota_bytes;
    enum lt_status status = look_up(flow, &ask->sha256, agency->number, &blob);
    if (status == LT_OK && blob.references != 0) {
        return LT_EXISTS;
    }
    if (agency->suspended) {
        return LT_AGENCY_SUSPENDED;
    }
    if (flow->draining || flow_disk_full(flow)) {
        return LT_DISK_RESERVE;
    }
    uint64_t used = desk_of(&flow->desks, agency->number)->counts.blob_bytes;
    return used + ask->pending_bytes + ask->size <= quota ? LT_OK : LT_BLOB_QUOTA;
}

static enum lt_status right_of(const struct blob_desk *desk, struct flow *flow, struct ask *ask)
{
    struct blob_record blob = {0};
    if (ask->question == IS_HELD) {
        return look_up(flow, &ask->sha256, 0, &blob);
    }
    const struct agency *agency = registry_by_id(flow->registry, text_bytes(ask->agency));
    if (agency == NULL) {
        return LT_KEY_UNKNOWN;
    }
    if (ask->question == MAY_STORE) {
        return store_right(desk, flow, agency, ask);
    }
    if (agency->suspended) {
        return LT_AGENCY_SUSPENDED;
    }
    enum lt_status status = look_up(flow, &ask->sha256, agency->number, &blob);
    ask->size = blob.size;
    return status == LT_NOT_FOUND ? LT_BLOB_NOT_YOURS : status;
}

static bool answer_asks(struct blob_desk *desk, struct flow *flow)
{
    struct ask *ask;
    bool any = false;
    while ((ask = queue_pop(desk->asks)) != NULL) {
        ask->status = right_of(desk, flow, ask);
        sem_post(&ask->answered);
        any = true;
    }
    return any;
}

static enum lt_status take_event(struct blob_desk *desk, struct flow *flow,
                                 struct blob_event *event)
{
    uint8_t memory[128];
    uint64_t position;
    const struct agency *agency = registry_by_id(flow->registry, text_bytes(event->agency));
    if (event->status != LT_OK) {
        enum lt_status status = event->status;
        blobs_answer(desk->blobs, event, LT_BUSY);
        return status;
    }
    if (agency == NULL) {
        blobs_answer(desk->blobs, event, LT_KEY_UNKNOWN);
        return LT_OK;
    }
    struct fact_blob blob = {
        .agency = agency->number, .sha256 = event->sha256, .size = event->size};
    enum lt_status status =
        flow_fact(flow, FACT_BLOB, fact_write_blob(memory, sizeof(memory), &blob), &position);
    if (status != LT_OK) {
        return status;
    }
    uint32_t at = (desk->events_first + desk->events_count++) % EVENTS_WAITING_MAX;
    desk->events[at] = (struct waiting_event){.event = event, .position = position};
    return LT_OK;
}

static enum lt_status take_events(struct blob_desk *desk, struct flow *flow, bool *ret_busy)
{
    struct blob_event *event;
    while (desk->events_count < EVENTS_WAITING_MAX && flow_room_small(flow) &&
           (event = queue_pop(blobs_events(desk->blobs))) != NULL) {
        enum lt_status status = take_event(desk, flow, event);
        *ret_busy = true;
        if (status != LT_OK) {
            return status;
        }
    }
    return LT_OK;
}

/* What a ticket covers is told to the agency; files that are gone for good are deleted. */
static void take_tickets(struct blob_desk *desk, const struct flow *flow)
{
    while (desk->events_count > 0 &&
           desk->events[desk->events_first].position <= flow->answers.line) {
        blobs_answer(desk->blobs, desk->events[desk->events_first].event, LT_OK);
        desk->events_first = (desk->events_first + 1) % EVENTS_WAITING_MAX;
        desk->events_count--;
    }
    while (desk->gone_count > 0 &&
           desk->gone[desk->gone_count - 1].position <= flow->answers.line &&
           blobs_collect(desk->blobs, &desk->gone[desk->gone_count - 1].sha256)) {
        desk->gone_count--;
    }
}

static enum lt_status stage_gone(struct blob_desk *desk, struct flow *flow,
                                 const struct lt_digest *sha256)
{
    uint8_t memory[64];
    uint64_t position;
    struct fact_blob_gone gone = {.sha256 = *sha256};
    enum lt_status status = flow_fact(
        flow, FACT_BLOB_GONE, fact_write_blob_gone(memory, sizeof(memory), &gone), &position);
    if (status == LT_OK) {
        desk->gone[desk->gone_count++] =
            (struct waiting_gone){.sha256 = *sha256, .position = position};
    }
    return status;
}

/* Looks at the next entries for a file that no transfer names and that is old enough. */
static enum lt_status sweep(struct blob_desk *desk, struct flow *flow)
{
    uint8_t from[RECORD_KEY_MAX];
    struct lt_digest orphans[GONE_WAITING_MAX];
    uint32_t count = 0;
    uint32_t looked = 0;
    struct state_entry at;
    enum lt_status status =
        state_seek(flow->state, STATE_BLOBS, blob_record_key(from, &desk->sweep_from, 0), &at);
    while (status == LT_OK && at.found && looked < BLOB_SWEEP_ENTRIES &&
           count + desk->gone_count < GONE_WAITING_MAX) {
        static const uint8_t file[4];
        struct blob_record blob;
        looked++;
        memcpy(desk->sweep_from.bytes, at.key.data, sizeof(desk->sweep_from.bytes));
        if (memcmp(at.key.data + sizeof(struct lt_digest), file, sizeof(file)) == 0 &&
            blob_record_read(at.value, &blob) && blob.references == 0 &&
            flow->now_ms - blob.time_ms > BLOB_ORPHAN_AGE_MS) {
            orphans[count++] = desk->sweep_from;
        }
        status = state_step(flow->state, &at);
    }
    if (status == LT_OK && !at.found) {
        memset(&desk->sweep_from, 0, sizeof(desk->sweep_from));
    }
    for (uint32_t i = 0; i < count && flow_room_small(flow) && status == LT_OK; i++) {
        status = stage_gone(desk, flow, &orphans[i]);
    }
    return status;
}

enum lt_status blob_desk_turn(struct blob_desk *desk, struct flow *flow, bool *ret_busy)
{
    take_tickets(desk, flow);
    *ret_busy = answer_asks(desk, flow);
    enum lt_status status = take_events(desk, flow, ret_busy);
    if (status == LT_OK && flow->mono_ms - desk->swept_ms >= BLOB_SWEEP_MS) {
        desk->swept_ms = flow->mono_ms;
        status = sweep(desk, flow);
    }
    return status;
}

void blob_desk_stop(struct blob_desk *desk)
{
    struct ask *ask;
    atomic_store(&desk->stopped, true);
    queue_stop(desk->asks);
    while ((ask = queue_pop(desk->asks)) != NULL) {
        sem_post(&ask->answered); /* LT_BUSY stands */
    }
}
