/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The gates of an agency, as an operator turns them: pause (nothing is delivered to it, its legs
 * wait and say so), drain (nothing new is accepted from it, what is under way goes on), open (both
 * off again). The registry's entry is written whole with the flag changed, as every change of the
 * registry is; the person and the reason stand in the fact.
 *
 * Suspension is another thing and a registrar's: it cuts the agency's sessions.
 */
#include "broker/registry/agency.h"
#include "judge.h"
#include "proto/base/text.h"

#define FACT_BYTES (AGENCY_BYTES_MAX + LT_REASON_MAX + 128)

static enum lt_status turn_gate(struct ask *ask, struct agency *agency)
{
    struct lt_bytes gate = ask_arg(ask, "gate");
    if (gate.size == 0) {
        return ask_missing(ask, "gate");
    }
    if (bytes_equal(gate, text_bytes("pause"))) {
        agency->paused = true;
    } else if (bytes_equal(gate, text_bytes("drain"))) {
        agency->draining = true;
    } else if (bytes_equal(gate, text_bytes("open"))) {
        agency->paused = false;
        agency->draining = false;
    } else {
        return ask_bad(ask, "gate");
    }
    return LT_OK;
}

static enum lt_status stage(struct ask *ask, const struct agency *agency, uint64_t *ret_position)
{
    uint8_t entry[AGENCY_BYTES_MAX];
    uint8_t memory[FACT_BYTES];
    struct fact_registry fact = {
        .change = REGISTRY_AGENCY,
        .person = text_bytes(ask->person->name),
        .entry = agency_write(entry, sizeof(entry), agency),
        .reason = ask_arg(ask, "reason"),
    };
    fact.reason.size = utf8_cut((const char *)fact.reason.data, fact.reason.size, LT_REASON_MAX);
    return ask_fact(ask, FACT_REGISTRY, fact_write_registry(memory, sizeof(memory), &fact),
                    ret_position);
}

static enum lt_status named(struct ask *ask, const struct agency **ret_agency)
{
    uint32_t number = AGENCY_NONE;
    bool given = false;
    enum lt_status status = ask_agency(ask, "id", &number, &given);
    if (status != LT_OK) {
        return status;
    }
    if (!given) {
        return ask_missing(ask, "id");
    }
    const struct agency *agency = registry_by_number(ask->flow->registry, number);
    if (agency == NULL) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "%.*s", (int)ask_arg(ask, "id").size,
                         (const char *)ask_arg(ask, "id").data);
    }
    status = judge_scope(ask, number);
    if (status == LT_OK) {
        *ret_agency = agency;
    }
    return status;
}

enum lt_status act_gate(struct ask *ask)
{
    const struct agency *before = NULL;
    uint64_t position = 0;
    bool dry_run = ask_flag(ask, "dry_run");
    enum lt_status status = named(ask, &before);
    if (before == NULL) {
        return status;
    }
    struct agency agency = *before;
    status = turn_gate(ask, &agency);
    if (status != LT_OK) {
        return status;
    }
    if (ask_arg(ask, "reason").size == 0 && !dry_run) {
        return ask_missing(ask, "reason");
    }
    bool same = before->paused == agency.paused && before->draining == agency.draining;
    if (!same && !dry_run) {
        status = stage(ask, &agency, &position);
    }
    if (status != LT_OK) {
        return status;
    }
    page_row(&ask->page);
    page_text(&ask->page, "id", agency.id);
    page_text(&ask->page, "name", agency.name);
    page_text(&ask->page, "change", same ? "same" : "changed");
    page_flag(&ask->page, "paused", agency.paused);
    page_flag(&ask->page, "draining", agency.draining);
    page_number(&ask->page, "position", position);
    return LT_OK;
}
