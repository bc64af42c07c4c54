/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What auditors ask: who saw what is masked of a case or a transfer, and what a person did. Both
 * walk the audit index, so an answer costs what it shows, however large the journal is; a page ends
 * after SCAN_ROWS_MAX entries looked at and goes on by its cursor. The index tells the whole entry
 * and outlives a cut; transfers that the state knows are named by id and case code.
 *
 * Only auditors may ask, and an auditor can do nothing else than look (operators.c).
 */
#include <string.h>

#include "ask.h"
#include "broker/journal/fact_plan.h"
#include "broker/journal/fact_seen.h"
#include "broker/transfer/audit_record.h"
#include "broker/transfer/incident_record.h"
#include "broker/transfer/plan_record.h"
#include "mask.h"
#include "proto/base/text.h"

#define ACTS_CURSOR_BYTES 8  /* position */
#define SAW_CURSOR_BYTES  16 /* position of the transfer, of the view behind which it goes on */

static const char *registry_change_name(uint8_t change)
{
    switch (change) {
    case REGISTRY_AGENCY:
        return "agency";
    case REGISTRY_ROUTE:
        return "route";
    case REGISTRY_ROUTE_GONE:
        return "route-gone";
    case REGISTRY_RIGHTS:
        return "rights";
    default:
        return "";
    }
}

static const char *mark_name(uint8_t what)
{
    return what == MARK_ARCHIVE ? "archive-mark" : what == MARK_BACKUP ? "backup-mark" : "carry";
}

/* What was done, in a word; "" where the kind of the fact says it. */
static const char *act_name(const struct audit_record *record)
{
    switch (record->kind) {
    case FACT_ACT:
        return act_kind_name(record->act);
    case FACT_SEEN:
        return seen_what_name(record->act);
    case FACT_REGISTRY:
        return registry_change_name(record->act);
    case FACT_PLAN:
        return "plan-made";
    case FACT_PLAN_STATE:
        return record->act < PLAN_STATES_END ? plan_state_name((enum plan_state)record->act) : "";
    case FACT_BACKUP:
        return mark_name(record->act);
    case FACT_INCIDENT:
        return "noted";
    case FACT_SHIELD:
        return record->act == 0 ? "unshielded" : "";
    case FACT_CLOCK:
        return "confirmed";
    default:
        return "";
    }
}

/* The transfer by its id and case code; what the state does not know is left out. */
static enum lt_status put_transfer(struct ask *ask, uint64_t position)
{
    struct transfer_key key;
    struct transfer t;
    if (position == 0) {
        return LT_OK;
    }
    enum lt_status status = transfer_at(ask->flow, position, &key, &t);
    if (status == LT_OK) {
        page_id(&ask->page, "id", &key.id);
        row_case(ask, &t);
    }
    return status == LT_NOT_FOUND ? LT_OK : status;
}

static enum lt_status put_record(struct ask *ask, uint64_t position,
                                 const struct audit_record *record)
{
    struct page_draft *page = &ask->page;
    page_row(page);
    page_time(page, "time_ms", record->time_ms);
    page_bytes(page, "person", record->person);
    page_text(page, "event", fact_kind_name(record->kind));
    page_text(page, "act", act_name(record));
    page_bytes(page, record->kind == FACT_SEEN ? "purpose" : "reason", record->reason);
    if (record->agency != 0) {
        row_agency(ask, "agency", "agency_name", record->agency);
    }
    if (record->number != 0) {
        page_number(page, "number", record->number);
    }
    page_number(page, "position", position);
    return put_transfer(ask, record->transfer);
}

/* ---- what a person did ---- */

struct acts {
    uint8_t prefix_bytes[RECORD_KEY_MAX];
    struct lt_bytes prefix;
    uint64_t from; /* position */
    uint64_t since_ms;
    uint64_t until_ms;
    bool until_given;
};

static enum lt_status acts_read(struct ask *ask, struct acts *acts)
{
    struct wire_reader reader;
    bool given;
    struct lt_bytes person = ask_arg(ask, "person");
    memset(acts, 0, sizeof(*acts));
    if (person.size == 0) {
        return ask_missing(ask, "person");
    }
    if (person.size > AUDIT_PERSON_MAX) {
        return ask_bad(ask, "person");
    }
    acts->prefix = audit_person_prefix(acts->prefix_bytes, person);
    enum lt_status status = ask_number(ask, "since", INT64_MAX, &acts->since_ms, &given);
    if (status == LT_OK) {
        status = ask_number(ask, "until", INT64_MAX, &acts->until_ms, &acts->until_given);
    }
    if (status == LT_OK) {
        status = ask_cursor(ask, ACTS_CURSOR_BYTES, &reader, &given);
    }
    if (status == LT_OK && given) {
        acts->from = wire_u64(&reader);
    }
    return status;
}

static void acts_cursor(struct ask *ask, uint64_t position)
{
    uint8_t cursor[ACTS_CURSOR_BYTES];
    struct wire_writer w;
    wire_write_init(&w, cursor, sizeof(cursor));
    wire_put_u64(&w, position);
    page_cursor(&ask->page, wire_written(&w));
}

/* Positions stand in the order of time. */
static bool too_late(const struct acts *acts, const struct audit_record *record)
{
    return acts->until_given && record->time_ms >= (int64_t)acts->until_ms;
}

enum lt_status query_audit_acts(struct ask *ask)
{
    uint8_t key[RECORD_KEY_MAX];
    struct acts acts;
    struct state_entry at;
    enum lt_status status = acts_read(ask, &acts);
    if (status == LT_OK) {
        status = state_seek_part(ask->flow->state, STATE_AUDIT,
                                 audit_person_key(key, ask_arg(ask, "person"), acts.from),
                                 acts.prefix.size, &at);
    }
    while (status == LT_OK && at.found) {
        uint64_t position;
        struct audit_record record;
        if (!audit_key_position(at.key, acts.prefix.size, &position) ||
            !audit_read(at.value, &record)) {
            return LT_DAMAGED;
        }
        if (too_late(&acts, &record)) {
            return LT_OK;
        }
        if (page_full(&ask->page) || !ask_look(ask)) {
            acts_cursor(ask, position);
            return LT_OK;
        }
        if (record.time_ms >= (int64_t)acts.since_ms) {
            status = put_record(ask, position, &record);
        }
        if (status == LT_OK) {
            status = state_step(ask->flow->state, &at);
        }
    }
    return status;
}

/* ---- who saw it ---- */

/* Goes on behind `seen` of the transfer at `transfer`; *ret_full: the page has its cursor. */
static enum lt_status saw_transfer(struct ask *ask, uint64_t transfer, uint64_t seen,
                                   bool *ret_full)
{
    uint8_t key[RECORD_KEY_MAX];
    struct state_entry at;
    enum lt_status status =
        state_seek_part(ask->flow->state, STATE_AUDIT, audit_transfer_key(key, transfer, seen + 1),
                        1 + sizeof(transfer), &at);
    while (status == LT_OK && at.found) {
        uint64_t position;
        struct audit_record record;
        if (!audit_key_position(at.key, 1 + sizeof(transfer), &position) ||
            !audit_read(at.value, &record)) {
            return LT_DAMAGED;
        }
        if (page_full(&ask->page) || !ask_look(ask)) {
            uint8_t cursor[SAW_CURSOR_BYTES];
            struct wire_writer w;
            wire_write_init(&w, cursor, sizeof(cursor));
            wire_put_u64(&w, transfer);
            wire_put_u64(&w, position - 1);
            page_cursor(&ask->page, wire_written(&w));
            *ret_full = true;
            return LT_OK;
        }
        status = put_record(ask, position, &record);
        if (status == LT_OK) {
            status = state_step(ask->flow->state, &at);
        }
    }
    return status;
}

/* The next transfer of a case that was accepted at or after `from`; *ret_position 0: there is none.
 * One scan at a time: the case's is begun anew for each. */
static enum lt_status case_next(struct ask *ask, struct lt_bytes code, uint64_t from,
                                uint64_t *ret_position)
{
    uint8_t key[RECORD_KEY_MAX];
    struct state_entry at;
    struct lt_bytes prefix = case_prefix(key, code);
    size_t prefix_size = prefix.size;
    enum lt_status status =
        state_seek_part(ask->flow->state, STATE_CASES, case_key(key, code, from), prefix_size, &at);
    *ret_position = 0;
    if (status != LT_OK || !at.found) {
        return status;
    }
    return audit_key_position(at.key, prefix_size, ret_position) ? LT_OK : LT_DAMAGED;
}

static enum lt_status saw_case(struct ask *ask, struct lt_bytes code, uint64_t from, uint64_t seen)
{
    bool full = false;
    uint64_t position = 0;
    enum lt_status status = case_next(ask, code, from, &position);
    if (status == LT_OK && position == 0 && from == 0) {
        return fault_set(&ask->fault, LT_NOT_FOUND, "code", "%.*s", (int)code.size,
                         (const char *)code.data);
    }
    while (status == LT_OK && position != 0 && !full) {
        (void)ask_look(ask);
        status = saw_transfer(ask, position, position == from ? seen : 0, &full);
        if (status == LT_OK && !full) {
            status = case_next(ask, code, position + 1, &position);
        }
    }
    return status;
}

enum lt_status query_who_saw(struct ask *ask)
{
    struct transfer_key key;
    struct transfer t;
    struct wire_reader reader;
    bool resumed;
    bool full;
    struct lt_bytes code = ask_arg(ask, "code");
    enum lt_status status = ask_cursor(ask, SAW_CURSOR_BYTES, &reader, &resumed);
    if (status != LT_OK) {
        return status;
    }
    uint64_t from = resumed ? wire_u64(&reader) : 0;
    uint64_t seen = resumed ? wire_u64(&reader) : 0;
    if (code.size > 0) {
        return code.size > LT_CASE_CODE_MAX ? ask_bad(ask, "code")
                                            : saw_case(ask, code, from, seen);
    }
    status = ask_transfer(ask, &key, &t);
    return status == LT_OK ? saw_transfer(ask, t.position, seen, &full) : status;
}
