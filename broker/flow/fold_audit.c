/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The audit index, folded: who did what, who saw what. One function takes the person out of every
 * kind of fact that has one; a kind that gets a person later is added here. What the broker does by
 * itself names nobody and is not entered.
 *
 * Where two people stand behind an act it is entered for both. A view of what is masked is entered
 * for its transfer as well. A fact of the hot path costs one switch.
 */
#include "fold_audit.h"

#include "broker/journal/fact_plan.h"
#include "broker/journal/fact_seen.h"
#include "broker/journal/format.h"
#include "broker/registry/agency.h"
#include "broker/registry/rights.h"
#include "broker/transfer/audit_record.h"
#include "proto/base/text.h"

/* ---- about a transfer ---- */

static bool of_act(const struct fact *fact, struct audit_record *record, struct lt_bytes *second)
{
    struct fact_act act;
    if (!fact_read_act(fact->payload, &act)) {
        return false;
    }
    record->act = act.act;
    record->transfer = act.position;
    record->person = act.person;
    record->reason = act.reason;
    *second = act.second;
    return true;
}

static bool of_assigned(const struct fact *fact, struct audit_record *record)
{
    struct fact_assigned assigned;
    if (!fact_read_assigned(fact->payload, &assigned)) {
        return false;
    }
    record->transfer = assigned.position;
    record->agency = assigned.legs_count > 0 ? assigned.legs[0].agency : 0;
    record->person = assigned.person;
    return true;
}

static bool of_rerouted(const struct fact *fact, struct audit_record *record,
                        struct lt_bytes *second)
{
    struct fact_rerouted rerouted;
    if (!fact_read_rerouted(fact->payload, &rerouted)) {
        return false;
    }
    record->transfer = rerouted.position;
    record->agency = rerouted.to;
    record->person = rerouted.person;
    record->reason = rerouted.reason;
    *second = rerouted.second;
    return true;
}

static bool of_seen(const struct fact *fact, struct audit_record *record)
{
    struct fact_seen seen;
    if (!fact_read_seen(fact->payload, &seen)) {
        return false;
    }
    record->act = seen.what;
    record->transfer = seen.position;
    record->person = seen.person;
    record->reason = seen.purpose;
    return true;
}

/* ---- about agencies, plans, the house ---- */

static uint32_t registry_agency(const struct flow *flow, const struct fact_registry *change)
{
    struct agency agency;
    struct rights rights;
    struct route route;
    switch (change->change) {
    case REGISTRY_AGENCY:
        return agency_read(change->entry, &agency) ? agency.number : 0;
    case REGISTRY_RIGHTS:
        return rights_read(change->entry, &rights) ? rights.agency : 0;
    case REGISTRY_ROUTE:
    case REGISTRY_ROUTE_GONE:
        break;
    default:
        return 0;
    }
    if (!route_read(change->entry, &route)) {
        return 0;
    }
    const struct agency *to = registry_by_id(flow->registry, text_bytes(route.to));
    return to == NULL ? 0 : to->number;
}

static bool of_registry(const struct flow *flow, const struct fact *fact,
                        struct audit_record *record)
{
    struct fact_registry change;
    if (!fact_read_registry(fact->payload, &change)) {
        return false;
    }
    record->act = change.change;
    record->agency = registry_agency(flow, &change);
    record->person = change.person;
    record->reason = change.reason;
    return true;
}

static bool of_incident(const struct fact *fact, struct audit_record *record)
{
    struct fact_incident incident;
    if (!fact_read_incident(fact->payload, &incident)) {
        return false;
    }
    record->act = incident.change;
    record->number = incident.number;
    record->agency = incident.agency;
    record->person = incident.person;
    record->reason = incident.reason;
    return true;
}

static bool of_plan(const struct fact *fact, struct audit_record *record)
{
    struct fact_plan plan;
    struct fact_plan_state state;
    if (fact->kind == FACT_PLAN) {
        if (!fact_read_plan(fact->payload, &plan)) {
            return false;
        }
        record->act = plan.act;
        record->number = plan.number;
        record->agency = plan.to;
        record->person = plan.person;
        record->reason = plan.reason;
        return true;
    }
    if (!fact_read_plan_state(fact->payload, &state)) {
        return false;
    }
    record->act = state.state;
    record->number = state.number;
    record->person = state.person;
    record->reason = state.reason;
    return true;
}

static bool of_copy(const struct fact *fact, struct audit_record *record)
{
    struct fact_backup backup;
    struct fact_cut cut;
    if (fact->kind == FACT_BACKUP) {
        if (!fact_read_backup(fact->payload, &backup)) {
            return false;
        }
        record->act = backup.what;
        record->number = backup.position;
        record->person = backup.person;
        return true;
    }
    if (!fact_read_cut(fact->payload, &cut)) {
        return false;
    }
    record->number = cut.below;
    record->person = cut.person;
    return true;
}

static bool of_house(const struct fact *fact, struct audit_record *record)
{
    struct fact_restored restored;
    struct fact_shield shield;
    struct fact_clock clock;
    struct fact_format format;
    if (fact->kind == FACT_FORMAT && fact_read_format(fact->payload, &format)) {
        record->number = format.format;
        record->person = format.person;
        record->reason = format.reason;
        return true;
    }
    if (fact->kind == FACT_RESTORED && fact_read_restored(fact->payload, &restored)) {
        record->act = restored.change;
        record->number = restored.position;
        record->person = restored.person;
        record->reason = restored.reason;
        return true;
    }
    if (fact->kind == FACT_SHIELD && fact_read_shield(fact->payload, &shield)) {
        record->act = shield.on ? 1 : 0;
        record->agency = shield.agency;
        record->person = shield.person;
        record->reason = shield.reason;
        return true;
    }
    if (fact->kind == FACT_CLOCK && fact_read_clock(fact->payload, &clock)) {
        record->act = clock.change;
        record->person = clock.person;
        record->reason = clock.reason;
        return true;
    }
    return false;
}

/* ---- the index ---- */

static bool take(const struct flow *flow, const struct fact *fact, struct audit_record *record,
                 struct lt_bytes *second)
{
    switch (fact->kind) {
    case FACT_ACT:
        return of_act(fact, record, second);
    case FACT_ASSIGNED:
        return of_assigned(fact, record);
    case FACT_REROUTED:
        return of_rerouted(fact, record, second);
    case FACT_SEEN:
        return of_seen(fact, record);
    case FACT_REGISTRY:
        return of_registry(flow, fact, record);
    case FACT_INCIDENT:
        return of_incident(fact, record);
    case FACT_PLAN:
    case FACT_PLAN_STATE:
        return of_plan(fact, record);
    case FACT_BACKUP:
    case FACT_CUT:
        return of_copy(fact, record);
    case FACT_RESTORED:
    case FACT_SHIELD:
    case FACT_CLOCK:
    case FACT_FORMAT:
        return of_house(fact, record);
    default:
        return false;
    }
}

void fold_audit(struct flow *flow, const struct fact *fact)
{
    uint8_t key[RECORD_KEY_MAX];
    uint8_t value[AUDIT_VALUE_BYTES];
    struct lt_bytes second = {NULL, 0};
    struct audit_record record = {.time_ms = fact->time_ms, .kind = fact->kind};
    if (!take(flow, fact, &record, &second) || record.person.size == 0) {
        return;
    }
    struct lt_bytes written = audit_write(value, &record);
    state_put(flow->state, STATE_AUDIT, audit_person_key(key, record.person, fact->position),
              written);
    if (second.size > 0) {
        state_put(flow->state, STATE_AUDIT, audit_person_key(key, second, fact->position), written);
    }
    if (fact->kind == FACT_SEEN) {
        state_put(flow->state, STATE_AUDIT,
                  audit_transfer_key(key, record.transfer, fact->position), written);
    }
}
