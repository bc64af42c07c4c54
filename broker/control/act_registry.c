/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What registrars change: one entry at a time, whole, checked against the registry as it stands
 * with everything staged before it. An agency's number is given here and nowhere else; an entry
 * that names a number may only name its own. Equal bytes change nothing and are no fact, so an
 * import can be repeated. A suspension and its end are told why; every other change may be.
 */
#include "broker/limits.h"
#include "broker/registry/agency.h"
#include "judge.h"
#include "proto/base/text.h"

#define FACT_BYTES (AGENCY_BYTES_MAX + LT_REASON_MAX + 256)

/* Makes the fact unless only asked what would be; *ret_position is 0 then. */
static enum lt_status stage(struct ask *ask, enum registry_change change, struct lt_bytes entry,
                            uint64_t *ret_position)
{
    uint8_t memory[FACT_BYTES];
    struct fact_registry fact = {
        .change = (uint8_t)change,
        .person = text_bytes(ask->person->name),
        .entry = entry,
        .reason = ask_arg(ask, "reason"),
    };
    fact.reason.size = utf8_cut((const char *)fact.reason.data, fact.reason.size, LT_REASON_MAX);
    *ret_position = 0;
    if (ask_flag(ask, "dry_run")) {
        return LT_OK;
    }
    return ask_fact(ask, FACT_REGISTRY, fact_write_registry(memory, sizeof(memory), &fact),
                    ret_position);
}

static void put_change(struct ask *ask, const char *change, uint64_t position)
{
    page_text(&ask->page, "change", change);
    page_number(&ask->page, "position", position);
}

/* ---- agencies ---------------------------------------------------------------------------------
 */

static enum lt_status payload_missing(struct ask *ask)
{
    return fault_set(&ask->fault, ask->query->payload.size == 0 ? LT_FIELD_MISSING : LT_FIELD_BAD,
                     "payload", "%zu bytes", ask->query->payload.size);
}

/* The number an entry gets. A new agency has none yet; a known one has its own. */
static enum lt_status give_number(struct ask *ask, const struct agency *known,
                                  struct agency *agency)
{
    const struct registry *registry = ask->flow->registry;
    if (known == NULL && agency->number != 0) {
        return fault_set(&ask->fault, LT_FIELD_BAD, "number", "%u: a new agency has none",
                         agency->number);
    }
    agency->number = known != NULL ? known->number : registry_next_number(registry);
    if (agency->number > AGENCIES_MAX) {
        return fault_set(&ask->fault, LT_NO_MEMORY, "id", "%s: > %d", agency->id, AGENCIES_MAX);
    }
    return LT_OK;
}

static void put_agency_change(struct ask *ask, const struct agency *agency, const char *change,
                              uint64_t position)
{
    page_row(&ask->page);
    page_text(&ask->page, "id", agency->id);
    page_number(&ask->page, "number", agency->number);
    put_change(ask, change, position);
}

enum lt_status act_agency_put(struct ask *ask)
{
    uint8_t before_bytes[AGENCY_BYTES_MAX];
    uint8_t after_bytes[AGENCY_BYTES_MAX];
    struct agency agency;
    uint64_t position = 0;
    const char *change = "added";
    if (!agency_read(ask->query->payload, &agency)) {
        return payload_missing(ask);
    }
    enum lt_status status = registry_check(ask->flow->registry, &agency, &ask->fault);
    if (status != LT_OK) {
        return status;
    }
    if (!operator_may_touch(ask->person, agency.id)) {
        return fault_set(&ask->fault, LT_SCOPE, "agency", "%s", agency.id);
    }
    const struct agency *known = registry_by_id(ask->flow->registry, text_bytes(agency.id));
    status = give_number(ask, known, &agency);
    if (status != LT_OK) {
        return status;
    }
    struct lt_bytes after = agency_write(after_bytes, sizeof(after_bytes), &agency);
    if (known != NULL) {
        struct lt_bytes before = agency_write(before_bytes, sizeof(before_bytes), known);
        change = bytes_equal(before, after) ? "same" : "changed";
    }
    if (known != NULL && known->suspended != agency.suspended && !ask_flag(ask, "dry_run") &&
        ask_arg(ask, "reason").size == 0) {
        return ask_missing(ask, "reason");
    }
    if (change[0] != 's') {
        status = stage(ask, REGISTRY_AGENCY, after, &position);
    }
    if (status == LT_OK) {
        put_agency_change(ask, &agency, change, position);
    }
    return status;
}

/* ---- routes -----------------------------------------------------------------------------------
 */

static enum lt_status route_change(struct ask *ask, bool gone)
{
    uint8_t memory[ROUTE_BYTES_MAX];
    struct route route;
    uint64_t position = 0;
    if (!route_read(ask->query->payload, &route)) {
        return payload_missing(ask);
    }
    enum lt_status status = registry_check_route(ask->flow->registry, &route, gone, &ask->fault);
    if (status != LT_OK) {
        return status;
    }
    if (!operator_may_touch(ask->person, route.to)) {
        return fault_set(&ask->fault, LT_SCOPE, "agency", "%s", route.to);
    }
    /* It may be removed exactly when it is there. */
    bool there = registry_check_route(ask->flow->registry, &route, true, NULL) == LT_OK;
    bool same = !gone && there;
    if (!same) {
        status = stage(ask, gone ? REGISTRY_ROUTE_GONE : REGISTRY_ROUTE,
                       route_write(memory, sizeof(memory), &route), &position);
    }
    if (status == LT_OK) {
        page_row(&ask->page);
        put_change(ask, same ? "same" : gone ? "removed" : "added", position);
    }
    return status;
}

enum lt_status act_route_put(struct ask *ask)
{
    return route_change(ask, false);
}

enum lt_status act_route_gone(struct ask *ask)
{
    return route_change(ask, true);
}
