/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Incidents as they are folded: a record per incident that is kept for good, an entry per open one,
 * and the mirror in the desk of its agency, which is what dispatch and settle look at. An agency
 * has at most one open incident: whatever else fails while it is open belongs to it. Beside them
 * the counts of parked legs by agency and cause, changed with every leg that parks or leaves, so
 * that a million of them are told by a few looks.
 */
#include "fold_incident.h"

#include <assert.h>
#include <string.h>

#include "proto/base/text.h"

static void incident_store(struct flow *flow, const struct incident *incident)
{
    uint8_t key[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    state_put(flow->state, STATE_INCIDENTS, incident_key(key, incident->number),
              incident_write(value, incident));
}

enum lt_status incident_load(struct flow *flow, uint64_t number, struct incident *ret_incident)
{
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes value;
    enum lt_status status =
        state_get(flow->state, STATE_INCIDENTS, incident_key(key, number), &value);
    if (status != LT_OK) {
        return status;
    }
    return incident_read(value, ret_incident) ? LT_OK : LT_DAMAGED;
}

static void mirror(struct flow *flow, const struct incident *incident)
{
    struct desk *desk = desk_of(&flow->desks, incident->agency);
    bool open = incident->closed_ms == 0;
    desk->incident = open ? incident->number : 0;
    desk->incident_code = open ? incident->code : 0;
    desk->incident_count = open ? incident->count : 0;
    desk->probes = open ? incident->probes : 0;
    desk->probe_due_ms = open ? incident->due_ms : 0;
    if (incident->number > flow->incidents) {
        flow->incidents = incident->number;
    }
    desk_wake(&flow->desks, desk);
}

static enum lt_status fold_opened(struct flow *flow, const struct fact *fact,
                                  const struct fact_incident *f)
{
    uint8_t key[RECORD_KEY_MAX];
    uint8_t value[RECORD_VALUE_MAX];
    struct incident incident;
    if (f->number <= flow->incidents || desk_of(&flow->desks, f->agency)->incident != 0) {
        return LT_DAMAGED;
    }
    memset(&incident, 0, sizeof(incident));
    incident.number = f->number;
    incident.agency = f->agency;
    incident.code = f->code;
    incident.count = f->count;
    incident.opened_ms = fact->time_ms;
    incident.last_ms = fact->time_ms;
    incident.due_ms = f->due_ms;
    incident_store(flow, &incident);
    state_put(flow->state, STATE_INCIDENTS, incident_open_key(key, f->agency, f->code),
              incident_number_write(value, f->number));
    state_put(flow->state, STATE_INCIDENTS, incident_last_key(key),
              incident_number_write(value, f->number));
    mirror(flow, &incident);
    return LT_OK;
}

static void fold_noted(struct incident *incident, const struct fact_incident *f)
{
    text_copy(incident->person, sizeof(incident->person), f->person);
    text_copy(incident->comment, sizeof(incident->comment), f->reason);
}

enum lt_status fold_incident(struct flow *flow, const struct fact *fact)
{
    uint8_t key[RECORD_KEY_MAX];
    struct fact_incident f;
    struct incident incident;
    if (!fact_read_incident(fact->payload, &f) || f.agency > AGENCIES_MAX) {
        return LT_DAMAGED;
    }
    if (f.change == INCIDENT_OPENED) {
        return fold_opened(flow, fact, &f);
    }
    if (incident_load(flow, f.number, &incident) != LT_OK || incident.agency != f.agency) {
        return LT_DAMAGED;
    }
    if (f.change == INCIDENT_NOTED) {
        fold_noted(&incident, &f);
        incident_store(flow, &incident);
        return LT_OK;
    }
    if (incident.closed_ms != 0) {
        return LT_DAMAGED;
    }
    incident.last_ms = fact->time_ms;
    incident.count = f.count;
    incident.due_ms = f.due_ms;
    if (f.change == INCIDENT_TRIED) {
        incident.probes++;
    } else {
        incident.closed_ms = fact->time_ms;
        state_delete(flow->state, STATE_INCIDENTS,
                     incident_open_key(key, incident.agency, incident.code));
    }
    incident_store(flow, &incident);
    mirror(flow, &incident);
    return LT_OK;
}

static enum lt_status load_last(struct flow *flow)
{
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes value;
    enum lt_status status = state_get(flow->state, STATE_INCIDENTS, incident_last_key(key), &value);
    if (status != LT_OK) {
        return status == LT_NOT_FOUND ? LT_OK : status;
    }
    return incident_number_read(value, &flow->incidents) ? LT_OK : LT_DAMAGED;
}

enum lt_status load_incidents(struct flow *flow)
{
    uint8_t from[RECORD_KEY_MAX];
    struct state_entry at;
    enum lt_status status = load_last(flow);
    if (status == LT_OK) {
        status = state_seek(flow->state, STATE_INCIDENTS, incident_open_key(from, 0, 0), &at);
    }
    while (status == LT_OK && at.found) {
        uint32_t agency;
        uint16_t code;
        uint64_t number;
        struct incident incident;
        if (!incident_open_key_read(at.key, &agency, &code)) {
            break; /* behind the open ones */
        }
        if (agency > AGENCIES_MAX || !incident_number_read(at.value, &number) ||
            incident_load(flow, number, &incident) != LT_OK || incident.agency != agency) {
            return LT_DAMAGED;
        }
        mirror(flow, &incident);
        status = state_step(flow->state, &at);
    }
    return status;
}

/* ---- parked legs, counted ----------------------------------------------------------------------
 */

static uint64_t count_get(struct flow *flow, struct lt_bytes key)
{
    struct lt_bytes value;
    uint64_t count = 0;
    if (state_get(flow->state, STATE_INCIDENTS, key, &value) == LT_OK) {
        (void)incident_number_read(value, &count);
    }
    return count;
}

static void count_add(struct flow *flow, struct lt_bytes key, int change)
{
    uint8_t value[RECORD_VALUE_MAX];
    uint64_t count = count_get(flow, key);
    assert(change > 0 || count > 0);
    count += (uint64_t)(int64_t)change;
    if (count == 0) {
        state_delete(flow->state, STATE_INCIDENTS, key);
    } else {
        state_put(flow->state, STATE_INCIDENTS, key, incident_number_write(value, count));
    }
}

void parked_counted(struct flow *flow, uint32_t agency, const struct parked *parked, int change)
{
    uint8_t key[RECORD_KEY_MAX];
    struct lt_bytes none = {NULL, 0};
    struct lt_bytes words = text_bytes(parked->words);
    count_add(flow, parked_count_key(key, agency, parked->code, none), change);
    count_add(flow, parked_count_key(key, COUNT_ALL, parked->code, none), change);
    if (words.size > 0) {
        count_add(flow, parked_count_key(key, agency, parked->code, words), change);
    }
}

uint64_t parked_count(struct flow *flow, uint32_t agency, uint16_t code)
{
    uint8_t key[RECORD_KEY_MAX];
    return count_get(flow, parked_count_key(key, agency, code, (struct lt_bytes){NULL, 0}));
}
