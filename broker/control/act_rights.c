/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an agency may send, asked and granted: the whole entry at a time, as agency-put does it.
 * Lists come sorted from the one who asks; others are refused, so that equal rights are equal bytes
 * and change nothing. Rights that limit nothing remove the entry.
 */
#include <string.h>

#include "ask.h"
#include "broker/flow/enable.h"
#include "broker/registry/rights.h"
#include "proto/base/text.h"

#define FACT_BYTES (RIGHTS_BYTES_MAX + LT_REASON_MAX + 256)

static enum lt_status agency_named(struct ask *ask, const struct agency **ret_agency)
{
    struct lt_bytes id = ask_arg(ask, "id");
    if (id.size == 0) {
        return ask_missing(ask, "id");
    }
    if (!agency_id_valid(id)) {
        return ask_bad(ask, "id");
    }
    const struct agency *agency = registry_by_id(ask->flow->registry, id);
    if (agency == NULL) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "id", "%.*s", (int)id.size,
                         (const char *)id.data);
    }
    *ret_agency = agency;
    return LT_OK;
}

/* As an entry; without one, an entry that limits nothing. */
static struct rights rights_of(const struct agency *agency)
{
    struct rights rights;
    memset(&rights, 0, sizeof(rights));
    if (agency->rights != NULL) {
        rights = *agency->rights;
    }
    rights.agency = agency->number;
    return rights;
}

enum lt_status query_rights_get(struct ask *ask)
{
    uint8_t memory[RIGHTS_BYTES_MAX];
    const struct agency *agency = NULL;
    enum lt_status status = agency_named(ask, &agency);
    if (agency == NULL) {
        return status;
    }
    struct rights rights = rights_of(agency);
    page_row(&ask->page);
    page_text(&ask->page, "id", agency->id);
    page_number(&ask->page, "number", agency->number);
    page_hex(&ask->page, "rights", rights_write(memory, sizeof(memory), &rights));
    return LT_OK;
}

/* The entry asked for, with the number of the agency it is for. */
static enum lt_status entry_read(struct ask *ask, const struct agency *agency,
                                 struct rights *ret_rights)
{
    struct lt_bytes payload = ask->query->payload;
    if (!rights_read(payload, ret_rights)) {
        return fault_set(&ask->fault, payload.size == 0 ? LT_FIELD_MISSING : LT_FIELD_BAD,
                         "payload", "%zu bytes", payload.size);
    }
    if (ret_rights->agency != 0 && ret_rights->agency != agency->number) {
        return fault_set(&ask->fault, LT_FIELD_BAD, "number", "%u: %s has %u", ret_rights->agency,
                         agency->id, agency->number);
    }
    ret_rights->agency = agency->number;
    return rights_check(ret_rights, &ask->fault);
}

enum lt_status act_rights_put(struct ask *ask)
{
    uint8_t before[RIGHTS_BYTES_MAX];
    uint8_t after[RIGHTS_BYTES_MAX];
    uint8_t memory[FACT_BYTES];
    const struct agency *agency = NULL;
    struct rights rights;
    uint64_t position = 0;
    enum lt_status status = agency_named(ask, &agency);
    if (agency == NULL) {
        return status;
    }
    status = entry_read(ask, agency, &rights);
    if (status != LT_OK) {
        return status;
    }
    /* The release before reads no rights. */
    if (ask->flow->format < FORMAT_TRUST) {
        return fault_set(&ask->fault, LT_FORMAT_NOT_ENABLED, "format", "%u", FORMAT_TRUST);
    }
    if (!operator_may_touch(ask->person, agency->id)) {
        return fault_set(&ask->fault, LT_SCOPE, "agency", "%s", agency->id);
    }
    struct lt_bytes reason = ask_arg(ask, "reason");
    reason.size = utf8_cut((const char *)reason.data, reason.size, LT_REASON_MAX);
    struct rights known = rights_of(agency);
    struct fact_registry fact = {
        .change = REGISTRY_RIGHTS,
        .person = text_bytes(ask->person->name),
        .entry = rights_write(after, sizeof(after), &rights),
        .reason = reason,
    };
    bool same = bytes_equal(rights_write(before, sizeof(before), &known), fact.entry);
    if (!same && !ask_flag(ask, "dry_run")) {
        status = ask_fact(ask, FACT_REGISTRY, fact_write_registry(memory, sizeof(memory), &fact),
                          &position);
    }
    if (status == LT_OK) {
        page_row(&ask->page);
        page_text(&ask->page, "id", agency->id);
        page_number(&ask->page, "number", agency->number);
        page_text(&ask->page, "change", same ? "same" : "changed");
        page_number(&ask->page, "position", position);
    }
    return status;
}
