/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which file of which agency is on its way, how far it is, and what each agency has used of its
 * share. Owned by the blob thread alone; errands are lent to the other threads one at a time.
 *
 * Limits: BLOB_TRANSFERS_MAX files at once, BLOB_TRANSFERS_AGENCY_MAX of one agency. An agency
 * stays in the table after its last file until its bucket is full again, so that it cannot shake
 * off a cap by beginning anew. When a pool is dry the answer is "busy".
 */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "blob_transfer.h"
#include "proto/base/text.h"
#include "proto/digest.h"

#define DAY_MINUTES 1440
#define MINUTE_MS   60000
#define WEEK_DAYS   7
#define EPOCH_DAY   3 /* 1970-01-01 was a Thursday; Monday is 0 */

enum lt_status blob_table_open(struct blob_table *table, uint64_t seed)
{
    memset(table, 0, sizeof(*table));
    list_init(&table->round);
    enum lt_status status =
        pool_init(&table->moving, "blob transfers", sizeof(struct blob_moving), BLOB_TRANSFERS_MAX);
    if (status == LT_OK) {
        status = pool_init(&table->agencies, "blob agencies", sizeof(struct blob_agency),
                           BLOB_TRANSFERS_MAX);
    }
    if (status == LT_OK) {
        status = map_open(&table->by_id, BLOB_TRANSFERS_MAX, seed);
    }
    if (status != LT_OK) {
        blob_table_close(table);
    }
    return status;
}

void blob_table_close(struct blob_table *table)
{
    for (struct list_node *node = list_first(&table->round); node != NULL;
         node = list_next(&table->round, node)) {
        struct blob_agency *agency = LIST_ENTRY(node, struct blob_agency, in_round);
        while (list_first(&agency->moving) != NULL) {
            blob_end(table, LIST_ENTRY(list_first(&agency->moving), struct blob_moving, in_agency));
        }
    }
    map_close(&table->by_id);
    pool_deinit(&table->agencies);
    pool_deinit(&table->moving);
}

struct blob_agency *blob_agency_of(struct blob_table *table, const char *id)
{
    struct blob_agency *agency = map_get(table->by_id, text_bytes(id));
    if (agency != NULL) {
        return agency;
    }
    agency = pool_take(&table->agencies);
    if (agency == NULL) {
        return NULL;
    }
    text_copy(agency->id, sizeof(agency->id), text_bytes(id));
    list_init(&agency->moving);
    list_node_init(&agency->in_round);
    if (map_put(table->by_id, text_bytes(agency->id), agency) != LT_OK) {
        pool_give(&table->agencies, agency);
        return NULL;
    }
    list_push(&table->round, &agency->in_round);
    return agency;
}

void blob_agency_forget(struct blob_table *table, struct blob_agency *agency)
{
    assert(agency->moving.count == 0);
    list_remove(&table->round, &agency->in_round);
    void *removed = map_remove(table->by_id, text_bytes(agency->id));
    assert(removed == agency);
    pool_give(&table->agencies, agency);
}

bool blob_agency_ask(struct blob_agency *agency, int64_t mono_ms)
{
    if (agency->asks_second != mono_ms / 1000) {
        agency->asks_second = mono_ms / 1000;
        agency->asks = 0;
    }
    if (agency->asks >= BLOB_ASKS_PER_SECOND_MAX) {
        return false;
    }
    agency->asks++;
    return true;
}

bool route_equal(const struct port_route *a, const struct port_route *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* The next file of the agency, from the first when `moving` is NULL. */
static struct blob_moving *next_of(const struct blob_agency *agency,
                                   const struct blob_moving *moving)
{
    struct list_node *node = moving == NULL ? list_first(&agency->moving)
                                            : list_next(&agency->moving, &moving->in_agency);
    return node == NULL ? NULL : LIST_ENTRY(node, struct blob_moving, in_agency);
}

struct blob_moving *blob_upload_of(const struct blob_agency *agency, const struct lt_digest *sha256)
{
    for (struct blob_moving *moving = next_of(agency, NULL); moving != NULL;
         moving = next_of(agency, moving)) {
        if (moving->phase != BLOB_SENDING && digest_equal(&moving->sha256, sha256)) {
            return moving;
        }
    }
    return NULL;
}

struct blob_moving *blob_download_of(const struct blob_agency *agency,
                                     const struct lt_digest *sha256, const struct port_route *route)
{
    for (struct blob_moving *moving = next_of(agency, NULL); moving != NULL;
         moving = next_of(agency, moving)) {
        if (moving->phase == BLOB_SENDING && digest_equal(&moving->sha256, sha256) &&
            route_equal(&moving->route, route)) {
            return moving;
        }
    }
    return NULL;
}

bool blob_table_uploads(const struct blob_table *table, const struct lt_digest *sha256)
{
    for (struct list_node *node = list_first(&table->round); node != NULL;
         node = list_next(&table->round, node)) {
        if (blob_upload_of(LIST_ENTRY(node, struct blob_agency, in_round), sha256) != NULL) {
            return true;
        }
    }
    return false;
}

/* Files sent to the end make room. */
static void end_sent(struct blob_table *table, struct blob_agency *agency)
{
    struct blob_moving *moving = next_of(agency, NULL);
    while (moving != NULL) {
        struct blob_moving *next = next_of(agency, moving);
        if (blob_is_sent(moving)) {
            blob_end(table, moving);
        }
        moving = next;
    }
}

struct blob_moving *blob_begin(struct blob_table *table, struct blob_agency *agency)
{
    if (agency->moving.count >= BLOB_TRANSFERS_AGENCY_MAX) {
        end_sent(table, agency);
    }
    if (agency->moving.count >= BLOB_TRANSFERS_AGENCY_MAX) {
        return NULL;
    }
    struct blob_moving *moving = pool_take(&table->moving);
    if (moving == NULL) {
        return NULL;
    }
    moving->agency = agency;
    moving->fd = -1;
    list_node_init(&moving->in_agency);
    list_push(&agency->moving, &moving->in_agency);
    return moving;
}

void blob_end(struct blob_table *table, struct blob_moving *moving)
{
    if (moving->fd >= 0) {
        close(moving->fd);
    }
    moving->fd = -1;
    list_remove(&moving->agency->moving, &moving->in_agency);
    pool_give(&table->moving, moving);
}

void blob_sent(struct blob_moving *moving)
{
    assert(blob_is_sent(moving));
    close(moving->fd);
    moving->fd = -1;
}

bool blob_is_sent(const struct blob_moving *moving)
{
    return moving->phase == BLOB_SENDING && moving->offset == moving->size;
}

uint64_t blob_pending(const struct blob_agency *agency)
{
    uint64_t bytes = 0;
    for (struct blob_moving *moving = next_of(agency, NULL); moving != NULL;
         moving = next_of(agency, moving)) {
        bytes += moving->phase != BLOB_SENDING ? moving->size : 0;
    }
    return bytes;
}

uint64_t blob_flight(const struct blob_moving *moving)
{
    switch (moving->phase) {
    case BLOB_RECEIVING:
        return moving->reached - moving->offset;
    case BLOB_SENDING:
        return blob_is_sent(moving) ? 0 : moving->offset - moving->acked;
    case BLOB_FINISHING:
    case BLOB_TELLING:
        break;
    }
    return 0;
}

uint64_t blob_table_flight(const struct blob_table *table)
{
    uint64_t bytes = 0;
    for (struct list_node *node = list_first(&table->round); node != NULL;
         node = list_next(&table->round, node)) {
        const struct blob_agency *agency = LIST_ENTRY(node, struct blob_agency, in_round);
        for (struct blob_moving *moving = next_of(agency, NULL); moving != NULL;
             moving = next_of(agency, moving)) {
            bytes += blob_flight(moving);
        }
    }
    return bytes;
}

/* ---- policy ---- */

struct blob_policy blob_policy_default(void)
{
    return (struct blob_policy){.partial_bytes_max = BLOB_PARTIAL_BYTES,
                                .office_from_minute = 7 * 60 + 30,
                                .office_to_minute = 17 * 60,
                                .office_days = 0x1f,
                                .zone_minutes = 7 * 60};
}

bool blob_office_hours(const struct blob_policy *policy, int64_t wall_ms)
{
    int64_t minutes = wall_ms / MINUTE_MS + policy->zone_minutes;
    int64_t day = minutes / DAY_MINUTES;
    int64_t minute = minutes % DAY_MINUTES;
    int64_t weekday = (day + EPOCH_DAY) % WEEK_DAYS;
    if (minute < 0 || weekday < 0) {
        return false; /* before 1970 */
    }
    return (policy->office_days >> weekday & 1) != 0 && minute >= policy->office_from_minute &&
           minute < policy->office_to_minute;
}

uint64_t blob_rate(const struct blob_policy *policy, int64_t wall_ms)
{
    if (policy->office_bytes_per_s != 0 && blob_office_hours(policy, wall_ms)) {
        return policy->office_bytes_per_s;
    }
    return policy->bytes_per_s;
}
